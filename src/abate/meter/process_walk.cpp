#include "abate/meter/process_walk.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace abate::meter {
namespace {

constexpr std::size_t kPathSize = 512;
using Path = std::array<char, kPathSize>;

// Writes a path without allocation; cut short (and so not to be opened) if it does not fit.
template <class... Args>
const char* make_path(Path& path, fmt::format_string<Args...> form, Args&&... args) noexcept {
    const auto end =
        fmt::format_to_n(path.data(), kPathSize - 1, form, std::forward<Args>(args)...);
    *end.out = '\0';
    return path.data();
}

// CPU time of a live process by its own clock, in nanoseconds; -1 where there is none.
std::int64_t cpu_clock_ns(pid_t pid) noexcept {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return -1;
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// Bytes of a UTF-8 sequence that starts at `text[at]`; 0 when it is broken there.
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                               : lead >= 0xe0 && lead < 0xf0 ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    if (length == 0 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 0;
    }
    if (length < 3) return length;
    // Overlong forms and surrogates (RFC 3629 section 4).
    const auto second = static_cast<unsigned char>(text[at + 1]);
    if (lead == 0xe0 && second < 0xa0) return 0;
    if (lead == 0xed && second > 0x9f) return 0;
    if (lead == 0xf0 && second < 0x90) return 0;
    if (lead == 0xf4 && second > 0x8f) return 0;
    return length;
}

}  // namespace

ProcessWalk::ProcessWalk(std::string procfs_root) : procfs_root_(std::move(procfs_root)) {
    found_.reserve(256);
    children_.reserve(256);
    const long ticks_per_second = ::sysconf(_SC_CLK_TCK);
    if (ticks_per_second > 0) tick_ns_ = 1'000'000'000 / ticks_per_second;
    Path path;
    has_children_files_ =
        ::access(make_path(path, "{}/{}/task/{}/children", procfs_root_, ::getpid(), ::getpid()),
                 R_OK) == 0;
    live_clocks_ = procfs_root_ == "/proc";
}

template <class Visit>
void ProcessWalk::for_each_number(const char* folder, Visit&& visit) noexcept {
    const FileDescriptor directory(::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.open()) return;
    for (;;) {
        // getdents64 and not readdir: no allocation. The layout is that of getdents(2).
        const long size =
            ::syscall(SYS_getdents64, directory.get(), entries_.data(), entries_.size());
        if (size <= 0) return;
        std::size_t at = 0;
        while (at < static_cast<std::size_t>(size)) {
            unsigned short length = 0;
            std::memcpy(&length, entries_.data() + at + 16, sizeof length);
            const char* name = entries_.data() + at + 19;
            const auto number = parse_number(name);
            if (number && *number <= 0x7fffffff) visit(static_cast<pid_t>(*number));
            at += length;
        }
    }
}

LiveProcess ProcessWalk::read(pid_t pid) noexcept {
    LiveProcess process{.pid = pid};
    Path path;
    std::array<char, 1024> buffer;
    const auto stat =
        parse_pid_stat(read_small(make_path(path, "{}/{}/stat", procfs_root_, pid), buffer));
    if (!stat) return process;
    process.ppid = stat->ppid;
    process.state = stat->state;
    process.start_ticks = stat->start_ticks;
    const auto ns = [this](std::uint64_t ticks) {
        return static_cast<std::int64_t>(std::min<std::uint64_t>(ticks, 1ULL << 36U)) * tick_ns_;
    };
    process.waited_ns = ns(stat->cutime_ticks) + ns(stat->cstime_ticks);
    process.own_ns = ns(stat->utime_ticks) + ns(stat->stime_ticks);
    if (live_clocks_) process.own_ns = std::max(process.own_ns, cpu_clock_ns(pid));
    return process;
}

