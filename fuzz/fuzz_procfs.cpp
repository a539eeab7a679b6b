// Parsers of the kernel's process, CPU and control group files: any bytes, no crash, and limits
// that later arithmetic relies on.
#include "abate/meter/exit_records.h"
#include "abate/meter/process_walk.h"
#include "abate/meter/processor.h"
#include "abate/meter/procfs.h"
#include "abate/meter/reservation.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate::meter;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto stat = parse_pid_stat(text); stat && stat->pid < 0 && stat->ppid < 0) return 0;
    if (const auto stat = parse_proc_stat(text); stat && stat->cpus < 0) std::abort();
    (void)parse_cpu_stat(text);
    for (const CgroupLine& line : parse_cgroup(text)) {
        if (line.path.empty() || line.path.front() != '/') std::abort();
    }
    if (const auto cpus = count_cpu_list(text); cpus && (*cpus < 1 || *cpus > 65536)) std::abort();
    if (const auto cpus = parse_cpu_max(text); cpus && !(*cpus >= 0)) std::abort();
    if (const auto cpus = slurm_cpus_of_node(text, 3); cpus && *cpus < 1) std::abort();
    if (printable_command(text).size() > 120) std::abort();
    if (const Processor cpu = parse_processor(text);
        cpu.cpus < 1 || cpu.cpus > 65535 || cpu.sockets < 0 || cpu.model > 65535)
        std::abort();
    std::vector<ExitRecord> records;
    (void)parse_exit_records(std::as_bytes(std::span(data, size)), 30, records);
    for (const ExitRecord& record : records) {
        if (record.cpu_ns < 0) std::abort();
    }
    return 0;
}
