#include "abate/footprint/training_time.h"

#include "abate/core/assert.h"
#include "abate/footprint/statistics.h"
#include "abate/workload/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace abate::footprint {
namespace {

// Share of the accelerators' time that ends in kept steps. Declared, not fitted: hours identify only
// its product with MFU. Published U over the MFU that the same run reports while it runs: PaLM 0.67
// (Chowdhery et al. 2022, MFU 0.457), GLM-130B at least 0.77 (Zeng et al. 2022, 0.325), Gopher 0.93
// (PaLM's table 3, 0.325).
constexpr Ranged kGoodput{.value = 0.90, .low = 0.67, .high = 1.00};

// Outside these U is a slip of the source: FLOP of a base model with the hours of its fine-tuning
// (Flan-PaLM: 135), or the reverse.
constexpr double kLeastUtilisation = 0.03;
constexpr double kMostUtilisation = 0.75;
// Basis of a published utilisation that is the model FLOP utilisation while a run runs.
constexpr std::string_view kReportedMfu = "MFU of 6 N D";

// 6 N D and a table's own FLOP agree: the tokens are those trained on.
constexpr double kLeastAgreement = 0.8;
constexpr double kMostAgreement = 1.25;

// Kinds of chips that published language models were trained on with 16-bit matrix units, and the row
// that has their peak. A kind's variants (memory, maker's cooling) share the peak. Kinds of one die
// differ in memory and links.
struct ChipKind {
    std::string_view kind;
    std::string_view row;
    std::string_view die;
};
constexpr std::array kKinds{
    ChipKind{"H100", "NVIDIA H100 SXM5 80GB", "GH100"},
    ChipKind{"H200", "NVIDIA H200 SXM 141GB", "GH100"},
    ChipKind{"H800", "NVIDIA H800 SXM5 80GB", "GH100"},
    ChipKind{"A100", "NVIDIA A100 SXM4 80GB", "GA100"},
    ChipKind{"A800", "NVIDIA A800 SXM4 80GB", "GA100"},
    ChipKind{"V100", "NVIDIA Tesla V100 SXM2 32GB", "GV100"},
    ChipKind{"P100", "NVIDIA Tesla P100 SXM2 16GB", "GP100"},
    ChipKind{"TPU v4", "Google TPU v4", "TPU v4"},
    ChipKind{"TPU v3", "Google TPU v3 (chip)", "TPU v3"},
    ChipKind{"TPU v2", "Google TPU v2 (chip)", "TPU v2"},
    ChipKind{"Ascend 910", "Huawei Ascend 910A", "Ascend 910"},
};

// Whole-run facts that take a published case out; none is the size of an error.
struct Exclusion {
    std::string_view id;
    std::string_view reason;
};
constexpr std::array kExclusions{
    Exclusion{"pat4-gpt3-175b",
              "circular: hours derived from FLOP / (chips x 24.6 TFLOP/s); chip count assumed"},
    Exclusion{"glm-130b", "hours are a 60-day access window: an upper bound"},
    Exclusion{"openba-15b", "encoder-decoder: 6 N D is not its FLOP"},
    Exclusion{"llama32-1b",
              "pruned from 8B and distilled from 8B and 70B, \"up to 9T\" tokens: 6 N D is not the "
              "FLOP of the run"},
    Exclusion{"llama32-3b",
              "pruned from 8B and distilled from 8B and 70B, \"up to 9T\" tokens: 6 N D is not the "
              "FLOP of the run"},
    Exclusion{"llama1-norm-bloom", "second statement of bloom-176b"},
    Exclusion{"AlexaTM 20B", "encoder-decoder: 6 N D is not its FLOP"},
    Exclusion{"Code Llama-70B", "FLOP contain the base model, hours are of the continued run only"},
    Exclusion{"UnifiedQA", "fine-tuning of T5-11B, no pretraining"},
    Exclusion{"deepseek-v3", "trained in fp8: no row of 16 bit"},
    Exclusion{"grin-moe",
              "a mixture of the same shape within the dates of phi-3.5-moe: maybe one run"},
    Exclusion{"tinyllama-1.1b", "hours are tokens over the best rate, not a run's"},
};

// One run in both tables: published chip-hours beat chips x calendar time (Falcon-180B: 7.0 against
// 17.7 million h; PaLM: 8.40 against 9.44).
constexpr std::array kSameRun{
    Exclusion{"LLaMA-65B", "llama1-65b"},
    Exclusion{"BLOOM-176B", "bloom-176b-dynamic"},
    Exclusion{"PaLM (540B)", "palm-540b"},
    Exclusion{"Gopher (280B)", "gopher-280b"},
    Exclusion{"Falcon-180B", "falcon-180b"},
    Exclusion{"StarCoder", "starcoderbase-15b"},
    Exclusion{"BloombergGPT", "bloomberggpt-50b"},
    Exclusion{"GLM-130B", "glm-130b"},
    Exclusion{"GPT-3 175B (davinci)", "pat4-gpt3-175b"},
    Exclusion{"Phi-4", "phi-4"},
    Exclusion{"Phi-3.5-MoE", "phi-3.5-moe"},
};

// Developers of published cases, by the beginning of the id.
constexpr std::array kDevelopers{
    Exclusion{"bloom-", "Hugging Face"},
    Exclusion{"starcoder", "Hugging Face"},
    Exclusion{"gopher", "Google"},
    Exclusion{"glam", "Google"},
    Exclusion{"palm", "Google"},
    Exclusion{"openba", "Soochow"},
    Exclusion{"bloomberggpt", "Bloomberg"},
    Exclusion{"falcon", "TII"},
    Exclusion{"glm", "Tsinghua"},
    Exclusion{"pat4-gpt3", "OpenAI"},
    Exclusion{"llama", "Meta"},
    Exclusion{"pythia", "EleutherAI"},
    Exclusion{"mpt-", "MosaicML"},
    Exclusion{"smollm", "Hugging Face"},
    Exclusion{"santacoder", "Hugging Face"},
    Exclusion{"tiny-starcoder", "Hugging Face"},
    Exclusion{"phi-", "Microsoft"},
    Exclusion{"croissantllm", "CentraleSupelec"},
    Exclusion{"stablelm", "Stability AI"},
    Exclusion{"jetmoe", "MyShell"},
    Exclusion{"trillion", "Trillion Labs"},
    Exclusion{"deepseek", "DeepSeek"},
    Exclusion{"dots-llm1", "Rednote"},
    Exclusion{"nemotron", "NVIDIA"},
    Exclusion{"biomedlm", "Stanford"},
    Exclusion{"du2024", "Tsinghua"},
    Exclusion{"sea-lion", "AI Singapore"},
    Exclusion{"dclm", "DataComp"},
    Exclusion{"nanochat", "Karpathy"},
    Exclusion{"llmc-", "Karpathy"},
};

template <std::size_t N>
std::optional<std::string_view> reason_of(const std::array<Exclusion, N>& list,
                                          std::string_view id) {
    for (const Exclusion& entry : list)
        if (entry.id == id) return entry.reason;
    return std::nullopt;
}

std::string developer_of_case(std::string_view id) {
    for (const Exclusion& entry : kDevelopers)
        if (id.starts_with(entry.id)) return std::string(entry.reason);
    return std::string(id);
}

// The first-named organisation; laboratories of one company are one developer.
std::string developer_of_model(std::string_view organisation) {
    for (const auto& [beginning, name] : {std::pair{"Google", "Google"},
                                          std::pair{"DeepMind", "Google"},
                                          std::pair{"Meta", "Meta"},
                                          std::pair{"Facebook", "Meta"},
                                          std::pair{"Technology Inn", "TII"},
                                          std::pair{"Hugging", "Hugging Face"}})
        if (organisation.starts_with(beginning)) return name;
    return std::string(organisation.substr(0, organisation.find(',')));
}

bool is_word_end(char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }

// `kind` stands in `text` as words of their own: "TPU v4" is not in "TPU v4i". A letter after a
// number that is a variant of one kind (Ascend 910A) is allowed there.
bool names_kind(std::string_view text, std::string_view kind) {
    for (std::size_t at = text.find(kind); at != std::string_view::npos;
         at = text.find(kind, at + 1)) {
        const bool begins = at == 0 || is_word_end(text[at - 1]);
        const std::size_t end = at + kind.size();
        const bool ends = end == text.size() || is_word_end(text[end]) || kind == "Ascend 910" ||
                          text[end] == 'S';
        if (begins && ends) return true;
    }
    return false;
}

const ChipKind* find_kind(std::string_view text) {
    for (const ChipKind& kind : kKinds)
        if (names_kind(text, kind.kind)) return &kind;
    return nullptr;
}

struct Peak {
    std::string chip;
    double flop_per_s = 0;
};

// The peaks of the kinds, looked up once.
class Peaks {
  public:
    explicit Peaks(const data::Tables& tables) {
        for (const ChipKind& kind : kKinds) {
            const Result<data::Chip> chip = tables.chip(kind.row);
            if (!chip) continue;
            const double peak = peak_16bit_flop_per_s(*chip);
            if (peak > 0) peaks_.emplace(kind.kind, Peak{chip->name, peak});
        }
    }
    [[nodiscard]] const Peak* of(std::string_view hardware) const {
        const ChipKind* kind = find_kind(hardware);
        if (kind == nullptr) return nullptr;
        const auto found = peaks_.find(kind->kind);
        return found == peaks_.end() ? nullptr : &found->second;
    }

