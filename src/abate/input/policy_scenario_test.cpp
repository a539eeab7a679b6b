#include "abate/input/policy_scenario.h"

#include "abate/policy/policy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace abate::input {
namespace {

constexpr const char* kScheme = "[scheme]\nsupply_j = 4\n";
constexpr const char* kFirm =
    "[[firm]]\nname = \"lab\"\nbenefit_exponent = 1\nbenefit_scale = 4\nefficiency_j_per_flop = "
    "2\n";

TEST(PolicyScenario, IsReadInItsOwnWords) {
    const auto read = parse_policy_scenario(
        "name = \"n\"\ncurrency = \"EUR\"\n[scheme]\nsupply_kwh = 2\nprice_floor_per_kwh = 3.6\n"
        "price_ceiling_per_kwh = 36\npenalty_per_kwh = 72\ndiscount_rate = 0.05\nbank_kwh = 1\n"
        "tiers = [{ price_per_kwh = 7.2, quantity_j = 5 }, { price_per_kwh = 18, quantity_kwh = 1 "
        "}]\n"
        "[[firm]]\nname = \"a\"\nbenefit_exponent = 3\nbenefit_scale = 2\ncost_per_flop = 0.5\n"
        "electricity_price_per_kwh = 7.2\nefficiency_j_per_flop = 4\nbest_efficiency_j_per_flop = "
        "1\n"
        "retrofit_cost_per_flop = 0.25\nendowment_kwh = 1\n"
        "[[firm]]\nname = \"b\"\ncount = 2\nelasticity = 1.5\nmarginal_benefit = "
        "9\nefficiency_j_per_flop = 1e-12\n"
        "[[period]]\nlabel = \"2027\"\nsupply_j = 3\ndemand = 1.2\nenergy_per_flop = "
        "0.9\n[[period]]\nsupply_kwh = 1\n",
        "s.toml");
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(read->name, "n");
    EXPECT_EQ(read->currency, "EUR");
    EXPECT_DOUBLE_EQ(read->rules.supply_j, 7.2e6);
    EXPECT_DOUBLE_EQ(read->rules.auctioned_j, 3.6e6);
    EXPECT_DOUBLE_EQ(read->rules.floor_per_j.value(), 1e-6);
    EXPECT_DOUBLE_EQ(read->rules.ceiling_per_j.value(), 1e-5);
    EXPECT_DOUBLE_EQ(read->rules.penalty_per_j.value(), 2e-5);
    ASSERT_EQ(read->rules.tiers.size(), 2U);
    EXPECT_DOUBLE_EQ(read->rules.tiers[1].price_per_j, 5e-6);
    EXPECT_DOUBLE_EQ(read->rules.tiers[1].quantity_j, 3.6e6);
    EXPECT_DOUBLE_EQ(read->banking.discount_rate, 0.05);
    EXPECT_DOUBLE_EQ(read->banking.bank_j, 3.6e6);
    ASSERT_EQ(read->firms.size(), 3U);
    const policy::Firm& a = read->firms[0];
    EXPECT_DOUBLE_EQ(a.marginal_benefit, 6);
    EXPECT_DOUBLE_EQ(a.elasticity, 0.25);
    EXPECT_DOUBLE_EQ(a.electricity_price_per_j, 2e-6);
    EXPECT_DOUBLE_EQ(a.best_efficiency_j_per_flop, 1);
    EXPECT_DOUBLE_EQ(a.endowment_j, 3.6e6);
    EXPECT_EQ(read->firms[1].name, "b 1");
    EXPECT_EQ(read->firms[2].name, "b 2");
    EXPECT_DOUBLE_EQ(read->firms[2].elasticity, 1.5);
    EXPECT_DOUBLE_EQ(read->firms[2].best_efficiency_j_per_flop, 1e-12);
    EXPECT_EQ(read->labels, (std::vector<std::string>{"2027", "2"}));
    EXPECT_DOUBLE_EQ(read->periods[0].setting.scale, 1.2);
    EXPECT_DOUBLE_EQ(read->periods[1].supply_j, 3.6e6);
}

struct Wrong {
    const char* at;    // of the error
    const char* what;  // in it
};

TEST(PolicyScenario, WhatIsWrongIsNamedWithItsPlace) {
    const std::string firm = kFirm;
    const std::string scheme = kScheme;
    const std::vector<std::pair<std::string, Wrong>> rows = {
        {scheme, {"s.toml:", "[[firm]]"}},
        {firm, {"s.toml:1", "[scheme]"}},
        {"[scheme]\nsupply_j = 0\n" + firm, {"s.toml:2", "no supply"}},
        {"[scheme]\nsupply_j = -1\n" + firm, {"s.toml:2", "cannot be -1"}},
        {"[scheme]\nsupply_j = nan\n" + firm, {"s.toml:2", "cannot be nan"}},
        {"[scheme]\nsupply_j = inf\n" + firm, {"s.toml:2", "cannot be inf"}},
        {"[scheme]\nsupply_j = 4\nsupply_kwh = 4\n" + firm, {"s.toml:3", "say the same"}},
        {"[scheme]\nsuply_j = 4\n" + firm, {"s.toml:2", "unknown key 'suply_j'"}},
        {"scheme = 3\n" + firm, {"s.toml:1", "must be a table"}},
        {scheme + "price_floor_per_kwh = 2\nprice_ceiling_per_kwh = 1\n" + firm,
         {"s.toml:3", "floor is above"}},
        {scheme + "price_floor_per_kwh = 2\ntiers = [{ price_per_kwh = 1, quantity_j = 1 }]\n" +
             firm,
         {"s.toml:3", "floor is above"}},
        {scheme + "price_ceiling_per_kwh = 2\ntiers = [{ price_per_kwh = 3, quantity_j = 1 }]\n" +
             firm,
         {"s.toml:4", "tier is above"}},
        {scheme +
             "tiers = [{ price_per_kwh = 3, quantity_j = 1 }, { price_per_kwh = 2, quantity_j = 1 "
             "}]\n" +
             firm,
         {"s.toml:3", "not dearer"}},
        {scheme + "tiers = [{ price_per_kwh = 3 }]\n" + firm,
         {"s.toml:3", "'quantity_j' is missing"}},
        {scheme + "tiers = 3\n" + firm, {"s.toml:3", "must be a list of tables"}},
        {scheme + "[[firm]]\nname = \"a\"\nbenefit_exponent = 0\nefficiency_j_per_flop = 1\n",
         {"s.toml:5", "cannot be 0"}},
        {scheme + "[[firm]]\nname = \"a\"\nbenefit_exponent = 1e9\nefficiency_j_per_flop = 1\n",
         {"s.toml:5", "cannot be"}},
        {scheme + "[[firm]]\nname = \"a\"\nbenefit_exponent = 1\nefficiency_j_per_flop = 0\n",
         {"s.toml:6", "cannot be 0"}},
        {scheme + "[[firm]]\nname = \"a\"\nbenefit_exponent = 1\n",
         {"s.toml:3", "'efficiency_j_per_flop' is missing"}},
        {scheme + "[[firm]]\nname = \"a\"\nefficiency_j_per_flop = 1\n",
         {"s.toml:3", "'benefit_exponent' is missing"}},
        {scheme + "[[firm]]\nname = \"a\"\nbenefit_exponent = 1\nelasticity = "
                  "1\nefficiency_j_per_flop = 1\n",
         {"s.toml:3", "say the same"}},
        {scheme + "[[firm]]\nname = \"a\"\nbenefit_exponent = 1\nefficiency_j_per_flop = "
                  "1\nbest_efficiency_j_per_flop = 2\n",
         {"s.toml:7", "above 'efficiency_j_per_flop'"}},
        {scheme + firm + "count = 1.5\n", {"s.toml:3", "'count' cannot be 1.5"}},
        {scheme + firm + "count = 1e7\n", {"s.toml:3", "'count' cannot be"}},
        {scheme + firm + "endowment_j = 5\n", {"s.toml:2", "more than the supply"}},
        {firm + "[scheme]\n[[period]]\nlabel = \"x\"\n", {"s.toml:7", "'supply_j' is missing"}},
        {firm + "[scheme]\n[[period]]\nsupply_j = 0\n",
         {"s.toml:6", "no supply and there is no bank"}},
        {"[scheme\n", {"s.toml:1", ""}},
    };
    for (const auto& [text, wrong] : rows) {
        const auto read = parse_policy_scenario(text, "s.toml");
        ASSERT_FALSE(read) << text;
        const std::string said = to_string(read.error());
        EXPECT_NE(said.find(wrong.at), std::string::npos) << said << "\n" << text;
        EXPECT_NE(said.find(wrong.what), std::string::npos) << said << "\n" << text;
    }
}

}  // namespace
}  // namespace abate::input
