// Any bytes as an order file: operations that can be played, or an error that names the file; never a crash. What is played leaves a book
// whose best bid is below its best ask.
#include "abate/input/input.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<input::OrderFile> file = input::parse_order_file(text, "t.csv");
    if (!file) {
        if (file.error().where.rfind("t.csv", 0) != 0) std::abort();
        return 0;
    }
    exchange::Replay replay({.books = file->books.size(), .matcher = {.most_orders = 256}});
    replay.play(file->operations);
    const exchange::ReplayTotals totals = replay.totals();
    if (totals.best_bid_micro && totals.best_ask_micro &&
        *totals.best_bid_micro >= *totals.best_ask_micro)
        std::abort();
    return 0;
}
