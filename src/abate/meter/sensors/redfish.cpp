#include "abate/meter/sensors/redfish.h"

#include "abate/meter/sensors/slow_poll.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace abate::meter {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kRedfishMostChassis = 64;
constexpr std::size_t kRedfishMostSupplies = 32;
constexpr std::size_t kRedfishMostBytes = 4u << 20;  // a Power resource is some kilobytes
// No single node draws more (NVIDIA states 14.3 kW for the DGX B200).
constexpr double kRedfishMost_w = 20000;
// An energy counter that moves in larger steps than a watt-hour looks like an impossible jump when
// it is read every second, and tells nothing of a run of minutes.
constexpr double kRedfishCoarsest_j = 3600;
// An opening waits this long for the walk (some ten GETs of 20 to 300 ms on common BMCs); a slower
// one goes on in the background.
constexpr auto kRedfishFirstAnswer = std::chrono::seconds(5);

constexpr const char* kRedfishGain =
    "input power of the whole machine, with fans, disks and power-supply loss, instead of a "
    "modelled overhead";

// The document as an object. Errors: parse_error.
Result<Json> parse_redfish_object(std::string_view text) {
    if (text.size() > kRedfishMostBytes) {
        return Error{.code = ErrorCode::parse_error,
                     .what = "the document is larger than 4 MiB",
                     .where = {},
                     .hint = {}};
    }
    Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) {
        return Error{.code = ErrorCode::parse_error,
                     .what = "the document is no JSON object",
                     .where = {},
                     .hint = {}};
    }
    return json;
}

// Member `name` of an object, or null when it is absent or `json` is no object.
const Json& redfish_member(const Json& json, const char* name) {
    static const Json kNull;
    if (!json.is_object()) return kNull;
    const auto found = json.find(name);
    return found == json.end() ? kNull : *found;
}

std::string redfish_text(const Json& json, const char* name) {
    const Json& value = redfish_member(json, name);
    return value.is_string() ? value.get<std::string>() : std::string{};
}

// A link {"@odata.id": "/redfish/..."} as a path; empty when it is none or leaves the service.
std::string redfish_link(const Json& link) {
    std::string path = redfish_text(link, "@odata.id");
    const bool inside = path.starts_with("/redfish/") && path.size() < 512;
    const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
        return static_cast<unsigned char>(c) > ' ' && c != '\x7f' && c != '#';
    });
    return inside && plain ? path : std::string{};
}

std::vector<std::string> redfish_links(const Json& list, std::size_t most) {
    std::vector<std::string> paths;
    if (!list.is_array()) return paths;
    for (const Json& item : list) {
        std::string path = redfish_link(item);
        if (!path.empty() && paths.size() < most) paths.push_back(std::move(path));
    }
    return paths;
}

// The number of a sensor excerpt ({"Reading": 344}) or of a plain member.
std::optional<double> redfish_number(const Json& value) {
    const Json& number = value.is_object() ? redfish_member(value, "Reading") : value;
    if (!number.is_number()) return std::nullopt;
    const double result = number.get<double>();
    return std::isfinite(result) ? std::optional(result) : std::nullopt;
}

// One unit in the last decimal of the number as shortest written: 12.25 -> 0.01, 7 -> 1.
double redfish_step(const Json& value) {
    const Json& number = value.is_object() ? redfish_member(value, "Reading") : value;
    const std::string text = number.dump();
    const std::size_t point = text.find('.');
    if (point == std::string::npos || text.find('e') != std::string::npos) return 1;
    const std::string decimals = text.substr(point + 1);
    return decimals == "0" ? 1 : std::pow(10.0, -static_cast<double>(decimals.size()));
}

// EnergyJoules, else EnergykWh, when there and sane.
void redfish_energy(const Json& json, RedfishReading& reading) {
    struct Candidate {
        const char* name;
        double joules;
    };
    // Above 1e12 J (a node of 20 kW for 1.5 years) microjoules would leave 64 bits at 1.8e13 J.
    constexpr double kMost_j = 9e12;
    for (const Candidate& unit :
         {Candidate{"EnergyJoules", 1.0}, Candidate{"EnergykWh", kJoulesPerKilowattHour}}) {
        const Json& value = redfish_member(json, unit.name);
        const std::optional<double> number = redfish_number(value);
        if (!number || *number < 0 || *number * unit.joules > kMost_j) continue;
        reading.energy_j = *number * unit.joules;
        reading.energy_step_j = redfish_step(value) * unit.joules;
        return;
    }
}

Error redfish_absurd(double watts) {
    return {.code = ErrorCode::out_of_range,
            .what = "the BMC reports " + Json(watts).dump() +
                    " W, which a running machine does not draw",
            .where = {},
            .hint = {}};
}

