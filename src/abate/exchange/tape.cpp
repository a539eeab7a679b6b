#include "abate/exchange/tape.h"

namespace abate::exchange {

std::string_view to_string(TapeKind kind) {
    switch (kind) {
        case TapeKind::rested:
            return "rested";
        case TapeKind::traded:
            return "traded";
        case TapeKind::reduced:
            return "reduced";
        case TapeKind::removed:
            return "removed";
    }
    return "unknown";
}

std::string_view to_string(Removal why) {
    switch (why) {
        case Removal::none:
            return "none";
        case Removal::cancelled:
            return "cancelled";
        case Removal::expired:
            return "expired";
        case Removal::self_trade:
            return "self_trade";
        case Removal::swept:
            return "swept";
    }
    return "unknown";
}

}  // namespace abate::exchange
