// Text of a table into the fields of a scheme's command, by the struct's own description of itself (scheme/fields.h).
//
//     Names names;
//     Transfer transfer;
//     set_field(transfer, {"from", "lab/holding"}, names);      // false: a Transfer has no such field
//     set_field(report, {"sites.1.readings.2.energy_kwh", "700"}, names);
//
// A path goes into lists by number, from 1 on; one past the end adds an element, and `size` sets how many there are. Where a struct has no
// field of the first name, the structs within it are asked. Energy may be said in kWh (`energy_kwh` for `energy_uj`), money in units of the
// currency (`amount` for `amount_micro`), `..._percent` in per cent.
#pragma once

#include "abate/core/read_file.h"
#include "abate/input/input.h"
#include "abate/scheme/scheme.h"

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "scenarios/table.h"

namespace abate::scenarios {

// What a table says wrongly; the row's place is added where it is caught.
class TableError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

template <class T>
T value_of(Result<T> result) {
    if (!result) throw TableError(to_string(result.error()));
    return *std::move(result);
}

// Numbers for the names of a table, in the order in which they are first said; "lab#7" gives the number 7. "none" is 0.
class Names {
  public:
    scheme::ParticipantId participant(const std::string& name) {
        return scheme::ParticipantId{participants_.number(name)};
    }
    scheme::GroupId group(const std::string& name) { return scheme::GroupId{groups_.number(name)}; }
    // "scheme/auction" and the like are the scheme's own.
    scheme::AccountId account(const std::string& name);
    scheme::TransferId id(const std::string& name) { return {.high = 1, .low = ids_.number(name)}; }
    scheme::TransferId fresh_id() { return {.high = 2, .low = ++fresh_}; }
    // Of an order of the market; one without a name has one of its own.
    std::uint64_t order(const std::string& name) { return orders_.number(name); }
    std::uint64_t fresh_order() { return ++fresh_order_; }
    // A person's key, made from the name.
    const scheme::KeyPair& key(const std::string& person);
    // "2028-04-30T23:59 Europe/Brussels", or without a zone in the scheme's; "2028-04-30T21:59:00Z"; a day is its first moment.
    [[nodiscard]] Timestamp moment(const std::string& text) const;
    void set_zone(const std::string& zone) { zone_ = zone; }

  private:
    class Numbers {
      public:
        explicit Numbers(std::uint64_t first) : next_(first) {}
        std::uint64_t number(const std::string& name);

