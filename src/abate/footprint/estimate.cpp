#include "abate/footprint/estimate.h"

#include "abate/core/plain_text.h"
#include "abate/footprint/accelerator_power.h"
#include "abate/footprint/embodied.h"
#include "abate/workload/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace abate::footprint {
namespace {

constexpr double kDefaultBatch = 64;
// Weights with a fifth for the cache and activations, as EcoLogits reckons its memory.
constexpr double kMemoryOverWeights = 1.2;
// Host and idle over accelerators: 0.06 and 0.02 Wh over 0.14 Wh (Elsworth et al. 2025, arXiv
// 2508.15734, table 1). Their sum is accelerator_overhead() - 1.
constexpr double kHostShare = 0.06 / 0.08;
// Ten thousand times the tokens of all books, and more chips than were ever made: larger numbers are slips, and their products overflow.
constexpr double kMostCount = 1e18;
constexpr double kMostChipsAtWork = 1e7;
constexpr double kMostBatchSize = 1e6;
constexpr double kLeastWatts = 0.001;
constexpr double kMostWatts = 1e6;
// Sizes that people round: 8B for 8.03e9.
constexpr double kSameSize = 0.05;

struct Sizes {
    std::string name;
    std::string inference_id;
    double total = 0;
    double active = 0;
    std::optional<Provenance> row;
};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what it is a count of, then its option
Error bad_count(double value, const char* what, const char* option) {
    return {
        ErrorCode::out_of_range,
        fmt::format("{:g} {} are not possible", value, what),
        option,
        fmt::format("It is a number above 0 and at most {:g}, with K, M, B or T: 7B", kMostCount)};
}

bool possible_count(double value) { return value > 0 && value <= kMostCount; }

// 0: not given.
Result<void> check_chips(double chips) {
    if (chips == 0 || (chips >= 1 && chips <= kMostChipsAtWork)) return {};
    return Error{ErrorCode::out_of_range,
                 fmt::format("{:g} chips are not possible", chips),
                 "--chips",
                 fmt::format("It is a number from 1 to {:g}", kMostChipsAtWork)};
}

// Two statements of one size that cannot both be meant.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what was given, then what the table has
Result<void> check_same(double given,
                        double of_table,
                        const std::string& name,
                        const char* option) {
    if (given == 0 || of_table == 0 || std::abs(given / of_table - 1) <= kSameSize) return {};
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} has {:g} parameters, not {:g}", name, of_table, given),
                 option,
                 "Leave it out, or leave --model out"};
}

// A figure that overflowed is no estimate.
Result<Estimate> finite_estimate(Estimate estimate) {
    for (const Ranged& figure : {estimate.chip_hours,
                                 estimate.chain.node_kwh,
                                 estimate.chain.facility_kwh,
                                 estimate.chain.location_kgco2e,
                                 estimate.embodied_kgco2e,
                                 estimate.total_kgco2e,
                                 estimate.duration_h.value_or(Ranged{})})
        if (!std::isfinite(figure.value) || !std::isfinite(figure.low) ||
            !std::isfinite(figure.high))
            return Error{ErrorCode::out_of_range,
                         "the estimate is larger than any number",
                         "",
                         "Check the counts: parameters, tokens, chips"};
    return estimate;
}

// Parameters from the options, and from the models table what they leave out.
Result<Sizes> sizes_of(
    const data::Tables& tables,
    const std::string& model,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): all, then those of them that are active
    double total,
    double active) {
    Sizes sizes;
    sizes.total = total;
    sizes.active = active;
    if (!model.empty()) {
        Result<data::Model> found = tables.model(model);
        if (!found) {
            Error error = found.error();
            error.where = "--model";
            return error;
        }
        sizes.name = found->name;
        sizes.inference_id = found->inference_model_id;
        for (const Result<void>& same :
             {check_same(total, found->params_total, found->name, "--params"),
              check_same(active,
                         found->params_active == 0 ? found->params_total : found->params_active,
                         found->name,
                         "--params-active")})
            if (!same) return same.error();
        if (sizes.total == 0) {
            sizes.total = found->params_total;
            if (sizes.active == 0) sizes.active = found->params_active;
            sizes.row = found->provenance;
            sizes.row->figure = "params";
            sizes.row->key = found->name;
            sizes.row->value = sizes.row->low = sizes.row->high = sizes.total;
            sizes.row->unit = "parameters";
        }
        if (sizes.total == 0)
            return Error{ErrorCode::not_found,
                         "no table knows how many parameters " + found->name + " has",
                         "--params",
                         "Add --params N"};
    } else if (sizes.total == 0) {
        return Error{ErrorCode::invalid_argument,
                     "nothing says how large the model is",
                     "--params",
                     "Add --params 7B, or --model NAME of the table models"};
    }
    if (sizes.active == 0) sizes.active = sizes.total;
    if (!possible_count(sizes.total)) return bad_count(sizes.total, "parameters", "--params");
    if (!possible_count(sizes.active))
        return bad_count(sizes.active, "active parameters", "--params-active");
    if (sizes.active > sizes.total)
        return Error{ErrorCode::out_of_range,
                     "more parameters are active than there are",
                     "--params-active",
                     "It is at most --params"};
    return sizes;
}

