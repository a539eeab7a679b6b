// Commands about a firm that ceases operation. Two of the firm ask and an operator accepts, or two operators order it.
//
//     request_cease -> accept_cease        or        order_cease
//     final report of the part-year -> the obligation -> surrender -> accounts closed at zero
#pragma once

#include "abate/scheme/people_commands.h"

#include <cstdint>
#include <string>

namespace abate::scheme {

// A later request takes the place of one that is not accepted yet.
struct RequestCease {
    static constexpr std::uint8_t number = 100;
    static constexpr const char* name = "request_cease";
    static constexpr Authority authority{
        .first = Role::initiator, .second = Role::approver, .own = true};
    ParticipantId participant{};
    Timestamp ceased = {};  // the first moment at which it operates no more
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("ceased", self.ceased);
        visit("reason", self.reason);
    }
};

// As it was asked for: the request in hand may be a later one than the operator has read.
struct AcceptCease {
    static constexpr std::uint8_t number = 101;
    static constexpr const char* name = "accept_cease";
    static constexpr Authority authority{.first = Role::scheme_operator};
    ParticipantId participant{};
    Timestamp ceased = {};  // that of the request
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("ceased", self.ceased);
    }
};

struct OrderCease {
    static constexpr std::uint8_t number = 102;
    static constexpr const char* name = "order_cease";
    static constexpr Authority authority{.first = Role::scheme_operator,
                                         .second = Role::scheme_operator};
    ParticipantId participant{};
    Timestamp ceased = {};
    std::string reason = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("participant", self.participant);
        visit("ceased", self.ceased);
        visit("reason", self.reason);
    }
};

}  // namespace abate::scheme
