// Mean power of an accelerator at work, from what was measured of its kind.
//
//     const MeanPower power(tables);
//     const PowerFraction f = power.fraction(h100, Phase::training);   // 0.76 (0.54 to 0.98) of rated power
//     h100.tdp_w * f.range.value;                                      // 532 W
//
// Mean board power over rated power of the measured text configurations at batch 64 and more, where a
// chip is kept busy as training keeps it: median, 5th and 95th percentile. Of the chip itself where
// enough of it was measured, else of all chips. For training, a chip whose whole system somebody
// metered while it trained goes by that (system_fraction), since rated powers of TPUs say little.
#pragma once

#include "abate/data/data.h"
#include "abate/footprint/inference_energy.h"
#include "abate/record/record.h"
#include "abate/units/ranged.h"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace abate::footprint {

struct PowerFraction {
    Ranged range;  // mean over rated power
    std::size_t rows = 0;
    bool of_chip = false;  // rows are of the chip itself
    Provenance provenance;
};

// Without measured rows at all: 0.80 (0.63 to 0.98), what the H100 rows of ML.ENERGY span.
[[nodiscard]] PowerFraction power_fraction(std::span<const InferenceRow> rows,
                                           const data::Chip& chip,
                                           const Provenance& source);

// Published mean power of the chip's whole system while it trained, over rated power and node overhead,
// so that the node gets the published watts back. Rows that `left_out` says are not used. Absent: nobody
// published it. The range is 1.645 x 11 %, the largest spread over runs of one chip in Patterson et
// al. 2021 (arXiv 2104.10350), table 3, at least the spread of the rows.
[[nodiscard]] std::optional<PowerFraction> system_fraction(
    std::span<const data::PublishedCase> cases,
    const data::Chip& chip,
    const std::function<bool(const data::PublishedCase&)>& left_out = {});
// What every command takes where nobody said what a chip draws. Reads the measured rows once.
// REQUIRES: `tables` outlives it. Thread-safe once made.
class MeanPower {
  public:
    explicit MeanPower(const data::Tables& tables);
    // Of a chip that trains (training, fine-tuning, experimentation), or does anything else.
    [[nodiscard]] PowerFraction fraction(const data::Chip& chip, std::optional<Phase> phase) const;
    // Of a chip of which nothing was measured.
    [[nodiscard]] PowerFraction of_any_chip() const;

  private:
    Provenance source_;
    std::vector<InferenceRow> rows_;
    std::vector<data::PublishedCase> cases_;
};
[[nodiscard]] bool trains(std::optional<Phase> phase);

// The same, read when first asked and looked up once for each chip: for inventories of many rows. Not thread-safe.
// REQUIRES: `tables` outlives it.
class MeanPowerOnce {
  public:
    explicit MeanPowerOnce(const data::Tables& tables) : tables_(&tables) {}
    [[nodiscard]] const PowerFraction& fraction(const data::Chip& chip, std::optional<Phase> phase);

  private:
    const data::Tables* tables_;
    std::optional<MeanPower> power_;
    std::map<std::pair<std::string, bool>, PowerFraction> known_;
};

// Watts of chip, host, network and fans were read, not assumed.
[[nodiscard]] bool is_metered_system(const data::PublishedCase& row);

// Mean over rated power of one row; 0 where either is not known.
[[nodiscard]] double power_fraction_of(const InferenceRow& row);

// Rows that say what a busy chip draws.
[[nodiscard]] bool is_busy(const InferenceRow& row);

}  // namespace abate::footprint
