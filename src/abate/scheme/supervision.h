// Who watches the market, as acts of the scheme: halts, cases, embargoes, annulled trades. The market itself is told by the engine.
//
//     book_halt(state, 2027).until;                     // orders of 2027 can only be cancelled before it
//     embargoed_from(state);                            // which groups, and from when
//     state.supervision.cases[0].steps.back().state;    // of case 1
#pragma once

#include "abate/scheme/decide.h"

#include <map>
#include <optional>

namespace abate::scheme {

// Of a book, by operators; whatever the time is now.
struct BookHalt {
    Timestamp until = {INT64_MIN};
    Timestamp resumed = {INT64_MIN};  // halts of the price band before it are over
};
[[nodiscard]] BookHalt book_halt(const State& state, std::int32_t vintage);
// The one that stops a book at `now`, the longest; null: none does.
[[nodiscard]] const MarketHalt* halt_at(const State& state, std::int32_t vintage, Timestamp now);

struct ReleaseOf {
    Release release = Release::benchmark;
    std::int64_t year = 0;
    bool operator==(const ReleaseOf&) const = default;
};
// The embargo on it that has not ended; null: there is none.
[[nodiscard]] const Embargo* open_embargo(const State& state, const ReleaseOf& of);
// Nothing more will be told of it.
[[nodiscard]] bool is_public(const State& state, const ReleaseOf& of);
// Groups that may not place orders or bids, and from when; of those who are listed at this moment.
[[nodiscard]] std::map<GroupId, Timestamp> embargoed_from(const State& state);
[[nodiscard]] bool is_embargoed(const State& state, ParticipantId participant, Timestamp now);
// For the folds of what publishes it.
void end_embargo(State& state, const ReleaseOf& of, Timestamp at);
// The year of "compliance 2027"; none: it is about something else.
[[nodiscard]] std::optional<std::int64_t> compliance_year(std::string_view what);

}  // namespace abate::scheme
