#include "abate/footprint/precision.h"

#include "abate/core/plain_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

namespace abate::footprint {
namespace {

constexpr std::array kNames{
    std::pair{Precision::fp32, "fp32"},
    std::pair{Precision::tf32, "tf32"},
    std::pair{Precision::bf16, "bf16"},
    std::pair{Precision::fp16, "fp16"},
    std::pair{Precision::fp8, "fp8"},
    std::pair{Precision::fp4, "fp4"},
    std::pair{Precision::mxfp4, "mxfp4"},
    std::pair{Precision::int8, "int8"},
};

constexpr std::array kAliases{
    std::pair{"bfloat16", Precision::bf16},
    std::pair{"float16", Precision::fp16},
    std::pair{"half", Precision::fp16},
    std::pair{"float32", Precision::fp32},
};

double tflops(const data::Chip& chip, Precision precision) {
    switch (precision) {
        case Precision::fp32:
            return chip.fp32_tflops;
        case Precision::tf32:
            return chip.tf32_tflops;
        case Precision::bf16:
            return chip.bf16_tflops;
        case Precision::fp16:
            return chip.fp16_tflops;
        case Precision::fp8:
            return chip.fp8_tflops;
        case Precision::fp4:
        case Precision::mxfp4:
            return chip.fp4_tflops;
        case Precision::int8:
            return chip.int8_tops;
    }
    return 0;
}

std::string known_precisions(const data::Chip& chip) {
    std::string text;
    for (const auto& [precision, name] : kNames)
        if (tflops(chip, precision) > 0) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

}  // namespace

const char* to_string(Precision precision) {
    for (const auto& [known, name] : kNames)
        if (known == precision) return name;
    return "";
}

Result<Precision> parse_precision(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    for (const auto& [precision, name] : kNames)
        if (lower == name) return precision;
    for (const auto& [name, precision] : kAliases)
        if (lower == name) return precision;
    return Error{ErrorCode::invalid_argument,
                 "there is no precision '" + short_text(text) + "'",
                 "--precision",
                 "Use fp32, tf32, bf16, fp16, fp8, fp4, mxfp4 or int8"};
}

double bytes_per_weight(Precision precision) {
    switch (precision) {
        case Precision::fp32:
        case Precision::tf32:
            return 4;
        case Precision::bf16:
        case Precision::fp16:
            return 2;
        case Precision::fp8:
        case Precision::int8:
            return 1;
        case Precision::fp4:
        case Precision::mxfp4:
            return 0.5;
    }
    return 2;
}

Result<double> peak_flop_per_s(const data::Chip& chip, Precision precision) {
    const double peak = tflops(chip, precision);
    if (peak > 0) return peak * 1e12;
    const std::string known = known_precisions(chip);
    return Error{
        ErrorCode::unsupported,
        "the table has no " + std::string(to_string(precision)) + " peak of " + chip.name,
        "--precision",
        known.empty()
            ? "It has none at all: give one with --set accelerators/NAME/bf16_tflops=TFLOPS"
            : "It has " + known};
}

double peak_16bit_flop_per_s(const data::Chip& chip) {
    return (chip.bf16_tflops > 0 ? chip.bf16_tflops : chip.fp16_tflops) * 1e12;
}

Result<Precision> default_precision(const data::Chip& chip) {
    for (const Precision precision :
         {Precision::bf16, Precision::fp16, Precision::tf32, Precision::fp32})
        if (tflops(chip, precision) > 0) return precision;
    const Result<double> none = peak_flop_per_s(chip, Precision::bf16);
    return none.error();
}

}  // namespace abate::footprint
