#include "abate/meter/visible_gpus.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace abate::meter {
namespace {

// What one entry of a list names: a GPU (`mig` = -1) or a MIG device of it.
struct Target {
    int gpu = -1;
    int mig = -1;
};

std::string_view trim(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split_at(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t at = text.find(separator);
        parts.push_back(trim(text.substr(0, at)));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::optional<int> to_index(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

// The whole GPU, or its first MIG device: with MIG on, a program that names the GPU gets the first
// compute instance (NVIDIA MIG User Guide, "CUDA Device Enumeration").
Target whole(std::span<const GpuIdentity> gpus, int gpu) {
    return {.gpu = gpu, .mig = gpus[static_cast<std::size_t>(gpu)].mig.empty() ? -1 : 0};
}

// "MIG-GPU-<parent uuid>/<GPU instance>/<compute instance>", the form of drivers before R470.
std::optional<Target> find_old_mig(std::span<const GpuIdentity> gpus, std::string_view entry) {
    const std::vector<std::string_view> parts = split_at(entry.substr(4), '/');
    if (parts.size() != 3) return std::nullopt;
    const std::optional<int> gi = to_index(parts[1]);
    const std::optional<int> ci = to_index(parts[2]);
    for (std::size_t g = 0; g < gpus.size(); ++g) {
        if (gpus[g].uuid != parts[0]) continue;
        for (std::size_t m = 0; m < gpus[g].mig.size(); ++m) {
            if (gi == gpus[g].mig[m].gpu_instance && ci == gpus[g].mig[m].compute_instance) {
                return Target{.gpu = static_cast<int>(g), .mig = static_cast<int>(m)};
            }
        }
    }
    return std::nullopt;
}

// A UUID or a prefix of it that fits exactly one device.
std::optional<Target> find_uuid(std::span<const GpuIdentity> gpus, std::string_view entry) {
    std::optional<Target> found;
    int matches = 0;
    for (std::size_t g = 0; g < gpus.size(); ++g) {
        if (gpus[g].uuid.starts_with(entry)) {
            found = whole(gpus, static_cast<int>(g));
            ++matches;
        }
        for (std::size_t m = 0; m < gpus[g].mig.size(); ++m) {
            if (gpus[g].mig[m].uuid.starts_with(entry)) {
                found = Target{.gpu = static_cast<int>(g), .mig = static_cast<int>(m)};
                ++matches;
            }
        }
    }
    return matches == 1 ? found : std::nullopt;
}

// "3" (position in `order`), "1:0" (GPU : MIG device, container toolkit), UUIDs.
std::optional<Target> find(std::span<const GpuIdentity> gpus,
                           std::span<const int> order,
                           std::string_view entry) {
    if (const std::optional<int> index = to_index(entry)) {
        if (static_cast<std::size_t>(*index) >= order.size()) return std::nullopt;
        return whole(gpus, order[static_cast<std::size_t>(*index)]);
    }
    if (entry.starts_with("MIG-GPU-") && entry.find('/') != std::string_view::npos) {
        return find_old_mig(gpus, entry);
    }
    if (entry.starts_with("GPU-") || entry.starts_with("MIG-")) return find_uuid(gpus, entry);
    const std::size_t colon = entry.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::optional<int> gpu = to_index(entry.substr(0, colon));
    const std::optional<int> mig = to_index(entry.substr(colon + 1));
    if (!gpu || !mig || static_cast<std::size_t>(*gpu) >= order.size()) return std::nullopt;
    const int g = order[static_cast<std::size_t>(*gpu)];
    if (static_cast<std::size_t>(*mig) >= gpus[static_cast<std::size_t>(g)].mig.size()) {
        return std::nullopt;
    }
    return Target{.gpu = g, .mig = *mig};
}

struct Listed {
    std::vector<Target> targets;  // in order, without repeats
    std::string unresolved;
};

// Up to the first entry that names nothing.
Listed resolve(std::span<const GpuIdentity> gpus,
               std::span<const int> order,
               std::string_view list) {
    Listed listed;
    for (const std::string_view entry : split_at(list, ',')) {
        const std::optional<Target> target = find(gpus, order, entry);
        if (!target) {
            listed.unresolved = std::string(entry);
            break;
        }
        const auto same = [&](const Target& other) {
            return other.gpu == target->gpu && other.mig == target->mig;
        };
        if (std::ranges::none_of(listed.targets, same)) listed.targets.push_back(*target);
    }
    return listed;
}

std::vector<int> all_of(std::span<const GpuIdentity> gpus) {
    std::vector<int> order(gpus.size());
    for (std::size_t g = 0; g < order.size(); ++g) order[g] = static_cast<int>(g);
    return order;
}

VisibleGpus everything(std::span<const GpuIdentity> gpus) {
    return {.reserved = std::vector<double>(gpus.size(), 1.0), .stated = false, .unresolved = ""};
}

VisibleGpus only(std::span<const GpuIdentity> gpus, const Listed& listed) {
    VisibleGpus visible{.reserved = std::vector<double>(gpus.size(), 0.0),
                        .stated = true,
                        .unresolved = listed.unresolved};
    for (const Target& target : listed.targets) {
        const auto g = static_cast<std::size_t>(target.gpu);
        const double part =
            target.mig < 0 ? 1.0 : gpus[g].mig[static_cast<std::size_t>(target.mig)].fraction;
        visible.reserved[g] = std::min(1.0, visible.reserved[g] + part);
    }
    return visible;
}

}  // namespace

VisibleGpus visible_gpus(std::span<const GpuIdentity> gpus, const VisibilityVariables& variables) {
    const std::vector<int> order = all_of(gpus);
    if (variables.cuda) return only(gpus, resolve(gpus, order, *variables.cuda));
    if (!variables.nvidia) return everything(gpus);
    const std::string_view list = trim(*variables.nvidia);
    if (list.empty() || list == "all" || list == "void") return everything(gpus);
    if (list == "none") return only(gpus, {});
    const Listed listed = resolve(gpus, order, list);
    // Indices of the host, seen from a container that shows only what it was given.
    if (to_index(listed.unresolved)) return everything(gpus);
    return only(gpus, listed);
}

VisibleGpus visible_amd_gpus(std::span<const GpuIdentity> gpus,
                             const VisibilityVariables& variables) {
    const std::optional<std::string>& inner = variables.hip ? variables.hip : variables.cuda;
    if (!variables.rocr && !inner) return everything(gpus);
    std::vector<int> order = all_of(gpus);
    Listed listed;
    if (variables.rocr) {
        listed = resolve(gpus, order, *variables.rocr);
        order.clear();
        for (const Target& target : listed.targets) order.push_back(target.gpu);
    }
    if (inner) {
        const std::string outer_unresolved = listed.unresolved;
        listed = resolve(gpus, order, *inner);
        if (listed.unresolved.empty()) listed.unresolved = outer_unresolved;
    }
    return only(gpus, listed);
}

VisibilityVariables visibility_from_environment() {
    const auto get = [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        if (value == nullptr) return std::nullopt;
        return std::string(value);
    };
    return {.cuda = get("CUDA_VISIBLE_DEVICES"),
            .nvidia = get("NVIDIA_VISIBLE_DEVICES"),
            .rocr = get("ROCR_VISIBLE_DEVICES"),
            .hip = get("HIP_VISIBLE_DEVICES")};
}

}  // namespace abate::meter
