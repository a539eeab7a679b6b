#include "abate/input/input.h"

#include <gtest/gtest.h>

namespace abate::input {
namespace {

constexpr const char* kFull = R"(region = "FR"
project = "digits"
pue = 1.25
interval = "500ms"
lifetime = "5y"
utilisation = "60%"
host_kgco2e = 350

[labels]
team = "vision"

[node]
source = "redfish"
redfish_url = "https://bmc.example"
redfish_user = "reader"
redfish_password_file = "/etc/abate/bmc"

[data]
organisation = "/etc/abate/overrides.csv"
packs = ["/opt/abate/odbl", "/opt/abate/ccbysa"]
)";

TEST(Settings, ReadsEveryKey) {
    const auto settings = parse_settings(kFull, "abate.toml");
    ASSERT_TRUE(settings) << to_string(settings.error());
    EXPECT_EQ(settings->region, "FR");
    EXPECT_EQ(settings->project, "digits");
    EXPECT_EQ(settings->pue, 1.25);
    EXPECT_EQ(settings->interval_ns, 500'000'000);
    EXPECT_EQ(settings->lifetime_h, 43'800.0);
    EXPECT_EQ(settings->utilisation, 0.6);
    EXPECT_EQ(settings->host_kgco2e, 350.0);
    EXPECT_EQ(settings->labels.at("team"), "vision");
    EXPECT_EQ(settings->node_source, "redfish");
    EXPECT_EQ(settings->redfish_url, "https://bmc.example");
    EXPECT_EQ(settings->redfish_user, "reader");
    EXPECT_EQ(settings->redfish_password_file, "/etc/abate/bmc");
    EXPECT_EQ(settings->organisation_data, "/etc/abate/overrides.csv");
    EXPECT_EQ(settings->packs, (std::vector<std::string>{"/opt/abate/odbl", "/opt/abate/ccbysa"}));
}

TEST(Settings, OfAnEmptyFileAreEmpty) {
    EXPECT_EQ(*parse_settings("", "abate.toml"), Settings{});
    EXPECT_EQ(*parse_settings("# nothing\n", "abate.toml"), Settings{});
}

TEST(Settings, NameTheNearestKeyAndThePlaceOfASlip) {
    const auto slip = parse_settings("project = \"x\"\nregoin = \"FR\"\n", "abate.toml");
    ASSERT_FALSE(slip);
    EXPECT_EQ(to_string(slip.error()),
              "unknown setting 'regoin' (abate.toml:2:1). Did you mean 'region'?");
    const auto inner = parse_settings("[node]\nredfish_uri = \"x\"\n", "abate.toml");
    ASSERT_FALSE(inner);
    EXPECT_EQ(inner.error().where, "abate.toml:2:1");
    EXPECT_EQ(inner.error().hint, "Did you mean 'node.redfish_url'?");
}

TEST(Settings, NameThePlaceOfAWrongValue) {
    struct Case {
        const char* toml;
        const char* where;
        ErrorCode code;
    };
    for (const Case& c : {Case{"pue = 0.5", "f:1:7", ErrorCode::out_of_range},
                          Case{"pue = 4.5", "f:1:7", ErrorCode::out_of_range},
                          Case{"lifetime = \"0y\"", "f:1:12", ErrorCode::out_of_range},
                          Case{"lifetime = \"4\"", "f:1:12", ErrorCode::parse_error},
                          Case{"utilisation = 1.5", "f:1:15", ErrorCode::out_of_range},
                          Case{"host_kgco2e = -1", "f:1:15", ErrorCode::out_of_range},
                          Case{"host_kgco2e = 1e9", "f:1:15", ErrorCode::out_of_range},
                          Case{"\ninterval = \"30\"", "f:2:12", ErrorCode::parse_error},
                          Case{"interval = 30", "f:1:12", ErrorCode::parse_error},
                          Case{"region = 3", "f:1:10", ErrorCode::parse_error},
                          Case{"labels = 3", "f:1:10", ErrorCode::parse_error},
                          Case{"[labels]\na = 3", "f:2:5", ErrorCode::parse_error},
                          Case{"[labels]\n\"a b\" = \"x\"", "f:2:1", ErrorCode::parse_error},
                          Case{"[node]\nsource = \"ups\"", "f:2:10", ErrorCode::parse_error},
                          Case{"[data]\npacks = \"x\"", "f:2:9", ErrorCode::parse_error}}) {
        const auto result = parse_settings(c.toml, "f");
        ASSERT_FALSE(result) << c.toml;
        EXPECT_EQ(result.error().where, c.where) << c.toml;
        EXPECT_EQ(result.error().code, c.code) << c.toml;
    }
    EXPECT_EQ(parse_settings("pue = \"4.5!\"", "f")->pue, 4.5);
    EXPECT_EQ(parse_settings("pue = 1.23456789", "f")->pue, 1.23456789);
    EXPECT_EQ(parse_settings("pue = 2", "f")->pue, 2.0);
}

// 2^53 + 1 is the first whole number that no double holds; it was read as 0.
TEST(Settings, ReadWholeNumbersThatNoDoubleHolds) {
    const auto market = parse_settings("[intensity]\nmarket = 9007199254740993\n", "f");
    ASSERT_FALSE(market);
    EXPECT_EQ(market.error().code, ErrorCode::out_of_range);
    EXPECT_FALSE(parse_settings("host_kgco2e = 9007199254740993\n", "f"));
}

TEST(Settings, KeepLifetimeAndUtilisationWithinReason) {
    for (const char* toml : {"utilisation = 1e-300",
                             "utilisation = 0.0009",
                             "lifetime = \"1e-9y\"",
                             "lifetime = \"23h\"",
                             "lifetime = \"101y\""})
        EXPECT_EQ(parse_settings(toml, "f").error().code, ErrorCode::out_of_range) << toml;
    EXPECT_EQ(parse_settings("utilisation = 0.001", "f")->utilisation, 0.001);
    EXPECT_EQ(parse_settings("lifetime = \"1d\"", "f")->lifetime_h, 24.0);
}

TEST(Settings, OfBrokenTomlSayWhere) {
    const auto broken = parse_settings("region = \"FR\"\nproject = \n", "abate.toml");
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, ErrorCode::parse_error);
    EXPECT_EQ(broken.error().where.rfind("abate.toml:2:", 0), 0U) << broken.error().where;
    EXPECT_FALSE(parse_settings("\xFF\xFE", "abate.toml"));
}

TEST(Settings, ComeFromTheEnvironment) {
    const std::map<std::string, std::string> variables{{"ABATE_REGION", "DE"},
                                                       {"ABATE_PUE", "1.1"},
                                                       {"ABATE_INTERVAL", "100ms"},
                                                       {"ABATE_LIFETIME", "5y"},
                                                       {"ABATE_UTILISATION", "0.6"},
                                                       {"ABATE_HOST_KGCO2E", "350"},
                                                       {"ABATE_LABELS", "a=1,b=2"},
                                                       {"ABATE_NODE_SOURCE", "ipmi"},
                                                       {"ABATE_PACKS", "/a:/b"}};
    const auto lookup = [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    };
    const auto settings = environment_settings(lookup);
    ASSERT_TRUE(settings) << to_string(settings.error());
    EXPECT_EQ(settings->region, "DE");
    EXPECT_EQ(settings->pue, 1.1);
    EXPECT_EQ(settings->interval_ns, 100'000'000);
    EXPECT_EQ(settings->lifetime_h, 43'800.0);
    EXPECT_EQ(settings->utilisation, 0.6);
    EXPECT_EQ(settings->host_kgco2e, 350.0);
    EXPECT_EQ(settings->labels, (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
    EXPECT_EQ(settings->node_source, "ipmi");
    EXPECT_EQ(settings->packs, (std::vector<std::string>{"/a", "/b"}));

    const auto wrong = environment_settings(
        [](const char* name) { return std::string(name) == "ABATE_PUE" ? "0.2" : ""; });
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().where, "ABATE_PUE");
}

TEST(Settings, OfTheUpperLayerWin) {
    Settings lower;
    lower.region = "FR";
    lower.project = "below";
    lower.pue = 1.5;
    lower.labels = {{"a", "1"}, {"b", "2"}};
    lower.packs = {"/x"};
    Settings upper;
    upper.region = "DE";
    upper.labels = {{"b", "3"}};
    const Settings both = merged({.lower = lower, .upper = upper});
    EXPECT_EQ(both.region, "DE");
    EXPECT_EQ(both.project, "below");
    EXPECT_EQ(both.pue, 1.5);
    EXPECT_EQ(both.labels, (std::map<std::string, std::string>{{"a", "1"}, {"b", "3"}}));
    EXPECT_EQ(both.packs, std::vector<std::string>{"/x"});
    EXPECT_EQ(merged({.lower = lower, .upper = {}}), lower);
    EXPECT_EQ(merged({.lower = {}, .upper = lower}), lower);
}

TEST(Settings, SayWhichHoursAndWhichContract) {
    const auto settings = parse_settings(
        "[intensity]\nhourly = \"auto\"\nmarket = 12.5\ntoken_file = \"/etc/abate/token\"\n",
        "abate.toml");
    ASSERT_TRUE(settings) << to_string(settings.error());
    EXPECT_EQ(settings->hourly, "auto");
    EXPECT_EQ(settings->market, 12.5);
    EXPECT_EQ(settings->intensity_token_file, "/etc/abate/token");
    // A token itself never stands in a setting.
    EXPECT_FALSE(parse_settings("[intensity]\ntoken = \"secret\"\n", "abate.toml"));
    EXPECT_FALSE(parse_settings("[intensity]\nmarket = -1\n", "abate.toml"));
    EXPECT_EQ(merged({.lower = *settings, .upper = Settings{}}).market, 12.5);
}

}  // namespace
}  // namespace abate::input
