#include "abate/input/input.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace abate::input {
namespace {

TEST(Count, ReadsSuffixesAndExponents) {
    // Llama 2 has 7B parameters and 2T tokens: 7e9 and 2e12 by the letters' meaning.
    EXPECT_EQ(*parse_count("7B"), 7e9);
    EXPECT_EQ(*parse_count("2T"), 2e12);
    EXPECT_EQ(*parse_count("300K"), 300e3);
    EXPECT_EQ(*parse_count("1.5e22"), 1.5e22);
    EXPECT_EQ(*parse_count(" 1.5 M "), 1.5e6);
    EXPECT_EQ(*parse_count("0"), 0.0);
    EXPECT_EQ(*parse_count("1e3K"), 1e6);
}

TEST(Count, RoundsOnce) {
    // In doubles 2.01 x 1000 is 2009.9999999999998; the text means 2010.
    EXPECT_EQ(*parse_count("2.01K"), 2010.0);
    EXPECT_EQ(*parse_count("8.7T"), 8.7e12);
    EXPECT_EQ(*parse_count("0.000001M"), 1.0);
}

TEST(Count, RefusesWhatIsNotACount) {
    for (const char* text :
         {"", "B", "7X", "seven", "1,000", "0x10", "nan", "inf", "7 B B", "--1", "1m"}) {
        const auto result = parse_count(text);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().code, ErrorCode::parse_error) << text;
        EXPECT_FALSE(result.error().hint.empty());
    }
    EXPECT_EQ(*parse_count("1e30"), 1e30);
    for (const char* text : {"-1", "-7B", "1e400", "1e308T", "1.1e30", "1e300"}) {
        const auto result = parse_count(text);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().code, ErrorCode::out_of_range) << text;
    }
    EXPECT_EQ(*parse_count("1e-400"), 0.0);
}