Result<data::Chip> chip_of(const data::Tables& tables, const std::string& name) {
    Result<data::Chip> chip = tables.chip(name);
    if (chip) return chip;
    Error error = chip.error();
    error.where = "--chip";
    return error;
}

// What is added to `inner` by a factor with a range: inner x (factor - 1).
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): an energy, then the factor on it
Ranged added(const Ranged& inner, const Ranged& factor) {
    return multiply(inner,
                    {.value = std::max(0.0, factor.value - 1),
                     .low = std::max(0.0, factor.low - 1),
                     .high = std::max(0.0, factor.high - 1),
                     .kind = factor.kind});
}

Provenance rated_row(const data::Chip& chip) {
    Provenance row = chip.provenance;
    row.figure = "rated_w";
    row.key = chip.name;
    row.value = row.low = row.high = chip.tdp_w;
    row.unit = "W";
    return row;
}

// Mean power of one chip, from the user or from measured fractions of its rated power.
Result<Ranged> power_of(const data::Tables& tables,
                        const std::optional<double>& given_w,
                        std::optional<Phase> phase,
                        Estimate& estimate) {
    const data::Chip& chip = estimate.chip;
    if (given_w) {
        if (!(*given_w >= kLeastWatts && *given_w <= kMostWatts))
            return Error{
                ErrorCode::out_of_range,
                fmt::format("{} W is no power of a chip at work", *given_w),
                "--power",
                fmt::format("Mean watts of one chip, from {} to {:g}", kLeastWatts, kMostWatts)};
        if (chip.tdp_w > 0 && *given_w > 2 * chip.tdp_w)
            return Error{ErrorCode::out_of_range,
                         fmt::format("{} W is more than twice the rated {} W of {}",
                                     *given_w,
                                     chip.tdp_w,
                                     chip.name),
                         "--power",
                         "Mean watts of one chip"};
        return exactly(*given_w);
    }
    if (!(chip.tdp_w > 0))
        return Error{ErrorCode::unsupported,
                     "no table knows the rated power of " + chip.name,
                     "--power",
                     "Add --power W, the mean watts of one chip"};
    const PowerFraction fraction = MeanPower(tables).fraction(chip, phase);
    estimate.basis.push_back(rated_row(chip));
    estimate.basis.push_back(fraction.provenance);
    if (!fraction.of_chip)
        estimate.notes.push_back(fmt::format(
            "nobody's measured power of {} is in the tables: the spread of other chips stands in",
            chip.name));
    return scaled(fraction.range, chip.tdp_w);
}

// Node, facility, carbon and water of the accelerators' energy, each addition by its name.
void carry_on(Estimate& estimate, const Ranged& accelerators_kwh) {
    estimate.overhead = accelerator_overhead();
    estimate.chain = carry(accelerators_kwh, Boundary::component, estimate.overhead, estimate.site);
    const Ranged over = added(accelerators_kwh, estimate.overhead.ratio);
    estimate.host_kwh = scaled(over, kHostShare);
    estimate.idle_kwh = scaled(over, 1 - kHostShare);
    estimate.pue_kwh = added(estimate.chain.node_kwh, estimate.site.pue.range);
    Provenance overhead;
    overhead.figure = "node_over_accelerators";
    overhead.value = estimate.overhead.ratio.value;
    overhead.low = estimate.overhead.ratio.low;
    overhead.high = estimate.overhead.ratio.high;
    overhead.unit = "1";
    overhead.key = "host 0.06 and idle 0.02 over 0.14 Wh";
    overhead.layer = "built-in";
    overhead.source = estimate.overhead.citation;
    overhead.year = 2025;
    estimate.basis.push_back(std::move(overhead));
    for (Provenance& row : site_provenance(estimate.site)) estimate.basis.push_back(std::move(row));
}

