// `abate footprint`: a table of jobs in, the same table with footprints out.
#include "abate/cli/common_options.h"
#include "abate/cli/footprint_pipeline.h"
#include "abate/cli/machine.h"
#include "abate/cli/output_file.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace abate::cli {
namespace {

struct FootprintOptions {
    std::string input;
    std::string output;
    std::string format;
    std::string region;
    std::string pue;
    std::string phase;
    std::string on_error = "stop";
    unsigned threads = 0;
};

constexpr std::size_t kNotes = 5;

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error's members
Failure bad_option(std::string what, std::string where, std::string hint) {
    return Failure(
        {ErrorCode::invalid_argument, std::move(what), std::move(where), std::move(hint)});
}

class InputFile {
  public:
    explicit InputFile(const std::string& path)
        : path_(path), fd_(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (fd_ < 0) throw failed();
        struct stat info {};
        if (fstat(fd_, &info) != 0) throw failed();
        if (S_ISDIR(info.st_mode)) {
            errno = EISDIR;
            throw failed();
        }
        if (S_ISREG(info.st_mode)) {
            size_ = static_cast<std::uint64_t>(info.st_size);
            posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
        }
    }
    ~InputFile() {
        if (path_ != "-" && fd_ >= 0) close(fd_);
    }
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    std::size_t read(std::span<char> room) {
        while (true) {
            const ssize_t n = ::read(fd_, room.data(), room.size());
            if (n >= 0) return static_cast<std::size_t>(n);
            if (errno != EINTR) throw failed();
        }
    }
    // 0: not known.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::string name() const { return path_ == "-" ? "standard input" : path_; }

  private:
    [[nodiscard]] Failure failed() const {
        const int code = errno;
        return Failure({code == ENOENT   ? ErrorCode::not_found
                        : code == EACCES ? ErrorCode::permission_denied
                                         : ErrorCode::io_error,
                        std::string("cannot read the table: ") + std::strerror(code),
                        name(),
                        "Name a CSV or JSON lines file, or - for standard input"});
    }

    std::string path_;
    int fd_;
    std::uint64_t size_ = 0;
};

// One line that a terminal draws over itself, a few times a second.
class ProgressBar {
  public:
    ProgressBar(bool shown, std::uint64_t size) : shown_(shown), size_(size) {}
    ~ProgressBar() { clear(); }
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    void tell(const PipelineProgress& progress) {
        if (!shown_) return;
        const auto now = std::chrono::steady_clock::now();
        if (now - drawn_ < std::chrono::milliseconds(200)) return;
        drawn_ = now;
        const double seconds = std::chrono::duration<double>(now - begun_).count();
        const double rate = seconds > 0 ? static_cast<double>(progress.rows) / seconds : 0;
        std::string line;
        if (size_ > 0) {
            const double part =
                std::min(1.0, static_cast<double>(progress.bytes) / static_cast<double>(size_));
            constexpr std::size_t kWidth = 30;
            const auto full = static_cast<std::size_t>(part * kWidth);
            line = fmt::format("[{}{}] {:3.0f} %  ",
                               std::string(full, '#'),
                               std::string(kWidth - full, '.'),
                               100 * part);
        }
        std::fprintf(stderr,
                     "\r%s%llu rows, %.2f million a second\x1b[K",
                     line.c_str(),
                     static_cast<unsigned long long>(progress.rows),
                     rate / 1e6);
        std::fflush(stderr);
        on_screen_ = true;
    }
    void clear() {
        if (on_screen_) std::fputs("\r\x1b[K", stderr);
        on_screen_ = false;
    }

