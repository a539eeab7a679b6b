#include "abate/cli/definitions.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

namespace abate::cli {
namespace {

using Lines = std::vector<std::string>;

std::string join(const Lines& parts, std::string_view between) {
    std::string out;
    for (const std::string& part : parts) {
        if (!out.empty()) out += between;
        out += part;
    }
    return out;
}

struct Change {
    std::string_view from;
    std::string_view to;
};

// `text` with every `from` turned into `to`.
std::string replaced(std::string_view text, const Change& change) {
    const auto& [from, to] = change;
    std::string out;
    std::size_t begin = 0;
    for (std::size_t at = text.find(from); at != std::string_view::npos;
         at = text.find(from, begin)) {
        out += text.substr(begin, at - begin);
        out += to;
        begin = at + from.size();
    }
    return out += text.substr(begin);
}

Lines lines_of(std::string_view text) {
    Lines out;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return out;
}

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

// CLI11 writes the words of IsMember into the type: "TEXT:{data,training}".
std::vector<std::string> choices_in(std::string_view type) {
    const std::size_t open = type.find('{');
    const std::size_t close = type.find('}', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) return {};
    std::vector<std::string> out;
    for (const std::string& word :
         lines_of(replaced(type.substr(open + 1, close - open - 1), {",", "\n"}))) {
        out.push_back(word.substr(0, word.find("->")));
    }
    return out;
}

OptionDefinition describe_option(const CLI::Option& option) {
    OptionDefinition out;
    out.positional = option.get_positional();
    if (out.positional) {
        out.names = {option.get_name(true)};
    } else {
        for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
        for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
    }
    out.description = option.get_description();
    out.default_text = option.get_default_str();
    out.environment = option.get_envname();
    out.required = option.get_required();
    out.repeats = option.get_expected_max() > 1;
    const bool flag = option.get_items_expected_max() == 0;
    if (!flag) {
        const std::string type = option.get_type_name();
        out.choices = choices_in(type);
        out.value = type.substr(0, type.find(':'));
        if (!out.choices.empty()) out.value = join(out.choices, "|");
        if (out.value.empty()) out.value = "VALUE";
    }
    return out;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): two calls, both below
CommandDefinition describe_below(const CLI::App& app, Lines path, const Lines& with_child) {
    CommandDefinition out;
    out.path = std::move(path);
    out.description = app.get_description();
    out.footer = app.get_footer();
    while (out.footer.ends_with('\n')) out.footer.pop_back();
    out.takes_command =
        out.path.size() == 2 &&
        std::find(with_child.begin(), with_child.end(), out.path[1]) != with_child.end();
    for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
        if (option->get_group().empty()) continue;
        OptionDefinition definition = describe_option(*option);
        (definition.positional ? out.positionals : out.options).push_back(std::move(definition));
    }
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (sub->get_group().empty() || sub->get_name().empty()) continue;
        Lines below = out.path;
        below.push_back(sub->get_name());
        out.commands.push_back(describe_below(*sub, std::move(below), with_child));
    }
    return out;
}

// The command and everything below it, itself first.
void flatten(const CommandDefinition& command, std::vector<const CommandDefinition*>& out) {
    out.push_back(&command);
    for (const CommandDefinition& sub : command.commands) flatten(sub, out);
}

