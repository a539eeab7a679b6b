#include "abate/exchange/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace abate::exchange {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int32_t kVintage = 2031;
constexpr registry::ParticipantId kLab{7};

// 10 and 5 bid at 100, 4 and 6 asked at 103; 3 of the first ask are bought; the first bid shrinks to 8; the second is cancelled.
std::vector<TapeEntry> morning() {
    std::vector<TapeEntry> tape = {{.kind = TapeKind::rested,
                                    .side = Side::buy,
                                    .order_id = 770,
                                    .price_micro = 100,
                                    .quantity = 10},
                                   {.kind = TapeKind::rested,
                                    .side = Side::sell,
                                    .order_id = 50,
                                    .price_micro = 103,
                                    .quantity = 4},
                                   {.kind = TapeKind::rested,
                                    .side = Side::buy,
                                    .order_id = 910,
                                    .price_micro = 100,
                                    .quantity = 5},
                                   {.kind = TapeKind::rested,
                                    .side = Side::sell,
                                    .order_id = 60,
                                    .price_micro = 103,
                                    .quantity = 6},
                                   {.kind = TapeKind::traded,
                                    .side = Side::sell,
                                    .order_id = 50,
                                    .price_micro = 103,
                                    .quantity = 3,
                                    .taker_id = 200,
                                    .taker = kLab},
                                   {.kind = TapeKind::reduced,
                                    .side = Side::buy,
                                    .order_id = 770,
                                    .price_micro = 100,
                                    .quantity = 8},
                                   {.kind = TapeKind::removed,
                                    .why = Removal::self_trade,
                                    .side = Side::buy,
                                    .order_id = 910,
                                    .price_micro = 100,
                                    .quantity = 5}};
    for (std::size_t i = 0; i < tape.size(); ++i) {
        tape[i].seq = i + 1;
        tape[i].at = {.us = static_cast<std::int64_t>(i) * 1'000};
        tape[i].vintage = kVintage;
        tape[i].owner = kLab;
    }
    return tape;
}
FeedSource source_of(const std::vector<TapeEntry>& tape, std::size_t kept = 100) {
    FeedSource source({.vintage = kVintage, .kept = kept});
    for (const TapeEntry& entry : tape) EXPECT_EQ(source.apply(entry), FeedFault::none);
    return source;
}
std::vector<FeedMessage> messages_of(const FeedSource& source) {
    std::vector<FeedMessage> all(source.kept());
    const FeedPage page = source.since(source.seq() - source.kept(), all);
    EXPECT_EQ(page.count, all.size());
    return all;
}

TEST(Feed, EachEntryIsOneMessageThatNamesOrdersByTheirNumber) {
    const std::vector<FeedMessage> all = messages_of(source_of(morning()));
    ASSERT_EQ(all.size(), 7U);
    EXPECT_EQ(all[0],
              (FeedMessage{.seq = 1,
                           .at = {0},
                           .kind = FeedKind::add,
                           .side = Side::buy,
                           .vintage = kVintage,
                           .order = 1,
                           .price_micro = 100,
                           .quantity = 10}));
    EXPECT_EQ(all[4],
              (FeedMessage{.seq = 5,
                           .at = {4'000},
                           .kind = FeedKind::trade,
                           .side = Side::sell,
                           .vintage = kVintage,
                           .order = 2,
                           .price_micro = 103,
                           .quantity = 3}));
    EXPECT_EQ(all[5].kind, FeedKind::reduce);
    EXPECT_EQ(all[5].order, 1U);
    EXPECT_EQ(all[6].kind, FeedKind::remove);
    EXPECT_EQ(all[6].order, 3U);
}

TEST(Feed, TheBookIsItsDepthItsTopAndItsOrders) {
    std::vector<TapeEntry> tape = morning();
    tape.resize(5);
    const FeedSource source = source_of(tape);
    EXPECT_THAT(source.book().depth(5).bids, ElementsAre(DepthLevel{100, 15, 2}));
    EXPECT_THAT(source.book().depth(5).asks, ElementsAre(DepthLevel{103, 7, 2}));
    EXPECT_THAT(source.book().depth(0).asks, IsEmpty());
    EXPECT_EQ(source.book().top(), (TopOfBook{DepthLevel{100, 15, 2}, DepthLevel{103, 7, 2}}));
    EXPECT_THAT(source.book().orders(),
                ElementsAre(FeedOrder{1, Side::buy, 100, 10},
                            FeedOrder{3, Side::buy, 100, 5},
                            FeedOrder{2, Side::sell, 103, 1},
                            FeedOrder{4, Side::sell, 103, 6}));
    EXPECT_EQ(source.book().last_trade(), (FeedTrade{5, {4'000}, 103, 3}));
    const FeedSource after = source_of(morning());
    EXPECT_THAT(after.book().depth(5).bids, ElementsAre(DepthLevel{100, 8, 1}));
}

TEST(Feed, TradesCanBeReadAlone) {
    const FeedSource source = source_of(morning());
    std::array<FeedMessage, 4> out;
    const FeedPage page = source.trades_since(0, out);
    EXPECT_EQ(page.count, 1U);
    EXPECT_EQ(out[0].seq, 5U);
    EXPECT_EQ(page.through, 7U);
    // No further than there is place for.
    const FeedPage one = source.trades_since(0, std::span(out).first(1));
    EXPECT_EQ(one.count, 1U);
    EXPECT_EQ(one.through, 5U);
}

TEST(Feed, AReaderThatFellBehindIsTold) {
    const FeedSource source = source_of(morning(), 3);  // 5, 6, 7
    EXPECT_EQ(source.kept(), 3U);
    std::array<FeedMessage, 2> out;
    EXPECT_EQ(source.since(3, out).answer, FeedAnswer::fell_behind);
    FeedPage page = source.since(4, out);
    EXPECT_EQ(page.answer, FeedAnswer::messages);
    EXPECT_EQ(page.count, 2U);
    EXPECT_EQ(out[0].seq, 5U);
    EXPECT_EQ(page.through, 6U);
    EXPECT_EQ(page.last, 7U);
    page = source.since(7, out);
    EXPECT_EQ(page.answer, FeedAnswer::messages);
    EXPECT_EQ(page.count, 0U);
    EXPECT_EQ(source.since(8, out).answer, FeedAnswer::ahead);
    EXPECT_EQ(source.since(UINT64_MAX, out).answer, FeedAnswer::ahead);
}

TEST(Feed, ASnapshotAndWhatCameSinceIsTheBook) {
    std::vector<TapeEntry> tape = morning();
    FeedSource source({.vintage = kVintage, .kept = 100});
    for (std::size_t i = 0; i < 4; ++i) source.apply(tape[i]);
    FeedReader reader({.vintage = kVintage});
    EXPECT_EQ(reader.apply(source.snapshot()), FeedRead::applied);
    EXPECT_EQ(reader.seq(), 4U);
    for (std::size_t i = 4; i < tape.size(); ++i) source.apply(tape[i]);
    std::vector<FeedMessage> out(10);
    const FeedPage page = source.since(reader.seq(), out);
    for (std::size_t i = 0; i < page.count; ++i) EXPECT_EQ(reader.apply(out[i]), FeedRead::applied);
    EXPECT_EQ(reader.seq(), source.seq());
    EXPECT_EQ(reader.book().orders(), source.book().orders());
    EXPECT_EQ(reader.book().last_trade(), source.book().last_trade());
}

TEST(Feed, AReaderSeesWhatIsMissingWhatIsRepeatedAndWhatIsEarly) {
    const FeedSource source = source_of(morning());
    const std::vector<FeedMessage> all = messages_of(source);
    FeedReader reader({.vintage = kVintage});
    EXPECT_EQ(reader.apply(all[0]), FeedRead::applied);
    EXPECT_EQ(reader.apply(all[0]), FeedRead::repeated);
    EXPECT_EQ(reader.gap(), std::nullopt);
    EXPECT_EQ(reader.apply(all[3]), FeedRead::early);
    EXPECT_EQ(reader.gap(), (FeedReader::Gap{2, 3}));
    EXPECT_EQ(reader.apply(all[3]), FeedRead::repeated);
    EXPECT_EQ(reader.apply(all[5]), FeedRead::early);
    EXPECT_EQ(reader.apply(all[2]), FeedRead::early);
    EXPECT_EQ(reader.gap(), (FeedReader::Gap{2, 2}));
    EXPECT_EQ(reader.seq(), 1U);
    // It brings the two that waited, up to the next gap.
    EXPECT_EQ(reader.apply(all[1]), FeedRead::applied);
    EXPECT_EQ(reader.seq(), 4U);
    EXPECT_EQ(reader.gap(), (FeedReader::Gap{5, 5}));
    EXPECT_EQ(reader.apply(all[4]), FeedRead::applied);
    EXPECT_EQ(reader.apply(all[6]), FeedRead::applied);
    EXPECT_EQ(reader.gap(), std::nullopt);
    EXPECT_EQ(reader.waiting(), 0U);
    EXPECT_EQ(reader.book().orders(), source.book().orders());
    // A snapshot of what it knows already changes nothing.
    EXPECT_EQ(reader.apply(source.snapshot()), FeedRead::repeated);
}

TEST(Feed, NoMoreWaitThanMay) {
    const std::vector<FeedMessage> all = messages_of(source_of(morning()));
    FeedReader reader({.vintage = kVintage, .most_waiting = 2});
    for (const std::size_t i : {6U, 5U, 4U, 2U}) EXPECT_EQ(reader.apply(all[i]), FeedRead::early);
    EXPECT_EQ(reader.waiting(), 2U);  // 3 and 5
    EXPECT_EQ(reader.gap(), (FeedReader::Gap{1, 2}));
    reader.apply(all[0]);
    reader.apply(all[1]);
    EXPECT_EQ(reader.gap(), (FeedReader::Gap{4, 4}));
    reader.apply(all[3]);
    // Those that were forgotten are missing.
    EXPECT_EQ(reader.seq(), 5U);
    EXPECT_EQ(reader.gap(), (FeedReader::Gap{6, 7}));
}

TEST(Feed, AMessageThatDoesNotFitTheBookNeedsASnapshot) {
    const FeedSource source = source_of(morning());
    const std::vector<FeedMessage> all = messages_of(source);
    FeedReader reader({.vintage = kVintage});
    for (std::size_t i = 0; i < 4; ++i) reader.apply(all[i]);
    FeedMessage wrong = all[4];
    wrong.quantity = 5;
    EXPECT_EQ(reader.apply(all[6]), FeedRead::early);
    EXPECT_EQ(reader.apply(wrong), FeedRead::refused);
    EXPECT_EQ(reader.fault(), FeedFault::quantity_differs);
    // What waited is not trusted either.
    EXPECT_EQ(reader.waiting(), 0U);
    EXPECT_EQ(reader.gap(), (FeedReader::Gap{5, 7}));
    EXPECT_TRUE(reader.is_lost());
    EXPECT_EQ(reader.seq(), 4U);
    EXPECT_EQ(reader.apply(all[4]), FeedRead::early);
    EXPECT_EQ(reader.gap(), (FeedReader::Gap{5, 7}));
    EXPECT_EQ(reader.apply(source.snapshot()), FeedRead::applied);
    EXPECT_FALSE(reader.is_lost());
    EXPECT_EQ(reader.seq(), 7U);
    EXPECT_EQ(reader.book().orders(), source.book().orders());
}

TEST(Feed, WhatDoesNotFitABookIsRefusedByName) {
    FeedBook book({.vintage = kVintage, .most_orders = 2});
    const FeedMessage bid{
        .seq = 1, .vintage = kVintage, .order = 1, .price_micro = 100, .quantity = 10};
    const FeedMessage ask{.seq = 2,
                          .side = Side::sell,
                          .vintage = kVintage,
                          .order = 2,
                          .price_micro = 103,
                          .quantity = 4};
    EXPECT_EQ(book.apply(bid), FeedFault::none);
    EXPECT_EQ(book.apply(ask), FeedFault::none);
    const auto why = [&](FeedMessage message, auto&& change) {
        message.seq = 9;
        if (message.kind == FeedKind::add) message.order = 9;
        change(message);
        return to_string(book.apply(message));
    };
    FeedMessage sold{.kind = FeedKind::trade,
                     .side = Side::sell,
                     .vintage = kVintage,
                     .order = 2,
                     .price_micro = 103,
                     .quantity = 4};
    EXPECT_EQ(why(bid, [](FeedMessage& m) { m.seq = 0; }), "number_out_of_place");
    EXPECT_EQ(why(bid, [](FeedMessage& m) { m.order = 8; }), "number_out_of_place");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.order = 9; }), "number_out_of_place");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.order = 0; }), "number_out_of_place");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.against = 2; }), "number_out_of_place");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.against = 9; }), "number_out_of_place");
    EXPECT_EQ(why(bid, [](FeedMessage& m) { m.against = 2; }), "not_zero");
    EXPECT_EQ(why(bid, [](FeedMessage& m) { m.price_micro = 0; }), "price_out_of_range");
    EXPECT_EQ(why(bid, [](FeedMessage& m) { m.price_micro = kMostTicks + 1; }),
              "price_out_of_range");
    EXPECT_EQ(why(bid, [](FeedMessage& m) { m.quantity = 0; }), "quantity_out_of_range");
    EXPECT_EQ(why(bid, [](FeedMessage& m) { m.quantity = kMostQuantity + 1; }),
              "quantity_out_of_range");
    EXPECT_EQ(why(bid, [](FeedMessage& m) { m.vintage = 2032; }), "other_book");
    EXPECT_EQ(why(bid, [](FeedMessage& m) { m.seq = m.order = 1; }), "order_exists");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.order = 3; }), "order_unknown");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.against = 3; }), "order_unknown");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.side = Side::buy; }), "order_differs");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.price_micro = 102; }), "order_differs");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.quantity = 5; }), "quantity_differs");
    sold.kind = FeedKind::remove;
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.quantity = 3; }), "quantity_differs");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.order = 3; }), "order_unknown");
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.price_micro = 102; }), "order_differs");
    sold.kind = FeedKind::reduce;
    EXPECT_EQ(why(sold, [](FeedMessage& m) { m.quantity = 5; }), "quantity_differs");
    EXPECT_EQ(why(bid, [](FeedMessage&) {}), "book_full");
    // None of them left a trace.
    EXPECT_THAT(book.orders(),
                ElementsAre(FeedOrder{1, Side::buy, 100, 10}, FeedOrder{2, Side::sell, 103, 4}));
    EXPECT_EQ(book.last_trade(), FeedTrade{});
}

