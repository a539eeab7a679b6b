// Definitions: what the command line says of itself, read from the CLI::App tree once and written as manual pages, shell
// completion and docs/reference/cli.md, so that none of them can drift from the program.
//
//     const CommandDefinition root = describe(app);                       // app: the whole `abate`
//     std::fputs(completion_script(root, Shell::bash).c_str(), stdout);   // abate completion bash
//     for (const GeneratedFile& file : man_pages(root, version())) ...    // abate.1, abate-run.1, abate-data-list.1
//
// A subcommand or option in the group "" is hidden and stays out, as it does in --help.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace abate::cli {

// One option or positional argument.
struct OptionDefinition {
    std::vector<std::string> names;  // "-o", "--output"; for a positional its one bare name
    std::string value;               // what it takes: "FILE", "DURATION"; empty for a flag
    std::string description;
    std::string default_text;          // empty: none is stated
    std::string environment;           // variable that sets it; empty: none
    std::vector<std::string> choices;  // the only words it takes; empty: any
    bool positional = false;
    bool required = false;
    bool repeats = false;  // may be given, or takes values, more than once
};

struct CommandDefinition {
    std::vector<std::string> path;  // {"abate", "data", "list"}
    std::string description;
    std::string footer;  // examples
    std::vector<OptionDefinition> options;
    std::vector<OptionDefinition> positionals;
    std::vector<CommandDefinition> commands;
    bool takes_command =
        false;  // words after `--` are a command of their own, as in `abate run -- COMMAND`
};

// Reads the tree. `with_child`: names of direct subcommands whose words after `--` are another program's command line;
// CLI11 never sees those words.
[[nodiscard]] CommandDefinition describe(const CLI::App& app,
                                         const std::vector<std::string>& with_child = {"run"});

struct GeneratedFile {
    std::string name;
    std::string text;
};

// One roff page a command (section 1), the root first: man(7) macros only. No date, so that one version gives one text.
[[nodiscard]] std::vector<GeneratedFile> man_pages(const CommandDefinition& root,
                                                   std::string_view version);

// The whole command line as one page of Markdown.
[[nodiscard]] std::string markdown_reference(const CommandDefinition& root);

enum class Shell { bash, zsh, fish };
[[nodiscard]] std::optional<Shell> parse_shell(std::string_view name);
// Where a distribution expects the script, below the data folder: "bash-completion/completions/abate".
[[nodiscard]] const char* completion_path(Shell shell);
[[nodiscard]] std::string completion_script(const CommandDefinition& root, Shell shell);

}  // namespace abate::cli
