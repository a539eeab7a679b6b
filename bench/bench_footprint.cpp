// bench_footprint: how fast job tables become footprints.
//
//     build/release/bin/bench_footprint                    both parts, 5 million rows: some minutes, 3 GB of disk
//     build/release/bin/bench_footprint --rows 200000 --json
//     --part kernel|csv   --rounds N   --seed N   --threads N   --abate PATH   --python PATH   --folder DIR   --without-pandas
//
// csv     wall time of `abate footprint IN.csv --output OUT.csv` on a generated table, from posix_spawn to waitpid, and of
//         bench/footprint_pandas.py (vectorised pandas) that reads the same file and writes the same columns; best of --rounds for abate, one round of
//         pandas unless --rounds says more. The file was just written, so both read it from the page cache; abate syncs its output, pandas does
//         not. Resident memory is the kernel's ru_maxrss of each. Both outputs are then compared: header, rows, and each number of
//         every 97th row to 1e-9.
// kernel  records a second on one core (CPU time of the thread), from memory: `reckon` on resolved rows; `resolve` (names to numbers, checks)
//         with it; and `sums` (BatchTotals). A million rows, so they do not fit the caches.
//
// The table: 8 regions, 4 chips, a third of the rows chips x hours, half of those with their power; half of all rows with a PUE of
// their own, a tenth with a contract's intensity. It depends on --seed and --rows alone.
#include "abate/core/random.h"
#include "abate/core/version.h"
#include "abate/data/data.h"
#include "abate/footprint/footprint.h"
#include "abate/record/record.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace abate::bench {
namespace {

using Json = nlohmann::ordered_json;
using namespace footprint;

struct Options {
    std::string part = "all";
    std::size_t rows = 5'000'000;
    int rounds = 3;
    std::uint64_t seed = 20240611;
    unsigned threads = 0;
    std::string program = ABATE_PROGRAM;
    std::string python = "/usr/bin/python3";  // Debian's, which has python3-pandas
    std::string folder;
    bool pandas = true;
    bool json = false;
};

constexpr std::array<const char*, 8> kRegions{
    "FR", "DE", "US-CA", "SE", "PL", "gcp europe-west9", "aws eu-west-1", "azure swedencentral"};
constexpr std::array<const char*, 4> kChips{
    "NVIDIA H100 SXM5 80GB", "NVIDIA A100 SXM4 80GB", "NVIDIA L4", "NVIDIA V100 SXM2 32GB"};
constexpr std::array<const char*, 5> kPhases{
    "data", "experimentation", "training", "finetuning", "inference"};

double seconds_of(clockid_t id) {
    timespec time{};
    clock_gettime(id, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::string cpu_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
    }
    return "unknown";
}

std::string load_average() {
    std::ifstream file("/proc/loadavg");
    std::string one;
    file >> one;
    return one;
}

struct Pick {
    Random& random;
    std::uint64_t below(std::uint64_t n) { return random.next() % n; }
    template <std::size_t N>
    const char* of(const std::array<const char*, N>& names) {
        return names[below(N)];
    }
    // Some digits behind the point, as schedulers write them.
    double amount(std::uint64_t most) { return static_cast<double>(1 + below(most * 1000)) / 1000; }
};

// One row as text, and as the job that it states.
struct TestRow {
    std::string region, chip, phase, boundary;
    Job job;
};

TestRow make_row(Pick& pick) {
    TestRow row;
    row.region = pick.of(kRegions);
    row.phase = pick.of(kPhases);
    Job& job = row.job;
    if (pick.below(3) == 0) {
        row.chip = pick.of(kChips);
        job.chips = static_cast<double>(1 + pick.below(64));
        job.hours = pick.amount(200);
        if (pick.below(2) == 0) job.power_w = static_cast<double>(40 + pick.below(100));
    } else {
        job.energy_kwh = pick.amount(5000);
        const std::uint64_t where = pick.below(10);
        row.boundary = where < 2 ? "component" : where < 9 ? "node" : "facility";
        job.boundary = where < 2   ? Boundary::component
                       : where < 9 ? Boundary::node
                                   : Boundary::facility;
    }
    if (pick.below(2) == 0 && row.boundary != "facility")
        job.pue = 1.05 + static_cast<double>(pick.below(80)) / 100;
    if (pick.below(10) == 0) job.market_gco2e_per_kwh = static_cast<double>(pick.below(500));
    if (pick.below(2) == 0) {
        job.tokens = static_cast<double>(pick.below(1'000'000'000));
        job.params_active = 7e9;
    }
    job.phase = parse_phase(row.phase);
    return row;
}

std::string cell(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

void write_table(const std::string& path, const Options& options) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr) {
        std::perror(path.c_str());
        std::exit(1);
    }
    Random random(options.seed);
    Pick pick{random};
    std::fputs(
        "job_id,project,energy_kwh,boundary,chip,chips,hours,power_w,region,pue,phase,tokens,"
        "params_active,"
        "market_gco2e_per_kwh\n",
        file);
    for (std::size_t i = 0; i < options.rows; ++i) {
        const TestRow row = make_row(pick);
        const Job& job = row.job;
        const std::string line = fmt::format("job-{},p{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                                             1'000'000 + i,
                                             i % 40,
                                             cell(job.energy_kwh),
                                             row.boundary,
                                             row.chip,
                                             cell(job.chips),
                                             cell(job.hours),
                                             cell(job.power_w),
                                             row.region,
                                             cell(job.pue),
                                             row.phase,
                                             cell(job.tokens),
                                             cell(job.params_active),
                                             cell(job.market_gco2e_per_kwh));
        std::fwrite(line.data(), 1, line.size(), file);
    }
    std::fclose(file);
}

Json range_of(const Ranged& range) { return {range.value, range.low, range.high}; }

// The tables' figures for the script, so that both reckon with the same.
void write_factors(const std::string& path, const data::Tables& tables) {
    Json factors;
    // At work that trains, and at any other; a table of jobs takes the spread of all chips for each.
    const MeanPower power(tables);
    const Ranged any = power.of_any_chip().range;
    for (const char* name : kChips) {
        const data::Chip chip = tables.chip(name).value();
        Json both = Json::array();
        for (const Phase phase : {Phase::training, Phase::inference}) {
            const double value = power.fraction(chip, phase).range.value;
            for (const double of : {any.value, any.low, any.high})
                both.push_back(value * of / any.value);
        }
        factors["power_fraction"][name] = both;
    }
    RunRecord record;
    record.energy.devices.push_back({});
    record.energy.devices[0].device = "declared";
    record.energy.devices[0].counted = true;
    factors["component_ratio"] = range_of(prior_overhead(record).ratio);
    record.energy.devices[0].device = "gpu-0";
    factors["accelerator_ratio"] = range_of(prior_overhead(record).ratio);
    for (const char* name : kRegions) {
        const data::Place place = tables.place(name).value();
        const Ranged intensity = tables.intensity(place).value().range;
        const Ranged pue = tables.pue(place).value_or(default_pue(Host{})).range;
        const Result<data::Figure> wue = tables.wue(place);
        const Result<data::Figure> water = tables.coefficient("water", "world average");
        Json row = {intensity.value, intensity.low, intensity.high, pue.value, pue.low, pue.high};
        row.push_back(wue && water ? Json(wue->range.value) : Json());
        row.push_back(wue && water ? Json(water->range.value) : Json());
        factors["regions"][name] = row;
    }
    const Use hour{.lifetime_h = default_lifetime_h().value, .used_h = 1};
    for (const char* name : kChips) {
        factors["chips"][name] = tables.chip(name).value().tdp_w;
        const Result<Embodied> node = node_embodied_per_chip(tables, name);
        if (node) factors["embodied"][name] = amortised(node->total(), hour).value().value;
    }
    std::ofstream(path) << factors.dump() << "\n";
}

struct Ran {
    double wall_s = 0;
    double cpu_s = 0;
    double resident_mb = 0;
};

Ran run_program(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const double begun = seconds_of(CLOCK_MONOTONIC);
    pid_t child = 0;
    const int failed =
        posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 1;
    rusage usage{};
    if (failed == 0) wait4(child, &status, 0, &usage);
    if (failed != 0 || status != 0) {
        fmt::print(stderr, "bench_footprint: {} failed\n", words[0]);
        std::exit(1);
    }
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return {.wall_s = seconds_of(CLOCK_MONOTONIC) - begun,
            .cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime),
            .resident_mb = static_cast<double>(usage.ru_maxrss) * 1024 / 1e6};
}

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
        if (c == ',') {
            cells.emplace_back();
        } else {
            cells.back() += c;
        }
    }
    return cells;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): symmetric
