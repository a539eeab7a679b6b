#include "abate/scheme/supervision.h"

#include "abate/core/plain_text.h"
#include "abate/scheme/period.h"

#include <algorithm>
#include <set>

namespace abate::scheme {
namespace {

// What people are told why.
Reason check_told(const std::string& text) {
    if (text.empty()) return Reason::reason_missing;
    return text.size() > kMaxText ? Reason::text_too_long : Reason::ok;
}

template <NamedEnum T>
bool is_named(T value) {
    return to_string(value) != "unknown";
}

// A book that there is.
Reason check_book(const State& state, std::int32_t vintage) {
    if (const Reason r = check_vintage(vintage); r != Reason::ok) return r;
    return find_period(state, vintage) == nullptr ? Reason::period_not_open : Reason::ok;
}

Reason check_release(const ReleaseOf& of) {
    if (!is_named(of.release)) return Reason::kind_unknown;
    return of.year < registry::kFirstVintage || of.year > registry::kLastVintage
               ? Reason::vintage_unknown
               : Reason::ok;
}

}  // namespace

// ---- words

std::string_view to_string(CaseKind value) {
    switch (value) {
        case CaseKind::wash_ring:
            return "wash_ring";
        case CaseKind::unchanged_position:
            return "unchanged_position";
        case CaseKind::cancel_ratio:
            return "cancel_ratio";
        case CaseKind::layering:
            return "layering";
        case CaseKind::marking_the_close:
            return "marking_the_close";
        case CaseKind::concentration:
            return "concentration";
        case CaseKind::concentrated_market:
            return "concentrated_market";
        case CaseKind::hoarding:
            return "hoarding";
        case CaseKind::insider_dealing:
            return "insider_dealing";
        case CaseKind::erroneous_trade:
            return "erroneous_trade";
        case CaseKind::other:
            return "other";
    }
    return "unknown";
}

std::string_view to_string(CaseOutcome value) {
    switch (value) {
        case CaseOutcome::no_breach:
            return "no_breach";
        case CaseOutcome::warned:
            return "warned";
        case CaseOutcome::sanctioned:
            return "sanctioned";
        case CaseOutcome::reversed:
            return "reversed";
        case CaseOutcome::handed_over:
            return "handed_over";
    }
    return "unknown";
}

std::string_view to_string(CaseState value) {
    switch (value) {
        case CaseState::open:
            return "open";
        case CaseState::referred:
            return "referred";
        case CaseState::closed:
            return "closed";
    }
    return "unknown";
}

std::string_view to_string(Release value) {
    switch (value) {
        case Release::benchmark:
            return "benchmark";
        case Release::cap:
            return "cap";
        case Release::verified_data:
            return "verified_data";
    }
    return "unknown";
}

// ---- halts

BookHalt book_halt(const State& state, std::int32_t vintage) {
    BookHalt out;
    for (const std::int32_t of : {0, vintage}) {
        if (const auto halt = state.supervision.halts.find(of);
            halt != state.supervision.halts.end())
            out.until = std::max(out.until, halt->second.until);
        if (const auto resumed = state.supervision.resumed.find(of);
            resumed != state.supervision.resumed.end())
            out.resumed = std::max(out.resumed, resumed->second);
    }
    return out;
}

const MarketHalt* halt_at(const State& state, std::int32_t vintage, Timestamp now) {
    const MarketHalt* out = nullptr;
    for (const std::int32_t of : {0, vintage}) {
        const auto found = state.supervision.halts.find(of);
        if (found == state.supervision.halts.end() || found->second.until <= now) continue;
        if (out == nullptr || found->second.until > out->until) out = &found->second;
    }
    return out;
}

Decision decide(const Look& look, const HaltMarket& c) {
    if (c.vintage != 0)
        if (const Reason r = check_book(look.state, c.vintage); r != Reason::ok) return r;
    if (const Reason r = check_told(c.reason); r != Reason::ok) return r;
    if (c.until != Timestamp{} && (c.until <= look.now || c.until.us > kLastMomentUs))
        return Reason::halt_moment_invalid;
    // One person may make a halt longer, never shorter.
    const Timestamp until = c.until == Timestamp{} ? Timestamp{INT64_MAX} : c.until;
    const auto before = look.state.supervision.halts.find(c.vintage);
    if (before != look.state.supervision.halts.end() && before->second.until >= until)
        return Reason::already_halted;
    return {};
}

void fold(State& state, const Done& done, const HaltMarket& c) {
    MarketHalt& halt = state.supervision.halts[c.vintage];
    const Timestamp until = c.until == Timestamp{} ? Timestamp{INT64_MAX} : c.until;
    halt = {.at = done.at, .until = std::max(until, halt.until), .reason = c.reason, .by = done.by};
}

Decision decide(const Look& look, const ResumeMarket& c) {
    if (c.vintage != 0)
        if (const Reason r = check_book(look.state, c.vintage); r != Reason::ok) return r;
    if (const Reason r = check_told(c.reason); r != Reason::ok) return r;
    const auto all = look.state.supervision.halts.find(0);
    if (c.vintage != 0 && all != look.state.supervision.halts.end() && all->second.until > look.now)
        return Reason::whole_market_halted;
    return {};
}

void fold(State& state, const Done& done, const ResumeMarket& c) {
    if (c.vintage == 0) {
        state.supervision.halts.clear();
    } else {
        state.supervision.halts.erase(c.vintage);
    }
    state.supervision.resumed[c.vintage] = done.at;
}

// ---- cases

namespace {

// The case, where it is not closed.
Reason check_case(const State& state, std::int64_t number) {
    const auto& cases = state.supervision.cases;
    if (number < 1 || static_cast<std::uint64_t>(number) > cases.size())
        return Reason::case_not_found;
    return cases[static_cast<std::size_t>(number - 1)].steps.back().state == CaseState::closed
               ? Reason::case_closed
               : Reason::ok;
}

void add_case_step(State& state, std::int64_t number, CaseStep step) {
    if (check_case(state, number) != Reason::ok) return;
    state.supervision.cases[static_cast<std::size_t>(number - 1)].steps.push_back(std::move(step));
}

}  // namespace

Decision decide(const Look& look, const OpenCase& c) {
    if (!is_named(c.kind)) return Reason::kind_unknown;
    if (const Reason r = check_book(look.state, c.vintage); r != Reason::ok) return r;
    if (c.subjects.size() > kMostSubjects || c.findings.size() > kMostCaseFindings)
        return Reason::list_too_long;
    for (const ParticipantId subject : c.subjects)
        if (look.state.participants.count(subject) == 0) return Reason::unknown_participant;
    for (const CaseFinding& finding : c.findings) {
        if (!is_named(finding.kind)) return Reason::kind_unknown;
        if (finding.evidence.size() > kMostEvidence) return Reason::list_too_long;
    }
    if (c.earlier != 0 && check_case(look.state, c.earlier) == Reason::case_not_found)
        return Reason::case_not_found;
    return check_told(c.text);
}

void fold(State& state, const Done& done, const OpenCase& c) {
    state.supervision.cases.push_back(
        {.id = done.id,
         .said = c,
         .steps = {{.state = CaseState::open, .at = done.at, .by = done.by, .text = c.text}}});
}

Decision decide(const Look& look, const ReferCase& c) {
    if (const Reason r = check_case(look.state, c.case_number); r != Reason::ok) return r;
    if (c.to.empty()) return Reason::name_empty;
    if (c.to.size() > kMaxName) return Reason::text_too_long;
    return check_told(c.text);
}

void fold(State& state, const Done& done, const ReferCase& c) {
    add_case_step(
        state,
        c.case_number,
        {.state = CaseState::referred, .at = done.at, .by = done.by, .to = c.to, .text = c.text});
}

Decision decide(const Look& look, const CloseCase& c) {
    if (const Reason r = check_case(look.state, c.case_number); r != Reason::ok) return r;
    if (!is_named(c.outcome)) return Reason::kind_unknown;
    return check_told(c.text);
}

void fold(State& state, const Done& done, const CloseCase& c) {
    add_case_step(state,
                  c.case_number,
                  {.state = CaseState::closed,
                   .at = done.at,
                   .by = done.by,
                   .outcome = c.outcome,
                   .text = c.text});
}

// ---- embargoes

std::optional<std::int64_t> compliance_year(std::string_view what) {
    constexpr std::string_view kBegins = "compliance ";
    constexpr std::size_t kDigits = 4;
    if (what.size() != kBegins.size() + kDigits || what.substr(0, kBegins.size()) != kBegins)
        return std::nullopt;
    std::int64_t year = 0;
    for (const char c : what.substr(kBegins.size())) {
        if (c < '0' || c > '9') return std::nullopt;
        year = 10 * year + (c - '0');
    }
    return year;
}

const Embargo* open_embargo(const State& state, const ReleaseOf& of) {
    for (const Embargo& each : state.supervision.embargoes)
        if (!each.ended && ReleaseOf{each.release, each.year} == of) return &each;
    return nullptr;
}

bool is_public(const State& state, const ReleaseOf& of) {
    if (of.release == Release::verified_data) {
        const auto& all = state.compliance.publications;
        return std::any_of(all.begin(), all.end(), [&](const Publication& each) {
            return compliance_year(each.said.what) == of.year;
        });
    }
    const Period* period = find_period(state, of.year);
    if (period == nullptr) return false;
    const auto is_final = [](const auto& statement) {
        return statement && statement->steps.stage != Stage::proposed;
    };
    return of.release == Release::cap ? is_final(period->cap) : is_final(period->benchmark);
}

std::map<GroupId, Timestamp> embargoed_from(const State& state) {
    std::map<GroupId, Timestamp> out;
    for (const Embargo& embargo : state.supervision.embargoes) {
        if (embargo.ended) continue;
        std::set<ParticipantId> who;
        for (const Insider& insider : state.supervision.insiders) {
            if (insider.removed || insider.said.release != embargo.release ||
                insider.said.year != embargo.year)
                continue;
            if (insider.said.participant != ParticipantId{}) who.insert(insider.said.participant);
            if (insider.said.holder.empty()) continue;
            // Whatever keys the person has, those that came later too.
            const std::string person = ascii_lower(insider.said.holder);
            for (const auto& [open, key] : state.keys)
                if (person_of(key.grant) == person) who.insert(key.grant.participant);
        }
        for (const ParticipantId participant : who) {
            const auto found = state.participants.find(participant);
            if (found == state.participants.end()) continue;
            const auto [entry, is_new] = out.try_emplace(found->second.group, embargo.from);
            if (!is_new) entry->second = std::min(entry->second, embargo.from);
        }
    }
    return out;
}

bool is_embargoed(const State& state, ParticipantId participant, Timestamp now) {
    if (state.supervision.embargoes.empty()) return false;
    const auto found = state.participants.find(participant);
    if (found == state.participants.end()) return false;
    const auto groups = embargoed_from(state);
    const auto from = groups.find(found->second.group);
    return from != groups.end() && from->second <= now;
}

void end_embargo(State& state, const ReleaseOf& of, Timestamp at) {
    for (Embargo& each : state.supervision.embargoes)
        if (!each.ended && ReleaseOf{each.release, each.year} == of) each.ended = at;
}

namespace {

// Whom an entry of the list names.
template <class C>
Reason check_person(const State& state, const C& c) {
    if (const Reason r = check_release({c.release, c.year}); r != Reason::ok) return r;
    if ((c.participant == ParticipantId{}) == c.holder.empty()) return Reason::insider_not_named;
    if (c.holder.empty())
        return state.participants.count(c.participant) == 0 ? Reason::unknown_participant
                                                            : Reason::ok;
    const std::string person = ascii_lower(c.holder);
    return std::any_of(state.keys.begin(),
                       state.keys.end(),
                       [&](const auto& each) { return person_of(each.second.grant) == person; })
               ? Reason::ok
               : Reason::unknown_key;
}

template <class C>
bool is_of(const Insider& insider, const C& c) {
    return !insider.removed && insider.said.release == c.release && insider.said.year == c.year &&
           insider.said.participant == c.participant &&
           ascii_lower(insider.said.holder) == ascii_lower(c.holder);
}

template <class C>
bool is_listed(const State& state, const C& c) {
    const auto& all = state.supervision.insiders;
    return std::any_of(all.begin(), all.end(), [&](const Insider& each) { return is_of(each, c); });
}

}  // namespace

Decision decide(const Look& look, const AddInsider& c) {
    if (const Reason r = check_person(look.state, c); r != Reason::ok) return r;
    if (is_listed(look.state, c)) return Reason::insider_already_listed;
    return check_told(c.reason);
}

void fold(State& state, const Done& done, const AddInsider& c) {
    state.supervision.insiders.push_back({.said = c, .added = done.at, .by = done.by});
}

Decision decide(const Look& look, const RemoveInsider& c) {
    if (const Reason r = check_person(look.state, c); r != Reason::ok) return r;
    if (!is_listed(look.state, c)) return Reason::insider_not_listed;
    return check_told(c.reason);
}

void fold(State& state, const Done& done, const RemoveInsider& c) {
    for (Insider& each : state.supervision.insiders) {
        if (!is_of(each, c)) continue;
        each.removed = done.at;
        each.removed_reason = c.reason;
    }
}

Decision decide(const Look& look, const OpenEmbargo& c) {
    const ReleaseOf of{c.release, c.year};
    if (const Reason r = check_release(of); r != Reason::ok) return r;
    if (is_public(look.state, of)) return Reason::already_public;
    if (open_embargo(look.state, of) != nullptr) return Reason::embargo_already_open;
    if (c.from != Timestamp{} && (c.from < look.now || c.from.us > kLastMomentUs))
        return Reason::embargo_moment_invalid;
    return {};
}

void fold(State& state, const Done& done, const OpenEmbargo& c) {
    state.supervision.embargoes.push_back({.release = c.release,
                                           .year = c.year,
                                           .from = c.from == Timestamp{} ? done.at : c.from,
                                           .opened = done.at,
                                           .by = done.by});
}

Decision decide(const Look& look, const LiftEmbargo& c) {
    const ReleaseOf of{c.release, c.year};
    if (const Reason r = check_release(of); r != Reason::ok) return r;
    if (open_embargo(look.state, of) == nullptr) return Reason::embargo_not_open;
    return check_told(c.reason);
}

void fold(State& state, const Done& done, const LiftEmbargo& c) {
    for (Embargo& each : state.supervision.embargoes) {
        if (each.ended || each.release != c.release || each.year != c.year) continue;
        each.ended = done.at;
        each.lifted = true;
        each.reason = c.reason;
    }
}

// ---- erroneous trades

Decision decide(const Look& look, const AnnulTrade& c) {
    if (const Reason r = check_book(look.state, c.vintage); r != Reason::ok) return r;
    if (const Reason r = check_told(c.reason); r != Reason::ok) return r;
    const TradeName name{.vintage = c.vintage, .trade = c.trade};
    if (look.state.supervision.annulled.count(name) != 0) return Reason::trade_already_annulled;
    std::optional<SettledTrade> found;
    if (look.find_trade != nullptr) found = (*look.find_trade)(name);
    if (!found) return Reason::trade_not_erroneous;
    const SettledTrade& trade = *found;
    if (Int128{look.now.us} - trade.at.us >
        Int128{look.state.rules.market.erroneous_minutes} * kMinuteUs)
        return Reason::annulment_too_late;
    // A trade that could be done is within 64 bits, with its fees.
    const std::int64_t notional = trade.price_micro * trade.quantity;
    Decision out;
    out.postings.push_back({.op = registry::Op::transfer,
                            .asset = asset_of_year(c.vintage),
                            .from = trade.buyer.holding,
                            .to = trade.seller.holding,
                            .amount = trade.quantity});
    if (notional > trade.fee_micro)
        out.postings.push_back({.op = registry::Op::transfer,
                                .asset = registry::Asset::cash,
                                .from = trade.seller.cash,
                                .to = trade.buyer.cash,
                                .amount = notional - trade.fee_micro});
    if (trade.fee_micro > 0)
        out.postings.push_back({.op = registry::Op::transfer,
                                .asset = registry::Asset::cash,
                                .from = kFees,
                                .to = trade.buyer.cash,
                                .amount = 2 * trade.fee_micro});
    return out;
}

void fold(State& state, const Done& done, const AnnulTrade& c) {
    state.supervision.annulled[{.vintage = c.vintage, .trade = c.trade}] = {
        .at = done.at, .by = done.by, .reason = c.reason};
}

}  // namespace abate::scheme
