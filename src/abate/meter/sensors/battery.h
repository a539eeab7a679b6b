// The battery of a laptop: what leaves it is what the whole machine draws, as long as nothing else
// feeds it.
//
//     SensorOpening opening = open_battery(environment, system_file_calls());
//
// One channel, device "node", microwatts, the sum over all batteries. It is believed only while no
// charger is on line, no battery charges and at least one discharges; otherwise a reading is
// `gone`, so that time on the mains is a gap in this view and never counted as zero or as the last
// power on battery. `no_update` would say "nothing newer, not a gap" and would invent energy.
#pragma once

#include "abate/meter/sensor.h"
#include "abate/meter/sysfs.h"

namespace abate::meter {

[[nodiscard]] SensorOpening open_battery(const SensorEnvironment& environment, FileCalls calls);

}  // namespace abate::meter
