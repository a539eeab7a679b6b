// What the rules and the figures say: cap, benchmark, allocation, true-up.
#include "abate/scheme/activity_level.h"
#include "abate/scheme/allocation.h"
#include "abate/scheme/cap.h"
#include "abate/scheme/cessation.h"
#include "abate/scheme/decide.h"
#include "abate/scheme/fraction.h"
#include "abate/scheme/obligation.h"
#include "abate/scheme/period.h"

#include <algorithm>
#include <array>
#include <set>

namespace abate::scheme {
namespace {

constexpr std::size_t kMostDigits = 400;  // of a Fraction
constexpr std::int64_t kSampleYears = 5;
constexpr std::uint64_t kMicrojoulesPerKwh = 3'600'000'000'000;

std::optional<Big> big_of(const std::string& digits) {
    if (digits.empty() || digits.size() > kMostDigits ||
        digits.find_first_not_of("0123456789") != std::string::npos)
        return std::nullopt;
    // By hand: a leading 0 would mean octal.
    Big out = 0;
    for (const char digit : digits) out = out * 10 + (digit - '0');
    return out;
}

std::uint64_t output_of(const FinalFigures& figures, const std::string& service_class) {
    for (const FinalOutput& output : figures.output)
        if (output.service_class == service_class) return output.output_gflop;
    return 0;
}

// Figures of a year, of whoever has final ones: monitoring's, and the baseline's where it has none.
std::map<ParticipantId, const FinalFigures*> figures_in(const State& state, std::int64_t year) {
    std::map<ParticipantId, const FinalFigures*> out;
    for (const auto* figures : {&state.monitoring.figures, &state.period.baseline})
        for (const auto& [whose, of_it] : *figures)
            if (whose.year == year) out.emplace(whose.participant, &of_it);
    return out;
}

const BenchmarkLine* line_of(const BenchmarkStatement& statement,
                             const std::string& service_class) {
    for (const BenchmarkLine& line : statement.lines)
        if (line.service_class == service_class) return &line;
    return nullptr;
}

std::optional<ServiceClassId> class_id(const Rules& rules, const std::string& service_class) {
    const auto& classes = rules.benchmark.classes;
    for (std::size_t i = 0; i < classes.size(); ++i)
        if (classes[i].name == service_class)
            return static_cast<ServiceClassId>(static_cast<std::uint32_t>(i + 1));
    return std::nullopt;
}

// C in ppm: between the least and the most of the rules, by the part of the energy that is matched.
std::uint32_t clean_ppm_of(const State& state, const Rules& rules, const ParticipantYear& whose) {
    const std::int64_t least = rules.allocation.clean_min.value;
    const std::int64_t most = rules.allocation.clean_max.value;
    const FinalFigures* figures = figures_of(state, whose);
    if (least == most || figures == nullptr || figures->central.count() <= 0)
        return static_cast<std::uint32_t>(least);
    Big matched = 0;
    for (const auto& [id, certificate] : state.period.certificates)
        if (certificate.participant == whose.participant && certificate.year == whose.year)
            matched += Big(certificate.matched_kwh) * kMicrojoulesPerKwh;
    const Big energy = to_big(figures->central);
    const Big added =
        floor_div({.dividend = std::min(matched, energy) * (most - least), .divisor = energy});
    return static_cast<std::uint32_t>(least + added.convert_to<std::int64_t>());
}

// What decides O of one participant and class, for the allocation of a year.
struct Basis {
    enum class Kind : std::uint8_t { none, waits, ready, entrant } kind = Kind::none;
    ActivityYears years = {};
    ActivityState activity = {};
    std::uint64_t output_gflop = 0;
    std::int64_t figures_year = 0;  // that coverage and certificates are of
};

Basis basis_of(const State& state, const Rules& rules, const ActivityKey& key) {
    Basis out;
    const Activity* before = activity_before(state, key);
    const EntrantStage stage =
        before != nullptr ? entrant_stage({.first_whole_year =
                                               static_cast<std::int32_t>(before->first_whole_year),
                                           .allocation_year = static_cast<std::int32_t>(key.year)})
                          : EntrantStage::own_year;
    if (stage == EntrantStage::own_year) {
        out.figures_year = key.year;
        const FinalFigures* own =
            figures_of(state, {.participant = key.participant, .year = key.year});
        if (own == nullptr) return out;
        out.output_gflop = output_of(*own, key.service_class);
        out.kind = Basis::Kind::entrant;
        return out;
    }
    out.kind = Basis::Kind::waits;
    out.figures_year = key.year - 1;
    const FinalFigures* last =
        figures_of(state, {.participant = key.participant, .year = key.year - 1});
    if (last == nullptr) return out;
    out.activity = {.historical_gflop = before->historical_gflop,
                    .twice_basis_gflop = before->twice_basis_gflop,
                    .band = before->band};
    out.years.last_year = output_of(*last, key.service_class);
    if (stage == EntrantStage::adjusted) {
        const FinalFigures* earlier =
            figures_of(state, {.participant = key.participant, .year = key.year - 2});
        if (earlier == nullptr) return out;
        out.years.year_before_last = output_of(*earlier, key.service_class);
        const ActivityRule rule{
            .threshold_ppm = static_cast<std::uint32_t>(rules.allocation.activity_threshold.value),
            .band_ppm = static_cast<std::uint32_t>(rules.allocation.activity_band.value)};
        const Result<ActivityState> after = adjust_activity(out.activity, out.years, rule);
        if (!after) return out;  // output that no firm has: it waits for figures that are right
        out.activity = *after;
    }
    out.output_gflop = out.activity.basis_gflop();
    out.kind = Basis::Kind::ready;
    return out;
}

// kappa x O x B x C / u, rounded down, with kappa and the scale of C of the year's own allocation.
std::int64_t worth(const AllocationTable& table, const Rules& rules, const AllocationClaim& claim) {
    const std::optional<Ratio> kappa = to_ratio(table.kappa);
    const std::optional<Ratio> scale = to_ratio(table.clean_scale);
    if (!kappa || !scale) return 0;
    const AllowanceUnit unit = unit_of(rules);
    constexpr std::uint64_t kAjGflopPerJoule = 1'000'000'000;
    const Big exact = Big(claim.output_gflop) * claim.benchmark_aj_per_flop * claim.clean_ppm *
                      unit.per * kappa->numerator * scale->numerator;
    const Big divisor =
        Big(unit.joules) * kAjGflopPerJoule * kappa->denominator * scale->denominator;
    const Big whole = floor_div({.dividend = exact, .divisor = divisor});
    return whole > INT64_MAX ? INT64_MAX : whole.convert_to<std::int64_t>();
}

struct Deserved {
    Basis basis = {};
    std::uint64_t benchmark_aj_per_flop = 0;
    std::uint32_t clean_ppm = 0;
    std::int64_t allowances = 0;
    bool known = false;
    // A new entrant's own output ends when it ceases: no part of it is taken.
    [[nodiscard]] Earned earned() const {
        return {.allowances = allowances, .of_the_part = basis.kind == Basis::Kind::entrant};
    }
};

// REQUIRES: a final allocation and benchmark; totals of the basis's year.
Deserved deserved_of(const State& state, const Period& period, const ActivityKey& key) {
    Deserved out;
    const BenchmarkLine* benchmark = line_of(*period.benchmark, key.service_class);
    const std::optional<ServiceClassId> service = class_id(period.rules, key.service_class);
    if (benchmark == nullptr || !service) return out;
    out.basis = basis_of(state, period.rules, key);
    if (out.basis.kind != Basis::Kind::ready && out.basis.kind != Basis::Kind::entrant) return out;
    out.known = true;
    out.benchmark_aj_per_flop = benchmark->aj_per_flop;
    out.clean_ppm = clean_ppm_of(
        state, period.rules, {.participant = key.participant, .year = out.basis.figures_year});
    const AllocationTable& table = period.allocation->table;
    // As it was allocated, where nothing changed: the unit that a largest remainder brought stays.
    for (const AllocationLine& line : table.lines)
        if (line.participant == key.participant && line.service_class == key.service_class &&
            line.output_gflop == out.basis.output_gflop && line.clean_ppm == out.clean_ppm) {
            out.allowances = line.allowances;
            return out;
        }
    out.allowances = worth(table,
                           period.rules,
                           {.participant = key.participant,
                            .service = *service,
                            .output_gflop = out.basis.output_gflop,
                            .benchmark_aj_per_flop = out.benchmark_aj_per_flop,
                            .clean_ppm = out.clean_ppm});
    return out;
}

CapPath path_of(const CapRules& rules) {
    CapPath path{.base = rules.first_cap,
                 .base_year = static_cast<std::int32_t>(rules.first_year),
                 .steps = {},
                 .rebasings = {}};
    for (const ReductionStep& step : rules.reduction_steps)
        path.steps.push_back({.first_year = static_cast<std::int32_t>(step.first_year),
                              .ppm = static_cast<std::uint32_t>(step.of_first_cap.value)});
    for (const Rebasing& rebasing : rules.rebasings)
        path.rebasings.push_back(
            {.year = static_cast<std::int32_t>(rebasing.year), .amount = rebasing.allowances});
    return path;
}

std::int64_t step_by(const StabilityRules& rules, const StabilityState& now) {
    return stability_step(now,
                          {.upper = rules.upper,
                           .middle = rules.middle,
                           .lower = rules.lower,
                           .release = rules.release,
                           .withhold_ppm = static_cast<std::uint32_t>(rules.withhold.value)})
        .value_or(0);
}

// The year's step of the stability reserve.
Reason add_stability(const State& state, const Period& period, CapParts& parts) {
    const std::int64_t year = period.moments.year;
    const StabilityRules& rules = period.rules.stability;
    if (!rules.reserve) return Reason::ok;
    // Year by year: what is in the reserve is known when the year before is issued.
    const Period* before = find_period(state, year - 1);
    if (before != nullptr && (!before->cap || before->cap->steps.stage != Stage::issued))
        return Reason::cap_not_issued;
    parts.in_reserve = state.period.in_stability_reserve;
    if (find_period(state, year - 2) == nullptr) return Reason::ok;
    const auto said = state.period.circulation.find(year - 2);
    if (said == state.period.circulation.end()) return Reason::circulation_not_published;
    parts.circulation_year = year - 2;
    parts.in_circulation = said->second.figures.in_circulation;
    const std::int64_t step =
        step_by(rules, {.in_circulation = parts.in_circulation, .in_reserve = parts.in_reserve});
    if (step > 0) {
        parts.withheld = std::min(step, parts.auction);
        parts.auction -= parts.withheld;
    } else {
        parts.released = -step;
    }
    return Reason::ok;
}

bool is_final(const std::optional<AllocationStatement>& statement) {
    return statement && statement->steps.stage != Stage::proposed;
}

// Each its part of what is there: floors, and the rest by largest remainder, the first where they are equal.
void share_out(std::vector<TrueUpLine>& lines, std::int64_t available) {
    Big sum = 0;
    std::vector<Big> weights;
    for (const TrueUpLine& line : lines) {
        weights.emplace_back(line.amount);
        sum += line.amount;
    }
    if (sum <= available) return;
    const std::vector<Apportioned> parts =
        apportion(weights, {.numerator = available, .denominator = sum}, available);
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i].amount = parts[i].whole;
    lines.erase(
        std::remove_if(
            lines.begin(), lines.end(), [](const TrueUpLine& line) { return line.amount == 0; }),
        lines.end());
}

}  // namespace

