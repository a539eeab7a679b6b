// Any bytes from a BMC: parse_dcmi_power answers a plausible power or an error, and reads nothing
// beyond them.
#include "abate/meter/sensors/ipmi.h"

#include <cstdlib>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::uint8_t> bytes(data, data + size);
    const auto watts = abate::meter::parse_dcmi_power(bytes);
    if (watts && (*watts == 0 || *watts > 20000 || size < 19)) std::abort();
    return 0;
}
