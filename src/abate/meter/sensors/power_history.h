// PowerHistory: the driver's buffered power samples (milliwatts at microseconds of civil time),
// integrated by trapezoids into a cumulative counter of microjoules.
//
//     PowerHistory history;
//     history.add({.us = 1'000'000, .milliwatts = 100'000});   // the first: 0 uJ
//     history.add({.us = 1'100'000, .milliwatts = 300'000});   // + 200 W x 0.1 s
//     history.microjoules();                                                // 20'000'000
//
// Invariants: never falls within one epoch; a sample that is not newer than the last is ignored.
// Exact: half nanojoules, in 128 bits, because 64 would be full after 107 days at 1 kW; the microjoules
// fit 64 bits for half a million years of that. O(1), no allocation.
#pragma once

#include "abate/units/energy.h"

#include <cstdint>

namespace abate::meter {

class PowerHistory {
  public:
    struct Sample {
        std::int64_t us = 0;  // since 1970
        std::uint64_t milliwatts = 0;
    };

    void add(const Sample& sample) noexcept {
        if (started_ && sample.us <= last_.us) return;
        if (started_) {
            half_nanojoules_ += static_cast<Int128>(sample.us - last_.us) *
                                (static_cast<Int128>(last_.milliwatts) + sample.milliwatts);
        }
        last_ = sample;
        started_ = true;
    }

    // Forgets everything: the samples' clock was set, or their source restarted.
    void restart() noexcept {
        started_ = false;
        half_nanojoules_ = 0;
    }

    [[nodiscard]] bool started() const noexcept { return started_; }
    [[nodiscard]] const Sample& last() const noexcept { return last_; }
    [[nodiscard]] std::uint64_t microjoules() const noexcept {
        return static_cast<std::uint64_t>(half_nanojoules_ / 2000);
    }

  private:
    bool started_ = false;
    Sample last_;
    Int128 half_nanojoules_ = 0;
};

}  // namespace abate::meter
