#include "abate/meter/plan.h"

#include <gtest/gtest.h>

namespace abate::meter {
namespace {

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as a channel is named: device, then source
ChannelInfo channel(std::string device, std::string source, std::string inside = "") {
    ChannelInfo c;
    c.device = std::move(device);
    c.source = std::move(source);
    c.inside = std::move(inside);
    return c;
}

ChannelInfo node_of(std::string source) {
    ChannelInfo c = channel("node", std::move(source));
    c.boundary = ChannelBoundary::node;
    c.kind = ChannelKind::power_gauge;
    return c;
}

std::vector<ChannelRole> roles(const std::vector<ChannelInfo>& channels,
                               std::string_view trusted = {}) {
    std::vector<ChannelRole> out;
    for (const ChannelPlan& plan : plan_channels(channels, trusted)) out.push_back(plan.role);
    return out;
}

using enum ChannelRole;

TEST(Plan, CountsEachDeviceOnceAndComparesTheOtherViews) {
    EXPECT_EQ(roles({channel("package-0", "powercap"),
                     channel("package-0", "perf"),
                     channel("package-0", "powercap-mmio"),
                     channel("package-1", "powercap")}),
              (std::vector{second_view, counted, second_view, counted}));
}

TEST(Plan, NeverAddsADomainThatLiesInsideAnother) {
    EXPECT_EQ(roles({channel("package-0", "powercap"),
                     channel("core-0", "powercap", "package-0"),
                     channel("uncore-0", "powercap", "package-0"),
                     channel("dram-0", "powercap")}),
              (std::vector{counted, inside, inside, counted}));
}

TEST(Plan, CountsThePlatformOnlyWhereNoPackageIsSeen) {
    EXPECT_EQ(roles({channel("psys", "powercap"), channel("package-0", "powercap")}),
              (std::vector{inside, counted}));
    EXPECT_EQ(roles({channel("psys", "powercap")}), (std::vector{counted}));
}

// The board's 20 J have the memory's 8 J in them: counting both would be 28 J.
TEST(Plan, MemoryLiesInsideAPlatformThatIsCounted) {
    EXPECT_EQ(roles({channel("psys", "powercap"), channel("dram-0", "powercap")}),
              (std::vector{counted, inside}));
    EXPECT_EQ(roles({channel("psys", "powercap"),
                     channel("package-0", "powercap"),
                     channel("dram-0", "powercap")}),
              (std::vector{inside, counted, counted}));
}

TEST(Plan, DropsAPerfDomainThatPowercapDoesNotKnow) {
    EXPECT_EQ(roles({channel("package-0", "perf"),
                     channel("dram-0", "perf"),
                     channel("package-0", "powercap")}),
              (std::vector{counted, dropped, second_view}));
}

TEST(Plan, ADomainThatIsNotTrustedLeadsNothing) {
    // perf's package is not confirmed by powercap, which shows only the platform: the other view counts.
    EXPECT_EQ(roles({channel("package-0", "perf"),
                     channel("psys", "powercap"),
                     channel("package-0", "powercap-mmio")}),
              (std::vector{dropped, inside, counted}));
}

TEST(Plan, ModelsOnlyWhatNoCounterSees) {
    ChannelInfo package_model = channel("package-0", "model");
    ChannelInfo dram_model = channel("dram-0", "model");
    package_model.kind = dram_model.kind = ChannelKind::model;
    // AMD servers have a package counter and none for DRAM.
    EXPECT_EQ(roles({channel("package-0", "powercap"), package_model, dram_model}),
              (std::vector{counted, dropped, counted}));
    EXPECT_EQ(roles({package_model, dram_model}), (std::vector{counted, counted}));
}

TEST(Plan, TakesOneNodeSourceAndComparesTheRest) {
    EXPECT_EQ(roles({node_of("ipmi"), node_of("redfish")}), (std::vector{second_view, node}));
    EXPECT_EQ(roles({node_of("ipmi"), node_of("redfish")}, "ipmi"),
              (std::vector{node, second_view}));
    EXPECT_EQ(roles({node_of("ipmi")}, "none"), (std::vector{dropped}));
    // Two supplies of one source feed the node together.
    EXPECT_EQ(roles({node_of("hwmon"), node_of("hwmon")}), (std::vector{node, node}));
}

TEST(Plan, PrefersTheGpuCounterToIntegratedPower) {
    EXPECT_EQ(roles({channel("gpu-0", "nvml"),
                     channel("gpu-0", "nvml-power"),
                     channel("gpu-1", "nvml-power")}),
              (std::vector{counted, second_view, counted}));
}

}  // namespace
}  // namespace abate::meter
