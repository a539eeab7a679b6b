// What a participant does of what is covered, and how it measures: recorded activities and monitoring plans.
#include "abate/scheme/decide.h"
#include "abate/scheme/report_figures.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>

namespace abate::scheme {
namespace {

constexpr std::size_t kMostPlanSites = 500;
constexpr std::size_t kMostMeters = 200;  // of one site
constexpr std::size_t kMostCounters = 1000;
constexpr std::size_t kMostActivities = 100;

bool any_longer(std::initializer_list<const std::string*> texts, std::size_t most) {
    return std::any_of(
        texts.begin(), texts.end(), [&](const std::string* text) { return text->size() > most; });
}

bool is_share(Ppm part) { return part.value >= 0 && part.value <= kMillion; }

Reason check_plan_lists(const MonitoringPlan& plan) {
    if (plan.sites.size() > kMostPlanSites || plan.counters.size() > kMostCounters)
        return Reason::list_too_long;
    if (any_longer({&plan.boundary, &plan.gap_method, &plan.controls}, kMaxText))
        return Reason::text_too_long;
    for (const PlanSite& site : plan.sites) {
        if (site.meters.size() > kMostMeters) return Reason::list_too_long;
        if (site.name.size() > kMaxName) return Reason::text_too_long;
        for (const PlanMeter& meter : site.meters)
            if (any_longer({&meter.name, &meter.evidence}, kMaxName)) return Reason::text_too_long;
    }
    for (const PlanCounter& counter : plan.counters)
        if (any_longer({&counter.name, &counter.service_class}, kMaxName))
            return Reason::text_too_long;
    return Reason::ok;
}

// Each site has a meter of all its energy; names are unlike; uncertainties are shares.
Reason check_site(const PlanSite& site) {
    if (site.name.empty() || site.supply < EnergySupply::utility ||
        site.supply > EnergySupply::cloud)
        return Reason::plan_incomplete;
    std::set<std::string> names;
    bool whole = false;
    for (const PlanMeter& meter : site.meters) {
        if (meter.name.empty() || !names.insert(meter.name).second ||
            meter.scope < MeterScope::site || meter.scope > MeterScope::uncovered ||
            !is_share(meter.uncertainty))
            return Reason::plan_incomplete;
        whole = whole || meter.scope == MeterScope::site;
    }
    return whole ? Reason::ok : Reason::plan_incomplete;
}

Reason check_plan(const State& state, ParticipantId participant, const MonitoringPlan& plan) {
    if (const Reason reason = check_plan_lists(plan); reason != Reason::ok) return reason;
    if (plan.first_year < 1970 || plan.first_year > 9998 || plan.sites.empty() ||
        plan.boundary.empty() || plan.gap_method.empty())
        return Reason::plan_incomplete;
    std::set<std::string> names;
    for (const PlanSite& site : plan.sites) {
        if (const Reason reason = check_site(site); reason != Reason::ok) return reason;
        if (!names.insert(site.name).second) return Reason::plan_incomplete;
        if (site.supplier == ParticipantId{}) continue;
        if (site.supply == EnergySupply::utility || site.supplier == participant ||
            state.participants.count(site.supplier) == 0)
            return Reason::supplier_unknown;
    }
    names.clear();
    const auto& classes = state.rules.benchmark.classes;
    for (const PlanCounter& counter : plan.counters) {
        if (counter.name.empty() || !names.insert(counter.name).second ||
            !is_share(counter.uncertainty))
            return Reason::plan_incomplete;
        const bool known = std::any_of(classes.begin(), classes.end(), [&](const ServiceClass& c) {
            return c.name == counter.service_class;
        });
        if (!known) return Reason::service_class_unknown;
    }
    return Reason::ok;
}

// The plan of that version, if it waits for the operator.
template <class AnyState>
auto waiting_plan(AnyState& state, ParticipantId participant, std::int64_t version)
    -> decltype(&state.monitoring.plans.begin()->second.front()) {
    const auto found = state.monitoring.plans.find(participant);
    if (found == state.monitoring.plans.end() || version < 1 ||
        static_cast<std::uint64_t>(version) > found->second.size())
        return nullptr;
    auto* entry = &found->second[static_cast<std::size_t>(version) - 1];
    return entry->state == PlanState::submitted ? entry : nullptr;
}

}  // namespace

Decision decide(const Look& look, const RecordActivities& c) {
    if (!is_obligated(look.state, c.participant)) return Reason::participant_not_obligated;
    if (c.activities.size() > kMostActivities) return Reason::list_too_long;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    if (c.activities.empty()) return Reason::activity_unknown;
    const auto& known = look.state.rules.coverage.activities;
    std::set<std::string> seen;
    for (const std::string& activity : c.activities)
        if (std::find(known.begin(), known.end(), activity) == known.end() ||
            !seen.insert(activity).second)
            return Reason::activity_unknown;
    return {};
}

void fold(State& state, const Done& done, const RecordActivities& c) {
    state.monitoring.activities[c.participant] = {
        .activities = c.activities, .since = done.at, .reason = c.reason};
}

Decision decide(const Look& look, const SubmitPlan& c) {
    if (!is_obligated(look.state, c.participant)) return Reason::participant_not_obligated;
    return check_plan(look.state, c.participant, c.plan);
}

void fold(State& state, const Done& done, const SubmitPlan& c) {
    state.monitoring.plans[c.participant].push_back({.plan = c.plan,
                                                     .state = PlanState::submitted,
                                                     .submitted = done.at,
                                                     .decided = {},
                                                     .returned_because = {}});
}

Decision decide(const Look& look, const ApprovePlan& c) {
    if (look.state.monitoring.activities.count(c.participant) == 0)
        return Reason::activities_not_recorded;
    const PlanEntry* entry = waiting_plan(look.state, c.participant, c.version);
    if (entry == nullptr) return Reason::plan_not_waiting;
    // Classes and suppliers may have changed since it was submitted.
    return check_plan(look.state, c.participant, entry->plan);
}

void fold(State& state, const Done& done, const ApprovePlan& c) {
    PlanEntry* entry = waiting_plan(state, c.participant, c.version);
    if (entry == nullptr) return;
    for (PlanEntry& other : state.monitoring.plans[c.participant])
        if (other.state == PlanState::approved) other.state = PlanState::changed;
    entry->state = PlanState::approved;
    entry->decided = done.at;
}

Decision decide(const Look& look, const ReturnPlan& c) {
    if (c.reason.empty()) return Reason::reason_missing;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    return waiting_plan(look.state, c.participant, c.version) == nullptr ? Reason::plan_not_waiting
                                                                         : Reason::ok;
}

void fold(State& state, const Done& done, const ReturnPlan& c) {
    PlanEntry* entry = waiting_plan(state, c.participant, c.version);
    if (entry == nullptr) return;
    entry->state = PlanState::returned;
    entry->decided = done.at;
    entry->returned_because = c.reason;
}

}  // namespace abate::scheme
