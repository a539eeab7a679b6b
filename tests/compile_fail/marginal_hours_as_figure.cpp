// What a change of load would change is no footprint: a marginal mean makes no figure.
#include "abate/data/data.h"

using abate::Basis;
using abate::Signal;

int main() {
    const abate::data::HourlySource source;
    const abate::data::MeanIntensity<Signal::average, Basis::life_cycle> average;
    const abate::data::MeanIntensity<Signal::marginal, Basis::life_cycle> marginal;
    double value = average.coverage + marginal.coverage;
#ifdef MUST_NOT_COMPILE
    value += abate::data::hourly_figure(source, marginal).range.value;
#endif
    return value > 0 && source.zone.empty() ? 1 : 0;
}
