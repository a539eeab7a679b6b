// Training time before training: FLOP, a chip and a precision give chip-hours, with the spread that
// published runs show.
//
//     const TrainingCases known = training_cases(tables);                     // 31 runs, 9 developers
//     const UtilisationPrior prior = fit_utilisation(known.cases);            // 0.315
//     const TrainingTime time =
//         training_time(prior, {.flop = 3.15e23, .chip = chip, .precision = Precision::fp16}).value();
//     time.chip_hours.value;
//
// chip-hours = FLOP / (3600 x peak x U), U = MFU x goodput. Only the product U shows in published
// hours; it is the developer-weighted geometric mean over the embedded runs whose FLOP and hours are
// independent of each other, and its range is how far off runs of a developer are that the mean has
// not seen (docs/methodology/training.md). MFU and goodput stand apart so that a user who knows one
// can say so.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/precision.h"
#include "abate/footprint/statistics.h"
#include "abate/units/ranged.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::footprint {

// A published training run whose FLOP were counted from its model and tokens and whose hours were
// read elsewhere.
struct TrainingCase {
    std::string id;
    std::string developer;
    std::string chip;            // row of accelerators that its peak is of
    double peak_flop_per_s = 0;  // dense, 16 bit
    double params_active = 0;
    double params_total = 0;
    double flop = 0;  // 6 x N_active x D
    double chip_hours = 0;
    std::string hours_basis;  // "published chip-hours", "chips x time"
    Provenance source;

    [[nodiscard]] double utilisation() const {
        return flop / (chip_hours * 3600 * peak_flop_per_s);
    }
};

struct ExcludedCase {
    std::string id;
    std::string reason;
    std::optional<double> chip_hours;
};

struct TrainingCases {
    std::vector<TrainingCase> cases;  // by developer, then id
    std::vector<ExcludedCase> excluded;
};

// The rows of published_cases and models that can tell utilisation. No rule looks at an error of
// prediction (docs/methodology/training.md#rows); one, the plausible 0.03 to 0.75, looks at U itself.
[[nodiscard]] TrainingCases training_cases(const data::Tables& tables);

// Developer-weighted mean of ln U: each run weighs 1 / sqrt(runs of its developer). REQUIRES: cases
// not empty.
[[nodiscard]] double mean_log_utilisation(std::span<const TrainingCase> cases);

// ln(published hours / predicted hours) of each case, its developer left out of the mean. Same order
// as `cases`. REQUIRES: at least two developers.
[[nodiscard]] std::vector<double> held_out_residuals(std::span<const TrainingCase> cases);

struct UtilisationPrior {
    double utilisation = 0;  // MFU x goodput
    Ranged mfu;
    Ranged goodput;
    Interval log_hours;  // hours are predicted x exp(this), 90 %
    std::size_t cases = 0;
    std::size_t developers = 0;
    std::vector<std::string> chip_kinds;  // "A100", "TPU v4": those with a case
};
// REQUIRES: at least two developers.
[[nodiscard]] UtilisationPrior fit_utilisation(std::span<const TrainingCase> cases);

struct TrainingTimeQuery {
    double flop = 0;  // > 0
    data::Chip chip;
    Precision precision = Precision::bf16;
    std::optional<double> mfu;      // the user's, (0, 1]
    std::optional<double> goodput;  // the user's, (0, 1]
    bool fine_tuning = false;       // no published row is one
};

struct TrainingTime {
    Ranged chip_hours;
    Ranged mfu;
    Ranged goodput;
    double peak_flop_per_s = 0;  // that the MFU is of
    std::string source;          // "fitted", "extrapolated", "declared"
    std::vector<std::string> notes;
};
// An fp8, fp4 or int8 run is reckoned at the chip's 16-bit peak: no published row shows what the
// narrower format gains, so the range is at least x3 either way. Errors: unsupported (the chip lacks
// the precision), out_of_range (flop, mfu, goodput).
[[nodiscard]] Result<TrainingTime> training_time(const UtilisationPrior& prior,
                                                 const TrainingTimeQuery& query);

// Outside the data nothing is claimed to be closer than this factor.
inline constexpr double kExtrapolation = 3;

// "A100" of "NVIDIA A100 SXM4 40GB"; empty: a kind that no rule of training_cases() knows.
[[nodiscard]] std::string_view training_chip_kind(std::string_view chip);

}  // namespace abate::footprint
