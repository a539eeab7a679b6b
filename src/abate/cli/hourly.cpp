#include "abate/cli/hourly.h"

#include "abate/cli/http_get.h"
#include "abate/cli/records.h"
#include "abate/remote/remote.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <map>
#include <thread>
#include <utility>

namespace abate::cli {
namespace {

constexpr const char* kClimatology = "climatology";
// A run of more hours than this keeps the rest in its last piece: a year, and a piece more at each clock that is set.
constexpr std::size_t kMostPieces = 9000;
// Half a year of EIA-930 with all balancing authorities is about 100 MB.
constexpr std::size_t kMostFileBytes = 512U << 20;

std::string whole_path(const std::string& path) {
    char* resolved = realpath(path.c_str(), nullptr);
    if (resolved == nullptr) return path;
    std::string out = resolved;
    free(resolved);
    return out;
}

std::optional<data::Place> place_of(Context& context, const std::string& region) {
    if (region.empty()) return std::nullopt;
    Result<data::Place> place = context.tables().place(region);
    if (!place) return std::nullopt;
    return *std::move(place);
}

// Names under which hours of a place may be kept, the closest first.
std::vector<std::string> zones_of(const data::Place& place) {
    std::vector<std::string> zones;
    for (const std::string& name : {place.zone, place.grid_code, place.key})
        if (!name.empty() && std::find(zones.begin(), zones.end(), name) == zones.end())
            zones.push_back(name);
    return zones;
}

// Hours of one grid are no hours of another.
Result<void> check_zone(const data::HourlySource& source, const std::optional<data::Place>& place) {
    if (source.zone.empty() || !place) return {};
    const std::vector<std::string> zones = zones_of(*place);
    if (std::find(zones.begin(), zones.end(), source.zone) != zones.end()) return {};
    return Error{ErrorCode::invalid_argument,
                 "these are the hours of " + source.zone + ", and " + place->key + " lies in " +
                     zones.front(),
                 source.key,
                 "Give the hours of " + zones.front() + ", or the region that they are of"};
}

HourlyIntensity usable(const HourlyChoice& choice,
                       const data::AnyHourlySeries& series,
                       const std::optional<data::Place>& place,
                       std::optional<int> exit_status) {
    if (const Result<void> fine = check_zone(data::source_of(series), place); !fine)
        throw Failure(fine.error(), exit_status);
    Result<data::AverageLifeCycle> hours = data::for_footprint(series);
    if (!hours) throw Failure(hours.error(), exit_status);
    return {.choice = choice,
            .series = *std::move(hours),
            .zone = data::source_of(series).zone,
            .profile = {}};
}

// The job's energy so far, of the devices that count.
double job_energy_j(const RunState& state, const std::vector<bool>& counted) {
    double sum = 0;
    for (std::size_t i = 0; i < state.devices.size() && i < counted.size(); ++i) {
        if (!counted[i]) continue;
        const DeviceState& device = state.devices[i];
        sum += (device.job_active + device.job_idle).energy().in(joules);
    }
    return sum;
}

}  // namespace

void add_hourly_options(CLI::App& command, HourlyOptions& hourly, std::string& market_intensity) {
    command.add_option(
        "--hourly",
        hourly.hourly,
        "Reckon with the grid's hours, not its year: a FILE, or auto for what was imported");
    command.add_flag("--estimate",
                     hourly.estimate,
                     "Estimate hours that are missing in it, from the days around them");
    command.add_option("--market-intensity",
                       market_intensity,
                       "g CO2e/kWh of your contract or residual mix, shown beside the grid's");
}

HourlyChoice hourly_choice(Context& context, const HourlyOptions& options) {
    const input::Settings& settings = context.settings();
    HourlyChoice choice;
    choice.what = options.hourly.empty() ? settings.hourly : options.hourly;
    choice.layer = options.hourly.empty() ? "project" : "option";
    choice.estimate = options.estimate;
    if (!choice.what.empty() && choice.is_file()) choice.what = whole_path(choice.what);
    return choice;
}

std::optional<HourlyIntensity> open_hourly(Context& context,
                                           const HourlyChoice& choice,
                                           const std::string& region,
                                           std::optional<int> exit_status) {
    if (choice.what.empty()) return std::nullopt;
    const std::optional<data::Place> place = place_of(context, region);
    if (choice.what == kClimatology) {
        if (!place)
            throw Failure({ErrorCode::invalid_argument,
                           "the typical day of a grid needs a region",
                           "--hourly climatology",
                           "Give --region"},
                          exit_status);
        Result<data::IntensityProfile> profile = context.tables().intensity_profile(*place);
        if (!profile) throw Failure(profile.error(), exit_status);
        const std::string zone = profile->zone;
        return HourlyIntensity{
            .choice = choice, .series = {}, .zone = zone, .profile = std::move(profile).value()};
    }
    if (choice.is_file()) {
        try {
            const input::IntensityFile file = read_intensity_file(context, choice.what, {});
            for (const std::string& note : file.notes) context.note(choice.what + ": " + note);
            return usable(choice, file.series, place, exit_status);
        } catch (const Failure& failure) {
            throw Failure(failure.error(), exit_status);
        }
    }
    if (!place) {
        context.note("--hourly auto needs a region to know whose hours; the year's figure is used");
        return std::nullopt;
    }
    for (const std::string& zone : zones_of(*place)) {
        const std::string path = intensity_path(context, zone, Signal::average, Basis::life_cycle);
        if (access(path.c_str(), F_OK) != 0) continue;
        try {
            const input::IntensityFile file = read_intensity_file(context, path, {});
            return usable(choice, file.series, place, exit_status);
        } catch (const Failure& failure) {
            throw Failure(failure.error(), exit_status);
        }
    }
    if (!context.settings().intensity_token_file.empty())
        return HourlyIntensity{
            .choice = choice, .series = {}, .zone = zones_of(*place).front(), .profile = {}};
    context.note(
        "no hourly intensities of " + zones_of(*place).front() +
        " are imported, so the year's figure is used; see `abate data import-intensity --help`");
    return std::nullopt;
}

namespace {

Result<data::Figure> mean_of(const HourlyIntensity& hours,
                             const data::AverageLifeCycle& series,
                             const std::vector<data::PowerPiece>& pieces) {
    const data::MissingHours missing =
        hours.choice.estimate ? data::MissingHours::estimate : data::MissingHours::refuse;
    const auto mean = series.mean(pieces, missing);
    if (!mean) return mean.error();
    data::Figure figure = data::hourly_figure(series.source(), *mean);
    figure.provenance.layer = hours.choice.layer;
    return figure;
}

constexpr const char* kElectricityMaps = "https://api.electricitymaps.com";
// The command has ended and its caller waits: rather the year's figure than a minute.
constexpr std::int64_t kLiveTimeoutMs = 5'000;

}  // namespace

void take_known(const data::HourlyValues& values, HoursByTime& hours) {
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values.hours()[i].known) hours[values.hour(i).us] = values.hours()[i];
}