Fraction to_fraction(const Ratio& ratio) {
    const Big divisor = boost::multiprecision::gcd(ratio.numerator, ratio.denominator);
    return {.numerator = to_string(Big(ratio.numerator / divisor)),
            .denominator = to_string(Big(ratio.denominator / divisor))};
}

std::optional<Ratio> to_ratio(const Fraction& fraction) {
    const std::optional<Big> numerator = big_of(fraction.numerator);
    const std::optional<Big> denominator = big_of(fraction.denominator);
    if (!numerator || !denominator || *denominator == 0) return std::nullopt;
    return Ratio{.numerator = *numerator, .denominator = *denominator};
}

const Activity* activity_before(const State& state, const ActivityKey& key) {
    auto at = state.period.activity.lower_bound(key);
    if (at == state.period.activity.begin()) return nullptr;
    --at;
    return at->first.participant == key.participant && at->first.service_class == key.service_class
               ? &at->second
               : nullptr;
}

const Period* find_period(const State& state, std::int64_t year) {
    const auto found = state.period.years.find(year);
    return found == state.period.years.end() ? nullptr : &found->second;
}

const FinalFigures* figures_of(const State& state, const ParticipantYear& whose) {
    if (const FinalFigures* of = final_figures(state.monitoring, whose)) return of;
    const auto found = state.period.baseline.find(whose);
    return found == state.period.baseline.end() ? nullptr : &found->second;
}