  private:
    std::map<std::string_view, Peak> peaks_;
};

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a product, symmetric
double six_n_d(double params, double token_count) {
    return workload::training_flop({.parameters_active = params, .tokens = token_count}).in(flop);
}

class Selection {
  public:
    explicit Selection(const data::Tables& tables) : peaks_(tables) {}

    void add(const data::PublishedCase& row) {
        if (row.kind == "check" || row.phase.find("training") == std::string::npos) return;
        const double params = row.params_active.value_or(row.params_total.value_or(0));
        const double hours =
            row.chip_hours.value_or(row.chip_count.value_or(0) * row.hours.value_or(0));
        if (!(params > 0) || !(hours > 0)) return;
        if (!row.tokens)
            return exclude(
                row.id, "no training tokens: FLOP cannot be told independently of hours", hours);
        const Peak* peak = peaks_.of(row.hardware);
        if (peak == nullptr) return exclude(row.id, "a mix of chips", hours);
        if (const auto reason = reason_of(kExclusions, row.id))
            return exclude(row.id, std::string(*reason), hours);
        TrainingCase fit;
        fit.id = row.id;
        fit.developer = developer_of_case(row.id);
        fit.chip = peak->chip;
        fit.peak_flop_per_s = peak->flop_per_s;
        fit.params_active = params;
        fit.params_total = row.params_total.value_or(params);
        fit.flop = six_n_d(params, *row.tokens);
        fit.chip_hours = hours;
        fit.hours_basis = row.chip_hours ? "published chip-hours" : "chips x time";
        if (row.utilisation_basis == kReportedMfu) fit.reported_mfu = row.utilisation;
        fit.source = row.provenance;
        keep(std::move(fit));
    }

