// Which exit records are a tree's. Root is process 1; moments are seconds since the machine started;
// expected times are sums of what the records and the living processes say.
#include "abate/meter/exit_records.h"

#include <gtest/gtest.h>

#include <vector>

namespace abate::meter {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kMostPending = 16384;  // docs/methodology/attribution.md

// Seconds of a living process.
struct Life {
    std::int64_t began_s;
    std::int64_t own_s;
};

// 100 ticks a second on every Linux that has taskstats (USER_HZ).
LiveProcess alive(pid_t pid, const Life& life) {
    return {.pid = pid,
            .ppid = 1,
            .start_ticks = static_cast<std::uint64_t>(life.began_s * 100),
            .state = 'R',
            .own_ns = life.own_s * kSecond,
            .waited_ns = 0};
}

ExitMoment at(std::int64_t s) {
    return {.earliest_ns = s * kSecond, .latest_ns = s * kSecond, .slept_ns = 0};
}

// Seconds of a record.
struct Spent {
    std::int64_t cpu_s;
    std::int64_t lived_s;
};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a process, then its parent
ExitRecord ended(pid_t process, pid_t parent, const Spent& spent) {
    return {.process = process,
            .parent = parent,
            .cpu_ns = spent.cpu_s * kSecond,
            .lived_ns = spent.lived_s * kSecond};
}

std::int64_t seconds(ExitLedger& ledger, const std::vector<LiveProcess>& live) {
    return ledger.cpu_ns(1, live) / kSecond;
}

TEST(ExitLedger, AddsTheDeadBelowTheLivingAndTheDead) {
    ExitLedger ledger;
    // 300 is a child of 200, which is a child of the living 100: 4 + 3 + 1 s.
    ledger.add(std::vector{ended(300, 200, {4, 1})}, at(11));
    ledger.add(std::vector{ended(200, 100, {3, 2})}, at(12));
    ledger.add(std::vector{ended(400, 77, {9, 1})}, at(12));  // of somebody else
    EXPECT_EQ(seconds(ledger, {alive(100, {10, 1})}), 8);
    EXPECT_EQ(seconds(ledger, {alive(100, {10, 1})}), 8);  // each once
}

TEST(ExitLedger, AChildOfAnEarlierOwnerOfALivingNumberIsNotOurs) {
    ExitLedger ledger;
    ledger.add(std::vector{ended(200, 100, {3, 1})}, at(10));
    ledger.add(std::vector{ended(100, 50, {5, 9})}, at(11));
    EXPECT_EQ(seconds(ledger, {alive(100, {20, 1})}), 1);
    // Nor when the one that has the number now has ended: 2 s of its own.
    ledger.add(std::vector{ended(100, 1, {2, 4})}, at(24));
    EXPECT_EQ(seconds(ledger, {}), 2);
}

TEST(ExitLedger, AChildOfAnEarlierOwnerOfADeadNumberIsNotOurs) {
    ExitLedger ledger;
    ledger.add(std::vector{ended(200, 100, {3, 1})}, at(10));
    // Ours lived from 25 to 30 s; its child 201 ended at 26 s.
    ledger.add(std::vector{ended(201, 100, {4, 1})}, at(26));
    ledger.add(std::vector{ended(100, 1, {2, 5})}, at(30));
    EXPECT_EQ(seconds(ledger, {}), 4 + 2);
}

TEST(ExitLedger, ARecordThatIsReadLateStillHasItsChildren) {
    ExitLedger ledger;
    // 100 lived from 20 to 25 s, but abate was stopped and read its record at 90 s only.
    ledger.add(std::vector{ended(200, 100, {3, 1})}, at(22));
    ledger.add(std::vector{ended(100, 1, {2, 5})},
               {.earliest_ns = 22 * kSecond, .latest_ns = 90 * kSecond, .slept_ns = 0});
    EXPECT_EQ(seconds(ledger, {}), 5);
}

TEST(ExitLedger, TimeAsleepIsNoneThatAProcessSaysItLived) {
    ExitLedger ledger;
    // 100 lived from 20 to 125 s; the machine slept for 100 s of that.
    ledger.add(std::vector{ended(200, 100, {3, 1})}, at(22));
    ledger.add(
        std::vector{ended(100, 1, {2, 5})},
        {.earliest_ns = 125 * kSecond, .latest_ns = 125 * kSecond, .slept_ns = 100 * kSecond});
    EXPECT_EQ(seconds(ledger, {}), 5);
}

TEST(ExitLedger, ANumberThatTheTreeUsesTwiceCountsTwice) {
    ExitLedger ledger;
    ledger.add(std::vector{ended(100, 1, {2, 3})}, at(10));
    EXPECT_EQ(seconds(ledger, {alive(100, {20, 1})}), 3);
}

TEST(ExitLedger, RecordsOfALivingProcessWaitForItsEnd) {
    ExitLedger ledger;
    // A thread of 100; the clock of 100 has its 3 s already.
    ledger.add(std::vector{ended(100, 1, {3, 1})}, at(21));
    EXPECT_EQ(seconds(ledger, {alive(100, {20, 4})}), 4);
    ledger.add(std::vector{ended(100, 1, {2, 3})}, at(23));
    EXPECT_EQ(seconds(ledger, {}), 3 + 2);
}

TEST(ExitLedger, IgnoresAProcessAndNotTheNextOneOfItsNumber) {
    ExitLedger ledger;
    ledger.ignore(alive(70, {5, 0}));
    ledger.add(std::vector{ended(70, 1, {8, 15})}, at(20));
    EXPECT_EQ(seconds(ledger, {}), 0);
    ledger.add(std::vector{ended(70, 1, {2, 1})}, at(30));
    EXPECT_EQ(seconds(ledger, {}), 2);
}

TEST(ExitLedger, RecordsBeyondItsRoomAreLostUnlessTwoWalksLookedAtThem) {
    ExitLedger ledger;
    const std::vector<ExitRecord> foreign(kMostPending, ended(500, 77, {1, 1}));
    ledger.add(foreign, at(10));
    EXPECT_EQ(ledger.lost(), 0);
    ledger.add(std::vector(10, ended(501, 77, {1, 1})), at(10));
    EXPECT_EQ(ledger.lost(), 10);
    EXPECT_EQ(seconds(ledger, {}), 0);
    ledger.add(std::vector(5, ended(502, 77, {1, 1})), at(11));
    EXPECT_EQ(ledger.lost(), 15);  // one walk may have come between a child's end and its parent's
    EXPECT_EQ(seconds(ledger, {}), 0);
    ledger.add(std::vector(100, ended(503, 77, {1, 1})), at(12));
    EXPECT_EQ(ledger.lost(), 15);
    ledger.lose(1);
    EXPECT_EQ(ledger.lost(), 16);
}

}  // namespace
}  // namespace abate::meter
