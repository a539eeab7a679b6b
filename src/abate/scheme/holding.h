// The holding limit as it is now, and who is above it. Inside `scheme`, and for whoever settles trades.
#pragma once

#include "abate/scheme/decide.h"

namespace abate::scheme {

// So many allowances more, in an account of this kind, from outside the group.
struct Receipt {
    ParticipantId participant{};
    AccountKind kind = AccountKind::holding;
    std::int64_t amount = 0;
};
// holding_limit_exceeded, or ok. What is on its way in counts as held.
[[nodiscard]] Reason check_holding(const Look& look, const Receipt& receipt);

// What the receiver's group would hold with it, exempt parts left out, beside the limit; none: no limit holds for it.
struct HoldingCount {
    std::int64_t limit = 0;
    std::int64_t counted = 0;  // the largest number, where 64 bits do not hold it
};
[[nodiscard]] std::optional<HoldingCount> holding_with(const Look& look, const Receipt& receipt);

// How many allowances more the group of a participant may take into a holding account; none: as many as it likes.
[[nodiscard]] std::optional<std::int64_t> holding_room(const Look& look, ParticipantId participant);

// Of the cap of the year that `now` lies in; none: the scheme has no limit, or no cap.
[[nodiscard]] std::optional<std::int64_t> current_holding_limit(const State& state, Timestamp now);
// Above it; 0: not.
[[nodiscard]] std::int64_t holding_excess(const Look& look, GroupId group);

// Looks at a group as soon as time is next advanced.
void review_holding(State& state, GroupId group, Timestamp at);

// What was promised or frozen over the end of a cure period could not be consigned; when it comes free, what is still above the limit is
// consigned at once, and a group without such a case is looked at.
void review_freed(State& state, ParticipantId participant, Timestamp at);

// A calendar was published: open cases that had no date to be cured by get it, counted from `now` on.
void date_holding_cases(State& state, Timestamp now);

}  // namespace abate::scheme