AllowanceUnit unit_of(const Rules& rules) {
    if (rules.unit == Unit::kwh) return kilowatt_hour_unit();
    const Result<AllowanceUnit> unit =
        kilogram_unit({.milligrams_per_kilowatt_hour =
                           static_cast<std::uint64_t>(rules.frozen_gco2e_per_kwh) * 1000});
    return unit ? *unit : kilowatt_hour_unit();  // check_rules has seen the factor
}

std::int64_t allowances_for(Microjoules energy, const Rules& rules) {
    if (energy.count() <= 0) return 0;
    return obligation(energy, unit_of(rules)).value_or(INT64_MAX);
}

AccountId first_account(const State& state, ParticipantId participant, AccountKind kind) {
    for (const auto& [id, account] : state.accounts)
        if (account.participant == participant && account.kind == kind && !account.closed)
            return id;
    return {};
}

GroupTotals group_totals(const State& state, const Rules& rules, std::int64_t year) {
    GroupTotals out;
    for (const auto& [participant, figures] : figures_in(state, year)) {
        const auto found = state.participants.find(participant);
        if (found != state.participants.end())
            out[found->second.group] += allowances_for(figures->obligated, rules);
    }
    return out;
}

bool is_covered(const State& state,
                const Rules& rules,
                ParticipantId participant,
                const GroupTotals& totals) {
    const auto found = state.participants.find(participant);
    if (found == state.participants.end()) return false;
    if (found->second.sort == ParticipantSort::opted_in) return true;
    if (found->second.sort != ParticipantSort::obligated) return false;
    const auto total = totals.find(found->second.group);
    return (total == totals.end() ? Int128{0} : total->second) >=
           rules.coverage.threshold_allowances;
}

