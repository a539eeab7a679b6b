// `abate calibrate`: fits this machine's power profile from its counters, and its node overhead from a wall meter.
#include "abate/cli/machine.h"
#include "abate/cli/records.h"
#include "abate/data/data.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

namespace abate::cli {
namespace {

struct CalibrateOptions {
    double seconds = 10;
    std::string wall;
    std::string output;
};

// Spins every CPU for a share of each 10 ms, so that the machine's load is about `share`.
class Load {
  public:
    Load(int cpus, double share) {
        for (int i = 0; i < cpus; ++i) {
            threads_.emplace_back([this, share] {
                using Steady = std::chrono::steady_clock;
                const auto period = std::chrono::milliseconds(10);
                while (!stop_.load(std::memory_order_relaxed)) {
                    const auto begin = Steady::now();
                    while (Steady::now() - begin < period * share &&
                           !stop_.load(std::memory_order_relaxed)) {
                    }
                    if (share < 1) std::this_thread::sleep_until(begin + period);
                }
            });
        }
    }
    ~Load() {
        stop_ = true;
        for (std::thread& thread : threads_) thread.join();
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

  private:
    std::atomic<bool> stop_{false};
    std::vector<std::thread> threads_;
};

double used_memory_gb() {
    std::ifstream in("/proc/meminfo");
    std::string key;
    double value = 0;
    std::string unit;
    double total = 0;
    double available = 0;
    while (in >> key >> value >> unit) {
        if (key == "MemTotal:") total = value;
        if (key == "MemAvailable:") available = value;
    }
    return (total - available) * 1024 / 1e9;
}

struct LoadStep {
    double share = 0;  // of all CPUs, 0..1
    double seconds = 0;
};

// One load level, sampled each second; appends component power to `trace`.
meter::LoadLevel measure(Context& context, const LoadStep& step, meter::PowerTrace& trace) {
    const auto [share, seconds] = step;
    Machine machine = open_machine(context, {.whole_machine = true, .node_sensors = false});
    const int cpus = machine.host.cpus;
    std::vector<double> before;
    const auto load = share > 0 ? std::make_unique<Load>(cpus, share) : nullptr;
    std::this_thread::sleep_for(
        std::chrono::duration<double>(std::min(2.0, seconds / 4)));  // let clocks and fans settle

    meter::RunMeter meter(std::move(machine.devices), {.whole_machine = true}, context.clock);
    meter::MachineCpuTime first;
    meter::MachineCpuTime last;
    if (!machine.cpu.read(first))
        throw Failure({ErrorCode::io_error, "the machine's load cannot be read", "/proc/stat", ""});
    meter.begin();
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(
            std::chrono::milliseconds(std::min<long>(1000, static_cast<long>(seconds * 250))));
        meter.sample(meter::ReadReason::boundary);
        meter.close_window({});
        double watts = 0;
        for (std::size_t i = 0; i < meter.devices().channels.size(); ++i) {
            if (meter.devices().plans[i].role == meter::ChannelRole::counted)
                watts += meter.window_power_w(i);
        }
        trace.at.push_back(context.clock.now().wall);
        trace.watts.push_back(watts);
    }
    meter.finish({});
    if (!machine.cpu.read(last))
        throw Failure({ErrorCode::io_error, "the machine's load cannot be read", "/proc/stat", ""});

