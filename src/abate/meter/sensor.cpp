#include "abate/meter/sensor.h"

namespace abate::meter {

const char* to_string(FindingState state) {
    switch (state) {
        case FindingState::usable:
            return "usable";
        case FindingState::denied:
            return "denied";
        case FindingState::absent:
            return "absent";
        case FindingState::unsupported:
            return "unsupported";
        case FindingState::broken:
            return "broken";
    }
    return "broken";
}

}  // namespace abate::meter