Derived<std::int64_t> cap_of_year(const Period& period) {
    const CapRules& rules = period.rules.cap;
    const std::int64_t year = period.moments.year;
    const Result<std::int64_t> on_path =
        linear_cap(path_of(rules), static_cast<std::int32_t>(year));
    if (!on_path)
        return {.reason = on_path.error().code == ErrorCode::out_of_range
                              ? Reason::figures_out_of_range
                              : Reason::rules_invalid};
    const Big cap = Big(*on_path) - Big(rules.reduction_per_year) * (Big(year) - rules.first_year);
    return {.value = cap <= 0 ? 0 : cap.convert_to<std::int64_t>()};
}

Derived<CapParts> derive_cap(const State& state, std::int64_t year) {
    const Period* period = find_period(state, year);
    if (period == nullptr) return {.reason = Reason::period_not_open};
    const CapRules& rules = period->rules.cap;
    Derived<CapParts> out;
    if (!has_cap(period->rules)) {
        if (!is_final(period->allocation)) return {.reason = Reason::allocation_not_final};
        out.value.free_ceiling = period->allocation->table.total;
        out.value.cap = out.value.free_ceiling;
        return out;
    }
    const Derived<std::int64_t> whole = cap_of_year(*period);
    if (whole.reason != Reason::ok) return {.reason = whole.reason};
    out.value.cap = whole.value;
    const Big cap = out.value.cap;
    struct Part {
        Ppm share;
        std::int64_t* amount;
    };
    std::array<Part, 4> parts{Part{rules.free_share, &out.value.free_ceiling},
                              Part{rules.auction_share, &out.value.auction},
                              Part{rules.entrant_share, &out.value.entrant_reserve},
                              Part{rules.containment_share, &out.value.containment_reserve}};
    std::int64_t left = out.value.cap;
    Part* largest = parts.data();
    for (Part& part : parts) {
        *part.amount =
            share_of(cap, static_cast<std::uint32_t>(part.share.value)).convert_to<std::int64_t>();
        left -= *part.amount;
        if (part.share > largest->share) largest = &part;
    }
    *largest->amount += left;
    out.reason = add_stability(state, *period, out.value);
    return out;
}

