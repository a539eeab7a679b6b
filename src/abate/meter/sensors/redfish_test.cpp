// Documents are written by the DMTF schemas (DSP8010 2024.1) in the shape that each vendor's BMC
// serves; numbers are made up.
#include "abate/meter/sensors/redfish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

namespace abate::meter {
namespace {

using testing::HasSubstr;

// A service that answers from a table and refuses everything else.
struct FakeService {
    std::map<std::string, std::string> pages;
    std::map<std::string, Error> refusals;
    std::vector<std::string> asked;

    void chassis(std::initializer_list<std::string> ids) {
        std::string members;
        for (const std::string& id : ids) {
            if (!members.empty()) members += ",";
            members += R"({"@odata.id":"/redfish/v1/Chassis/)" + id + R"("})";
        }
        pages["/redfish/v1/Chassis"] = R"({"Members":[)" + members + "]}";
    }
    HttpGet get() {
        return [this](const std::string& url) -> Result<std::string> {
            const std::string base = "https://bmc.example";
            EXPECT_TRUE(url.starts_with(base)) << url;
            const std::string path = url.substr(base.size());
            asked.push_back(path);
            if (const auto refusal = refusals.find(path); refusal != refusals.end()) {
                return refusal->second;
            }
            if (const auto page = pages.find(path); page != pages.end()) return page->second;
            return Error{ErrorCode::not_found, "HTTP 404", url, ""};
        };
    }
    Result<RedfishPlan> plan() { return find_redfish_power(get(), "https://bmc.example"); }
    Result<RedfishReading> read(const RedfishPlan& plan) { return read_redfish_power(get(), plan); }
};

const char* const kComputer =
    R"("Links":{"ComputerSystems":[{"@odata.id":"/redfish/v1/Systems/1"}]})";

FakeService idrac() {
    FakeService service;
    service.chassis({"Enclosure.Internal.0-1", "System.Embedded.1"});
    service.pages["/redfish/v1/Chassis/Enclosure.Internal.0-1"] =
        R"({"ChassisType":"StorageEnclosure","Id":"Enclosure.Internal.0-1"})";
    service.pages["/redfish/v1/Chassis/System.Embedded.1"] =
        std::string(
            R"({"ChassisType":"RackMount","Manufacturer":"Dell Inc.","Model":"PowerEdge R760",)") +
        kComputer +
        R"(,"EnvironmentMetrics":{"@odata.id":"/redfish/v1/Chassis/System.Embedded.1/EnvironmentMetrics"},
        "Power":{"@odata.id":"/redfish/v1/Chassis/System.Embedded.1/Power"}})";
    service.pages["/redfish/v1/Chassis/System.Embedded.1/EnvironmentMetrics"] =
        R"({"PowerWatts":{"DataSourceUri":"/x","Reading":374},"EnergykWh":{"Reading":1234.5}})";
    return service;
}

TEST(Redfish, DellEnvironmentMetricsOfTheChassisThatHoldsTheComputer) {
    FakeService service = idrac();
    const auto plan = service.plan();
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->resource, RedfishResource::environment_metrics);
    EXPECT_EQ(plan->chassis, "/redfish/v1/Chassis/System.Embedded.1");
    EXPECT_EQ(plan->name, "Dell Inc. PowerEdge R760");
    const auto reading = service.read(*plan);
    EXPECT_DOUBLE_EQ(reading->watts, 374);
    EXPECT_DOUBLE_EQ(*reading->energy_j, 1234.5 * 3.6e6);
    EXPECT_DOUBLE_EQ(reading->energy_step_j, 0.1 * 3.6e6);  // one decimal is shown
}

TEST(Redfish, HpeOldPowerResource) {
    FakeService service;
    service.chassis({"1"});
    service.pages["/redfish/v1/Chassis/1"] =
        std::string(
            R"({"ChassisType":"RackMount","Power":{"@odata.id":"/redfish/v1/Chassis/1/Power"},)") +
        kComputer + "}";
    service.pages["/redfish/v1/Chassis/1/Power"] =
        R"({"PowerControl":[{"@odata.id":"/redfish/v1/Chassis/1/Power#PowerControl/0","MemberId":"0",
        "PowerCapacityWatts":1600,"PowerConsumedWatts":221,
        "PowerMetrics":{"AverageConsumedWatts":220,"IntervalInMin":20}}]})";
    const auto plan = service.plan();
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->resource, RedfishResource::power_control);
    EXPECT_DOUBLE_EQ(service.read(*plan)->watts, 221);
    EXPECT_FALSE(service.read(*plan)->energy_j.has_value());
}

