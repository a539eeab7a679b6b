#include "abate/meter/sysfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <numeric>
#include <utility>

namespace abate::meter {
namespace {

__extension__ using SysfsUint128 = unsigned __int128;

constexpr std::int64_t kFileReopenNs = 1'000'000'000;  // a vanished file is tried once a second
constexpr int kHighestCpu = 65535;
constexpr std::size_t kSysfsPage = 4096;  // a sysfs attribute is at most one page

bool is_sysfs_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_sysfs_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view without_outer_space(std::string_view text) {
    while (!text.empty() && is_sysfs_space(text.back())) text.remove_suffix(1);
    while (!text.empty() && is_sysfs_space(text.front())) text.remove_prefix(1);
    return text;
}

// Digits only, at least one.
std::optional<std::uint64_t> parse_digits(std::string_view digits) noexcept {
    if (digits.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (!is_sysfs_digit(c)) return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
        value = value * 10 + digit;
    }
    return value;
}

SysfsUint128 gcd_128(SysfsUint128 a, SysfsUint128 b) {
    while (b != 0) a = std::exchange(b, a % b);
    return a;
}

std::optional<Fraction> reduce_fraction(SysfsUint128 num, SysfsUint128 den) {
    constexpr SysfsUint128 kLimit = std::numeric_limits<std::uint64_t>::max();
    if (num == 0) return std::nullopt;
    const SysfsUint128 common = gcd_128(num, den);
    num /= common;
    den /= common;
    if (num > kLimit || den > kLimit) return std::nullopt;
    return Fraction{static_cast<std::uint64_t>(num), static_cast<std::uint64_t>(den)};
}

// value * 10^count; false when it does not fit 128 bits.
bool multiply_by_tens(SysfsUint128& value, int count) {
    for (; count > 0; --count) {
        if (value > ~SysfsUint128{0} / 10) return false;
        value *= 10;
    }
    return true;
}

// "8" or "0-3"
bool parse_cpu_range(std::string_view part, std::vector<int>& cpus) {
    const std::size_t dash = part.find('-');
    const auto first = parse_digits(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_digits(part.substr(dash + 1));
    if (!first || !last || *last > kHighestCpu || *first > *last) return false;
    if (!cpus.empty() && static_cast<int>(*first) <= cpus.back()) return false;
    for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<int>(cpu));
    return true;
}

// "hwmon2" < "hwmon10": runs of digits compare as numbers.
bool natural_less(const std::string& a, const std::string& b) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        if (is_sysfs_digit(a[i]) && is_sysfs_digit(b[j])) {
            const std::size_t i_end = std::min(a.find_first_not_of("0123456789", i), a.size());
            const std::size_t j_end = std::min(b.find_first_not_of("0123456789", j), b.size());
            if (i_end - i != j_end - j) return i_end - i < j_end - j;
            const int order = a.compare(i, i_end - i, b, j, j_end - j);
            if (order != 0) return order < 0;
            i = i_end;
            j = j_end;
        } else {
            if (a[i] != b[j]) return a[i] < b[j];
            ++i;
            ++j;
        }
    }
    return a.size() - i < b.size() - j;
}

}  // namespace

std::optional<std::uint64_t> parse_sysfs_unsigned(std::string_view text) noexcept {
    while (!text.empty() && is_sysfs_space(text.back())) text.remove_suffix(1);
    return parse_digits(text);
}

std::optional<std::uint64_t> parse_sysfs_magnitude(std::string_view text) noexcept {
    if (!text.empty() && text.front() == '-') text.remove_prefix(1);
    return parse_sysfs_unsigned(text);
}

std::optional<Fraction> parse_decimal_fraction(std::string_view text) noexcept {
    text = without_outer_space(text);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    SysfsUint128 digits = 0;
    int places = 0;  // digits after the point
    bool any = false;
    bool after_point = false;
    std::size_t at = 0;
    for (; at < text.size() && (is_sysfs_digit(text[at]) || text[at] == '.'); ++at) {
        if (text[at] == '.') {
            if (after_point) return std::nullopt;
            after_point = true;
            continue;
        }
        if (!multiply_by_tens(digits, 1)) return std::nullopt;
        const auto digit = static_cast<unsigned>(text[at] - '0');
        if (digits > ~SysfsUint128{0} - digit) return std::nullopt;
        digits += digit;
        any = true;
        if (after_point && ++places > 64) return std::nullopt;
    }
    if (!any || digits == 0) return std::nullopt;
    int exponent = 0;
    if (at < text.size()) {
        if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
        std::string_view rest = text.substr(at + 1);
        const bool negative = !rest.empty() && rest.front() == '-';
        if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
        const auto size = parse_digits(rest);
        if (!size || *size > 64) return std::nullopt;
        exponent = negative ? -static_cast<int>(*size) : static_cast<int>(*size);
    }
    exponent -= places;
    SysfsUint128 den = 1;
    if (!multiply_by_tens(exponent < 0 ? den : digits, exponent < 0 ? -exponent : exponent)) {
        return std::nullopt;
    }
    return reduce_fraction(digits, den);
}

