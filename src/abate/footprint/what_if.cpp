#include "abate/footprint/what_if.h"

#include "abate/core/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace abate::footprint {
namespace {

constexpr double kMostPue = 10;
constexpr std::size_t kMostPlayers = 20;

Error refused(const Lever& lever, std::string what, std::string hint) {
    return {ErrorCode::out_of_range,
            std::move(what),
            lever.where.empty() ? "--what-if" : lever.where,
            std::move(hint)};
}

std::string name_of(const Lever& lever) {
    return lever.name.empty() ? to_string(lever.kind) : lever.name;
}

bool possible_factor(double factor) { return std::isfinite(factor) && factor > 0; }

Result<void> check(const Lever& lever) {
    const std::string name = name_of(lever);
    const auto factor_refused = [&] {
        return refused(lever,
                       fmt::format("{} by a factor of {} is not possible", name, lever.factor),
                       "Energy is divided by the factor: a number above 0, such as 2.4");
    };
    switch (lever.kind) {
        case LeverKind::caching:
        case LeverKind::accelerator:
        case LeverKind::precision:
        case LeverKind::fused_kernels:
        case LeverKind::right_sized_model:
            if (!possible_factor(lever.factor) ||
                (lever.hours_factor && !possible_factor(*lever.hours_factor)))
                return factor_refused();
            break;
        case LeverKind::chip_load:
            if (!(lever.from > 0 && lever.from <= 1 && lever.to > 0 && lever.to <= 1))
                return refused(
                    lever,
                    fmt::format("a chip load of {} to {} is not possible", lever.from, lever.to),
                    "Write chip-load=0.4:0.8; both above 0 and at most 1");
            if (!possible_factor(lever.factor)) return factor_refused();
            break;
        case LeverKind::lifetime:
            if (!(lever.years > 0 && lever.years <= 100))
                return refused(lever,
                               fmt::format("a lifetime of {} years is not possible", lever.years),
                               "Give the years, above 0");
            break;
        case LeverKind::data_sampling:
        case LeverKind::carbon_free_share:
            if (!(lever.share >= 0 && lever.share <= 1))
                return refused(lever,
                               fmt::format("a share of {} is not possible", lever.share),
                               "Give a share from 0 to 1");
            break;
        case LeverKind::hour:
            if (!(lever.share >= 0 && std::isfinite(lever.share)))
                return refused(lever,
                               fmt::format("an intensity times {} is not possible", lever.share),
                               "Give intensity of the hours chosen over the mean, such as 0.8");
            break;
        case LeverKind::region:
            if (lever.region.empty())
                return refused(lever, "no region is given", "Write region=NO");
            if (lever.pue && !(*lever.pue >= 1 && *lever.pue <= kMostPue))
                return refused(lever,
                               fmt::format("a PUE of {} is not possible", *lever.pue),
                               "PUE is facility energy over IT energy, at least 1");
            break;
    }
    return {};
}

// Which phases one lever touches.
class Scope {
  public:
    explicit Scope(const Lever& lever)
        : phases_(lever.phases.empty() ? default_phases(lever.kind) : lever.phases) {}
    [[nodiscard]] bool holds(AccountPhase phase) const {
        return std::find(phases_.begin(), phases_.end(), phase) != phases_.end();
    }