FakeService supermicro() {
    FakeService service;
    service.chassis({"1"});
    service.pages["/redfish/v1/Chassis/1"] =
        std::string(
            R"({"ChassisType":"Other","PowerSubsystem":{"@odata.id":"/redfish/v1/Chassis/1/PowerSubsystem"},)") +
        kComputer + "}";
    service.pages["/redfish/v1/Chassis/1/PowerSubsystem"] =
        R"({"PowerSupplies":{"@odata.id":"/redfish/v1/Chassis/1/PowerSubsystem/PowerSupplies"}})";
    service.pages["/redfish/v1/Chassis/1/PowerSubsystem/PowerSupplies"] =
        R"({"Members":[{"@odata.id":"/redfish/v1/P/1"},{"@odata.id":"/redfish/v1/P/2"},{"@odata.id":"/redfish/v1/P/3"}]})";
    service.pages["/redfish/v1/P/1"] =
        R"({"Status":{"State":"Enabled"},"Metrics":{"@odata.id":"/redfish/v1/P/1/Metrics"}})";
    service.pages["/redfish/v1/P/2"] =
        R"({"Status":{"State":"StandbyOffline"},"Metrics":{"@odata.id":"/redfish/v1/P/2/Metrics"}})";
    service.pages["/redfish/v1/P/3"] = R"({"Status":{"State":"Absent"}})";
    service.pages["/redfish/v1/P/1/Metrics"] =
        R"({"InputPowerWatts":{"Reading":300.5},"EnergykWh":{"Reading":10.001}})";
    service.pages["/redfish/v1/P/2/Metrics"] =
        R"({"InputPowerWatts":{"Reading":0},"EnergykWh":{"Reading":2.5}})";
    return service;
}

TEST(Redfish, SupermicroSumsItsFittedPowerSupplies) {
    FakeService service = supermicro();
    const auto plan = service.plan();
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->resource, RedfishResource::power_supplies);
    EXPECT_EQ(plan->urls.size(), 2u);
    const auto reading = service.read(*plan);
    EXPECT_DOUBLE_EQ(reading->watts, 300.5);               // 300.5 + 0 (standby)
    EXPECT_DOUBLE_EQ(*reading->energy_j, 12.501 * 3.6e6);  // 10.001 + 2.5 kWh
}

TEST(Redfish, OneFailedPowerSupplyFailsTheSum) {
    FakeService service = supermicro();
    const auto plan = service.plan();
    service.refusals.insert(
        {"/redfish/v1/P/2/Metrics", Error{ErrorCode::unavailable, "timed out", "", ""}});
    EXPECT_EQ(service.read(*plan).error().code, ErrorCode::unavailable);
}

TEST(Redfish, NvidiaHgxBoardsAreNotTheNode) {
    FakeService service;
    service.chassis({"HGX_GPU_SXM_1", "HGX_Chassis_0", "DGX"});
    service.pages["/redfish/v1/Chassis/HGX_GPU_SXM_1"] =
        R"({"ChassisType":"Module","EnvironmentMetrics":{"@odata.id":"/redfish/v1/Chassis/HGX_GPU_SXM_1/EnvironmentMetrics"}})";
    service.pages["/redfish/v1/Chassis/HGX_GPU_SXM_1/EnvironmentMetrics"] =
        R"({"PowerWatts":{"Reading":690.1},"EnergyJoules":{"Reading":5000.25}})";
    service.pages["/redfish/v1/Chassis/HGX_Chassis_0"] =
        R"({"ChassisType":"Component","EnvironmentMetrics":{"@odata.id":"/redfish/v1/Chassis/HGX_Chassis_0/EnvironmentMetrics"}})";
    service.pages["/redfish/v1/Chassis/DGX"] =
        R"({"ChassisType":"RackMount","Links":{"ComputerSystems":[{"@odata.id":"/redfish/v1/Systems/DGX"},{"@odata.id":"/redfish/v1/Systems/HGX_Baseboard_0"}]},
        "EnvironmentMetrics":{"@odata.id":"/redfish/v1/Chassis/DGX/EnvironmentMetrics"}})";
    service.pages["/redfish/v1/Chassis/DGX/EnvironmentMetrics"] =
        R"({"PowerWatts":{"Reading":8123.5},"EnergyJoules":{"Reading":5000.25}})";
    const auto plan = service.plan();
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->chassis, "/redfish/v1/Chassis/DGX");
    EXPECT_DOUBLE_EQ(*service.read(*plan)->energy_j, 5000.25);
    EXPECT_DOUBLE_EQ(service.read(*plan)->energy_step_j, 0.01);

    service.chassis({"HGX_GPU_SXM_1", "HGX_Chassis_0"});  // the board's own BMC
    const auto alone = service.plan();
    ASSERT_FALSE(alone.has_value());
    EXPECT_EQ(alone.error().code, ErrorCode::unsupported);
    EXPECT_THAT(alone.error().where,
                HasSubstr("/redfish/v1/Chassis/HGX_Chassis_0: ChassisType Component"));
}

