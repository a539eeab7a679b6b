// A series of stack emissions is no life-cycle series.
#include "abate/data/data.h"

using Direct = abate::data::AverageDirect;
using LifeCycle = abate::data::AverageLifeCycle;

int main() {
    const Direct direct({}, {});
    LifeCycle life_cycle({}, {});
#ifdef MUST_NOT_COMPILE
    life_cycle = direct;
#endif
    return direct.values().size() == life_cycle.values().size() ? 0 : 1;
}
