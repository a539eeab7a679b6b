#include "abate/footprint/stored_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>

namespace abate::footprint {
namespace {

constexpr double kMicrojoulesPerKwh = 3.6e12;
constexpr double kSecondsPerHour = 3600;
constexpr std::size_t kMinIdPart = 4;  // of a run id, as `abate show` takes them
constexpr std::string_view kDeclaredHost = "declared";

double kwh(Microjoules energy) { return static_cast<double>(energy.count()) / kMicrojoulesPerKwh; }

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the whole, then its part
bool same_run(std::string_view id, std::string_view part) {
    if (part.size() < kMinIdPart || part.size() > id.size()) return false;
    const auto equal = [](char a, char b) {
        return std::toupper(static_cast<unsigned char>(a)) ==
               std::toupper(static_cast<unsigned char>(b));
    };
    return std::equal(part.begin(), part.end(), id.begin(), equal) ||
           std::equal(part.rbegin(), part.rend(), id.rbegin(), equal);
}

struct Span {
    std::string id;  // run id, or the name of a declared row
    std::string host;
    Timestamp from;
    Timestamp until;
    bool all_idle = false;  // took all of the machine's idle
    bool declared = false;
    std::string where;
};

Result<void> no_run_twice(const Inventory& inventory) {
    std::map<std::string, std::string> holder;
    for (const StoredRuns& choice : inventory.runs) {
        for (const RunRecord& record : choice.records) {
            const std::string& id = record.run_id.text();
            const auto [at, is_new] = holder.emplace(id, choice.name);
            if (!is_new) {
                return Error{
                    ErrorCode::conflict,
                    fmt::format("run {} is in '{}' and in '{}'", id, at->second, choice.name),
                    choice.where,
                    "Choose by labels, phases or times that no run shares"};
            }
            for (const Activity& activity : inventory.activities) {
                for (const std::string& part : activity.run_ids) {
                    if (!same_run(id, part)) continue;
                    return Error{
                        ErrorCode::conflict,
                        fmt::format("run {} is declared in '{}' and comes from the store in '{}'",
                                    id,
                                    activity.name,
                                    choice.name),
                        activity.where,
                        "Take out one of the two, or it counts twice"};
                }
            }
        }
    }
    return {};
}

std::vector<Span> spans_of(const Inventory& inventory) {
    std::vector<Span> spans;
    for (const StoredRuns& choice : inventory.runs) {
        for (const RunRecord& record : choice.records) {
            // What `abate record` declares is on no host that could be told from others.
            if (record.host.name.empty() || record.host.name == kDeclaredHost) continue;
            spans.push_back({.id = record.run_id.text(),
                             .host = record.host.name,
                             .from = record.started_at,
                             .until = record.ended_at,
                             .all_idle = record.attributed.idle_rule == "whole-machine" ||
                                         record.attributed.method == "whole-machine",
                             .declared = false,
                             .where = choice.where});
        }
    }
    for (const Activity& activity : inventory.activities) {
        if (activity.host.empty() || !activity.from || !activity.until) continue;
        spans.push_back({.id = activity.name,
                         .host = activity.host,
                         .from = *activity.from,
                         .until = *activity.until,
                         .all_idle = true,
                         .declared = true,
                         .where = activity.where});
    }
    std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
        return std::tie(a.host, a.from, a.id) < std::tie(b.host, b.from, b.id);
    });
    return spans;
}

