#include "abate/core/plain_text.h"

#include <gtest/gtest.h>

#include <string>

namespace abate {
namespace {

TEST(PlainText, KnowsUtf8) {
    for (const char* good :
         {"", "a", "caf\xC3\xA9", "\xE2\x82\x82", "\xF0\x9F\x8C\x8D", "long enough for eight"})
        EXPECT_TRUE(is_utf8(good)) << good;
    // RFC 3629, section 3: overlong, surrogate, beyond U+10FFFF, cut short, a byte that continues nothing.
    for (const char* bad : {"\xC0\x80",
                            "\xE0\x80\x80",
                            "\xED\xA0\x80",
                            "\xF4\x90\x80\x80",
                            "caf\xC3",
                            "\x80",
                            "Z\xFCrich"})
        EXPECT_FALSE(is_utf8(bad)) << bad;
    EXPECT_FALSE(is_utf8("12345678\xFF"));
}

TEST(PlainText, IsOneLineForATerminal) {
    EXPECT_EQ(plain_line("a\x1b[31mb\n"), "a?[31mb?");
    EXPECT_EQ(plain_line(std::string_view("nul\0bel\a", 8)), "nul?bel?");
    // U+202E turns the direction, U+2028 parts lines, U+0085 is a control of C1.
    EXPECT_EQ(plain_line("x\xE2\x80\xAEy\xE2\x80\xA8z\xC2\x85"), "x?y?z?");
    EXPECT_EQ(plain_line("caf\xC3"), "caf?");
    EXPECT_EQ(plain_line("São Paulo"), "São Paulo");
}

TEST(PlainText, CutsWhatAnErrorRepeats) {
    EXPECT_EQ(short_text("short"), "short");
    EXPECT_EQ(short_text(std::string(60, 'x')), std::string(60, 'x'));
    EXPECT_EQ(short_text(std::string(500, 'x')), std::string(60, 'x') + "...");
    std::string accents;
    for (int i = 0; i < 61; ++i) accents += "\xC3\xA9";
    EXPECT_EQ(short_text(accents).size(), 60U * 2 + 3);
}

TEST(PlainText, GuardsCellsThatASpreadsheetWouldRun) {
    for (const char* cell : {"=1+1", "+x", "-x", "@x", "\tx"})
        EXPECT_EQ(guarded_cell(cell), std::string("'") + cell);
    EXPECT_EQ(guarded_cell("a=1"), "a=1");
    EXPECT_EQ(guarded_cell(""), "");
}

}  // namespace
}  // namespace abate