TEST(Feed, ASnapshotThatIsRefusedLeavesTheBook) {
    FeedBook book({.vintage = kVintage, .most_orders = 2});
    const FeedOrder bid{1, Side::buy, 100, 10};
    const FeedOrder lower{2, Side::buy, 99, 10};
    const FeedOrder ask{3, Side::sell, 103, 4};
    ASSERT_EQ(book.apply(FeedSnapshot{.vintage = kVintage, .seq = 3, .orders = {bid, ask}}),
              FeedFault::none);
    const auto why = [&](const FeedSnapshot& snapshot) { return to_string(book.apply(snapshot)); };
    EXPECT_EQ(why({.vintage = 1, .seq = 3, .orders = {bid}}), "other_book");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 2, .orders = {bid, ask}}), "number_out_of_place");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .orders = {lower, bid}}), "orders_not_sorted");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .orders = {ask, bid}}), "orders_not_sorted");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .orders = {bid, bid}}), "orders_not_sorted");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .orders = {bid, {1, Side::buy, 99, 1}}}),
              "order_exists");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .orders = {bid, lower, ask}}), "book_full");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .orders = {{1, Side::buy, 0, 1}}}),
              "price_out_of_range");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .orders = {{1, Side::buy, 1, 0}}}),
              "quantity_out_of_range");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .last_trade = {4, {}, 1, 1}}),
              "number_out_of_place");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .last_trade = {2, {}, 1, 0}}),
              "quantity_out_of_range");
    EXPECT_EQ(why({.vintage = kVintage, .seq = 3, .last_trade = {0, {}, 1, 1}}), "not_zero");
    EXPECT_THAT(book.orders(), ElementsAre(bid, ask));
}

