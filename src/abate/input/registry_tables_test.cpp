#include "abate/input/registry_tables.h"

#include "abate/input/input.h"

#include <gtest/gtest.h>

namespace abate::input {
namespace {

TEST(RegistryTables, MoneyAndEnergyAreExact) {
    EXPECT_EQ(*parse_money_micro("1_250.50"), 1'250'500'000);
    EXPECT_EQ(*parse_money_micro("-0.000001"), -1);
    EXPECT_EQ(*parse_money_micro("9223372036854.775807"), INT64_MAX);
    for (const char* text :
         {"", "-", ".", "1,25", "1e3", "1.2.3", "0.0000001", "9223372036854.775808", "--1", "+1"})
        EXPECT_FALSE(parse_money_micro(text)) << text;
    // 1 kWh is 3.6e6 J.
    EXPECT_EQ(parse_kwh("1.000001")->count(), Int128{3'600'003'600'000});
    EXPECT_EQ(parse_kwh("-2")->count(), -Int128{7'200'000'000'000});
    EXPECT_FALSE(parse_kwh("1000000000000000001"));
    EXPECT_FALSE(parse_kwh("1.0000001"));
    EXPECT_EQ(*parse_allowances("250_000"), 250'000);
    EXPECT_EQ(*parse_allowances("250K"), 250'000);
    for (const char* text : {"0", "-1", "1.5", "1,5", "1e17", "K"})
        EXPECT_FALSE(parse_allowances(text)) << text;
    EXPECT_EQ(parse_moment("2027-03-31")->us, parse_rfc3339("2027-03-31T00:00:00Z")->us);
    EXPECT_FALSE(parse_moment("2027-02-30"));
    EXPECT_FALSE(parse_moment("tomorrow"));
}

TEST(RegistryTables, ABankStatementIsReadInOrder) {
    const auto bank = parse_bank_statement(
        "date,reference,amount,balance\r\n2027-01-05,B1,100.00,100.00\r\n2027-01-06,\"B,2\",-5,"
        "95\r\n",
        "bank.csv");
    ASSERT_TRUE(bank) << to_string(bank.error());
    ASSERT_EQ(bank->lines.size(), 2U);
    EXPECT_EQ(bank->lines[1].reference, "B,2");
    EXPECT_EQ(bank->lines[1].amount_micro, -5'000'000);
    EXPECT_EQ(bank->lines[1].balance_micro, 95'000'000);
    const auto refusal = [](const std::string& rows) {
        const auto read =
            parse_bank_statement("date,reference,amount,balance\n" + rows, "bank.csv");
        return read ? "accepted" : to_string(read.error());
    };
    EXPECT_NE(refusal("2027-01-06,A,1,1\n2027-01-05,B,1,2\n").find("in order (bank.csv:3)"),
              std::string::npos);
    EXPECT_NE(refusal("2027-01-05,A,1,1\n2027-01-05,A,1,2\n").find("twice (bank.csv:3)"),
              std::string::npos);
    EXPECT_NE(refusal("2027-01-05,A,\"1,5\",1\n").find("'1,5' is no amount of money (bank.csv:2)"),
              std::string::npos);
    EXPECT_NE(refusal("").find("no line of a statement"), std::string::npos);
    EXPECT_NE(to_string(parse_bank_statement("a,b\n", "bank.csv").error())
                  .find("They must be date,reference,amount,balance"),
              std::string::npos);
}

TEST(RegistryTables, BaselineAndLevelsNameTheirLine) {
    const auto baseline = parse_baseline(
        "participant,year,energy_kwh,class,output_gflop,sample_eligible\nlab,2026,1.5,text,12,"
        "yes\n",
        "b.csv");
    ASSERT_TRUE(baseline) << to_string(baseline.error());
    EXPECT_EQ(baseline->at(0).energy.count(), Int128{5'400'000'000'000});
    EXPECT_TRUE(baseline->at(0).sample_eligible);
    EXPECT_EQ(baseline->at(0).where, "b.csv:2");
    const auto refusal = [](const std::string& row) {
        const auto read = parse_baseline(
            "participant,year,energy_kwh,class,output_gflop,sample_eligible\n" + row + "\n",
            "b.csv");
        return read ? "accepted" : to_string(read.error());
    };
    EXPECT_NE(refusal("lab,2026,-1,text,12,yes").find("not below 0 (b.csv:2)"), std::string::npos);
    EXPECT_NE(refusal("lab,2026,1,text,-1,yes").find("'-1' is no whole number"), std::string::npos);
    EXPECT_NE(refusal("lab,2026,1,text,99999999999999999999,yes").find("no whole number"),
              std::string::npos);
    EXPECT_NE(refusal("lab,2026,1,text,1,maybe").find("yes or no"), std::string::npos);
    const auto levels = parse_activity_levels(
        "participant,class,first_year,last_year\nlab,text,2025,2026\n", "a.csv");
    ASSERT_TRUE(levels);
    EXPECT_EQ(levels->at(0).last_year, 2026);
}

}  // namespace
}  // namespace abate::input
