// Commands of a year: its moments, and how much there is of what for whom.
//
//     open_period
//     publish_circulation (with a stability reserve) -> propose_cap -> object ... -> finalise -> issue_cap
//     propose_benchmark -> object ... -> finalise
//     propose_allocation -> object ... -> finalise -> issue_allocation -> true_up, when figures are late, corrected or of a new entrant
//
// Whoever proposes says every number. It must be what follows from the rules and the final figures (period.h), else it is refused. A new
// proposal before the last is final takes its place, and the window for objections begins again. Civil dates are resolved by whoever
// asks, with calendar.h.
#pragma once

#include "abate/scheme/monitoring_documents.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

// Not rows beyond this in any list below.
inline constexpr std::size_t kMostRows = 20'000;

enum class StatementKind : std::uint8_t { cap = 1, benchmark = 2, allocation = 3 };
[[nodiscard]] std::string_view to_string(StatementKind value);

// Years follow each other without a gap. The rules of this moment are those of the year.
struct OpenPeriod {
    static constexpr std::uint8_t number = 70;
    static constexpr const char* name = "open_period";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::int64_t year = 0;
    Timestamp begin = {};
    Timestamp end = {};  // the first moment of the next year
    Timestamp report_due = {};
    Timestamp surrender_due = {};  // what is surrendered before it is in time
    Timestamp penalty_objections_until = {};
    std::string tz_version = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("begin", self.begin);
        visit("end", self.end);
        visit("report_due", self.report_due);
        visit("surrender_due", self.surrender_due);
        visit("penalty_objections_until", self.penalty_objections_until);
        visit("tz_version", self.tz_version);
    }
};

// ---- the cap

// cap = free_ceiling + auction + entrant_reserve + containment_reserve + withheld.
struct CapParts {
    std::int64_t cap = 0;
    std::int64_t free_ceiling = 0;
    std::int64_t auction = 0;
    std::int64_t entrant_reserve = 0;  // new entrants and true-up
    std::int64_t containment_reserve = 0;
    // The stability reserve, where the rules have one.
    std::int64_t circulation_year = 0;  // whose statement decides; 0: none yet
    std::int64_t in_circulation = 0;    // by that statement
    std::int64_t in_reserve = 0;        // before the step
    std::int64_t withheld = 0;          // of the auction: goes into the reserve
    std::int64_t released =
        0;  // comes out of it, for auction: issued in an earlier year, so beyond this cap
    bool operator==(const CapParts&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("cap", self.cap);
        visit("free_ceiling", self.free_ceiling);
        visit("auction", self.auction);
        visit("entrant_reserve", self.entrant_reserve);
        visit("containment_reserve", self.containment_reserve);
        visit("circulation_year", self.circulation_year);
        visit("in_circulation", self.in_circulation);
        visit("in_reserve", self.in_reserve);
        visit("withheld", self.withheld);
        visit("released", self.released);
    }
};

struct ProposeCap {
    static constexpr std::uint8_t number = 71;
    static constexpr const char* name = "propose_cap";
    static constexpr Authority authority{.first = Role::scheme_operator};
    std::int64_t year = 0;
    CapParts parts = {};
    Timestamp objections_until = {};  // benchmark.objection_days from now, at least
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("parts", self.parts);
        visit("objections_until", self.objections_until);
        visit("text", self.text);
    }
};

// Any participant's, until the window closes.
struct ObjectToStatement {
    static constexpr std::uint8_t number = 72;
    static constexpr const char* name = "object_to_statement";
    static constexpr Authority authority{.first = Role::initiator, .own = true};
    ParticipantId participant{};
    StatementKind kind = StatementKind::cap;
    std::int64_t year = 0;
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("kind", self.kind);
        visit("year", self.year);
        visit("text", self.text);
    }
};

// When the window has closed. Objections need an answer; whoever is convinced by one proposes again.
struct FinaliseStatement {
    static constexpr std::uint8_t number = 73;
    static constexpr const char* name = "finalise_statement";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    StatementKind kind = StatementKind::cap;
    std::int64_t year = 0;
    std::string answer = {};  // to the objections
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("kind", self.kind);
        visit("year", self.year);
        visit("answer", self.answer);
    }
};

// The one way in which allowances come to be: as the final cap statement says, once.
struct IssueCap {
    static constexpr std::uint8_t number = 74;
    static constexpr const char* name = "issue_cap";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::int64_t year = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
    }
};

