#include "abate/report/report.h"

#include "abate/report/csv.h"
#include "abate/report/human.h"
#include "abate/report/json_writer.h"
#include "abate/report/text_tools.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace abate::report {
namespace {

TEST(Human, EnergyHasFourDigitsAndAFittingUnit) {
    EXPECT_EQ(human_energy(0), "0 J");
    EXPECT_EQ(human_energy(0.0000012346), "1.235 uJ");
    EXPECT_EQ(human_energy(0.25), "250.0 mJ");
    EXPECT_EQ(human_energy(12.5), "12.50 J");
    EXPECT_EQ(human_energy(12340), "12.34 kJ");
    EXPECT_EQ(human_energy(11.52e6), "3.200 kWh");  // 11.52 / 3.6
    EXPECT_EQ(human_energy(1e6), "0.2778 kWh");     // 1 / 3.6
    EXPECT_EQ(human_energy(3.6e9), "1.000 MWh");
    EXPECT_EQ(human_energy(-12.5), "-12.50 J");
}

TEST(Human, RoundsBeforeItChoosesTheUnit) {
    EXPECT_EQ(human_energy(999.96), "1.000 kJ");
    EXPECT_EQ(human_energy(999.94), "999.9 J");
    EXPECT_EQ(human_power(0.99999), "1.000 W");
}

TEST(Human, CarbonPowerBytesWater) {
    EXPECT_EQ(human_carbon(0.00187), "1.870 g CO2e");
    EXPECT_EQ(human_carbon(2.5), "2.500 kg CO2e");
    EXPECT_EQ(human_carbon(0), "0 kg CO2e");
    EXPECT_EQ(human_carbon(1.5e-7), "150.0 ug CO2e");
    EXPECT_EQ(human_carbon(8.474e-12),
              "8.474 ng CO2e");  // a run of `true` with no energy but its own
    EXPECT_EQ(human_power(350), "350.0 W");
    EXPECT_EQ(human_bytes(1536), "1.500 KiB");
    EXPECT_EQ(human_bytes(549755813888.0), "512.0 GiB");
    EXPECT_EQ(human_water(0.0125), "12.50 ml");
}

TEST(Human, DurationReadsAsAClockDoes) {
    EXPECT_EQ(human_duration(0), "0 s");
    EXPECT_EQ(human_duration(0.25), "250.0 ms");
    EXPECT_EQ(human_duration(12.345), "12.35 s");
    EXPECT_EQ(human_duration(59.999), "1 m 00 s");
    EXPECT_EQ(human_duration(124.25), "2 m 04 s");
    EXPECT_EQ(human_duration(3600), "1 h 00 m");
    EXPECT_EQ(human_duration(3599.7), "1 h 00 m");
    EXPECT_EQ(human_duration(7 * 3600 + 29), "7 h 00 m");
    EXPECT_EQ(human_duration(86399), "1 d 00 h");
    EXPECT_EQ(human_duration(90000), "1 d 01 h");
    EXPECT_EQ(human_duration(-5), "-5.000 s");
}

TEST(Human, SaysUnknownForWhatIsNoNumber) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(human_energy(nan), "unknown");
    EXPECT_EQ(human_duration(std::numeric_limits<double>::infinity()), "unknown");
    EXPECT_EQ(human_range({.value = nan, .low = nan, .high = nan}, energy_units()), "unknown");
}

TEST(Human, RangeSharesOneUnitAndNamesItsKind) {
    EXPECT_EQ(human_range({.value = 12340, .low = 800, .high = 13000}, energy_units()),
              "12.34 kJ (0.800 to 13.0)");
    EXPECT_EQ(
        human_interval({.value = 5, .low = 4, .high = 6, .kind = RangeKind::bound}, energy_units()),
        "5.000 J (limits 4.00 to 6.00)");
}

RC_GTEST_PROP(Human, AnyDoubleHasShortText, ()) {
    const auto bits = *rc::gen::arbitrary<std::uint64_t>();
    double value = 0;
    __builtin_memcpy(&value, &bits, sizeof value);
    for (const std::string& text : {human_energy(value),
                                    human_carbon(value),
                                    human_power(value),
                                    human_bytes(value),
                                    human_duration(value),
                                    significant(value)}) {
        RC_ASSERT(!text.empty());
        RC_ASSERT(text.size() < 32);
    }
}

TEST(Shortest, ReadsBackAndStaysPlainAtHumanSizes) {
    EXPECT_EQ(shortest(0.1), "0.1");
    EXPECT_EQ(shortest(1e6), "1000000");
    EXPECT_EQ(shortest(0.0002), "0.0002");
    EXPECT_EQ(shortest(1e22), "1e+22");
    EXPECT_EQ(shortest(5e-324), "5e-324");
    EXPECT_EQ(shortest(0), "0");
    EXPECT_EQ(shortest(std::numeric_limits<double>::quiet_NaN()), "null");
}

RC_GTEST_PROP(Shortest, ReadsBackExactly, ()) {
    const auto bits = *rc::gen::arbitrary<std::uint64_t>();
    double value = 0;
    __builtin_memcpy(&value, &bits, sizeof value);
    RC_PRE(std::isfinite(value));
    RC_ASSERT(std::strtod(shortest(value).c_str(), nullptr) == value);
}

