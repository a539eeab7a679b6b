// Cray pm_counters: joules of the whole node and of its parts, counted by the blade controller and
// shown in `<sysfs>/cray/pm_counters/`.
//
// Files (HPE, "User Access to Compute Node Power Data"): `energy`, `cpu_energy`, `memory_energy`,
// `accel_energy` or `accelN_energy` hold "1234 J", on newer systems followed by a time stamp
// "1652189045123456 us"; `freshness` rises with each refresh, about 10 times a second; `startup`
// changes when the controller restarts and the counters with it. `generation` changes only when a
// power cap is set, so it says nothing of the counters and is not read.
#include "abate/meter/sensors/sensors.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace abate::meter {
namespace {

// raw_scan_hz is 10 on every published system: a counter is at most 0.1 s old.
constexpr double kCrayRefresh_s = 0.1;
// Twenty missed refreshes: the controller is not counting.
constexpr std::int64_t kCrayFrozen_ns = 2'000'000'000;
// A liquid-cooled blade's node with eight accelerators stays below this; NVIDIA states 14.3 kW for
// the DGX B200, the largest air-cooled node sold.
constexpr double kCrayPlausible_w = 20000;
// HPE publishes no accuracy for pm_counters; this is what ENERGY STAR asks of any server's reported
// input power.
constexpr double kCrayAccuracy = 0.05;
constexpr const char* kCrayAccuracySource =
    "ENERGY STAR Computer Servers 3.0, input power reported within 5 % (the vendor publishes no "
    "figure for pm_counters)";

// The leading whole number of "1234 J 1652189045123456 us\n", when `unit` follows or nothing does.
std::optional<std::uint64_t> parse_cray(std::string_view text, char unit) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t word = text.find_first_not_of(" \t\n");
    if (word == std::string_view::npos) return value;
    if (word == 0 || unit == '\0') return std::nullopt;
    const bool whole = word + 1 == text.size() || text[word + 1] == ' ' || text[word + 1] == '\n';
    if (text[word] != unit || !whole) return std::nullopt;
    return value;
}

// An attribute kept open: pread at 0 makes the kernel format it anew. Owns the descriptor.
class CrayFile {
  public:
    CrayFile() = default;
    CrayFile(const std::string& path, char unit)
        : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
          unit_(unit),
          errno_(fd_ < 0 ? errno : 0) {}
    CrayFile(CrayFile&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), unit_(other.unit_), errno_(other.errno_) {}
    CrayFile& operator=(CrayFile&& other) noexcept {
        std::swap(fd_, other.fd_);
        unit_ = other.unit_;
        errno_ = other.errno_;
        return *this;
    }
    ~CrayFile() {
        if (fd_ >= 0) ::close(fd_);
    }

    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int open_errno() const noexcept { return errno_; }

    // `gone`: the attribute was removed under us.
    std::optional<std::uint64_t> read(bool* gone = nullptr) const noexcept {
        if (fd_ < 0) return std::nullopt;
        std::array<char, 96> text{};
        const ssize_t n = ::pread(fd_, text.data(), text.size(), 0);
        if (n < 0 && gone != nullptr) *gone = errno == ENODEV || errno == ENOENT;
        if (n <= 0) return std::nullopt;
        return parse_cray({text.data(), static_cast<std::size_t>(n)}, unit_);
    }

  private:
    int fd_ = -1;
    char unit_ = '\0';
    int errno_ = 0;
};

class CraySensor final : public Sensor {
  public:
    CraySensor(const Clock& clock, const std::string& folder)
        : clock_(clock),
          startup_(folder + "/startup", '\0'),
          freshness_(folder + "/freshness", '\0') {}

