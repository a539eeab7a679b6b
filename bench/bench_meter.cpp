// bench_meter: what `abate run` costs.
//
//     build/release/bin/bench_meter                       all parts, about four minutes
//     build/release/bin/bench_meter --part loop --seconds 20 --rounds 9 --json
//     --part loop|allocation|resident|start|children   --abate PATH   --runs N   --seconds S   --rounds N
//
// loop        CPU time of the sampling loop at 10 Hz and 1 kHz over that of a bare loop which
//             sleeps (clock_nanosleep) and reads (pread on open files) the same four counters, both
//             in this process, alternated. Inside the metered time: everything that
//             meter::run_metered does from the first to the last reading: releasing the command,
//             samples, folding, and once a second the window, /proc/stat, the walk over the
//             command's processes, its own cost, and the spool's write with fdatasync. Not inside:
//             opening sensors, starting the command. The counters are files of a temporary folder.
// allocation  calls of the heap in the same loop, from its third second on.
// resident    RssAnon and RssFile of the real program while it meters `sleep 3`, the most of many
//             looks at /proc/PID/status.
// start       wall time of `abate run -- true` over that of `true`, alternated, from posix_spawn to
//             waitpid: with a new $ABATE_HOME each time, with one that is kept, and with a store of
//             1,000 runs.
// children    47 children of 0.25 CPU-seconds one after another: the CPU time that the record has
//             over the sum of what the children say of themselves.
//
// Nothing here is random: there is no seed. Times are of this machine at this moment: run it when
// nothing else runs, and read the spread.
#include "abate/core/version.h"

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
#include <sstream>
#include <string>
#include <vector>

#include "bench/count_allocations.h"
#include "bench/fake_machine.h"

namespace abate::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kSecond = 1'000'000'000;

struct Options {
    std::string part = "all";
    std::string program = ABATE_PROGRAM;
    double seconds = 10;  // of each phase of the loop part
    int rounds = 5;       // of the loop part
    int runs = 50;        // of the start part
    bool json = false;
};

std::int64_t clock_ns(clockid_t id) {
    timespec time{};
    clock_gettime(id, &time);
    return static_cast<std::int64_t>(time.tv_sec) * kSecond + time.tv_nsec;
}

// The value below which `share` of the sorted sample lies.
double quantile(std::vector<double> sample, double share) {
    std::sort(sample.begin(), sample.end());
    const double at = share * static_cast<double>(sample.size() - 1);
    return sample[static_cast<std::size_t>(std::llround(at))];
}

Json spread(const std::vector<double>& sample) {
    return {{"best", quantile(sample, 0)},
            {"median", quantile(sample, 0.5)},
            {"p90", quantile(sample, 0.9)},
            {"worst", quantile(sample, 1)}};
}

std::string file_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "bench_meter: %s\n", why.c_str());
    std::exit(2);
}

// ---- loop

