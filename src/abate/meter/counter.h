// EnergyCounter: a wrapping, failing, resettable hardware counter, folded into exact energy.
//
//     EnergyCounter counter(channel);
//     counter.start(first_reading);
//     counter.fold(next_reading);             // any number of times, at any rate
//     counter.energy();                       // microjoules since start, independent of how often
//     it was read
//
// Rules (docs/methodology/counters.md):
//   - Energy is counter difference, never power times time. A failed read changes nothing: the next
//   good value closes
//     the gap exactly, because the counter went on counting.
//   - A value below the last one is a wrap only when the implied mean power since the last good
//   reading is plausible;
//     then `modulus` is added. Otherwise it is a reset: what the counter shows now was spent since,
//     what was spent between the last reading and the reset is unknown, between 0 and plausible
//     power x time.
//     A wrap across a sleep of the machine counts as one, but its range allows for a restart.
//   - A rise that implies more than plausible power is not believed either: rebase, the interval
//   becomes a gap.
//   - A gauge (microwatts) is integrated by trapezoids over its own times; a failed reading
//   stretches the trapezoid and
//     its time counts as gap.
//   - At `finish`, time since the last good reading is a gap; its energy is filled with the mean
//   power measured so far,
//     with bounds 0 and plausible power, and `gap_filled` says so.
// Exact in 128-bit integers; O(1), no allocation. Not thread-safe.
#pragma once

#include "abate/meter/sensor.h"
#include "abate/record/run_state.h"

#include <cstdint>

namespace abate::meter {

enum class FoldResult : std::uint8_t { advanced, unchanged, gap, wrapped, reset, implausible };

class EnergyCounter {
  public:
    explicit EnergyCounter(const ChannelInfo& channel);

    // The first reading of the window. A failed one leaves the counter waiting: time until the
    // first good reading is gap.
    void start(const Reading& reading, std::int64_t suspended_ns = 0);
    // `suspended_ns`: cumulative time the machine slept, from the clock; a wrap is judged on waking
    // time only.
    FoldResult fold(const Reading& reading, std::int64_t suspended_ns = 0);
    // Closes the window at `mono_ns`. Idempotent.
    void finish(std::int64_t mono_ns);

    // Totals since start(): energy, low, high, gap, raw, resets, wraps, failed_reads, gap_filled.
    // The split fields are left alone. `mono_ns` is the moment asked for: an open gap up to then is
    // counted in gap_ns (not yet filled).
    void store(DeviceState& state, std::int64_t mono_ns) const;

    [[nodiscard]] Microjoules energy() const;
    // Of the last good reading.
    [[nodiscard]] std::int64_t last_ns() const { return last_ns_; }

  private:
    FoldResult fold_counter(const Reading& reading, std::int64_t awake_ns);
    [[nodiscard]] bool is_spike(const Reading& reading) const;
    FoldResult fold_gauge(const Reading& reading, std::int64_t awake_ns);
    FoldResult fold_model(const Reading& reading, std::int64_t awake_ns);
    void rebase(const Reading& reading, std::int64_t suspended_ns);
    void lose(std::int64_t awake_ns);
    [[nodiscard]] Int128 measured_uj() const;
    [[nodiscard]] Int128 to_uj(Int128 raw) const;
    [[nodiscard]] Int128 plausible_uj(std::int64_t ns) const;

    ChannelKind kind_;
    std::uint64_t unit_num_;
    std::uint64_t unit_den_;
    std::uint64_t modulus_;
    double plausible_w_;
    double accuracy_;
    double refresh_s_;

    bool started_ = false;   // a good reading has been seen
    bool open_gap_ = false;  // the latest reading failed
    bool finished_ = false;
    bool filled_ = false;
    std::int64_t start_ns_ = 0;
    std::int64_t last_ns_ = 0;
    std::int64_t last_suspended_ns_ = 0;
    Reading last_{};
    Int128 total_ = 0;  // counter: raw units with wraps unfolded; gauge: microwatt-nanoseconds x 2;
                        // model: microjoules
    Int128 model_low_ = 0;
    Int128 model_high_ = 0;
    std::int64_t measured_ns_ = 0;  // time that good readings cover
    std::int64_t gap_ns_ = 0;
    std::int64_t unfilled_ns_ = 0;  // gap time whose energy no counter shows
    Int128 bound_minus_uj_ = 0;     // of the total, at most this was not spent
    Int128 bound_plus_uj_ = 0;      // beyond the total, at most this was spent unseen
    Int128 fill_uj_ = 0;
    std::int64_t resets_ = 0;
    std::int64_t wraps_ = 0;
    std::int64_t failed_reads_ = 0;
};

}  // namespace abate::meter
