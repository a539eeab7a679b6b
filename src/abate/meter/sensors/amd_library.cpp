#include "abate/meter/sensors/amd_library.h"

#include <fmt/format.h>

#include <dlfcn.h>

#include <array>
#include <cstring>

namespace abate::meter {
namespace {

constexpr std::uint64_t kInitAmdGpus = 2;  // AMDSMI_INIT_AMD_GPUS
// amdsmi_power_info_t: 68 bytes in version 24, 40 in 25, 192 in 26; amdsmi_asic_info_t less than
// 1 KiB in all; amdsmi_version_t 24 bytes.
using OutBuffer = std::array<unsigned char, 2048>;

template <typename Function>
void load_amd(void* so, Function& function, const char* name) {
    function = reinterpret_cast<Function>(::dlsym(so, name));
}

std::uint32_t u32_at(const OutBuffer& buffer, std::size_t offset) {
    std::uint32_t value = 0;
    std::memcpy(&value, buffer.data() + offset, sizeof(value));
    return value;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): domain:bus, as the kernel writes it
std::string bus_name(std::uint64_t domain, std::uint64_t low) {
    return fmt::format(
        "{:04x}:{:02x}:{:02x}.{:x}", domain, (low >> 8) & 0xff, (low >> 3) & 0x1f, low & 7);
}

// 0xFFFF and 0xFFFFFFFF mean "not available".
bool is_power(std::uint32_t watts) { return watts != 0 && watts != 0xFFFF && watts != 0xFFFFFFFF; }

}  // namespace

std::optional<AmdLibrary> AmdLibrary::open(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        void* so = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (so == nullptr) continue;
        AmdLibrary amd;
        amd.path_ = path;
        amd.so_ = std::shared_ptr<void>(so, [](void* handle) { ::dlclose(handle); });
        load_amd(so, amd.init_, "amdsmi_init");
        load_amd(so, amd.shut_down_, "amdsmi_shut_down");
        load_amd(so, amd.lib_version_, "amdsmi_get_lib_version");
        load_amd(so, amd.sockets_, "amdsmi_get_socket_handles");
        load_amd(so, amd.processors_, "amdsmi_get_processor_handles");
        load_amd(so, amd.bdf_, "amdsmi_get_gpu_device_bdf");
        load_amd(so, amd.asic_, "amdsmi_get_gpu_asic_info");
        load_amd(so, amd.energy_, "amdsmi_get_energy_count");
        load_amd(so, amd.power_, "amdsmi_get_power_info");
        if (amd.init_ != nullptr && amd.shut_down_ != nullptr && amd.sockets_ != nullptr &&
            amd.processors_ != nullptr && amd.lib_version_ != nullptr) {
            return amd;
        }
        load_amd(so, amd.rsmi_init_, "rsmi_init");
        load_amd(so, amd.rsmi_shut_down_, "rsmi_shut_down");
        load_amd(so, amd.rsmi_count_, "rsmi_num_monitor_devices");
        load_amd(so, amd.rsmi_name_, "rsmi_dev_name_get");
        load_amd(so, amd.rsmi_bdf_, "rsmi_dev_pci_id_get");
        load_amd(so, amd.rsmi_energy_, "rsmi_dev_energy_count_get");
        load_amd(so, amd.rsmi_power_, "rsmi_dev_power_ave_get");
        if (amd.rsmi_init_ != nullptr && amd.rsmi_shut_down_ != nullptr &&
            amd.rsmi_count_ != nullptr) {
            return amd;
        }
    }
    return std::nullopt;
}

AmdLibrary::~AmdLibrary() {
    // A moved-from object holds no library.
    if (!started_ || !so_) return;
    if (is_rocm_smi()) {
        rsmi_shut_down_();
    } else {
        shut_down_();
    }
}

std::uint32_t AmdLibrary::start() {
    const std::uint32_t status = is_rocm_smi() ? rsmi_init_(0) : init_(kInitAmdGpus);
    started_ = status == amd_ok;
    if (!started_ || is_rocm_smi()) return status;
    // The first word is the year (version 24) or the major version (25, 26): the same number.
    OutBuffer buffer{};
    if (lib_version_(buffer.data()) == amd_ok) version_ = u32_at(buffer, 0);
    return status;
}

