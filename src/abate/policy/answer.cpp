#include "abate/policy/answer.h"

namespace abate::policy {

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the key, then what people read
Figure& Answer::figure(std::string key, std::string label, Measure measure, double value) {
    return figures_.emplace_back(Figure{
        .key = std::move(key), .label = std::move(label), .measure = measure, .value = value});
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the key, what people read, and what is so named
void Answer::text(std::string key, std::string label, std::string value) {
    figures_.push_back({.key = std::move(key),
                        .label = std::move(label),
                        .measure = Measure::text,
                        .value = std::move(value)});
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the key, then what people read
void Answer::flag(std::string key, std::string label, bool value, const Words& words) {
    figures_.push_back({.key = std::move(key),
                        .label = std::move(label),
                        .measure = Measure::text,
                        .value = value,
                        .remark = value ? words.yes : words.no});
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the key, then what people read
Table& Answer::table(std::string key, std::string label, std::vector<Column> columns) {
    return tables_.emplace_back(
        Table{.key = std::move(key), .label = std::move(label), .columns = std::move(columns)});
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the key, then what people read; x before y
Chart& Answer::chart(std::string key, std::string title, Axis x, Axis y) {
    return charts_.emplace_back(Chart{
        .key = std::move(key), .title = std::move(title), .x = std::move(x), .y = std::move(y)});
}

}  // namespace abate::policy
