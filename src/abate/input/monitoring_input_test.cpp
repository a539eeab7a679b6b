#include "abate/input/input.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace abate::input {
namespace {

std::string example(const std::string& name) {
    const char* source = std::getenv("ABATE_SOURCE_DIR");
    std::ifstream in(std::string(source != nullptr ? source : ".") + "/examples/registry/" + name);
    EXPECT_TRUE(in.good()) << name;
    return {std::istreambuf_iterator<char>(in), {}};
}

// The example, with one line for another.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what is there, then what takes its place
std::string with(std::string text, const std::string& old_line, const std::string& new_line) {
    const std::size_t at = text.find(old_line);
    EXPECT_NE(at, std::string::npos) << old_line;
    return text.replace(at, old_line.size(), new_line);
}

TEST(MonitoringInput, ReadsTheExampleReport) {
    const Result<ReportDocument> doc =
        parse_monitoring_report(example("report.toml"), "report.toml");
    ASSERT_TRUE(doc) << to_string(doc.error());
    const scheme::MonitoringReport& report = doc->report;
    EXPECT_EQ(report.year, 2027);
    EXPECT_EQ(report.plan_version, 1);
    EXPECT_EQ(report.verifier, scheme::ParticipantId{50});
    ASSERT_EQ(report.sites.size(), 1U);
    const scheme::ReportSite& hall = report.sites[0];
    ASSERT_EQ(hall.readings.size(), 2U);
    EXPECT_EQ(hall.readings[0].energy, Microjoules(Int128{3'600'000'000'000'000}));
    ASSERT_EQ(hall.gaps.size(), 1U);
    EXPECT_EQ(hall.gaps[0].low, Microjoules(Int128{720'000'000'000}));
    ASSERT_EQ(hall.runs.size(), 2U);
    EXPECT_EQ(hall.runs[0].label, "inference");
    EXPECT_EQ(hall.runs[1].share.value, scheme::kMillion);
    ASSERT_EQ(hall.uncovered.size(), 1U);
    EXPECT_TRUE(hall.uncovered[0].outside_it);
    ASSERT_EQ(report.deliveries.size(), 1U);
    EXPECT_EQ(report.deliveries[0].served, 1'000U);
    EXPECT_EQ(report.deliveries[0].buyer, scheme::GroupId{7});
    EXPECT_TRUE(doc->stored_runs.empty());
}

TEST(MonitoringInput, ReadsTheExamplePlan) {
    const Result<scheme::MonitoringPlan> plan =
        parse_monitoring_plan(example("plan.toml"), "plan.toml");
    ASSERT_TRUE(plan) << to_string(plan.error());
    EXPECT_EQ(plan->first_year, 2027);
    ASSERT_EQ(plan->sites.size(), 1U);
    ASSERT_EQ(plan->sites[0].meters.size(), 3U);
    EXPECT_EQ(plan->sites[0].meters[2].scope, scheme::MeterScope::uncovered);
    EXPECT_EQ(plan->sites[0].meters[0].uncertainty.value, 20'000);
    EXPECT_EQ(plan->counters.at(0).uncertainty.value, 1'000);
}

TEST(MonitoringInput, EnergyIsExact) {
    const auto energy = [](const std::string& written) {
        const auto doc = parse_monitoring_report(
            with(example("report.toml"), "energy_kwh = 1000", "energy_kwh = " + written),
            "report.toml");
        return doc ? doc->report.sites[0].readings[0].energy.count() : Int128{-1};
    };
    EXPECT_TRUE(energy("0.1") == 360'000'000'000);
    EXPECT_TRUE(energy("1.000001") == 3'600'003'600'000);
    EXPECT_TRUE(energy("123456789.123456") == Int128{123'456'789'123'456} * 3'600'000);
    EXPECT_TRUE(energy("\"9007199254740993.000001\"") ==
                (Int128{9'007'199'254'740'993} * 1'000'000 + 1) * 3'600'000);
    EXPECT_TRUE(energy("9007199254740993") ==
                Int128{9'007'199'254'740'993} * 1'000'000 * 3'600'000);
    for (const char* wrong :
         {"0.0000001", "-1", "-0.5", "nan", "inf", "\"many\"", "\"\"", "true", "[]"})
        EXPECT_TRUE(energy(wrong) == -1) << wrong;
}

TEST(MonitoringInput, NamesRunsOfTheStore) {
    const auto doc = parse_monitoring_report(with(example("report.toml"),
                                                  "name = \"hall\"",
                                                  "name = \"hall\"\nstored_runs = [\"A\", \"B\"]"),
                                             "report.toml");
    ASSERT_TRUE(doc) << to_string(doc.error());
    ASSERT_EQ(doc->stored_runs.size(), 2U);
    EXPECT_EQ(doc->stored_runs[1].run, RunId{"B"});
    EXPECT_EQ(doc->stored_runs[1].site, 0U);

    RunRecord record;
    record.run_id = RunId{"B"};
    record.host.name = "node-7";
    record.started_at = {1'000'000};
    record.ended_at = {2'000'000};
    record.phase = Phase::training;
    record.attributed.energy.value = Microjoules(Int128{5});
    EXPECT_EQ(report_run(record).energy, Microjoules(Int128{5}));
    record.node = NodeRecord{.energy = {.energy_j = 12.5}, .source = "redfish"};
    const scheme::ReportRun run = report_run(record);
    EXPECT_EQ(run.energy, Microjoules(Int128{12'500'000}));
    EXPECT_EQ(run.device, "node-7");
    EXPECT_EQ(run.label, "training");
}

TEST(MonitoringInput, SaysWhatIsWrongAndWhere) {
    const auto report_error = [](const std::string& old_line, const std::string& new_line) {
        const auto doc = parse_monitoring_report(with(example("report.toml"), old_line, new_line),
                                                 "report.toml");
        return doc ? std::string("none") : to_string(doc.error());
    };
    const auto has = [](const std::string& text, const std::string& part) {
        EXPECT_NE(text.find(part), std::string::npos) << text;
    };
    has(report_error("year = 2027", "yaer = 2027"), "unknown key 'yaer'");
    has(report_error("year = 2027", "yaer = 2027"), "Did you mean 'year'?");
    has(report_error("year = 2027", "yaer = 2027"), "report.toml:3:1");
    has(report_error("year = 2027", ""), "'year' is missing");
    has(report_error("year = 2027", "year = \"2027\""), "'year' must be a whole number");
    has(report_error("verifier = 50", "verifier = -1"), "'verifier' cannot be -1");
    has(report_error("energy_kwh = 800", "energy = 800"), "The unit is part of the key");
    has(report_error("energy_kwh = 800", "energy_kwh = \"lots\""),
        "'energy_kwh' is no energy: 'lots'");
    has(report_error("energy_kwh = 800", "energy_kwh = -800"), "'energy_kwh' cannot be below 0");
    has(report_error("begin = 2027-06-01T10:00:00Z", "begin = 2027-06-01T10:00:00"),
        "a time without its zone");
    has(report_error("[[delivery]]", "[delivery]"), "Write [[delivery]], with two brackets");
    has(report_error("[[site.run]] ", "[site.runs]\n#"), "unknown key 'runs' in [[site]]");
    has(report_error("year = 2027", "year ="), "report.toml:3:");
    const auto plan_error = [](const std::string& old_line, const std::string& new_line) {
        const auto plan =
            parse_monitoring_plan(with(example("plan.toml"), old_line, new_line), "plan.toml");
        return plan ? std::string("none") : to_string(plan.error());
    };
    has(plan_error("scope = \"it\"", "scope = \"rack\""), "'scope' cannot be 'rack'");
    has(plan_error("supply = \"utility\"", "supply = \"landlod\""), "Did you mean 'landlord'?");
    has(plan_error("uncertainty_percent = 1.0", "uncertainty_percent = 101"),
        "'uncertainty_percent' cannot be 101");
    has(plan_error("uncertainty_percent = 1.0", ""), "'uncertainty_percent' is missing");
}

TEST(MonitoringInput, PeopleAndClassesMayBeNamed) {
    const Names names{.participants = {{.name = "Check Ltd", .number = 50},
                                       {.name = "Cloud", .number = 3},
                                       {.name = "Twin", .number = 8},
                                       {.name = "twin", .number = 9}},
                      .groups = {{.name = "Buyers", .number = 7}},
                      .service_classes = {"text", "image"}};
    const auto with_names = [&](const std::string& old_line, const std::string& new_line) {
        return parse_monitoring_report(
            with(example("report.toml"), old_line, new_line), "report.toml", names);
    };
    const auto by_name = with_names("verifier = 50", "verifier = \"check ltd\"");
    ASSERT_TRUE(by_name) << to_string(by_name.error());
    EXPECT_EQ(by_name->report.verifier, scheme::ParticipantId{50});
    const auto buyer = with_names("buyer = 7", "buyer = \"Buyers\"");
    ASSERT_TRUE(buyer) << to_string(buyer.error());
    EXPECT_EQ(buyer->report.deliveries.at(0).buyer, scheme::GroupId{7});
    const auto plan = parse_monitoring_plan(with(example("plan.toml"),
                                                 "supply = \"utility\"",
                                                 "supply = \"cloud\"\nsupplier = \"Cloud\""),
                                            "plan.toml",
                                            names);
    ASSERT_TRUE(plan) << to_string(plan.error());
    EXPECT_EQ(plan->sites.at(0).supplier, scheme::ParticipantId{3});
    const auto error = [&](const std::string& old_line, const std::string& new_line) {
        const auto doc = with_names(old_line, new_line);
        return doc ? std::string("none") : to_string(doc.error());
    };
    const auto has = [](const std::string& text, const std::string& part) {
        EXPECT_NE(text.find(part), std::string::npos) << text;
    };
    has(error("verifier = 50", "verifier = \"Chek Ltd\""), "Did you mean 'Check Ltd'?");
    has(error("verifier = 50", "verifier = \"Chek Ltd\""), "report.toml:5:12");
    has(error("verifier = 50", "verifier = \"twin\""), "Write which by its number: 8 or 9");
    has(error("verifier = 50", "verifier = true"), "must be a whole number");
    has(error("service_class = \"text\"", "service_class = \"txt\""), "Did you mean 'text'?");
    // Who knows nobody takes numbers only, and any class.
    EXPECT_FALSE(parse_monitoring_report(
        with(example("report.toml"), "verifier = 50", "verifier = \"Check Ltd\""), "report.toml"));
    EXPECT_TRUE(parse_monitoring_report(
        with(example("report.toml"), "service_class = \"text\"", "service_class = \"film\""),
        "report.toml"));
}

}  // namespace
}  // namespace abate::input
