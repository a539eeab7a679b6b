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

}  // namespace

std::vector<std::string> nearest(std::string_view wanted,
                                 const std::vector<std::string>& names,
                                 std::size_t count) {
    const std::string key = folded(wanted.substr(0, 64));
    std::vector<std::pair<double, const std::string*>> scored;
    for (const std::string& name : names) {
        const std::string other = folded(std::string_view(name).substr(0, 64));
        const auto longer =
            static_cast<double>(std::max<std::size_t>({key.size(), other.size(), 1}));
        double score = static_cast<double>(edit_distance(key, other)) / longer;
        // A name that contains what was typed is nearer than one that merely has its letters.
        if (!key.empty() && other.find(key) != std::string::npos)
            score = std::min(score, 0.3) - 0.05;
        if (score < 0.7) scored.emplace_back(score, &name);
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