Derived<Circulation> derive_circulation(const State& state,
                                        const registry::Registry& books,
                                        std::int64_t year) {
    const Period* period = find_period(state, year);
    if (period == nullptr) return {.reason = Reason::period_not_open};
    // A reserve that begins later needs the circulation of years before it.
    const bool reserve =
        state.rules.stability.reserve ||
        std::any_of(state.period.years.begin(), state.period.years.end(), [](const auto& each) {
            return each.second.rules.stability.reserve;
        });
    if (!reserve) return {.reason = Reason::no_stability_reserve};
    Int128 issued = 0;
    Int128 with_scheme = 0;
    Int128 in_reserve = 0;
    Int128 retired = 0;
    for (const auto& [id, account] : state.accounts) {
        // What is consigned is its holders'.
        if (account.participant != ParticipantId{} || id == kConsignment) continue;
        const auto view = books.account(id);
        if (!view) continue;
        for (const registry::Balance& balance : view->balances) {
            if (balance.asset == registry::Asset::cash ||
                static_cast<std::int64_t>(balance.asset) > year)
                continue;
            if (account.kind == AccountKind::issuance) {
                issued -= balance.posted;
            } else if (account.kind == AccountKind::retirement) {
                retired += balance.posted;
            } else if (id == kStabilityReserve) {
                in_reserve += balance.posted;
            } else {
                with_scheme += balance.posted;
            }
        }
    }
    Derived<Circulation> out;
    Circulation& figures = out.value;
    figures = {.issued = sum_within(0, issued),
               .with_scheme = sum_within(0, with_scheme),
               .in_reserve = sum_within(0, in_reserve),
               .retired = sum_within(0, retired),
               .outstanding = outstanding_of_all(state, year)};
    figures.in_circulation = sum_within(
        0,
        std::max(Int128{0},
                 issued - with_scheme - in_reserve - retired - Int128{figures.outstanding}));
    return out;
}

YearFigures figures_of_year(const State& state, std::int64_t year) {
    YearFigures out;
    const Period* period = find_period(state, year);
    if (period == nullptr) return out;
    for (const auto& [id, participant] : state.participants) {
        const ParticipantYear whose{.participant = id, .year = year};
        if (!is_obligated(participant.sort) || participant.since >= period->moments.end ||
            !operates_in(state, whose))
            continue;
        ++out.obligated;
        if (final_figures(state.monitoring, whose) == nullptr) out.missing.push_back(id);
    }
    return out;
}

