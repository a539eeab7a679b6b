#include "abate/exchange/order_ids.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace abate::exchange {
namespace {

TEST(OrderIds, KnowsWhatWasUsedAndNothingElse) {
    OrderIds ids(1);
    EXPECT_FALSE(ids.find(0));
    ids.insert(0, 7);
    ids.insert(15, 8);
    ids.insert(16, 9);
    ids.insert(UINT64_MAX, 0);
    EXPECT_EQ(ids.find(0), 7U);
    EXPECT_EQ(ids.find(15), 8U);
    EXPECT_EQ(ids.find(16), 9U);
    EXPECT_EQ(ids.find(UINT64_MAX), 0U);
    for (const std::uint64_t other : {std::uint64_t{1}, std::uint64_t{17}, UINT64_MAX - 1})
        EXPECT_FALSE(ids.find(other)) << other;
    EXPECT_EQ(ids.size(), 4U);
}

RC_GTEST_PROP(OrderIdsProperty, IsAMap, ()) {
    OrderIds ids(*rc::gen::arbitrary<std::uint64_t>());
    std::map<std::uint64_t, std::uint32_t> model;
    const int count = *rc::gen::inRange(0, 3'000);
    std::uint64_t state = *rc::gen::arbitrary<std::uint64_t>();
    for (int i = 0; i < count; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        // Some that lie together, some anywhere.
        const std::uint64_t id = (state >> 60) < 8 ? state >> 52 : state;
        RC_ASSERT(ids.find(id).has_value() == (model.count(id) != 0));
        if (model.emplace(id, static_cast<std::uint32_t>(i)).second)
            ids.insert(id, static_cast<std::uint32_t>(i));
        RC_ASSERT(ids.find(id) == model.at(id));
    }
    std::map<std::uint64_t, std::uint32_t> all;
    ids.for_each([&](std::uint64_t id, std::uint32_t mark) { all.emplace(id, mark); });
    RC_ASSERT(all == model);
    RC_ASSERT(ids.size() == model.size());
}

}  // namespace
}  // namespace abate::exchange
