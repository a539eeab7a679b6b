#include "abate/footprint/inference_energy.h"

#include "abate/core/assert.h"
#include "abate/footprint/nnls.h"
#include "abate/footprint/statistics.h"
#include "abate/footprint/training_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace abate::footprint {
namespace {

constexpr double kBillion = 1e9;

// NVIDIA's power readings on A100, H100 and their kin (Yang et al. 2024, "Part-time power
// measurements", arXiv 2312.02741): they sample a quarter of the time.
constexpr double kMeterError = 0.07;
// Of reading a curve between two measured batches: 90 % of 390 inner points lie this near the line
// between their neighbours in log-log, which is at twice the spacing.
constexpr double kInterpolationError = 0.10;

// A mixture of experts has this little of itself in each token.
constexpr double kMixture = 0.9;
// Launches, synchronisation and waiting of n chips: watts that do no work grow with depth, and depth
// with about the cube root of size.
constexpr double kStepScale = 1e-3;
constexpr double kStepExponent = 0.3;
// KV cache: 63 kB a token for 1e9 parameters, growing as the 0.4th power: 145 kB for 8e9 and 345 kB for
// 70e9, where Llama 3.1's shapes have 2 x 2 bytes x 32 x 8 x 128 = 131 kB and 2 x 2 x 80 x 8 x 128 = 328 kB.
constexpr double kKvBytes = 63e3;
constexpr double kKvExponent = 0.4;
// Tokens that a benchmark's prompt counts for; a unit, which its coefficient takes up.
constexpr double kPromptUnit = 1000;
// Prompt pass: half of the 16-bit peak at rated power. Assumed: the tables hold no prompt lengths.
constexpr double kPromptCoefficient = 2;

// Where the fitted model has rows.
constexpr double kLeastBatch = 8;
constexpr double kMostBatch = 4096;
constexpr double kLeastSize = 8;  // 1e9 parameters
constexpr double kMostSize = 480;
constexpr double kMostMeasuredChips = 8;

// Which models share a backbone size, so that no shape of weights stands on both sides of a fold.
struct Family {
    std::string_view beginning;  // of the benchmark's name after its maker
    std::string_view family;
    std::string_view vendor;
};
constexpr std::array kFamilies{
    Family{"Qwen3-Coder-480B-A35B", "Qwen3-480B-A35B", "Qwen3"},
    Family{"Qwen3-VL-235B-A22B", "Qwen3-235B-A22B", "Qwen3"},
    Family{"Qwen3-235B-A22B", "Qwen3-235B-A22B", "Qwen3"},
    Family{"Qwen3-Omni-30B-A3B", "Qwen3-30B-A3B", "Qwen3"},
    Family{"Qwen3-Coder-30B-A3B", "Qwen3-30B-A3B", "Qwen3"},
    Family{"Qwen3-VL-30B-A3B", "Qwen3-30B-A3B", "Qwen3"},
    Family{"Qwen3-30B-A3B", "Qwen3-30B-A3B", "Qwen3"},
    Family{"Qwen3", "Qwen3 dense", "Qwen3"},
    Family{"gemma-3", "Gemma 3", "Gemma 3"},
    Family{"Llama-3.1", "Llama 3.1", "Llama 3.1"},
};

// What a person most likely means by a model's energy per token: chat first.
constexpr std::array<std::string_view, 5> kTasks{
    "lm-arena-chat", "gpqa", "sourcegraph-fim", "image-chat", "video-chat"};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

bool is_mixture(const InferencePoint& point) {
    return point.params_active < kMixture * point.params_total;
}

// Weights in the number format as it is read back. Of fp8 the tables hold block-scaled mixtures only,
// and there it saved nothing on average: two bytes.
double effective_bytes(const InferencePoint& point) {
    if (point.precision == Precision::fp8 && is_mixture(point)) return 2;
    return bytes_per_weight(point.precision);
}

// Parameters, in 1e9, that a step of `batch` tokens reads: of a mixture, those that at least one of
// the tokens was routed to.
double touched(const InferencePoint& point) {
    const double total = point.params_total / kBillion;
    const double active = point.params_active / kBillion;
    if (!is_mixture(point)) return total;
    return active + (total - active) * (1 - std::pow(1 - active / total, point.batch - 1));
}

double arithmetic_j(const InferencePoint& point) {
    return 2 * point.params_active * point.chip->tdp_w / peak_16bit_flop_per_s(*point.chip);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): symmetric
bool same_precision(Precision a, Precision b) {
    const auto norm = [](Precision p) { return p == Precision::mxfp4 ? Precision::fp4 : p; };
    return norm(a) == norm(b);
}

// "meta-llama/Llama-3.1-8B-Instruct" -> "Llama-3.1-8B-Instruct".
std::string_view after_maker(std::string_view model_id) {
    const std::size_t slash = model_id.find('/');
    return slash == std::string_view::npos ? model_id : model_id.substr(slash + 1);
}

std::string without_precision(std::string_view model_id) {
    std::string name = lower(model_id);
    for (const std::string_view ending : {"-fp8", "-bf16"})
        if (name.ends_with(ending)) name.resize(name.size() - ending.size());
    return name;
}

// A curve of energy over batch, of one task and one layout of the model over the chips.
struct Curve {
    std::vector<const InferenceRow*> rows;  // by rising batch
};

// Energy where the curve was measured or between two points; absent: outside.
struct Reading {
    double j = 0;
    double power_w = 0;  // of all chips
    const InferenceRow* below = nullptr;
    const InferenceRow* above = nullptr;  // the same row where it is a measured point
};

std::optional<Reading> read(const Curve& curve, double batch) {
    for (const InferenceRow* row : curve.rows)
        if (static_cast<double>(row->measured.max_batch) == batch)
            return Reading{row->measured.j_per_output_token, row->measured.chips_power_w, row, row};
    for (std::size_t i = 1; i < curve.rows.size(); ++i) {
        const data::MeasuredInference& low = curve.rows[i - 1]->measured;
        const data::MeasuredInference& high = curve.rows[i]->measured;
        if (!(low.avg_batch <= batch && batch <= high.avg_batch) ||
            !(low.avg_batch < high.avg_batch))
            continue;
        const double way =
            std::log(batch / low.avg_batch) / std::log(high.avg_batch / low.avg_batch);
        return Reading{low.j_per_output_token *
                           std::pow(high.j_per_output_token / low.j_per_output_token, way),
                       low.chips_power_w + way * (high.chips_power_w - low.chips_power_w),
                       curve.rows[i - 1],
                       curve.rows[i]};
    }
    return std::nullopt;
}

Provenance basis_row(const InferenceRow& row, const Provenance& source) {
    Provenance out = source;
    const data::MeasuredInference& m = row.measured;
    out.figure = "j_per_output_token";
    out.value = out.low = out.high = m.j_per_output_token;
    out.unit = "J/output token";
    out.key = fmt::format("{} {} {} x {} batch {} {}",
                          m.model_id,
                          m.task,
                          m.num_chips,
                          m.chip,
                          m.max_batch,
                          m.precision);
    out.basis = "measured, accelerators only";
    return out;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what it is a number of, then its option
Result<void> above_zero(double value, const char* what, const char* option) {
    if (value > 0 && std::isfinite(value)) return {};
    return Error{ErrorCode::out_of_range,
                 fmt::format("{} {} are not possible", value, what),
                 option,
                 "It is a number above 0"};
}

Result<void> check(const InferenceQuery& query) {
    for (const Result<void>& answer :
         {above_zero(query.params_total, "parameters", "--params"),
          above_zero(query.params_active, "active parameters", "--params-active"),
          above_zero(query.chips, "chips", "--chips"),
          above_zero(query.output_tokens, "output tokens", "--output-tokens")})
        if (!answer) return answer;
    if (query.params_active > query.params_total)
        return Error{ErrorCode::out_of_range,
                     "more parameters are active than there are",
                     "--params-active",
                     "It is at most --params"};
    if (!(query.batch >= 1) || !std::isfinite(query.batch))
        return Error{ErrorCode::out_of_range,
                     fmt::format("a batch of {} is not possible", query.batch),
                     "--batch",
                     "Sequences decoded together, 1 or more"};
    if (!(query.input_tokens >= 0) || !std::isfinite(query.input_tokens))
        return Error{ErrorCode::out_of_range,
                     fmt::format("{} input tokens are not possible", query.input_tokens),
                     "--input-tokens",
                     "0 or more"};
    const data::Chip& chip = query.chip;
    for (const auto& [known, what, column] :
         {std::tuple{chip.tdp_w > 0, "rated power", "tdp_w"},
          std::tuple{chip.bandwidth_gb_per_s > 0, "memory bandwidth", "bandwidth_gb_per_s"},
          std::tuple{peak_16bit_flop_per_s(chip) > 0, "16-bit peak", "bf16_tflops"}})
        if (!known)
            return Error{
                ErrorCode::unsupported,
                fmt::format("no table knows the {} of {}", what, chip.name),
                "--chip",
                fmt::format("Give it with --set \"accelerators/{}/{}=NUMBER\"", chip.name, column)};
    return {};
}

InferencePoint point_of_query(const InferenceQuery& query) {
    return {.params_total = query.params_total,
            .params_active = query.params_active,
            .chip = &query.chip,
            .chips = query.chips,
            .batch = query.batch,
            .precision = query.precision,
            .output_tokens = query.output_tokens,
            .input_tokens = query.input_tokens};
}

}  // namespace

std::vector<std::string> inference_tasks() { return {kTasks.begin(), kTasks.end()}; }

std::vector<InferenceRow> inference_rows(const data::Tables& tables) {
    std::map<std::string, data::Model> models;
    for (data::Model& model : tables.models())
        if (!model.inference_model_id.empty()) {
            std::string id = model.inference_model_id;
            models.emplace(std::move(id), std::move(model));
        }
    std::map<std::string, data::Chip> chips;
    std::vector<InferenceRow> rows;
    for (data::MeasuredInference& measured : tables.measured_inference()) {
        if (measured.unit != "request" || !(measured.j_per_output_token > 0)) continue;
        const auto model = models.find(measured.model_id);
        if (model == models.end() || !(model->second.params_total > 0)) continue;
        auto chip = chips.find(measured.chip);
        if (chip == chips.end()) {
            Result<data::Chip> found = tables.chip(measured.chip);
            if (!found) continue;
            chip = chips.emplace(measured.chip, *std::move(found)).first;
        }
        const Result<Precision> precision = parse_precision(measured.precision);
        if (!precision) continue;
        InferenceRow row;
        row.precision = *precision;
        row.params_total = model->second.params_total;
        row.params_active = model->second.params_active > 0 ? model->second.params_active
                                                            : model->second.params_total;
        row.chip = chip->second;
        row.family = row.vendor = std::string(after_maker(measured.model_id));
        for (const Family& family : kFamilies)
            if (after_maker(measured.model_id).starts_with(family.beginning)) {
                row.family = family.family;
                row.vendor = family.vendor;
                break;
            }
        row.measured = std::move(measured);
        rows.push_back(std::move(row));
    }
    return rows;
}

InferencePoint point_of(const InferenceRow& row) {
    return {.params_total = row.params_total,
            .params_active = row.params_active,
            .chip = &row.chip,
            .chips = static_cast<double>(row.measured.num_chips),
            .batch = row.measured.avg_batch,
            .precision = row.precision,
            .output_tokens = row.measured.avg_output_tokens,
            .input_tokens = 0,
            .task = row.measured.task};
}

InferenceTerms inference_terms(const InferencePoint& point) {
    ABATE_REQUIRE(point.chip != nullptr && point.batch >= 1 && point.output_tokens > 0);
    const double watts = point.chip->tdp_w;
    const double bytes_per_s = point.chip->bandwidth_gb_per_s * 1e9;
    const double total = point.params_total / kBillion;
    const double active = point.params_active / kBillion;
    const double arithmetic = arithmetic_j(point);
    const double prompt = arithmetic * kPromptUnit / point.output_tokens;
    const double context = point.input_tokens + point.output_tokens / 2;
    return {watts * touched(point) * kBillion * effective_bytes(point) / bytes_per_s / point.batch,
            arithmetic,
            point.chips * watts * kStepScale * std::pow(total, kStepExponent) / point.batch,
            watts * kKvBytes * std::pow(active, kKvExponent) * context / bytes_per_s,
            is_mixture(point) ? arithmetic * std::sqrt(total / active) : 0,
            point.task == "image-chat" ? prompt : 0,
            point.task == "video-chat" ? prompt : 0,
            point.task == "sourcegraph-fim" ? prompt : 0};
}

InferenceTerms fit_inference_terms(std::span<const InferenceRow* const> rows) {
    ABATE_REQUIRE(!rows.empty());
    std::map<std::string_view, double> sizes;
    for (const InferenceRow* row : rows) sizes[row->family] += 1;
    std::array<double, kInferenceTerms * kInferenceTerms> gram{};
    InferenceTerms moments{};
    for (const InferenceRow* row : rows) {
        const double weight = 1 / std::sqrt(sizes.at(row->family));
        InferenceTerms terms = inference_terms(point_of(*row));
        for (double& term : terms) term /= row->measured.j_per_output_token;
        for (std::size_t i = 0; i < kInferenceTerms; ++i) {
            moments[i] += weight * terms[i];
            for (std::size_t j = 0; j < kInferenceTerms; ++j)
                gram[i * kInferenceTerms + j] += weight * terms[i] * terms[j];
        }
    }
    const std::vector<double> solution = nnls(gram, moments);
    InferenceTerms out{};
    std::copy(solution.begin(), solution.end(), out.begin());
    return out;
}

double j_per_output_token(const InferenceTerms& coefficients, const InferencePoint& point) {
    const InferenceTerms terms = inference_terms(point);
    double sum = 0;
    for (std::size_t i = 0; i < kInferenceTerms; ++i) sum += coefficients[i] * terms[i];
    return sum;
}

const std::string& fold_name(const InferenceRow& row, Fold fold) {
    switch (fold) {
        case Fold::family:
            return row.family;
        case Fold::vendor:
            return row.vendor;
        case Fold::chip:
            return row.measured.chip;
    }
    return row.family;
}

std::vector<double> held_out_predictions(std::span<const InferenceRow> rows, Fold fold) {
    std::set<std::string> names;
    for (const InferenceRow& row : rows) names.insert(fold_name(row, fold));
    ABATE_REQUIRE(names.size() >= 2);
    std::vector<double> out(rows.size(), 0);
    for (const std::string& name : names) {
        std::vector<const InferenceRow*> others;
        for (const InferenceRow& row : rows)
            if (fold_name(row, fold) != name) others.push_back(&row);
        const InferenceTerms coefficients = fit_inference_terms(others);
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (fold_name(rows[i], fold) == name)
                out[i] = j_per_output_token(coefficients, point_of(rows[i]));
    }
    return out;
}

Result<InferenceModel> InferenceModel::fit(const data::Tables& tables) {
    InferenceModel model;
    model.rows_ = inference_rows(tables);
    std::set<std::string_view> families;
    for (const InferenceRow& row : model.rows_) families.insert(row.family);
    if (families.size() < 2)
        return Error{ErrorCode::not_found,
                     "the tables hold no measured text generation of two families",
                     "model_inference_energy",
                     ""};
    model.source_ = tables.measured_inference_source();
    std::vector<const InferenceRow*> all;
    for (const InferenceRow& row : model.rows_) all.push_back(&row);
    model.coefficients_ = fit_inference_terms(all);
    const std::vector<double> predicted = held_out_predictions(model.rows_, Fold::family);
    std::vector<double> residuals;
    for (std::size_t i = 0; i < predicted.size(); ++i)
        residuals.push_back(std::log(model.rows_[i].measured.j_per_output_token / predicted[i]));
    model.residuals_ = central_interval(residuals, kCover);
    return model;
}

Result<InferenceEnergy> InferenceModel::estimate(const InferenceQuery& query) const {
    if (const Result<void> fine = check(query); !fine) return fine.error();
    std::optional<InferenceEnergy> found = measured(query);
    InferenceEnergy answer = found ? *std::move(found) : predicted(query);
    if (query.input_tokens > 0) {
        const double prompt =
            kPromptCoefficient * arithmetic_j(point_of_query(query)) * query.input_tokens;
        answer.prompt_j = {.value = prompt, .low = prompt / 2, .high = prompt * 2};
        answer.notes.emplace_back(
            "the prompt's pass is assumed at half of the 16-bit peak and rated power, within a "
            "factor of 2: no "
            "table holds prompt lengths");
    }
    return answer;
}

std::optional<InferenceEnergy> InferenceModel::measured(const InferenceQuery& query) const {
    if (query.model_id.empty()) return std::nullopt;
    // Task -> layout over the chips -> curve.
    std::map<std::string, std::map<std::string, Curve>> curves;
    for (const InferenceRow& row : rows_) {
        const data::MeasuredInference& m = row.measured;
        if (without_precision(m.model_id) != without_precision(query.model_id) ||
            m.chip != query.chip.name || static_cast<double>(m.num_chips) != query.chips ||
            !same_precision(row.precision, query.precision))
            continue;
        curves[m.task][fmt::format("{}/{}/{}", m.variant, m.tensor_parallel, m.expert_parallel)]
            .rows.push_back(&row);
    }
    std::vector<Reading> readings;
    std::string task = query.task;
    for (const std::string_view known : kTasks) {
        if (!query.task.empty() && known != query.task) continue;
        const auto found = curves.find(std::string(known));
        if (found == curves.end()) continue;
        for (auto& [layout, curve] : found->second) {
            std::sort(curve.rows.begin(), curve.rows.end(), [](const auto* a, const auto* b) {
                return a->measured.avg_batch < b->measured.avg_batch;
            });
            if (const auto reading = read(curve, query.batch)) readings.push_back(*reading);
        }
        if (!readings.empty()) {
            task = known;
            break;
        }
    }
    if (readings.empty()) return std::nullopt;
    // Several layouts of one task (one of the 78 measured curves has two): the frugal one is the one that people keep; the user has not
    // said his, so the range reaches the others.
    const auto [least, most] = std::minmax_element(
        readings.begin(), readings.end(), [](const Reading& a, const Reading& b) {
            return a.j < b.j;
        });
    const Reading& best = *least;
    const bool between = best.below != best.above;
    const double error = between ? std::hypot(kMeterError, kInterpolationError) : kMeterError;
    InferenceEnergy answer;
    answer.source = "measured";
    answer.j_per_output_token = {
        .value = best.j, .low = best.j * (1 - error), .high = most->j * (1 + error)};
    if (best.power_w > 0) answer.power_w_per_chip = best.power_w / query.chips;
    answer.basis.push_back(basis_row(*best.below, source_));
    if (between) answer.basis.push_back(basis_row(*best.above, source_));
    answer.notes.push_back(
        fmt::format("measured on the benchmark task {} ({:.0f} output tokens on average){}; its "
                    "range is the meter's{}",
                    task,
                    best.below->measured.avg_output_tokens,
                    between ? ", read between two batches" : "",
                    between ? " and the reading's" : ", not that of other work"));
    if (readings.size() > 1)
        answer.notes.push_back(
            fmt::format("{} layouts over the chips were measured: the most frugal, and the range "
                        "reaches the costliest",
                        readings.size()));
    return answer;
}

InferenceEnergy InferenceModel::predicted(const InferenceQuery& query) const {
    const InferencePoint point = point_of_query(query);
    const double j = footprint::j_per_output_token(coefficients_, point);
    InferenceEnergy answer;
    std::vector<std::string> outside;
    const bool known_chip = std::any_of(rows_.begin(), rows_.end(), [&](const InferenceRow& row) {
        return row.measured.chip == query.chip.name;
    });
    if (!known_chip) outside.push_back("nothing was measured on " + query.chip.name);
    const bool narrow = query.precision == Precision::fp8 && is_mixture(point);
    if (query.precision != Precision::bf16 && query.precision != Precision::fp16 && !narrow)
        outside.push_back(fmt::format("no {} model in {} was measured",
                                      is_mixture(point) ? "mixture-of-experts" : "dense",
                                      to_string(query.precision)));
    if (query.batch < kLeastBatch || query.batch > kMostBatch)
        outside.push_back(
            fmt::format("batches from {} to {} were measured", kLeastBatch, kMostBatch));
    const double size = query.params_total / kBillion;
    if (size < kLeastSize || size > kMostSize)
        outside.push_back(fmt::format(
            "models from {} to {} billion parameters were measured", kLeastSize, kMostSize));
    if (query.chips > kMostMeasuredChips)
        outside.push_back(fmt::format("up to {} chips were measured", kMostMeasuredChips));
    Interval spread{.low = std::exp(residuals_.low), .high = std::exp(residuals_.high)};
    answer.source = outside.empty() ? "fitted" : "extrapolated";
    if (!outside.empty()) {
        spread.low = std::min(spread.low, 1 / kExtrapolation);
        spread.high = std::max(spread.high, kExtrapolation);
    }
    answer.notes = std::move(outside);
    answer.j_per_output_token = {
        .value = j, .low = j * std::min(1.0, spread.low), .high = j * std::max(1.0, spread.high)};
    Provenance basis = source_;
    basis.figure = "j_per_output_token";
    basis.value = j;
    basis.low = answer.j_per_output_token.low;
    basis.high = answer.j_per_output_token.high;
    basis.unit = "J/output token";
    basis.key = fmt::format("{} measured configurations", rows_.size());
    const InferenceTerms terms = inference_terms(point);
    std::string sum;
    for (std::size_t i = 0; i < kInferenceTerms; ++i)
        if (const double part = coefficients_[i] * terms[i]; part > 0)
            sum +=
                fmt::format("{}{} {:.3g}", sum.empty() ? "" : " + ", kInferenceTermNames[i], part);
    basis.basis = "fitted, accelerators only: " + sum + " J";
    answer.basis.push_back(std::move(basis));
    // The nearest measured configurations, so that a reader can hold the figure against them.
    std::vector<std::pair<double, const InferenceRow*>> near;
    for (const InferenceRow& row : rows_) {
        const auto away = [](double a, double b) { return std::abs(std::log(a / b)); };
        const double distance = away(row.params_total, query.params_total) +
                                away(row.params_active, query.params_active) +
                                away(row.measured.avg_batch, query.batch) +
                                away(row.measured.num_chips, query.chips) +
                                (row.measured.chip == query.chip.name ? 0 : 1) +
                                (same_precision(row.precision, query.precision) ? 0 : 1) +
                                (row.measured.task == kTasks.front() ? 0 : 0.5);
        near.emplace_back(distance, &row);
    }
    constexpr std::size_t kNearest = 3;
    std::partial_sort(near.begin(),
                      near.begin() + static_cast<std::ptrdiff_t>(std::min(kNearest, near.size())),
                      near.end(),
                      [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < std::min(kNearest, near.size()); ++i) {
        answer.basis.push_back(basis_row(*near[i].second, source_));
        answer.basis.back().basis = "nearest measured configuration, accelerators only";
    }
    return answer;
}

double ecologits_j_per_output_token(const EcoLogitsQuery& query) {
    constexpr double kAlpha = 1.1665273170451914e-6;
    constexpr double kBeta = -0.011205921025579175;
    constexpr double kGamma = 4.052928146734005e-5;
    const double wh =
        kAlpha * std::exp(kBeta * query.batch) * query.params_active / kBillion + kGamma;
    return query.chips * wh * 3600;
}

}  // namespace abate::footprint