    const double elapsed = static_cast<double>(meter.state().elapsed_ns) / 1e9;
    meter::LoadLevel level;
    level.utilisation =
        std::min(1.0, static_cast<double>(last.busy_ns - first.busy_ns) / 1e9 / (elapsed * cpus));
    for (std::size_t i = 0; i < meter.devices().channels.size(); ++i) {
        if (meter.devices().plans[i].role != meter::ChannelRole::counted) continue;
        const std::string& device = meter.devices().channels[i].device;
        const double watts = meter.state().devices[i].energy.energy().in(joules) / elapsed;
        if (device.rfind("package-", 0) == 0 || device == "psys") level.package_w += watts;
        if (device.rfind("dram-", 0) == 0 &&
            meter.devices().channels[i].kind != meter::ChannelKind::model)
            level.dram_w += watts;
    }
    level.memory_used_gb = used_memory_gb();
    return level;
}

// The CPU counters that a profile can be fitted on. Throws Failure when there are none.
std::string counter_source(Context& context) {
    const Machine machine = open_machine(context, {.whole_machine = true, .node_sensors = false});
    for (std::size_t i = 0; i < machine.devices.channels.size(); ++i) {
        const meter::ChannelInfo& channel = machine.devices.channels[i];
        if (machine.devices.plans[i].role == meter::ChannelRole::counted &&
            channel.kind != meter::ChannelKind::model &&
            (channel.device.rfind("package-", 0) == 0 || channel.device == "psys")) {
            return channel.source + " " + channel.device;
        }
    }
    throw Failure({ErrorCode::unavailable,
                   "this machine has no CPU energy counter to fit a profile on",
                   "",
                   "Calibrate a host of the same class and name its file in ABATE_PROFILE; `abate "
                   "doctor` says what is closed here"});
}

std::string trace_path(const Context& context) { return context.home + "/calibration-trace.csv"; }

void write_trace(const Context& context, const meter::PowerTrace& trace) {
    std::string text = "time,watts\n";
    for (std::size_t i = 0; i < trace.at.size(); ++i)
        text += fmt::format("{},{:.3f}\n", to_rfc3339(trace.at[i]), trace.watts[i]);
    write_file(trace_path(context), text);
}

// CSV with columns time (RFC 3339, or seconds since 1970) and watts.
meter::PowerTrace read_trace(const std::string& path) {
    const std::optional<std::string> text = read_small_file(path);
    if (!text)
        throw Failure({ErrorCode::not_found,
                       "the file cannot be read",
                       path,
                       "Give a CSV with the columns time,watts"});
    return value_or_fail(input::parse_power_trace(*text, path));
}

void print(const meter::PowerProfile& profile, const std::string& path, bool json) {
    if (json) {
        nlohmann::ordered_json out;
        out["name"] = profile.name;
        out["points"] = nlohmann::ordered_json::array();
        for (const meter::PowerPoint& p : profile.points) {
            out["points"].push_back({{"utilisation", p.utilisation},
                                     {"power_w", p.watts.value},
                                     {"low_w", p.watts.low},
                                     {"high_w", p.watts.high}});
        }
        out["residual"] = profile.residual;
        if (profile.dram_w_per_gb.value > 0) out["dram_w_per_gb"] = profile.dram_w_per_gb.value;
        if (profile.node_ratio.value > 0)
            out["node_ratio"] = {{"value", profile.node_ratio.value},
                                 {"low", profile.node_ratio.low},
                                 {"high", profile.node_ratio.high},
                                 {"range", to_string(profile.node_ratio.kind)}};
        out["file"] = path;
        std::printf("%s\n", out.dump(2).c_str());
        return;
    }
    std::printf(
        "%s, fitted on %s\n\n  load    power\n", profile.name.c_str(), profile.source.c_str());
    for (const meter::PowerPoint& p : profile.points) {
        std::printf("  %3.0f %%   %s (%s to %s)\n",
                    p.utilisation * 100,
                    report::human_power(p.watts.value).c_str(),
                    report::human_power(p.watts.low).c_str(),
                    report::human_power(p.watts.high).c_str());
    }
    std::printf("\nResidual %.1f %%", profile.residual * 100);
    if (profile.dram_w_per_gb.value > 0)
        std::printf(", DRAM %.2f W per GB in use", profile.dram_w_per_gb.value);
    if (profile.node_ratio.value > 0)
        std::printf(", node over components %.2f (%.2f to %.2f)",
                    profile.node_ratio.value,
                    profile.node_ratio.low,
                    profile.node_ratio.high);
    std::printf("\nWritten to %s\n", path.c_str());
}

meter::PowerProfile fit_here(const CalibrateOptions& options, Context& context) {
    // Told before the load, not after it.
    std::error_code made;
    std::filesystem::create_directories(context.home, made);
    if (access(context.home.c_str(), W_OK) != 0) {
        throw Failure({ErrorCode::permission_denied,
                       "the profile cannot be written there",
                       context.home,
                       "Set ABATE_HOME to a folder that you may write to"});
    }
    const std::string source = counter_source(context);
    std::vector<meter::LoadLevel> levels;
    meter::PowerTrace trace;
    for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
        if (isatty(STDERR_FILENO) == 1)
            std::fprintf(
                stderr, "\rcalibrating: %3.0f %% load, %.0f s ", share * 100, options.seconds);
        levels.push_back(measure(context, {.share = share, .seconds = options.seconds}, trace));
    }
    if (isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "\r%40s\r", "");
    meter::PowerProfile profile = value_or_fail(meter::fit_profile(levels));
    const Host host = meter::read_host(context.sensor_environment());
    profile.name =
        fmt::format("{}, {} socket{}", host.cpu_model, host.sockets, host.sockets == 1 ? "" : "s");
    profile.cpu_model = host.cpu_model;
    profile.cpus = host.cpus;
    profile.fitted_at = to_rfc3339(context.clock.now().wall);
    profile.source = fmt::format("{}, 5 load levels of {} s", source, options.seconds);
    write_trace(context, trace);
    return profile;
}

void calibrate(const CalibrateOptions& options, Context& context) {
    const std::string path = options.output.empty() ? profile_path(context) : options.output;
    meter::PowerProfile profile;
    if (options.wall.empty()) {
        profile = fit_here(options, context);
    } else {
        const std::optional<std::string> text = read_small_file(path);
        if (!text)
            throw Failure({ErrorCode::not_found,
                           "there is no profile to add the wall meter to",
                           path,
                           "Run `abate calibrate` first, while the wall meter logs"});
        profile = value_or_fail(input::parse_profile(*text, path));
        profile.node_ratio = value_or_fail(meter::fit_node_ratio(
            {.components = read_trace(trace_path(context)), .wall = read_trace(options.wall)}));
        profile.wall_source = std::filesystem::path(options.wall).filename().string();
    }
    write_file(path, report::profile_toml(profile));
    print(profile, path, context.json);
}

}  // namespace

void add_calibrate(CLI::App& app, Context& context) {
    auto options = std::make_shared<CalibrateOptions>();
    CLI::App* command = app.add_subcommand(
        "calibrate", "Fit this machine's power profile from its counters or a wall meter");
    command
        ->add_option("--seconds",
                     options->seconds,
                     "How long each of the 5 load levels is held (default 10)")
        ->check(CLI::Range(0.2, 600.0));
    command->add_option("--wall",
                        options->wall,
                        "CSV (time,watts) of a wall meter that logged during the last calibration");
    command->add_option(
        "--output", options->output, "Profile to write (default: $ABATE_HOME/profile.toml)");
    command->add_flag("--json", context.json, "Print the profile");
    command->footer(
        "Loads every CPU for less than a minute; run it on an otherwise idle "
        "machine.\n\nExample:\n  abate calibrate\n  abate calibrate --wall shelly.csv");
    command->callback([options, &context] { calibrate(*options, context); });
}

}  // namespace abate::cli
