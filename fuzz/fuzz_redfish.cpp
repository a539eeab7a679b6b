// Any documents from a BMC, one a line, served in turn: the walk ends, asks within bounds and only
// below its base, and a reading is a plausible power.
#include "abate/meter/sensors/redfish.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::string> documents{""};
    for (std::size_t i = 0; i < size; ++i) {
        const char c = static_cast<char>(data[i]);
        if (c == '\n') {
            documents.emplace_back();
        } else {
            documents.back().push_back(c);
        }
    }
    const std::string base = "https://bmc.example";
    std::size_t asked = 0;
    const abate::meter::HttpGet get = [&](const std::string& url) -> abate::Result<std::string> {
        if (!url.starts_with(base + "/redfish/")) std::abort();
        return documents[asked++ % documents.size()];
    };
    const auto plan = abate::meter::find_redfish_power(get, base);
    // 1 list, 64 chassis, and for each: 2 single resources, and a subsystem with its list, 32
    // supplies and their metrics.
    if (asked > 1 + 64 + 64 * (2 + 2 + 32 + 32)) std::abort();
    if (!plan) return 0;
    const auto reading = abate::meter::read_redfish_power(get, *plan);
    if (reading && !(reading->watts > 0 && reading->watts <= 20000)) std::abort();
    if (reading && reading->energy_j && !std::isfinite(*reading->energy_j)) std::abort();
    return 0;
}
