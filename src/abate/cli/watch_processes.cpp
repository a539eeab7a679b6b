#include "abate/cli/watch_processes.h"

#include "abate/meter/meter.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace abate::cli {
namespace {

std::optional<pid_t> pid_of_name(const char* name) {
    pid_t pid = 0;
    const char* const last = name + std::strlen(name);
    const auto [end, error] = std::from_chars(name, last, pid);
    return error == std::errc{} && end == last && pid > 0 ? std::optional(pid) : std::nullopt;
}

}  // namespace

ProcessTable::ProcessTable(std::string procfs_root) : root_(std::move(procfs_root)) {
    const long hertz = ::sysconf(_SC_CLK_TCK);
    tick_ns_ = 1'000'000'000 / (hertz > 0 ? hertz : 100);
}

std::vector<ProcessUse> ProcessTable::walk(std::int64_t mono_ns, std::size_t most) {
    std::vector<ProcessUse> uses;
    std::map<Key, std::uint64_t> now;
    const bool first = last_ns_ < 0;
    const std::int64_t window_ns = mono_ns - last_ns_;
    DIR* const dir = ::opendir(root_.c_str());
    if (dir == nullptr) return uses;
    while (const dirent* entry = ::readdir(dir)) {
        const std::optional<pid_t> pid = pid_of_name(entry->d_name);
        if (!pid) continue;
        std::array<char, 1024> buffer;
        const std::string path = root_ + "/" + entry->d_name + "/stat";
        const auto stat = meter::parse_pid_stat(meter::read_small(path.c_str(), buffer));
        if (!stat) continue;
        const Key key{*pid, stat->start_ticks};
        const std::uint64_t ticks = stat->utime_ticks + stat->stime_ticks;
        now.emplace(key, ticks);
        const auto before = ticks_.find(key);
        const std::uint64_t since = before == ticks_.end() ? 0 : before->second;
        if (first || ticks <= since || window_ns <= 0) continue;
        ProcessUse use{.pid = *pid};
        use.cpu_ns = static_cast<std::int64_t>(ticks - since) * tick_ns_;
        use.cpu_percent = 100.0 * static_cast<double>(use.cpu_ns) / static_cast<double>(window_ns);
        uses.push_back(std::move(use));
    }
    ::closedir(dir);
    ticks_ = std::move(now);
    last_ns_ = mono_ns;
    std::sort(uses.begin(), uses.end(), [](const ProcessUse& a, const ProcessUse& b) {
        return a.cpu_ns != b.cpu_ns ? a.cpu_ns > b.cpu_ns : a.pid < b.pid;
    });
    if (uses.size() > most) uses.resize(most);
    for (ProcessUse& use : uses) {
        struct stat owner {};
        const std::string folder = root_ + "/" + std::to_string(use.pid);
        if (::stat(folder.c_str(), &owner) == 0) use.uid = owner.st_uid;
        use.command = command_of(use.pid);
    }
    return uses;
}

std::string ProcessTable::command_of(pid_t pid) const {
    const std::string folder = root_ + "/" + std::to_string(pid);
    std::array<char, 1024> buffer;
    std::string line(meter::read_small((folder + "/cmdline").c_str(), buffer));
    while (!line.empty() && line.back() == '\0') line.pop_back();
    std::replace(line.begin(), line.end(), '\0', ' ');
    if (!line.empty()) return line;
    std::string name(meter::read_small((folder + "/comm").c_str(), buffer));
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return name.empty() ? "(ended)" : "[" + name + "]";
}

MemoryUse read_memory(const std::string& procfs_root) {
    std::array<char, 4096> buffer;
    std::string_view text = meter::read_small((procfs_root + "/meminfo").c_str(), buffer);
    std::uint64_t total_kib = 0;
    std::uint64_t available_kib = 0;
    while (!text.empty()) {
        std::string_view line = meter::take_line(text);
        const std::string_view name = meter::take_word(line);
        const auto number = meter::parse_number(meter::take_word(line));
        if (!number) continue;
        if (name == "MemTotal:") total_kib = *number;
        if (name == "MemAvailable:") available_kib = *number;
    }
    if (available_kib > total_kib) return {};
    return {.used_bytes = (total_kib - available_kib) * 1024, .total_bytes = total_kib * 1024};
}

}  // namespace abate::cli
