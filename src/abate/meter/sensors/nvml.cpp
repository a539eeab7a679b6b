// NVIDIA GPUs through NVML: the energy counter and, as a second view, integrated power; who uses
// the GPU, by process and by MIG instance. docs/reference/sensors.md, section nvml, has the rules
// and the source of every constant.
#include "abate/meter/sensors/nvml_library.h"
#include "abate/meter/sensors/polled_gpu.h"
#include "abate/meter/sensors/power_history.h"
#include "abate/meter/sensors/sensors.h"
#include "abate/meter/visible_gpus.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>

namespace abate::meter {
namespace {

// Energy counters of NVIDIA boards step every 20 to 100 ms by model (Alumet documentation: 20-100
// ms; ML.ENERGY, "Thermally Stable Profiling": about 100 ms). Reading faster buys nothing.
constexpr double kCounterRefreshS = 0.1;
constexpr std::int64_t kMinIntervalNs = 100'000'000;
// NVML API Reference, nvmlDeviceGetPowerUsage: averaged over 1 s on Ampere (except GA100) or newer.
constexpr double kGaugeRefreshS = 1.0;
// NVML API Reference, nvmlDeviceGetPowerUsage: "accurate to within +/- 5% of current power draw";
// confirmed against a wall meter by Yang, Adamek, Armour, SC24, arXiv 2312.02741.
constexpr double kAccuracy = 0.05;
// GA100 and GH100 sample power 25 % of the time (arXiv 2312.02741). For a load that does not keep
// step with the sensor: sqrt(1 - 0.25) x 0.82 (a load that is at 10 % and at 100 % of its power
// half the time each) / sqrt(600 windows of 100 ms in a minute) x 1.645 = 4.8 %, in quadrature with
// 5 %.
constexpr double kPartTimeAccuracy = 0.07;
// Above the power limit the board throttles within milliseconds; twice the limit leaves room for
// overshoot and for a limit that is raised during the run.
constexpr double kPlausibleFactor = 2.0;
// When the driver names no limit: the largest board limit that NVML can express for present parts
// is 1.4 kW (GB300); twice that, rounded up.
constexpr double kPlausibleUnknownW = 3000;
// A lost GPU or driver is asked again this often.
constexpr std::int64_t kRetryNs = 10'000'000'000;
// Samples whose time leaps more than this ahead of the monotonic clock: somebody set the clock.
constexpr std::int64_t kClockLeapUs = 1'000'000;

constexpr std::string_view kAccuracySource =
    "NVML API Reference, nvmlDeviceGetPowerUsage (+/- 5 %); arXiv 2312.02741";
constexpr std::string_view kPartTimeSource =
    "NVML API Reference (+/- 5 %); 25 % of run time sampled on GA100 and GH100, arXiv 2312.02741";

struct MigInstance {
    unsigned id = 0;  // GPU instance
    int slices = 0;
    std::vector<nvml_device_t> devices;  // its compute instances
    nvml_gpm_sample_t earlier = nullptr;
    nvml_gpm_sample_t later = nullptr;
    bool sampled = false;  // `earlier` holds a sample
};

struct Gpu {
    nvml_device_t handle = nullptr;
    bool open = false;  // the driver lets us see it
    std::string name;
    std::string uuid;
    bool has_energy = false;
    bool has_history = false;
    bool has_power = false;

    std::uint64_t epoch = 0;
    std::uint64_t last_energy_mj = 0;
    bool lost = false;
    std::int64_t retry_ns = 0;

    PowerHistory history;
    std::uint64_t history_epoch = 0;
    std::int64_t history_poll_ns = 0;

