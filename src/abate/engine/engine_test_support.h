// A journal on paper: what `store` does, without a disk. And commands that two holdings give each other.
#pragma once

#include "abate/engine/engine.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace abate::engine::testing {

class Paper final : public Journal {
  public:
    std::optional<BatchHeader> head() override {
        if (batches.empty()) return std::nullopt;
        return batches.back().header;
    }
    Append append(const Batch& batch) override {
        if (batch.header.epoch < epoch) return Append::fenced;
        batches.push_back(batch);
        return Append::committed;
    }
    void read(std::uint64_t from_seq, const std::function<bool(const Batch&)>& visit) override {
        for (const Batch& batch : batches) {
            if (batch.header.last_seq < from_seq) continue;
            ++visited;
            if (!visit(batch)) return;
        }
    }
    std::uint64_t take_lease(const std::string&) override { return ++epoch; }
    void keep_snapshot(const Snapshot& snapshot) override {
        snapshots[snapshot.last_seq] = snapshot;
    }
    std::optional<Snapshot> newest_snapshot(std::uint64_t most) override {
        const auto after = snapshots.upper_bound(most);
        if (after == snapshots.begin()) return std::nullopt;
        return std::prev(after)->second;
    }

    std::vector<Batch> batches;
    std::map<std::uint64_t, Snapshot> snapshots;
    std::uint64_t epoch = 0;
    std::size_t visited = 0;  // batches that were read
};

// Two holdings, 10 and 20, of one participant; 10 has `amount` of the vintage 2027.
inline std::vector<registry::Command> opening(std::int64_t amount) {
    using namespace registry;
    return {{.op = Op::open_account, .kind = AccountKind::issuance, .from = AccountId{1}},
            {.op = Op::open_participant, .participant = ParticipantId{1}, .group = GroupId{1}},
            {.op = Op::open_account,
             .kind = AccountKind::holding,
             .from = AccountId{10},
             .participant = ParticipantId{1}},
            {.op = Op::open_account,
             .kind = AccountKind::holding,
             .from = AccountId{20},
             .participant = ParticipantId{1}},
            {.op = Op::issue,
             .asset = Asset{2027},
             .from = AccountId{1},
             .to = AccountId{10},
             .amount = amount}};
}
// From 10 to 20.
inline registry::Command give(std::int64_t amount, registry::Op op = registry::Op::transfer) {
    return {.op = op,
            .asset = registry::Asset{2027},
            .from = registry::AccountId{10},
            .to = registry::AccountId{20},
            .amount = amount};
}

inline constexpr SchemeKey kPaperKey{.tenant_id = 1, .scheme_id = 7};

// An engine whose batches go to paper, opened with `amount`; each call is one batch, 10 us after the last.
class Clerk {
  public:
    Clerk(Paper& paper, std::int64_t amount) : paper_(&paper) {
        engine.set_epoch(paper.take_lease("here"));
        doing(opening(amount));
    }

    std::vector<registry::Outcome> doing(std::vector<registry::Command> commands) {
        for (registry::Command& command : commands)
            if (command.id.empty()) command.id = {2, ++ids};
        std::vector<registry::Outcome> outcomes(commands.size());
        engine.apply(commands, {clock += 10}, outcomes);
        if (const std::optional<Batch> batch = engine.seal()) {
            EXPECT_EQ(paper_->append(*batch), Append::committed);
        }
        return outcomes;
    }

    Engine engine{kPaperKey};
    std::int64_t clock = 1'000'000;
    std::uint64_t ids = 0;

  private:
    Paper* paper_;
};

}  // namespace abate::engine::testing
