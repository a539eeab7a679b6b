// Statements of landlords and clouds, and what happens when reports fall due.
#include "abate/scheme/cessation.h"
#include "abate/scheme/decide.h"
#include "abate/scheme/holding.h"
#include "abate/scheme/report_figures.h"

namespace abate::scheme {
namespace {

TransferId id_of_year(std::int64_t year) {
    return {.high = 0, .low = static_cast<std::uint64_t>(year)};
}

// Whoever took part before the year was over, and had not ceased before it.
bool owes_report(const State& state, const Participant& who, std::int64_t year) {
    const auto moments = state.monitoring.years.find(year);
    return is_obligated(who.sort) && moments != state.monitoring.years.end() &&
           who.since < moments->second.end &&
           operates_in(state, {.participant = who.id, .year = year}) &&
           state.monitoring.figures.count({.participant = who.id, .year = year}) == 0;
}

}  // namespace

Decision decide(const Look& look, const SubmitStatement& c) {
    if (c.site.size() > kMaxName || c.document.size() > kMaxName) return Reason::text_too_long;
    if (look.state.monitoring.years.count(c.year) == 0) return Reason::year_not_opened;
    if (c.customer == c.participant || look.state.participants.count(c.customer) == 0)
        return Reason::unknown_participant;
    if (c.site.empty()) return Reason::name_empty;
    return is_energy(c.energy) ? Reason::ok : Reason::energy_invalid;
}

void fold(State& state, const Done& done, const SubmitStatement& c) {
    state.monitoring
        .statements[{
            .supplier = c.participant, .customer = c.customer, .year = c.year, .site = c.site}]
        .push_back({.energy = c.energy, .document = c.document, .at = done.at});
}

// ---- when reports are due

void open_monitoring_year(State& state, std::int64_t year, const MonitoringYear& moments) {
    const auto [at, is_new] = state.monitoring.years.try_emplace(year, moments);
    if (!is_new) {
        state.due.erase({at->second.report_due.us, DueKind::report_due, id_of_year(year)});
        at->second = moments;
    }
    state.due.insert({moments.report_due.us, DueKind::report_due, id_of_year(year)});
}

// One due more for each account, since each may be refused by itself: the books are asked then.
void fold_report_due(State& state, const Due& due) {
    const auto year = static_cast<std::int64_t>(due.id.low);
    for (const auto& [id, account] : state.accounts) {
        if (account.closed ||
            (account.kind != AccountKind::holding && account.kind != AccountKind::compliance))
            continue;
        const auto who = state.participants.find(account.participant);
        if (who == state.participants.end() || !owes_report(state, who->second, year)) continue;
        state.due.insert({due.at_us,
                          DueKind::report_block,
                          {.high = static_cast<std::uint64_t>(id), .low = due.id.low}});
    }
}

// number: 1 where the account is blocked for this, by these postings or for another year already.
DueDecision decide_report_block(const Look& look, const Due& due) {
    DueDecision out;
    const AccountId id{due.id.high};
    const auto view = look.books.account(id);
    if (!view) return out;
    if (view->status == AccountStatus::open) {
        out.number = 1;
        out.postings.push_back(
            {.op = registry::Op::set_status, .status = AccountStatus::blocked, .from = id});
    } else if (look.state.monitoring.blocked.count(id) != 0) {
        out.number = 1;
    }
    return out;
}

void fold_report_block(State& state, const DueDone& done, const Due& due) {
    if (done.number == 1 && done.reason == Reason::ok)
        state.monitoring.blocked[AccountId{due.id.high}].insert(
            static_cast<std::int64_t>(due.id.low));
}

// ---- and when one is due no more

std::vector<registry::Command> releases(const Look& look, const ReportsSettled& settled) {
    std::vector<registry::Command> out;
    for (const auto& [id, years] : look.state.monitoring.blocked) {
        const auto account = look.state.accounts.find(id);
        if (account == look.state.accounts.end() || account->second.closed ||
            account->second.participant != settled.participant ||
            *years.begin() < settled.first_year || *years.rbegin() > settled.last_year)
            continue;
        const auto view = look.books.account(id);
        if (view && view->status == AccountStatus::blocked)
            out.push_back(
                {.op = registry::Op::set_status, .status = AccountStatus::open, .from = id});
    }
    return out;
}

void forget_blocks(State& state, const ReportsSettled& settled, Timestamp now) {
    auto& blocked = state.monitoring.blocked;
    const std::size_t before = blocked.size();
    for (auto at = blocked.begin(); at != blocked.end();) {
        std::set<std::int64_t>& years = at->second;
        const auto account = state.accounts.find(at->first);
        if (account != state.accounts.end() && account->second.participant == settled.participant)
            years.erase(years.lower_bound(settled.first_year),
                        years.upper_bound(settled.last_year));
        at = years.empty() ? blocked.erase(at) : std::next(at);
    }
    if (blocked.size() != before) review_freed(state, settled.participant, now);
}

}  // namespace abate::scheme
