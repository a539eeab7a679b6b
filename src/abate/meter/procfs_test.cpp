#include "abate/meter/procfs.h"

#include "abate/meter/pid_set.h"
#include "abate/meter/process_walk.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace abate::meter {
namespace {

TEST(PidStat, FieldsAreThoseOfProc5) {
    // proc(5): 14 utime, 15 stime, 16 cutime, 17 cstime, 22 starttime.
    const auto stat = parse_pid_stat(
        "42 (python3) R 7 42 7 34816 42 4194304 900 800 0 0 1234 56 78 9 20 0 3 0 555 1 2 3");
    ASSERT_TRUE(stat.has_value());
    EXPECT_EQ(stat->pid, 42);
    EXPECT_EQ(stat->state, 'R');
    EXPECT_EQ(stat->ppid, 7);
    EXPECT_EQ(stat->utime_ticks, 1234U);
    EXPECT_EQ(stat->stime_ticks, 56U);
    EXPECT_EQ(stat->cutime_ticks, 78U);
    EXPECT_EQ(stat->cstime_ticks, 9U);
    EXPECT_EQ(stat->start_ticks, 555U);
}

TEST(PidStat, NameMayHoldParenthesesAndNewlines) {
    const auto stat = parse_pid_stat("1 (a) R 9 (\n) S 3 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 1 0 77 0");
    ASSERT_TRUE(stat.has_value());
    EXPECT_EQ(stat->ppid, 3);
    EXPECT_EQ(stat->utime_ticks, 5U);
}

TEST(PidStat, ShortOrBrokenTextIsNothing) {
    EXPECT_FALSE(parse_pid_stat(""));
    EXPECT_FALSE(parse_pid_stat("42 (x"));
    EXPECT_FALSE(parse_pid_stat("42 (x) R 7 42"));
    EXPECT_FALSE(parse_pid_stat("x (x) R 7 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 1 0 77 0"));
    EXPECT_FALSE(parse_pid_stat(") ("));
}

TEST(ProcStat, SumsAndCpusAreRead) {
    const auto stat = parse_proc_stat(
        "cpu  10 1 20 300 40 5 6 7 8 9\ncpu0 5 0 10 150 20 2 3 3 4 4\ncpu1 5 1 10 150 20 3 3 4 4 "
        "5\n"
        "intr 12345 0\n");
    ASSERT_TRUE(stat.has_value());
    EXPECT_EQ(stat->user, 10U);
    EXPECT_EQ(stat->system, 20U);
    EXPECT_EQ(stat->idle, 300U);
    EXPECT_EQ(stat->iowait, 40U);
    EXPECT_EQ(stat->steal, 7U);
    EXPECT_EQ(stat->cpus, 2);
    EXPECT_TRUE(stat->complete);
    EXPECT_FALSE(parse_proc_stat("cpu0 1 2 3 4\n"));
    EXPECT_FALSE(parse_proc_stat("cpu  1 2 x 4\n"));
}

TEST(CpuStat, UsageIsFoundByName) {
    EXPECT_EQ(parse_cpu_stat("usage_usec 763428\nuser_usec 759428\nsystem_usec 4000\n"), 763428U);
    EXPECT_EQ(parse_cpu_stat("nr_periods 5\nusage_usec 1\n"), 1U);
    EXPECT_FALSE(parse_cpu_stat("user_usec 759428\n"));
    EXPECT_FALSE(parse_cpu_stat("usage_usec -3\n"));
}

TEST(Cgroup, HybridLinesAreTakenApart) {
    const auto lines =
        parse_cgroup("2:cpu,cpuacct:/user\n1:name=systemd:/u:1\n0::/user.slice\njunk\n");
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0].controllers, (std::vector<std::string>{"cpu", "cpuacct"}));
    EXPECT_EQ(lines[1].path, "/u:1");
    EXPECT_EQ(lines[2].hierarchy, 0);
    EXPECT_TRUE(lines[2].controllers.empty());
    EXPECT_EQ(lines[2].path, "/user.slice");
}

TEST(CpuList, RangesAreCounted) {
    EXPECT_EQ(count_cpu_list("0-3,8,10-11\n"), 7);
    EXPECT_EQ(count_cpu_list("0"), 1);
    EXPECT_FALSE(count_cpu_list(""));
    EXPECT_FALSE(count_cpu_list("3-1"));
    EXPECT_FALSE(count_cpu_list("0-4000000000"));
    EXPECT_FALSE(count_cpu_list("0-3 5"));
}

TEST(CpuMax, QuotaOverPeriodIsCpus) {
    EXPECT_DOUBLE_EQ(parse_cpu_max("150000 100000\n").value(), 1.5);
    EXPECT_FALSE(parse_cpu_max("max 100000\n"));
    EXPECT_FALSE(parse_cpu_max("150000 0\n"));
}

TEST(PrintableCommand, IsOneLineThatATerminalMayShow) {
    using namespace std::string_literals;
    EXPECT_EQ(printable_command("python3\0train.py\0"s), "python3 train.py");
    EXPECT_EQ(printable_command("a\x1b[31mb\x7f\n"s), "a?[31mb??");
    EXPECT_EQ(printable_command("caf\xc3\xa9\xff"s), "caf\xc3\xa9?");
    EXPECT_EQ(printable_command("\xc2\x9b"s), "?");  // C1 control: CSI
    EXPECT_EQ(printable_command(std::string(500, 'x')).size(), 120U);
    // A sequence is never cut in its middle: 119 + 2 bytes do not fit in 120.
    EXPECT_EQ(printable_command(std::string(119, 'x') + "\xc3\xa9"), std::string(119, 'x'));
}

TEST(PidSet, KeepsWhatWasPutInAndForgetsAtOnce) {
    PidSet set(2);
    for (pid_t pid = 1; pid <= 5000; ++pid) EXPECT_TRUE(set.insert(pid));
    EXPECT_FALSE(set.insert(77));
    EXPECT_TRUE(set.contains(4999));
    EXPECT_FALSE(set.contains(5001));
    set.clear();
    EXPECT_FALSE(set.contains(77));
}

}  // namespace
}  // namespace abate::meter
