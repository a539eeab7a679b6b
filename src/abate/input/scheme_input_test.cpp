#include "abate/input/scheme.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace abate::input {
namespace {

std::string profile(const std::string& name) {
    const char* root = std::getenv("ABATE_SOURCE_DIR");
    std::ifstream in(std::string(root != nullptr ? root : ".") + "/data/schemes/" + name + ".toml");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what is there, then what takes its place
std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string refusal(const std::string& text) {
    const Result<scheme::Rules> rules = parse_scheme(text, "s.toml");
    return rules ? "accepted" : to_string(rules.error());
}

TEST(SchemeInput, EveryShippedProfileIsWhole) {
    for (const char* name :
         {"paper", "ai-default", "eu-like", "china-like", "rggi-like", "internal"}) {
        const Result<scheme::Rules> rules = parse_scheme(profile(name), name);
        ASSERT_TRUE(rules) << name << ": " << to_string(rules.error());
        EXPECT_EQ(rules->profile, name);
    }
}

TEST(SchemeInput, PerCentAreExact) {
    const Result<scheme::Rules> rules = parse_scheme(profile("ai-default"), "s.toml");
    ASSERT_TRUE(rules);
    EXPECT_EQ(rules->benchmark.tightening.value, 16'000);
    EXPECT_EQ(rules->monitoring.tiers.at(0).permitted_uncertainty.value, 75'000);
    EXPECT_EQ(rules->compliance.holding_rest_share.value, 25'000);
    EXPECT_EQ(rules->benchmark.classes.at(0).reference_flop_per_unit, 4'000'000'000U);
}

// Decision 2015/1814 and the linear factor of 2028; a scheme without the table has no reserve.
TEST(SchemeInput, AStabilityReserveIsATable) {
    const std::string text = profile("eu-like");
    const Result<scheme::Rules> rules = parse_scheme(text, "s.toml");
    ASSERT_TRUE(rules);
    EXPECT_EQ(rules->stability,
              (scheme::StabilityRules{.reserve = true,
                                      .upper = 1'096'000'000,
                                      .middle = 833'000'000,
                                      .lower = 400'000'000,
                                      .release = 100'000'000,
                                      .withhold = {240'000}}));
    EXPECT_EQ(rules->cap.reduction_steps,
              (std::vector<scheme::ReductionStep>{{.first_year = 2028, .of_first_cap = {44'000}}}));
    EXPECT_TRUE(rules->cap.rebasings.empty());
    const Result<scheme::Rules> other = parse_scheme(profile("ai-default"), "s.toml");
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->stability.reserve);
    EXPECT_EQ(other->compliance.holding_excess, scheme::HoldingExcess::consigned);
    EXPECT_NE(refusal(replaced(text, "upper = 1_096_000_000", "upper = 800_000_000"))
                  .find("'stability.middle' 833000000 is outside 0 to 800000000"),
              std::string::npos);
    EXPECT_NE(refusal(replaced(text, "withhold_percent = 24", "withold_percent = 24"))
                  .find("Did you mean 'withhold_percent'?"),
              std::string::npos);
    EXPECT_NE(refusal(replaced(text, "\"pro_rata\"", "\"pro rata\""))
                  .find("'cessation.year_allocation' cannot be 'pro rata'"),
              std::string::npos);
    EXPECT_NE(refusal(replaced(text, "\"AE\"", "\"S\"")).find("without a rate"), std::string::npos);
}

TEST(SchemeInput, SlipsAreNamedWithTheirPlace) {
    const std::string good = profile("ai-default");
    EXPECT_EQ(refusal(replaced(good, "first_cap", "frist_cap")),
              "unknown key 'frist_cap' in [cap] (s.toml:63:1). Did you mean 'first_cap'?");
    EXPECT_NE(
        refusal(replaced(good, "first_year = 2027\n", "")).find("'cap.first_year' is missing"),
        std::string::npos);
    EXPECT_NE(refusal(replaced(good, "\"best_firms\"", "\"best_firm\""))
                  .find("'benchmark.method' cannot be 'best_firm'"),
              std::string::npos);
    EXPECT_NE(refusal(replaced(good, "free_share_percent = 60", "free_share_percent = 61"))
                  .find("the four shares are 101 %, not 100"),
              std::string::npos);
    EXPECT_NE(refusal(replaced(good, "free_share_percent = 60", "free_share_percent = 60.00001"))
                  .find("at most four decimals"),
              std::string::npos);
    EXPECT_NE(refusal(replaced(good, "\"09-30 23:59\"", "\"09-31 23:59\""))
                  .find("'compliance.surrender_due' is no time of a year"),
              std::string::npos);
    EXPECT_NE(refusal(replaced(good, "\"EUR\"", "\"euro\"")).find("three capital letters"),
              std::string::npos);
    EXPECT_NE(refusal(replaced(good, "first_cap = 1_000_000_000", "first_cap = -1"))
                  .find("'cap.first_cap' -1 is outside"),
              std::string::npos);
    EXPECT_NE(refusal(replaced(good, "first_cap = 1_000_000_000", "first_cap = nan"))
                  .find("must be a whole number"),
              std::string::npos);
    // A step is named by the list that it stands in.
    EXPECT_NE(
        refusal(replaced(good,
                         "first_year = 2027\n",
                         "rebasings = [{ year = 2000, allowances = 5 }]\nfirst_year = 2027\n"))
            .find("(s.toml:62:13)"),
        std::string::npos);
    EXPECT_NE(refusal("= 3").find("s.toml:1:1"), std::string::npos);
    EXPECT_NE(refusal("").find("'name' is missing"), std::string::npos);
}

}  // namespace
}  // namespace abate::input
