#include "abate/report/policy.h"

#include "abate/policy/policy.h"

#include <gtest/gtest.h>

#include <limits>

namespace abate::report {
namespace {

using policy::Answer;
using policy::Measure;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

Answer answer() {
    Answer out("A\x1b[31m question", "EUR");
    out.figure("price_per_kwh", "price", Measure::money_per_kwh, 1.5).remark = "a word on it";
    out.figure("hidden_j", "", Measure::energy_j, 7);
    out.figure("demand_j", "demand", Measure::energy_j, kInfinite);
    out.flag("cap_binds", "cap", false, {"binds", "does not bind"});
    out.text("rule", "rule", "floor");
    policy::Table& table = out.table("firms",
                                     "Firms",
                                     {{"name", "firm", Measure::text},
                                      {"flop", "FLOP", Measure::flop},
                                      {"change", "change", Measure::change},
                                      {"utility", "", Measure::number}});
    table.largest_by = 1;
    table.rows = {{"small", 1.0, -0.1, 3.0}, {"=large", 5.0, 0.25, kInfinite}};
    return out;
}

TEST(PolicyWriters, JsonHasEveryKeyAndNullForWhatIsNoNumber) {
    EXPECT_EQ(policy_json(answer()), R"({
  "name": "A\u001b[31m question",
  "currency": "EUR",
  "price_per_kwh": 1.5,
  "hidden_j": 7,
  "demand_j": null,
  "cap_binds": false,
  "rule": "floor",
  "firms": [
    {
      "name": "small",
      "flop": 1,
      "change": -0.1,
      "utility": 3
    },
    {
      "name": "=large",
      "flop": 5,
      "change": 0.25,
      "utility": null
    }
  ]
})");
}

TEST(PolicyWriters, TextHasWhatHasALabel) {
    EXPECT_EQ(policy_text(answer(), {}),
              "A?[31m question\n"
              "\n"
              "price   1.500 EUR a kWh, a word on it\n"
              "demand  without end\n"
              "cap     does not bind\n"
              "rule    floor\n"
              "\n"
              "Firms\n"
              "firm     FLOP    change\n"
              "small   1.000  -10.00 %\n"
              "=large  5.000  +25.00 %\n");
}

TEST(PolicyWriters, FewRowsAreTheLargest) {
    const std::string text = policy_text(answer(), {.most_rows = 1});
    EXPECT_NE(text.find("=large"), std::string::npos);
    EXPECT_EQ(text.find("small"), std::string::npos);
    EXPECT_NE(text.find("and 1 more"), std::string::npos);
}

TEST(PolicyWriters, CsvIsSafeInASpreadsheetAndEmptyForWhatIsNoNumber) {
    EXPECT_EQ(policy_csv(answer(), "firms"),
              "name,flop,change,utility\nsmall,1,-0.1,3\n'=large,5,0.25,\n");
}

}  // namespace
}  // namespace abate::report