std::vector<const CommandDefinition*> all_commands(const CommandDefinition& root) {
    std::vector<const CommandDefinition*> out;
    flatten(root, out);
    return out;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// "[OPTIONS] FILE [NAME]... -- COMMAND [ARGUMENT]..."
std::string synopsis(const CommandDefinition& command) {
    Lines parts;
    if (!command.options.empty()) parts.emplace_back("[OPTIONS]");
    for (const OptionDefinition& positional : command.positionals) {
        const std::string& name = positional.names.front();
        parts.push_back((positional.required ? name : "[" + name + "]") +
                        (positional.repeats ? "..." : ""));
    }
    if (!command.commands.empty()) parts.emplace_back("COMMAND");
    if (command.takes_command) parts.emplace_back("-- COMMAND [ARGUMENT]...");
    return join(parts, " ");
}

// The description, with what is not said in words: default, variable, repetition.
std::string full_description(const OptionDefinition& option) {
    std::string out = option.description;
    Lines more;
    if (!option.default_text.empty()) more.push_back("default " + option.default_text);
    if (!option.environment.empty()) more.push_back("environment " + option.environment);
    if (option.required && !option.positional) more.emplace_back("required");
    if (option.repeats && !option.positional) more.emplace_back("may be repeated");
    if (!more.empty()) out += (out.empty() ? "(" : " (") + join(more, "; ") + ")";
    return out;
}

// ---- roff, man(7)

std::string roff(std::string_view text) {
    std::string out = replaced(replaced(text, {"\\", "\\e"}), {"-", "\\-"});
    if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
    return out;
}

void roff_paragraphs(std::string& page, std::string_view text) {
    for (const std::string& line : lines_of(text))
        page += line.empty() ? ".PP\n" : roff(line) + "\n";
}

void roff_option(std::string& page, const OptionDefinition& option) {
    Lines names;
    for (const std::string& name : option.names) {
        names.push_back(option.positional ? "\\fI" + roff(name) + "\\fR"
                                          : "\\fB" + roff(name) + "\\fR");
    }
    page += ".TP\n" + join(names, ", ");
    if (!option.value.empty() && !option.positional) page += " \\fI" + roff(option.value) + "\\fR";
    page += "\n" + roff(replaced(full_description(option), {"\n", " "})) + "\n";
}

void roff_options(std::string& page,
                  std::string_view heading,
                  const std::vector<OptionDefinition>& options) {
    if (options.empty()) return;
    page += fmt::format(".SH {}\n", heading);
    for (const OptionDefinition& option : options) roff_option(page, option);
}

std::string man_page(const CommandDefinition& command, std::string_view version) {
    const std::string name = join(command.path, "-");
    std::string page =
        fmt::format(".\\\" Written by abate {} from its own command definitions.\n", version);
    page += fmt::format(".TH {} 1 \"\" \"abate {}\" \"User Commands\"\n", upper(name), version);
    page += fmt::format(".SH NAME\n{} \\- {}\n", roff(name), roff(first_line(command.description)));
    page += fmt::format(
        ".SH SYNOPSIS\n\\fB{}\\fR {}\n", roff(join(command.path, " ")), roff(synopsis(command)));
    page += ".SH DESCRIPTION\n";
    roff_paragraphs(page, command.description);
    roff_options(page, "ARGUMENTS", command.positionals);
    roff_options(page, "OPTIONS", command.options);
    if (!command.commands.empty()) {
        page += ".SH COMMANDS\n";
        for (const CommandDefinition& sub : command.commands) {
            page += fmt::format(".TP\n\\fB{}\\fR(1)\n{}\n",
                                roff(join(sub.path, "-")),
                                roff(first_line(sub.description)));
        }
    }
    if (!command.footer.empty()) {
        page += ".SH EXAMPLES\n.nf\n";
        for (const std::string& line : lines_of(command.footer))
            page += (line.empty() ? "\\&" : roff(line)) + "\n";
        page += ".fi\n";
    }
    page += ".SH EXIT STATUS\n";
    if (command.takes_command) {
        page +=
            "That of the command; 128+N when signal N ended it; 125 when abate itself failed; 126 "
            "and 127 when the "
            "command cannot be executed or is not found; 2 for wrong usage.\n";
    } else {
        page += "0 done; 1 failed or refused; 2 wrong usage.\n";
    }
    page += ".SH SEE ALSO\n";
    if (command.path.size() == 1) {
        page += "The pages of each command, and the documentation beside the program.\n";
    } else {
        const Lines above(command.path.begin(), std::prev(command.path.end()));
        page += fmt::format("\\fB{}\\fR(1)\n", roff(join(above, "-")));
    }
    return page;
}

// ---- Markdown

void markdown_options(std::string& page,
                      std::string_view heading,
                      const std::vector<OptionDefinition>& options) {
    if (options.empty()) return;
    page += fmt::format("| {} | meaning |\n|---|---|\n", heading);
    for (const OptionDefinition& option : options) {
        std::string name = join(option.names, ", ");
        if (!option.value.empty() && !option.positional) name += " " + option.value;
        const auto cell = [](const std::string& text) {
            return replaced(replaced(text, {"|", "\\|"}), {"\n", " "});
        };
        page += fmt::format("| `{}` | {} |\n", cell(name), cell(full_description(option)));
    }
    page += "\n";
}

// ---- completion

// Options of a command that take a value, each name once: "--phase".
Lines value_names(const CommandDefinition& command) {
    Lines out;
    for (const OptionDefinition& option : command.options) {
        if (!option.value.empty())
            std::copy(option.names.begin(), option.names.end(), std::back_inserter(out));
    }
    return out;
}

bool takes_path(const OptionDefinition& option) {
    return option.value == "FILE" || option.value == "PATH" || option.value == "DIR" ||
           option.value.find("FILE") != std::string::npos;
}

// A command's name and description, and those of what is below it, without their options.
CommandDefinition names_only(const CommandDefinition& command, Lines path) {
    CommandDefinition out;
    out.path = std::move(path);
    out.description = command.description;
    for (const CommandDefinition& sub : command.commands) {
        Lines below = out.path;
        below.push_back(sub.path.back());
        out.commands.push_back(names_only(sub, std::move(below)));
    }
    return out;
}

// With `help`, which main turns into `--help` and CLI11 therefore never sees: `abate help data list`.
CommandDefinition with_help(CommandDefinition root) {
    if (root.commands.empty()) return root;
    CommandDefinition help = names_only(root, {root.path.front(), "help"});
    help.description = "Print the help of a command";
    root.commands.push_back(std::move(help));
    return root;
}

// Single quotes for every shell here: 'it'\''s'.
std::string shell_quoted(std::string_view text) {
    return "'" + replaced(text, {"'", "'\\''"}) + "'";
}

std::string bash_word_case(const CommandDefinition& command) {
    Lines words;
    for (const CommandDefinition& sub : command.commands) words.push_back(sub.path.back());
    for (const OptionDefinition& positional : command.positionals) {
        std::copy(positional.choices.begin(), positional.choices.end(), std::back_inserter(words));
    }
    Lines options;
    for (const OptionDefinition& option : command.options) {
        std::copy(option.names.begin(), option.names.end(), std::back_inserter(options));
    }
    return fmt::format("        {}) words={}; options={} ;;\n",
                       shell_quoted(join(command.path, " ")),
                       shell_quoted(join(words, " ")),
                       shell_quoted(join(options, " ")));
}

std::string bash_completion(const CommandDefinition& root) {
    std::string paths;
    std::string values;
    std::string answers;
    std::string cases;
    for (const CommandDefinition* command : all_commands(root)) {
        const std::string path = join(command->path, " ");
        if (command != &root)
            paths += fmt::format("            {}) path=\"$path $word\" ;;\n", shell_quoted(path));
        for (const std::string& name : value_names(*command)) {
            values += fmt::format("            {}) i=$((i + 1)) ;;\n",
                                  shell_quoted(fmt::format("{} {}", path, name)));
        }
        for (const OptionDefinition& option : command->options) {
            if (option.value.empty()) continue;
            std::string answer = "return";
            if (!option.choices.empty()) {
                answer = fmt::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$cur\"); return",
                                     shell_quoted(join(option.choices, " ")));
            } else if (takes_path(option)) {
                answer = "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return";
            }
            for (const std::string& name : option.names) {
                answers += fmt::format(
                    "        {}) {} ;;\n", shell_quoted(fmt::format("{} {}", path, name)), answer);
            }
        }
        cases += bash_word_case(*command);
    }
    const std::string& program = root.path.front();
    std::string out =
        "# bash completion for " + program + "; written by `" + program + " completion bash`.\n";
    out += "_" + program + R"sh(() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD - 1]}" path=)sh" +
           program + R"sh( words="" options="" word i
    COMPREPLY=()
    # bash splits --phase=training at the equals sign.
    if [ "$cur" = "=" ]; then cur=""; elif [ "$prev" = "=" ]; then prev="${COMP_WORDS[COMP_CWORD - 2]}"; fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${COMP_WORDS[i]}"
        if [ "$word" = -- ]; then
            # Another program's words: a command first, then files.
            if [ $((i + 1)) -eq "$COMP_CWORD" ]; then
                mapfile -t COMPREPLY < <(compgen -c -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            fi
            return
        fi
        case "$path $word" in
)sh" + paths +
           values + R"sh(        esac
    done
    case "$path $prev" in
)sh" + answers +
           R"sh(    esac
    case "$path" in
)sh" + cases +
           R"sh(    esac
    if [[ "$cur" == -* || -z "$words" ]]; then words="$options"; fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _)sh" +
           program + " " + program + "\n";
    return out;
}