Reason check_publishing(const State& state, std::int64_t year, Timestamp now) {
    if (now < find_period(state, year)->moments.report_due) return Reason::circulation_too_early;
    if (state.period.circulation.count(year) != 0) return Reason::circulation_already_said;
    return figures_of_year(state, year).missing.empty() ? Reason::ok : Reason::figures_not_final;
}

std::int64_t step_of_circulation(const State& state, const PublishCirculation& said) {
    const Period* period = find_period(state, said.year + 2);
    const StabilityRules& rules =
        period == nullptr ? state.rules.stability : period->rules.stability;
    if (!rules.reserve) return 0;
    return step_by(rules,
                   {.in_circulation = said.figures.in_circulation,
                    .in_reserve = state.period.in_stability_reserve});
}

Derived<std::vector<BenchmarkLine>> derive_benchmark(const State& state, const Sample& asked) {
    const std::int64_t year = asked.year;
    const std::int64_t sample_year = asked.sample_year;
    const Period* period = find_period(state, year);
    if (period == nullptr) return {.reason = Reason::period_not_open};
    if (sample_year >= year || sample_year < year - kSampleYears)
        return {.reason = Reason::sample_year_not_allowed};
    const BenchmarkRules& rules = period->rules.benchmark;
    const BenchmarkRule rule{
        .method = rules.method,
        .best_ppm = static_cast<std::uint32_t>(rules.best_share.value),
        .mean_share_ppm = static_cast<std::uint32_t>(rules.mean_factor.value),
        .least_groups = static_cast<std::uint32_t>(rules.min_groups),
        .most_output_ppm = static_cast<std::uint32_t>(rules.max_group_share.value)};
    const auto rate = static_cast<std::uint32_t>(rules.tightening.value);
    const auto figures = figures_in(state, sample_year);
    const auto tightened = [&](std::uint64_t from, std::int64_t years) {
        return tighten({.old_aj_per_flop = from,
                        .measured_aj_per_flop = from,
                        .measured_years = 1,
                        .applied_years = static_cast<std::uint32_t>(years)},
                       {.least_ppm_per_year = rate, .most_ppm_per_year = rate})
            .value_or(0);
    };
    Derived<std::vector<BenchmarkLine>> out;
    for (const ServiceClass& service : rules.classes) {
        std::vector<BenchmarkRow> sample;
        for (const auto& [participant, of_it] : figures) {
            const auto whose = state.participants.find(participant);
            const std::uint64_t output = output_of(*of_it, service.name);
            if (whose == state.participants.end() || output == 0) continue;
            Big all = 0;
            for (const FinalOutput& each : of_it->output) all += each.output_gflop;
            const Result<Microjoules> energy = to_microjoules(
                floor_div({.dividend = to_big(of_it->central) * output, .divisor = all}),
                "the energy of a class");
            if (!energy || energy->count() <= 0) continue;
            sample.push_back({.participant = participant,
                              .group = whose->second.group,
                              .output_gflop = output,
                              .energy = *energy,
                              .eligible = of_it->sample_eligible && !of_it->determined});
        }
        BenchmarkLine line{.service_class = service.name};
        const Result<Benchmark> measured = make_benchmark(sample, rule);
        if (measured) {
            line.sample_aj_per_flop = measured->aj_per_flop;
            line.aj_per_flop = measured->aj_per_flop == 0
                                   ? 0
                                   : tightened(measured->aj_per_flop, year - sample_year);
            line.method = measured->method;
            line.finding = measured->finding;
            line.dominant = measured->dominant;
            line.firms = measured->firms;
            line.left_out = measured->left_out;
            line.groups = measured->groups;
            line.best = measured->best;
            line.mean_aj_per_flop = measured->mean_aj_per_flop;
        } else if (measured.error().code != ErrorCode::not_found) {
            return {.reason = Reason::figures_out_of_range};
        } else {
            line.method = rules.method;
            line.left_out = static_cast<std::uint32_t>(sample.size());
        }
        for (auto at = state.period.years.rbegin(); at != state.period.years.rend(); ++at) {
            const std::optional<BenchmarkStatement>& old = at->second.benchmark;
            if (at->first >= year || !old || old->steps.stage == Stage::proposed) continue;
            const BenchmarkLine* last = line_of(*old, service.name);
            if (last == nullptr || last->aj_per_flop == 0) continue;
            const std::uint64_t most = tightened(last->aj_per_flop, year - at->first);
            if (line.aj_per_flop == 0 || most < line.aj_per_flop) line.aj_per_flop = most;
            break;
        }
        if (line.aj_per_flop != 0) out.value.push_back(std::move(line));
    }
    return out;
}

