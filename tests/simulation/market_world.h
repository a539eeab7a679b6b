// The traders of a market: four firms that order, replace, cancel and send again, and two operators who halt the market, freeze and release.
#pragma once

#include <memory>

#include "simulation/world.h"

namespace abate::simulation {

// `wrong_amount`: the model believes one allowance too many after the twentieth trade; for the test of the test.
std::unique_ptr<World> make_market_world(bool wrong_amount = false);

}  // namespace abate::simulation
