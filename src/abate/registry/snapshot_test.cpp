#include "abate/registry/snapshot.h"

#include "abate/registry/registry_test_support.h"

#include <gtest/gtest.h>

namespace abate::registry {
namespace {

using namespace testing;  // books, accounts and their numbers

std::string some_books() {
    Books books;
    books.issue(holding(1), 60);
    books.deposit(cash(1), 50);
    const auto reserve = [&](std::uint64_t id, std::uint64_t timeout_us) {
        books.must({.op = Op::reserve,
                    .asset = kV27,
                    .id = {9, id},
                    .from = holding(1),
                    .to = holding(2),
                    .amount = 5,
                    .timeout_us = timeout_us});
    };
    reserve(1, 1000);
    reserve(2, 0);
    reserve(3, 1000);
    books.must({.op = Op::post, .reference = {9, 3}, .amount = 2});
    EXPECT_EQ(books
                  .apply({.op = Op::transfer,
                          .asset = kV27,
                          .id = {9, 9},
                          .from = holding(1),
                          .to = holding(2),
                          .amount = 500})
                  .reason,
              Reason::insufficient_balance);
    std::string bytes;
    append_snapshot(bytes, books.registry);
    return bytes;
}

TEST(Snapshot, KeepsPromisesBurnedIdsAndTheTime) {
    const Registry read = *read_snapshot(some_books());
    EXPECT_EQ(read.balance(holding(1), kV27), (Balance{kV27, 58, 10, 0}));
    EXPECT_EQ(read.balance(holding(2), kV27), (Balance{kV27, 2, 0, 10}));
    EXPECT_EQ(read.transfer({9, 1})->pending, PendingState::pending);
    EXPECT_EQ(read.transfer({9, 3})->pending, PendingState::posted);
    EXPECT_EQ(read.transfer({9, 9})->outcome.reason, Reason::insufficient_balance);
    EXPECT_EQ(read.next_due(), read.transfer({9, 1})->due);
    EXPECT_GE(read.last_time(), read.transfer({9, 9})->at);
    EXPECT_EQ(read.group_of(ParticipantId{2}), GroupId{2});
}

// Memory that was taken before changes nothing in the books: not at the start, not in the middle, not past its end.
TEST(Snapshot, IsTheSameWhateverRoomWasTaken) {
    const auto books_with = [](const Room& at_the_start, const Room& in_the_middle) {
        Books books;
        books.registry.make_room(at_the_start);
        for (std::uint64_t i = 0; i < 10'000; ++i) {
            if (i == 5'000) books.registry.make_room(in_the_middle);
            books.must({.op = Op::open_account,
                        .kind = AccountKind::holding,
                        .from = AccountId{1000 + i},
                        .participant = ParticipantId{1}});
            books.issue(AccountId{1000 + i}, 1 + static_cast<std::int64_t>(i));
        }
        EXPECT_EQ(broken_invariant(books.registry).value_or("sound"), "sound");
        std::string bytes;
        append_snapshot(bytes, books.registry);
        return bytes;
    };
    const std::string grown = books_with({}, {});
    EXPECT_EQ(read_snapshot(grown)->balance(AccountId{10'999}, kV27).posted, 10'000);
    EXPECT_TRUE(books_with({.accounts = 1, .commands = 1}, {}) == grown);
    EXPECT_TRUE(books_with({.accounts = 300'000, .commands = 300'000}, {}) == grown);
    EXPECT_TRUE(books_with({}, {.accounts = 2'000, .commands = 9'000}) == grown);
}

TEST(Snapshot, OfNothingIsNothing) {
    std::string bytes;
    append_snapshot(bytes, Registry());
    const Registry read = *read_snapshot(bytes);
    EXPECT_EQ(read.accounts(), 0U);
    EXPECT_EQ(read.last_time(), Registry().last_time());
}

TEST(Snapshot, RefusesEachCutAndANewerVersion) {
    const std::string whole = some_books();
    for (std::size_t n = 0; n < whole.size(); ++n)
        ASSERT_FALSE(read_snapshot(whole.substr(0, n))) << n;
    EXPECT_FALSE(read_snapshot(whole + "x"));
    std::string newer = whole;
    newer[4] = 9;
    EXPECT_EQ(read_snapshot(newer).error().code, ErrorCode::version_mismatch);
}

// Without a digest a changed byte may go unseen; then the books are sound all the same, and nothing is read beyond the end.
TEST(Snapshot, AnyFlippedBitIsRefusedOrLeavesSoundBooks) {
    const std::string whole = some_books();
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string changed = whole;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            const Result<Registry> read = read_snapshot(changed);
            if (read) {
                EXPECT_EQ(broken_invariant(*read).value_or("sound"), "sound");
            }
        }
    }
}

}  // namespace
}  // namespace abate::registry
