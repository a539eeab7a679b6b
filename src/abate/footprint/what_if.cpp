#include "abate/footprint/what_if.h"

#include "abate/core/assert.h"
#include "abate/core/plain_text.h"
#include "abate/footprint/accelerator_power.h"
#include "abate/footprint/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace abate::footprint {
namespace {

constexpr double kMostPue = 10;
constexpr std::size_t kMostPlayers = 20;
// Of a factor and of what divides by it: no change of a real thing is a million-fold.
constexpr double kLeastFactor = 1e-6;
constexpr double kMostFactor = 1e6;
constexpr double kLeastYears = 0.00273;  // a day
// Steps below this part of the total are rounding.
constexpr double kDust = 1e-9;

Error refused(const Lever& lever, std::string what, std::string hint) {
    return {ErrorCode::out_of_range,
            std::move(what),
            lever.where.empty() ? "--what-if" : lever.where,
            std::move(hint)};
}

std::string name_of(const Lever& lever) {
    return lever.name.empty() ? to_string(lever.kind) : lever.name;
}

bool possible_factor(double factor) { return factor >= kLeastFactor && factor <= kMostFactor; }

Result<void> check(const Lever& lever) {
    const std::string name = short_text(name_of(lever));
    const auto factor_refused = [&] {
        const bool hours = possible_factor(lever.factor);
        return refused(lever,
                       fmt::format("{} by {} of {} is not possible",
                                   name,
                                   hours ? "an hours_factor" : "a factor",
                                   hours ? lever.hours_factor.value_or(0) : lever.factor),
                       "Energy is divided by the factor, hours by hours_factor: from 0.000001 to a "
                       "million, such as 2.4");
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
            if (!(lever.from >= kLeastFactor && lever.from <= 1 && lever.to >= kLeastFactor &&
                  lever.to <= 1))
                return refused(
                    lever,
                    fmt::format("a chip load of {} to {} is not possible", lever.from, lever.to),
                    "Write chip-load=0.4:0.8; both from 0.000001 to 1");
            if (!possible_factor(lever.factor)) return factor_refused();
            break;
        case LeverKind::lifetime:
            if (!(lever.years >= kLeastYears && lever.years <= 100))
                return refused(lever,
                               fmt::format("a lifetime of {} years is not possible", lever.years),
                               "Give the years, from a day (0.00274) to 100");
            break;
        case LeverKind::data_sampling:
        case LeverKind::carbon_free_share:
            if (!(lever.share >= 0 && lever.share <= 1))
                return refused(lever,
                               fmt::format("a share of {} is not possible", lever.share),
                               "Give a share from 0 to 1");
            break;
        case LeverKind::hour:
            if (!(lever.share >= 0 && lever.share <= kMostFactor))
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

// The site that a row is at: its own, else its fleet's.
class SitesOfRows {
  public:
    explicit SitesOfRows(const Inventory& inventory) {
        for (const Fleet& fleet : inventory.fleets) of_fleet_.emplace(fleet.name, fleet.site);
    }
    [[nodiscard]] const std::string& of(const Activity& activity) const {
        if (!activity.site.empty()) return activity.site;
        const auto fleet = of_fleet_.find(activity.fleet);
        return fleet == of_fleet_.end() ? activity.site : fleet->second;
    }

  private:
    std::unordered_map<std::string, std::string> of_fleet_;
};

bool is_training(const Activity& activity) {
    return activity.phase == AccountPhase::training && !activity.times_training;
}

// Which trainings the multiples are of.
class Multiples {
  public:
    explicit Multiples(const Inventory& inventory) {
        for (const Activity& activity : inventory.activities) {
            if (!activity.times_training) continue;
            if (activity.of.empty()) phases_of_all_.insert(activity.phase);
            for (const std::string& name : activity.of) phases_of_[name].insert(activity.phase);
        }
    }
    // The phases of those that are of this training.
    [[nodiscard]] std::set<AccountPhase> phases(const Activity& training) const {
        if (!is_training(training)) return {};
        std::set<AccountPhase> out = phases_of_all_;
        const auto own = phases_of_.find(training.name);
        if (own != phases_of_.end()) out.insert(own->second.begin(), own->second.end());
        return out;
    }

  private:
    std::set<AccountPhase> phases_of_all_;
    std::unordered_map<std::string, std::set<AccountPhase>> phases_of_;
};

// Which of a fleet's work a lever touches; hours that nobody declared follow the work, and are the fleet's own where there is none.
enum class Touches { none, some, all };
class Touched {
  public:
    Touched(const Inventory& inventory, const Scope& scope) : scope_(scope) {
        const Multiples multiples(inventory);
        for (const Activity& activity : inventory.activities) {
            if (activity.fleet.empty() || activity.times_training) continue;
            work(activity.fleet, activity.phase);
            for (const AccountPhase phase : multiples.phases(activity)) work(activity.fleet, phase);
        }
        for (const StoredRuns& runs : inventory.runs)
            if (!runs.fleet.empty()) work(runs.fleet, phase_of(runs));
    }
    [[nodiscard]] Touches of(const Fleet& fleet) const {
        const auto found = worked_.find(fleet.name);
        if (found == worked_.end())
            return scope_.holds(AccountPhase::idle) ? Touches::all : Touches::none;
        const auto& [any_in, any_out] = found->second;
        return !any_in ? Touches::none : any_out ? Touches::some : Touches::all;
    }

  private:
    void work(const std::string& fleet, AccountPhase phase) {
        auto& [any_in, any_out] = worked_[fleet];
        (scope_.holds(phase) ? any_in : any_out) = true;
    }

    const Scope& scope_;
    std::unordered_map<std::string, std::pair<bool, bool>> worked_;  // in scope, out of it
};

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
    std::unordered_map<std::string, std::string> changed;
    std::unordered_map<std::string, std::size_t> site_at;
    for (std::size_t i = 0; i < inventory.sites.size(); ++i)
        site_at.emplace(inventory.sites[i].name, i);
    const SitesOfRows sites(inventory);
    const auto changed_site = [&](const std::string& name) {
        const std::string old = name.empty() ? inventory.sites.front().name : name;
        const auto [at, is_new] = changed.emplace(old, old + suffix);
        const auto found = site_at.find(old);
        if (is_new && found != site_at.end()) {
            SitePlan copy = inventory.sites[found->second];
            copy.name = at->second;
            change(copy);
            inventory.sites.push_back(std::move(copy));
        }
        return at->second;
    };
    // Before the trainings move: a multiple in scope moves, one out of it stays where its training was.
    std::unordered_map<std::string, const Activity*> trainings;
    for (const Activity& activity : inventory.activities)
        if (is_training(activity)) trainings.emplace(activity.name, &activity);
    for (Activity& multiple : inventory.activities) {
        if (!multiple.times_training) continue;
        std::vector<const Activity*> meant;
        for (const std::string& name : multiple.of)
            if (const auto one = trainings.find(name); one != trainings.end())
                meant.push_back(one->second);
        if (multiple.of.empty())
            for (const Activity& activity : inventory.activities)
                if (is_training(activity)) meant.push_back(&activity);
        for (const Activity* of : meant) {
            const Activity& training = *of;
            const auto before = multiple.sites_of.find(training.name);
            const std::string site = before != multiple.sites_of.end() ? before->second
                                     : multiple.site.empty()           ? sites.of(training)
                                                                       : multiple.site;
            multiple.sites_of[training.name] =
                scope.holds(multiple.phase) ? changed_site(site) : site;
        }
    }
    for (Activity& activity : inventory.activities) {
        if (activity.times_training) continue;
        const std::string& site = sites.of(activity);
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
    const Touched touched(inventory, scope);
    for (Fleet& fleet : inventory.fleets)
        if (touched.of(fleet) == Touches::all) fleet.making_chip = lever.chip;
    for (Activity& activity : inventory.activities)
        if (scope.holds(activity.phase)) activity.making_chip = lever.chip;
    for (StoredRuns& runs : inventory.runs)
        if (scope.holds(phase_of(runs))) runs.making_chip = lever.chip;
}

// A piece of hardware has one lifetime, whatever works on it.
Result<void> pull_lifetime(Inventory& inventory, const Lever& lever, const Scope& scope) {
    const Touched touched(inventory, scope);
    for (Fleet& fleet : inventory.fleets) {
        const Touches which = touched.of(fleet);
        if (which == Touches::some)
            return Error{ErrorCode::conflict,
                         fmt::format("{} is for some of the phases that '{}' works for, and "
                                     "hardware has one lifetime",
                                     short_text(name_of(lever)),
                                     short_text(fleet.name)),
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

double amount_of(const Line& line) {
    double value = 1;
    for (const Factor& factor : line.factors) value *= factor.effective().value;
    return value;
}

// A phase at one site: energy of the work at the node, building, grid.
struct WorkAt {
    double node_kwh = 0;
    double inside_kwh = 0;  // the same with what the building adds
    double beyond_kwh = 0;  // on which no PUE comes: taken at the facility, or on the internet
    double operational_kgco2e = 0;

    [[nodiscard]] double facility_kwh() const { return inside_kwh + beyond_kwh; }
};

// A phase as a product, site by site; and its hardware beside.
struct PhaseFactors {
    std::map<std::string, WorkAt> sites;
    double node_kwh = 0;
    double beyond_kwh = 0;
    double operational_kgco2e = 0;
    double embodied_kgco2e = 0;

    [[nodiscard]] const WorkAt* site(const std::string& name) const {
        const auto found = sites.find(name);
        return found == sites.end() ? nullptr : &found->second;
    }
};

std::map<AccountPhase, PhaseFactors> factors_of(const Account& account) {
    std::map<AccountPhase, PhaseFactors> out;
    for (const Line& line : account.lines) {
        PhaseFactors& phase = out[line.phase];
        const double amount = amount_of(line);
        if (line.kind == Kind::embodied) {
            phase.embodied_kgco2e += amount;
            continue;
        }
        WorkAt& site = phase.sites[line.site];
        (line.beyond_pue ? site.beyond_kwh : site.inside_kwh) += amount;
        if (line.beyond_pue) phase.beyond_kwh += amount;
        if (!line.beyond_pue && line.device != "facility") {
            site.node_kwh += amount;
            phase.node_kwh += amount;
        }
        if (!line.intensity) continue;
        const double kg = amount * line.intensity->effective().value;
        site.operational_kgco2e += kg;
        phase.operational_kgco2e += kg;
    }
    return out;
}

// What each of work, mix of sites, PUE and grids has to do with the way from a phase to what it is in the other account: carbon is the sum over
// sites of (node energy x the site's share x its PUE + energy without a PUE x its share) x its grid.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from, then to
std::vector<double> by_cause(const PhaseFactors& a, const PhaseFactors& b) {
    struct Pair {
        double from = 0;
        double to = 0;
        [[nodiscard]] double at(bool then) const { return then ? to : from; }
    };
    struct Parts {
        Pair share;
        Pair beyond_share;
        Pair pue;
        Pair grid;
    };
    // A ratio of each account; of one that lacks it, the other's.
    const auto both = [](auto numerator, auto denominator, const auto* from, const auto* to) {
        const bool in_from = from != nullptr && denominator(*from) > 0;
        const bool in_to = to != nullptr && denominator(*to) > 0;
        const double was = in_from ? numerator(*from) / denominator(*from) : 0;
        const double is = in_to ? numerator(*to) / denominator(*to) : was;
        return Pair{in_from ? was : is, is};
    };
    std::set<std::string> names;
    for (const auto& [name, site] : a.sites) names.insert(name);
    for (const auto& [name, site] : b.sites) names.insert(name);
    std::vector<Parts> places;
    for (const std::string& name : names) {
        const WorkAt* from = a.site(name);
        const WorkAt* to = b.site(name);
        const auto share = [&](double WorkAt::*part, double PhaseFactors::*whole) {
            const auto of = [&](const WorkAt* site, const PhaseFactors& phase) {
                return site != nullptr && phase.*whole > 0 ? site->*part / phase.*whole : 0.0;
            };
            const double was = of(from, a);
            const double is = of(to, b);
            // Where there was no such energy at all, its sites are the other account's.
            return Pair{a.*whole > 0 ? was : is, b.*whole > 0 ? is : was};
        };
        places.push_back({.share = share(&WorkAt::node_kwh, &PhaseFactors::node_kwh),
                          .beyond_share = share(&WorkAt::beyond_kwh, &PhaseFactors::beyond_kwh),
                          .pue = both([](const WorkAt& s) { return s.inside_kwh; },
                                      [](const WorkAt& s) { return s.node_kwh; },
                                      from,
                                      to),
                          .grid = both([](const WorkAt& s) { return s.operational_kgco2e; },
                                       [](const WorkAt& s) { return s.facility_kwh(); },
                                       from,
                                       to)});
    }
    return shapley(4, [&](std::size_t mask) {
        const PhaseFactors& work = (mask & 1U) != 0 ? b : a;
        const bool mix = (mask & 2U) != 0;
        double kg = 0;
        for (const Parts& place : places)
            kg += (work.node_kwh * place.share.at(mix) * place.pue.at((mask & 4U) != 0) +
                   work.beyond_kwh * place.beyond_share.at(mix)) *
                  place.grid.at((mask & 8U) != 0);
        return kg;
    });
}

// What a lever that moves work does to buildings: a cloud site without a PUE of its own falls back to what is known of the new place.
void note_pue(const Inventory& inventory,
              const Lever& lever,
              const data::Tables& tables,
              WhatIf& out) {
    if (lever.kind != LeverKind::region || lever.pue) return;
    const std::string suffix = " -> " + lever.region;
    std::unordered_set<std::string> moved;
    for (const Line& line : out.after.lines) {
        const std::size_t at = line.site.find(suffix);
        if (at != std::string::npos) moved.insert(line.site.substr(0, at));
    }
    for (const SitePlan& plan : inventory.sites) {
        if (plan.pue || !moved.contains(plan.name)) continue;
        SiteOptions here;
        here.region = plan.region;
        SiteOptions there;
        there.region = lever.region;
        const Result<Site> before = find_site(tables, here);
        const Result<Site> after = find_site(tables, there);
        if (!before || !after) continue;
        const Ranged& now = before->pue.range;
        const Ranged& then = after->pue.range;
        if (now.value == then.value) continue;
        out.notes.push_back(
            fmt::format("{} changes the PUE of '{}' as well, from {:.4g} to {:.4g} "
                        "({:.3g} to {:.3g}), which is what the tables have for the "
                        "new place: give the lever a pue where it is known",
                        short_text(name_of(lever)),
                        short_text(plan.name),
                        now.value,
                        then.value,
                        then.low,
                        then.high));
    }
}

// Hours of own hardware that no work needs any more do not make its making smaller.
void note_freed_hours(const Inventory& inventory, WhatIf& out) {
    if (inventory.hardware_follows_work) return;
    double freed = 0;
    std::string names;
    // As many fleets in both, in the order of the inventory.
    for (std::size_t i = 0; i < inventory.fleets.size(); ++i) {
        if (inventory.fleets[i].utilisation) continue;
        const double more = out.after.fleets[i].idle_hours - out.before.fleets[i].idle_hours;
        if (!(more > 1e-9 * out.after.fleets[i].owned_hours)) continue;
        freed += more;
        names += (names.empty() ? "" : ", ") + short_text(inventory.fleets[i].name);
    }
    if (freed > 0)
        out.notes.push_back(
            fmt::format("the {:.6g} unit-hours freed on {} become idle, and their making "
                        "stays: hardware_follows_work = true takes the hardware away too",
                        freed,
                        names));
}

constexpr std::array<AccountPhase, kAccountPhases> kPhases{AccountPhase::data,
                                                           AccountPhase::experimentation,
                                                           AccountPhase::training,
                                                           AccountPhase::finetuning,
                                                           AccountPhase::inference,
                                                           AccountPhase::no_phase,
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
            if (!account.embodied_known())
                return Error{ErrorCode::not_found,
                             "nothing is known of the making of the hardware",
                             "--basis",
                             "Give hours with a chip or fleet, or embodied_kgco2e"};
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
    MeanPowerOnce power(tables);
    std::optional<Error> failure;
    const std::size_t all = (std::size_t{1} << levers.size()) - 1;
    const auto worth = [&](std::size_t mask) {
        if (failure) return 0.0;
        std::vector<Lever> chosen;
        for (std::size_t i = 0; i < levers.size(); ++i)
            if ((mask >> i & 1U) != 0) chosen.push_back(levers[i]);
        const Result<Inventory> changed = with_levers(inventory, chosen);
        Result<Account> reckoned =
            changed ? account(*changed, tables, power) : Result<Account>(changed.error());
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
        note_pue(inventory, lever, tables, out);
    }
    note_freed_hours(inventory, out);
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
    const double dust = kDust * std::max(out.by_cause.from, out.by_cause.to);
    std::map<AccountPhase, PhaseFactors> all_a = factors_of(from);
    std::map<AccountPhase, PhaseFactors> all_b = factors_of(to);
    for (const AccountPhase phase : kPhases) {
        const PhaseFactors& a = all_a[phase];
        const PhaseFactors& b = all_b[phase];
        const auto step = [&](Waterfall& waterfall, std::string cause, double delta) {
            if (std::fabs(delta) > dust) waterfall.steps.push_back({std::move(cause), delta});
        };
        const std::string name = to_string(phase);
        step(out.by_phase, name + ", operational", b.operational_kgco2e - a.operational_kgco2e);
        step(out.by_phase, name + ", embodied", b.embodied_kgco2e - a.embodied_kgco2e);

        const std::vector<double> parts = by_cause(a, b);
        step(out.by_cause, name + ": energy of the work", parts[0]);
        step(out.by_cause, name + ": mix of sites", parts[1]);
        step(out.by_cause, name + ": PUE", parts[2]);
        step(out.by_cause, name + ": grid intensity", parts[3]);
        step(out.by_cause, name + ": hardware", b.embodied_kgco2e - a.embodied_kgco2e);
    }
    return out;
}

Result<Projection> project(const Account& account, const Inventory& inventory, int years) {
    ABATE_REQUIRE(years >= 0 && years <= 100);
    Projection out;
    out.phases = phases_of(account.lines);
    std::map<AccountPhase, PhaseFactors> all = factors_of(account);
    for (int year = 0; year <= years; ++year) {
        ProjectionYear row;
        row.year = year;
        const double grid = std::pow(inventory.intensity_per_year, year);
        for (const AccountPhase phase : out.phases) {
            const PhaseFactors& now = all[phase];
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
        for (const double kg :
             {row.total_kgco2e, row.without_rebound_kgco2e, row.without_efficiency_kgco2e})
            if (!std::isfinite(kg))
                return Error{ErrorCode::out_of_range,
                             fmt::format("growth leaves all numbers behind in year {}", year),
                             "--years",
                             fmt::format("Use fewer than {}, or smaller rates in [growth]", year)};
        out.years.push_back(std::move(row));
    }
    return out;
}

}  // namespace abate::footprint