    void add(ChannelInfo channel, CrayFile file) {
        channels_.push_back(std::move(channel));
        files_.push_back(std::move(file));
    }

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return channels_;
    }

    void read(std::span<Reading> out, ReadReason) noexcept override {
        ABATE_REQUIRE(out.size() == channels_.size());
        // A restart between the two looks at `startup` would pair a new count with the old epoch.
        const std::optional<std::uint64_t> before = startup_.read();
        for (std::size_t i = 0; i < files_.size(); ++i) out[i] = read_one(i);
        const std::optional<std::uint64_t> after = startup_.read();
        if (after) epoch_ = *after;
        const bool torn = startup_.is_open() && (!after || before != after);
        const ReadStatus fresh = torn ? ReadStatus::failed : freshness();
        for (Reading& reading : out) {
            reading.epoch = epoch_;
            if (reading.status == ReadStatus::ok) reading.status = fresh;
        }
    }

  private:
    // ok: refreshed since the last look. no_update: not yet. failed: the controller has stopped, so
    // what the counters show is no longer true.
    [[nodiscard]] ReadStatus freshness() noexcept {
        if (!freshness_.is_open()) return ReadStatus::ok;
        const std::int64_t now_ns = clock_.now().mono_ns;
        const std::optional<std::uint64_t> count = freshness_.read();
        if (!count) return ReadStatus::failed;
        if (count != last_freshness_) {
            last_freshness_ = count;
            fresh_ns_ = now_ns;
            return ReadStatus::ok;
        }
        return now_ns - fresh_ns_ > kCrayFrozen_ns ? ReadStatus::failed : ReadStatus::no_update;
    }

    [[nodiscard]] Reading read_one(std::size_t i) const noexcept {
        Reading reading;
        bool gone = false;
        const std::optional<std::uint64_t> value = files_[i].read(&gone);
        reading.mono_ns = clock_.now().mono_ns;
        if (!value) {
            reading.status = gone ? ReadStatus::gone : ReadStatus::failed;
            return reading;
        }
        const bool gauge = channels_[i].kind == ChannelKind::power_gauge;
        reading.status = ReadStatus::ok;
        reading.value = gauge ? std::min(*value, std::uint64_t{1'000'000'000}) * 1'000'000 : *value;
        return reading;
    }

    const Clock& clock_;
    CrayFile startup_;
    CrayFile freshness_;
    std::uint64_t epoch_ = 0;
    std::optional<std::uint64_t> last_freshness_;
    std::int64_t fresh_ns_ = 0;
    std::vector<ChannelInfo> channels_;
    std::vector<CrayFile> files_;
};

ChannelInfo cray_channel(std::string device, ChannelKind kind, ChannelBoundary boundary) {
    ChannelInfo channel;
    channel.device = std::move(device);
    channel.source = kind == ChannelKind::power_gauge ? "cray-power" : "cray";
    channel.name = "Cray pm_counters";
    channel.kind = kind;
    channel.boundary = boundary;
    channel.unit_num = 1'000'000;  // joules to microjoules; 64-bit, never wraps
    channel.plausible_w = kCrayPlausible_w;
    channel.accuracy = kCrayAccuracy;
    channel.accuracy_source = kCrayAccuracySource;
    channel.refresh_s = kCrayRefresh_s;
    if (boundary == ChannelBoundary::component) channel.inside = "node";
    return channel;
}

// "cpu_energy", "memory_energy", "accel_energy", "accel0_energy"... in name order.
std::vector<std::string> cray_parts(const std::string& folder) {
    std::vector<std::string> parts;
    DIR* const dir = ::opendir(folder.c_str());
    if (dir == nullptr) return parts;
    while (const dirent* entry = ::readdir(dir)) {
        constexpr std::string_view kSuffix = "_energy";
        const std::string_view name = entry->d_name;
        if (!name.ends_with(kSuffix)) continue;
        const std::string_view part = name.substr(0, name.size() - kSuffix.size());
        const bool accelerator = part.starts_with("accel") && part.size() <= 8 &&
                                 part.find_first_not_of("0123456789", 5) == std::string_view::npos;
        if (part == "cpu" || part == "memory" || accelerator) parts.emplace_back(part);
    }
    ::closedir(dir);
    std::sort(parts.begin(), parts.end());
    return parts;
}

Finding cray_refusal(const std::string& path, const CrayFile& file) {
    Finding finding{
        .source = "cray", .state = {}, .subject = path, .detail = {}, .grant = {}, .gain = {}};
    finding.gain = "energy of the whole node to about 5 % instead of a modelled overhead";
    if (file.open_errno() == EACCES || file.open_errno() == EPERM) {
        finding.state = FindingState::denied;
        finding.detail = "the file is there, but this user may not read it";
        finding.grant = "sudo chmod a+r " + path;
    } else if (file.is_open()) {
        finding.state = FindingState::broken;
        finding.detail = "the file does not hold whole joules as \"1234 J\"";
    } else {
        finding.state = FindingState::broken;
        finding.detail =
            std::string("the file cannot be opened: ") + std::strerror(file.open_errno());
    }
    return finding;
}

}  // namespace

SensorOpening open_cray(const SensorEnvironment& environment) {
    ABATE_REQUIRE(environment.clock != nullptr);
    const std::string folder = environment.sysfs_root + "/cray/pm_counters";
    SensorOpening opening;
    if (::access(folder.c_str(), F_OK) != 0) {
        opening.findings.push_back({.source = "cray",
                                    .state = FindingState::absent,
                                    .subject = folder,
                                    .detail = "not a Cray or HPE Cray EX node",
                                    .grant = {},
                                    .gain = {}});
        return opening;
    }
    auto sensor = std::make_unique<CraySensor>(*environment.clock, folder);
    CrayFile energy(folder + "/energy", 'J');
    if (energy.read()) {
        sensor->add(cray_channel("node", ChannelKind::energy_counter, ChannelBoundary::node),
                    std::move(energy));
    } else {
        opening.findings.push_back(cray_refusal(folder + "/energy", energy));
        CrayFile power(folder + "/power", 'W');
        if (!power.read()) return opening;
        ChannelInfo channel = cray_channel("node", ChannelKind::power_gauge, ChannelBoundary::node);
        channel.unit_num = 1;
        sensor->add(std::move(channel), std::move(power));
    }
    for (const std::string& part : cray_parts(folder)) {
        CrayFile file(fmt::format("{}/{}_energy", folder, part), 'J');
        // 0 J since start-up means that the part is not fitted (accelerators).
        if (file.read().value_or(0) == 0) continue;
        sensor->add(
            cray_channel("node-" + part, ChannelKind::energy_counter, ChannelBoundary::component),
            std::move(file));
    }
    opening.findings.push_back(
        {.source = "cray",
         .state = FindingState::usable,
         .subject = folder,
         .detail = "node energy in joules, refreshed 10 times a second, with " +
                   std::to_string(sensor->channels().size() - 1) + " of its parts",
         .grant = {},
         .gain = "energy of the whole node to about 5 % instead of a modelled overhead"});
    opening.sensor = std::move(sensor);
    return opening;
}

}  // namespace abate::meter
