#include "abate/meter/fp_counters.h"

#include <fmt/format.h>

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace abate::meter {
namespace {

// Intel SDM volume 3B chapter 20, FP_ARITH_INST_RETIRED (event C7h): umask bits 0 scalar double,
// 1 scalar single, 2 128-bit double, 3 128-bit single, 4 256-bit double, 5 256-bit single, 6
// 512-bit double, 7 512-bit single. Classes with the same operations per instruction share a
// counter, as in Intel's own SCALAR (03h), 4_FLOPS (18h) and 8_FLOPS (60h).
constexpr std::array<FpEvent, 5> kIntelEvents{{
    {"fp_arith_inst_retired.scalar", 0x03c7, 1},
    {"fp_arith_inst_retired.128b_packed_double", 0x04c7, 2},
    {"fp_arith_inst_retired.4_flops", 0x18c7, 4},
    {"fp_arith_inst_retired.8_flops", 0x60c7, 8},
    {"fp_arith_inst_retired.512b_packed_single", 0x80c7, 16},
}};

// Family 6 models with that event and one kind of core: Broadwell, Skylake, Kaby and Comet Lake,
// Cannon Lake, Ice Lake, Tiger Lake, Rocket Lake, Sapphire, Emerald and Granite Rapids
// (arch/x86/include/asm/intel-family.h of the Linux kernel).
constexpr std::array<int, 23> kIntelModels{0x3d, 0x47, 0x4f, 0x56, 0x4e, 0x5e, 0x55, 0x8e,
                                           0x9e, 0xa5, 0xa6, 0x66, 0x7d, 0x7e, 0x6a, 0x6c,
                                           0x8c, 0x8d, 0xa7, 0x8f, 0xcf, 0xad, 0xae};

// Hybrid parts: two kinds of core, two sets of events.
constexpr std::array<int, 12> kIntelHybrid{
    0x8a, 0x97, 0x9a, 0xb7, 0xba, 0xbf, 0xaa, 0xac, 0xb5, 0xbd, 0xc5, 0xc6};

// AMD PMCx003, retired SSE and AVX FLOPs; the umask of all kinds differs by generation
// (tools/perf/pmu-events/arch/x86/amdzen1 to amdzen5/floating-point.json of the Linux kernel). A
// fused multiply-add counts 2 there already.
Result<std::vector<FpEvent>> amd_events(const Processor& cpu) {
    const auto all = [](std::uint64_t umask) {
        return std::vector<FpEvent>{{"fp_ret_sse_avx_ops.all", umask << 8U | 0x03U, 1}};
    };
    const bool zen4 = cpu.family == 0x19 && ((cpu.model >= 0x10 && cpu.model <= 0x1f) ||
                                             (cpu.model >= 0x60 && cpu.model <= 0x7f) ||
                                             (cpu.model >= 0xa0 && cpu.model <= 0xaf));
    if (zen4) return all(0x1f);
    if (cpu.family == 0x17 || cpu.family == 0x19) return all(0xff);
    if (cpu.family == 0x1a) return all(0x0f);
    return Error{ErrorCode::unsupported,
                 fmt::format("no floating-point events are known for AMD family {:#x}", cpu.family),
                 "",
                 "Use --flop or --tokens with --params-active"};
}

Error open_error(int error, const SensorEnvironment& environment) {
    if (error == EACCES || error == EPERM) {
        const std::string level =
            read_text(environment.procfs_root + "/sys/kernel/perf_event_paranoid");
        std::string_view rest = level;
        return {ErrorCode::permission_denied,
                "the CPU's counters are not open to this user",
                fmt::format("perf_event_paranoid {}", take_word(rest)),
                "As administrator: sysctl kernel.perf_event_paranoid=2, or give abate CAP_PERFMON"};
    }
    return {
        ErrorCode::unavailable,
        fmt::format("the CPU's floating-point counters cannot be opened: {}", std::strerror(error)),
        "",
        "Use --flop or --tokens with --params-active"};
}

}  // namespace

Result<std::vector<FpEvent>> fp_events(const Processor& cpu) {
    if (cpu.vendor == "AuthenticAMD") return amd_events(cpu);
    const auto no = [](std::string what) {
        return Error{ErrorCode::unsupported,
                     std::move(what),
                     "",
                     "Use --flop or --tokens with --params-active"};
    };
    if (cpu.vendor != "GenuineIntel") {
        return no("no floating-point events are known for this CPU");
    }
    if (std::ranges::find(kIntelHybrid, cpu.model) != kIntelHybrid.end()) {
        return no("floating-point events of CPUs with two kinds of core are not supported");
    }
    if (cpu.family != 6 || std::ranges::find(kIntelModels, cpu.model) == kIntelModels.end()) {
        return no(fmt::format("no floating-point events are known for Intel family {} model {:#x}",
                              cpu.family,
                              cpu.model));
    }
    return std::vector<FpEvent>(kIntelEvents.begin(), kIntelEvents.end());
}

int FpCounters::open_perf_counter(const FpEvent& event, pid_t pid) noexcept {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_RAW;
    attributes.config = event.config;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    attributes.disabled = 1;
    attributes.inherit = 1;
    attributes.enable_on_exec = 1;
    attributes.exclude_kernel = 1;  // what perf_event_paranoid = 2 allows; the kernel has no FLOP
    attributes.exclude_hv = 1;
    const long fd = ::syscall(SYS_perf_event_open,
                              &attributes,
                              pid,
                              -1,
                              -1,
                              static_cast<unsigned long>(PERF_FLAG_FD_CLOEXEC));
    return fd < 0 ? -errno : static_cast<int>(fd);
}

Result<FpCounters> FpCounters::open(pid_t pid,
                                    const SensorEnvironment& environment,
                                    const OpenCounter& open_counter) {
    const Processor cpu = read_processor(environment);
    const std::string pmu = environment.sysfs_root + "/bus/event_source/devices/cpu";
    if (::access(pmu.c_str(), F_OK) != 0 &&
        ::access((environment.sysfs_root + "/bus/event_source/devices/cpu_core").c_str(), F_OK) !=
            0) {
        return Error{ErrorCode::unavailable,
                     cpu.guest ? "this virtual machine has no CPU counters"
                               : "the kernel shows no CPU counters",
                     pmu,
                     "Use --flop or --tokens with --params-active"};
    }
    const auto events = fp_events(cpu);
    if (!events) return events.error();
    FpCounters counters;
    for (const FpEvent& event : *events) {
        const int fd = open_counter(event, pid);
        if (fd < 0) return open_error(-fd, environment);
        counters.counters_.push_back({event, FileDescriptor(fd)});
    }
    return counters;
}

Result<FlopCount> FpCounters::read() const {
    FlopCount sum;
    for (const Counter& counter : counters_) {
        struct {
            std::uint64_t count = 0;
            std::uint64_t enabled = 0;
            std::uint64_t running = 0;
        } value;
        static_assert(sizeof value == 24);
        if (::read(counter.file.get(), &value, sizeof value) !=
            static_cast<ssize_t>(sizeof value)) {
            return Error{
                ErrorCode::io_error,
                fmt::format("a floating-point counter cannot be read: {}", std::strerror(errno)),
                counter.event.name,
                ""};
        }
        if (value.enabled > 0 && value.running == 0) {
            return Error{ErrorCode::unavailable,
                         "a floating-point counter never got its turn",
                         counter.event.name,
                         "Another profiler may hold the counters"};
        }
        const double seen = static_cast<double>(value.count) * counter.event.flop;
        // running < enabled: the kernel took turns. The rest is extrapolated at the mean rate.
        const double scale =
            value.running == 0
                ? 1.0
                : std::max(1.0,
                           static_cast<double>(value.enabled) / static_cast<double>(value.running));
        sum.multiplexed |= scale > 1;
        sum.flop.value += seen * scale;
        sum.flop.low += seen;
        sum.flop.high += seen * scale + seen * (scale - 1);
    }
    if (sum.multiplexed) sum.flop.kind = RangeKind::bound;
    return sum;
}

}  // namespace abate::meter
