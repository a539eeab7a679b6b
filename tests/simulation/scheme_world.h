// The people of a scheme: two operators, firms with initiators and approvers, over the years of a scheme.
#pragma once

#include <memory>

#include "simulation/world.h"

namespace abate::simulation {

// `wrong_amount`: the model believes one allowance too many; for the test of the test.
std::unique_ptr<World> make_scheme_world(bool wrong_amount = false);

}  // namespace abate::simulation
