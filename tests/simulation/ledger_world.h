// Clients of the books alone: issue, transfer, promise, surrender, retire, claw back, chains, retries and changed retries.
//
// After a batch of which nobody heard whether it is durable, the client believes both: a model with it and one without. Answers and books
// decide between them later, in whatever order retries and new commands come.
#pragma once

#include <memory>

#include "simulation/world.h"

namespace abate::simulation {

// `wrong_amount`: the model believes one allowance too many of the twentieth transfer; for the test of the test.
std::unique_ptr<World> make_ledger_world(bool wrong_amount = false);

}  // namespace abate::simulation
