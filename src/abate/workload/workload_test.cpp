#include "abate/workload/workload.h"

#include <gtest/gtest.h>

namespace abate::workload {
namespace {

// Patterson et al. 2021 (arXiv 2104.10350), table 4: GPT-3, 175 B parameters, 300 B tokens, 3.14e23
// FLOP.
TEST(TrainingFlop, OfGpt3IsWithinOnePercentOfThePublishedFigure) {
    EXPECT_NEAR(
        training_flop({.parameters_active = 175e9, .tokens = 300e9}).in(flop) / 3.14e23, 1.0, 0.01);
}

// Llama 3.1 405B: 3.8e25 FLOP for 15.6 T tokens (Dubey et al. 2024, arXiv 2407.21783, section 3.2).
TEST(TrainingFlop, OfLlama405bIsWithinOnePercentOfThePublishedFigure) {
    EXPECT_NEAR(training_flop({.parameters_active = 405e9, .tokens = 15.6e12}).in(flop) / 3.8e25,
                1.0,
                0.01);
}

TEST(InferenceFlop, IsAThirdOfTrainingPerToken) {
    const TransformerWork work{.parameters_active = 8e9, .tokens = 1000};
    EXPECT_DOUBLE_EQ(inference_flop(work).in(flop)*3, training_flop(work).in(flop));
    EXPECT_DOUBLE_EQ(inference_flop(work).in(flop), 1.6e13);
    EXPECT_DOUBLE_EQ(adapter_flop(work).in(flop), 3.2e13);
}

// Narayanan et al. 2021 (arXiv 2104.04473), section 5.1: GPT-3 (96 layers, h 12288, s 2048, V 51200),
// 300 B tokens on 1024 A100 at 140 TFLOP/s take 34 days by 8 T P / (n X).
TEST(RecomputedTrainingFlop, OfGpt3TakeThePublished34Days) {
    const double work =
        recomputed_training_flop({.parameters_active = 175e9, .tokens = 300e9}).in(flop);
    EXPECT_NEAR(work / (1024 * 140e12) / 86400, 34, 1);
}

// Equation 3 of the same, by hand for one token: 96 x 96 x 12288^2 = 1.39154e12; attention
// 2048 / (6 x 12288) = 0.027778; output layer 51200 / (16 x 96 x 12288) = 0.0027127; together
// 1.39154e12 x 1.030490 = 1.43397e12. Without recompute 72 / 96 of the layers and the same output
// layer: 1.04365e12 x (1.027778 + 51200 / (12 x 96 x 12288)) = 1.07642e12.
TEST(TransformerTrainingFlop, IsNarayanansEquation3) {
    const TransformerShape gpt3{
        .layers = 96, .hidden = 12288, .sequence = 2048, .vocabulary = 51200};
    EXPECT_NEAR(
        transformer_training_flop(gpt3, 1.0 * tokens, Recompute::full).in(flop), 1.43397e12, 1e8);
    EXPECT_NEAR(
        transformer_training_flop(gpt3, 1.0 * tokens, Recompute::none).in(flop), 1.07642e12, 1e8);
}

// 6 N D leaves attention and the output layer out; for GPT-3 that is 1.076 / 1.05 = 2.5 % of it.
TEST(TransformerTrainingFlop, IsCloseTo6NDForGpt3) {
    const TransformerShape gpt3{
        .layers = 96, .hidden = 12288, .sequence = 2048, .vocabulary = 51200};
    const double by_shape =
        transformer_training_flop(gpt3, 300e9 * tokens, Recompute::none).in(flop);
    EXPECT_NEAR(by_shape / training_flop({.parameters_active = 175e9, .tokens = 300e9}).in(flop),
                1.0,
                0.03);
}

TEST(DeclaredWork, StatesItsBasisAndSource) {
    const Work work = declared_work({.tokens = 1e6, .params_active = 1e9}, Phase::training).value();
    EXPECT_DOUBLE_EQ(*work.flop, 6e15);
    EXPECT_EQ(work.flop_basis, "model");
    EXPECT_EQ(declared_work({.flop = 5}, std::nullopt)->flop_basis, "declared");
    EXPECT_FALSE(declared_work({}, std::nullopt)->flop);
}

TEST(DeclaredWork, RefusesWhatItCannotInterpret) {
    EXPECT_EQ(declared_work({.flop = 1, .params_active = 1}, Phase::training).error().where,
              "--params-active");
    EXPECT_EQ(declared_work({.params_active = 1}, Phase::training).error().hint, "Add --tokens N");
    EXPECT_EQ(declared_work({.tokens = 1, .params_active = 1}, std::nullopt).error().where,
              "--phase");
    EXPECT_EQ(declared_work({.tokens = 1, .params_active = 1}, Phase::data).error().where,
              "--phase");
}

}  // namespace
}  // namespace abate::workload
