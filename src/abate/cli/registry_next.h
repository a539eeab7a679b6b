// What a participant has to do next, what waits for whom, and why an account is restricted: for `steps`, `status`, `proposals`, `list` and
// `balance`. Worked out from the state; nothing rests on it.
//
//     for (const NextStep& step : next_steps(office, lab)) ...     // "surrender 1,200 allowances", `surrender --from lab/compliance ...`
#pragma once

#include "abate/cli/office.h"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace abate::cli {

struct NextStep {
    std::int64_t year = 0;  // 0: of no year
    std::string who;        // "lab", "an operator", the verifier's name
    std::string what;
    std::string command;                // without "abate registry "; empty: nothing but waiting
    std::optional<Timestamp> due = {};  // it should be done before this
    bool overdue = false;
};

// In the order in which they come. Those of others, which the participant waits for, are among them.
[[nodiscard]] std::vector<NextStep> next_steps(const Office& office, scheme::ParticipantId whose);
void print_next_steps(const std::vector<NextStep>& steps);
[[nodiscard]] nlohmann::ordered_json next_steps_json(const std::vector<NextStep>& steps);

enum class Waits : std::uint8_t { proposal, transfer, withdrawal, plan, report, cease_request };
constexpr Waits kAllWaits[] = {Waits::proposal,
                               Waits::transfer,
                               Waits::withdrawal,
                               Waits::plan,
                               Waits::report,
                               Waits::cease_request};

struct WaitingMatter {
    Waits kind{};
    nlohmann::ordered_json row;
    std::string line;
    std::string next;  // what can be done about it
};

// None: of everybody.
[[nodiscard]] std::vector<WaitingMatter> what_waits(const Office& office,
                                                    std::optional<scheme::ParticipantId> whose);
// {"proposals": [...], "transfers": [...], ...}
[[nodiscard]] nlohmann::ordered_json waits_json(const std::vector<WaitingMatter>& all);
// "1 proposal for a second person, 2 transfers for their time"; empty: nothing.
[[nodiscard]] std::string waits_text(const std::vector<WaitingMatter>& all);
void print_waits(const std::vector<WaitingMatter>& all);

// Of each account that is blocked or frozen: what for, and what opens it. Reads the journal where somebody restricted one.
[[nodiscard]] std::map<scheme::AccountId, std::string> why_restricted(Office& office);
// A line for each of these that is the participant's.
void print_restricted(const Office& office,
                      const std::map<scheme::AccountId, std::string>& why,
                      scheme::ParticipantId whose);
// Of one that is blocked for want of final figures; empty: it is not.
[[nodiscard]] std::string why_blocked(const Office& office, scheme::AccountId account);

}  // namespace abate::cli
