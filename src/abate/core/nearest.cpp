#include "abate/core/nearest.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <utility>

namespace abate {
namespace {

std::string folded(std::string_view text) {
    std::string out;
    for (char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

// Levenshtein distance; O(|a| |b|) time, O(|b|) memory.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): symmetric
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

// Runs of letters and digits.
std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0) continue;
        if (i > begin) words.push_back(text.substr(begin, i - begin));
        begin = i + 1;
    }
    return words;
}

// The part of the words of `key` that `name` has too, 0 to 1.
double word_overlap(const std::vector<std::string_view>& key, std::string_view name) {
    if (key.empty()) return 0;
    const std::vector<std::string_view> words = words_of(name);
    const auto shared = std::count_if(key.begin(), key.end(), [&](std::string_view word) {
        return std::find(words.begin(), words.end(), word) != words.end();
    });
    return static_cast<double>(shared) / static_cast<double>(key.size());
}

// How far `name` is from `key`, both in small letters: 0 the same, 1 nothing in common.
double distance_of(std::string_view key,
                   const std::vector<std::string_view>& words,
                   std::string_view name) {
    const auto longer = static_cast<double>(std::max<std::size_t>({key.size(), name.size(), 1}));
    double distance = static_cast<double>(edit_distance(key, name)) / longer;
    // A name that contains what was typed is nearer than one that merely has its letters; so is one that has most of
    // its words ("EPYC 7742" for "AMD EPYC 7742 64-Core").
    if (!key.empty() && name.find(key) != std::string_view::npos) {
        const double rest = static_cast<double>(name.size() - key.size()) / longer;
        distance = std::min(distance, 0.2 * rest);
    }
    const double overlap = word_overlap(words, name);
    if (overlap >= 0.5) distance = std::min(distance, 0.6 - 0.3 * overlap);
    return distance;
}

}  // namespace

std::vector<std::string> nearest(std::string_view wanted,
                                 const std::vector<std::string>& names,
                                 std::size_t count) {
    const std::string key = folded(wanted.substr(0, 64));
    const std::vector<std::string_view> words = words_of(key);
    std::vector<std::pair<double, const std::string*>> scored;
    for (const std::string& name : names) {
        const double distance =
            distance_of(key, words, folded(std::string_view(name).substr(0, 64)));
        if (distance < 0.7) scored.emplace_back(distance, &name);
    }
    std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) {
        return a.first < b.first;
    });
    std::vector<std::string> out;
    for (const auto& [score, name] : scored) {
        if (out.size() == count) break;
        if (std::find(out.begin(), out.end(), *name) == out.end()) out.push_back(*name);
    }
    return out;
}

}  // namespace abate
