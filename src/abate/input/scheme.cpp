#include "abate/input/scheme.h"

#include "abate/input/toml_fields.h"

#include <charconv>
#include <chrono>

namespace abate::input {
namespace {

constexpr const char* kSchemePage = "See docs/registry/scheme.md";

// "09-30 23:59": two numbers each, of a day that every year has but the 29th of February.
bool is_yearly_time(std::string_view text) {
    if (text.size() != 11 || text[2] != '-' || text[5] != ' ' || text[8] != ':') return false;
    int parts[4] = {};
    for (int i = 0; i < 4; ++i) {
        const char* begin = text.data() + std::ptrdiff_t{3} * i;
        const auto [end, problem] = std::from_chars(begin, begin + 2, parts[i]);
        if (problem != std::errc() || end != begin + 2) return false;
    }
    const std::chrono::year_month_day day{std::chrono::year(2027),
                                          std::chrono::month(static_cast<unsigned>(parts[0])),
                                          std::chrono::day(static_cast<unsigned>(parts[1]))};
    return day.ok() && parts[2] >= 0 && parts[2] < 24 && parts[3] >= 0 && parts[3] < 60;
}

bool is_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): three calls, below
    const auto whole = [&](std::size_t at, std::size_t size, auto& out) {
        const char* begin = text.data() + at;
        const auto [end, problem] = std::from_chars(begin, begin + size, out);
        return problem == std::errc() && end == begin + size;
    };
    return whole(0, 4, year) && whole(5, 2, month) && whole(8, 2, day) &&
           std::chrono::year_month_day(
               std::chrono::year(year), std::chrono::month(month), std::chrono::day(day))
               .ok();
}

// Where a key is written; of the file, where it is not.
const toml::node& node_of(const toml::table& root, std::string_view path) {
    const toml::node* found = root.at_path(path).node();
    return found != nullptr ? *found : root;
}

}  // namespace

Result<scheme::Rules> parse_scheme(std::string_view text, std::string_view file) {
    Reader reader(file, kSchemePage);
    const Result<toml::table> root = reader.parse(text);
    if (!root) return root.error();
    scheme::Rules rules;
    TomlFields fields(reader,
                      {"version",
                       "exercise",
                       "frozen_gco2e_per_kwh",
                       "holidays",
                       "coverage.activities",
                       "monitoring.tiers",
                       "benchmark.classes"});
    fields.read(*root, "", rules);
    const auto refuse = [&](std::string_view path, std::string what, std::string hint) {
        reader.refuse(ErrorCode::parse_error,
                      std::move(what),
                      reader.where(node_of(*root, path)),
                      std::move(hint));
    };
    for (const auto& [path, said] :
         {std::pair<std::string_view, const std::string*>("monitoring.report_due",
                                                          &rules.monitoring.report_due),
          std::pair<std::string_view, const std::string*>("compliance.surrender_due",
                                                          &rules.compliance.surrender_due)})
        if (!is_yearly_time(*said))
            refuse(path,
                   fmt::format("'{}' is no time of a year: '{}'", path, one_line(*said)),
                   "Write month, day, hour and minute: \"09-30 23:59\"");
    for (const std::string& day : rules.holidays)
        if (!is_date(day))
            refuse("holidays",
                   fmt::format("'{}' is no date", one_line(day)),
                   "Write year, month and day: \"2027-12-25\"");
    if (reader.error()) return *reader.error();
    if (const Result<void> checked = scheme::check_rules(rules); !checked) {
        const Error& wrong = checked.error();
        return Error{ErrorCode::out_of_range,
                     fmt::format("'{}' {}", wrong.where, wrong.what),
                     reader.where(node_of(*root, wrong.where)),
                     kSchemePage + std::string()};
    }
    return rules;
}

}  // namespace abate::input
