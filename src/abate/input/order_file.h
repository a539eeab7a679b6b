// Files of orders (docs/reference/market.md): CSV with a header row.
//
//     seq,kind,order_id,participant,side,type,price_micro,quantity
//     1,new,1,7,sell,limit,41000,5000
//     2,cancel,1,,,,,
//
// What an order asks for may be nonsense (a quantity of 0, an unknown id): the book says no to it by name. What cannot be read is an error.
#pragma once

#include "abate/core/result.h"
#include "abate/exchange/exchange.h"

#include <string>
#include <string_view>
#include <vector>

namespace abate::input {

inline constexpr std::uint32_t kMostBooks = 64;  // of a file
struct OrderFile {
    std::vector<exchange::Operation> operations;
    std::vector<std::string> books;  // by the number in the operations; one at least
};

// Columns in any order: seq (rising), kind (new, cancel, replace), order_id, participant, side (buy, sell), type (limit, market),
// price_micro, quantity; at_us (never falling), book, tif (gtc, ioc, fok, gtt), flags (post_only), expires_us (of gtt) may be left out. A
// cancel needs its order_id alone, a replace what changes. Errors: parse_error with file:line; some 10 million lines a second.
[[nodiscard]] Result<OrderFile> parse_order_file(std::string_view text, std::string_view file);

}  // namespace abate::input
