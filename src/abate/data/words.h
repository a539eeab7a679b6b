// Words of names, so that what people, drivers and kernels write meets what the tables write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace abate::data {

// Lower case, accents of Latin letters taken off, blanks trimmed and made single: "  São  Paulo" ->
// "sao paulo".
[[nodiscard]] std::string folded(std::string_view text);
// Equal but for the case of ASCII letters.
[[nodiscard]] bool same_folded(std::string_view a, std::string_view b);

// The telling words of a processor's name, sorted, without marketing ("(R)", "CPU @ 2.70GHz",
// "64-Core Processor", "with Radeon Graphics", "11th Gen"): "AMD EPYC 7742 64-Core Processor" ->
// {7742, amd, epyc}.
[[nodiscard]] std::vector<std::string> cpu_words(std::string_view name);
// The same for an accelerator, without the maker's own words (NVIDIA, Tesla, GPU, Generation) and
// without a MIG suffix: "NVIDIA A100-SXM4-80GB MIG 1g.10gb" -> {80gb, a100, sxm4}.
[[nodiscard]] std::vector<std::string> chip_words(std::string_view name);

// The words of any other name, sorted: "GPT-3 175B (davinci)" -> {175b, 3, davinci, gpt}.
[[nodiscard]] std::vector<std::string> name_words(std::string_view name);

// How a name's words stand to a row's: all the same, all among the row's ("sxm" meets "sxm5"), or
// neither.
enum class Match { none, part, whole };
[[nodiscard]] Match match_words(const std::vector<std::string>& wanted,
                                const std::vector<std::string>& row);

// The longest word with a digit in it ("7742"), which a matching row must hold; empty if none.
[[nodiscard]] std::string_view telling_word(const std::vector<std::string>& words);

}  // namespace abate::data
