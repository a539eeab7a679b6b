// Commands of compliance: what is owed is surrendered, and what happens where it is not.
//
//     final figures -> an obligation, rounded up once
//     transfer to the own compliance account -> surrender, before surrender_due
//     else: penalty notified -> object_penalty -> finalise_penalty -> pay_penalty, and a late surrender makes good
#pragma once

#include "abate/scheme/people_commands.h"

#include <cstdint>
#include <string>

namespace abate::scheme {

// Holding is not surrendering, and a surrender that nobody has approved is none. Before surrender_due for the obligation; later to make good.
struct Surrender {
    static constexpr std::uint8_t number = 90;
    static constexpr const char* name = "surrender";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    AccountId from{};  // a compliance account
    std::int64_t year = 0;
    std::int32_t vintage = 0;
    std::int64_t quantity = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("from", self.from);
        visit("year", self.year);
        visit("vintage", self.vintage);
        visit("quantity", self.quantity);
    }
};

struct ObjectPenalty {
    static constexpr std::uint8_t number = 91;
    static constexpr const char* name = "object_penalty";
    static constexpr Authority authority{.first = Role::initiator, .own = true};
    ParticipantId participant{};
    std::int64_t year = 0;
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("text", self.text);
    }
};

// Upheld or cancelled. The allowances stay owed either way; what make-good asks beyond them falls with the penalty.
struct FinalisePenalty {
    static constexpr std::uint8_t number = 92;
    static constexpr const char* name = "finalise_penalty";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    ParticipantId participant{};
    std::int64_t year = 0;
    bool upheld = true;
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("upheld", self.upheld);
        visit("reason", self.reason);
    }
};

struct PayPenalty {
    static constexpr std::uint8_t number = 93;
    static constexpr const char* name = "pay_penalty";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    std::int64_t year = 0;
    AccountId from{};  // a cash account
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("from", self.from);
    }
};

// Takes back what corrected figures did not earn: from the participant's own accounts, and what is not there from its deficit account,
// which it pays by an ordinary transfer. Whoever bought allowances keeps them.
struct ClawBack {
    static constexpr std::uint8_t number = 94;
    static constexpr const char* name = "claw_back";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    ParticipantId participant{};
    std::int64_t year = 0;
    std::string service_class = {};
    std::int64_t quantity = 0;
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("year", self.year);
        visit("service_class", self.service_class);
        visit("quantity", self.quantity);
        visit("reason", self.reason);
    }
};

// Back to the holder, as far as the holding limit has room again: where the excess was cured otherwise, or did not sell.
struct ReleaseConsignment {
    static constexpr std::uint8_t number = 96;
    static constexpr const char* name = "release_consignment";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    ParticipantId participant{};
    std::int32_t vintage = 0;
    std::int64_t quantity = 0;
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("vintage", self.vintage);
        visit("quantity", self.quantity);
        visit("reason", self.reason);
    }
};

// What the public is told, as it was told.
struct Publish {
    static constexpr std::uint8_t number = 95;
    static constexpr const char* name = "publish";
    static constexpr Authority authority{.first = Role::scheme_operator};
    std::string what = {};  // "compliance 2027"
    std::string text = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("what", self.what);
        visit("text", self.text);
    }
};

}  // namespace abate::scheme
