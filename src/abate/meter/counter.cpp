#include "abate/meter/counter.h"

#include <algorithm>
#include <cmath>

namespace abate::meter {
namespace {

constexpr Int128 kNanosecondsPerSecond = 1'000'000'000;

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a / b, as it is written
Int128 floor_div(Int128 a, Int128 b) {
    const Int128 q = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

}  // namespace

EnergyCounter::EnergyCounter(const ChannelInfo& channel)
    : kind_(channel.kind),
      unit_num_(channel.unit_num),
      unit_den_(channel.unit_den),
      modulus_(channel.modulus),
      plausible_w_(channel.plausible_w),
      accuracy_(channel.accuracy),
      refresh_s_(channel.refresh_s) {}

void EnergyCounter::start(const Reading& reading, std::int64_t suspended_ns) {
    start_ns_ = last_ns_ = reading.mono_ns;
    last_suspended_ns_ = suspended_ns;
    const bool readable =
        reading.status == ReadStatus::ok || reading.status == ReadStatus::no_update;
    if (readable && !is_spike(reading)) {
        started_ = true;
        rebase(reading, suspended_ns);
    } else {
        open_gap_ = true;
        ++failed_reads_;
    }
}

FoldResult EnergyCounter::fold(const Reading& reading, std::int64_t suspended_ns) {
    if (finished_ || reading.status == ReadStatus::no_update) return FoldResult::unchanged;
    if (reading.status != ReadStatus::ok || is_spike(reading)) {
        // Kept out altogether: the next good value closes the gap.
        ++failed_reads_;
        open_gap_ = true;
        return reading.status == ReadStatus::ok ? FoldResult::implausible : FoldResult::gap;
    }
    const std::int64_t slept = std::max<std::int64_t>(0, suspended_ns - last_suspended_ns_);
    // CLOCK_MONOTONIC stands still while the machine sleeps, so the difference is waking time
    // already; `slept` only tells that a counter may have been restarted.
    const std::int64_t awake = std::max<std::int64_t>(0, reading.mono_ns - last_ns_);
    if (!started_) {
        started_ = true;
        lose(awake);
        rebase(reading, suspended_ns);
        return FoldResult::advanced;
    }
    FoldResult result = FoldResult::unchanged;
    switch (kind_) {
        case ChannelKind::energy_counter:
            result = fold_counter(reading, awake);
            break;
        case ChannelKind::power_gauge:
            result = fold_gauge(reading, awake);
            break;
        case ChannelKind::model:
            result = fold_model(reading, awake);
            break;
    }
    // A sleeping machine may have restarted the counter instead: then what it had left to its end
    // was not spent, and anything plausible may have been.
    if (slept > 0 && result == FoldResult::wrapped) {
        ++resets_;
        const Int128 before_end = static_cast<Int128>(modulus_) - last_.value;
        bound_minus_uj_ += to_uj(before_end);
        bound_plus_uj_ +=
            std::max<Int128>(0, plausible_uj(awake) - to_uj(before_end + reading.value));
    }
    rebase(reading, suspended_ns);
    return result;
}

FoldResult EnergyCounter::fold_counter(const Reading& reading, std::int64_t awake_ns) {
    // Nothing new and no time passed: a second look at the same refresh of the counter.
    const auto believable = [&](Int128 raw) { return to_uj(raw) <= plausible_uj(awake_ns); };
    const bool restarted = reading.epoch != last_.epoch;
    if (!restarted && reading.value >= last_.value) {
        const Int128 rise = reading.value - last_.value;
        if (!believable(rise)) {
            ++resets_;
            lose(awake_ns);
            return FoldResult::implausible;
        }
        total_ += rise;
        measured_ns_ += awake_ns;
        return rise == 0 ? FoldResult::unchanged : FoldResult::advanced;
    }
    if (!restarted && modulus_ > 0 && last_.value < modulus_) {
        const Int128 rise = static_cast<Int128>(modulus_) - last_.value + reading.value;
        if (believable(rise)) {
            ++wraps_;
            total_ += rise;
            measured_ns_ += awake_ns;
            return FoldResult::wrapped;
        }
    }
    // The counter began again from zero: what it shows now was spent since then. What was spent
    // between the last reading and the restart nobody saw; it lies between nothing and plausible
    // power over the interval.
    ++resets_;
    const Int128 seen = believable(reading.value) ? Int128{reading.value} : Int128{0};
    total_ += seen;
    gap_ns_ += awake_ns;
    bound_plus_uj_ += std::max<Int128>(0, plausible_uj(awake_ns) - to_uj(seen));
    if (seen > 0) measured_ns_ += awake_ns;
    return FoldResult::reset;
}

// A power that no such device can have.
bool EnergyCounter::is_spike(const Reading& reading) const {
    return kind_ == ChannelKind::power_gauge &&
           static_cast<double>(reading.value) / 1e6 > plausible_w_;
}

FoldResult EnergyCounter::fold_gauge(const Reading& reading, std::int64_t awake_ns) {
    const Int128 area = (static_cast<Int128>(last_.value) + reading.value) * awake_ns;
    total_ += area;
    measured_ns_ += awake_ns;
    if (open_gap_) {
        gap_ns_ += awake_ns;
        const Int128 area_uj = area / (2 * kNanosecondsPerSecond);
        bound_minus_uj_ += area_uj;
        bound_plus_uj_ += std::max<Int128>(0, plausible_uj(awake_ns) - area_uj);
    }
    return FoldResult::advanced;
}

FoldResult EnergyCounter::fold_model(const Reading& reading, std::int64_t awake_ns) {
    total_ += static_cast<Int128>(reading.value) - last_.value;
    model_low_ += static_cast<Int128>(reading.low) - last_.low;
    model_high_ += static_cast<Int128>(reading.high) - last_.high;
    measured_ns_ += awake_ns;
    return FoldResult::advanced;
}

void EnergyCounter::rebase(const Reading& reading, std::int64_t suspended_ns) {
    last_ = reading;
    last_ns_ = reading.mono_ns;
    last_suspended_ns_ = suspended_ns;
    open_gap_ = false;
}

// An interval that no reading covers: its energy is filled at the end, between nothing and
// plausible power.
void EnergyCounter::lose(std::int64_t awake_ns) {
    gap_ns_ += awake_ns;
    unfilled_ns_ += awake_ns;
}

void EnergyCounter::finish(std::int64_t mono_ns) {
    if (finished_) return;
    finished_ = true;
    if (open_gap_ || !started_) lose(std::max<std::int64_t>(0, mono_ns - last_ns_));
    if (unfilled_ns_ <= 0) return;
    filled_ = true;
    if (measured_ns_ > 0) fill_uj_ = measured_uj() * unfilled_ns_ / measured_ns_;
    bound_minus_uj_ += fill_uj_;
    bound_plus_uj_ += std::max<Int128>(0, plausible_uj(unfilled_ns_) - fill_uj_);
}

void EnergyCounter::store(DeviceState& state, std::int64_t mono_ns) const {
    const Int128 uj = measured_uj() + fill_uj_;
    const auto total = static_cast<double>(uj);
    double minus = 0;
    double plus = 0;
    if (kind_ == ChannelKind::model) {
        minus = static_cast<double>(measured_uj() - model_low_);
        plus = static_cast<double>(model_high_ - measured_uj());
    } else {
        // The source's own accuracy, and one refresh period of mean power at each edge of the
        // window, independent.
        const double mean_w =
            measured_ns_ > 0 ? total / 1e6 / (static_cast<double>(measured_ns_) / 1e9) : 0;
        const double edge_uj = mean_w * refresh_s_ * 1e6;
        minus = plus = std::hypot(accuracy_ * total, edge_uj, edge_uj);
    }
    std::int64_t open = 0;
    if (!finished_ && (open_gap_ || !started_))
        open = std::max<std::int64_t>(0, mono_ns - last_ns_);
    const Int128 low =
        uj - static_cast<Int128>(std::llround(std::min(minus, 9e18))) - bound_minus_uj_;
    const Int128 high =
        uj + static_cast<Int128>(std::llround(std::min(plus, 9e18))) + bound_plus_uj_;
    state.energy = Microjoules(uj);
    state.low = Microjoules(std::clamp<Int128>(low, 0, std::max<Int128>(0, uj)));
    state.high = Microjoules(std::max(high, uj));
    state.gap_ns = gap_ns_ + open;
    state.raw = last_.value;
    state.resets = resets_;
    state.wraps = wraps_;
    state.failed_reads = failed_reads_;
    state.gap_filled = filled_;
    state.bounded = bound_minus_uj_ > 0 || bound_plus_uj_ > 0 || kind_ == ChannelKind::model;
}

Microjoules EnergyCounter::energy() const { return Microjoules(measured_uj() + fill_uj_); }

Int128 EnergyCounter::measured_uj() const {
    switch (kind_) {
        case ChannelKind::energy_counter:
            return to_uj(total_);
        case ChannelKind::power_gauge:
            return total_ / (2 * kNanosecondsPerSecond);
        case ChannelKind::model:
            return total_;
    }
    return 0;
}

// Of a running total, so that splitting a window never changes the sum.
Int128 EnergyCounter::to_uj(Int128 raw) const { return floor_div(raw * unit_num_, unit_den_); }

// The most that the device can have spent in `ns`, with two refresh periods of the counter on top,
// one at each edge: a read may find what was spent up to a period before the interval began.
Int128 EnergyCounter::plausible_uj(std::int64_t ns) const {
    const double seconds = static_cast<double>(ns) / 1e9 + 2 * refresh_s_;
    return static_cast<Int128>(std::llround(std::min(plausible_w_ * seconds * 1e6, 9e18)));
}

}  // namespace abate::meter
