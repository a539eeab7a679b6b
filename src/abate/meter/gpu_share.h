// GpuShareSource: whose work an accelerator did since the last question. Implemented by the NVML
// and AMD sensors.
#pragma once

#include <sys/types.h>

#include <span>

namespace abate::meter {

struct GpuShare {
    bool known = false;  // false: the driver cannot tell; the caller charges nobody
    double job =
        0;  // share of the active energy since the last call that the job's processes caused, 0..1
    double others = 0;    // of other processes; job + others <= 1
    bool stated = false;  // a variable (CUDA_VISIBLE_DEVICES...) says which devices are the job's
    double reserved = 0;  // share of the device that the job holds: 1 whole, a MIG slice's
                          // fraction, 0 not its device
};

class GpuShareSource {
  public:
    virtual ~GpuShareSource() = default;
    // One entry per GPU, in the order of ChannelInfo::gpu_index. `job_pids`: live processes of the
    // job (host pids). Allocates nothing after the first call; answers from the last poll when the
    // driver is slow.
    virtual void shares(std::span<const pid_t> job_pids, std::span<GpuShare> out) noexcept = 0;
    [[nodiscard]] virtual int gpu_count() const noexcept = 0;
};

}  // namespace abate::meter
