// What free allocation rests on, and how it reaches the accounts: baseline, historical levels, certificates; issue, true-up.
#include "abate/scheme/cessation.h"
#include "abate/scheme/decide.h"
#include "abate/scheme/holding.h"
#include "abate/scheme/period.h"

#include <algorithm>
#include <set>

namespace abate::scheme {
namespace {

constexpr std::uint64_t kMostOutput =
    std::uint64_t{1} << 62;  // GFLOP of a class and year; twice that has still a number
constexpr std::int64_t kMostMatchedKwh = 1'000'000'000'000'000;
constexpr std::int64_t kMostLevelYears = 5;
constexpr Int128 kMostEnergy = Int128{1} << 100;

bool is_class(const Rules& rules, const std::string& name) {
    return std::any_of(rules.benchmark.classes.begin(),
                       rules.benchmark.classes.end(),
                       [&](const ServiceClass& each) { return each.name == name; });
}

std::map<ParticipantId, std::int64_t> sums_of(const AllocationTable& table) {
    std::map<ParticipantId, std::int64_t> out;
    for (const AllocationLine& line : table.lines)
        if (line.allowances > 0)
            out[line.participant] = sum_within(out[line.participant], line.allowances);
    return out;
}

// Who ceased since it was final, and gets nothing by it any more.
bool is_dropped(const State& state, const Period& period, ParticipantId participant) {
    return period.allocation->issued.count(participant) == 0 &&
           !is_allocated_to(state, {.participant = participant, .year = period.moments.year});
}

// Has everybody got theirs, with these.
bool is_complete(const State& state, const Period& period, const std::set<ParticipantId>& with) {
    const std::vector<ParticipantId> waiting = not_issued_yet(state, period);
    return std::includes(with.begin(), with.end(), waiting.begin(), waiting.end());
}

// What nobody gets, of the free ceiling.
std::int64_t left_over(const State& state, const Period& period) {
    Int128 left = Int128{period.cap->parts.free_ceiling} - period.allocation->table.total;
    for (const auto& [participant, sum] : sums_of(period.allocation->table))
        if (is_dropped(state, period, participant)) left += sum;
    return sum_within(0, left);
}

// The mean of the years, rounded down; none: figures of one are not final.
std::optional<std::uint64_t> historical_level(const State& state, const ActivityRow& row) {
    if (row.first_year < registry::kFirstVintage || row.last_year > registry::kLastVintage ||
        row.last_year < row.first_year)
        return std::nullopt;
    Int128 sum = 0;
    for (std::int64_t year = row.first_year; year <= row.last_year; ++year) {
        const FinalFigures* figures =
            figures_of(state, {.participant = row.participant, .year = year});
        if (figures == nullptr) return std::nullopt;
        for (const FinalOutput& output : figures->output)
            if (output.service_class == row.service_class)
                sum += std::min(output.output_gflop, kMostOutput);
    }
    return static_cast<std::uint64_t>(sum / (row.last_year - row.first_year + 1));
}

struct Grant {
    std::int64_t year;
    std::int64_t amount;
};
template <class Line>
void add_given(State& state, const Line& line, const Grant& grant) {
    std::int64_t& given = state.period.given[{
        .participant = line.participant, .service_class = line.service_class, .year = grant.year}];
    given = sum_within(given, grant.amount);
}

void review_group_of(State& state, ParticipantId participant, Timestamp at) {
    const auto found = state.participants.find(participant);
    if (found != state.participants.end()) review_holding(state, found->second.group, at);
}

// The allocation that certificates of a year's energy feed.
const Period* fed_by(const State& state, std::int64_t year) { return find_period(state, year + 1); }

}  // namespace

// ---- baseline and levels

Decision decide(const Look& look, const RecordBaseline& c) {
    if (c.rows.size() > kMostRows) return Reason::list_too_long;
    if (c.rows.empty() || c.source.empty()) return Reason::name_empty;
    if (c.source.size() > kMaxText) return Reason::text_too_long;
    std::set<ParticipantYear> seen;
    for (const BaselineRow& row : c.rows) {
        if (look.state.participants.count(row.participant) == 0) return Reason::unknown_participant;
        if (row.year < registry::kFirstVintage || row.year >= look.state.rules.cap.first_year)
            return Reason::baseline_year_not_before;
        if (!seen.insert({.participant = row.participant, .year = row.year}).second)
            return Reason::row_twice;
        if (row.energy.count() <= 0 || row.energy.count() >= kMostEnergy)
            return Reason::figures_invalid;
        std::set<std::string> classes;
        for (const FinalOutput& output : row.output) {
            if (!is_class(look.state.rules, output.service_class))
                return Reason::service_class_unknown;
            if (!classes.insert(output.service_class).second || output.output_gflop >= kMostOutput)
                return Reason::figures_invalid;
        }
    }
    return {};
}

void fold(State& state, const Done& done, const RecordBaseline& c) {
    for (const BaselineRow& row : c.rows) {
        FinalFigures& figures =
            state.period.baseline[{.participant = row.participant, .year = row.year}];
        figures = {.participant = row.participant,
                   .year = row.year,
                   .version = figures.version + 1,
                   .obligated = row.energy,
                   .central = row.energy,
                   .output = row.output,
                   .sample_eligible = row.sample_eligible,
                   .at = done.at};
    }
}

Decision decide(const Look& look, const SetActivity& c) {
    if (c.rows.size() > kMostRows) return Reason::list_too_long;
    if (c.rows.empty()) return Reason::name_empty;
    std::set<ActivityKey> seen;
    for (const ActivityRow& row : c.rows) {
        if (look.state.participants.count(row.participant) == 0) return Reason::unknown_participant;
        if (!is_class(look.state.rules, row.service_class)) return Reason::service_class_unknown;
        if (row.first_year < registry::kFirstVintage || row.last_year > registry::kLastVintage ||
            row.last_year < row.first_year || row.last_year - row.first_year >= kMostLevelYears)
            return Reason::activity_years_invalid;
        const ActivityKey key{
            .participant = row.participant, .service_class = row.service_class, .year = 0};
        if (!seen.insert(key).second) return Reason::row_twice;
        const std::optional<std::uint64_t> level = historical_level(look.state, row);
        if (!level) return Reason::figures_not_final;
        if (*level == 0) return Reason::figures_invalid;
        for (auto at = look.state.period.activity.lower_bound(key);
             at != look.state.period.activity.end() && at->first.participant == key.participant &&
             at->first.service_class == key.service_class;
             ++at)
            if (at->second.decided) return Reason::activity_already_used;
    }
    return {};
}

void fold(State& state, const Done& /*done*/, const SetActivity& c) {
    for (const ActivityRow& row : c.rows) {
        const std::optional<std::uint64_t> level = historical_level(state, row);
        if (!level) continue;
        auto& activity = state.period.activity;
        ActivityKey key{
            .participant = row.participant, .service_class = row.service_class, .year = 0};
        for (auto at = activity.lower_bound(key); at != activity.end() &&
                                                  at->first.participant == key.participant &&
                                                  at->first.service_class == key.service_class;)
            at = activity.erase(at);
        key.year = row.last_year;
        activity[key] = {.first_whole_year = row.first_year,
                         .historical_gflop = *level,
                         .twice_basis_gflop = 2 * *level,
                         .band = 0,
                         .decided = false};
    }
}

// ---- certificates

Decision decide(const Look& look, const LodgeCertificate& c) {
    if (c.year < registry::kFirstVintage || c.year >= registry::kLastVintage)
        return Reason::vintage_unknown;
    const Period* period = fed_by(look.state, c.year);
    const Rules& rules = period != nullptr ? period->rules : look.state.rules;
    if (rules.allocation.clean_min == rules.allocation.clean_max) return Reason::no_clean_factor;
    if (c.certificate.empty() || c.certificate.size() > kMaxName ||
        c.certificate.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./_") !=
            std::string::npos)
        return Reason::certificate_id_invalid;
    if (look.state.period.certificates.count(c.certificate) != 0) return Reason::certificate_used;
    // Else a certificate a week would keep the statement from ever becoming final.
    if (period != nullptr && period->allocation) return Reason::certificate_too_late;
    if (c.matched_kwh <= 0 || c.matched_kwh > kMostMatchedKwh) return Reason::amount_not_positive;
    if (c.retirement.empty()) return Reason::name_empty;
    return c.retirement.size() > kMaxName ? Reason::text_too_long : Reason::ok;
}

void fold(State& state, const Done& done, const LodgeCertificate& c) {
    state.period.certificates[c.certificate] = {.participant = c.participant,
                                                .year = c.year,
                                                .matched_kwh = c.matched_kwh,
                                                .retirement = c.retirement,
                                                .at = done.at};
}

Decision decide(const Look& look, const RejectCertificate& c) {
    if (look.state.period.certificates.count(c.certificate) == 0)
        return Reason::certificate_not_found;
    if (c.reason.empty()) return Reason::reason_missing;
    return c.reason.size() > kMaxText ? Reason::text_too_long : Reason::ok;
}

void fold(State& state, const Done& /*done*/, const RejectCertificate& c) {
    state.period.certificates.erase(c.certificate);
}

// ---- to the accounts

std::vector<ParticipantId> not_issued_yet(const State& state, const Period& period) {
    std::vector<ParticipantId> out;
    for (const auto& [participant, sum] : sums_of(period.allocation->table))
        if (period.allocation->issued.count(participant) == 0 &&
            !is_dropped(state, period, participant))
            out.push_back(participant);
    return out;
}

Decision decide(const Look& look, const IssueAllocation& c) {
    const Period* period = find_period(look.state, c.year);
    if (period == nullptr) return Reason::period_not_open;
    if (!period->allocation || period->allocation->steps.stage == Stage::proposed)
        return Reason::allocation_not_final;
    if (!period->cap || period->cap->steps.stage != Stage::issued) return Reason::cap_not_issued;
    const AllocationStatement& statement = *period->allocation;
    if (statement.steps.stage == Stage::issued) return Reason::allocation_already_issued;
    if (c.participants.size() > kMostRows) return Reason::list_too_long;
    const auto sums = sums_of(statement.table);
    std::set<ParticipantId> seen;
    Decision out;
    for (const ParticipantId participant : c.participants) {
        if (!seen.insert(participant).second) return Reason::row_twice;
        const auto sum = sums.find(participant);
        if (sum == sums.end()) return Reason::not_in_allocation;
        if (is_dropped(look.state, *period, participant)) return Reason::participant_ceased;
        if (statement.issued.count(participant) != 0) return Reason::allocation_already_issued;
        const AccountId to = first_account(look.state, participant, AccountKind::holding);
        if (to == AccountId{}) return Reason::no_holding_account;
        out.postings.push_back({.op = registry::Op::transfer,
                                .asset = asset_of_year(c.year),
                                .from = kFreePot,
                                .to = to,
                                .amount = sum->second});
    }
    const bool complete = is_complete(look.state, *period, seen);
    if (c.participants.empty() && !complete) return Reason::nothing_to_allocate;
    const std::int64_t rest = left_over(look.state, *period);
    if (complete && rest > 0)
        out.postings.push_back({.op = registry::Op::transfer,
                                .asset = asset_of_year(c.year),
                                .from = kFreePot,
                                .to = kEntrantReserve,
                                .amount = rest});
    return out;
}

void fold(State& state, const Done& done, const IssueAllocation& c) {
    const auto found = state.period.years.find(c.year);
    if (found == state.period.years.end() || !found->second.allocation) return;
    AllocationStatement& statement = *found->second.allocation;
    statement.issued.insert(c.participants.begin(), c.participants.end());
    const std::set<ParticipantId> now(c.participants.begin(), c.participants.end());
    for (const AllocationLine& line : statement.table.lines)
        if (now.count(line.participant) != 0)
            add_given(state, line, {.year = c.year, .amount = line.allowances});
    if (is_complete(state, found->second, {})) statement.steps.stage = Stage::issued;
    for (const ParticipantId participant : now) review_group_of(state, participant, done.at);
}

Decision decide(const Look& look, const TrueUp& c) {
    const std::int64_t available =
        c.year < registry::kFirstVintage || c.year > registry::kLastVintage
            ? 0
            : look.books.balance(kEntrantReserve, asset_of_year(c.year)).available();
    const auto right = derive_true_up(look.state, {.year = c.year, .available = available});
    if (right.reason != Reason::ok) return right.reason;
    if (c.lines.empty()) return Reason::nothing_to_true_up;
    if (c.lines.size() > kMostRows) return Reason::list_too_long;
    using LineKey = std::pair<ParticipantId, std::string>;
    std::map<LineKey, const TrueUpLine*> rights;
    for (const TrueUpLine& line : right.value)
        rights[{line.participant, line.service_class}] = &line;
    std::set<LineKey> seen;
    Decision out;
    for (const TrueUpLine& line : c.lines) {
        const LineKey key{line.participant, line.service_class};
        if (!seen.insert(key).second) return Reason::row_twice;
        const auto found = rights.find(key);
        if (found == rights.end() || *found->second != line) return Reason::true_up_differs;
        const AccountId to = first_account(look.state, line.participant, AccountKind::holding);
        if (to == AccountId{}) return Reason::no_holding_account;
        out.postings.push_back({.op = registry::Op::transfer,
                                .asset = asset_of_year(c.year),
                                .from = kEntrantReserve,
                                .to = to,
                                .amount = line.amount});
    }
    return out;
}

void fold(State& state, const Done& done, const TrueUp& c) {
    for (const TrueUpLine& line : c.lines) {
        add_given(state, line, {.year = c.year, .amount = line.amount});
        review_group_of(state, line.participant, done.at);
    }
}

}  // namespace abate::scheme
