// Seeds of the simulation: a fixed list each time; ABATE_LONG=1: thousands, from a start that is printed.
//
//     ABATE_SEED=7 simulation_test --gtest_filter='*LedgerOfOneSeed*'                  one seed again
//     ABATE_SEED=7 ABATE_STEPS=31 simulation_test --gtest_filter='*LedgerOfOneSeed*'   its beginning, looking after each step
//     ABATE_LONG=1 ABATE_SEED=1000 simulation_test                                     thousands, from 1000 on
#include "simulation/simulation.h"

#include "abate/store/failing_vfs_test_support.h"
#include "abate/store/postgres_test_support.h"
#include "abate/store/store.h"
#include "abate/store/store_test_support.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace abate::simulation {
namespace {

using store::testing::long_tests;

std::optional<std::uint64_t> number_of(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::stoull(text);
}

// What many runs came to.
struct Sum {
    std::uint64_t seeds = 0;
    std::uint64_t commands = 0;
    std::uint64_t events = 0;
    std::map<std::string, std::uint64_t> faults;
    std::map<std::string, std::uint64_t> answers;

    void add(const Report& report) {
        ++seeds;
        commands += report.commands;
        events += report.events;
        for (const auto& [what, count] : report.faults) faults[what] += count;
        for (const auto& [what, count] : report.answers) answers[what] += count;
    }
    void print(const char* name, double seconds) const {
        std::uint64_t all = 0;
        std::string each;
        for (const auto& [what, count] : faults) {
            if (what.front() != '(') all += count;
            each += "\n    " + what + ": " + std::to_string(count);
        }
        each += "\n    answers:";
        for (const auto& [what, count] : answers) each += " " + what + " " + std::to_string(count);
        std::printf("%s: %lu seeds, %lu commands, %lu events, %lu faults, %.1f s%s\n",
                    name,
                    static_cast<unsigned long>(seeds),
                    static_cast<unsigned long>(commands),
                    static_cast<unsigned long>(events),
                    static_cast<unsigned long>(all),
                    seconds,
                    each.c_str());
    }
};

// False after a failure, which is explained.
bool run(const SimulationOptions& options, Sum& sum) {
    const Report report = simulate(options);
    sum.add(report);
    if (!report.failure) return true;
    ADD_FAILURE() << explain(options, shortest(options, report).value_or(report));
    return false;
}

struct Span {
    std::uint64_t quick = 0;          // seeds
    std::chrono::seconds longest{0};  // for so long where tests are long; or
    std::uint64_t many = 0;           // so many seeds
};

// `answers`: without them too little happened.
void run_many(const char* name,
              SimulationOptions options,
              const Span& span,
              const std::vector<const char*>& answers) {
    const auto begin = std::chrono::steady_clock::now();
    const auto seconds = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    std::uint64_t seed = number_of("ABATE_SEED").value_or(1);
    if (long_tests() && !number_of("ABATE_SEED")) seed = entropy_seed() >> 32U;
    const std::uint64_t first = seed;
    std::printf("%s: seeds from %lu\n", name, static_cast<unsigned long>(seed));
    Sum sum;
    std::mutex mutex;  // of sum and seed
    std::atomic<bool> failed{false};
    // One seed after the other; where tests are long, as many at once as there are processors.
    const auto work = [&] {
        SimulationOptions own = options;
        while (!failed) {
            {
                const std::lock_guard lock(mutex);
                const bool enough = !long_tests() ? seed == first + span.quick
                                    : span.many > 0
                                        ? seed == first + span.many
                                        : seconds() > static_cast<double>(span.longest.count());
                if (enough) return;
                own.seed = seed++;
            }
            const Report report = simulate(own);
            const std::lock_guard lock(mutex);
            sum.add(report);
            if (!report.failure || failed.exchange(true)) continue;
            ADD_FAILURE() << explain(own, shortest(own, report).value_or(report));
        }
    };
    std::vector<std::thread> others;
    if (long_tests())
        for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i)
            others.emplace_back(work);
    work();
    for (std::thread& thread : others) thread.join();
    if (failed) return;
    sum.print(name, seconds());
    // A run in which little went wrong proves little.
    for (const char* fault : {"append lost",
                              "append kept and its answer lost",
                              "append late",
                              "crash after append",
                              "crash between batches",
                              "lease lost in mid-batch",
                              "(recoveries from a snapshot)",
                              "(damaged snapshots passed over)"})
        EXPECT_GT(sum.faults[fault], 0U) << fault;
    for (const char* answer : answers) EXPECT_GT(sum.answers[answer], 0U) << answer;
}

constexpr int kLedgerSteps = 120;

SimulationOptions ledger(std::uint64_t seed) {
    return {.world = WorldKind::ledger, .seed = seed, .steps = kLedgerSteps};
}

// It ends where its years end.
SimulationOptions of_scheme(std::uint64_t seed) {
    return {.world = WorldKind::scheme, .seed = seed, .steps = 1000};
}

