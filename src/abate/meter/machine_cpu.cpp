#include "abate/meter/machine_cpu.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace abate::meter {
namespace {

// "RssAnon:	    1234 kB" of /proc/self/status, in bytes; -1 when it is not there.
std::int64_t status_bytes(std::string_view text, std::string_view name) noexcept {
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (take_word(line) != name) continue;
        const auto kilobytes = parse_number(take_word(line));
        constexpr std::uint64_t kMost = 1ULL << 50U;
        return kilobytes && *kilobytes < kMost ? static_cast<std::int64_t>(*kilobytes) * 1024 : -1;
    }
    return -1;
}

std::int64_t nanoseconds(const timeval& time) noexcept {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::int64_t>(time.tv_usec) * 1000;
}

}  // namespace

MachineCpu::MachineCpu(const std::string& procfs_root)
    : file_(open_for_reading((procfs_root + "/stat").c_str())), buffer_(4096) {
    const long ticks_per_second = ::sysconf(_SC_CLK_TCK);
    if (ticks_per_second > 0) tick_ns_ = 1'000'000'000 / ticks_per_second;
    // Large enough for every cpu line, with room for lines that get longer: 96 bytes a CPU or so.
    constexpr std::size_t kMost = 4U << 20U;
    while (file_.open() && buffer_.size() < kMost) {
        const auto stat = parse_proc_stat(read_small(file_.get(), buffer_));
        if (!stat || stat->complete) break;
        buffer_.resize(buffer_.size() * 2);
    }
    const auto stat = parse_proc_stat(read_small(file_.get(), buffer_));
    const std::size_t cpus = stat ? static_cast<std::size_t>(std::max(stat->cpus, 1)) : 1;
    buffer_.resize(std::max(buffer_.size(), (cpus + 1) * 240));
    if (stat) first_ = *stat;
}

bool MachineCpu::read(MachineCpuTime& out) noexcept {
    if (!file_.open()) return false;
    const auto stat = parse_proc_stat(read_small(file_.get(), buffer_));
    if (!stat) return false;
    // Since the first reading: 512 CPUs up for 208 days have used 2^63 ns.
    const auto ns = [this](std::uint64_t now, std::uint64_t first) {
        return now > first ? static_cast<std::int64_t>(now - first) * tick_ns_ : 0;
    };
    const ProcStat& first = first_;
    out.busy_ns = ns(stat->user, first.user) + ns(stat->nice, first.nice) +
                  ns(stat->system, first.system) + ns(stat->irq, first.irq) +
                  ns(stat->softirq, first.softirq);
    out.idle_ns = ns(stat->idle, first.idle) + ns(stat->iowait, first.iowait);
    out.steal_ns = ns(stat->steal, first.steal);
    if (stat->cpus > 0) out.cpus = stat->cpus;
    return true;
}

OwnCost read_own_use() noexcept {
    OwnCost cost;
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0) {
        cost.cpu_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
        cost.max_rss_bytes = static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
    }
    return cost;
}

OwnCost read_own_cost(const std::string& procfs_root) noexcept {
    OwnCost cost = read_own_use();
    std::array<char, 256> path{};
    std::array<char, 4096> buffer;
    constexpr std::string_view kName = "/self/status";
    if (procfs_root.size() + kName.size() < path.size()) {
        std::memcpy(path.data(), procfs_root.data(), procfs_root.size());
        std::memcpy(path.data() + procfs_root.size(), kName.data(), kName.size());
    }
    const std::string_view text = read_small(path.data(), buffer);
    cost.rss_anon_bytes = status_bytes(text, "RssAnon:");
    cost.rss_file_bytes = status_bytes(text, "RssFile:");
    return cost;
}

}  // namespace abate::meter
