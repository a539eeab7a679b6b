#include "abate/cli/watch_processes.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace abate::cli {
namespace {

// A fake /proc of a few processes.
class ProcessTableTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "abate_proc_XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    void put(const std::string& name, const std::string& text) {
        const std::filesystem::path path = root_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    }
    // proc(5): pid (comm) state ppid ... utime(14) stime(15) cutime cstime prio nice threads 0 start(22)
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of proc(5)
    void process(pid_t pid, int utime, int stime, int start) {
        put(std::to_string(pid) + "/stat",
            std::to_string(pid) + " (a) b) R 1 1 1 0 -1 0 0 0 0 0 " + std::to_string(utime) + " " +
                std::to_string(stime) + " 0 0 20 0 1 0 " + std::to_string(start) + " 0 0\n");
    }
    static constexpr std::int64_t kSecond = 1'000'000'000;
    std::filesystem::path root_;
};

TEST_F(ProcessTableTest, UseIsWhatWasUsedSinceTheLastWalkBusiestFirst) {
    process(10, 100, 50, 7);
    process(20, 900, 0, 8);
    put("20/cmdline", std::string("python3\0train.py\0", 17));
    put("10/comm", "kworker\n");
    put("self/stat", "not a process");
    ProcessTable table(root_.string());
    EXPECT_TRUE(table.walk(0, 10).empty());
    // At 100 ticks a second: 50 ticks = 0.5 s in 2 s = 25 %, 150 ticks = 75 %.
    process(10, 140, 60, 7);
    process(20, 1000, 50, 8);
    const auto uses = table.walk(2 * kSecond, 10);
    ASSERT_EQ(uses.size(), 2u);
    EXPECT_EQ(uses[0].pid, 20);
    EXPECT_EQ(uses[0].cpu_ns, 1'500'000'000);
    EXPECT_DOUBLE_EQ(uses[0].cpu_percent, 75);
    EXPECT_EQ(uses[0].command, "python3 train.py");
    EXPECT_EQ(uses[0].uid, ::geteuid());
    EXPECT_DOUBLE_EQ(uses[1].cpu_percent, 25);
    EXPECT_EQ(uses[1].command, "[kworker]");
    EXPECT_TRUE(table.walk(3 * kSecond, 10).empty());  // nobody ran
}

TEST_F(ProcessTableTest, AReusedPidIsAnotherProcess) {
    process(10, 100, 0, 7);
    ProcessTable table(root_.string());
    (void)table.walk(0, 10);
    process(10, 30, 0, 99);
    const auto uses = table.walk(kSecond, 10);
    ASSERT_EQ(uses.size(), 1u);
    EXPECT_EQ(uses[0].cpu_ns, 300'000'000);  // all 30 ticks are its own
}

TEST_F(ProcessTableTest, OnlyTheBusiestAreListed) {
    for (pid_t pid = 1; pid <= 5; ++pid) process(pid, 0, 0, 1);
    ProcessTable table(root_.string());
    (void)table.walk(0, 2);
    for (pid_t pid = 1; pid <= 5; ++pid) process(pid, 10 * pid, 0, 1);
    const auto uses = table.walk(kSecond, 2);
    ASSERT_EQ(uses.size(), 2u);
    EXPECT_EQ(uses[0].pid, 5);
    EXPECT_EQ(uses[1].pid, 4);
}

TEST_F(ProcessTableTest, WithoutProcfsThereIsNobody) {
    ProcessTable table("/nonexistent");
    EXPECT_TRUE(table.walk(0, 10).empty());
    EXPECT_EQ(read_memory("/nonexistent").total_bytes, 0u);
}

TEST_F(ProcessTableTest, MemoryInUseIsTotalLessAvailable) {
    put("meminfo", "MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:    4000 kB\n");
    const MemoryUse memory = read_memory(root_.string());
    EXPECT_EQ(memory.total_bytes, 16'384'000u);  // 16000 KiB
    EXPECT_EQ(memory.used_bytes, 12'288'000u);   // 12000 KiB
}

}  // namespace
}  // namespace abate::cli
