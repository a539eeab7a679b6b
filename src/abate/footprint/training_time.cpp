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
// 6 N D and a table's own FLOP agree: the tokens are those trained on.
constexpr double kLeastAgreement = 0.8;
constexpr double kMostAgreement = 1.25;

// Kinds of chips that published language models were trained on with 16-bit matrix units, and the row
// that has their peak. A kind's variants (memory, maker's cooling) share the peak.
struct ChipKind {
    std::string_view kind;
    std::string_view row;
};
constexpr std::array kKinds{
    ChipKind{"H100", "NVIDIA H100 SXM5 80GB"},
    ChipKind{"H200", "NVIDIA H200 SXM 141GB"},
    ChipKind{"H800", "NVIDIA H800 SXM5 80GB"},
    ChipKind{"A100", "NVIDIA A100 SXM4 80GB"},
    ChipKind{"A800", "NVIDIA A800 SXM4 80GB"},
    ChipKind{"V100", "NVIDIA Tesla V100 SXM2 32GB"},
    ChipKind{"P100", "NVIDIA Tesla P100 SXM2 16GB"},
    ChipKind{"TPU v4", "Google TPU v4"},
    ChipKind{"TPU v3", "Google TPU v3 (chip)"},
    ChipKind{"TPU v2", "Google TPU v2 (chip)"},
    ChipKind{"Ascend 910", "Huawei Ascend 910A"},
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

struct LogUtilisations {
    std::map<std::string, std::size_t> runs;  // by developer
    std::vector<double> logs;
};

LogUtilisations logs_of(std::span<const TrainingCase> cases) {
    LogUtilisations out;
    for (const TrainingCase& row : cases) {
        ++out.runs[row.developer];
        out.logs.push_back(std::log(row.utilisation()));
    }
    return out;
}

double weighted_mean(std::span<const TrainingCase> cases,
                     const LogUtilisations& all,
                     const std::string* without) {
    double sum = 0;
    double weights = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        if (without != nullptr && cases[i].developer == *without) continue;
        const double weight = 1 / std::sqrt(static_cast<double>(all.runs.at(cases[i].developer)));
        sum += weight * all.logs[i];
        weights += weight;
    }
    ABATE_REQUIRE(weights > 0);
    return sum / weights;
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
        return "no published run with independent hours used " + query.chip.name;
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

double mean_log_utilisation(std::span<const TrainingCase> cases) {
    return weighted_mean(cases, logs_of(cases), nullptr);
}

std::vector<double> held_out_residuals(std::span<const TrainingCase> cases) {
    const LogUtilisations all = logs_of(cases);
    std::map<std::string, double> means;
    for (const auto& [developer, runs] : all.runs)
        means[developer] = weighted_mean(cases, all, &developer);
    std::vector<double> out;
    // Hours go as 1 / U: ln(H published / H predicted) = ln U predicted - ln U.
    for (std::size_t i = 0; i < cases.size(); ++i)
        out.push_back(means.at(cases[i].developer) - all.logs[i]);
    return out;
}

UtilisationPrior fit_utilisation(std::span<const TrainingCase> cases) {
    UtilisationPrior prior;
    prior.utilisation = std::exp(mean_log_utilisation(cases));
    prior.log_hours = shortest_interval(held_out_residuals(cases), kCover);
    prior.goodput = kGoodput;
    const double mfu = prior.utilisation / kGoodput.value;
    prior.mfu = {.value = mfu,
                 .low = mfu / std::exp(prior.log_hours.high),
                 .high = std::min(1.0, mfu / std::exp(prior.log_hours.low))};
    prior.cases = cases.size();
    std::set<std::string> developers;
    std::set<std::string> kinds;
    for (const TrainingCase& row : cases) {
        developers.insert(row.developer);
        kinds.insert(std::string(training_chip_kind(row.chip)));
    }
    prior.developers = developers.size();
    prior.chip_kinds = {kinds.begin(), kinds.end()};
    return prior;
}

Result<TrainingTime> training_time(const UtilisationPrior& prior, const TrainingTimeQuery& query) {
    if (!(query.flop > 0) || !std::isfinite(query.flop))
        return Error{ErrorCode::out_of_range,
                     fmt::format("{} FLOP are no training", query.flop),
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
    time.mfu = query.mfu ? exactly(*query.mfu) : prior.mfu;
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
    Interval spread{.low = std::exp(prior.log_hours.low), .high = std::exp(prior.log_hours.high)};
    time.source = "fitted";
    if (std::string why = why_extrapolated(prior, query); !why.empty()) {
        time.source = "extrapolated";
        time.notes.push_back(std::move(why));
        spread.low = std::min(spread.low, 1 / kExtrapolation);
        spread.high = std::max(spread.high, kExtrapolation);
    }
    time.chip_hours = {.value = hours,
                       .low = hours * std::min(1.0, spread.low),
                       .high = hours * std::max(1.0, spread.high)};
    return time;
}

}  // namespace abate::footprint
