#include "abate/cli/watch_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace abate::cli {
namespace {

constexpr char32_t kInvalid = 0xFFFFFFFF;

// The code point at `at`, which moves behind it. kInvalid for what is no shortest-form UTF-8
// (RFC 3629); then `at` moves one byte.
char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    if (lead < 0x80) return text[at++] & 0x7F;
    const int more = lead >= 0xF0 && lead < 0xF5 ? 3 : lead >= 0xE0 ? 2 : 1;
    constexpr std::array<char32_t, 4> kLeast{0, 0x80, 0x800, 0x10000};
    if (lead < 0xC2 || lead >= 0xF5 || at + static_cast<std::size_t>(more) >= text.size()) {
        ++at;
        return kInvalid;
    }
    char32_t point = lead & static_cast<unsigned>(0x3F >> more);
    for (std::size_t i = 1; i <= static_cast<std::size_t>(more); ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) {
            ++at;
            return kInvalid;
        }
        point = (point << 6) | (byte(at + i) & 0x3Fu);
    }
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (point < kLeast[static_cast<std::size_t>(more)] || point > 0x10FFFF || surrogate) {
        ++at;
        return kInvalid;
    }
    at += static_cast<std::size_t>(more) + 1;
    return point;
}

bool in_ranges(char32_t point, const char32_t (*ranges)[2], std::size_t count) {
    return std::any_of(ranges, ranges + count, [point](const char32_t(&range)[2]) {
        return point >= range[0] && point <= range[1];
    });
}

// Columns of a code point; -1 for what must not reach a terminal: controls (C0, C1, DEL), and marks
// that turn the writing direction of what follows.
int point_width(char32_t point) {
    if (point == kInvalid || point < 0x20 || (point >= 0x7F && point < 0xA0)) return -1;
    if (point < 0x300) return 1;
    static constexpr char32_t kBidi[][2] = {{0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}};
    if (in_ranges(point, kBidi, std::size(kBidi))) return -1;
    static constexpr char32_t kZero[][2] = {
        {0x300, 0x36F}, {0x200B, 0x200D}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}};
    if (in_ranges(point, kZero, std::size(kZero))) return 0;
    // Unicode Annex 11, East Asian Width W and F, as blocks.
    static constexpr char32_t kWide[][2] = {{0x1100, 0x115F},
                                            {0x2E80, 0xA4CF},
                                            {0xAC00, 0xD7A3},
                                            {0xF900, 0xFAFF},
                                            {0xFE30, 0xFE6F},
                                            {0xFF00, 0xFF60},
                                            {0xFFE0, 0xFFE6},
                                            {0x1F300, 0x1FAFF},
                                            {0x20000, 0x3FFFD}};
    return in_ranges(point, kWide, std::size(kWide)) ? 2 : 1;
}

std::string pad(std::string text, int width) {
    const int missing = width - display_width(text);
    if (missing > 0) text.append(static_cast<std::size_t>(missing), ' ');
    return text;
}

std::string right(const std::string& text, int width) {
    const int missing = width - display_width(text);
    return std::string(static_cast<std::size_t>(std::max(0, missing)), ' ') + text;
}