TEST(Feed, AnotherTapeIsRefusedAndChangesNothing) {
    const std::vector<TapeEntry> tape = morning();
    FeedSource source = source_of({tape.begin(), tape.begin() + 4});
    const FeedSnapshot before = source.snapshot();
    EXPECT_EQ(source.apply(tape[5]), FeedFault::number_out_of_place);
    EXPECT_EQ(source.apply(tape[3]), FeedFault::number_out_of_place);
    TapeEntry entry = tape[4];
    entry.order_id = 51;
    EXPECT_EQ(source.apply(entry), FeedFault::order_unknown);
    entry = tape[4];
    entry.vintage = 2032;
    EXPECT_EQ(source.apply(entry), FeedFault::other_book);
    entry = tape[4];
    entry.quantity = 5;
    EXPECT_EQ(source.apply(entry), FeedFault::quantity_differs);
    entry.kind = TapeKind::rested;
    EXPECT_EQ(source.apply(entry), FeedFault::order_exists);
    EXPECT_EQ(source.snapshot(), before);
    EXPECT_EQ(source.kept(), 4U);
    EXPECT_EQ(source.apply(tape[4]), FeedFault::none);
}

// An order's id may come again once it is gone; its number does not.
TEST(Feed, AnIdThatComesAgainIsAnotherOrder) {
    FeedSource source = source_of(morning());
    TapeEntry again = morning()[2];
    again.seq = 8;
    EXPECT_EQ(source.apply(again), FeedFault::none);
    EXPECT_EQ(source.book().order(3), std::nullopt);
    EXPECT_EQ(source.book().order(8), (FeedOrder{8, Side::buy, 100, 5}));
}