std::optional<Fraction> scale_fraction(const Fraction& fraction, std::uint64_t factor) noexcept {
    if (fraction.den == 0) return std::nullopt;
    return reduce_fraction(SysfsUint128{fraction.num} * factor, fraction.den);
}

std::optional<std::vector<int>> parse_cpu_list(std::string_view text) {
    text = without_outer_space(text);
    std::vector<int> cpus;
    while (true) {
        const std::size_t comma = text.find(',');
        if (!parse_cpu_range(text.substr(0, comma), cpus)) return std::nullopt;
        if (comma == std::string_view::npos) return cpus;
        text.remove_prefix(comma + 1);
    }
}

std::optional<std::uint64_t> parse_perf_event(std::string_view text) noexcept {
    text = without_outer_space(text);
    constexpr std::string_view kPrefix = "event=0x";
    if (text.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
    text.remove_prefix(kPrefix.size());
    if (text.empty() || text.size() > 16) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        const int digit = is_sysfs_digit(c)        ? c - '0'
                          : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                          : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                                   : -1;
        if (digit < 0) return std::nullopt;
        value = value << 4 | static_cast<std::uint64_t>(digit);
    }
    return value;
}

FileCalls system_file_calls() {
    return {.open =
                [](const char* path) {
                    const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
                    return fd >= 0 ? fd : -errno;
                },
            .read =
                [](int fd, char* buffer, std::size_t size) {
                    ssize_t got = -1;
                    do {
                        got = ::pread(fd, buffer, size, 0);
                    } while (got < 0 && errno == EINTR);
                    return got >= 0 ? got : -static_cast<ssize_t>(errno);
                }};
}

std::optional<std::string> read_small_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return std::nullopt;
    std::string text(kSysfsPage, '\0');
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    ::close(fd);
    if (got < 0) return std::nullopt;
    text.resize(static_cast<std::size_t>(got));
    return text;
}

std::optional<std::string> read_line(const std::string& path) {
    auto text = read_small_file(path);
    if (!text) return std::nullopt;
    return std::string(without_outer_space(*text));
}

std::optional<std::uint64_t> read_number(const std::string& path) {
    const auto text = read_small_file(path);
    return text ? parse_sysfs_unsigned(*text) : std::nullopt;
}

std::vector<std::string> list_folder(const std::string& path) {
    std::vector<std::string> names;
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr) return names;
    while (const dirent* entry = ::readdir(folder)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(folder);
    std::sort(names.begin(), names.end(), natural_less);
    return names;
}

bool path_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

ReadStatus status_of_errno(int error) noexcept {
    switch (error) {
        case ENODEV:
        case ENXIO:
        case ENOENT:
        case ENOTDIR:
        case ESTALE:
            return ReadStatus::gone;
        default:
            return ReadStatus::failed;
    }
}

SysfsNumber::SysfsNumber(std::string path, const FileCalls& calls, NumberSign sign)
    : path_(std::move(path)), calls_(&calls), sign_(sign) {}

SysfsNumber::~SysfsNumber() { close(); }

SysfsNumber::SysfsNumber(SysfsNumber&& other) noexcept
    : path_(std::move(other.path_)),
      calls_(other.calls_),
      sign_(other.sign_),
      fd_(std::exchange(other.fd_, -1)),
      newline_expected_(other.newline_expected_),
      learnt_newline_(other.learnt_newline_),
      last_value_(other.last_value_),
      next_open_ns_(other.next_open_ns_) {}

void SysfsNumber::close() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

int SysfsNumber::open() {
    close();
    const int fd = calls_->open(path_.c_str());
    if (fd < 0) return -fd;
    fd_ = fd;
    return 0;
}

NumberRead SysfsNumber::read(std::int64_t now_ns) noexcept {
    if (fd_ < 0) {
        if (now_ns < next_open_ns_) return {.status = ReadStatus::gone};
        next_open_ns_ = now_ns + kFileReopenNs;
        const int fd = calls_->open(path_.c_str());
        if (fd < 0) return {.status = ReadStatus::gone};
        fd_ = fd;
    }
    const NumberRead result = read_open();
    if (result.status == ReadStatus::gone) {
        close();
        next_open_ns_ = now_ns + kFileReopenNs;
    }
    return result;
}

NumberRead SysfsNumber::read_open() noexcept {
    char buffer[64];
    const ssize_t got = calls_->read(fd_, buffer, sizeof buffer);
    if (got < 0) return {.status = status_of_errno(static_cast<int>(-got))};
    const std::string_view text(buffer, static_cast<std::size_t>(got));
    const auto value =
        sign_ == NumberSign::plain ? parse_sysfs_unsigned(text) : parse_sysfs_magnitude(text);
    const bool newline = !text.empty() && text.back() == '\n';
    if (!value || (newline_expected_ && !newline)) return {.status = ReadStatus::failed};
    if (!learnt_newline_) {
        learnt_newline_ = true;
        newline_expected_ = newline;
    }
    // A descriptor of an unlinked file shows its last value for ever; only then is it worth asking.
    if (*value == last_value_) {
        struct stat status {};
        if (::fstat(fd_, &status) == 0 && status.st_nlink == 0) return {.status = ReadStatus::gone};
    }
    last_value_ = *value;
    return {.status = ReadStatus::ok, .value = *value};
}

}  // namespace abate::meter