Derived<AllocationTable> derive_allocation(const State& state, std::int64_t year) {
    const Period* period = find_period(state, year);
    if (period == nullptr) return {.reason = Reason::period_not_open};
    if (!period->benchmark || period->benchmark->steps.stage == Stage::proposed)
        return {.reason = Reason::benchmark_not_final};
    const Rules& rules = period->rules;
    if (has_cap(rules) && (!period->cap || period->cap->steps.stage == Stage::proposed))
        return {.reason = Reason::cap_not_final};

    const GroupTotals totals = group_totals(state, rules, year - 1);
    Derived<AllocationTable> out;
    std::vector<AllocationClaim> claims;
    std::map<std::pair<ParticipantId, ServiceClassId>, AllocationLine> lines;
    std::set<ParticipantId> left_out;
    for (auto at = state.period.activity.begin(); at != state.period.activity.end();) {
        const ActivityKey key{.participant = at->first.participant,
                              .service_class = at->first.service_class,
                              .year = year};
        at = state.period.activity.upper_bound({.participant = key.participant,
                                                .service_class = key.service_class,
                                                .year = INT64_MAX});
        const BenchmarkLine* benchmark = line_of(*period->benchmark, key.service_class);
        const std::optional<ServiceClassId> service = class_id(rules, key.service_class);
        if (benchmark == nullptr || !service || !is_obligated(state, key.participant) ||
            !is_allocated_to(state, {.participant = key.participant, .year = year}))
            continue;
        const Basis basis = basis_of(state, rules, key);
        if (basis.kind == Basis::Kind::waits) left_out.insert(key.participant);
        if (basis.kind != Basis::Kind::ready || !is_covered(state, rules, key.participant, totals))
            continue;
        const std::uint32_t clean =
            clean_ppm_of(state, rules, {.participant = key.participant, .year = year - 1});
        claims.push_back({.participant = key.participant,
                          .service = *service,
                          .output_gflop = basis.output_gflop,
                          .benchmark_aj_per_flop = benchmark->aj_per_flop,
                          .clean_ppm = clean});
        lines[{key.participant, *service}] = {
            .participant = key.participant,
            .service_class = key.service_class,
            .historical_gflop = basis.activity.historical_gflop,
            .year_before_last_gflop = basis.years.year_before_last,
            .last_year_gflop = basis.years.last_year,
            .twice_basis_gflop = basis.activity.twice_basis_gflop,
            .band = basis.activity.band,
            .output_gflop = basis.output_gflop,
            .benchmark_aj_per_flop = benchmark->aj_per_flop,
            .clean_ppm = clean};
    }
    if (claims.empty()) return {.reason = Reason::nothing_to_allocate};

    AllocationRule rule{.unit = unit_of(rules), .renormalise = rules.allocation.renormalise_clean};
    if (has_cap(rules) && rules.allocation.correction_factor)
        rule.ceiling = period->cap->parts.free_ceiling;
    const Result<Allocation> all = allocate(claims, rule);
    if (!all) return {.reason = Reason::figures_out_of_range};
    if (has_cap(rules) && all->total > period->cap->parts.free_ceiling)
        return {.reason = Reason::allocation_above_ceiling};

    AllocationTable& table = out.value;
    table.kappa = to_fraction(all->kappa);
    table.preliminary = to_fraction(all->preliminary);
    table.total = all->total;
    table.left_out.assign(left_out.begin(), left_out.end());
    for (const AllocationRow& row : all->rows) {
        AllocationLine& line = lines[{row.claim.participant, row.claim.service}];
        line.clean = to_fraction(row.clean);
        line.preliminary = to_fraction(row.preliminary);
        line.floor = row.floor;
        line.allowances = row.allowances;
        table.lines.push_back(std::move(line));
        // C = scale x clean_ppm, one scale for all.
        if (row.claim.clean_ppm != 0)
            table.clean_scale =
                to_fraction({.numerator = row.clean.numerator,
                             .denominator = Big(row.clean.denominator * row.claim.clean_ppm)});
    }
    return out;
}

