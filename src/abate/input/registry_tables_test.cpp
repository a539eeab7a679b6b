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

TEST(RegistryTables, ABankCallsItsColumnsAsItLikes) {
    const auto bank = parse_bank_statement(
        "Posting Date,Details,Money in,Money_out,Transaction ID,Running balance,Currency\n"
        "2027-01-05,firm,100.00,,B1,100.00,EUR\n2027-01-06,out,,40.50,W1,59.50,EUR\n"
        "2027-01-07,fee,,-0.50,,59.00,EUR\n2027-01-07,fee,,0.50,,58.50,EUR\n",
        "bank.csv");
    ASSERT_TRUE(bank) << to_string(bank.error());
    ASSERT_EQ(bank->lines.size(), 4U);
    EXPECT_EQ(bank->lines[0].amount_micro, 100'000'000);
    EXPECT_EQ(bank->lines[1].amount_micro, -40'500'000);
    EXPECT_EQ(bank->lines[1].number, 3U);
    EXPECT_EQ(bank->lines[1].currency, "EUR");
    EXPECT_EQ(bank->lines[2].amount_micro, -500'000) << "some banks write what went out below 0";
    EXPECT_TRUE(bank->lines[3].reference.empty()) << "fees have no reference, twice";
}

TEST(RegistryTables, EveryBadLineOfAStatementIsNumbered) {
    const auto refusal = [](const std::string& text) {
        const auto read = parse_bank_statement(text, "bank.csv");
        return read ? std::string("accepted") : to_string(read.error());
    };
    const std::string head = "date,reference,amount,balance\n";
    EXPECT_NE(refusal(head + "2027-01-05,A,1,1\n2027-01-06,B,1,3\n").find("(bank.csv:3)"),
              std::string::npos)
        << "1 + 1 is not 3";
    const std::string many = refusal(head + "x,A,1,1\n2027-02-30,B,1,2\n2027-01-07,C,?,2\n");
    EXPECT_NE(many.find("(bank.csv:2)"), std::string::npos) << many;
    EXPECT_NE(many.find("Lines 3, 4 are bad too"), std::string::npos) << many;
    const std::string one =
        refusal(head + "2027-01-05,A,1,1\n2027-01-06,B,1,?\n2027-01-07,C,1,3\n");
    EXPECT_NE(one.find("(bank.csv:3)"), std::string::npos) << one;
    EXPECT_EQ(one.find("bad too"), std::string::npos) << one;
    const auto empty = parse_bank_statement(
        "currency,date,reference,amount,balance\n,2027-01-05,A,1,1\n", "bank.csv");
    ASSERT_TRUE(empty) << to_string(empty.error());
    EXPECT_EQ(empty->lines[0].text, ",2027-01-05,A,1,1") << "each cell in its place";
    EXPECT_NE(refusal("date;reference;amount;balance\n2027-01-05;A;1;1\n").find("semicolons"),
              std::string::npos);
    EXPECT_NE(refusal("date,reference,credit,debit,balance\n2027-01-05,A,-1,,1\n").find("below 0"),
              std::string::npos);
    EXPECT_NE(
        refusal("date,reference,credit,debit,balance\n2027-01-05,A,,,1\n").find("one of both"),
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
