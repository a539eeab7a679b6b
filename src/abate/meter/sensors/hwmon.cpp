#include "abate/meter/sensors/hwmon.h"

#include "abate/core/assert.h"
#include "abate/meter/sensors/power_terms.h"
#include "abate/meter/sensors/rapl_domain.h"
#include "abate/meter/sensors/sensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>

namespace abate::meter {
// Its own namespace: a unity build puts several sensors in one unit.
namespace hwmon_chips {
namespace {

// More than the largest single node that is sold draws (NVIDIA DGX B200 datasheet: 14.3 kW).
constexpr double kNodePlausibleW = 20000;
// One supply: the most that an IEC 60320 C20 inlet carries, 16 A at 250 V.
constexpr double kSupplyPlausibleW = 4000;
// A Jetson module: the largest is 130 W (Jetson Thor module datasheet), twice that.
constexpr double kJetsonPlausibleW = 260;
// ACPI power meters answer slowly over the platform's bus and publish an average over this long
// when they do not say how long.
constexpr std::int64_t kMeterIntervalNs = 1'000'000'000;
// Supplies and Jetson's monitors answer over I2C or USB in milliseconds.
constexpr std::int64_t kBusIntervalNs = 100'000'000;
constexpr double kDefaultAccuracy = 0.05;

// Supplies whose driver serves nothing but supplies: Linux Documentation/hwmon, PMBus drivers.
constexpr std::array<const char*, 14> kSupplyChips = {"acbel_fsg032",
                                                      "cffps",
                                                      "cffps1",
                                                      "cffps2",
                                                      "corsairpsu",
                                                      "crps185",
                                                      "dps920ab",
                                                      "fsp3y",
                                                      "ipsps1",
                                                      "pfe1100",
                                                      "pfe3000",
                                                      "psu",
                                                      "ym2151e",
                                                      "yh5151e"};
// Read by the accelerator sensors, or not a sensor of power at all.
constexpr std::array<const char*, 5> kOthersChips = {"amdgpu", "i915", "nouveau", "radeon", "xe"};

template <std::size_t N>
bool one_of(const std::array<const char*, N>& names, const std::string& name) {
    return std::any_of(names.begin(), names.end(), [&](const char* one) { return name == one; });
}

bool is_supply(const std::string& chip) {
    return one_of(kSupplyChips, chip) || chip.find("psu") != std::string::npos;
}

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

struct Chip {
    std::string name;
    std::string folder;  // where its attributes stand: hwmonN, or hwmonN/device with old drivers
};

std::vector<Chip> find_chips(const std::string& root) {
    std::vector<Chip> chips;
    for (const std::string& entry : list_folder(root)) {
        const std::string folder = root + "/" + entry;
        auto name = read_line(folder + "/name");
        // acpi_power_meter before Linux 6.12 puts its attributes beside the device, not the class.
        const std::string device = folder + "/device";
        if (!name) name = read_line(device + "/name");
        if (!name || name->empty()) continue;
        const bool beside =
            !path_exists(folder + "/power1_average") && path_exists(device + "/power1_average");
        chips.push_back({*name, beside ? device : folder});
    }
    return chips;
}

// "power1_input" of "power1" with a number from 1 up to what any driver uses.
constexpr int kMostAttributes = 32;

std::string attribute(const Chip& chip, const char* kind, int number, const char* suffix) {
    return fmt::format("{}/{}{}_{}", chip.folder, kind, number, suffix);
}

// The file of powerN: the average where there is one, it has no gaps between its samples.
std::string power_file(const Chip& chip, int number) {
    for (const char* suffix : {"average", "input"}) {
        std::string path = attribute(chip, "power", number, suffix);
        if (path_exists(path)) return path;
    }
    return "";
}

bool has_power_or_energy(const Chip& chip) {
    for (int i = 1; i <= kMostAttributes; ++i) {
        if (!power_file(chip, i).empty()) return true;
        if (path_exists(attribute(chip, "energy", i, "input"))) return true;
    }
    return false;
}

struct Channel {
    ChannelInfo info;
    std::vector<PowerTerm> terms;
    bool zero_is_failed = false;  // a machine that runs does not draw nothing
    Reading last{};
};

class HwmonSensor final : public Sensor {
  public:
    HwmonSensor(const Clock& clock, FileCalls calls) : clock_(clock), calls_(std::move(calls)) {}

