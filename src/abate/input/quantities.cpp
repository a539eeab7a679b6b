// Counts, durations, energies, PUE and labels as people write them.
#include "abate/core/plain_text.h"
#include "abate/input/input.h"
#include "abate/units/energy.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace abate::input {
namespace {

std::string_view without_spaces_around(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string in_quotes(std::string_view text) { return "'" + short_text(text) + "'"; }

Error not_a(std::string_view text, const char* thing, const char* hint) {
    return {ErrorCode::parse_error, in_quotes(text) + " is not " + thing, "", hint};
}

// A number and the word behind it: "1.5", "kWh". Errors: parse_error when no number begins the
// text.
struct NumberAndUnit {
    double number = 0;
    std::string_view digits;  // the number as written
    std::string_view unit;
};

std::optional<NumberAndUnit> split_unit(std::string_view text) {
    NumberAndUnit out;
    const char* end = text.data() + text.size();
    // "inf" and "nan" are words, not numbers, here.
    const std::size_t first = !text.empty() && text.front() == '-' ? 1 : 0;
    if (text.size() <= first ||
        !(text[first] == '.' || (text[first] >= '0' && text[first] <= '9'))) {
        return std::nullopt;
    }
    const auto result = std::from_chars(text.data(), end, out.number);
    if (result.ec == std::errc::invalid_argument) return std::nullopt;
    out.digits = text.substr(0, static_cast<std::size_t>(result.ptr - text.data()));
    out.unit = without_spaces_around(text.substr(out.digits.size()));
    if (result.ec == std::errc::result_out_of_range) {
        // Underflow rounds to nothing; overflow is caught by the callers as not finite.
        const std::size_t exponent = out.digits.find_first_of("eE");
        const bool tiny = exponent != std::string_view::npos && out.digits[exponent + 1] == '-';
        out.number = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    }
    return out;
}

std::string lower(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return out;
}

}  // namespace

Result<double> parse_count(std::string_view text) {
    constexpr const char* kHint = "Write it like 300K, 7B, 1.4T or 1.5e22";
    const std::string_view trimmed = without_spaces_around(text);
    const auto parts = split_unit(trimmed);
    if (!parts) return not_a(text, "a count", kHint);
    struct Suffix {
        std::string_view name;
        const char* exponent;
        double factor;
    };
    constexpr std::array<Suffix, 8> kSuffixes{{{"", "", 1.0},
                                               {"k", "e3", 1e3},
                                               {"K", "e3", 1e3},
                                               {"M", "e6", 1e6},
                                               {"B", "e9", 1e9},
                                               {"b", "e9", 1e9},
                                               {"G", "e9", 1e9},
                                               {"T", "e12", 1e12}}};
    const auto* suffix = std::find_if(
        kSuffixes.begin(), kSuffixes.end(), [&](const Suffix& s) { return s.name == parts->unit; });
    if (suffix == kSuffixes.end()) return not_a(text, "a count", kHint);
    double value = parts->number * suffix->factor;
    if (parts->digits.find_first_of("eE") == std::string_view::npos) {
        // One rounding only: "0.3K" is read as "0.3e3", not as 0.3 times 1000.
        const std::string whole = std::string(parts->digits) + suffix->exponent;
        std::from_chars(whole.data(), whole.data() + whole.size(), value);
    }
    if (!(value >= 0 && value <= kMostCount)) {
        return Error{ErrorCode::out_of_range,
                     "the count " + in_quotes(text) + " is not a number from 0 to 1e30",
                     "",
                     kHint};
    }
    return value;
}

Result<std::int64_t> parse_duration_ns(std::string_view text) {
    constexpr const char* kHint = "Write it like 100ms, 30s, 5m, 6h, 7d or 1h30m";
    struct Unit {
        std::string_view name;
        std::int64_t ns;
    };
    constexpr std::array<Unit, 10> kUnits{{{"ns", 1},
                                           {"us", 1'000},
                                           {"ms", 1'000'000},
                                           {"s", 1'000'000'000},
                                           {"sec", 1'000'000'000},
                                           {"m", 60'000'000'000},
                                           {"min", 60'000'000'000},
                                           {"h", 3'600'000'000'000},
                                           {"d", 86'400'000'000'000},
                                           {"w", 604'800'000'000'000}}};
    constexpr std::size_t kMaxDigits = 18;
    std::string_view rest = without_spaces_around(text);
    if (rest.empty()) return not_a(text, "a duration", kHint);
    if (rest.front() == '-') {
        return Error{
            ErrorCode::out_of_range, "the duration " + in_quotes(text) + " is negative", "", kHint};
    }
    Int128 total = 0;
    while (!rest.empty()) {
        Int128 digits = 0;
        Int128 scale = 1;
        std::size_t count = 0;
        bool fraction = false;
        std::size_t at = 0;
        for (; at < rest.size(); ++at) {
            if (rest[at] == '.' && !fraction) {
                fraction = true;
                continue;
            }
            if (rest[at] < '0' || rest[at] > '9') break;
            if (++count > kMaxDigits) return not_a(text, "a duration", kHint);
            digits = digits * 10 + (rest[at] - '0');
            if (fraction) scale *= 10;
        }
        if (count == 0) return not_a(text, "a duration", kHint);
        rest = without_spaces_around(rest.substr(at));
        std::size_t letters = 0;
        while (letters < rest.size() &&
               std::isalpha(static_cast<unsigned char>(rest[letters])) != 0) {
            ++letters;
        }
        if (letters == 0 && rest.empty()) {
            return Error{ErrorCode::parse_error,
                         "the duration " + in_quotes(text) + " has no unit",
                         "",
                         kHint};
        }
        const auto* unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) {
            return u.name == rest.substr(0, letters);
        });
        if (unit == kUnits.end()) return not_a(text, "a duration", kHint);
        total += digits * unit->ns / scale;  // a part below a nanosecond is dropped
        if (total > std::numeric_limits<std::int64_t>::max()) {
            return Error{ErrorCode::out_of_range,
                         "the duration " + in_quotes(text) + " is longer than 292 years",
                         "",
                         kHint};
        }
        rest = without_spaces_around(rest.substr(letters));
    }
    return static_cast<std::int64_t>(total);
}

Result<double> parse_energy_j(std::string_view text) {
    constexpr const char* kHint = "Write it like 850J, 3.6MJ, 12kWh or 1.2GWh";
    struct Unit {
        std::string_view name;
        double joules;
        bool any_case;  // no other unit has these letters
    };
    // SI prefixes; 1 kWh = 3.6e6 J exactly. "mJ" and "MJ" differ by 1e9, so M and m are never
    // folded.
    constexpr std::array<Unit, 13> kUnits{{{"uJ", 1e-6, true},
                                           {"mJ", 1e-3, false},
                                           {"J", 1.0, true},
                                           {"kJ", 1e3, true},
                                           {"MJ", 1e6, false},
                                           {"GJ", 1e9, true},
                                           {"TJ", 1e12, true},
                                           {"mWh", 3.6, false},
                                           {"Wh", 3.6e3, true},
                                           {"kWh", 3.6e6, true},
                                           {"MWh", 3.6e9, false},
                                           {"GWh", 3.6e12, true},
                                           {"TWh", 3.6e15, true}}};
    const auto parts = split_unit(without_spaces_around(text));
    if (!parts) return not_a(text, "an energy", kHint);
    if (parts->unit.empty()) {
        return Error{
            ErrorCode::parse_error, "the energy " + in_quotes(text) + " has no unit", "", kHint};
    }
    const auto* unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) {
        return u.name == parts->unit || (u.any_case && lower(u.name) == lower(parts->unit));
    });
    if (unit == kUnits.end()) return not_a(text, "an energy", kHint);
    const double value = parts->number * unit->joules;
    // 1e25 J is what microjoules can hold (units/energy.h), and 10,000 times what mankind uses a
    // year.
    if (!std::isfinite(value) || value < 0 || value >= 1e25) {
        return Error{ErrorCode::out_of_range,
                     "the energy " + in_quotes(text) + " is not between 0 and 1e25 J",
                     "",
                     kHint};
    }
    return value;
}

Result<Microjoules> parse_kwh(std::string_view text) {
    constexpr Int128 kMicrojoulesPerMicroKwh = 3'600'000;
    constexpr Int128 kMostMicroKwh = Int128{1'000'000'000'000'000'000} * 1'000'000;
    // A decimal of kWh is read as one of joules is, and then turned.
    const Result<Microjoules> micro_kwh = parse_decimal_joules(text);
    if (!micro_kwh)
        return Error{ErrorCode::invalid_argument,
                     "'" + short_text(text) + "' is no energy in kWh",
                     "",
                     "Write a number with at most six decimals"};
    if (micro_kwh->count() > kMostMicroKwh || micro_kwh->count() < -kMostMicroKwh)
        return Error{ErrorCode::out_of_range,
                     "'" + short_text(text) + "' kWh is more than there is",
                     "",
                     "Write at most 1e18 kWh"};
    return Microjoules(micro_kwh->count() * kMicrojoulesPerMicroKwh);
}

Result<std::int64_t> parse_money_micro(std::string_view text) {
    constexpr std::size_t kDecimals = 6;
    const Error wrong{ErrorCode::invalid_argument,
                      "'" + short_text(text) + "' is no amount of money",
                      "",
                      "Write a number with a point and at most six decimals: 1250.50"};
    std::string digits;
    std::size_t decimals = 0;
    bool point = false;
    const bool negative = !text.empty() && text.front() == '-';
    for (const char c : text.substr(negative ? 1 : 0)) {
        if (c == '.' && !point) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            digits += c;
            if (point) ++decimals;
        } else if (c != '_') {
            return wrong;
        }
    }
    if (digits.empty() || decimals > kDecimals) return wrong;
    digits.append(kDecimals - decimals, '0');
    std::int64_t micro = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), micro);
    if (problem != std::errc() || end != digits.data() + digits.size()) return wrong;
    return negative ? -micro : micro;
}

