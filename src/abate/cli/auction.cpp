// `abate auction open | bid | withdraw | clear | result | list | call-off | ceiling`.
#include "abate/cli/records.h"
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace abate::cli {
namespace {

using AuctionJson = nlohmann::ordered_json;

struct AuctionOpenOptions {
    std::int32_t vintage = 0;
    std::string quantity = "0";
    std::string opens;
    std::string closes;
    std::string reference_price;
    std::string reference;
};
struct BidOptions {
    std::string auction;
    std::string bid;
    std::string price;
    std::string quantity;
    std::string from;
    std::string to;
};
struct AuctionOptions {
    std::string auction;
    std::string reason;
    std::string as;
    bool dry_run = false;
};
struct CeilingOptions {
    std::int64_t year = 0;
    std::string quantity;
    std::string from;
    std::string to;
};

using Entry = std::pair<scheme::TransferId, const scheme::Auction*>;

std::vector<Entry> auctions_by_number(const scheme::State& state) {
    std::vector<Entry> out;
    for (const auto& [id, auction] : state.auction.auctions) out.emplace_back(id, &auction);
    std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) {
        return a.second->notice.number < b.second->notice.number;
    });
    return out;
}

// By number, or by the id of the command that opened it.
Entry find_auction(const Office& office, const std::string& text) {
    const auto all = auctions_by_number(office.state());
    constexpr std::size_t kMostDigits = 5;
    if (!text.empty() && text.size() <= kMostDigits &&
        text.find_first_not_of("0123456789") == std::string::npos) {
        const std::int64_t number = std::stoll(text);
        for (const Entry& each : all)
            if (each.second->notice.number == number) return each;
    } else {
        const scheme::TransferId id = office.known_id(text);
        for (const Entry& each : all)
            if (each.first == id) return each;
    }
    throw Failure(
        {ErrorCode::not_found,
         fmt::format("no auction {}", short_text(text)),
         "AUCTION",
         all.empty() ? "None was opened: abate auction open" : "See `abate auction list`"});
}

scheme::AccountId own_account(Office& office,
                              const std::string& text,
                              scheme::AccountKind kind,
                              const char* option) {
    if (!text.empty()) return office.account(text);
    const scheme::AccountId found =
        scheme::first_account(office.state(), office.own_participant(), kind);
    if (found == scheme::AccountId{})
        throw Failure({ErrorCode::not_found,
                       fmt::format("{} has no {} account",
                                   plain_line(office.name_of(office.own_participant())),
                                   registry::to_string(kind)),
                       option,
                       "An operator opens one: abate registry account open"});
    return found;
}

// As in JSON.
std::string stage_of(const scheme::Auction& auction, Timestamp now) {
    if (auction.result) return std::string(to_string(auction.result->outcome));
    const scheme::OpenAuction& said = auction.notice.said;
    if (now < said.opens_at) return "announced";
    return now < said.closes_at ? "open" : "closed";
}

void need_closed(const Office& office, const Entry& entry) {
    if (entry.second->result || office.moment() >= entry.second->notice.said.closes_at) return;
    throw Failure({ErrorCode::conflict,
                   fmt::format("auction {} takes bids until {}",
                               entry.second->notice.number,
                               moment_text(office, entry.second->notice.said.closes_at)),
                   "AUCTION",
                   "It clears by itself then; bids are sealed until it has"});
}

const char* source_words(scheme::Source source) {
    switch (source) {
        case scheme::Source::auction:
            return "auction";
        case scheme::Source::withheld:
            return "withheld";
        case scheme::Source::containment:
            return "containment";
    }
    return "";
}

double percent_of(scheme::Ppm part) { return static_cast<double>(part.value) / 1e4; }

// The two rules that every notice names.
std::string tie_words(const scheme::Notice& notice) {
    return notice.tie == scheme::TieRule::drawn
               ? "in an order that was drawn before the first bid, the last in part"
               : "in proportion, in whole lots";
}
std::string cancellation_words(const scheme::Notice& notice) {
    std::string when;
    if (notice.on_shortfall == scheme::Shortfall::cancel)
        when = "where fewer are bid for than offered";
    if (notice.least_of_reference.value > 0) {
        if (!when.empty()) when += ", or ";
        when += fmt::format("below {} % of what the market pays",
                            percent_of(notice.least_of_reference));
    }
    if (when.empty()) return "never";
    if (notice.respread_auctions > 0)
        when += fmt::format("; the next {} auctions of the vintage take the volume",
                            notice.respread_auctions);
    return when;
}