    void add(const data::Model& model) {
        if (model.domain != "Language" || !(model.train_chips > 0) || !(model.train_hours > 0))
            return;
        const double hours = model.train_chips * model.train_hours;
        const double params = model.params_active > 0 ? model.params_active : model.params_total;
        const Peak* peak = peaks_.of(model.train_hardware);
        if (peak == nullptr || !(params > 0))
            return exclude(model.name,
                           "its chip has no 16-bit matrix peak here, or no parameter count",
                           hours);
        if (const auto same = reason_of(kSameRun, model.name))
            return exclude(model.name,
                           fmt::format("same run as {}, whose published chip-hours count", *same),
                           hours);
        if (const auto reason = reason_of(kExclusions, model.name))
            return exclude(model.name, std::string(*reason), hours);
        if (!(model.train_flop > 0)) return exclude(model.name, "no FLOP", hours);
        if (!(model.train_datapoints > 0))
            return exclude(model.name,
                           "no tokens: its FLOP cannot be shown to be independent of hours",
                           hours);
        const double counted = six_n_d(params, model.train_datapoints);
        const double agreement = counted / model.train_flop;
        if (agreement < kLeastAgreement || agreement > kMostAgreement)
            return exclude(
                model.name,
                fmt::format("its FLOP are {:.3g} times 6 N D: tokens of the data set, or "
                            "FLOP of rate x time",
                            1 / agreement),
                hours);
        TrainingCase fit;
        fit.id = model.name;
        fit.developer = developer_of_model(model.organisation);
        fit.chip = peak->chip;
        fit.peak_flop_per_s = peak->flop_per_s;
        fit.params_active = params;
        fit.params_total = model.params_total > 0 ? model.params_total : params;
        fit.flop = counted;
        fit.chip_hours = hours;
        fit.hours_basis = "chips x time";
        fit.source = model.provenance;
        keep(std::move(fit));
    }