// Where the energy of a run comes in, and how it gets to the node.
StoredGroup group_of(const StoredRuns& choice, const RunRecord& record) {
    StoredGroup group;
    group.phase = record.phase ? account_phase(*record.phase) : choice.as;
    group.region = record.region;
    group.quality = record.attributed.quality;
    const Provenance* ratio = nullptr;
    for (const Provenance& row : record.provenance)
        if (row.figure == "node_ratio") ratio = &row;
    const bool any_gpu = std::any_of(
        record.energy.devices.begin(), record.energy.devices.end(), [](const DeviceEnergy& d) {
            return d.counted && d.device.rfind("gpu-", 0) == 0;
        });
    group.accelerators = any_gpu;
    std::string meter = "no meter";
    for (const DeviceEnergy& device : record.energy.devices) {
        if (!device.counted) continue;
        meter = device.quality == Quality::declared ? "" : device.source;
        break;
    }
    const BoundaryEnergy* energy = nullptr;
    const bool calibrated = record.node && record.node->source == "profile";
    if (record.node && ratio != nullptr && (calibrated || ratio->layer != "measured")) {
        group.boundary = Boundary::component;
        group.node_ratio = Ranged{.value = ratio->value, .low = ratio->low, .high = ratio->high};
        // A machine's own calibration errs with that machine, what was declared as the node's not at all; the prior errs with all others.
        if (calibrated) {
            group.node_cause = "calibrated profile of " + record.host.name;
            group.node_quality = Quality::modelled;
        } else if (ratio->layer == "built-in") {
            group.node_cause = node_prior_cause(any_gpu);
            group.node_quality = Quality::estimated;
        } else {
            group.node_cause = "declared overhead of runs";
            group.node_quality = Quality::declared;
        }
    } else if (record.node) {
        group.boundary = Boundary::node;
        energy = &record.node->energy;
        meter = record.node->source;
    } else {
        group.boundary = Boundary::facility;
        if (record.facility) energy = &record.facility->energy;
    }
    if (energy != nullptr) {
        group.energy_kwh = {.value = energy->energy_j / kJoulesPerKilowattHour,
                            .low = energy->low_j / kJoulesPerKilowattHour,
                            .high = energy->high_j / kJoulesPerKilowattHour,
                            .kind = energy->kind};
    } else {
        const EnergyRange& job = record.attributed.energy;
        group.energy_kwh = {
            .value = kwh(job.value), .low = kwh(job.low), .high = kwh(job.high), .kind = job.kind};
    }
    group.cause =
        meter.empty() ? "mean over rated power of accelerators" : "meter of runs: " + meter;
    if (record.facility) {
        group.pue = {.value = record.facility->pue,
                     .low = record.facility->pue_low,
                     .high = record.facility->pue_high};
        group.facility_kwh = record.facility->energy.energy_j / kJoulesPerKilowattHour;
    } else {
        group.pue = exactly(1);
        group.facility_kwh = group.energy_kwh.value;
    }
    if (record.operational) {
        group.intensity_gco2e_per_kwh = record.operational->intensity_gco2e_per_kwh;
        group.market_kgco2e = record.operational->market_kgco2e;
        group.water_l = record.operational->water_l;
    }
    return group;
}

std::string key_of(const StoredGroup& group) {
    const auto range = [](const Ranged& r) {
        return fmt::format("{}/{}/{}", r.value, r.low, r.high);
    };
    return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
                       static_cast<int>(group.phase),
                       group.region,
                       static_cast<int>(group.boundary),
                       group.accelerators,
                       group.cause,
                       static_cast<int>(group.energy_kwh.kind),
                       group.node_ratio ? range(*group.node_ratio) : "",
                       group.node_cause,
                       static_cast<int>(group.node_quality),
                       range(group.pue),
                       range(group.intensity_gco2e_per_kwh),
                       group.market_kgco2e.has_value(),
                       group.water_l.has_value(),
                       static_cast<int>(group.quality));
}

void add_to(StoredGroup& sum, const StoredGroup& run) {
    sum.energy_kwh.value += run.energy_kwh.value;
    sum.energy_kwh.low += run.energy_kwh.low;
    sum.energy_kwh.high += run.energy_kwh.high;
    sum.facility_kwh += run.facility_kwh;
    if (sum.market_kgco2e && run.market_kgco2e) *sum.market_kgco2e += *run.market_kgco2e;
    if (sum.water_l && run.water_l) *sum.water_l += *run.water_l;
}

