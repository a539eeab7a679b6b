// The program: builds the clock, chance and environment, adds the commands, and is the only place
// that catches.
#include "abate/cli/context.h"
#include "abate/cli/definitions.h"
#include "abate/cli/empty_value.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace abate::cli {
namespace {

// Exit status of `run` when abate itself fails, as env(1) has it.
constexpr int kRunFailed = 125;

// Words up to the first `--` are abate's; what follows is the command to meter. CLI11 would mix
// them.
struct Words {
    std::vector<std::string> ours;
    std::vector<std::string> child;
    bool child_given = false;
};

Words split_words(int argc, char** argv) {
    Words words;
    for (int i = 1; i < argc; ++i) {
        if (!words.child_given && std::string_view(argv[i]) == "--") {
            words.child_given = true;
        } else {
            (words.child_given ? words.child : words.ours).emplace_back(argv[i]);
        }
    }
    return words;
}

bool asks_for_json(const Words& words) {
    for (const std::string& word : words.ours) {
        if (word == "--json") return true;
    }
    return false;
}

void print_error(const Error& error, bool json) {
    if (json) {
        nlohmann::ordered_json document;
        document["error"] = {
            {"code", to_string(error.code)},
            {"message", error.where.empty() ? error.what : error.what + " (" + error.where + ")"},
            {"hint", error.hint}};
        const std::string text =
            document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
        std::fprintf(stderr, "%s\n", text.c_str());
    } else {
        std::fprintf(stderr, "abate: error: %s\n", one_line(to_string(error)).c_str());
    }
}

// `abate help COMMAND` is `abate COMMAND --help`.
void turn_help_around(Words& words) {
    if (words.ours.empty() || words.ours.front() != "help") return;
    words.ours.erase(words.ours.begin());
    words.ours.emplace_back("--help");
}

// CLI11's help without what its checks are called inside; errors state ranges and conflicts.
class HelpFormatter final : public CLI::Formatter {
  public:
    std::string make_usage(const CLI::App* app, std::string name) const override {
        // What follows `--` never reaches CLI11.
        if (app->get_parent() != nullptr && app->get_name() == "run")
            return "Usage: " + name + " [OPTIONS] -- COMMAND [ARGUMENT]...\n";
        return Formatter::make_usage(app, std::move(name));
    }

    std::string make_option_opts(const CLI::Option* option) const override {
        if (option->get_type_size() == 0) return "";
        const std::string type = option->get_type_name();
        std::string text;
        if (!type.empty()) text += " " + type.substr(0, type.find(':'));
        if (!option->get_default_str().empty()) text += "=" + option->get_default_str();
        if (option->get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
        if (option->get_required()) text += " REQUIRED";
        return text;
    }
};

std::string first_word(const Words& words) {
    for (const std::string& word : words.ours) {
        if (!word.empty() && word[0] != '-') return word;
    }
    return "";
}

// CLI11's complaint as one of our errors.
Error usage_error(const CLI::App& app, const Words& words, const CLI::ParseError& complaint) {
    Error error{ErrorCode::invalid_argument, complaint.what(), "", ""};
    for (char& c : error.what) {
        if (c == '\n') c = ' ';
    }
    while (!error.what.empty() && (error.what.back() == ' ' || error.what.back() == '.'))
        error.what.pop_back();
    // "Could not convert: YEAR = Oak"
    constexpr std::string_view kConvert = "Could not convert: ";
    if (error.what.rfind(kConvert, 0) == 0)
        if (const std::size_t is = error.what.find(" = "); is != std::string::npos)
            error.what = fmt::format("{} takes a number, not '{}'",
                                     error.what.substr(kConvert.size(), is - kConvert.size()),
                                     short_text(error.what.substr(is + 3)));
    const std::string command = first_word(words);
    const CLI::App* found = nullptr;
    std::vector<std::string> names;
    for (const CLI::App* sub :
         app.get_subcommands([](const CLI::App* s) { return !s->get_group().empty(); })) {
        names.push_back(sub->get_name());
        if (sub->get_name() == command) found = sub;
    }
    if (!command.empty() && found == nullptr) {
        error.what = "there is no command '" + short_text(command) + "'";
        const std::vector<std::string> near = nearest(command, names, 1);
        error.hint = near.empty() ? "See `abate --help`" : "Did you mean `abate " + near[0] + "`?";
        return error;
    }
    if (found == nullptr) {
        error.hint = "See `abate --help`";
        return error;
    }
    // "registry balnce": a word where a command of the second row is wanted.
    const CLI::App* deepest = found;
    std::string path = command;
    for (std::size_t i = 1; i < words.ours.size(); ++i) {
        const auto below = deepest->get_subcommands([](const CLI::App*) { return true; });
        if (below.empty() || words.ours[i].empty() || words.ours[i][0] == '-') break;
        std::vector<std::string> known;
        const CLI::App* next = nullptr;
        for (const CLI::App* sub : below) {
            known.push_back(sub->get_name());
            if (sub->get_name() == words.ours[i]) next = sub;
        }
        if (next == nullptr) {
            error.what =
                fmt::format("there is no command '{} {}'", path, short_text(words.ours[i]));
            const std::vector<std::string> near = nearest(words.ours[i], known, 1);
            error.hint = near.empty() ? "See `abate " + path + " --help`"
                                      : "Did you mean `abate " + path + " " + near[0] + "`?";
            return error;
        }
        deepest = next;
        path += " " + words.ours[i];
    }
    // "estimate training", with options before, between or behind.
    std::string page = command;
    const CLI::App* at = found;
    for (const std::string& word : words.ours)
        for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; }))
            if (sub->get_name() == word) {
                page += " " + word;
                at = sub;
                break;
            }
    error.hint = "See `abate " + page + " --help`";
    return error;
}