    std::uint64_t usage_seen_us = 0;
    std::vector<MigInstance> mig;
};

bool part_time(std::string_view name) {
    for (const std::string_view chip :
         {"A100", "A800", "A30", "H100", "H800", "H200", "H20", "GH200"}) {
        const std::size_t at = name.find(chip);
        if (at == std::string_view::npos) continue;
        const std::size_t end = at + chip.size();
        // "A30" is a GA100, "A3000" is not.
        if (end == name.size() || name[end] < '0' || name[end] > '9') return true;
    }
    return false;
}

bool is_gone(nvml_return_t code) { return code == NVML_GPU_IS_LOST || code == NVML_RESET_REQUIRED; }

bool driver_left(nvml_return_t code) {
    return code == NVML_UNINITIALIZED || code == NVML_DRIVER_NOT_LOADED ||
           code == NVML_LIB_RM_VERSION_MISMATCH;
}

std::uint64_t to_unsigned(int type, const nvml_value_t& value) {
    switch (type) {
        case NVML_VALUE_DOUBLE:
            return value.d > 0 ? static_cast<std::uint64_t>(value.d) : 0;
        case NVML_VALUE_UINT:
            return value.ui;
        case NVML_VALUE_SLL:
            return value.sll > 0 ? static_cast<std::uint64_t>(value.sll) : 0;
        case NVML_VALUE_INT:
            return value.si > 0 ? static_cast<std::uint64_t>(value.si) : 0;
        case NVML_VALUE_USHORT:
            return value.us;
        default:
            return value.ull;
    }
}

ChannelInfo base_channel(int index, const std::string& name) {
    ChannelInfo channel;
    channel.device = fmt::format("gpu-{}", index);
    channel.name = name;
    channel.share = ShareBasis::gpu_usage;
    channel.gpu_index = index;
    channel.min_interval_ns = kMinIntervalNs;
    channel.plausible_w = kPlausibleUnknownW;
    channel.accuracy = part_time(name) ? kPartTimeAccuracy : kAccuracy;
    channel.accuracy_source = part_time(name) ? kPartTimeSource : kAccuracySource;
    return channel;
}

ChannelInfo power_gauge(int index, const std::string& name) {
    ChannelInfo channel = base_channel(index, name);
    channel.source = "nvml-power";
    channel.kind = ChannelKind::power_gauge;
    channel.refresh_s = kGaugeRefreshS;
    return channel;
}

class NvmlDriver final : public GpuDriver {
  public:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): private, one call
    NvmlDriver(std::string library, std::string procfs_root, VisibilityVariables variables)
        : path_(std::move(library)),
          procfs_root_(std::move(procfs_root)),
          variables_(std::move(variables)) {}

    ~NvmlDriver() override {
        if (!initialised_) return;
        for (Gpu& gpu : gpus_) free_gpm(gpu);
        nvml_->shutdown();
    }

    GpuOpening open(const GpuClock& clock) override {
        clock_ = clock;
        GpuOpening opening;
        if (!start(opening)) return opening;
        unsigned count = 0;
        const nvml_return_t code = nvml_->count(&count);
        if (code != NVML_OK || count == 0) {
            opening.findings.push_back(
                finding(FindingState::absent,
                        code != NVML_OK ? nvml_->word(code) : "the driver shows no GPU"));
            return opening;
        }
        gpus_.resize(count);
        std::vector<GpuIdentity> identities(count);
        namespaced_ = !in_first_pid_namespace(procfs_root_);
        for (unsigned g = 0; g < count; ++g) {
            open_gpu(static_cast<int>(g), opening);
            identities[g].uuid = gpus_[g].uuid;
            if (gpus_[g].open) open_mig(gpus_[g], identities[g]);
        }
        const VisibleGpus visible = visible_gpus(identities, variables_);
        opening.reserved = visible.reserved;
        opening.stated = visible.stated;
        note_usage(opening);
        return opening;
    }

    void sample(int gpu, std::span<Reading> out) noexcept override {
        const auto index = static_cast<std::size_t>(gpu);
        if (index >= gpus_.size() || !gpus_[index].open) {
            for (Reading& reading : out) {
                reading = {};
                reading.status = ReadStatus::gone;
                reading.mono_ns = now_ns();
            }
            return;
        }
        Gpu& g = gpus_[index];
        if (g.lost) recover(gpu);
        std::size_t c = 0;
        if (g.has_energy && !only_power_) out[c++] = read_energy(g);
        if (c == out.size()) return;
        out[c] = g.has_history && !only_power_ ? read_history(g) : read_power(g);
    }

    void usage(int gpu, GpuUsage& out) noexcept override {
        const auto index = static_cast<std::size_t>(gpu);
        if (index >= gpus_.size() || !gpus_[index].open || gpus_[index].lost || namespaced_) return;
        Gpu& g = gpus_[index];
        if (!g.mig.empty()) {
            mig_usage(g, out);
            return;
        }
        if (!utilisation(g, out)) listed(g, out);
    }

    void only_power() noexcept override { only_power_ = true; }

  private:
    [[nodiscard]] std::int64_t now_ns() const { return clock_().mono_ns; }

