// `abate run`: meters a command.
#include "abate/cli/common_options.h"
#include "abate/cli/context.h"
#include "abate/cli/hourly.h"
#include "abate/cli/machine.h"
#include "abate/cli/records.h"
#include "abate/footprint/footprint.h"
#include "abate/meter/meter.h"
#include "abate/report/report.h"
#include "abate/workload/workload.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>

namespace abate::cli {
namespace {

// As env(1): abate itself failed; found but not executable; not found.
constexpr int kSelfFailed = 125;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

struct RunOptions : DeclaredOptions {
    std::string interval;
    bool adapter = false;
    bool whole_machine = false;
    bool quiet = false;
};

// What the options, settings and tables come to, before anything is started.
struct Prepared {
    std::vector<std::string> words;
    std::int64_t interval_ns = 1'000'000'000;
    footprint::AssessOptions assess;
    std::optional<HourlyIntensity> hours;
    RunRecord header;
};

double count_or_none(const std::string& text, const char* option) {
    return text.empty() ? -1 : for_option(input::parse_count(text), option);
}

std::vector<std::string> command_words(const CLI::App& command, const Context& context) {
    std::vector<std::string> words = context.child_given ? context.child : command.remaining();
    if (context.child_given && !command.remaining().empty()) {
        throw Failure({ErrorCode::invalid_argument,
                       "'" + short_text(command.remaining().front()) +
                           "' stands before `--` and is no option of run",
                       "",
                       "Write: abate run [OPTIONS] -- COMMAND [ARGS]"},
                      kSelfFailed);
    }
    if (words.empty()) {
        throw Failure({ErrorCode::invalid_argument,
                       "no command to run",
                       "",
                       "Write: abate run -- COMMAND [ARGS]"},
                      kSelfFailed);
    }
    if (!context.child_given && words.front().rfind('-', 0) == 0) {
        throw Failure({ErrorCode::invalid_argument,
                       "run has no option '" + short_text(words.front()) + "'",
                       "",
                       "See `abate run --help`; put `--` before a command that begins with a dash"},
                      kSelfFailed);
    }
    return words;
}

// A place that cannot be written is told before the command runs, not hours after.
void check_output(const std::string& path) {
    if (path.empty()) return;
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    struct stat info {};
    const bool existing = stat(path.c_str(), &info) == 0;
    const bool renewed = !existing || S_ISREG(info.st_mode);  // by a rename in its folder
    const bool writable = (!existing || access(path.c_str(), W_OK) == 0) &&
                          (!renewed || access(folder.c_str(), W_OK) == 0);
    if (writable && !(existing && S_ISDIR(info.st_mode))) return;
    throw Failure({ErrorCode::permission_denied,
                   "the record cannot be written there",
                   "--output " + path,
                   "Choose a folder that exists and that you may write to"},
                  kSelfFailed);
}

Prepared prepare(const RunOptions& options, const CLI::App& command, Context& context) {
    Prepared prepared;
    prepared.words = command_words(command, context);
    const input::Settings& settings = context.settings();
    check_output(options.output);

    RunRecord& header = prepared.header;
    header.abate_version = version();
    header.run_id = make_run_id(context.clock.now().wall, context.random);
    header.command = prepared.words;
    if (!options.phase.empty())
        header.phase = for_option(input::parse_phase_word(options.phase), "--phase");
    header.project = options.project.empty() ? settings.project : options.project;
    header.labels = settings.labels;
    for (const std::string& label : options.labels) {
        const auto [key, value] = for_option(input::parse_label(label), "--label");
        header.labels[key] = value;
    }
    if (!options.interval.empty()) {
        prepared.interval_ns = for_option(input::parse_duration_ns(options.interval), "--interval");
    } else if (settings.interval_ns) {
        prepared.interval_ns = *settings.interval_ns;
    }
    if (prepared.interval_ns < 1'000'000 || prepared.interval_ns > 30'000'000'000) {
        throw Failure({ErrorCode::out_of_range,
                       "the sampling interval must lie between 1ms and 30s",
                       "--interval",
                       "1s is the default"},
                      kSelfFailed);
    }
    header.meter.interval_s = static_cast<double>(prepared.interval_ns) / 1e9;

    prepared.assess = assess_options(context,
                                     {.region = options.region,
                                      .pue = options.pue,
                                      .market_intensity = options.market_intensity,
                                      .lifetime = options.lifetime,
                                      .utilisation = options.utilisation},
                                     kSelfFailed);
    prepared.hours = open_hourly(
        context, hourly_choice(context, options.hourly), prepared.assess.region, kSelfFailed);
    header.work =
        for_option(workload::declared_work(
                       {.flop = count_or_none(options.flop, "--flop"),
                        .tokens = count_or_none(options.tokens, "--tokens"),
                        .params_active = count_or_none(options.params_active, "--params-active"),
                        .requests = count_or_none(options.requests, "--requests"),
                        .adapter = options.adapter},
                       header.phase),
                   "--flop, --tokens, --params-active");
    return prepared;
}

// The tables' layers for a reader that may stand in another folder.
data::Layers layers_anywhere(Context& context) {
    data::Layers layers = context.layers();
    const auto make_whole = [](std::string& path) {
        std::error_code gone;  // our folder may have been removed
        const std::filesystem::path whole = std::filesystem::absolute(path, gone);
        if (!path.empty() && !gone) path = whole.string();
    };
    for (std::string& pack : layers.packs) make_whole(pack);
    make_whole(layers.organisation);
    make_whole(layers.project);
    return layers;
}

// The spool of this run, or null with a note: a run must not fail because its record cannot be
// kept.
std::unique_ptr<store::SpoolWriter> open_spool(Context& context, const RunRecord& header) {
    const std::string json = report::header_json(header, layers_anywhere(context));
    Result<std::unique_ptr<store::SpoolWriter>> spool =
        store::SpoolWriter::create({.folder = context.spool_folder(),
                                    .run_id = header.run_id.text(),
                                    .header_json = json,
                                    .device_count = header.energy.devices.size()});
    if (spool) return std::move(spool).value();
    context.note(
        "this run cannot be kept: " + to_string(spool.error()) +
        " If the run store refuses it too, its record is only what --json and --output say.");
    return nullptr;
}

// What a wall meter told of this class of machines; absent without one.
std::optional<footprint::NodeOverhead> fitted_overhead(
    const std::optional<meter::PowerProfile>& profile) {
    if (!profile || profile->node_ratio.value <= 0) return std::nullopt;
    return footprint::NodeOverhead{.ratio = profile->node_ratio,
                                   .source = "profile",
                                   .citation = "abate calibrate --wall, " + profile->wall_source};
}

// Puts the record into the run store; says why not.
Result<void> put(Context& context, const RunRecord& record) {
    try {
        return context.runs().put(to_stored(record));
    } catch (const Failure& failure) {
        return failure.error();
    } catch (const Fault& fault) {
        return fault.error();
    }
}

// Stores the finished record: into the spool first, then the run store; then the spool is not
// needed any more.
//
// What is lost when something ends abate on the way: nothing to kill -9, because the final record
// stands in the file before the store is opened, and the next abate imports it. To a power cut
// before put has returned, what the last state of the loop does not have (max(interval, 1 s)) and
// the exit status: put is durable when it returns, so the spool is synced only where put fails.
// That is one sync less at each run.
void keep(Context& context, const RunRecord& record, store::SpoolWriter* spool) {
    if (spool == nullptr) {
        // Why there is no spool was said at the start; the store may work all the same.
        [[maybe_unused]] const Result<void> stored = put(context, record);
        return;
    }
    Result<void> written = spool->finish_unsynced(report::run_record_json(record, -1));
    const Result<void> stored = put(context, record);
    if (stored) {
        spool->discard();
        return;
    }
    if (written) written = spool->sync();
    if (!written) {
        context.note("the final record could not be written: " + to_string(written.error()));
    }
    context.note("the record stays in " + spool->path() + ": " + to_string(stored.error()));
}

// Work that nobody declared, from the CPU's own counters.
void take_flop(RunRecord& record, const Result<meter::FpCounters>& counters) {
    if (record.work.flop || !counters) return;
    const Result<meter::FlopCount> count = counters->read();
    if (!count) return;
    record.work.flop = count->flop.value;
    record.work.flop_basis = "hardware";
    record.work.source = count->multiplexed ? "CPU floating-point counters, scaled for multiplexing"
                                            : "CPU floating-point counters";
}

void run_command(const RunOptions& options, const CLI::App& command, Context& context) {
    Prepared prepared = prepare(options, command, context);
    RunRecord& record = prepared.header;

    Machine machine =
        open_machine(context, {.whole_machine = options.whole_machine, .node_sensors = true});
    record.host = machine.host;
    record.attributed.idle_rule = machine.idle_rule;
    record.notes = machine.notes;
    meter::describe_devices(record, machine.devices);
    prepared.assess.node_overhead = fitted_overhead(machine.profile);
    // In the header too, so that whoever imports the spool of a killed run finds it.
    footprint::keep_options(record, prepared.assess);
    if (prepared.hours) record.provenance.push_back(choice_row(prepared.hours->choice));

    meter::LaunchOptions launch;
    launch.words = prepared.words;
    launch.signals = meter::SignalState::now();
    // From here to the kept record, what is sent to end a job ends the command, not the meter.
    const meter::BlockedSignals blocked;
    // A reader of our standard error that has gone must cost neither the record nor the exit code.
    std::signal(SIGPIPE, SIG_IGN);
    // A file-size limit is a full disk (EFBIG), not the end of the meter.
    std::signal(SIGXFSZ, SIG_IGN);
    Result<meter::ProcessTree> launched = meter::ProcessTree::launch(launch);
    if (!launched) throw Failure(launched.error(), kSelfFailed);
    meter::ProcessTree tree = std::move(launched).value();
    record.attributed.method = options.whole_machine ? "whole-machine" : tree.method();
    for (const std::string& sentence : tree.notes()) record.notes.push_back(sentence);

    record.started_at = record.ended_at = context.clock.now().wall;
    const std::unique_ptr<store::SpoolWriter> spool = open_spool(context, record);
    const Result<meter::FpCounters> fp =
        meter::FpCounters::open(tree.pid(), context.sensor_environment());
    meter::RunMeter meter(std::move(machine.devices), machine.meter_options, context.clock);
    HourlyEnergy energy(spool.get(), record);
    Result<meter::RunOutcome> outcome = meter::run_metered(
        tree, meter, machine.cpu, &energy, {.interval_ns = prepared.interval_ns}, context.clock);
    if (!outcome) {
        if (spool) spool->discard();
        const int status =
            outcome.error().code == ErrorCode::not_found ? kNotFound : kNotExecutable;
        throw Failure(outcome.error(), status);
    }
    record.exit_code = outcome->exit.code;
    record.signal = outcome->exit.signal;
    record.status = outcome->exit.shell_status() == 0 ? RunStatus::finished : RunStatus::failed;
    record.left_running = outcome->left_running;
    if (std::string note = meter::lost_records_note(outcome->lost_records); !note.empty())
        record.notes.push_back(std::move(note));
    if (outcome->saves_failed)
        record.notes.emplace_back(
            "some intermediate totals could not be written to the spool (disk full?)");
    take_flop(record, fp);
    meter::fill_record(record, meter.state());
    if (prepared.hours)
        use_hours(context, *prepared.hours, energy.pieces(record), prepared.assess, record.notes);
    prepared.assess.hardware.accelerators_held = meter.gpus_held();
    if (const Result<void> assessed = footprint::assess(record, context.tables(), prepared.assess);
        !assessed) {
        record.notes.push_back("no footprint: " + to_string(assessed.error()));
    }
    keep(context, record, spool.get());

    if (!options.output.empty()) {
        try {
            write_file(options.output, report::run_record_json(record) + "\n");
        } catch (const Failure& failure) {
            // The command has done its work: its exit code and the summary still count.
            context.note("--output: " + to_string(failure.error()));
        }
    }
    if (context.json) {
        std::fprintf(stderr, "%s\n", report::run_record_json(record, -1).c_str());
    } else if (!options.quiet) {
        std::fputs(report::run_summary(
                       record, {.color = context.color, .columns = terminal_columns(STDERR_FILENO)})
                       .c_str(),
                   stderr);
    }
    context.exit_status = outcome->exit.shell_status();
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
    auto options = std::make_shared<RunOptions>();
    CLI::App* run =
        app.add_subcommand("run", "Meter a command: its energy, its carbon, how sure that is");
    run->footer(
        "The command's input, output, terminal, signals and exit code pass through; the summary "
        "comes last on standard error.\n"
        "Exit status: the command's own (128+N for a signal), 125 abate failed, 126 not "
        "executable, 127 not found.\n\n"
        "Example:\n  abate run --phase training --region FR --label model=resnet18 -- python3 "
        "train.py --epochs 3");
    run->prefix_command();
    add_declared_options(*run, *options);
    run->add_option("--interval", options->interval, "Sampling period, 1ms to 30s (default 1s)");
    run->add_flag("--adapter",
                  options->adapter,
                  "The fine-tuning trains an adapter on a frozen model (LoRA)");
    run->add_flag("--whole-machine",
                  options->whole_machine,
                  "Charge the whole machine to this run, idle and other users included");
    add_set_option(*run, context);
    run->add_flag(
        "--json", context.json, "Print the run record as one line of JSON on standard error");
    run->add_flag("--quiet", options->quiet, "Print no summary");
    run->callback([options, run, &context] { run_command(*options, *run, context); });
}

}  // namespace abate::cli