// Text inside '...[TEXT]:...' of _arguments, where brackets and colons have a meaning.
std::string zsh_text(std::string_view text) {
    const std::string line =
        replaced(replaced(replaced(text, {"\n", " "}), {"\\", "\\\\"}), {":", "\\:"});
    return replaced(replaced(replaced(line, {"[", "\\["}), {"]", "\\]"}), {"'", "'\\''"});
}

std::string zsh_values(const OptionDefinition& option) {
    if (!option.choices.empty()) return "(" + join(option.choices, " ") + ")";
    return takes_path(option) ? "_files" : " ";
}

std::string zsh_function(const CommandDefinition& command) {
    std::string out = "_" + join(command.path, "_") + "() {\n";
    if (!command.commands.empty()) out += "    local state line\n    local -a commands\n";
    out += "    _arguments -s -C";
    for (const OptionDefinition& option : command.options) {
        for (const std::string& name : option.names) {
            const std::string star = option.repeats ? "*" : "";
            const std::string equals =
                option.value.empty() ? "" : (name.starts_with("--") ? "=" : "+");
            out += fmt::format(
                " \\\n        '{}{}{}[{}]", star, name, equals, zsh_text(option.description));
            if (!option.value.empty())
                out += fmt::format(":{}:{}", zsh_text(option.value), zsh_values(option));
            out += "'";
        }
    }
    if (!command.commands.empty()) {
        out +=
            " \\\n        '1: :->command' '*:: :->rest'\n    case $state in\n        command)\n    "
            "        commands=(\n";
        for (const CommandDefinition& sub : command.commands) {
            out += fmt::format("                '{}:{}'\n",
                               sub.path.back(),
                               zsh_text(first_line(sub.description)));
        }
        out +=
            "            )\n            _describe command commands ;;\n        rest)\n            "
            "case $words[1] in\n";
        for (const CommandDefinition& sub : command.commands) {
            out +=
                fmt::format("                {}) _{} ;;\n", sub.path.back(), join(sub.path, "_"));
        }
        out += "            esac ;;\n    esac\n";
    } else {
        for (const OptionDefinition& positional : command.positionals) {
            out += fmt::format(" \\\n        '{}:{}:{}'",
                               positional.repeats ? "*" : "",
                               zsh_text(positional.names.front()),
                               zsh_values(positional));
        }
        if (command.takes_command) out += " \\\n        '*:: :_normal'";
        out += "\n";
    }
    return out + "}\n";
}

