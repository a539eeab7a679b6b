// The feed of random tapes: against the book that made them, and through channels that lose, repeat, shuffle and damage.
#include "abate/exchange/feed.h"
#include "abate/exchange/feed_codec.h"
#include "abate/exchange/feed_test_support.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace abate::exchange {
namespace {

std::vector<FeedOrder> orders_of(const OrderBook& book, Side side) {
    std::vector<FeedOrder> all;
    book.for_each_level(side, [&](const LevelView& level) {
        for (std::uint32_t place = level.first; place != OrderBook::kNone; place = book.next(place))
            all.push_back({.number = book.at(place).id,
                           .side = side,
                           .price_micro = level.price,
                           .quantity = book.at(place).quantity});
        return true;
    });
    return all;
}

// Sides of the depth are the sums of the orders, and nothing else.
void check_sums(const FeedBook& book) {
    std::map<std::int64_t, DepthLevel> sums[2];
    for (const FeedOrder& order : book.orders()) {
        DepthLevel& level = sums[static_cast<std::size_t>(order.side)][order.price_micro];
        level.price_micro = order.price_micro;
        level.quantity += order.quantity;
        ++level.orders;
    }
    std::vector<DepthLevel> bids;
    std::vector<DepthLevel> asks;
    for (auto it = sums[0].rbegin(); it != sums[0].rend(); ++it) bids.push_back(it->second);
    for (const auto& [price, level] : sums[1]) asks.push_back(level);
    const Depth depth = book.depth(1'000);
    RC_ASSERT(depth.bids == bids);
    RC_ASSERT(depth.asks == asks);
    const TopOfBook top = book.top();
    RC_ASSERT(top.bid == (bids.empty() ? std::nullopt : std::optional(bids.front())));
    RC_ASSERT(top.ask == (asks.empty() ? std::nullopt : std::optional(asks.front())));
    RC_ASSERT(book.depth(2).bids.size() == std::min<std::size_t>(2, bids.size()));
}

RC_GTEST_PROP(FeedProperty, TheBookIsThatWhichMadeTheTape, (std::uint64_t seed)) {
    FeedTapeMaker maker(seed);
    FeedSource source({.vintage = kTestVintage, .kept = 16});
    std::map<std::uint64_t, std::uint64_t> ids;  // by number
    for (int step = 0; step < 150; ++step) {
        maker.step();
        while (source.seq() < maker.tape().size()) {
            const TapeEntry& entry = maker.tape()[source.seq()];
            if (entry.kind == TapeKind::rested) ids[entry.seq] = entry.order_id;
            RC_ASSERT(source.apply(entry) == FeedFault::none);
        }
        std::vector<FeedOrder> seen = source.book().orders();
        for (FeedOrder& order : seen) order.number = ids.at(order.number);
        std::vector<FeedOrder> truth = orders_of(maker.book(), Side::buy);
        for (const FeedOrder& order : orders_of(maker.book(), Side::sell)) truth.push_back(order);
        RC_ASSERT(seen == truth);
        check_sums(source.book());
        RC_ASSERT(!source.book().crossed());
        RC_ASSERT(source.kept() == std::min<std::size_t>(16, maker.tape().size()));
    }
}

// Two tapes that differ in names alone give the same bytes.
RC_GTEST_PROP(FeedProperty, NobodysNameStandsInIt, (std::uint64_t seed)) {
    FeedTapeMaker maker(seed);
    for (int step = 0; step < 100; ++step) maker.step();
    FeedSource plain({.vintage = kTestVintage, .kept = 1'000});
    FeedSource renamed({.vintage = kTestVintage, .kept = 1'000});
    for (TapeEntry entry : maker.tape()) {
        plain.apply(entry);
        entry.order_id = ~entry.order_id * 31;
        entry.taker_id = entry.taker_id == 0 ? 0 : ~entry.taker_id * 31;
        entry.owner = registry::ParticipantId{entry.seq};
        entry.taker = registry::ParticipantId{entry.seq + 1};
        entry.why = Removal::cancelled;
        RC_ASSERT(renamed.apply(entry) == FeedFault::none);
    }
    std::string bytes[2];
    std::vector<FeedMessage> out(plain.kept());
    for (const FeedSource* source : {&plain, &renamed}) {
        std::string& to = bytes[source == &plain ? 0 : 1];
        RC_ASSERT(source->since(0, out).count == maker.tape().size());
        for (const FeedMessage& message : out) append_feed_message(to, message);
        append_feed_snapshot(to, source->snapshot());
    }
    RC_ASSERT(bytes[0] == bytes[1]);
}

// What a source was at each number.
std::vector<FeedSnapshot> history_of(const std::vector<TapeEntry>& tape) {
    FeedSource source({.vintage = kTestVintage, .kept = 1});
    std::vector<FeedSnapshot> history = {source.snapshot()};
    for (const TapeEntry& entry : tape) {
        RC_ASSERT(source.apply(entry) == FeedFault::none);
        history.push_back(source.snapshot());
    }
    return history;
}
void check_reader(const FeedReader& reader, const std::vector<FeedSnapshot>& history) {
    const FeedSnapshot& truth = history[reader.seq()];
    RC_ASSERT(!reader.is_lost());
    RC_ASSERT(reader.book().orders() == truth.orders);
    RC_ASSERT(reader.book().last_trade() == truth.last_trade);
}

// Bytes on their way: some are lost, some come twice, some late, some with a wrong bit.
class Channel {
  public:
    explicit Channel(std::uint64_t seed) : chance_(seed) {}
    void send(const FeedMessage& message) {
        std::string bytes;
        append_feed_message(bytes, message);
        const std::uint64_t copies = chance_() % 8 == 0 ? 0 : 1 + (chance_() % 6 == 0 ? 1 : 0);
        for (std::uint64_t copy = 0; copy < copies; ++copy) {
            std::string sent = bytes;
            if (chance_() % 16 == 0) {
                const std::uint64_t bit = chance_() % (8 * sent.size());
                sent[bit / 8] = static_cast<char>(sent[bit / 8] ^ 1 << bit % 8);
            }
            const std::uint64_t late = chance_() % 4 == 0 ? chance_() % 12 : 0;
            way_.emplace(now_ + late, sent);
        }
        ++now_;
    }
    std::vector<std::string> receive() {
        std::vector<std::string> out;
        while (!way_.empty() && way_.begin()->first < now_) {
            out.push_back(way_.begin()->second);
            way_.erase(way_.begin());
        }
        return out;
    }

  private:
    std::mt19937_64 chance_;
    std::uint64_t now_ = 0;
    std::multimap<std::uint64_t, std::string> way_;
};

// As a client does: what is missing is asked for, and where it is not kept any more, a snapshot.
bool recover(FeedReader& reader, const FeedSource& source, std::size_t most) {
    bool was_behind = false;
    std::vector<FeedMessage> out(most);
    while (reader.seq() < source.seq()) {
        const FeedPage page = source.since(reader.seq(), out);
        RC_ASSERT(page.answer != FeedAnswer::ahead);
        RC_ASSERT(page.last == source.seq());
        if (page.answer == FeedAnswer::fell_behind) {
            was_behind = true;
            std::string bytes;
            append_feed_snapshot(bytes, source.snapshot());
            FeedSnapshot snapshot;
            RC_ASSERT(read_feed_snapshot(bytes, snapshot) == FeedFault::none);
            RC_ASSERT(reader.apply(snapshot) == FeedRead::applied);
        }
        for (std::size_t i = 0; i < page.count; ++i) {
            // What waited for the one before may have come with it.
            const FeedRead read = reader.apply(out[i]);
            RC_ASSERT(read == FeedRead::applied || read == FeedRead::repeated);
        }
    }
    return was_behind;
}

RC_GTEST_PROP(FeedProperty, AReaderOfABadChannelHasTheBookOfItsNumber, (std::uint64_t seed)) {
    std::mt19937_64 chance(seed);
    FeedTapeMaker maker(seed);
    // Now and then there is a call before the book opens; the maker's own book starts empty behind it, of other ids.
    if (seed % 4 == 0) maker.call(12);
    while (maker.tape().size() < 250) maker.step();
    const std::vector<FeedSnapshot> history = history_of(maker.tape());
    const std::size_t kept = 1 + chance() % 60;
    const std::size_t most_waiting = chance() % 20;
    const std::uint64_t patience = 1 + chance() % 80;
    FeedSource source({.vintage = kTestVintage, .kept = kept});
    FeedReader reader({.vintage = kTestVintage, .most_waiting = most_waiting});
    Channel channel(chance());
    bool was_behind = false;
    std::size_t damaged = 0;
    std::vector<FeedMessage> newest(1);
    for (const TapeEntry& entry : maker.tape()) {
        RC_ASSERT(source.apply(entry) == FeedFault::none);
        RC_ASSERT(source.kept() <= kept);
        RC_ASSERT(source.since(entry.seq - 1, newest).count == 1);
        channel.send(newest[0]);
        for (const std::string& bytes : channel.receive()) {
            FeedMessage message;
            if (read_feed_message(bytes, message) != FeedFault::none) {
                ++damaged;
                continue;
            }
            const std::uint64_t before = reader.seq();
            const FeedRead read = reader.apply(message);
            RC_ASSERT(read != FeedRead::refused);
            if (message.seq <= before) RC_ASSERT(read == FeedRead::repeated);
            if (message.seq == before + 1) RC_ASSERT(read == FeedRead::applied);
            RC_ASSERT(reader.waiting() <= most_waiting);
            check_reader(reader, history);
            if (const auto gap = reader.gap()) {
                RC_ASSERT(gap->first == reader.seq() + 1);
                RC_ASSERT(gap->first <= gap->last);
                RC_ASSERT(gap->last <= source.seq());
            }
        }
        if (reader.gap() && chance() % patience == 0) {
            was_behind = recover(reader, source, 1 + chance() % 30) || was_behind;
            check_reader(reader, history);
        }
    }
    was_behind = recover(reader, source, 7) || was_behind;
    RC_ASSERT(reader.seq() == source.seq());
    RC_ASSERT(!reader.gap());
    RC_ASSERT(reader.waiting() == 0);
    check_reader(reader, history);
    RC_CLASSIFY(was_behind, "fell behind");
    RC_CLASSIFY(damaged > 0, "damaged");
}

RC_GTEST_PROP(FeedProperty, TheRingKeepsTheLastAndSaysSo, (std::uint64_t seed)) {
    std::mt19937_64 chance(seed);
    FeedTapeMaker maker(seed);
    while (maker.tape().size() < 80) maker.step();
    const std::size_t kept = 1 + chance() % 100;
    FeedSource source({.vintage = kTestVintage, .kept = kept});
    std::vector<FeedMessage> all;
    std::vector<FeedMessage> out(40);
    for (const TapeEntry& entry : maker.tape()) {
        RC_ASSERT(source.apply(entry) == FeedFault::none);
        all.push_back({});
        RC_ASSERT(source.since(entry.seq - 1, std::span(all).last(1)).count == 1);
        const std::uint64_t seq = chance() % (entry.seq + 3);
        const std::size_t most = chance() % 40;
        const FeedPage page = source.since(seq, std::span(out).first(most));
        if (seq > entry.seq) {
            RC_ASSERT(page.answer == FeedAnswer::ahead);
        } else if (entry.seq - seq > kept) {
            RC_ASSERT(page.answer == FeedAnswer::fell_behind);
        } else {
            RC_ASSERT(page.answer == FeedAnswer::messages);
            RC_ASSERT(page.count == std::min<std::size_t>(most, entry.seq - seq));
            RC_ASSERT(page.through == seq + page.count);
            RC_ASSERT(std::equal(out.begin(),
                                 out.begin() + static_cast<std::ptrdiff_t>(page.count),
                                 all.begin() + static_cast<std::ptrdiff_t>(seq)));
            // The trades among all that is behind it, in pages.
            std::vector<std::uint64_t> trades;
            for (FeedPage next{.through = seq}; next.through < entry.seq;) {
                next = source.trades_since(next.through, std::span(out).first(1 + chance() % 3));
                for (std::size_t i = 0; i < next.count; ++i) trades.push_back(out[i].seq);
            }
            std::vector<std::uint64_t> truth;
            for (std::size_t i = seq; i < all.size(); ++i)
                if (all[i].kind == FeedKind::trade) truth.push_back(all[i].seq);
            RC_ASSERT(trades == truth);
        }
        if (page.answer != FeedAnswer::messages) RC_ASSERT(page.count == 0 && page.through == seq);
    }
}

// A call over the feed: what rests crosses until it trades, and then no more.
RC_GTEST_PROP(FeedProperty, ACallUncrossesTheBook, (std::uint64_t seed)) {
    FeedTapeMaker maker(seed);
    maker.call(20);
    FeedSource source({.vintage = kTestVintage, .kept = 100});
    FeedReader reader({.vintage = kTestVintage});
    std::array<FeedMessage, 1> out;
    for (const TapeEntry& entry : maker.tape()) {
        RC_ASSERT(source.apply(entry) == FeedFault::none);
        RC_ASSERT(source.since(reader.seq(), out).count == 1);
        RC_ASSERT(reader.apply(out[0]) == FeedRead::applied);
        check_sums(reader.book());
    }
    RC_ASSERT(!source.book().crossed());
    RC_ASSERT(reader.book().orders() == source.book().orders());
}

// Any fields at all: refused by name, or written and read as they are; a book stands what it is told.
RC_GTEST_PROP(FeedProperty, AnyMessageIsRefusedOrLeavesASoundBook, (std::uint64_t seed)) {
    std::mt19937_64 chance(seed);
    FeedBook book({.vintage = 1, .most_orders = 8});
    const auto some = [&](std::uint64_t below) {
        return chance() % 20 == 0 ? chance() : chance() % below;
    };
    for (int i = 0; i < 300; ++i) {
        FeedMessage message{.seq = some(20),
                            .at = {.us = static_cast<std::int64_t>(chance())},
                            .kind = static_cast<FeedKind>(1 + chance() % 4),
                            .side = static_cast<Side>(chance() % 2),
                            .vintage = chance() % 20 == 0 ? 2 : 1,
                            .order = some(20),
                            .against = chance() % 3 == 0 ? some(20) : 0,
                            .price_micro = static_cast<std::int64_t>(some(4)),
                            .quantity = static_cast<std::int64_t>(some(6))};
        if (message.kind == FeedKind::add && chance() % 4 != 0) message.order = message.seq;
        std::string bytes;
        append_feed_message(bytes, message);
        FeedMessage read;
        RC_ASSERT(read_feed_message(bytes, read) == check(message));
        if (check(message) == FeedFault::none) RC_ASSERT(read == message);
        const std::vector<FeedOrder> before = book.orders();
        if (book.apply(message) != FeedFault::none) RC_ASSERT(book.orders() == before);
        check_sums(book);
        RC_ASSERT(book.size() <= 8);
    }
}

}  // namespace
}  // namespace abate::exchange
