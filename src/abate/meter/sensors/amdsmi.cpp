// AMD GPUs: the energy counter of libamd_smi or librocm_smi64, checked before it is believed, and
// the power that the amdgpu driver shows in sysfs; who uses a GPU, from the KFD tree.
// docs/reference/sensors.md, section amdsmi, has the rules and the source of every constant.
#include "abate/meter/sensors/amd_library.h"
#include "abate/meter/sensors/polled_gpu.h"
#include "abate/meter/sensors/sensors.h"
#include "abate/meter/visible_gpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

namespace abate::meter {
namespace {

namespace fs = std::filesystem;

// AMD states no accuracy; twice what NVIDIA states, an assumption.
constexpr double kAmdAccuracy = 0.10;
constexpr const char* kAmdAccuracySource =
    "AMD states no accuracy; assumed to be twice the 5 % that NVIDIA states";
constexpr double kAmdRefreshS = 0.1;  // not documented by AMD; as for NVIDIA's counters
constexpr std::int64_t kAmdMinIntervalNs = 100'000'000;
constexpr double kAmdPlausibleFactor = 2.0;  // of the power cap, as for NVIDIA
constexpr double kAmdPlausibleUnknownW = 3000;
// How long a counter may stand still at start before it is called frozen (Zeus waits as long).
constexpr std::chrono::milliseconds kCheckMost{500};
constexpr std::chrono::milliseconds kCheckStep{50};
// Counter and power of a board that idles or ramps agree better than this even over 0.1 s; the
// faults that were seen (unit errors of 1,000, counters that stand) do not.
constexpr double kCheckFactor = 4.0;

std::string read_text(const fs::path& path) {
    std::ifstream in(path);
    std::string text;
    std::getline(in, text);
    return text;
}

std::optional<std::uint64_t> read_number(const fs::path& path) {
    std::ifstream in(path);
    std::uint64_t value = 0;
    if (in >> value) return value;
    return std::nullopt;
}

std::vector<fs::path> entries(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (fs::directory_iterator it(folder, ignored), end; it != end; it.increment(ignored)) {
        found.push_back(it->path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

// One GPU of the amdgpu driver as sysfs shows it.
struct AmdCard {
    std::string bus;
    fs::path power;  // power1_average or power1_input, microwatts; empty: none
    double cap_w = 0;
    std::string name;
};

std::string slot_name(const fs::path& device) {
    std::ifstream in(device / "uevent");
    std::string line;
    while (std::getline(in, line)) {
        if (line.starts_with("PCI_SLOT_NAME=")) return line.substr(14);
    }
    return "";
}

std::vector<AmdCard> amd_cards(const std::string& sysfs_root) {
    std::vector<AmdCard> cards;
    for (const fs::path& folder : entries(sysfs_root + "/class/drm")) {
        const std::string name = folder.filename().string();
        // "card0", not its connectors "card0-DP-1".
        if (!name.starts_with("card") || name.find('-') != std::string::npos) continue;
        const fs::path device = folder / "device";
        if (read_text(device / "vendor") != "0x1002") continue;
        AmdCard card{
            .bus = slot_name(device), .power = {}, .name = read_text(device / "product_name")};
        for (const fs::path& hwmon : entries(device / "hwmon")) {
            for (const char* file : {"power1_average", "power1_input"}) {
                if (card.power.empty() && read_number(hwmon / file)) card.power = hwmon / file;
            }
            for (const char* file : {"power1_cap_max", "power1_cap"}) {
                const std::optional<std::uint64_t> cap = read_number(hwmon / file);
                if (card.cap_w <= 0 && cap) card.cap_w = static_cast<double>(*cap) / 1e6;
            }
        }
        cards.push_back(std::move(card));
    }
    std::sort(cards.begin(), cards.end(), [](const AmdCard& a, const AmdCard& b) {
        return a.bus < b.bus;
    });
    return cards;
}

// The KFD's number of the GPU at each bus address.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the tree, then what to find in it
std::optional<std::uint64_t> kfd_id(const std::string& sysfs_root, const std::string& bus) {
    for (const fs::path& node : entries(sysfs_root + "/class/kfd/kfd/topology/nodes")) {
        const std::optional<std::uint64_t> id = read_number(node / "gpu_id");
        if (!id || *id == 0) continue;  // 0: a CPU
        std::ifstream in(node / "properties");
        std::string key;
        std::uint64_t value = 0;
        std::uint64_t location = 0;
        std::uint64_t domain = 0;
        while (in >> key >> value) {
            if (key == "location_id") location = value;
            if (key == "domain") domain = value;
        }
        if (fmt::format("{:04x}:{:02x}:{:02x}.{:x}",
                        domain,
                        (location >> 8) & 0xff,
                        (location >> 3) & 0x1f,
                        location & 7) == bus) {
            return id;
        }
    }
    return std::nullopt;
}

// NVIDIA's GPUs come first in the numbering of devices.
int nvidia_gpus(const std::string& procfs_root) {
    return static_cast<int>(entries(procfs_root + "/driver/nvidia/gpus").size());
}

std::vector<std::string> library_paths(const std::string& given) {
    if (!given.empty()) return {given};
    std::vector<std::string> folders = {"/opt/rocm/lib/"};
    std::vector<fs::path> versions = entries("/opt");
    std::reverse(versions.begin(), versions.end());  // newest first
    for (const fs::path& folder : versions) {
        if (folder.filename().string().starts_with("rocm-")) {
            folders.push_back(folder.string() + "/lib/");
        }
    }
    std::vector<std::string> paths;
    for (const char* name : {"libamd_smi.so", "librocm_smi64.so", "librocm_smi64.so.1"}) {
        paths.emplace_back(name);
        for (const std::string& folder : folders) paths.push_back(folder + name);
    }
    return paths;
}

ChannelInfo amd_channel(int index, int first, const std::string& name, double cap_w) {
    ChannelInfo channel;
    channel.device = fmt::format("gpu-{}", first + index);
    channel.name = name;
    channel.share = ShareBasis::gpu_usage;
    channel.gpu_index = index;
    channel.plausible_w = cap_w > 0 ? kAmdPlausibleFactor * cap_w : kAmdPlausibleUnknownW;
    channel.accuracy = kAmdAccuracy;
    channel.accuracy_source = kAmdAccuracySource;
    channel.refresh_s = kAmdRefreshS;
    channel.min_interval_ns = kAmdMinIntervalNs;
    return channel;
}

ChannelInfo amd_gauge(int index, int first, const AmdCard& card) {
    ChannelInfo channel = amd_channel(index, first, card.name, card.cap_w);
    channel.source = "amdgpu-hwmon";
    channel.kind = ChannelKind::power_gauge;
    return channel;
}

struct AmdGpu {
    AmdGpuHandle handle;
    AmdCard card;  // empty when sysfs does not show it
    std::optional<std::uint64_t> kfd;
    bool counter = false;
    bool library_power = false;  // no sysfs power: the library's
    std::uint64_t first_value = 0;
    float resolution_uj = 0;
    std::uint64_t last_value = 0;
    std::uint64_t epoch = 0;
};

class AmdDriver final : public GpuDriver {
  public:
    AmdDriver(SensorEnvironment environment, VisibilityVariables variables)
        : environment_(std::move(environment)), variables_(std::move(variables)) {}

    GpuOpening open(const GpuClock& clock) override {
        clock_ = clock;
        GpuOpening opening;
        first_ = nvidia_gpus(environment_.procfs_root);
        namespaced_ = !in_first_pid_namespace(environment_.procfs_root);
        cards_ = amd_cards(environment_.sysfs_root);
        start_library(opening);
        collect();
        if (gpus_.empty()) {
            opening.findings.push_back({.source = "amdsmi",
                                        .state = FindingState::absent,
                                        .subject = environment_.sysfs_root + "/class/drm",
                                        .detail = "no AMD GPU",
                                        .grant = "",
                                        .gain = ""});
            return opening;
        }
        check_counters(opening);
        for (std::size_t g = 0; g < gpus_.size(); ++g) add_channels(static_cast<int>(g), opening);
        std::vector<GpuIdentity> identities;
        for (const AmdGpu& gpu : gpus_) {
            identities.push_back({.uuid = unique_id(gpu.card)});
        }
        const VisibleGpus visible = visible_amd_gpus(identities, variables_);
        opening.reserved = visible.reserved;
        opening.stated = visible.stated;
        return opening;
    }

    void sample(int gpu, std::span<Reading> out) noexcept override {
        const auto index = static_cast<std::size_t>(gpu);
        if (only_power_) {
            out[0] = index < cards_.size() ? read_file(cards_[index].power) : gone();
            return;
        }
        AmdGpu& g = gpus_[index];
        std::size_t c = 0;
        if (g.counter) out[c++] = read_counter(g);
        if (c == out.size()) return;
        out[c] = g.library_power ? read_library_power(g) : read_file(g.card.power);
    }

    // The KFD lists each compute process with the memory it holds on each GPU, and how many compute
    // units its waves occupy.
    void usage(int gpu, GpuUsage& out) noexcept override {
        const auto index = static_cast<std::size_t>(gpu);
        if (only_power_ || namespaced_ || index >= gpus_.size() || !gpus_[index].kfd) return;
        const std::string id = std::to_string(*gpus_[index].kfd);
        std::vector<pid_t> pids;
        bool all_told = true;
        for (const fs::path& process : entries(environment_.sysfs_root + "/class/kfd/kfd/proc")) {
            const std::optional<std::uint64_t> memory = read_number(process / ("vram_" + id));
            if (!memory || *memory == 0) continue;
            const auto pid = static_cast<pid_t>(std::atoi(process.filename().c_str()));
            const std::optional<std::uint64_t> units =
                read_number(process / ("stats_" + id) / "cu_occupancy");
            if (units) {
                out.add(pid, static_cast<double>(*units));
            } else {
                all_told = false;
            }
            pids.push_back(pid);
        }
        double total = 0;
        for (std::size_t i = 0; i < out.count; ++i) total += out.of[i].weight;
        if (all_told && total > 0) {
            out.known = out.measured = true;
            return;
        }
        out.clear();
        out.known = true;
        out.add_group(0, 1.0, pids);
    }

    void only_power() noexcept override { only_power_ = true; }

  private:
    [[nodiscard]] static std::string unique_id(const AmdCard& card) {
        if (card.power.empty()) return "";
        // .../device/hwmon/hwmonN/power1_average
        const std::string id =
            read_text(card.power.parent_path().parent_path().parent_path() / "unique_id");
        return id.empty() ? "" : "GPU-" + id;
    }

    void start_library(GpuOpening& opening) {
        library_ = AmdLibrary::open(library_paths(environment_.amdsmi_library));
        Finding finding{.source = "amdsmi",
                        .state = FindingState::absent,
                        .subject = environment_.amdsmi_library.empty()
                                       ? "libamd_smi.so, librocm_smi64.so"
                                       : environment_.amdsmi_library,
                        .detail = "no library of AMD's",
                        .grant = "",
                        .gain = "an energy counter instead of integrated power"};
        if (library_) {
            finding.subject = library_->path();
            const std::uint32_t status = library_->start();
            if (status == amd_ok) {
                if (library_->layout_known()) return;
                finding.state = FindingState::unsupported;
                finding.detail =
                    fmt::format("version {} of the library is not known: its power is not read",
                                library_->version());
                opening.findings.push_back(std::move(finding));
                return;
            }
            finding.state =
                status == kAmdsmiNoPermission ? FindingState::denied : FindingState::broken;
            finding.detail = fmt::format("it does not start: status {}", status);
            if (status == kAmdsmiNoPermission) finding.grant = "usermod -a -G render,video $USER";
            library_.reset();
        }
        opening.findings.push_back(std::move(finding));
    }

    // The library's GPUs in its order, or sysfs's.
    void collect() {
        if (library_) {
            for (AmdGpuHandle& handle : library_->gpus()) {
                AmdGpu gpu;
                const auto card = std::find_if(cards_.begin(), cards_.end(), [&](const AmdCard& c) {
                    return c.bus == handle.bus;
                });
                if (card != cards_.end()) gpu.card = *card;
                gpu.handle = std::move(handle);
                gpus_.push_back(std::move(gpu));
            }
        }
        if (gpus_.empty()) {
            for (const AmdCard& card : cards_) {
                AmdGpu gpu;
                gpu.handle.bus = card.bus;
                gpu.card = card;
                gpus_.push_back(std::move(gpu));
            }
        }
        for (AmdGpu& gpu : gpus_) {
            gpu.kfd = kfd_id(environment_.sysfs_root, gpu.handle.bus);
            if (!gpu.handle.name.empty()) gpu.card.name = gpu.handle.name;
            gpu.handle.name = gpu.card.name;
        }
    }

    [[nodiscard]] std::optional<std::uint64_t> power_uw(const AmdGpu& gpu) const {
        if (!gpu.card.power.empty()) return read_number(gpu.card.power);
        return library_ ? library_->power_uw(gpu.handle) : std::nullopt;
    }

    // A counter must move, and as fast as the power says, before it is believed.
    void check_counters(GpuOpening& opening) {
        if (!library_) return;
        for (AmdGpu& gpu : gpus_) {
            gpu.counter =
                library_->energy(gpu.handle, gpu.first_value, gpu.resolution_uj) == amd_ok &&
                gpu.resolution_uj > 0 && gpu.first_value != UINT64_MAX;
            gpu.last_value = gpu.first_value;
        }
        const std::int64_t start_ns = clock_().mono_ns;
        const auto still = [](const AmdGpu& g) {
            return g.counter && g.last_value == g.first_value;
        };
        std::chrono::milliseconds waited{0};
        while (waited < kCheckMost &&
               (waited < 2 * kCheckStep || std::any_of(gpus_.begin(), gpus_.end(), still))) {
            std::this_thread::sleep_for(kCheckStep);
            waited += kCheckStep;
            for (AmdGpu& gpu : gpus_) {
                if (gpu.counter)
                    (void)library_->energy(gpu.handle, gpu.last_value, gpu.resolution_uj);
            }
        }
        const double seconds = static_cast<double>(clock_().mono_ns - start_ns) / 1e9;
        for (std::size_t g = 0; g < gpus_.size(); ++g) judge(static_cast<int>(g), seconds, opening);
    }

    void judge(int index, double seconds, GpuOpening& opening) {
        AmdGpu& gpu = gpus_[static_cast<std::size_t>(index)];
        if (!gpu.counter) return;
        const double power_w = static_cast<double>(power_uw(gpu).value_or(0)) / 1e6;
        const double counted_w = seconds > 0
                                     ? static_cast<double>(gpu.last_value - gpu.first_value) *
                                           static_cast<double>(gpu.resolution_uj) / 1e6 / seconds
                                     : 0;
        Finding finding{.source = library_->is_rocm_smi() ? "rocm-smi" : "amdsmi",
                        .state = FindingState::broken,
                        .subject = fmt::format("gpu-{}", first_ + index),
                        .detail = "",
                        .grant = "",
                        .gain = ""};
        if (gpu.last_value == 0 && power_w <= 0) {
            finding.state = FindingState::unsupported;
            finding.detail =
                "counter and power are zero: the other half of this board reports for both";
        } else if (gpu.last_value <= gpu.first_value) {
            finding.detail = "the energy counter stands still while the board draws power";
        } else if (seconds > 0 && power_w > 0 &&
                   (counted_w > kCheckFactor * power_w || counted_w < power_w / kCheckFactor)) {
            finding.detail = fmt::format(
                "the energy counter says {:.0f} W, the power reading {:.0f} W", counted_w, power_w);
        } else {
            return;
        }
        gpu.counter = false;
        if (finding.state == FindingState::unsupported) gpu.card.power.clear();
        opening.findings.push_back(std::move(finding));
    }

    void add_channels(int index, GpuOpening& opening) {
        AmdGpu& gpu = gpus_[static_cast<std::size_t>(index)];
        const std::size_t before = opening.channels.size();
        if (gpu.counter) {
            ChannelInfo channel = amd_channel(index, first_, gpu.handle.name, gpu.card.cap_w);
            channel.source = library_->is_rocm_smi() ? "rocm-smi" : "amdsmi";
            // 15.3 uJ comes as the float 15.3000002: thousandths are what AMD states.
            channel.unit_num = static_cast<std::uint64_t>(
                std::llround(static_cast<double>(gpu.resolution_uj) * 1000));
            channel.unit_den = 1000;
            opening.channels.push_back(std::move(channel));
        }
        if (!gpu.card.power.empty()) {
            opening.channels.push_back(amd_gauge(index, first_, gpu.card));
        } else if (!gpu.counter && library_ && library_->power_uw(gpu.handle)) {
            gpu.library_power = true;
            ChannelInfo channel = amd_gauge(index, first_, gpu.card);
            channel.source = "amdsmi-power";
            opening.channels.push_back(std::move(channel));
        }
        for (std::size_t c = before; c < opening.channels.size(); ++c) {
            opening.findings.push_back({.source = opening.channels[c].source,
                                        .state = FindingState::usable,
                                        .subject = opening.channels[c].device,
                                        .detail = gpu.handle.name,
                                        .grant = "",
                                        .gain = ""});
        }
    }

    [[nodiscard]] Reading gone() const {
        Reading reading;
        reading.status = ReadStatus::gone;
        reading.mono_ns = clock_().mono_ns;
        return reading;
    }

    Reading read_counter(AmdGpu& gpu) {
        Reading reading;
        std::uint64_t value = 0;
        float resolution = 0;
        const std::int64_t before = clock_().mono_ns;
        const std::uint32_t status = library_->energy(gpu.handle, value, resolution);
        reading.mono_ns = before + (clock_().mono_ns - before) / 2;
        if (status == kAmdsmiNotInitialised) (void)library_->start();
        if (status != amd_ok || value == UINT64_MAX) return reading;
        // 64 bits of about 15 uJ never wrap: a fall is a restart.
        if (value < gpu.last_value) ++gpu.epoch;
        gpu.last_value = value;
        reading.status = ReadStatus::ok;
        reading.value = value;
        reading.epoch = gpu.epoch;
        return reading;
    }

    [[nodiscard]] Reading read_library_power(const AmdGpu& gpu) const {
        Reading reading;
        const std::optional<std::uint64_t> power = library_->power_uw(gpu.handle);
        reading.mono_ns = clock_().mono_ns;
        if (power) reading.status = ReadStatus::ok;
        reading.value = power.value_or(0);
        return reading;
    }

    [[nodiscard]] Reading read_file(const fs::path& path) const {
        const std::optional<std::uint64_t> power = read_number(path);
        std::error_code ignored;
        if (!power && !fs::exists(path, ignored)) return gone();
        Reading reading;
        reading.mono_ns = clock_().mono_ns;
        if (power) reading.status = ReadStatus::ok;
        reading.value = power.value_or(0);
        return reading;
    }

    SensorEnvironment environment_;
    VisibilityVariables variables_;
    GpuClock clock_;
    std::optional<AmdLibrary> library_;
    std::vector<AmdCard> cards_;
    std::vector<AmdGpu> gpus_;
    int first_ = 0;  // number of the first AMD GPU among all
    bool namespaced_ = false;
    bool only_power_ = false;
};

// What sysfs shows while the library is still starting.
GpuOpening late_amd(const SensorEnvironment& environment, const VisibilityVariables& variables) {
    GpuOpening opening;
    const int first = nvidia_gpus(environment.procfs_root);
    std::vector<GpuIdentity> identities;
    for (const AmdCard& card : amd_cards(environment.sysfs_root)) {
        opening.channels.push_back(
            amd_gauge(static_cast<int>(opening.channels.size()), first, card));
        identities.push_back({.uuid = ""});
    }
    const VisibleGpus visible = visible_amd_gpus(identities, variables);
    opening.reserved = visible.reserved;
    opening.stated = visible.stated;
    opening.findings.push_back(
        {.source = "amdsmi",
         .state = FindingState::broken,
         .subject = "amdsmi_init",
         .detail = "the library needs more than 2 s to start: energy is integrated from power",
         .grant = "",
         .gain = ""});
    return opening;
}

}  // namespace

SensorOpening open_amdsmi(const SensorEnvironment& environment) {
    return open_amdsmi(environment, GpuLimits{});
}

SensorOpening open_amdsmi(const SensorEnvironment& environment, const GpuLimits& limits) {
    // Without a card of AMD's there is nothing to load ROCm for.
    if (environment.amdsmi_library.empty() && amd_cards(environment.sysfs_root).empty()) {
        SensorOpening opening;
        opening.findings.push_back({.source = "amdsmi",
                                    .state = FindingState::absent,
                                    .subject = environment.sysfs_root + "/class/drm",
                                    .detail = "no AMD GPU",
                                    .grant = "",
                                    .gain = ""});
        return opening;
    }
    const VisibilityVariables variables = visibility_from_environment();
    PolledGpuOptions options;
    options.limits = limits;
    options.clock = environment.clock;
    options.procfs_root = environment.procfs_root;
    options.min_interval_ns = kAmdMinIntervalNs;
    options.late = [environment, variables] { return late_amd(environment, variables); };
    return open_polled_gpus(std::make_unique<AmdDriver>(environment, variables),
                            std::move(options));
}

}  // namespace abate::meter