TEST(Redfish, AnEnclosureOfSeveralMachinesIsNotOne) {
    FakeService service;
    service.chassis({"E"});
    service.pages["/redfish/v1/Chassis/E"] =
        R"({"ChassisType":"Enclosure","Links":{"ComputerSystems":[{"@odata.id":"/redfish/v1/a"},{"@odata.id":"/redfish/v1/b"}]},
        "Power":{"@odata.id":"/redfish/v1/Chassis/E/Power"}})";
    service.pages["/redfish/v1/Chassis/E/Power"] =
        R"({"PowerControl":[{"PowerConsumedWatts":900}]})";
    EXPECT_FALSE(service.plan().has_value());
}

TEST(Redfish, TheErrorNamesEveryPathTried) {
    FakeService service = idrac();
    service.pages["/redfish/v1/Chassis/System.Embedded.1/EnvironmentMetrics"] =
        R"({"PowerWatts":{"Reading":null}})";
    const auto plan = service.plan();  // Power itself answers 404
    ASSERT_FALSE(plan.has_value());
    EXPECT_THAT(plan.error().where,
                HasSubstr("/redfish/v1/Chassis/System.Embedded.1/EnvironmentMetrics: no number "
                          "PowerWatts.Reading"));
    EXPECT_THAT(plan.error().where,
                HasSubstr("/redfish/v1/Chassis/System.Embedded.1/Power: HTTP 404"));
}

TEST(Redfish, LinksThatLeaveTheServiceAreNotFollowed) {
    FakeService service;
    service.pages["/redfish/v1/Chassis"] =
        R"({"Members":[{"@odata.id":"http://evil.example/redfish/v1/Chassis/1"},{"@odata.id":"/etc/passwd"},
        {"@odata.id":"/redfish/v1/a b"},{"@odata.id":7},null,"x"]})";
    EXPECT_FALSE(service.plan().has_value());
    EXPECT_EQ(service.asked, std::vector<std::string>{"/redfish/v1/Chassis"});
}

TEST(Redfish, AbsurdWattsAreRefused) {
    const auto code = [](const std::string& watts) {
        return parse_redfish_power(RedfishResource::environment_metrics,
                                   R"({"PowerWatts":{"Reading":)" + watts + "}}")
            .error()
            .code;
    };
    EXPECT_EQ(code("-3"), ErrorCode::out_of_range);
    EXPECT_EQ(code("0"), ErrorCode::out_of_range);
    EXPECT_EQ(code("1e9"), ErrorCode::out_of_range);
    EXPECT_EQ(code("\"344\""), ErrorCode::not_found);  // a string is no number
    EXPECT_EQ(code("1e999"), ErrorCode::parse_error);  // JSON numbers beyond double
}

TEST(Redfish, BrokenDocumentsAreParseErrors) {
    for (const char* text : {"", "{", "[]", "null", "7", "<html>", "{\"PowerWatts\":"}) {
        const auto reading = parse_redfish_power(RedfishResource::environment_metrics, text);
        ASSERT_FALSE(reading.has_value()) << text;
        EXPECT_EQ(reading.error().code, ErrorCode::parse_error) << text;
    }
    for (const char* text :
         {R"({"PowerControl":[]})", R"({"PowerControl":{}})", R"({"PowerControl":[7]})"}) {
        EXPECT_EQ(parse_redfish_power(RedfishResource::power_control, text).error().code,
                  ErrorCode::not_found)
            << text;
    }
}

