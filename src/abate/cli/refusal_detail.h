// The numbers behind a refusal, in words: how much is there and how much was asked, until when a window is open.
//
//     refused: insufficient_balance: lab/holding has 100 of 2027, 40 of them promised; 80 were asked
//
// The journal keeps the reason alone. This is worked out from the state for whoever reads the refusal, and nothing rests on it.
#pragma once

#include "abate/cli/office.h"

#include <string>

namespace abate::cli {

struct Refused {
    scheme::Reason reason = scheme::Reason::ok;
    scheme::Command command = {};      // of an approval: what was proposed
    scheme::TransferId proposal = {};  // of an approval or withdrawal
    bool approves = false;
    scheme::PublicKey key = {};  // that signed
    Timestamp now = {};
};

// Empty where the name says all.
[[nodiscard]] std::string refusal_detail(const Office& office, const Refused& refused);

// What is said of it: "WHAT: REASON: DETAIL (WHERE)".
struct RefusalWords {
    const char* what = "refused";
    std::string where = {};
};
[[nodiscard]] Failure refusal_of(const Office& office,
                                 const Refused& refused,
                                 const RefusalWords& words);

}  // namespace abate::cli
