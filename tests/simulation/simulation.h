// A registry and its clients in one thread, all of it drawn from one seed: what is asked, what the clock says, when the store fails, when
// the process dies, when another node takes the lease. The same seed is the same run, to the last byte of the journal.
//
//     const Report report = simulate({.world = WorldKind::ledger, .seed = 7});
//     if (report.failure) std::puts(explain(options, report).c_str());       // what, when, and how to run it again
//
// The real sequencer, engine and scheme run over a journal that fails. The clients (World) say beforehand what each answer must be, and
// compare the books; a reader of the journal (JournalReader) keeps books of its own; every so often the journal is replayed and audited.
#pragma once

#include "abate/node/market_test_support.h"
#include "abate/node/node_test_support.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/planted.h"
#include "simulation/world.h"

namespace abate::simulation {

enum class WorldKind { ledger, scheme, market };
[[nodiscard]] const char* to_string(WorldKind kind);

struct SimulationOptions {
    WorldKind world = WorldKind::ledger;
    std::uint64_t seed = 1;
    int steps = 100;
    // Where it is kept; in memory where there is none. Each connection opens its own.
    node::testing::Disk::Opening store = {};
    std::function<void()> empty_store = {};  // called before a run
    // Called where the process has died, before another starts: the disk comes back from what it did.
    std::function<void()> power_on = {};
    // Asked in each step: something in the store below has stopped for good, so the process dies.
    std::function<bool()> power_is_off = {};
    // Called before each step, to let something below fail; and after it, so that whoever looks is not disturbed.
    std::function<void(Dice&)> trouble = {};
    std::function<void()> no_trouble = {};
    Plant plant = Plant::none;
    bool look_always = false;  // after each step, so that the first wrong one is known
    std::string test =
        {};  // that runs one seed of this kind again; empty: that of the world, in memory
};

struct Report {
    std::optional<std::string> failure = {};
    int steps = 0;  // done, the failing one included
    std::uint64_t commands = 0;
    std::uint64_t events = 0;
    engine::Digest head = {};
    std::map<std::string, std::uint64_t> faults = {};
    std::map<std::string, std::uint64_t> answers = {};  // by their reason
    std::vector<std::string> trace = {};                // a line a step
};

[[nodiscard]] Report simulate(const SimulationOptions& options);

// After a failure: runs it again, looking after each step, for the shortest beginning that fails. None: then it does not fail.
[[nodiscard]] std::optional<Report> shortest(SimulationOptions options, const Report& report);
// What went wrong, the last steps, and the command that runs it again.
[[nodiscard]] std::string explain(const SimulationOptions& options, const Report& report);

}  // namespace abate::simulation