// Allowances of vintages up to the year, when its verified reports are due:
// in_circulation = issued - with_scheme - in_reserve - retired - outstanding, not below 0.
struct Circulation {
    std::int64_t issued = 0;
    std::int64_t with_scheme = 0;  // in its own accounts: not auctioned, not allocated
    std::int64_t in_reserve = 0;   // the stability reserve
    std::int64_t retired = 0;      // surrendered, and cancelled of one's own will
    std::int64_t outstanding = 0;  // owed for years up to this one and not surrendered yet
    std::int64_t in_circulation = 0;
    bool operator==(const Circulation&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("issued", self.issued);
        visit("with_scheme", self.with_scheme);
        visit("in_reserve", self.in_reserve);
        visit("retired", self.retired);
        visit("outstanding", self.outstanding);
        visit("in_circulation", self.in_circulation);
    }
};

// Told to the public once, after report_due of the year: it decides what the stability reserve does in the year after next.
struct PublishCirculation {
    static constexpr std::uint8_t number = 83;
    static constexpr const char* name = "publish_circulation";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::int64_t year = 0;
    Circulation figures = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("figures", self.figures);
    }
};

// ---- the benchmark

// Of one service class. No firm's own efficiency is in it.
struct BenchmarkLine {
    std::string service_class = {};
    std::uint64_t sample_aj_per_flop = 0;                  // what the sample says; 0: nobody in it
    std::uint64_t aj_per_flop = 0;                         // B of the year: tightened
    BenchmarkMethod method = BenchmarkMethod::best_firms;  // that was used
    BenchmarkFinding finding = BenchmarkFinding::none;     // why it is not the rules' own
    GroupId dominant{};
    std::uint32_t firms = 0;
    std::uint32_t left_out = 0;
    std::uint32_t groups = 0;
    std::uint32_t best = 0;
    std::uint64_t mean_aj_per_flop = 0;
    bool operator==(const BenchmarkLine&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("service_class", self.service_class);
        visit("sample_aj_per_flop", self.sample_aj_per_flop);
        visit("aj_per_flop", self.aj_per_flop);
        visit("method", self.method);
        visit("finding", self.finding);
        visit("dominant", self.dominant);
        visit("firms", self.firms);
        visit("left_out", self.left_out);
        visit("groups", self.groups);
        visit("best", self.best);
        visit("mean_aj_per_flop", self.mean_aj_per_flop);
    }
};

struct ProposeBenchmark {
    static constexpr std::uint8_t number = 75;
    static constexpr const char* name = "propose_benchmark";
    static constexpr Authority authority{.first = Role::scheme_operator};
    std::int64_t year = 0;
    std::int64_t sample_year = 0;  // one of the five before
    std::vector<BenchmarkLine> lines = {};
    Timestamp objections_until = {};
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("sample_year", self.sample_year);
        visit("lines", self.lines);
        visit("objections_until", self.objections_until);
        visit("text", self.text);
    }
};

// ---- the allocation

// Exact, in lowest terms; decimal digits, since it may pass 128 bits.
struct Fraction {
    std::string numerator = "0";
    std::string denominator = "1";
    bool operator==(const Fraction&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("numerator", self.numerator);
        visit("denominator", self.denominator);
    }
};

// What one participant's work in one class earns, and each factor of it: A = kappa x O x B x C / u.
struct AllocationLine {
    ParticipantId participant{};
    std::string service_class = {};
    std::uint64_t historical_gflop = 0;
    std::uint64_t year_before_last_gflop =
        0;  // output of the two years before, where the rule asked for it
    std::uint64_t last_year_gflop = 0;
    std::uint64_t twice_basis_gflop = 0;  // a mean of two may end in a half
    std::int32_t band = 0;                // of the activity-level rule: 0 is the historical level
    std::uint64_t output_gflop = 0;       // O: the basis, rounded down
    std::uint64_t benchmark_aj_per_flop = 0;
    std::uint32_t clean_ppm = 0;  // C, before it is renormalised
    Fraction clean = {};          // C, after
    Fraction preliminary = {};    // O x B x C / u
    std::int64_t floor = 0;       // of kappa x preliminary
    std::int64_t allowances = 0;  // A: the floor, or one more by largest remainder
    bool operator==(const AllocationLine&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("service_class", self.service_class);
        visit("historical_gflop", self.historical_gflop);
        visit("year_before_last_gflop", self.year_before_last_gflop);
        visit("last_year_gflop", self.last_year_gflop);
        visit("twice_basis_gflop", self.twice_basis_gflop);
        visit("band", self.band);
        visit("output_gflop", self.output_gflop);
        visit("benchmark_aj_per_flop", self.benchmark_aj_per_flop);
        visit("clean_ppm", self.clean_ppm);
        visit("clean", self.clean);
        visit("preliminary", self.preliminary);
        visit("floor", self.floor);
        visit("allowances", self.allowances);
    }
};