Result<std::int64_t> parse_allowances(std::string_view text) {
    std::string plain;
    for (const char c : text)
        if (c != '_') plain += c;
    const Result<double> count = parse_count(plain);
    // Above 2^53 a double no longer has every whole number.
    constexpr double kMostWhole = 9e15;
    if (!count || *count != std::floor(*count) || *count > kMostWhole || *count < 1)
        return Error{ErrorCode::invalid_argument,
                     "'" + short_text(text) + "' is no number of allowances",
                     "",
                     "Write a whole number above 0: 250000, 250_000 or 250K"};
    return static_cast<std::int64_t>(*count);
}

Result<Timestamp> parse_moment(std::string_view text) {
    constexpr std::size_t kDate = 10;  // "2027-03-31"
    Result<Timestamp> at =
        parse_rfc3339(text.size() == kDate ? std::string(text) + "T00:00:00Z" : std::string(text));
    if (at) return at;
    return Error{ErrorCode::invalid_argument,
                 "'" + short_text(text) + "' is no time",
                 "",
                 "Write 2027-03-31, or a time with its zone, 2027-03-31T12:00:00Z"};
}

Result<double> parse_pue(std::string_view text) {
    constexpr const char* kHint = "A PUE is facility over IT energy, like 1.2";
    std::string_view trimmed = without_spaces_around(text);
    const bool insisted = !trimmed.empty() && trimmed.back() == '!';
    if (insisted) trimmed = without_spaces_around(trimmed.substr(0, trimmed.size() - 1));
    const auto parts = split_unit(trimmed);
    if (!parts || !parts->unit.empty()) return not_a(text, "a PUE", kHint);
    const double value = parts->number;
    if (!(value >= 1.0 && value <= 10.0)) {
        return Error{ErrorCode::out_of_range,
                     "the PUE " + in_quotes(text) + " is not between 1 and 10",
                     "",
                     kHint};
    }
    if (value > 3.0 && !insisted) {
        return Error{
            ErrorCode::out_of_range,
            "the PUE " + in_quotes(text) + " is above 3, which hardly any site reaches",
            "",
            "If it is meant, write it with an exclamation mark: " + std::string(trimmed) + "!"};
    }
    return value;
}

