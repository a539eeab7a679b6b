// What `abate watch` shows at one moment, and how it is laid out as lines of text: no terminal, no
// clock, no files.
//
//     WatchFrame frame = ...;                                   // filled by watch.cpp
//     for (const WatchLine& line : render(frame, {.width = 80, .height = 24, .utf8 = true})) ...
//
// Invariants: render gives at most `height` lines, none wider than `width` columns (East Asian wide
// characters count two), and no control character whatever a process calls itself. A power that is
// not known is shown as "-", never as 0.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::cli {

// Watts of the last frames, oldest first; an empty place is a gap.
using WatchHistory = std::vector<std::optional<double>>;

struct WatchDevice {
    std::string name{};     // "package-0"
    std::string source{};   // "perf"
    std::string quality{};  // "measured"
    std::optional<double> watts{};
    WatchHistory history{};
    bool counted = true;  // false: a second view, or inside another device; shown, not added
};

struct WatchJob {
    pid_t pid = 0;
    std::string user{};
    std::string command{};
    double cpu_percent = 0;         // 100 = one CPU
    std::optional<double> watts{};  // its share of the CPUs' active power
};

enum class JobSort { cpu, pid };

struct WatchFrame {
    std::string host{};
    std::vector<WatchDevice> devices{};
    std::vector<WatchJob> jobs{};
    std::optional<double> components_w{};  // sum of counted devices
    std::optional<double> node_w{};        // whole machine, where a source sees it
    std::string node_source{};
    double energy_j = 0;  // of the counted devices since the start
    double elapsed_s = 0;
    double interval_s = 1;
    std::optional<double> busy_percent{};  // of all CPUs
    int cpus = 0;
    std::uint64_t memory_used_bytes = 0;
    std::uint64_t memory_total_bytes = 0;
    std::vector<std::string> notes{};
    JobSort sort = JobSort::cpu;
    bool paused = false;
    bool help = false;
};

// How a line is shown; without colour the styles are reverse, bold, normal and dim.
enum class WatchStyle { title, heading, normal, dim };

struct WatchLine {
    std::string text{};
    WatchStyle style = WatchStyle::normal;
    bool operator==(const WatchLine&) const = default;
};

struct WatchLayout {
    int width = 80;
    int height = 24;
    bool utf8 = true;
    bool interactive = true;  // false: no keys in the last line, no padding to the height
};

[[nodiscard]] std::vector<WatchLine> render(const WatchFrame& frame, const WatchLayout& layout);

// The newest `width` values as one character each, scaled from 0 to the largest: eighth blocks in
// UTF-8, else " .:-=+*#". A gap is a space.
[[nodiscard]] std::string sparkline(const WatchHistory& history, int width, bool utf8);

// Columns that `text` takes on a terminal. Cost O(n).
[[nodiscard]] int display_width(std::string_view text);

// `text` cut to `width` columns, control characters and invalid UTF-8 replaced by '?'; without
// `utf8` all that is not ASCII too.
[[nodiscard]] std::string fit(std::string_view text, int width, bool utf8);

// "999 W", "1.23 kW"; three figures. "-" when there is none.
[[nodiscard]] std::string watts_text(std::optional<double> watts);
// "850 J", "12.3 kJ", "4.56 MJ".
[[nodiscard]] std::string joules_text(double energy_j);

}  // namespace abate::cli
