// What participants of an order file have when it begins: CSV, `participant,money_micro,allowances`.
#pragma once

#include "abate/core/result.h"
#include "abate/exchange/exchange.h"

#include <cstdint>
#include <map>
#include <string_view>

namespace abate::input {

// By participant, each once. All money together, and all allowances, are below 2^63. Errors: parse_error with file:line.
[[nodiscard]] Result<std::map<std::uint32_t, exchange::Endowment>> parse_endowments(
    std::string_view text, std::string_view file);

}  // namespace abate::input
