// Any bytes as a binary order file: operations that can be played and that are written as the same bytes, or an error that names the file;
// never a crash. As CSV they play alike.
#include "abate/input/input.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

std::uint64_t hash_of(const abate::input::OrderFile& file) {
    abate::exchange::Replay replay({.books = file.books.size(), .matcher = {.most_orders = 256}});
    replay.play(file.operations);
    return replay.totals().trade_hash;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate;
    const std::string_view given(reinterpret_cast<const char*>(data), size);
    const Result<input::OrderFile> file = input::parse_binary_order_file(given, "t.bin");
    if (!file) {
        if (file.error().where.rfind("t.bin", 0) != 0) std::abort();
        return 0;
    }
    const Result<std::string> again = input::to_binary(*file);
    if (!again || *again != given) std::abort();
    const std::string csv = input::to_csv(*file);
    const Result<input::OrderFile> other = input::parse_order_file(csv, "t.csv");
    if (!other) std::abort();
    // Books that nothing is ordered in are not in the other form, and neither is their number.
    if (other->operations.size() != file->operations.size()) std::abort();
    if (hash_of(*file) != hash_of(*other)) std::abort();
    return 0;
}