std::string clock_text(double seconds) {
    const auto total = static_cast<std::int64_t>(std::max(0.0, seconds));
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

std::string gibibytes(std::uint64_t bytes) {
    return fmt::format("{:.1f}", static_cast<double>(bytes) / (1024.0 * 1024 * 1024));
}

// Collects lines until the height is used up.
class Page {
  public:
    explicit Page(const WatchLayout& layout) : layout_(layout) {}

    void add(std::string_view text, WatchStyle style = WatchStyle::normal) {
        if (left() > 0) lines_.push_back({fit(text, layout_.width, layout_.utf8), style});
    }
    [[nodiscard]] int left() const {
        return layout_.height - reserved_ - static_cast<int>(lines_.size());
    }
    void reserve(int lines) { reserved_ = std::min(lines, layout_.height); }
    [[nodiscard]] std::vector<WatchLine> take() { return std::move(lines_); }

  private:
    const WatchLayout& layout_;
    std::vector<WatchLine> lines_;
    int reserved_ = 0;
};

std::string title(const WatchFrame& frame, int width) {
    std::string left = "abate watch";
    if (!frame.host.empty()) left += "  " + frame.host;
    std::string state = frame.paused ? "paused" : fmt::format("every {:g} s", frame.interval_s);
    std::string time = clock_text(frame.elapsed_s);
    const int room = width - display_width(left) - 2;
    std::string tail = time + "  " + state;
    if (display_width(tail) > room) tail = frame.paused ? state : time;
    if (display_width(tail) > room) return pad(left, width);
    return left + right(tail, width - display_width(left));
}

std::string machine_line(const WatchFrame& frame, bool narrow) {
    std::string text = frame.busy_percent ? fmt::format("{:.0f} %", *frame.busy_percent) : "-";
    text = narrow ? "busy " + text : fmt::format("busy {} of {} CPUs", text, frame.cpus);
    if (frame.memory_total_bytes > 0) {
        text += fmt::format("  memory {} of {} GiB",
                            gibibytes(frame.memory_used_bytes),
                            gibibytes(frame.memory_total_bytes));
    }
    return text;
}

std::string power_line(const WatchFrame& frame, bool narrow) {
    std::string text = "devices " + watts_text(frame.components_w);
    if (frame.node_w) {
        text += "  node " + watts_text(frame.node_w);
        if (!narrow) text += " (" + frame.node_source + ")";
    }
    return text + "  " + joules_text(frame.energy_j) + (narrow ? "" : " since the start");
}

// Column widths of the device table; 0: left out.
struct DeviceColumns {
    int name = 10;
    int source = 0;
    int quality = 0;
    int watts = 9;
    int spark = 0;
};

DeviceColumns device_columns(const WatchFrame& frame, int width) {
    DeviceColumns columns;
    for (const WatchDevice& device : frame.devices) {
        columns.name = std::clamp(display_width(device.name), columns.name, 18);
    }
    constexpr int kSource = 14;
    constexpr int kQuality = 9;
    constexpr int kLeastSpark = 10;
    int used = columns.name + 1 + columns.watts;
    if (used + 1 + kSource + 1 + kLeastSpark <= width) {
        columns.source = kSource;
        used += 1 + kSource;
    }
    if (used + 1 + kQuality + 1 + kLeastSpark <= width) {
        columns.quality = kQuality;
        used += 1 + kQuality;
    }
    columns.spark = std::max(0, width - used - 2);
    return columns;
}

std::string device_row(const DeviceColumns& columns,
                       const std::array<std::string, 4>& cells,
                       const std::string& spark) {
    std::string row = pad(fit(cells[0], columns.name, true), columns.name);
    if (columns.source > 0) {
        row += " " + pad(fit(cells[1], columns.source, true), columns.source);
    }
    if (columns.quality > 0) {
        row += " " + pad(fit(cells[2], columns.quality, true), columns.quality);
    }
    row += " " + right(cells[3], columns.watts);
    if (columns.spark > 0) row += "  " + spark;
    return row;
}

void add_devices(Page& page, const WatchFrame& frame, const WatchLayout& layout, int most) {
    if (most < 2) return;
    if (frame.devices.empty()) {
        page.add("no device can be read; `abate doctor` says why", WatchStyle::dim);
        return;
    }
    const DeviceColumns columns = device_columns(frame, layout.width);
    page.add(device_row(columns, {"DEVICE", "SOURCE", "QUALITY", "POWER"}, "HISTORY"),
             WatchStyle::heading);
    const int room = most - 1;
    const auto count = static_cast<int>(frame.devices.size());
    const int shown = count <= room ? count : room - 1;
    for (int i = 0; i < shown; ++i) {
        const WatchDevice& device = frame.devices[static_cast<std::size_t>(i)];
        page.add(device_row(columns,
                            {device.name, device.source, device.quality, watts_text(device.watts)},
                            sparkline(device.history, columns.spark, layout.utf8)),
                 device.counted ? WatchStyle::normal : WatchStyle::dim);
    }
    if (shown < count) {
        page.add(fmt::format("and {} more", count - shown), WatchStyle::dim);
    }
}

void add_jobs(Page& page, const WatchFrame& frame, const WatchLayout& layout) {
    if (page.left() < 2) return;
    const bool user = layout.width >= 60;
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of the columns
    const auto row = [&](const std::string& pid,
                         const std::string& name,
                         const std::string& cpu,
                         const std::string& power,
                         const std::string& command) {
        constexpr int kUser = 10;
        std::string text = right(pid, 7) + " ";
        if (user) text += pad(fit(name, kUser, layout.utf8), kUser) + " ";
        return text + right(cpu, 6) + " " + right(power, 8) + "  " + command;
    };
    page.add(row("PID", "USER", "CPU %", "POWER", "COMMAND"), WatchStyle::heading);
    std::vector<const WatchJob*> jobs;
    for (const WatchJob& job : frame.jobs) jobs.push_back(&job);
    std::stable_sort(jobs.begin(), jobs.end(), [&](const WatchJob* a, const WatchJob* b) {
        if (frame.sort == JobSort::cpu && a->cpu_percent != b->cpu_percent) {
            return a->cpu_percent > b->cpu_percent;
        }
        return a->pid < b->pid;
    });
    for (const WatchJob* job : jobs) {
        if (page.left() == 0) return;
        page.add(row(std::to_string(job->pid),
                     job->user,
                     fmt::format("{:.1f}", job->cpu_percent),
                     watts_text(job->watts),
                     job->command));
    }
}

void add_help(Page& page) {
    for (const char* line :
         {"q        quit",
          "p        pause, and go on",
          "s        sort processes by CPU or by PID",
          "h        this help",
          "",
          "POWER of a process is its share of the CPUs' active power: power above",
          "idle, times its CPU time, over the busy CPU time of the machine.",
          "Dim devices lie inside another, or are a second view of it: not added.",
          "\"-\" means that the source gave no reading; it does not mean 0 W."}) {
        page.add(line);
    }
}

}  // namespace

