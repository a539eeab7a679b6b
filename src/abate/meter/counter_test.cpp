#include "abate/meter/counter.h"

#include <gtest/gtest.h>

namespace abate::meter {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// Unit 2^-14 J as the kernel keeps it (61,035 nJ): range 262,143,328,850 uJ, one unit 61 uJ.
constexpr std::uint64_t kRange = 262'143'328'850;
constexpr std::uint64_t kModulus = kRange + 61;

ChannelInfo package() {
    ChannelInfo channel;
    channel.device = "package-0";
    channel.source = "powercap";
    channel.modulus = kModulus;
    channel.plausible_w = 1000;
    channel.accuracy = 0;
    channel.refresh_s = 0;
    return channel;
}

Reading at(std::int64_t seconds, std::uint64_t value) {
    return {.status = ReadStatus::ok,
            .value = value,
            .low = 0,
            .high = 0,
            .mono_ns = seconds * kSecond,
            .epoch = 0};
}

Reading failed(std::int64_t seconds) {
    Reading reading;
    reading.status = ReadStatus::failed;
    reading.mono_ns = seconds * kSecond;
    return reading;
}

DeviceState stored(const EnergyCounter& counter, std::int64_t seconds) {
    DeviceState state;
    counter.store(state, seconds * kSecond);
    return state;
}

TEST(EnergyCounter, CountsTheDifference) {
    EnergyCounter counter(package());
    counter.start(at(10, 5'000'000));
    EXPECT_EQ(counter.fold(at(11, 105'000'000)), FoldResult::advanced);
    EXPECT_EQ(counter.energy().to_int64(), 100'000'000);
}

TEST(EnergyCounter, AddsTheRangeAndOneUnitAtAWrap) {
    EnergyCounter counter(package());
    counter.start(at(0, kRange - 30'000'000));
    EXPECT_EQ(counter.fold(at(1, 70'000'000)), FoldResult::wrapped);
    // 30 J up to the range, one unit (61 uJ) over the edge, 70 J after it.
    EXPECT_EQ(counter.energy().to_int64(), 100'000'061);
}

// CodeCarbon 3.3.0 took a failed read for zero and then the next value for a wrap: 262,147 J out
// of 3.
TEST(EnergyCounter, ClosesAFailedReadExactlyAndInventsNothing) {
    EnergyCounter counter(package());
    counter.start(at(0, 1'000'000));
    EXPECT_EQ(counter.fold(failed(1)), FoldResult::gap);
    EXPECT_EQ(counter.energy().to_int64(), 0);
    EXPECT_EQ(stored(counter, 1).gap_ns, kSecond);
    EXPECT_EQ(counter.fold(at(2, 4'000'000)), FoldResult::advanced);
    counter.finish(2 * kSecond);
    const DeviceState state = stored(counter, 2);
    EXPECT_EQ(state.energy.to_int64(), 3'000'000);
    EXPECT_EQ(state.low, state.high);
    EXPECT_EQ(state.gap_ns, 0);
    EXPECT_EQ(state.failed_reads, 1);
}

TEST(EnergyCounter, TakesADropThatNoPlausiblePowerExplainsForAReset) {
    EnergyCounter counter(package());
    counter.start(at(0, 1'000'000'000));
    // A wrap would mean 261 kJ in one second.
    EXPECT_EQ(counter.fold(at(1, 40'000'000)), FoldResult::reset);
    counter.finish(kSecond);
    const DeviceState state = stored(counter, 1);
    EXPECT_EQ(state.energy.to_int64(), 40'000'000);
    EXPECT_EQ(state.resets, 1);
    EXPECT_EQ(state.gap_ns, kSecond);
    // Unseen before the reset: at most 1000 W x 1 s less the 40 J seen.
    EXPECT_EQ(state.high.to_int64(), 1'000'000'000);
    EXPECT_TRUE(state.bounded);
}

// The script: 100 J before the range ends, over it, one reading that fails, and a driver that is loaded anew right
// after a reading; 640 J in all, exact but for the one unit that the wrap adds.
TEST(EnergyCounter, ThroughAWrapAFailedReadAndAResetTheEnergyIsTheScripts) {
    EnergyCounter counter(package());
    counter.start(at(0, kRange - 50'000'000));
    EXPECT_EQ(counter.fold(at(1, 50'000'000 - 61)), FoldResult::wrapped);  // 100 J
    counter.fold(at(2, 250'000'000 - 61));                                 // 200 J
    EXPECT_EQ(counter.fold(failed(3)), FoldResult::gap);                   // 150 J unseen as yet
    counter.fold(at(4, 550'000'000 - 61));                                 // and 150 J more
    EXPECT_EQ(counter.fold(at(5, 40'000'000)), FoldResult::reset);         // from 0 again: 40 J
    counter.finish(5 * kSecond);
    EXPECT_EQ(stored(counter, 5).energy.to_int64(), 640'000'000);
}

TEST(EnergyCounter, BelievesTheSourceThatItsCounterRestarted) {
    ChannelInfo channel = package();
    channel.modulus = 0;
    EnergyCounter counter(channel);
    counter.start(at(0, 10));
    Reading after = at(1, 50'000'000);
    after.epoch = 1;  // the value rose, but the driver was reloaded in between
    EXPECT_EQ(counter.fold(after), FoldResult::reset);
    EXPECT_EQ(counter.energy().to_int64(), 50'000'000);
}

TEST(EnergyCounter, DoesNotBelieveAJump) {
    EnergyCounter counter(package());
    counter.start(at(0, 0));
    counter.fold(at(1, 100'000'000));
    EXPECT_EQ(counter.fold(at(2, 200'000'000'000)), FoldResult::implausible);
    counter.fold(at(3, 200'100'000'000));
    counter.finish(3 * kSecond);
    const DeviceState state = stored(counter, 3);
    // Two seconds at 100 W were seen; the one in between is filled with the same mean power and
    // bounded by 0 and 1000 W.
    EXPECT_EQ(state.energy.to_int64(), 300'000'000);
    EXPECT_EQ(state.low.to_int64(), 200'000'000);
    EXPECT_EQ(state.high.to_int64(), 1'200'000'000);
    EXPECT_TRUE(state.gap_filled);
}

TEST(EnergyCounter, FillsAGapThatNeverClosesAndSaysSo) {
    EnergyCounter counter(package());
    counter.start(at(0, 0));
    counter.fold(at(4, 400'000'000));
    counter.fold(failed(5));
    counter.finish(6 * kSecond);
    const DeviceState state = stored(counter, 6);
    EXPECT_EQ(state.energy.to_int64(), 600'000'000);
    EXPECT_EQ(state.low.to_int64(), 400'000'000);
    EXPECT_EQ(state.high.to_int64(), 2'400'000'000);
    EXPECT_EQ(state.gap_ns, 2 * kSecond);
    EXPECT_TRUE(state.gap_filled);
}

TEST(EnergyCounter, WithoutAnyReadingKnowsOnlyBounds) {
    EnergyCounter counter(package());
    counter.start(failed(0));
    counter.fold(failed(1));
    counter.finish(2 * kSecond);
    const DeviceState state = stored(counter, 2);
    EXPECT_EQ(state.energy.to_int64(), 0);
    EXPECT_EQ(state.high.to_int64(), 2'000'000'000);
    EXPECT_EQ(state.gap_ns, 2 * kSecond);
}

TEST(EnergyCounter, ConvertsUnitsExactly) {
    ChannelInfo channel = package();
    channel.source = "perf";
    channel.unit_num = 1'000'000;
    channel.unit_den = std::uint64_t{1} << 32U;
    channel.modulus = 0;
    EnergyCounter counter(channel);
    counter.start(at(0, 0));
    counter.fold(at(1, 3 * (std::uint64_t{1} << 31U)));  // 1.5 J
    EXPECT_EQ(counter.energy().to_int64(), 1'500'000);
}

TEST(EnergyCounter, IntegratesAGaugeByTrapezoids) {
    ChannelInfo channel = package();
    channel.kind = ChannelKind::power_gauge;
    EnergyCounter counter(channel);
    counter.start(at(0, 100'000'000));  // 100 W
    counter.fold(at(2, 200'000'000));   // mean 150 W for 2 s
    counter.fold(failed(3));
    counter.fold(at(4, 200'000'000));  // 200 W for 2 s, but nobody looked in between
    counter.finish(4 * kSecond);
    const DeviceState state = stored(counter, 4);
    EXPECT_EQ(state.energy.to_int64(), 700'000'000);
    EXPECT_EQ(state.gap_ns, 2 * kSecond);
    EXPECT_EQ(state.low.to_int64(), 300'000'000);
    EXPECT_EQ(state.high.to_int64(), 2'300'000'000);
}

// 100 W, one reading of 4 MW, 100 W: two seconds at 100 W, of which nobody saw anything in between.
TEST(EnergyCounter, AGaugesSpikeIsAFailedReadAndNeverEnergy) {
    ChannelInfo channel = package();
    channel.kind = ChannelKind::power_gauge;
    EnergyCounter counter(channel);
    counter.start(at(0, 100'000'000));
    EXPECT_EQ(counter.fold(at(1, 4'000'000'000'000)), FoldResult::implausible);
    counter.fold(at(2, 100'000'000));
    counter.finish(2 * kSecond);
    const DeviceState state = stored(counter, 2);
    EXPECT_EQ(state.energy.to_int64(), 200'000'000);
    EXPECT_EQ(state.gap_ns, 2 * kSecond);

    EnergyCounter from_spike(channel);
    from_spike.start(at(0, 4'000'000'000'000));
    from_spike.fold(at(1, 100'000'000));
    from_spike.fold(at(2, 100'000'000));
    from_spike.finish(2 * kSecond);
    // 100 J seen; the first second is filled with the same mean power.
    EXPECT_EQ(stored(from_spike, 2).energy.to_int64(), 200'000'000);
}

TEST(EnergyCounter, CarriesTheModelsOwnRange) {
    ChannelInfo channel = package();
    channel.kind = ChannelKind::model;
    EnergyCounter counter(channel);
    Reading first = at(0, 10);
    first.low = 5;
    first.high = 20;
    counter.start(first);
    Reading second = at(1, 110);
    second.low = 55;
    second.high = 220;
    counter.fold(second);
    const DeviceState state = stored(counter, 1);
    EXPECT_EQ(state.energy.to_int64(), 100);
    EXPECT_EQ(state.low.to_int64(), 50);
    EXPECT_EQ(state.high.to_int64(), 200);
}

TEST(EnergyCounter, RangeHoldsTheSourcesAccuracyAndTheEdges) {
    ChannelInfo channel = package();
    channel.accuracy = 0.05;
    channel.refresh_s = 0.1;
    EnergyCounter counter(channel);
    counter.start(at(0, 0));
    counter.fold(at(1, 100'000'000));
    const DeviceState state = stored(counter, 1);
    // 5 % of 100 J, and 100 W x 0.1 s at both edges: sqrt(5^2 + 10^2 + 10^2) = 15 J.
    EXPECT_EQ(state.low.to_int64(), 85'000'000);
    EXPECT_EQ(state.high.to_int64(), 115'000'000);
}

}  // namespace
}  // namespace abate::meter
