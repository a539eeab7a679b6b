#include "abate/data/csv.h"

#include <algorithm>
#include <array>
#include <utility>

namespace abate::data {
namespace {

// Reads one text from front to back, keeping count of lines and columns for messages.
class Scanner {
  public:
    Scanner(std::string_view text, std::string_view file_name, CsvView& out)
        : text_(text), file_name_(file_name), out_(out) {
        if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = line_start_ = 3;
    }

    Result<void> scan() {
        std::vector<std::string_view> fields;
        bool header = true;
        while (skip_empty_lines(), at_ < text_.size()) {
            const std::size_t line = line_;
            fields.clear();
            if (!read_record(fields)) return *error_;
            if (header) {
                out_.header = fields;
                header = false;
                // At most one row a line: growing step by step would touch twice the memory.
                const std::size_t lines = count_lines();
                // Each field but the last has a character of its own that ends it.
                out_.cells.reserve(std::min(lines * fields.size(), text_.size() + 1));
                out_.lines.reserve(lines);
                continue;
            }
            if (fields.size() != out_.header.size()) return wrong_count(line, fields.size());
            out_.cells.insert(out_.cells.end(), fields.begin(), fields.end());
            out_.lines.push_back(line);
        }
        if (header)
            return Error{ErrorCode::parse_error,
                         "there is no header row",
                         where(1, 1),
                         "The first line names the columns."};
        return {};
    }

  private:
    // memchr reads many characters at a time; std::count reads one.
    [[nodiscard]] std::size_t count_lines() const {
        std::size_t lines = 0;
        for (std::size_t at = 0; (at = text_.find('\n', at)) != std::string_view::npos; ++at)
            ++lines;
        return lines;
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): line:column, as compilers write it
    [[nodiscard]] std::string where(std::size_t line, std::size_t column) const {
        return std::string(file_name_) + ":" + std::to_string(line) + ":" + std::to_string(column);
    }
    [[nodiscard]] Error bad(const char* what, const char* hint) const {
        return Error{
            ErrorCode::parse_error, what, where(line_, at_ - line_start_ + 1), std::string(hint)};
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): private, one call
    [[nodiscard]] Error wrong_count(std::size_t line, std::size_t count) const {
        return Error{ErrorCode::parse_error,
                     std::to_string(count) + " fields where the header has " +
                         std::to_string(out_.header.size()),
                     where(line, 1),
                     "Put a field that has a comma in it between double quotes."};
    }

    // The length of the line end that stands at `at`, or 0.
    [[nodiscard]] std::size_t line_end(std::size_t at) const {
        if (text_[at] == '\n') return 1;
        if (text_[at] == '\r' && at + 1 < text_.size() && text_[at + 1] == '\n') return 2;
        return 0;
    }
    void next_line(std::size_t end_length) {
        at_ += end_length;
        ++line_;
        line_start_ = at_;
    }
    void skip_empty_lines() {
        while (at_ < text_.size()) {
            const std::size_t end = line_end(at_);
            if (end == 0) return;
            next_line(end);
        }
    }

    // False: error_ says why. A Result for each of a hundred thousand fields would cost more than reading them.
    bool read_record(std::vector<std::string_view>& fields) {
        for (;;) {
            std::string_view field;
            const bool quoted = at_ < text_.size() && text_[at_] == '"';
            if (!(quoted ? read_quoted(field) : read_plain(field))) return false;
            fields.push_back(field);
            if (at_ == text_.size()) return true;
            if (text_[at_] == ',') {
                ++at_;
                continue;
            }
            next_line(line_end(at_));
            return true;
        }
    }

    // Whether a plain field may end, or break the rules, at this character. Most characters may not, and a start of the
    // program reads two hundred thousand of them.
    static constexpr std::array<bool, 256> kStops = [] {
        std::array<bool, 256> stops{};
        for (const char c : {',', '\n', '\r', '"'}) stops[static_cast<unsigned char>(c)] = true;
        return stops;
    }();

