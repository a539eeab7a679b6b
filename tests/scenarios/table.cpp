#include "scenarios/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace abate::scenarios {
namespace {

// A word, with whether a '=' stood outside its quotes and where.
struct Word {
    std::string text;
    std::size_t sign = std::string::npos;
};

std::vector<Word> split(const Row& row) {
    std::vector<Word> out;
    bool quoted = false;
    bool in_word = false;
    for (const char c : row.text) {
        if (!quoted && (c == ' ' || c == '\t')) {
            in_word = false;
            continue;
        }
        if (!in_word && c == '#') break;
        if (!in_word) out.emplace_back();
        in_word = true;
        if (c == '"') {
            quoted = !quoted;
            continue;
        }
        Word& word = out.back();
        if (c == '=' && !quoted && word.sign == std::string::npos) word.sign = word.text.size();
        word.text += c;
    }
    if (quoted) ADD_FAILURE_AT(row.file.c_str(), row.line) << "a quote is open: " << row.text;
    return out;
}

}  // namespace

const std::string* Row::field(const std::string& name) const {
    for (const auto& [key, value] : fields)
        if (key == name) return &value;
    return nullptr;
}

std::string Row::expected() const {
    std::string out;
    for (const std::string& word : answer) out += (out.empty() ? "" : " ") + word;
    return out;
}

std::vector<Row> read_table(const std::string& path,
                            const std::vector<std::pair<std::string, std::string>>& said) {
    std::ifstream in(path);
    EXPECT_TRUE(in.good()) << path << " cannot be read";
    std::vector<Row> rows;
    int number = 0;
    for (std::string text; std::getline(in, text);) {
        Row row;
        row.file = path;
        row.line = ++number;
        for (const auto& [name, value] : said)
            for (std::size_t at = text.find('$' + name); at != std::string::npos;
                 at = text.find('$' + name, at + value.size()))
                text.replace(at, name.size() + 1, value);
        row.text = text;
        bool answer = false;
        for (Word& word : split(row)) {
            if (answer) {
                row.answer.push_back(std::move(word.text));
            } else if (word.text == "=") {
                answer = true;
            } else if (word.sign != std::string::npos) {
                row.fields.emplace_back(word.text.substr(0, word.sign),
                                        word.text.substr(word.sign + 1));
            } else {
                row.words.push_back(std::move(word.text));
            }
        }
        if (row.words.empty() && row.fields.empty() && row.answer.empty()) continue;
        if (row.words.empty()) {
            ADD_FAILURE_AT(path.c_str(), number) << "nothing to do: " << text;
        } else {
            rows.push_back(std::move(row));
        }
    }
    return rows;
}

std::string table_folder() {
    const char* source = std::getenv("ABATE_SOURCE_DIR");
    return std::string(source != nullptr ? source : ".") + "/tests/scenarios/";
}

std::string reject_reasons_page() {
    std::ifstream in(table_folder() + "../../docs/reference/reject_reasons.md");
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> listed(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= text.size() && !text.empty();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

}  // namespace abate::scenarios