// CPU time of this thread per second of wall time, microseconds: sleeps to the grid, reads each.
double bare_loop(const std::vector<std::string>& files, std::int64_t interval_ns, double seconds) {
    std::vector<int> fds;
    for (const std::string& file : files) fds.push_back(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const auto turns = static_cast<std::int64_t>(seconds * 1e9) / interval_ns;
    std::array<char, 64> text{};
    const std::int64_t start = clock_ns(CLOCK_MONOTONIC);
    const std::int64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    std::int64_t due = start;
    for (std::int64_t i = 0; i < turns; ++i) {
        due += interval_ns;
        const timespec until{.tv_sec = due / kSecond, .tv_nsec = due % kSecond};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
        for (const int fd : fds) {
            if (pread(fd, text.data(), text.size(), 0) <= 0) give_up("a counter cannot be read");
        }
    }
    const std::int64_t used = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before;
    const std::int64_t wall = clock_ns(CLOCK_MONOTONIC) - start;
    for (const int fd : fds) close(fd);
    return static_cast<double>(used) / 1e3 / (static_cast<double>(wall) / 1e9);
}

struct LoopCost {
    double us_per_s = 0;
    double samples_per_s = 0;
};

LoopCost metered_loop(const FakeMachine& machine, std::int64_t interval_ns, double seconds) {
    MeteredRun run(machine, {"sleep", fmt::format("{:.3f}", seconds)});
    const std::int64_t start = clock_ns(CLOCK_MONOTONIC);
    const std::int64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    run.loop(interval_ns);
    const std::int64_t used = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before;
    const double wall = static_cast<double>(clock_ns(CLOCK_MONOTONIC) - start) / 1e9;
    return {.us_per_s = static_cast<double>(used) / 1e3 / wall,
            .samples_per_s = static_cast<double>(run.meter().state().samples) / wall};
}

Json loop_part(const Options& options) {
    const FakeMachine machine;
    Json rows = Json::array();
    for (const int hz : {10, 1000}) {
        const std::int64_t interval_ns = kSecond / hz;
        std::vector<double> bare;
        std::vector<double> metered;
        std::vector<double> ratio;
        double samples = 0;
        for (int round = 0; round < options.rounds; ++round) {
            // Bare, metered, bare: a load that comes or goes meets both alike.
            const double first = bare_loop(machine.counters(), interval_ns, options.seconds / 2);
            const LoopCost cost = metered_loop(machine, interval_ns, options.seconds);
            const double second = bare_loop(machine.counters(), interval_ns, options.seconds / 2);
            bare.push_back((first + second) / 2);
            metered.push_back(cost.us_per_s);
            ratio.push_back(metered.back() / bare.back());
            samples = cost.samples_per_s;
        }
        rows.push_back({{"hz", hz},
                        {"target_ratio", hz == 10 ? 2.0 : 1.5},
                        {"ratio", spread(ratio)},
                        {"bare_us_per_s", spread(bare)},
                        {"metered_us_per_s", spread(metered)},
                        {"samples_per_s", samples},
                        {"seconds", options.seconds},
                        {"rounds", options.rounds}});
    }
    return rows;
}

// ---- allocation

class CountingSink final : public meter::SampleSink {
  public:
    explicit CountingSink(store::SpoolWriter& spool) : spool_(spool) {}
    bool save(const RunState& state) noexcept override {
        const bool saved = spool_.save(state);
        if (++saves_ == 2) {
            first_ = allocations();
            samples_before_ = state.samples;
        }
        last_ = allocations();
        samples_ = state.samples - samples_before_;
        return saved;
    }
    [[nodiscard]] std::int64_t counted() const { return last_ - first_; }
    [[nodiscard]] std::int64_t samples() const { return samples_; }

  private:
    store::SpoolWriter& spool_;
    int saves_ = 0;
    std::int64_t first_ = 0;
    std::int64_t last_ = 0;
    std::int64_t samples_before_ = 0;
    std::int64_t samples_ = 0;
};

Json allocation_part(const Options& /*options*/) {
    const FakeMachine machine;
    MeteredRun run(machine, {"sleep", "6"});
    CountingSink sink(run.spool());
    run.loop(1'000'000, &sink);
    return {{"samples", sink.samples()}, {"allocations", sink.counted()}, {"target", 0}};
}

// ---- the real program

class Child {
  public:
    // Starts `words` with the environment and NAME=VALUE entries `extra`; output goes nowhere,
    // standard error to `error_path`.
    Child(const std::vector<std::string>& words,
          const std::vector<std::string>& extra,
          const std::string& error_path = "/dev/null") {
        std::vector<char*> arguments;
        for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        std::vector<char*> variables;
        for (const std::string& entry : extra)
            variables.push_back(const_cast<char*>(entry.c_str()));
        for (char** entry = environ; *entry != nullptr; ++entry) {
            if (std::string_view(*entry).rfind("ABATE_", 0) != 0) variables.push_back(*entry);
        }
        variables.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(
            &actions, 2, error_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        start_ns_ = clock_ns(CLOCK_MONOTONIC);
        const int error = posix_spawnp(
            &pid_, arguments[0], &actions, nullptr, arguments.data(), variables.data());
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0) give_up("cannot start " + words.front());
    }

    // Milliseconds from the start to the end.
    double wait() {
        int status = 0;
        waitpid(pid_, &status, 0);
        const std::int64_t end_ns = clock_ns(CLOCK_MONOTONIC);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) give_up("a metered command failed");
        return static_cast<double>(end_ns - start_ns_) / 1e6;
    }
    [[nodiscard]] bool ended() const {
        siginfo_t info{};
        waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
        return info.si_pid != 0;
    }
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] std::int64_t started_ns() const { return start_ns_; }

  private:
    pid_t pid_ = -1;
    std::int64_t start_ns_ = 0;
};

std::vector<std::string> environment(const FakeMachine& machine, const std::string& home) {
    return {"ABATE_HOME=" + home,
            "ABATE_SYSFS_ROOT=" + machine.sysfs(),
            "XDG_CONFIG_HOME=" + machine.folder() + "/config",
            "ABATE_REGION=FR"};
}

// "RssAnon:	 1234 kB", in kB.
double status_kb(const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name + ":");
    return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + name.size() + 1, nullptr);
}

