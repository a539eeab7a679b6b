#include "abate/registry/registry.h"

#include "abate/registry/registry_test_support.h"

#include <gmock/gmock.h>

#include <limits>

namespace abate::registry {
namespace {

using namespace testing;  // books, accounts and their numbers

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from, to, as one says it
Command move(AccountId from, AccountId to, std::int64_t amount) {
    return {.op = Op::transfer, .asset = kV27, .from = from, .to = to, .amount = amount};
}
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from, to, as one says it
Command money(AccountId from, AccountId to, std::int64_t micro) {
    return {.op = Op::transfer, .asset = Asset::cash, .from = from, .to = to, .amount = micro};
}
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): from, to, as one says it
Command promise(AccountId from, AccountId to, std::int64_t amount) {
    return {.op = Op::reserve, .asset = kV27, .from = from, .to = to, .amount = amount};
}

void expect_sound(const Books& books) {
    EXPECT_EQ(broken_invariant(books.registry).value_or("sound"), "sound");
}

TEST(Registry, IssuesTransfersSurrendersAndRetires) {
    Books books;
    books.issue(holding(1), 1000);
    books.must(move(holding(1), holding(2), 300));
    books.must(move(holding(2), compliance(2), 250));
    books.must({.op = Op::surrender,
                .asset = kV27,
                .period = 2027,
                .from = compliance(2),
                .to = kRetirement,
                .amount = 200});
    books.must(
        {.op = Op::retire, .asset = kV27, .from = holding(1), .to = kRetirement, .amount = 5});
    EXPECT_EQ(books.has(kIssuance), -1000);
    EXPECT_EQ(books.has(holding(1)), 695);
    EXPECT_EQ(books.has(holding(2)), 50);
    EXPECT_EQ(books.has(compliance(2)), 50);
    EXPECT_EQ(books.has(kRetirement), 205);
    expect_sound(books);
}

TEST(Registry, KeepsVintagesAndMoneyApart) {
    Books books;
    for (int year = 2027; year < 2035; ++year)
        books.issue(holding(1), year, allowances_of(Vintage(year)));
    for (int year = 2027; year < 2035; ++year)
        EXPECT_EQ(books.has(holding(1), allowances_of(Vintage(year))), year);
    EXPECT_EQ(books.apply(money(holding(1), cash(1), 1)).reason, Reason::asset_not_for_account);
    EXPECT_EQ(books.apply(move(holding(1), cash(2), 1)).reason, Reason::asset_not_for_account);
    expect_sound(books);
}

// Markets.md, abuse: the same units to two buyers.
TEST(Registry, TheFullBalanceIsSpentOnce) {
    Books books;
    books.issue(holding(1), 100);
    books.must(move(holding(1), holding(2), 100));
    EXPECT_EQ(books.apply(move(holding(1), kEscrow, 100)).reason, Reason::insufficient_balance);
    EXPECT_EQ(books.has(holding(2)), 100);
}

TEST(Registry, ARetryIsAnsweredAndDoneOnce) {
    Books books;
    books.issue(holding(1), 100);
    Command sale = move(holding(1), holding(2), 60);
    sale.id = {9, 9};
    sale.price_micro = 41'000;
    books.must(sale);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(books.apply(sale).reason, Reason::exists);
    EXPECT_EQ(books.has(holding(2)), 60);
    const auto with = [&](auto change) {
        Command other = sale;
        change(other);
        return books.apply(other).reason;
    };
    EXPECT_EQ(with([](Command& c) { c.amount = 61; }), Reason::exists_with_different_amount);
    EXPECT_EQ(with([](Command& c) { c.to = kEscrow; }), Reason::exists_with_different_to);
    EXPECT_EQ(with([](Command& c) { c.from = holding(2); }), Reason::exists_with_different_from);
    EXPECT_EQ(with([](Command& c) { c.price_micro = 1; }), Reason::exists_with_different_price);
    EXPECT_EQ(with([](Command& c) { c.code = 3; }), Reason::exists_with_different_code);
    EXPECT_EQ(with([](Command& c) { c.asset = allowances_of(Vintage(2028)); }),
              Reason::exists_with_different_asset);
    EXPECT_EQ(with([](Command& c) { c.op = Op::reserve; }),
              Reason::exists_with_different_operation);
}

TEST(Registry, AFailedIdStaysFailed) {
    Books books;
    Command sale = move(holding(1), holding(2), 60);
    sale.id = {9, 9};
    EXPECT_EQ(books.apply(sale).reason, Reason::insufficient_balance);
    books.issue(holding(1), 100);
    EXPECT_EQ(books.apply(sale).reason, Reason::id_already_failed);
    EXPECT_EQ(books.has(holding(2)), 0);
    // What can never succeed burns nothing.
    sale.id = {9, 10};
    sale.amount = 0;
    EXPECT_EQ(books.apply(sale).reason, Reason::amount_must_be_positive);
    sale.amount = 60;
    EXPECT_EQ(books.apply(sale).reason, Reason::ok);
}

TEST(Registry, ComplianceIsOneWayAndRetirementFinal) {
    Books books;
    books.issue(holding(1), 100);
    books.must(move(holding(1), compliance(1), 50));
    EXPECT_EQ(books.apply(move(compliance(1), holding(1), 1)).reason,
              Reason::compliance_is_one_way);
    EXPECT_EQ(books.apply(promise(compliance(1), holding(1), 1)).reason,
              Reason::compliance_is_one_way);
    EXPECT_EQ(books.apply(move(holding(1), compliance(2), 1)).reason,
              Reason::compliance_account_of_another);
    books.must(
        {.op = Op::retire, .asset = kV27, .from = holding(1), .to = kRetirement, .amount = 50});
    for (const Op op :
         {Op::transfer, Op::reserve, Op::surrender, Op::retire, Op::claw_back, Op::issue}) {
        Command out{.op = op, .asset = kV27, .from = kRetirement, .to = holding(1), .amount = 1};
        if (op == Op::surrender) out.period = 2027;
        if (op == Op::claw_back) out.deficit = deficit(1);
        EXPECT_EQ(books.apply(out).reason, Reason::retirement_is_final) << to_string(op);
    }
    // Only what issues creates, only what deposits brings money in.
    EXPECT_EQ(books.apply(move(kIssuance, holding(1), 1)).reason, Reason::from_kind_not_allowed);
    EXPECT_EQ(books.apply(money(kBank, cash(1), 1)).reason, Reason::from_kind_not_allowed);
    EXPECT_EQ(books.apply(move(holding(1), kIssuance, 1)).reason, Reason::to_kind_not_allowed);
    EXPECT_EQ(books.apply(move(holding(1), kRetirement, 1)).reason, Reason::to_kind_not_allowed);
    expect_sound(books);
}

TEST(Registry, PendingReservesAndIsResolvedOnce) {
    Books books;
    books.issue(holding(1), 100);
    Command pending = promise(holding(1), holding(2), 70);
    pending.id = {5, 1};
    books.must(pending);
    EXPECT_EQ(books.registry.balance(holding(1), kV27).available(), 30);
    EXPECT_EQ(books.registry.balance(holding(2), kV27).incoming, 70);
    EXPECT_EQ(books.apply(move(holding(1), holding(2), 31)).reason, Reason::insufficient_balance);
    EXPECT_EQ(books.apply({.op = Op::post, .reference = {5, 1}, .amount = 71}).reason,
              Reason::exceeds_pending_amount);
    EXPECT_EQ(books.must({.op = Op::post, .reference = {5, 1}, .amount = 40}).amount, 40);
    EXPECT_EQ(books.registry.balance(holding(1), kV27).available(), 60);
    EXPECT_EQ(books.has(holding(2)), 40);
    EXPECT_EQ(books.apply({.op = Op::post, .reference = {5, 1}}).reason, Reason::already_posted);
    EXPECT_EQ(books.apply({.op = Op::void_pending, .reference = {5, 1}}).reason,
              Reason::already_posted);
    pending.id = {5, 2};
    pending.amount = 60;
    books.must(pending);
    EXPECT_EQ(books.must({.op = Op::void_pending, .reference = {5, 2}}).amount, 60);
    EXPECT_EQ(books.apply({.op = Op::post, .reference = {5, 2}}).reason, Reason::already_voided);
    EXPECT_EQ(books.apply({.op = Op::post, .reference = {5, 3}}).reason,
              Reason::reference_not_found);
    EXPECT_EQ(books.registry.balance(holding(1), kV27).available(), 60);
    expect_sound(books);
}

TEST(Registry, PendingExpiresOnceAtItsTime) {
    Books books;
    books.issue(holding(1), 100);
    for (const std::uint64_t n : {3U, 1U, 2U}) {
        Command pending = promise(holding(1), holding(2), 10);
        pending.id = {5, n};
        pending.timeout_us =
            1000 - n;  // due with those after it: 1 ms after the first, less its number
        books.must(pending);
    }
    const std::int64_t begun = books.now.us - 2;
    EXPECT_EQ(books.registry.next_due()->us, begun + 997);
    books.journal.events.clear();
    books.registry.advance_time({begun + 996}, books.journal);
    EXPECT_TRUE(books.journal.events.empty());
    books.registry.advance_time({begun + 5000}, books.journal);
    ASSERT_EQ(books.journal.events.size(), 3U);
    // Due at 997 (id 3), 1000 (id 1, begun 1 us later) and 1000 (id 2, 2 us later): by time, then id.
    EXPECT_EQ(books.journal.events[0].command.reference, (TransferId{5, 3}));
    EXPECT_EQ(books.journal.events[1].command.reference, (TransferId{5, 1}));
    EXPECT_EQ(books.journal.events[2].command.reference, (TransferId{5, 2}));
    EXPECT_EQ(books.registry.balance(holding(1), kV27).reserved, 0);
    books.now = {begun + 5000};
    EXPECT_EQ(books.apply({.op = Op::post, .reference = {5, 1}}).reason, Reason::already_expired);
    books.journal.events.clear();
    books.registry.advance_time({begun + 9000}, books.journal);
    EXPECT_TRUE(books.journal.events.empty()) << "nothing expires twice";
    expect_sound(books);
}

TEST(Registry, WhatIsDueCannotBePostedThoughNobodyAdvancedTheTime) {
    Books books;
    books.issue(holding(1), 100);
    Command pending = promise(holding(1), holding(2), 10);
    pending.id = {5, 1};
    pending.timeout_us = 100;
    books.must(pending);
    books.now.us += 98;
    EXPECT_EQ(books.registry.transfer({5, 1})->due->us, books.now.us + 2);
    books.now.us += 1;
    EXPECT_EQ(books.apply({.op = Op::post, .reference = {5, 1}}).reason, Reason::already_expired);
}

// Delivery versus payment: allowances and money in one chain.
TEST(Registry, AChainIsDoneWholeOrNotAtAll) {
    Books books;
    books.issue(holding(1), 100);
    books.deposit(cash(2), 1'000'000);
    const auto outcomes = books.chain({move(holding(1), holding(2), 20),
                                       money(cash(2), cash(1), 820'000),
                                       money(cash(1), kFees, 1'000)});
    for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.reason, Reason::ok);
    EXPECT_EQ(books.has(holding(2)), 20);
    EXPECT_EQ(books.has(cash(1), Asset::cash), 819'000);

    const std::size_t events = books.journal.events.size();
    Command delivery = move(holding(1), holding(2), 20);
    delivery.id = {7, 1};
    Command payment = money(cash(2), cash(1), 820'000);
    payment.id = {7, 2};
    const auto refused = books.chain({delivery, payment, money(cash(1), kFees, 1'000)});
    EXPECT_EQ(refused[0].reason, Reason::linked_event_failed);
    EXPECT_EQ(refused[1].reason, Reason::insufficient_balance);
    EXPECT_EQ(refused[2].reason, Reason::linked_event_failed);
    EXPECT_EQ(books.has(holding(2)), 20);
    EXPECT_EQ(books.has(cash(1), Asset::cash), 819'000);
    EXPECT_EQ(books.journal.events.size(), events + 1) << "the burned id alone";
    EXPECT_EQ(books.apply(payment).reason, Reason::id_already_failed);
    delivery.flags = 0;
    EXPECT_EQ(books.apply(delivery).reason, Reason::ok) << "its id was not burned";
    expect_sound(books);
}

TEST(Registry, AChainThatOpensAccountsLeavesNoneBehind) {
    Books books;
    const AccountId fresh{500};
    const auto refused = books.chain(
        {{.op = Op::open_participant, .participant = ParticipantId{77}, .group = GroupId{7}},
         {.op = Op::open_account,
          .kind = AccountKind::holding,
          .from = fresh,
          .participant = ParticipantId{77}},
         {.op = Op::issue, .asset = kV27, .from = kIssuance, .to = fresh, .amount = 5},
         move(fresh, holding(1), 6)});
    EXPECT_EQ(refused[3].reason, Reason::insufficient_balance);
    EXPECT_FALSE(books.registry.account(fresh));
    EXPECT_FALSE(books.registry.group_of(ParticipantId{77}));
    EXPECT_EQ(books.has(kIssuance), 0);
    // And can be opened after all.
    books.must({.op = Op::open_participant, .participant = ParticipantId{77}, .group = GroupId{7}});
    books.must({.op = Op::open_account,
                .kind = AccountKind::cash,
                .from = fresh,
                .participant = ParticipantId{77}});
    EXPECT_EQ(books.registry.account(fresh)->kind, AccountKind::cash);
    expect_sound(books);
}

TEST(Registry, AChainWithoutItsEndIsRefused) {
    Books books;
    books.issue(holding(1), 10);
    Command first = move(holding(1), holding(2), 1);
    first.id = {8, 1};
    first.flags = kLinked;
    EXPECT_EQ(books.apply(first).reason, Reason::linked_chain_open);
    std::vector<Outcome> outcomes(1);
    books.registry.apply_batch(std::vector<Command>{first}, books.tick(), outcomes, books.journal);
    EXPECT_EQ(outcomes[0].reason, Reason::linked_chain_open);
    EXPECT_EQ(books.has(holding(2)), 0);
}

// Over-allocation that was sold already: what is there comes back, the rest becomes the lab's debt, and the buyer keeps what it bought.
TEST(Registry, ClawBackTakesWhatIsThereAndBooksTheRest) {
    Books books;
    books.issue(holding(1), 100);
    books.must(move(holding(1), holding(2), 80));
    const Outcome back = books.must({.op = Op::claw_back,
                                     .asset = kV27,
                                     .from = holding(1),
                                     .to = kReserve,
                                     .deficit = deficit(1),
                                     .amount = 50});
    EXPECT_EQ(back.amount, 20);
    EXPECT_EQ(books.has(holding(1)), 0);
    EXPECT_EQ(books.has(deficit(1)), -30);
    EXPECT_EQ(books.has(kReserve), 50);
    EXPECT_EQ(books.has(holding(2)), 80);
    books.issue(holding(1), 40);
    EXPECT_EQ(books.apply(move(holding(1), deficit(1), 31)).reason,
              Reason::deficit_must_not_become_positive);
    EXPECT_EQ(books.apply(move(holding(2), deficit(1), 1)).reason,
              Reason::deficit_account_of_another);
    books.must(move(holding(1), deficit(1), 30));
    EXPECT_EQ(books.has(deficit(1)), 0);
    expect_sound(books);
}

TEST(Registry, OverflowIsRefusedAndNeverWraps) {
    Books books;
    books.issue(holding(1), kMax);
    EXPECT_EQ(
        books
            .apply(
                {.op = Op::issue, .asset = kV27, .from = kIssuance, .to = holding(1), .amount = 1})
            .reason,
        Reason::overflows_to);
    // -kMax - 1 is the least a 64-bit number holds: one more allowance still fits, a second does not.
    books.issue(holding(2), 1);
    EXPECT_EQ(
        books
            .apply(
                {.op = Op::issue, .asset = kV27, .from = kIssuance, .to = holding(2), .amount = 1})
            .reason,
        Reason::overflows_from);
    // A promise counts, so that posting it cannot overflow.
    Command pending = promise(holding(1), holding(2), kMax - 1);
    pending.id = {5, 1};
    books.must(pending);
    EXPECT_EQ(books.apply(move(holding(1), holding(2), 1)).reason, Reason::overflows_to);
    books.must({.op = Op::post, .reference = {5, 1}});
    EXPECT_EQ(books.has(holding(2)), kMax);
    Command late = promise(holding(1), kEscrow, 1);
    late.timeout_us = std::uint64_t{1} << 63;
    EXPECT_EQ(books.apply(late).reason, Reason::timeout_too_long);
    expect_sound(books);
}

TEST(Registry, BlockedFrozenAndClosedAccounts) {
    Books books;
    books.issue(holding(1), 100);
    books.must(move(holding(1), compliance(1), 60));
    for (const AccountId id : {holding(1), compliance(1)})
        books.must({.op = Op::set_status, .status = AccountStatus::blocked, .from = id});
    EXPECT_EQ(books.apply(move(holding(1), holding(2), 1)).reason, Reason::from_account_blocked);
    books.must({.op = Op::surrender,
                .asset = kV27,
                .period = 2027,
                .from = compliance(1),
                .to = kRetirement,
                .amount = 10});
    books.issue(holding(1), 1);
    books.must({.op = Op::set_status, .status = AccountStatus::frozen, .from = holding(1)});
    EXPECT_EQ(books.apply(move(holding(1), holding(2), 1)).reason, Reason::from_account_frozen);
    EXPECT_EQ(
        books
            .apply(
                {.op = Op::issue, .asset = kV27, .from = kIssuance, .to = holding(1), .amount = 1})
            .reason,
        Reason::to_account_frozen);
    books.must({.op = Op::claw_back,
                .asset = kV27,
                .from = holding(1),
                .to = kReserve,
                .deficit = deficit(1),
                .amount = 41});
    books.must({.op = Op::set_obligated, .obligated = 1, .from = holding(1)});
    EXPECT_EQ(books.apply({.op = Op::close_account, .from = holding(1)}).reason,
              Reason::account_has_obligation);
    books.must({.op = Op::set_obligated, .from = holding(1)});
    books.must({.op = Op::close_account, .from = holding(1)});
    EXPECT_EQ(books.apply({.op = Op::set_status, .status = AccountStatus::open, .from = holding(1)})
                  .reason,
              Reason::account_closed_is_final);
    EXPECT_EQ(
        books
            .apply(
                {.op = Op::issue, .asset = kV27, .from = kIssuance, .to = holding(1), .amount = 1})
            .reason,
        Reason::to_account_closed);
    EXPECT_EQ(books.apply({.op = Op::close_account, .from = compliance(1)}).reason,
              Reason::account_not_empty);
    books.issue(holding(2), 5);
    Command pending = promise(holding(2), kEscrow, 5);
    pending.id = {5, 1};
    books.must(pending);
    EXPECT_EQ(books.apply({.op = Op::close_account, .from = kEscrow}).reason,
              Reason::account_has_pending_transfers);
    books.must({.op = Op::set_status, .status = AccountStatus::frozen, .from = kEscrow});
    EXPECT_EQ(books.apply({.op = Op::post, .reference = {5, 1}}).reason, Reason::to_account_frozen);
    books.must({.op = Op::void_pending, .reference = {5, 1}});
    expect_sound(books);
}

TEST(Registry, ParticipantsHaveGroupsThatMayChange) {
    Books books;
    EXPECT_EQ(books.registry.group_of(ParticipantId{1}), GroupId{1});
    books.must({.op = Op::regroup, .participant = ParticipantId{1}, .group = GroupId{2}});
    EXPECT_EQ(books.registry.group_of(ParticipantId{1}), GroupId{2});
    EXPECT_EQ(
        books
            .apply(
                {.op = Op::open_participant, .participant = ParticipantId{1}, .group = GroupId{3}})
            .reason,
        Reason::participant_exists);
    EXPECT_EQ(books.apply({.op = Op::regroup, .participant = ParticipantId{3}, .group = GroupId{3}})
                  .reason,
              Reason::participant_not_found);
    EXPECT_EQ(books
                  .apply({.op = Op::open_account,
                          .kind = AccountKind::holding,
                          .from = AccountId{99},
                          .participant = ParticipantId{3}})
                  .reason,
              Reason::participant_not_found);
}

// A field that is not the operation's has no meaning, so nobody may set it.
TEST(Registry, ForeignFieldsAreRefused) {
    Books books;
    Command sale = move(holding(1), holding(2), 1);
    sale.period = 2027;
    EXPECT_EQ(books.apply(sale).reason, Reason::field_must_be_zero);
    sale.period = 0;
    sale.flags = 8;
    EXPECT_EQ(books.apply(sale).reason, Reason::unknown_flags);
    EXPECT_EQ(books.apply({.op = Op::expire, .reference = {5, 1}}).reason,
              Reason::unknown_operation);
    EXPECT_EQ(books.apply({.op = static_cast<Op>(99)}).reason, Reason::unknown_operation);
    EXPECT_EQ(books.apply({.op = Op::set_obligated, .obligated = 2, .from = holding(1)}).reason,
              Reason::field_must_be_zero);
    EXPECT_EQ(books
                  .apply({.op = Op::open_account,
                          .kind = AccountKind::fees,
                          .from = AccountId{99},
                          .participant = ParticipantId{1}})
                  .reason,
              Reason::field_must_be_zero);
    Command nameless = move(holding(1), holding(2), 1);
    EXPECT_EQ(books.registry.apply(nameless, books.tick(), books.journal).reason,
              Reason::id_must_not_be_zero);
}

// Bytes that say what never was: refused, and the books stay as they are.
TEST(Registry, FoldsOnlyWhatCanFollow) {
    Books books;
    books.issue(holding(1), 100);
    const auto folds = [&](Command c, std::int64_t amount) {
        c.id = {90, 1};
        return books.registry.fold(
            {.command = c, .outcome = {.amount = amount}, .at = books.tick()});
    };
    EXPECT_FALSE(folds(move(holding(1), AccountId{999}, 1), 1));
    EXPECT_FALSE(folds(move(holding(1), holding(2), 10), 9));
    EXPECT_FALSE(folds(move(holding(1), holding(2), -10), -10));
    EXPECT_FALSE(folds(move(holding(1), holding(1), 10), 10));
    EXPECT_FALSE(folds({.op = Op::post, .reference = {1, 1}}, 10)) << "no promise";
    EXPECT_FALSE(folds(
        {.op = Op::open_participant, .participant = ParticipantId{1}, .group = GroupId{1}}, 0));
    EXPECT_FALSE(books.registry.fold(books.journal.events.back())) << "its id was used";
    EXPECT_EQ(books.has(holding(1)), 100);
    EXPECT_TRUE(folds(move(holding(1), holding(2), 10), 10));
    expect_sound(books);
}

TEST(Registry, EveryReasonHasAName) {
    EXPECT_EQ(to_string(Reason::ok), "ok");
    EXPECT_EQ(to_string(Reason::overflows_time), "overflows_time");
    EXPECT_EQ(to_string(static_cast<Reason>(999)), "unknown_reason");
    EXPECT_FALSE(burns_id(Reason::exists));
    EXPECT_TRUE(burns_id(Reason::insufficient_balance));
}

// A number that a chain took and gave back is opened after others, as the journal says; live and replayed books list them alike.
TEST(Registry, ListsAccountsInTheOrderOfOpening) {
    Books books;
    const auto opens = [](std::uint64_t account) {
        return Command{.op = Op::open_account,
                       .kind = AccountKind::holding,
                       .from = AccountId{account},
                       .participant = ParticipantId{1}};
    };
    // The second is there already, so the first is given back.
    const std::vector<Outcome> refused = books.chain({opens(901),
                                                      {.op = Op::open_account,
                                                       .kind = AccountKind::holding,
                                                       .from = holding(1),
                                                       .participant = ParticipantId{1}}});
    EXPECT_EQ(refused[1].reason, Reason::account_exists);
    books.must(opens(902));
    books.must(opens(901));
    const auto listed = [](const Registry& registry) {
        std::vector<AccountId> out;
        registry.for_each_account([&](const AccountView& view) { out.push_back(view.id); });
        return out;
    };
    const std::vector<AccountId> live = listed(books.registry);
    ASSERT_GE(live.size(), 2U);
    EXPECT_EQ(live[live.size() - 2], AccountId{902});
    EXPECT_EQ(live.back(), AccountId{901});
    Registry again;
    ASSERT_EQ(again.fold_block(books.journal.events), books.journal.events.size());
    EXPECT_EQ(listed(again), live);
    std::string bytes;
    append_snapshot(bytes, books.registry);
    const Result<Registry> read = read_snapshot(bytes, 7);
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(listed(*read), live);
}

}  // namespace
}  // namespace abate::registry
