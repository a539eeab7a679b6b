#include "abate/footprint/inference_energy.h"

#include "abate/footprint/accelerator_power.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace abate::footprint {
namespace {

using ::testing::HasSubstr;

const data::Tables& tables() {
    static const data::Tables loaded = std::move(data::Tables::load()).value();
    return loaded;
}

const InferenceModel& model() {
    static const InferenceModel fitted = InferenceModel::fit(tables()).value();
    return fitted;
}

InferenceQuery llama8b(double batch) {
    return {.params_total = 8e9,
            .params_active = 8e9,
            .chip = tables().chip("NVIDIA H100 SXM5 80GB").value(),
            .chips = 1,
            .batch = batch,
            .precision = Precision::bf16,
            .output_tokens = 400,
            .model_id = "meta-llama/Llama-3.1-8B-Instruct",
            .task = ""};
}

// ML.ENERGY leaderboard, 2026-02: 0.1186 J/output token, printed as 0.119, and 610.3 W.
TEST(InferenceEnergy, IsTheMeasuredRowOfLlama8bAtBatch64) {
    const InferenceEnergy answer = model().estimate(llama8b(64)).value();
    EXPECT_EQ(answer.source, "measured");
    EXPECT_NEAR(answer.j_per_output_token.value, 0.119, 5e-4);
    EXPECT_NEAR(answer.power_w_per_chip.value(), 610.3, 0.05);
    EXPECT_THAT(answer.basis.front().key, HasSubstr("meta-llama/Llama-3.1-8B-Instruct"));
}

// Between the rows of 96 (95.7 sequences: 0.1029 J) and 128 (127.6: 0.09511 J), straight in log-log, at
// 110: ln 0.1029 + ln(110/95.7) / ln(127.6/95.7) x ln(0.09511/0.1029) = ln 0.09905.
TEST(InferenceEnergy, IsReadBetweenTwoMeasuredBatches) {
    const InferenceEnergy answer = model().estimate(llama8b(110)).value();
    EXPECT_EQ(answer.source, "measured");
    EXPECT_NEAR(answer.j_per_output_token.value, 0.09905, 5e-5);
    EXPECT_EQ(answer.basis.size(), 2U);
}

// ML.ENERGY leaderboard, 2026-02: Qwen3-30B-A3B, chat, 2 H100, batch 512, was measured twice, 0.09877 and 0.1175 J; 7 % of the meter
// below the first, 0.09186, and above the second, 0.1257.
TEST(InferenceEnergy, OfTwoLayoutsIsTheFrugalAndReachesTheOther) {
    InferenceQuery query = llama8b(512);
    query.params_total = 30.5e9;
    query.params_active = 3.3e9;
    query.chips = 2;
    query.model_id = "Qwen/Qwen3-30B-A3B-Instruct-2507";
    query.task = "lm-arena-chat";
    const InferenceEnergy answer = model().estimate(query).value();
    EXPECT_EQ(answer.source, "measured");
    EXPECT_NEAR(answer.j_per_output_token.value, 0.09877, 5e-6);
    EXPECT_NEAR(answer.j_per_output_token.low, 0.09186, 5e-6);
    EXPECT_NEAR(answer.j_per_output_token.high, 0.1257, 5e-5);
    EXPECT_THAT(answer.notes.back(), HasSubstr("2 layouts"));
}

TEST(InferenceEnergy, IsFittedBeyondTheMeasuredBatchesAndChips) {
    EXPECT_EQ(model().estimate(llama8b(2000))->source, "fitted");
    InferenceQuery two = llama8b(64);
    two.chips = 2;
    EXPECT_EQ(model().estimate(two)->source, "fitted");
    InferenceQuery anonymous = llama8b(64);
    anonymous.model_id.clear();
    const InferenceEnergy fitted = model().estimate(anonymous).value();
    EXPECT_EQ(fitted.source, "fitted");
    EXPECT_LT(fitted.j_per_output_token.low, 0.119);
    EXPECT_GT(fitted.j_per_output_token.high, 0.119);
}

TEST(InferenceEnergy, IsAtLeastThreefoldUnsureOutsideTheData) {
    InferenceQuery query = llama8b(64);
    query.model_id.clear();
    for (const char* chip : {"NVIDIA A100 SXM4 80GB", "Google TPU v5e"}) {
        query.chip = tables().chip(chip).value();
        const InferenceEnergy answer = model().estimate(query).value();
        EXPECT_EQ(answer.source, "extrapolated") << chip;
        EXPECT_GE(answer.j_per_output_token.high,
                  3 * answer.j_per_output_token.value * (1 - 1e-12));
        EXPECT_LE(answer.j_per_output_token.low, answer.j_per_output_token.value / 3 * (1 + 1e-12));
    }
    query = llama8b(64);
    query.precision = Precision::mxfp4;
    EXPECT_EQ(model().estimate(query)->source, "extrapolated");
}

// ML.ENERGY leaderboard, 2026-02, rows that the tables do not hold: H100, batch 64,
// Llama-3.1-405B-FP8 on 8 chips 3.08 J, gpt-oss-120b on 2 chips 0.298 J.
TEST(InferenceEnergy, HoldsRowsThatItHasNotSeen) {
    InferenceQuery large = llama8b(64);
    large.model_id.clear();
    large.params_total = large.params_active = 405e9;
    large.chips = 8;
    large.precision = Precision::fp8;
    const InferenceEnergy of_405b = model().estimate(large).value();
    EXPECT_EQ(of_405b.source, "extrapolated");
    EXPECT_LT(of_405b.j_per_output_token.low, 3.08);
    EXPECT_GT(of_405b.j_per_output_token.high, 3.08);
    InferenceQuery mixture = llama8b(64);
    mixture.model_id.clear();
    mixture.params_total = 116.8e9;
    mixture.params_active = 5.1e9;
    mixture.chips = 2;
    mixture.precision = Precision::mxfp4;
    mixture.output_tokens = 5000;
    const InferenceEnergy of_120b = model().estimate(mixture).value();
    EXPECT_LT(of_120b.j_per_output_token.low, 0.298);
    EXPECT_GT(of_120b.j_per_output_token.high, 0.298);
}

// `python3 tools/check_fits.py inference`, on the same tables: the terms written anew, and the best fit found by trying every set of terms.
TEST(InferenceModel, AgreesWithAnIndependentFit) {
    const InferenceTerms expected{0.5914, 4.1272, 1.4535, 1.1258, 3.9136, 1.8642, 2.9036, 8.6471};
    ASSERT_EQ(model().rows().size(), 548U);
    for (std::size_t i = 0; i < kInferenceTerms; ++i)
        EXPECT_NEAR(model().coefficients()[i], expected[i], 5e-5) << kInferenceTermNames[i];
    EXPECT_NEAR(std::exp(model().residuals().low), 0.718, 5e-4);
    EXPECT_NEAR(std::exp(model().residuals().high), 2.019, 5e-4);
}

// By hand for 8e9 parameters on H100 (700 W, 3.35e12 B/s, 989.4e12 FLOP/s), batch 64, 400 tokens:
// weights 700 x 8e9 x 2 / 3.35e12 / 64 = 0.052239; arithmetic 2 x 8e9 x 700 / 989.4e12 = 0.011320;
// step 700 x 1e-3 x 8^0.3 / 64 = 0.020410; cache 700 x 63e3 x 8^0.4 x 200 / 3.35e12 = 0.0060486.
TEST(InferenceTerms, ArePhysicalEnergies) {
    const data::Chip chip = tables().chip("NVIDIA H100 SXM5 80GB").value();
    const InferenceTerms terms = inference_terms({.params_total = 8e9,
                                                  .params_active = 8e9,
                                                  .chip = &chip,
                                                  .batch = 64,
                                                  .output_tokens = 400});
    EXPECT_NEAR(terms[0], 0.052239, 1e-6);
    EXPECT_NEAR(terms[1], 0.011320, 1e-6);
    EXPECT_NEAR(terms[2], 0.020410, 1e-6);
    EXPECT_NEAR(terms[3], 0.0060486, 1e-7);
    EXPECT_EQ(terms[4], 0);
}

// By hand, with EcoLogits' coefficients (its documentation prints no such figures): exp(-0.0112059 x 64) = 0.48813; of 8e9 parameters
// 1.166527e-6 x 0.48813 x 8 + 4.052928e-5 = 4.50846e-5 Wh, x 3600 = 0.16230 J; of 70e9 on 4 chips (3.98590e-5 + 4.052928e-5) x 3600 x
// 4 = 1.1576 J.
TEST(EcoLogits, IsItsFormulaByHand) {
    EXPECT_NEAR(ecologits_j_per_output_token({.params_active = 8e9}), 0.16230, 1e-5);
    EXPECT_NEAR(ecologits_j_per_output_token({.params_active = 70e9, .chips = 4}), 1.1576, 1e-4);
}

TEST(InferenceEnergy, RefusesWhatCannotBe) {
    InferenceQuery query = llama8b(0.5);
    EXPECT_EQ(model().estimate(query).error().where, "--batch");
    query = llama8b(64);
    query.params_active = 9e9;
    EXPECT_EQ(model().estimate(query).error().where, "--params-active");
    query = llama8b(64);
    query.chip.bandwidth_gb_per_s = 0;
    EXPECT_EQ(model().estimate(query).error().code, ErrorCode::unsupported);
}

// ML.ENERGY on H100: 610.3 W of 700 W for Llama 8B at batch 64, 688.3 W at 512; of the chip's own rows.
TEST(PowerFraction, OfAMeasuredChipIsItsOwn) {
    const data::Chip h100 = tables().chip("NVIDIA H100 SXM5 80GB").value();
    const PowerFraction fraction = power_fraction(model().rows(), h100, {});
    EXPECT_TRUE(fraction.of_chip);
    EXPECT_LT(fraction.range.low, 610.3 / 700);
    EXPECT_GT(fraction.range.high, 610.3 / 700);
    const data::Chip a100 = tables().chip("NVIDIA A100 SXM4 80GB").value();
    EXPECT_FALSE(power_fraction(model().rows(), a100, {}).of_chip);
}

// Patterson et al. 2021, table 4: TPU v3 310, 289, 288 and 245 W a chip with its share of the system:
// mean 283 W, as their table 3 prints.
TEST(SystemFraction, GivesPattersonsMeanWattsBackAtTheNode) {
    const data::Chip tpu = tables().chip("Google TPU v3 (chip)").value();
    const PowerFraction fraction = system_fraction(tables().published_cases(), tpu).value();
    EXPECT_NEAR(fraction.range.value * tpu.tdp_w * 1.57, 283, 0.5);
    EXPECT_FALSE(system_fraction(tables().published_cases(),
                                 tables().chip("NVIDIA H100 SXM5 80GB").value()));
}

}  // namespace
}  // namespace abate::footprint
