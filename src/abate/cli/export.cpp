// `abate export` and `abate cite`: runs in the formats of others.
#include "abate/cli/records.h"
#include "abate/cli/selection.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>

#include <array>
#include <memory>
#include <utility>

namespace abate::cli {
namespace {

using Writer = std::string (*)(std::span<const RunRecord>);
constexpr std::array<std::pair<const char*, Writer>, 4> kFormats{{
    {"csv", &report::runs_csv},
    {"json", &report::runs_json},
    {"codecarbon", &report::codecarbon_csv},
    {"model-card", &report::model_card_yaml},
}};

// `--json` is `--format json`, as every command takes it.
Writer writer_of(const std::string& format, bool json) {
    if (json && (format.empty() || format == "json")) return &report::runs_json;
    if (json) {
        throw Failure({ErrorCode::invalid_argument,
                       "--json is --format json, and '" + short_text(format) + "' is another",
                       "--format",
                       "Give one of them"});
    }
    if (format.empty()) {
        throw Failure({ErrorCode::invalid_argument,
                       "no format is named",
                       "--format",
                       "Use csv, json, codecarbon or model-card"});
    }
    std::vector<std::string> names;
    for (const auto& [name, writer] : kFormats) {
        if (format == name) return writer;
        names.emplace_back(name);
    }
    const std::vector<std::string> near = nearest(format, names, 1);
    throw Failure({ErrorCode::invalid_argument,
                   "there is no format '" + short_text(format) + "'",
                   "--format",
                   near.empty() ? "Use csv, json, codecarbon or model-card"
                                : "Did you mean '" + near[0] + "'?"});
}

void put(const std::string& path, const std::string& text) {
    if (path.empty()) {
        std::fputs(text.c_str(), stdout);
        if (!text.empty() && text.back() != '\n') std::fputc('\n', stdout);
    } else {
        write_file(path, text.empty() || text.back() == '\n' ? text : text + "\n");
    }
}

std::vector<RunRecord> some_runs(Context& context, const Selection& selection) {
    std::vector<RunRecord> records = select_runs(context, selection);
    if (records.empty()) {
        throw Failure({ErrorCode::not_found,
                       "no run matches",
                       "",
                       "See `abate runs`, or meter one with `abate run -- COMMAND`"});
    }
    return records;
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
    struct Options {
        Selection selection;
        std::string format;
        std::string output;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("export", "Write runs as CSV, JSON, CodeCarbon CSV or a model card");
    add_selection(*command, options->selection, true);
    command->add_option("--format", options->format, "csv, json, codecarbon or model-card");
    command->add_flag("--json", context.json, "The same as --format json: {\"runs\": [...]}");
    command->add_option("--output", options->output, "File (default: standard output)");
    command->footer(
        "Example:\n  abate export --project llm --format codecarbon --output emissions.csv");
    command->callback([options, &context] {
        const Writer writer = writer_of(options->format, context.json);
        put(options->output, writer(some_runs(context, options->selection)));
    });
}

void add_cite(CLI::App& app, Context& context) {
    struct Options {
        Selection selection;
        std::string output;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("cite", "A paragraph and a table on these runs for a paper");
    add_selection(*command, options->selection, true);
    command->add_option("--output", options->output, "File (default: standard output)");
    command->add_flag(
        "--json", context.json, "Print {\"paragraph\", \"table\", \"bibtex\", \"run_ids\"}");
    command->footer("Example:\n  abate cite --project llm --phase training");
    command->callback([options, &context] {
        if (options->selection.ids.empty() && options->selection.project.empty() &&
            options->selection.labels.empty() && options->selection.phase.empty() &&
            options->selection.since.empty()) {
            options->selection.ids = {"last"};
        }
        const std::vector<RunRecord> records = some_runs(context, options->selection);
        put(options->output,
            context.json ? report::cite_json(records) : report::cite_text(records));
    });
}

}  // namespace abate::cli