Result<double> parse_intensity_g_per_kwh(std::string_view text) {
    constexpr const char* kHint = "Write g CO2e/kWh as a plain number, like 381";
    // No grid reaches it; more is a slip of units.
    constexpr double kMostIntensity = footprint::kMostMarketGco2e;
    const auto parts = split_unit(without_spaces_around(text));
    if (!parts || !parts->unit.empty()) return not_a(text, "an intensity", kHint);
    if (!(parts->number >= 0 && parts->number <= kMostIntensity)) {
        return Error{ErrorCode::out_of_range,
                     "the intensity " + in_quotes(text) + " is not between 0 and 3000",
                     "",
                     kHint};
    }
    return parts->number;
}

Result<double> parse_lifetime_h(std::string_view text) {
    constexpr const char* kHint =
        "Write it like 4y, 48mo, 1460d or 35040h; servers serve 3 to 6 years";
    constexpr double kHoursPerYear = 8760;
    constexpr double kMostYears = 100;
    constexpr double kLeastHours = 24;
    struct Unit {
        std::string_view name;
        double hours;
    };
    constexpr std::array<Unit, 8> kUnits{{{"y", kHoursPerYear},
                                          {"yr", kHoursPerYear},
                                          {"year", kHoursPerYear},
                                          {"years", kHoursPerYear},
                                          {"mo", kHoursPerYear / 12},
                                          {"months", kHoursPerYear / 12},
                                          {"d", 24},
                                          {"h", 1}}};
    const auto parts = split_unit(without_spaces_around(text));
    if (!parts) return not_a(text, "a lifetime", kHint);
    if (parts->unit.empty())
        return Error{
            ErrorCode::parse_error, "the lifetime " + in_quotes(text) + " has no unit", "", kHint};
    const auto* unit = std::find_if(
        kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == parts->unit; });
    if (unit == kUnits.end()) return not_a(text, "a lifetime", kHint);
    const double hours = parts->number * unit->hours;
    if (!(hours >= kLeastHours && hours <= kMostYears * kHoursPerYear))
        return Error{ErrorCode::out_of_range,
                     "the lifetime " + in_quotes(text) + " is not from 1 day to 100 years",
                     "",
                     kHint};
    return hours;
}

