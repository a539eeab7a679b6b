#include "abate/report/scheme.h"

#include "abate/core/id.h"
#include "abate/report/json_writer.h"
#include "abate/report/text_tools.h"

#include <fmt/format.h>

#include <type_traits>

namespace abate::report {
namespace {

// Energy is kept in microjoules and said in joules: so is its name.
template <class T>
std::string said_name(std::string_view name) {
    constexpr std::string_view kKept = "_uj";
    const bool kept = std::is_same_v<T, Microjoules> && name.size() > kKept.size() &&
                      name.substr(name.size() - kKept.size()) == kKept;
    return kept ? std::string(name.substr(0, name.size() - kKept.size())) + "_j"
                : std::string(name);
}

// Writes what describes itself.
class FieldWriter {
  public:
    explicit FieldWriter(JsonWriter& json) : json_(&json) {}

    template <class T>
    void operator()(const char* name, const T& value) {
        json_->key(said_name<T>(name));
        write(value);
    }

    template <class T>
    void write(const T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            json_->boolean(value);
        } else if constexpr (std::is_same_v<T, scheme::TransferId>) {
            json_->text(id_text(value));
        } else if constexpr (std::is_same_v<T, Timestamp>) {
            // The moment of what has not happened: nobody drafted it, nobody decided yet.
            if (value == Timestamp{}) {
                json_->null();
            } else {
                json_->text(to_rfc3339(value));
            }
        } else if constexpr (std::is_same_v<T, Microjoules>) {
            json_->joules(value);
        } else if constexpr (std::is_same_v<T, scheme::Ppm>) {
            json_->number(static_cast<double>(value.value) / 1e4);
        } else if constexpr (std::is_same_v<T, scheme::Reason>) {
            json_->text(scheme::to_string(value));
        } else if constexpr (scheme::NamedEnum<T>) {
            json_->text(to_string(value));
        } else if constexpr (std::is_enum_v<T>) {
            json_->unsigned_integer(static_cast<std::uint64_t>(value));
        } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
            json_->unsigned_integer(value);
        } else if constexpr (std::is_integral_v<T>) {
            json_->integer(value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            json_->text(value);
        } else if constexpr (scheme::kIsBytes<T>) {
            json_->text(
                scheme::to_hex({reinterpret_cast<const char*>(value.data()), value.size()}));
        } else if constexpr (scheme::kIsMap<T>) {
            json_->begin_array();
            for (const auto& [key, of_it] : value) {
                json_->begin_object();
                json_->key("key");
                write(key);
                json_->key("value");
                write(of_it);
                json_->end_object();
            }
            json_->end_array();
        } else if constexpr (scheme::kIsVector<T> || scheme::kIsSet<T>) {
            json_->begin_array();
            for (const auto& each : value) write(each);
            json_->end_array();
        } else if constexpr (scheme::kIsOptional<T>) {
            if (value) {
                write(*value);
            } else {
                json_->null();
            }
        } else if constexpr (scheme::kIsVariant<T>) {
            write_command(value);
        } else {
            json_->begin_object();
            T::fields(value, *this);
            json_->end_object();
        }
    }

    void write_command(const scheme::Command& command) {
        json_->begin_object();
        json_->key("command").text(scheme::name_of(command));
        std::visit([&](const auto& c) { std::decay_t<decltype(c)>::fields(c, *this); }, command);
        json_->end_object();
    }

  private:
    JsonWriter* json_;
};

// "key=value" of what is not empty.
class FieldText {
  public:
    // Longer texts are cut.
    explicit FieldText(std::size_t most_letters = 60) : most_letters_(most_letters) {}

    template <class T>
    void operator()(const char* name, const T& value) {
        const std::string text = said(value);
        if (!text.empty()) out_ += fmt::format(" {}={}", said_name<T>(name), text);
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    template <class T>
    [[nodiscard]] std::string said(const T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            return value ? "true" : "false";
        } else if constexpr (std::is_same_v<T, scheme::TransferId>) {
            return id_text(value);
        } else if constexpr (std::is_same_v<T, Timestamp>) {
            return value == Timestamp{} ? "" : to_rfc3339(value);
        } else if constexpr (std::is_same_v<T, scheme::Ppm>) {
            return value.value == 0 ? ""
                                    : fmt::format("{}%", static_cast<double>(value.value) / 1e4);
        } else if constexpr (std::is_same_v<T, Microjoules>) {
            return decimal_joules(value);
        } else if constexpr (scheme::NamedEnum<T>) {
            return std::string(to_string(value));
        } else if constexpr (std::is_enum_v<T>) {
            const auto number = static_cast<std::uint64_t>(value);
            return number == 0 ? "" : fmt::format("{}", number);
        } else if constexpr (std::is_integral_v<T>) {
            return value == 0 ? "" : fmt::format("{}", value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            if (value.empty()) return "";
            return value.find(' ') == std::string::npos
                       ? clipped(printable(value), most_letters_)
                       : "'" + clipped(printable(value), most_letters_) + "'";
        } else if constexpr (scheme::kIsBytes<T>) {
            return scheme::to_hex({reinterpret_cast<const char*>(value.data()), value.size()})
                       .substr(0, 12) +
                   "...";
        } else if constexpr (scheme::kIsVector<T>) {
            return value.empty() ? "" : fmt::format("[{}]", value.size());
        } else if constexpr (scheme::kIsOptional<T>) {
            return value ? said(*value) : "";
        } else if constexpr (std::is_same_v<T, scheme::KeyGrant>) {
            return fmt::format(
                "'{}' ({})", printable(value.holder), scheme::roles_text(value.roles));
        } else if constexpr (std::is_same_v<T, scheme::Rules>) {
            return fmt::format("'{}' version {}", printable(value.name), value.version);
        } else if constexpr (scheme::Described<T>) {
            // A document in a document: its own line, as far as it goes.
            constexpr std::size_t kInnerLetters = 24;
            constexpr std::size_t kInnerColumns = 240;
            FieldText inner(kInnerLetters);
            T::fields(value, inner);
            const std::string text = inner.take();
            return text.empty() ? "" : "{" + clipped(text.substr(1), kInnerColumns) + "}";
        } else {
            return "{...}";
        }
    }

    std::size_t most_letters_;
    std::string out_;
};

template <class T>
std::string json_of(const T& value, int indent) {
    JsonWriter json(indent);
    FieldWriter(json).write(value);
    return json.take();
}

}  // namespace

std::string id_text(const scheme::TransferId& id) {
    return ulid_text({.high = id.high, .low = id.low});
}

std::string command_text(const scheme::Command& command) {
    FieldText text;
    std::visit([&](const auto& c) { std::decay_t<decltype(c)>::fields(c, text); }, command);
    return scheme::name_of(command) + text.take();
}

std::string command_json(const scheme::Command& command, int indent) {
    return json_of(command, indent);
}

std::string state_json(const scheme::State& state, int indent) { return json_of(state, indent); }

std::string plan_json(const scheme::PlanEntry& plan, int indent) { return json_of(plan, indent); }

std::string report_json(const scheme::ReportEntry& report, int indent) {
    return json_of(report, indent);
}

std::string note_json(const scheme::SettlementNote& note, int indent) {
    return json_of(note, indent);
}

std::string rules_json(const scheme::Rules& rules, int indent) { return json_of(rules, indent); }

}  // namespace abate::report
