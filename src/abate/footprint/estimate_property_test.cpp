#include "abate/footprint/estimate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace abate::footprint {
namespace {

const data::Tables& tables() {
    static const data::Tables loaded = std::move(data::Tables::load()).value();
    return loaded;
}

const InferenceModel& model() {
    static const InferenceModel fitted = InferenceModel::fit(tables()).value();
    return fitted;
}

const UtilisationPrior& prior() {
    static const UtilisationPrior fitted = fit_utilisation(training_cases(tables()).cases);
    return fitted;
}

bool contains(const Ranged& range) {
    return std::isfinite(range.high) && 0 <= range.low && range.low <= range.value &&
           range.value <= range.high;
}

// Log-uniform between two positive numbers.
struct Span {
    double low;
    double high;
};
double between(Span span) {
    const double way = *rc::gen::inRange(0, 1000001) / 1e6;
    return span.low * std::pow(span.high / span.low, way);
}

const char* any_chip() {
    return *rc::gen::element("NVIDIA H100 SXM5 80GB",
                             "NVIDIA B200",
                             "NVIDIA A100 SXM4 80GB",
                             "NVIDIA Tesla V100 SXM2 32GB",
                             "Google TPU v4");
}

InferenceQuery any_request() {
    InferenceQuery query;
    query.params_total = between({1e8, 2e12});
    query.params_active = query.params_total * between({0.01, 1});
    query.chip = tables().chip(any_chip()).value();
    query.chips = *rc::gen::inRange(1, 17);
    query.batch = between({1, 8192});
    query.precision = *rc::gen::element(Precision::bf16, Precision::fp8, Precision::mxfp4);
    query.output_tokens = between({1, 1e5});
    query.input_tokens = *rc::gen::element(0.0, 100.0, 1e5);
    if (*rc::gen::arbitrary<bool>()) query.model_id = "meta-llama/Llama-3.1-8B-Instruct";
    return query;
}

double request_j(const InferenceEnergy& energy, const InferenceQuery& query) {
    return energy.j_per_output_token.value * query.output_tokens + energy.prompt_j.value;
}

RC_GTEST_PROP(InferenceEnergyProperty, RangesContainTheirValue, ()) {
    const InferenceEnergy energy = model().estimate(any_request()).value();
    RC_ASSERT(contains(energy.j_per_output_token));
    RC_ASSERT(contains(energy.prompt_j));
    RC_ASSERT(energy.j_per_output_token.value > 0);
}

RC_GTEST_PROP(InferenceEnergyProperty, MoreTokensNeverTakeLessEnergy, ()) {
    InferenceQuery query = any_request();
    const double before = request_j(model().estimate(query).value(), query);
    query.output_tokens *= between({1, 10});
    query.input_tokens *= between({1, 10});
    RC_ASSERT(request_j(model().estimate(query).value(), query) >= before * (1 - 1e-12));
}

RC_GTEST_PROP(InferenceEnergyProperty, LargerBatchesOfADenseModelNeverTakeMoreEach, ()) {
    InferenceQuery query = any_request();
    query.model_id.clear();
    query.params_active = query.params_total;
    const double before = request_j(model().estimate(query).value(), query);
    query.batch *= between({1, 4});
    RC_ASSERT(request_j(model().estimate(query).value(), query) <= before * (1 + 1e-12));
}

RC_GTEST_PROP(TrainingTimeProperty, HoursGrowWithFlopAndStayInTheirRange, ()) {
    TrainingTimeQuery query;
    query.flop = between({1e15, 1e27});
    query.params_active = between({1e6, 1e13});
    query.params_total = query.params_active * between({1, 50});
    query.chip = tables().chip(any_chip()).value();
    query.precision = default_precision(query.chip).value();
    query.fine_tuning = *rc::gen::arbitrary<bool>();
    const TrainingTime before = training_time(prior(), query).value();
    RC_ASSERT(contains(before.chip_hours));
    RC_ASSERT(contains(before.mfu));
    RC_ASSERT(contains(before.goodput));
    query.flop *= 2;
    RC_ASSERT(training_time(prior(), query)->chip_hours.value > before.chip_hours.value);
}

RC_GTEST_PROP(EstimateProperty, EveryFigureIsInItsRange, ()) {
    TrainingEstimateQuery query;
    query.params_total = between({1e6, 1e13});
    query.tokens = between({1e3, 1e14});
    query.chip = any_chip();
    query.site.region = *rc::gen::element<std::string>("", "FR", "US", "gcp europe-west9");
    const Estimate estimate = estimate_training(tables(), query).value();
    for (const Ranged& range : {estimate.chip_hours,
                                estimate.power_w_per_chip,
                                estimate.chain.component_kwh,
                                estimate.host_kwh,
                                estimate.idle_kwh,
                                estimate.chain.node_kwh,
                                estimate.pue_kwh,
                                estimate.chain.facility_kwh,
                                estimate.chain.location_kgco2e,
                                estimate.embodied_kgco2e,
                                estimate.total_kgco2e})
        RC_ASSERT(contains(range));
    RC_ASSERT(!estimate.basis.empty());
}

}  // namespace
}  // namespace abate::footprint
