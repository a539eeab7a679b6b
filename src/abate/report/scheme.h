// What the registry's commands print: commands, events, states.
//
//     std::string line = command_text(command);              // "transfer participant=2 from=110 to=120 vintage=2027 quantity=1000"
//     std::string json = command_json(command);
//
// Keys are the field names of the structs (scheme/fields.h): public keys and ids as text, energies as exact decimal joules, enums as words,
// per cent as decimals.
#pragma once

#include "abate/scheme/scheme.h"

#include <string>

namespace abate::report {

// A ULID's 26 characters.
[[nodiscard]] std::string id_text(const scheme::TransferId& id);

// The name and every field that is not empty, on one line.
[[nodiscard]] std::string command_text(const scheme::Command& command);
// {"command": name, fields...}; indent < 0: one line.
[[nodiscard]] std::string command_json(const scheme::Command& command, int indent = -1);
// The whole state. Confidential figures of firms are part of it: for the operator and the auditor only.
[[nodiscard]] std::string state_json(const scheme::State& state, int indent = 2);
[[nodiscard]] std::string plan_json(const scheme::PlanEntry& plan, int indent = 2);
[[nodiscard]] std::string report_json(const scheme::ReportEntry& report, int indent = 2);
[[nodiscard]] std::string note_json(const scheme::SettlementNote& note, int indent = 2);
[[nodiscard]] std::string rules_json(const scheme::Rules& rules, int indent = 2);

}  // namespace abate::report
