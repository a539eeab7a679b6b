// Energy of an output token before serving: a measured row where that configuration was measured,
// else a sum of physical energies fitted to all measured rows.
//
//     const InferenceModel model = InferenceModel::fit(tables).value();
//     const InferenceEnergy answer = model.estimate({.params_total = 8e9, .params_active = 8e9,
//         .chip = h100, .chips = 1, .batch = 64, .precision = Precision::bf16,
//         .output_tokens = 400, .model_id = "meta-llama/Llama-3.1-8B-Instruct"}).value();
//     answer.j_per_output_token.value;      // 0.1186, source "measured"
//
// Accelerators only: no host, no idle time, no PUE. The terms, their coefficients and what leaving a
// family of models out shows: docs/methodology/inference.md. Fitting reads 548 rows and solves an
// 8 x 8 system: about a millisecond a fit.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/precision.h"
#include "abate/footprint/statistics.h"
#include "abate/units/ranged.h"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::footprint {

// A measured text configuration with what the model needs to know of it.
struct InferenceRow {
    data::MeasuredInference measured;
    Precision precision = Precision::bf16;
    double params_total = 0;
    double params_active = 0;
    data::Chip chip;
    std::string family;  // models that share a backbone size: "Qwen3-30B-A3B"
    std::string vendor;  // "Qwen3", "Llama 3.1", "Gemma 3"
};

// Text rows whose model and chip the tables know, in the table's order.
[[nodiscard]] std::vector<InferenceRow> inference_rows(const data::Tables& tables);
// The benchmark tasks that were measured, the most usual first.
[[nodiscard]] std::vector<std::string> inference_tasks();

// One configuration as the physics sees it.
struct InferencePoint {
    double params_total = 0;
    double params_active = 0;
    const data::Chip* chip = nullptr;
    double chips = 1;
    double batch = 1;  // sequences decoded together
    Precision precision = Precision::bf16;
    double output_tokens = 500;
    double input_tokens = 0;     // they lengthen the context that is read back
    std::string_view task = {};  // of the benchmark; its prompts cost what no other's do
};
[[nodiscard]] InferencePoint point_of(const InferenceRow& row);

// Each term is an energy in J per output token when its coefficient is 1: reading the weights, their
// arithmetic, a step's launch and waiting, the KV cache, routing among experts, and the prompts of
// three benchmark tasks.
inline constexpr std::size_t kInferenceTerms = 8;
inline constexpr std::array<const char*, kInferenceTerms> kInferenceTermNames{"weights",
                                                                              "arithmetic",
                                                                              "step",
                                                                              "kv_cache",
                                                                              "routing",
                                                                              "image_prompt",
                                                                              "video_prompt",
                                                                              "code_prompt"};
using InferenceTerms = std::array<double, kInferenceTerms>;
[[nodiscard]] InferenceTerms inference_terms(const InferencePoint& point);

// argmin over c >= 0 of the sum of w (1 - c.terms / y)^2, w = 1 / sqrt(rows of the family). A term that is 0
// in every row gets 0. REQUIRES: rows not empty.
[[nodiscard]] InferenceTerms fit_inference_terms(std::span<const InferenceRow* const> rows);
[[nodiscard]] double j_per_output_token(const InferenceTerms& coefficients,
                                        const InferencePoint& point);

// By which rows are left out together.
enum class Fold { family, vendor, chip };
// Prediction of each row, its fold left out of the fit; same order as `rows`. REQUIRES: two folds.
[[nodiscard]] std::vector<double> held_out_predictions(std::span<const InferenceRow> rows,
                                                       Fold fold);
[[nodiscard]] const std::string& fold_name(const InferenceRow& row, Fold fold);

struct InferenceQuery {
    double params_total = 0;
    double params_active = 0;
    data::Chip chip;
    double chips = 1;
    double batch = 1;
    Precision precision = Precision::bf16;
    double output_tokens = 0;
    double input_tokens = 0;
    std::string model_id;  // measured rows of this model are used; empty: none
    std::string task;  // of the benchmark; empty: the first that was measured, chat before others
};

struct InferenceEnergy {
    Ranged j_per_output_token;  // accelerators only, without the prompt of input_tokens
    Ranged prompt_j;            // the pass over input_tokens, a request; 0 without them
    std::string source;         // "measured", "fitted", "extrapolated"
    std::optional<double> power_w_per_chip;  // measured in that configuration
    std::vector<Provenance> basis;
    std::vector<std::string> notes;
};

class InferenceModel {
  public:
    // Errors: not_found, where the tables hold no measured text rows.
    [[nodiscard]] static Result<InferenceModel> fit(const data::Tables& tables);

    // Errors: out_of_range (sizes, batch, chips, tokens), unsupported (a chip without rated power,
    // bandwidth or a 16-bit peak).
    [[nodiscard]] Result<InferenceEnergy> estimate(const InferenceQuery& query) const;

    [[nodiscard]] const InferenceTerms& coefficients() const { return coefficients_; }
    [[nodiscard]] const std::vector<InferenceRow>& rows() const { return rows_; }
    // Of published over predicted, 90 % of the rows with their family left out: natural logarithm.
    [[nodiscard]] const Interval& residuals() const { return residuals_; }

  private:
    InferenceModel() = default;
    [[nodiscard]] std::optional<InferenceEnergy> measured(const InferenceQuery& query) const;
    [[nodiscard]] InferenceEnergy predicted(const InferenceQuery& query) const;

    std::vector<InferenceRow> rows_;
    InferenceTerms coefficients_{};
    Interval residuals_;
    Provenance source_;
};

// E_gpu = chips x 3600 x (1.1665e-6 exp(-0.0112 batch) N + 4.0529e-5) J per output token, N active
// parameters in 1e9 (EcoLogits, methodology of LLM inference; fitted by its authors to the ML.ENERGY
// leaderboard on H100). The baseline of `abate validate`.
struct EcoLogitsQuery {
    double params_active = 0;
    double chips = 1;
    double batch = 64;
};
[[nodiscard]] double ecologits_j_per_output_token(const EcoLogitsQuery& query);

}  // namespace abate::footprint