data::HourlyValues values_of(const HoursByTime& hours) {
    const std::int64_t first = hours.begin()->first;
    std::vector<data::HourValue> list(
        static_cast<std::size_t>((hours.rbegin()->first - first) / data::kHourUs + 1));
    for (const auto& [us, value] : hours)
        list[static_cast<std::size_t>((us - first) / data::kHourUs)] = value;
    return {{first}, std::move(list)};
}

namespace {

// Settled hours for the next time; that they cannot be kept costs one more request.
void keep_live(Context& context,
               const std::string& path,
               const data::HourlySource& source,
               HoursByTime hours) {
    std::erase_if(hours, [](const auto& entry) { return entry.second.estimated; });
    if (hours.empty()) return;
    try {
        make_folders(path.substr(0, path.rfind('/')));
        write_file(path,
                   report::intensity_csv(data::make_series(
                       Signal::average, Basis::life_cycle, source, values_of(hours))),
                   Readers::owner);
    } catch (const Failure& failure) {
        context.note("live hours cannot be kept: " + to_string(failure.error()));
    }
}

}  // namespace

Result<data::AverageLifeCycle> live_hours(Context& context,
                                          const std::string& zone,
                                          const data::TimeSpan& span) {
    const auto& [from, to] = span;
    const input::Settings& settings = context.settings();
    std::string path = intensity_path(context, zone, Signal::average, Basis::life_cycle);
    path.insert(intensity_folder(context).size(), "/live");
    HoursByTime known;
    if (access(path.c_str(), F_OK) == 0) {
        try {
            const data::AnyHourlySeries kept = read_intensity_file(context, path, {}).series;
            take_known(data::values_of(kept), known);
        } catch (const Failure& failure) {
            context.note("kept live hours are not used: " + to_string(failure.error()));
        }
    }
    const std::int64_t first = from.us / data::kHourUs * data::kHourUs;
    bool all = true;
    for (std::int64_t hour = first; hour < std::max(to.us, first + 1); hour += data::kHourUs)
        all = all && known.contains(hour);
    data::HourlySource source{.zone = zone,
                              .source = "Electricity Maps, live",
                              .licence = "Electricity Maps, by the user's own contract",
                              .method = "flow-traced consumption",
                              .key = "Electricity Maps"};
    if (!all) {
        const std::string url =
            settings.intensity_url.empty() ? kElectricityMaps : settings.intensity_url;
        const auto retry_after_s = std::make_shared<std::optional<std::int64_t>>();
        const auto service = remote::electricity_maps(
            {.get = make_http_get({.header_name = "auth-token",
                                   .header_file = settings.intensity_token_file,
                                   .timeout_ms = kLiveTimeoutMs,
                                   .retry_after_s = retry_after_s}),
             .url = url,
             .sleep =
                 [](std::int64_t ms) {
                     std::this_thread::sleep_for(std::chrono::milliseconds(ms));
                 },
             .retry_after_s = [retry_after_s] { return *retry_after_s; }});
        const Result<data::AverageLifeCycle> asked = service->hours(zone, span);
        if (!asked) return asked.error();
        take_known(asked->values(), known);
        keep_live(context, path, source, known);
    }
    return data::AverageLifeCycle(std::move(source), values_of(known));
}