int display_width(std::string_view text) {
    int width = 0;
    for (std::size_t at = 0; at < text.size();) {
        const int columns = point_width(next_code_point(text, at));
        width += columns < 0 ? 1 : columns;
    }
    return width;
}

std::string fit(std::string_view text, int width, bool utf8) {
    std::string out;
    int used = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t start = at;
        const char32_t point = next_code_point(text, at);
        int columns = point_width(point);
        const bool shown = columns >= 0 && (utf8 || point < 0x80);
        if (!shown) columns = 1;
        if (used + columns > width) break;
        used += columns;
        if (shown) {
            out.append(text.substr(start, at - start));
        } else {
            out.push_back('?');
        }
    }
    return out;
}

std::string sparkline(const WatchHistory& history, int width, bool utf8) {
    static constexpr std::array<const char*, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static constexpr std::array<const char*, 8> kAscii{".", ":", "-", "=", "+", "*", "%", "#"};
    const auto& steps = utf8 ? kBlocks : kAscii;
    if (width <= 0) return "";
    const std::size_t count = std::min(history.size(), static_cast<std::size_t>(width));
    double most = 0;
    for (std::size_t i = history.size() - count; i < history.size(); ++i) {
        most = std::max(most, history[i].value_or(0));
    }
    std::string out;
    for (std::size_t i = history.size() - count; i < history.size(); ++i) {
        if (!history[i]) {
            out += " ";
            continue;
        }
        const double part = most > 0 ? std::clamp(*history[i] / most, 0.0, 1.0) : 0;
        const auto step = static_cast<std::size_t>(std::lround(part * 7));
        out += steps[step];
    }
    return out;
}

std::string watts_text(std::optional<double> watts) {
    if (!watts || !std::isfinite(*watts)) return "-";
    const double w = *watts;
    if (w < 9.995) return fmt::format("{:.2f} W", w);
    if (w < 99.95) return fmt::format("{:.1f} W", w);
    if (w < 999.5) return fmt::format("{:.0f} W", w);
    return fmt::format("{:.2f} kW", w / 1000);
}

std::string joules_text(double energy_j) {
    struct Step {
        double scale;
        const char* unit;
    };
    for (const Step& step : {Step{1, "J"}, Step{1e3, "kJ"}, Step{1e6, "MJ"}, Step{1e9, "GJ"}}) {
        const double value = energy_j / step.scale;
        if (value >= 999.5 && step.scale < 1e9) continue;
        const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
        return fmt::format("{:.{}f} {}", value, digits, step.unit);
    }
    return "-";
}

std::vector<WatchLine> render(const WatchFrame& frame, const WatchLayout& layout) {
    if (layout.width <= 0 || layout.height <= 0) return {};
    const bool narrow = layout.width < 60;
    const bool roomy = layout.height >= 16;
    Page page(layout);
    const int notes =
        std::min(static_cast<int>(frame.notes.size()), std::max(0, (layout.height - 8) / 4));
    const int footer = layout.interactive && layout.height >= 3 ? 1 : 0;
    page.add(title(frame, layout.width), WatchStyle::title);
    page.reserve(footer + notes);
    page.add(machine_line(frame, narrow));
    page.add(power_line(frame, narrow));
    if (roomy) page.add("");
    if (frame.help) {
        add_help(page);
    } else {
        // Devices get at most half of what is left, processes the rest.
        add_devices(page, frame, layout, (page.left() + 1) / 2);
        if (roomy) page.add("");
        add_jobs(page, frame, layout);
    }
    while (layout.interactive && page.left() > 0) page.add("");
    page.reserve(footer);
    for (int i = 0; i < notes; ++i) {
        page.add("note: " + frame.notes[static_cast<std::size_t>(i)], WatchStyle::dim);
    }
    page.reserve(0);
    if (footer > 0) {
        const char* sort = frame.sort == JobSort::cpu ? "CPU" : "PID";
        page.add(narrow ? "q quit  p pause  s sort  h help"
                        : fmt::format("q quit   p {}   s sort (by {})   h help",
                                      frame.paused ? "go on" : "pause",
                                      sort),
                 WatchStyle::dim);
    }
    return page.take();
}

}  // namespace abate::cli