// Opened sensors poll on their own thread: the real clock, and services that live as long as it.
struct OpenedRedfish : testing::Test {
    OpenedRedfish() { environment.clock = &clock; }
    SensorOpening open(FakeService service) {
        auto shared = std::make_shared<FakeService>(std::move(service));
        return open_redfish(environment, "https://bmc.example/", [shared](const std::string& url) {
            return shared->get()(url);
        });
    }
    SystemClock clock;
    SensorEnvironment environment;
};

TEST_F(OpenedRedfish, GivesMicrowattsAtTheNodeBoundary) {
    const SensorOpening opening = open(idrac());
    ASSERT_NE(opening.sensor, nullptr);
    // The counter shows tenths of a kWh: 360 kJ a step is too coarse for a run, so it is left out.
    ASSERT_EQ(opening.sensor->channels().size(), 1u);
    EXPECT_EQ(opening.sensor->channels()[0].source, "redfish");
    EXPECT_EQ(opening.sensor->channels()[0].boundary, ChannelBoundary::node);
    Reading reading;
    opening.sensor->read({&reading, 1}, ReadReason::boundary);
    EXPECT_EQ(reading.status, ReadStatus::ok);
    EXPECT_EQ(reading.value, 374'000'000u);
    EXPECT_EQ(opening.findings[0].subject,
              "https://bmc.example/redfish/v1/Chassis/System.Embedded.1/EnvironmentMetrics");
}

TEST_F(OpenedRedfish, AFineEnergyCounterIsASecondChannel) {
    FakeService service = idrac();
    service.pages["/redfish/v1/Chassis/System.Embedded.1/EnvironmentMetrics"] =
        R"({"PowerWatts":{"Reading":360},"EnergykWh":{"Reading":12.501}})";
    const SensorOpening opening = open(std::move(service));
    ASSERT_NE(opening.sensor, nullptr);
    ASSERT_EQ(opening.sensor->channels().size(), 2u);
    const ChannelInfo& counter = opening.sensor->channels()[1];
    EXPECT_EQ(counter.source, "redfish-energy");
    EXPECT_EQ(counter.kind, ChannelKind::energy_counter);
    EXPECT_DOUBLE_EQ(counter.refresh_s, 10);  // 0.001 kWh = 3600 J, at 360 W
    std::vector<Reading> readings(2);
    opening.sensor->read(readings, ReadReason::boundary);
    EXPECT_EQ(readings[1].value, 45'003'600'000'000u);  // 12.501 kWh x 3.6e12 uJ
}

TEST_F(OpenedRedfish, RefusedCredentialsAreDeniedWithWhatToDo) {
    FakeService service;
    service.refusals.insert(
        {"/redfish/v1/Chassis",
         Error{ErrorCode::permission_denied, "HTTP 401", "https://bmc.example", ""}});
    const SensorOpening opening = open(std::move(service));
    EXPECT_EQ(opening.sensor, nullptr);
    EXPECT_EQ(opening.findings[0].state, FindingState::denied);
    EXPECT_THAT(opening.findings[0].grant, HasSubstr("redfish_password_file"));
}

TEST_F(OpenedRedfish, AServiceOutOfReachIsAbsent) {
    FakeService service;
    service.refusals.insert(
        {"/redfish/v1/Chassis",
         Error{ErrorCode::unavailable, "timed out after 10 s", "https://bmc.example", ""}});
    const SensorOpening opening = open(std::move(service));
    EXPECT_EQ(opening.sensor, nullptr);
    EXPECT_EQ(opening.findings[0].state, FindingState::absent);
    EXPECT_THAT(opening.findings[0].detail, HasSubstr("timed out"));
}

TEST_F(OpenedRedfish, AnExceptionOfTheClientIsAFinding) {
    const SensorOpening opening = open_redfish(
        environment, "https://bmc.example", [](const std::string&) -> Result<std::string> {
            throw std::runtime_error("out of sockets");
        });
    EXPECT_EQ(opening.sensor, nullptr);
    EXPECT_EQ(opening.findings[0].state, FindingState::broken);
}

}  // namespace
}  // namespace abate::meter