// Before the opening 10 are bid at 105 and 6 asked at 95; the call trades 6 at 100.
TEST(Feed, ATradeOfACallIsOfTwoOrdersThatRest) {
    FeedSource source = source_of({{.seq = 1,
                                    .side = Side::buy,
                                    .vintage = kVintage,
                                    .order_id = 1,
                                    .price_micro = 105,
                                    .quantity = 10},
                                   {.seq = 2,
                                    .side = Side::sell,
                                    .vintage = kVintage,
                                    .order_id = 2,
                                    .price_micro = 95,
                                    .quantity = 6}});
    EXPECT_TRUE(source.book().crossed());
    FeedReader reader({.vintage = kVintage});
    EXPECT_EQ(reader.apply(source.snapshot()), FeedRead::applied);
    const TapeEntry trade{.seq = 3,
                          .kind = TapeKind::traded,
                          .side = Side::buy,
                          .vintage = kVintage,
                          .order_id = 1,
                          .price_micro = 100,
                          .quantity = 6,
                          .taker_id = 2};
    ASSERT_EQ(source.apply(trade), FeedFault::none);
    EXPECT_FALSE(source.book().crossed());
    EXPECT_THAT(source.book().orders(), ElementsAre(FeedOrder{1, Side::buy, 105, 4}));
    const FeedMessage message = messages_of(source).back();
    EXPECT_EQ(message.against, 2U);
    EXPECT_EQ(reader.apply(message), FeedRead::applied);
    EXPECT_EQ(reader.book().orders(), source.book().orders());
    EXPECT_EQ(reader.book().last_trade().price_micro, 100);
    // The seller's is gone, so that its id may come again; the buyer's still rests.
    TapeEntry again{.seq = 4,
                    .side = Side::sell,
                    .vintage = kVintage,
                    .order_id = 1,
                    .price_micro = 106,
                    .quantity = 1};
    EXPECT_EQ(source.apply(again), FeedFault::order_exists);
    again.order_id = 2;
    EXPECT_EQ(source.apply(again), FeedFault::none);
}

