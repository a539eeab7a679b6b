// What a job would cost, before it runs: training, fine-tuning and serving.
//
//     const Estimate training = estimate_training(tables,
//         {.params_total = 7e9, .tokens = 2e12, .chip = "H100 SXM", .site = {.region = "FR"}}).value();
//     training.chip_hours.value;                     // 7.5e4
//     training.chain.location_kgco2e;                // with its range
//     training.basis;                                // the rows it stands on
//
// Training: FLOP -> chip-hours (training_time.h) -> power (accelerator_power.h) -> energy of the
// accelerators -> node, facility, carbon, water (chain.h) and the hardware's share (embodied.h).
// Serving begins with J per output token (inference_energy.h). Every figure has its range; errors of
// separate causes go in quadrature. Immutable values.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/chain.h"
#include "abate/footprint/inference_energy.h"
#include "abate/footprint/precision.h"
#include "abate/footprint/training_time.h"

#include <optional>
#include <string>
#include <vector>

namespace abate::footprint {

// Counts are absent where they are 0.
struct TrainingEstimateQuery {
    std::string model;  // row of models; gives parameters that are not given
    double params_total = 0;
    double params_active = 0;  // of a mixture of experts, per token
    double tokens = 0;         // seen, epochs counted
    std::string chip;
    double chips = 0;  // gives the duration; no chip-hour depends on it
    std::optional<Precision> precision;
    std::optional<double> mfu;
    std::optional<double> goodput;
    std::optional<double> power_w;  // mean of one chip
    bool adapter = false;           // fine-tuning: weights of the model stay frozen
    SiteOptions site;
};

struct InferenceEstimateQuery {
    std::string model;
    double params_total = 0;
    double params_active = 0;
    std::string chip;
    double chips = 0;  // 0: the least power of two whose memory holds the weights and a fifth more
    double batch = 0;  // 0: 64
    std::optional<Precision> precision;
    double input_tokens = 0;
    double output_tokens = 0;
    std::string task;
    SiteOptions site;
};

struct Estimate {
    std::string kind;  // "training", "finetuning", "inference"
    std::string model;
    data::Chip chip;
    Precision precision = Precision::bf16;
    double chips = 0;  // 0: not said
    double params_total = 0;
    double params_active = 0;
    double tokens = 0;        // training
    double input_tokens = 0;  // serving, a request
    double output_tokens = 0;
    double batch = 0;
    double flop = 0;  // model FLOP; serving: of a request
    std::string flop_basis;

    std::string source;  // of time, or of J per token: measured, fitted, extrapolated, declared
    Ranged chip_hours;   // serving: of a request
    std::optional<Ranged> mfu;  // training
    std::optional<Ranged> goodput;
    std::optional<Ranged> duration_h;  // training, with chips said
    Ranged power_w_per_chip;
    std::optional<Ranged> j_per_output_token;  // accelerators only
    std::optional<Ranged> prompt_j;            // serving, a request

    NodeOverhead overhead;
    Site site;
    Chain chain;      // component: the accelerators; serving: of a request
    Ranged host_kwh;  // processors and memory of the host, within node - component
    Ranged idle_kwh;  // machines kept ready, within node - component
    Ranged pue_kwh;   // facility - node
    Ranged
        embodied_kgco2e;  // amortised share of the hardware; 0 with a note where nothing is known
    Ranged total_kgco2e;  // location-based operational + embodied

    std::vector<Provenance> basis;  // the rows that the figures stand on
    std::vector<std::string> notes;
};

// Errors: not_found (chip, model, region: nearest names), out_of_range (counts not above 0, shares,
// PUE), unsupported (the chip lacks the precision), invalid_argument (no parameters).
[[nodiscard]] Result<Estimate> estimate_training(const data::Tables& tables,
                                                 const TrainingEstimateQuery& query);
// The same for 6 N D of the whole model, or 4 N D with `adapter`. No published row is a fine-tuning,
// so its time is extrapolated.
[[nodiscard]] Result<Estimate> estimate_finetuning(const data::Tables& tables,
                                                   const TrainingEstimateQuery& query);
// One request of `input_tokens` and `output_tokens`.
[[nodiscard]] Result<Estimate> estimate_inference(const data::Tables& tables,
                                                  const InferenceEstimateQuery& query);

}  // namespace abate::footprint
