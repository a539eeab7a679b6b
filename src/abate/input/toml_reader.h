// Walks a TOML file of ours: units in the keys, unknown keys refused with the nearest known one, every error with file:line:column.
//
//     Reader reader("lab.toml");
//     const Result<toml::table> root = reader.parse(text);
//     reader.only(*root, "", {"name", "site"});
//     reader.read(*root, "name", name);
//     if (reader.error()) return *reader.error();           // the first
//
// Values that are wrong or missing leave their target alone. Inside `input` only.
#pragma once

#include "abate/core/nearest.h"
#include "abate/core/plain_text.h"
#include "abate/core/result.h"
#include "abate/input/input.h"
#include "abate/input/toml_guard.h"
#include "abate/input/toml_number.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace abate::input {

using Keys = std::vector<std::string>;

inline constexpr double kMost =
    kMostCount;  // of anything: larger numbers are slips, and their products overflow
inline constexpr double kLeastAbove = 1e-9;  // of what must not be 0: it divides
inline constexpr const char* kPage = "See docs/reference/inventory.md";

inline std::string listed(const Keys& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

// A name as an error repeats it.
inline std::string one_line(std::string_view text) { return short_text(text); }

// What a number may be: least to most, `above` when the least itself is not allowed.
struct Limits {
    double least = 0;
    double most = kMost;
    bool above = false;
    const char* said = nullptr;  // "from 1 day to 100 years"; absent: the numbers

    [[nodiscard]] bool hold(double value) const {
        return std::isfinite(value) && value <= most &&
               (above ? value > least && value >= kLeastAbove : value >= least);
    }
    // Why `value` is not held; the limits of all numbers are said only to those beyond them.
    [[nodiscard]] std::string words(double value) const {
        if (said != nullptr) return said;
        const bool tiny = above && least == 0 && value > 0 && value < kLeastAbove;
        const std::string from = tiny ? fmt::format("at least {}", kLeastAbove)
                                      : fmt::format("{} {}", above ? "above" : "at least", least);
        return most < kMost || value > most ? fmt::format("{}, at most {}", from, most) : from;
    }
};

inline constexpr Limits kPositive{.above = true};
inline constexpr Limits kUtilisation{.least = kLeastUtilised, .most = 1};
inline constexpr Limits kYears{
    .least = 1.0 / 365, .most = 100, .said = "of years from 1 day (0.00274) to 100 years"};

// One file's walk; keeps the first error. Values that are wrong or missing leave their target alone.
class Reader {
  public:
    // `page` tells where the keys are explained; it begins with "See".
    explicit Reader(std::string_view file, const char* page = kPage) : file_(file), page_(page) {}

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

    [[nodiscard]] std::string where(const toml::node& node) const { return place(node.source()); }

    [[nodiscard]] std::string place(const toml::source_region& region) const {
        return fmt::format("{}:{}:{}", file_, region.begin.line, region.begin.column);
    }

    // The file's tables. Errors: parse_error.
    [[nodiscard]] Result<toml::table> parse(std::string_view text) const {
        if (const Result<void> flat = check_toml_depth(text, file_); !flat) return flat.error();
        try {
            return toml::table(toml::parse(text));
        } catch (const toml::parse_error& problem) {
            return Error{ErrorCode::parse_error,
                         std::string(problem.description()),
                         place(problem.source()),
                         std::string("The file is TOML; s") + (page_ + 1)};
        }
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error
    void refuse(ErrorCode code, std::string what, std::string at, std::string hint) {
        if (!error_) error_ = Error{code, std::move(what), std::move(at), std::move(hint)};
    }

    void refuse(const toml::node& node, std::string what, std::string hint) {
        refuse(ErrorCode::parse_error, std::move(what), where(node), std::move(hint));
    }

    void only(const toml::table& table, const std::string& section, const Keys& known) {
        for (const auto& [key, node] : table) {
            const std::string name(key.str());
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            std::string hint;
            for (const std::string& candidate : known) {
                // `storage` for `storage_tb`.
                if (!name.empty() && candidate.rfind(name + "_", 0) == 0 && hint.empty())
                    hint = fmt::format("Did you mean '{}'? The unit is part of the key", candidate);
            }
            if (hint.empty()) {
                const std::vector<std::string> near = nearest(name, known, 1);
                hint = near.empty() ? "Known are " + listed(known)
                                    : fmt::format("Did you mean '{}'?", near.front());
            }
            refuse(ErrorCode::parse_error,
                   section.empty() ? fmt::format("unknown key '{}'", one_line(name))
                                   : fmt::format("unknown key '{}' in {}", one_line(name), section),
                   place(key.source()),
                   hint);
        }
    }

    void read(const toml::table& table, std::string_view key, std::string& out) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        if (const auto* text = node->as_string()) {
            out = text->get();
        } else {
            refuse(*node, fmt::format("'{}' must be a string in quotes", key), page_);
        }
    }

    void read(const toml::table& table, std::string_view key, bool& out) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        if (const auto* flag = node->as_boolean()) {
            out = flag->get();
        } else {
            refuse(*node, fmt::format("'{}' must be true or false", key), page_);
        }
    }

    void read(const toml::table& table, std::string_view key, std::vector<std::string>& out) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        const toml::array* list = node->as_array();
        if (list == nullptr) {
            refuse(*node, fmt::format("'{}' must be a list of strings", key), page_);
            return;
        }
        for (const toml::node& item : *list) {
            if (const auto* text = item.as_string()) {
                out.push_back(text->get());
            } else {
                refuse(item, fmt::format("'{}' must be a list of strings", key), page_);
            }
        }
    }

    // A number, or text such as "1.2B" where it counts things.
    std::optional<double> number(const toml::node& node,
                                 std::string_view key,
                                 const Limits& limits) {
        std::optional<double> value;
        if (node.is_number()) {
            value = toml_number(node);
        } else if (const auto* text = node.as_string()) {
            const Result<double> count = parse_count(text->get());
            if (!count) {
                refuse(
                    node,
                    fmt::format("'{}' is no number: '{}'", key, one_line(text->get())),
                    "Write a number; its unit is in the key. Counts may be text such as \"1.2B\"");
                return std::nullopt;
            }
            value = *count;
        } else {
            refuse(node, fmt::format("'{}' must be a number", key), page_);
            return std::nullopt;
        }
        if (!limits.hold(*value)) {
            refuse(ErrorCode::out_of_range,
                   fmt::format("'{}' cannot be {}", key, *value),
                   where(node),
                   fmt::format("It is a number {}", limits.words(*value)));
            return std::nullopt;
        }
        return value;
    }

    void read(const toml::table& table,
              std::string_view key,
              std::optional<double>& out,
              const Limits& limits) {
        if (const toml::node* node = table.get(key)) out = number(*node, key, limits);
    }

    void read(const toml::table& table, std::string_view key, double& out, const Limits& limits) {
        if (const toml::node* node = table.get(key)) out = number(*node, key, limits).value_or(out);
    }

    // A number, or { value, low, high }.
    void read(const toml::table& table,
              std::string_view key,
              std::optional<Ranged>& out,
              const Limits& limits) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        const toml::table* range = node->as_table();
        if (range == nullptr) {
            if (const std::optional<double> value = number(*node, key, limits))
                out = exactly(*value);
            return;
        }
        only(*range, fmt::format("'{}'", key), {"value", "low", "high", "bound"});
        Ranged read_range;
        for (const auto& [part, target] : {std::pair("value", &read_range.value),
                                           std::pair("low", &read_range.low),
                                           std::pair("high", &read_range.high)}) {
            const toml::node* item = range->get(part);
            if (item == nullptr) {
                refuse(*node,
                       fmt::format("'{}' has no {}", key, part),
                       fmt::format("Write {} = {{ value = 10, low = 8, high = 13 }}", key));
                return;
            }
            const std::optional<double> value =
                number(*item, fmt::format("{}.{}", key, part), limits);
            if (!value) return;
            *target = *value;
        }
        if (read_range.low > read_range.value || read_range.value > read_range.high) {
            refuse(ErrorCode::out_of_range,
                   fmt::format("'{}' has its value outside low and high", key),
                   where(*node),
                   "It must be low <= value <= high");
            return;
        }
        bool bound = false;
        read(*range, "bound", bound);
        read_range.kind = bound ? RangeKind::bound : RangeKind::interval90;
        out = read_range;
    }

    // A date or a time; a date is its midnight in UTC.
    void read(const toml::table& table, std::string_view key, std::optional<Timestamp>& out) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        std::string text;
        if (const auto* date = node->as_date()) {
            const toml::date day = date->get();
            text = fmt::format("{:04}-{:02}-{:02}T00:00:00Z", day.year, day.month, day.day);
        } else if (const auto* moment = node->as_date_time()) {
            const toml::date_time time = moment->get();
            if (!time.offset) {
                refuse(*node,
                       fmt::format("'{}' is a time without its zone", key),
                       "Write the zone: 2025-01-31T12:00:00Z, or +01:00 at the end");
                return;
            }
            const int offset = time.offset->minutes;
            text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}",
                               time.date.year,
                               time.date.month,
                               time.date.day,
                               time.time.hour,
                               time.time.minute,
                               time.time.second,
                               offset < 0 ? '-' : '+',
                               std::abs(offset) / 60,
                               std::abs(offset) % 60);
        } else if (const auto* string = node->as_string()) {
            text = string->get();
            if (text.size() == 10) text += "T00:00:00Z";
        }
        const Result<Timestamp> time = parse_rfc3339(text);
        if (!time) {
            refuse(*node,
                   fmt::format("'{}' is no date", key),
                   "Write a date, 2025-01-31, or a time with its zone, 2025-01-31T12:00:00Z");
            return;
        }
        out = *time;
    }

    // One of a list of words.
    template <class T, class Parse>
    void word(const toml::table& table,
              std::string_view key,
              T& out,
              const Parse& parse,
              const Keys& known) {
        std::string text;
        read(table, key, text);
        if (table.get(key) == nullptr || error_) return;
        const auto value = parse(text);
        if (value) {
            out = *value;
            return;
        }
        const std::vector<std::string> near = nearest(text, known, 1);
        refuse(*table.get(key),
               fmt::format("'{}' cannot be '{}'", key, one_line(text)),
               near.empty()
                   ? "Use one of " + listed(known)
                   : fmt::format("Did you mean '{}'? Known are {}", near.front(), listed(known)));
    }

    // Calls f(table) for each [[section]], which is [[parent.section]] in a table of its own.
    template <class F>
    void each(const toml::table& table,
              const std::string& section,
              const F& f,
              const std::string& parent = "") {
        const toml::node* node = table.get(section);
        if (node == nullptr) return;
        const std::string full = parent.empty() ? section : parent + "." + section;
        const auto no_list = [&](const toml::node& at) {
            refuse(at,
                   fmt::format("'{}' must be a list of tables", full),
                   fmt::format("Write [[{}]], with two brackets", full));
        };
        const toml::array* rows = node->as_array();
        if (rows == nullptr) {
            no_list(*node);
            return;
        }
        for (const toml::node& row : *rows) {
            if (const toml::table* inner = row.as_table()) {
                f(*inner);
            } else {
                no_list(row);
            }
        }
    }

    void name(const toml::table& table, const char* section, std::string& out) {
        read(table, "name", out);
        if (out.empty())
            refuse(table,
                   fmt::format("a [[{}]] has no name", section),
                   "Add name = \"...\": tables and other sections call it by that");
    }

  private:
    std::string file_;
    const char* page_;
    std::optional<Error> error_;
};

}  // namespace abate::input
