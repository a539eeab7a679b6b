// `abate run`: meters a command.
#include "abate/cli/context.h"
#include "abate/cli/machine.h"
#include "abate/cli/records.h"
#include "abate/footprint/footprint.h"
#include "abate/meter/meter.h"
#include "abate/report/report.h"
#include "abate/workload/workload.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <csignal>

namespace abate::cli {
namespace {

// As env(1): abate itself failed; found but not executable; not found.
constexpr int kSelfFailed = 125;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

struct RunOptions {
    std::string phase;
    std::string project;
    std::vector<std::string> labels;
    std::string region;
    std::string pue;
    std::string lifetime;
    std::string utilisation;
    std::string interval;
    std::string output;
    std::string flop;
    std::string tokens;
    std::string params_active;
    std::string requests;
    bool adapter = false;
    bool whole_machine = false;
    bool quiet = false;
};

// What the options, settings and tables come to, before anything is started.
struct Prepared {
    std::vector<std::string> words;
    std::int64_t interval_ns = 1'000'000'000;
    footprint::AssessOptions assess;
    RunRecord header;
    Work work;
};

template <class T>
T for_option(Result<T> result, const char* option) {
    if (!result) {
        Error error = result.error();
        error.where = option;
        throw Failure(error, kSelfFailed);
    }
    return std::move(result).value();
}

double count_or_none(const std::string& text, const char* option) {
    return text.empty() ? -1 : for_option(input::parse_count(text), option);
}

std::vector<std::string> command_words(const CLI::App& command, const Context& context) {
    std::vector<std::string> words = context.child_given ? context.child : command.remaining();
    if (context.child_given && !command.remaining().empty()) {
        throw Failure(
            {ErrorCode::invalid_argument,
             "'" + command.remaining().front() + "' stands before `--` and is no option of run",
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
                       "run has no option '" + words.front() + "'",
                       "",
                       "See `abate run --help`; put `--` before a command that begins with a dash"},
                      kSelfFailed);
    }
    return words;
}

std::optional<Phase> phase_of(const std::string& text) {
    if (text.empty()) return std::nullopt;
    const std::optional<Phase> phase = parse_phase(text);
    if (!phase) {
        throw Failure({ErrorCode::invalid_argument,
                       "there is no phase '" + text + "'",
                       "--phase",
                       "Use data, experimentation, training, finetuning or inference"},
                      kSelfFailed);
    }
    return phase;
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
    header.phase = phase_of(options.phase);
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
                                      .lifetime = options.lifetime,
                                      .utilisation = options.utilisation},
                                     kSelfFailed);
    prepared.work =
        for_option(workload::declared_work(
                       {.flop = count_or_none(options.flop, "--flop"),
                        .tokens = count_or_none(options.tokens, "--tokens"),
                        .params_active = count_or_none(options.params_active, "--params-active"),
                        .requests = count_or_none(options.requests, "--requests"),
                        .adapter = options.adapter},
                       header.phase),
                   "--flop, --tokens, --params-active");
    header.work = prepared.work;
    return prepared;
}

// The spool of this run, or null with a note: a run must not fail because its record cannot be
// kept.
std::unique_ptr<store::SpoolWriter> open_spool(Context& context, const RunRecord& header) {
    Result<std::unique_ptr<store::SpoolWriter>> spool =
        store::SpoolWriter::create(context.spool_folder(),
                                   header.run_id.text(),
                                   report::run_record_json(header, -1),
                                   header.energy.devices.size());
    if (spool) return std::move(spool).value();
    context.note(
        "this run cannot be kept: " + to_string(spool.error()) +
        " If the run store refuses it too, its record is only what --json and --output say.");
    return nullptr;
}

// What the user said, for whoever imports the spool of a killed run.
Provenance said(std::string figure,
                double value,
                // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Provenance
                std::string unit,
                const std::string& layer) {
    return {.figure = std::move(figure),
            .value = value,
            .low = value,
            .high = value,
            .unit = std::move(unit),
            .key = "",
            .layer = layer,
            .source = "given by the user",
            .year = 0,
            .basis = "",
            .licence = ""};
}

