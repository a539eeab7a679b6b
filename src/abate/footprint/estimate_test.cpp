#include "abate/footprint/estimate.h"

#include "abate/footprint/embodied.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace abate::footprint {
namespace {

using ::testing::HasSubstr;

const data::Tables& tables() {
    static const data::Tables loaded = std::move(data::Tables::load()).value();
    return loaded;
}

SiteOptions france() {
    SiteOptions site;
    site.region = "FR";
    site.pue = 1.2;
    return site;
}

TrainingEstimateQuery gpt3() {
    TrainingEstimateQuery query;
    query.params_total = 175e9;
    query.tokens = 300e9;
    query.chip = "NVIDIA Tesla V100 SXM2 32GB";
    query.site = france();
    return query;
}

bool stands_on(const Estimate& estimate, const std::string& figure) {
    return std::any_of(estimate.basis.begin(), estimate.basis.end(), [&](const Provenance& row) {
        return row.figure == figure && !row.source.empty();
    });
}

// 6 x 175e9 x 300e9 = 3.15e23 FLOP. OpenAI and Patterson et al. 2021, table 4: 10,000 V100 for 14.8
// days are 3.552e6 h at 24.6 TFLOP/s each and 330 W a chip with its share of the node.
TEST(EstimateTraining, OfGpt3IsNearWhatPattersonPrints) {
    const Estimate estimate = estimate_training(tables(), gpt3()).value();
    EXPECT_DOUBLE_EQ(estimate.flop, 3.15e23);
    EXPECT_EQ(estimate.precision, Precision::fp16);
    EXPECT_EQ(estimate.source, "extrapolated");
    EXPECT_LT(estimate.chip_hours.low, 3.552e6);
    EXPECT_GT(estimate.chip_hours.high, 3.552e6);
    EXPECT_NEAR(estimate.chain.node_kwh.value / estimate.chip_hours.value, 0.330, 1e-3);
    // 1287 MWh at PUE 1.1.
    EXPECT_LT(estimate.chain.facility_kwh.low, 1287e3);
    EXPECT_GT(estimate.chain.facility_kwh.high, 1287e3);
    EXPECT_TRUE(stands_on(estimate, "mfu_x_goodput"));
    EXPECT_TRUE(stands_on(estimate, "power_fraction"));
    EXPECT_TRUE(stands_on(estimate, "intensity_gco2e_per_kwh"));
}

TEST(EstimateTraining, NamesWhatEachStepAdds) {
    const Estimate estimate = estimate_training(tables(), gpt3()).value();
    const Chain& chain = estimate.chain;
    EXPECT_NEAR(chain.component_kwh.value + estimate.host_kwh.value + estimate.idle_kwh.value,
                chain.node_kwh.value,
                1e-9 * chain.node_kwh.value);
    EXPECT_NEAR(chain.node_kwh.value + estimate.pue_kwh.value,
                chain.facility_kwh.value,
                1e-9 * chain.facility_kwh.value);
    EXPECT_NEAR(chain.facility_kwh.value, 1.2 * chain.node_kwh.value, 1e-6);
    EXPECT_NEAR(estimate.total_kgco2e.value,
                chain.location_kgco2e.value + estimate.embodied_kgco2e.value,
                1e-6);
    // EMB / (4 x 8760 h), u = 1.
    const double node =
        node_embodied_per_chip(tables(), "NVIDIA Tesla V100 SXM2 32GB").value().total().value;
    EXPECT_NEAR(estimate.embodied_kgco2e.value,
                node / 35040 * estimate.chip_hours.value,
                1e-6 * estimate.embodied_kgco2e.value);
}

TEST(EstimateTraining, TellsTheDurationOfSoManyChips) {
    TrainingEstimateQuery query = gpt3();
    EXPECT_FALSE(estimate_training(tables(), query)->duration_h);
    const double chip_hours = estimate_training(tables(), query)->chip_hours.value;
    query.chips = 10000;
    EXPECT_NEAR(estimate_training(tables(), query)->duration_h->value, chip_hours / 1e4, 1e-6);
    EXPECT_DOUBLE_EQ(estimate_training(tables(), query)->chip_hours.value, chip_hours);
}

TEST(EstimateTraining, CountsTheActiveParametersOfAMixture) {
    TrainingEstimateQuery query = gpt3();
    query.params_active = 17.5e9;
    EXPECT_DOUBLE_EQ(estimate_training(tables(), query)->flop, 3.15e22);
}

TEST(EstimateTraining, TakesParametersOfTheModelsTable) {
    TrainingEstimateQuery query = gpt3();
    query.params_total = 0;
    query.model = "GPT-3 175B (davinci)";
    const Estimate estimate = estimate_training(tables(), query).value();
    EXPECT_NEAR(estimate.flop, 3.15e23, 1e21);
    EXPECT_TRUE(stands_on(estimate, "params"));
}

// LoRA computes no gradients of frozen weights: 4 N D, two thirds of 6 N D.
TEST(EstimateFinetuning, OfAnAdapterIsTwoThirdsOfAllWeights) {
    TrainingEstimateQuery query = gpt3();
    const Estimate full = estimate_finetuning(tables(), query).value();
    query.adapter = true;
    const Estimate adapter = estimate_finetuning(tables(), query).value();
    EXPECT_NEAR(adapter.chain.facility_kwh.value / full.chain.facility_kwh.value, 2.0 / 3, 1e-9);
    EXPECT_EQ(adapter.source, "extrapolated");
    EXPECT_EQ(adapter.kind, "finetuning");
}

InferenceEstimateQuery llama8b() {
    InferenceEstimateQuery query;
    query.model = "meta-llama/Llama-3.1-8B-Instruct";
    query.chip = "NVIDIA H100 SXM5 80GB";
    query.chips = 1;
    query.batch = 64;
    query.precision = Precision::bf16;
    query.output_tokens = 400;
    query.site = france();
    return query;
}

// ML.ENERGY: 0.1186 J a token; 400 tokens are 47.44 J = 1.3178e-5 kWh of the accelerator.
TEST(EstimateInference, OfAMeasuredConfigurationIsItsRow) {
    const Estimate estimate = estimate_inference(tables(), llama8b()).value();
    EXPECT_EQ(estimate.source, "measured");
    EXPECT_NEAR(estimate.j_per_output_token->value, 0.119, 5e-4);
    EXPECT_NEAR(estimate.chain.component_kwh.value, 47.44 / 3.6e6, 1e-12);
    EXPECT_TRUE(stands_on(estimate, "j_per_output_token"));
}

TEST(EstimateInference, AddsThePromptByName) {
    InferenceEstimateQuery query = llama8b();
    const Estimate bare = estimate_inference(tables(), query).value();
    query.input_tokens = 1000;
    const Estimate prompted = estimate_inference(tables(), query).value();
    EXPECT_EQ(prompted.source, "measured");
    EXPECT_DOUBLE_EQ(prompted.j_per_output_token->value, bare.j_per_output_token->value);
    // Half of the peak at rated power, by hand: 2 x 2 x 8e9 x 1000 x 700 / 989.4e12 = 22.64 J.
    EXPECT_NEAR(prompted.prompt_j->value, 22.64, 0.01);
    EXPECT_NEAR(
        prompted.chain.component_kwh.value - bare.chain.component_kwh.value, 22.64 / 3.6e6, 1e-8);
}

TEST(EstimateInference, ChoosesAsManyChipsAsHoldTheWeights) {
    InferenceEstimateQuery query = llama8b();
    query.model.clear();
    query.params_total = 70e9;
    query.chips = 0;
    // 1.2 x 140 GB over 80 GB: 2.1, so 4.
    EXPECT_EQ(estimate_inference(tables(), query)->chips, 4);
}

// Elsworth et al. 2025 (arXiv 2508.15734): 0.14 Wh of accelerators, 0.06 host and 0.02 idle make 0.22, with
// PUE 1.09 0.24 Wh.
TEST(Chain, LeadsFromGeminisAcceleratorsToItsFacility) {
    SiteOptions site;
    site.pue = 1.09;
    const Chain chain = carry(exactly(0.14e-3),
                              Boundary::component,
                              accelerator_overhead(),
                              find_site(tables(), site).value());
    EXPECT_NEAR(chain.node_kwh.value, 0.22e-3, 0.001e-3);
    EXPECT_NEAR(chain.facility_kwh.value, 0.24e-3, 0.001e-3);
}

TEST(EstimateTraining, NotesWeightsThatDoNotFit) {
    TrainingEstimateQuery query = gpt3();
    query.chips = 1;
    // 175e9 weights of 2 bytes are 350 GB; a V100 has 32.
    const Estimate estimate = estimate_training(tables(), query).value();
    EXPECT_TRUE(
        std::any_of(estimate.notes.begin(), estimate.notes.end(), [](const std::string& note) {
            return note.find("350 GB of weights do not fit in the 32 GB") != std::string::npos;
        }));
}

TEST(Estimate, RefusesCountsThatOverflow) {
    for (const auto& [mfu, goodput] :
         {std::pair{1e-320, 1.0}, std::pair{1e-5, 1.0}, std::pair{0.4, 1e-300}}) {
        TrainingEstimateQuery query = gpt3();
        query.tokens = 1e18;
        query.mfu = mfu;
        query.goodput = goodput;
        EXPECT_EQ(estimate_training(tables(), query).error().code, ErrorCode::out_of_range);
        EXPECT_EQ(estimate_finetuning(tables(), query).error().code, ErrorCode::out_of_range);
    }
    for (const double chips : {0.5, 1e300}) {
        TrainingEstimateQuery query = gpt3();
        query.chips = chips;
        EXPECT_EQ(estimate_training(tables(), query).error().where, "--chips");
        InferenceEstimateQuery serving = llama8b();
        serving.chips = chips;
        EXPECT_EQ(estimate_inference(tables(), serving).error().where, "--chips");
    }
    InferenceEstimateQuery query = llama8b();
    query.input_tokens = 1e300;
    EXPECT_EQ(estimate_inference(tables(), query).error().where, "--input-tokens");
    query = llama8b();
    query.batch = 1e300;
    EXPECT_EQ(estimate_inference(tables(), query).error().where, "--batch");
    // The ends of what is allowed are numbers.
    TrainingEstimateQuery most = gpt3();
    most.params_total = most.tokens = 1e18;
    most.mfu = most.goodput = 1e-4;
    EXPECT_TRUE(estimate_training(tables(), most));
    query = llama8b();
    query.model.clear();
    query.params_total = query.input_tokens = query.output_tokens = 1e18;
    query.chips = 1;
    EXPECT_TRUE(estimate_inference(tables(), query));
}

TEST(Estimate, RefusesASizeThatTheModelDoesNotHave) {
    InferenceEstimateQuery query = llama8b();
    query.params_total = 70e9;
    const Error error = estimate_inference(tables(), query).error();
    EXPECT_EQ(error.where, "--params");
    EXPECT_THAT(error.what, HasSubstr("Llama"));
    query.params_total = 8e9;  // 8.03e9 in the table
    EXPECT_TRUE(estimate_inference(tables(), query));
    query.params_total = 0;
    query.params_active = 1e9;
    EXPECT_EQ(estimate_inference(tables(), query).error().where, "--params-active");
}

TEST(Estimate, RefusesWithTheOptionThatIsWrong) {
    TrainingEstimateQuery query = gpt3();
    query.chip = "H10";
    EXPECT_EQ(estimate_training(tables(), query).error().where, "--chip");
    EXPECT_THAT(estimate_training(tables(), query).error().hint, HasSubstr("H100"));
    query = gpt3();
    query.params_total = 0;
    EXPECT_EQ(estimate_training(tables(), query).error().where, "--params");
    query = gpt3();
    query.tokens = 0;
    EXPECT_EQ(estimate_training(tables(), query).error().where, "--tokens");
    query = gpt3();
    query.model = "no such model at all";
    EXPECT_EQ(estimate_training(tables(), query).error().where, "--model");
    query = gpt3();
    query.site.pue = 0.9;
    EXPECT_EQ(estimate_training(tables(), query).error().where, "--pue");
    query = gpt3();
    query.power_w = 5000;
    EXPECT_EQ(estimate_training(tables(), query).error().where, "--power");
    query = gpt3();
    query.params_active = 200e9;
    EXPECT_EQ(estimate_training(tables(), query).error().where, "--params-active");
}

}  // namespace
}  // namespace abate::footprint
