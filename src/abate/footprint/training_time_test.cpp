#include "abate/footprint/training_time.h"

#include "abate/workload/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace abate::footprint {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const data::Tables& tables() {
    static const data::Tables loaded = std::move(data::Tables::load()).value();
    return loaded;
}

const TrainingCases& known() {
    static const TrainingCases cases = training_cases(tables());
    return cases;
}

const UtilisationPrior& prior() {
    static const UtilisationPrior fitted = fit_utilisation(known().cases);
    return fitted;
}

const TrainingCase& find(const std::string& id) {
    const auto found = std::find_if(known().cases.begin(),
                                    known().cases.end(),
                                    [&](const TrainingCase& row) { return row.id == id; });
    if (found == known().cases.end()) throw std::out_of_range(id);
    return *found;
}

std::string reason_of(const std::string& id) {
    for (const ExcludedCase& row : known().excluded)
        if (row.id == id) return row.reason;
    return "";
}

// `python3 tools/check_fits.py hours`, on the same tables by the rules of docs/methodology/training.md: 31 runs of 9 developers, U =
// 0.3149, hours x 0.633 to 1.452.
TEST(FitUtilisation, AgreesWithAnIndependentFit) {
    EXPECT_EQ(prior().cases, 31U);
    EXPECT_EQ(prior().developers, 9U);
    EXPECT_NEAR(std::log(prior().utilisation), -1.1555, 5e-5);
    EXPECT_NEAR(std::exp(prior().log_hours.low), 0.633, 5e-4);
    EXPECT_NEAR(std::exp(prior().log_hours.high), 1.452, 5e-4);
}

// By hand: 6 x 65.2e9 x 1.4e12 = 5.4768e23 FLOP; 1,022,362 h x 3600 x 312e12 = 1.14832e24.
TEST(TrainingCases, TellLlama65bByItsPaper) {
    const TrainingCase& row = find("llama1-65b");
    EXPECT_EQ(row.developer, "Meta");
    EXPECT_EQ(row.chip, "NVIDIA A100 SXM4 80GB");
    EXPECT_NEAR(row.utilisation(), 5.4768e23 / 1.14832e24, 1e-4);
}

TEST(TrainingCases, HoldNoRunTwiceAndNoneWithoutItsOwnHours) {
    EXPECT_THAT(reason_of("pat4-gpt3-175b"), HasSubstr("circular"));
    EXPECT_THAT(reason_of("Falcon-180B"), HasSubstr("falcon-180b"));
    EXPECT_THAT(reason_of("llama1-norm-bloom"), HasSubstr("bloom-176b"));
    EXPECT_THAT(reason_of("glm-130b"), HasSubstr("upper bound"));
    EXPECT_THAT(reason_of("openba-15b"), HasSubstr("encoder-decoder"));
    EXPECT_THAT(reason_of("pat4-t5-11b"), HasSubstr("no training tokens"));
    for (const TrainingCase& row : known().cases) EXPECT_EQ(reason_of(row.id), "") << row.id;
}

TrainingCase made(std::string developer, double utilisation) {
    TrainingCase row;
    row.developer = std::move(developer);
    row.peak_flop_per_s = 1;
    row.flop = 3600 * utilisation;
    row.chip_hours = 1;
    return row;
}

TEST(HeldOutResiduals, DoNotUseTheDeveloperOfTheCase) {
    // Two developers: each is predicted by the other's mean of ln U.
    const std::vector<TrainingCase> cases{made("A", 0.2), made("A", 0.4), made("B", 0.3)};
    const std::vector<double> residuals = held_out_residuals(cases);
    EXPECT_NEAR(residuals[0], std::log(0.3 / 0.2), 1e-12);
    EXPECT_NEAR(residuals[2], std::log(std::sqrt(0.2 * 0.4) / 0.3), 1e-12);
    // Weights 1/sqrt(2), 1/sqrt(2), 1.
    const double w = 1 / std::sqrt(2.0);
    EXPECT_NEAR(mean_log_utilisation(cases),
                (w * std::log(0.2) + w * std::log(0.4) + std::log(0.3)) / (2 * w + 1),
                1e-12);
}

