// The auditor's own view of who watches the market: when a book was halted, who was under an embargo, what came of each case, what an annulled
// trade owed to whom.
#include "abate/core/plain_text.h"
#include "abate/scheme/audit.h"
#include "abate/scheme/decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace abate::scheme {
namespace {

constexpr std::int64_t kForGood = INT64_MAX;

std::string release_text(Release release, std::int64_t year) {
    return fmt::format("{} of {}", to_string(release), year);
}

}  // namespace

SchemeAuditor::Stop SchemeAuditor::stop_of(std::int32_t vintage) const {
    Stop out;
    const auto take = [&](std::int32_t of) {
        const auto found = stops_.find(of);
        if (found == stops_.end()) return;
        out.until_us = std::max(out.until_us, found->second.until_us);
        out.resumed_us = std::max(out.resumed_us, found->second.resumed_us);
    };
    take(0);
    take(vintage);
    return out;
}

// The earliest embargo that anybody of the group is under; kForGood: none.
std::int64_t SchemeAuditor::silent_from(ParticipantId participant) const {
    const auto own = groups_.find(participant);
    if (own == groups_.end()) return kForGood;
    std::int64_t from = kForGood;
    for (const Listed& each : listed_) {
        const auto embargo = embargoes_.find({each.release, each.year});
        if (embargo == embargoes_.end()) continue;
        const auto is_of_group = [&](ParticipantId who) {
            const auto group = groups_.find(who);
            return group != groups_.end() && group->second == own->second;
        };
        bool counts = is_of_group(each.participant);
        if (!each.holder.empty())
            for (const auto& [key, holder] : keys_)
                counts = counts || (ascii_lower(holder.grant.holder) == each.holder &&
                                    is_of_group(holder.grant.participant));
        if (counts) from = std::min(from, embargo->second);
    }
    return from;
}

std::optional<SchemeFinding> SchemeAuditor::check_silence(ParticipantId participant,
                                                          Timestamp at) const {
    const std::int64_t from = silent_from(participant);
    if (at.us < from) return std::nullopt;
    return SchemeFinding{"bid", "of a group without an embargo", "of one with it"};
}

std::optional<SchemeFinding> SchemeAuditor::check_supervision(const Command& command,
                                                              Timestamp at) const {
    const auto open_case = [&](std::int64_t number) -> std::optional<SchemeFinding> {
        const auto found = cases_.find(number);
        if (found != cases_.end() && found->second) return std::nullopt;
        return SchemeFinding{"case", "one that is open", fmt::format("{}", number)};
    };
    if (const auto* halt = std::get_if<HaltMarket>(&command)) {
        const std::int64_t until = halt->until.us == 0 ? kForGood : halt->until.us;
        const auto before = stops_.find(halt->vintage);
        if (until <= at.us || (before != stops_.end() && before->second.until_us >= until))
            return SchemeFinding{
                "until", "later than now and than before", fmt::format("{}", halt->until.us)};
    } else if (const auto* resume = std::get_if<ResumeMarket>(&command)) {
        const auto whole = stops_.find(0);
        if (resume->vintage != 0 && whole != stops_.end() && whole->second.until_us > at.us)
            return SchemeFinding{"resume", "of the whole market", "of one book"};
    } else if (const auto* refer = std::get_if<ReferCase>(&command)) {
        return open_case(refer->case_number);
    } else if (const auto* close = std::get_if<CloseCase>(&command)) {
        return open_case(close->case_number);
    } else if (const auto* embargo = std::get_if<OpenEmbargo>(&command)) {
        if (embargoes_.count({embargo->release, embargo->year}) != 0)
            return SchemeFinding{
                "embargo",
                "one a release",
                "a second on the " + release_text(embargo->release, embargo->year)};
        if (embargo->from.us != 0 && embargo->from < at)
            return SchemeFinding{"from", "not before now", fmt::format("{}", embargo->from.us)};
    } else if (const auto* lift = std::get_if<LiftEmbargo>(&command)) {
        if (embargoes_.count({lift->release, lift->year}) == 0)
            return SchemeFinding{
                "embargo", "one that is open", release_text(lift->release, lift->year)};
    } else if (const auto* bid = std::get_if<PlaceBid>(&command)) {
        return check_silence(bid->participant, at);
    } else if (const auto* changed = std::get_if<ChangeBid>(&command)) {
        return check_silence(changed->participant, at);
    } else if (const auto* annul = std::get_if<AnnulTrade>(&command)) {
        const TradeName name{.vintage = annul->vintage, .trade = annul->trade};
        const std::optional<SettledTrade> trade = trade_named(name);
        if (!trade || annulled_.count(name) != 0)
            return SchemeFinding{
                "trade", "one far from the reference price, once", fmt::format("{}", annul->trade)};
        if (at.us - trade->at.us > rules_.market.erroneous_minutes * kMinuteUs)
            return SchemeFinding{
                "at",
                fmt::format("{} minutes after the trade at most", rules_.market.erroneous_minutes),
                fmt::format("{}", at.us)};
    }
    return std::nullopt;
}