// One GET below `base`, as an object.
Result<Json> redfish_get(const HttpGet& get, const std::string& url) {
    Result<std::string> body = get(url);
    if (!body) return body.error();
    Result<Json> json = parse_redfish_object(*body);
    if (!json) {
        return Error{
            .code = json.error().code, .what = json.error().what, .where = url, .hint = {}};
    }
    return json;
}

// A chassis that may be this machine. `rank`: lower is likelier.
struct RedfishChassis {
    std::string path;
    Json json;
    int rank = 0;
};

std::optional<int> redfish_rank(const Json& chassis) {
    const std::string type = redfish_text(chassis, "ChassisType");
    // DSP0266, schema Chassis: parts of a machine, and what holds several machines.
    for (const char* part : {"Component",
                             "Module",
                             "Card",
                             "Cartridge",
                             "Expansion",
                             "Drawer",
                             "StorageEnclosure",
                             "IPBasedDrive",
                             "HeatExchanger",
                             "ImmersionTank",
                             "PowerStrip",
                             "Rack",
                             "RackGroup",
                             "Row",
                             "Pod",
                             "Zone",
                             "Facility",
                             "SideCar"}) {
        if (type == part) return std::nullopt;
    }
    const Json& systems = redfish_member(redfish_member(chassis, "Links"), "ComputerSystems");
    const std::size_t count = systems.is_array() ? systems.size() : 0;
    if (type == "Enclosure" && count > 1) return std::nullopt;
    if (count == 1) return 0;
    return count > 1 ? 1 : 2;
}

// Every path asked in vain, with the reason, for one clear line at the end.
class RedfishTried {
  public:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what was tried, then why it gave nothing
    void add(const std::string& path, const std::string& why) {
        if (!text_.empty()) text_ += "; ";
        if (text_.size() < 4000) text_ += path + ": " + why;
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
};

// The metrics of every fitted power supply, or nothing when one of them has none.
std::vector<std::string> redfish_supplies(
    const HttpGet& get,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a URL is put together in this order
    const std::string& base,
    const std::string& subsystem,
    RedfishTried& tried) {
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what was tried, then why it gave nothing
    const auto refuse = [&tried](const std::string& path, const std::string& why) {
        tried.add(path, why);
        return std::vector<std::string>{};
    };
    const Result<Json> power = redfish_get(get, base + subsystem);
    if (!power) return refuse(subsystem, power.error().what);
    const std::string list = redfish_link(redfish_member(*power, "PowerSupplies"));
    if (list.empty()) return refuse(subsystem, "no PowerSupplies");
    const Result<Json> members = redfish_get(get, base + list);
    if (!members) return refuse(list, members.error().what);
    std::vector<std::string> urls;
    for (const std::string& path :
         redfish_links(redfish_member(*members, "Members"), kRedfishMostSupplies)) {
        const Result<Json> supply = redfish_get(get, base + path);
        if (!supply) return refuse(path, supply.error().what);
        const std::string state = redfish_text(redfish_member(*supply, "Status"), "State");
        if (state == "Absent") continue;
        const std::string metrics = redfish_link(redfish_member(*supply, "Metrics"));
        if (metrics.empty()) return refuse(path, "no Metrics");
        urls.push_back(base + metrics);
    }
    return urls.empty() ? refuse(list, "no power supply is fitted") : urls;
}

// The first resource of a chassis that gives a believable reading.
std::optional<RedfishPlan> redfish_plan(const HttpGet& get,
                                        const std::string& base,
                                        const RedfishChassis& chassis,
                                        RedfishTried& tried) {
    struct Source {
        const char* member;
        RedfishResource resource;
    };
    for (const Source& source : {Source{"EnvironmentMetrics", RedfishResource::environment_metrics},
                                 Source{"PowerSubsystem", RedfishResource::power_supplies},
                                 Source{"Power", RedfishResource::power_control}}) {
        const std::string path = redfish_link(redfish_member(chassis.json, source.member));
        if (path.empty()) {
            tried.add(chassis.path, std::string("no ") + source.member);
            continue;
        }
        RedfishPlan plan{.chassis = chassis.path, .resource = source.resource};
        if (source.resource == RedfishResource::power_supplies) {
            plan.urls = redfish_supplies(get, base, path, tried);
            if (plan.urls.empty()) continue;
        } else {
            plan.urls = {base + path};
        }
        const Result<RedfishReading> reading = read_redfish_power(get, plan);
        if (reading) {
            plan.name = redfish_text(chassis.json, "Manufacturer");
            const std::string model = redfish_text(chassis.json, "Model");
            if (!plan.name.empty() && !model.empty()) plan.name += " ";
            plan.name += model;
            return plan;
        }
        tried.add(path, reading.error().what);
    }
    return std::nullopt;
}

const char* redfish_member_name(RedfishResource resource) {
    switch (resource) {
        case RedfishResource::environment_metrics:
            return "PowerWatts.Reading";
        case RedfishResource::power_supplies:
            return "InputPowerWatts.Reading";
        case RedfishResource::power_control:
            return "PowerControl[0].PowerConsumedWatts";
    }
    return "";
}

}  // namespace

