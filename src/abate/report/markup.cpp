#include "abate/report/markup.h"

#include "abate/report/text_tools.h"

#include <algorithm>

namespace abate::report {
namespace {

bool is_left(const Table& table, std::size_t column) {
    return std::find(table.left.begin(), table.left.end(), column) != table.left.end();
}

constexpr std::string_view kGap = "  ";

}  // namespace

std::string escaped_xml(std::string_view text) {
    std::string out;
    for (const char c : printable(valid_utf8(text))) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string escaped_markdown(std::string_view text) {
    std::string out;
    std::string line(text);
    std::replace(line.begin(), line.end(), '\n', ' ');
    for (const char c : printable(valid_utf8(line))) {
        if (std::string_view("\\`*_[]<>#|").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string text_table(const Table& table, bool color) {
    std::vector<std::size_t> widths(table.header.size(), 0);
    const auto measure = [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width(printable(row[i])));
    };
    measure(table.header);
    for (const auto& row : table.rows) measure(row);
    const auto line = [&](const std::vector<std::string>& row) {
        std::string out;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string cell = printable(row[i]);
            if (i > 0) out += kGap;
            out += is_left(table, i) ? padded(cell, widths[i]) : padded_left(cell, widths[i]);
        }
        out.erase(out.find_last_not_of(' ') + 1);
        return out + "\n";
    };
    std::string out;
    if (!table.caption.empty()) out += printable(table.caption) + "\n";
    std::string head = line(table.header);
    if (color) head = "\x1b[1m" + head.substr(0, head.size() - 1) + "\x1b[0m\n";
    out += head;
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        if (table.sum_last && i + 1 == table.rows.size()) {
            std::size_t all = 0;
            for (const std::size_t w : widths) all += w;
            out += std::string(all + kGap.size() * (widths.size() - 1), '-') + "\n";
        }
        out += line(table.rows[i]);
    }
    return out;
}

std::string markdown_table(const Table& table) {
    std::string out;
    const auto line = [&](const std::vector<std::string>& row, bool bold) {
        out += "|";
        for (const std::string& cell : row) {
            const std::string text = escaped_markdown(cell);
            out += " " + (bold && !text.empty() ? "**" + text + "**" : text) + " |";
        }
        out += "\n";
    };
    line(table.header, false);
    out += "|";
    for (std::size_t i = 0; i < table.header.size(); ++i)
        out += is_left(table, i) ? "---|" : "---:|";
    out += "\n";
    for (std::size_t i = 0; i < table.rows.size(); ++i)
        line(table.rows[i], table.sum_last && i + 1 == table.rows.size());
    return out;
}

std::string html_table(const Table& table) {
    std::string out = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
                      escaped_xml(table.caption) + "\">\n<table>\n<caption>" +
                      escaped_xml(table.caption) + "</caption>\n<thead><tr>";
    for (std::size_t i = 0; i < table.header.size(); ++i)
        out += std::string("<th scope=\"col\"") + (is_left(table, i) ? "" : " class=\"n\"") + ">" +
               escaped_xml(table.header[i]) + "</th>";
    out += "</tr></thead>\n<tbody>\n";
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
        out += table.sum_last && row + 1 == table.rows.size() ? "<tr class=\"sum\">" : "<tr>";
        for (std::size_t i = 0; i < table.rows[row].size(); ++i) {
            const std::string cell = escaped_xml(table.rows[row][i]);
            if (i == 0) {
                out += "<th scope=\"row\">" + cell + "</th>";
            } else {
                out +=
                    std::string(is_left(table, i) ? "<td>" : "<td class=\"n\">") + cell + "</td>";
            }
        }
        out += "</tr>\n";
    }
    return out + "</tbody>\n</table>\n</div>\n";
}

}  // namespace abate::report
