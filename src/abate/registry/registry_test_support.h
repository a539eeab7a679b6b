// Books to test with: two labs of two groups, each with a holding, compliance, deficit and cash account, and the scheme's own.
#pragma once

#include "abate/registry/invariant.h"
#include "abate/registry/registry.h"

#include <gtest/gtest.h>

#include <vector>

namespace abate::registry::testing {

inline constexpr Asset kV27 = allowances_of(Vintage(2027));

class Journal final : public EventSink {
  public:
    void on(const Event& event) override { events.push_back(event); }
    std::vector<Event> events;
};

// Scheme accounts.
inline constexpr AccountId kIssuance{1}, kAuction{2}, kReserve{3}, kRetirement{4}, kEscrow{5},
    kBank{6}, kProceeds{7}, kPenalties{8}, kFees{9};
// Of lab n = 1, 2: 10 n + 0 ... 3.
[[nodiscard]] constexpr AccountId holding(std::uint64_t lab) { return AccountId{lab * 10}; }
[[nodiscard]] constexpr AccountId compliance(std::uint64_t lab) { return AccountId{lab * 10 + 1}; }
[[nodiscard]] constexpr AccountId deficit(std::uint64_t lab) { return AccountId{lab * 10 + 2}; }
[[nodiscard]] constexpr AccountId cash(std::uint64_t lab) { return AccountId{lab * 10 + 3}; }

class Books {
  public:
    Books() {
        const std::pair<AccountId, AccountKind> scheme[] = {
            {kIssuance, AccountKind::issuance},
            {kAuction, AccountKind::auction},
            {kReserve, AccountKind::reserve},
            {kRetirement, AccountKind::retirement},
            {kEscrow, AccountKind::escrow},
            {kBank, AccountKind::bank},
            {kProceeds, AccountKind::auction_proceeds},
            {kPenalties, AccountKind::penalties},
            {kFees, AccountKind::fees}};
        for (const auto& [id, kind] : scheme)
            must({.op = Op::open_account, .kind = kind, .from = id});
        for (const std::uint64_t lab : {1U, 2U}) {
            const ParticipantId participant{lab};
            must({.op = Op::open_participant, .participant = participant, .group = GroupId{lab}});
            const std::pair<AccountId, AccountKind> own[] = {
                {holding(lab), AccountKind::holding},
                {compliance(lab), AccountKind::compliance},
                {deficit(lab), AccountKind::deficit},
                {cash(lab), AccountKind::cash}};
            for (const auto& [id, kind] : own)
                must(
                    {.op = Op::open_account, .kind = kind, .from = id, .participant = participant});
        }
    }

    // With an id of its own where the command has none.
    Outcome apply(Command command) {
        if (command.id.empty()) command.id = {1, ++next_};
        return registry.apply(command, tick(), journal);
    }
    Outcome must(const Command& command) {
        const Outcome outcome = apply(command);
        EXPECT_EQ(to_string(outcome.reason), "ok") << to_string(command.op);
        return outcome;
    }
    std::vector<Outcome> chain(std::vector<Command> commands) {
        std::vector<Outcome> outcomes(commands.size());
        for (Command& command : commands) {
            if (command.id.empty()) command.id = {1, ++next_};
            command.flags = &command == &commands.back() ? 0 : kLinked;
        }
        const Timestamp first = tick();
        now.us += static_cast<std::int64_t>(commands.size());
        registry.apply_chain(commands, first, outcomes, journal);
        return outcomes;
    }
    Timestamp tick() { return now = {now.us + 1}; }

    void issue(AccountId to, std::int64_t amount, Asset asset = kV27) {
        must({.op = Op::issue, .asset = asset, .from = kIssuance, .to = to, .amount = amount});
    }
    void deposit(AccountId to, std::int64_t micro) {
        must({.op = Op::deposit, .asset = Asset::cash, .from = kBank, .to = to, .amount = micro});
    }
    [[nodiscard]] std::int64_t has(AccountId id, Asset asset = kV27) const {
        return registry.balance(id, asset).posted;
    }

    Registry registry;
    Journal journal;
    Timestamp now{1'800'000'000'000'000};

  private:
    std::uint64_t next_ = 0;
};

}  // namespace abate::registry::testing
