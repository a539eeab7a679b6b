// The parts of `abate registry`, one file each.
#pragma once

#include "abate/cli/office.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

namespace abate::cli {

void add_registry_founding(CLI::App& registry, Context& context);  // init, profile, rules
void add_registry_people(
    CLI::App& registry,
    Context& context);  // key, participant, account, trusted, mandate, approve, ...
void add_registry_moves(CLI::App& registry,
                        Context& context);  // transfer, cancel, retire, return, cash
void add_registry_year(
    CLI::App& registry,
    Context& context);  // period, cap, benchmark, allocate, true-up, baseline, ...
void add_registry_reports(
    CLI::App& registry,
    Context& context);  // plan, report, verify-report, determine, statement, activities
void add_registry_compliance(
    CLI::App& registry,
    Context& context);  // surrender, compliance, penalty, claw-back, publish
void add_registry_calendar(CLI::App& registry, Context& context);  // calendar, steps
void add_registry_cease(CLI::App& registry, Context& context);     // cease
void add_registry_books(CLI::App& registry,
                        Context& context);  // balance, history, status, audit, backup, export, list
void add_registry_head(CLI::App& registry, Context& context);   // head
void add_registry_notes(CLI::App& registry, Context& context);  // note, holding

void add_registry_footers(
    CLI::App& registry);  // examples under the help of each; the last to be called

// A subcommand that signs: `act` gets its options and an open office.
template <class Options>
Options& add_act(CLI::App& parent,
                 Context& context,
                 CLI::App*& made,
                 // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as CLI11 has them
                 const char* name,
                 const char* description,
                 std::function<void(Office&, const Options&)> act) {
    struct Kept {
        Options own;
        OfficeOptions office;
    };
    auto kept = std::make_shared<Kept>();
    made = parent.add_subcommand(name, description);
    add_acting_options(*made, context, kept->office);
    made->callback([kept, act = std::move(act), &context] {
        Office office(context, kept->office);
        act(office, kept->own);
    });
    return kept->own;
}

// Whether a view shows what holds now, or what is written.
enum class Shows : std::uint8_t { now, written };

// A subcommand that only reads.
template <class Options>
Options& add_view(CLI::App& parent,
                  Context& context,
                  CLI::App*& made,
                  // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as CLI11 has them
                  const char* name,
                  const char* description,
                  std::function<void(Office&, const Options&)> view,
                  Shows shows = Shows::now) {
    struct Kept {
        Options own;
        OfficeOptions office;
    };
    auto kept = std::make_shared<Kept>();
    made = parent.add_subcommand(name, description);
    if (shows == Shows::now) {
        add_view_options(*made, context, kept->office);
    } else {
        add_journal_options(*made, context, kept->office);
    }
    made->callback([kept, view = std::move(view), shows, &context, command = made] {
        // The one below it is what was asked for.
        if (!command->get_subcommands().empty()) return;
        Office office(context, kept->office);
        if (shows == Shows::now) office.show_now();
        view(office, kept->own);
    });
    return kept->own;
}

}  // namespace abate::cli
