// DCMI power reading: what a BMC says of the machine's input power over IPMI.
//
//     Result<std::uint32_t> watts = parse_dcmi_power(response);   // bytes as /dev/ipmi0 gives them
//
// Data Center Manageability Interface specification 1.5, section 6.6.1 (Get Power Reading): whole
// watts, averaged by the BMC over about a second.
#pragma once

#include "abate/core/result.h"
#include "abate/meter/sensor.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace abate::meter {

inline constexpr std::uint8_t kDcmiNetFn = 0x2C;         // group extension request
inline constexpr std::uint8_t kDcmiPowerReading = 0x02;  // Get Power Reading
inline constexpr std::uint8_t kDcmiGroup = 0xDC;         // DCMI's group extension identifier

// Sends one IPMI request to the BMC and returns the response from its completion code on. Blocks;
// called on the sensor's own thread only. It must own what it uses.
using IpmiTransaction = std::function<Result<std::vector<std::uint8_t>>(
    std::uint8_t net_fn, std::uint8_t command, std::span<const std::uint8_t> data)>;

// Current watts of a Get Power Reading response: completion code, group extension, current,
// minimum, maximum, average (16 bits each, little endian), time stamp, period (32 bits each),
// state; 19 bytes, that is 17 behind completion code and group. Bytes after them are ignored.
// Errors: unsupported (the BMC has no such command, or measures nothing now), unavailable (busy),
// permission_denied, corrupt (short, other group), out_of_range (0 W from a running machine, or
// more than any node draws).
[[nodiscard]] Result<std::uint32_t> parse_dcmi_power(std::span<const std::uint8_t> response);

// open_ipmi with another way to the BMC; `subject` names it in findings.
[[nodiscard]] SensorOpening open_ipmi_through(const SensorEnvironment& environment,
                                              IpmiTransaction transact,
                                              const std::string& subject);

}  // namespace abate::meter