    [[nodiscard]] Finding finding(FindingState state, std::string detail) const {
        return {.source = "nvml",
                .state = state,
                .subject = nvml_ ? nvml_->path : path_,
                .detail = std::move(detail),
                .grant = "",
                .gain = ""};
    }

    // Loads and initialises the library.
    bool start(GpuOpening& opening) {
        Result<NvmlLibrary> library = NvmlLibrary::open(path_);
        if (!library) {
            const bool there = library.error().code != ErrorCode::not_found;
            opening.findings.push_back(
                {.source = "nvml",
                 .state = there || !path_.empty() ? FindingState::broken : FindingState::absent,
                 .subject = library.error().where,
                 .detail = library.error().what,
                 .grant = "",
                 .gain = ""});
            return false;
        }
        nvml_ = std::move(*library);
        const nvml_return_t code = nvml_->init();
        initialised_ = code == NVML_OK;
        if (initialised_) return true;
        Finding found =
            finding(code == NVML_NO_PERMISSION ? FindingState::denied : FindingState::broken,
                    fmt::format("nvmlInit: {}", nvml_->word(code)));
        if (code == NVML_DRIVER_NOT_LOADED) {
            found.state = FindingState::absent;
        } else if (code == NVML_NO_PERMISSION) {
            found.grant = "chmod a+rw /dev/nvidiactl /dev/nvidia[0-9]*";
            found.gain = "GPU energy to about 5 % instead of none";
        }
        opening.findings.push_back(std::move(found));
        return false;
    }

    void open_gpu(int index, GpuOpening& opening) {
        Gpu& gpu = gpus_[static_cast<std::size_t>(index)];
        const nvml_return_t code =
            nvml_->handle_by_index(static_cast<unsigned>(index), &gpu.handle);
        const std::string device = fmt::format("gpu-{}", index);
        if (code != NVML_OK) {
            Finding found =
                finding(code == NVML_NO_PERMISSION ? FindingState::denied : FindingState::broken,
                        nvml_->word(code));
            found.subject = device;
            opening.findings.push_back(std::move(found));
            return;
        }
        gpu.open = true;
        identify(gpu);
        probe(gpu);
        if (!gpu.has_energy && !gpu.has_power && !gpu.has_history) {
            Finding found =
                finding(FindingState::unsupported, "neither an energy counter nor power readings");
            found.subject = device;
            opening.findings.push_back(std::move(found));
        }
        add_channels(index, gpu, opening);
    }

    void identify(Gpu& gpu) {
        std::array<char, NVML_NAME_BYTES> text{};
        if (nvml_->name != nullptr && nvml_->name(gpu.handle, text.data(), text.size()) == NVML_OK)
            gpu.name = text.data();
        text = {};
        if (nvml_->uuid != nullptr && nvml_->uuid(gpu.handle, text.data(), text.size()) == NVML_OK)
            gpu.uuid = text.data();
    }

    // What this GPU can tell.
    void probe(Gpu& gpu) {
        std::uint64_t value = 0;
        gpu.has_energy = energy(gpu, value) == NVML_OK;
        gpu.last_energy_mj = value;
        unsigned milliwatts = 0;
        gpu.has_power = power(gpu, milliwatts) == NVML_OK;
        poll_history(gpu);
        gpu.has_history = gpu.history.started();
    }

    void add_channels(int index, const Gpu& gpu, GpuOpening& opening) {
        const double plausible = plausible_w(gpu);
        if (gpu.has_energy) {
            ChannelInfo channel = base_channel(index, gpu.name);
            channel.source = "nvml";
            channel.unit_num = 1000;  // mJ
            channel.refresh_s = kCounterRefreshS;
            channel.plausible_w = plausible;
            opening.channels.push_back(std::move(channel));
        }
        if (gpu.has_history) {
            // The driver's own samples, integrated: a counter of microjoules.
            ChannelInfo channel = base_channel(index, gpu.name);
            channel.source = "nvml-power";
            channel.refresh_s = kCounterRefreshS;
            channel.plausible_w = plausible;
            opening.channels.push_back(std::move(channel));
        } else if (gpu.has_power) {
            ChannelInfo channel = power_gauge(index, gpu.name);
            channel.plausible_w = plausible;
            opening.channels.push_back(std::move(channel));
        }
        if (!gpu.has_energy && !gpu.has_history && !gpu.has_power) return;
        Finding found = finding(FindingState::usable, fmt::format("gpu-{}: {}", index, gpu.name));
        if (!gpu.has_energy) found.detail += ", no energy counter: power is integrated";
        opening.findings.push_back(std::move(found));
    }

