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
