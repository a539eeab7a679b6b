// Front door of `record`: plain structs that rooms hand each other. Start with run_record.h.
#pragma once

#include "abate/record/measurement.h"
#include "abate/record/run_record.h"
#include "abate/record/run_state.h"