AuctionJson notice_json(const Entry& entry, Timestamp now) {
    const scheme::Notice& notice = entry.second->notice;
    AuctionJson steps = AuctionJson::array();
    for (const scheme::OfferStep& step : notice.steps)
        steps.push_back({{"price_micro", step.price_micro},
                         {"quantity", step.quantity},
                         {"source", source_words(step.source)}});
    return {{"auction", notice.number},
            {"id", report::id_text(entry.first)},
            {"vintage", notice.said.vintage},
            {"state", stage_of(*entry.second, now)},
            {"opens_at", to_rfc3339(notice.said.opens_at)},
            {"closes_at", to_rfc3339(notice.said.closes_at)},
            {"offered", scheme::offered(notice)},
            {"carried_from_cancelled", notice.carried},
            {"steps", steps},
            {"lot", notice.lot},
            {"tick_micro", notice.tick_micro},
            {"tie", to_string(notice.tie)},
            {"on_shortfall", to_string(notice.on_shortfall)},
            {"unsold_at", to_string(notice.unsold_at)},
            {"least_price_micro", notice.least_price_micro},
            {"least_of_reference_percent", percent_of(notice.least_of_reference)},
            {"respread_auctions", notice.respread_auctions},
            {"group_limit", notice.group_limit},
            {"trader_limit", notice.trader_limit}};
}

AuctionJson totals_json(const scheme::PublishedResult& r) {
    return {{"outcome", to_string(r.outcome)},
            {"at", to_rfc3339(r.at)},
            {"price_micro", r.price_micro},
            {"sold", r.sold},
            {"bid_for", r.bid_for},
            {"reference_micro", r.reference_micro},
            {"bidders", r.bidders},
            {"winners", r.winners},
            {"revenue_micro", r.revenue_micro},
            {"consigned_sold", r.consigned_sold},
            {"consigned_micro", r.consigned_micro},
            {"from_containment", r.from_containment},
            {"withheld", r.withheld},
            {"carried", r.carried},
            {"void_bids", r.void_bids}};
}

// What the public is told: totals, no bids.
std::string totals_text(const Office& office, const scheme::Auction& auction) {
    const scheme::PublishedResult& r = *auction.result;
    const std::string& currency = office.state().rules.currency;
    std::string out = fmt::format("{}: {} of {} allowances of {} sold",
                                  word_of(r.outcome),
                                  grouped(r.sold),
                                  grouped(scheme::offered(auction.notice)),
                                  auction.notice.said.vintage);
    if (r.sold > 0)
        out += fmt::format(" at {} {} for 1,000, {} {} in all",
                           per_thousand(r.price_micro),
                           currency,
                           money_text(r.revenue_micro),
                           currency);
    out += fmt::format(
        "; {} bid for, {} bidders, {} winners", grouped(r.bid_for), r.bidders, r.winners);
    if (r.reference_micro > 0)
        out += fmt::format("; the market paid {} {}", per_thousand(r.reference_micro), currency);
    if (r.from_containment > 0)
        out += fmt::format("; {} from the containment reserve", grouped(r.from_containment));
    if (r.consigned_sold > 0)
        out += fmt::format("; {} consigned, {} {} to their holders",
                           grouped(r.consigned_sold),
                           money_text(r.consigned_micro),
                           currency);
    if (r.withheld > 0) out += fmt::format("; {} withheld for good", grouped(r.withheld));
    if (r.carried > 0)
        out += fmt::format("; {} carried to the next {} auctions",
                           grouped(r.carried),
                           auction.notice.respread_auctions);
    if (r.void_bids > 0) out += fmt::format("; {} bids void", r.void_bids);
    if (!r.reason.empty()) out += "; " + plain_line(r.reason);
    return out;
}

