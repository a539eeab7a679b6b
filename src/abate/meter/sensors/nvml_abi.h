// The part of NVML's binary interface that abate calls, written from NVIDIA's NVML API Reference
// Guide, so that neither NVIDIA's header nor its library is needed to build. The layouts are those
// of x86-64 and AArch64 Linux and are checked below; tests/fixtures/gpu/fake_nvml.c, which plays
// the library in tests, includes this header too. Plain C on purpose.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(modernize-use-using,readability-identifier-naming): C, with NVML's own names
typedef int32_t nvml_return_t;
typedef struct nvml_device_st* nvml_device_t;
typedef struct nvml_gpm_sample_st* nvml_gpm_sample_t;

// nvmlReturn_t
enum {
    NVML_OK = 0,
    NVML_UNINITIALIZED = 1,
    NVML_INVALID_ARGUMENT = 2,
    NVML_NOT_SUPPORTED = 3,
    NVML_NO_PERMISSION = 4,
    NVML_NOT_FOUND = 6,
    NVML_INSUFFICIENT_SIZE = 7,
    NVML_DRIVER_NOT_LOADED = 9,
    NVML_TIMEOUT = 10,
    NVML_FUNCTION_NOT_FOUND = 13,
    NVML_GPU_IS_LOST = 15,
    NVML_RESET_REQUIRED = 16,
    NVML_LIB_RM_VERSION_MISMATCH = 18,
    NVML_UNKNOWN = 999
};

// nvmlValueType_t
enum {
    NVML_VALUE_DOUBLE = 0,
    NVML_VALUE_UINT = 1,
    NVML_VALUE_ULONG = 2,
    NVML_VALUE_ULL = 3,
    NVML_VALUE_SLL = 4,
    NVML_VALUE_INT = 5,
    NVML_VALUE_USHORT = 6
};

enum {
    NVML_SAMPLES_TOTAL_POWER = 0,    // nvmlSamplingType_t NVML_TOTAL_POWER_SAMPLES
    NVML_FIELD_TOTAL_ENERGY = 83,    // NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION, mJ
    NVML_FIELD_POWER_INSTANT = 186,  // NVML_FI_DEV_POWER_INSTANT, mW
    NVML_GPM_SM_UTIL = 2,            // NVML_GPM_METRIC_SM_UTIL, percent
    NVML_GPM_VERSION = 1,            // NVML_GPM_METRICS_GET_VERSION
    NVML_UUID_BYTES = 96,            // NVML_DEVICE_UUID_V2_BUFFER_SIZE
    NVML_NAME_BYTES = 96             // NVML_DEVICE_NAME_V2_BUFFER_SIZE
};

typedef union {
    double d;
    uint32_t ui;
    uint64_t ull;
    int64_t sll;
    int32_t si;
    uint16_t us;
} nvml_value_t;

typedef struct {
    uint32_t field_id;
    uint32_t scope_id;  // "unused" in old headers: zero
    int64_t timestamp_us;
    int64_t latency_us;
    int32_t value_type;
    int32_t status;
    nvml_value_t value;
} nvml_field_value_t;

typedef struct {
    uint64_t timestamp_us;  // CPU time, since 1970
    nvml_value_t value;
} nvml_sample_t;

typedef struct {
    uint32_t pid;
    uint64_t used_memory;
    uint32_t gpu_instance;
    uint32_t compute_instance;
} nvml_process_info_t;  // _v2 and _v3

typedef struct {
    uint32_t pid;
    uint64_t used_memory;
} nvml_process_info_v1_t;  // unversioned

typedef struct {
    uint32_t pid;
    uint64_t timestamp_us;
    uint32_t sm_util;
    uint32_t mem_util;
    uint32_t enc_util;
    uint32_t dec_util;
} nvml_process_utilization_t;

typedef struct {
    uint32_t multiprocessors;
    uint32_t copy_engines;
    uint32_t decoders;
    uint32_t encoders;
    uint32_t jpegs;
    uint32_t ofas;
    uint32_t gpu_instance_slices;
    uint32_t compute_instance_slices;
    uint64_t memory_mib;
} nvml_attributes_t;

typedef struct {
    uint32_t metric_id;
    int32_t status;
    double value;
    const char* names[3];
} nvml_gpm_metric_t;

// The real array has NVML_GPM_METRIC_MAX entries, which grows with the driver (98, 210, 333 ...);
// the library touches the first `count`. Over-allocated all the same.
typedef struct {
    uint32_t version;
    uint32_t count;
    nvml_gpm_sample_t earlier;
    nvml_gpm_sample_t later;
    nvml_gpm_metric_t metrics[512];
} nvml_gpm_metrics_get_t;
// NOLINTEND(modernize-use-using,readability-identifier-naming)

#ifdef __cplusplus
}

static_assert(sizeof(void*) == 8, "the layouts below are those of 64-bit Linux");
static_assert(sizeof(nvml_value_t) == 8);
static_assert(sizeof(nvml_field_value_t) == 40);
static_assert(offsetof(nvml_field_value_t, scope_id) == 4);
static_assert(offsetof(nvml_field_value_t, timestamp_us) == 8);
static_assert(offsetof(nvml_field_value_t, latency_us) == 16);
static_assert(offsetof(nvml_field_value_t, value_type) == 24);
static_assert(offsetof(nvml_field_value_t, status) == 28);
static_assert(offsetof(nvml_field_value_t, value) == 32);
static_assert(sizeof(nvml_sample_t) == 16);
static_assert(offsetof(nvml_sample_t, value) == 8);
static_assert(sizeof(nvml_process_info_t) == 24);
static_assert(offsetof(nvml_process_info_t, used_memory) == 8);
static_assert(offsetof(nvml_process_info_t, gpu_instance) == 16);
static_assert(offsetof(nvml_process_info_t, compute_instance) == 20);
static_assert(sizeof(nvml_process_info_v1_t) == 16);
static_assert(sizeof(nvml_process_utilization_t) == 32);
static_assert(offsetof(nvml_process_utilization_t, timestamp_us) == 8);
static_assert(offsetof(nvml_process_utilization_t, sm_util) == 16);
static_assert(offsetof(nvml_process_utilization_t, dec_util) == 28);
static_assert(sizeof(nvml_attributes_t) == 40);
static_assert(offsetof(nvml_attributes_t, gpu_instance_slices) == 24);
static_assert(offsetof(nvml_attributes_t, memory_mib) == 32);
static_assert(sizeof(nvml_gpm_metric_t) == 40);
static_assert(offsetof(nvml_gpm_metric_t, value) == 8);
static_assert(offsetof(nvml_gpm_metrics_get_t, earlier) == 8);
static_assert(offsetof(nvml_gpm_metrics_get_t, metrics) == 24);
#endif
