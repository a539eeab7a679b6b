// Commands of who watches the market: halts, cases, who knows what is not public yet, trades that are taken back.
//
//     halt_market -> resume_market                       one stops it, two let it go on
//     open_case -> refer_case -> close_case              what a finding comes to; a case that is closed stays closed
//     add_insider, open_embargo -> lift_embargo          an embargo ends by itself when what it is about is published
//     annul_trade                                        both legs of an erroneous trade go back, or neither
//
// What only stops somebody needs one person; what lets them go on needs two.
#pragma once

#include "abate/scheme/people_commands.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

// Who watches: an operator or an auditor.
inline constexpr Role kSupervisor = static_cast<Role>(
    static_cast<std::uint8_t>(Role::scheme_operator) | static_cast<std::uint8_t>(Role::auditor));

// ---- halts

// Orders can only be cancelled from now on.
struct HaltMarket {
    static constexpr std::uint8_t number = 130;
    static constexpr const char* name = "halt_market";
    static constexpr Authority authority{.first = Role::scheme_operator};
    std::int32_t vintage = 0;  // 0: every book
    Timestamp until = {};      // 0: until it is resumed
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("vintage", self.vintage);
        visit("until", self.until);
        visit("reason", self.reason);
    }
};

// Ends a halt before its time; one that the price band made too.
struct ResumeMarket {
    static constexpr std::uint8_t number = 131;
    static constexpr const char* name = "resume_market";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::int32_t vintage = 0;  // 0: every book, also those that were halted alone
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("vintage", self.vintage);
        visit("reason", self.reason);
    }
};

// ---- cases

// What it may be about. Those of surveillance have their names; numbers are those of the journal.
enum class CaseKind : std::uint8_t {
    wash_ring = 1,
    unchanged_position = 2,
    cancel_ratio = 3,
    layering = 4,
    marking_the_close = 5,
    concentration = 6,
    concentrated_market = 7,
    hoarding = 8,
    insider_dealing = 9,
    erroneous_trade = 10,
    other = 11,
};
[[nodiscard]] std::string_view to_string(CaseKind value);

enum class CaseOutcome : std::uint8_t {
    no_breach = 1,
    warned = 2,
    sanctioned = 3,
    reversed = 4,     // what was gained went back
    handed_over = 5,  // an authority goes on with it
};
[[nodiscard]] std::string_view to_string(CaseOutcome value);

// A finding of surveillance as it stood when the case was opened (docs/reference/surveillance.md says what the figures are).
struct CaseFinding {
    CaseKind kind = CaseKind::other;
    Timestamp from = {};
    Timestamp to = {};
    std::int64_t quantity = 0;
    std::int64_t figure = 0;
    std::int64_t threshold = 0;
    std::int64_t second_figure = 0;
    std::int64_t second_threshold = 0;
    std::vector<std::uint64_t> evidence = {};  // numbers of the book's tape
    bool evidence_complete = true;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("kind", self.kind);
        visit("from", self.from);
        visit("to", self.to);
        visit("quantity", self.quantity);
        visit("figure", self.figure);
        visit("threshold", self.threshold);
        visit("second_figure", self.second_figure);
        visit("second_threshold", self.second_threshold);
        visit("evidence", self.evidence);
        visit("evidence_complete", self.evidence_complete);
    }
};
inline constexpr std::size_t kMostSubjects = 100;
inline constexpr std::size_t kMostCaseFindings = 20;
inline constexpr std::size_t kMostEvidence = 1000;

struct OpenCase {
    static constexpr std::uint8_t number = 132;
    static constexpr const char* name = "open_case";
    static constexpr Authority authority{.first = kSupervisor};
    CaseKind kind = CaseKind::other;
    std::int32_t vintage = 0;                  // of the book
    std::vector<ParticipantId> subjects = {};  // whose conduct it is about
    std::vector<CaseFinding> findings = {};
    std::int64_t earlier = 0;  // the number of a case that it goes on from; 0: none
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("kind", self.kind);
        visit("vintage", self.vintage);
        visit("subjects", self.subjects);
        visit("findings", self.findings);
        visit("earlier", self.earlier);
        visit("text", self.text);
    }
};

struct ReferCase {
    static constexpr std::uint8_t number = 133;
    static constexpr const char* name = "refer_case";
    static constexpr Authority authority{.first = kSupervisor};
    std::int64_t case_number = 0;
    std::string to = {};  // which authority
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("case", self.case_number);
        visit("to", self.to);
        visit("text", self.text);
    }
};

struct CloseCase {
    static constexpr std::uint8_t number = 134;
    static constexpr const char* name = "close_case";
    static constexpr Authority authority{.first = kSupervisor};
    std::int64_t case_number = 0;
    CaseOutcome outcome = CaseOutcome::no_breach;
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("case", self.case_number);
        visit("outcome", self.outcome);
        visit("text", self.text);
    }
};

// ---- what is not public yet

// What moves prices when it is told. `year` says of which.
enum class Release : std::uint8_t {
    benchmark = 1,      // public when it is proposed, and when it is final
    cap = 2,            // likewise
    verified_data = 3,  // public with `publish` of "compliance YEAR"
};
[[nodiscard]] std::string_view to_string(Release value);

// A participant, or the holder of a key, who knows it. One of the two is named.
struct AddInsider {
    static constexpr std::uint8_t number = 135;
    static constexpr const char* name = "add_insider";
    static constexpr Authority authority{.first = Role::scheme_operator};
    Release release = Release::benchmark;
    std::int64_t year = 0;
    ParticipantId participant{};
    std::string holder = {};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("release", self.release);
        visit("year", self.year);
        visit("participant", self.participant);
        visit("holder", self.holder);
        visit("reason", self.reason);
    }
};

// From the list, which keeps that they were on it.
struct RemoveInsider {
    static constexpr std::uint8_t number = 136;
    static constexpr const char* name = "remove_insider";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    Release release = Release::benchmark;
    std::int64_t year = 0;
    ParticipantId participant{};
    std::string holder = {};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("release", self.release);
        visit("year", self.year);
        visit("participant", self.participant);
        visit("holder", self.holder);
        visit("reason", self.reason);
    }
};

// Groups of who is on the list place no order and no bid until it is published, in no book.
struct OpenEmbargo {
    static constexpr std::uint8_t number = 137;
    static constexpr const char* name = "open_embargo";
    static constexpr Authority authority{.first = Role::scheme_operator};
    Release release = Release::benchmark;
    std::int64_t year = 0;
    Timestamp from = {};  // 0: at once
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("release", self.release);
        visit("year", self.year);
        visit("from", self.from);
    }
};

// Where nothing will be published after all.
struct LiftEmbargo {
    static constexpr std::uint8_t number = 138;
    static constexpr const char* name = "lift_embargo";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    Release release = Release::benchmark;
    std::int64_t year = 0;
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("release", self.release);
        visit("year", self.year);
        visit("reason", self.reason);
    }
};

// ---- erroneous trades

// The trade with this number on the tape of the vintage's book: what each side got goes back, fees too, in one chain.
struct AnnulTrade {
    static constexpr std::uint8_t number = 139;
    static constexpr const char* name = "annul_trade";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    std::int32_t vintage = 0;
    std::uint64_t trade = 0;
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("vintage", self.vintage);
        visit("trade", self.trade);
        visit("reason", self.reason);
    }
};

}  // namespace abate::scheme
