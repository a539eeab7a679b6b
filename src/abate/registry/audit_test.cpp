#include "abate/registry/audit.h"

#include "abate/registry/registry_test_support.h"

#include <gtest/gtest.h>

namespace abate::registry {
namespace {

using namespace testing;  // books, accounts and their numbers

// A little of everything, in order.
std::vector<Event> year() {
    Books books;
    books.issue(holding(1), 100);
    books.deposit(cash(2), 5'000'000);
    (void)books.chain(
        {{.op = Op::transfer, .asset = kV27, .from = holding(1), .to = holding(2), .amount = 30},
         {.op = Op::transfer,
          .asset = Asset::cash,
          .from = cash(2),
          .to = cash(1),
          .amount = 1'000'000}});
    (void)books.apply(
        {.op = Op::transfer, .asset = kV27, .from = holding(2), .to = kEscrow, .amount = 31});
    books.must({.op = Op::reserve,
                .asset = kV27,
                .id = {5, 1},
                .from = holding(2),
                .to = kEscrow,
                .amount = 10,
                .timeout_us = 50});
    books.registry.advance_time({books.now.us + 60}, books.journal);
    books.now.us += 60;
    books.must(
        {.op = Op::transfer, .asset = kV27, .from = holding(1), .to = compliance(1), .amount = 40});
    books.must({.op = Op::surrender,
                .asset = kV27,
                .period = 2027,
                .from = compliance(1),
                .to = kRetirement,
                .amount = 40});
    books.must({.op = Op::claw_back,
                .asset = kV27,
                .from = holding(1),
                .to = kReserve,
                .deficit = deficit(1),
                .amount = 35});
    return books.journal.events;
}

std::optional<Finding> first_finding(const std::vector<Event>& events) {
    Auditor auditor;
    for (const Event& event : events)
        if (std::optional<Finding> finding = auditor.check(event)) return finding;
    return auditor.balance();
}

// 60 of 100, then 50 more: too much only behind the first, which was taken back with it. The last of a chain has no link of its own.
TEST(Auditor, AgreesWithARefusalInsideAChain) {
    for (const bool last : {true, false}) {
        Books books;
        books.issue(holding(1), 100);
        std::vector<Command> chain{
            {.op = Op::transfer, .asset = kV27, .from = holding(1), .to = holding(2), .amount = 60},
            {.op = Op::transfer,
             .asset = kV27,
             .id = {5, 1},
             .from = holding(1),
             .to = holding(2),
             .amount = 50}};
        if (!last) chain.push_back(chain.front());
        EXPECT_EQ(books.chain(chain)[1].reason, Reason::insufficient_balance);
        EXPECT_EQ(books.registry.balance(holding(1), kV27).posted, 100);
        const std::optional<Finding> finding = first_finding(books.journal.events);
        EXPECT_FALSE(finding) << finding->field << ": " << finding->expected;
        // It moved nothing, and its id is used up.
        std::vector<Event> forged = books.journal.events;
        forged.back().outcome.amount = 50;
        EXPECT_TRUE(first_finding(forged));
        forged = books.journal.events;
        forged.back().outcome.reason = Reason::exists;
        EXPECT_TRUE(first_finding(forged));
        forged = books.journal.events;
        forged.push_back(forged.back());
        forged.back().at.us += 1;
        EXPECT_EQ(first_finding(forged)->field, "id");
    }
}

TEST(Auditor, AgreesWithWhatTheRegistryDid) {
    const std::optional<Finding> finding = first_finding(year());
    EXPECT_FALSE(finding) << finding->field << ": " << finding->expected << ", not "
                          << finding->found;
}

TEST(Auditor, SeesAnyAmountReasonAccountOrTimeThatWasChanged) {
    const std::vector<Event> events = year();
    std::size_t seen = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (events[i].command.op == Op::expire || events[i].command.amount == 0) continue;
        std::vector<Event> more = events;
        more[i].outcome.amount += 1;
        EXPECT_TRUE(first_finding(more)) << "amount of event " << i;
        std::vector<Event> refused = events;
        refused[i].outcome = {.reason = events[i].outcome.reason == Reason::ok
                                            ? Reason::insufficient_balance
                                            : Reason::ok};
        EXPECT_TRUE(first_finding(refused)) << "reason of event " << i;
        std::vector<Event> late = events;
        late[i].at = events[i - 1].at;
        EXPECT_TRUE(first_finding(late)) << "time of event " << i;
        std::vector<Event> stranger = events;
        stranger[i].command.from = AccountId{12345};
        EXPECT_TRUE(first_finding(stranger)) << "account of event " << i;
        ++seen;
    }
    EXPECT_GE(seen, 9U);
    std::vector<Event> twice = events;
    twice.push_back(twice.back());
    twice.back().at.us += 1;
    EXPECT_EQ(first_finding(twice)->field, "id");
}

TEST(Auditor, SeesAnExpiryThatIsEarlyOrDoubled) {
    std::vector<Event> events = year();
    const auto expiry = std::find_if(
        events.begin(), events.end(), [](const Event& e) { return e.command.op == Op::expire; });
    ASSERT_NE(expiry, events.end());
    std::vector<Event> doubled(events.begin(), expiry + 1);
    doubled.push_back(*expiry);
    EXPECT_EQ(first_finding(doubled)->field, "reference");
    expiry->at.us -= 20;
    EXPECT_EQ(first_finding(events)->field, "time");
}

}  // namespace
}  // namespace abate::registry
