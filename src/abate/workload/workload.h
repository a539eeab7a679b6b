// Front door of `workload`: the floating-point operations of a job, from its model and its tokens.
//
//     Flops training = training_flop({.parameters_active = 7e9, .tokens = 2e12});   // 8.4e22
//
// Basis "model": what the mathematics needs, whatever the hardware did (recomputation, padding and
// speculation are hardware FLOP, not model FLOP).
#pragma once

#include "abate/core/result.h"
#include "abate/record/run_record.h"
#include "abate/units/compute.h"

namespace abate::workload {

struct TransformerWork {
    double parameters_active =
        0;              // parameters that meet each token (a mixture of experts: the routed ones)
    double tokens = 0;  // training: tokens seen, epochs counted; inference: input and output tokens
};

// 6 x N_active x D: 2 forward, 4 backward. Kaplan et al. 2020 (arXiv 2001.08361), section 2.1;
// attention's own term, about d_context / (6 d_model) of it, is left out. REQUIRES: both >= 0.
[[nodiscard]] Flops training_flop(const TransformerWork& work);

// 2 x N_active x tokens: one forward pass (the same source).
[[nodiscard]] Flops inference_flop(const TransformerWork& work);

// LoRA and other adapters of a frozen model: 4 x N_active x D, since weight gradients (2 x N x D)
// are not computed for frozen weights; the adapter's own, below a hundredth of it, are left out.
[[nodiscard]] Flops adapter_flop(const TransformerWork& work);

// A decoder-only transformer by its shape, where that is known.
struct TransformerShape {
    double layers = 0;
    double hidden = 0;    // h, width of the model
    double sequence = 0;  // s, tokens of one sequence
    double vocabulary = 0;
};
enum class Recompute { none, full };

// Matrix multiplications of training over `tokens`, attention over the sequence and the output layer
// included: 72 l h^2 (1 + s/(6h) + V/(12 l h)) a token, 96 (... + V/(16 l h)) where the forward pass
// is done twice (Narayanan et al. 2021, arXiv 2104.04473, section 5.1, equation 3). With `full` it
// is hardware FLOP, to be held against counters and not against 6 N D. REQUIRES: shape > 0, tokens
// >= 0.
[[nodiscard]] Flops transformer_training_flop(const TransformerShape& shape,
                                              Tokens tokens,
                                              Recompute recompute);

// 8 x N_active x D: 6 N D and the forward pass once more, for full activation recompute. Hardware
// FLOP (the same source). REQUIRES: both >= 0.
[[nodiscard]] Flops recomputed_training_flop(const TransformerWork& work);

// What `--flop`, `--tokens` and `--params-active` say of a run. Absent numbers are < 0.
struct WorkOptions {
    double flop = -1;
    double tokens = -1;
    double params_active = -1;
    double requests = -1;
    bool adapter = false;  // fine-tuning of an adapter on a frozen model
};

// Errors: invalid_argument when both --flop and --params-active are given, or --params-active
// without --tokens or phase.
[[nodiscard]] Result<Work> declared_work(const WorkOptions& options, std::optional<Phase> phase);

}  // namespace abate::workload
