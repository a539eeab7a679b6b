#include "abate/input/input.h"
#include "abate/report/report.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

#include "random_record.h"

namespace abate {
namespace {

RC_GTEST_PROP(RunRecordJson, ReadsBackWhatItWrote, ()) {
    const RunRecord record = testing::any_record(testing::any_text);
    const Result<RunRecord> pretty = input::parse_run_record(report::run_record_json(record, 2));
    RC_ASSERT(pretty.has_value());
    RC_ASSERT(*pretty == record);
    const std::string line = report::run_record_json(record, -1);
    RC_ASSERT(line.find('\n') == std::string::npos);
    const Result<RunRecord> parsed = input::parse_run_record(line);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(*parsed == record);
}

RC_GTEST_PROP(RunRecordJson, RepairsBrokenTextOnceAndThenKeepsIt, ()) {
    const RunRecord record = testing::any_record(testing::any_bytes);
    const std::string written = report::run_record_json(record, -1);
    const Result<RunRecord> parsed = input::parse_run_record(written);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(report::run_record_json(*parsed, -1) == written);
    // Repair touches text only.
    RC_ASSERT(parsed->energy.total == record.energy.total);
    RC_ASSERT(parsed->command.size() == record.command.size());
}

RC_GTEST_PROP(RunRecordJson, AWriterNeverThrowsWhateverTheRecordHolds, ()) {
    const RunRecord record = testing::any_record(testing::any_bytes);
    const std::vector<RunRecord> records{record, record};
    RC_ASSERT(!report::run_record_json(record).empty());
    RC_ASSERT(!report::runs_json(records).empty());
    RC_ASSERT(!report::run_summary(record, true).empty());
    RC_ASSERT(!report::runs_table(records, true).empty());
    RC_ASSERT(!report::show_text(record, true, true).empty());
    RC_ASSERT(!report::runs_csv(records).empty());
    RC_ASSERT(!report::codecarbon_csv(records).empty());
    RC_ASSERT(!report::model_card_yaml(records).empty());
    RC_ASSERT(!report::cite_text(records).empty());
}

RC_GTEST_PROP(RunSummary, FitsNineLinesOfAHundredColumnsWhateverTheRecordHolds, ()) {
    const std::string text = report::run_summary(testing::any_record(testing::any_bytes), false);
    RC_ASSERT(std::count(text.begin(), text.end(), '\n') <= 9);
    std::size_t columns = 0;
    for (const char c : text) {
        if (c == '\n') columns = 0;
        // Bytes 10xxxxxx continue a character.
        else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U)
            RC_ASSERT(++columns <= 100U);
    }
}

TEST(RunRecordJson, PrintsNumbersThatJsonDoesNotHaveAsNull) {
    RunRecord record;
    record.run_id = RunId{"01JD8X3M9VQ4Y7ZK2N5T8W1ABC"};
    record.duration_s = std::numeric_limits<double>::quiet_NaN();
    record.meter.cpu_time_s = std::numeric_limits<double>::infinity();
    const std::string json = report::run_record_json(record, -1);
    EXPECT_NE(json.find("\"duration_s\":null"), std::string::npos);
    EXPECT_EQ(json.find(":nan"), std::string::npos);
    EXPECT_EQ(json.find(":inf"), std::string::npos);
    const Result<RunRecord> parsed = input::parse_run_record(json);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->duration_s, 0);
}

TEST(RunRecordJson, KeepsTheMicrojouleOfAPetajoule) {
    // 9007199254740993 = 2^53 + 1 is the first whole number that a double cannot hold.
    RunRecord record;
    record.run_id = RunId{"01JD8X3M9VQ4Y7ZK2N5T8W1ABC"};
    record.energy.total.value =
        Microjoules(static_cast<Int128>(9'007'199'254'740'993) * 1'000'000 + 1);
    const std::string json = report::run_record_json(record, -1);
    EXPECT_NE(json.find("\"total_j\":9007199254740993.000001,"), std::string::npos);
    EXPECT_EQ(input::parse_run_record(json)->energy.total.value, record.energy.total.value);
}

TEST(RunRecordJson, ReplacesInvalidUtf8ByTheReplacementCharacter) {
    RunRecord record;
    record.run_id = RunId{"01JD8X3M9VQ4Y7ZK2N5T8W1ABC"};
    record.command = {"caf\xC3", "\xFFok"};
    const Result<RunRecord> parsed = input::parse_run_record(report::run_record_json(record));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->command, (std::vector<std::string>{"caf\xEF\xBF\xBD", "\xEF\xBF\xBDok"}));
}

}  // namespace
}  // namespace abate
