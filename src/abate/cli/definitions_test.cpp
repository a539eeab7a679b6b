#include "abate/cli/definitions.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace abate::cli {
namespace {

// A small command line with one of everything: flag, value, words to choose from, file, repetition, positional, nested
// commands, hidden parts, and characters that roff and shells would trip over.
class Definitions : public ::testing::Test {
  protected:
    Definitions() {
        app_.require_subcommand(0, 1);
        app_.add_flag("--json", json_, "print one JSON document");
        CLI::App* run = app_.add_subcommand("run", "meter a command");
        run->add_option("--phase", text_, "phase of the work")
            ->check(CLI::IsMember({"data", "training"}));
        run->add_option("-o,--output", text_, "write the record to it's [own] file: a\\b")
            ->type_name("FILE");
        run->add_option("--label", list_, "key=value")->type_name("K=V")->take_all();
        run->add_option("--secret", text_, "not shown")->group("");
        run->footer("Example:\n  abate run --phase training -- python3 train.py\n.not a request");
        CLI::App* data = app_.add_subcommand("data", "tables");
        data->add_subcommand("list", "every table")
            ->add_option("table", text_, "which one")
            ->required();
        data->add_subcommand("show", "one row");
        app_.add_subcommand("generate", "for packagers")->group("");
    }

    [[nodiscard]] CommandDefinition root() const { return describe(app_); }