    [[nodiscard]] double plausible_w(const Gpu& gpu) const {
        unsigned least = 0;
        unsigned most = 0;
        if (nvml_->limit_range != nullptr &&
            nvml_->limit_range(gpu.handle, &least, &most) == NVML_OK && most > 0) {
            return kPlausibleFactor * most / 1000.0;
        }
        if (nvml_->enforced_limit != nullptr &&
            nvml_->enforced_limit(gpu.handle, &most) == NVML_OK && most > 0) {
            return kPlausibleFactor * most / 1000.0;
        }
        return kPlausibleUnknownW;
    }

    // The MIG devices of a GPU, grouped by GPU instance.
    void open_mig(Gpu& gpu, GpuIdentity& identity) {
        unsigned mode = 0;
        unsigned pending = 0;
        unsigned most = 0;
        if (nvml_->mig_mode == nullptr || nvml_->mig_device == nullptr ||
            nvml_->max_mig_devices == nullptr || nvml_->gpu_instance_id == nullptr ||
            nvml_->attributes == nullptr ||
            nvml_->mig_mode(gpu.handle, &mode, &pending) != NVML_OK || mode != 1 ||
            nvml_->max_mig_devices(gpu.handle, &most) != NVML_OK) {
            return;
        }
        for (unsigned m = 0; m < most; ++m) {
            nvml_device_t device = nullptr;
            unsigned gi = 0;
            nvml_attributes_t attributes{};
            if (nvml_->mig_device(gpu.handle, m, &device) != NVML_OK ||
                nvml_->gpu_instance_id(device, &gi) != NVML_OK ||
                nvml_->attributes(device, &attributes) != NVML_OK) {
                continue;
            }
            add_mig_device(gpu, identity, device, gi, attributes, most);
        }
        for (MigInstance& instance : gpu.mig) open_gpm(instance);
    }

    void add_mig_device(Gpu& gpu,
                        GpuIdentity& identity,
                        nvml_device_t device,
                        unsigned gi,
                        const nvml_attributes_t& attributes,
                        unsigned most) {
        MigIdentity mig;
        mig.gpu_instance = static_cast<int>(gi);
        unsigned ci = 0;
        if (nvml_->compute_instance_id != nullptr &&
            nvml_->compute_instance_id(device, &ci) == NVML_OK) {
            mig.compute_instance = static_cast<int>(ci);
        }
        std::array<char, NVML_UUID_BYTES> text{};
        if (nvml_->uuid != nullptr && nvml_->uuid(device, text.data(), text.size()) == NVML_OK)
            mig.uuid = text.data();
        // Several compute instances may share a GPU instance: each holds its own slices of it.
        const unsigned slices =
            attributes.compute_instance_slices > 0
                ? std::min(attributes.compute_instance_slices, attributes.gpu_instance_slices)
                : attributes.gpu_instance_slices;
        // As many MIG devices fit as the GPU has slices: 7, or 4 on an A30.
        mig.fraction = static_cast<double>(slices) / most;
        identity.mig.push_back(std::move(mig));

        auto instance = std::find_if(
            gpu.mig.begin(), gpu.mig.end(), [&](const MigInstance& i) { return i.id == gi; });
        if (instance == gpu.mig.end()) {
            gpu.mig.push_back({.id = gi,
                               .slices = static_cast<int>(attributes.gpu_instance_slices),
                               .devices = {}});
            instance = gpu.mig.end() - 1;
        }
        instance->devices.push_back(device);
    }

    void open_gpm(MigInstance& instance) {
        if (!nvml_->has_gpm()) return;
        if (nvml_->gpm_alloc(&instance.earlier) != NVML_OK) instance.earlier = nullptr;
        if (nvml_->gpm_alloc(&instance.later) != NVML_OK) instance.later = nullptr;
    }

    void free_gpm(Gpu& gpu) {
        for (MigInstance& instance : gpu.mig) {
            if (instance.earlier != nullptr) nvml_->gpm_free(instance.earlier);
            if (instance.later != nullptr) nvml_->gpm_free(instance.later);
            instance.earlier = instance.later = nullptr;
        }
    }

