#include "abate/workload/workload.h"

#include "abate/core/assert.h"

namespace abate::workload {
namespace {

Flops per_parameter_and_token(double factor, const TransformerWork& work) {
    ABATE_REQUIRE(work.parameters_active >= 0 && work.tokens >= 0);
    return factor * work.parameters_active * work.tokens * flop;
}

}  // namespace

Flops training_flop(const TransformerWork& work) { return per_parameter_and_token(6, work); }
Flops inference_flop(const TransformerWork& work) { return per_parameter_and_token(2, work); }
Flops adapter_flop(const TransformerWork& work) { return per_parameter_and_token(4, work); }
Flops recomputed_training_flop(const TransformerWork& work) {
    return per_parameter_and_token(8, work);
}

Flops transformer_training_flop(const TransformerShape& shape, Tokens count, Recompute recompute) {
    ABATE_REQUIRE(shape.layers > 0 && shape.hidden > 0 && shape.sequence > 0 &&
                  shape.vocabulary > 0 && count.in(tokens) >= 0);
    // A layer forward: 24 s h^2 for its matrices and 4 s^2 h for attention; the output layer
    // 2 s h V. Backward is twice forward; recompute repeats the layers, not the output layer.
    const double passes = recompute == Recompute::full ? 4 : 3;
    const double layer =
        24 * shape.hidden * shape.hidden * (1 + shape.sequence / (6 * shape.hidden));
    const double output = 2 * shape.hidden * shape.vocabulary;
    return (passes * shape.layers * layer + 3 * output) * count.in(tokens)*flop;
}

Result<Work> declared_work(const WorkOptions& options, std::optional<Phase> phase) {
    Work work;
    if (options.tokens >= 0) work.tokens = options.tokens;
    if (options.requests >= 0) work.requests = options.requests;
    if (options.flop >= 0) {
        if (options.params_active >= 0) {
            return Error{ErrorCode::invalid_argument,
                         "--flop and --params-active both state the work",
                         "--params-active",
                         "Give one of them"};
        }
        work.flop = options.flop;
        work.flop_basis = "declared";
        work.source = "--flop";
        return work;
    }
    if (options.params_active < 0) return work;
    if (options.tokens < 0) {
        return Error{ErrorCode::invalid_argument,
                     "--params-active needs the number of tokens",
                     "--params-active",
                     "Add --tokens N"};
    }
    if (!phase ||
        (*phase != Phase::training && *phase != Phase::finetuning && *phase != Phase::inference)) {
        return Error{ErrorCode::invalid_argument,
                     "--params-active needs to know whether the run trains or serves",
                     "--phase",
                     "Add --phase training, finetuning or inference"};
    }
    const TransformerWork model{.parameters_active = options.params_active,
                                .tokens = options.tokens};
    if (*phase == Phase::inference) {
        work.flop = inference_flop(model).in(abate::flop);
        work.source = "2 x params-active x tokens (inference)";
    } else if (options.adapter) {
        work.flop = adapter_flop(model).in(abate::flop);
        work.source = "4 x params-active x tokens (adapter on a frozen model)";
    } else {
        work.flop = training_flop(model).in(abate::flop);
        work.source = "6 x params-active x tokens (training)";
    }
    work.flop_basis = "model";
    return work;
}

}  // namespace abate::workload
