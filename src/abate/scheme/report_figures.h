// What a monitoring report says, worked out from its readings and the plan: energy balance of each site, category, output, findings.
//
//     const Reported r = report_figures(state, lab, report);
//     if (r.reason != Reason::ok) ...                // and where: "hall: meter utility"
//     SubmitReport{.participant = lab, .report = report, .figures = r.figures}
//
// Whoever submits a report calls this, and the scheme again. Formulas: docs/registry/monitoring.md.
#pragma once

#include "abate/scheme/state.h"

#include <optional>
#include <string>

namespace abate::scheme {

struct Reported {
    Reason reason =
        Reason::ok;  // the first that holds, in the order of docs/reference/reject_reasons.md
    std::string where = {};
    ReportFigures figures = {};
};
[[nodiscard]] Reported report_figures(const State& state,
                                      ParticipantId participant,
                                      const MonitoringReport& report);

// As they were when the year was opened; of now, where it is not.
[[nodiscard]] const Rules& rules_of_year(const State& state, std::int64_t year);

// The plan that holds for a year: the last approved one that begins with it or before. `version` counts from 1.
struct PlanInForce {
    const MonitoringPlan* plan = nullptr;  // none
    std::int64_t version = 0;
};
[[nodiscard]] PlanInForce plan_for(const State& state, const ParticipantYear& whose);

// The last statement of a supplier about a customer's site; none: nothing was stated.
[[nodiscard]] const EnergyStatement* last_statement(const State& state, const StatementKey& key);
// Whether `energy` is within monitoring.statement_tolerance of what was stated.
[[nodiscard]] bool agrees(const Rules& rules, Microjoules energy, Microjoules stated);

// 0 to 1e18 J (278 TWh).
[[nodiscard]] bool is_energy(Microjoules energy);

}  // namespace abate::scheme