    [[nodiscard]] TrainingCases take() {
        std::sort(
            out_.cases.begin(), out_.cases.end(), [](const TrainingCase& a, const TrainingCase& b) {
                return std::pair(a.developer, a.id) < std::pair(b.developer, b.id);
            });
        return std::move(out_);
    }

  private:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): whose row, then why
    void exclude(const std::string& id, std::string reason, double hours) {
        out_.excluded.push_back({.id = id, .reason = std::move(reason), .chip_hours = hours});
    }
    void keep(TrainingCase row) {
        const double u = row.utilisation();
        if (!(u >= kLeastUtilisation && u <= kMostUtilisation))
            return exclude(row.id,
                           fmt::format("implausible utilisation {:.3g} (outside {} to {})",
                                       u,
                                       kLeastUtilisation,
                                       kMostUtilisation),
                           row.chip_hours);
        out_.cases.push_back(std::move(row));
    }

    Peaks peaks_;
    TrainingCases out_;
};

// Chosen before the fit: at 1e10 active parameters the matrices of one layer fill any of the chips.
constexpr double kLargeModel = 1e10;
constexpr double kFastChip = 500e12;
constexpr double kMixture = 1.2;

double smallness(double params_active) {
    return std::min(0.0, std::log(params_active / kLargeModel));
}

using Matrix = std::array<UtilisationModel::Terms, UtilisationModel::kTerms>;

struct LinearFit {
    UtilisationModel::Terms coefficients{};
    double log_likelihood = 0;
};

// Gauss without pivots: the matrix is symmetric and positive definite.
UtilisationModel::Terms solve(Matrix matrix, UtilisationModel::Terms right) {
    constexpr std::size_t n = UtilisationModel::kTerms;
    for (std::size_t at = 0; at < n; ++at) {
        ABATE_ASSERT(matrix[at][at] > 0);
        for (std::size_t row = at + 1; row < n; ++row) {
            const double factor = matrix[row][at] / matrix[at][at];
            for (std::size_t column = at; column < n; ++column)
                matrix[row][column] -= factor * matrix[at][column];
            right[row] -= factor * right[at];
        }
    }
    UtilisationModel::Terms out{};
    for (std::size_t at = n; at-- > 0;) {
        double rest = right[at];
        for (std::size_t column = at + 1; column < n; ++column)
            rest -= matrix[at][column] * out[column];
        out[at] = rest / matrix[at][at];
    }
    return out;
}

struct Observation {
    UtilisationModel::Terms terms{};
    double log_utilisation = 0;
};
using Developers = std::map<std::string_view, std::vector<Observation>>;

Developers by_developer(std::span<const TrainingCase> cases) {
    Developers out;
    for (const TrainingCase& run : cases)
        out[run.developer].push_back({.terms = UtilisationModel::terms(shape_of(run)),
                                      .log_utilisation = std::log(run.utilisation())});
    return out;
}

