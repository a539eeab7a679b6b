// SampleSink: where the meter sends its running totals about once a second, so that a crash loses
// little. `store` implements it with the run spool.
#pragma once

#include "abate/record/run_state.h"

namespace abate::meter {

class SampleSink {
  public:
    virtual ~SampleSink() = default;
    // Makes `state` durable. Called at most once a second, from the sampling loop: no allocation.
    // Returns false when it could not be written (disk full); the meter goes on and the record says
    // so.
    virtual bool save(const RunState& state) noexcept = 0;
};

}  // namespace abate::meter
