#include "abate/scheme/output.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace abate::scheme {
namespace {

using registry::GroupId;

constexpr ServiceClassId kText{1};
constexpr ServiceClassId kImage{2};

// 4 GFLOP a byte of text, 1.5 GFLOP a pixel.
const std::vector<ReferenceClass>& table() {
    static const std::vector<ReferenceClass> rows = {
        {.id = kText, .reference_flop_per_unit = 4'000'000'000},
        {.id = kImage, .reference_flop_per_unit = 1'500'000'000}};
    return rows;
}

OutputRule rule(OutputBasis basis = OutputBasis::delivered_units) {
    return {.producer = GroupId{2}, .classes = table(), .basis = basis};
}

// 1,000 bytes less 10 + 20 + 30 that do not count: 940 x 4 GFLOP = 3,760. 3 pixels: 4.5 GFLOP, rounded down.
TEST(Output, WhatIsDeliveredCounts) {
    const std::vector<Delivery> year = {
        {.service = kImage, .buyer = GroupId{8}, .served = 3},
        {.service = kText,
         .buyer = GroupId{7},
         .served = 1'000,
         .retries = 10,
         .rejected_drafts = 20,
         .cache_repeats = 30},
        {.service = kText, .buyer = GroupId{2}, .served = 500, .retries = 100}};
    const Result<std::vector<ClassOutput>> out = earned_output(year, rule());
    ASSERT_TRUE(out.has_value());
    ASSERT_EQ(out->size(), 2U);
    const ClassOutput& text = (*out)[0];
    EXPECT_EQ(text.output_gflop, 3'760U);
    EXPECT_EQ(text.served, 1'500U);
    EXPECT_EQ(text.delivered, 940U);
    EXPECT_EQ(text.retries, 110U);
    EXPECT_EQ(text.own_group, 400U);
    EXPECT_EQ((*out)[1].output_gflop, 4U);
}

// Rounded once, after the sum: two lines of one pixel are 3 GFLOP, not 2.
TEST(Output, IsRoundedOnce) {
    const std::vector<Delivery> year = {{.service = kImage, .buyer = GroupId{8}, .served = 1},
                                        {.service = kImage, .buyer = GroupId{9}, .served = 1}};
    EXPECT_EQ((*earned_output(year, rule()))[0].output_gflop, 3U);
}

// The paper's literal rule: bloat earns.
TEST(Output, ByTheModelsOwnFlopIfTheSchemeSaysSo) {
    const std::vector<Delivery> year = {{.service = kText,
                                         .buyer = GroupId{7},
                                         .served = 100,
                                         .model_flop_per_unit = 70'000'000'000}};
    EXPECT_EQ((*earned_output(year, rule()))[0].output_gflop, 400U);
    EXPECT_EQ((*earned_output(year, rule(OutputBasis::model_flop)))[0].output_gflop, 7'000U);
    const std::vector<Delivery> silent = {{.service = kText, .buyer = GroupId{7}, .served = 100}};
    EXPECT_EQ(earned_output(silent, rule(OutputBasis::model_flop)).error().code,
              ErrorCode::invalid_argument);
}

TEST(Output, WhatDoesNotAddUpIsRefused) {
    const auto code = [](const std::vector<Delivery>& year) {
        return earned_output(year, rule()).error().code;
    };
    EXPECT_EQ(code({{.service = ServiceClassId{9}, .served = 1}}), ErrorCode::not_found);
    EXPECT_EQ(code({{.service = kText, .served = 5, .retries = 3, .rejected_drafts = 3}}),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code({{.service = kText,
                     .served = 5,
                     .retries = UINT64_MAX,
                     .rejected_drafts = UINT64_MAX}}),
              ErrorCode::invalid_argument);
    // 2^64 x 4 GFLOP, and twice 2^63 units.
    EXPECT_EQ(code({{.service = kText, .buyer = GroupId{1}, .served = UINT64_MAX}}),
              ErrorCode::out_of_range);
    EXPECT_EQ(code({{.service = kText, .buyer = GroupId{2}, .served = UINT64_MAX},
                    {.service = kText, .buyer = GroupId{2}, .served = 1}}),
              ErrorCode::out_of_range);
    const std::vector<ReferenceClass> twice = {{.id = kText, .reference_flop_per_unit = 1},
                                               {.id = kText, .reference_flop_per_unit = 2}};
    EXPECT_FALSE(earned_output({}, {.classes = twice}).has_value());
    const std::vector<ReferenceClass> empty = {{.id = kText}};
    EXPECT_FALSE(earned_output({}, {.classes = empty}).has_value());
    EXPECT_TRUE(earned_output({}, rule())->empty());
}

RC_GTEST_PROP(OutputProperty, EveryServedUnitHasOnePlace, ()) {
    std::vector<Delivery> year;
    const auto lines = *rc::gen::inRange<std::size_t>(0, 30);
    for (std::size_t i = 0; i < lines; ++i) {
        const auto count = [] { return *rc::gen::inRange<std::uint64_t>(0, 1'000'000); };
        Delivery line{.service = *rc::gen::element(kText, kImage),
                      .buyer = GroupId{*rc::gen::inRange<std::uint64_t>(1, 4)},
                      .served = 0,
                      .retries = count(),
                      .rejected_drafts = count(),
                      .cache_repeats = count()};
        line.served = line.retries + line.rejected_drafts + line.cache_repeats + count();
        year.push_back(line);
    }
    const Result<std::vector<ClassOutput>> out = earned_output(year, rule());
    RC_ASSERT(out.has_value());
    for (const ClassOutput& one : *out) {
        RC_ASSERT(one.served == one.delivered + one.retries + one.rejected_drafts +
                                    one.cache_repeats + one.own_group);
    }
    // How the work was cut into lines, and in which order they come, does not matter; nor what the models took.
    std::vector<Delivery> other = year;
    std::reverse(other.begin(), other.end());
    for (Delivery& line : other) line.model_flop_per_unit = *rc::gen::arbitrary<std::uint64_t>();
    const Result<std::vector<ClassOutput>> again = earned_output(other, rule());
    for (std::size_t i = 0; i < out->size(); ++i)
        RC_ASSERT((*again)[i].output_gflop == (*out)[i].output_gflop);
}

}  // namespace
}  // namespace abate::scheme