    void note_usage(GpuOpening& opening) const {
        if (!namespaced_) return;
        Finding found = finding(FindingState::unsupported,
                                "this is not the first pid namespace, and the driver names "
                                "processes as that one does: work is not told apart by process");
        found.subject = procfs_root_ + "/self/ns/pid";
        found.grant = "docker run --pid=host";
        found.gain = "shares of a GPU that several jobs use at once";
        opening.findings.push_back(std::move(found));
    }

    nvml_return_t energy(const Gpu& gpu, std::uint64_t& millijoules) const {
        nvml_return_t code = NVML_FUNCTION_NOT_FOUND;
        if (nvml_->energy != nullptr) {
            unsigned long long value = 0;
            code = nvml_->energy(gpu.handle, &value);
            if (code == NVML_OK) millijoules = value;
        }
        if (code == NVML_NOT_SUPPORTED || code == NVML_FUNCTION_NOT_FOUND) {
            return field(gpu, NVML_FIELD_TOTAL_ENERGY, millijoules);
        }
        return code;
    }

    nvml_return_t power(const Gpu& gpu, unsigned& milliwatts) const {
        nvml_return_t code = NVML_FUNCTION_NOT_FOUND;
        if (nvml_->power != nullptr) code = nvml_->power(gpu.handle, &milliwatts);
        if (code == NVML_NOT_SUPPORTED || code == NVML_FUNCTION_NOT_FOUND) {
            std::uint64_t value = 0;
            code = field(gpu, NVML_FIELD_POWER_INSTANT, value);
            milliwatts = static_cast<unsigned>(value);
        }
        return code;
    }

    nvml_return_t field(const Gpu& gpu, unsigned id, std::uint64_t& out) const {
        if (nvml_->field_values == nullptr) return NVML_NOT_SUPPORTED;
        nvml_field_value_t value{};
        value.field_id = id;
        const nvml_return_t code = nvml_->field_values(gpu.handle, 1, &value);
        if (code != NVML_OK) return code;
        if (value.status == NVML_OK) out = to_unsigned(value.value_type, value.value);
        return value.status;
    }

    // The status of a failed call; notes what has to be done about it.
    ReadStatus failed(Gpu& gpu, nvml_return_t code) {
        if (is_gone(code)) {
            if (!gpu.lost) gpu.retry_ns = now_ns() + kRetryNs;
            gpu.lost = true;
            return ReadStatus::gone;
        }
        if (driver_left(code)) restart();
        return ReadStatus::failed;
    }

    Reading read_energy(Gpu& gpu) {
        Reading reading;
        std::uint64_t value = 0;
        const std::int64_t before = now_ns();
        const nvml_return_t code = energy(gpu, value);
        // A slow call reads its counter somewhere in between.
        reading.mono_ns = before + (now_ns() - before) / 2;
        if (code != NVML_OK) {
            reading.status = failed(gpu, code);
            return reading;
        }
        // 64 bits of millijoules never wrap: a fall is a restart (driver reload, GPU reset).
        if (value < gpu.last_energy_mj) ++gpu.epoch;
        gpu.last_energy_mj = value;
        reading.status = ReadStatus::ok;
        reading.value = value;
        reading.epoch = gpu.epoch;
        return reading;
    }

    Reading read_power(Gpu& gpu) {
        Reading reading;
        unsigned milliwatts = 0;
        const std::int64_t before = now_ns();
        const nvml_return_t code = power(gpu, milliwatts);
        reading.mono_ns = before + (now_ns() - before) / 2;
        reading.status = code == NVML_OK ? ReadStatus::ok : failed(gpu, code);
        reading.value = std::uint64_t{milliwatts} * 1000;
        return reading;
    }

    Reading read_history(Gpu& gpu) {
        Reading reading;
        const nvml_return_t code = poll_history(gpu);
        const Moment now = clock_();
        reading.mono_ns = now.mono_ns;
        if (code != NVML_OK && code != NVML_NOT_FOUND) {
            reading.status = failed(gpu, code);
            return reading;
        }
        if (!gpu.history.started()) return reading;
        // The newest sample's own time, on the monotonic clock.
        const std::int64_t age_us = std::max<std::int64_t>(0, now.wall.us - gpu.history.last().us);
        reading.mono_ns = now.mono_ns - age_us * 1000;
        reading.status = ReadStatus::ok;
        reading.value = gpu.history.microjoules();
        reading.epoch = gpu.history_epoch;
        return reading;
    }