Result<data::Figure> hourly_mean(Context& context,
                                 const HourlyIntensity& hours,
                                 const std::vector<data::PowerPiece>& pieces) {
    const data::TimeSpan span{.from = pieces.front().start, .to = pieces.back().end};
    if (hours.profile) return mean_of(hours, data::climatology(*hours.profile, span), pieces);
    Result<data::Figure> figure =
        hours.series ? mean_of(hours, *hours.series, pieces)
                     : Error{ErrorCode::not_found, "no hours were imported", hours.zone, ""};
    // What was imported may end before now.
    const bool live = !hours.choice.is_file() && !context.settings().intensity_token_file.empty();
    if (figure || !live) return figure;
    const Result<data::AverageLifeCycle> asked = live_hours(context, hours.zone, span);
    if (!asked) return asked.error();
    return mean_of(hours, *asked, pieces);
}

void use_hours(Context& context,
               const HourlyIntensity& hours,
               const std::vector<data::PowerPiece>& pieces,
               footprint::AssessOptions& assess,
               std::vector<std::string>& notes) {
    const Result<data::Figure> figure = hourly_mean(context, hours, pieces);
    if (figure) {
        assess.intensity = *figure;
        return;
    }
    notes.push_back("the year's carbon intensity is used, not the hours': " +
                    to_string(figure.error()));
}

std::vector<data::PowerPiece> flat_pieces(const RunRecord& record) {
    const Timestamp end = std::max(record.started_at, record.ended_at);
    return {{.start = record.started_at,
             .end = end,
             .energy_j = std::max(0.0, record.attributed.energy.value.energy().in(joules))}};
}

