// `abate completion`, and the hidden `abate generate` that writes manual pages and the reference page when abate is built.
#include "abate/cli/context.h"
#include "abate/cli/definitions.h"
#include "abate/cli/records.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace abate::cli {
namespace {

struct CompletionOptions {
    std::string shell;
    std::string what;
    std::string folder;
};

void print_completion(const CLI::App& app, const std::string& name) {
    const std::optional<Shell> shell = parse_shell(name);
    if (!shell) {
        throw Failure({ErrorCode::invalid_argument,
                       "there is no completion for '" + short_text(name) + "'",
                       "",
                       "Use bash, zsh or fish"});
    }
    std::fputs(completion_script(describe(app), *shell).c_str(), stdout);
}

void generate(const CLI::App& app, const CompletionOptions& options) {
    const CommandDefinition root = describe(app);
    if (options.what == "man") {
        for (const GeneratedFile& file : man_pages(root, version()))
            write_file(options.folder + "/" + file.name, file.text);
    } else if (options.what == "markdown") {
        write_file(options.folder + "/cli.md", markdown_reference(root));
    } else {
        throw Failure({ErrorCode::invalid_argument,
                       "cannot generate '" + short_text(options.what) + "'",
                       "",
                       "Use man or markdown"});
    }
}

}  // namespace

void add_completion(CLI::App& app, Context&) {
    auto options = std::make_shared<CompletionOptions>();
    CLI::App* completion =
        app.add_subcommand("completion", "Print the completion script of a shell");
    completion->add_option("SHELL", options->shell, "bash, zsh or fish")->required();
    completion->footer(
        "Example:\n  abate completion bash > ~/.local/share/bash-completion/completions/abate");
    completion->callback([options, &app] { print_completion(app, options->shell); });

    CLI::App* hidden =
        app.add_subcommand("generate", "Write manual pages or the reference page")->group("");
    hidden->add_option("WHAT", options->what, "man or markdown")->required();
    hidden->add_option("FOLDER", options->folder, "Existing folder")->required();
    hidden->callback([options, &app] { generate(app, *options); });
}

}  // namespace abate::cli