// The hardware's share for the chip-hours that the job holds it, u = 1, lifetime by default.
void add_embodied(const data::Tables& tables, Estimate& estimate) {
    const Result<Embodied> node = node_embodied_per_chip(tables, estimate.chip.name);
    if (!node) {
        estimate.notes.push_back("embodied carbon is not in the total: " + node.error().what);
    } else {
        const Ranged lifetime = default_lifetime_h();
        const Result<Ranged> charge = amortised(node->total(),
                                                {.lifetime_h = lifetime.value,
                                                 .used_h = 1,
                                                 .lifetime_low_h = lifetime.low,
                                                 .lifetime_high_h = lifetime.high});
        if (charge) estimate.embodied_kgco2e = multiply(*charge, estimate.chip_hours);
        for (const Provenance& row : node->provenance) estimate.basis.push_back(row);
        Provenance life;
        life.figure = "lifetime_h";
        life.value = lifetime.value;
        life.low = lifetime.low;
        life.high = lifetime.high;
        life.unit = "h";
        life.layer = "built-in";
        life.source = "published practice, 3 to 6 years (docs/methodology/embodied.md)";
        estimate.basis.push_back(std::move(life));
    }
    RangeSum total;
    total.add(estimate.chain.location_kgco2e, "operational");
    total.add(estimate.embodied_kgco2e, "embodied");
    estimate.total_kgco2e = total.total();
    // The embodied share may end at 0 and rounding below it.
    estimate.total_kgco2e.low = std::max(estimate.total_kgco2e.low, 0.0);
}

void add_training_basis(const TrainingCases& known,
                        const UtilisationPrior& prior,
                        const TrainingEstimateQuery& query,
                        Estimate& estimate) {
    if (!query.mfu || !query.goodput) {
        Provenance row;
        row.figure = "mfu_x_goodput";
        const Ranged utilisation =
            prior.utilisation({.peak_flop_per_s = peak_16bit_flop_per_s(estimate.chip),
                               .params_active = estimate.params_active,
                               .params_total = estimate.params_total});
        row.value = utilisation.value;
        row.low = utilisation.low;
        row.high = utilisation.high;
        row.unit = "1";
        row.key = fmt::format("{} published runs of {} developers", prior.cases, prior.developers);
        row.layer = "built-in";
        row.source = "published_cases and models (docs/methodology/training.md)";
        row.basis =
            "fit to chip, active parameters and mixture; range from leaving each developer out";
        estimate.basis.push_back(std::move(row));
    }
    if (query.mfu) return;
    // The runs on the same kind of chip, one by one.
    const std::string_view kind = training_chip_kind(estimate.chip.name);
    for (const TrainingCase& run : known.cases) {
        if (kind.empty() || training_chip_kind(run.chip) != kind) continue;
        Provenance row = run.source;
        row.figure = "mfu_x_goodput";
        row.value = row.low = row.high = run.utilisation();
        row.unit = "1";
        row.key = run.id;
        row.basis = fmt::format(
            "{:.4g} FLOP in {:.6g} chip-hours ({})", run.flop, run.chip_hours, run.hours_basis);
        estimate.basis.push_back(std::move(row));
    }
}

void note_memory(const Estimate& estimate, std::vector<std::string>& notes) {
    const double weights_gb = estimate.params_total * bytes_per_weight(estimate.precision) / 1e9;
    const double memory_gb = estimate.chips * estimate.chip.memory_gb;
    if (memory_gb > 0 && weights_gb > memory_gb)
        notes.push_back(fmt::format("{:.0f} GB of weights do not fit in the {:.0f} GB of {:g} x {}",
                                    weights_gb,
                                    memory_gb,
                                    estimate.chips,
                                    estimate.chip.name));
}

