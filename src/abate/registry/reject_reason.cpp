#include "abate/registry/reject_reason.h"

namespace abate::registry {

std::string_view to_string(Reason reason) {
    switch (reason) {
#define ABATE_REASON(name, number, burns) \
    case Reason::name:                    \
        return #name;
        ABATE_REGISTRY_REASONS(ABATE_REASON)
#undef ABATE_REASON
    }
    return "unknown_reason";
}

bool burns_id(Reason reason) {
    switch (reason) {
#define ABATE_REASON(name, number, burns) \
    case Reason::name:                    \
        return burns;
        ABATE_REGISTRY_REASONS(ABATE_REASON)
#undef ABATE_REASON
    }
    return false;
}

}  // namespace abate::registry
