#include "abate/cli/bank_comparison.h"

#include <gtest/gtest.h>

namespace abate::cli {
namespace {

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as in a statement, date first
input::BankLine line(std::string date, std::string reference, std::int64_t amount_micro) {
    input::BankLine out;
    out.date = std::move(date);
    out.reference = std::move(reference);
    out.amount_micro = amount_micro;
    return out;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as in a statement, date first
CashEntry entry(std::string date, std::string reference, std::int64_t amount_micro) {
    return {.reference = std::move(reference),
            .date = std::move(date),
            .amount_micro = amount_micro,
            .account = "lab/cash"};
}

const StatementPeriod kJanuary{.from = "2027-01-01", .to = "2027-01-31"};

TEST(BankComparison, LinesAndEntriesOfOneReferenceAreOne) {
    const BankComparison found =
        compare_with_bank({line("2027-01-05", "B1", 100), line("2027-01-07", "W1", -40)},
                          {entry("2027-01-05", "b1", 100), entry("2027-01-08", "W1", -40)},
                          kJanuary);
    EXPECT_EQ(found.agreed, 2U);
    EXPECT_TRUE(found.not_in_books.empty());
    EXPECT_TRUE(found.amounts_differ.empty());
    EXPECT_TRUE(found.not_on_statement.empty());
    EXPECT_TRUE(found.outside_period.empty());
    EXPECT_TRUE(found.recorded_before.empty());
    EXPECT_EQ(found.explained_micro, Int128{0});
}

// Bank: 100 + 55 + 7 = 162. Books: 100 + 50 + 30 = 180. 162 - 180 = -18 = 7 (no entry) + 5 (amount) - 30 (no line).
TEST(BankComparison, WhatDiffersIsNamedAndExplainsTheDifference) {
    const BankComparison found = compare_with_bank(
        {line("2027-01-05", "B1", 100), line("2027-01-06", "B2", 55), line("2027-01-07", "", 7)},
        {entry("2027-01-05", "B1", 100),
         entry("2027-01-06", "B2", 50),
         entry("2027-01-20", "B3", 30),
         entry("2027-02-01", "B4", 9)},
        kJanuary);
    EXPECT_EQ(found.agreed, 1U);
    ASSERT_EQ(found.not_in_books.size(), 1U);
    EXPECT_EQ(found.not_in_books[0].amount_micro, 7);
    ASSERT_EQ(found.amounts_differ.size(), 1U);
    EXPECT_EQ(found.amounts_differ[0].entry.amount_micro, 50);
    ASSERT_EQ(found.not_on_statement.size(), 1U) << "February is another statement's";
    EXPECT_EQ(found.not_on_statement[0].reference, "B3");
    EXPECT_EQ(found.explained_micro, Int128{-18});
}

TEST(BankComparison, DatesOutsideThePeriodAndBeforeTheBankAreNamed) {
    const BankComparison found = compare_with_bank(
        {line("2026-12-31", "B0", 1), line("2027-01-10", "B1", 1), line("2027-02-01", "B2", 1)},
        {entry("2027-01-02", "B0", 1), entry("2027-01-09", "B1", 1), entry("2027-02-01", "B2", 1)},
        kJanuary);
    EXPECT_EQ(found.agreed, 3U);
    ASSERT_EQ(found.outside_period.size(), 2U);
    EXPECT_EQ(found.outside_period[0].reference, "B0");
    EXPECT_EQ(found.outside_period[1].reference, "B2");
    ASSERT_EQ(found.recorded_before.size(), 1U);
    EXPECT_EQ(found.recorded_before[0].line.reference, "B1");
}

}  // namespace
}  // namespace abate::cli