void list_auctions(Office& office, const AuctionOptions& /*options*/) {
    const Timestamp now = office.moment();
    AuctionJson rows = AuctionJson::array();
    const auto all = auctions_by_number(office.state());
    if (!office.context().json && !all.empty())
        fmt::print("{:>7}  {:>7}  {:>16}  {:20}  {:20}  {:15}  {:>12}  {:>16}\n",
                   "AUCTION",
                   "VINTAGE",
                   "OFFERED",
                   "OPENS",
                   "CLOSES",
                   "STATE",
                   "FOR 1,000",
                   "SOLD");
    for (const Entry& each : all) {
        const scheme::Notice& notice = each.second->notice;
        if (office.context().json) {
            AuctionJson row = notice_json(each, now);
            if (each.second->result) row["result"] = totals_json(*each.second->result);
            rows.push_back(std::move(row));
            continue;
        }
        const bool sold = each.second->result && each.second->result->sold > 0;
        fmt::print("{:>7}  {:>7}  {:>16}  {:20}  {:20}  {:15}  {:>12}  {:>16}\n",
                   notice.number,
                   notice.said.vintage,
                   grouped(scheme::offered(notice)),
                   to_rfc3339(notice.said.opens_at),
                   to_rfc3339(notice.said.closes_at),
                   for_people(stage_of(*each.second, now)),
                   sold ? per_thousand(each.second->result->price_micro) : "",
                   sold ? grouped(each.second->result->sold) : "");
    }
    if (office.context().json) {
        print_document({{"auctions", rows}});
    } else if (all.empty()) {
        fmt::print("No auction was opened yet.\n");
    }
}

// What a key may read ends when it is revoked, as what it may do. A stranger's: nothing.
scheme::KeyGrant reading_key(Office& office, const std::string& as) {
    const auto key = office.state().keys.find(office.signer(as).open);
    if (key == office.state().keys.end()) return {};
    if (key->second.revoked)
        throw Failure({ErrorCode::permission_denied,
                       fmt::format("the key {} is revoked", short_text(as)),
                       "--as",
                       "See `abate registry key list` for those that are not"});
    return key->second.grant;
}

// The bids of the participant whose key is named, and nobody else's.
AuctionJson own_bids(Office& office, const Entry& entry, const std::string& as) {
    AuctionJson out = AuctionJson::array();
    const scheme::ParticipantId own = reading_key(office, as).participant;
    if (own == scheme::ParticipantId{})
        throw Failure({ErrorCode::permission_denied,
                       fmt::format("{} is no participant's key", short_text(as)),
                       "--as",
                       "Bids are shown to their own participant; leave --as away for the totals"});
    for (const auto& [id, bid] : entry.second->bids) {
        if (bid.participant != own) continue;
        out.push_back({{"bid", report::id_text(id)},
                       {"price_micro", bid.price_micro},
                       {"price", per_thousand(bid.price_micro)},
                       {"quantity", bid.quantity},
                       {"at", to_rfc3339(bid.at)},
                       {"state", to_string(bid.state)},
                       {"counted", bid.counted},
                       {"fill", bid.fill}});
    }
    return out;
}

void show_result(Office& office, const AuctionOptions& options) {
    const Entry entry = find_auction(office, options.auction);
    const scheme::Notice& notice = entry.second->notice;
    AuctionJson bids;
    if (!options.as.empty()) bids = own_bids(office, entry, options.as);
    if (office.context().json) {
        AuctionJson out = notice_json(entry, office.moment());
        if (entry.second->result) out["result"] = totals_json(*entry.second->result);
        if (!options.as.empty()) out["bids"] = bids;
        return print_document(out);
    }
    fmt::print("Auction {}, {}: {} of {}, {} to {}\n",
               notice.number,
               report::id_text(entry.first),
               grouped(scheme::offered(notice)),
               notice.said.vintage,
               moment_text(office, notice.said.opens_at),
               moment_text(office, notice.said.closes_at));
    for (const scheme::OfferStep& step : notice.steps)
        fmt::print("  {:>16} at {} for 1,000 or above  ({})\n",
                   grouped(step.quantity),
                   per_thousand(step.price_micro),
                   source_words(step.source));
    fmt::print("  lots of {}; a group bids for {} at most, one without an obligated firm for {}\n",
               grouped(notice.lot),
               grouped(notice.group_limit),
               grouped(notice.trader_limit));
    fmt::print(
        "  equal prices: {}\n  cancelled: {}\n", tie_words(notice), cancellation_words(notice));
    fmt::print("{}\n",
               entry.second->result ? totals_text(office, *entry.second)
                                    : for_people(stage_of(*entry.second, office.moment())));
    for (const AuctionJson& bid : bids)
        fmt::print("  your bid {}: {:>14} at {}: {}, {} filled\n",
                   bid["bid"].get<std::string>(),
                   grouped(bid["quantity"].get<std::int64_t>()),
                   bid["price"].get<std::string>(),
                   for_people(bid["state"].get<std::string>()),
                   grouped(bid["fill"].get<std::int64_t>()));
}