void SchemeAuditor::supervise(const Command& command, const Event& event) {
    const auto published = [&](Release release, std::int64_t year) {
        embargoes_.erase({release, year});
    };
    if (const auto* halt = std::get_if<HaltMarket>(&command)) {
        Stop& stop = stops_[halt->vintage];
        stop.until_us = std::max(stop.until_us, halt->until.us == 0 ? kForGood : halt->until.us);
    } else if (const auto* resume = std::get_if<ResumeMarket>(&command)) {
        if (resume->vintage == 0)
            for (auto& [vintage, stop] : stops_) stop.until_us = INT64_MIN;
        stops_[resume->vintage] = {.until_us = INT64_MIN, .resumed_us = event.at.us};
    } else if (std::holds_alternative<OpenCase>(command)) {
        cases_[static_cast<std::int64_t>(cases_.size()) + 1] = true;
    } else if (const auto* close = std::get_if<CloseCase>(&command)) {
        cases_[close->case_number] = false;
    } else if (const auto* added = std::get_if<AddInsider>(&command)) {
        listed_.insert({.release = added->release,
                        .year = added->year,
                        .participant = added->participant,
                        .holder = ascii_lower(added->holder)});
    } else if (const auto* removed = std::get_if<RemoveInsider>(&command)) {
        listed_.erase({.release = removed->release,
                       .year = removed->year,
                       .participant = removed->participant,
                       .holder = ascii_lower(removed->holder)});
    } else if (const auto* embargo = std::get_if<OpenEmbargo>(&command)) {
        embargoes_[{embargo->release, embargo->year}] =
            embargo->from.us == 0 ? event.at.us : embargo->from.us;
    } else if (const auto* lift = std::get_if<LiftEmbargo>(&command)) {
        published(lift->release, lift->year);
    } else if (const auto* cap = std::get_if<ProposeCap>(&command)) {
        published(Release::cap, cap->year);
    } else if (const auto* benchmark = std::get_if<ProposeBenchmark>(&command)) {
        published(Release::benchmark, benchmark->year);
    } else if (const auto* final = std::get_if<FinaliseStatement>(&command)) {
        if (final->kind == StatementKind::cap) published(Release::cap, final->year);
        if (final->kind == StatementKind::benchmark) published(Release::benchmark, final->year);
    } else if (const auto* told = std::get_if<Publish>(&command)) {
        for (auto each = embargoes_.begin(); each != embargoes_.end();)
            each = each->first.first == Release::verified_data &&
                           told->what == fmt::format("compliance {:04}", each->first.second)
                       ? embargoes_.erase(each)
                       : std::next(each);
    } else if (const auto* annul = std::get_if<AnnulTrade>(&command)) {
        annulled_.insert({.vintage = annul->vintage, .trade = annul->trade});
        given_back_ = {};
    }
}

std::optional<SettledTrade> SchemeAuditor::trade_named(const TradeName& name) const {
    return find_trade_ ? find_trade_(name) : std::nullopt;
}

// What the buyer had goes back to the seller, and all that the buyer paid comes back: from the seller what it got, from the fees the rest.
bool SchemeAuditor::gives_back(const AnnulTrade& annul, const registry::Command& p) {
    const std::optional<SettledTrade> trade =
        trade_named({.vintage = annul.vintage, .trade = annul.trade});
    if (!trade || p.op != registry::Op::transfer || p.price_micro != 0) return false;
    // Each part once.
    const auto once = [](bool& before, bool right) {
        return !std::exchange(before, true) && right;
    };
    if (p.asset != registry::Asset::cash)
        return once(given_back_.allowances,
                    p.asset == asset_of_year(annul.vintage) && p.from == trade->buyer.holding &&
                        p.to == trade->seller.holding && p.amount == trade->quantity);
    const Int128 paid = Int128{trade->price_micro} * trade->quantity + trade->fee_micro;
    const Int128 fees = Int128{2} * trade->fee_micro;
    if (p.from == kFees)
        return once(given_back_.fees, p.to == trade->buyer.cash && p.amount == fees);
    return once(
        given_back_.money,
        p.from == trade->seller.cash && p.to == trade->buyer.cash && p.amount == paid - fees);
}

// How many postings give all of it back.
std::uint32_t SchemeAuditor::annulment_postings(const AnnulTrade& annul) const {
    const std::optional<SettledTrade> trade =
        trade_named({.vintage = annul.vintage, .trade = annul.trade});
    if (!trade) return 0;
    const bool has_money = Int128{trade->price_micro} * trade->quantity > trade->fee_micro;
    return 1U + (has_money ? 1U : 0U) + (trade->fee_micro > 0 ? 1U : 0U);
}

}  // namespace abate::scheme
