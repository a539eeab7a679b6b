// Reads a struct that describes itself (scheme/fields.h) from a TOML table: its field names are the keys.
//
//     TomlFields fields(reader, {.required = true});
//     fields.read(table, "", rules);                    // nested structs are tables, lists of structs are arrays of tables
//
// Per cent are decimals and kept exactly to a millionth; enums are the words of their to_string. Inside `input` only.
#pragma once

#include "abate/input/toml_reader.h"
#include "abate/scheme/scheme.h"

#include <set>
#include <string>

namespace abate::input {

class TomlFields {
  public:
    // Of `may_miss` keys ("cap.first_cap") the target keeps its value where they are not written; every other must be there.
    TomlFields(Reader& reader, std::set<std::string> may_miss)
        : reader_(&reader), may_miss_(std::move(may_miss)) {}

    template <scheme::Described T>
    void read(const toml::table& table, const std::string& path, T& out) {
        Keys known;
        T::fields(out, [&](const char* name, auto& /*value*/) { known.emplace_back(name); });
        reader_->only(table, path.empty() ? "" : "[" + path + "]", known);
        T::fields(out, [&](const char* name, auto& value) {
            if (reader_->error()) return;
            const std::string full = path.empty() ? name : path + "." + name;
            const toml::node* node = table.get(name);
            if (node == nullptr) {
                if (may_miss_.count(full) == 0)
                    reader_->refuse(ErrorCode::parse_error,
                                    fmt::format("'{}' is missing", full),
                                    reader_->where(table),
                                    "Every rule is written out; `abate registry profile` prints "
                                    "complete ones");
                return;
            }
            value_of(*node, full, value);
        });
    }

  private:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of the sentence
    void wrong(const toml::node& node, const std::string& key, const std::string& what) {
        reader_->refuse(node, fmt::format("'{}' must be {}", key, what), "");
    }

    void value_of(const toml::node& node, const std::string& key, std::string& out) {
        if (const auto* text = node.as_string()) {
            out = text->get();
        } else {
            wrong(node, key, "a string in quotes");
        }
    }
    void value_of(const toml::node& node, const std::string& key, bool& out) {
        if (const auto* flag = node.as_boolean()) {
            out = flag->get();
        } else {
            wrong(node, key, "true or false");
        }
    }
    template <std::integral T>
    requires(!std::is_same_v<T, bool>) void value_of(const toml::node& node,
                                                     const std::string& key,
                                                     T& out) {
        const auto* number = node.as_integer();
        if (number == nullptr) return wrong(node, key, "a whole number");
        if (!std::in_range<T>(number->get()))
            return reader_->refuse(ErrorCode::out_of_range,
                                   fmt::format("'{}' cannot be {}", key, number->get()),
                                   reader_->where(node),
                                   "");
        out = static_cast<T>(number->get());
    }
    void value_of(const toml::node& node, const std::string& key, scheme::Ppm& out) {
        if (!node.is_number()) return wrong(node, key, "a number of per cent");
        const std::optional<double> percent = toml_number(node);
        const double ppm = percent ? *percent * 1e4 : NAN;
        // 1e9 %: beyond any rule; and a millionth is the least part.
        if (!(ppm >= -1e13 && ppm <= 1e13) || std::abs(ppm - std::round(ppm)) > 1e-4)
            return wrong(node, key, "per cent with at most four decimals");
        out = {static_cast<std::int64_t>(std::llround(ppm))};
    }
    template <scheme::NamedEnum T>
    void value_of(const toml::node& node, const std::string& key, T& out) {
        const auto* text = node.as_string();
        if (text != nullptr)
            if (const auto found = scheme::enum_named<T>(text->get())) {
                out = *found;
                return;
            }
        const Keys known = scheme::names_of<T>();
        const std::vector<std::string> near =
            text != nullptr ? nearest(text->get(), known, 1) : std::vector<std::string>{};
        reader_->refuse(
            node,
            text != nullptr ? fmt::format("'{}' cannot be '{}'", key, one_line(text->get()))
                            : fmt::format("'{}' must be a string in quotes", key),
            near.empty()
                ? "Use one of " + listed(known)
                : fmt::format("Did you mean '{}'? Known are {}", near.front(), listed(known)));
    }
    template <scheme::Described T>
    void value_of(const toml::node& node, const std::string& key, T& out) {
        const toml::table* table = node.as_table();
        if (table == nullptr) return wrong(node, key, "a table");
        read(*table, key, out);
    }
    template <class T>
    void value_of(const toml::node& node, const std::string& key, std::vector<T>& out) {
        const toml::array* list = node.as_array();
        if (list == nullptr) return wrong(node, key, "a list");
        out.clear();
        for (const toml::node& item : *list) {
            if (reader_->error()) return;
            value_of(item, key, out.emplace_back());
        }
    }

    Reader* reader_;
    std::set<std::string> may_miss_;
};

}  // namespace abate::input
