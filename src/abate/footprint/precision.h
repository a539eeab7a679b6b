// The number format of a job's arithmetic, and what a chip can do in it.
//
//     const Precision p = parse_precision("bfloat16").value();          // bf16
//     peak_flop_per_s(tables.chip("H100 SXM").value(), p).value();      // 9.894e14, dense
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"

#include <string_view>

namespace abate::footprint {

enum class Precision { fp32, tf32, bf16, fp16, fp8, fp4, mxfp4, int8 };

// As the option writes it: "bf16".
[[nodiscard]] const char* to_string(Precision precision);
// Case ignored; "bfloat16" and "float16", "half", "float32" are bf16, fp16, fp32. Errors:
// invalid_argument, with the list.
[[nodiscard]] Result<Precision> parse_precision(std::string_view text);

// Bytes that one weight takes: 4, 2, 1 or 0.5.
[[nodiscard]] double bytes_per_weight(Precision precision);

// Dense peak, without sparsity (operations, for int8). Errors: unsupported, naming the precisions
// that the chip's row has.
[[nodiscard]] Result<double> peak_flop_per_s(const data::Chip& chip, Precision precision);

// Dense 16-bit peak of the chip, bf16 before fp16; 0: the row has neither.
[[nodiscard]] double peak_16bit_flop_per_s(const data::Chip& chip);

// What a chip trains in where nobody says: bf16, else fp16, else tf32, else fp32. Errors:
// unsupported, for a row without any peak.
[[nodiscard]] Result<Precision> default_precision(const data::Chip& chip);

}  // namespace abate::footprint
