// `abate doctor`: which sensor, which grant, what accuracy it buys.
#include "abate/cli/admin_script.h"
#include "abate/cli/machine.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

namespace abate::cli {
namespace {

// One counted or compared channel, as read over the trial second.
struct Trial {
    std::string device;
    std::string source;
    std::string role;
    Quality quality = Quality::measured;
    double watts = 0;
    double low = 0;
    double high = 0;
    bool read = true;
};

struct Diagnosis {
    Host host;
    std::vector<meter::Finding> findings;
    std::vector<Trial> trials;
    std::string attribution;
    std::vector<std::string> attribution_notes;
    std::string idle_rule;
    std::vector<std::string> idle_notes;
    std::string store;
    std::string home;
    std::string region;
    std::string flop;
};

const char* role_name(meter::ChannelRole role) {
    switch (role) {
        case meter::ChannelRole::counted:
            return "counted";
        case meter::ChannelRole::second_view:
            return "compared";
        case meter::ChannelRole::inside:
            return "inside another";
        case meter::ChannelRole::node:
            return "node";
        case meter::ChannelRole::dropped:
            return "dropped";
    }
    return "";
}

// Reads every channel for `seconds`, to show that it moves.
std::vector<Trial> try_sensors(meter::Devices devices, const Clock& clock, double seconds) {
    meter::RunMeter meter(std::move(devices), {.whole_machine = true}, clock);
    meter.begin();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    meter.finish({});
    const RunState& state = meter.state();
    const double elapsed = std::max(1e-9, static_cast<double>(state.elapsed_ns) / 1e9);
    std::vector<Trial> trials;
    for (std::size_t i = 0; i < state.devices.size(); ++i) {
        const meter::ChannelInfo& channel = meter.devices().channels[i];
        const DeviceState& device = state.devices[i];
        trials.push_back({.device = channel.device,
                          .source = channel.source,
                          .role = role_name(meter.devices().plans[i].role),
                          .quality = channel.quality,
                          .watts = device.energy.energy().in(joules) / elapsed,
                          .low = device.low.energy().in(joules) / elapsed,
                          .high = device.high.energy().in(joules) / elapsed,
                          .read = !device.gap_filled});
    }
    return trials;
}

Diagnosis diagnose(Context& context, double seconds) {
    Diagnosis d;
    Machine machine = open_machine(context, {.whole_machine = false, .node_sensors = true});
    d.host = machine.host;
    d.findings = machine.devices.findings;
    d.idle_rule = machine.idle_rule;
    d.idle_notes = {machine.idle_reason};
    meter::LaunchOptions launch;
    launch.words = {"true"};
    if (Result<meter::ProcessTree> tree = meter::ProcessTree::launch(launch)) {
        d.attribution = tree->method();
        d.attribution_notes = tree->notes();
        const Result<meter::FpCounters> counters =
            meter::FpCounters::open(tree->pid(), context.sensor_environment());
        d.flop = counters ? "counted by the CPU's floating-point counters"
                          : "not counted: " + to_string(counters.error());
    } else {
        d.attribution = "none";
        d.attribution_notes.push_back(to_string(tree.error()));
    }
    d.trials = try_sensors(std::move(machine.devices), context.clock, seconds);
    d.home = context.home;
    try {
        d.store = context.runs().describe();
    } catch (const Failure& failure) {
        d.store = "not usable: " + to_string(failure.error());
    } catch (const Fault& fault) {
        d.store = "not usable: " + to_string(fault.error());
    }
    d.region = context.settings().region;
    return d;
}

void print_diagnosis_json(const Diagnosis& d) {
    nlohmann::ordered_json out;
    out["host"] = {{"name", d.host.name},
                   {"cpu_model", d.host.cpu_model},
                   {"kind", d.host.kind},
                   {"cpus", d.host.cpus},
                   {"gpus", d.host.gpus}};
    out["findings"] = nlohmann::ordered_json::array();
    for (const meter::Finding& f : d.findings) {
        out["findings"].push_back({{"source", f.source},
                                   {"state", to_string(f.state)},
                                   {"subject", f.subject},
                                   {"detail", f.detail},
                                   {"grant", f.grant},
                                   {"gain", f.gain}});
    }
    out["devices"] = nlohmann::ordered_json::array();
    for (const Trial& t : d.trials) {
        out["devices"].push_back({{"device", t.device},
                                  {"source", t.source},
                                  {"role", t.role},
                                  {"quality", to_string(t.quality)},
                                  {"power_w", t.watts},
                                  {"low_w", t.low},
                                  {"high_w", t.high},
                                  {"readable", t.read}});
    }
    out["attribution"] = {{"method", d.attribution}, {"notes", d.attribution_notes}};
    out["idle"] = {{"rule", d.idle_rule}, {"notes", d.idle_notes}};
    out["flop"] = d.flop;
    out["store"] = {{"home", d.home}, {"state", d.store}};
    out["region"] = d.region;
    std::printf("%s\n",
                out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

void print_diagnosis_text(const Diagnosis& d) {
    std::string out = fmt::format(
        "{}: {}, {} logical CPUs, {}\n\n", d.host.name, d.host.cpu_model, d.host.cpus, d.host.kind);
    out += "Sources\n";
    for (const meter::Finding& f : d.findings) {
        out += fmt::format("  {:<12} {:<12} {}{}{}\n",
                           f.source,
                           to_string(f.state),
                           f.subject,
                           f.subject.empty() || f.detail.empty() ? "" : ": ",
                           f.detail);
        if (!f.grant.empty()) out += fmt::format("  {:<12} grant:       {}\n", "", f.grant);
        if (!f.gain.empty() && f.state != meter::FindingState::usable)
            out += fmt::format("  {:<12} it buys:     {}\n", "", f.gain);
    }
    out += "\nWhat a run would count now\n";
    bool any = false;
    for (const Trial& t : d.trials) {
        if (t.role == "dropped") continue;
        any = true;
        out += fmt::format("  {:<12} {:<14} {:<14} {:<10} {}\n",
                           t.device,
                           t.source,
                           t.role,
                           to_string(t.quality),
                           t.read ? fmt::format("{} ({} to {})",
                                                report::human_power(t.watts),
                                                report::human_power(t.low),
                                                report::human_power(t.high))
                                  : "no reading");
    }
    if (!any) out += "  nothing: no counter, and no table has a coefficient for this processor\n";
    out += fmt::format("\nAttribution   {}\n", d.attribution);
    for (const std::string& note : d.attribution_notes) out += "              " + note + "\n";
    out += fmt::format("Idle energy   {}\n", d.idle_rule);
    for (const std::string& note : d.idle_notes) out += "              " + note + "\n";
    out += fmt::format("FLOP          {}\n", d.flop);
    out += fmt::format("Run store     {}\n", d.store);
    out += fmt::format("Region        {}\n",
                       d.region.empty()
                           ? "unknown: set --region, ABATE_REGION, or region in abate.toml"
                           : d.region);
    const bool denied =
        std::any_of(d.findings.begin(), d.findings.end(), [](const meter::Finding& f) {
            return f.state == meter::FindingState::denied;
        });
    if (denied)
        out +=
            "\nA counter is there but closed. `abate doctor --admin` prints one script for the "
            "administrator.\n";
    std::fputs(out.c_str(), stdout);
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
    struct Options {
        bool admin = false;
        double seconds = 1.0;
    };
    auto options = std::make_shared<Options>();
    CLI::App* doctor = app.add_subcommand(
        "doctor", "What this machine can measure, what is closed, and what opening it buys");
    doctor->add_flag(
        "--admin",
        options->admin,
        "Print the script that opens the counters, for an administrator to review and run");
    doctor->add_option("--seconds", options->seconds, "How long to read the sensors (default 1)")
        ->check(CLI::Range(0.05, 60.0));
    doctor->add_flag(
        "--json", context.json, "Print {\"findings\": [...], \"devices\": [...], ...}");
    doctor->footer("Example:\n  abate doctor\n  abate doctor --admin > open-counters.sh");
    doctor->callback([options, &context] {
        if (options->admin) {
            std::fputs(admin_script().c_str(), stdout);
            return;
        }
        const Diagnosis diagnosis = diagnose(context, options->seconds);
        context.json ? print_diagnosis_json(diagnosis) : print_diagnosis_text(diagnosis);
    });
}

}  // namespace abate::cli