// The covariance of one developer's n runs is 1 + ratio J; its inverse is 1 - ratio / (1 + n ratio) J and
// its determinant 1 + n ratio (Sherman and Morrison 1950).
LinearFit fit_with_ratio(const Developers& developers, double ratio) {
    constexpr std::size_t k = UtilisationModel::kTerms;
    Matrix normal{};
    UtilisationModel::Terms right{};
    for (std::size_t i = 1; i < k; ++i) normal[i][i] = 1;  // the weight of one run towards 0
    double runs = 0;
    for (const auto& [name, observations] : developers) {
        UtilisationModel::Terms sums{};
        double sum = 0;
        const auto n = static_cast<double>(observations.size());
        for (const Observation& one : observations) {
            for (std::size_t i = 0; i < k; ++i) {
                sums[i] += one.terms[i];
                right[i] += one.terms[i] * one.log_utilisation;
                for (std::size_t j = 0; j < k; ++j) normal[i][j] += one.terms[i] * one.terms[j];
            }
            sum += one.log_utilisation;
        }
        const double shared = ratio / (1 + n * ratio);
        for (std::size_t i = 0; i < k; ++i) {
            right[i] -= shared * sums[i] * sum;
            for (std::size_t j = 0; j < k; ++j) normal[i][j] -= shared * sums[i] * sums[j];
        }
        runs += n;
    }
    LinearFit fit{.coefficients = solve(normal, right)};
    double squares = 0;
    double log_determinant = 0;
    for (const auto& [name, observations] : developers) {
        const auto n = static_cast<double>(observations.size());
        double sum = 0;
        for (const Observation& one : observations) {
            const double residual =
                one.log_utilisation -
                std::inner_product(
                    one.terms.begin(), one.terms.end(), fit.coefficients.begin(), 0.0);
            squares += residual * residual;
            sum += residual;
        }
        squares -= ratio / (1 + n * ratio) * sum * sum;
        log_determinant += std::log(1 + n * ratio);
    }
    // Runs that lie on the fit exactly: the floor keeps the logarithm finite and changes no order.
    constexpr double kNothing = 1e-300;
    fit.log_likelihood =
        -0.5 * (runs * std::log(std::max(squares / runs, kNothing)) + log_determinant);
    return fit;
}

std::set<std::string> developers_of(std::span<const TrainingCase> cases) {
    std::set<std::string> out;
    for (const TrainingCase& run : cases) out.insert(run.developer);
    return out;
}

// How ln |residual| goes with smallness: a run weighs 1 / sqrt(runs of its developer), the slope is
// drawn to 0 by the weight of one run. The offset keeps a residual of 0 from counting without bound.
double scatter_slope(std::span<const TrainingCase> cases, std::span<const double> residuals) {
    constexpr double kOffset = 0.05;
    std::map<std::string_view, double> runs;
    for (const TrainingCase& run : cases) ++runs[run.developer];
    double w = 0;
    double wx = 0;
    double wxx = 1;
    double wy = 0;
    double wxy = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const double weight = 1 / std::sqrt(runs.at(cases[i].developer));
        const double x = smallness(cases[i].params_active);
        const double y = std::log(std::abs(residuals[i]) + kOffset);
        w += weight;
        wx += weight * x;
        wxx += weight * x * x;
        wy += weight * y;
        wxy += weight * x * y;
    }
    return (wxy - wx * wy / w) / (wxx - wx * wx / w);
}

// Of MFU and goodput: a run that gets less out of its chips is a slip.
constexpr double kLeastShare = 1e-4;

Result<void> check_share(const std::optional<double>& share, const char* option) {
    if (!share || (*share >= kLeastShare && *share <= 1)) return {};
    return Error{ErrorCode::out_of_range,
                 fmt::format("{} is no share of a run", *share),
                 option,
                 fmt::format("It lies from {} to 1: 0.4", kLeastShare)};
}

bool is_16bit(Precision precision) {
    return precision == Precision::bf16 || precision == Precision::fp16;
}

bool is_wide(Precision precision) {
    return precision == Precision::fp32 || precision == Precision::tf32;
}