TEST(Feed, ASourceGoesOnAfterAStop) {
    const std::vector<TapeEntry> tape = morning();
    const FeedSource before = source_of({tape.begin(), tape.begin() + 4});
    EXPECT_THAT(before.order_ids(), ElementsAre(770, 910, 50, 60));
    FeedSource source({.vintage = kVintage});
    EXPECT_EQ(source.resume(before.snapshot(), std::array<std::uint64_t, 1>{1}),
              FeedFault::wrong_length);
    EXPECT_EQ(source.resume(before.snapshot(), std::array<std::uint64_t, 4>{1, 2, 3, 1}),
              FeedFault::order_exists);
    ASSERT_EQ(source.resume(before.snapshot(), before.order_ids()), FeedFault::none);
    for (std::size_t i = 4; i < tape.size(); ++i) EXPECT_EQ(source.apply(tape[i]), FeedFault::none);
    EXPECT_EQ(source.snapshot(), source_of(tape).snapshot());
    EXPECT_EQ(source.kept(), 3U);
    std::array<FeedMessage, 8> out;
    EXPECT_EQ(source.since(3, out).answer, FeedAnswer::fell_behind);
    EXPECT_EQ(source.since(4, out).count, 3U);
}

TEST(Feed, KindsAndFaultsHaveNames) {
    EXPECT_EQ(to_string(FeedKind::add), "add");
    EXPECT_EQ(to_string(FeedKind::remove), "remove");
    for (std::uint8_t i = 0; i < kFeedFaults; ++i)
        EXPECT_FALSE(to_string(static_cast<FeedFault>(i)).empty());
    EXPECT_EQ(to_string(FeedFault::book_full), "book_full");
    EXPECT_EQ(to_string(FeedFault::orders_not_sorted), "orders_not_sorted");
}

}  // namespace
}  // namespace abate::exchange
