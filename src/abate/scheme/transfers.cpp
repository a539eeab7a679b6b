// Allowances and money on their way.
#include "abate/scheme/calendar.h"
#include "abate/scheme/decide.h"
#include "abate/scheme/holding.h"
#include "abate/scheme/names.h"
#include "abate/scheme/tax.h"

#include <algorithm>
#include <chrono>

namespace abate::scheme {
namespace {

// May a transfer be done at once: the participant's own account, or one it has trusted for long enough.
bool at_once(const Look& look, const Transfer& c) {
    const auto to = look.state.accounts.find(c.to);
    if (to != look.state.accounts.end() && to->second.participant == c.participant) return true;
    const auto trusted = look.state.trusted.find({c.participant, c.to});
    if (trusted != look.state.trusted.end() && trusted->second <= look.now) return true;
    return look.state.rules.rights.outside_delay_days == 0;
}

registry::Command movement(registry::Op op, const Transfer& c) {
    return {.op = op,
            .asset = asset_of_year(c.vintage),
            .from = c.from,
            .to = c.to,
            .amount = c.quantity,
            .price_micro = c.price_micro};
}

GroupId group_of_account(const State& state, AccountId id) {
    const auto account = state.accounts.find(id);
    return account == state.accounts.end() ? GroupId{}
                                           : group_of(state, account->second.participant);
}

// Within a group nothing is received.
Reason check_receiver(const Look& look, const Transfer& c) {
    if (group_of_account(look.state, c.from) == group_of_account(look.state, c.to))
        return Reason::ok;
    const auto to = look.state.accounts.find(c.to);
    if (to == look.state.accounts.end()) return Reason::unknown_account;
    return check_holding(
        look,
        {.participant = to->second.participant, .kind = to->second.kind, .amount = c.quantity});
}

Reason check_tax(const Transfer& c) {
    const Int128 consideration = Int128{c.quantity} * c.price_micro;
    if (consideration > INT64_MAX || consideration < INT64_MIN)
        return Reason::consideration_too_large;
    const bool stated = !c.tax_category.empty() || c.tax_rate_ppm != 0 || c.tax_micro != 0;
    if (!stated) return Reason::ok;
    if (c.price_micro == 0) return Reason::tax_without_sale;
    if (!is_tax_category(c.tax_category)) return Reason::tax_category_unknown;
    if (c.tax_rate_ppm < 0 || c.tax_rate_ppm > kMillion ||
        has_tax_rate(c.tax_category) != (c.tax_rate_ppm != 0) ||
        !is_tax_of({.consideration_micro = static_cast<std::int64_t>(consideration),
                    .rate_ppm = c.tax_rate_ppm,
                    .tax_micro = c.tax_micro}))
        return Reason::tax_differs;
    return consideration + c.tax_micro > INT64_MAX ? Reason::consideration_too_large : Reason::ok;
}

void note_transfer(State& state, const Transfer& c) {
    const auto to = state.accounts.find(c.to);
    if (to == state.accounts.end()) return;
    note_sale(state,
              {.seller = c.participant, .buyer = to->second.participant, .quantity = c.quantity});
}

std::int64_t money_in_books(const registry::Registry& books) {
    // The bank account is the other side of all money.
    return -books.balance(kBank, registry::Asset::cash).posted;
}

}  // namespace

Decision decide(const Look& look, const Transfer& c) {
    if (const Reason r = check_account_of(look.state, c.participant, c.from); r != Reason::ok)
        return r;
    if (look.state.accounts.count(c.to) == 0) return Reason::unknown_account;
    if (const Reason r = check_vintage(c.vintage); r != Reason::ok) return r;
    if (c.comment.size() > kMaxText) return Reason::text_too_long;
    // What is in these follows from the rules alone.
    if (c.to == kStabilityReserve || c.to == kConsignment)
        return registry::Reason::to_kind_not_allowed;
    if (look.state.halted && c.price_micro != 0) return Reason::trading_halted;
    if (const Reason r = check_tax(c); r != Reason::ok) return r;
    if (const Reason r = check_receiver(look, c); r != Reason::ok) return r;
    Decision out;
    if (at_once(look, c)) {
        out.postings.push_back(movement(registry::Op::transfer, c));
        return out;
    }
    if (!settle_time(look.state, look.now, look.state.rules.rights.outside_delay_days))
        return Reason::calendar_not_published;
    out.postings.push_back(movement(registry::Op::reserve, c));
    return out;
}

void fold(State& state, const Done& done, const Transfer& c) {
    // The same question as in decide(): it asks the state alone, which has not changed since.
    static const registry::Registry kNoBooks;
    const Look look{.state = state,
                    .books = kNoBooks,
                    .now = done.at,
                    .id = done.id,
                    .act = done.act,
                    .by = done.by};
    if (at_once(look, c)) return note_transfer(state, c);
    const auto due = settle_time(state, done.at, state.rules.rights.outside_delay_days);
    if (!due) return;
    state.transfers[done.id] = {.transfer = c,
                                .reserve = posting_id(done.act, 0),
                                .due = *due,
                                .state = WaitState::waiting};
    state.due.insert({due->us, DueKind::settle_transfer, done.id});
}

Decision decide(const Look& look, const CancelTransfer& c) {
    const auto found = look.state.transfers.find(c.transfer);
    if (found == look.state.transfers.end()) return Reason::transfer_not_waiting;
    const WaitingTransfer& waiting = found->second;
    if (waiting.transfer.participant != c.participant) return Reason::participant_of_another;
    if (waiting.state != WaitState::waiting) return Reason::transfer_not_waiting;
    if (look.now > after_hours(waiting.due, -look.state.rules.rights.cancel_before_h))
        return Reason::too_late_to_cancel;
    Decision out;
    out.postings.push_back({.op = registry::Op::void_pending, .reference = waiting.reserve});
    return out;
}

void fold(State& state, const Done& done, const CancelTransfer& c) {
    const auto found = state.transfers.find(c.transfer);
    if (found == state.transfers.end()) return;
    found->second.state = WaitState::cancelled;
    state.due.erase({found->second.due.us, DueKind::settle_transfer, c.transfer});
    review_freed(state, found->second.transfer.participant, done.at);
}

Decision decide(const Look& look, const Retire& c) {
    if (const Reason r = check_account_of(look.state, c.participant, c.from); r != Reason::ok)
        return r;
    if (const Reason r = check_vintage(c.vintage); r != Reason::ok) return r;
    if (c.comment.size() > kMaxText) return Reason::text_too_long;
    Decision out;
    out.postings.push_back({.op = registry::Op::retire,
                            .asset = asset_of_year(c.vintage),
                            .from = c.from,
                            .to = kRetirement,
                            .amount = c.quantity});
    return out;
}

void fold(State& /*state*/, const Done& /*done*/, const Retire& /*c*/) {}

Decision decide(const Look& look, const ReturnAllowances& c) {
    if (const Reason r = check_account_of(look.state, c.participant, c.from); r != Reason::ok)
        return r;
    if (const Reason r = check_vintage(c.vintage); r != Reason::ok) return r;
    const auto to = look.state.accounts.find(c.to);
    if (to == look.state.accounts.end()) return Reason::unknown_account;
    // What is in the stability reserve follows from the rules alone.
    if (to->second.kind != AccountKind::reserve || c.to == kStabilityReserve)
        return Reason::not_a_reserve_account;
    if (c.comment.size() > kMaxText) return Reason::text_too_long;
    Decision out;
    out.postings.push_back({.op = registry::Op::transfer,
                            .asset = asset_of_year(c.vintage),
                            .from = c.from,
                            .to = c.to,
                            .amount = c.quantity});
    return out;
}

void fold(State& state, const Done& /*done*/, const ReturnAllowances& c) {
    std::int64_t& returned =
        state.compliance.returned[{.participant = c.participant, .year = c.vintage}];
    returned = sum_within(returned, c.quantity);
}

// ---- money

namespace {

// Of one payment of the bank, that no other has had.
Reason check_reference(const State& state, const std::string& reference) {
    if (reference.empty()) return Reason::bank_reference_empty;
    if (reference.size() > kMaxName) return Reason::text_too_long;
    if (!is_plain_name(reference)) return Reason::name_not_plain;
    return state.bank_references.count(folded_reference(reference)) == 0
               ? Reason::ok
               : Reason::bank_reference_used;
}

}  // namespace

Decision decide(const Look& look, const Deposit& c) {
    if (look.state.accounts.count(c.account) == 0) return Reason::unknown_account;
    if (const Reason r = check_reference(look.state, c.bank_reference); r != Reason::ok) return r;
    Decision out;
    out.postings.push_back({.op = registry::Op::deposit,
                            .asset = registry::Asset::cash,
                            .from = kBank,
                            .to = c.account,
                            .amount = c.amount_micro});
    return out;
}

void fold(State& state, const Done& done, const Deposit& c) {
    state.bank_references.insert(folded_reference(c.bank_reference));
    state.deposits[done.id] = {.said = c};
}

Decision decide(const Look& look, const CorrectDeposit& c) {
    const auto found = look.state.deposits.find(c.deposit);
    if (found == look.state.deposits.end()) return Reason::deposit_not_found;
    if (found->second.corrected_by) return Reason::deposit_already_corrected;
    if (c.reason.empty()) return Reason::reason_missing;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    Decision out;
    out.postings.push_back({.op = registry::Op::withdraw,
                            .asset = registry::Asset::cash,
                            .from = found->second.said.account,
                            .to = kBank,
                            .amount = found->second.said.amount_micro});
    return out;
}

void fold(State& state, const Done& done, const CorrectDeposit& c) {
    const auto found = state.deposits.find(c.deposit);
    if (found == state.deposits.end()) return;
    found->second.corrected_by = done.id;
    state.bank_references.erase(folded_reference(found->second.said.bank_reference));
}

Decision decide(const Look& look, const WithdrawCash& c) {
    if (const Reason r = check_account_of(look.state, c.participant, c.account); r != Reason::ok)
        return r;
    if (c.bank_account.empty()) return Reason::name_empty;
    if (c.bank_account.size() > kMaxName) return Reason::text_too_long;
    if (c.amount_micro <= 0) return Reason::amount_not_positive;
    if (look.state.halted) return Reason::trading_halted;
    Decision out;
    // The bank account takes nothing that is only promised: the money waits with the fees until the bank has paid.
    out.postings.push_back({.op = registry::Op::reserve,
                            .asset = registry::Asset::cash,
                            .from = c.account,
                            .to = kFees,
                            .amount = c.amount_micro});
    return out;
}

void fold(State& state, const Done& done, const WithdrawCash& c) {
    state.withdrawals[done.id] = {.asked = c,
                                  .reserve = posting_id(done.act, 0),
                                  .at = done.at,
                                  .state = WaitState::waiting,
                                  .bank_reference = {}};
}

Decision decide(const Look& look, const SettleWithdrawal& c) {
    const auto found = look.state.withdrawals.find(c.withdrawal);
    if (found == look.state.withdrawals.end() || found->second.state != WaitState::waiting)
        return Reason::withdrawal_not_waiting;
    const Withdrawal& asked = found->second;
    Decision out;
    out.postings.push_back({.op = registry::Op::void_pending, .reference = asked.reserve});
    if (!c.paid) return out;
    if (const Reason r = check_reference(look.state, c.bank_reference); r != Reason::ok) return r;
    out.postings.push_back({.op = registry::Op::withdraw,
                            .asset = registry::Asset::cash,
                            .from = asked.asked.account,
                            .to = kBank,
                            .amount = asked.asked.amount_micro});
    return out;
}

void fold(State& state, const Done& /*done*/, const SettleWithdrawal& c) {
    const auto found = state.withdrawals.find(c.withdrawal);
    if (found == state.withdrawals.end()) return;
    found->second.state = c.paid ? WaitState::done : WaitState::cancelled;
    found->second.bank_reference = c.bank_reference;
    if (c.paid) state.bank_references.insert(folded_reference(c.bank_reference));
}

namespace {

// A statement older than the last says nothing of today: it must not lift a halt.
bool is_not_before_last(const State& state, std::chrono::year_month_day date) {
    if (state.statements.empty()) return true;
    const auto last = parse_date(state.statements.back().said.statement_date);
    return !last || date >= *last;
}

}  // namespace

Decision decide(const Look& look, const Reconcile& c) {
    if (c.statement_date.empty()) return Reason::name_empty;
    if (c.statement_date.size() > kMaxName || c.unknown_lines.size() > kMostUnknownLines)
        return Reason::text_too_long;
    for (const std::string& line : c.unknown_lines)
        if (line.size() > kMaxText) return Reason::text_too_long;
    const auto date = parse_date(c.statement_date);
    // A date begins first in the easternmost zone, UTC+14.
    constexpr std::int64_t kEasternmostHours = 14;
    if (!date || !is_not_before_last(look.state, *date) ||
        utc_midnight(*date) > after_hours(look.now, kEasternmostHours))
        return Reason::statement_date_invalid;
    Decision out;
    out.number = money_in_books(look.books);
    return out;
}

void fold(State& state, const Done& done, const Reconcile& c) {
    state.statements.push_back({.said = c, .at = done.at, .books_micro = done.number});
    state.halted = !c.unknown_lines.empty() || c.balance_micro != done.number;
}

// ---- when its time has come

DueDecision decide_settlement(const Look& look, const Due& due) {
    DueDecision out;
    const auto found = look.state.transfers.find(due.id);
    if (found == look.state.transfers.end()) return out;
    const TransferId reserve = found->second.reserve;
    out.postings.push_back({.op = registry::Op::post, .reference = reserve});
    out.otherwise.push_back({.op = registry::Op::void_pending, .reference = reserve});
    return out;
}

void fold_settlement(State& state, const Due& due, Reason reason) {
    const auto found = state.transfers.find(due.id);
    if (found == state.transfers.end()) return;
    found->second.state = reason == Reason::ok ? WaitState::done : WaitState::failed;
    if (reason == Reason::ok)
        note_transfer(state, found->second.transfer);
    else
        review_freed(state, found->second.transfer.participant, {due.at_us});
}

}  // namespace abate::scheme