void ProcessWalk::list_children_of_thread(const char* path) noexcept {
    const FileDescriptor file = open_for_reading(path);
    if (!file.open()) return;
    // Pids with blanks between; a number may lie across two pieces.
    std::uint64_t number = 0;
    bool digits = false;
    for (;;) {
        const ssize_t size = ::read(file.get(), text_.data(), text_.size());
        if (size <= 0) break;
        for (const char c : std::string_view(text_.data(), static_cast<std::size_t>(size))) {
            if (c >= '0' && c <= '9') {
                number = number * 10 + static_cast<std::uint64_t>(c - '0');
                digits = true;
                continue;
            }
            if (digits) children_.push_back(static_cast<pid_t>(number));
            number = 0;
            digits = false;
        }
    }
    if (digits) children_.push_back(static_cast<pid_t>(number));
}

void ProcessWalk::list_children(pid_t pid) noexcept {
    children_.clear();
    if (!has_children_files_) {
        add_scanned_children(pid);
        return;
    }
    // A child belongs to the thread that forked it.
    Path folder;
    for_each_number(make_path(folder, "{}/{}/task", procfs_root_, pid), [&](pid_t thread) {
        Path path;
        list_children_of_thread(
            make_path(path, "{}/{}/task/{}/children", procfs_root_, pid, thread));
    });
}

void ProcessWalk::scan_all() noexcept {
    links_.clear();
    for_each_number(procfs_root_.c_str(), [this](pid_t pid) {
        Path path;
        std::array<char, 1024> buffer;
        const auto stat =
            parse_pid_stat(read_small(make_path(path, "{}/{}/stat", procfs_root_, pid), buffer));
        if (stat) links_.push_back({pid, stat->ppid});
    });
    std::ranges::sort(links_, {}, &Link::ppid);
}

void ProcessWalk::add_scanned_children(pid_t pid) noexcept {
    auto link = std::ranges::lower_bound(links_, pid, {}, &Link::ppid);
    for (; link != links_.end() && link->ppid == pid; ++link) children_.push_back(link->pid);
}

void ProcessWalk::run(pid_t root, std::span<const LiveProcess> excluded) noexcept {
    found_.clear();
    seen_.clear();
    cpu_ns_ = 0;
    if (!has_children_files_) scan_all();
    // `next` runs behind the end of found_: breadth first, parents before children.
    pid_t parent = root;
    for (std::size_t next = 0;;) {
        list_children(parent);
        for (const pid_t child : children_) {
            if (child == root || !seen_.insert(child)) continue;
            const LiveProcess process = read(child);
            if (process.state == '?') continue;
            const bool foreign = std::ranges::any_of(excluded, [&](const LiveProcess& other) {
                return other.pid == child && other.start_ticks == process.start_ticks;
            });
            if (foreign) continue;
            found_.push_back(process);
            cpu_ns_ += process.own_ns + process.waited_ns;
        }
        if (next == found_.size()) break;
        parent = found_[next++].pid;
    }
}

std::string printable_command(std::string_view cmdline) {
    constexpr std::size_t kMost = 120;
    while (!cmdline.empty() && cmdline.back() == '\0') cmdline.remove_suffix(1);
    std::string text;
    for (std::size_t at = 0; at < cmdline.size();) {
        const std::size_t length = utf8_length(cmdline, at);
        const auto byte = static_cast<unsigned char>(cmdline[at]);
        std::string_view piece = cmdline.substr(at, std::max<std::size_t>(length, 1));
        // U+0080 to U+009F: C1 control characters, two bytes in UTF-8.
        const bool c1 =
            length == 2 && byte == 0xc2 && static_cast<unsigned char>(cmdline[at + 1]) < 0xa0;
        if (byte == 0) {
            piece = " ";
        } else if (length == 0 || byte < 0x20 || byte == 0x7f || c1) {
            piece = "?";
        }
        if (text.size() + piece.size() > kMost) break;
        text += piece;
        at += std::max<std::size_t>(length, 1);
    }
    return text;
}

std::string command_line(const std::string& procfs_root, pid_t pid) {
    std::array<char, 1024> buffer;
    const std::string folder = fmt::format("{}/{}", procfs_root, pid);
    std::string text = printable_command(read_small((folder + "/cmdline").c_str(), buffer));
    if (!text.empty()) return text;
    const std::string_view name = read_small((folder + "/comm").c_str(), buffer);
    if (name.empty()) return {};
    return fmt::format("[{}]", printable_command(name.substr(0, name.find_last_not_of('\n') + 1)));
}

}  // namespace abate::meter
