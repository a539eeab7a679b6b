// NvmlLibrary: NVIDIA's management library, opened at run time and never linked. A function that
// this driver does not have is null; versioned names fall back from the newest to the plain one.
//
//     Result<NvmlLibrary> library = NvmlLibrary::open("");       // libnvidia-ml.so.1
//     if (library && library->energy != nullptr) ...
//
// Owns the handle; not copied. Not thread-safe: one thread calls it.
#pragma once

#include "abate/core/result.h"
#include "abate/meter/sensors/nvml_abi.h"

#include <memory>
#include <string>

namespace abate::meter {

struct NvmlLibrary {
    // `path`: empty for libnvidia-ml.so.1 as the loader finds it. Errors: not_found (no library),
    // unsupported (it lacks a function that nothing works without; `where` is the library).
    static Result<NvmlLibrary> open(const std::string& path);

    std::string path;  // as given to the loader

    nvml_return_t (*init)() = nullptr;
    nvml_return_t (*shutdown)() = nullptr;
    const char* (*error_string)(nvml_return_t) = nullptr;
    nvml_return_t (*driver_version)(char*, unsigned) = nullptr;
    nvml_return_t (*count)(unsigned*) = nullptr;
    nvml_return_t (*handle_by_index)(unsigned, nvml_device_t*) = nullptr;
    nvml_return_t (*name)(nvml_device_t, char*, unsigned) = nullptr;
    nvml_return_t (*uuid)(nvml_device_t, char*, unsigned) = nullptr;
    nvml_return_t (*energy)(nvml_device_t, unsigned long long*) = nullptr;  // mJ
    nvml_return_t (*power)(nvml_device_t, unsigned*) = nullptr;             // mW
    nvml_return_t (*enforced_limit)(nvml_device_t, unsigned*) = nullptr;    // mW
    nvml_return_t (*limit_range)(nvml_device_t, unsigned*, unsigned*) = nullptr;
    nvml_return_t (*field_values)(nvml_device_t, int, nvml_field_value_t*) = nullptr;
    nvml_return_t (*samples)(
        nvml_device_t, int, unsigned long long, int*, unsigned*, nvml_sample_t*) = nullptr;
    nvml_return_t (*process_utilization)(nvml_device_t,
                                         nvml_process_utilization_t*,
                                         unsigned*,
                                         unsigned long long) = nullptr;
    // Takes records of `process_bytes` each: 24 (_v3, _v2) or 16 (unversioned).
    nvml_return_t (*compute_processes)(nvml_device_t, unsigned*, void*) = nullptr;
    std::size_t process_bytes = 0;
    nvml_return_t (*mig_mode)(nvml_device_t, unsigned*, unsigned*) = nullptr;
    nvml_return_t (*max_mig_devices)(nvml_device_t, unsigned*) = nullptr;
    nvml_return_t (*mig_device)(nvml_device_t, unsigned, nvml_device_t*) = nullptr;
    nvml_return_t (*gpu_instance_id)(nvml_device_t, unsigned*) = nullptr;
    nvml_return_t (*compute_instance_id)(nvml_device_t, unsigned*) = nullptr;
    nvml_return_t (*attributes)(nvml_device_t, nvml_attributes_t*) = nullptr;
    nvml_return_t (*gpm_alloc)(nvml_gpm_sample_t*) = nullptr;
    nvml_return_t (*gpm_free)(nvml_gpm_sample_t) = nullptr;
    nvml_return_t (*gpm_mig_sample)(nvml_device_t, unsigned, nvml_gpm_sample_t) = nullptr;
    nvml_return_t (*gpm_metrics)(nvml_gpm_metrics_get_t*) = nullptr;

    // What the library calls the code, or its number.
    [[nodiscard]] std::string word(nvml_return_t code) const;
    [[nodiscard]] bool has_gpm() const {
        return gpm_alloc != nullptr && gpm_free != nullptr && gpm_mig_sample != nullptr &&
               gpm_metrics != nullptr;
    }

  private:
    std::shared_ptr<void> handle_;
};

}  // namespace abate::meter
