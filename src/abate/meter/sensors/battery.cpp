#include "abate/meter/sensors/battery.h"

#include "abate/core/assert.h"
#include "abate/meter/sensors/power_terms.h"
#include "abate/meter/sensors/sensors.h"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace abate::meter {
// Its own namespace: a unity build puts several sensors in one unit.
namespace batteries {
namespace {

// The kernel asks an ACPI battery at most once in `cache_time` = 1000 ms (drivers/acpi/battery.c).
constexpr std::int64_t kMinIntervalNs = 1'000'000'000;
// Fuzzy: a gauge was seen to renew its value, already smoothed, about every 8 s
// (amas.sh/power-readings-desmoothed).
constexpr double kRefreshS = 8;
constexpr double kAccuracy = 0.10;
// USB Power Delivery 3.1 ends at 240 W; no laptop battery gives twice that.
constexpr double kPlausibleW = 480;

// A text attribute that is read again and again, without allocation.
class SysfsText {
  public:
    SysfsText(std::string path, const FileCalls& calls) : path_(std::move(path)), calls_(&calls) {}
    ~SysfsText() {
        if (fd_ >= 0) ::close(fd_);
    }
    SysfsText(SysfsText&& other) noexcept
        : path_(std::move(other.path_)), calls_(other.calls_), fd_(std::exchange(other.fd_, -1)) {}
    SysfsText& operator=(SysfsText&&) = delete;
    SysfsText(const SysfsText&) = delete;
    SysfsText& operator=(const SysfsText&) = delete;

    // The text without white space at its end, in `buffer`; empty when it cannot be read.
    std::string_view read(std::array<char, 32>& buffer) noexcept {
        if (fd_ < 0) {
            const int fd = calls_->open(path_.c_str());
            if (fd < 0) return {};
            fd_ = fd;
        }
        const ssize_t got = calls_->read(fd_, buffer.data(), buffer.size());
        if (got <= 0) {
            ::close(fd_);
            fd_ = -1;
            return {};
        }
        std::string_view text(buffer.data(), static_cast<std::size_t>(got));
        while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
        return text;
    }

  private:
    std::string path_;
    const FileCalls* calls_;
    int fd_ = -1;
};

struct Battery {
    SysfsText status;
    PowerTerm power;
};

enum class Flow { discharging, resting, feeding };

class BatterySensor final : public Sensor {
  public:
    BatterySensor(const Clock& clock, FileCalls calls) : clock_(clock), calls_(std::move(calls)) {
        info_.device = "node";
        info_.source = "battery";
        info_.kind = ChannelKind::power_gauge;
        info_.boundary = ChannelBoundary::node;
        info_.plausible_w = kPlausibleW;
        info_.accuracy = kAccuracy;
        info_.accuracy_source = "not published by the gauge; abate's assumption";
        info_.refresh_s = kRefreshS;
        info_.min_interval_ns = kMinIntervalNs;
    }

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override {
        return {&info_, 1};
    }

    void read(std::span<Reading> out, ReadReason reason) noexcept override {
        ABATE_REQUIRE(out.size() == 1);
        const std::int64_t now_ns = clock_.now().mono_ns;
        if (reason == ReadReason::periodic && last_.status == ReadStatus::ok &&
            now_ns - last_.mono_ns < info_.min_interval_ns) {
            out[0] = last_;
            out[0].status = ReadStatus::no_update;
            return;
        }
        const NumberRead got = read_power(now_ns);
        last_ = {.status = got.status, .value = got.value, .mono_ns = clock_.now().mono_ns};
        out[0] = last_;
    }

    void add_charger(const std::string& folder) {
        chargers_.emplace_back(folder + "/online", calls_);
    }

    // False when the battery does not say its power.
    bool add_battery(const std::string& folder) {
        const auto file = [&](const char* name) {
            return SysfsNumber(folder + "/" + name, calls_, NumberSign::magnitude);
        };
        SysfsText status(folder + "/status", calls_);
        if (path_exists(folder + "/power_now")) {
            batteries_.push_back({std::move(status), {file("power_now"), std::nullopt, 1}});
        } else if (path_exists(folder + "/current_now") && path_exists(folder + "/voltage_now")) {
            // microamperes x microvolts = 10^-12 W
            batteries_.push_back(
                {std::move(status), {file("current_now"), file("voltage_now"), 1'000'000}});
        } else {
            return false;
        }
        info_.name = read_line(folder + "/model_name").value_or("");
        return true;
    }

