// visible_gpus: which accelerators a job may use, from the variables that schedulers, containers
// and people set.
//
//     std::vector<GpuIdentity> gpus = {{.uuid = "GPU-8932f937-..."}, {.uuid = "GPU-5d5ba0d6-..."}};
//     visible_gpus(gpus, {.cuda = "1"}).reserved;          // {0, 1}: the second, whole
//     visible_gpus(gpus, {.cuda = "GPU-8932"}).reserved;   // {1, 0}: by a prefix of its UUID
//     visible_gpus(gpus, {}).reserved;                     // {1, 1}: nobody restricted it
//
// Rules (docs/reference/sensors.md, sections nvml and amdsmi):
//   - CUDA_VISIBLE_DEVICES: a comma-separated list; the first entry that names no device ends it
//     (CUDA C++ Programming Guide, "CUDA Environment Variables"), so "-1" and an empty value hide
//     all.
//   - NVIDIA_VISIBLE_DEVICES (container toolkit) is asked when CUDA_VISIBLE_DEVICES is not set:
//     "none" hides all; "all", "void" and an empty value say nothing. Its indices are those of the
//     host; in a container that already shows only the granted GPUs they are out of range, and then
//     all that is shown is granted.
//   - ROCR_VISIBLE_DEVICES filters first, HIP_VISIBLE_DEVICES (else CUDA_VISIBLE_DEVICES, which HIP
//     reads too) counts within what it left.
//   - A MIG device holds the slices of its GPU instance: fraction of the parent.
// Pure; allocates.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace abate::meter {

// One MIG device of a GPU.
struct MigIdentity {
    std::string uuid;  // "MIG-..."
    int gpu_instance = -1;
    int compute_instance = -1;
    double fraction = 0;  // GPU-instance slices of it / slices of the parent; 3 of 7 for 3g.40gb
};

// One GPU, in the order of its driver's indices.
struct GpuIdentity {
    std::string uuid;
    std::vector<MigIdentity> mig = {};  // empty: not partitioned
};

// The variables as the process has them; unset is not the same as empty.
struct VisibilityVariables {
    std::optional<std::string> cuda = std::nullopt;    // CUDA_VISIBLE_DEVICES
    std::optional<std::string> nvidia = std::nullopt;  // NVIDIA_VISIBLE_DEVICES
    std::optional<std::string> rocr = std::nullopt;    // ROCR_VISIBLE_DEVICES
    std::optional<std::string> hip = std::nullopt;     // HIP_VISIBLE_DEVICES
};

struct VisibleGpus {
    std::vector<double> reserved;  // one a GPU: 1 whole, a MIG device's fraction, 0 hidden
    bool stated = false;           // a variable said so; false: nothing is restricted
    std::string unresolved;        // the first entry that names no device; empty: none
};

// NVIDIA's rules (cuda, nvidia).
[[nodiscard]] VisibleGpus visible_gpus(std::span<const GpuIdentity> gpus,
                                       const VisibilityVariables& variables);

// AMD's rules (rocr, hip, cuda).
[[nodiscard]] VisibleGpus visible_amd_gpus(std::span<const GpuIdentity> gpus,
                                           const VisibilityVariables& variables);

// The four variables of this process. Reads the process environment: call it before threads that
// change it.
[[nodiscard]] VisibilityVariables visibility_from_environment();

}  // namespace abate::meter