    [[nodiscard]] std::span<const ChannelInfo> channels() const noexcept override { return infos_; }

    void read(std::span<Reading> out, ReadReason reason) noexcept override {
        ABATE_REQUIRE(out.size() == channels_.size());
        for (std::size_t i = 0; i < channels_.size(); ++i) {
            Channel& channel = channels_[i];
            const std::int64_t now_ns = clock_.now().mono_ns;
            const bool fresh = channel.last.status == ReadStatus::ok &&
                               now_ns - channel.last.mono_ns < channel.info.min_interval_ns;
            if (reason == ReadReason::periodic && fresh) {
                out[i] = channel.last;
                out[i].status = ReadStatus::no_update;
                continue;
            }
            channel.last = read_channel(channel, now_ns);
            out[i] = channel.last;
        }
    }

    [[nodiscard]] const FileCalls& calls() const { return calls_; }

    // Opens and tries the channel; errno, or 0. A first reading that fails is EIO.
    int add(Channel channel) {
        for (PowerTerm& term : channel.terms) {
            if (const int error = term.first.open(); error != 0) return error;
            if (term.second) {
                if (const int error = term.second->open(); error != 0) return error;
            }
        }
        if (read_channel(channel, clock_.now().mono_ns).status != ReadStatus::ok) return EIO;
        infos_.push_back(channel.info);
        channels_.push_back(std::move(channel));
        return 0;
    }

  private:
    Reading read_channel(Channel& channel, std::int64_t now_ns) noexcept {
        NumberRead got = read_terms(channel.terms, now_ns);
        if (channel.zero_is_failed && got.value == 0 && got.status == ReadStatus::ok) {
            got.status = ReadStatus::failed;
        }
        return {.status = got.status, .value = got.value, .mono_ns = clock_.now().mono_ns};
    }

    const Clock& clock_;
    FileCalls calls_;
    std::vector<ChannelInfo> infos_;
    std::vector<Channel> channels_;
};

// Collects channels and findings while the chips are walked.
class Opener {
  public:
    Opener(HwmonSensor& sensor, std::vector<Finding>& findings)
        : sensor_(sensor), findings_(findings) {}

    void note(const Chip& chip, FindingState state, std::string detail) {
        findings_.push_back({.source = "hwmon",
                             .state = state,
                             .subject = chip.folder,
                             .detail = fmt::format("{}: {}", chip.name, detail),
                             .grant = "",
                             .gain = ""});
    }

    PowerTerm term(const std::string& path) {
        return {SysfsNumber(path, sensor_.calls()), std::nullopt, 1};
    }

    PowerTerm product(const std::string& first, const std::string& second) {
        return {SysfsNumber(first, sensor_.calls()), SysfsNumber(second, sensor_.calls()), 1};
    }

    bool taken(const ChannelInfo& info) const {
        return seen_.count({info.source, info.device}) != 0;
    }

    void add(const Chip& chip, Channel channel) {
        if (taken(channel.info)) {
            note(chip,
                 FindingState::unsupported,
                 "a second sensor of " + channel.info.device + ", not read");
            return;
        }
        const std::string first = channel.terms.front().first.path();
        const ChannelInfo info = channel.info;
        const int error = sensor_.add(std::move(channel));
        if (error == 0) {
            seen_.insert({info.source, info.device});
            note(chip, FindingState::usable, info.device);
        } else if (error == EACCES || error == EPERM) {
            note(chip, FindingState::denied, first + " may not be read");
            findings_.back().grant = fmt::format("sudo chmod a+r '{}'", first);
            findings_.back().gain = fmt::format("{} measured instead of modelled", info.device);
        } else {
            note(chip, FindingState::broken, fmt::format("{}: {}", first, std::strerror(error)));
        }
    }

