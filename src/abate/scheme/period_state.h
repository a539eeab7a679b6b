// What a scheme remembers of its years: the member `period` of State.
#pragma once

#include "abate/scheme/monitoring_state.h"
#include "abate/scheme/period_commands.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

enum class Stage : std::uint8_t { proposed = 1, finalised = 2, issued = 3 };
[[nodiscard]] std::string_view to_string(Stage value);

struct Objection {
    ParticipantId participant{};
    std::int64_t version = 0;  // of the proposal
    Timestamp at = {};
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("version", self.version);
        visit("at", self.at);
        visit("text", self.text);
    }
};

// How far a statement has come.
struct Steps {
    Stage stage = Stage::proposed;
    std::int64_t version = 0;  // proposals so far
    Timestamp proposed = {};
    Timestamp objections_until = {};
    std::string text = {};
    std::vector<Objection> objections = {};  // to earlier versions too
    std::string answer = {};
    Timestamp finalised = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("stage", self.stage);
        visit("version", self.version);
        visit("proposed", self.proposed);
        visit("objections_until", self.objections_until);
        visit("text", self.text);
        visit("objections", self.objections);
        visit("answer", self.answer);
        visit("finalised", self.finalised);
    }
};

struct CapStatement {
    Steps steps = {};
    CapParts parts = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("steps", self.steps);
        visit("parts", self.parts);
    }
};

struct BenchmarkStatement {
    Steps steps = {};
    std::int64_t sample_year = 0;
    std::vector<BenchmarkLine> lines = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("steps", self.steps);
        visit("sample_year", self.sample_year);
        visit("lines", self.lines);
    }
};

struct AllocationStatement {
    Steps steps = {};
    AllocationTable table = {};
    std::set<ParticipantId> issued = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("steps", self.steps);
        visit("table", self.table);
        visit("issued", self.issued);
    }
};

struct Period {
    OpenPeriod moments = {};
    Rules rules = {};  // as they were when it was opened: what changes later is for later years
    std::optional<CapStatement> cap = {};
    std::optional<BenchmarkStatement> benchmark = {};
    std::optional<AllocationStatement> allocation = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("moments", self.moments);
        visit("rules", self.rules);
        visit("cap", self.cap);
        visit("benchmark", self.benchmark);
        visit("allocation", self.allocation);
    }
};

struct ActivityKey {
    ParticipantId participant{};
    std::string service_class = {};
    std::int64_t year =
        0;  // of the allocation that decided it; of a historical level: its last year
    auto operator<=>(const ActivityKey&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("service_class", self.service_class);
        visit("year", self.year);
    }
};

// As ActivityState (activity_level.h).
struct Activity {
    std::int64_t first_whole_year = 0;
    std::uint64_t historical_gflop = 0;
    std::uint64_t twice_basis_gflop = 0;
    std::int32_t band = 0;
    bool decided = false;  // by a final allocation; else a historical level that was set
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("first_whole_year", self.first_whole_year);
        visit("historical_gflop", self.historical_gflop);
        visit("twice_basis_gflop", self.twice_basis_gflop);
        visit("band", self.band);
        visit("decided", self.decided);
    }
};

struct Certificate {
    ParticipantId participant{};
    std::int64_t year = 0;
    std::int64_t matched_kwh = 0;
    std::string retirement = {};
    Timestamp at = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("matched_kwh", self.matched_kwh);
        visit("retirement", self.retirement);
        visit("at", self.at);
    }
};

struct PublishedCirculation {
    Circulation figures = {};
    Timestamp at = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("figures", self.figures);
        visit("at", self.at);
    }
};

struct PeriodState {
    std::map<std::int64_t, Period> years = {};
    std::map<ParticipantYear, FinalFigures> baseline = {};  // of years before the first
    std::map<ActivityKey, Activity> activity = {};
    std::map<std::string, Certificate> certificates = {};
    std::map<ActivityKey, std::int64_t> given =
        {};  // allowances of that vintage, by allocation and true-up, less claw-backs
    std::map<std::int64_t, PublishedCirculation> circulation = {};  // by year
    std::int64_t in_stability_reserve = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("years", self.years);
        visit("baseline", self.baseline);
        visit("activity", self.activity);
        visit("certificates", self.certificates);
        visit("given", self.given);
        visit("circulation", self.circulation);
        visit("in_stability_reserve", self.in_stability_reserve);
    }
};

}  // namespace abate::scheme
