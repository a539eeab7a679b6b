#include "abate/meter/host.h"

#include "abate/meter/processor.h"
#include "abate/meter/procfs.h"

#include <fmt/format.h>

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace abate::meter {
namespace {

std::string read_trimmed(const std::string& path) { return std::string(trimmed(read_text(path))); }

std::uint64_t memory_bytes(std::string_view meminfo) {
    while (!meminfo.empty()) {
        std::string_view line = take_line(meminfo);
        if (take_word(line) == "MemTotal:") return parse_number(take_word(line)).value_or(0) * 1024;
    }
    return 0;
}

bool has_battery(const std::string& sysfs_root) {
    std::error_code error;
    const std::string folder = sysfs_root + "/class/power_supply";
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string path = entry.path().string();
        // `scope` Device: the battery of a mouse or a headset (sysfs-class-power of the kernel).
        if (read_trimmed(path + "/type") == "Battery" &&
            read_trimmed(path + "/scope") != "Device") {
            return true;
        }
    }
    return false;
}

// The folder that holds /proc also holds /.dockerenv and /run.
bool in_container(const SensorEnvironment& environment, const GetVariable& variable) {
    const std::string root = std::filesystem::path(environment.procfs_root).parent_path().string();
    std::error_code error;
    if (std::filesystem::exists(root + "/.dockerenv", error) ||
        std::filesystem::exists(root + "/run/.containerenv", error) ||
        !variable("container").empty() || !variable("KUBERNETES_SERVICE_HOST").empty()) {
        return true;
    }
    for (const CgroupLine& line :
         parse_cgroup(read_text(environment.procfs_root + "/self/cgroup"))) {
        for (const char* mark : {"/docker/", "/docker-", "/kubepods", "/lxc/", "/libpod-"}) {
            if (line.path.find(mark) != std::string::npos) return true;
        }
    }
    return false;
}

bool is_one_of(int value, std::initializer_list<int> values) {
    return std::ranges::find(values, value) != values.end();
}

}  // namespace

std::string host_kind(const HostClues& clues) {
    if (clues.container) return "container";
    if (clues.hypervisor) return "virtual-machine";
    // DMTF SMBIOS reference (DSP0134) table 17: 8 portable, 9 laptop, 10 notebook, 14 sub-notebook,
    // 31 convertible, 32 detachable.
    if (clues.battery || is_one_of(clues.chassis, {8, 9, 10, 14, 31, 32})) return "laptop";
    // 3 desktop, 4 low profile, 5 pizza box, 6 mini tower, 7 tower, 13 all in one, 15 space-saving,
    // 16 lunch box, 24 sealed-case, 35 mini PC, 36 stick PC.
    if (is_one_of(clues.chassis, {3, 4, 5, 6, 7, 13, 15, 16, 24, 35, 36})) return "desktop";
    // 17 main server, 23 rack mount, 28 blade ...; and what tells nothing (most ARM servers).
    return "server";
}

HostClues read_host_clues(const SensorEnvironment& environment, const GetVariable& variable) {
    HostClues clues;
    clues.container = in_container(environment, variable);
    clues.hypervisor = read_processor(environment).guest ||
                       !read_trimmed(environment.sysfs_root + "/hypervisor/type").empty();
    clues.battery = has_battery(environment.sysfs_root);
    clues.chassis = static_cast<int>(std::min<std::uint64_t>(
        parse_number(read_text(environment.sysfs_root + "/class/dmi/id/chassis_type")).value_or(0),
        255));
    return clues;
}

Host read_host(const SensorEnvironment& environment, const GetVariable& variable) {
    const std::string& proc = environment.procfs_root;
    Host host;
    utsname system{};
    ::uname(&system);
    host.name = read_trimmed(proc + "/sys/kernel/hostname");
    if (host.name.empty()) host.name = system.nodename;
    std::string release = read_trimmed(proc + "/sys/kernel/osrelease");
    if (release.empty()) release = system.release;
    host.os = fmt::format("{} {} {}", system.sysname, release, system.machine);

    const Processor cpu = read_processor(environment);
    host.cpu_model = cpu.model_name.empty() ? std::string(system.machine) : cpu.model_name;
    host.sockets = cpu.sockets;
    host.cpus = cpu.cpus;
    host.memory_bytes = memory_bytes(read_text(proc + "/meminfo"));

    const HostClues clues = read_host_clues(environment, variable);
    host.virtual_machine = clues.hypervisor;
    host.kind = host_kind(clues);
    return host;
}

Host read_host(const SensorEnvironment& environment) {
    return read_host(environment, [](const std::string& name) {
        const char* value = std::getenv(name.c_str());
        return std::string(value != nullptr ? value : "");
    });
}

}  // namespace abate::meter
