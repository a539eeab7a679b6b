#include "abate/footprint/training_time.h"

#include "abate/workload/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace abate::footprint {
namespace {

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

// `python3 tools/check_fits.py hours`, on the same tables by the rules of docs/methodology/training.md.
TEST(FitUtilisation, AgreesWithAnIndependentFit) {
    EXPECT_EQ(prior().cases, 76U);
    EXPECT_EQ(prior().developers, 23U);
    const UtilisationModel::Terms expected{-0.9791, -0.2849, 0.1179, -0.2191};
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(prior().model.coefficients()[i], expected[i], 5e-5) << i;
    EXPECT_NEAR(prior().spread.of_large.low, -0.5667, 5e-5);
    EXPECT_NEAR(prior().spread.of_large.high, 0.4866, 5e-5);
    EXPECT_NEAR(prior().spread.slope, -0.1296, 5e-5);
}

// By hand: exp(-0.9791) = 0.3757 for a large dense model on A100, x exp(-0.2849) = 0.2825 on H100; a tenth of 1e10 parameters takes
// 0.1179 x ln 10 = 0.2715 off the logarithm, a mixture 0.2191. 4000 chips make no other kind of chip.
TEST(UtilisationPrior, FallsWithAFastChipASmallModelAndAMixture) {
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): three calls, below
    const auto u = [&](double peak, double active, double total) {
        return prior()
            .utilisation({.peak_flop_per_s = peak, .params_active = active, .params_total = total})
            .value;
    };
    EXPECT_NEAR(u(312e12, 7e10, 7e10), 0.3757, 1e-4);
    EXPECT_NEAR(u(989e12, 7e10, 7e10), 0.2825, 1e-4);
    EXPECT_NEAR(u(312e12, 1e9, 1e9), 0.3757 * std::exp(-0.2715), 1e-4);
    EXPECT_NEAR(u(312e12, 2e10, 2e11), 0.3757 * std::exp(-0.2191), 1e-4);
    EXPECT_EQ(u(312e12, 7e10, 8e10), u(312e12, 7e10, 7e10));
}

// A factor of 10 in size widens ln hours by exp(0.1296 x ln 10) = 1.348.
TEST(UtilisationPrior, IsLessSureOfASmallModel) {
    const Interval large = prior().spread.log_hours(1e10);
    const Interval small = prior().spread.log_hours(1e9);
    EXPECT_NEAR(small.high / large.high, 1.348, 1e-3);
    EXPECT_NEAR(small.low / large.low, 1.348, 1e-3);
    EXPECT_EQ(prior().spread.log_hours(1e12).high, large.high);
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
    EXPECT_THAT(reason_of("deepseek-v3"), HasSubstr("fp8"));
    EXPECT_THAT(reason_of("tinyllama-1.1b"), HasSubstr("best rate"));
    EXPECT_THAT(reason_of("Phi-4"), HasSubstr("phi-4"));
    for (const TrainingCase& row : known().cases) EXPECT_EQ(reason_of(row.id), "") << row.id;
}

// One developer is one name, whatever its rows are called.
TEST(TrainingCases, GiveEachRowADeveloperOfItsOwnName) {
    for (const TrainingCase& row : known().cases) EXPECT_NE(row.developer, row.id);
    EXPECT_EQ(find("smollm3-3b").developer, find("bloom-176b-dynamic").developer);
    EXPECT_EQ(find("nanochat-d34").developer, find("llmc-gpt2-124m").developer);
    EXPECT_EQ(find("falcon-7b").developer, find("Falcon-40B").developer);
}

TrainingCase made(std::string developer, double utilisation) {
    TrainingCase row;
    row.developer = std::move(developer);
    row.peak_flop_per_s = 1;
    row.params_active = row.params_total = 1e10;
    row.flop = 3600 * utilisation;
    row.chip_hours = 1;
    return row;
}

TEST(HeldOutResiduals, DoNotUseTheDeveloperOfTheCase) {
    // Two developers of like runs: each is predicted by the other's mean of ln U.
    const std::vector<TrainingCase> cases{made("A", 0.2), made("A", 0.4), made("B", 0.3)};
    const std::vector<double> residuals = held_out_residuals(cases);
    EXPECT_NEAR(residuals[0], std::log(0.3 / 0.2), 1e-12);
    EXPECT_NEAR(residuals[2], std::log(std::sqrt(0.2 * 0.4) / 0.3), 1e-12);
}

// By hand, shares of the spread: 0.9 x 5/4 is above 1, so four developers' residuals are all held.
TEST(FitSpread, HoldsAllOfFewDevelopers) {
    const std::vector<TrainingCase> cases{
        made("A", 0.2), made("B", 0.3), made("C", 0.4), made("D", 0.6)};
    const std::vector<double> residuals = held_out_residuals(cases);
    const HoursSpread spread = fit_spread(cases);
    EXPECT_NEAR(spread.of_large.low, *std::min_element(residuals.begin(), residuals.end()), 1e-12);
    EXPECT_NEAR(spread.of_large.high, *std::max_element(residuals.begin(), residuals.end()), 1e-12);
    EXPECT_EQ(spread.slope, 0);
}

// A developer with many runs is not as many developers: with a step of its own (here 4 times the
// variance of a run, the likeliest, for its runs agree) it counts little more than one.
TEST(FitUtilisationModel, CountsADeveloperNotItsRuns) {
    std::vector<TrainingCase> cases{made("B", 0.2), made("B", 0.2001)};
    for (int i = 0; i < 20; ++i) cases.push_back(made("A", i % 2 == 0 ? 0.4 : 0.4001));
    const double u = std::exp(fit_utilisation_model(cases).coefficients()[0]);
    EXPECT_NEAR(u, std::sqrt(0.2 * 0.4), 0.01);
}

TrainingTimeQuery h100_query() {
    TrainingTimeQuery query;
    query.flop = 3.8e25;
    query.params_active = 4.05e11;
    query.chip = tables().chip("NVIDIA H100 SXM5 80GB").value();
    return query;
}

// Dubey et al. 2024 (arXiv 2407.21783): Llama 3.1 405B, 3.8e25 FLOP, 30.84 M H100-hours, with all of Meta's runs out of the fit. By
// hand: U = exp(-0.979 - 0.285) is near 0.28, 3.8e25 / (3600 x 989e12 x 0.28) = 3.8e7.
TEST(TrainingTime, HoldsLlama405bInItsRange) {
    const UtilisationPrior others = fit_utilisation(without_developer(known().cases, "Meta"));
    const TrainingTime time = training_time(others, h100_query()).value();
    EXPECT_EQ(time.source, "fitted");
    EXPECT_LT(time.chip_hours.low, 30.84e6);
    EXPECT_GT(time.chip_hours.high, 30.84e6);
    EXPECT_NEAR(time.chip_hours.value, 3.8e7, 0.5e7);
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
}

// A800 is an A100 with a narrower link. V100, TPU v2 and v3 have one run each, which shows no spread.
TEST(FitUtilisation, KnowsAChipByTwoRunsOfItsDie) {
    EXPECT_THAT(prior().chip_kinds,
                ::testing::UnorderedElementsAre("H100", "H200", "H800", "A100", "A800", "TPU v4"));
}

TEST(ParsePrecision, KnowsTheAliasesAndRefusesTheRest) {
    EXPECT_EQ(parse_precision("BFloat16").value(), Precision::bf16);
    EXPECT_EQ(parse_precision("mxfp4").value(), Precision::mxfp4);
    EXPECT_EQ(parse_precision("fp12").error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace abate::footprint
