#include "abate/data/csv.h"

#include <algorithm>
#include <array>
#include <utility>

namespace abate::data {

// Reads one text from front to back, keeping count of lines and columns for messages.
class CsvScanner {
  public:
    CsvScanner(std::string_view text, std::string_view file_name, CsvView& out)
        : text_(text), file_name_(file_name), out_(out) {
        out_.text_ = text.data();
        if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = line_start_ = 3;
    }

    Result<void> scan() {
        if (text_.size() >= CsvView::kUnescaped)
            return Error{ErrorCode::out_of_range,
                         "a table of 4 GiB or more",
                         std::string(file_name_),
                         "Split it into several files."};
        skip_empty_lines();
        if (at_ == text_.size())
            return Error{ErrorCode::parse_error,
                         "there is no header row",
                         where(1, 1),
                         "The first line names the columns."};
        if (!read_record()) return *error_;
        for (const Stretch& name : out_.cells_) out_.header.push_back(out_.view_of(name));
        out_.cells_.clear();
        const std::size_t width = out_.header.size();
        // At most one row a line: growing step by step would touch twice the memory.
        const std::size_t lines = count_lines();
        // Each field but the last has a character of its own that ends it.
        out_.cells_.reserve(std::min(lines * width, text_.size() + 1));
        out_.lines.reserve(lines);
        while (skip_empty_lines(), at_ < text_.size()) {
            const std::size_t line = line_;
            const std::size_t before = out_.cells_.size();
            if (!read_record()) return *error_;
            const std::size_t count = out_.cells_.size() - before;
            if (count != width) return wrong_count(line, count);
            out_.lines.push_back(static_cast<std::uint32_t>(line));
        }
        return {};
    }

  private:
    using Stretch = CsvView::Stretch;

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

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): begin, end, as an iterator pair
    [[nodiscard]] static Stretch stretch(std::size_t begin, std::size_t end) {
        return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
    }

    // False: error_ says why. A Result for each of a hundred thousand fields would cost more than reading them.
    bool read_record() {
        const std::size_t end = std::min(text_.find('\n', at_), text_.size());
        const std::string_view line = text_.substr(at_, end - at_);
        if (line.find('"') == std::string_view::npos && line.find('\r') == std::string_view::npos) {
            split_plain(end);
            return true;
        }
        return read_fields();
    }

    // A line without quotes, as nearly all are: only commas matter. A start of the program reads two hundred thousand characters here.
    void split_plain(std::size_t end) {
        const char* const text = text_.data();
        std::array<Stretch, 64>
            fields;  // a few at a time: the vector's end is looked up once for all of them
        std::size_t count = 0;
        const auto keep = [&] {
            out_.cells_.insert(out_.cells_.end(), fields.data(), fields.data() + count);
            count = 0;
        };
        std::size_t begin = at_;
        for (std::size_t here = at_; here != end; ++here) {
            if (text[here] != ',') continue;
            if (count == fields.size()) keep();
            fields[count++] = stretch(begin, here);
            begin = here + 1;
        }
        if (count == fields.size()) keep();
        fields[count++] = stretch(begin, end);
        keep();
        at_ = end;
        if (at_ < text_.size()) next_line(1);
    }

    bool read_fields() {
        for (;;) {
            const bool quoted = at_ < text_.size() && text_[at_] == '"';
            if (!(quoted ? read_quoted() : read_plain())) return false;
            if (at_ == text_.size()) return true;
            if (text_[at_] == ',') {
                ++at_;
                continue;
            }
            next_line(line_end(at_));
            return true;
        }
    }

    bool read_plain() {
        const std::size_t begin = at_;
        for (; at_ < text_.size() && text_[at_] != ','; ++at_) {
            if (text_[at_] == '"')
                return fail(
                    bad("a double quote inside a field that does not begin with one",
                        "Write the whole field between double quotes, and each inner one twice."));
            if (line_end(at_) != 0) break;
        }
        out_.cells_.push_back(stretch(begin, at_));
        return true;
    }

    bool read_quoted() {
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
        const std::size_t stop = at_;
        ++at_;
        if (at_ < text_.size() && text_[at_] != ',' && line_end(at_) == 0)
            return fail(bad("text after the closing double quote",
                            "End the field there, or quote it all."));
        out_.cells_.push_back(doubled ? undouble(text_.substr(start, stop - start))
                                      : stretch(start, stop));
        return true;
    }

    bool fail(Error error) {
        error_ = std::move(error);
        return false;
    }

    Stretch undouble(std::string_view text) {
        std::string& plain = out_.unescaped_.emplace_back();
        for (std::size_t i = 0; i < text.size(); ++i) {
            plain += text[i];
            if (text[i] == '"') ++i;
        }
        return {static_cast<std::uint32_t>(out_.unescaped_.size() - 1), CsvView::kUnescaped};
    }

    std::string_view text_;
    std::string_view file_name_;
    CsvView& out_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t line_start_ = 0;
    std::optional<Error> error_;
};

std::optional<std::size_t> CsvView::column(std::string_view name) const {
    for (std::size_t i = 0; i < header.size(); ++i)
        if (header[i] == name) return i;
    return std::nullopt;
}

Result<CsvView> scan_csv(std::string_view text, std::string_view file_name) {
    CsvView view;
    const Result<void> scanned = CsvScanner(text, file_name, view).scan();
    if (!scanned) return scanned.error();
    return Result<CsvView>(std::move(view));
}

Result<CsvTable> parse_csv(std::string_view text, std::string_view file_name) {
    const Result<CsvView> view = scan_csv(text, file_name);
    if (!view) return view.error();
    CsvTable table;
    table.header.assign(view->header.begin(), view->header.end());
    table.lines.assign(view->lines.begin(), view->lines.end());
    for (std::size_t row = 0; row < view->rows(); ++row) {
        std::vector<std::string>& cells = table.rows.emplace_back();
        for (std::size_t column = 0; column < view->header.size(); ++column)
            cells.emplace_back(view->at(row, column));
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