std::string zsh_completion(const CommandDefinition& root) {
    const std::string& program = root.path.front();
    std::string out = fmt::format(
        "#compdef {0}\n# zsh completion for {0}; written by `{0} completion zsh`.\n", program);
    const std::vector<const CommandDefinition*> commands = all_commands(root);
    for (const CommandDefinition* command : commands) out += zsh_function(*command);
    // Autoloaded from fpath the file is the function's body; sourced, it registers itself.
    return out +
           fmt::format(
               "if [ \"$funcstack[1]\" = _{0} ]; then _{0} \"$@\"; else compdef _{0} {0}; fi\n",
               program);
}

// The condition under which fish offers what belongs to `command`.
std::string fish_condition(const CommandDefinition& command) {
    Lines parts;
    for (std::size_t i = 1; i < command.path.size(); ++i)
        parts.push_back("__fish_seen_subcommand_from " + command.path[i]);
    if (!command.commands.empty()) {
        Lines subs;
        for (const CommandDefinition& sub : command.commands) subs.push_back(sub.path.back());
        parts.push_back("not __fish_seen_subcommand_from " + join(subs, " "));
    }
    return join(parts, "; and ");
}

std::string fish_completion(const CommandDefinition& root) {
    const std::string& program = root.path.front();
    std::string out = fmt::format(
        "# fish completion for {0}; written by `{0} completion fish`.\ncomplete -c {0} -f\n",
        program);
    const auto fish_quoted = [](std::string_view text) {
        return "'" + replaced(replaced(replaced(text, {"\\", "\\\\"}), {"'", "\\'"}), {"\n", " "}) +
               "'";
    };
    for (const CommandDefinition* command : all_commands(root)) {
        const std::string condition = fish_condition(*command);
        const std::string begin = fmt::format("complete -c {}", program) +
                                  (condition.empty() ? "" : " -n '" + condition + "'");
        for (const CommandDefinition& sub : command->commands) {
            out += fmt::format("{} -a {} -d {}\n",
                               begin,
                               sub.path.back(),
                               fish_quoted(first_line(sub.description)));
        }
        for (const OptionDefinition& option : command->options) {
            out += begin;
            for (const std::string& name : option.names) {
                out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            }
            if (!option.choices.empty()) {
                out += " -x -a " + fish_quoted(join(option.choices, " "));
            } else if (!option.value.empty()) {
                out += takes_path(option) ? " -r -F" : " -x";
            }
            out += " -d " + fish_quoted(option.description) + "\n";
        }
        for (const OptionDefinition& positional : command->positionals) {
            if (takes_path(positional)) out += begin + " -F\n";
            if (!positional.choices.empty())
                out += begin + " -a " + fish_quoted(join(positional.choices, " ")) + "\n";
        }
        if (command->takes_command) out += begin + " -F -a '(__fish_complete_subcommand)'\n";
    }
    return out;
}

}  // namespace

