// `abate market order | cancel | replace | book | orders | trades | statement | index | surveillance`.
#include "abate/cli/market_tape.h"
#include "abate/cli/records.h"
#include "abate/cli/registry_parts.h"
#include "abate/input/input.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <set>

namespace abate::cli {

namespace {

using MarketJson = nlohmann::ordered_json;
using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderReason;
using exchange::Side;
using exchange::TapeEntry;
using exchange::TapeKind;

class TapeKeeper final : public exchange::TapeSink {
  public:
    void on(const TapeEntry& entry) override {
        tapes[static_cast<std::uint32_t>(entry.vintage)].push_back(entry);
    }
    std::map<std::uint32_t, std::vector<TapeEntry>> tapes;
};

struct OrderOptions {
    std::string side;
    std::string quantity;
    std::uint32_t vintage = 0;
    std::string price;
    bool at_market = false;
    bool ioc = false;
    bool fok = false;
    bool post_only = false;
    std::string until;
    std::optional<std::uint64_t> order_id;  // none: a new one
};
struct OrderIdOptions {
    std::uint64_t order_id = 0;
    std::string price;
    std::string quantity;
};
struct BookOptions {
    std::uint32_t vintage = 0;
    std::size_t levels = 10;
};
struct WhoseOptions {
    std::string participant;
    std::uint32_t vintage = 0;
    std::size_t last = 20;
    std::string day;
};

const char* word_of(Side side) { return side == Side::buy ? "buy" : "sell"; }

// What a refusal means to whoever asked, and what helps.
struct Help {
    const char* means;
    const char* helps;
};
Help help_of(OrderReason reason) {
    switch (reason) {
        case OrderReason::not_permitted:
            return {"this key may not trade: it waits, was revoked, or has no market role",
                    "See `abate registry key list`"};
        case OrderReason::mandate_quantity_exceeded:
            return {
                "with what rests it would be more than the key's mandate of a day, in allowances",
                "See `abate registry mandate`, or wait for the next day (UTC)"};
        case OrderReason::mandate_value_exceeded:
            return {"with what rests it would be more than the key's mandate of a day, in money",
                    "See `abate registry mandate`, or wait for the next day (UTC)"};
        case OrderReason::insufficient_balance:
            return {"what is free in the account does not cover it",
                    "See `abate registry balance`; what rests is reserved: `abate market orders`"};
        case OrderReason::account_shut:
            return {
                "the participant has no open holding and cash account, or one is blocked or frozen",
                "See `abate registry status`"};
        case OrderReason::book_unknown:
            return {"no year with this vintage is open", "See `abate registry calendar`"};
        case OrderReason::market_halted:
            return {"the market is halted", "See `abate market book` and `abate registry status`"};
        case OrderReason::market_closed:
            return {"the market is closed", "See `abate market book`, which says until when"};
        case OrderReason::not_in_a_call:
            return {"a call collects orders now, and takes limit orders that may rest",
                    "Say --price, without --ioc, --fok, --post-only"};
        case OrderReason::would_meet_own_group:
            return {"a call collects orders now, and one of the same group asks for the other side",
                    "Cancel that one first: `abate market orders`"};
        case OrderReason::embargoed:
            return {
                "somebody of the participant's group knows what is not public yet; cancelling is "
                "done",
                "See `abate market embargo list`"};
        case OrderReason::price_outside_collar:
            return {"the price is too far from the reference price", "See `abate market book`"};
        case OrderReason::holding_limit_exceeded:
            return {"the group would hold more than the scheme allows",
                    "See `abate registry holding`"};
        case OrderReason::order_unknown:
            return {"no such order rests", "See `abate market orders`"};
        case OrderReason::order_of_another:
            return {"the order is another key's", "Cancel it with the key that placed it"};
        case OrderReason::quantity_off_lot:
            return {"the quantity is no multiple of the book's lot", "Round it"};
        case OrderReason::price_off_tick:
            return {"the price is no multiple of the book's tick", "Round it"};
        case OrderReason::post_only_would_trade:
            return {"it would trade at once, and was to rest", "See `abate market book`"};
        case OrderReason::fill_or_kill_not_filled:
            return {"less rests within its price than it asks for", "See `abate market book`"};
        case OrderReason::expired:
            return {"its time is over already", "Say a later --until"};
        case OrderReason::throttled:
            return {"this key has sent too many commands in this second", "Send it again"};
        case OrderReason::too_many_orders:
            return {"as many orders of this key rest as may", "See `abate market orders`"};
        case OrderReason::notional_too_large:
            return {"price times quantity is more than a book can have", "Say less of one"};
        case OrderReason::quantity_not_positive:
            return {"it asks for nothing", "Say a quantity above 0"};
        case OrderReason::quantity_too_large:
            return {"no order may ask for more than 1,099,511,627,776 allowances", "Say less"};
        case OrderReason::order_exists_with_different_fields:
            return {"the id was used for another order", "Leave --order-id away for a new one"};
        default:
            return {"", "See docs/reference/market.md"};
    }
}

[[noreturn]] void refuse(
    OrderReason reason,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as they are printed
    const std::string& where,
    const std::string& numbers = {}) {
    const Help help = help_of(reason);
    throw Failure({ErrorCode::conflict,
                   fmt::format("refused: {}{}{}{}",
                               exchange::to_string(reason),
                               *help.means == 0 ? "" : ": ",
                               help.means,
                               numbers.empty() ? "" : " (" + numbers + ")"),
                   where,
                   help.helps});
}

// What a refusal was measured by, where there is such a number; else empty.
std::string numbers_of(Office& office, const Operation& o, OrderReason reason) {
    const scheme::State& state = office.state();
    const auto year = state.period.years.find(o.book);
    if (year == state.period.years.end()) return "";
    const scheme::MarketTerms& of_book = year->second.rules.market;
    const scheme::MarketTerms& today = state.rules.market;
    const exchange::Market& market = office.engine().market();
    const scheme::KeyPair key = office.signer(office.options().as);
    const auto known = state.keys.find(key.open);
    switch (reason) {
        case OrderReason::quantity_off_lot:
            return fmt::format("the lot of {} is {}", o.book, grouped(of_book.lot));
        case OrderReason::price_off_tick:
            return fmt::format(
                "the tick of {} is {} for 1,000", o.book, per_thousand(of_book.tick_micro));
        case OrderReason::price_outside_collar:
            return fmt::format("the reference price is {}, the collar {} %",
                               per_thousand(market.reference_micro(o.book, office.moment())),
                               static_cast<double>(today.collar.value) / 10'000);
        case OrderReason::mandate_quantity_exceeded:
            if (known == state.keys.end()) return "";
            return fmt::format("its mandate is {} a day",
                               grouped(known->second.mandate.daily_net_quantity));
        case OrderReason::mandate_value_exceeded:
            if (known == state.keys.end()) return "";
            return fmt::format("its mandate is {} {} a day",
                               money_text(known->second.mandate.daily_net_value_micro),
                               state.rules.currency);
        case OrderReason::throttled:
            return fmt::format("{} in a second are taken", grouped(today.most_per_second));
        case OrderReason::too_many_orders:
            return fmt::format("{} may rest", grouped(today.most_open_orders));
        case OrderReason::market_halted: {
            const auto until = market.halted_until(o.book);
            return until && *until > office.moment() ? "until " + to_rfc3339(*until) : "";
        }
        case OrderReason::market_closed:
            return "until " + to_rfc3339(market.phase(o.book, office.moment()).until);
        default:
            return "";
    }
}

// What was traded at once, and what rests.
void print_done(Office& office, const Operation& operation, const Office::Ordered& done) {
    std::int64_t traded = 0;
    Int128 notional = 0;
    MarketJson fills = MarketJson::array();
    for (const exchange::Met& met : done.met) {
        if (met.kind != exchange::MeetingKind::trade) continue;
        traded += met.quantity;
        notional += Int128{met.price_micro} * met.quantity;
        fills.push_back({{"price_micro", met.price_micro}, {"quantity", met.quantity}});
    }
    const std::optional<exchange::Market::OrderView> rests =
        office.engine().market().order(operation.book, operation.order_id);
    const bool before = done.reason == OrderReason::order_exists;
    // Why it took no more, where it was stopped.
    const exchange::MeetingKind last =
        done.met.empty() ? exchange::MeetingKind::trade : done.met.back().kind;
    const char* const stopped =
        last == exchange::MeetingKind::halted
            ? "the book halted, since the next trade was too far from the reference price"
        : last == exchange::MeetingKind::stopped ? "it would have met an order of its own group"
        : done.met.empty() && !rests && !before  ? "nothing rests that it could trade with"
                                                 : "";
    if (office.context().json) {
        MarketJson out{
            {"order_id", operation.order_id}, {"vintage", operation.book}, {"exists", before}};
        // What one that was taken before has traded since, its statement tells.
        if (!before) {
            out["trades"] = std::move(fills);
            out["traded"] = traded;
        }
        out["stopped"] = last == exchange::MeetingKind::halted    ? MarketJson("halted")
                         : last == exchange::MeetingKind::stopped ? MarketJson("self_trade")
                                                                  : MarketJson();
        out["resting"] = rests ? rests->quantity : 0;
        if (rests) {
            out["price_micro"] = rests->price_micro;
            out["in_call"] = rests->in_call;
        }
        print_document(out);
        return;
    }
    fmt::print("Order {}:", operation.order_id);
    if (*stopped != 0) fmt::print(" {};", stopped);
    if (before) fmt::print(" was taken before (its trades: `abate market statement`);");
    if (traded > 0) fmt::print(" {} traded for {} in all;", grouped(traded), money_text(notional));
    if (!rests) {
        fmt::print(" nothing rests\n");
        return;
    }
    const Timestamp ends = office.engine().market().phase(operation.book, office.moment()).until;
    fmt::print(
        " {} {} at {} for 1,000 {}\n",
        grouped(rests->quantity),
        rests->side == Side::buy ? "to buy" : "to sell",
        per_thousand(rests->price_micro),
        rests->in_call ? "wait for the end of the call, " + to_rfc3339(ends) : std::string("rest"));
}

void do_order(Office& office, const OrderOptions& options) {
    Operation o{.book = options.vintage,
                // A number that people can say again: that of the event it will be.
                .order_id = options.order_id.value_or(office.engine().last_seq() + 1)};
    // So that nobody takes a number of theirs.
    if (o.order_id >> 63 != 0)
        throw Failure({ErrorCode::invalid_argument,
                       "numbers from 2^63 on are those of connected traders",
                       "--order-id",
                       "Say a smaller one, or leave it away"});
    o.side = options.side == "buy" ? Side::buy : Side::sell;
    o.quantity = for_option(input::parse_allowances(options.quantity), "QUANTITY");
    if (options.at_market) {
        o.type = exchange::OrderType::market;
    } else if (options.price.empty()) {
        throw Failure({ErrorCode::invalid_argument,
                       "a limit order needs a price",
                       "--price",
                       "Say --price, for 1,000 allowances, or --at-market"});
    } else {
        o.price_micro = price_per_thousand(options.price, "--price");
    }
    o.post_only = options.post_only;
    if (options.ioc) o.time_in_force = exchange::TimeInForce::immediate_or_cancel;
    if (options.fok) o.time_in_force = exchange::TimeInForce::fill_or_kill;
    if (!options.until.empty()) {
        o.time_in_force = exchange::TimeInForce::good_till_time;
        o.expires_us = for_option(parse_rfc3339(options.until), "--until").us;
    }
    const std::string where =
        fmt::format("{} {} of {}", word_of(o.side), grouped(*o.quantity), options.vintage);
    Office::Ordered done = office.trade(office.options().as, o);
    for (int i = 0; !options.order_id && i < 1000 &&
                    (done.reason == OrderReason::order_exists ||
                     done.reason == OrderReason::order_exists_with_different_fields);
         ++i) {
        ++o.order_id;
        done = office.trade(office.options().as, o);
    }
    if (done.reason != OrderReason::ok && done.reason != OrderReason::order_exists)
        refuse(done.reason, where, numbers_of(office, o, done.reason));
    print_done(office, o, done);
}

// In which book an order rests.
Operation resting_order(Office& office, std::uint64_t order_id) {
    for (const auto& [year, period] : office.state().period.years) {
        const auto vintage = static_cast<std::uint32_t>(year);
        if (office.engine().market().order(vintage, order_id))
            return {.book = vintage, .order_id = order_id};
    }
    throw Failure({ErrorCode::not_found,
                   "no such order rests",
                   fmt::format("{}", order_id),
                   "See `abate market orders`; it may have been filled: `abate market statement`"});
}

void do_cancel(Office& office, const OrderIdOptions& options) {
    Operation o = resting_order(office, options.order_id);
    o.kind = OperationKind::cancel;
    const Office::Ordered done = office.trade(office.options().as, o);
    if (done.reason != OrderReason::ok)
        refuse(done.reason, fmt::format("cancel {}", options.order_id));
    if (office.context().json)
        print_document({{"order_id", o.order_id}, {"vintage", o.book}, {"cancelled", true}});
    else
        fmt::print("Order {} is cancelled\n", o.order_id);
}

void do_replace(Office& office, const OrderIdOptions& options) {
    Operation o = resting_order(office, options.order_id);
    o.kind = OperationKind::replace;
    if (options.price.empty() && options.quantity.empty())
        throw Failure({ErrorCode::invalid_argument,
                       "nothing is new",
                       fmt::format("{}", options.order_id),
                       "Say --price, --quantity, or both"});
    if (!options.price.empty()) o.price_micro = price_per_thousand(options.price, "--price");
    if (!options.quantity.empty())
        o.quantity = for_option(input::parse_allowances(options.quantity), "--quantity");
    const Office::Ordered done = office.trade(office.options().as, o);
    if (done.reason != OrderReason::ok)
        refuse(done.reason,
               fmt::format("replace {}", options.order_id),
               numbers_of(office, o, done.reason));
    print_done(office, o, done);
}

void show_book(Office& office, const BookOptions& options) {
    const exchange::Market& market = office.engine().market();
    const exchange::OrderBook* book = market.book(options.vintage);
    if (book == nullptr) refuse(OrderReason::book_unknown, fmt::format("{}", options.vintage));
    // What a call has collected stands among the rest, and may cross it.
    std::map<std::int64_t, std::int64_t, std::greater<>> bids;
    std::map<std::int64_t, std::int64_t> asks;
    std::size_t count = 0;
    market.for_each_order(options.vintage, [&](const exchange::Market::OrderView& order) {
        ++count;
        (order.side == Side::buy ? bids[order.price_micro] : asks[order.price_micro]) +=
            order.quantity;
    });
    const auto first = [&](const auto& levels) {
        std::vector<std::pair<std::int64_t, std::int64_t>> out(levels.begin(), levels.end());
        out.resize(std::min(out.size(), options.levels));
        return out;
    };
    const auto best_bids = first(bids);
    const auto best_asks = first(asks);
    const exchange::PhaseAt phase = market.phase(options.vintage, office.moment());
    const std::optional<exchange::CallResult> call =
        market.indicative(options.vintage, office.moment());
    const std::optional<Timestamp> halted = market.halted_until(options.vintage);
    const bool is_halted = halted && *halted > office.moment();
    const scheme::MarketHalt* const said = scheme::halt_at(
        office.state(), static_cast<std::int32_t>(options.vintage), office.moment());
    if (office.context().json) {
        MarketJson out{{"vintage", options.vintage}};
        for (const auto& [name, levels] :
             {std::pair("bids", &best_bids), std::pair("asks", &best_asks)}) {
            out[name] = MarketJson::array();
            for (const auto& [price, quantity] : *levels)
                out[name].push_back({{"price_micro", price}, {"quantity", quantity}});
        }
        out["orders"] = count;
        out["phase"] = exchange::to_string(phase.phase);
        out["phase_until"] =
            phase.until.us == INT64_MAX ? MarketJson() : MarketJson(to_rfc3339(phase.until));
        if (call) {
            out["indicative_micro"] =
                call->price_micro ? MarketJson(*call->price_micro) : MarketJson();
            out["indicative_quantity"] = call->volume;
        }
        out["reference_micro"] = market.reference_micro(options.vintage, office.moment());
        out["halted_until"] = is_halted ? MarketJson(to_rfc3339(*halted)) : MarketJson();
        out["halted_by_operator"] = MarketJson();
        if (said != nullptr)
            out["halted_by_operator"] = {
                {"by", holder_of(office, said->by)},
                {"since", to_rfc3339(said->at)},
                {"until",
                 said->until.us == INT64_MAX ? MarketJson() : MarketJson(to_rfc3339(said->until))},
                {"reason", said->reason}};
        print_document(out);
        return;
    }
    fmt::print("Allowances of {}, price for 1,000\n", options.vintage);
    fmt::print("{:>16} {:>12}   {:<12} {:>16}\n", "TO BUY", "AT", "AT", "TO SELL");
    for (std::size_t i = 0; i < std::max(best_bids.size(), best_asks.size()); ++i)
        fmt::print("{:>16} {:>12}   {:<12} {:>16}\n",
                   i < best_bids.size() ? grouped(best_bids[i].second) : "",
                   i < best_bids.size() ? per_thousand(best_bids[i].first) : "",
                   i < best_asks.size() ? per_thousand(best_asks[i].first) : "",
                   i < best_asks.size() ? grouped(best_asks[i].second) : "");
    if (count == 0) fmt::print("No order rests\n");
    if (phase.phase == exchange::Phase::continuous && phase.until.us != INT64_MAX)
        fmt::print("Orders meet as they come until {}\n", to_rfc3339(phase.until));
    if (phase.phase == exchange::Phase::closed)
        fmt::print("Closed until {}\n", to_rfc3339(phase.until));
    if (call)
        fmt::print("A call collects orders until {}; {}\n",
                   phase.until.us == INT64_MAX ? "the market is resumed" : to_rfc3339(phase.until),
                   call->price_micro ? fmt::format("now {} would trade at {}",
                                                   grouped(call->volume),
                                                   per_thousand(*call->price_micro))
                                     : std::string("now nothing would trade"));
    if (const std::int64_t reference = market.reference_micro(options.vintage, office.moment());
        reference > 0)
        fmt::print("Reference price {}\n", per_thousand(reference));
    if (is_halted)
        fmt::print("HALTED until {}: a trade would have been too far from the reference price\n",
                   to_rfc3339(*halted));
    if (said != nullptr)
        fmt::print("HALTED by {} since {}, until {}: {}\n",
                   holder_of(office, said->by),
                   to_rfc3339(said->at),
                   said->until.us == INT64_MAX ? "it is resumed" : to_rfc3339(said->until),
                   plain_line(said->reason));
    if (office.state().halted)
        fmt::print("HALTED: the bank's statement is not what the books say\n");
    if (!office.state().rules.market.trading) fmt::print("HALTED: the rules have no trading now\n");
}

void show_orders(Office& office, const WhoseOptions& options) {
    const scheme::ParticipantId who = office.participant(options.participant);
    std::map<std::uint32_t, const scheme::Key*> keys;
    for (const auto& [open, key] : office.state().keys)
        if (key.grant.participant == who) keys[key.number] = &key;
    MarketJson rows = MarketJson::array();
    bool headed = office.context().json;
    for (const auto& [year, period] : office.state().period.years) {
        const auto vintage = static_cast<std::uint32_t>(year);
        office.engine().market().for_each_order(
            vintage, [&](const exchange::Market::OrderView& order) {
                const auto key = keys.find(order.owner);
                if (key == keys.end()) return;
                rows.push_back({{"order_id", order.id},
                                {"vintage", vintage},
                                {"side", word_of(order.side)},
                                {"price_micro", order.price_micro},
                                {"quantity", order.quantity},
                                {"in_call", order.in_call},
                                {"holder", key->second->grant.holder}});
                if (office.context().json) return;
                if (!headed)
                    fmt::print("{:>12} {:<8} {:<5} {:>14} {:>12}  {}\n",
                               "ORDER",
                               "VINTAGE",
                               "SIDE",
                               "QUANTITY",
                               "PRICE/1,000",
                               "PLACED BY");
                headed = true;
                fmt::print("{:>12} {:<8} {:<5} {:>14} {:>12}  {}{}\n",
                           order.id,
                           vintage,
                           word_of(order.side),
                           grouped(order.quantity),
                           per_thousand(order.price_micro),
                           plain_line(key->second->grant.holder),
                           order.in_call ? ", in the call" : "");
            });
    }
    if (office.context().json)
        print_document({{"orders", std::move(rows)}});
    else if (rows.empty())
        fmt::print("No order of {} rests\n", plain_line(office.name_of(who)));
}

// Null: the trade stands.
const scheme::Annulment* annulment_of(const Office& office, const TapeEntry& trade) {
    const auto& all = office.state().supervision.annulled;
    const auto found = all.find({.vintage = trade.vintage, .trade = trade.seq});
    return found == all.end() ? nullptr : &found->second;
}
// Numbers of a book's trades that were annulled, rising.
std::vector<std::uint64_t> annulled_of(const Office& office, std::uint32_t vintage) {
    std::vector<std::uint64_t> out;
    for (const auto& [trade, annulment] : office.state().supervision.annulled)
        if (trade.vintage == static_cast<std::int32_t>(vintage)) out.push_back(trade.trade);
    return out;
}

void show_trades(Office& office, const WhoseOptions& options) {
    if (options.vintage != 0 && office.engine().market().book(options.vintage) == nullptr)
        refuse(OrderReason::book_unknown, fmt::format("{}", options.vintage));
    std::vector<TapeEntry> trades;
    for (const auto& [vintage, tape] : read_tapes(office))
        for (const TapeEntry& entry : tape)
            if (entry.kind == TapeKind::traded &&
                (options.vintage == 0 || options.vintage == vintage))
                trades.push_back(entry);
    std::stable_sort(trades.begin(), trades.end(), [](const TapeEntry& a, const TapeEntry& b) {
        return a.at < b.at;
    });
    if (trades.size() > options.last)
        trades.erase(trades.begin(), trades.end() - static_cast<std::ptrdiff_t>(options.last));
    if (office.context().json) {
        MarketJson rows = MarketJson::array();
        for (const TapeEntry& t : trades)
            rows.push_back({{"at", to_rfc3339(t.at)},
                            {"vintage", t.vintage},
                            {"trade", t.seq},
                            {"price_micro", t.price_micro},
                            {"quantity", t.quantity},
                            {"annulled", annulment_of(office, t) != nullptr}});
        print_document({{"trades", std::move(rows)}});
        return;
    }
    if (trades.empty()) {
        fmt::print("No trade yet\n");
        return;
    }
    fmt::print(
        "{:<28} {:<8} {:>8} {:>14} {:>12}\n", "AT", "VINTAGE", "TRADE", "QUANTITY", "PRICE/1,000");
    for (const TapeEntry& t : trades)
        fmt::print("{:<28} {:<8} {:>8} {:>14} {:>12}{}\n",
                   to_rfc3339(t.at),
                   t.vintage,
                   t.seq,
                   grouped(t.quantity),
                   per_thousand(t.price_micro),
                   annulment_of(office, t) != nullptr ? "  annulled" : "");
}

// All that one participant traded, to the micro-unit.
void show_statement(Office& office, const WhoseOptions& options) {
    const scheme::ParticipantId who = office.participant(options.participant);
    struct Sum {
        std::int64_t bought = 0;
        std::int64_t sold = 0;
        Int128 paid = 0;
        Int128 received = 0;
        Int128 fees = 0;
    };
    std::map<std::uint32_t, Sum> sums;
    // A trade, and below it what went back of one that was annulled.
    struct Line {
        Timestamp at;
        std::uint32_t vintage;
        const TapeEntry* trade;
        int sign;
    };
    const std::map<std::uint32_t, std::vector<TapeEntry>> tapes = read_tapes(office);
    std::vector<Line> moves;
    for (const auto& [vintage, tape] : tapes)
        for (const TapeEntry& t : tape) {
            if (t.kind != TapeKind::traded || (t.owner != who && t.taker != who)) continue;
            moves.push_back({.at = t.at, .vintage = vintage, .trade = &t, .sign = 1});
            if (const scheme::Annulment* back = annulment_of(office, t))
                moves.push_back({.at = back->at, .vintage = vintage, .trade = &t, .sign = -1});
        }
    MarketJson rows = MarketJson::array();
    std::vector<std::string> lines;
    for (const Line& move : moves) {
        const TapeEntry& t = *move.trade;
        const bool owner_buys = t.side == Side::buy;
        const bool bought = (t.owner == who) == owner_buys;
        const std::int64_t quantity = move.sign * t.quantity;
        const Int128 notional = Int128{t.price_micro} * quantity;
        const Int128 fee = Int128{move.sign} * t.fee_micro;
        Sum& sum = sums[move.vintage];
        (bought ? sum.bought : sum.sold) += quantity;
        (bought ? sum.paid : sum.received) += notional;
        sum.fees += fee;
        rows.push_back({{"at", to_rfc3339(move.at)},
                        {"vintage", move.vintage},
                        {"trade", t.seq},
                        {"reversal", move.sign < 0},
                        {"side", bought ? "buy" : "sell"},
                        {"order_id", t.owner == who ? t.order_id : t.taker_id},
                        {"quantity", quantity},
                        {"price_micro", t.price_micro},
                        {"amount_micro", exact_json(notional)},
                        {"fee_micro", exact_json(fee)}});
        if (!office.context().json)
            lines.push_back(fmt::format(
                "{:<28} {:<8} {:<5} {:>14} {:>12} {:>20}{}\n",
                to_rfc3339(move.at),
                move.vintage,
                bought ? "buy" : "sell",
                grouped(quantity),
                per_thousand(t.price_micro),
                money_text(bought ? -notional : notional),
                move.sign < 0 ? fmt::format("  trade {} annulled", t.seq) : std::string()));
    }
    MarketJson totals = MarketJson::array();
    for (const auto& [vintage, sum] : sums)
        totals.push_back({{"vintage", vintage},
                          {"bought", sum.bought},
                          {"sold", sum.sold},
                          {"paid_micro", exact_json(sum.paid)},
                          {"received_micro", exact_json(sum.received)},
                          {"fees_micro", exact_json(sum.fees)}});
    if (office.context().json) {
        print_document({{"participant", office.name_of(who)},
                        {"trades", std::move(rows)},
                        {"totals", std::move(totals)}});
        return;
    }
    fmt::print("{}\n", plain_line(office.name_of(who)));
    if (lines.empty()) {
        fmt::print("Nothing was traded\n");
        return;
    }
    fmt::print("{:<28} {:<8} {:<5} {:>14} {:>12} {:>20}\n",
               "AT",
               "VINTAGE",
               "SIDE",
               "QUANTITY",
               "PRICE/1,000",
               "AMOUNT");
    for (const std::string& line : lines) fmt::print("{}", line);
    for (const auto& [vintage, sum] : sums)
        fmt::print("{}: bought {} for {}, sold {} for {}, fees {}; in money {}\n",
                   vintage,
                   grouped(sum.bought),
                   money_text(sum.paid),
                   grouped(sum.sold),
                   money_text(sum.received),
                   money_text(sum.fees),
                   money_text(sum.received - sum.paid - sum.fees));
}

exchange::GroupOf groups_of(const scheme::State& state) {
    exchange::GroupOf out;
    for (const auto& [id, participant] : state.participants) out[id] = participant.group;
    return out;
}
// The day that is named, else that of the last entry; UTC.
exchange::Period day_in(const std::vector<TapeEntry>& tape, const std::string& day) {
    Timestamp at = tape.empty() ? Timestamp{} : tape.back().at;
    if (!day.empty()) at = for_option(parse_rfc3339(day + "T00:00:00Z"), "--day");
    const std::int64_t from = day_of(at) * kDayUs;
    return {.from = {from}, .until = {from + kDayUs}};
}
std::vector<TapeEntry> tape_of(Office& office, std::uint32_t vintage) {
    if (office.engine().market().book(vintage) == nullptr)
        refuse(OrderReason::book_unknown, fmt::format("{}", vintage));
    std::map<std::uint32_t, std::vector<TapeEntry>> tapes = read_tapes(office);
    const auto found = tapes.find(vintage);
    return found == tapes.end() ? std::vector<TapeEntry>{} : std::move(found->second);
}

void show_index(Office& office, const WhoseOptions& options) {
    const std::vector<TapeEntry> tape = tape_of(office, options.vintage);
    const exchange::GroupOf groups = groups_of(office.state());
    const exchange::Period day = day_in(tape, options.day);
    const std::vector<std::uint64_t> annulled = annulled_of(office, options.vintage);
    // The last index before the day: carried from day to day.
    std::optional<std::int64_t> last;
    const exchange::IndexRules rules;
    for (std::size_t begin = 0; begin < tape.size() && tape[begin].at < day.from;) {
        const std::int64_t from = day_of(tape[begin].at) * kDayUs;
        const exchange::Period earlier{.from = {from}, .until = {from + kDayUs}};
        std::size_t end = begin;
        while (end < tape.size() && tape[end].at < earlier.until) ++end;
        last = value_or_fail(
                   exchange::price_index({.tape = std::span(tape).subspan(begin, end - begin),
                                          .period = earlier,
                                          .groups = groups,
                                          .annulled = annulled},
                                         last,
                                         rules))
                   .price_micro;
        begin = end;
    }
    const exchange::DayStatistics s = value_or_fail(exchange::day_statistics(
        {.tape = tape, .period = day, .groups = groups, .annulled = annulled}, last, rules));
    const auto json = [](const std::optional<std::int64_t>& price) {
        return price ? MarketJson(*price) : MarketJson();
    };
    const auto side_json = [&](const exchange::RestingAtEnd& side) -> MarketJson {
        return {{"orders", side.orders},
                {"quantity", exact_json(side.quantity)},
                {"best_micro", json(side.best_micro)}};
    };
    const std::string date = to_rfc3339(day.from).substr(0, 10);
    if (office.context().json) {
        print_document({{"vintage", options.vintage},
                        {"day", date},
                        {"index_micro", json(s.index.price_micro)},
                        {"carried", s.index.carried && s.index.price_micro},
                        {"open_micro", json(s.open_micro)},
                        {"high_micro", json(s.high_micro)},
                        {"low_micro", json(s.low_micro)},
                        {"close_micro", json(s.close_micro)},
                        {"volume", exact_json(s.volume)},
                        {"notional_micro", exact_json(s.notional)},
                        {"trades", s.trades},
                        {"bids", side_json(s.bids)},
                        {"asks", side_json(s.asks)}});
        return;
    }
    const auto text = [](const std::optional<std::int64_t>& price) {
        return price ? per_thousand(*price) : std::string("none");
    };
    fmt::print("Allowances of {} on {} (UTC), price for 1,000\n", options.vintage, date);
    fmt::print("index   {}{}\n",
               text(s.index.price_micro),
               !s.index.carried      ? ""
               : s.index.price_micro ? "  carried: too little was traded for a new one"
                                     : ": too little was traded for a first one");
    fmt::print("open    {}   high {}   low {}   last {}\n",
               text(s.open_micro),
               text(s.high_micro),
               text(s.low_micro),
               text(s.close_micro));
    fmt::print("volume  {} in {}, {} in money\n",
               grouped(s.volume),
               counted(s.trades, "trade"),
               money_text(s.notional));
    const auto side_text = [&](const exchange::RestingAtEnd& side) {
        return fmt::format("{} of {}, best {}",
                           counted(side.orders, "order"),
                           grouped(side.quantity),
                           text(side.best_micro));
    };
    fmt::print("to buy  {}\nto sell {}\n", side_text(s.bids), side_text(s.asks));
}

// What each group holds of all vintages, and needs for the years that are open: now, whatever day is asked about.
std::map<registry::GroupId, exchange::Need> needs_of(const Office& office) {
    const scheme::State& state = office.state();
    const auto add = [](std::int64_t& sum, std::int64_t more) {
        if (__builtin_add_overflow(sum, more, &sum)) sum = INT64_MAX;
    };
    std::map<registry::GroupId, exchange::Need> out;
    for (const auto& [id, account] : state.accounts) {
        const auto whose = state.participants.find(account.participant);
        const auto view = office.books().account(id);
        if (whose == state.participants.end() || !view) continue;
        for (const registry::Balance& balance : view->balances)
            if (balance.asset != registry::Asset::cash && balance.posted > 0)
                add(out[whose->second.group].held, balance.posted);
    }
    std::set<registry::GroupId> unknown;
    for (const auto& [id, participant] : state.participants)
        for (const auto& [year, period] : state.period.years) {
            const bool obliged = scheme::is_obligated(state, id);
            const std::optional<std::int64_t> need =
                scheme::needed_allowances(state, {.participant = id, .year = year});
            if (need)
                add(out[participant.group].needed, *need);
            else if (obliged)
                unknown.insert(participant.group);
        }
    // Nobody can say that it is too much.
    for (const registry::GroupId group : unknown)
        out[group].needed = std::max(out[group].needed, out[group].held);
    return out;
}

// Shares in per cent; orders and the index of concentration as they are.
std::string figure_text(exchange::FindingKind kind, std::int64_t figure) {
    if (kind == exchange::FindingKind::layering ||
        kind == exchange::FindingKind::concentrated_market)
        return grouped(figure);
    if (figure == INT64_MAX) return "nothing is needed";
    return fmt::format("{} %", static_cast<double>(figure) / 10'000);
}

void show_surveillance(Office& office, const WhoseOptions& options) {
    const auto [day, seen] =
        surveillance_of(office, {.vintage = options.vintage, .day = options.day});
    const std::string date = to_rfc3339(day.from).substr(0, 10);
    const auto names = [&](const exchange::Finding& finding) {
        std::vector<std::string> out;
        for (const registry::ParticipantId id : finding.participants)
            out.push_back(office.name_of(id));
        return out;
    };
    const auto groups_named = [&](const exchange::Finding& finding) {
        std::vector<std::string> out;
        for (const registry::GroupId id : finding.groups) out.push_back(group_name(office, id));
        return out;
    };
    if (office.context().json) {
        MarketJson rows = MarketJson::array();
        for (const exchange::Finding& f : seen.findings)
            rows.push_back({{"kind", to_string(f.kind)},
                            {"vintage", f.vintage},
                            {"groups", groups_named(f)},
                            {"participants", names(f)},
                            {"from", to_rfc3339(f.from)},
                            {"to", to_rfc3339(f.to)},
                            {"quantity", exact_json(f.quantity)},
                            {"figure", f.figure},
                            {"threshold", f.threshold},
                            {"second_figure", f.second_figure},
                            {"second_threshold", f.second_threshold},
                            {"evidence", f.evidence},
                            {"evidence_complete", f.evidence_complete}});
        print_document({{"vintage", options.vintage},
                        {"day", date},
                        {"entries", seen.entries},
                        {"volume", exact_json(seen.volume)},
                        {"sales_forgotten", seen.sales_forgotten},
                        {"findings", std::move(rows)}});
        return;
    }
    fmt::print("Allowances of {} on {} (UTC): {} of the tape, {} traded\n",
               options.vintage,
               date,
               counted(seen.entries, "line"),
               grouped(seen.volume));
    if (seen.findings.empty()) fmt::print("Nothing reached a threshold\n");
    for (std::size_t i = 0; i < seen.findings.size(); ++i) {
        const exchange::Finding& f = seen.findings[i];
        const std::vector<std::string> who = f.participants.empty() ? groups_named(f) : names(f);
        fmt::print("{:>3} {}: {} ({} where {} is the threshold; {} allowances, {} to {}; {})\n",
                   i + 1,
                   to_string(f.kind),
                   plain_line(fmt::format("{}", fmt::join(who, ", "))),
                   figure_text(f.kind, f.figure),
                   figure_text(f.kind, f.threshold),
                   grouped(f.quantity),
                   to_rfc3339(f.from),
                   to_rfc3339(f.to),
                   counted(f.evidence.size(), "line"));
    }
    if (seen.sales_forgotten > 0)
        fmt::print("{} were not looked back at for rings: too many in the window\n",
                   counted(seen.sales_forgotten, "sale"));
}

}  // namespace

std::map<std::uint32_t, std::vector<TapeEntry>> read_tapes(Office& office) {
    TapeKeeper keeper;
    engine::Engine again(scheme_key());
    again.set_tape(&keeper);
    const Result<engine::Recovery> done =
        engine::recover(again, office.journal(), {.use_snapshots = false});
    if (!done) throw Failure(done.error());
    // With what was due since the last act.
    again.advance_time(office.moment());
    return std::move(keeper.tapes);
}

DaySeen surveillance_of(Office& office, const BookDay& asked) {
    const std::vector<TapeEntry> tape = tape_of(office, asked.vintage);
    const exchange::GroupOf groups = groups_of(office.state());
    const exchange::Period day = day_in(tape, asked.day);
    const std::map<registry::GroupId, exchange::Need> needs = needs_of(office);
    const std::optional<std::int64_t> closes =
        scheme::minute_of_day(office.state().rules.market.closes);
    // The trades of the closing call are of the moment at which it ended, or later where it was held up; then none until the next day.
    Timestamp close = closes ? Timestamp{day.from.us + *closes * kMinuteUs} : day.until;
    for (const TapeEntry& entry : tape)
        if (day.contains(entry.at) && entry.at >= close && entry.kind == TapeKind::traded)
            close = {entry.at.us + 1};
    return {.day = day,
            .found = value_or_fail(exchange::surveil({.tape = tape,
                                                      .period = day,
                                                      .groups = groups,
                                                      .closes = std::span(&close, 1),
                                                      .needs = &needs},
                                                     {}))};
}

namespace {

// An order has a number in place of an id, and nobody approves it.
void order_alone(CLI::App& command) {
    for (const char* option : {"--id", "--second"})
        command.remove_option(command.get_option(option));
}

}  // namespace

void add_market_trading(CLI::App& market, Context& context) {
    CLI::App* made = nullptr;
    OrderOptions& order = add_act<OrderOptions>(
        market, context, made, "order", "Buy or sell allowances in the scheme's market", do_order);
    order_alone(*made);
    made->add_option("SIDE", order.side, "buy or sell")
        ->required()
        ->check(CLI::IsMember({"buy", "sell"}));
    made->add_option("QUANTITY", order.quantity, "How many: 250000, 250_000, 250K")->required();
    made->add_option("--vintage", order.vintage, "The year of the allowances")
        ->required()
        ->type_name("YEAR");
    made->add_option("--price", order.price, "The worst that it takes, for 1,000 allowances: 41.25")
        ->type_name("PRICE");
    CLI::Option* at_market = made->add_flag(
        "--at-market", order.at_market, "At what rests now, within the market's band");
    at_market->excludes("--price");
    CLI::Option* ioc =
        made->add_flag("--ioc", order.ioc, "What is not filled at once goes (immediate or cancel)");
    CLI::Option* fok =
        made->add_flag("--fok", order.fok, "All of it at once, or nothing (fill or kill)");
    CLI::Option* until =
        made->add_option("--until", order.until, "It rests until then (good till time)")
            ->type_name("TIME");
    ioc->excludes(fok)->excludes(until);
    fok->excludes(until);
    made->add_flag("--post-only", order.post_only, "Refused where it would trade at once")
        ->excludes(ioc)
        ->excludes(fok)
        ->excludes(at_market);
    made->add_option("--order-id",
                     order.order_id,
                     "Its number, to send it again without doing it twice [a new one]")
        ->type_name("N");
    OrderIdOptions& cancel =
        add_act<OrderIdOptions>(market, context, made, "cancel", "Take an order back", do_cancel);
    order_alone(*made);
    made->add_option("ORDER", cancel.order_id, "Its number")->required();
    OrderIdOptions& replace =
        add_act<OrderIdOptions>(market,
                                context,
                                made,
                                "replace",
                                "Another price or quantity; it keeps its place only where it "
                                "becomes less at the same price",
                                do_replace);
    order_alone(*made);
    made->add_option("ORDER", replace.order_id, "Its number")->required();
    made->add_option("--price", replace.price, "For 1,000 allowances")->type_name("PRICE");
    made->add_option("--quantity", replace.quantity, "What shall rest");
    BookOptions& book = add_view<BookOptions>(market,
                                              context,
                                              made,
                                              "book",
                                              "What rests at which price, and the reference price",
                                              show_book);
    made->add_option("VINTAGE", book.vintage, "The year of the allowances")->required();
    made->add_option("--levels", book.levels, "So many prices a side")->default_str("10");
    WhoseOptions& orders = add_view<WhoseOptions>(
        market, context, made, "orders", "The orders of a participant that rest", show_orders);
    made->add_option("PARTICIPANT", orders.participant, "Whose")->required();
    WhoseOptions& trades = add_view<WhoseOptions>(
        market, context, made, "trades", "What was traded, without names", show_trades);
    made->add_option("VINTAGE", trades.vintage, "The year of the allowances [all]");
    made->add_option("--last", trades.last, "So many")->default_str("20");
    WhoseOptions& statement = add_view<WhoseOptions>(market,
                                                     context,
                                                     made,
                                                     "statement",
                                                     "All that a participant bought and sold",
                                                     show_statement);
    made->add_option("PARTICIPANT", statement.participant, "Whose")->required();
    WhoseOptions& index = add_view<WhoseOptions>(
        market,
        context,
        made,
        "index",
        "The price index of a day, which the last trade cannot set, and the day's statistics",
        show_index);
    made->add_option("VINTAGE", index.vintage, "The year of the allowances")->required();
    made->add_option("--day", index.day, "2027-03-31 [the last with an order]")->type_name("DATE");
    WhoseOptions& watch = add_view<WhoseOptions>(
        market,
        context,
        made,
        "surveillance",
        "Signs of abuse in a day: rings, layers, marked closes; each a reason to look, no verdict",
        show_surveillance);
    made->add_option("VINTAGE", watch.vintage, "The year of the allowances")->required();
    made->add_option("--day", watch.day, "2027-03-31 [the last with an order]")->type_name("DATE");

    market.footer(
        "Prices are for 1,000 allowances: an MWh, where an allowance is a kWh.\n\n"
        "Example:\n"
        "  abate market order sell 250K --vintage 2027 --price 41.25 --as mo\n"
        "  abate market book 2027\n"
        "  abate market statement lab\n\n"
        "See also: docs/reference/market.md, registry key add (role market), registry mandate");
    struct Footer {
        const char* command;
        const char* examples;
    };
    constexpr Footer kFooters[] = {
        {"order",
         "Examples:\n  abate market order buy 250K --vintage 2027 --price 41.25 --as mo\n"
         "  abate market order sell 10K --vintage 2027 --at-market --as mo"},
        {"cancel", "Example:\n  abate market cancel 550 --as mo"},
        {"replace", "Example:\n  abate market replace 550 --price 41.50 --quantity 200K --as mo"},
        {"book", "Example:\n  abate market book 2027 --levels 5"},
        {"orders", "Example:\n  abate market orders lab"},
        {"trades", "Example:\n  abate market trades 2027 --last 100 --json"},
        {"statement", "Example:\n  abate market statement lab --json"},
        {"index", "Example:\n  abate market index 2027 --day 2027-03-31"},
        {"surveillance", "Example:\n  abate market surveillance 2027 --day 2027-03-31 --json"}};
    for (const Footer& footer : kFooters)
        market.get_subcommand(footer.command)
            ->footer(footer.examples + std::string("\n\nSee also: docs/reference/market.md"));
}

}  // namespace abate::cli
