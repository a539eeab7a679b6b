#include "abate/core/version.h"

namespace abate {

const char* version() noexcept { return ABATE_VERSION; }

}  // namespace abate
