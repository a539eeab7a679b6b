// AmdLibrary: AMD's management libraries, opened at run time and never linked: libamd_smi.so, or
// the older librocm_smi64.so. Only calls whose arguments are plain scalars are trusted blindly; the
// one structure that is read changed its layout from version 24 to 25, so the version is asked
// first and the buffer is larger than any known layout.
//
//     if (std::optional<AmdLibrary> amd = AmdLibrary::open({"libamd_smi.so"})) amd->gpus();
//
// Sources: amdsmi.h and rocm_smi.h of ROCm 6.0 to 7.1. Not thread-safe: one thread calls it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace abate::meter {

// amdsmi_status_t and rsmi_status_t agree on these.
enum AmdStatus : std::uint32_t { amd_ok = 0, amd_not_supported = 2 };
constexpr std::uint32_t kAmdsmiNoPermission = 10;
constexpr std::uint32_t kAmdsmiNotInitialised = 32;

struct AmdGpuHandle {
    void* processor = nullptr;  // libamd_smi
    std::uint32_t index = 0;    // librocm_smi64
    std::string bus;            // "0000:c5:00.0"
    std::string name;
};

class AmdLibrary {
  public:
    // The first of `paths` that is one of the two libraries. Nothing is called yet.
    static std::optional<AmdLibrary> open(const std::vector<std::string>& paths);
    ~AmdLibrary();
    AmdLibrary(AmdLibrary&&) = default;
    AmdLibrary& operator=(AmdLibrary&&) = default;

    // Status 0: ready, and version() is known.
    std::uint32_t start();
    [[nodiscard]] std::vector<AmdGpuHandle> gpus() const;
    // energy in uJ = counter * resolution_uj.
    std::uint32_t energy(const AmdGpuHandle& gpu,
                         std::uint64_t& counter,
                         float& resolution_uj) const;
    // Board power in microwatts; nothing where it is not told or the layout is not known.
    [[nodiscard]] std::optional<std::uint64_t> power_uw(const AmdGpuHandle& gpu) const;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool is_rocm_smi() const { return rsmi_init_ != nullptr; }
    // 24, 25, 26; 0 for librocm_smi64.
    [[nodiscard]] std::uint32_t version() const { return version_; }
    [[nodiscard]] bool layout_known() const {
        return is_rocm_smi() || (version_ >= 24 && version_ <= 26);
    }

  private:
    AmdLibrary() = default;
    [[nodiscard]] std::vector<AmdGpuHandle> amdsmi_gpus() const;
    [[nodiscard]] std::vector<AmdGpuHandle> rsmi_gpus() const;

    std::string path_;
    std::shared_ptr<void> so_;
    bool started_ = false;
    std::uint32_t version_ = 0;

    std::uint32_t (*init_)(std::uint64_t) = nullptr;
    std::uint32_t (*shut_down_)() = nullptr;
    std::uint32_t (*lib_version_)(void*) = nullptr;
    std::uint32_t (*sockets_)(std::uint32_t*, void**) = nullptr;
    std::uint32_t (*processors_)(void*, std::uint32_t*, void**) = nullptr;
    std::uint32_t (*bdf_)(void*, std::uint64_t*) = nullptr;
    std::uint32_t (*asic_)(void*, void*) = nullptr;
    std::uint32_t (*energy_)(void*, std::uint64_t*, float*, std::uint64_t*) = nullptr;
    std::uint32_t (*power_)(void*, void*) = nullptr;

    std::uint32_t (*rsmi_init_)(std::uint64_t) = nullptr;
    std::uint32_t (*rsmi_shut_down_)() = nullptr;
    std::uint32_t (*rsmi_count_)(std::uint32_t*) = nullptr;
    std::uint32_t (*rsmi_name_)(std::uint32_t, char*, std::size_t) = nullptr;
    std::uint32_t (*rsmi_bdf_)(std::uint32_t, std::uint64_t*) = nullptr;
    std::uint32_t (*rsmi_energy_)(std::uint32_t, std::uint64_t*, float*, std::uint64_t*) = nullptr;
    std::uint32_t (*rsmi_power_)(std::uint32_t, std::uint32_t, std::uint64_t*) = nullptr;
};

}  // namespace abate::meter