std::vector<AmdGpuHandle> AmdLibrary::gpus() const {
    return is_rocm_smi() ? rsmi_gpus() : amdsmi_gpus();
}

std::vector<AmdGpuHandle> AmdLibrary::amdsmi_gpus() const {
    std::vector<AmdGpuHandle> gpus;
    std::uint32_t count = 0;
    if (sockets_(&count, nullptr) != amd_ok) return gpus;
    std::vector<void*> sockets(count);
    if (sockets_(&count, sockets.data()) != amd_ok) return gpus;
    for (void* socket : sockets) {
        std::uint32_t here = 0;
        if (processors_(socket, &here, nullptr) != amd_ok) continue;
        std::vector<void*> processors(here);
        if (processors_(socket, &here, processors.data()) != amd_ok) continue;
        for (void* processor : processors) {
            AmdGpuHandle gpu;
            gpu.processor = processor;
            std::uint64_t bdf = 0;
            if (bdf_ != nullptr && bdf_(processor, &bdf) == amd_ok)
                gpu.bus = bus_name(bdf >> 16, bdf);
            OutBuffer buffer{};
            if (asic_ != nullptr && asic_(processor, buffer.data()) == amd_ok) {
                buffer[255] = 0;  // market_name comes first in all versions
                gpu.name = reinterpret_cast<const char*>(buffer.data());
            }
            gpus.push_back(std::move(gpu));
        }
    }
    return gpus;
}

std::vector<AmdGpuHandle> AmdLibrary::rsmi_gpus() const {
    std::vector<AmdGpuHandle> gpus;
    std::uint32_t count = 0;
    if (rsmi_count_(&count) != amd_ok) return gpus;
    for (std::uint32_t index = 0; index < count; ++index) {
        AmdGpuHandle gpu;
        gpu.index = index;
        std::uint64_t bdf = 0;
        if (rsmi_bdf_ != nullptr && rsmi_bdf_(index, &bdf) == amd_ok)
            gpu.bus = bus_name(bdf >> 32, bdf);
        std::array<char, 256> name{};
        if (rsmi_name_ != nullptr && rsmi_name_(index, name.data(), name.size() - 1) == amd_ok)
            gpu.name = name.data();
        gpus.push_back(std::move(gpu));
    }
    return gpus;
}

std::uint32_t AmdLibrary::energy(const AmdGpuHandle& gpu,
                                 std::uint64_t& counter,
                                 float& resolution_uj) const {
    std::uint64_t timestamp_ns = 0;
    if (is_rocm_smi()) {
        return rsmi_energy_ != nullptr
                   ? rsmi_energy_(gpu.index, &counter, &resolution_uj, &timestamp_ns)
                   : static_cast<std::uint32_t>(amd_not_supported);
    }
    return energy_ != nullptr ? energy_(gpu.processor, &counter, &resolution_uj, &timestamp_ns)
                              : static_cast<std::uint32_t>(amd_not_supported);
}

std::optional<std::uint64_t> AmdLibrary::power_uw(const AmdGpuHandle& gpu) const {
    if (is_rocm_smi()) {
        std::uint64_t microwatts = 0;
        if (rsmi_power_ == nullptr || rsmi_power_(gpu.index, 0, &microwatts) != amd_ok)
            return std::nullopt;
        return microwatts;
    }
    if (power_ == nullptr || !layout_known()) return std::nullopt;
    OutBuffer buffer{};
    if (power_(gpu.processor, buffer.data()) != amd_ok) return std::nullopt;
    // Version 24: current, average first. From 25 a 64-bit socket_power stands before them.
    const std::size_t current_at = version_ == 24 ? 0 : 8;
    const std::uint32_t current = u32_at(buffer, current_at);
    const std::uint32_t average = u32_at(buffer, current_at + 4);
    if (is_power(average)) return std::uint64_t{average} * 1'000'000;
    if (is_power(current)) return std::uint64_t{current} * 1'000'000;
    return std::nullopt;
}

}  // namespace abate::meter
