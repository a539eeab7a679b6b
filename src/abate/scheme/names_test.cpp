#include "abate/scheme/names.h"

#include <gtest/gtest.h>

#include <string>

namespace abate::scheme {
namespace {

TEST(Names, WhatCanBeSeenIsPlain) {
    for (const char* name : {"lab", "Łódź", "東京", "R-1", "a b", "8\u2011bit"})
        EXPECT_TRUE(is_plain_name(name)) << name;
    for (const char* name : {" lab", "lab ", "la\nb", "la\tb", "\xff", "\x1b[1m"})
        EXPECT_FALSE(is_plain_name(name)) << name;
}

// The first and the last of each range of characters that nobody sees, or that turn the line round; and their neighbours.
TEST(Names, WhatCannotBeSeenIsNot) {
    for (const char* hidden : {"\u00ad",
                               "\u2000",
                               "\u200b",
                               "\u200f",
                               "\u2028",
                               "\u202e",
                               "\u202f",
                               "\u2060",
                               "\u206f",
                               "\ufeff",
                               "\U000e0001",
                               "\U000e0041",
                               "\U000e007f"})
        EXPECT_FALSE(is_plain_name(std::string("la") + hidden + "b")) << hidden;
    for (const char* seen : {"\u2010", "\u2027", "\u2030", "\u2070", "\u00e9"})
        EXPECT_TRUE(is_plain_name(std::string("la") + seen + "b")) << seen;
}

TEST(Names, ReferencesAreComparedWithoutCaseAndSpaces) {
    EXPECT_EQ(folded_reference("RF18  5390 0754"), "rf18 5390 0754");
    EXPECT_EQ(folded_reference("R-1"), folded_reference("r-1"));
    EXPECT_NE(folded_reference("R-1"), folded_reference("R-2"));
}

}  // namespace
}  // namespace abate::scheme