Provenance choice_row(const HourlyChoice& choice) {
    return {.figure = "hourly_intensity",
            .value = 0,
            .low = 0,
            .high = 0,
            .unit = "",
            .key = choice.what,
            .layer = choice.layer,
            .source = "given by the user",
            .year = 0,
            .basis = choice.estimate ? "estimate" : "",
            .licence = ""};
}

std::optional<HourlyChoice> choice_of(const RunRecord& record) {
    for (const Provenance& row : record.provenance) {
        if (row.figure != "hourly_intensity") continue;
        return HourlyChoice{
            .what = row.key, .layer = row.layer, .estimate = row.basis == "estimate"};
    }
    return std::nullopt;
}

HourlyEnergy::HourlyEnergy(meter::SampleSink* spool, const RunRecord& header)
    : spool_(spool), last_(header.started_at) {
    for (const DeviceEnergy& device : header.energy.devices) counted_.push_back(device.counted);
    pieces_.reserve(kMostPieces);
}

bool HourlyEnergy::save(const RunState& state) noexcept {
    const double now_j = job_energy_j(state, counted_);
    const double spent_j = std::max(0.0, now_j - energy_j_);
    // A clock that was set back gives a piece without length.
    const Timestamp end = std::max(state.wall, last_);
    const bool same_hour =
        !pieces_.empty() && pieces_.back().start.us / data::kHourUs == end.us / data::kHourUs;
    if (same_hour || pieces_.size() == kMostPieces) {
        pieces_.back().end = end;
        pieces_.back().energy_j += spent_j;
    } else {
        pieces_.push_back({.start = last_, .end = end, .energy_j = spent_j});
    }
    energy_j_ = std::max(energy_j_, now_j);
    last_ = end;
    return spool_ == nullptr || spool_->save(state);
}

std::vector<data::PowerPiece> HourlyEnergy::pieces(const RunRecord& record) const {
    if (pieces_.empty()) return flat_pieces(record);
    std::vector<data::PowerPiece> out = pieces_;
    const double all_j = record.attributed.energy.value.energy().in(joules);
    out.push_back({.start = last_,
                   .end = std::max(last_, record.ended_at),
                   .energy_j = std::max(0.0, all_j - energy_j_)});
    return out;
}

std::string intensity_folder(const Context& context) { return context.home + "/intensity"; }

std::string intensity_path(const Context& context,
                           const std::string& zone,
                           Signal signal,
                           Basis basis) {
    std::string name;
    for (const char c : zone) {
        const bool plain =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
        name += plain ? c : '_';
    }
    return fmt::format("{}/{}.{}.{}.csv",
                       intensity_folder(context),
                       name,
                       data::to_string(signal),
                       data::to_string(basis));
}

std::vector<std::string> intensity_files(const Context& context) {
    std::vector<std::string> names;
    const std::string folder = intensity_folder(context);
    DIR* dir = opendir(folder.c_str());
    if (dir == nullptr) return names;
    while (const dirent* entry = readdir(dir)) {
        const std::string name = entry->d_name;
        if (name.ends_with(".csv") && !name.starts_with('.'))
            names.push_back((std::filesystem::path(folder) / name).string());
    }
    closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
}

input::IntensityFile read_intensity_file(Context& context,
                                         const std::string& path,
                                         input::IntensityOptions options) {
    const std::optional<std::string> text = read_small_file(path, kMostFileBytes);
    if (!text)
        throw Failure({ErrorCode::not_found,
                       "the file of hourly intensities is not there",
                       path,
                       "Name a file, or auto for hours that were imported"});
    const data::FuelFactors factors = value_or_fail(data::fuel_factors(context.tables()));
    options.factors = &factors;
    return value_or_fail(input::parse_intensity(*text, path, options));
}

}  // namespace abate::cli
