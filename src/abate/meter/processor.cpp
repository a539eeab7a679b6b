#include "abate/meter/processor.h"

#include "abate/meter/procfs.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>
#include <system_error>

namespace abate::meter {
namespace {

int field_value(std::string_view text) {
    return static_cast<int>(std::min<std::uint64_t>(parse_number(text).value_or(0), 0xffff));
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): where, then what
bool has_word(std::string_view words, std::string_view wanted) {
    for (std::string_view word = take_word(words); !word.empty(); word = take_word(words)) {
        if (word == wanted) return true;
    }
    return false;
}

// What the first CPU's block says of all.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): key: value, as cpuinfo has it
void read_first_block(Processor& cpu, std::string_view key, std::string_view value) {
    if (key == "vendor_id") cpu.vendor = value;
    if (key == "model name") cpu.model_name = value;
    if (key == "cpu family") cpu.family = field_value(value);
    if (key == "model") cpu.model = field_value(value);
    if (key == "stepping") cpu.stepping = field_value(value);
    if (key == "flags") cpu.guest = has_word(value, "hypervisor");
}

// Distinct package ids of the topology; 0 where it does not tell.
int count_packages(const std::string& sysfs_root) {
    std::set<std::string> packages;
    std::error_code error;
    const std::string folder = sysfs_root + "/devices/system/cpu";
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string text = read_text(entry.path().string() + "/topology/physical_package_id");
        const std::string_view id = trimmed(text);
        if (!id.empty() && id != "-1") packages.emplace(id);
    }
    return static_cast<int>(std::min<std::size_t>(packages.size(), 0xffff));
}

}  // namespace

Processor parse_processor(std::string_view cpuinfo) {
    Processor cpu;
    std::set<int> packages;
    std::string board;
    int blocks = 0;
    while (!cpuinfo.empty()) {
        const std::string_view line = take_line(cpuinfo);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view key = trimmed(line.substr(0, colon));
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (key == "processor") blocks = std::min(blocks + 1, 0xffff);
        if (key == "physical id") packages.insert(field_value(value));
        // ARM and RISC-V boards, once at the end.
        if ((key == "Model" || key == "Hardware") && board.empty()) board = value;
        if (blocks <= 1) read_first_block(cpu, key, value);
    }
    if (cpu.model_name.empty()) cpu.model_name = board;
    cpu.cpus = std::max(blocks, 1);
    cpu.sockets = static_cast<int>(packages.size());
    return cpu;
}

Processor read_processor(const SensorEnvironment& environment) {
    if (environment.processor) return *environment.processor;
    Processor cpu = parse_processor(read_text(environment.procfs_root + "/cpuinfo"));
    const std::string& sys = environment.sysfs_root;
    if (const auto online = count_cpu_list(read_text(sys + "/devices/system/cpu/online"));
        online && *online > 0) {
        cpu.cpus = *online;
    }
    if (cpu.sockets == 0) cpu.sockets = count_packages(sys);
    cpu.sockets = std::max(cpu.sockets, 1);
    return cpu;
}

}  // namespace abate::meter
