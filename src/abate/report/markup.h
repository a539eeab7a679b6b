// Tables and words as text, Markdown and HTML; what people wrote cannot become markup.
//
//     Table table{.caption = "By phase", .header = {"phase", "total"}, .rows = {{"training", "12 t"}}};
//     text_table(table, false);      // for a terminal
//     markdown_table(table);
//     html_table(table);             // with caption and scopes, as screen readers need them
//
// Inside `report` only. The first column holds names, the others right-aligned figures unless `left` says otherwise.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace abate::report {

struct Table {
    std::string caption;
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    std::vector<std::size_t> left = {0};  // columns of words
    bool sum_last = false;                // the last row is the sum of the others
};

[[nodiscard]] std::string text_table(const Table& table, bool color);
[[nodiscard]] std::string markdown_table(const Table& table);
[[nodiscard]] std::string html_table(const Table& table);

// & < > " ' as entities, controls gone, valid UTF-8: for HTML and SVG, in text and in attributes.
[[nodiscard]] std::string escaped_xml(std::string_view text);
// | \ ` * _ [ ] < > # escaped, line ends as spaces.
[[nodiscard]] std::string escaped_markdown(std::string_view text);

}  // namespace abate::report