// Why the range must be wider than that of the fitted rows; empty: it need not.
std::string why_extrapolated(const UtilisationPrior& prior, const TrainingTimeQuery& query) {
    const std::string_view kind = training_chip_kind(query.chip.name);
    if (std::find(prior.chip_kinds.begin(), prior.chip_kinds.end(), kind) == prior.chip_kinds.end())
        return "less than two published runs with independent hours used " + query.chip.name;
    if (!is_16bit(query.precision))
        return fmt::format("no published run with independent hours trained in {}",
                           to_string(query.precision));
    if (query.fine_tuning) return "no published run with independent hours is a fine-tuning";
    return "";
}

// Hours for the user's own MFU or goodput: what he gave is exact, the other keeps its prior.
Ranged declared_hours(double ideal_hours, const TrainingTime& time) {
    return {.value = ideal_hours / (time.mfu.value * time.goodput.value),
            .low = ideal_hours / (time.mfu.high * time.goodput.high),
            .high = ideal_hours / (time.mfu.low * time.goodput.low)};
}

}  // namespace

std::string_view training_chip_kind(std::string_view chip) {
    const ChipKind* kind = find_kind(chip);
    return kind == nullptr ? std::string_view() : kind->kind;
}

TrainingCases training_cases(const data::Tables& tables) {
    Selection selection(tables);
    for (const data::PublishedCase& row : tables.published_cases()) selection.add(row);
    for (const data::Model& model : tables.models()) selection.add(model);
    return selection.take();
}

RunShape shape_of(const TrainingCase& run) {
    return {.peak_flop_per_s = run.peak_flop_per_s,
            .params_active = run.params_active,
            .params_total = run.params_total};
}

UtilisationModel::Terms UtilisationModel::terms(const RunShape& shape) {
    ABATE_REQUIRE(shape.params_active > 0);
    return {1,
            shape.peak_flop_per_s > kFastChip ? 1.0 : 0.0,
            smallness(shape.params_active),
            shape.params_total > kMixture * shape.params_active ? 1.0 : 0.0};
}

double UtilisationModel::log_utilisation(const RunShape& shape) const {
    const Terms x = terms(shape);
    return std::inner_product(x.begin(), x.end(), coefficients_.begin(), 0.0);
}

UtilisationModel fit_utilisation_model(std::span<const TrainingCase> cases) {
    ABATE_REQUIRE(!cases.empty());
    const Developers developers = by_developer(cases);
    std::optional<LinearFit> best;
    for (const double ratio : {0.0, 0.25, 0.5, 1.0, 2.0, 4.0}) {
        const LinearFit fit = fit_with_ratio(developers, ratio);
        if (!best || fit.log_likelihood > best->log_likelihood) best = fit;
    }
    UtilisationModel model;
    model.coefficients_ = best->coefficients;
    return model;
}

std::vector<TrainingCase> without_developer(std::span<const TrainingCase> cases,
                                            const std::string& developer) {
    std::vector<TrainingCase> out;
    for (const TrainingCase& run : cases)
        if (run.developer != developer) out.push_back(run);
    return out;
}

std::vector<double> held_out_residuals(std::span<const TrainingCase> cases) {
    std::map<std::string, UtilisationModel> models;
    for (const std::string& developer : developers_of(cases))
        models.emplace(developer, fit_utilisation_model(without_developer(cases, developer)));
    std::vector<double> out;
    // Hours go as 1 / U: ln(H published / H predicted) = ln U predicted - ln U.
    for (const TrainingCase& run : cases)
        out.push_back(models.at(run.developer).log_utilisation(shape_of(run)) -
                      std::log(run.utilisation()));
    return out;
}

Interval HoursSpread::log_hours(double params_active) const {
    const double scale = std::exp(slope * smallness(params_active));
    return {.low = of_large.low * scale, .high = of_large.high * scale};
}

HoursSpread fit_spread(std::span<const TrainingCase> cases) {
    std::vector<double> residuals = held_out_residuals(cases);
    HoursSpread spread;
    spread.slope = scatter_slope(cases, residuals);
    for (std::size_t i = 0; i < cases.size(); ++i)
        residuals[i] /= std::exp(spread.slope * smallness(cases[i].params_active));
    const auto developers = static_cast<double>(developers_of(cases).size());
    const Interval held =
        shortest_interval(residuals, std::min(1.0, kCover * (developers + 1) / developers));
    spread.of_large = {.low = std::min(0.0, held.low), .high = std::max(0.0, held.high)};
    return spread;
}