struct AllocationTable {
    std::vector<AllocationLine> lines = {};  // by participant, then class
    std::vector<ParticipantId> left_out =
        {};  // with history, but without final figures: they come with a true-up
    Fraction kappa = {"1", "1"};
    Fraction clean_scale = {"1", "1000000"};  // x clean_ppm: C
    Fraction preliminary = {};                // sum of the lines
    std::int64_t total = 0;
    bool operator==(const AllocationTable&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("lines", self.lines);
        visit("left_out", self.left_out);
        visit("kappa", self.kappa);
        visit("clean_scale", self.clean_scale);
        visit("preliminary", self.preliminary);
        visit("total", self.total);
    }
};

struct ProposeAllocation {
    static constexpr std::uint8_t number = 76;
    static constexpr const char* name = "propose_allocation";
    static constexpr Authority authority{.first = Role::scheme_operator};
    std::int64_t year = 0;
    AllocationTable table = {};
    Timestamp objections_until = {};
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("table", self.table);
        visit("objections_until", self.objections_until);
        visit("text", self.text);
    }
};

// To the first open holding account of each of these, all or none. With the last of them, what the free ceiling has left goes to the
// new-entrant and true-up reserve.
struct IssueAllocation {
    static constexpr std::uint8_t number = 77;
    static constexpr const char* name = "issue_allocation";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::int64_t year = 0;
    std::vector<ParticipantId> participants = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("participants", self.participants);
    }
};

// What a participant should have, by today's figures and the year's own kappa and benchmark, and does not.
struct TrueUpLine {
    ParticipantId participant{};
    std::string service_class = {};
    std::uint64_t output_gflop = 0;
    std::uint64_t benchmark_aj_per_flop = 0;
    std::uint32_t clean_ppm = 0;
    bool entrant = false;  // by the year's own output
    std::int64_t deserved = 0;
    std::int64_t given = 0;   // so far
    std::int64_t amount = 0;  // deserved - given, or its share of a reserve that is too small
    bool operator==(const TrueUpLine&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("service_class", self.service_class);
        visit("output_gflop", self.output_gflop);
        visit("benchmark_aj_per_flop", self.benchmark_aj_per_flop);
        visit("clean_ppm", self.clean_ppm);
        visit("entrant", self.entrant);
        visit("deserved", self.deserved);
        visit("given", self.given);
        visit("amount", self.amount);
    }
};

// Some or all of those that follow. From the new-entrant and true-up reserve alone.
struct TrueUp {
    static constexpr std::uint8_t number = 78;
    static constexpr const char* name = "true_up";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::int64_t year = 0;
    std::vector<TrueUpLine> lines = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("lines", self.lines);
    }
};

// ---- what allocation rests on

// Verified figures of a year before the scheme began, from outside it.
struct BaselineRow {
    ParticipantId participant{};
    std::int64_t year = 0;
    Microjoules energy = {};
    std::vector<FinalOutput> output = {};
    bool sample_eligible = false;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("energy_uj", self.energy);
        visit("output", self.output);
        visit("sample_eligible", self.sample_eligible);
    }
};

struct RecordBaseline {
    static constexpr std::uint8_t number = 79;
    static constexpr const char* name = "record_baseline";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::vector<BaselineRow> rows = {};
    std::string source = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("rows", self.rows);
        visit("source", self.source);
    }
};

// The historical level is the mean output of these years, rounded down. A new entrant's are its first whole year.
struct ActivityRow {
    ParticipantId participant{};
    std::string service_class = {};
    std::int64_t first_year = 0;
    std::int64_t last_year = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("service_class", self.service_class);
        visit("first_year", self.first_year);
        visit("last_year", self.last_year);
    }
};

struct SetActivity {
    static constexpr std::uint8_t number = 80;
    static constexpr const char* name = "set_activity";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::vector<ActivityRow> rows = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("rows", self.rows);
    }
};

// Clean energy, matched hour by hour, whose certificate was retired elsewhere in the scheme's favour. One certificate counts once, for
// one participant and year. Capital letters, digits and -./_ alone, so that one id has one spelling.
struct LodgeCertificate {
    static constexpr std::uint8_t number = 81;
    static constexpr const char* name = "lodge_certificate";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    std::string certificate = {};
    std::int64_t year = 0;  // of the energy: it feeds the allocation of the next
    std::int64_t matched_kwh = 0;
    std::string retirement = {};  // where and under which number it was retired
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("certificate", self.certificate);
        visit("year", self.year);
        visit("matched_kwh", self.matched_kwh);
        visit("retirement", self.retirement);
    }
};

// It is not what it said, or somebody else's: its id is free again.
struct RejectCertificate {
    static constexpr std::uint8_t number = 82;
    static constexpr const char* name = "reject_certificate";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::string certificate = {};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("certificate", self.certificate);
        visit("reason", self.reason);
    }
};

}  // namespace abate::scheme
