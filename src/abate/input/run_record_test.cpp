#include "abate/input/input.h"

#include <gtest/gtest.h>

namespace abate::input {
namespace {

std::string with(const std::string& members) {
    return R"({"schema": 1, "run_id": "01JD8X3M9VQ4Y7ZK2N5T8W1ABC")" +
           (members.empty() ? "" : ",\n" + members) + "}";
}

Int128 microjoules_of(const std::string& number) {
    const auto record = parse_run_record(with("\"attributed\": {\"active_j\": " + number + "}"));
    EXPECT_TRUE(record) << number;
    return record ? record->attributed.active.count() : -1;
}

TEST(RunRecordInput, NeedsSchemaAndRunIdOnly) {
    const auto record = parse_run_record(with(""));
    ASSERT_TRUE(record) << to_string(record.error());
    EXPECT_EQ(record->run_id.text(), "01JD8X3M9VQ4Y7ZK2N5T8W1ABC");
    EXPECT_FALSE(record->node);
    EXPECT_FALSE(record->exit_code);
    EXPECT_FALSE(parse_run_record("{}"));
    EXPECT_FALSE(parse_run_record(R"({"schema": 1})"));
    EXPECT_FALSE(parse_run_record("[]"));
    EXPECT_FALSE(parse_run_record(""));
}

TEST(RunRecordInput, KeepsOutUnknownKeys) {
    EXPECT_EQ(*parse_run_record(with(R"("scope4": {"kgco2e": 1}, "new": [1, {"deep": null}])")),
              *parse_run_record(with("")));
}

TEST(RunRecordInput, ReadsEmbodiedCarbonAndTheTotalWhereTheyAre) {
    const auto record = parse_run_record(
        with(R"("embodied": {"kgco2e": {"value": 2, "low": 1, "high": 4}, "boundary": "a card",
                "lifetime_h": 35040, "utilisation": 0.5, "share": 0.25, "source": "x"},
                "total_kgco2e": {"value": 3})"));
    ASSERT_TRUE(record) << to_string(record.error());
    ASSERT_TRUE(record->embodied);
    EXPECT_EQ(record->embodied->kgco2e, (Ranged{2, 1, 4, RangeKind::interval90}));
    EXPECT_EQ(record->embodied->boundary, "a card");
    EXPECT_EQ(record->embodied->lifetime_h, 35'040);
    EXPECT_EQ(record->embodied->utilisation, 0.5);
    EXPECT_EQ(record->embodied->share, 0.25);
    EXPECT_EQ(record->total_kgco2e, exactly(3));
    // A record before abate 0.2.
    EXPECT_FALSE(parse_run_record(with(""))->embodied);
    EXPECT_FALSE(parse_run_record(with(""))->total_kgco2e);
    EXPECT_EQ(parse_run_record(with(R"("embodied": {"kgco2e": 1})")).error().code,
              ErrorCode::parse_error);
    EXPECT_EQ(parse_run_record(with(R"("total_kgco2e": 1)")).error().code, ErrorCode::parse_error);
}

TEST(RunRecordInput, ReadsJoulesToTheMicrojouleHoweverWritten) {
    EXPECT_EQ(microjoules_of("1.5"), 1'500'000);
    EXPECT_EQ(microjoules_of("0.000001"), 1);
    EXPECT_EQ(microjoules_of("15e-1"), 1'500'000);
    EXPECT_EQ(microjoules_of("1.5E+3"), 1'500'000'000);
    EXPECT_EQ(microjoules_of("0"), 0);
    EXPECT_EQ(microjoules_of("0.0000004"), 0);
    EXPECT_EQ(microjoules_of("0.0000005"), 1);  // half away from zero
    EXPECT_EQ(microjoules_of("-0.0000005"), -1);
    EXPECT_EQ(microjoules_of("1e-300"), 0);
    // 2^53 + 1 and 2^64 are where doubles and 64-bit integers give way.
    EXPECT_EQ(microjoules_of("9007199254740993.000001"),
              static_cast<Int128>(9'007'199'254'740'993) * 1'000'000 + 1);
    EXPECT_EQ(microjoules_of("18446744073709551616"), (static_cast<Int128>(1) << 64) * 1'000'000);
    const auto huge = parse_run_record(with(R"("attributed": {"active_j": 1e40})"));
    ASSERT_FALSE(huge);
    EXPECT_EQ(huge.error().code, ErrorCode::out_of_range);
}

TEST(RunRecordInput, AnEnergyWithoutRangeIsExact) {
    const auto record = parse_run_record(with(R"("attributed": {"energy_j": 2})"));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->attributed.energy.low.count(), 2'000'000);
    EXPECT_EQ(record->attributed.energy.high.count(), 2'000'000);
}

TEST(RunRecordInput, RefusesANewerSchema) {
    const auto record = parse_run_record(R"({"schema": 2, "run_id": 3, "status": "dancing"})");
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code, ErrorCode::version_mismatch);
    EXPECT_EQ(record.error().what, "the run record has schema 2, this abate reads up to 1");
}

TEST(RunRecordInput, NamesThePlaceOfAWrongValue) {
    struct Case {
        const char* member;
        const char* what;
        ErrorCode code;
    };
    for (const Case& c :
         {Case{R"("status": "dancing")", "'dancing' is not a status", ErrorCode::parse_error},
          Case{R"("duration_s": "1")", "'duration_s' must be a number", ErrorCode::parse_error},
          Case{R"("command": "ls")", "'command' must be a list", ErrorCode::parse_error},
          Case{R"("command": [1])",
               "each item of 'command' must be a string",
               ErrorCode::parse_error},
          Case{R"("started_at": "noon")", "'noon' is not an RFC 3339 time", ErrorCode::parse_error},
          Case{R"("labels": {"a": 1})", "label 'a' must be a string", ErrorCode::parse_error},
          Case{R"("left_running": [{"pid": 1.5}])",
               "'pid' must be a whole number from -9223372036854775808 to 9223372036854775807",
               ErrorCode::out_of_range},
          Case{R"("exit_code": 3000000000)",
               "'exit_code' must be a whole number from -2147483648 to 2147483647",
               ErrorCode::out_of_range}}) {
        const auto record = parse_run_record(with(c.member));
        ASSERT_FALSE(record) << c.member;
        EXPECT_EQ(record.error().what, c.what);
        EXPECT_EQ(record.error().code, c.code);
        EXPECT_EQ(record.error().where.rfind("2:", 0), 0U) << record.error().where;
    }
}

TEST(RunRecordInput, NamesThePlaceOfBrokenJson) {
    const auto cut = parse_run_record("{\"schema\": 1,\n \"run_id\": \"0");
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().what, "this is not complete JSON");
    EXPECT_EQ(cut.error().where, "2:13");
    const auto twice = parse_run_record("{\"schema\": 1, \"schema\": 1}");
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().what, "the key 'schema' stands twice in one object");
    for (const char* text :
         {"nonsense", "{\"schema\": 1e999}", "{\"schema\": NaN}", "{\"a\": \"\xFF\"}", "{} {}"}) {
        EXPECT_FALSE(parse_run_record(text)) << text;
    }
}

TEST(RunRecordInput, RefusesBottomlessNestingWithoutRunningOutOfStack) {
    const std::string deep = "{\"schema\": 1, \"x\": " + std::string(1'000'000, '[');
    const auto record = parse_run_record(deep);
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().what, "objects and lists are nested deeper than 64");
}

}  // namespace
}  // namespace abate::input
