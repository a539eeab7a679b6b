// kill -9 of a registry under load, again and again on one journal: nothing that was acknowledged is lost, nothing is done twice, the books
// are sound. 20 kills; ABATE_LONG=1: 200.
#include "abate/engine/engine.h"
#include "abate/node/node.h"
#include "abate/store/postgres_test_support.h"
#include "abate/store/store.h"
#include "abate/store/store_test_support.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "crash/killed_load.h"
#include "crash/registry_load.h"

namespace abate::crash {
namespace {

using engine::Engine;

class RegistryCrash : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        if (GetParam() == "postgres") {
            ABATE_NEEDS_POSTGRES();
            base_.emplace();
            where_ = base_->conninfo();
        } else {
            where_ = folder_ / "registry.db";
        }
    }
    Result<std::unique_ptr<engine::Journal>> open() {
        return base_ ? store::open_postgres_journal(where_, kKey)
                     : store::open_sqlite_journal(where_, kKey);
    }

    // Nothing acknowledged is lost: by the books as the next process finds them.
    void expect_kept(const Asked& asked) {
        auto journal = open();
        ASSERT_TRUE(journal) << to_string(journal.error());
        // Whatever the dead one had under way is decided behind this.
        (void)(*journal)->take_lease("judge");
        Engine books(kKey);
        const Result<engine::Recovery> recovery = engine::recover(books, **journal);
        ASSERT_TRUE(recovery) << to_string(recovery.error());
        EXPECT_TRUE(recovery->notes.empty()) << recovery->notes.at(0);
        EXPECT_EQ(broken_invariant(books.registry()).value_or("sound"), "sound");
        if (recovery->from_seq != 0) ++snapshots_used_;
        for (const auto& [number, done] : asked) {
            std::size_t there = 0;
            for (const registry::Command& command : submission(number))
                if (const auto kept = books.registry().transfer(command.id)) {
                    EXPECT_EQ(kept->outcome.reason, registry::Reason::ok);
                    ++there;
                }
            if (done) {
                EXPECT_EQ(there, kEach) << "acknowledged and lost: " << number;
            }
            EXPECT_TRUE(there == 0 || there == kEach) << "half of " << number;
        }
    }

    // Sent again, all of it: what was acknowledged is there, and nothing is done twice.
    void expect_once(const Asked& asked) {
        const SystemClock clock;
        auto started = node::Sequencer::start(
            {.key = kKey, .holder = "judge", .open_journal = [this] { return open(); }}, clock);
        ASSERT_TRUE(started) << to_string(started.error());
        for (const auto& [number, done] : asked) {
            const node::Reply reply = (*started)->submit(submission(number)).get();
            ASSERT_EQ(reply.status, node::Status::done);
            // Of a chain that was done its first answers exists, and the others that they belong to it.
            using registry::Reason;
            std::vector<Reason> reasons;
            for (const registry::Outcome& outcome : reply.outcomes)
                reasons.push_back(outcome.reason);
            const std::vector<Reason> there{
                Reason::exists, Reason::linked_event_failed, Reason::exists, Reason::exists};
            const std::vector<Reason> fresh(kEach, Reason::ok);
            EXPECT_TRUE(reasons == there || (!done && reasons == fresh)) << number;
        }
    }

    store::testing::TemporaryFolder folder_;
    std::optional<store::testing::TemporaryDatabase> base_;
    std::string where_;
    int snapshots_used_ = 0;
};

TEST_P(RegistryCrash, LosesNothingAcknowledgedAndDoesNothingTwice) {
    const int kills = store::testing::long_tests() ? 200 : 20;
    std::mt19937 chance = seeded();
    std::uint64_t submissions = 0;
    std::uint64_t first = 1;
    std::uint64_t in_flight = 0;
    for (int i = 0; i < kills; ++i) {
        SCOPED_TRACE(i);
        const Asked asked = killed_at_work(
            {ABATE_REGISTRY_LOAD, GetParam(), where_, std::to_string(first)}, i, chance);
        expect_kept(asked);
        expect_once(asked);
        if (HasFailure()) return;
        for (const auto& [number, done] : asked) {
            if (!done) ++in_flight;
            first = std::max(first, number + 1);
        }
        submissions += asked.size();
    }
    EXPECT_GT(submissions, static_cast<std::uint64_t>(kills));
    EXPECT_GT(in_flight, 0U) << "no kill met work under way";
    EXPECT_GT(snapshots_used_, 0);
    auto journal = open();
    ASSERT_TRUE(journal);
    const engine::AuditReport report = engine::audit(**journal, kKey);
    EXPECT_FALSE(report.fault) << report.fault->field << " at " << report.fault->seq;
    Engine books(kKey);
    ASSERT_TRUE(books.recover(**journal));
    // Every submission once: each was acknowledged at last.
    EXPECT_EQ(books.registry().balance(kTo, kAsset).posted,
              static_cast<std::int64_t>(submissions * kEach));
    std::printf("%d kills, %lu submissions, %lu under way when it died\n",
                kills,
                static_cast<unsigned long>(submissions),
                static_cast<unsigned long>(in_flight));
}

INSTANTIATE_TEST_SUITE_P(Stores,
                         RegistryCrash,
                         ::testing::Values("sqlite", "postgres"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace abate::crash