Result<Estimate> train(const data::Tables& tables,
                       const TrainingEstimateQuery& query,
                       bool fine_tuning) {
    Estimate estimate;
    estimate.kind = fine_tuning ? "finetuning" : "training";
    const Result<Sizes> sizes =
        sizes_of(tables, query.model, query.params_total, query.params_active);
    if (!sizes) return sizes.error();
    if (!possible_count(query.tokens)) return bad_count(query.tokens, "tokens", "--tokens");
    if (const Result<void> fine = check_chips(query.chips); !fine) return fine.error();
    Result<data::Chip> chip = chip_of(tables, query.chip);
    if (!chip) return chip.error();
    estimate.chip = *std::move(chip);
    const Result<Precision> precision =
        query.precision ? Result<Precision>(*query.precision) : default_precision(estimate.chip);
    if (!precision) return precision.error();
    estimate.precision = *precision;
    Result<Site> site = find_site(tables, query.site);
    if (!site) return site.error();
    estimate.site = *std::move(site);
    estimate.model = sizes->name;
    estimate.params_total = sizes->total;
    estimate.params_active = sizes->active;
    estimate.tokens = query.tokens;
    estimate.chips = query.chips;
    const workload::TransformerWork work{.parameters_active = sizes->active,
                                         .tokens = query.tokens};
    const bool adapter = fine_tuning && query.adapter;
    estimate.flop =
        (adapter ? workload::adapter_flop(work) : workload::training_flop(work)).in(flop);
    estimate.flop_basis = adapter ? "4 x active parameters x tokens (frozen weights)"
                                  : "6 x active parameters x tokens";
    if (sizes->row) estimate.basis.push_back(*sizes->row);

    const TrainingCases known = training_cases(tables);
    if (known.cases.size() < 2)
        return Error{ErrorCode::not_found, "the tables hold no published training runs", "", ""};
    const UtilisationPrior prior = fit_utilisation(known.cases);
    Result<TrainingTime> time = training_time(prior,
                                              {.flop = estimate.flop,
                                               .params_active = sizes->active,
                                               .params_total = sizes->total,
                                               .chip = estimate.chip,
                                               .precision = estimate.precision,
                                               .mfu = query.mfu,
                                               .goodput = query.goodput,
                                               .fine_tuning = fine_tuning});
    if (!time) return time.error();
    estimate.source = time->source;
    estimate.chip_hours = time->chip_hours;
    estimate.mfu = time->mfu;
    estimate.goodput = time->goodput;
    estimate.notes = time->notes;
    if (query.chips > 0) {
        estimate.duration_h = scaled(time->chip_hours, 1 / query.chips);
        note_memory(estimate, estimate.notes);
    }
    Provenance peak = estimate.chip.provenance;
    peak.figure = "peak_tflops";
    peak.key = estimate.chip.name;
    peak.value = peak.low = peak.high = time->peak_flop_per_s / 1e12;
    peak.unit = "TFLOP/s";
    peak.basis = "dense";
    estimate.basis.push_back(std::move(peak));
    add_training_basis(known, prior, query, estimate);

    const Result<Ranged> power = power_of(tables, query.power_w, Phase::training, estimate);
    if (!power) return power.error();
    estimate.power_w_per_chip = *power;
    carry_on(estimate, multiply(estimate.chip_hours, scaled(*power, 1e-3)));
    add_embodied(tables, estimate);
    return finite_estimate(std::move(estimate));
}

// The least power of two of chips whose memory holds the weights and a fifth more.
double chips_that_hold(const Sizes& sizes, const data::Chip& chip, Precision precision) {
    if (!(chip.memory_gb > 0)) return 1;
    const double gigabytes = kMemoryOverWeights * sizes.total * bytes_per_weight(precision) / 1e9;
    const double needed = std::ceil(gigabytes / chip.memory_gb);
    return std::exp2(std::ceil(std::log2(std::max(1.0, needed))));
}

// What the measured rows of a model were run in, where the user does not say: 16 bit, else theirs.
Precision precision_of_model(std::span<const InferenceRow> rows, const std::string& model_id) {
    std::optional<Precision> only;
    for (const InferenceRow& row : rows) {
        if (row.measured.model_id != model_id) continue;
        if (row.precision == Precision::bf16) return Precision::bf16;
        only = row.precision;
    }
    return only.value_or(Precision::bf16);
}

}  // namespace

Result<Estimate> estimate_training(const data::Tables& tables, const TrainingEstimateQuery& query) {
    return train(tables, query, false);
}

Result<Estimate> estimate_finetuning(const data::Tables& tables,
                                     const TrainingEstimateQuery& query) {
    return train(tables, query, true);
}