    // Adds the samples since the last poll.
    nvml_return_t poll_history(Gpu& gpu) {
        if (nvml_->samples == nullptr) return NVML_FUNCTION_NOT_FOUND;
        const Moment now = clock_();
        if (gpu.history.started() && gpu.history.last().us > now.wall.us + kClockLeapUs) {
            restart_history(gpu);  // the clock was set back
        }
        int type = NVML_VALUE_UINT;
        auto count = static_cast<unsigned>(samples_.size());
        const unsigned long long since =
            gpu.history.started() ? static_cast<unsigned long long>(gpu.history.last().us) : 0;
        const nvml_return_t code = nvml_->samples(
            gpu.handle, NVML_SAMPLES_TOTAL_POWER, since, &type, &count, samples_.data());
        if (code != NVML_OK) return code;
        for (unsigned s = 0; s < count && s < samples_.size(); ++s) {
            add_sample(gpu, type, samples_[s], now.mono_ns);
        }
        gpu.history_poll_ns = now.mono_ns;
        return code;
    }

    void add_sample(Gpu& gpu, int type, const nvml_sample_t& sample, std::int64_t mono_ns) {
        const auto us = static_cast<std::int64_t>(sample.timestamp_us);
        if (us <= 0) return;  // a slot of the buffer that was never written
        const std::int64_t awake_us = (mono_ns - gpu.history_poll_ns) / 1000;
        if (gpu.history.started() && gpu.history_poll_ns > 0 &&
            us - gpu.history.last().us > 2 * awake_us + kClockLeapUs) {
            restart_history(gpu);  // set forward, or the machine slept
        }
        gpu.history.add({.us = us, .milliwatts = to_unsigned(type, sample.value)});
    }

    static void restart_history(Gpu& gpu) {
        gpu.history.restart();
        ++gpu.history_epoch;
    }

    // A lost GPU may come back after a reset, with its counter restarted.
    void recover(int index) {
        Gpu& gpu = gpus_[static_cast<std::size_t>(index)];
        if (now_ns() < gpu.retry_ns) return;
        gpu.retry_ns = now_ns() + kRetryNs;
        nvml_device_t handle = nullptr;
        if (nvml_->handle_by_index(static_cast<unsigned>(index), &handle) != NVML_OK) return;
        gpu.handle = handle;
        std::uint64_t value = 0;
        unsigned milliwatts = 0;
        if ((gpu.has_energy ? energy(gpu, value) : power(gpu, milliwatts)) != NVML_OK) return;
        gpu.lost = false;
        gpu.last_energy_mj = value;
        ++gpu.epoch;
        restart_history(gpu);
    }

    // The driver was unloaded or replaced: all handles are stale.
    void restart() {
        if (now_ns() < restart_ns_) return;
        restart_ns_ = now_ns() + kRetryNs;
        for (Gpu& gpu : gpus_) free_gpm(gpu);
        if (initialised_) nvml_->shutdown();
        initialised_ = nvml_->init() == NVML_OK;
        if (!initialised_) return;
        for (std::size_t g = 0; g < gpus_.size(); ++g) {
            Gpu& gpu = gpus_[g];
            if (!gpu.open) continue;
            gpu.mig.clear();  // instances and their samples went with the driver
            if (nvml_->handle_by_index(static_cast<unsigned>(g), &gpu.handle) != NVML_OK) {
                gpu.lost = true;
                continue;
            }
            ++gpu.epoch;
            gpu.last_energy_mj = 0;
            restart_history(gpu);
        }
    }

    // Work by process since the last poll. False: this GPU does not tell, or nothing ran.
    bool utilisation(Gpu& gpu, GpuUsage& out) {
        if (nvml_->process_utilization == nullptr) return false;
        auto count = static_cast<unsigned>(work_.size());
        const nvml_return_t code =
            nvml_->process_utilization(gpu.handle, work_.data(), &count, gpu.usage_seen_us);
        if (code != NVML_OK) return false;
        double total = 0;
        const std::uint64_t seen = gpu.usage_seen_us;
        for (unsigned i = 0; i < count && i < work_.size(); ++i) {
            const nvml_process_utilization_t& work = work_[i];
            // Slots that were not written, samples of an earlier poll, and the blank values that
            // some drivers hand out.
            if (work.pid == 0 || work.timestamp_us <= seen || work.sm_util > 100) continue;
            out.add(static_cast<pid_t>(work.pid), work.sm_util);
            total += work.sm_util;
            gpu.usage_seen_us = std::max(gpu.usage_seen_us, work.timestamp_us);
        }
        if (total <= 0) {
            out.clear();
            return false;
        }
        out.known = out.measured = true;
        return true;
    }