Result<RedfishReading> parse_redfish_power(RedfishResource resource, std::string_view text) {
    const Result<Json> json = parse_redfish_object(text);
    if (!json) return json.error();
    std::optional<double> watts;
    if (resource == RedfishResource::power_control) {
        const Json& controls = redfish_member(*json, "PowerControl");
        if (controls.is_array() && !controls.empty()) {
            watts = redfish_number(redfish_member(controls[0], "PowerConsumedWatts"));
        }
    } else {
        const bool chassis = resource == RedfishResource::environment_metrics;
        watts = redfish_number(redfish_member(*json, chassis ? "PowerWatts" : "InputPowerWatts"));
    }
    if (!watts) {
        return Error{.code = ErrorCode::not_found,
                     .what = std::string("no number ") + redfish_member_name(resource),
                     .where = {},
                     .hint = {}};
    }
    const bool standby = *watts == 0 && resource == RedfishResource::power_supplies;
    if (!standby && (*watts <= 0 || *watts > kRedfishMost_w)) return redfish_absurd(*watts);
    RedfishReading reading{.watts = *watts};
    redfish_energy(*json, reading);
    return reading;
}

Result<RedfishReading> read_redfish_power(const HttpGet& get, const RedfishPlan& plan) {
    RedfishReading total;
    total.energy_j = 0;
    for (const std::string& url : plan.urls) {
        const Result<std::string> body = get(url);
        if (!body) return body.error();
        Result<RedfishReading> part = parse_redfish_power(plan.resource, *body);
        if (!part) {
            return Error{
                .code = part.error().code, .what = part.error().what, .where = url, .hint = {}};
        }
        total.watts += part->watts;
        if (total.energy_j && part->energy_j) {
            *total.energy_j += *part->energy_j;
            total.energy_step_j = std::max(total.energy_step_j, part->energy_step_j);
        } else {
            total.energy_j.reset();
        }
    }
    if (total.watts <= 0 || total.watts > kRedfishMost_w) return redfish_absurd(total.watts);
    return total;
}

Result<RedfishPlan> find_redfish_power(const HttpGet& get, const std::string& base) {
    const std::string entry = "/redfish/v1/Chassis";
    const Result<Json> list = redfish_get(get, base + entry);
    if (!list) {
        Error error = list.error();
        if (error.where.empty()) error.where = base + entry;
        return error;
    }
    RedfishTried tried;
    std::vector<RedfishChassis> candidates;
    for (const std::string& path :
         redfish_links(redfish_member(*list, "Members"), kRedfishMostChassis)) {
        Result<Json> chassis = redfish_get(get, base + path);
        if (!chassis) {
            tried.add(path, chassis.error().what);
            continue;
        }
        const std::optional<int> rank = redfish_rank(*chassis);
        if (!rank) {
            tried.add(
                path,
                "ChassisType " + redfish_text(*chassis, "ChassisType") + " is not one machine");
            continue;
        }
        candidates.push_back({.path = path, .json = std::move(*chassis), .rank = *rank});
    }
    std::stable_sort(
        candidates.begin(), candidates.end(), [](const RedfishChassis& a, const RedfishChassis& b) {
            return a.rank < b.rank;
        });
    for (const RedfishChassis& chassis : candidates) {
        if (auto plan = redfish_plan(get, base, chassis, tried)) return std::move(*plan);
    }
    if (tried.text().empty()) tried.add(entry, "no Members");
    return Error{.code = ErrorCode::unsupported,
                 .what = "no chassis of this service gives a machine's power",
                 .where = tried.text(),
                 .hint = {}};
}

namespace {

// What the poller's thread owns: finds the plan with the first question, then reads by it.
class RedfishAsk {
  public:
    RedfishAsk(std::string base, HttpGet get) : base_(std::move(base)), get_(std::move(get)) {}

    Result<PollAnswer> operator()() {
        if (!plan_) {
            Result<RedfishPlan> plan = find_redfish_power(get_, base_);
            if (!plan) return plan.error();
            plan_ = std::move(*plan);
        }
        const Result<RedfishReading> reading = read_redfish_power(get_, *plan_);
        if (!reading) return reading.error();
        if (!first_) first_ = *reading;
        PollAnswer answer;
        answer.values[0] = static_cast<std::uint64_t>(std::llround(reading->watts * 1e6));
        if (reading->energy_j) {
            answer.values[1] = static_cast<std::uint64_t>(std::llround(*reading->energy_j * 1e6));
        }
        return answer;
    }