void finish_header(RunRecord& record,
                   const Prepared& prepared,
                   const footprint::AssessOptions& assess) {
    record.region = assess.region;
    if (assess.pue) record.provenance.push_back(said("pue", *assess.pue, "1", assess.pue_layer));
    const footprint::HardwareOptions& hardware = assess.hardware;
    if (hardware.lifetime_h)
        record.provenance.push_back(
            said("lifetime_h", *hardware.lifetime_h, "h", hardware.lifetime_layer));
    if (hardware.utilisation)
        record.provenance.push_back(
            said("utilisation", *hardware.utilisation, "1", hardware.utilisation_layer));
    if (hardware.host_kgco2e)
        record.provenance.push_back(
            said("embodied.host", *hardware.host_kgco2e, "kgCO2e", hardware.host_layer));
    // Here too, so that whoever imports the spool of a killed run finds it.
    if (assess.node_overhead) {
        record.provenance.push_back({.figure = "node_ratio",
                                     .value = assess.node_overhead->ratio.value,
                                     .low = assess.node_overhead->ratio.low,
                                     .high = assess.node_overhead->ratio.high,
                                     .unit = "1",
                                     .key = "node over components",
                                     .layer = "measured",
                                     .source = assess.node_overhead->citation,
                                     .year = 0,
                                     .basis = assess.node_overhead->source,
                                     .licence = ""});
    }
    record.work = prepared.work;
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
    finish_header(record, prepared, prepared.assess);

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
    Result<meter::RunOutcome> outcome = meter::run_metered(tree,
                                                           meter,
                                                           machine.cpu,
                                                           spool.get(),
                                                           {.interval_ns = prepared.interval_ns},
                                                           context.clock);
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
    if (outcome->saves_failed)
        record.notes.emplace_back(
            "some intermediate totals could not be written to the spool (disk full?)");
    take_flop(record, fp);
    meter::fill_record(record, meter.state());
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
        std::fputs(report::run_summary(record, context.color).c_str(), stderr);
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
    run->add_option(
        "--phase", options->phase, "data, experimentation, training, finetuning or inference");
    run->add_option("--project", options->project, "Project that the run belongs to");
    run->add_option("--label", options->labels, "KEY=VALUE to find the run by; may be repeated")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    run->add_option("--region",
                    options->region,
                    "Country (FR), grid (US-CA) or cloud region (\"gcp europe-west9\")");
    run->add_option("--pue", options->pue, "Facility energy over IT energy, 1 or more");
    run->add_option("--lifetime",
                    options->lifetime,
                    "Years that the hardware serves, for its embodied carbon (default 4y)");
    run->add_option("--utilisation",
                    options->utilisation,
                    "Allocated over owned hours of the hardware (default 1: time is reserved)");
    run->add_option("--interval", options->interval, "Sampling period, 1ms to 30s (default 1s)");
    run->add_option("--output", options->output, "Write the run record as JSON to this file");
    run->add_option("--flop", options->flop, "Floating-point operations of the work (1.5e22)");
    run->add_option("--tokens", options->tokens, "Tokens trained on or served (2T, 300M)");
    run->add_option(
        "--params-active", options->params_active, "Parameters that meet each token (7B)");
    run->add_option("--requests", options->requests, "Requests served");
    run->add_flag("--adapter",
                  options->adapter,
                  "The fine-tuning trains an adapter on a frozen model (LoRA)");
    run->add_flag("--whole-machine",
                  options->whole_machine,
                  "Charge the whole machine to this run, idle and other users included");
    run->add_option("--set", context.set, "Override a table's figure: TABLE/KEY/COLUMN=VALUE")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    run->add_flag(
        "--json", context.json, "Print the run record as one line of JSON on standard error");
    run->add_flag("--quiet", options->quiet, "Print no summary");
    run->callback([options, run, &context] { run_command(*options, *run, context); });
}

}  // namespace abate::cli