    CLI::App app_{"energy of AI work", "abate"};
    bool json_ = false;
    std::string text_;
    std::vector<std::string> list_;
};

// What a command prints, and how it ends.
struct Ended {
    int status = -1;
    std::string output;
};
Ended shell(const std::string& command) {
    Ended out;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return out;
    std::array<char, 4096> buffer{};
    for (std::size_t size = 0; (size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        out.output.append(buffer.data(), size);
    const int status = pclose(pipe);
    out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return out;
}

// A file in a folder of its own, gone with the object.
class TemporaryFile {
  public:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): name, then text, as a file is
    TemporaryFile(const std::string& name, const std::string& text) {
        const char* base = std::getenv("TMPDIR");
        std::string folder =
            std::string(base != nullptr ? base : "/tmp") + "/abate-definitions-XXXXXX";
        if (mkdtemp(folder.data()) != nullptr) folder_ = folder;
        std::ofstream(path(name)) << text;
        path_ = path(name);
    }
    ~TemporaryFile() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
    std::string folder_;
    std::string path_;
};

TEST_F(Definitions, AreReadFromTheTreeWithoutItsHiddenParts) {
    const CommandDefinition root = this->root();
    ASSERT_EQ(root.commands.size(), 2U);
    const CommandDefinition& run = root.commands.at(0);
    EXPECT_EQ(run.path, (std::vector<std::string>{"abate", "run"}));
    EXPECT_TRUE(run.takes_command);
    EXPECT_FALSE(root.commands.at(1).takes_command);
    EXPECT_EQ(root.commands.at(1).commands.at(0).positionals.at(0).names,
              std::vector<std::string>{"table"});
    EXPECT_TRUE(root.commands.at(1).commands.at(0).positionals.at(0).required);

    const auto option = [&run](const std::string& name) {
        for (const OptionDefinition& candidate : run.options) {
            if (std::find(candidate.names.begin(), candidate.names.end(), name) !=
                candidate.names.end())
                return candidate;
        }
        return OptionDefinition{};
    };
    EXPECT_EQ(option("--phase").choices, (std::vector<std::string>{"data", "training"}));
    EXPECT_EQ(option("--output").names, (std::vector<std::string>{"-o", "--output"}));
    EXPECT_EQ(option("--output").value, "FILE");
    EXPECT_TRUE(option("--label").repeats);
    EXPECT_FALSE(option("--phase").repeats);
    EXPECT_TRUE(option("--help").value.empty());
    EXPECT_TRUE(option("--secret").names.empty());
}

TEST_F(Definitions, MakeOneManualPageACommand) {
    std::vector<std::string> names;
    for (const GeneratedFile& page : man_pages(root(), "1.2.3")) names.push_back(page.name);
    EXPECT_EQ(
        names,
        (std::vector<std::string>{
            "abate.1", "abate-run.1", "abate-data.1", "abate-data-list.1", "abate-data-show.1"}));
}

TEST_F(Definitions, MakePagesThatManReadsWithoutAWarning) {
    // groff-base is in scripts/packages.txt.
    for (const GeneratedFile& page : man_pages(root(), "1.2.3")) {
        const TemporaryFile file(page.name, page.text);
        const Ended checked = shell("groff -man -Tutf8 -ww -z " + file.path());
        EXPECT_EQ(checked.status, 0);
        EXPECT_EQ(checked.output, "") << page.name;
    }
    const GeneratedFile run = man_pages(root(), "1.2.3").at(1);
    const TemporaryFile file(run.name, run.text);
    const Ended shown = shell("groff -man -Tascii -P-cbou " + file.path());
    for (const char* text : {"ABATE-RUN(1)",
                             "abate-run - meter a command",
                             "abate run [OPTIONS] -- COMMAND [ARGUMENT]...",
                             "-o, --output FILE",
                             "it's [own] file: a\\b",
                             "  abate run --phase training -- python3 train.py",
                             ".not a request"}) {
        EXPECT_NE(shown.output.find(text), std::string::npos) << text << "\nin\n" << shown.output;
    }
    EXPECT_EQ(shown.output.find("secret"), std::string::npos);
}

TEST_F(Definitions, MakeMarkdownWithEveryCommandAndOption) {
    const std::string page = markdown_reference(root());
    for (const char* text : {"## `abate`",
                             "### `abate run`",
                             "### `abate data list`",
                             "    abate data list [OPTIONS] table",
                             "| `--phase data\\|training` | phase of the work |",
                             "(may be repeated)"}) {
        EXPECT_NE(page.find(text), std::string::npos) << text << "\nin\n" << page;
    }
    EXPECT_EQ(page.find("secret"), std::string::npos);
    EXPECT_EQ(page.find("generate for"), std::string::npos);
}

TEST(ParseShell, KnowsThreeShells) {
    EXPECT_EQ(parse_shell("bash"), Shell::bash);
    EXPECT_EQ(parse_shell("zsh"), Shell::zsh);
    EXPECT_EQ(parse_shell("fish"), Shell::fish);
    EXPECT_EQ(parse_shell("csh"), std::nullopt);
}

// What bash would offer for a line whose last word is being typed.
std::string offered(const std::string& script, const std::vector<std::string>& words) {
    std::string line = "source " + script + "; COMP_WORDS=(";
    for (const std::string& word : words) line += "'" + word + "' ";
    line +=
        "); COMP_CWORD=" + std::to_string(words.size() - 1) + R"(; _abate; echo "${COMPREPLY[*]}")";
    const TemporaryFile driver("driver.bash", line);
    std::string out = shell("bash --norc --noprofile " + driver.path()).output;
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

TEST_F(Definitions, MakeBashOfferWhatFitsAtTheWord) {
    const TemporaryFile script("abate.bash", completion_script(root(), Shell::bash));
    EXPECT_EQ(offered(script.path(), {"abate", ""}), "run data help");
    EXPECT_EQ(offered(script.path(), {"abate", "r"}), "run");
    EXPECT_EQ(offered(script.path(), {"abate", "data", ""}), "list show");
    EXPECT_EQ(offered(script.path(), {"abate", "run", "--ph"}), "--phase");
    EXPECT_EQ(offered(script.path(), {"abate", "run", "--phase", ""}), "data training");
    EXPECT_EQ(offered(script.path(), {"abate", "run", "--phase", "=", "t"}), "training");
    // A value that is spelled like a command is no command.
    EXPECT_EQ(offered(script.path(), {"abate", "run", "--label", "data", "--o"}), "--output");
    EXPECT_EQ(
        offered(script.path(),
                {"abate", "run", "--output", script.path().substr(0, script.path().size() - 2)}),
        script.path());
    // After `--` stands another program: a command first.
    EXPECT_NE((" " + offered(script.path(), {"abate", "run", "--", "ech"}) + " ").find(" echo "),
              std::string::npos);
    EXPECT_EQ(offered(script.path(), {"abate", "run", "--s"}), "");
}

TEST_F(Definitions, OfferTheCommandsAfterHelp) {
    const TemporaryFile script("abate.bash", completion_script(root(), Shell::bash));
    EXPECT_EQ(offered(script.path(), {"abate", "he"}), "help");
    EXPECT_EQ(offered(script.path(), {"abate", "help", ""}), "run data");
    EXPECT_EQ(offered(script.path(), {"abate", "help", "data", ""}), "list show");
    // `abate help run --phase` prints the same as `abate help run`.
    EXPECT_EQ(offered(script.path(), {"abate", "help", "run", "--"}), "");
    const std::string zsh = completion_script(root(), Shell::zsh);
    for (const char* text : {"'help:Print the help of a command'",
                             "help) _abate_help ;;",
                             "_abate_help_data_list() {"}) {
        EXPECT_NE(zsh.find(text), std::string::npos) << text << "\nin\n" << zsh;
    }
    const std::string fish = completion_script(root(), Shell::fish);
    for (const char* text : {"-a help -d 'Print the help of a command'",
                             "-n '__fish_seen_subcommand_from help; and not "
                             "__fish_seen_subcommand_from run data' -a data -d 'tables'"}) {
        EXPECT_NE(fish.find(text), std::string::npos) << text << "\nin\n" << fish;
    }
    // It is no command of its own: no page, no section.
    EXPECT_EQ(markdown_reference(root()).find("abate help"), std::string::npos);
}

TEST_F(Definitions, MakeScriptsThatTheirShellsRead) {
    const TemporaryFile bash("abate.bash", completion_script(root(), Shell::bash));
    EXPECT_EQ(shell("bash -n " + bash.path()).output, "");
    // zsh and fish are asked only where they are installed; the text below is checked everywhere.
    const TemporaryFile zsh("_abate", completion_script(root(), Shell::zsh));
    EXPECT_EQ(shell("command -v zsh >/dev/null || exit 0; zsh -n " + zsh.path()).output, "");
    const TemporaryFile fish("abate.fish", completion_script(root(), Shell::fish));
    EXPECT_EQ(shell("command -v fish >/dev/null || exit 0; fish -n " + fish.path()).output, "");
    const std::string zsh_text = completion_script(root(), Shell::zsh);
    EXPECT_TRUE(zsh_text.starts_with("#compdef abate\n"));
    EXPECT_NE(zsh_text.find("'--phase=[phase of the work]:data|training:(data training)'"),
              std::string::npos)
        << zsh_text;
    EXPECT_NE(zsh_text.find("it'\\''s \\[own\\] file\\: a\\\\b"), std::string::npos) << zsh_text;
    const std::string fish_text = completion_script(root(), Shell::fish);
    EXPECT_NE(fish_text.find("-n '__fish_seen_subcommand_from run' -l phase -x -a 'data training'"),
              std::string::npos)
        << fish_text;
}

TEST_F(Definitions, MakeFishOfferWhatFitsWhereFishIsInstalled) {
    if (shell("command -v fish").status != 0) GTEST_SKIP() << "no fish here";
    const TemporaryFile fish("abate.fish", completion_script(root(), Shell::fish));
    const auto offers = [&fish](const std::string& line) {
        return shell("HOME=$(dirname " + fish.path() + ") fish --no-config -c 'source " +
                     fish.path() + "; complete -C \"" + line + "\"'")
            .output;
    };
    EXPECT_EQ(offers("abate "),
              "data\ttables\nhelp\tPrint the help of a command\nrun\tmeter a command\n");
    EXPECT_EQ(offers("abate help da"), "data\ttables\n");
    EXPECT_EQ(offers("abate data "), "list\tevery table\nshow\tone row\n");
    EXPECT_EQ(offers("abate run --phase t"), "training\tphase of the work\n");
}

}  // namespace
}  // namespace abate::cli