std::int64_t deserved_allowances(const State& state, const ActivityKey& whose) {
    const auto found = state.period.given.find(whose);
    const std::int64_t given = found == state.period.given.end() ? 0 : found->second;
    const ParticipantYear of{.participant = whose.participant, .year = whose.year};
    if (!operates_in(state, of)) return 0;
    const Period* period = find_period(state, whose.year);
    if (period == nullptr || !period->benchmark || !is_final(period->allocation)) return given;
    const Deserved deserved = deserved_of(state, *period, whose);
    // A part of what was given would be another one each time that some of it came back.
    return kept_allocation(
        state,
        of,
        deserved.known ? deserved.earned() : Earned{.allowances = given, .of_the_part = true});
}

Derived<std::vector<TrueUpLine>> derive_true_up(const State& state, const Reserve& reserve) {
    const std::int64_t year = reserve.year;
    const Period* period = find_period(state, year);
    if (period == nullptr) return {.reason = Reason::period_not_open};
    if (!is_final(period->allocation) || !period->benchmark)
        return {.reason = Reason::allocation_not_final};
    if (!period->cap || period->cap->steps.stage != Stage::issued)
        return {.reason = Reason::cap_not_issued};
    // Whose allocation has not reached it yet waits for that.
    const std::vector<ParticipantId> waiting = not_issued_yet(state, *period);
    const GroupTotals last = group_totals(state, period->rules, year - 1);
    const GroupTotals own = group_totals(state, period->rules, year);
    Derived<std::vector<TrueUpLine>> out;
    for (const auto& [participant, entry] : state.participants) {
        const ParticipantYear whose{.participant = participant, .year = year};
        if (!is_obligated(state, participant) || !operates_in(state, whose) ||
            std::binary_search(waiting.begin(), waiting.end(), participant))
            continue;
        for (const BenchmarkLine& benchmark : period->benchmark->lines) {
            const ActivityKey key{
                .participant = participant, .service_class = benchmark.service_class, .year = year};
            const Deserved deserved = deserved_of(state, *period, key);
            if (!deserved.known) continue;
            const bool entrant = deserved.basis.kind == Basis::Kind::entrant;
            if (!is_covered(state, period->rules, participant, entrant ? own : last)) continue;
            const auto had = state.period.given.find(key);
            const std::int64_t given = had == state.period.given.end() ? 0 : had->second;
            const std::int64_t kept = kept_allocation(state, whose, deserved.earned());
            if (kept <= given) continue;
            out.value.push_back({.participant = participant,
                                 .service_class = benchmark.service_class,
                                 .output_gflop = deserved.basis.output_gflop,
                                 .benchmark_aj_per_flop = deserved.benchmark_aj_per_flop,
                                 .clean_ppm = deserved.clean_ppm,
                                 .entrant = entrant,
                                 .deserved = kept,
                                 .given = given,
                                 .amount = kept - given});
        }
    }
    share_out(out.value, std::max<std::int64_t>(0, reserve.available));
    return out;
}

}  // namespace abate::scheme