Ranged UtilisationPrior::utilisation(const RunShape& shape) const {
    const double u = std::exp(model.log_utilisation(shape));
    const Interval hours = spread.log_hours(shape.params_active);
    return {.value = u,
            .low = u / std::exp(hours.high),
            .high = std::min(1.0, u / std::exp(hours.low))};
}

UtilisationPrior fit_utilisation(std::span<const TrainingCase> cases) {
    UtilisationPrior prior;
    prior.model = fit_utilisation_model(cases);
    prior.spread = fit_spread(cases);
    prior.goodput = kGoodput;
    prior.cases = cases.size();
    prior.developers = developers_of(cases).size();
    constexpr int kLeastRuns = 2;  // one run shows no spread
    std::map<std::string_view, int> runs;
    for (const TrainingCase& row : cases)
        if (const ChipKind* kind = find_kind(row.chip); kind != nullptr) ++runs[kind->die];
    for (const ChipKind& kind : kKinds)
        if (runs[kind.die] >= kLeastRuns) prior.chip_kinds.emplace_back(kind.kind);
    return prior;
}

Result<TrainingTime> training_time(const UtilisationPrior& prior, const TrainingTimeQuery& query) {
    if (!(query.flop > 0) || !std::isfinite(query.flop))
        return Error{ErrorCode::out_of_range,
                     fmt::format("{} FLOP are no training", query.flop),
                     "",
                     "Parameters and tokens are above 0"};
    if (!(query.params_active > 0) || !std::isfinite(query.params_active))
        return Error{ErrorCode::out_of_range,
                     fmt::format("{} parameters are no model", query.params_active),
                     "",
                     "Parameters and tokens are above 0"};
    for (const Result<void>& answer :
         {check_share(query.mfu, "--mfu"), check_share(query.goodput, "--goodput")})
        if (!answer) return answer.error();
    const Result<double> at_precision = peak_flop_per_s(query.chip, query.precision);
    if (!at_precision) return at_precision.error();

    TrainingTime time;
    const double narrow = peak_16bit_flop_per_s(query.chip);
    time.peak_flop_per_s =
        is_wide(query.precision) || !(narrow > 0) ? *at_precision : std::min(narrow, *at_precision);
    const RunShape shape{.peak_flop_per_s = narrow > 0 ? narrow : time.peak_flop_per_s,
                         .params_active = query.params_active,
                         .params_total = std::max(query.params_total, query.params_active)};
    const Ranged utilisation = prior.utilisation(shape);
    time.mfu = query.mfu ? exactly(*query.mfu)
                         : Ranged{.value = utilisation.value / kGoodput.value,
                                  .low = utilisation.low / kGoodput.value,
                                  .high = std::min(1.0, utilisation.high / kGoodput.value)};
    time.goodput = query.goodput ? exactly(*query.goodput) : prior.goodput;
    if (!is_16bit(query.precision) && !is_wide(query.precision))
        time.notes.push_back(
            fmt::format("time is reckoned at the 16-bit peak: no published run shows what {} gains",
                        to_string(query.precision)));
    const double ideal = query.flop / (3600 * time.peak_flop_per_s);
    if (query.mfu) {
        time.source = "declared";
        time.chip_hours = declared_hours(ideal, time);
        return time;
    }
    const double hours = ideal / (time.mfu.value * time.goodput.value);
    const Interval log_hours = prior.spread.log_hours(query.params_active);
    Interval spread{.low = std::exp(log_hours.low), .high = std::exp(log_hours.high)};
    time.source = "fitted";
    if (std::string why = why_extrapolated(prior, query); !why.empty()) {
        time.source = "extrapolated";
        time.notes.push_back(std::move(why));
        spread.low = std::min(spread.low, 1 / kExtrapolation);
        spread.high = std::max(spread.high, kExtrapolation);
    }
    time.chip_hours = {.value = hours, .low = hours * spread.low, .high = hours * spread.high};
    return time;
}

}  // namespace abate::footprint