    // REQUIRES: operator() has answered and is waited for (the poller's first answer is published
    // under its mutex, and these never change afterwards).
    [[nodiscard]] const RedfishPlan& plan() const { return *plan_; }
    [[nodiscard]] const RedfishReading& first() const { return *first_; }

  private:
    std::string base_;
    HttpGet get_;
    std::optional<RedfishPlan> plan_;
    std::optional<RedfishReading> first_;
};

ChannelInfo redfish_channel(ChannelKind kind) {
    ChannelInfo channel;
    channel.device = "node";
    channel.kind = kind;
    channel.source = kind == ChannelKind::power_gauge ? "redfish" : "redfish-energy";
    channel.boundary = ChannelBoundary::node;
    channel.plausible_w = kRedfishMost_w;
    channel.accuracy = 0.05;
    channel.accuracy_source = "ENERGY STAR Computer Servers 3.0, input power reported within 5 %";
    channel.refresh_s = 1.0;
    channel.min_interval_ns = 1'000'000'000;
    return channel;
}

class RedfishSensor final : public Sensor {
  public:
    RedfishSensor(std::vector<ChannelInfo> channels, std::unique_ptr<SlowPoller> poller)
        : channels_(std::move(channels)), poller_(std::move(poller)) {}

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return channels_;
    }
    void read(std::span<Reading> out, ReadReason) noexcept override {
        ABATE_REQUIRE(out.size() == channels_.size());
        for (std::size_t i = 0; i < out.size(); ++i) poller_->latest(i, out[i]);
    }

  private:
    std::vector<ChannelInfo> channels_;
    std::unique_ptr<SlowPoller> poller_;
};

Finding redfish_refusal(const std::string& subject, const Error& error) {
    Finding finding{.source = "redfish",
                    .state = {},
                    .subject = subject,
                    .detail = {},
                    .grant = {},
                    .gain = kRedfishGain};
    switch (error.code) {
        case ErrorCode::permission_denied:
            finding.state = FindingState::denied;
            finding.grant =
                "on the BMC, add a user with the role ReadOnly; name it with "
                "redfish_user and redfish_password_file in abate.toml";
            break;
        case ErrorCode::unsupported:
            finding.state = FindingState::unsupported;
            break;
        case ErrorCode::unavailable:
        case ErrorCode::not_found:
            finding.state = FindingState::absent;
            break;
        default:
            finding.state = FindingState::broken;
    }
    finding.detail = to_string(error);
    return finding;
}

}  // namespace

SensorOpening open_redfish(const SensorEnvironment& environment,
                           const std::string& url,
                           HttpGet get) {
    ABATE_REQUIRE(environment.clock != nullptr);
    std::string base = url;
    while (base.ends_with('/')) base.pop_back();
    auto ask = std::make_shared<RedfishAsk>(base, std::move(get));
    auto poller = std::make_unique<SlowPoller>(
        *environment.clock, SlowPoller::Options{}, [ask] { return (*ask)(); });
    const auto first = poller->wait_for_first(kRedfishFirstAnswer);
    SensorOpening opening;
    if (first && !*first) {
        opening.findings.push_back(redfish_refusal(base, first->error()));
        return opening;
    }
    std::vector<ChannelInfo> channels{redfish_channel(ChannelKind::power_gauge)};
    Finding finding{
        .source = "redfish",
        .state = FindingState::usable,
        .subject = base,
        .detail = "the BMC is slow: no answer within 5 s, asked again in the background",
        .grant = {},
        .gain = kRedfishGain};
    if (first) {
        finding.subject = ask->plan().urls.front();
        finding.detail = "the BMC reports " + Json(ask->first().watts).dump() + " W (" +
                         redfish_member_name(ask->plan().resource) + ")";
        channels[0].name = ask->plan().name;
        if (ask->first().energy_j && ask->first().energy_step_j > kRedfishCoarsest_j) {
            finding.detail += "; its energy counter moves in steps too coarse for a run";
        } else if (ask->first().energy_j) {
            ChannelInfo counter = redfish_channel(ChannelKind::energy_counter);
            counter.name = ask->plan().name;
            // The counter stands still until one step is spent.
            counter.refresh_s = std::max(1.0, ask->first().energy_step_j / ask->first().watts);
            channels.push_back(std::move(counter));
        }
    }
    opening.findings.push_back(std::move(finding));
    opening.sensor = std::make_unique<RedfishSensor>(std::move(channels), std::move(poller));
    return opening;
}

}  // namespace abate::meter
