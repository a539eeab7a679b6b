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
                       AccountPhase::inference,
                       AccountPhase::no_phase};
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

// Hours reserved and u = 1: what a fleet with `utilisation` charges beyond that is idle, which is nobody's software.
Line reserved(Line line) {
    std::erase_if(line.factors,
                  [](const Factor& factor) { return factor.role == FactorRole::use_of_fleet; });
    return line;
}

// What each service counts: "assistant counts requests, search counts tokens".
std::string counted_words(const Account& account) {
    std::map<std::string, std::string> units;
    for (const Served& served : account.served) {
        std::string& words = units[served.activity];
        words += (words.empty() ? "" : " and ") + served.unit + "s";
    }
    std::string out;
    for (const auto& [service, words] : units)
        out += (out.empty() ? "" : ", ") + fmt::format("'{}' counts {}", service, words);
    return out;
}

Result<void> known_service(const Account& account, const std::string& service) {
    if (service.empty()) return {};
    std::set<std::string> names;
    for (const Line& line : account.lines)
        if (line.phase == AccountPhase::inference) names.insert(line.activity);
    if (names.contains(service)) return {};
    const std::vector<std::string> near = nearest(service, {names.begin(), names.end()}, 1);
    return Error{ErrorCode::not_found,
                 fmt::format("the account has no service '{}'", service),
                 "--service",
                 !near.empty()   ? fmt::format("Did you mean '{}'?", near.front())
                 : names.empty() ? "A service is a row of [[inference]]"
                                 : "Services are " + listed(names)};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): of a line, as asked for
bool is_of(const std::string& activity, const std::string& service) {
    return service.empty() || activity == service;
}

Result<FunctionalUnit> counted(const Account& account,
                               FunctionalUnit unit,
                               const std::string& service) {
    unit.name = singular(unit.name);
    if (unit.count > 0 && std::isfinite(unit.count)) return unit;
    if (unit.count != 0)
        return Error{ErrorCode::invalid_argument,
                     fmt::format("{} {}s make no functional unit", unit.count, unit.name),
                     "--per",
                     "Give a count above 0"};
    std::map<std::string, double> counts;
    std::set<std::string> without;
    std::map<std::string, double> served;
    for (const Served& row : account.served)
        if (row.unit == unit.name) served[row.activity] = row.count;
    for (const Line& line : account.lines) {
        if (line.phase != AccountPhase::inference || line.kind != Kind::operational ||
            !is_of(line.activity, service))
            continue;
        const auto found = served.find(line.activity);
        if (found == served.end()) {
            without.insert(line.activity);
        } else {
            counts[line.activity] = found->second;
        }
    }
    if (counts.empty() || !without.empty())
        return Error{
            ErrorCode::invalid_argument,
            without.empty()
                ? fmt::format("the account serves nothing, so it counts no {}s", unit.name)
                : fmt::format("nothing says how many {}s {} had", unit.name, listed(without)),
            "--per",
            counts.empty() || !service.empty()
                ? fmt::format("Write --per {}=COUNT", unit.name)
                : fmt::format("Write --per {0}=COUNT, or choose one service with --service: {1}",
                              unit.name,
                              counted_words(account))};
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
               const FunctionalUnit& unit,
               const std::string& service = {}) {
    SciScore out;
    out.boundary = std::move(boundary);
    out.unit = unit;
    std::vector<Line> lines;
    std::set<std::string> with_hardware;
    std::set<std::string> with_energy;
    for (const Line& line : account.lines) {
        if (!has(phases, line.phase) || !is_of(line.activity, service)) continue;
        lines.push_back(reserved(line));
        (line.kind == Kind::embodied ? with_hardware : with_energy).insert(line.activity);
    }
    for (const AccountPhase phase : phases_of(lines))
        out.covers += (out.covers.empty() ? "" : ", ") + std::string(to_string(phase));
    if (!service.empty()) out.covers += " (" + service + ")";
    out.embodied_known = !with_hardware.empty() || with_energy.empty();
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
        out.notes.push_back("M lacks the hardware of " + listed(without) +
                            ", of which the account has no hours: the score is too low");
    if (lines.empty()) out.notes.emplace_back("the account has nothing inside this boundary");
    return out;
}

}  // namespace

Result<std::vector<SciScore>> sci_scores(const Account& account, const FilingOptions& options) {
    std::vector<SciScore> out;
    if (options.per) {
        const Result<void> known = known_service(account, options.service);
        if (!known) return known.error();
        const Result<FunctionalUnit> unit = counted(account, *options.per, options.service);
        if (!unit) return unit.error();
        // No rule spreads what services share over one of them.
        if (options.service.empty()) out.push_back(score(account, "software", kSoftware, *unit));
        out.push_back(score(account, "consumer", kConsumer, *unit, options.service));
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
