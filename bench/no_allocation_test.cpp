// The sampling loop of `abate run` takes nothing from the heap once it is warm. A program of its
// own, because it replaces malloc for everything in it.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "bench/count_allocations.h"
#include "bench/fake_machine.h"

namespace abate::bench {
namespace {

// What the heap was asked for between one save and the next: samples, a walk, a window, a save.
class CountingSink final : public meter::SampleSink {
  public:
    explicit CountingSink(store::SpoolWriter& spool) : spool_(spool) {}

    bool save(const RunState& state) noexcept override {
        const bool saved = spool_.save(state);
        const std::int64_t now = allocations();
        if (saves_ < between_.size()) between_[saves_] = now - before_;
        before_ = now;
        samples_ = state.samples;
        ++saves_;
        return saved;
    }

    // From the third save on: the first seconds are for buffers that grow to the size of the tree.
    [[nodiscard]] std::int64_t when_warm() const {
        std::int64_t sum = 0;
        for (std::size_t i = 2; i < std::min(saves_, between_.size()); ++i) sum += between_[i];
        return sum;
    }
    [[nodiscard]] std::size_t saves() const { return saves_; }
    [[nodiscard]] std::int64_t samples() const { return samples_; }

  private:
    store::SpoolWriter& spool_;
    std::array<std::int64_t, 64> between_{};
    std::int64_t before_ = 0;
    std::size_t saves_ = 0;
    std::int64_t samples_ = 0;
};

TEST(CountAllocations, SeesNewAndMalloc) {
    std::int64_t before = allocations();
    const auto one = std::make_unique<int>(1);
    EXPECT_EQ(allocations() - before, 1);
    before = allocations();
    std::string text(100, 'x');
    text.append(text);
    EXPECT_GE(allocations() - before, 2);
}

TEST(NoAllocation, InSamplesWindowsWalksAndSaves) {
    const FakeMachine machine;
    MeteredRun run(machine, {"sleep", "100"});
    meter::RunMeter& meter = run.meter();
    ASSERT_EQ(meter.devices().channels.size(), 4U);
    meter.begin();
    ASSERT_TRUE(run.tree().release());
    const auto second = [&] {
        for (int i = 0; i < 100; ++i) meter.sample(meter::ReadReason::periodic);
        const std::int64_t job = run.tree().cpu_time_ns(true);
        meter.close_window(
            {.job_cpu_ns = job, .busy_cpu_ns = job, .job_pids = run.tree().live_pids()});
        meter.mutable_state().meter_cpu_ns = meter::read_own_use().cpu_ns;
        EXPECT_TRUE(run.spool().save(meter.state()));
    };
    second();  // warm-up
    const std::int64_t before = allocations();
    for (int i = 0; i < 20; ++i) second();
    const std::int64_t during = allocations() - before;
    run.tree().forward(SIGKILL);
    EXPECT_EQ(during, 0);
}

TEST(NoAllocation, WhenACounterFailsVanishesAndComesBack) {
    FakeMachine machine;
    fixtures::LiveCounters live(machine.sys());
    live.add("intel-rapl:0", {{.duration_ns = 1'000'000'000, .power_uw = 95'000'000}});
    meter::RunMeter meter(machine.devices(), {}, machine.clock());
    meter.begin();
    std::int64_t during = 0;
    const auto samples = [&] {
        const std::int64_t before = allocations();
        for (int i = 0; i < 100; ++i) meter.sample(meter::ReadReason::periodic);
        during += allocations() - before;
    };
    samples();
    live.fail("intel-rapl:0");
    samples();
    live.tear("intel-rapl:0");
    samples();
    live.vanish("intel-rapl:0");
    samples();
    live.come_back("intel-rapl:0");
    samples();
    EXPECT_EQ(during, 0);
    meter.close_window({});
    EXPECT_GT(meter.state().devices[0].failed_reads, 0);
}

// The loop itself, with a command that starts and ends children all the time.
TEST(NoAllocation, InTheRunLoopWithChildrenComingAndGoing) {
    const FakeMachine machine;
    MeteredRun run(machine,
                   {"sh", "-c", "i=0; while [ $i -lt 110 ]; do sleep 0.05; i=$((i+1)); done"});
    CountingSink sink(run.spool());
    const meter::RunOutcome outcome = run.loop(1'000'000, &sink);
    EXPECT_EQ(outcome.exit.shell_status(), 0);
    EXPECT_GE(sink.saves(), 4U);
    EXPECT_GE(sink.samples(), 500);
    EXPECT_EQ(sink.when_warm(), 0);
}

}  // namespace
}  // namespace abate::bench
