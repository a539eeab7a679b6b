// Commands of monitoring: plan, report, verification, what the operator makes of it, restatement.
//
//     submit_plan -> approve_plan (or return_plan, and again)
//     draft_report -> submit_report -> verify_report -> finalise_report       (return_report at any time before: and submit again)
//     no final report when it is due: accounts are blocked -> a late report, or determine
//     restate_report -> verify_report -> finalise_report: a new version; the old one is kept
#pragma once

#include "abate/scheme/monitoring_documents.h"

namespace abate::scheme {

// Which activities of the rules a participant does, and so which of its energy is covered: its certificate. A later one replaces it.
struct RecordActivities {
    static constexpr std::uint8_t number = 50;
    static constexpr const char* name = "record_activities";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    ParticipantId participant{};
    std::vector<std::string> activities = {};  // of coverage.activities
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("activities", self.activities);
        visit("reason", self.reason);
    }
};

struct SubmitPlan {
    static constexpr std::uint8_t number = 51;
    static constexpr const char* name = "submit_plan";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    MonitoringPlan plan = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("plan", self.plan);
    }
};

struct ApprovePlan {
    static constexpr std::uint8_t number = 52;
    static constexpr const char* name = "approve_plan";
    static constexpr Authority authority{.first = Role::scheme_operator};
    ParticipantId participant{};
    std::int64_t version = 0;  // of the plan
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("version", self.version);
    }
};

struct ReturnPlan {
    static constexpr std::uint8_t number = 53;
    static constexpr const char* name = "return_plan";
    static constexpr Authority authority{.first = Role::scheme_operator};
    ParticipantId participant{};
    std::int64_t version = 0;
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("version", self.version);
        visit("reason", self.reason);
    }
};

// Kept for the participant's own people to look at; nothing follows from it.
struct DraftReport {
    static constexpr std::uint8_t number = 54;
    static constexpr const char* name = "draft_report";
    static constexpr Authority authority{.first = Role::initiator, .own = true};
    ParticipantId participant{};
    MonitoringReport report = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("report", self.report);
    }
};

// The figures are worked out by whoever signs, and again by the scheme: what differs is refused. So a later abate that reckons otherwise
// changes nothing that was signed.
struct SubmitReport {
    static constexpr std::uint8_t number = 55;
    static constexpr const char* name = "submit_report";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    MonitoringReport report = {};
    ReportFigures figures = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("report", self.report);
        visit("figures", self.figures);
    }
};

// By the verifier whom the report names, until the report is final.
struct ReturnReport {
    static constexpr std::uint8_t number = 56;
    static constexpr const char* name = "return_report";
    static constexpr Authority authority{.first = Role::verifier};
    ParticipantId participant{};  // whose report
    std::int64_t year = 0;
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("reason", self.reason);
    }
};

enum class Opinion : std::uint8_t {
    verified = 1,      // nothing is left that is wrong
    qualified = 2,     // something is, and none of it is material
    not_verified = 3,  // it is material, or could not be examined
};
[[nodiscard]] std::string_view to_string(Opinion value);

// What the report says less what is true; above 0: the report says too much.
struct Misstatement {
    std::string what = {};
    Microjoules energy = {};
    std::string service_class = {};  // of the output
    std::int64_t output_gflop = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("what", self.what);
        visit("energy_uj", self.energy);
        visit("service_class", self.service_class);
        visit("output_gflop", self.output_gflop);
    }
};

struct VerifyReport {
    static constexpr std::uint8_t number = 57;
    static constexpr const char* name = "verify_report";
    static constexpr Authority authority{.first = Role::verifier};
    ParticipantId participant{};  // whose report
    std::int64_t year = 0;
    Opinion opinion = Opinion::verified;
    std::vector<Misstatement> misstatements = {};  // that are left
    std::string statement = {};                    // the opinion in words
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("opinion", self.opinion);
        visit("misstatements", self.misstatements);
        visit("statement", self.statement);
    }
};

struct FinaliseReport {
    static constexpr std::uint8_t number = 58;
    static constexpr const char* name = "finalise_report";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    ParticipantId participant{};
    std::int64_t year = 0;
    std::int64_t version = 0;  // of the report, so that none slips in between
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("version", self.version);
    }
};

// Figures by the operator, where no report was final when it was due.
struct Determine {
    static constexpr std::uint8_t number = 59;
    static constexpr const char* name = "determine";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    ParticipantId participant{};
    std::int64_t year = 0;
    Microjoules obligated = {};
    std::vector<FinalOutput> output = {};  // by name of the class, each once
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("obligated_uj", self.obligated);
        visit("output", self.output);
        visit("reason", self.reason);
    }
};

// Of a final report that was wrong. Its figures stay until the new version is final.
struct RestateReport {
    static constexpr std::uint8_t number = 60;
    static constexpr const char* name = "restate_report";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    MonitoringReport report = {};
    ReportFigures figures = {};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("report", self.report);
        visit("figures", self.figures);
        visit("reason", self.reason);
    }
};

// A landlord or cloud says how much energy a customer had. A later one replaces it.
struct SubmitStatement {
    static constexpr std::uint8_t number = 61;
    static constexpr const char* name = "submit_statement";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};  // who states
    ParticipantId customer{};
    std::int64_t year = 0;
    std::string site = {};  // as the customer's plan calls it
    Microjoules energy = {};
    std::string document = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("customer", self.customer);
        visit("year", self.year);
        visit("site", self.site);
        visit("energy_uj", self.energy);
        visit("document", self.document);
    }
};

}  // namespace abate::scheme