TEST(ValidUtf8, ReplacesMaximalSubparts) {
    // Unicode 15, section 3.9, table 3-8: each of these ill-formed parts is one U+FFFD.
    const std::string fffd = "\xEF\xBF\xBD";
    EXPECT_EQ(valid_utf8("\xF1\x80\x80\xE1\x80\xC2"
                         "b\x80"
                         "c\x80\xBF"
                         "d"),
              fffd + fffd + fffd + "b" + fffd + "c" + fffd + fffd + "d");
    // Table 3-9: no part of an overlong form or a surrogate begins a valid sequence.
    EXPECT_EQ(valid_utf8("\xC0\xAF"), fffd + fffd);
    EXPECT_EQ(valid_utf8("\xED\xA0\x80"), fffd + fffd + fffd);
    EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), fffd + fffd + fffd + fffd);
    EXPECT_EQ(valid_utf8("gr\xC3\xBC\xC3\x9F \xF0\x9F\x94\x8B"),
              "gr\xC3\xBC\xC3\x9F \xF0\x9F\x94\x8B");
}

TEST(Clipped, CountsCharactersNotBytes) {
    EXPECT_EQ(clipped("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 4), "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9");
    EXPECT_EQ(clipped("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 3), "...");
    EXPECT_EQ(clipped("abcdef", 5), "ab...");
}

TEST(ShellWords, QuoteWhatAShellWouldTakeApart) {
    EXPECT_EQ(shell_words({"python3", "train.py", "--lr=1e-3"}), "python3 train.py --lr=1e-3");
    EXPECT_EQ(shell_words({"echo", "a b", "", "it's"}), "echo 'a b' '' 'it'\\''s'");
    EXPECT_EQ(shell_words({"a\nb"}), "'a?b'");
}

std::string one_cell(std::string_view value) {
    CsvWriter csv({"h"});
    csv.text(value);
    csv.end_row();
    return csv.take();
}

TEST(Csv, QuotesAsRfc4180) {
    // Section 2: fields with line breaks, double quotes and commas stand in double quotes (rule 6),
    // and a double quote inside is doubled (rule 7).
    EXPECT_EQ(one_cell("plain"), "h\nplain\n");
    EXPECT_EQ(one_cell("aaa,bbb"), "h\n\"aaa,bbb\"\n");
    EXPECT_EQ(one_cell("b\"bb"), "h\n\"b\"\"bb\"\n");
    EXPECT_EQ(one_cell("b\r\nbb"), "h\n\"b\r\nbb\"\n");
}

TEST(Csv, DefusesFormulasOfSpreadsheets) {
    // The first characters that OWASP's page on CSV injection lists.
    EXPECT_EQ(one_cell("=1+1"), "h\n'=1+1\n");
    EXPECT_EQ(one_cell("+1"), "h\n'+1\n");
    EXPECT_EQ(one_cell("-1"), "h\n'-1\n");
    EXPECT_EQ(one_cell("@SUM(1)"), "h\n'@SUM(1)\n");
    EXPECT_EQ(one_cell("\t=1"), "h\n'\t=1\n");
    EXPECT_EQ(one_cell("\n=1"), "h\n\"'\n=1\"\n");
    EXPECT_EQ(one_cell("=HYPERLINK(\"x\",\"y\")"), "h\n\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"\n");
    EXPECT_EQ(one_cell("a=1"), "h\na=1\n");
}

TEST(Csv, LetsNoControlReachATerminal) {
    EXPECT_EQ(one_cell("a\x1b[31mb\a"), "h\na?[31mb?\n");
    EXPECT_EQ(one_cell(std::string_view("a\0b", 3)), "h\na?b\n");
    EXPECT_EQ(one_cell("a\rb"), "h\na?b\n");
    EXPECT_EQ(one_cell("a\tb"), "h\na\tb\n");
    EXPECT_EQ(one_cell("x\xE2\x80\xAEy"), "h\nx?y\n");
}

TEST(Csv, LeavesNegativeNumbersNumbers) {
    CsvWriter csv({"a", "b"});
    csv.number(-1.5);
    csv.number(std::numeric_limits<double>::quiet_NaN());
    csv.end_row();
    EXPECT_EQ(csv.take(), "a,b\n-1.5,\n");
}

TEST(JsonWriter, WritesNestedValuesOnOneLineOrIndented) {
    const auto write = [](int indent) {
        JsonWriter json(indent);
        json.begin_object();
        json.key("list").begin_array(true);
        json.text("a\"\\\n\x01");
        json.text("\xC2\x9B");  // C1: a terminal would obey it
        json.end_array();
        json.key("empty").begin_array();
        json.end_array();
        json.key("j").joules(Microjoules(-1'500'000));
        json.key("n").null();
        json.end_object();
        return json.take();
    };
    EXPECT_EQ(write(-1), R"({"list":["a\"\\\n\u0001","\u009b"],"empty":[],"j":-1.5,"n":null})");
    EXPECT_EQ(
        write(2),
        "{\n  \"list\": [\"a\\\"\\\\\\n\\u0001\", \"\\u009b\"],\n  \"empty\": [],\n  \"j\": -1.5,\n"
        "  \"n\": null\n}");
}

}  // namespace
}  // namespace abate::report
