// Numbers in sysfs: files that hold one value each, kept open and read again and again.
//
//     SysfsNumber energy("/sys/class/powercap/intel-rapl:0/energy_uj", calls);
//     if (int error = energy.open()) ...                        // EACCES: say which grant
//     NumberRead read = energy.read(clock.now().mono_ns);        // ok, failed or gone; never 0
//
// A value is believed only when it is complete: digits, then the newline that the kernel always
// writes. Anything else (EIO, an empty or cut-off file, text) is `failed`; a file that is not there
// any more (ENODEV, ENOENT, unlinked) is `gone` and is opened again at most once a second. No read
// allocates or throws.
#pragma once

#include "abate/meter/sensor.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::meter {

// ---- parsers: no allocation unless the answer is a list

// "12345\n" -> 12345. Decimal digits, then white space only. Nothing for an empty text, a sign, any
// other character, or a number above 2^64 - 1.
[[nodiscard]] std::optional<std::uint64_t> parse_sysfs_unsigned(std::string_view text) noexcept;

// As parse_sysfs_unsigned, but a leading minus is dropped ("-1500000\n" -> 1500000): drivers differ
// in the sign they give a discharging current.
[[nodiscard]] std::optional<std::uint64_t> parse_sysfs_magnitude(std::string_view text) noexcept;

// A positive fraction in lowest terms.
struct Fraction {
    std::uint64_t num = 0;
    std::uint64_t den = 1;

    bool operator==(const Fraction&) const = default;
};

// A positive decimal number, exactly: "2.3283064365386962890625e-10" -> 1 / 2^32. Nothing when it
// is zero, negative, malformed, needs more than 38 digits, or does not fit 64 bits over 64 bits.
[[nodiscard]] std::optional<Fraction> parse_decimal_fraction(std::string_view text) noexcept;

// fraction * factor in lowest terms; nothing when it does not fit.
[[nodiscard]] std::optional<Fraction> scale_fraction(const Fraction& fraction,
                                                     std::uint64_t factor) noexcept;

// "0-2,8\n" -> {0, 1, 2, 8}, ascending as written. Nothing when malformed, descending, or naming a
// CPU above 65535 (the kernel's largest configuration has 8192).
[[nodiscard]] std::optional<std::vector<int>> parse_cpu_list(std::string_view text);

// "event=0x02\n" -> 2. Nothing for any other term: we would count something else than we say.
[[nodiscard]] std::optional<std::uint64_t> parse_perf_event(std::string_view text) noexcept;

// ---- files

// The system calls that a sysfs reader makes, so that tests can refuse, tear or fail one.
struct FileCalls {
    // A descriptor for reading, or -errno.
    std::function<int(const char* path)> open;
    // Reads from offset 0: bytes, or -errno.
    std::function<ssize_t(int fd, char* buffer, std::size_t size)> read;
};

[[nodiscard]] FileCalls system_file_calls();

// The whole of a small file (4 KiB at most), or nothing. For discovery, not for sampling.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path);
// The same without white space at its end.
[[nodiscard]] std::optional<std::string> read_line(const std::string& path);
[[nodiscard]] std::optional<std::uint64_t> read_number(const std::string& path);
// Names of a folder's entries except "." and "..", in natural order ("hwmon2" before "hwmon10").
// Empty when there is no folder.
[[nodiscard]] std::vector<std::string> list_folder(const std::string& path);
[[nodiscard]] bool path_exists(const std::string& path);

// The status that an errno of open or read means: ENODEV, ENXIO, ENOENT, ENOTDIR, ESTALE are
// `gone`, everything else is `failed`.
[[nodiscard]] ReadStatus status_of_errno(int error) noexcept;

struct NumberRead {
    ReadStatus status = ReadStatus::failed;
    std::uint64_t value = 0;
};

enum class NumberSign { plain, magnitude };

// One file with one number. Owns its descriptor.
class SysfsNumber {
  public:
    // REQUIRES: `calls` outlives this.
    SysfsNumber(std::string path, const FileCalls& calls, NumberSign sign = NumberSign::plain);
    ~SysfsNumber();
    SysfsNumber(SysfsNumber&& other) noexcept;
    SysfsNumber& operator=(SysfsNumber&&) = delete;
    SysfsNumber(const SysfsNumber&) = delete;
    SysfsNumber& operator=(const SysfsNumber&) = delete;

    // 0, or errno. The first reading decides whether this file ends in a newline; from then on a
    // text without it is taken for a cut-off one.
    int open();

    // About 1.5 microseconds on sysfs. `now_ns` paces opening a vanished file again.
    [[nodiscard]] NumberRead read(std::int64_t now_ns) noexcept;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    void close() noexcept;
    [[nodiscard]] NumberRead read_open() noexcept;

    std::string path_;
    const FileCalls* calls_;
    NumberSign sign_;
    int fd_ = -1;
    bool newline_expected_ = false;
    bool learnt_newline_ = false;
    std::uint64_t last_value_ = 0;
    std::int64_t next_open_ns_ = INT64_MIN;
};

}  // namespace abate::meter