// What was done stays done, and whoever did it must not do it again.
Error output_lost(const Context& context, const std::string& why) {
    Error error{ErrorCode::io_error,
                "the output could not be written" + (why.empty() ? "" : ": " + why),
                "standard output",
                "Free some space or write to another place"};
    if (context.done.empty()) return error;
    error.what = fmt::format(
        "it was done, with the id {}, but {}", fmt::join(context.done, ", "), error.what);
    error.hint = "Do not do it again: `abate registry history` shows it";
    return error;
}

// A document that did not reach its reader (full disk behind `> FILE`) is no success.
void check_printed(const Context& context) {
    errno = 0;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
    throw Failure(output_lost(context, errno != 0 ? std::strerror(errno) : ""));
}

// With `run_alone` the others' options are not built: a metered command should start at once.
void add_commands(CLI::App& app, Context& context, bool run_alone) {
    add_run(app, context);
    if (run_alone) return;
    add_runs(app, context);
    add_show(app, context);
    add_export(app, context);
    add_record(app, context);
    add_cite(app, context);
    add_estimate(app, context);
    add_validate(app, context);
    add_inventory(app, context);
    add_footprint(app, context);
    add_report(app, context);
    add_watch(app, context);
    add_doctor(app, context);
    add_calibrate(app, context);
    add_registry(app, context);
    add_auction(app, context);
    add_market(app, context);
    add_policy(app, context);
    add_data(app, context);
    add_embodied(app, context);
    add_demo(app, context);
    add_completion(app, context);
}

int run_program(int argc, char** argv) {
    const SystemClock clock;
    Random random(entropy_seed());
    Context context(clock, random);
    Words words = split_words(argc, argv);
    turn_help_around(words);
    const bool metering = first_word(words) == "run";
    // For the terminal page of `watch`. A metered command has nothing to do with ours, and a dozen files are read for it.
    if (!metering) std::setlocale(LC_ALL, "");
    // A file-size limit is a full disk (EFBIG) to us; a metered command has its own way with it, so `run` sets this behind its start.
    if (!metering) std::signal(SIGXFSZ, SIG_IGN);
    context.child = words.child;
    context.child_given = words.child_given;

    CLI::App app("Measures the energy of AI work and accounts for its carbon.", "abate");
    app.formatter(std::make_shared<HelpFormatter>());
    app.set_version_flag("--version", std::string("abate ") + version());
    app.set_help_flag("-h,--help", "Print this help");
    app.require_subcommand(0, 1);
    app.footer(
        "Example:\n  abate run --region FR -- python3 train.py\n\nEach command has its own help: "
        "abate COMMAND --help");
    add_commands(app, context, metering);

    const bool json = asks_for_json(words);
    const auto fail = [&](const Error& error, int status) {
        print_error(error, json);
        return metering ? kRunFailed : status;
    };
    try {
        if (const std::optional<Error> empty = empty_value(app, words.ours)) throw Failure(*empty);
        std::vector<std::string> reversed(words.ours.rbegin(), words.ours.rend());
        app.parse(reversed);
        if (app.get_subcommands().empty()) print_overview(context);
        // What `run` prints last is a summary beside the record; it must not cost the exit code.
        if (!metering) check_printed(context);
        return context.exit_status;
    } catch (const CLI::Success& success) {  // --help, --version
        return app.exit(success);
    } catch (const CLI::ParseError& complaint) {
        const Error error = usage_error(app, words, complaint);
        print_error(error, json);
        return metering ? kRunFailed : 2;
    } catch (const Failure& failure) {
        print_error(failure.error(), json);
        return failure.exit_status() != 0 && metering && failure.exit_status() < 125
                   ? kRunFailed
                   : failure.exit_status();
    } catch (const Fault& fault) {
        return fail(fault.error(), error_mapping(fault.error().code).exit_status);
    } catch (const std::bad_alloc&) {
        return fail({ErrorCode::io_error, "out of memory", "", ""}, 1);
    } catch (const std::system_error& broken) {  // {fmt}, where standard output takes no more
        return fail(output_lost(context, broken.what()), 1);
    } catch (const std::exception& unexpected) {
        return fail({ErrorCode::internal,
                     unexpected.what(),
                     "",
                     "This is a fault of abate: please report it"},
                    1);
    }
}

}  // namespace
}  // namespace abate::cli

int main(int argc, char** argv) { return abate::cli::run_program(argc, argv); }
