#include "abate/core/nearest.h"
#include "abate/footprint/filing_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace abate::footprint {
namespace {

using Phases = std::vector<AccountPhase>;

// Hours that no software reserved are in no score.
const Phases kSoftware{AccountPhase::data,
                       AccountPhase::experimentation,
                       AccountPhase::training,
                       AccountPhase::finetuning,
                       AccountPhase::inference};
const Phases kConsumer{AccountPhase::inference};
const Phases kProvider{AccountPhase::data,
                       AccountPhase::experimentation,
                       AccountPhase::training,
                       AccountPhase::finetuning};

constexpr std::array<const char*, 3> kProviderUnits{"flop", "training-token", "parameter"};

bool has(const Phases& phases, AccountPhase phase) {
    return std::find(phases.begin(), phases.end(), phase) != phases.end();
}

// "tokens" and "token" are one unit.
std::string singular(std::string name) {
    if (name.size() > 1 && name.back() == 's') name.pop_back();
    return name;
}

std::string list(const std::set<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

// Hours reserved and u = 1: what a fleet with `utilisation` charges beyond that is idle, which is nobody's software.
Line reserved(Line line) {
    std::erase_if(line.factors,
                  [](const Factor& factor) { return factor.role == FactorRole::use_of_fleet; });
    return line;
}

Result<FunctionalUnit> counted(const Account& account, FunctionalUnit unit) {
    unit.name = singular(unit.name);
    if (unit.count > 0 && std::isfinite(unit.count)) return unit;
    if (unit.count != 0)
        return Error{ErrorCode::invalid_argument,
                     fmt::format("{} {}s make no functional unit", unit.count, unit.name),
                     "--per",
                     "Give a count above 0"};
    std::map<std::string, double> counts;
    std::set<std::string> without;
    for (const Line& line : account.lines) {
        if (line.phase != AccountPhase::inference || line.kind != Kind::operational) continue;
        const auto found =
            std::find_if(account.served.begin(), account.served.end(), [&](const Served& served) {
                return served.activity == line.activity && served.unit == unit.name;
            });
        if (found == account.served.end()) {
            without.insert(line.activity);
        } else {
            counts[line.activity] = found->count;
        }
    }
    if (counts.empty() || !without.empty())
        return Error{
            ErrorCode::invalid_argument,
            without.empty()
                ? fmt::format("the account serves nothing, so it counts no {}s", unit.name)
                : fmt::format("nothing says how many {}s {} had", unit.name, list(without)),
            "--per",
            fmt::format("Write --per {}=COUNT", unit.name)};
    unit.count = 0;
    for (const auto& [activity, count] : counts) unit.count += count;
    if (!(unit.count > 0))
        return Error{ErrorCode::invalid_argument,
                     fmt::format("the account counts no {}s", unit.name),
                     "--per",
                     fmt::format("Write --per {}=COUNT", unit.name)};
    unit.source = "the inventory";
    return unit;
}

SciScore score(const Account& account,
               std::string boundary,
               const Phases& phases,
               const FunctionalUnit& unit) {
    SciScore out;
    out.boundary = std::move(boundary);
    out.unit = unit;
    std::vector<Line> lines;
    std::set<std::string> with_hardware;
    std::set<std::string> with_energy;
    for (const Line& line : account.lines) {
        if (!has(phases, line.phase)) continue;
        lines.push_back(reserved(line));
        (line.kind == Kind::embodied ? with_hardware : with_energy).insert(line.activity);
    }
    for (const AccountPhase phase : phases_of(lines))
        out.covers += (out.covers.empty() ? "" : ", ") + std::string(to_string(phase));
    const Amounts sums = amounts(lines);
    out.energy_kwh = sums.energy_kwh;
    out.operational_kgco2e = sums.operational_kgco2e;
    out.embodied_kgco2e = sums.embodied_kgco2e;
    out.total_kgco2e = sums.total_kgco2e;
    out.kgco2e_per_unit = {.value = sums.total_kgco2e.value / unit.count,
                           .low = sums.total_kgco2e.low / unit.count,
                           .high = sums.total_kgco2e.high / unit.count,
                           .kind = sums.total_kgco2e.kind};
    std::set<std::string> without;
    std::set_difference(with_energy.begin(),
                        with_energy.end(),
                        with_hardware.begin(),
                        with_hardware.end(),
                        std::inserter(without, without.end()));
    if (!without.empty())
        out.notes.push_back("M lacks the hardware of " + list(without) +
                            ", of which the account has no hours: the score is too low");
    if (lines.empty()) out.notes.emplace_back("the account has nothing inside this boundary");
    return out;
}

}  // namespace

Result<std::vector<SciScore>> sci_scores(const Account& account, const FilingOptions& options) {
    std::vector<SciScore> out;
    if (options.per) {
        const Result<FunctionalUnit> unit = counted(account, *options.per);
        if (!unit) return unit.error();
        out.push_back(score(account, "software", kSoftware, *unit));
        out.push_back(score(account, "consumer", kConsumer, *unit));
    }
    for (FunctionalUnit unit : options.provider_per) {
        unit.name = singular(unit.name);
        const std::vector<std::string> known(kProviderUnits.begin(), kProviderUnits.end());
        if (std::find(known.begin(), known.end(), unit.name) == known.end()) {
            const std::vector<std::string> near = nearest(unit.name, known, 1);
            return Error{ErrorCode::invalid_argument,
                         fmt::format("a provider score is not per '{}'", unit.name),
                         "--provider-per",
                         near.empty() ? "Use flop, training-token or parameter"
                                      : fmt::format("Did you mean '{}'?", near.front())};
        }
        if (!(unit.count > 0) || !std::isfinite(unit.count))
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("nothing says how many {}s the provider score is per", unit.name),
                "--provider-per",
                fmt::format("Write --provider-per {}=COUNT", unit.name)};
        out.push_back(score(account, "provider", kProvider, unit));
    }
    return out;
}

}  // namespace abate::footprint