// Whether the outcome came of bids: those that were void, or trimmed at a limit, had no part in it.
bool counts_bids(const scheme::Auction& auction) {
    if (!auction.result) return false;
    switch (auction.result->outcome) {
        case scheme::AuctionOutcome::sold:
        case scheme::AuctionOutcome::undersubscribed:
        case scheme::AuctionOutcome::price_too_low:
        case scheme::AuctionOutcome::no_bids:
            return true;
        case scheme::AuctionOutcome::halted:
        case scheme::AuctionOutcome::called_off:
        case scheme::AuctionOutcome::failed:
            return false;
    }
    return false;
}

// Demand from the dearest bid on, beside what comes of it: for operators, once the window is closed.
void show_curve(Office& office, const Entry& entry) {
    const auto of_operator = static_cast<std::uint8_t>(scheme::Role::scheme_operator);
    if ((reading_key(office, office.options().as).roles & of_operator) == 0)
        throw Failure({ErrorCode::permission_denied,
                       "the demand curve is for operators",
                       "--as",
                       "See `abate auction result` for the totals"});
    std::vector<scheme::Bid> bids;
    for (const auto& [id, bid] : entry.second->bids) {
        const std::int64_t quantity = counts_bids(*entry.second) ? bid.counted : bid.quantity;
        if (bid.state != scheme::BidState::withdrawn && quantity > 0)
            bids.push_back({.price_micro = bid.price_micro, .quantity = quantity});
    }
    const auto curve = scheme::demand_curve(bids);
    if (office.context().json) {
        AuctionJson points = AuctionJson::array();
        for (const scheme::DemandPoint& point : curve)
            points.push_back({{"price_micro", point.price_micro}, {"quantity", point.quantity}});
        AuctionJson out = notice_json(entry, office.moment());
        out["demand"] = points;
        if (entry.second->result) out["result"] = totals_json(*entry.second->result);
        return print_document(out);
    }
    fmt::print("{:>14}  {:>18}\n", "FOR 1,000", "BID FOR AT IT");
    for (const scheme::DemandPoint& point : curve)
        fmt::print("{:>14}  {:>18}\n", per_thousand(point.price_micro), grouped(point.quantity));
    if (entry.second->result) fmt::print("{}\n", totals_text(office, *entry.second));
}

void clear_and_publish(Office& office, const AuctionOptions& options) {
    // As it is when what is due has been done; the act below writes that.
    OfficeOptions looking = office.options();
    Office now(office.context(), looking);
    need_closed(now, find_auction(now, options.auction));
    now.show_now();
    const Entry entry = find_auction(now, options.auction);
    if (options.dry_run) return show_curve(now, entry);
    const std::string text = totals_text(now, *entry.second);
    office.act(scheme::Publish{.what = fmt::format("auction {}", entry.second->notice.number),
                               .text = text});
    if (!office.context().json) fmt::print("{}\n", text);
}