  private:
    HwmonSensor& sensor_;
    std::vector<Finding>& findings_;
    std::set<std::pair<std::string, std::string>> seen_;
};

ChannelInfo node_info(const Chip& chip) {
    ChannelInfo info;
    info.device = "node";
    info.source = "hwmon";
    info.name = chip.name;
    info.kind = ChannelKind::power_gauge;
    info.boundary = ChannelBoundary::node;
    info.plausible_w = kNodePlausibleW;
    info.accuracy = kDefaultAccuracy;
    info.accuracy_source = "not published by the chip; abate's assumption";
    info.refresh_s = static_cast<double>(kMeterIntervalNs) / 1e9;
    info.min_interval_ns = kMeterIntervalNs;
    return info;
}

// power1_accuracy, "95.0%" = within 5 % (Linux Documentation/hwmon/acpi_power_meter).
void take_accuracy(const Chip& chip, ChannelInfo& info) {
    auto text = read_line(attribute(chip, "power", 1, "accuracy"));
    if (!text || text->empty() || text->back() != '%') return;
    text->pop_back();
    const auto percent = parse_decimal_fraction(*text);
    if (!percent) return;
    const double value = static_cast<double>(percent->num) / static_cast<double>(percent->den);
    // 100.0 % is what firmware writes that does not know; the assumption stands then.
    if (value < 50 || value >= 100) return;
    info.accuracy = 1 - value / 100;
    info.accuracy_source = "power1_accuracy of the ACPI power meter";
}

// The number that ends "CPU Power Socket 1"; 0 without one.
int trailing_number(const std::string& label) {
    const std::size_t at = label.find_last_not_of("0123456789");
    const auto number = parse_sysfs_unsigned(
        at == std::string::npos ? std::string_view(label) : std::string_view(label).substr(at + 1));
    return number && *number <= 65535 ? static_cast<int>(*number) : 0;
}

// Grace labels its ACPI meters in power1_oem_info; true when `label` is one of them. The Grace
// meter is the processor with its memory; CPU and SysIO are rails of it. The module meter also
// contains a GPU that NVML reads, so it is not counted here.
bool add_grace(Opener& opener, const Chip& chip, const std::string& label, Channel& channel) {
    const std::string words = lower(label);
    const std::string socket = std::to_string(trailing_number(label));
    ChannelInfo& info = channel.info;
    info.boundary = ChannelBoundary::component;
    info.plausible_w = kDefaultSocketW;
    if (words.find("module power") == 0) {
        opener.note(chip,
                    FindingState::unsupported,
                    "\"" + label + "\" contains the GPU, which is read by itself");
        return true;
    }
    if (words.find("grace power") == 0) {
        info.device = "package-" + socket;
    } else if (words.find("cpu power") == 0) {
        info.device = "core-" + socket;
        info.inside = "package-" + socket;
    } else if (words.find("sysio power") == 0) {
        info.device = "sysio-" + socket;
        info.inside = "package-" + socket;
    } else {
        return false;
    }
    opener.add(chip, std::move(channel));
    return true;
}

void open_acpi_meter(Opener& opener, const Chip& chip) {
    const std::string path = power_file(chip, 1);
    if (path.empty()) {
        opener.note(chip, FindingState::unsupported, "has no power reading");
        return;
    }
    if (read_number(attribute(chip, "power", 1, "is_battery")).value_or(0) != 0) {
        opener.note(chip, FindingState::unsupported, "measures a battery");
        return;
    }
    const auto channel_for = [&](bool zero_is_failed) {
        Channel channel;
        channel.info = node_info(chip);
        channel.zero_is_failed = zero_is_failed;
        take_accuracy(chip, channel.info);
        const auto interval_ms = read_number(attribute(chip, "power", 1, "average_interval"));
        if (interval_ms && *interval_ms > 0 && *interval_ms <= 3'600'000) {
            channel.info.refresh_s = static_cast<double>(*interval_ms) / 1e3;
            channel.info.min_interval_ns = static_cast<std::int64_t>(*interval_ms) * 1'000'000;
        }
        channel.terms.push_back(opener.term(path));
        return channel;
    };
    const std::string label = read_line(attribute(chip, "power", 1, "oem_info")).value_or("");
    Channel grace = channel_for(true);
    grace.info.name = label;
    if (!label.empty() && add_grace(opener, chip, label, grace)) return;
    opener.add(chip, channel_for(true));
}

// The input of one supply: the sensor labelled "pin" (PMBus), else the first, which corsair-psu
// defines as the total.
std::string supply_file(const Chip& chip) {
    for (int i = 1; i <= kMostAttributes; ++i) {
        const std::string label =
            lower(read_line(attribute(chip, "power", i, "label")).value_or(""));
        if (label == "pin" || label == "pin1") return power_file(chip, i);
    }
    return chip.name == "corsairpsu" ? power_file(chip, 1) : "";
}

void open_supplies(Opener& opener, const std::vector<Chip>& supplies) {
    Channel channel;
    for (const Chip& chip : supplies) {
        const std::string path = supply_file(chip);
        if (path.empty()) {
            opener.note(chip, FindingState::unsupported, "does not measure its input power");
            return;  // a sum without one supply would be too small
        }
        if (channel.terms.empty()) channel.info = node_info(chip);
        channel.terms.push_back(opener.term(path));
    }
    if (channel.terms.empty()) return;
    channel.info.source = "hwmon-psu";
    channel.info.plausible_w = kSupplyPlausibleW * static_cast<double>(channel.terms.size());
    channel.info.min_interval_ns = kBusIntervalNs;
    channel.info.refresh_s = static_cast<double>(kBusIntervalNs) / 1e9;
    channel.zero_is_failed = true;
    opener.add(supplies.front(), std::move(channel));
}

void open_powernv(Opener& opener, const Chip& chip) {
    for (int i = 1; i <= kMostAttributes; ++i) {
        if (read_line(attribute(chip, "power", i, "label")).value_or("") != "System") continue;
        Channel channel;
        channel.info = node_info(chip);
        channel.zero_is_failed = true;
        channel.terms.push_back(opener.term(power_file(chip, i)));
        opener.add(chip, std::move(channel));
        return;
    }
    opener.note(chip, FindingState::unsupported, "has no sensor labelled System");
}

// The driver sums the RAPL register of each socket into 64 bits (Linux 5.8 to 5.12).
void open_amd_energy(Opener& opener, const Chip& chip) {
    bool any = false;
    for (int i = 1; i <= 512; ++i) {  // cores come first, then "Esocket0"...
        const std::string label = read_line(attribute(chip, "energy", i, "label")).value_or("");
        if (label.rfind("Esocket", 0) != 0) continue;
        Channel channel;
        describe_domain({"package", trailing_number(label), -1, CpuVendor::amd}, channel.info);
        channel.info.source = "hwmon";
        channel.info.name = label;
        channel.info.kind = ChannelKind::energy_counter;
        channel.terms.push_back(opener.term(attribute(chip, "energy", i, "input")));
        opener.add(chip, std::move(channel));
        any = true;
    }
    if (!any) opener.note(chip, FindingState::unsupported, "has no socket counter");
}

// Jetson rails. VDD_IN (POM_5V_IN on Nano) feeds the whole module, carrier board not included.
bool is_board_rail(const std::string& label) {
    return label == "VDD_IN" || label == "POM_5V_IN" || label == "5V_IN";
}

struct Rail {
    const Chip* chip;
    int number;
    std::string label;
};

std::vector<Rail> find_rails(const std::vector<Chip>& chips) {
    std::vector<Rail> rails;
    for (const Chip& chip : chips) {
        for (int i = 1; i <= 3; ++i) {  // in4 and above are shunt voltages and sums
            std::string label = read_line(attribute(chip, "in", i, "label")).value_or("");
            if (label.empty() || label == "NC") continue;
            if (!path_exists(attribute(chip, "in", i, "input")) ||
                !path_exists(attribute(chip, "curr", i, "input"))) {
                continue;
            }
            rails.push_back({&chip, i, std::move(label)});
        }
    }
    return rails;
}

std::string rail_device(std::string label) {
    label = lower(std::move(label));
    std::replace(label.begin(), label.end(), '_', '-');
    std::replace(label.begin(), label.end(), ' ', '-');
    return label;
}

void open_jetson(Opener& opener, const std::vector<Chip>& chips) {
    const std::vector<Rail> rails = find_rails(chips);
    const bool board = std::any_of(
        rails.begin(), rails.end(), [](const Rail& rail) { return is_board_rail(rail.label); });
    for (const Rail& rail : rails) {
        Channel channel;
        channel.info = node_info(*rail.chip);
        ChannelInfo& info = channel.info;
        info.name = rail.label;
        info.plausible_w = kJetsonPlausibleW;
        info.min_interval_ns = kBusIntervalNs;
        info.refresh_s = static_cast<double>(kBusIntervalNs) / 1e9;
        if (!is_board_rail(rail.label)) {
            info.boundary = ChannelBoundary::component;
            info.device = rail_device(rail.label);
            if (board) info.inside = "node";
            // AGX Orin: the memory rail is fed from VIN_SYS_5V0.
            if (!board && rail.label == "VDDQ_VDD2_1V8AO") info.inside = "vin-sys-5v0";
        }
        channel.terms.push_back(
            opener.product(attribute(*rail.chip, "in", rail.number, "input"),
                           attribute(*rail.chip, "curr", rail.number, "input")));
        opener.add(*rail.chip, std::move(channel));
    }
    if (rails.empty() && !chips.empty()) {
        opener.note(chips.front(), FindingState::unsupported, "has no labelled rail");
    }
}

void open_chips(Opener& opener, const std::vector<Chip>& chips) {
    std::vector<Chip> supplies;
    std::vector<Chip> rails;
    for (const Chip& chip : chips) {
        if (chip.name == "power_meter") {
            open_acpi_meter(opener, chip);
        } else if (is_supply(chip.name)) {
            supplies.push_back(chip);
        } else if (chip.name == "ibmpowernv") {
            open_powernv(opener, chip);
        } else if (chip.name == "amd_energy") {
            open_amd_energy(opener, chip);
        } else if (chip.name == "ina3221" || chip.name == "ina3221x") {
            rails.push_back(chip);
        } else if (!one_of(kOthersChips, chip.name) && has_power_or_energy(chip)) {
            opener.note(chip,
                        FindingState::unsupported,
                        "measures power, but where on the board is not known; not read");
        }
    }
    open_supplies(opener, supplies);
    open_jetson(opener, rails);
}

SensorOpening open(const SensorEnvironment& environment, FileCalls calls) {
    ABATE_REQUIRE(environment.clock != nullptr);
    const std::string root = environment.sysfs_root + "/class/hwmon";
    SensorOpening opening;
    auto sensor = std::make_unique<HwmonSensor>(*environment.clock, std::move(calls));
    Opener opener(*sensor, opening.findings);
    open_chips(opener, find_chips(root));
    if (opening.findings.empty()) {
        opening.findings.push_back({.source = "hwmon",
                                    .state = FindingState::absent,
                                    .subject = root,
                                    .detail = "no chip that measures power",
                                    .grant = "",
                                    .gain = ""});
    }
    if (!sensor->channels().empty()) opening.sensor = std::move(sensor);
    return opening;
}

}  // namespace
}  // namespace hwmon_chips

SensorOpening open_hwmon(const SensorEnvironment& environment, FileCalls calls) {
    return hwmon_chips::open(environment, std::move(calls));
}

SensorOpening open_hwmon(const SensorEnvironment& environment) {
    return open_hwmon(environment, system_file_calls());
}

}  // namespace abate::meter
