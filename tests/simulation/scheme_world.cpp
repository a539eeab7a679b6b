#include "simulation/scheme_world.h"
namespace abate::simulation {
std::unique_ptr<World> make_scheme_world(bool) { return nullptr; }
}  // namespace abate::simulation