bool same_cell(const std::string& a, const std::string& b) {
    if (a == b) return true;
    char* end_a = nullptr;
    char* end_b = nullptr;
    const double x = std::strtod(a.c_str(), &end_a);
    const double y = std::strtod(b.c_str(), &end_b);
    return !a.empty() && !b.empty() && *end_a == 0 && *end_b == 0 &&
           std::fabs(x - y) <= 1e-9 * std::max(std::fabs(x), std::fabs(y));
}

// The number of rows compared; ends the program where they differ.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): symmetric
std::size_t compare(const std::string& ours, const std::string& theirs) {
    std::ifstream a(ours);
    std::ifstream b(theirs);
    std::string line_a;
    std::string line_b;
    std::size_t compared = 0;
    for (std::size_t line = 0;; ++line) {
        const bool more_a = static_cast<bool>(std::getline(a, line_a));
        const bool more_b = static_cast<bool>(std::getline(b, line_b));
        bool same = more_a == more_b;
        if (same && !more_a) return compared;
        if (same && line % 97 == 0) {
            const std::vector<std::string> cells_a = cells_of(line_a);
            const std::vector<std::string> cells_b = cells_of(line_b);
            same = cells_a.size() == cells_b.size() &&
                   std::equal(cells_a.begin(), cells_a.end(), cells_b.begin(), same_cell);
            ++compared;
        }
        if (!same) {
            fmt::print(stderr, "line {} differs:\n{}\n{}\n", line + 1, line_a, line_b);
            std::exit(1);
        }
    }
}

