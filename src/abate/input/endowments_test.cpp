#include "abate/input/endowments.h"

#include <gtest/gtest.h>

#include <string>

namespace abate::input {
namespace {

constexpr const char* kHeader = "participant,money_micro,allowances\n";

TEST(Endowments, AreReadByParticipant) {
    const auto read = parse_endowments(std::string(kHeader) + "7,1000,20\n8,0,5\n", "e.csv");
    ASSERT_TRUE(read) << to_string(read.error());
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ(read->at(7).money_micro, 1'000);
    EXPECT_EQ(read->at(7).allowances, 20);
    EXPECT_EQ(read->at(8).money_micro, 0);
}

TEST(Endowments, WhatCannotBeReadIsNamedWithItsLine) {
    for (const char* bad : {"0,1,1\n",
                            "x,1,1\n",
                            "7,-1,1\n",
                            "7,1,1.5\n",
                            "7,1\n",
                            "7,1,1\n7,2,2\n",
                            "4294967296,1,1\n",
                            "7,9223372036854775807,1\n8,1,1\n"}) {
        const auto read = parse_endowments(kHeader + std::string(bad), "e.csv");
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().code, ErrorCode::parse_error) << bad;
        EXPECT_EQ(read.error().where.rfind("e.csv", 0), 0U) << bad;
    }
    EXPECT_FALSE(parse_endowments("participant,money,allowances\n", "e.csv"));
    EXPECT_FALSE(parse_endowments("", "e.csv"));
}

}  // namespace
}  // namespace abate::input
