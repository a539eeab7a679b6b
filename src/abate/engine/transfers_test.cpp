// Transfers that wait, trusted accounts, money in and out; and what an auditor sees of a forged journal.
#include "abate/engine/scheme_test_support.h"

#include <algorithm>
#include <functional>
#include <variant>

namespace abate::engine {
namespace {

using namespace scheme;

// Two firms; the first has money.
class Transfers : public ::testing::Test {
  protected:
    Transfers() {
        desk.add_firm(1, "lab");
        desk.add_firm(2, "firm");
        desk.publish_calendar();
        desk.ok(
            "ada",
            Deposit{
                .account = AccountId{112}, .amount_micro = 100'000'000, .bank_reference = "B1"});
    }
    // Money stands for allowances here: the rules of waiting are the same, and a cap is not needed.
    scheme::Reason pay(std::int64_t amount) {
        return desk.ask_both("lab-1",
                             "lab-2",
                             WithdrawCash{.participant = ParticipantId{1},
                                          .account = AccountId{112},
                                          .amount_micro = amount,
                                          .bank_account = "IBAN"});
    }
    Desk desk;
};

TEST_F(Transfers, MoneyOutWaitsForTheBank) {
    EXPECT_EQ(pay(60'000'000), Reason::ok);
    const TransferId withdrawal = desk.last_id();
    EXPECT_EQ(desk.money(112), 100'000'000) << "reserved, not gone";
    // What is reserved cannot be asked for twice.
    EXPECT_EQ(to_string(pay(60'000'000)), "insufficient_balance");
    desk.ok("ada",
            SettleWithdrawal{.withdrawal = withdrawal, .paid = true, .bank_reference = "B2"});
    EXPECT_EQ(desk.money(112), 40'000'000);
    EXPECT_EQ(
        desk.ask("ada",
                 SettleWithdrawal{.withdrawal = withdrawal, .paid = true, .bank_reference = "B3"}),
        Reason::withdrawal_not_waiting);
    desk.check();
}

TEST_F(Transfers, MoneyThatTheBankRefusesComesBack) {
    EXPECT_EQ(pay(60'000'000), Reason::ok);
    const TransferId first = desk.last_id();
    desk.ok("ada", SettleWithdrawal{.withdrawal = first, .paid = false});
    EXPECT_EQ(pay(100'000'000), Reason::ok);
    EXPECT_EQ(pay(0), Reason::amount_not_positive);
    desk.check();
}

TEST_F(Transfers, ABankStatementThatDiffersHaltsTrading) {
    desk.ok("ada", Reconcile{.statement_date = "2027-01-04", .balance_micro = 100'000'000});
    EXPECT_FALSE(desk.state().halted);
    desk.ok("ada", Reconcile{.statement_date = "2027-01-04", .balance_micro = 99'999'999});
    EXPECT_TRUE(desk.state().halted);
    EXPECT_EQ(pay(1), Reason::trading_halted);
    desk.ok("ada",
            Reconcile{.statement_date = "2027-01-04",
                      .balance_micro = 100'000'000,
                      .unknown_lines = {"2027-01-06,X,1,1"}});
    EXPECT_TRUE(desk.state().halted) << "money that no command explains";
    desk.ok("ada", Reconcile{.statement_date = "2027-01-04", .balance_micro = 100'000'000});
    EXPECT_FALSE(desk.state().halted);
    desk.check();
}

// Kinds and owners do not change while a proposal waits: whoever proposes hears it, and nothing waits.
TEST_F(Transfers, WhatNoWaitingMendsIsNotProposed) {
    const auto before = desk.state().proposals.size();
    WithdrawCash out{.participant = ParticipantId{1},
                     .account = AccountId{110},
                     .amount_micro = 1,
                     .bank_account = "IBAN"};
    EXPECT_EQ(to_string(desk.ask("lab-1", out)), "asset_not_for_account");
    Retire retire{
        .participant = ParticipantId{1}, .from = AccountId{111}, .vintage = 2027, .quantity = 1};
    EXPECT_EQ(to_string(desk.ask("lab-1", retire)), "compliance_is_one_way");
    Transfer self{.participant = ParticipantId{1},
                  .from = AccountId{110},
                  .to = AccountId{110},
                  .vintage = 2027,
                  .quantity = 1};
    EXPECT_EQ(to_string(desk.ask("lab-1", self)), "accounts_must_differ");
    self.to = AccountId{121};
    EXPECT_EQ(to_string(desk.ask("lab-1", self)), "compliance_account_of_another");
    EXPECT_EQ(desk.state().proposals.size(), before);
    // What is not there yet may come while it waits.
    self.to = AccountId{120};
    EXPECT_EQ(desk.ask("lab-1", self), Reason::ok);
    EXPECT_EQ(desk.state().proposals.size(), before + 1);
    desk.check();
}

// A wrong amount halts trading, and is taken back while it is: once, in full, by two, and out of what is there.
TEST_F(Transfers, ADepositThatWasTypedWronglyIsTakenBack) {
    const Deposit wrong{
        .account = AccountId{112}, .amount_micro = 10'005'000, .bank_reference = "B2"};
    desk.ok("ada", wrong);
    const CorrectDeposit correct{.deposit = desk.last_id(), .reason = "typed wrongly"};
    desk.ok("bo", Reconcile{.statement_date = "2027-01-04", .balance_micro = 110'050'000});
    EXPECT_TRUE(desk.state().halted);
    CorrectDeposit said = correct;
    said.deposit.low += 100;
    EXPECT_EQ(desk.ask("ada", said), Reason::deposit_not_found);
    said = correct;
    said.reason = "";
    EXPECT_EQ(desk.ask("ada", said), Reason::reason_missing);
    said.reason = std::string(5000, 'x');
    EXPECT_EQ(desk.ask("ada", said), Reason::text_too_long);
    EXPECT_EQ(desk.ask("lab-1", correct), Reason::role_not_allowed);
    EXPECT_EQ(desk.ask_both("ada", "ada", correct), Reason::same_person);
    desk.ok("ada", "bo", correct);
    const TransferId by = desk.last_id();
    EXPECT_EQ(desk.money(112), 100'000'000);
    EXPECT_EQ(desk.state().deposits.at(correct.deposit).corrected_by, by);
    EXPECT_EQ(desk.ask("ada", correct), Reason::deposit_already_corrected);
    // The bank's reference is free for the right amount, and used then.
    Deposit right = wrong;
    right.amount_micro = 10'050'000;
    desk.ok("ada", right);
    EXPECT_EQ(desk.ask("ada", right), Reason::bank_reference_used);
    desk.ok("bo", Reconcile{.statement_date = "2027-01-04", .balance_micro = 110'050'000});
    EXPECT_FALSE(desk.state().halted);
    // What was promised or paid out since is not there.
    EXPECT_EQ(pay(105'000'000), Reason::ok);
    EXPECT_EQ(to_string(desk.ask_both(
                  "ada", "bo", CorrectDeposit{.deposit = desk.last_id(), .reason = "no"})),
              "deposit_not_found");
    const auto second = std::find_if(
        desk.state().deposits.begin(), desk.state().deposits.end(), [](const auto& each) {
            return each.second.said.amount_micro == 10'050'000;
        });
    ASSERT_NE(second, desk.state().deposits.end());
    EXPECT_EQ(to_string(desk.ask_both(
                  "ada", "bo", CorrectDeposit{.deposit = second->first, .reason = "no"})),
              "insufficient_balance");
    desk.check();
}

// Cash goes from account to account as allowances do, in a test of the rule alone.
TEST_F(Transfers, OneKeyMovesNothing) {
    const std::int64_t before = desk.money(112);
    EXPECT_EQ(desk.ask("lab-1",
                       WithdrawCash{.participant = ParticipantId{1},
                                    .account = AccountId{112},
                                    .amount_micro = 1,
                                    .bank_account = "thief"}),
              Reason::ok);
    const TransferId proposal = desk.last_id();
    EXPECT_EQ(desk.ask("lab-1", Approve{.proposal = proposal}), Reason::role_not_allowed);
    EXPECT_EQ(desk.ask("firm-2", Approve{.proposal = proposal}), Reason::participant_of_another);
    EXPECT_EQ(desk.ask("ada", Approve{.proposal = proposal}), Reason::role_not_allowed);
    EXPECT_EQ(desk.money(112), before);
    EXPECT_EQ(desk.engine().registry().balance(AccountId{112}, registry::Asset::cash).reserved, 0);
    desk.check();
}

// ---- a journal whose digests are right and whose content is not

using AnyEvent = std::variant<scheme::Event, registry::Event>;

std::vector<AnyEvent> events_of(testing::Paper& journal) {
    std::vector<AnyEvent> out;
    journal.read(1, [&](const Batch& batch) {
        registry::EventReader reader(batch.payload);
        while (!reader.left().empty()) {
            if (is_scheme_event(reader.left().front())) {
                const ReadEvent read = read_event(reader.left()).value();
                out.emplace_back(read.event);
                reader.skip(read.size);
            } else {
                out.emplace_back(*reader.next().value());
            }
        }
        return true;
    });
    return out;
}

testing::Paper sealed(const std::vector<AnyEvent>& events) {
    testing::Paper out;
    Digest before;
    std::uint64_t seq = 0;
    Timestamp last;
    Batch batch;
    for (const AnyEvent& event : events) {
        std::visit(
            [&](const auto& e) {
                append_event(batch.payload, e);
                last = e.at;
            },
            event);
    }
    batch.header = {.tenant_id = 1,
                    .scheme_id = 1,
                    .first_seq = seq + 1,
                    .last_seq = seq + events.size(),
                    .count = static_cast<std::uint32_t>(events.size()),
                    .epoch = 1,
                    .at = last,
                    .prev_digest = before};
    batch.header.digest = seal(batch);
    out.batches.push_back(batch);
    return out;
}

std::string fault_of(const std::vector<AnyEvent>& events) {
    testing::Paper journal = sealed(events);
    const AuditReport report = audit(journal, kDeskKey);
    return report.fault ? report.fault->field : "none";
}

// The scheme event of the newest command C.
template <class C>
std::size_t newest(const std::vector<AnyEvent>& events) {
    for (std::size_t i = events.size(); i-- > 0;) {
        const auto* event = std::get_if<scheme::Event>(&events[i]);
        if (event == nullptr || event->kind != EventKind::command) continue;
        const auto command = decode_command(event->envelope.body);
        if (command && std::holds_alternative<C>(*command)) return i;
    }
    ADD_FAILURE() << C::name;
    return 0;
}

TEST_F(Transfers, AnInsiderWhoRewritesTheJournalIsNamed) {
    EXPECT_EQ(pay(60'000'000), Reason::ok);
    const std::vector<AnyEvent> good = events_of(desk.journal());
    EXPECT_EQ(fault_of(good), "none");
    const std::size_t deposit = newest<Deposit>(good);
    const std::size_t approval = newest<Approve>(good);
    const auto signed_by = [&](const char* who, const TransferId& id, const Command& command) {
        return sign_command(desk.key(who), {.tenant_id = 1, .scheme_id = 1}, id, command);
    };

    {  // money to another account than the signed command says
        std::vector<AnyEvent> bad = good;
        std::get<registry::Event>(bad[deposit + 1]).command.to = AccountId{122};
        EXPECT_EQ(fault_of(bad), "posting");
    }
    {  // more of it
        std::vector<AnyEvent> bad = good;
        auto& posting = std::get<registry::Event>(bad[deposit + 1]);
        posting.command.amount += 1;
        posting.outcome.amount += 1;
        EXPECT_EQ(fault_of(bad), "posting");
    }
    {  // money from nowhere
        std::vector<AnyEvent> bad = good;
        registry::Event extra = std::get<registry::Event>(bad[deposit + 1]);
        extra.command.id.low += 1;
        extra.at.us = std::get<registry::Event>(bad.back()).at.us + 1;
        bad.emplace_back(extra);
        EXPECT_EQ(fault_of(bad), "posting");
    }
    {  // a posting that is not there
        std::vector<AnyEvent> bad = good;
        bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(deposit) + 1);
        EXPECT_NE(fault_of(bad), "none");
    }
    {  // another amount in the command: the signature is not that of it
        std::vector<AnyEvent> bad = good;
        auto& event = std::get<scheme::Event>(bad[deposit]);
        event.envelope.body = encode_command(
            Deposit{.account = AccountId{112}, .amount_micro = 1, .bank_reference = "B1"});
        EXPECT_EQ(fault_of(bad), "signature");
    }
    {  // the first person approves as well, with a good signature
        std::vector<AnyEvent> bad = good;
        auto& event = std::get<scheme::Event>(bad[approval]);
        const auto approve = decode_command(event.envelope.body).value();
        event.envelope = sign_command(
            desk.key("lab-1"), {.tenant_id = 1, .scheme_id = 1}, event.envelope.id, approve);
        EXPECT_EQ(fault_of(bad), "second person");
    }
    {  // a stranger's key
        std::vector<AnyEvent> bad = good;
        auto& event = std::get<scheme::Event>(bad[deposit]);
        event.envelope = sign_command(desk.key("mallory"),
                                      {.tenant_id = 1, .scheme_id = 1},
                                      event.envelope.id,
                                      decode_command(event.envelope.body).value());
        EXPECT_EQ(fault_of(bad), "key");
    }
    {  // a participant's key does an operator's work
        std::vector<AnyEvent> bad = good;
        auto& event = std::get<scheme::Event>(bad[deposit]);
        event.envelope = sign_command(desk.key("lab-1"),
                                      {.tenant_id = 1, .scheme_id = 1},
                                      event.envelope.id,
                                      decode_command(event.envelope.body).value());
        EXPECT_EQ(fault_of(bad), "right");
    }
    {  // without its approval
        std::vector<AnyEvent> bad = good;
        bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(approval));
        EXPECT_EQ(fault_of(bad), "posting");
    }
    {  // a deposit is taken back that was never made
        std::vector<AnyEvent> bad = good;
        scheme::Event asked = std::get<scheme::Event>(bad[approval]);
        asked.at.us = std::get<registry::Event>(bad.back()).at.us + 1;
        asked.postings = 0;
        const TransferId made = std::get<scheme::Event>(bad[deposit]).envelope.id;
        asked.envelope = signed_by(
            "ada", {.high = 9, .low = 1}, CorrectDeposit{.deposit = made, .reason = "typed"});
        bad.emplace_back(asked);
        EXPECT_EQ(fault_of(bad), "none");
        asked.envelope = signed_by(
            "ada", {.high = 9, .low = 1}, CorrectDeposit{.deposit = {.high = 9, .low = 9}});
        bad.back() = asked;
        EXPECT_EQ(fault_of(bad), "deposit");
    }
}

