// What `abate calibrate` writes, the parser reads again; and what it says of a file that somebody
// has edited. The same for the log of a wall meter.
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace abate {
namespace {

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the same either way
void expect_same(const meter::PowerProfile& a, const meter::PowerProfile& b) {
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.cpu_model, b.cpu_model);
    EXPECT_EQ(a.cpus, b.cpus);
    EXPECT_EQ(a.dram_w_per_gb, b.dram_w_per_gb);
    EXPECT_EQ(a.node_ratio, b.node_ratio);
    EXPECT_EQ(a.residual, b.residual);
    EXPECT_EQ(a.fitted_at, b.fitted_at);
    EXPECT_EQ(a.source, b.source);
    EXPECT_EQ(a.wall_source, b.wall_source);
    ASSERT_EQ(a.points.size(), b.points.size());
    for (std::size_t i = 0; i < a.points.size(); ++i) {
        EXPECT_EQ(a.points[i].utilisation, b.points[i].utilisation);
        EXPECT_EQ(a.points[i].watts, b.points[i].watts);
    }
}

TEST(ProfileFile, AFittedProfileComesBackTheSame) {
    // Loads and watts with more digits than anyone would print.
    const Result<meter::PowerProfile> fitted = meter::fit_profile(
        {{.utilisation = 0.0123456789,
          .package_w = 61.23456789,
          .dram_w = 5.1,
          .memory_used_gb = 3},
         {.utilisation = 1.0 / 3, .package_w = 131.7, .dram_w = 5.3, .memory_used_gb = 3},
         {.utilisation = 0.97, .package_w = 211.1, .dram_w = 6.1, .memory_used_gb = 3}});
    ASSERT_TRUE(fitted.has_value());
    meter::PowerProfile profile = *fitted;
    profile.name = "AMD EPYC 7742, 2 sockets";
    profile.cpu_model = "AMD EPYC 7742 64-Core Processor";
    profile.cpus = 256;
    profile.fitted_at = "2026-11-22T09:00:00Z";
    profile.source = "perf package-0, 3 load levels";
    profile.node_ratio = {.value = 1.31, .low = 1.0 + 2.0 / 7, .high = 1.37};
    profile.wall_source = "wall.csv";
    const Result<meter::PowerProfile> read =
        input::parse_profile(report::profile_toml(profile), "profile.toml");
    ASSERT_TRUE(read.has_value()) << read.error().what;
    expect_same(*read, profile);
}

TEST(ProfileFile, NamesWithQuotesAndControlCharactersComeBackTheSame) {
    meter::PowerProfile profile;
    profile.name = "a \"quoted\" \\ name\n\t\x7f\x01 µ";
    profile.cpus = 1;
    profile.points = {{0, {.value = 1, .low = 1, .high = 1}},
                      {1, {.value = 2, .low = 2, .high = 2}}};
    const Result<meter::PowerProfile> read =
        input::parse_profile(report::profile_toml(profile), "profile.toml");
    ASSERT_TRUE(read.has_value()) << read.error().what;
    expect_same(*read, profile);
}

Ranged random_range(int most) {
    const double low = *rc::gen::inRange(0, most * 1000) / 997.0;
    const double value = low + *rc::gen::inRange(0, 1000) / 991.0;
    return {.value = value, .low = low, .high = value + *rc::gen::inRange(0, 1000) / 983.0};
}

RC_GTEST_PROP(ProfileFile, WritingAndReadingIsTheIdentity, ()) {
    meter::PowerProfile profile;
    profile.name = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    profile.cpus = *rc::gen::inRange(1, 65537);
    profile.residual = *rc::gen::inRange(0, 1000) / 977.0;
    const auto inner = *rc::gen::unique<std::vector<int>>(rc::gen::inRange(1, 9973));
    std::set<int> loads(inner.begin(), inner.end());
    profile.points.push_back({0, random_range(90'000)});
    for (const int load : loads) profile.points.push_back({load / 9973.0, random_range(90'000)});
    profile.points.push_back({1, random_range(90'000)});
    if (*rc::gen::arbitrary<bool>()) {
        profile.dram_w_per_gb = random_range(90);
        profile.dram_w_per_gb.value += 0.5;
        profile.dram_w_per_gb.high += 0.5;
        profile.dram_w_per_gb.kind = RangeKind::bound;
    }
    const Result<meter::PowerProfile> read =
        input::parse_profile(report::profile_toml(profile), "profile.toml");
    RC_ASSERT(read.has_value());
    expect_same(*read, profile);
    RC_ASSERT(report::profile_toml(*read) == report::profile_toml(profile));
}

// ---- refusals

constexpr const char* kHead = "schema = 1\ncpus = 4\nresidual = 0.1\n";  // lines 1 to 3

TEST(ProfileFile, EachFaultIsNamedWithItsPlace) {
    const std::string head = kHead;
    const std::string good =
        "[[points]]\nutilisation = 0\nwatts = { value = 1, low = 1, high = 1 }\n";  // 4 to 6
    const auto refused =
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error's members
        [](const std::string& text, const std::string& what, const std::string& where) {
            SCOPED_TRACE(text);
            const Result<meter::PowerProfile> read = input::parse_profile(text, "p.toml");
            ASSERT_FALSE(read.has_value());
            EXPECT_EQ(read.error().code, ErrorCode::parse_error);
            EXPECT_NE(read.error().what.find(what), std::string::npos) << read.error().what;
            EXPECT_EQ(read.error().where, where);
            EXPECT_FALSE(read.error().hint.empty());
        };
    refused("schema = 1\ncpus = = 4\n", "", "p.toml:2:8");
    refused("cpus = 4\n", "names no schema", "p.toml");
    refused("schema = 1\ncpus = 0\n", "cpus must be", "p.toml:2:8");
    refused("schema = 1\ncpus = 65537\n", "cpus must be", "p.toml:2:8");
    refused("schema = 1\ncpus = 4\nresidual = -1\n", "residual must", "p.toml:3:12");
    refused("schema = 1\ncpus = 4\nresidual = nan\n", "residual must", "p.toml:3:12");
    refused(head, "2 to 1000 [[points]]", "p.toml");
    refused(head + "dram_w_per_gb = 3\n", "dram_w_per_gb is not", "p.toml:4:17");
    refused(head + "node_ratio = { value = 1, low = 2, high = 3 }\n",
            "node_ratio must have",
            "p.toml:4:14");
    refused(head + good + "[[points]]\nutilisation = 1.5\n", "between 0 and 1", "p.toml:7:1");
    refused(head + good + "[[points]]\nutilisation = 0\n", "must rise", "p.toml:7:1");
    refused(head + good + "[[points]]\nutilisation = 1\n", "watts is not", "p.toml:7:1");
    refused(head + good + "[[points]]\nutilisation = 1\nwatts = { value = 1, low = 2, high = 3 }\n",
            "watts must have",
            "p.toml:9:9");
    refused(
        head + good + "[[points]]\nutilisation = 1\nwatts = { value = 1, low = 1, high = 1e6 }\n",
        "watts must have",
        "p.toml:9:9");
    const std::string half =
        "[[points]]\nutilisation = 0.5\nwatts = { value = 1, low = 1, high = 1 }\n";
    refused(head + good + half, "reach from utilisation 0 to 1", "p.toml:4:1");
}

TEST(ProfileFile, ANewerSchemaIsAnotherVersion) {
    const Result<meter::PowerProfile> read = input::parse_profile("schema = 2\n", "p.toml");
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, ErrorCode::version_mismatch);
    EXPECT_EQ(read.error().where, "p.toml");
}

// ---- the wall meter's log

TEST(PowerTraceFile, ReadsBothKindsOfTimeInAnyOrderOfColumns) {
    const Result<meter::PowerTrace> trace = input::parse_power_trace(
        "watts,note,time\n120.5,a,2026-11-22T09:00:00Z\n121,,1795338001.25\n", "wall.csv");
    ASSERT_TRUE(trace.has_value()) << trace.error().what;
    ASSERT_EQ(trace->at.size(), 2U);
    // date -u -d 2026-11-22T09:00:00Z +%s
    EXPECT_EQ(trace->at[0].us, 1'795'338'000'000'000);
    EXPECT_EQ(trace->at[1].us, 1'795'338'001'250'000);
    EXPECT_EQ(trace->watts, (std::vector<double>{120.5, 121}));
}

TEST(PowerTraceFile, EachFaultIsNamedWithItsLine) {
    const auto refused =
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error's members
        [](const std::string& text, const std::string& what, const std::string& where) {
            SCOPED_TRACE(text);
            const Result<meter::PowerTrace> read = input::parse_power_trace(text, "w.csv");
            ASSERT_FALSE(read.has_value());
            EXPECT_EQ(read.error().code, ErrorCode::parse_error);
            EXPECT_NE(read.error().what.find(what), std::string::npos) << read.error().what;
            EXPECT_EQ(read.error().where.rfind(where, 0), 0U) << read.error().where;
        };
    refused("when,watts\n", "no columns time and watts", "w.csv:1");
    refused("time,power\n", "no columns time and watts", "w.csv:1");
    refused("time,watts\n1,5\n2,12W\n", "'12W' is no power", "w.csv:3");
    refused("time,watts\n1,-1\n", "is no power", "w.csv:2");
    refused("time,watts\n1,nan\n", "is no power", "w.csv:2");
    refused("time,watts\n1,1e7\n", "is no power", "w.csv:2");
    refused("time,watts\n1,\n", "is no power", "w.csv:2");
    refused("time,watts\nyesterday,5\n", "'yesterday' is no time", "w.csv:2");
    refused("time,watts\n-5,5\n", "is no time", "w.csv:2");
    refused("time,watts\n1e12,5\n", "is no time", "w.csv:2");
    refused("time,watts\n2,5\n1,5\n", "do not rise", "w.csv:3");
    refused("time,watts\n1\n", "", "w.csv:2");
}

}  // namespace
}  // namespace abate