SimulationOptions of_market(std::uint64_t seed) {
    return {.world = WorldKind::market, .seed = seed, .steps = 60};
}

// ABATE_STEPS: so many of one seed, looking after each. False: it is not set.
bool take_steps(SimulationOptions& options) {
    const auto steps = number_of("ABATE_STEPS");
    if (!steps) return false;
    options.steps = static_cast<int>(*steps);
    options.look_always = true;
    return true;
}

void run_one(SimulationOptions options) {
    const auto seed = number_of("ABATE_SEED");
    if (!seed) GTEST_SKIP() << "for ABATE_SEED";
    options.seed = *seed;
    take_steps(options);
    Sum sum;
    if (run(options, sum)) sum.print("one seed", 0);
}

TEST(Simulation, LedgerOfOneSeed) { run_one(ledger(0)); }

TEST(Simulation, SchemeOfOneSeed) { run_one(of_scheme(0)); }

TEST(Simulation, MarketOfOneSeed) { run_one(of_market(0)); }

TEST(Simulation, MarketOfManySeeds) {
    run_many("market",
             of_market(0),
             {.quick = 200, .many = 20'000},
             {"ok",
              "(trades)",
              "order_exists",
              "order_exists_with_different_fields",
              "order_unknown",
              "order_of_another",
              "quantity_not_positive",
              "quantity_too_large",
              "price_not_positive",
              "post_only_would_trade",
              "fill_or_kill_not_filled",
              "expired",
              "trader_unknown",
              "book_unknown",
              "market_halted",
              "account_shut",
              "insufficient_balance",
              "proposed"});
}

TEST(Simulation, SchemeOfManySeeds) {
    run_many("scheme",
             of_scheme(0),
             {.quick = 20, .longest = std::chrono::seconds(280)},
             {"ok",
              "proposed",
              "exists",
              "exists_with_different_body",
              "id_already_failed",
              "same_person",
              "role_not_allowed",
              "participant_of_another",
              "proposal_lapsed",
              "proposal_withdrawn",
              "bad_signature",
              "insufficient_balance",
              "to_account_frozen",
              "too_late_to_cancel",
              "trading_halted",
              "bank_reference_used",
              "deposit_already_corrected",
              "surrender_exceeds_obligation",
              "penalty_not_found",
              "penalty_cancelled",
              "figures_differ",
              "report_not_submitted",
              "report_not_verified",
              "report_not_final",
              "report_final",
              "misstatement_is_material",
              "misstatements_left",
              "not_over_allocated",
              "auction_exceeds_supply",
              "auction_not_open",
              "auction_over",
              "bid_not_found",
              "purchase_limit_exceeded"});
}

TEST(Simulation, LedgerOfManySeeds) {
    run_many("ledger",
             ledger(0),
             {.quick = 60, .longest = std::chrono::seconds(200)},
             {"ok",
              "linked_event_failed",
              "linked_chain_open",
              "exists",
              "exists_with_different_amount",
              "exists_with_different_operation",
              "id_already_failed",
              "already_posted",
              "already_voided",
              "already_expired",
              "exceeds_pending_amount",
              "insufficient_balance",
              "deficit_must_not_become_positive",
              "compliance_account_of_another",
              "from_account_frozen",
              "from_account_blocked",
              "account_closed_is_final"});
}

// On a file in a temporary folder, over a disk that fails: an operation fails once, the disk is full, or the power goes and what was not
// synced is lost, whole or in part.
void run_on_sqlite(SimulationOptions options, std::uint64_t seeds) {
    Sum sum;
    std::uint64_t cuts = 0;
    const std::uint64_t first = number_of("ABATE_SEED").value_or(1);
    const bool one = take_steps(options);
    if (one) seeds = 1;
    options.test = options.world == WorldKind::ledger   ? "LedgerOnSqlite"
                   : options.world == WorldKind::scheme ? "SchemeOnSqlite"
                                                        : "MarketOnSqlite";
    for (options.seed = first; options.seed < first + seeds; ++options.seed) {
        using store::testing::DiskFault;
        store::testing::TemporaryFolder folder;
        store::testing::FailingVfs disk;
        std::string path;
        DiskFault fault = DiskFault::once;
        options.empty_store = [&, runs = 0]() mutable {
            disk.fail_at(0, DiskFault::once);
            path = folder / fmt::format("registry-{}.db", ++runs);
        };
        const auto power_is_off = [&] {
            return disk.failed() && fault != DiskFault::once && fault != DiskFault::full;
        };
        options.store = [&] {
            return store::open_sqlite_journal(path, {.tenant_id = 1, .scheme_id = 1});
        };
        options.trouble = [&](Dice& dice) {
            if (power_is_off() || !dice.percent(15)) return;
            fault = dice.one_of(std::vector<DiskFault>{DiskFault::once,
                                                       DiskFault::full,
                                                       DiskFault::power_cut,
                                                       DiskFault::torn,
                                                       DiskFault::late_writes});
            disk.fail_at(static_cast<int>(dice.between(1, 12)), fault);
        };
        options.no_trouble = [&] {
            if (!disk.failed()) disk.fail_at(0, DiskFault::once);
        };
        options.power_is_off = power_is_off;
        options.power_on = [&] {
            if (!power_is_off()) return;
            ++cuts;
            disk.power_on();
        };
        if (!run(options, sum)) return;
    }
    sum.faults["power cut"] += cuts;
    sum.print("sqlite", 0);
    if (!one) {
        EXPECT_GT(cuts, seeds);
    }
}

TEST(Simulation, SchemeOnSqlite) { run_on_sqlite(of_scheme(0), long_tests() ? 50 : 2); }
TEST(Simulation, MarketOnSqlite) { run_on_sqlite(of_market(0), long_tests() ? 100 : 4); }
TEST(Simulation, LedgerOnSqlite) { run_on_sqlite(ledger(0), long_tests() ? 200 : 6); }

// Each run in a database of its own.
void run_on_postgres(SimulationOptions options, std::uint64_t seeds) {
    Sum sum;
    const std::uint64_t first = number_of("ABATE_SEED").value_or(1);
    if (take_steps(options)) seeds = 1;
    options.test = options.world == WorldKind::ledger   ? "LedgerOnPostgres"
                   : options.world == WorldKind::scheme ? "SchemeOnPostgres"
                                                        : "MarketOnPostgres";
    for (options.seed = first; options.seed < first + seeds; ++options.seed) {
        std::unique_ptr<store::testing::TemporaryDatabase> base;
        options.empty_store = [&] {
            base.reset();
            base = std::make_unique<store::testing::TemporaryDatabase>();
        };
        options.store = [&] {
            return store::open_postgres_journal(base->conninfo(), {.tenant_id = 1, .scheme_id = 1});
        };
        if (!run(options, sum)) return;
    }
    sum.print("postgres", 0);
}

TEST(Simulation, SchemeOnPostgres) {
    ABATE_NEEDS_POSTGRES();
    run_on_postgres(of_scheme(0), long_tests() ? 10 : 1);
}
TEST(Simulation, MarketOnPostgres) {
    ABATE_NEEDS_POSTGRES();
    run_on_postgres(of_market(0), long_tests() ? 40 : 2);
}
TEST(Simulation, LedgerOnPostgres) {
    ABATE_NEEDS_POSTGRES();
    run_on_postgres(ledger(0), long_tests() ? 40 : 3);
}

// The test of the test: each fault that is planted is found, in most of a few seeds.
class Planted : public ::testing::TestWithParam<std::pair<WorldKind, Plant>> {};

TEST_P(Planted, FaultIsFound) {
    const auto [world, fault] = GetParam();
    const int seeds = world == WorldKind::scheme ? 4 : 12;
    int found = 0;
    for (int seed = 1; seed <= seeds; ++seed) {
        SimulationOptions options = world == WorldKind::ledger   ? ledger(0)
                                    : world == WorldKind::scheme ? of_scheme(0)
                                                                 : of_market(0);
        options.seed = static_cast<std::uint64_t>(seed);
        options.plant = fault;
        const Report report = simulate(options);
        if (!report.failure || found++ != 0) continue;
        const std::optional<Report> shorter = shortest(options, report);
        ASSERT_TRUE(shorter) << "it does not fail again where one looks more often";
        const std::string said = explain(options, *shorter);
        EXPECT_NE(said.find("ABATE_SEED=" + std::to_string(seed)), std::string::npos);
        std::printf("%s\n", said.substr(0, said.find('\n')).c_str());
    }
    EXPECT_GT(found, seeds / 2) << to_string(fault);
    std::printf("%s: found in %d of %d seeds\n", to_string(fault), found, seeds);
}

std::vector<std::pair<WorldKind, Plant>> planted_everywhere() {
    std::vector<std::pair<WorldKind, Plant>> out;
    for (const Plant fault : planted_faults()) {
        out.emplace_back(WorldKind::ledger, fault);
        // The clients of a scheme sign what they ask, and have no library that makes ids.
        if (fault != Plant::twice && fault != Plant::answers)
            out.emplace_back(WorldKind::scheme, fault);
    }
    // The others are of books and bytes, whatever is in them.
    for (const Plant fault : {Plant::forgets, Plant::split, Plant::answers, Plant::wrong_amount})
        out.emplace_back(WorldKind::market, fault);
    return out;
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Planted, ::testing::ValuesIn(planted_everywhere()), [](const auto& param) {
        return std::string(to_string(param.param.first)) + "_" + to_string(param.param.second);
    });

// The same seed is the same run: the same journal to the last byte.
TEST(Simulation, IsTheSameAgain) {
    for (const SimulationOptions& options : {ledger(1), ledger(2), of_scheme(1), of_market(1)}) {
        const Report once = simulate(options);
        const Report again = simulate(options);
        EXPECT_FALSE(once.failure) << *once.failure;
        EXPECT_EQ(once.head, again.head);
        EXPECT_EQ(once.trace, again.trace);
    }
}

}  // namespace
}  // namespace abate::simulation
