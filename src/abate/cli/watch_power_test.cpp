#include "abate/cli/watch_power.h"

#include "abate/core/clock.h"
#include "abate/meter/meter.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace abate::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr double kTrueW = 7.0;

// 7 W that are told at most once a second, as the model for machines without counters tells them.
class SlowSensor final : public meter::Sensor {
  public:
    explicit SlowSensor(const ManualClock& clock) : clock_(clock) {
        channels_[0].device = "package-0";
        channels_[0].source = "model";
        channels_[0].kind = meter::ChannelKind::model;
        last_ns_ = clock_.now().mono_ns;
    }
    [[nodiscard]] std::span<const meter::ChannelInfo> channels() const noexcept override {
        return channels_;
    }
    void read(std::span<meter::Reading> out, meter::ReadReason reason) noexcept override {
        const std::int64_t now = clock_.now().mono_ns;
        const bool due = reason == meter::ReadReason::boundary || now - last_ns_ >= kSecond;
        if (due) last_ns_ = now;
        const auto energy =
            static_cast<std::uint64_t>(static_cast<double>(last_ns_) * kTrueW / 1000);
        out[0] = {.status = due ? meter::ReadStatus::ok : meter::ReadStatus::no_update,
                  .value = energy,
                  .low = energy,
                  .high = energy,
                  .mono_ns = last_ns_,
                  .epoch = 0};
    }

  private:
    const ManualClock& clock_;
    std::vector<meter::ChannelInfo> channels_ = std::vector<meter::ChannelInfo>(1);
    std::int64_t last_ns_ = 0;
};

// Powers of frames that are `steps` apart, one after another, for about ten seconds.
std::vector<std::optional<double>> frames(const std::vector<std::int64_t>& steps) {
    ManualClock clock;
    std::vector<meter::SensorOpening> openings(1);
    openings[0].sensor = std::make_unique<SlowSensor>(clock);
    meter::RunMeter meter(meter::join(std::move(openings)), {.whole_machine = true}, clock);
    meter.begin();
    ReadingPower power(meter.state().devices[0].energy, meter.reading_ns(0));
    std::vector<std::optional<double>> shown;
    std::int64_t passed = 0;
    for (std::size_t i = 0; passed < 10 * kSecond; ++i) {
        clock.advance_ns(steps[i % steps.size()]);
        passed += steps[i % steps.size()];
        meter.sample(meter::ReadReason::periodic);
        meter.close_window({});
        shown.push_back(power.next(meter.state().devices[0].energy, meter.reading_ns(0)));
    }
    return shown;
}

TEST(WatchPower, ASensorOfOneReadingASecondShowsItsTruePowerInEveryFrame) {
    const std::vector<std::vector<std::int64_t>> all = {
        {kSecond / 10},
        {kSecond / 5},
        {kSecond / 2},
        {kSecond},
        {kSecond - 300'000, kSecond + 300'000},  // a tick a little early, the next a little late
        {kSecond - 300'000}};
    for (const auto& steps : all) {
        const auto shown = frames(steps);
        std::size_t known = 0;
        for (const std::optional<double>& watts : shown) {
            // Nothing is known before the first second; then never nothing again, and never 0 W.
            ASSERT_TRUE(watts || known == 0);
            if (!watts) continue;
            ++known;
            EXPECT_NEAR(*watts, kTrueW, 1e-5);  // the counter's step is a microjoule
        }
        EXPECT_GE(known, 8u * shown.size() / 10u) << steps[0];
    }
}

TEST(WatchPower, AJumpIsSpreadOverTheTimeBetweenTheTwoReadings) {
    ReadingPower power(Microjoules(0), 0);
    EXPECT_FALSE(power.next(Microjoules(0), 0));
    EXPECT_DOUBLE_EQ(*power.next(Microjoules(30'000'000), 2 * kSecond), 15.0);  // 30 J in 2 s
    EXPECT_DOUBLE_EQ(*power.next(Microjoules(30'000'000), 2 * kSecond), 15.0);
    EXPECT_DOUBLE_EQ(*power.next(Microjoules(30'000'000), 3 * kSecond),
                     0.0);  // read: nothing spent
}

}  // namespace
}  // namespace abate::cli