      private:
        std::map<std::string, std::uint64_t> known_;
        std::uint64_t next_;
    };
    Numbers participants_{1};
    Numbers groups_{1};
    Numbers accounts_{static_cast<std::uint64_t>(101)};
    Numbers ids_{1};
    Numbers orders_{1};
    std::uint64_t fresh_ = 0;
    std::uint64_t fresh_order_ = 1'000'000;
    std::map<std::string, scheme::KeyPair> keys_;
    std::string zone_ = "UTC";
};

// "1_000.25" with a scale of 6 is 1,000,250,000. Throws TableError.
struct Scale {
    int decimals = 0;
};
[[nodiscard]] Int128 parse_decimal(const std::string& text, Scale scale);
// kWh, with the same '_' between digits.
[[nodiscard]] Microjoules parse_energy(const std::string& text);
// As it stands; "letters:4097" is a text of so many, and \u200b a letter that cannot be seen.
[[nodiscard]] std::string parse_text(const std::string& text);
// The text of a file beside the tables.
[[nodiscard]] std::string read_input(const std::string& name);
[[nodiscard]] std::vector<scheme::BaselineRow> read_baseline(const std::string& file, Names& names);
[[nodiscard]] std::vector<scheme::ActivityRow> read_activity(const std::string& file, Names& names);

inline bool ends_with(const std::string& text, const std::string& end) {
    return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// How a field may be called in a table: its own name, and one without its micro-unit.
inline std::string said_name(const std::string& field) {
    if (ends_with(field, "_micro")) return field.substr(0, field.size() - 6);
    if (ends_with(field, "_uj")) return field.substr(0, field.size() - 3) + "_kwh";
    return field;
}

class FieldSetter {
  public:
    explicit FieldSetter(Names& names) : names_(&names) {}

    template <class T>
    bool set(T& object, const std::vector<std::string>& path, const std::string& text) {
        bool found = false;
        T::fields(object, [&](const char* name, auto& field) {
            if (found || (path[0] != name && path[0] != said_name(name))) return;
            found = true;
            descend(field, Said{.name = name, .in_units = path[0] != name}, rest(path), text);
        });
        if (found) return true;
        T::fields(object, [&](const char* /*name*/, auto& field) {
            using F = std::decay_t<decltype(field)>;
            if constexpr (scheme::Described<F> && !std::is_same_v<F, scheme::Ppm>)
                if (!found) found = set(field, path, text);
        });
        return found;
    }

  private:
    struct Said {
        std::string name;
        bool in_units = false;  // of the currency, or kWh
    };
    static std::vector<std::string> rest(const std::vector<std::string>& path) {
        return {path.begin() + 1, path.end()};
    }

    template <class T>
    void descend(T& field,
                 const Said& said,
                 const std::vector<std::string>& path,
                 const std::string& text) {
        if (path.empty()) {
            field = parse<T>(said, text);
            return;
        }
        if constexpr (scheme::kIsVector<T>) {
            if (path[0] == "size") {
                field.resize(std::stoul(text));
                return;
            }
            const std::size_t index = std::stoul(path[0]);
            if (index == 0 || index > field.size() + 1)
                throw TableError(said.name + " has no element " + path[0]);
            if (index > field.size()) field.emplace_back();
            descend(field[index - 1], said, rest(path), text);
        } else if constexpr (scheme::Described<T>) {
            if (!set(field, path, text)) throw TableError(said.name + " has no " + path[0]);
        } else {
            throw TableError(said.name + " has no parts");
        }
    }

    template <class T>
    T parse(const Said& said, const std::string& text) {
        if constexpr (std::is_same_v<T, std::string>) {
            return parse_text(text);
        } else if constexpr (std::is_same_v<T, bool>) {
            if (text != "yes" && text != "no") throw TableError(said.name + " is yes or no");
            return text == "yes";
        } else if constexpr (std::is_same_v<T, scheme::ParticipantId>) {
            return names_->participant(text);
        } else if constexpr (std::is_same_v<T, scheme::GroupId>) {
            return names_->group(text);
        } else if constexpr (std::is_same_v<T, scheme::AccountId>) {
            return names_->account(text);
        } else if constexpr (std::is_same_v<T, scheme::TransferId>) {
            return names_->id(text);
        } else if constexpr (std::is_same_v<T, scheme::PublicKey>) {
            return names_->key(text).open;
        } else if constexpr (std::is_same_v<T, Timestamp>) {
            return names_->moment(text);
        } else if constexpr (std::is_same_v<T, Microjoules>) {
            return said.in_units ? parse_energy(text) : Microjoules(parse_decimal(text, {}));
        } else if constexpr (std::is_same_v<T, scheme::Ppm>) {
            return {static_cast<std::int64_t>(parse_decimal(text, {.decimals = 4}))};
        } else if constexpr (std::is_enum_v<T>) {
            const auto named = scheme::enum_named<T>(text);
            return named ? *named : static_cast<T>(parse_decimal(text, {}));
        } else if constexpr (std::is_same_v<T, std::uint8_t>) {
            return parse_roles(text);
        } else if constexpr (std::is_integral_v<T>) {
            return static_cast<T>(parse_decimal(text, {.decimals = said.in_units ? 6 : 0}));
        } else {
            return parse_document<T>(said, text);
        }
    }

    // A list, or the file that it stands in.
    template <class T>
    T parse_document(const Said& said, const std::string& text) {
        if constexpr (std::is_same_v<T, scheme::Rules>) {
            return value_of(input::parse_scheme(read_input(text), text));
        } else if constexpr (std::is_same_v<T, scheme::MonitoringPlan>) {
            return value_of(input::parse_monitoring_plan(read_input(text), text));
        } else if constexpr (std::is_same_v<T, scheme::MonitoringReport>) {
            return value_of(input::parse_monitoring_report(read_input(text), text)).report;
        } else if constexpr (std::is_same_v<T, std::vector<scheme::BaselineRow>>) {
            return read_baseline(text, *names_);
        } else if constexpr (std::is_same_v<T, std::vector<scheme::ActivityRow>>) {
            return read_activity(text, *names_);
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
            T out = listed(text);
            for (std::string& each : out) each = parse_text(each);
            return out;
        } else if constexpr (std::is_same_v<T, std::vector<scheme::ParticipantId>>) {
            T out;
            for (const std::string& name : listed(text)) out.push_back(names_->participant(name));
            return out;
        } else if constexpr (std::is_same_v<T, std::vector<scheme::KeyGrant>>) {
            T out;
            for (const std::string& name : listed(text))
                out.push_back({.key = names_->key(name).open,
                               .holder = name,
                               .roles = static_cast<std::uint8_t>(scheme::Role::scheme_operator)});
            return out;
        } else if constexpr (std::is_same_v<T, std::vector<scheme::FinalOutput>>) {
            T out;
            for (const std::string& one : listed(text)) {
                const std::size_t colon = one.find(':');
                if (colon == std::string::npos) throw TableError(said.name + " is CLASS:GFLOP");
                out.push_back({.service_class = one.substr(0, colon),
                               .output_gflop = static_cast<std::uint64_t>(
                                   parse_decimal(one.substr(colon + 1), {}))});
            }
            return out;
        } else {
            throw TableError(said.name + " is said by its parts, as " + said.name + ".1...");
        }
    }

    static std::uint8_t parse_roles(const std::string& text) {
        unsigned out = 0;
        for (const std::string& word : listed(text)) {
            const scheme::Role role = scheme::parse_role(word);
            // A bit that is no role is said as its number.
            out |= role != scheme::Role::none ? static_cast<unsigned>(role)
                                              : static_cast<unsigned>(parse_decimal(word, {}));
        }
        return static_cast<std::uint8_t>(out);
    }

    Names* names_;
};

// False: there is no such field.
struct Setting {
    std::string path;
    std::string text;
};
template <class T>
bool set_field(T& object, const Setting& setting, Names& names) {
    std::vector<std::string> path;
    for (std::size_t at = 0; at <= setting.path.size();) {
        const std::size_t end = std::min(setting.path.find('.', at), setting.path.size());
        path.push_back(setting.path.substr(at, end - at));
        at = end + 1;
    }
    return FieldSetter(names).set(object, path, setting.text);
}

}  // namespace abate::scenarios
