// Expected values are read off the publications: Patterson et al. 2021 table 4, Epoch AI, the
// ML.ENERGY leaderboard of 2026-02, Luccioni et al. 2022, Wu et al. 2022.
#include "abate/data/data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

namespace abate::data {
namespace {

Tables built_in() { return Tables::load().value(); }

PublishedCase published_case(const Tables& tables, std::string_view id) {
    for (PublishedCase& row : tables.published_cases())
        if (row.id == id) return std::move(row);
    ADD_FAILURE() << "no case " << id;
    return {};
}

// Patterson et al. 2021: 1287 MWh, 552.1 t, 3.14e23 FLOP, 10000 V100 in 14.8 days.
TEST(Model, Gpt3IsPattersons) {
    const Model gpt3 = built_in().model("gpt-3 175b").value();
    EXPECT_EQ(gpt3.name, "GPT-3 175B (davinci)");
    EXPECT_EQ(gpt3.organisation, "OpenAI");
    EXPECT_DOUBLE_EQ(gpt3.train_energy_mwh, 1287);
    EXPECT_DOUBLE_EQ(gpt3.train_tco2e, 552);
    EXPECT_DOUBLE_EQ(gpt3.train_flop, 3.14e23);
    EXPECT_DOUBLE_EQ(gpt3.train_chips, 10000);
    EXPECT_NEAR(gpt3.train_hours / 24, 14.8, 1e-9);
    EXPECT_NEAR(gpt3.params_total, 175e9, 1e9);
    EXPECT_DOUBLE_EQ(gpt3.params_active, 0);  // dense
    EXPECT_EQ(gpt3.provenance.licence, "CC-BY-4.0");
    EXPECT_NE(gpt3.footprint_source.find("Patterson"), std::string::npos);
}

TEST(Model, IsFoundByEveryNameThatItHas) {
    const Tables tables = built_in();
    for (const char* name : {"Llama 3.1-8B",
                             "llama 3.1 8b",
                             "LLAMA-3.1-8B",
                             "meta-llama/Llama-3.1-8B-Instruct",
                             "Meta-Llama/llama-3.1-8b-instruct"}) {
        const Result<Model> model = tables.model(name);
        ASSERT_TRUE(model) << name << ": " << to_string(model.error());
        EXPECT_EQ(model->name, "Llama 3.1-8B") << name;
        EXPECT_EQ(model->inference_model_id, "meta-llama/Llama-3.1-8B-Instruct");
    }
    // Two rows of one family; the words in brackets tell them apart.
    EXPECT_EQ(tables.model("gshard 600b")->name, "GShard (600B)");
    EXPECT_EQ(tables.model("gshard").error().code, ErrorCode::invalid_argument);
}

TEST(Model, UnknownNameIsAnsweredWithTheNearest) {
    const Error error = built_in().model("BLOM-176B").error();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_NE(error.hint.find("BLOOM-176B"), std::string::npos) << error.hint;
    EXPECT_EQ(built_in().model("").error().code, ErrorCode::invalid_argument);
}

TEST(Model, NamesChipsThatExistAndEveryMeasuredModel) {
    const Tables tables = built_in();
    std::set<std::string> measured;
    for (const MeasuredInference& row : tables.measured_inference()) measured.insert(row.model_id);
    for (const Model& model : tables.models()) {
        if (!model.train_chip.empty()) {
            const Result<Chip> chip = tables.chip(model.train_chip);
            ASSERT_TRUE(chip) << model.train_chip;
            EXPECT_EQ(chip->name, model.train_chip);
        }
        measured.erase(model.inference_model_id);
    }
    EXPECT_TRUE(measured.empty()) << *measured.begin();
}

// ML.ENERGY: Llama 3.1 8B on one H100, 0.119 J/token at batch 64, 0.070 at its best batch.
TEST(MeasuredInference, LlamaOnAnH100) {
    const Tables tables = built_in();
    double best = 1;
    for (const MeasuredInference& row :
         tables.measured_inference("meta-llama/llama-3.1-8b-instruct")) {
        EXPECT_EQ(row.model_id, "meta-llama/Llama-3.1-8B-Instruct");
        if (row.chip != "NVIDIA H100 SXM5 80GB") continue;
        best = std::min(best, row.j_per_output_token);
        if (row.max_batch != 64) continue;
        EXPECT_NEAR(row.j_per_output_token, 0.119, 0.0005);
        EXPECT_EQ(row.task, "lm-arena-chat");
        EXPECT_EQ(row.num_chips, 1);
        EXPECT_EQ(row.precision, "bf16");
    }
    EXPECT_NEAR(best, 0.070, 0.0005);
    EXPECT_TRUE(tables.measured_inference("no such model").empty());
    EXPECT_EQ(tables.measured_inference_source().licence, "Apache-2.0");
}

// Energy is power times time, and a request's energy that of its tokens: so every row's columns must
// agree with each other, whatever they are. It also shows that chips_power_w is of all chips.
TEST(MeasuredInference, EveryRowAgreesWithItself) {
    const Tables tables = built_in();
    const std::vector<MeasuredInference> rows = tables.measured_inference();
    EXPECT_EQ(rows.size(), 1298U);
    const auto rated = tables.chip("NVIDIA H100 SXM5 80GB")->tdp_w;
    for (const MeasuredInference& row : rows) {
        const std::string where =
            row.model_id + " " + row.task + " " + row.chip + " " + std::to_string(row.max_batch);
        const double joules = row.j_per_output_token > 0 ? row.j_per_output_token : row.j_per_unit;
        EXPECT_NEAR(joules * row.throughput_per_s / row.chips_power_w, 1, 0.002) << where;
        if (row.j_per_output_token > 0) {
            EXPECT_NEAR(row.j_per_unit / (row.j_per_output_token * row.avg_output_tokens), 1, 0.002)
                << where;
        }
        if (row.chip == "NVIDIA H100 SXM5 80GB") {
            EXPECT_LT(row.chips_power_w, rated * row.num_chips * 1.02) << where;
        }
    }
}

TEST(MeasuredInference, KeysAreUnique) {
    const Tables tables = built_in();
    std::set<std::string> keys;
    const std::vector<Row> rows = tables.rows("model_inference_energy", "").value();
    for (const Row& row : rows) EXPECT_TRUE(keys.insert(row.key).second) << row.key;
}

// Patterson et al. 2021, table 4: energy = chips x hours x W x PUE, within 1 % for every row.
TEST(PublishedCases, PattersonsTableFourAgreesWithItself) {
    const Tables tables = built_in();
    for (const auto& [id, mwh, tonnes] : {std::tuple{"pat4-gpt3-175b", 1287.0, 552.1},
                                          std::tuple{"pat4-t5-11b", 85.7, 46.7},
                                          std::tuple{"pat4-meena-2.6b", 232.0, 96.4},
                                          std::tuple{"pat4-switch-c", 179.0, 72.2},
                                          std::tuple{"pat4-gshard-600b", 24.1, 4.8},
                                          std::tuple{"pat4-nas-evtr", 7.5, 3.2}}) {
        const PublishedCase row = published_case(tables, id);
        EXPECT_DOUBLE_EQ(*row.energy_kwh, mwh * 1000) << id;
        EXPECT_NEAR(*row.operational_kgco2e, tonnes * 1000, 1e-6) << id;
        const double kwh = *row.chip_hours * *row.power_w_per_chip * *row.pue / 1000;
        EXPECT_NEAR(kwh / *row.energy_kwh, 1, 0.01) << id;
        EXPECT_EQ(row.evidence, "P");
        EXPECT_TRUE(row.circular_energy.empty());
    }
}

// Strubell et al. 2019: 1.58 t W / 1000; ELMo 517.66 W, 336 h, 262 lb.
TEST(PublishedCases, StrubellsElmo) {
    const PublishedCase elmo = published_case(built_in(), "str-elmo");
    EXPECT_NEAR(*elmo.energy_kwh, 1.58 * 336 * 517.66 / 1000, 0.05);
    EXPECT_NEAR(*elmo.operational_kgco2e, 262 * 0.45359237, 0.1);
}

// Luccioni et al. 2022: 3.64 t of GPUs and 7.57 t of servers. Wu et al. 2022: 2000 kg over 3 years at
// 30 %, and 5 years at 60 %.
TEST(PublishedCases, EmbodiedIsDeviceOverUsedLife) {
    const Tables tables = built_in();
    for (const char* id : {"bloom-embodied-gpus",
                           "bloom-embodied-servers",
                           "wu-embodied-short",
                           "wu-embodied-long"}) {
        const PublishedCase row = published_case(tables, id);
        const double kg = *row.chip_hours * *row.device_embodied_kgco2e /
                          (*row.lifetime_y * 8760 * *row.use_share);
        EXPECT_NEAR(kg / *row.embodied_kgco2e, 1, 0.002) << id;
    }
    EXPECT_DOUBLE_EQ(*published_case(tables, "bloom-embodied-gpus").embodied_kgco2e, 3640);
    EXPECT_DOUBLE_EQ(*published_case(tables, "wu-embodied-long").embodied_kgco2e, 0.0761);
}

// LLMCarbon: t = 6 P D / (n x peak x efficiency); carbon = t n W PUE CI. GShard counts its base model.
TEST(PublishedCases, LlmCarbonFollowsFromItsOwnInputs) {
    const Tables tables = built_in();
    for (const auto& [id, predicted] : {std::pair{"llmcarbon-t5", 45.74},
                                        std::pair{"llmcarbon-gpt3", 553.34},
                                        std::pair{"llmcarbon-gshard", 4.44},
                                        std::pair{"llmcarbon-switch", 63.78},
                                        std::pair{"llmcarbon-xlm", 37.62}}) {
        const PublishedCase row = published_case(tables, id);
        const double params = row.params_active ? *row.params_active : *row.params_total;
        const double chip_s =
            6 * params * *row.tokens / (*row.peak_tflops * 1e12 * *row.utilisation);
        const double kg =
            chip_s / 3600 * *row.power_w_per_chip * *row.pue * *row.intensity_gco2e_per_kwh / 1e6;
        EXPECT_NEAR(kg / 1000 / predicted, 1, 0.002) << id;
        EXPECT_NEAR(*row.operational_kgco2e, predicted * 1000, 1e-6) << id;
    }
}

TEST(PublishedCases, NameKnownChipsAndTheirSource) {
    const Tables tables = built_in();
    for (const PublishedCase& row : tables.published_cases()) {
        EXPECT_FALSE(row.provenance.source.empty()) << row.id;
        EXPECT_FALSE(row.evidence.empty()) << row.id;
        EXPECT_FALSE(row.id.starts_with("mle-")) << row.id;
        if (!row.chip.empty()) {
            EXPECT_TRUE(tables.chip(row.chip)) << row.chip;
        }
        // TDP x hours is no measurement of power.
        if (row.power_basis == "TDP" && row.energy_kwh) {
            EXPECT_FALSE(row.circular_energy.empty()) << row.id;
        }
    }
    EXPECT_EQ(published_case(tables, "pat4-t5-11b").provenance.source.substr(0, 15),
              "Patterson et al");
}

TEST(Layers, APackAddsAModelAndAnOverrideChangesOne) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "abate_models_pack";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "pack.csv") << "name,licence,attribution\nacme,own,Acme\n";
    std::ofstream(folder / "models.csv")
        << "name,organisation,params_total\nAcme-1 9B,Acme,9e9\nT5-11B,Acme,1.1e10\n";
    Layers layers;
    layers.packs = {folder.string()};
    layers.options = {"models/Meena/train_tco2e=100"};
    const Tables tables = Tables::load(layers).value();
    const Model own = tables.model("acme 1").value();
    EXPECT_DOUBLE_EQ(own.params_total, 9e9);
    EXPECT_EQ(own.provenance.layer, "pack");
    EXPECT_EQ(own.provenance.licence, "own");
    EXPECT_DOUBLE_EQ(tables.model("Meena")->train_tco2e, 100);
    // The pack's row answers, and what it does not say comes from below.
    EXPECT_EQ(tables.model("t5-11b")->organisation, "Acme");
    EXPECT_DOUBLE_EQ(tables.model("t5-11b")->train_tco2e, 46.7);
    EXPECT_EQ(tables.models().size(), built_in().models().size() + 1);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace abate::data
