// hwmon: board sensors that see more than a processor does, from chips that are known to be
// trusted.
//
//     SensorOpening opening = open_hwmon(environment, system_file_calls());
//
// | chip                     | channel                                   | why it is trusted | |
// power_meter              | "node", or Grace's socket and its parts   | ACPI says what it measures
// | | corsairpsu, PMBus PSUs   | "node", source "hwmon-psu", all supplies  | input of the power
// supply  | | ibmpowernv               | "node" from the sensor labelled System    | OPAL labels it
// so          | | amd_energy               | "package-N", an energy counter            | the RAPL
// registers         | | ina3221                  | "node" from VDD_IN, other rails inside it | the
// board's own labels     |
//
// Any other chip with power or energy files becomes a finding, never a number: hwmon does not say
// where on the board a sensor sits. Graphics chips belong to the accelerator sensors.
#pragma once

#include "abate/meter/sensor.h"
#include "abate/meter/sysfs.h"

namespace abate::meter {

[[nodiscard]] SensorOpening open_hwmon(const SensorEnvironment& environment, FileCalls calls);

}  // namespace abate::meter
