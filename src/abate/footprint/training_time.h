// Training time before training: FLOP, a chip and a precision give chip-hours, with the spread that
// published runs show.
//
//     const TrainingCases known = training_cases(tables);                     // 76 runs, 23 developers
//     const UtilisationPrior prior = fit_utilisation(known.cases);
//     const TrainingTime time =
//         training_time(prior, {.flop = 8.4e22, .params_active = 7e9, .chip = chip}).value();
//     time.chip_hours.value;
//
// chip-hours = FLOP / (3600 x peak x U), U = MFU x goodput. Only the product U shows in published
// hours; ln U is told from the chip, the size of the model and whether it is a mixture of experts, by
// a fit over the embedded runs whose FLOP and hours are independent of each other. Its range is how
// far off runs of a developer are that the fit has not seen (docs/methodology/training.md). MFU and
// goodput stand apart so that a user who knows one can say so.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/precision.h"
#include "abate/footprint/statistics.h"
#include "abate/units/ranged.h"

#include <array>
#include <cstddef>
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
    std::string hours_basis;             // "published chip-hours", "chips x time"
    std::optional<double> reported_mfu;  // of 6 N D while it runs; the hours were read elsewhere
    Provenance source;

    [[nodiscard]] double utilisation() const {
        return flop / (chip_hours * 3600 * peak_flop_per_s);
    }
};

// What a run's utilisation is told from.
struct RunShape {
    double peak_flop_per_s = 0;  // dense, 16 bit
    double params_active = 0;    // > 0
    double params_total = 0;
};
[[nodiscard]] RunShape shape_of(const TrainingCase& run);

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

// ln U = b0 + b1 fast + b2 min(0, ln(N_active / 1e10)) + b3 mixture. `fast`: the chip's 16-bit peak is
// above 500 TFLOP/s, so that feeding it is harder (H100 and later). `mixture`: more than 1.2
// parameters held for one that meets a token.
class UtilisationModel {
  public:
    static constexpr std::size_t kTerms = 4;
    using Terms = std::array<double, kTerms>;

    [[nodiscard]] static Terms terms(const RunShape& shape);
    [[nodiscard]] double log_utilisation(const RunShape& shape) const;
    [[nodiscard]] const Terms& coefficients() const { return coefficients_; }

  private:
    friend UtilisationModel fit_utilisation_model(std::span<const TrainingCase> cases);
    Terms coefficients_{};
};

// Generalised least squares with a random step per developer, whose variance over that of a run is the
// likeliest of 0, 1/4, 1/2, 1, 2 and 4; each coefficient but b0 is drawn to 0 by the weight of one run.
// REQUIRES: cases not empty.
[[nodiscard]] UtilisationModel fit_utilisation_model(std::span<const TrainingCase> cases);

[[nodiscard]] std::vector<TrainingCase> without_developer(std::span<const TrainingCase> cases,
                                                          const std::string& developer);

// ln(published hours / predicted hours) of each case, its developer left out of the fit. Same order as
// `cases`. REQUIRES: at least two developers.
[[nodiscard]] std::vector<double> held_out_residuals(std::span<const TrainingCase> cases);

// Hours are predicted x exp(this). Small models scatter more: the interval is that of a model of 1e10
// active parameters or more, times exp(slope x min(0, ln(N_active / 1e10))).
struct HoursSpread {
    Interval of_large;  // holds 0
    double slope = 0;
    [[nodiscard]] Interval log_hours(double params_active) const;
};
// From the held-out residuals of `cases`: the shortest interval that holds the share 0.9 (G + 1) / G of
// them, of G developers: a new developer is one more draw of G + 1 (split conformal prediction).
// REQUIRES: at least two developers.
[[nodiscard]] HoursSpread fit_spread(std::span<const TrainingCase> cases);

struct UtilisationPrior {
    UtilisationModel model;
    HoursSpread spread;
    Ranged goodput;
    std::size_t cases = 0;
    std::size_t developers = 0;
    std::vector<std::string> chip_kinds;  // "A100", "TPU v4": those whose die has two cases or more

    // MFU x goodput with its 90 % range.
    [[nodiscard]] Ranged utilisation(const RunShape& shape) const;
};
// REQUIRES: at least two developers.
[[nodiscard]] UtilisationPrior fit_utilisation(std::span<const TrainingCase> cases);

struct TrainingTimeQuery {
    double flop = 0;           // > 0
    double params_active = 0;  // > 0
    double params_total = 0;   // 0: as params_active
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
