#include "abate/cli/empty_value.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace abate::cli {
namespace {

Error no_value(const std::string& name) {
    return {
        ErrorCode::invalid_argument, "the value is empty", name, "Give a value or leave it out"};
}

const CLI::App* subcommand(const CLI::App& app, const std::string& name) {
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (sub->get_name() == name) return sub;
    }
    return nullptr;
}

bool takes_value(const CLI::App& app, const std::string& name) {
    const CLI::Option* option = app.get_option_no_throw(name);
    return option != nullptr && option->get_items_expected_max() > 0;
}

}  // namespace

std::optional<Error> empty_value(const CLI::App& app, const std::vector<std::string>& words) {
    const CLI::App* command = &app;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word.size() > 1 && word[0] == '-') {
            const std::size_t equals = word.find('=');
            const std::string name = word.substr(0, equals);
            if (!takes_value(*command, name)) continue;
            if (equals != std::string::npos) {
                if (equals + 1 == word.size()) return no_value(name);
            } else if (++i < words.size() && words[i].empty()) {
                return no_value(name);
            }
        } else if (const CLI::App* sub = subcommand(*command, word); sub != nullptr) {
            command = sub;
        } else if (command->get_prefix_command()) {
            return std::nullopt;  // from here on another program's words
        } else if (word.empty()) {
            return no_value("an argument of " + command->get_name());
        }
    }
    return std::nullopt;
}

}  // namespace abate::cli
