#include "abate/report/report.h"

#include <fmt/format.h>

namespace abate::report {
namespace {

// A TOML basic string.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string range(const Ranged& r) {
    // As many digits as it takes to read the same number again.
    return fmt::format("{{ value = {}, low = {}, high = {} }}", r.value, r.low, r.high);
}

}  // namespace

std::string profile_toml(const meter::PowerProfile& profile) {
    std::string out =
        "# Power profile, written by `abate calibrate`. Watts of the whole machine's packages at a "
        "load of 0 to 1.\n";
    out += fmt::format(
        "schema = 1\nname = {}\ncpu_model = {}\ncpus = {}\nfitted_at = {}\nsource = {}\nresidual = "
        "{}\n",
        quoted(profile.name),
        quoted(profile.cpu_model),
        profile.cpus,
        quoted(profile.fitted_at),
        quoted(profile.source),
        profile.residual);
    if (profile.dram_w_per_gb.value > 0)
        out += "dram_w_per_gb = " + range(profile.dram_w_per_gb) + "\n";
    if (profile.node_ratio.value > 0) {
        out += "node_ratio = " + range(profile.node_ratio) +
               "\nwall_source = " + quoted(profile.wall_source) + "\n";
    }
    for (const meter::PowerPoint& point : profile.points) {
        out += fmt::format(
            "\n[[points]]\nutilisation = {}\nwatts = {}\n", point.utilisation, range(point.watts));
    }
    return out;
}

}  // namespace abate::report
