#include "abate/footprint/accelerator_power.h"

#include "abate/footprint/chain.h"
#include "abate/footprint/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace abate::footprint {
namespace {

constexpr double kBusyBatch = 64;
// Where the tables have no measured row. ML.ENERGY Benchmark v3 on H100 (700 W): 441 W for Llama 70B at batch 8 to 688 W for Llama 8B at batch
// 512; the value is the middle.
constexpr Ranged kPowerFraction{
    .value = 0.80, .low = 0.63, .high = 0.98, .kind = RangeKind::interval90};
constexpr const char* kPowerFractionSource =
    "ML.ENERGY Benchmark v3: 441 to 688 W of 700 W on H100";
// Fewer rows than this of a chip say less than those of all.
constexpr std::size_t kEnoughRows = 20;
// 1.645 standard deviations hold 90 %; P100 varies most, by 11 %.
constexpr double kSystemSpread = 1.645 * 0.11;

std::vector<double> fractions(std::span<const InferenceRow> rows, const std::string* chip) {
    std::vector<double> out;
    for (const InferenceRow& row : rows)
        if (is_busy(row) && (chip == nullptr || row.measured.chip == *chip))
            out.push_back(power_fraction_of(row));
    return out;
}

}  // namespace

double power_fraction_of(const InferenceRow& row) {
    const double rated = row.chip.tdp_w * row.measured.num_chips;
    return rated > 0 ? row.measured.chips_power_w / rated : 0;
}

bool is_busy(const InferenceRow& row) {
    return row.measured.max_batch >= kBusyBatch && power_fraction_of(row) > 0;
}

PowerFraction power_fraction(std::span<const InferenceRow> rows,
                             const data::Chip& chip,
                             const Provenance& source) {
    PowerFraction out;
    out.provenance = source;
    std::vector<double> values = fractions(rows, &chip.name);
    out.of_chip = values.size() >= kEnoughRows;
    if (!out.of_chip) values = fractions(rows, nullptr);
    out.rows = values.size();
    out.provenance.figure = "power_fraction";
    out.provenance.unit = "1";
    if (values.empty()) {
        out.range = kPowerFraction;
        out.provenance.key = "mean over rated power";
        out.provenance.source = kPowerFractionSource;
        out.provenance.layer = "built-in";
    } else {
        const Interval spread = central_interval(values, kCover);
        out.range = {.value = quantile(values, 0.5), .low = spread.low, .high = spread.high};
        out.provenance.key = fmt::format("{} measured configurations of batch {} and more on {}",
                                         values.size(),
                                         kBusyBatch,
                                         out.of_chip ? chip.name : "all measured chips");
        out.provenance.basis = "mean board power over rated power: median, 5th and 95th percentile";
    }
    out.provenance.value = out.range.value;
    out.provenance.low = out.range.low;
    out.provenance.high = out.range.high;
    return out;
}

bool is_metered_system(const data::PublishedCase& row) {
    return row.power_w_per_chip && row.power_basis.starts_with("measured system");
}

std::optional<PowerFraction> system_fraction(
    std::span<const data::PublishedCase> cases,
    const data::Chip& chip,
    const std::function<bool(const data::PublishedCase&)>& left_out) {
    if (!(chip.tdp_w > 0)) return std::nullopt;
    PowerFraction out;
    std::vector<double> watts;
    std::set<std::string> ids;
    std::set<std::string> sources;
    for (const data::PublishedCase& row : cases) {
        if (row.kind == "check" || row.chip != chip.name || !is_metered_system(row)) continue;
        if (left_out && left_out(row)) continue;
        watts.push_back(*row.power_w_per_chip);
        ids.insert(row.id);
        sources.insert(row.provenance.source);
        out.provenance = row.provenance;
    }
    if (watts.empty()) return std::nullopt;
    double mean = 0;
    for (const double one : watts) mean += one / static_cast<double>(watts.size());
    const auto [least, most] = std::minmax_element(watts.begin(), watts.end());
    const double scale = 1 / (chip.tdp_w * accelerator_overhead().ratio.value);
    out.range = {.value = mean * scale,
                 .low = std::min(mean * (1 - kSystemSpread), *least) * scale,
                 .high = std::max(mean * (1 + kSystemSpread), *most) * scale};
    out.rows = watts.size();
    out.of_chip = true;
    Provenance& from = out.provenance;
    from.figure = "power_fraction";
    from.unit = "1";
    from.value = out.range.value;
    from.low = out.range.low;
    from.high = out.range.high;
    from.key.clear();
    for (const std::string& id : ids) from.key += (from.key.empty() ? "" : ", ") + id;
    from.source.clear();
    for (const std::string& source : sources)
        from.source += (from.source.empty() ? "" : "; ") + source;
    from.basis = fmt::format(
        "{:.4g} W a chip with its share of the node, metered; over node overhead and rated power",
        mean);
    return out;
}

bool trains(std::optional<Phase> phase) {
    return phase == Phase::training || phase == Phase::finetuning ||
           phase == Phase::experimentation;
}

MeanPower::MeanPower(const data::Tables& tables)
    : source_(tables.measured_inference_source()),
      rows_(inference_rows(tables)),
      cases_(tables.published_cases()) {}

PowerFraction MeanPower::fraction(const data::Chip& chip, std::optional<Phase> phase) const {
    if (trains(phase))
        if (std::optional<PowerFraction> system = system_fraction(cases_, chip))
            return *std::move(system);
    return power_fraction(rows_, chip, source_);
}

PowerFraction MeanPower::of_any_chip() const { return power_fraction(rows_, {}, source_); }

const PowerFraction& MeanPowerOnce::fraction(const data::Chip& chip, std::optional<Phase> phase) {
    const std::pair key(chip.name, trains(phase));
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    if (!power_) power_.emplace(*tables_);
    return known_.emplace(key, power_->fraction(chip, phase)).first->second;
}

}  // namespace abate::footprint
