#include "abate/input/endowments.h"

#include "abate/core/plain_text.h"
#include "abate/data/data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace abate::input {

Result<std::map<std::uint32_t, exchange::Endowment>> parse_endowments(std::string_view text,
                                                                      std::string_view file) {
    constexpr std::array<std::string_view, 3> kColumns = {
        "participant", "money_micro", "allowances"};
    const Result<data::CsvView> view = data::scan_csv(text, file);
    if (!view) return view.error();
    const auto bad = [&](std::size_t line, std::string what, std::string hint) {
        return Error{ErrorCode::parse_error,
                     std::move(what),
                     fmt::format("{}:{}", file, line),
                     std::move(hint)};
    };
    if (view->header.size() != kColumns.size() ||
        !std::equal(kColumns.begin(), kColumns.end(), view->header.begin()))
        return bad(1, "another header", "It begins with participant,money_micro,allowances");
    std::map<std::uint32_t, exchange::Endowment> out;
    exchange::Endowment sum;
    for (std::size_t row = 0; row < view->rows(); ++row) {
        std::array<std::int64_t, 3> numbers{};
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const std::string_view said = view->at(row, i);
            const auto [end, problem] =
                std::from_chars(said.data(), said.data() + said.size(), numbers[i]);
            if (problem != std::errc() || end != said.data() + said.size() || numbers[i] < 0)
                return bad(view->lines[row],
                           fmt::format("'{}' is no {}", short_text(said), kColumns[i]),
                           "Write a whole number of 0 or more, without separators");
        }
        if (numbers[0] == 0 || numbers[0] > UINT32_MAX)
            return bad(view->lines[row],
                       fmt::format("{} is no participant", numbers[0]),
                       "Write one from 1 to 4294967295");
        if (__builtin_add_overflow(sum.money_micro, numbers[1], &sum.money_micro) ||
            __builtin_add_overflow(sum.allowances, numbers[2], &sum.allowances))
            return bad(view->lines[row],
                       "all together have more than books can hold",
                       "Keep each column's sum below 9223372036854775807");
        if (!out.emplace(static_cast<std::uint32_t>(numbers[0]),
                         exchange::Endowment{.money_micro = numbers[1], .allowances = numbers[2]})
                 .second)
            return bad(view->lines[row],
                       fmt::format("participant {} is there twice", numbers[0]),
                       "Keep one line for each");
    }
    return out;
}

}  // namespace abate::input
