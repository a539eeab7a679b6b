// The registry against a model of a few maps that shares no code with it, over random commands.
#include "abate/registry/registry_test_support.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <span>

namespace abate::registry {
namespace {

using namespace testing;  // books, accounts and their numbers

const std::vector<AccountId>& any_account() {
    static const std::vector<AccountId> all{kIssuance,
                                            kAuction,
                                            kRetirement,
                                            kEscrow,
                                            kBank,
                                            kFees,
                                            holding(1),
                                            holding(2),
                                            compliance(1),
                                            compliance(2),
                                            deficit(1),
                                            cash(1),
                                            cash(2),
                                            AccountId{777}};
    return all;
}

// Small numbers so that ids, amounts and accounts meet often; a few at the edges.
Command any_command() {
    Command c;
    c.op = *rc::gen::element(Op::issue,
                             Op::transfer,
                             Op::transfer,
                             Op::transfer,
                             Op::reserve,
                             Op::reserve,
                             Op::post,
                             Op::void_pending,
                             Op::surrender,
                             Op::retire,
                             Op::claw_back,
                             Op::deposit,
                             Op::withdraw,
                             Op::set_status);
    c.id = {3, *rc::gen::inRange<std::uint64_t>(1, 200)};
    if (c.op == Op::post || c.op == Op::void_pending) {
        c.reference = {3, *rc::gen::inRange<std::uint64_t>(1, 200)};
        if (c.op == Op::post) c.amount = *rc::gen::inRange(0, 30);
        return c;
    }
    c.from = *rc::gen::elementOf(any_account());
    if (c.op == Op::set_status) {
        c.status = *rc::gen::element(AccountStatus::open,
                                     AccountStatus::open,
                                     AccountStatus::blocked,
                                     AccountStatus::frozen);
        return c;
    }
    if (c.op == Op::issue) c.from = kIssuance;
    if (c.op == Op::deposit) c.from = kBank;
    c.to = *rc::gen::elementOf(any_account());
    c.asset = *rc::gen::element(kV27, kV27, allowances_of(Vintage(2028)), Asset::cash);
    c.amount = *rc::gen::weightedOneOf<std::int64_t>(
        {{30, rc::gen::inRange<std::int64_t>(1, 50)},
         {1, rc::gen::element<std::int64_t>(INT64_MAX, INT64_MAX - 7, 0, -1)}});
    if (c.op == Op::surrender) c.period = 2027;
    if (c.op == Op::claw_back) c.deficit = deficit(1);
    if (c.op == Op::reserve) c.timeout_us = *rc::gen::element<std::uint64_t>(0, 5, 40);
    return c;
}

// Balances by (account, asset), and what each id did: nothing of the registry but its answers.
struct Model {
    std::map<std::pair<AccountId, Asset>, Int128> posted;
    std::map<std::pair<AccountId, Asset>, Int128> reserved;
    std::map<TransferId, Command> pending;
    std::map<TransferId, Command> done;
    std::set<TransferId> failed;