Result<Estimate> estimate_inference(const data::Tables& tables,
                                    const InferenceEstimateQuery& query) {
    Estimate estimate;
    estimate.kind = "inference";
    const Result<Sizes> sizes =
        sizes_of(tables, query.model, query.params_total, query.params_active);
    if (!sizes) return sizes.error();
    Result<data::Chip> chip = chip_of(tables, query.chip);
    if (!chip) return chip.error();
    estimate.chip = *std::move(chip);
    Result<Site> site = find_site(tables, query.site);
    if (!site) return site.error();
    estimate.site = *std::move(site);
    const Result<InferenceModel> model = InferenceModel::fit(tables);
    if (!model) return model.error();
    estimate.precision =
        query.precision.value_or(precision_of_model(model->rows(), sizes->inference_id));
    estimate.model = sizes->name;
    estimate.params_total = sizes->total;
    estimate.params_active = sizes->active;
    if (!possible_count(query.output_tokens))
        return bad_count(query.output_tokens, "output tokens", "--output-tokens");
    if (!(query.input_tokens >= 0 && query.input_tokens <= kMostCount))
        return Error{ErrorCode::out_of_range,
                     fmt::format("{:g} input tokens are not possible", query.input_tokens),
                     "--input-tokens",
                     fmt::format("It is a number from 0 to {:g}", kMostCount)};
    if (const Result<void> fine = check_chips(query.chips); !fine) return fine.error();
    if (!(query.batch == 0 || (query.batch >= 1 && query.batch <= kMostBatchSize)))
        return Error{ErrorCode::out_of_range,
                     fmt::format("a batch of {:g} is not possible", query.batch),
                     "--batch",
                     fmt::format("Sequences decoded together, from 1 to {:g}", kMostBatchSize)};
    if (!query.task.empty()) {
        const std::vector<std::string> tasks = inference_tasks();
        if (std::find(tasks.begin(), tasks.end(), query.task) == tasks.end())
            return Error{ErrorCode::invalid_argument,
                         fmt::format("no task '{}' was measured", short_text(query.task)),
                         "--task",
                         fmt::format("Use one of {}", fmt::join(tasks, ", "))};
    }
    estimate.input_tokens = query.input_tokens;
    estimate.output_tokens = query.output_tokens;
    estimate.batch = query.batch == 0 ? kDefaultBatch : query.batch;
    if (query.batch == 0)
        estimate.notes.push_back(
            fmt::format("no batch was given: {} sequences decoded together", kDefaultBatch));
    estimate.chips = query.chips;
    if (query.chips == 0) {
        estimate.chips = chips_that_hold(*sizes, estimate.chip, estimate.precision);
        estimate.notes.push_back(
            fmt::format("no number of chips was given: {:g} {} the weights and a fifth more",
                        estimate.chips,
                        estimate.chips == 1 ? "holds" : "hold"));
    }
    note_memory(estimate, estimate.notes);
    if (sizes->row) estimate.basis.push_back(*sizes->row);
    estimate.flop = workload::inference_flop({.parameters_active = sizes->active,
                                              .tokens = query.input_tokens + query.output_tokens})
                        .in(flop);
    estimate.flop_basis = "2 x active parameters x tokens, a request";

    Result<InferenceEnergy> energy = model->estimate({.params_total = sizes->total,
                                                      .params_active = sizes->active,
                                                      .chip = estimate.chip,
                                                      .chips = estimate.chips,
                                                      .batch = estimate.batch,
                                                      .precision = estimate.precision,
                                                      .output_tokens = query.output_tokens,
                                                      .input_tokens = query.input_tokens,
                                                      .model_id = sizes->inference_id,
                                                      .task = query.task});
    if (!energy) return energy.error();
    estimate.source = energy->source;
    estimate.j_per_output_token = energy->j_per_output_token;
    estimate.prompt_j = energy->prompt_j;
    for (Provenance& row : energy->basis) estimate.basis.push_back(std::move(row));
    for (std::string& note : energy->notes) estimate.notes.push_back(std::move(note));
    RangeSum request;
    request.add(scaled(energy->j_per_output_token, query.output_tokens), "decoding");
    request.add(energy->prompt_j, "prompt");
    const Ranged accelerators_kwh = scaled(request.total(), 1 / kJoulesPerKilowattHour);

    const Result<Ranged> power =
        power_of(tables, energy->power_w_per_chip, Phase::inference, estimate);
    if (!power) return power.error();
    estimate.power_w_per_chip = *power;
    // Chip-hours of a request are its energy over the chip's power: their errors are not
    // independent, and what the power misses the time has.
    estimate.chip_hours =
        multiply(accelerators_kwh,
                 {.value = 1e3 / power->value, .low = 1e3 / power->high, .high = 1e3 / power->low});
    carry_on(estimate, accelerators_kwh);
    add_embodied(tables, estimate);
    return finite_estimate(std::move(estimate));
}

}  // namespace abate::footprint
