#include "abate/cli/machine.h"

#include "abate/cli/http_get.h"
#include "abate/cli/records.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <utility>

namespace abate::cli {

std::string profile_path(const Context& context) { return context.home + "/profile.toml"; }

std::optional<meter::PowerProfile> stored_profile(Context& context, const Host& host) {
    std::string path = environment_variable("ABATE_PROFILE");
    const bool chosen = !path.empty();
    if (!chosen) path = profile_path(context);
    const std::optional<std::string> text = read_small_file(path);
    if (!text) {
        if (chosen)
            throw Failure({ErrorCode::not_found,
                           "the power profile cannot be read",
                           "ABATE_PROFILE=" + path,
                           "Name a file that `abate calibrate` wrote"});
        return std::nullopt;
    }
    Result<meter::PowerProfile> profile = input::parse_profile(*text, path);
    if (!profile) {
        context.note("the power profile is not used: " + to_string(profile.error()));
        return std::nullopt;
    }
    if (!chosen && profile->cpu_model != host.cpu_model) {
        context.note(fmt::format("{} is for '{}', not for this machine's '{}'; it is not used",
                                 path,
                                 profile->cpu_model,
                                 host.cpu_model));
        return std::nullopt;
    }
    return std::move(profile).value();
}

Machine open_machine(Context& context, const MachineOptions& options) {
    const input::Settings& settings = context.settings();
    const meter::SensorEnvironment environment = context.sensor_environment();
    Machine machine{.host = meter::read_host(environment),
                    .devices = {},
                    .cpu = meter::MachineCpu(environment.procfs_root),
                    .meter_options = {},
                    .idle_rule = {},
                    .idle_reason = {},
                    .notes = {},
                    .profile = {}};
    machine.profile = stored_profile(context, machine.host);

    meter::DiscoverOptions discover;
    discover.node_source = settings.node_source;
    discover.redfish_url = settings.redfish_url;
    discover.profile = machine.profile ? &*machine.profile : nullptr;
    discover.node_sensors = options.node_sensors;
    if (!settings.redfish_url.empty()) {
        for (const std::string& sentence : http_notes(
                 settings.redfish_url,
                 {.user = settings.redfish_user, .password_file = settings.redfish_password_file}))
            context.note(sentence);
        discover.http_get = make_http_get(
            {.user = settings.redfish_user, .password_file = settings.redfish_password_file});
    }
    machine.devices = meter::discover(environment, context.tables(), discover);
    for (const std::string& gpu : meter::gpu_names(machine.devices))
        machine.host.gpus.push_back(gpu);

    const meter::Reservation reservation = meter::decide_reservation(
        meter::read_system_view(
            environment,
            [](const std::string& name) { return environment_variable(name.c_str()); },
            {}),
        options.whole_machine);
    // That nothing is reserved is the ordinary case; a reservation is worth a line in the record.
    machine.idle_reason = reservation.reason;
    if (reservation.rule == meter::IdleRule::reserved_share)
        machine.notes.push_back("idle energy: " + reservation.reason);
    machine.idle_rule = meter::to_string(reservation.rule);
    machine.meter_options.whole_machine = options.whole_machine;
    if (reservation.rule == meter::IdleRule::whole_machine) {
        machine.meter_options.idle_ppm = machine.meter_options.memory_idle_ppm = 1'000'000;
    } else if (reservation.rule == meter::IdleRule::reserved_share) {
        machine.meter_options.idle_ppm = std::llround(reservation.cpu_share * 1e6);
        machine.meter_options.memory_idle_ppm = std::llround(reservation.memory_share * 1e6);
    }
    return machine;
}

namespace {

// The option's value where one is given, else the setting's, with its layer.
void take(std::optional<double>& value,
          std::string& layer,
          const std::string& text,
          Result<double> (*parse)(std::string_view),
          const std::optional<double>& setting,
          const char* option,
          std::optional<int> exit_status) {
    layer = text.empty() ? "project" : "option";
    value = setting;
    if (text.empty()) return;
    const Result<double> parsed = parse(text);
    if (!parsed) {
        Error error = parsed.error();
        error.where = option;
        throw Failure(error, exit_status);
    }
    value = *parsed;
}

}  // namespace

footprint::AssessOptions assess_options(Context& context,
                                        const SiteOptions& site,
                                        std::optional<int> exit_status) {
    const auto& [region, pue, lifetime, utilisation] = site;
    const input::Settings& settings = context.settings();
    footprint::AssessOptions options;
    options.region = region.empty() ? settings.region : region;
    options.region_layer = region.empty() ? "project" : "option";
    if (!pue.empty()) {
        Result<double> parsed = input::parse_pue(pue);
        if (!parsed) {
            Error error = parsed.error();
            error.where = "--pue";
            throw Failure(error, exit_status);
        }
        options.pue = *parsed;
    } else if (settings.pue) {
        options.pue = settings.pue;
        options.pue_layer = "project";
    }
    footprint::HardwareOptions& hardware = options.hardware;
    take(hardware.lifetime_h,
         hardware.lifetime_layer,
         lifetime,
         input::parse_lifetime_h,
         settings.lifetime_h,
         "--lifetime",
         exit_status);
    take(hardware.utilisation,
         hardware.utilisation_layer,
         utilisation,
         input::parse_utilisation,
         settings.utilisation,
         "--utilisation",
         exit_status);
    hardware.host_kgco2e = settings.host_kgco2e;
    if (!options.region.empty()) {
        // Said before the command runs, not after.
        Result<data::Place> place = context.tables().place(options.region);
        if (!place) {
            Error error = place.error();
            error.where = region.empty() ? "region of the settings" : "--region";
            throw Failure(error, exit_status);
        }
        options.region = place->key;
    }
    return options;
}

std::string unknown_region_sentence(Context& context) {
    const data::Figure world = context.tables().intensity_anywhere();
    return fmt::format(
        "the region is unknown, so carbon is reckoned with {:.0f} ({:.0f} to {:.0f}) g CO2e/kWh, "
        "the range over countries; set --region or ABATE_REGION",
        world.range.value,
        world.range.low,
        world.range.high);
}

}  // namespace abate::cli