Result<Boundary> parse_boundary(std::string_view text) {
    for (std::size_t i = 0; i < kBoundaryWords.size(); ++i)
        if (text == kBoundaryWords[i]) return static_cast<Boundary>(i);
    return Error{ErrorCode::invalid_argument,
                 "there is no boundary " + in_quotes(text),
                 "",
                 "Use component, node or facility"};
}

Result<double> parse_utilisation(std::string_view text) {
    constexpr const char* kHint =
        "Allocated over owned hours, like 0.6 or 60%; not the load of the chip";
    const auto parts = split_unit(without_spaces_around(text));
    if (!parts || !(parts->unit.empty() || parts->unit == "%"))
        return not_a(text, "a utilisation", kHint);
    const double value = parts->unit == "%" ? parts->number / 100 : parts->number;
    if (!(value >= kLeastUtilised && value <= 1))
        return Error{ErrorCode::out_of_range,
                     "the utilisation " + in_quotes(text) + " is not from 0.001 to 1",
                     "",
                     kHint};
    return value;
}

Result<std::pair<std::string, std::string>> parse_label(std::string_view text) {
    constexpr const char* kHint =
        "Write it like team=vision; the key has letters, digits, '_', '.' and '-'";
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return not_a(text, "a label", kHint);
    const std::string_view key = text.substr(0, equals);
    const bool plain = std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    });
    if (!plain) return not_a(text, "a label", kHint);
    return std::pair{std::string(key), std::string(text.substr(equals + 1))};
}

Result<Phase> parse_phase_word(std::string_view text) {
    if (const std::optional<Phase> phase = parse_phase(text)) return *phase;
    return Error{ErrorCode::invalid_argument,
                 "there is no phase " + in_quotes(text),
                 "",
                 "Use data, experimentation, training, finetuning or inference"};
}

}  // namespace abate::input
