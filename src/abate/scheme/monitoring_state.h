// What a scheme remembers of monitoring: the member `monitoring` of State. Other chapters read `figures` and nothing else of it.
//
//     const FinalFigures* of = final_figures(state.monitoring, {.participant = lab, .year = 2027});
//     if (of == nullptr) ...                     // no final report, and none determined by the operator
//     of->obligated;                             // energy to surrender for
#pragma once

#include "abate/core/clock.h"
#include "abate/scheme/fields.h"
#include "abate/scheme/monitoring_commands.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

// Whose year.
struct ParticipantYear {
    ParticipantId participant{};
    std::int64_t year = 0;
    auto operator<=>(const ParticipantYear&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
    }
};

// What a final report says, or what the operator determined without one. A restated report makes a new version.
struct FinalFigures {
    ParticipantId participant{};
    std::int64_t year = 0;
    std::int64_t version = 0;    // 1, 2, ...: of the figures of this year
    Microjoules obligated = {};  // energy that allowances are owed for: unknown counts high
    Microjoules central = {};    // energy as measured: for the benchmark
    std::vector<FinalOutput> output = {};  // by name of the class; unknown counts low
    bool sample_eligible = false;          // measured well enough for the benchmark
    bool determined = false;               // by the operator, without a report
    Timestamp at = {};
    bool operator==(const FinalFigures&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("version", self.version);
        visit("obligated_uj", self.obligated);
        visit("central_uj", self.central);
        visit("output", self.output);
        visit("sample_eligible", self.sample_eligible);
        visit("determined", self.determined);
        visit("at", self.at);
    }
};

// What a participant does of what the scheme covers.
struct ActivityRecord {
    std::vector<std::string> activities = {};
    Timestamp since = {};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("activities", self.activities);
        visit("since", self.since);
        visit("reason", self.reason);
    }
};

enum class PlanState : std::uint8_t {
    submitted = 1,
    returned = 2,
    approved = 3,
    changed = 4,  // approved once, and a later version since; it holds for its years
};
[[nodiscard]] std::string_view to_string(PlanState value);

struct PlanEntry {
    MonitoringPlan plan = {};
    PlanState state = PlanState::submitted;
    Timestamp submitted = {};
    Timestamp decided = {};
    std::string returned_because = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("plan", self.plan);
        visit("state", self.state);
        visit("submitted", self.submitted);
        visit("decided", self.decided);
        visit("returned_because", self.returned_because);
    }
};

enum class ReportState : std::uint8_t {
    draft = 1,
    submitted = 2,
    returned = 3,
    verified = 4,
    qualified = 5,
    not_verified = 6,
    final = 7,
    superseded = 8,  // final once, and restated since
};
[[nodiscard]] std::string_view to_string(ReportState value);

// One version of a year's report. None is ever taken away but a draft, which its next draft replaces.
struct ReportEntry {
    MonitoringReport report = {};
    ReportState state = ReportState::draft;
    ReportFigures figures = {};  // from submitted on
    Timestamp drafted = {};
    Timestamp submitted = {};
    Timestamp verified = {};
    Timestamp finalised = {};
    std::string restated_because = {};
    std::string returned_because = {};
    ParticipantId verifier{};  // who gave the opinion
    std::string opinion = {};  // in words
    std::vector<Misstatement> misstatements = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("report", self.report);
        visit("state", self.state);
        visit("figures", self.figures);
        visit("drafted", self.drafted);
        visit("submitted", self.submitted);
        visit("verified", self.verified);
        visit("finalised", self.finalised);
        visit("restated_because", self.restated_because);
        visit("returned_because", self.returned_because);
        visit("verifier", self.verifier);
        visit("opinion", self.opinion);
        visit("misstatements", self.misstatements);
    }
};

struct Determination {
    Determine said = {};
    Timestamp at = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("said", self.said);
        visit("at", self.at);
    }
};

// Whose energy of which site somebody stated.
struct StatementKey {
    ParticipantId supplier{};
    ParticipantId customer{};
    std::int64_t year = 0;
    std::string site = {};
    auto operator<=>(const StatementKey&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("supplier", self.supplier);
        visit("customer", self.customer);
        visit("year", self.year);
        visit("site", self.site);
    }
};

struct EnergyStatement {
    Microjoules energy = {};
    std::string document = {};
    Timestamp at = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("energy_uj", self.energy);
        visit("document", self.document);
        visit("at", self.at);
    }
};

// The moments of a year, as the command that opened it says.
struct MonitoringYear {
    Timestamp begin = {};
    Timestamp end = {};  // the first moment of the next year
    Timestamp report_due = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("begin", self.begin);
        visit("end", self.end);
        visit("report_due", self.report_due);
    }
};

struct MonitoringState {
    std::map<std::int64_t, MonitoringYear> years = {};  // by open_monitoring_year()
    std::map<ParticipantId, ActivityRecord> activities = {};
    std::map<ParticipantId, std::vector<PlanEntry>> plans = {};        // version 1 first
    std::map<ParticipantYear, std::vector<ReportEntry>> reports = {};  // version 1 first
    std::map<ParticipantYear, std::vector<Determination>> determined = {};
    std::map<StatementKey, std::vector<EnergyStatement>> statements = {};  // the last one holds
    std::map<ParticipantYear, FinalFigures> figures = {};                  // the last version
    std::map<ParticipantYear, std::vector<FinalFigures>> earlier_figures = {};
    std::map<AccountId, std::set<std::int64_t>> blocked =
        {};  // for want of the reports of these years
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("years", self.years);
        visit("activities", self.activities);
        visit("plans", self.plans);
        visit("reports", self.reports);
        visit("determined", self.determined);
        visit("statements", self.statements);
        visit("figures", self.figures);
        visit("earlier_figures", self.earlier_figures);
        visit("blocked", self.blocked);
    }
};

// None: there are no final figures of that year yet.
[[nodiscard]] inline const FinalFigures* final_figures(const MonitoringState& monitoring,
                                                       const ParticipantYear& whose) {
    const auto found = monitoring.figures.find(whose);
    return found == monitoring.figures.end() ? nullptr : &found->second;
}

}  // namespace abate::scheme