Json csv_part(const Options& options, const data::Tables& tables) {
    std::string folder = options.folder;
    if (folder.empty()) {
        const char* tmp = std::getenv("TMPDIR");
        folder = std::string(tmp == nullptr ? "/tmp" : tmp) + "/bench-footprint-XXXXXX";
        if (mkdtemp(folder.data()) == nullptr) {
            std::perror("mkdtemp");
            std::exit(1);
        }
    }
    const std::string in = folder + "/jobs.csv";
    const std::string ours = folder + "/abate.csv";
    const std::string theirs = folder + "/pandas.csv";
    const std::string factors = folder + "/factors.json";
    write_table(in, options);
    write_factors(factors, tables);

    Json out;
    out["rows"] = options.rows;
    const unsigned threads =
        options.threads != 0 ? options.threads : std::thread::hardware_concurrency();
    out["threads"] = threads;
    Ran best;
    double resident = 0;
    for (int round = 0; round < options.rounds; ++round) {
        const Ran ran = run_program({options.program,
                                     "footprint",
                                     in,
                                     "--output",
                                     ours,
                                     "--threads",
                                     std::to_string(threads)});
        if (round == 0 || ran.wall_s < best.wall_s) best = ran;
        resident = std::max(resident, ran.resident_mb);
        out["abate_walls_s"].push_back(ran.wall_s);
    }
    const double rows = static_cast<double>(options.rows);
    out["abate_wall_s"] = best.wall_s;
    out["abate_cpu_s"] = best.cpu_s;
    out["abate_rows_per_s"] = rows / best.wall_s;
    out["abate_resident_mb"] = resident;
    if (options.pandas) {
        const Ran pandas = run_program({options.python, ABATE_PANDAS_SCRIPT, in, factors, theirs});
        out["pandas_wall_s"] = pandas.wall_s;
        out["pandas_cpu_s"] = pandas.cpu_s;
        out["pandas_rows_per_s"] = rows / pandas.wall_s;
        out["pandas_resident_mb"] = pandas.resident_mb;
        out["ratio"] = pandas.wall_s / best.wall_s;
        out["cpu_ratio"] = pandas.cpu_s / best.cpu_s;
        out["rows_compared"] = compare(ours, theirs);
    }
    for (const std::string& path : {in, ours, theirs, factors}) unlink(path.c_str());
    if (options.folder.empty()) rmdir(folder.c_str());
    return out;
}

