// `abate estimate training|inference|finetune`: what a job would cost, before it runs.
#include "abate/cli/common_options.h"
#include "abate/cli/context.h"
#include "abate/cli/machine.h"
#include "abate/footprint/footprint.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

namespace abate::cli {
namespace {

struct EstimateOptions {
    std::string model;
    std::string params;
    std::string params_active;
    std::string tokens;
    std::string input_tokens;
    std::string output_tokens;
    std::string chip;
    std::string chips;
    std::string batch;
    std::string precision;
    std::string mfu;
    std::string goodput;
    std::string power;
    std::string task;
    std::string region;
    std::string pue;
    bool adapter = false;
};

// A count that was given; 0 where it was not. 0 itself is never meant.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the text, then whose it is
double count_of(const std::string& text, const char* option) {
    if (text.empty()) return 0;
    const Result<double> parsed = input::parse_count(text);
    if (!parsed) {
        Error error = parsed.error();
        error.where = option;
        throw Failure(error);
    }
    if (!(*parsed > 0))
        throw Failure({ErrorCode::out_of_range,
                       "'" + short_text(text) + "' is not above 0",
                       option,
                       "Counts are above 0: 300K, 7B, 1.4T, 1.5e22"});
    return *parsed;
}

// As count_of, where 0 can be meant.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the text, then whose it is
double count_or_zero_of(const std::string& text, const char* option) {
    if (text.empty()) return 0;
    const Result<double> parsed = input::parse_count(text);
    if (!parsed) {
        Error error = parsed.error();
        error.where = option;
        throw Failure(error);
    }
    return *parsed;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the text, then whose it is
std::optional<double> number_of(const std::string& text, const char* option) {
    if (text.empty()) return std::nullopt;
    return count_or_zero_of(text, option);
}

std::optional<footprint::Precision> precision_of(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return value_or_fail(footprint::parse_precision(text));
}

footprint::SiteOptions site_of(const EstimateOptions& options, Context& context) {
    const footprint::AssessOptions given =
        assess_options(context, {.region = options.region, .pue = options.pue});
    footprint::SiteOptions site;
    site.region = given.region;
    site.pue = given.pue;
    site.layer = given.pue_layer;
    return site;
}

void print(const footprint::Estimate& estimate, Context& context) {
    if (!estimate.site.known()) context.note(unknown_region_sentence(context));
    if (context.json) {
        std::printf("%s\n", report::estimate_json(estimate).c_str());
    } else {
        std::fputs(
            report::estimate_text(estimate, context.color && isatty(STDOUT_FILENO) == 1).c_str(),
            stdout);
    }
}

footprint::TrainingEstimateQuery training_query(const EstimateOptions& options, Context& context) {
    footprint::TrainingEstimateQuery query;
    query.model = options.model;
    query.params_total = count_of(options.params, "--params");
    query.params_active = count_of(options.params_active, "--params-active");
    query.tokens = count_of(options.tokens, "--tokens");
    query.chip = options.chip;
    query.chips = count_of(options.chips, "--chips");
    query.precision = precision_of(options.precision);
    query.mfu = number_of(options.mfu, "--mfu");
    query.goodput = number_of(options.goodput, "--goodput");
    query.power_w = number_of(options.power, "--power");
    query.adapter = options.adapter;
    query.site = site_of(options, context);
    return query;
}

footprint::InferenceEstimateQuery inference_query(const EstimateOptions& options,
                                                  Context& context) {
    footprint::InferenceEstimateQuery query;
    query.model = options.model;
    query.params_total = count_of(options.params, "--params");
    query.params_active = count_of(options.params_active, "--params-active");
    query.chip = options.chip;
    query.chips = count_of(options.chips, "--chips");
    query.batch = count_of(options.batch, "--batch");
    query.precision = precision_of(options.precision);
    query.input_tokens = count_or_zero_of(options.input_tokens, "--input-tokens");
    query.output_tokens = count_of(options.output_tokens, "--output-tokens");
    query.task = options.task;
    query.site = site_of(options, context);
    return query;
}

// What each of the three takes.
void add_common(CLI::App& command, EstimateOptions& options, Context& context) {
    command.add_option("--model", options.model, "Model of the table models, in place of --params");
    command.add_option("--params", options.params, "Parameters (7B, 1.5e11)");
    command.add_option("--params-active",
                       options.params_active,
                       "Parameters that meet each token, of a mixture of experts");
    command
        .add_option(
            "--chip", options.chip, "Accelerator, as `abate data list accelerators` names it")
        ->required();
    command.add_option("--precision",
                       options.precision,
                       "fp32, tf32, bf16, fp16, fp8, fp4, mxfp4 or int8 (default: 16 bit)");
    command.add_option("--region",
                       options.region,
                       "Country (FR), grid (US-CA) or cloud region (\"gcp europe-west9\")");
    command.add_option("--pue", options.pue, "Facility energy over IT energy, 1 or more");
    add_set_option(command, context);
    command.add_flag("--json", context.json, "Print the estimate as JSON");
}

void add_time(CLI::App& command, EstimateOptions& options) {
    command.add_option("--tokens", options.tokens, "Tokens trained on, epochs counted (2T, 300M)")
        ->required();
    command.add_option(
        "--chips", options.chips, "How many, for the duration; chip-hours do not depend on it");
    command.add_option(
        "--mfu", options.mfu, "Model FLOP/s over peak while it runs, if known (0.4)");
    command.add_option(
        "--goodput", options.goodput, "Share of the time that ends in kept steps, if known (0.95)");
    command.add_option("--power", options.power, "Mean watts of one chip, if known");
}

}  // namespace

void add_estimate(CLI::App& app, Context& context) {
    auto options = std::make_shared<EstimateOptions>();
    CLI::App* estimate =
        app.add_subcommand("estimate", "What training, fine-tuning or serving would cost");
    estimate->require_subcommand(1);
    estimate->footer(
        "Examples:\n"
        "  abate estimate training --params 7B --tokens 2T --chip \"H100 SXM\" --region FR\n"
        "  abate estimate inference --model \"Llama 3.1-8B\" --chip \"H100 SXM\" --chips 1 --batch "
        "64 "
        "--output-tokens 400 --region US\n"
        "  abate estimate finetune --params 70B --tokens 100M --adapter --chip \"A100 SXM4 80GB\"");

    CLI::App* training =
        estimate->add_subcommand("training", "Chip-hours, energy and carbon of a training run");
    add_common(*training, *options, context);
    add_time(*training, *options);
    training->footer(
        "Example:\n  abate estimate training --params 671B --params-active 37B --tokens 14.8T "
        "--chip "
        "\"H800 SXM5\" --region CN");
    training->callback([options, &context] {
        print(value_or_fail(footprint::estimate_training(context.tables(),
                                                         training_query(*options, context))),
              context);
    });

    CLI::App* inference =
        estimate->add_subcommand("inference", "Energy and carbon of a request to a model");
    add_common(*inference, *options, context);
    inference->add_option(
        "--chips", options->chips, "That serve one copy (default: as many as hold the weights)");
    inference->add_option("--batch", options->batch, "Sequences decoded together (default: 64)");
    inference->add_option("--input-tokens", options->input_tokens, "Of the prompt");
    inference->add_option("--output-tokens", options->output_tokens, "Of the answer")->required();
    inference->add_option("--task",
                          options->task,
                          "Benchmark task whose measured rows count: lm-arena-chat, gpqa, "
                          "sourcegraph-fim, image-chat or video-chat");
    inference->footer(
        "Example:\n  abate estimate inference --model \"Llama 3.1-8B\" --chip \"H100 SXM\" --chips "
        "1 "
        "--batch 64 --output-tokens 400");
    inference->callback([options, &context] {
        print(value_or_fail(footprint::estimate_inference(context.tables(),
                                                          inference_query(*options, context))),
              context);
    });

    CLI::App* finetune =
        estimate->add_subcommand("finetune", "Chip-hours, energy and carbon of a fine-tuning run");
    add_common(*finetune, *options, context);
    add_time(*finetune, *options);
    finetune->add_flag(
        "--adapter", options->adapter, "LoRA and the like: the model's weights stay frozen");
    finetune->footer(
        "Example:\n  abate estimate finetune --params 70B --tokens 100M --adapter --chip \"A100 "
        "SXM4 "
        "80GB\" --region SE");
    finetune->callback([options, &context] {
        print(value_or_fail(footprint::estimate_finetuning(context.tables(),
                                                           training_query(*options, context))),
              context);
    });
}

}  // namespace abate::cli