  private:
    std::vector<AccountPhase> phases_;
};

// Runs of several phases in one choice go together, where the choice is of this phase.
AccountPhase phase_of(const StoredRuns& runs) {
    return runs.phase ? account_phase(*runs.phase) : runs.as;
}

const Fleet* fleet_of(const Inventory& inventory, const std::string& name) {
    for (const Fleet& fleet : inventory.fleets)
        if (fleet.name == name) return &fleet;
    return nullptr;
}

// The site that a row is at: its own, else its fleet's.
const std::string& site_of(const Inventory& inventory, const Activity& activity) {
    const Fleet* fleet = activity.site.empty() ? fleet_of(inventory, activity.fleet) : nullptr;
    return fleet == nullptr ? activity.site : fleet->site;
}

bool is_training(const Activity& activity) {
    return activity.phase == AccountPhase::training && !activity.times_training;
}

// The training that a multiple is of.
bool is_of(const Activity& multiple, const Activity& training) {
    return is_training(training) &&
           (multiple.of.empty() ||
            std::find(multiple.of.begin(), multiple.of.end(), training.name) != multiple.of.end());
}

// Which of a fleet's work a lever touches; hours that nobody declared follow the work, and are the fleet's own where there is none.
enum class Touches { none, some, all };
Touches touches(const Inventory& inventory, const Scope& scope, const Fleet& fleet) {
    bool any_in = false;
    bool any_out = false;
    const auto work = [&](AccountPhase phase) { (scope.holds(phase) ? any_in : any_out) = true; };
    for (const Activity& activity : inventory.activities) {
        if (activity.fleet != fleet.name || activity.times_training) continue;
        work(activity.phase);
        for (const Activity& multiple : inventory.activities)
            if (multiple.times_training && is_of(multiple, activity)) work(multiple.phase);
    }
    for (const StoredRuns& runs : inventory.runs)
        if (runs.fleet == fleet.name) work(phase_of(runs));
    if (!any_in && !any_out) work(AccountPhase::idle);
    return !any_in ? Touches::none : any_out ? Touches::some : Touches::all;
}

struct Scale {
    double energy = 1;
    double hours = 1;
};

void scale_work(Inventory& inventory, const Scope& scope, const Scale& scale) {
    for (Activity& activity : inventory.activities) {
        if (!scope.holds(activity.phase)) continue;
        activity.energy_scale *= scale.energy;
        activity.hours_scale *= scale.hours;
    }
    for (StoredRuns& runs : inventory.runs) {
        if (!scope.holds(phase_of(runs))) continue;
        runs.energy_scale *= scale.energy;
        runs.hours_scale *= scale.hours;
    }
}

// Gives each row in scope a site of its own kind: the old one, changed. Runs of the store without a site have their own grids and buildings,
// which `change_runs` changes.
template <class Change, class ChangeRuns>
void change_sites(Inventory& inventory,
                  const Scope& scope,
                  const std::string& suffix,
                  const Change& change,
                  const ChangeRuns& change_runs) {
    if (inventory.sites.empty()) {
        inventory.sites.emplace_back();
        inventory.sites.back().name = "unknown place";
    }
    std::map<std::string, std::string> changed;
    const auto changed_site = [&](const std::string& name) {
        const std::string old = name.empty() ? inventory.sites.front().name : name;
        const auto [at, is_new] = changed.emplace(old, old + suffix);
        if (is_new) {
            for (const SitePlan& plan : inventory.sites) {
                if (plan.name != old) continue;
                SitePlan copy = plan;
                copy.name = at->second;
                change(copy);
                inventory.sites.push_back(std::move(copy));
                break;
            }
        }
        return at->second;
    };
    // Before the trainings move: a multiple in scope moves, one out of it stays where its training was.
    for (Activity& multiple : inventory.activities) {
        if (!multiple.times_training) continue;
        for (const Activity& training : inventory.activities) {
            if (!is_of(multiple, training)) continue;
            const auto before = multiple.sites_of.find(training.name);
            const std::string site = before != multiple.sites_of.end() ? before->second
                                     : multiple.site.empty() ? site_of(inventory, training)
                                                             : multiple.site;
            multiple.sites_of[training.name] =
                scope.holds(multiple.phase) ? changed_site(site) : site;
        }
    }
    for (Activity& activity : inventory.activities) {
        if (activity.times_training) continue;
        const std::string site = site_of(inventory, activity);
        // Its fleet may move without it.
        activity.site = scope.holds(activity.phase) ? changed_site(site) : site;
    }
    for (Dataset& dataset : inventory.datasets)
        if (scope.holds(AccountPhase::data)) dataset.site = changed_site(dataset.site);
    for (StoredRuns& runs : inventory.runs) {
        if (!scope.holds(phase_of(runs))) continue;
        if (runs.site.empty()) {
            change_runs(runs);
        } else {
            runs.site = changed_site(runs.site);
        }
    }
    for (Fleet& fleet : inventory.fleets)
        if (scope.holds(AccountPhase::idle)) fleet.site = changed_site(fleet.site);
}

// Whose making counts. The energy of the other chip is in the lever's factor, so the rated power stays.
void pull_making_chip(Inventory& inventory, const Lever& lever, const Scope& scope) {
    if (lever.chip.empty()) return;
    for (Fleet& fleet : inventory.fleets)
        if (touches(inventory, scope, fleet) == Touches::all) fleet.making_chip = lever.chip;
    for (Activity& activity : inventory.activities)
        if (scope.holds(activity.phase)) activity.making_chip = lever.chip;
    for (StoredRuns& runs : inventory.runs)
        if (scope.holds(phase_of(runs))) runs.making_chip = lever.chip;
}

// A piece of hardware has one lifetime, whatever works on it.
Result<void> pull_lifetime(Inventory& inventory, const Lever& lever, const Scope& scope) {
    for (Fleet& fleet : inventory.fleets) {
        const Touches which = touches(inventory, scope, fleet);
        if (which == Touches::some)
            return Error{ErrorCode::conflict,
                         fmt::format("{} is for some of the phases that '{}' works for, and "
                                     "hardware has one lifetime",
                                     name_of(lever),
                                     fleet.name),
                         lever.where.empty() ? "--what-if" : lever.where,
                         "Name all of its phases, or leave them out"};
        if (which == Touches::all) fleet.lifetime_years = exactly(lever.years);
    }
    for (Activity& activity : inventory.activities)
        if (scope.holds(activity.phase)) activity.lever_lifetime_years = lever.years;
    for (StoredRuns& runs : inventory.runs)
        if (scope.holds(phase_of(runs))) runs.lever_lifetime_years = lever.years;
    if (scope.holds(AccountPhase::data))
        for (Dataset& dataset : inventory.datasets) dataset.lifetime_years = exactly(lever.years);
    return {};
}

Result<void> pull(Inventory& inventory, const Lever& lever) {
    if (const Result<void> fine = check(lever); !fine) return fine.error();
    const Scope scope(lever);
    switch (lever.kind) {
        case LeverKind::caching:
        case LeverKind::precision:
        case LeverKind::fused_kernels:
        case LeverKind::right_sized_model:
        case LeverKind::accelerator:
            scale_work(inventory,
                       scope,
                       {.energy = 1 / lever.factor,
                        .hours = 1 / lever.hours_factor.value_or(lever.factor)});
            if (lever.kind == LeverKind::accelerator) pull_making_chip(inventory, lever, scope);
            break;
        case LeverKind::chip_load:
            scale_work(
                inventory, scope, {.energy = 1 / lever.factor, .hours = lever.from / lever.to});
            break;
        case LeverKind::data_sampling:
            scale_work(inventory, scope, {.energy = lever.share, .hours = lever.share});
            if (scope.holds(AccountPhase::data))
                for (Dataset& dataset : inventory.datasets) dataset.scale *= lever.share;
            break;
        case LeverKind::lifetime:
            return pull_lifetime(inventory, lever, scope);
        case LeverKind::region:
            change_sites(
                inventory,
                scope,
                " -> " + lever.region,
                [&](SitePlan& plan) {
                    plan.region = lever.region;
                    plan.intensity_gco2e_per_kwh.reset();
                    // A contract for another grid does not move along.
                    plan.market_gco2e_per_kwh.reset();
                    plan.wue_l_per_kwh.reset();
                    if (lever.pue) plan.pue = lever.pue;
                },
                [&](StoredRuns& runs) {
                    runs.moved_to = lever.region;
                    if (lever.pue) runs.moved_pue = lever.pue;
                });
            break;
        case LeverKind::hour: {
            const auto other_hours = [&](auto& place) { place.intensity_scale *= lever.share; };
            change_sites(inventory, scope, " at other hours", other_hours, other_hours);
            break;
        }
        case LeverKind::carbon_free_share: {
            const auto contract = [&](auto& place) {
                place.carbon_free_share = 1 - (1 - place.carbon_free_share) * (1 - lever.share);
            };
            change_sites(inventory, scope, " under contract", contract, contract);
            break;
        }
    }
    return {};
}

// A phase as a product: energy of the work at the node, building, grid; and its hardware beside.
struct PhaseFactors {
    double node_kwh = 0;
    double inside_kwh = 0;    // the same with what the building adds
    double beyond_kwh = 0;    // on which no PUE comes: taken at the facility, or on the internet
    double facility_kwh = 0;  // inside and beyond
    double operational_kgco2e = 0;
    double embodied_kgco2e = 0;
};

double amount_of(const Line& line) {
    double value = 1;
    for (const Factor& factor : line.factors) value *= factor.effective().value;
    return value;
}

PhaseFactors factors_of(const Account& account, AccountPhase phase) {
    PhaseFactors out;
    for (const Line& line : account.lines) {
        if (line.phase != phase) continue;
        const double amount = amount_of(line);
        if (line.kind == Kind::embodied) {
            out.embodied_kgco2e += amount;
            continue;
        }
        out.facility_kwh += amount;
        (line.beyond_pue ? out.beyond_kwh : out.inside_kwh) += amount;
        if (!line.beyond_pue && line.device != "facility") out.node_kwh += amount;
        if (line.intensity) out.operational_kgco2e += amount * line.intensity->effective().value;
    }
    return out;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a fraction as it is read
double ratio(double part, double whole, double otherwise) {
    return whole > 0 ? part / whole : otherwise;
}

constexpr std::array<AccountPhase, kAccountPhases> kPhases{AccountPhase::data,
                                                           AccountPhase::experimentation,
                                                           AccountPhase::training,
                                                           AccountPhase::finetuning,
                                                           AccountPhase::inference,
                                                           AccountPhase::unassigned,
                                                           AccountPhase::idle};

}  // namespace

const char* to_string(Measure measure) {
    switch (measure) {
        case Measure::total_kgco2e:
            return "total_kgco2e";
        case Measure::operational_kgco2e:
            return "operational_kgco2e";
        case Measure::embodied_kgco2e:
            return "embodied_kgco2e";
        case Measure::market_kgco2e:
            return "market_kgco2e";
        case Measure::energy_kwh:
            return "energy_kwh";
    }
    return "";
}

Result<double> measure_of(const Account& account, Measure measure) {
    const Amounts all = account.total();
    switch (measure) {
        case Measure::total_kgco2e:
            return all.total_kgco2e.value;
        case Measure::operational_kgco2e:
            return all.operational_kgco2e.value;
        case Measure::embodied_kgco2e:
            return all.embodied_kgco2e.value;
        case Measure::energy_kwh:
            return all.energy_kwh.value;
        case Measure::market_kgco2e:
            break;
    }
    if (!all.market_kgco2e) {
        return Error{ErrorCode::not_found,
                     "the market-based figure is not known at every site",
                     "market_gco2e_per_kwh",
                     "Give market_gco2e_per_kwh (contract or residual mix) for each [[site]]"};
    }
    return all.market_kgco2e->value + all.embodied_kgco2e.value;
}

std::vector<double> shapley(std::size_t players,
                            const std::function<double(std::size_t mask)>& worth) {
    ABATE_REQUIRE(players <= kMostPlayers);
    const std::size_t subsets = std::size_t{1} << players;
    std::vector<double> worths(subsets);
    for (std::size_t mask = 0; mask < subsets; ++mask) worths[mask] = worth(mask);
    // Weight of a set of s others: s! (n - s - 1)! / n! = 1 / (n C(n - 1, s)).
    std::vector<double> weight(players);
    double choose = 1;
    for (std::size_t s = 0; s < players; ++s) {
        weight[s] = 1 / (static_cast<double>(players) * choose);
        choose = choose * static_cast<double>(players - 1 - s) / static_cast<double>(s + 1);
    }
    std::vector<double> values(players, 0);
    for (std::size_t player = 0; player < players; ++player) {
        const std::size_t bit = std::size_t{1} << player;
        for (std::size_t mask = 0; mask < subsets; ++mask) {
            if ((mask & bit) != 0) continue;
            const auto others = static_cast<std::size_t>(__builtin_popcountll(mask));
            values[player] += weight[others] * (worths[mask | bit] - worths[mask]);
        }
    }
    return values;
}

std::vector<AccountPhase> default_phases(LeverKind kind) {
    switch (kind) {
        case LeverKind::caching:
        case LeverKind::right_sized_model:
            return {AccountPhase::inference};
        case LeverKind::data_sampling:
            return {AccountPhase::data,
                    AccountPhase::experimentation,
                    AccountPhase::training,
                    AccountPhase::finetuning};
        case LeverKind::accelerator:
        case LeverKind::precision:
        case LeverKind::fused_kernels:
        case LeverKind::chip_load:
            return {AccountPhase::experimentation,
                    AccountPhase::training,
                    AccountPhase::finetuning,
                    AccountPhase::inference};
        case LeverKind::lifetime:
        case LeverKind::region:
        case LeverKind::hour:
        case LeverKind::carbon_free_share:
            return {kPhases.begin(), kPhases.end()};
    }
    return {};
}

Result<Inventory> with_levers(const Inventory& inventory, std::span<const Lever> levers) {
    Inventory out = inventory;
    for (const Lever& lever : levers)
        if (const Result<void> done = pull(out, lever); !done) return done.error();
    return out;
}

Result<WhatIf> what_if(const Inventory& inventory,
                       std::span<const Lever> levers,
                       const data::Tables& tables,
                       Measure measure) {
    if (levers.empty() || levers.size() > kMostLevers) {
        return Error{ErrorCode::out_of_range,
                     levers.empty() ? std::string("there is no lever to pull")
                                    : fmt::format("{} levers are too many", levers.size()),
                     "--what-if",
                     fmt::format("Give 1 to {}: the causes are told apart over all their orders",
                                 kMostLevers)};
    }
    WhatIf out;
    std::optional<Error> failure;
    const std::size_t all = (std::size_t{1} << levers.size()) - 1;
    const auto worth = [&](std::size_t mask) {
        if (failure) return 0.0;
        std::vector<Lever> chosen;
        for (std::size_t i = 0; i < levers.size(); ++i)
            if ((mask >> i & 1U) != 0) chosen.push_back(levers[i]);
        const Result<Inventory> changed = with_levers(inventory, chosen);
        Result<Account> reckoned = changed ? account(*changed, tables) : changed.error();
        const Result<double> value =
            reckoned ? measure_of(*reckoned, measure) : Result<double>(reckoned.error());
        if (!value) {
            failure = value.error();
            return 0.0;
        }
        if (mask == 0) out.before = *reckoned;
        if (mask == all) out.after = *std::move(reckoned);
        return *value;
    };
    const std::vector<double> values = shapley(levers.size(), worth);
    if (failure) return *failure;
    out.levers.assign(levers.begin(), levers.end());
    out.waterfall.measure = measure;
    out.waterfall.from_name = "today";
    out.waterfall.to_name = levers.size() == 1 ? "one lever pulled" : "all levers pulled";
    out.waterfall.from = measure_of(out.before, measure).value_or(0);
    out.waterfall.to = measure_of(out.after, measure).value_or(0);
    for (std::size_t i = 0; i < levers.size(); ++i)
        out.waterfall.steps.push_back({name_of(levers[i]), values[i]});
    for (const Lever& lever : levers) {
        if (lever.kind == LeverKind::carbon_free_share && measure != Measure::market_kgco2e)
            out.notes.emplace_back(
                "a carbon-free share changes the market-based figure only: see it with --basis "
                "market");
    }
    return out;
}

Comparison compare(const Accounts& accounts) {
    const auto& [from, to] = accounts;
    Comparison out;
    for (Waterfall* waterfall : {&out.by_phase, &out.by_cause}) {
        waterfall->from_name = from.name;
        waterfall->to_name = to.name;
        waterfall->from = from.total().total_kgco2e.value;
        waterfall->to = to.total().total_kgco2e.value;
    }
    for (const AccountPhase phase : kPhases) {
        const PhaseFactors a = factors_of(from, phase);
        const PhaseFactors b = factors_of(to, phase);
        const auto step = [](Waterfall& waterfall, std::string cause, double delta) {
            if (delta != 0) waterfall.steps.push_back({std::move(cause), delta});
        };
        const std::string name = to_string(phase);
        step(out.by_phase, name + ", operational", b.operational_kgco2e - a.operational_kgco2e);
        step(out.by_phase, name + ", embodied", b.embodied_kgco2e - a.embodied_kgco2e);

        // Where a phase is in one account only, its building and grid are that one's in both.
        const double pue_b = ratio(b.inside_kwh, b.node_kwh, 0);
        const double pue_a = ratio(a.inside_kwh, a.node_kwh, pue_b);
        const double grid_b = ratio(b.operational_kgco2e, b.facility_kwh, 0);
        const double grid_a = ratio(a.operational_kgco2e, a.facility_kwh, grid_b);
        const double pue_then = b.node_kwh > 0 ? pue_b : pue_a;
        const double grid_then = b.facility_kwh > 0 ? grid_b : grid_a;
        const std::vector<double> parts = shapley(3, [&](std::size_t mask) {
            const PhaseFactors& work = (mask & 1U) != 0 ? b : a;
            return (work.node_kwh * ((mask & 2U) != 0 ? pue_then : pue_a) + work.beyond_kwh) *
                   ((mask & 4U) != 0 ? grid_then : grid_a);
        });
        step(out.by_cause, name + ": energy of the work", parts[0]);
        step(out.by_cause, name + ": PUE", parts[1]);
        step(out.by_cause, name + ": grid intensity", parts[2]);
        step(out.by_cause, name + ": hardware", b.embodied_kgco2e - a.embodied_kgco2e);
    }
    return out;
}

Projection project(const Account& account, const Inventory& inventory, int years) {
    ABATE_REQUIRE(years >= 0 && years <= 100);
    Projection out;
    out.phases = phases_of(account.lines);
    for (int year = 0; year <= years; ++year) {
        ProjectionYear row;
        row.year = year;
        const double grid = std::pow(inventory.intensity_per_year, year);
        for (const AccountPhase phase : out.phases) {
            const PhaseFactors now = factors_of(account, phase);
            const double carbon = now.operational_kgco2e * grid + now.embodied_kgco2e;
            const auto found = inventory.growth.find(phase);
            const Growth growth = found == inventory.growth.end() ? Growth{} : found->second;
            const double demand = std::pow(growth.work_per_year, year);
            const double saved = std::pow(growth.efficiency_per_year, year);
            const double back = std::pow(saved, growth.rebound);
            row.phase_kgco2e.push_back(carbon * demand * back / saved);
            row.total_kgco2e += row.phase_kgco2e.back();
            row.without_rebound_kgco2e += carbon * demand / saved;
            row.without_efficiency_kgco2e += carbon * demand;
        }
        out.years.push_back(std::move(row));
    }
    return out;
}

}  // namespace abate::footprint