    // No figures: who is there. All processes are one group.
    void listed(const Gpu& gpu, GpuUsage& out) {
        pids_count_ = 0;
        if (!add_pids(gpu.handle)) return;
        out.known = true;
        out.add_group(0, 1.0, {pids_.data(), pids_count_});
    }

    // Appends the compute processes of a GPU or MIG device to pids_.
    bool add_pids(nvml_device_t device) {
        if (nvml_->compute_processes == nullptr) return false;
        auto count = static_cast<unsigned>(records_.size() / nvml_->process_bytes);
        if (nvml_->compute_processes(device, &count, records_.data()) != NVML_OK) return false;
        for (unsigned i = 0; i < count && pids_count_ < pids_.size(); ++i) {
            std::uint32_t pid = 0;  // first in all versions
            std::copy_n(records_.data() + i * nvml_->process_bytes,
                        sizeof(pid),
                        reinterpret_cast<unsigned char*>(&pid));
            pids_[pids_count_++] = static_cast<pid_t>(pid);
        }
        return true;
    }

    // Each GPU instance weighs its slices, times its SM activity where the driver measures that.
    void mig_usage(Gpu& gpu, GpuUsage& out) {
        out.known = true;
        bool all_measured = true;
        for (MigInstance& instance : gpu.mig)
            activity_.at(index_of(gpu, instance)) = activity(instance);
        for (const MigInstance& instance : gpu.mig) {
            all_measured = all_measured && activity_.at(index_of(gpu, instance)).has_value();
        }
        out.measured = all_measured;
        for (const MigInstance& instance : gpu.mig) {
            pids_count_ = 0;
            for (nvml_device_t device : instance.devices) {
                if (!add_pids(device)) out.known = false;
            }
            // One yardstick for all instances: a single one without activity sets all back to
            // slices.
            const double weight =
                instance.slices *
                (all_measured ? *activity_.at(index_of(gpu, instance)) : (pids_count_ > 0 ? 1 : 0));
            if (pids_count_ > 0) {
                out.add_group(static_cast<int>(instance.id), weight, {pids_.data(), pids_count_});
            } else {
                out.unnamed += weight;
            }
        }
    }

    static std::size_t index_of(const Gpu& gpu, const MigInstance& instance) {
        return static_cast<std::size_t>(&instance - gpu.mig.data());
    }

    // Share of the instance's SMs that was busy since the last poll, 0..1.
    std::optional<double> activity(MigInstance& instance) {
        if (instance.earlier == nullptr || instance.later == nullptr) return std::nullopt;
        const nvml_device_t parent = parent_of(instance);
        if (nvml_->gpm_mig_sample(parent, instance.id, instance.later) != NVML_OK) {
            instance.sampled = false;
            return std::nullopt;
        }
        std::optional<double> result;
        if (instance.sampled) {
            metrics_ = {};
            metrics_.version = NVML_GPM_VERSION;
            metrics_.count = 1;
            metrics_.earlier = instance.earlier;
            metrics_.later = instance.later;
            metrics_.metrics[0].metric_id = NVML_GPM_SM_UTIL;
            if (nvml_->gpm_metrics(&metrics_) == NVML_OK && metrics_.metrics[0].status == NVML_OK &&
                metrics_.metrics[0].value >= 0) {
                result = std::min(1.0, metrics_.metrics[0].value / 100);
            }
        }
        std::swap(instance.earlier, instance.later);
        instance.sampled = true;
        return result;
    }

    nvml_device_t parent_of(const MigInstance& instance) const {
        for (const Gpu& gpu : gpus_) {
            if (&instance >= gpu.mig.data() && &instance < gpu.mig.data() + gpu.mig.size())
                return gpu.handle;
        }
        return nullptr;
    }

    std::string path_;
    std::string procfs_root_;
    VisibilityVariables variables_;
    GpuClock clock_;
    std::optional<NvmlLibrary> nvml_;
    bool initialised_ = false;
    bool namespaced_ = false;
    bool only_power_ = false;
    std::int64_t restart_ns_ = 0;
    std::vector<Gpu> gpus_;