void add_bidding(CLI::App& auction, Context& context) {
    CLI::App* made = nullptr;
    BidOptions& bid = add_act<BidOptions>(
        auction,
        context,
        made,
        "bid",
        "Bid for allowances, or with --change at another price; covered by the participant's "
        "money at once (one of the participant, or a market key)",
        [](Office& office, const BidOptions& options) {
            const Entry entry = find_auction(office, options.auction);
            const std::int64_t price = price_per_thousand(options.price, "--price");
            const std::int64_t quantity =
                for_option(input::parse_allowances(options.quantity), "--quantity");
            if (!options.bid.empty())
                return office.act(scheme::ChangeBid{.participant = office.own_participant(),
                                                    .auction = entry.first,
                                                    .bid = office.known_id(options.bid),
                                                    .price_micro = price,
                                                    .quantity = quantity});
            office.act(scheme::PlaceBid{
                .participant = office.own_participant(),
                .auction = entry.first,
                .from = own_account(office, options.from, scheme::AccountKind::cash, "--from"),
                .to = own_account(office, options.to, scheme::AccountKind::holding, "--to"),
                .price_micro = price,
                .quantity = quantity});
        });
    made->add_option("AUCTION", bid.auction, "Its number, or its id")->required();
    made->add_option("--price", bid.price, "For 1,000 allowances, an MWh: 70.05")
        ->required()
        ->type_name("MONEY");
    made->add_option("--quantity", bid.quantity, "How many, in whole lots: 250000, 250K")
        ->required();
    made->add_option("--from", bid.from, "A cash account [the participant's first]")
        ->type_name("ACCOUNT");
    made->add_option("--to", bid.to, "A holding account [the participant's first]")
        ->type_name("ACCOUNT");
    made->add_option("--change", bid.bid, "The id of a bid that this takes the place of")
        ->type_name("BID");

    BidOptions& withdraw = add_act<BidOptions>(
        auction,
        context,
        made,
        "withdraw",
        "Take a bid back while the window is open (one of the participant, or a market key)",
        [](Office& office, const BidOptions& options) {
            office.act(scheme::WithdrawBid{.participant = office.own_participant(),
                                           .auction = find_auction(office, options.auction).first,
                                           .bid = office.known_id(options.bid)});
        });
    made->add_option("AUCTION", withdraw.auction, "Its number, or its id")->required();
    made->add_option("BID", withdraw.bid, "The id of the bid")->required();
}

void add_footer(CLI::App& auction, const char* command, const char* text) {
    auction.get_subcommand(command)->footer(
        text + std::string("\n\nSee also: docs/reference/auctions.md"));
}

}  // namespace

