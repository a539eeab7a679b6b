// What a scheme remembers of monitoring: the member `monitoring` of State. Other chapters read `figures` and nothing else of it.
//
//     const FinalFigures* of = final_figures(state.monitoring, {.participant = lab, .year = 2027});
//     if (of == nullptr) ...                     // no final report, and none determined by the operator
//     of->obligated;                             // energy to surrender for
#pragma once

#include "abate/core/clock.h"
#include "abate/scheme/fields.h"
#include "abate/scheme/people_commands.h"

#include <cstdint>
#include <map>
#include <string>
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

// Reference output that earns allowances, of one service class of the rules.
struct FinalOutput {
    std::string service_class = {};  // its name: "text"
    std::uint64_t output_gflop = 0;
    bool operator==(const FinalOutput&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("service_class", self.service_class);
        visit("output_gflop", self.output_gflop);
    }
};

// What a final report says, or what the operator determined without one. A restated report makes a new version.
struct FinalFigures {
    ParticipantId participant{};
    std::int64_t year = 0;
    std::int64_t version = 0;      // 1, 2, ...: of the figures of this year
    Microjoules obligated = {};    // energy that allowances are owed for: unknown counts high
    Microjoules central = {};      // energy as measured: for the benchmark
    std::vector<FinalOutput> output = {};  // by name of the class; unknown counts low
    bool sample_eligible = false;  // measured well enough for the benchmark
    bool determined = false;       // by the operator, without a report
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

struct MonitoringState {
    std::map<std::int64_t, Timestamp> report_due = {};    // year -> when its report is due; a year that is opened puts it here
    std::map<ParticipantYear, FinalFigures> figures = {};  // the last version
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("report_due", self.report_due);
        visit("figures", self.figures);
    }
};

// None: there are no final figures of that year yet.
[[nodiscard]] inline const FinalFigures* final_figures(const MonitoringState& monitoring,
                                                       const ParticipantYear& whose) {
    const auto found = monitoring.figures.find(whose);
    return found == monitoring.figures.end() ? nullptr : &found->second;
}

}  // namespace abate::scheme
