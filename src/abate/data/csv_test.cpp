// RFC 4180, section 2, rule by rule.
#include "abate/data/csv.h"

#include <gtest/gtest.h>

namespace abate::data {
namespace {

TEST(Csv, ReadsLinesEndedByCrLfOrLfAndALastLineWithoutEnd) {
    const CsvTable table = parse_csv("a,b\r\n1,2\n3,4", "t.csv").value();
    EXPECT_EQ(table.header, (std::vector<std::string>{"a", "b"}));
    ASSERT_EQ(table.rows.size(), 2U);
    EXPECT_EQ(table.rows[0], (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(table.rows[1], (std::vector<std::string>{"3", "4"}));
    EXPECT_EQ(table.lines, (std::vector<std::size_t>{2, 3}));
}

TEST(Csv, QuotedFieldHoldsCommasLineEndsAndDoubledQuotes) {
    const CsvTable table =
        parse_csv("a,b\n\"x,y\",\"he said \"\"no\"\"\"\n\"two\nlines\",z\nlast,1\n", "t.csv")
            .value();
    EXPECT_EQ(table.rows[0], (std::vector<std::string>{"x,y", "he said \"no\""}));
    EXPECT_EQ(table.rows[1][0], "two\nlines");
    EXPECT_EQ(table.lines, (std::vector<std::size_t>{2, 3, 5}));
}

TEST(Csv, KeepsEmptyFieldsAndBlanks) {
    const CsvTable table = parse_csv("a,b,c\n,, x \n", "t.csv").value();
    EXPECT_EQ(table.rows[0], (std::vector<std::string>{"", "", " x "}));
}

TEST(Csv, PassesOverAByteOrderMarkAndEmptyLines) {
    const CsvTable table = parse_csv(
                               "\xEF\xBB\xBF"
                               "a\n\n1\n\n",
                               "t.csv")
                               .value();
    EXPECT_EQ(table.header[0], "a");
    ASSERT_EQ(table.rows.size(), 1U);
    EXPECT_EQ(table.lines[0], 3U);
}

struct BadCase {
    const char* text;
    const char* where;
};

TEST(Csv, NamesFileLineAndColumnOfWhatItCannotRead) {
    const BadCase cases[] = {
        {"", "t.csv:1:1"},                   // no header
        {"a,b\n1\n", "t.csv:2:1"},           // too few fields
        {"a,b\n1,2\n1,2,3\n", "t.csv:3:1"},  // too many
        {"a,b\n1,x\"y\n", "t.csv:2:4"},      // quote inside a plain field
        {"a,b\n1,\"open\n", "t.csv:2:3"},    // never closed
        {"a,b\n\"x\"y,1\n", "t.csv:2:4"},    // text after the closing quote
    };
    for (const BadCase& bad : cases) {
        const Result<CsvTable> table = parse_csv(bad.text, "t.csv");
        ASSERT_FALSE(table) << bad.text;
        EXPECT_EQ(table.error().code, ErrorCode::parse_error);
        EXPECT_EQ(table.error().where, bad.where) << bad.text;
        EXPECT_FALSE(table.error().what.empty());
    }
}

TEST(CsvLine, QuotesOnlyWhereItMust) {
    EXPECT_EQ(csv_line({"a", "b c", ""}), "a,b c,\n");
    EXPECT_EQ(csv_line({"a,b", "say \"hi\""}), "\"a,b\",\"say \"\"hi\"\"\"\n");
    EXPECT_EQ(csv_line({""}), "\"\"\n");  // an empty line would be passed over
}

}  // namespace
}  // namespace abate::data
