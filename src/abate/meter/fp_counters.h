// FpCounters: floating-point operations of a command and all its children, counted by the CPU.
//
//     Result<FpCounters> counters = FpCounters::open(tree.pid(), environment);   // before
//     release()
//     ...
//     Result<FlopCount> count = counters->read();     // after the end
//
// Intel (Broadwell to Granite Rapids): FP_ARITH_INST_RETIRED, each class times its operations per
// instruction; a fused multiply-add counts 2. AMD (Zen and later): retired SSE and AVX FLOPs. User
// mode only. Not counted: x87; AMX tiles; on Intel bfloat16 and half precision. Masked vector lanes
// count as if they were used (Intel). Where more events run than the CPU has counters, the kernel
// takes turns; then the count is scaled and its range says by how much. Not thread-safe.
#pragma once

#include "abate/core/result.h"
#include "abate/meter/processor.h"
#include "abate/meter/procfs.h"
#include "abate/meter/sensor.h"
#include "abate/units/ranged.h"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::meter {

// One raw event and how many operations one count stands for.
struct FpEvent {
    const char* name;
    std::uint64_t config;  // event | umask << 8
    int flop;              // per count
};

// The events that together count all operations. Errors: unsupported (no such events known).
[[nodiscard]] Result<std::vector<FpEvent>> fp_events(const Processor& cpu);

struct FlopCount {
    Ranged flop;  // low: what was counted; high: the unseen part at twice the mean rate
    bool multiplexed = false;  // the kernel took turns; `flop` is scaled
};

class FpCounters {
  public:
    // Returns a descriptor that reads {count, time enabled, time running}, or -errno.
    using OpenCounter = std::function<int(const FpEvent&, pid_t)>;

    // Counting starts when `pid` execs and includes what it starts. Errors: unavailable (virtual
    // machine or container without counters), permission_denied (perf_event_paranoid), unsupported.
    static Result<FpCounters> open(pid_t pid,
                                   const SensorEnvironment& environment,
                                   const OpenCounter& open_counter = open_perf_counter);

    // perf_event_open(2) with inherit and enable_on_exec.
    static int open_perf_counter(const FpEvent& event, pid_t pid) noexcept;

    // So far, live processes included. Errors: io_error, unavailable (an event never ran).
    [[nodiscard]] Result<FlopCount> read() const;

  private:
    struct Counter {
        FpEvent event;
        FileDescriptor file;
    };
    std::vector<Counter> counters_;
};

}  // namespace abate::meter