// Twice, or to another account, or more than it was: the audit says so with code of its own.
TEST_F(Transfers, AForgedCorrectionIsNamed) {
    const auto made = desk.state().deposits.begin()->first;
    desk.ok("ada", "bo", CorrectDeposit{.deposit = made, .reason = "it was another's"});
    const std::vector<AnyEvent> good = events_of(desk.journal());
    EXPECT_EQ(fault_of(good), "none");
    const std::size_t approval = newest<Approve>(good);
    {
        std::vector<AnyEvent> bad = good;
        auto& posting = std::get<registry::Event>(bad[approval + 1]);
        posting.command.amount -= 1;
        posting.outcome.amount -= 1;
        EXPECT_EQ(fault_of(bad), "posting");
    }
    {
        std::vector<AnyEvent> bad = good;
        std::get<registry::Event>(bad[approval + 1]).command.to = AccountId{122};
        EXPECT_EQ(fault_of(bad), "posting");
    }
    {
        std::vector<AnyEvent> bad = good;
        scheme::Event again = std::get<scheme::Event>(bad[approval]);
        again.at.us = std::get<registry::Event>(bad.back()).at.us + 1;
        again.postings = 0;
        again.envelope = sign_command(desk.key("ada"),
                                      {.tenant_id = 1, .scheme_id = 1},
                                      {.high = 9, .low = 1},
                                      CorrectDeposit{.deposit = made, .reason = "again"});
        bad.emplace_back(again);
        EXPECT_EQ(fault_of(bad), "deposit");
    }
}

}  // namespace
}  // namespace abate::engine
