// Against an oracle that knows the true energy: the counter under test sees only what a wrapping,
// failing hardware counter would have shown.
#include "abate/meter/counter.h"

#include <boost/multiprecision/cpp_int.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace abate::meter {
namespace {

using Exact = boost::multiprecision::cpp_rational;

// A device that spends `steps[i]` raw units in the i-th millisecond.
struct Script {
    std::vector<std::uint32_t> steps;
    std::uint64_t start = 0;
    std::uint64_t modulus = 0;

    [[nodiscard]] std::uint64_t shown_after(std::size_t count) const {
        std::uint64_t value = start;
        for (std::size_t i = 0; i < count; ++i)
            value = modulus > 0 ? (value + steps[i]) % modulus : value + steps[i];
        return value;
    }
    [[nodiscard]] Exact spent_until(std::size_t count) const {
        Exact sum = 0;
        for (std::size_t i = 0; i < count; ++i) sum += steps[i];
        return sum;
    }
};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): modulus and a fraction, as it is written
ChannelInfo channel_of(std::uint64_t modulus, std::uint64_t num, std::uint64_t den) {
    ChannelInfo channel;
    channel.modulus = modulus;
    channel.unit_num = num;
    channel.unit_den = den;
    channel.plausible_w = 1e9;
    return channel;
}

Microjoules run(const Script& script,
                const ChannelInfo& channel,
                std::size_t stride,
                const std::vector<bool>& fails) {
    EnergyCounter counter(channel);
    const auto reading = [&](std::size_t i, bool fail) {
        Reading r;
        r.status = fail ? ReadStatus::failed : ReadStatus::ok;
        r.value = fail ? 0 : script.shown_after(i);
        r.mono_ns = static_cast<std::int64_t>(i) * 1'000'000;
        return r;
    };
    counter.start(reading(0, false));
    for (std::size_t i = stride; i < script.steps.size(); i += stride)
        counter.fold(reading(i, i < fails.size() && fails[i]));
    counter.fold(reading(script.steps.size(), false));
    counter.finish(static_cast<std::int64_t>(script.steps.size()) * 1'000'000);
    return counter.energy();
}

Script draw_script(std::uint64_t modulus) {
    Script script;
    script.modulus = modulus;
    const std::size_t length = *rc::gen::inRange<std::size_t>(1, 60);
    // Each step is far below the modulus, so that at most one wrap lies between two readings of any
    // stride used here.
    for (std::size_t i = 0; i < length; ++i)
        script.steps.push_back(*rc::gen::inRange<std::uint32_t>(0, 1000));
    script.start = modulus > 0 ? *rc::gen::inRange<std::uint64_t>(0, modulus)
                               : *rc::gen::inRange<std::uint64_t>(0, 1U << 30U);
    return script;
}

RC_GTEST_PROP(EnergyCounter, EqualsTheExactIntegralThroughWrapsAndFailedReads, ()) {
    const Script script = draw_script(100'000);
    const std::uint64_t num = *rc::gen::inRange<std::uint64_t>(1, 2'000'000);
    const std::uint64_t den = *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << 32U);
    const std::vector<bool> fails =
        *rc::gen::container<std::vector<bool>>(script.steps.size(), rc::gen::arbitrary<bool>());
    const Microjoules energy = run(script, channel_of(100'000, num, den), 1, fails);
    const Exact truth = script.spent_until(script.steps.size()) * num / den;
    const Exact error = truth - Exact(static_cast<long long>(energy.to_int64()));
    RC_ASSERT(error >= 0 && error < 1);  // floor of the running total
}

RC_GTEST_PROP(EnergyCounter, DoesNotDependOnTheSamplingRate, ()) {
    const Script script = draw_script(100'000);
    const ChannelInfo channel = channel_of(100'000, 7, 3);
    const Microjoules each = run(script, channel, 1, {});
    RC_ASSERT(run(script, channel, 10, {}) == each);
    RC_ASSERT(run(script, channel, 50, {}) == each);
}

RC_GTEST_PROP(EnergyCounter, SplittingAWindowKeepsTheSum, ()) {
    const Script script = draw_script(0);
    const ChannelInfo channel = channel_of(0, 1'000'000, std::uint64_t{1} << 32U);
    EnergyCounter counter(channel);
    Reading r;
    r.status = ReadStatus::ok;
    r.value = script.shown_after(0);
    counter.start(r);
    Microjoules windows;
    Microjoules before;
    for (std::size_t i = 1; i <= script.steps.size(); ++i) {
        r.value = script.shown_after(i);
        r.mono_ns = static_cast<std::int64_t>(i) * 1'000'000;
        counter.fold(r);
        windows += counter.energy() - before;
        before = counter.energy();
    }
    RC_ASSERT(windows == run(script, channel, script.steps.size(), {}));
}

RC_GTEST_PROP(EnergyCounter,
              NeverFallsAndNeverLeavesItsRange,
              (const std::vector<std::uint64_t>& values)) {
    ChannelInfo channel = channel_of(1U << 20U, 1, 1);
    channel.plausible_w = 50;
    EnergyCounter counter(channel);
    Reading r;
    r.status = ReadStatus::ok;
    counter.start(r);
    Microjoules last;
    std::int64_t time = 0;
    for (const std::uint64_t value : values) {
        r.value = value;
        r.mono_ns = (time += 1'000'000);
        r.status = value % 5 == 0 ? ReadStatus::failed : ReadStatus::ok;
        counter.fold(r);
        RC_ASSERT(counter.energy() >= last);
        last = counter.energy();
        DeviceState state;
        counter.store(state, time);
        RC_ASSERT(state.low <= state.energy && state.energy <= state.high);
    }
    counter.finish(time + 1);
    // 50 W, and two refreshes a reading on top: nothing above that can come out, whatever the
    // counter shows.
    const auto ceiling =
        static_cast<std::int64_t>(static_cast<double>(values.size()) * 50e6 * (0.001 + 0.002)) +
        50'000'000;
    RC_ASSERT(counter.energy().to_int64() <= ceiling);
}

}  // namespace
}  // namespace abate::meter