Json resident_part(const Options& options) {
    const FakeMachine machine;
    Child child({options.program, "run", "--", "sleep", "3"},
                environment(machine, machine.folder() + "/home"));
    double anon = 0;
    double file = 0;
    double most = 0;
    double at_end = 0;
    while (!child.ended()) {
        const std::string text = file_text("/proc/" + std::to_string(child.pid()) + "/status");
        const double sum = status_kb(text, "RssAnon") + status_kb(text, "RssFile");
        // At the end the record is made and stored, which takes more than metering did.
        if (clock_ns(CLOCK_MONOTONIC) - child.started_ns() < 29 * kSecond / 10 && sum > most) {
            most = sum;
            anon = status_kb(text, "RssAnon");
            file = status_kb(text, "RssFile");
        }
        at_end = std::max(at_end, status_kb(text, "VmHWM"));
        usleep(5'000);
    }
    child.wait();
    return {{"rss_anon_mb", anon * 1024 / 1e6},
            {"rss_file_mb", file * 1024 / 1e6},
            {"while_metering_mb", most * 1024 / 1e6},
            {"peak_mb", at_end * 1024 / 1e6},
            {"target_mb", 10}};
}

void fill_store(const std::string& home, const std::string& record_json, int count) {
    std::vector<std::string> notes;
    const auto runs = store::open_run_store(home, Timestamp{0}, notes).value();
    const Json original = Json::parse(record_json);
    for (int i = 0; i < count; ++i) {
        Json record = original;
        const std::string id = fmt::format("01BENCH{:019}", i);
        record["run_id"] = id;
        const auto stored = runs->put({.run_id = id,
                                       .started_at = {i},
                                       .ended_at = {i + 1},
                                       .status = "finished",
                                       .phase = "",
                                       .project = "",
                                       .host = "bench",
                                       .attributed_j = 1,
                                       .facility_j = 1,
                                       .kgco2e = 1e-6,
                                       .record_json = record.dump()});
        if (!stored) give_up("the store of 1,000 runs cannot be made");
    }
}

Json start_part(const Options& options) {
    const FakeMachine machine;
    const std::vector<std::string> metered{options.program, "run", "--", "true"};
    const std::string kept = machine.folder() + "/kept";
    const std::string full = machine.folder() + "/full";
    const std::string record = machine.folder() + "/record.json";
    Child({options.program, "run", "--output", record, "--", "true"}, environment(machine, kept))
        .wait();
    fill_store(full, file_text(record), 1000);

    std::vector<double> bare;
    std::vector<double> fresh;
    std::vector<double> again;
    std::vector<double> thousand;
    for (int i = 0; i < options.runs; ++i) {
        const double base = Child({"true"}, {}).wait();
        bare.push_back(base);
        const std::string home = fmt::format("{}/home{}", machine.folder(), i);
        fresh.push_back(Child(metered, environment(machine, home)).wait() - base);
        again.push_back(Child(metered, environment(machine, kept)).wait() - base);
        thousand.push_back(Child(metered, environment(machine, full)).wait() - base);
    }
    return {{"true_ms", spread(bare)},
            {"over_true_new_home_ms", spread(fresh)},
            {"over_true_kept_home_ms", spread(again)},
            {"over_true_1000_runs_ms", spread(thousand)},
            {"runs", options.runs},
            {"target_ms", 10}};
}

Json children_part(const Options& options) {
    const FakeMachine machine;
    const std::string truth = machine.folder() + "/truth";
    const std::string record_path = machine.folder() + "/record.json";
    Child({options.program,
           "run",
           "--output",
           record_path,
           "--",
           ABATE_CPU_TRUTH,
           truth,
           "children",
           "47",
           "250"},
          environment(machine, machine.folder() + "/home"))
        .wait();
    const Json record = Json::parse(file_text(record_path));
    std::istringstream lines(file_text(truth));
    double spent_s = 0;
    double ns = 0;
    int count = 0;
    while (lines >> ns) {
        spent_s += ns / 1e9;
        ++count;
    }
    const double metered_s = record["attributed"]["cpu_time_s"];
    return {{"processes", count},
            {"children_s", spent_s},
            {"attributed_s", metered_s},
            {"difference_percent", (metered_s / spent_s - 1) * 100},
            {"method", record["attributed"]["method"]},
            {"target_percent", 1}};
}

// ---- printing

std::string first_value(const std::string& text, const std::string& key) {
    const std::size_t at = text.find(key);
    if (at == std::string::npos) return "unknown";
    const std::size_t colon = text.find(": ", at);
    return colon == std::string::npos ? "unknown"
                                      : text.substr(colon + 2, text.find('\n', colon) - colon - 2);
}

Json machine_part() {
    utsname name{};
    uname(&name);
    std::array<double, 3> load{};
    [[maybe_unused]] const int known = getloadavg(load.data(), 3);
    return {{"cpu", first_value(file_text("/proc/cpuinfo"), "model name")},
            {"cpus", sysconf(_SC_NPROCESSORS_ONLN)},
            {"kernel", name.release},
            {"load_before", load[0]},
            {"abate", version()},
            {"build", ABATE_BUILD},
            {"seed", "none: nothing is random"}};
}

std::string spread_text(const Json& sample, int digits) {
    return fmt::format("median {:.{}f}, best {:.{}f}, p90 {:.{}f}",
                       sample["median"].get<double>(),
                       digits,
                       sample["best"].get<double>(),
                       digits,
                       sample["p90"].get<double>(),
                       digits);
}

void print_loop(const Json& rows) {
    for (const Json& row : rows) {
        fmt::print("loop, {} Hz       {}  (target {} times; {} rounds of {} s)\n",
                   row["hz"].get<int>(),
                   spread_text(row["ratio"], 2),
                   row["target_ratio"].get<double>(),
                   row["rounds"].get<int>(),
                   row["seconds"].get<double>());
        fmt::print("  bare           {} us of CPU a second\n",
                   spread_text(row["bare_us_per_s"], 0));
        fmt::print("  abate          {} us of CPU a second, {:.1f} samples a second\n",
                   spread_text(row["metered_us_per_s"], 0),
                   row["samples_per_s"].get<double>());
    }
}

void print_start(const Json& part) {
    fmt::print("start            true: {} ms\n", spread_text(part["true_ms"], 2));
    fmt::print("  new home       {} ms over true (target {})\n",
               spread_text(part["over_true_new_home_ms"], 2),
               part["target_ms"].get<int>());
    fmt::print("  kept home      {} ms over true\n",
               spread_text(part["over_true_kept_home_ms"], 2));
    fmt::print("  1,000 runs     {} ms over true\n",
               spread_text(part["over_true_1000_runs_ms"], 2));
}

void print_text(const Json& all) {
    const Json& machine = all["machine"];
    fmt::print("machine          {}, {} CPUs, Linux {}, load {:.2f}; abate {} ({}); seed {}\n",
               machine["cpu"].get<std::string>(),
               machine["cpus"].get<int>(),
               machine["kernel"].get<std::string>(),
               machine["load_before"].get<double>(),
               machine["abate"].get<std::string>(),
               machine["build"].get<std::string>(),
               machine["seed"].get<std::string>());
    if (all.contains("loop")) print_loop(all["loop"]);
    if (all.contains("allocation")) {
        fmt::print("allocation       {} in {} samples (target 0)\n",
                   all["allocation"]["allocations"].get<int>(),
                   all["allocation"]["samples"].get<int>());
    }
    if (all.contains("resident")) {
        const Json& part = all["resident"];
        fmt::print(
            "resident         {:.2f} MB while metering: RssAnon {:.2f}, RssFile {:.2f}; {:.2f} MB "
            "at the most, when the record is stored (target {})\n",
            part["while_metering_mb"].get<double>(),
            part["rss_anon_mb"].get<double>(),
            part["rss_file_mb"].get<double>(),
            part["peak_mb"].get<double>(),
            part["target_mb"].get<int>());
    }
    if (all.contains("start")) print_start(all["start"]);
    if (all.contains("children")) {
        const Json& part = all["children"];
        fmt::print(
            "children         {} processes spent {:.3f} s, {:.3f} s attributed by {}: "
            "{:+.3f} % (target 1)\n",
            part["processes"].get<int>(),
            part["children_s"].get<double>(),
            part["attributed_s"].get<double>(),
            part["method"].get<std::string>(),
            part["difference_percent"].get<double>());
    }
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--json") {
            options.json = true;
            continue;
        }
        if (i + 1 == argc) give_up("see the head of bench/bench_meter.cpp for the options");
        const std::string value = argv[++i];
        if (word == "--part") {
            options.part = value;
        } else if (word == "--abate") {
            options.program = value;
        } else if (word == "--seconds") {
            options.seconds = std::max(1.0, std::strtod(value.c_str(), nullptr));
        } else if (word == "--rounds") {
            options.rounds = std::max(1, std::atoi(value.c_str()));
        } else if (word == "--runs") {
            options.runs = std::max(1, std::atoi(value.c_str()));
        } else {
            give_up("there is no option " + word);
        }
    }
    return options;
}

int run(int argc, char** argv) {
    const Options options = parse(argc, argv);
    Json all;
    all["machine"] = machine_part();
    const auto part = [&](const char* name, Json (*measure)(const Options&)) {
        if (options.part == "all" || options.part == name) all[name] = measure(options);
    };
    part("resident", resident_part);
    part("start", start_part);
    part("allocation", allocation_part);
    part("children", children_part);
    part("loop", loop_part);
    if (options.json) {
        fmt::print("{}\n", all.dump(2));
    } else {
        print_text(all);
    }
    return 0;
}

}  // namespace
}  // namespace abate::bench

int main(int argc, char** argv) { return abate::bench::run(argc, argv); }
