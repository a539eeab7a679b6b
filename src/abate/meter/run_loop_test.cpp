// The loop with a scripted sensor and real children that live some tens of milliseconds.
#include "abate/meter/run_loop.h"

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace abate::meter {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::uint64_t kWatts = 40;

// A counter of constant power on the loop's own clock, with each reading as it was given.
class Scripted final : public Sensor {
  public:
    explicit Scripted(const Clock& clock) : clock_(clock) {
        channel_.device = "package-0";
        channel_.source = "powercap";
    }
    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return {&channel_, 1};
    }
    void read(std::span<Reading> out, ReadReason) noexcept override {
        const std::int64_t now = clock_.now().mono_ns;
        if (first_ns_ == 0) first_ns_ = now;
        last_ns_ = now;
        ++reads_;
        out[0] = {.status = ReadStatus::ok,
                  .value = kWatts * static_cast<std::uint64_t>(now) / 1000,
                  .low = 0,
                  .high = 0,
                  .mono_ns = now,
                  .epoch = 0};
    }
    // What the script spent between the first and the last reading, microjoules.
    [[nodiscard]] std::int64_t spent_uj() const {
        return static_cast<std::int64_t>(kWatts * static_cast<std::uint64_t>(last_ns_) / 1000 -
                                         kWatts * static_cast<std::uint64_t>(first_ns_) / 1000);
    }
    [[nodiscard]] int reads() const { return reads_; }

  private:
    const Clock& clock_;
    ChannelInfo channel_;
    std::int64_t first_ns_ = 0;
    std::int64_t last_ns_ = 0;
    int reads_ = 0;
};

class CountingSink final : public SampleSink {
  public:
    explicit CountingSink(bool works = true) : works_(works) {}
    bool save(const RunState& state) noexcept override {
        saved_ns.push_back(state.elapsed_ns);
        return works_;
    }
    std::vector<std::int64_t> saved_ns;

  private:
    bool works_;
};

class RunLoop : public ::testing::Test {
  protected:
    RunLoop() {
        auto sensor = std::make_unique<Scripted>(clock_);
        sensor_ = sensor.get();
        std::vector<SensorOpening> openings(1);
        openings[0].sensor = std::move(sensor);
        meter_.emplace(join(std::move(openings)), RunMeterOptions{.whole_machine = true}, clock_);
    }

    Result<RunOutcome> run(std::vector<std::string> words,
                           std::int64_t interval_ns = 10 * kMillisecond,
                           SampleSink* sink = nullptr) {
        LaunchOptions options;
        options.words = std::move(words);
        options.use_cgroup = false;
        options.use_taskstats = false;
        Result<ProcessTree> tree = ProcessTree::launch(options);
        if (!tree) return tree.error();
        return run_metered(*tree, *meter_, machine_, sink, {.interval_ns = interval_ns}, clock_);
    }

    SystemClock clock_;
    MachineCpu machine_{"/proc"};
    Scripted* sensor_ = nullptr;
    std::optional<RunMeter> meter_;
};

TEST_F(RunLoop, EnergyIsTheScriptsToTheMicrojoule) {
    const Result<RunOutcome> outcome = run({"sleep", "0.05"});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit.shell_status(), 0);
    EXPECT_FALSE(outcome->saves_failed);
    EXPECT_EQ(meter_->state().devices[0].energy.to_int64(), sensor_->spent_uj());
    EXPECT_EQ(meter_->state().devices[0].job_active.to_int64(), sensor_->spent_uj());
    EXPECT_GE(sensor_->spent_uj(), 2'000'000);  // 40 W x 50 ms
    EXPECT_GE(meter_->state().elapsed_ns, 50 * kMillisecond);
    EXPECT_GE(sensor_->reads(), 2);
    EXPECT_GT(meter_->state().meter_max_rss_bytes, 0);
}

TEST(LostRecords, AreNotedWithTheirNumberAndNotWhereThereAreNone) {
    EXPECT_EQ(lost_records_note(0), "");
    EXPECT_EQ(lost_records_note(1),
              "CPU time: at least 1 exit record came too fast to be read, so children that nobody "
              "waited for may be missing; the range allows for it");
    EXPECT_NE(lost_records_note(2).find("2 exit records"), std::string::npos);
}

TEST_F(RunLoop, TheChildsExitCodeAndSignalAreTold) {
    EXPECT_EQ(run({"sh", "-c", "exit 37"})->exit.code, 37);
    const Result<RunOutcome> killed = run({"sh", "-c", "kill -9 $$"});
    EXPECT_EQ(killed->exit.signal, SIGKILL);
    EXPECT_EQ(killed->exit.shell_status(), 137);
}

