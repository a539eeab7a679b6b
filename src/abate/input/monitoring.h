// Documents of monitoring as people write them: TOML with units in the key names (docs/registry/monitoring.md).
//
//     const Result<ReportDocument> doc = parse_monitoring_report(text, "report.toml");
//     for (const StoredRunId& id : doc->stored_runs) ...      // fill in with report_run(record)
//
// Energy is in kWh with up to six decimals, and exact: 1.000001 kWh is 3,600,003,600,000 uJ.
#pragma once

#include "abate/core/result.h"
#include "abate/record/record.h"
#include "abate/scheme/scheme.h"

#include <string>
#include <string_view>
#include <vector>

namespace abate::input {

// Whom a document may name instead of typing numbers. What is empty knows nobody: then there are numbers only.
struct Names {
    struct Named {
        std::string name;  // compared without regard to case
        std::uint64_t number = 0;
    };
    std::vector<Named> participants;
    std::vector<Named> groups;
    std::vector<std::string> service_classes;  // of the rules; empty: any
};

// Errors: parse_error with file:line:column (not TOML, an unknown key or word with the nearest one, a key left out, a wrong kind of value),
// out_of_range (a number below 0, more than 100 %).
[[nodiscard]] Result<scheme::MonitoringPlan> parse_monitoring_plan(std::string_view toml,
                                                                   std::string_view file_name,
                                                                   const Names& names = {});

// A run that is named and stands in the run store.
struct StoredRunId {
    std::size_t site = 0;  // index in report.sites
    RunId run;
    std::string where;  // for errors: file:line:column
};

struct ReportDocument {
    scheme::MonitoringReport report;  // without the runs of the store
    std::vector<StoredRunId> stored_runs;
};
// Errors: as parse_monitoring_plan.
[[nodiscard]] Result<ReportDocument> parse_monitoring_report(std::string_view toml,
                                                             std::string_view file_name,
                                                             const Names& names = {});

// A run of the store as a line of a report: its energy at the node, or where no node was reckoned what was attributed to it; its machine
// as the device.
[[nodiscard]] scheme::ReportRun report_run(const RunRecord& record);

}  // namespace abate::input
