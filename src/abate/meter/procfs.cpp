#include "abate/meter/procfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <utility>

namespace abate::meter {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// A signed field as the kernel prints some counters (%ld); below zero is no time at all.
std::optional<std::uint64_t> parse_ticks(std::string_view word) noexcept {
    if (!word.empty() && word.front() == '-') return 0;
    return parse_number(word);
}

template <class Number>
std::optional<Number> parse_integer(std::string_view word) noexcept {
    Number number{};
    const char* end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, number);
    if (error != std::errc() || rest != end || word.empty()) return std::nullopt;
    return number;
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.release();
    }
    return *this;
}

int FileDescriptor::release() noexcept { return std::exchange(fd_, -1); }

void FileDescriptor::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

FileDescriptor open_for_reading(const char* path) noexcept {
    int fd = -1;
    do {
        fd = ::open(path, O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return FileDescriptor(fd);
}

std::string_view read_small(int fd, std::span<char> buffer) noexcept {
    std::size_t size = 0;
    while (size < buffer.size()) {
        const ssize_t n =
            ::pread(fd, buffer.data() + size, buffer.size() - size, static_cast<off_t>(size));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return {};
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
        // A kernel file shorter than a page comes in one piece; asking again would only cost. A
        // longer one ends a piece with a whole record, so a little short of the page.
        if (size < 2048) break;
    }
    return {buffer.data(), size};
}

std::string_view read_small(const char* path, std::span<char> buffer) noexcept {
    const FileDescriptor file = open_for_reading(path);
    return file.open() ? read_small(file.get(), buffer) : std::string_view{};
}

std::string read_text(const std::string& path) {
    const FileDescriptor file = open_for_reading(path.c_str());
    if (!file.open()) return {};
    std::string text;
    std::array<char, 16384> block;
    while (text.size() < (1U << 20U)) {
        const ssize_t n = ::read(file.get(), block.data(), block.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        text.append(block.data(), static_cast<std::size_t>(n));
    }
    return text;
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
    const std::string_view word = take_word(text);
    if (!take_word(text).empty()) return std::nullopt;
    return parse_integer<std::uint64_t>(word);
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string_view take_word(std::string_view& text) noexcept {
    std::size_t begin = 0;
    while (begin < text.size() && is_blank(text[begin])) ++begin;
    std::size_t end = begin;
    while (end < text.size() && !is_blank(text[end])) ++end;
    const std::string_view word = text.substr(begin, end - begin);
    text.remove_prefix(end);
    return word;
}

std::string_view take_line(std::string_view& text) noexcept {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

std::optional<PidStat> parse_pid_stat(std::string_view text) noexcept {
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    std::string_view head = text.substr(0, open);
    const auto pid = parse_integer<pid_t>(take_word(head));
    std::string_view rest = text.substr(close + 1);
    const std::string_view state = take_word(rest);
    const auto ppid = parse_integer<pid_t>(take_word(rest));
    if (!pid || !ppid || state.size() != 1) return std::nullopt;

    PidStat stat{.pid = *pid, .ppid = *ppid, .state = state.front()};
    for (int field = 5; field <= 22; ++field) {
        const std::string_view word = take_word(rest);
        if (word.empty()) return std::nullopt;
        std::uint64_t* target = nullptr;
        if (field == 14) target = &stat.utime_ticks;
        if (field == 15) target = &stat.stime_ticks;
        if (field == 16) target = &stat.cutime_ticks;
        if (field == 17) target = &stat.cstime_ticks;
        if (field == 22) target = &stat.start_ticks;
        if (target == nullptr) continue;
        const auto ticks = parse_ticks(word);
        if (!ticks) return std::nullopt;
        *target = *ticks;
    }
    return stat;
}

std::optional<ProcStat> parse_proc_stat(std::string_view text) noexcept {
    std::string_view line = take_line(text);
    if (take_word(line) != "cpu") return std::nullopt;
    ProcStat stat;
    // Linux before 2.6.11 had no steal; what is missing is 0, but the first four always stand.
    const std::array<std::uint64_t*, 8> fields{&stat.user,
                                               &stat.nice,
                                               &stat.system,
                                               &stat.idle,
                                               &stat.iowait,
                                               &stat.irq,
                                               &stat.softirq,
                                               &stat.steal};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::string_view word = take_word(line);
        if (word.empty() && i >= 4) break;
        const auto ticks = parse_ticks(word);
        if (!ticks) return std::nullopt;
        *fields[i] = *ticks;
    }
    while (!text.empty()) {
        line = take_line(text);
        if (!line.starts_with("cpu")) {
            stat.complete = true;
            break;
        }
        ++stat.cpus;
    }
    return stat;
}

std::optional<std::uint64_t> parse_cpu_stat(std::string_view text) noexcept {
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (take_word(line) == "usage_usec") return parse_number(line);
    }
    return std::nullopt;
}

std::vector<CgroupLine> parse_cgroup(std::string_view text) {
    std::vector<CgroupLine> lines;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        const std::size_t first = line.find(':');
        const std::size_t second =
            first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const auto hierarchy = parse_integer<int>(line.substr(0, first));
        const std::string_view path = line.substr(second + 1);
        if (!hierarchy || !path.starts_with('/')) continue;
        CgroupLine parsed{.hierarchy = *hierarchy, .controllers = {}, .path = std::string(path)};
        std::string_view names = line.substr(first + 1, second - first - 1);
        while (!names.empty()) {
            const std::size_t comma = names.find(',');
            parsed.controllers.emplace_back(names.substr(0, comma));
            names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
        }
        lines.push_back(std::move(parsed));
    }
    return lines;
}

std::optional<int> count_cpu_list(std::string_view text) noexcept {
    std::string_view list = take_word(text);
    if (list.empty() || !take_word(text).empty()) return std::nullopt;
    // More CPUs than any Linux can be built for (NR_CPUS is at most 8192 on x86 and ARM).
    constexpr std::uint64_t kMost = 65536;
    std::uint64_t count = 0;
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        const std::string_view range = list.substr(0, comma);
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
        const std::size_t dash = range.find('-');
        const auto first = parse_integer<std::uint64_t>(range.substr(0, dash));
        const auto last = dash == std::string_view::npos
                              ? first
                              : parse_integer<std::uint64_t>(range.substr(dash + 1));
        if (!first || !last || *last < *first || *last >= kMost) return std::nullopt;
        count += *last - *first + 1;
        if (count > kMost) return std::nullopt;
    }
    return static_cast<int>(count);
}

std::optional<double> parse_cpu_max(std::string_view text) noexcept {
    const auto quota = parse_integer<std::uint64_t>(take_word(text));
    const auto period = parse_integer<std::uint64_t>(take_word(text));
    if (!quota || !period || *period == 0) return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

}  // namespace abate::meter
