// `abate registry init | profile | rules | calendar`.
#include "abate/cli/records.h"
#include "abate/cli/registry_parts.h"
#include "abate/cli/scheme_profiles.h"
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace abate::cli {
namespace {

std::string scheme_text(const std::string& path) {
    const Result<std::string> text = read_regular_file(path);
    if (!text) throw Failure(text.error());
    return *text;
}

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

void found(Context& context, const InitOptions& options, OfficeOptions office_options) {
    const std::string text = scheme_text(options.file);
    scheme::FoundScheme command{.rules = value_or_fail(input::parse_scheme(text, options.file)),
                                .rules_text = text};
    // Nobody wants to learn at the first deadline that the zone is not known.
    (void)value_or_fail(scheme::Zone::find(command.rules.time_zone));
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

struct CalendarOptions {
    std::int64_t year = 0;
};

std::chrono::year_month_day parse_day(const std::string& text) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    std::from_chars(text.data(), text.data() + 4, year);
    std::from_chars(text.data() + 5, text.data() + 7, month);
    std::from_chars(text.data() + 8, text.data() + 10, day);
    return {std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
}

// Noon of each working day of a year, in the scheme's own time.
scheme::PublishCalendar calendar_of(const scheme::Rules& rules, std::int64_t year) {
    if (year < 1970 || year > 2200)
        throw Failure({ErrorCode::out_of_range,
                       fmt::format("{} is no year of this scheme", year),
                       "YEAR",
                       "Write a year from 1970 to 2200"});
    scheme::PublishCalendar out{.year = year,
                                .time_zone = rules.time_zone,
                                .tz_version = value_or_fail(scheme::tz_database_version()),
                                .settle_at_us = {}};
    const scheme::Zone zone = value_or_fail(scheme::Zone::find(rules.time_zone));
    scheme::WorkingCalendar::Parts parts{.zone = zone};
    for (const std::string& day : rules.holidays) parts.holidays.push_back(parse_day(day));
    const scheme::WorkingCalendar calendar =
        value_or_fail(scheme::WorkingCalendar::make(std::move(parts)));
    const std::chrono::year first(static_cast<int>(year));
    for (std::chrono::sys_days day = first / 1 / 1; day < (first + std::chrono::years(1)) / 1 / 1;
         day += std::chrono::days(1)) {
        const std::chrono::year_month_day date(day);
        if (!calendar.is_working_day(date)) continue;
        out.settle_at_us.push_back(value_or_fail(zone.deadline({.date = date, .hour = 12})).us);
    }
    return out;
}

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
        init->footer("Example:\n  abate registry init scheme.toml --operator ada --operator bo");
        init->callback([kept, &context] { found(context, kept->own, kept->office); });
    }
    {
        auto name = std::make_shared<std::string>();
        CLI::App* profile = registry.add_subcommand(
            "profile", "Print the rules of a shipped scheme, to start from");
        profile->add_option("NAME", *name, "One of " + profile_names())->type_name("NAME");
        profile->footer("Example:\n  abate registry profile eu-like > scheme.toml");
        profile->callback([name] {
            if (name->empty()) {
                for (const SchemeProfile& one : scheme_profiles())
                    fmt::print("{:12} {}\n", one.name, one.first_line());
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
                const std::string text = scheme_text(options.file);
                office.act(scheme::ChangeRules{
                    .rules = value_or_fail(input::parse_scheme(text, options.file)),
                    .rules_text = text});
            });
        made->add_option("SCHEME", own.file, "The new rules, a TOML file");
    }
    {
        CLI::App* calendar =
            registry.add_subcommand("calendar", "The working days on which transfers are done");
        calendar->require_subcommand(1);
        CLI::App* made = nullptr;
        CalendarOptions& own = add_act<CalendarOptions>(
            *calendar,
            context,
            made,
            "publish",
            "Fix the working days of a year, from the zone and the holidays of the rules",
            [](Office& office, const CalendarOptions& options) {
                office.act(calendar_of(office.state().rules, options.year));
            });
        made->add_option("YEAR", own.year, "The year")->required();
    }
}

}  // namespace abate::cli
