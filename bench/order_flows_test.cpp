// The flows are those that other books were timed on, and the product makes of them what those books made.
#include "bench/order_flows.h"

#include <gtest/gtest.h>

namespace abate::bench {
namespace {

class OrderFlows : public ::testing::TestWithParam<const char*> {};

// Totals and both hashes as published: trades, quantity, notional, what rests, best prices.
TEST_P(OrderFlows, AreReplayedAsPublished) {
    const Flow flow = make_flow(GetParam());
    EXPECT_EQ(flow.reckoned, flow.expected) << "the flow itself";
    EXPECT_EQ(replayed(flow), flow.expected) << "without accounts";
    EXPECT_EQ(replayed_covered(flow), flow.expected) << "with accounts, limits and cover";
}

INSTANTIATE_TEST_SUITE_P(All,
                         OrderFlows,
                         ::testing::Values("M1", "M2", "M3", "A1"),
                         [](const auto& flow) { return std::string(flow.param); });

}  // namespace
}  // namespace abate::bench
