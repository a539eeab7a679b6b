// Any bytes as each table of the registry, and as its numbers: rows, or an error that names the file; never a crash.
#include "abate/input/input.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

template <class T>
void must_name_the_file(const abate::Result<T>& read) {
    if (!read && read.error().where.rfind("t.csv", 0) != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate::input;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    must_name_the_file(parse_bank_statement(text, "t.csv"));
    must_name_the_file(parse_baseline(text, "t.csv"));
    must_name_the_file(parse_activity_levels(text, "t.csv"));
    const auto kwh = parse_kwh(text);
    const auto money = parse_money_micro(text);
    const auto allowances = parse_allowances(text);
    if (allowances && *allowances < 1) std::abort();
    const auto moment = parse_moment(text);
    (void)kwh;
    (void)money;
    (void)moment;
    return 0;
}
