// Each writer's output for the records of example_record.h, beside the files of
// tests/golden/report. ABATE_UPDATE_GOLDEN=1 rewrites them; read the difference before it is
// committed.
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "example_record.h"

namespace abate {
namespace {

std::string golden_path(const std::string& name) {
    const char* source = std::getenv("ABATE_SOURCE_DIR");
    return std::string(source == nullptr ? "." : source) + "/tests/golden/report/" + name;
}

void expect_golden(const std::string& name, const std::string& text) {
    const std::string path = golden_path(name);
    if (std::getenv("ABATE_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    std::ifstream in(path, std::ios::binary);
    ASSERT_TRUE(in) << path << " cannot be read; ABATE_SOURCE_DIR names the source tree";
    const std::string wanted((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(text, wanted) << "differs from " << path;
}

std::vector<RunRecord> both() {
    return {testing::example_record(), testing::example_record_unknown_region()};
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

TEST(ExampleRecord, ConservesEnergyToTheMicrojoule) {
    const RunRecord record = testing::example_record();
    EXPECT_EQ(record.attributed.active + record.attributed.idle, record.attributed.energy.value);
    EXPECT_EQ(record.attributed.energy.value + record.unattributed.idle +
                  record.unattributed.others + record.unattributed.unknown,
              record.energy.total.value);
}

TEST(Golden, Json) {
    expect_golden("run_record.json", report::run_record_json(testing::example_record()) + "\n");
    expect_golden("runs.json", report::runs_json(both()) + "\n");
}
TEST(Golden, Summary) {
    const RunRecord record = testing::example_record();
    expect_golden("summary.txt", report::run_summary(record, {.columns = 100}));
    expect_golden("summary_color.txt",
                  report::run_summary(record, {.color = true, .columns = 100}));
    expect_golden("summary_unknown_region.txt",
                  report::run_summary(testing::example_record_unknown_region(), {.columns = 100}));
}
TEST(Golden, Table) { expect_golden("runs_table.txt", report::runs_table(both(), false)); }
TEST(Table, ColumnsDoNotTouchHoweverSmallTheFigures) {
    RunRecord record = testing::example_record();
    record.operational->location_kgco2e = exactly(8.474e-15);
    const std::vector<std::string> lines =
        lines_of(report::runs_table(std::vector<RunRecord>{record}, false));
    EXPECT_NE(lines.at(1).find(" 0.008474 ng python3 "), std::string::npos) << lines.at(1);
}
TEST(Golden, Show) {
    expect_golden("show.txt", report::show_text(testing::example_record(), false, false));
    expect_golden("show_explain.txt", report::show_text(testing::example_record(), true, false));
}
TEST(Golden, Exports) {
    expect_golden("runs.csv", report::runs_csv(both()));
    expect_golden("codecarbon.csv", report::codecarbon_csv(both()));
    expect_golden("model_card.yaml", report::model_card_yaml(both()));
    expect_golden("cite.md", report::cite_text(both()));
    expect_golden("cite.json", report::cite_json(both()) + "\n");
}

TEST(Golden, TheRecordInTheDocumentationIsTheGoldenOne) {
    std::ifstream in(golden_path("run_record.json"), std::ios::binary);
    const std::string golden((std::istreambuf_iterator<char>(in)), {});
    std::ifstream page(golden_path("../../../docs/reference/run_record.md"), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(page)), {});
    EXPECT_NE(text.find("```json\n" + golden + "```"), std::string::npos);
    EXPECT_EQ(*input::parse_run_record(golden), testing::example_record());
}

TEST(Header, IsTheRecordAndWhatItsTablesWereMadeOf) {
    const RunRecord record = testing::example_record();
    const data::Layers layers{.packs = {"/opt/a", "/opt/b"},
                              .organisation = "/etc/abate/overrides.csv",
                              .project = "/p/abate-overrides.csv",
                              .options = {"cloud_regions/gcp europe-west9/pue=1.2", "a/\"b\"/c=1"}};
    const std::string header = report::header_json(record, layers);
    EXPECT_EQ(header.find('\n'), std::string::npos);
    EXPECT_EQ(*input::parse_run_record(header), record);
    const auto read = input::parse_header_layers(header);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->packs, layers.packs);
    EXPECT_EQ((*read)->organisation, layers.organisation);
    EXPECT_EQ((*read)->project, layers.project);
    EXPECT_EQ((*read)->options, layers.options);
}

TEST(Summary, IsAtMostNineLinesThatFitTheTerminal) {
    RunRecord record = testing::example_record_unknown_region();
    record.notes.assign(20, std::string(300, 'n'));
    record.left_running.assign(50, {.pid = 123456, .command = std::string(80, 'c')});
    for (int gpu = 1; gpu < 16; ++gpu) {
        DeviceEnergy device = record.energy.devices[2];
        device.device = "gpu-" + std::to_string(gpu);
        record.energy.devices.push_back(device);
    }
    record.node->source = std::string(200, 's');
    record.embodied = testing::example_record().embodied;
    record.embodied->boundary = std::string(500, 'b');
    for (const RunRecord& each : {record, testing::example_record()}) {
        const std::string& id = each.run_id.text();
        const std::string id_end = id.substr(id.size() - 8);
        for (const std::size_t columns : {40U, 80U, 100U, 300U}) {
            const auto lines = lines_of(report::run_summary(each, {.columns = columns}));
            EXPECT_LE(lines.size(), 9U);
            for (const std::string& line : lines) EXPECT_LE(line.size(), columns) << line;
            EXPECT_NE(lines.back().find("abate show " + id_end + " --ex"), std::string::npos);
        }
        // Below 40 columns the terminal breaks the lines.
        EXPECT_EQ(report::run_summary(each, {.columns = 1}),
                  report::run_summary(each, {.columns = 40}));
    }
    // A wider terminal is used: 14 of the 16 GPUs are left out at 100 columns, none at 1,000.
    const auto wide = lines_of(report::run_summary(record, {.columns = 1000}));
    EXPECT_NE(wide[2].find("gpu-15"), std::string::npos) << wide[2];
    EXPECT_EQ(wide[2].find(" more, "), std::string::npos) << wide[2];
}

TEST(Summary, IsCutNowhereWhenItGoesToAFile) {
    RunRecord record = testing::example_record_unknown_region();
    record.notes.assign(2, std::string(300, 'n'));
    record.left_running.assign(50, {.pid = 123456, .command = std::string(80, 'c')});
    record.node->source = std::string(200, 's');
    const std::string text = report::run_summary(record);
    EXPECT_EQ(text.find("..."), std::string::npos) << text;
    EXPECT_NE(text.find(std::string(300, 'n') + " (and 1 more)\n"), std::string::npos) << text;
    EXPECT_NE(text.find(std::string(200, 's')), std::string::npos) << text;
    EXPECT_LE(lines_of(text).size(), 9U);
}

TEST(Summary, SaysFirstThatTheRegionIsUnknown) {
    const auto unknown = lines_of(report::run_summary(testing::example_record_unknown_region()));
    EXPECT_EQ(unknown.front(),
              "abate: region unknown, so carbon spans countries (50.00 to 800.0 g CO2e/kWh): give "
              "--region");
    const auto known = lines_of(report::run_summary(testing::example_record()));
    EXPECT_EQ(known.front().rfind("abate: 8.500 kJ (8.00 to 9.00), 200.2 mg CO2e (140 to 270) "
                                  "operational, 2 m 04 s, exit 0",
                                  0),
              0U)
        << known.front();
}

TEST(Terminal, SeesNoControlCharacterFromACommand) {
    RunRecord record = testing::example_record();
    const std::string attack =
        "\x1b]0;owned\x07\x1b[2J\r\n\xC2\x9B"
        "31m";
    record.command = {attack};
    record.project = attack;
    record.region = attack;
    record.labels = {{"a", attack}};
    record.left_running = {{1, attack}};
    record.notes = {attack};
    record.host.name = attack;
    record.node->source = attack;
    record.energy.devices[0].device = attack;
    record.energy.devices[0].name = attack;
    record.checks[0].device = attack;
    record.provenance[0].source = attack;
    record.work.source = attack;
    record.abate_version = attack;
    const std::vector<RunRecord> records{record};
    for (const std::string& text : {report::run_summary(record),
                                    report::runs_table(records, false),
                                    report::show_text(record, true, false),
                                    report::cite_text(records)}) {
        EXPECT_EQ(text.find_first_of("\x1b\x07\r"), std::string::npos) << text;
        EXPECT_EQ(text.find("\xC2\x9B"), std::string::npos) << text;
    }
}

TEST(CodeCarbon, HasItsColumnsInItsOrder) {
    // The header of CodeCarbon 3's emissions.csv.
    const auto lines = lines_of(report::codecarbon_csv(both()));
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(
        lines[0],
        "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,"
        "gpu_power,ram_power,cpu_energy,gpu_energy,ram_energy,energy_consumed,water_consumed,"
        "country_name,country_iso_code,region,cloud_provider,cloud_region,os,python_version,"
        "codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,longitude,latitude,"
        "ram_total_size,tracking_mode,cpu_utilization_percent,gpu_utilization_percent,"
        "ram_utilization_percent,ram_used_gb,on_cloud,pue,wue");
}

TEST(CodeCarbon, EnergyIsComponentsTimesPueAsThere) {
    // 8500.25 J x 1.2 / 3.6e6 = 0.00283341666... kWh; x 45 g/kWh = 0.0001275037500 kg.
    // CPU: 6000.25 / 12000.25 of it, GPU 5000 / 12000.25, memory 1000 / 12000.25.
    const std::vector<RunRecord> one{testing::example_record()};
    const std::string row = lines_of(report::codecarbon_csv(one))[1];
    std::vector<std::string> cells;
    std::istringstream in(row);
    for (std::string part; std::getline(in, part, ',');) cells.push_back(part);
    EXPECT_EQ(cells[1], "'=SUM(A1)");
    EXPECT_NEAR(std::stod(cells[13]), 8500.25 * 1.2 / 3.6e6, 1e-15);
    EXPECT_NEAR(std::stod(cells[5]), 0.00012750375, 1e-15);
    EXPECT_NEAR(std::stod(cells[10]) + std::stod(cells[11]) + std::stod(cells[12]),
                std::stod(cells[13]),
                1e-15);
    EXPECT_NEAR(std::stod(cells[11]), 8500.25 * 5000 / 12000.25 * 1.2 / 3.6e6, 1e-15);
    EXPECT_NEAR(std::stod(cells[7]), 8500.25 * 6000.25 / 12000.25 / 124.25, 1e-9);  // watts, no PUE
}

TEST(ModelCard, IsInGrams) {
    // 0.2001808875 g + 1.95732423333 g = 2.15750512083 g, to four digits.
    const std::string card = report::model_card_yaml(both());
    const std::size_t at = card.find("  emissions: ");
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(card.substr(at + 13, 6), "2.158\n");
}

TEST(Cite, AddsAttributedEnergyAndRangesLinearlyAndNeverTheMachine) {
    // Twice 8500.25 J = 17000.5 J; ranges 2 x 8000 and 2 x 9000, as the meter is the same.
    const std::string text = report::cite_text(both());
    EXPECT_NE(text.find("17.00 kJ (90 % interval 16.0 to 18.0)"), std::string::npos) << text;
    EXPECT_EQ(text.find("24.00 kJ"), std::string::npos);  // twice the machine's total
    EXPECT_NE(text.find("PUE of 1.2"), std::string::npos);
    EXPECT_NE(text.find("2025"), std::string::npos);
    EXPECT_NE(text.find("FR: 45.00 g CO2e/kWh"), std::string::npos);
}

// 1500 kg x 124.25 s / 3600 / 35040 h x 0.43 = 0.6353156 g (0.3 to 1.5) and with 0.2001809 g of running 0.8354965 g (0.5 to 1.7); two of
// them 1.270631 (0.6 to 3.0) and 1.670993 (1.0 to 3.4), since both stand on the same tables.
TEST(Cite, TellsMakingAndTotalWhereEachRunHasThem) {
    const std::vector<RunRecord> twice{testing::example_record(), testing::example_record()};
    const std::string text = report::cite_text(twice);
    EXPECT_NE(text.find("adds 1.271 g CO2e (90 % interval 0.600 to 3.00) (of 2 x NVIDIA H100"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("together 1.671 g CO2e (90 % interval 1.00 to 3.40)."), std::string::npos)
        << text;
    EXPECT_EQ(text.find("not included"), std::string::npos);
    EXPECT_NE(text.find("| 0.001271 (0.0006000 to 0.003000) | 0.001671 (0.001000 to 0.003400) |"),
              std::string::npos)
        << text;
    const std::string card = report::model_card_yaml(twice);
    EXPECT_NE(card.find("amortised: 1.271 (0.6000 to 3.000) g CO2e; total 1.671 (1.000 to 3.400)"),
              std::string::npos)
        << card;
    EXPECT_NE(card.find("emissions: 0.4004\n"), std::string::npos) << card;
    // One of the two is of a time that knew no embodied carbon: a sum would lack its part.
    EXPECT_NE(report::cite_text(both()).find("making the hardware are not included."),
              std::string::npos);
    EXPECT_NE(report::model_card_yaml(both()).find("hardware not in it."), std::string::npos);
}

// A card whose one word is "pre-training" says what else is in its sum, and how many runs came to nothing.
TEST(ModelCard, SaysWhatElseIsInTheSum) {
    std::vector<RunRecord> records(4, testing::example_record());
    records[0].phase = Phase::training;
    records[1].phase = Phase::inference;
    records[2].phase = Phase::data;
    records[3].phase.reset();
    records[1].status = RunStatus::failed;
    const std::string card = report::model_card_yaml(records);
    EXPECT_NE(
        card.find(
            "# Other phases are in the sum as well: 1 data, 1 inference, 1 without a phase.\n"),
        std::string::npos)
        << card;
    EXPECT_NE(card.find("# 1 of 4 failed or was interrupted; what it used is in the sum.\n"),
              std::string::npos)
        << card;
    EXPECT_NE(card.find("training_type: \"pre-training\""), std::string::npos);
    EXPECT_NE(report::cite_text(records).find(
                  "Of the 4 runs 1 failed or was interrupted; what it used is in the sums."),
              std::string::npos);
    for (RunRecord& record : records) {
        record.phase = Phase::training;
        record.status = RunStatus::finished;
    }
    EXPECT_EQ(report::model_card_yaml(records).find("Other phases"), std::string::npos);
    EXPECT_EQ(report::cite_text(records).find("failed"), std::string::npos);
}

TEST(Writers, TakeNoRunsAtAll) {
    EXPECT_EQ(report::runs_json({}), "{\n  \"runs\": []\n}");
    EXPECT_EQ(lines_of(report::runs_csv({})).size(), 1U);
    EXPECT_EQ(lines_of(report::codecarbon_csv({})).size(), 1U);
    EXPECT_FALSE(report::runs_table({}, false).empty());
    EXPECT_FALSE(report::cite_text({}).empty());
    EXPECT_NE(report::cite_json({}).find("\"run_ids\": []"), std::string::npos);
    EXPECT_EQ(report::model_card_yaml({}).find("emissions:"), std::string::npos);
}

}  // namespace
}  // namespace abate
