// Front door of `units`: amounts whose mistakes do not compile. Start with quantity.h.
#pragma once

#include "abate/units/allowances.h"
#include "abate/units/carbon.h"
#include "abate/units/compute.h"
#include "abate/units/energy.h"
#include "abate/units/money.h"
#include "abate/units/provenance.h"
#include "abate/units/quantity.h"
#include "abate/units/ranged.h"
