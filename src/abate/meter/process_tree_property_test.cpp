#include "abate/meter/exit_records.h"
#include "abate/meter/process_walk.h"
#include "abate/meter/procfs.h"
#include "abate/meter/reservation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace abate::meter {
namespace {

RC_GTEST_PROP(PidStatProperty, AnyNameLeavesTheFieldsAlone, (const std::string& name)) {
    const auto stat = parse_pid_stat(
        fmt::format("7 ({}) S 3 7 7 0 -1 0 0 0 0 0 11 12 13 14 20 0 1 0 99 0 0", name));
    RC_ASSERT(stat.has_value());
    RC_ASSERT(stat->ppid == 3);
    RC_ASSERT(stat->utime_ticks == 11U && stat->cstime_ticks == 14U && stat->start_ticks == 99U);
}

RC_GTEST_PROP(PrintableCommandProperty, IsShortAndHasNoControlBytes, (const std::string& bytes)) {
    const std::string text = printable_command(bytes);
    RC_ASSERT(text.size() <= 120U);
    for (const char c : text) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    RC_ASSERT(printable_command(text) == text);
}

RC_GTEST_PROP(ReservationProperty, SharesAreSharesAndANarrowerLimitIsNeverMore, ()) {
    SystemView view{.cpus_online = *rc::gen::inRange(1, 512),
                    .memory_bytes = *rc::gen::inRange<std::uint64_t>(1, 1ULL << 40U),
                    .cpus_allowed = *rc::gen::inRange(0, 600)};
    if (*rc::gen::arbitrary<bool>()) view.cgroup_cpus = *rc::gen::inRange(1, 60000) / 100.0;
    if (*rc::gen::arbitrary<bool>()) {
        view.cgroup_memory_bytes = *rc::gen::inRange<std::uint64_t>(0, 1ULL << 41U);
    }
    const Reservation before = decide_reservation(view, false);
    RC_ASSERT(before.cpu_share >= 0 && before.cpu_share <= 1);
    RC_ASSERT(before.memory_share >= 0 && before.memory_share <= 1);
    RC_ASSERT(!before.reason.empty());
    view.cpuset_cpus = *rc::gen::inRange(1, 512);
    const Reservation after = decide_reservation(view, false);
    if (before.rule == IdleRule::reserved_share) RC_ASSERT(after.cpu_share <= before.cpu_share);
}

void put(std::vector<std::byte>& out, const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::byte*>(data);
    out.insert(out.end(), bytes, bytes + size);
}

// One exit record as the kernel sends it: message, generic header, AGGR_PID { PID, STATS }.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a process, then its parent
std::vector<std::byte> exit_message(pid_t process, pid_t parent, std::uint64_t ns) {
    taskstats stats{};
    stats.version = TASKSTATS_VERSION;
    stats.ac_tgid = static_cast<std::uint32_t>(process);
    stats.ac_ppid = static_cast<std::uint32_t>(parent);
    stats.cpu_run_virtual_total = ns;
    stats.ac_tgetime = 2'500'000;  // microseconds
    const auto attribute = [](int type, std::size_t size) {
        return nlattr{static_cast<std::uint16_t>(size + sizeof(nlattr)),
                      static_cast<std::uint16_t>(type)};
    };
    const auto pid = static_cast<std::uint32_t>(process);
    const nlattr pid_head = attribute(TASKSTATS_TYPE_PID, sizeof pid);
    const nlattr stats_head = attribute(TASKSTATS_TYPE_STATS, sizeof stats);
    const std::size_t inside = pid_head.nla_len + stats_head.nla_len;
    const nlattr outer = attribute(TASKSTATS_TYPE_AGGR_PID, inside);
    nlmsghdr header{};
    header.nlmsg_type = 30;
    header.nlmsg_len =
        static_cast<std::uint32_t>(sizeof header + sizeof(genlmsghdr) + outer.nla_len);
    const genlmsghdr generic{};
    std::vector<std::byte> out;
    put(out, &header, sizeof header);
    put(out, &generic, sizeof generic);
    put(out, &outer, sizeof outer);
    put(out, &pid_head, sizeof pid_head);
    put(out, &pid, sizeof pid);
    put(out, &stats_head, sizeof stats_head);
    put(out, &stats, sizeof stats);
    return out;
}

TEST(ExitRecord, IsReadFromItsMessage) {
    std::vector<ExitRecord> records;
    EXPECT_TRUE(parse_exit_records(exit_message(42, 7, 5'000'000), 30, records));
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].process, 42);
    EXPECT_EQ(records[0].parent, 7);
    EXPECT_EQ(records[0].cpu_ns, 5'000'000);
    EXPECT_EQ(records[0].lived_ns, 2'500'000'000);
    records.clear();
    EXPECT_TRUE(parse_exit_records(exit_message(42, 7, 5'000'000), 31, records));
    EXPECT_TRUE(records.empty());  // of another family
}

RC_GTEST_PROP(ExitRecordProperty, DamageIsNeverReadBeyondTheMessage, ()) {
    std::vector<std::byte> message = exit_message(42, 7, 1);
    const auto cut = *rc::gen::inRange<std::size_t>(0, message.size());
    for (int i = 0; i < 4; ++i) {
        message[*rc::gen::inRange<std::size_t>(0, 40)] =
            static_cast<std::byte>(*rc::gen::arbitrary<unsigned char>());
    }
    std::vector<ExitRecord> records;
    (void)parse_exit_records(std::span(message).first(cut), 30, records);
    RC_ASSERT(records.size() <= 1U);
}

}  // namespace
}  // namespace abate::meter