    void follow(const Event& event) {
        const Command& c = event.command;
        if (event.outcome.reason != Reason::ok) {
            failed.insert(c.id);
            return;
        }
        if (c.op == Op::post || c.op == Op::void_pending || c.op == Op::expire) {
            const Command promise = pending.at(c.reference);
            pending.erase(c.reference);
            reserved[{promise.from, promise.asset}] -= promise.amount;
            if (c.op == Op::post) {
                const std::int64_t amount = c.amount == 0 ? promise.amount : c.amount;
                posted[{promise.from, promise.asset}] -= amount;
                posted[{promise.to, promise.asset}] += amount;
            }
        } else if (c.op == Op::reserve) {
            pending[c.id] = c;
            reserved[{c.from, c.asset}] += c.amount;
        } else if (c.op == Op::claw_back) {
            const Int128 there = posted[{c.from, c.asset}] - reserved[{c.from, c.asset}];
            const Int128 taken = there < c.amount ? there : c.amount;
            posted[{c.from, c.asset}] -= taken;
            posted[{c.deficit, c.asset}] -= c.amount - taken;
            posted[{c.to, c.asset}] += c.amount;
        } else if (c.amount != 0) {
            posted[{c.from, c.asset}] -= c.amount;
            posted[{c.to, c.asset}] += c.amount;
        }
        if (c.op != Op::expire) done[c.id] = c;
    }
};

void expect_like(const Registry& registry, Model& model) {
    registry.for_each_account([&](const AccountView& account) {
        for (const Balance& balance : account.balances) {
            RC_ASSERT(Int128{balance.posted} == (model.posted[{account.id, balance.asset}]));
            RC_ASSERT(Int128{balance.reserved} == (model.reserved[{account.id, balance.asset}]));
        }
    });
    for (const auto& [where, amount] : model.posted)
        RC_ASSERT(amount == Int128{registry.balance(where.first, where.second).posted});
}

// Conservation at every prefix; nothing below zero; each id once; and the events alone make the same books.
RC_GTEST_PROP(Registry, AgreesWithAModelAtEveryStep, ()) {
    Books books;
    Model model;
    books.issue(holding(1), 60);
    books.issue(holding(2), 40, allowances_of(Vintage(2028)));
    books.deposit(cash(1), 50);
    for (const Event& event : books.journal.events) model.follow(event);
    const int steps = *rc::gen::inRange(1, 80);
    for (int i = 0; i < steps; ++i) {
        const std::size_t before = books.journal.events.size();
        if (*rc::gen::inRange(0, 8) == 0) {
            books.now.us += 30;
            books.registry.advance_time(books.tick(), books.journal);
        } else {
            const Command command = any_command();
            const Outcome outcome = books.apply(command);
            if (model.failed.contains(command.id))
                RC_ASSERT(outcome.reason == Reason::id_already_failed ||
                          outcome.reason < Reason::id_already_failed);
            if (const auto kept = model.done.find(command.id); kept != model.done.end())
                RC_ASSERT((outcome.reason == Reason::exists) == (kept->second == command));
        }
        RC_ASSERT(books.journal.events.size() - before <= 1 + model.pending.size());
        for (std::size_t e = before; e < books.journal.events.size(); ++e)
            model.follow(books.journal.events[e]);
        RC_ASSERT(broken_invariant(books.registry).value_or("sound") == "sound");
    }
    expect_like(books.registry, model);

    Auditor auditor;
    for (const Event& event : books.journal.events) {
        const std::optional<Finding> finding = auditor.check(event);
        if (finding) RC_FAIL(finding->field + ": " + finding->expected + ", not " + finding->found);
    }
    RC_ASSERT(!auditor.balance());

    Registry again;
    for (const Event& event : books.journal.events) RC_ASSERT(again.fold(event));
    expect_like(again, model);
    RC_ASSERT(again.transfers() == books.registry.transfers());
    RC_ASSERT(again.next_due() == books.registry.next_due());
    Registry at_once;
    RC_ASSERT(at_once.fold_block(books.journal.events) == books.journal.events.size());
    expect_like(at_once, model);
}

// A chain that fails leaves everything as it was, whatever is in it.
RC_GTEST_PROP(Registry, AFailedChainChangesNothing, ()) {
    Books books;
    books.issue(holding(1), 60);
    books.deposit(cash(1), 50);
    for (int i = 0; i < 20; ++i) (void)books.apply(any_command());
    std::vector<Command> chain;
    const int length = *rc::gen::inRange(2, 7);
    for (int i = 0; i < length; ++i) {
        Command c = any_command();
        c.id = {4, static_cast<std::uint64_t>(i + 1)};
        chain.push_back(c);
    }
    std::map<AccountId, AccountView> before;
    books.registry.for_each_account([&](const AccountView& a) { before[a.id] = a; });
    const std::vector<Outcome> outcomes = books.chain(chain);
    const auto failures = std::count_if(
        outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.reason != Reason::ok; });
    RC_ASSERT(failures == 0 || failures == length);
    RC_ASSERT(broken_invariant(books.registry).value_or("sound") == "sound");
    if (failures == 0) return;
    books.registry.for_each_account([&](const AccountView& a) {
        const AccountView& old = before.at(a.id);
        RC_ASSERT(a.status == old.status);
        for (const Balance& balance : a.balances) {
            const auto same =
                std::find_if(old.balances.begin(), old.balances.end(), [&](const Balance& b) {
                    return b.asset == balance.asset;
                });
            RC_ASSERT(balance ==
                      (same == old.balances.end() ? Balance{.asset = balance.asset} : *same));
        }
    });
    // Each id but the refused one can still be used, and means what it says then.
    for (std::size_t i = 0; i < chain.size(); ++i) {
        chain[i].flags = 0;
        if (outcomes[i].reason == Reason::linked_event_failed)
            RC_ASSERT(books.apply(chain[i]).reason != Reason::id_already_failed);
    }
}

// Chains that are taken back included. What was read answers everything as what was written, then and later.
RC_GTEST_PROP(Snapshot, GivesTheSameBooks, ()) {
    Books books;
    books.issue(holding(1), 60);
    books.deposit(cash(1), 50);
    const auto some_steps = [&](Books& at) {
        const int steps = *rc::gen::inRange(0, 40);
        for (int i = 0; i < steps; ++i) {
            if (*rc::gen::inRange(0, 8) == 0) {
                at.now.us += 30;
                at.registry.advance_time(at.tick(), at.journal);
            } else if (*rc::gen::inRange(0, 8) == 0) {
                (void)at.chain({any_command(), any_command(), any_command()});
            } else {
                (void)at.apply(any_command());
            }
        }
    };
    some_steps(books);
    std::string bytes;
    append_snapshot(bytes, books.registry);
    Result<Registry> read = read_snapshot(bytes, 77);
    if (!read) RC_FAIL(to_string(read.error()));
    std::string again;
    append_snapshot(again, *read);
    RC_ASSERT(again == bytes);
    // What comes after is decided alike.
    const std::size_t before = books.journal.events.size();
    some_steps(books);
    const std::span<const Event> later = std::span(books.journal.events).subspan(before);
    RC_ASSERT(read->fold_block(later) == later.size());
    Registry whole;
    RC_ASSERT(whole.fold_block(books.journal.events) == books.journal.events.size());
    RC_ASSERT(read->next_due() == whole.next_due());
    RC_ASSERT(read->accounts() == whole.accounts());
    RC_ASSERT(read->transfers() == whole.transfers());
    whole.for_each_account([&](const AccountView& account) {
        const std::optional<AccountView> other = read->account(account.id);
        RC_ASSERT(other.has_value());
        RC_ASSERT(other->status == account.status);
        for (const Balance& balance : account.balances)
            RC_ASSERT(read->balance(account.id, balance.asset) == balance);
    });
    for (const Event& event : books.journal.events) {
        const std::optional<TransferView> a = whole.transfer(event.command.id);
        const std::optional<TransferView> b = read->transfer(event.command.id);
        RC_ASSERT(a.has_value() == b.has_value());
        if (!a) continue;
        RC_ASSERT(a->command == b->command);
        RC_ASSERT(a->outcome == b->outcome);
        RC_ASSERT(a->pending == b->pending);
        RC_ASSERT(a->at == b->at);
        RC_ASSERT(a->due == b->due);
    }
}

RC_GTEST_PROP(EventCodec, ReadsWhatItWrote, ()) {
    Books books;
    books.issue(holding(1), 60);
    books.deposit(cash(1), 50);
    for (int i = 0; i < 30; ++i) (void)books.apply(any_command());
    std::string payload;
    for (const Event& event : books.journal.events) append_event(payload, event);
    EventReader reader(payload);
    for (const Event& event : books.journal.events) {
        const auto read = reader.next();
        RC_ASSERT(read.has_value() && read->has_value());
        RC_ASSERT(**read == event);
    }
    RC_ASSERT(!reader.next()->has_value());
}

}  // namespace
}  // namespace abate::registry