  private:
    bool shown_;
    bool on_screen_ = false;
    std::uint64_t size_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point drawn_ = begun_;
};

input::JobFormat input_format(const FootprintOptions& options) {
    if (!options.format.empty()) {
        if (const std::optional<input::JobFormat> format = input::parse_job_format(options.format))
            return *format;
        throw bad_option("there is no format '" + short_text(options.format) + "'",
                         "--format",
                         "Use csv or jsonl");
    }
    return input::job_format_of(options.input).value_or(input::JobFormat::csv);
}

// By the name of the file; a name of yet another format is refused, and one that says nothing is of the input's.
input::JobFormat output_format(const std::string& output, input::JobFormat of_input) {
    if (const std::optional<input::JobFormat> format = input::job_format_of(output)) return *format;
    const std::size_t dot = output.rfind('.');
    const std::string ending = dot == std::string::npos ? "" : output.substr(dot + 1);
    for (const char* other :
         {"json", "parquet", "arrow", "feather", "orc", "avro", "tsv", "xlsx", "xls", "ods",
          "xml",  "html",    "yaml",  "sqlite",  "db",  "gz",   "zst", "xz",   "bz2", "zip"})
        if (ending == other)
            throw bad_option("there is no format '" + ending + "' to write",
                             "--output",
                             "End the name in .csv or .jsonl");
    return of_input;
}

// Embodied carbon of a chip with its share of the server, over the lifetime and utilisation of the settings.
footprint::EmbodiedPerChipHour charge_per_chip_hour(Context& context) {
    const input::Settings& settings = context.settings();
    const footprint::Use hour{
        .lifetime_h = settings.lifetime_h.value_or(footprint::default_lifetime_h().value),
        .used_h = 1,
        .utilisation = settings.utilisation.value_or(1)};
    const data::Tables& tables = context.tables();
    return [&tables, hour](const data::Chip& chip) -> std::optional<double> {
        const auto node = footprint::node_embodied_per_chip(tables, chip.name);
        if (!node) return std::nullopt;
        const Result<Ranged> charge = footprint::amortised(node->total(), hour);
        if (!charge) return std::nullopt;
        return charge->value;
    };
}

footprint::BatchDefaults defaults_of(const FootprintOptions& options, Context& context) {
    const footprint::AssessOptions site =
        assess_options(context, {.region = options.region, .pue = options.pue});
    footprint::BatchDefaults defaults{.region = site.region, .pue = site.pue, .phase = {}};
    if (!options.phase.empty()) {
        defaults.phase = parse_phase(options.phase);
        if (!defaults.phase)
            throw bad_option("there is no phase '" + short_text(options.phase) + "'",
                             "--phase",
                             "Use data, experimentation, training, finetuning or inference");
    }
    return defaults;
}

void say_skipped(Context& context, const std::string& name, const report::FootprintReport& report) {
    if (report.skipped_rows == 0) return;
    for (std::size_t i = 0; i < std::min(kNotes, report.errors.size()); ++i) {
        Error error = report.errors[i].error;
        error.where = fmt::format("{}:{}{}{}",
                                  name,
                                  report.errors[i].line,
                                  error.where.empty() ? "" : ", column ",
                                  error.where);
        context.note("skipped: " + to_string(error));
    }
    context.note(fmt::format("{} of {} rows were skipped",
                             report.skipped_rows,
                             report.skipped_rows + report.summary.all.rows));
}

void reckon_table(const FootprintOptions& options, Context& context) {
    if (options.on_error != "stop" && options.on_error != "skip")
        throw bad_option(
            "there is no '" + short_text(options.on_error) + "'", "--on-error", "Use stop or skip");
    if (context.json && options.output == "-")
        throw bad_option("--json and the table both want standard output",
                         "--output",
                         "Give --output a file, or leave it out for the sums alone");
    PipelineOptions pipeline;
    pipeline.from = input_format(options);
    const std::string output = options.output.empty() && !context.json ? "-" : options.output;
    pipeline.to = output_format(output, pipeline.from);
    check_outputs({{.option = "FILE", .path = options.input}},
                  {{.option = "--output", .path = output}});
    pipeline.skip_bad = options.on_error == "skip";
    pipeline.threads = options.threads != 0
                           ? options.threads
                           : std::clamp(std::thread::hardware_concurrency(), 1U, 64U);
    footprint::BatchBook book(
        context.tables(), defaults_of(options, context), charge_per_chip_hour(context));
    InputFile in(options.input);
    pipeline.name = in.name();

    std::optional<OutputFile> out;
    if (!output.empty()) out.emplace(output);
    ProgressBar bar(context.color || isatty(STDERR_FILENO) == 1, in.size());
    Result<PipelineOutcome> outcome = run_pipeline(
        pipeline,
        book,
        [&in](std::span<char> room) { return in.read(room); },
        [&out](std::string_view text) {
            if (out) out->write(text);
        },
        [&bar](const PipelineProgress& progress) { bar.tell(progress); });
    bar.clear();
    // A row that is wrong is a refusal, not a wrong use of the program, whatever is wrong with it.
    if (!outcome) throw Failure(outcome.error(), 1);
    const report::FootprintReport report{.summary = outcome->summary,
                                         .skipped_rows = outcome->skipped_rows,
                                         .errors = std::move(outcome->errors),
                                         .output = output};
    say_skipped(context, pipeline.name, report);
    if (report.skipped_rows > 0 && report.summary.all.rows == 0)
        throw Failure({ErrorCode::parse_error,
                       "every row was skipped",
                       pipeline.name,
                       "The notes above say why"},
                      1);
    if (report.summary.all.rows == 0)
        throw Failure({ErrorCode::parse_error,
                       "the table has no row",
                       pipeline.name,
                       "Behind the names of the columns stands one row a job"},
                      1);
    if (out) out->keep();
    if (context.json) {
        std::printf("%s\n", report::footprint_report_json(report).c_str());
    } else if (output != "-") {
        std::fputs(report::footprint_report_text(report).c_str(), stdout);
    }
}

}  // namespace

void add_footprint(CLI::App& app, Context& context) {
    auto options = std::make_shared<FootprintOptions>();
    CLI::App* command = app.add_subcommand(
        "footprint",
        "Footprints of a table of jobs (CSV or JSON lines), millions of rows at a time");
    command->add_option("FILE", options->input, "The table, or - for standard input")->required();
    command->add_option(
        "--output",
        options->output,
        "The table with footprints behind each row (default: standard output; with --json "
        "none); .csv or .jsonl says the format");
    command->add_option("--format",
                        options->format,
                        "Format of FILE, csv or jsonl (default: by its name, else csv)");
    command->add_option("--region",
                        options->region,
                        "Where a row names none: country (FR), grid (US-CA) or cloud region");
    command->add_option(
        "--pue", options->pue, "Where a row has none: facility over IT energy, 1 or more");
    command->add_option(
        "--phase",
        options->phase,
        "Where a row has none: data, experimentation, training, finetuning or inference");
    command->add_option(
        "--on-error",
        options->on_error,
        "What a bad row does: stop (default; nothing is written) or skip (it is left "
        "out and counted)");
    command->add_option("--threads", options->threads, "Threads that reckon (default: one a core)")
        ->check(CLI::Range(1U, 256U));
    add_set_option(*command, context);
    command->add_flag("--json", context.json, "Print the sums as one JSON document");
    command->footer(
        "Columns: energy_kwh (with boundary: component, node or facility), or chip, chips, hours, "
        "power_w;\n"
        "region, pue, phase, tokens, params_active, market_gco2e_per_kwh. Others pass through "
        "unchanged.\n\n"
        "Example:\n  abate footprint jobs.csv --region FR --output footprints.csv");
    command->callback([options, &context] { reckon_table(*options, context); });
}

}  // namespace abate::cli