TrainingTimeQuery h100_query() {
    TrainingTimeQuery query;
    query.flop = 3.8e25;
    query.chip = tables().chip("NVIDIA H100 SXM5 80GB").value();
    return query;
}

// Dubey et al. 2024 (arXiv 2407.21783): Llama 3.1 405B, 3.8e25 FLOP, 30.84 M H100-hours; the row is
// in no table of abate.
TEST(TrainingTime, HoldsLlama405bInItsRange) {
    const TrainingTime time = training_time(prior(), h100_query()).value();
    EXPECT_EQ(time.source, "fitted");
    EXPECT_LT(time.chip_hours.low, 30.84e6);
    EXPECT_GT(time.chip_hours.high, 30.84e6);
    // By hand: 3.8e25 / (3600 x 989.4e12 x 0.3149) = 3.388e7.
    EXPECT_NEAR(time.chip_hours.value, 3.388e7, 1e4);
}

TEST(TrainingTime, TakesTheUsersMfuAndGoodput) {
    TrainingTimeQuery query = h100_query();
    query.mfu = 0.4;
    query.goodput = 0.95;
    const TrainingTime time = training_time(prior(), query).value();
    EXPECT_EQ(time.source, "declared");
    EXPECT_NEAR(time.chip_hours.value, 3.8e25 / (3600 * 989.4e12 * 0.38), 1);
    EXPECT_EQ(time.chip_hours.low, time.chip_hours.high);
    query.goodput.reset();
    const TrainingTime open = training_time(prior(), query).value();
    EXPECT_NEAR(open.chip_hours.high / open.chip_hours.low, 1.00 / 0.67, 1e-9);
    query.mfu = 1.5;
    EXPECT_EQ(training_time(prior(), query).error().where, "--mfu");
}

TEST(TrainingTime, IsAtLeastThreefoldUnsureOutsideTheData) {
    TrainingTimeQuery query = h100_query();
    query.precision = Precision::fp8;
    const TrainingTime narrow = training_time(prior(), query).value();
    EXPECT_EQ(narrow.source, "extrapolated");
    EXPECT_GE(narrow.chip_hours.high / narrow.chip_hours.value, 3);
    EXPECT_GE(narrow.chip_hours.value / narrow.chip_hours.low, 3 - 1e-9);
    // At the 16-bit peak: no gain is claimed.
    query.precision = Precision::bf16;
    EXPECT_DOUBLE_EQ(narrow.chip_hours.value, training_time(prior(), query)->chip_hours.value);
    query.chip = tables().chip("NVIDIA B200").value();
    EXPECT_EQ(training_time(prior(), query)->source, "extrapolated");
}

TEST(TrainingTime, NamesThePrecisionsThatAChipHas) {
    TrainingTimeQuery query = h100_query();
    query.chip = tables().chip("NVIDIA Tesla V100 SXM2 32GB").value();
    query.precision = Precision::fp8;
    const Error error = training_time(prior(), query).error();
    EXPECT_EQ(error.code, ErrorCode::unsupported);
    EXPECT_EQ(error.where, "--precision");
    EXPECT_THAT(error.hint, HasSubstr("fp32, fp16"));
}

TEST(TrainingChipKind, KeepsOtherChipsOfAFamilyApart) {
    EXPECT_EQ(training_chip_kind("NVIDIA A100 SXM4 40GB"), "A100");
    EXPECT_EQ(training_chip_kind("Google TPU v4"), "TPU v4");
    EXPECT_EQ(training_chip_kind("Google TPU v4i"), "");
    EXPECT_EQ(training_chip_kind("NVIDIA GH200 (GPU part) 96GB"), "");
    EXPECT_THAT(prior().chip_kinds, Contains("H100"));
}

TEST(ParsePrecision, KnowsTheAliasesAndRefusesTheRest) {
    EXPECT_EQ(parse_precision("BFloat16").value(), Precision::bf16);
    EXPECT_EQ(parse_precision("mxfp4").value(), Precision::mxfp4);
    EXPECT_EQ(parse_precision("fp12").error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace abate::footprint
