// `abate record`: a run that was not metered, declared by hand.
#include "abate/cli/common_options.h"
#include "abate/cli/hourly.h"
#include "abate/cli/machine.h"
#include "abate/cli/records.h"
#include "abate/input/input.h"
#include "abate/report/report.h"
#include "abate/workload/workload.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace abate::cli {
namespace {

struct RecordOptions : DeclaredOptions {
    std::string energy;
    std::string boundary = "node";
    std::string chip;
    double chips = 1;
    std::string hours;
    std::optional<double> power_w;
    std::string started;
};

struct Declared {
    Ranged joules;
    std::string device;
    std::string name;
    std::string source;
    double seconds = 0;
    double chips = 0;  // of the kind `name`; 0: energy without hardware
    Quality quality = Quality::declared;
    double peak_flop = 0;          // all chips at their dense peak for that long; 0: not known
    std::vector<Provenance> rows;  // the figures that the energy was reckoned with
};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error's members
Failure bad(std::string what, std::string where, std::string hint) {
    return Failure(
        {ErrorCode::invalid_argument, std::move(what), std::move(where), std::move(hint)});
}

// As for rows of a job table.
constexpr double kMostWatts = 1e6;
constexpr double kMostDeclaredHours = footprint::kMostHours;
// 9999-12-31T23:59:59Z, the last that RFC 3339 can write.
constexpr std::int64_t kLastMomentUs = 253'402'300'799 * std::int64_t{1'000'000};

double hours_of(const std::string& text) {
    if (text.empty()) return 0;
    // A bare number is hours, as the option's name says; a duration has its own unit.
    const Result<double> plain = input::parse_count(text);
    if (plain) return *plain;
    const Result<std::int64_t> duration = input::parse_duration_ns(text);
    if (duration) return static_cast<double>(*duration) / 3.6e12;
    throw bad("'" + short_text(text) + "' is no number of hours",
              "--hours",
              "Use 12, 1.5 or a duration such as 90m");
}

// The two factors of a chip's energy that no user gave.
std::vector<Provenance> rated_power_rows(const data::Chip& chip, Provenance fraction) {
    Provenance rated = chip.provenance;
    rated.figure = "gpu-all.rated_w";
    rated.value = rated.low = rated.high = chip.tdp_w;
    rated.unit = "W";
    fraction.figure = "gpu-all.power_fraction";
    return {std::move(rated), std::move(fraction)};
}

Declared declared_energy(const RecordOptions& options, Context& context) {
    const double hours = hours_of(options.hours);
    if (!options.hours.empty() && !(hours > 0))
        throw bad("hours must be above 0", "--hours", "Wall-clock hours: 12, 1.5, 90m");
    if (hours > kMostDeclaredHours)
        throw bad(fmt::format("{:g} hours are more than ten years", hours),
                  "--hours",
                  "Wall-clock hours, not chip-hours");
    if (!options.energy.empty()) {
        if (!options.chip.empty())
            throw bad("--energy and --chip both state the energy", "--chip", "Give one of them");
        const double j = for_option(input::parse_energy_j(options.energy), "--energy");
        return {.joules = exactly(j),
                .device = "declared",
                .name = "",
                .source = "--energy",
                .seconds = hours * 3600,
                .chips = 0,
                .peak_flop = 0,
                .rows = {}};
    }
    if (options.chip.empty())
        throw bad("nothing says how much energy it was",
                  "",
                  "Give --energy 12kWh, or --chip NAME --chips N --hours H");
    if (!(hours > 0)) throw bad("--chip needs the hours that it ran", "--hours", "Add --hours H");
    if (!(options.chips >= 1) || options.chips > 1e7)
        throw bad(
            fmt::format("{} chips are not possible", options.chips), "--chips", "Use 1 to 1e7");
    const data::Chip chip = value_or_fail(context.tables().chip(options.chip));
    const double chip_seconds = options.chips * hours * 3600;
    const double peak_tflops =
        std::max({chip.bf16_tflops, chip.fp16_tflops, chip.fp32_tflops, chip.fp8_tflops});
    Declared declared{.joules = {},
                      .device = "gpu",
                      .name = chip.name,
                      .source = "",
                      .seconds = hours * 3600,
                      .chips = options.chips,
                      .peak_flop = peak_tflops * 1e12 * chip_seconds,
                      .rows = {}};
    const std::string amount = fmt::format(
        "{:.10g} {} x {:.6g} h", options.chips, options.chips == 1 ? "chip" : "chips", hours);
    if (options.power_w) {
        const double watts = *options.power_w;
        if (!(watts > 0 && watts <= kMostWatts)) {
            throw bad(fmt::format("{} W is no power of a chip at work", watts),
                      "--power",
                      "Mean watts of one chip, above 0 and at most 1e6");
        }
        if (chip.tdp_w > 0 && watts > 2 * chip.tdp_w) {
            throw bad(
                fmt::format(
                    "{} W is more than twice the rated {} W of {}", watts, chip.tdp_w, chip.name),
                "--power",
                "Mean watts of one chip");
        }
        declared.joules = exactly(watts * chip_seconds);
        declared.source = fmt::format("{:.6g} W declared x {}", watts, amount);
        return declared;
    }
    if (!(chip.tdp_w > 0))
        throw bad("no table knows the rated power of " + chip.name,
                  "--power",
                  "Add --power W, the mean watts of one chip");
    footprint::PowerFraction fraction =
        footprint::MeanPower(context.tables())
            .fraction(chip, options.phase.empty() ? std::nullopt : parse_phase(options.phase));
    declared.joules = scaled(fraction.range, chip.tdp_w * chip_seconds);
    declared.source = fmt::format("{:.6g} W rated x {:.2f} x {} ({})",
                                  chip.tdp_w,
                                  fraction.range.value,
                                  amount,
                                  fraction.provenance.key);
    declared.quality = Quality::estimated;
    declared.rows = rated_power_rows(chip, std::move(fraction.provenance));
    return declared;
}

// One name for each chip, as a metered host has them; beyond a node or two one entry says how many.
std::vector<std::string> chip_names(const Declared& declared) {
    constexpr double kMostNames = 64;
    if (!(declared.chips > 0)) return {};
    if (declared.chips > kMostNames || declared.chips != std::floor(declared.chips))
        return {fmt::format("{:.10g} x {}", declared.chips, declared.name)};
    return std::vector<std::string>(static_cast<std::size_t>(declared.chips), declared.name);
}

// More work than the hardware could do at its peak is a slip in one of the options.
void note_impossible_work(const Declared& declared,
                          const RecordOptions& options,
                          RunRecord& record,
                          Context& context) {
    if (!record.work.flop || !(declared.peak_flop > 0)) return;
    const double ratio = *record.work.flop / declared.peak_flop;
    if (!(ratio > 1)) return;
    const std::string note =
        fmt::format("{:.3g} FLOP are {:.3g} times the peak of {:.10g} x {}: check {} and --hours",
                    *record.work.flop,
                    ratio,
                    declared.chips,
                    declared.name,
                    options.flop.empty() ? "--tokens" : "--flop");
    context.note(note);
    record.notes.push_back(note);
}

RunRecord declared_record(const RecordOptions& options,
                          const Declared& declared,
                          Context& context) {
    RunRecord record;
    record.abate_version = version();
    record.run_id = make_run_id(context.clock.now().wall, context.random);
    record.status = RunStatus::finished;
    record.duration_s = declared.seconds;
    record.ended_at = context.clock.now().wall;
    if (options.started.empty()) {
        record.started_at = {record.ended_at.us - std::llround(declared.seconds * 1e6)};
    } else {
        Result<Timestamp> started = parse_rfc3339(options.started);
        if (!started) started = parse_rfc3339(options.started + "T00:00:00Z");
        if (!started) throw Failure(started.error());
        record.started_at = *started;
        record.ended_at = {started->us + std::llround(declared.seconds * 1e6)};
        if (record.ended_at.us > kLastMomentUs)
            throw bad(
                "it would end after the year 9999", "--started", "Check the year, and --hours");
    }
    if (!options.phase.empty())
        record.phase = for_option(input::parse_phase_word(options.phase), "--phase");
    record.project = options.project.empty() ? context.settings().project : options.project;
    record.labels = context.settings().labels;
    for (const std::string& label : options.labels) {
        const auto [key, value] = for_option(input::parse_label(label), "--label");
        record.labels[key] = value;
    }
    record.host.name = "declared";
    record.host.kind = "server";
    record.host.cpus = 0;
    record.host.sockets = 0;
    record.host.gpus = chip_names(declared);
    record.provenance = declared.rows;
    const EnergyRange energy{.value = to_microjoules(declared.joules.value * joules),
                             .low = to_microjoules(declared.joules.low * joules),
                             .high = to_microjoules(declared.joules.high * joules),
                             .kind = declared.joules.kind};
    record.energy.devices.push_back(
        {.device = declared.device == "gpu" ? "gpu-all" : declared.device,
         .source = declared.source,
         .quality = declared.quality,
         .energy = energy,
         .gap_s = 0,
         .counted = true,
         .part_of = "",
         .name = declared.name});
    record.energy.total = energy;
    record.attributed = {.method = "declared",
                         .cpu_time_s = 0,
                         .active = energy.value,
                         .idle = Microjoules(0),
                         .energy = energy,
                         .quality = declared.quality,
                         .idle_rule = "whole-machine",
                         .idle_share = 1};
    record.work = value_or_fail(workload::declared_work(
        {.flop = options.flop.empty() ? -1 : for_option(input::parse_count(options.flop), "--flop"),
         .tokens = options.tokens.empty()
                       ? -1
                       : for_option(input::parse_count(options.tokens), "--tokens"),
         .params_active =
             options.params_active.empty()
                 ? -1
                 : for_option(input::parse_count(options.params_active), "--params-active"),
         .requests = options.requests.empty()
                         ? -1
                         : for_option(input::parse_count(options.requests), "--requests"),
         .adapter = false},
        record.phase));
    note_impossible_work(declared, options, record, context);
    return record;
}

void declare(const RecordOptions& options, Context& context) {
    footprint::AssessOptions assess = assess_options(context,
                                                     {.region = options.region,
                                                      .pue = options.pue,
                                                      .market_intensity = options.market_intensity,
                                                      .lifetime = options.lifetime,
                                                      .utilisation = options.utilisation});
    const std::optional<HourlyIntensity> hours =
        open_hourly(context, hourly_choice(context, options.hourly), assess.region);
    const Declared declared = declared_energy(options, context);
    assess.hardware.declared_chip = declared.name;
    assess.hardware.declared_chips = declared.chips;
    RunRecord record = declared_record(options, declared, context);
    const Result<Boundary> boundary = input::parse_boundary(options.boundary);
    if (!boundary) throw bad(boundary.error().what, "--boundary", boundary.error().hint);
    const bool chips = declared.device == "gpu";
    if (!chips && *boundary != Boundary::component) {
        assess.node_overhead = footprint::NodeOverhead{
            .ratio = exactly(1),
            .source = "declared",
            .citation = "the declared energy is at the " + options.boundary};
    }
    if (!chips && *boundary == Boundary::facility) {
        if (assess.pue && !options.pue.empty())
            throw bad("energy at the facility contains its PUE already",
                      "--pue",
                      "Leave --pue out, or declare --boundary node");
        assess.pue = 1.0;
        assess.pue_layer = "option";
    }
    if (hours && !(record.duration_s > 0))
        throw bad(
            "nothing says when the energy was spent", "--hourly", "Add --hours, and --started");
    // A file that somebody names must have the hours: nothing is lost by a refusal here, unlike after a metered run.
    if (hours && hours->choice.is_file())
        assess.intensity = value_or_fail(hourly_mean(context, *hours, flat_pieces(record)));
    else if (hours)
        use_hours(context, *hours, flat_pieces(record), assess, record.notes);
    const Result<void> assessed = footprint::assess(record, context.tables(), assess);
    if (!assessed) throw Failure(assessed.error());
    if (!chips && *boundary == Boundary::facility) {
        record.node.reset();
        // Water per IT energy does not apply to energy at the facility.
        if (record.operational) record.operational->water_l.reset();
    }
    if (assess.region.empty() && !assess.intensity) context.note(unknown_region_sentence(context));
    if (const Result<void> stored = context.runs().put(to_stored(record)); !stored)
        throw Failure(stored.error());
    if (!options.output.empty()) write_file(options.output, report::run_record_json(record) + "\n");
    if (context.json) {
        std::printf("%s\n", report::run_record_json(record).c_str());
    } else {
        std::fputs(
            report::run_summary(record, {.columns = terminal_columns(STDOUT_FILENO)}).c_str(),
            stdout);
    }
}

}  // namespace

void add_record(CLI::App& app, Context& context) {
    auto options = std::make_shared<RecordOptions>();
    CLI::App* command = app.add_subcommand(
        "record", "Declare a run that was not metered: hardware x hours x region, or energy");
    command->add_option("--energy", options->energy, "Energy with its unit: 12kWh, 3.6MJ");
    command->add_option("--boundary",
                        options->boundary,
                        "Where --energy was taken: component, node (default) or facility");
    command->add_option(
        "--chip", options->chip, "Accelerator, as `abate data list accelerators` names it");
    command->add_option("--chips", options->chips, "How many (default 1)");
    command->add_option("--hours", options->hours, "Wall-clock hours (12, 1.5, 90m)");
    command->add_option("--power", options->power_w, "Mean watts of one chip, if known");
    command->add_option(
        "--started", options->started, "When it began (RFC 3339 or a date; default: it ended now)");
    add_declared_options(*command, *options);
    add_set_option(*command, context);
    command->add_flag("--json", context.json, "Print the run record");
    command->footer(
        "Example:\n  abate record --chip \"H100 SXM\" --chips 64 --hours 120 --region \"gcp "
        "europe-west9\" --phase training");
    command->callback([options, &context] { declare(*options, context); });
}

}  // namespace abate::cli