    bool read_plain(std::string_view& field) {
        const char* const begin = text_.data() + at_;
        const char* const end = text_.data() + text_.size();
        const char* here = begin;
        for (;; ++here) {
            while (here != end && !kStops[static_cast<unsigned char>(*here)]) ++here;
            if (here == end || *here == ',') break;
            at_ = static_cast<std::size_t>(here - text_.data());
            if (*here == '"')
                return fail(
                    bad("a double quote inside a field that does not begin with one",
                        "Write the whole field between double quotes, and each inner one twice."));
            if (line_end(at_) != 0) break;
        }
        at_ = static_cast<std::size_t>(here - text_.data());
        field = std::string_view(begin, static_cast<std::size_t>(here - begin));
        return true;
    }

    bool read_quoted(std::string_view& field) {
        // Said of the place where the quote stands.
        const std::size_t line = line_;
        const std::size_t column = at_ - line_start_ + 1;
        const std::size_t start = ++at_;
        bool doubled = false;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '\n') {
                ++line_;
                line_start_ = at_ + 1;
            }
            if (text_[at_] != '"') continue;
            if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
            doubled = true;
            ++at_;
        }
        if (at_ == text_.size()) {
            return fail({ErrorCode::parse_error,
                         "a double quote that is never closed",
                         where(line, column),
                         "Close it, or write it twice to mean one."});
        }
        const std::string_view inside = text_.substr(start, at_ - start);
        ++at_;
        if (at_ < text_.size() && text_[at_] != ',' && line_end(at_) == 0)
            return fail(bad("text after the closing double quote",
                            "End the field there, or quote it all."));
        field = doubled ? undouble(inside) : inside;
        return true;
    }

    bool fail(Error error) {
        error_ = std::move(error);
        return false;
    }

    std::string_view undouble(std::string_view text) {
        std::string& plain = out_.unescaped.emplace_back();
        for (std::size_t i = 0; i < text.size(); ++i) {
            plain += text[i];
            if (text[i] == '"') ++i;
        }
        return plain;
    }

    std::string_view text_;
    std::string_view file_name_;
    CsvView& out_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t line_start_ = 0;
    std::optional<Error> error_;
};

}  // namespace

std::optional<std::size_t> CsvView::column(std::string_view name) const {
    for (std::size_t i = 0; i < header.size(); ++i)
        if (header[i] == name) return i;
    return std::nullopt;
}

Result<CsvView> scan_csv(std::string_view text, std::string_view file_name) {
    CsvView view;
    const Result<void> scanned = Scanner(text, file_name, view).scan();
    if (!scanned) return scanned.error();
    return Result<CsvView>(std::move(view));
}

Result<CsvTable> parse_csv(std::string_view text, std::string_view file_name) {
    const Result<CsvView> view = scan_csv(text, file_name);
    if (!view) return view.error();
    CsvTable table;
    table.header.assign(view->header.begin(), view->header.end());
    table.lines = view->lines;
    const std::size_t width = view->header.size();
    for (std::size_t row = 0; row < view->rows(); ++row) {
        const auto first = view->cells.begin() + static_cast<std::ptrdiff_t>(row * width);
        table.rows.emplace_back(first, first + static_cast<std::ptrdiff_t>(width));
    }
    return table;
}

std::string csv_line(const std::vector<std::string>& fields) {
    std::string line;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) line += ',';
        const std::string& field = fields[i];
        const bool alone_and_empty = field.empty() && fields.size() == 1;
        const bool mark = i == 0 && field.compare(0, 3, "\xEF\xBB\xBF") == 0;
        if (field.find_first_of(",\"\r\n") == std::string::npos && !alone_and_empty && !mark) {
            line += field;
            continue;
        }
        line += '"';
        for (char c : field) {
            if (c == '"') line += '"';
            line += c;
        }
        line += '"';
    }
    return line + '\n';
}

}  // namespace abate::data