void add_embodied(StoredSum& out, const RunRecord& record, AccountPhase phase) {
    if (!record.embodied) {
        ++out.without_embodied;
        return;
    }
    const Ranged& kg = record.embodied->kgco2e;
    for (StoredEmbodied& sum : out.embodied) {
        if (sum.phase != phase || sum.boundary != record.embodied->boundary ||
            sum.kgco2e.kind != kg.kind || sum.lifetime_h != record.embodied->lifetime_h ||
            sum.utilisation != record.embodied->utilisation)
            continue;
        sum.kgco2e.value += kg.value;
        sum.kgco2e.low += kg.low;
        sum.kgco2e.high += kg.high;
        return;
    }
    out.embodied.push_back({.phase = phase,
                            .boundary = record.embodied->boundary,
                            .kgco2e = kg,
                            .lifetime_h = record.embodied->lifetime_h,
                            .utilisation = record.embodied->utilisation});
}

}  // namespace

Result<std::vector<std::string>> check_runs(const Inventory& inventory) {
    if (const Result<void> once = no_run_twice(inventory); !once) return once.error();
    std::size_t overlapping = 0;
    std::string example;
    const std::vector<Span> spans = spans_of(inventory);
    // Of those that began before, the one that lasts longest on the same host.
    const Span* longest = nullptr;
    const Span* longest_idle = nullptr;  // of those that took all idle
    for (const Span& span : spans) {
        if (longest != nullptr && longest->host != span.host) longest = longest_idle = nullptr;
        if (longest != nullptr && span.from < longest->until) {
            const Span* other =
                longest_idle != nullptr && span.from < longest_idle->until ? longest_idle : longest;
            const bool twice =
                (span.all_idle && other->all_idle) || span.declared || other->declared;
            if (twice) {
                return Error{ErrorCode::conflict,
                             fmt::format("'{}' and '{}' were on {} at the same time, and both have "
                                         "all of the machine",
                                         other->id,
                                         span.id,
                                         span.host),
                             span.where,
                             "Take out one of the two, or declare the hours that each had"};
            }
            if (overlapping++ == 0) example = other->id + " and " + span.id + " on " + span.host;
        }
        if (longest == nullptr || longest->until < span.until) longest = &span;
        if (span.all_idle && (longest_idle == nullptr || longest_idle->until < span.until))
            longest_idle = &span;
    }
    std::vector<std::string> notes;
    if (overlapping > 0)
        notes.push_back(
            fmt::format("{} {} another on the same machine ({}); each holds its own share of it",
                        overlapping,
                        overlapping == 1 ? "run overlaps" : "runs overlap",
                        example));
    return notes;
}

const char* node_prior_cause(bool accelerators) {
    return accelerators ? "node overhead of accelerators" : "node overhead of servers";
}

double accelerators_of(const Host& host) {
    double count = 0;
    for (const std::string& name : host.gpus) {
        double several = 0;
        std::size_t digits = 0;
        while (digits < name.size() && name[digits] >= '0' && name[digits] <= '9')
            several = several * 10 + (name[digits++] - '0');
        count += digits > 0 && name.compare(digits, 3, " x ") == 0 ? several : 1;
    }
    return count;
}

StoredSum sum_runs(const StoredRuns& choice) {
    StoredSum out;
    std::map<std::string, std::size_t> at;
    std::map<AccountPhase, double> hours;
    std::size_t without = 0;
    for (const RunRecord& record : choice.records) {
        if (!record.operational) {
            ++without;
            continue;
        }
        const StoredGroup run = group_of(choice, record);
        const auto [place, is_new] = at.emplace(key_of(run), out.groups.size());
        if (is_new) {
            out.groups.push_back(run);
        } else {
            add_to(out.groups[place->second], run);
        }
        add_embodied(out, record, run.phase);
        const double chips = accelerators_of(record.host);
        const double units = choice.units_per_run ? *choice.units_per_run
                             : chips > 0          ? chips
                                                  : record.attributed.idle_share;
        hours[run.phase] += units * record.duration_s / kSecondsPerHour;
    }
    for (const auto& [phase, total] : hours)
        if (total > 0) out.hours.push_back({phase, total});
    if (choice.records.empty())
        out.notes.push_back("no run of the store is in '" + choice.name + "'");
    if (without > 0)
        out.notes.push_back(fmt::format(
            "{} runs in '{}' have no footprint and are not in the account", without, choice.name));
    return out;
}

}  // namespace abate::footprint