    NumberRead read_power(std::int64_t now_ns) noexcept {
        std::array<char, 32> buffer;
        for (SysfsText& charger : chargers_) {
            const std::string_view online = charger.read(buffer);
            if (!online.empty() && online != "0") return {ReadStatus::gone, 0};
        }
        NumberRead sum{ReadStatus::gone, 0};
        for (Battery& battery : batteries_) {
            const Flow flow = flow_of(battery.status.read(buffer));
            if (flow == Flow::feeding) return {ReadStatus::gone, 0};
            if (flow == Flow::resting) continue;
            const NumberRead part = read_term(battery.power, now_ns);
            if (part.status != ReadStatus::ok) return part;
            // A machine on battery draws something: a zero is a gauge that does not know yet.
            if (part.value == 0) return {ReadStatus::failed, 0};
            sum.status = ReadStatus::ok;
            sum.value += part.value;
        }
        return sum;
    }

    [[nodiscard]] bool has_battery() const { return !batteries_.empty(); }

  private:
    // The words of the kernel's power_supply class. A battery of two that is not used is resting;
    // one that charges, or does not say, leaves the machine's power unknown.
    static Flow flow_of(std::string_view status) noexcept {
        if (status == "Discharging") return Flow::discharging;
        if (status == "Not charging" || status == "Full") return Flow::resting;
        return Flow::feeding;
    }

    const Clock& clock_;
    FileCalls calls_;
    ChannelInfo info_;
    std::vector<SysfsText> chargers_;
    std::vector<Battery> batteries_;
    Reading last_{};
};

Finding finding(FindingState state, const std::string& subject, const std::string& detail) {
    return {.source = "battery",
            .state = state,
            .subject = subject,
            .detail = detail,
            .grant = "",
            .gain = ""};
}

SensorOpening open(const SensorEnvironment& environment, FileCalls calls) {
    ABATE_REQUIRE(environment.clock != nullptr);
    const std::string root = environment.sysfs_root + "/class/power_supply";
    SensorOpening opening;
    auto sensor = std::make_unique<BatterySensor>(*environment.clock, std::move(calls));
    for (const std::string& entry : list_folder(root)) {
        const std::string folder = root + "/" + entry;
        const std::string type = read_line(folder + "/type").value_or("");
        // scope "Device" is the battery of a mouse or a pen.
        if (read_line(folder + "/scope").value_or("System") == "Device") continue;
        if (type == "Mains" || type.rfind("USB", 0) == 0) sensor->add_charger(folder);
        if (type == "Battery" && !sensor->add_battery(folder)) {
            opening.findings.push_back(
                finding(FindingState::unsupported, folder, "says neither power nor current"));
            return opening;  // a sum without one battery would be too small
        }
    }
    if (!sensor->has_battery()) {
        opening.findings.push_back(finding(FindingState::absent, root, "no battery"));
        return opening;
    }
    const NumberRead first = sensor->read_power(environment.clock->now().mono_ns);
    if (first.status == ReadStatus::ok) {
        opening.findings.push_back(
            finding(FindingState::usable,
                    root,
                    "discharging: what leaves the battery is the whole machine"));
        opening.sensor = std::move(sensor);
    } else if (first.status == ReadStatus::gone) {
        opening.findings.push_back(
            finding(FindingState::unsupported,
                    root,
                    "on the mains: the battery does not see what the machine draws"));
        opening.findings.back().gain = "whole-machine power to about 10 % while unplugged";
    } else {
        opening.findings.push_back(
            finding(FindingState::broken, root, "discharging, but its power cannot be read"));
    }
    return opening;
}

}  // namespace
}  // namespace batteries

SensorOpening open_battery(const SensorEnvironment& environment, FileCalls calls) {
    return batteries::open(environment, std::move(calls));
}

SensorOpening open_battery(const SensorEnvironment& environment) {
    return open_battery(environment, system_file_calls());
}

}  // namespace abate::meter