TEST_F(RunLoop, AnIntervalBeyondTheChildsLifeStillReadsBothEnds) {
    ASSERT_TRUE(run({"true"}, 3600 * kSecond).has_value());
    EXPECT_EQ(sensor_->reads(), 2);
    EXPECT_EQ(meter_->state().devices[0].energy.to_int64(), sensor_->spent_uj());
}

// At 100 Hz for 1.2 s: about 120 readings and one save. A busy machine may take longer, never save
// more often.
TEST_F(RunLoop, SavesAtMostOnceASecondWhateverTheInterval) {
    CountingSink sink;
    ASSERT_TRUE(run({"sleep", "1.2"}, 10 * kMillisecond, &sink).has_value());
    EXPECT_GE(sensor_->reads(), 4);
    EXPECT_LE(sensor_->reads(), meter_->state().elapsed_ns / (10 * kMillisecond) + 3);
    ASSERT_FALSE(sink.saved_ns.empty());
    for (std::size_t i = 0; i < sink.saved_ns.size(); ++i)
        EXPECT_GE(sink.saved_ns[i], static_cast<std::int64_t>(i + 1) * kSecond - 10 * kMillisecond);
}

TEST_F(RunLoop, AStateThatCannotBeSavedIsToldAndLosesNothing) {
    CountingSink full(false);
    const Result<RunOutcome> outcome = run({"sleep", "1.1"}, 100 * kMillisecond, &full);
    ASSERT_TRUE(outcome.has_value());
    EXPECT_TRUE(outcome->saves_failed);
    EXPECT_EQ(meter_->state().devices[0].energy.to_int64(), sensor_->spent_uj());
}

TEST_F(RunLoop, ACommandThatCannotStartIsTheTreesError) {
    const Result<RunOutcome> unknown = run({"/nonexistent/program"});
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
    const Result<RunOutcome> plain = run({"/etc/passwd"});
    ASSERT_FALSE(plain.has_value());
    EXPECT_EQ(plain.error().code, ErrorCode::permission_denied);
}

// ---- signals

// SIGUSR2 is blocked and SIGPIPE has a handler of its own, so that a loop that forgets to put them
// back is seen.
volatile sig_atomic_t pipe_signals = 0;

class SavedSignals {
  public:
    SavedSignals() {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, SIGUSR2);
        pthread_sigmask(SIG_BLOCK, &one, &mask_);
        struct sigaction own {};
        own.sa_handler = [](int) { pipe_signals = pipe_signals + 1; };
        sigaction(SIGPIPE, &own, &pipe_);
    }
    ~SavedSignals() {
        sigaction(SIGPIPE, &pipe_, nullptr);
        pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }
    SavedSignals(const SavedSignals&) = delete;
    SavedSignals& operator=(const SavedSignals&) = delete;

  private:
    sigset_t mask_{};
    struct sigaction pipe_ {};
};

TEST_F(RunLoop, MasksAndHandlersAreAsBefore) {
    const SavedSignals saved;
    ASSERT_TRUE(run({"true"}).has_value());
    ASSERT_FALSE(run({"/nonexistent/program"}).has_value());
    sigset_t after;
    pthread_sigmask(SIG_BLOCK, nullptr, &after);
    EXPECT_EQ(sigismember(&after, SIGUSR2), 1);
    EXPECT_EQ(sigismember(&after, SIGTERM), 0);
    EXPECT_EQ(sigismember(&after, SIGINT), 0);
    pipe_signals = 0;
    ::raise(SIGPIPE);
    EXPECT_EQ(pipe_signals, 1);
}

// A signal to abate alone goes to the child, which here ends by it.
TEST_F(RunLoop, ASignalToTheMeterReachesTheChild) {
    LaunchOptions options;
    options.words = {"sleep", "20"};
    options.use_cgroup = false;
    options.use_taskstats = false;
    Result<ProcessTree> tree = ProcessTree::launch(options);
    ASSERT_TRUE(tree.has_value());
    // Blocked and sent to this thread, it waits for the loop's descriptor.
    sigset_t term;
    sigset_t before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, &before);
    ::raise(SIGTERM);
    const Result<RunOutcome> outcome =
        run_metered(*tree, *meter_, machine_, nullptr, {.interval_ns = 10 * kMillisecond}, clock_);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit.signal, SIGTERM);
    EXPECT_LT(meter_->state().elapsed_ns, 10 * kSecond);
}

}  // namespace
}  // namespace abate::meter
