// Front door of `meter`: energy of a window, a process tree, a device, and how sure that is.
//
// Start with sensor.h (what a source is), counter.h (how readings become energy), split.h (whose
// joules) and run_meter.h (the totals of a run); run_loop.h ties them to a command. procfs.h and
// sensors/redfish.h are here because the program reads processes for `watch` and brings the HTTP.
#pragma once

#include "abate/meter/calibration.h"
#include "abate/meter/counter.h"
#include "abate/meter/discover.h"
#include "abate/meter/fp_counters.h"
#include "abate/meter/host.h"
#include "abate/meter/machine_cpu.h"
#include "abate/meter/plan.h"
#include "abate/meter/process_tree.h"
#include "abate/meter/processor.h"
#include "abate/meter/procfs.h"
#include "abate/meter/profile.h"
#include "abate/meter/reservation.h"
#include "abate/meter/run_loop.h"
#include "abate/meter/run_meter.h"
#include "abate/meter/sample_sink.h"
#include "abate/meter/sensor.h"
#include "abate/meter/sensors/redfish.h"
#include "abate/meter/split.h"