void add_auction(CLI::App& app, Context& context) {
    CLI::App* auction =
        app.add_subcommand("auction", "Sell allowances in sealed-bid auctions at one price");
    auction->require_subcommand(1);
    CLI::App* made = nullptr;
    AuctionOpenOptions& open = add_act<AuctionOpenOptions>(
        *auction,
        context,
        made,
        "open",
        "Announce an auction: supply, window, and the terms that the rules give (two operators)",
        [](Office& office, const AuctionOpenOptions& options) {
            office.act(scheme::OpenAuction{
                .vintage = options.vintage,
                .quantity = for_option(input::parse_allowances(options.quantity), "--quantity"),
                .opens_at = for_option(input::parse_moment(options.opens), "--opens"),
                .closes_at = for_option(input::parse_moment(options.closes), "--closes"),
                .reference_price_micro =
                    options.reference_price.empty()
                        ? 0
                        : price_per_thousand(options.reference_price, "--reference-price"),
                .reference = options.reference});
        });
    made->add_option("--vintage", open.vintage, "Of the allowances")->required()->type_name("YEAR");
    made->add_option("--quantity",
                     open.quantity,
                     "How many, beside what cancelled auctions left for this one [0]");
    made->add_option("--opens", open.opens, "From when on bids are taken")
        ->required()
        ->type_name("TIME");
    made->add_option("--closes", open.closes, "Until when; it clears then")
        ->required()
        ->type_name("TIME");
    made->add_option("--reference-price",
                     open.reference_price,
                     "What the secondary market pays for 1,000, where the rules cancel below a "
                     "part of it")
        ->type_name("MONEY");
    made->add_option("--reference", open.reference, "How that price was measured");

    add_bidding(*auction, context);

    AuctionOptions& clearing = add_act<AuctionOptions>(
        *auction,
        context,
        made,
        "clear",
        "Write down and publish what an auction came to when its window closed; with --dry-run "
        "print its demand curve (an operator)",
        clear_and_publish);
    made->add_option("AUCTION", clearing.auction, "Its number, or its id")->required();
    made->add_flag("--dry-run", clearing.dry_run, "Print, publish nothing; once it is closed");

    AuctionOptions& result = add_view<AuctionOptions>(
        *auction,
        context,
        made,
        "result",
        "The notice of an auction and its totals; with --as the participant's own bids",
        show_result);
    made->add_option("AUCTION", result.auction, "Its number, or its id")->required();
    made->add_option("--as", result.as, "A key of the participant whose bids are shown")
        ->type_name("KEY");
    add_view<AuctionOptions>(
        *auction, context, made, "list", "Every auction, and what it came to", list_auctions);

    AuctionOptions& off = add_act<AuctionOptions>(
        *auction,
        context,
        made,
        "call-off",
        "Call an auction off before it clears: every bid is released (two operators)",
        [](Office& office, const AuctionOptions& options) {
            office.act(scheme::CallOffAuction{
                .auction = find_auction(office, options.auction).first, .reason = options.reason});
        });
    made->add_option("AUCTION", off.auction, "Its number, or its id")->required();
    made->add_option("--reason", off.reason, "Why")->required();

    CeilingOptions& ceiling = add_act<CeilingOptions>(
        *auction,
        context,
        made,
        "ceiling",
        "Buy at the price ceiling what the participant still lacks for a year, above the cap (two "
        "of the participant)",
        [](Office& office, const CeilingOptions& options) {
            office.act(scheme::BuyAtCeiling{
                .participant = office.own_participant(),
                .year = options.year,
                .from = own_account(office, options.from, scheme::AccountKind::cash, "--from"),
                .to = own_account(office, options.to, scheme::AccountKind::compliance, "--to"),
                .quantity = for_option(input::parse_allowances(options.quantity), "--quantity")});
        });
    made->add_option("YEAR", ceiling.year, "Whose energy it is for")->required();
    made->add_option("--quantity", ceiling.quantity, "How many: 250000, 250K")->required();
    made->add_option("--from", ceiling.from, "A cash account [the participant's first]")
        ->type_name("ACCOUNT");
    made->add_option("--to", ceiling.to, "A compliance account [the participant's first]")
        ->type_name("ACCOUNT");

    auction->footer(
        "Prices are for 1,000 allowances: an MWh, where an allowance is a kWh.\n\n"
        "Example, an auction of two hours:\n"
        "  abate auction open --vintage 2027 --quantity 5M --opens 2027-04-06T08:00:00Z --closes "
        "2027-04-06T10:00:00Z --as ada --second bo\n"
        "  abate auction bid 1 --price 70.05 --quantity 250K --as lee\n"
        "  abate auction result 1\n\n"
        "See also: docs/reference/auctions.md");
    add_footer(*auction,
               "open",
               "Example:\n  abate auction open --vintage 2027 --quantity 5M --opens "
               "2027-04-06T08:00:00Z --closes 2027-04-06T10:00:00Z --as ada --second bo");
    add_footer(*auction,
               "bid",
               "Examples:\n  abate auction bid 1 --price 70.05 --quantity 250K --as lee\n"
               "  abate auction bid 1 --price 70.10 --quantity 250K --change 7X3Q9K --as lee");
    add_footer(*auction, "withdraw", "Example:\n  abate auction withdraw 1 7X3Q9K --as lee");
    add_footer(
        *auction,
        "clear",
        "Examples:\n  abate auction clear 1 --dry-run --as ada\n  abate auction clear 1 --as "
        "ada\n\nAn auction clears by itself at the end of its window; the next act of "
        "anybody writes that. This one publishes the totals with it.");
    add_footer(*auction,
               "result",
               "Examples:\n  abate auction result 1\n  abate auction result 1 --as lee --json");
    add_footer(*auction, "list", "Example:\n  abate auction list --json");
    add_footer(
        *auction,
        "call-off",
        "Example:\n  abate auction call-off 1 --reason \"a wrong vintage\" --as ada --second "
        "bo");
    add_footer(*auction,
               "ceiling",
               "Example:\n  abate auction ceiling 2027 --quantity 12K --as lee --second kim");
}

}  // namespace abate::cli
