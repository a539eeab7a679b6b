#include "abate/meter/sensors/nvml_library.h"

#include <dlfcn.h>

#include <initializer_list>

namespace abate::meter {
namespace {

// The first of `names` that the library has. dlsym answers an object pointer; POSIX has it convert
// to a function pointer.
template <typename Function>
const char* load(void* handle, Function& function, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (void* symbol = ::dlsym(handle, name)) {
            function = reinterpret_cast<Function>(symbol);
            return name;
        }
    }
    return nullptr;
}

void load_identity(void* so, NvmlLibrary& nvml) {
    load(so, nvml.init, {"nvmlInit_v2", "nvmlInit"});
    load(so, nvml.shutdown, {"nvmlShutdown"});
    load(so, nvml.error_string, {"nvmlErrorString"});
    load(so, nvml.driver_version, {"nvmlSystemGetDriverVersion"});
    load(so, nvml.count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
    load(so, nvml.handle_by_index, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
    load(so, nvml.name, {"nvmlDeviceGetName"});
    load(so, nvml.uuid, {"nvmlDeviceGetUUID"});
}

void load_energy(void* so, NvmlLibrary& nvml) {
    load(so, nvml.energy, {"nvmlDeviceGetTotalEnergyConsumption"});
    load(so, nvml.power, {"nvmlDeviceGetPowerUsage"});
    load(so, nvml.enforced_limit, {"nvmlDeviceGetEnforcedPowerLimit"});
    load(so, nvml.limit_range, {"nvmlDeviceGetPowerManagementLimitConstraints"});
    load(so, nvml.field_values, {"nvmlDeviceGetFieldValues"});
    load(so, nvml.samples, {"nvmlDeviceGetSamples"});
}

void load_usage(void* so, NvmlLibrary& nvml) {
    load(so, nvml.process_utilization, {"nvmlDeviceGetProcessUtilization"});
    nvml.process_bytes = sizeof(nvml_process_info_t);
    if (load(so,
             nvml.compute_processes,
             {"nvmlDeviceGetComputeRunningProcesses_v3",
              "nvmlDeviceGetComputeRunningProcesses_v2"}) == nullptr) {
        load(so, nvml.compute_processes, {"nvmlDeviceGetComputeRunningProcesses"});
        nvml.process_bytes = sizeof(nvml_process_info_v1_t);
    }
    load(so, nvml.mig_mode, {"nvmlDeviceGetMigMode"});
    load(so, nvml.max_mig_devices, {"nvmlDeviceGetMaxMigDeviceCount"});
    load(so, nvml.mig_device, {"nvmlDeviceGetMigDeviceHandleByIndex"});
    load(so, nvml.gpu_instance_id, {"nvmlDeviceGetGpuInstanceId"});
    load(so, nvml.compute_instance_id, {"nvmlDeviceGetComputeInstanceId"});
    load(so, nvml.attributes, {"nvmlDeviceGetAttributes_v2", "nvmlDeviceGetAttributes"});
    load(so, nvml.gpm_alloc, {"nvmlGpmSampleAlloc"});
    load(so, nvml.gpm_free, {"nvmlGpmSampleFree"});
    load(so, nvml.gpm_mig_sample, {"nvmlGpmMigSampleGet"});
    load(so, nvml.gpm_metrics, {"nvmlGpmMetricsGet"});
}

}  // namespace

Result<NvmlLibrary> NvmlLibrary::open(const std::string& path) {
    NvmlLibrary nvml;
    nvml.path = path.empty() ? "libnvidia-ml.so.1" : path;
    void* so = ::dlopen(nvml.path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (so == nullptr) {
        const char* why = ::dlerror();
        std::string what = why != nullptr ? why : "the library cannot be opened";
        // The loader begins with the name, which `where` has.
        if (what.starts_with(nvml.path + ": ")) what.erase(0, nvml.path.size() + 2);
        return Error{
            .code = ErrorCode::not_found, .what = std::move(what), .where = nvml.path, .hint = ""};
    }
    nvml.handle_ = std::shared_ptr<void>(so, [](void* handle) { ::dlclose(handle); });
    load_identity(so, nvml);
    load_energy(so, nvml);
    load_usage(so, nvml);
    if (nvml.init == nullptr || nvml.shutdown == nullptr || nvml.count == nullptr ||
        nvml.handle_by_index == nullptr) {
        return Error{.code = ErrorCode::unsupported,
                     .what =
                         "the library lacks nvmlInit, nvmlShutdown, nvmlDeviceGetCount or "
                         "nvmlDeviceGetHandleByIndex",
                     .where = nvml.path,
                     .hint = ""};
    }
    return nvml;
}

std::string NvmlLibrary::word(nvml_return_t code) const {
    const char* text = error_string != nullptr ? error_string(code) : nullptr;
    return text != nullptr ? std::string(text) : "NVML error " + std::to_string(code);
}

}  // namespace abate::meter