CommandDefinition describe(const CLI::App& app, const std::vector<std::string>& with_child) {
    return describe_below(app, {app.get_name()}, with_child);
}

std::vector<GeneratedFile> man_pages(const CommandDefinition& root, std::string_view version) {
    std::vector<GeneratedFile> out;
    for (const CommandDefinition* command : all_commands(root)) {
        out.push_back({join(command->path, "-") + ".1", man_page(*command, version)});
    }
    return out;
}

std::string markdown_reference(const CommandDefinition& root) {
    std::string page = "# The command line\n\nWritten by `" + root.path.front() +
                       " generate markdown` from the program's own definitions; do not edit.\n\n";
    for (const CommandDefinition* command : all_commands(root)) {
        page += fmt::format("{} `{}`\n\n{}\n\n",
                            command == &root ? "##" : "###",
                            join(command->path, " "),
                            command->description);
        page += fmt::format("    {} {}\n\n", join(command->path, " "), synopsis(*command));
        markdown_options(page, "argument", command->positionals);
        markdown_options(page, "option", command->options);
        if (!command->footer.empty()) page += "```\n" + command->footer + "\n```\n\n";
    }
    while (page.ends_with("\n\n")) page.pop_back();
    return page;
}

std::optional<Shell> parse_shell(std::string_view name) {
    if (name == "bash") return Shell::bash;
    if (name == "zsh") return Shell::zsh;
    if (name == "fish") return Shell::fish;
    return std::nullopt;
}

const char* completion_path(Shell shell) {
    switch (shell) {
        case Shell::bash:
            return "bash-completion/completions/abate";
        case Shell::zsh:
            return "zsh/vendor-completions/_abate";
        case Shell::fish:
            return "fish/vendor_completions.d/abate.fish";
    }
    return "";
}

std::string completion_script(const CommandDefinition& root, Shell shell) {
    const CommandDefinition offered = with_help(root);
    switch (shell) {
        case Shell::bash:
            return bash_completion(offered);
        case Shell::zsh:
            return zsh_completion(offered);
        case Shell::fish:
            return fish_completion(offered);
    }
    return "";
}

}  // namespace abate::cli