    // Buffers, so that a poll allocates nothing. The driver keeps some hundred samples.
    std::vector<nvml_sample_t> samples_ = std::vector<nvml_sample_t>(1024);
    std::vector<nvml_process_utilization_t> work_ = std::vector<nvml_process_utilization_t>(512);
    std::vector<unsigned char> records_ =
        std::vector<unsigned char>(512 * sizeof(nvml_process_info_t));
    std::array<pid_t, 512> pids_{};
    std::size_t pids_count_ = 0;
    std::array<std::optional<double>, 16> activity_{};  // at most 7 instances a GPU
    nvml_gpm_metrics_get_t metrics_{};
};

// "Model:  NVIDIA A100" and "GPU UUID:  GPU-..." of /proc/driver/nvidia/gpus/BUS/information.
std::string information(const std::filesystem::path& file, std::string_view key) {
    std::ifstream in(file);
    std::string line;
    while (std::getline(in, line)) {
        if (!line.starts_with(key)) continue;
        const std::size_t at = line.find_first_not_of(" \t", key.size());
        return at == std::string::npos ? "" : line.substr(at);
    }
    return "";
}

// What is known of the GPUs while NVML is still starting: the driver's own list, in bus order,
// which is NVML's order too.
GpuOpening late_opening(const std::string& procfs_root, const VisibilityVariables& variables) {
    namespace fs = std::filesystem;
    GpuOpening opening;
    std::error_code ignored;
    std::vector<fs::path> folders;
    for (fs::directory_iterator it(procfs_root + "/driver/nvidia/gpus", ignored), end; it != end;
         it.increment(ignored)) {
        folders.push_back(it->path());
    }
    std::sort(folders.begin(), folders.end());
    std::vector<GpuIdentity> identities;
    for (const fs::path& folder : folders) {
        identities.push_back({.uuid = information(folder / "information", "GPU UUID:"), .mig = {}});
        opening.channels.push_back(power_gauge(static_cast<int>(opening.channels.size()),
                                               information(folder / "information", "Model:")));
    }
    const VisibleGpus visible = visible_gpus(identities, variables);
    opening.reserved = visible.reserved;
    opening.stated = visible.stated;
    opening.findings.push_back(
        {.source = "nvml",
         .state = FindingState::broken,
         .subject = "nvmlInit",
         .detail = folders.empty()
                       ? "the driver needs more than 2 s to start: no GPU is measured"
                       : "the driver needs more than 2 s to start: until then is a gap, and energy "
                         "is integrated from power instead of counted",
         .grant = "nvidia-smi -pm 1",
         .gain = "GPU energy from the first moment, by the counter"});
    return opening;
}

// What each driver makes: the kernel modules of PCIe boards (open and closed), the paravirtual device of WSL, and the GPU of Tegra.
bool driver_is_there(const SensorEnvironment& environment) {
    for (const char* node : {"/nvidiactl", "/nvidia0", "/dxg", "/nvgpu", "/nvhost-gpu", "/nvmap"})
        if (::access((environment.dev_root + node).c_str(), F_OK) == 0) return true;
    return ::access((environment.procfs_root + "/driver/nvidia").c_str(), F_OK) == 0;
}

}  // namespace

SensorOpening open_nvml(const SensorEnvironment& environment) {
    return open_nvml(environment, GpuLimits{});
}

SensorOpening open_nvml(const SensorEnvironment& environment, const GpuLimits& limits) {
    // Without a driver the library could only say so, and to look for it in all of the loader's
    // folders, on a thread of its own, takes a tenth of a run's start.
    if (environment.nvml_library.empty() && !driver_is_there(environment)) {
        SensorOpening opening;
        opening.findings.push_back({.source = "nvml",
                                    .state = FindingState::absent,
                                    .subject = environment.procfs_root + "/driver/nvidia",
                                    .detail = "no NVIDIA driver",
                                    .grant = "",
                                    .gain = ""});
        return opening;
    }
    const VisibilityVariables variables = visibility_from_environment();
    PolledGpuOptions options;
    options.limits = limits;
    options.clock = environment.clock;
    options.procfs_root = environment.procfs_root;
    options.min_interval_ns = kMinIntervalNs;
    options.late = [procfs = environment.procfs_root, variables] {
        return late_opening(procfs, variables);
    };
    return open_polled_gpus(
        std::make_unique<NvmlDriver>(environment.nvml_library, environment.procfs_root, variables),
        std::move(options));
}

}  // namespace abate::meter
