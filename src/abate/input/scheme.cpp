#include "abate/input/scheme.h"

#include "abate/input/toml_fields.h"

namespace abate::input {
namespace {

constexpr const char* kSchemePage = "See docs/registry/scheme.md";

// Where a key is written; else the nearest table or list that holds it: "cap.rebasings" of "cap.rebasings.year".
const toml::node& node_of(const toml::table& root, std::string_view path) {
    while (!path.empty()) {
        if (const toml::node* found = root.at_path(path).node(); found != nullptr) return *found;
        const std::size_t dot = path.rfind('.');
        path = dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
    }
    return root;
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
                       "benchmark.classes",
                       "cap.reduction_steps",
                       "cap.rebasings",
                       "stability",
                       "auction",
                       "auction.containment",
                       "market"});
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
        // Of any year but a leap day.
        if (!scheme::parse_yearly_time(*said, 2027))
            refuse(path,
                   fmt::format("'{}' is no time of a year: '{}'", path, one_line(*said)),
                   "Write month, day, hour and minute: \"09-30 23:59\"");
    for (const std::string& day : rules.holidays)
        if (!scheme::parse_date(day))
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
