// The loop of `abate run`: one thread that waits for the child, signals and the next sample, and
// nothing else.
//
//     ProcessTree tree = ProcessTree::launch({.words = words}).value();
//     RunMeter meter(std::move(devices), options, clock);
//     RunOutcome outcome = run_metered(tree, meter, machine, &spool, {.interval_ns = 100'000'000},
//     clock).value();
//
// Samples are taken every `interval_ns` (at least every 30 s, so that no counter wraps unseen);
// windows are closed and the totals are saved about once a second; procfs is walked then too, or in
// every fifth window where a control group keeps the account. The sampling path allocates nothing.
#pragma once

#include "abate/core/clock.h"
#include "abate/meter/machine_cpu.h"
#include "abate/meter/process_tree.h"
#include "abate/meter/run_meter.h"
#include "abate/meter/sample_sink.h"

#include <signal.h>

#include <cstdint>
#include <string>
#include <vector>

namespace abate::meter {

// Blocks what a user or a batch system sends to end a job (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM) for
// as long as it lives; what is still pending then is dropped. `run` holds it from launch until the record is kept.
class BlockedSignals {
  public:
    BlockedSignals();
    ~BlockedSignals();
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

  private:
    sigset_t before_{};
};

struct RunLoopOptions {
    std::int64_t interval_ns = 1'000'000'000;
};

struct RunOutcome {
    ExitStatus exit;
    std::vector<LeftRunning> left_running;
    bool saves_failed = false;  // at least one state could not be written (disk full)
    // Exit records that came too fast to be read, at least: CPU time of the tree may be missing, which
    // the range of its energy allows for.
    std::int64_t lost_records = 0;
};

// What a record says of them; empty for none.
[[nodiscard]] std::string lost_records_note(std::int64_t lost_records);

// Meters `tree` from release to the end of its direct child. Terminal signals reach the child by
// themselves; signals sent to this process alone are forwarded. `sink` may be null. REQUIRES:
// `tree` is launched and not released; called on the main thread before others exist. Errors: those
// of ProcessTree::release, with nothing metered.
[[nodiscard]] Result<RunOutcome> run_metered(ProcessTree& tree,
                                             RunMeter& meter,
                                             MachineCpu& machine,
                                             SampleSink* sink,
                                             const RunLoopOptions& options,
                                             const Clock& clock);

}  // namespace abate::meter