TEST(PhaseWord, IsOneOfFive) {
    EXPECT_EQ(*parse_phase_word("finetuning"), Phase::finetuning);
    const auto slip = parse_phase_word("trainning");
    ASSERT_FALSE(slip);
    EXPECT_EQ(to_string(slip.error()),
              "there is no phase 'trainning'. Use data, experimentation, training, finetuning or "
              "inference.");
    EXPECT_EQ(slip.error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(parse_phase_word(""));
}

TEST(DurationText, ReadsUnitsAndSums) {
    EXPECT_EQ(*parse_duration_ns("100ms"), 100'000'000);
    EXPECT_EQ(*parse_duration_ns("30s"), 30'000'000'000);
    EXPECT_EQ(*parse_duration_ns("5m"), 300'000'000'000);
    EXPECT_EQ(*parse_duration_ns("6h"), 21'600'000'000'000);
    EXPECT_EQ(*parse_duration_ns("7d"), 604'800'000'000'000);
    EXPECT_EQ(*parse_duration_ns("1h30m"), 5'400'000'000'000);
    EXPECT_EQ(*parse_duration_ns("1 h 30 m"), 5'400'000'000'000);
    EXPECT_EQ(*parse_duration_ns("1.5h"), 5'400'000'000'000);
    EXPECT_EQ(*parse_duration_ns("0.1s"), 100'000'000);  // exact, though 0.1 is no double
    EXPECT_EQ(*parse_duration_ns("0s"), 0);
}

TEST(DurationText, RefusesANumberWithoutUnit) {
    const auto bare = parse_duration_ns("30");
    ASSERT_FALSE(bare);
    EXPECT_EQ(to_string(bare.error()),
              "the duration '30' has no unit. Write it like 100ms, 30s, 5m, 6h, 7d or 1h30m.");
    for (const char* text :
         {"", "s", "1h30", "1x", "1.2.3s", "1e3s", ".s", "nan", "1234567890123456789s"}) {
        EXPECT_FALSE(parse_duration_ns(text)) << text;
    }
    EXPECT_EQ(parse_duration_ns("-5s").error().code, ErrorCode::out_of_range);
    // 2^63 ns are 292.27 years = 106,751.99 days.
    EXPECT_TRUE(parse_duration_ns("106751d"));
    EXPECT_EQ(parse_duration_ns("106752d").error().code, ErrorCode::out_of_range);
}

TEST(EnergyText, ReadsJoulesAndWattHours) {
    EXPECT_EQ(*parse_energy_j("12kWh"), 43.2e6);  // 12 x 3.6e6
    EXPECT_EQ(*parse_energy_j("3.6 MJ"), 3.6e6);
    EXPECT_EQ(*parse_energy_j("850 J"), 850.0);
    EXPECT_EQ(*parse_energy_j("1.2GWh"), 4.32e12);
    EXPECT_EQ(*parse_energy_j("1kwh"), 3.6e6);
    EXPECT_EQ(*parse_energy_j("0J"), 0.0);
}

TEST(EnergyText, KeepsMilliAndMegaApart) {
    EXPECT_EQ(*parse_energy_j("1mJ"), 1e-3);
    EXPECT_EQ(*parse_energy_j("1MJ"), 1e6);
    EXPECT_EQ(*parse_energy_j("1MWh"), 3.6e9);
    EXPECT_FALSE(parse_energy_j("1mj"));
    EXPECT_FALSE(parse_energy_j("1mwh"));
}

TEST(EnergyText, RefusesNoUnitAndAbsurdAmounts) {
    EXPECT_EQ(parse_energy_j("12").error().what, "the energy '12' has no unit");
    EXPECT_EQ(parse_energy_j("-1kWh").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_energy_j("1e20TWh").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_energy_j("1e999J").error().code, ErrorCode::out_of_range);
    for (const char* text : {"", "kWh", "12W", "12kW", "12 kWh!"})
        EXPECT_FALSE(parse_energy_j(text)) << text;
}

TEST(PueText, IsAtLeastOneAndAboveThreeOnlyOnInsistence) {
    EXPECT_EQ(*parse_pue("1.2"), 1.2);
    EXPECT_EQ(*parse_pue("1"), 1.0);
    EXPECT_EQ(*parse_pue("3"), 3.0);
    EXPECT_EQ(*parse_pue("4.5!"), 4.5);
    EXPECT_EQ(parse_pue("4.5").error().hint,
              "If it is meant, write it with an exclamation mark: 4.5!");
    for (const char* text : {"0.99", "0", "-1.2", "10.1!", "11", "1e400!"}) {
        EXPECT_EQ(parse_pue(text).error().code, ErrorCode::out_of_range) << text;
    }
    for (const char* text : {"", "!", "x", "1.2x", "nan", "1,2"}) {
        EXPECT_EQ(parse_pue(text).error().code, ErrorCode::parse_error) << text;
    }
}

TEST(LifetimeText, LiesBetweenADayAndACentury) {
    EXPECT_EQ(*parse_lifetime_h("4y"), 35040.0);
    EXPECT_EQ(*parse_lifetime_h("24h"), 24.0);
    EXPECT_EQ(*parse_lifetime_h("100y"), 876000.0);
    for (const char* text : {"0y", "23h", "1e-9y", "1e-320h", "101y"})
        EXPECT_EQ(parse_lifetime_h(text).error().code, ErrorCode::out_of_range) << text;
    EXPECT_EQ(parse_lifetime_h("1h").error().what,
              "the lifetime '1h' is not from 1 day to 100 years");
}

TEST(UtilisationText, LiesBetweenAThousandthAndOne) {
    EXPECT_EQ(*parse_utilisation("0.1%"), 0.001);
    EXPECT_EQ(*parse_utilisation("1"), 1.0);
    for (const char* text : {"0", "1e-300", "0.0009", "1.01"})
        EXPECT_EQ(parse_utilisation(text).error().code, ErrorCode::out_of_range) << text;
}

TEST(Label, HasAPlainKeyAndAnyValue) {
    EXPECT_EQ(*parse_label("team=vision"), (std::pair<std::string, std::string>{"team", "vision"}));
    EXPECT_EQ(parse_label("a.b-c_1=x=y")->second, "x=y");
    EXPECT_EQ(parse_label("empty=")->second, "");
    for (const char* text : {"", "=x", "team", "te am=x", "t\xC3\xA9=x", "a\nb=1"}) {
        EXPECT_FALSE(parse_label(text)) << text;
    }
}

TEST(Quantities, ErrorsStayOneShortLine) {
    const std::string long_text = "\x1b[31m\n" + std::string(5000, 'x');
    for (const std::string& line : {to_string(parse_count(long_text).error()),
                                    to_string(parse_duration_ns(long_text).error()),
                                    to_string(parse_energy_j(long_text).error()),
                                    to_string(parse_pue(long_text).error()),
                                    to_string(parse_label(long_text).error())}) {
        EXPECT_LT(line.size(), 220U);
        EXPECT_EQ(line.find_first_of("\n\x1b"), std::string::npos);
    }
}

RC_GTEST_PROP(DurationText, IsExactForWholeAndThousandths, ()) {
    const auto seconds = *rc::gen::inRange<std::int64_t>(0, 9'000'000'000);
    const auto millis = *rc::gen::inRange<std::int64_t>(0, 1000);
    const std::string fraction = std::to_string(1000 + millis).substr(1);
    RC_ASSERT(*parse_duration_ns(std::to_string(seconds) + "." + fraction + "s") ==
              seconds * 1'000'000'000 + millis * 1'000'000);
}

TEST(Intensity, IsAPlainNumberOfGrams) {
    EXPECT_EQ(parse_intensity_g_per_kwh("381").value(), 381);
    EXPECT_EQ(parse_intensity_g_per_kwh(" 0 ").value(), 0);
    EXPECT_EQ(parse_intensity_g_per_kwh("-1").error().code, ErrorCode::out_of_range);
    EXPECT_EQ(parse_intensity_g_per_kwh("3001").error().code, ErrorCode::out_of_range);
    // The same limit as in job tables.
    EXPECT_EQ(footprint::kMostMarketGco2e, 3000);
    EXPECT_EQ(parse_intensity_g_per_kwh("0.381 kg/kWh").error().code, ErrorCode::parse_error);
    EXPECT_FALSE(parse_intensity_g_per_kwh("nan"));
}

TEST(ParseBoundary, KnowsTheThreeWordsAndShowsALittleOfAnother) {
    EXPECT_EQ(parse_boundary("component").value(), Boundary::component);
    EXPECT_EQ(parse_boundary("node").value(), Boundary::node);
    EXPECT_EQ(parse_boundary("facility").value(), Boundary::facility);
    EXPECT_EQ(parse_boundary("Node").error().code, ErrorCode::invalid_argument);
    EXPECT_LT(parse_boundary(std::string(500, 'n')).error().what.size(), 100U);
}

}  // namespace
}  // namespace abate::input
