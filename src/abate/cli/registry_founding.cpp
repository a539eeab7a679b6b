// `abate registry init | profile | rules`.
#include "abate/cli/records.h"
#include "abate/cli/registry_parts.h"
#include "abate/cli/scheme_profiles.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>

namespace abate::cli {
namespace {

struct InitOptions {
    std::string file;
    std::vector<std::string> operators;  // NAME, or NAME=Holder
    std::vector<std::string> auditors;
};

// "ada" or "ada=Ada Lovelace".
scheme::KeyGrant grant_of(const Context& context, const std::string& text, scheme::Role role) {
    const std::size_t equal = text.find('=');
    const std::string name = text.substr(0, equal);
    return {.key = public_key(context, name),
            .holder = equal == std::string::npos ? name : text.substr(equal + 1),
            .roles = static_cast<std::uint8_t>(role)};
}

// Nobody wants to learn at the first deadline that the zone is not known, or that no year can be opened.
scheme::Rules read_rules(const std::string& text, const std::string& file) {
    scheme::Rules rules = value_or_fail(input::parse_scheme(text, file));
    const std::int64_t year = rules.cap.first_year;
    const Result<scheme::OpenPeriod> moments = scheme::resolve_period(rules, year);
    if (!moments) {
        Error error = moments.error();
        error.where = file;
        throw Failure(std::move(error));
    }
    if (moments->surrender_due < moments->report_due)
        throw Failure({ErrorCode::invalid_argument,
                       "no year can be opened: surrender_due comes before report_due",
                       file,
                       "Both are dates of the year that follows"});
    return rules;
}

void found(Context& context, const InitOptions& options, OfficeOptions office_options) {
    const std::string text = value_or_fail(read_regular_file(options.file));
    scheme::FoundScheme command{.rules = read_rules(text, options.file), .rules_text = text};
    for (const std::string& one : options.operators)
        command.keys.push_back(grant_of(context, one, scheme::Role::scheme_operator));
    for (const std::string& one : options.auditors)
        command.keys.push_back(grant_of(context, one, scheme::Role::auditor));
    if (office_options.as.empty() && !options.operators.empty())
        office_options.as =
            options.operators.front().substr(0, options.operators.front().find('='));
    Office office(context, office_options, true);
    office.act(command);
    if (!context.json)
        fmt::print("Founded '{}' in {}. Keep the head digest elsewhere: abate registry head\n",
                   plain_line(command.rules.name),
                   shown_journal(context, office_options));
}

struct RulesOptions {
    std::string file;
};

}  // namespace

void add_registry_founding(CLI::App& registry, Context& context) {
    {
        struct Kept {
            InitOptions own;
            OfficeOptions office;
        };
        auto kept = std::make_shared<Kept>();
        CLI::App* init =
            registry.add_subcommand("init", "Found a scheme: its rules and its operator's keys");
        init->add_option("SCHEME", kept->own.file, "The rules, a TOML file")->required();
        init->add_option("--operator",
                         kept->own.operators,
                         "A key of an operator, NAME or NAME=PERSON; of two people at least")
            ->required()
            ->type_name("NAME");
        init->add_option("--auditor", kept->own.auditors, "A key of an auditor")->type_name("NAME");
        add_acting_options(*init, context, kept->office);
        init->callback([kept, &context] { found(context, kept->own, kept->office); });
    }
    {
        auto name = std::make_shared<std::string>();
        CLI::App* profile = registry.add_subcommand("profile",
                                                    "Print the rules of a shipped scheme, to start "
                                                    "from; without a name, say which there are");
        profile->add_option("NAME", *name, "One of " + profile_names())->type_name("NAME");
        profile->callback([name] {
            if (name->empty()) {
                for (const SchemeProfile& one : scheme_profiles())
                    fmt::print("{:12} {}\n", one.name, one.first_sentence());
                return;
            }
            for (const SchemeProfile& one : scheme_profiles())
                if (one.name == *name) {
                    std::fwrite(one.text.data(), 1, one.text.size(), stdout);
                    return;
                }
            throw Failure({ErrorCode::not_found,
                           fmt::format("there is no profile '{}'", short_text(*name)),
                           "",
                           "Known are " + profile_names()});
        });
    }
    {
        CLI::App* made = nullptr;
        RulesOptions& own = add_act<RulesOptions>(
            registry,
            context,
            made,
            "rules",
            "Change the rules: a whole file with the next version. Without a file, print them",
            [](Office& office, const RulesOptions& options) {
                if (options.file.empty()) {
                    if (office.context().json) {
                        fmt::print("{}\n", report::rules_json(office.state().rules));
                    } else {
                        fmt::print("{}", office.state().rules_texts.back());
                    }
                    return;
                }
                const std::string text = value_or_fail(read_regular_file(options.file));
                office.act(scheme::ChangeRules{.rules = read_rules(text, options.file),
                                               .rules_text = text});
            });
        made->add_option("SCHEME", own.file, "The new rules, a TOML file");
    }
}

}  // namespace abate::cli