Json kernel_part(const Options& options, const data::Tables& tables) {
    const std::size_t rows = std::min<std::size_t>(options.rows, 1'000'000);
    Random random(options.seed);
    Pick pick{random};
    std::vector<TestRow> table(rows);
    for (TestRow& row : table) {
        row = make_row(pick);
        row.job.region = row.region;
        row.job.chip = row.chip;
    }
    // Names of a moved row move with it.
    for (TestRow& row : table) {
        row.job.region = row.region;
        row.job.chip = row.chip;
    }
    BatchBook book(tables, {}, [](const data::Chip&) { return std::optional<double>(0.02); });
    BatchResolver resolver(book);
    std::vector<BatchRow> resolved(rows);
    std::vector<BatchFigures> figures(rows);
    double check = 0;
    const auto rate = [&](auto&& work) {
        double best = 0;
        for (int round = 0; round < std::max(5, options.rounds); ++round) {
            const double begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
            work();
            best = std::max(
                best, static_cast<double>(rows) / (seconds_of(CLOCK_THREAD_CPUTIME_ID) - begun));
            check += figures[rows / 2].total_kgco2e;
        }
        return best;
    };
    const auto resolve = [&] {
        for (std::size_t i = 0; i < rows; ++i) resolved[i] = resolver.row(table[i].job).value();
    };
    resolve();
    Json out;
    out["rows"] = rows;
    out["reckon_per_s_per_core"] = rate([&] { resolver.reckon(resolved, figures); });
    out["resolve_and_reckon_per_s_per_core"] = rate([&] {
        resolve();
        resolver.reckon(resolved, figures);
    });
    out["sums_per_s_per_core"] = rate([&] {
        BatchTotals totals;
        totals.add(resolved, figures);
        check += totals.summary(book).all.total_kgco2e;
    });
    out["check_kgco2e"] = check;  // keeps the work from being left out
    return out;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto value = [&] {
            if (i + 1 >= argc) {
                fmt::print(stderr, "bench_footprint: {} needs a value\n", word);
                std::exit(2);
            }
            return std::string(argv[++i]);
        };
        if (word == "--part") {
            options.part = value();
        } else if (word == "--rows") {
            options.rows = std::max<std::size_t>(1, std::strtoull(value().c_str(), nullptr, 10));
        } else if (word == "--rounds") {
            options.rounds = std::max(1, std::atoi(value().c_str()));
        } else if (word == "--seed") {
            options.seed = std::strtoull(value().c_str(), nullptr, 10);
        } else if (word == "--threads") {
            options.threads = static_cast<unsigned>(std::atoi(value().c_str()));
        } else if (word == "--abate") {
            options.program = value();
        } else if (word == "--python") {
            options.python = value();
        } else if (word == "--folder") {
            options.folder = value();
        } else if (word == "--without-pandas") {
            options.pandas = false;
        } else if (word == "--json") {
            options.json = true;
        } else {
            fmt::print(
                stderr, "bench_footprint: unknown option '{}'; its source's head has them\n", word);
            std::exit(2);
        }
    }
    return options;
}

void print_text(const Json& document) {
    fmt::print("abate {}, {}\n{}, {} CPUs, {}, load {}\nseed {}\n",
               document["version"].get<std::string>(),
               document["build"].get<std::string>(),
               document["cpu"].get<std::string>(),
               document["cpus"].get<unsigned>(),
               document["kernel"].get<std::string>(),
               document["load"].get<std::string>(),
               document["seed"].get<std::uint64_t>());
    if (document.contains("csv")) {
        const Json& csv = document["csv"];
        fmt::print("csv: {} rows, {} threads\n",
                   csv["rows"].get<std::uint64_t>(),
                   csv["threads"].get<unsigned>());
        fmt::print(
            "  abate   {:8.2f} s wall, {:.2f} s CPU, {:.2f} million rows/s, {:.0f} MB resident\n",
            csv["abate_wall_s"].get<double>(),
            csv["abate_cpu_s"].get<double>(),
            csv["abate_rows_per_s"].get<double>() / 1e6,
            csv["abate_resident_mb"].get<double>());
        if (csv.contains("ratio")) {
            fmt::print(
                "  pandas  {:8.2f} s wall, {:.2f} s CPU, {:.2f} million rows/s, {:.0f} MB "
                "resident\n",
                csv["pandas_wall_s"].get<double>(),
                csv["pandas_cpu_s"].get<double>(),
                csv["pandas_rows_per_s"].get<double>() / 1e6,
                csv["pandas_resident_mb"].get<double>());
            fmt::print("  ratio   {:8.1f}  (target 10); {} rows compared, alike to 1e-9\n",
                       csv["ratio"].get<double>(),
                       csv["rows_compared"].get<std::uint64_t>());
        }
    }
    if (document.contains("kernel_part")) {
        const Json& kernel = document["kernel_part"];
        fmt::print("kernel: {} rows from memory, one core\n", kernel["rows"].get<std::uint64_t>());
        for (const char* key :
             {"reckon_per_s_per_core", "resolve_and_reckon_per_s_per_core", "sums_per_s_per_core"})
            fmt::print("  {:<34} {:.1f} million/s\n", key, kernel[key].get<double>() / 1e6);
    }
}

int run(int argc, char** argv) {
    const Options options = parse(argc, argv);
    const data::Tables tables = data::Tables::load().value();
    utsname name{};
    uname(&name);
    Json document;
    document["version"] = version();
    document["build"] = ABATE_BUILD;
    document["cpu"] = cpu_name();
    document["cpus"] = std::thread::hardware_concurrency();
    document["kernel"] = std::string(name.sysname) + " " + name.release;
    document["load"] = load_average();
    document["seed"] = options.seed;
    // First, while this process is small: the kernel counts a child's memory from its parent's on.
    if (options.part == "all" || options.part == "csv") document["csv"] = csv_part(options, tables);
    if (options.part == "all" || options.part == "kernel")
        document["kernel_part"] = kernel_part(options, tables);
    if (options.json) {
        fmt::print("{}\n", document.dump());
    } else {
        print_text(document);
    }
    return 0;
}

}  // namespace
}  // namespace abate::bench

int main(int argc, char** argv) { return abate::bench::run(argc, argv); }
