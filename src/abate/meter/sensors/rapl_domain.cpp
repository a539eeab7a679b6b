#include "abate/meter/sensors/rapl_domain.h"

#include "abate/meter/sysfs.h"

namespace abate::meter {
namespace {

// No study gives one 90 % interval for all processors; these are our reading of the studies named,
// see docs/reference/sensors.md.
constexpr double kIntelPackageAccuracy = 0.05;
constexpr double kModelledPackageAccuracy = 0.10;
constexpr double kRaplDramAccuracy = 0.20;

constexpr const char* kIntelPackageSource =
    "abate's reading of Hackenberg et al. 2015 (doi:10.1109/IPDPSW.2015.70) and Khan et al. 2018 "
    "(doi:10.1145/3177754)";
constexpr const char* kModelledPackageSource =
    "abate's reading of Schoene et al. 2021 (arXiv:2108.00808)";
constexpr const char* kRaplDramSource =
    "abate's reading of Desrochers, Paradis, Weaver 2016 (doi:10.1145/2989081.2989088)";

// Intel's running average is refreshed about every millisecond (Intel SDM vol. 3B, 15.10 "RAPL
// interfaces"; Khan et al. 2018); AMD likewise.
constexpr double kRaplRefreshS = 0.001;

std::string domain_with_place(std::string_view kind, const RaplDomain& domain) {
    std::string name = std::string(kind) + "-" + std::to_string(domain.package);
    if (domain.die >= 0) name += "-die-" + std::to_string(domain.die);
    return name;
}

}  // namespace

CpuVendor cpu_vendor(const std::string& procfs_root) {
    const auto text = read_small_file(procfs_root + "/cpuinfo");
    if (!text) return CpuVendor::other;
    if (text->find("GenuineIntel") != std::string::npos) return CpuVendor::intel;
    if (text->find("AuthenticAMD") != std::string::npos ||
        text->find("HygonGenuine") != std::string::npos) {
        return CpuVendor::amd;
    }
    return CpuVendor::other;
}

void describe_domain(const RaplDomain& domain, ChannelInfo& info) {
    info.refresh_s = kRaplRefreshS;
    info.plausible_w = kDefaultSocketW;
    info.accuracy =
        domain.vendor == CpuVendor::intel ? kIntelPackageAccuracy : kModelledPackageAccuracy;
    info.accuracy_source =
        domain.vendor == CpuVendor::intel ? kIntelPackageSource : kModelledPackageSource;
    info.inside.clear();
    if (domain.domain == "psys") {
        info.device = "psys";
        info.plausible_w = kDefaultPlatformW;
        return;
    }
    info.device = domain_with_place(domain.domain, domain);
    if (domain.domain == "dram") {
        info.accuracy = kRaplDramAccuracy;
        info.accuracy_source = kRaplDramSource;
    } else if (domain.domain != "package") {
        info.inside = domain_with_place("package", domain);
    }
}

std::optional<PackageName> parse_package_name(std::string_view name) {
    constexpr std::string_view kPackage = "package-";
    constexpr std::string_view kDie = "-die-";
    if (name.substr(0, kPackage.size()) != kPackage) return std::nullopt;
    name.remove_prefix(kPackage.size());
    const std::size_t at = name.find(kDie);
    const auto package = parse_sysfs_unsigned(name.substr(0, at));
    if (!package || *package > 65535) return std::nullopt;
    PackageName result{.package = static_cast<int>(*package)};
    if (at != std::string_view::npos) {
        const auto die = parse_sysfs_unsigned(name.substr(at + kDie.size()));
        if (!die || *die > 65535) return std::nullopt;
        result.die = static_cast<int>(*die);
    }
    return result;
}

}  // namespace abate::meter
