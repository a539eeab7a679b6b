// What is owed, when it counts as surrendered, and what follows where it does not.
#include "abate/engine/year_test_support.h"

namespace abate::engine {
namespace {

using namespace scheme;

// One firm with 200 allowances of 2027, that owes 100.
void owe_a_hundred(YearDesk& desk) {
    desk.add_firm(1, "lab");
    desk.open(2027);
    desk.issue_cap(2027);
    desk.give(110, 2027, 200);
    desk.determine(1, 2027, 100);
}
Timestamp deadline() { return YearDesk::moments(2027).surrender_due; }

TEST(Compliance, AnObligationIsRoundedUpOnce) {
    YearDesk desk;
    desk.add_firm(1, "lab");
    desk.open(2027);
    desk.set_time(YearDesk::moments(2027).report_due);
    desk.ok("ada",
            "bo",
            Determine{.participant = ParticipantId{1},
                      .year = 2027,
                      .obligated = Microjoules(Int128{100} * kKwhUj + 1),
                      .output = {},
                      .reason = "no report"});
    EXPECT_EQ(desk.obligation(1, 2027).allowances, 101);
    desk.sound();
}

TEST(Compliance, WhatIsSurrenderedInTimeIsEnough) {
    YearDesk desk;
    owe_a_hundred(desk);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 60), Reason::ok);
    EXPECT_EQ(desk.balance(6, 2027).posted, 60);
    EXPECT_EQ(outstanding_allowances(desk.state(), {.participant = ParticipantId{1}, .year = 2027}),
              40);
    desk.set_time({deadline().us - 1'000'000});
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 40), Reason::ok);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 1), Reason::nothing_owed);
    desk.set_time({deadline().us + 1'000'000});
    desk.tick();
    EXPECT_TRUE(desk.obligation(1, 2027).fixed);
    EXPECT_FALSE(desk.fined(1, 2027));
    desk.sound();
}

// 17:00 in Los Angeles on the day on which the clocks go back: 2028-11-06T01:00:00Z, an hour later than the day before.
TEST(Compliance, TheDeadlineIsInItsTimeZone) {
    using std::chrono::day;
    using std::chrono::month;
    using std::chrono::year;
    const Result<Zone> zone = Zone::find("America/Los_Angeles");
    ASSERT_TRUE(zone);
    const Result<Timestamp> due =
        zone->deadline({.date = year{2028} / month{11} / day{5}, .hour = 17});
    ASSERT_TRUE(due);
    EXPECT_EQ(*due, at("2028-11-06T01:00:00Z"));
    YearDesk desk;
    OpenPeriod open = YearDesk::moments(2027);
    open.surrender_due = *due;
    open.penalty_objections_until = {due->us + 40 * kDayUs};
    desk.ok("ada", "bo", open);
    desk.issue_cap(2027);
    for (const std::uint64_t id : {1U, 2U, 3U}) {
        const std::string title = "f" + std::to_string(id);
        desk.add_firm(id, title);
        desk.give(100 + 10 * id, 2027, 10);
    }
    for (const std::uint64_t id : {1U, 2U, 3U}) {
        desk.determine(id, 2027, 10);
        EXPECT_EQ(desk.fill(id, "f" + std::to_string(id), 10), Reason::ok);
    }
    const auto surrender = [&](std::uint64_t id) {
        const std::string title = "f" + std::to_string(id);
        return desk.ask_both(title + "-1", title + "-2", YearDesk::surrendering(id, 2027, 10));
    };
    desk.set_time({due->us - 1'000'000});
    EXPECT_EQ(surrender(1), Reason::ok);
    desk.set_time(*due);
    EXPECT_EQ(surrender(2), Reason::ok) << "it makes good";
    desk.set_time({due->us + 1'000'000});
    EXPECT_EQ(surrender(3), Reason::ok);
    EXPECT_FALSE(desk.fined(1, 2027));
    EXPECT_EQ(desk.penalty(2, 2027).shortfall, 10);
    EXPECT_EQ(desk.penalty(3, 2027).shortfall, 10);
    EXPECT_EQ(desk.obligation(2, 2027).surrendered, 0);
    EXPECT_EQ(desk.obligation(2, 2027).made_good, 10);
    desk.sound();
}

TEST(Compliance, HoldingIsNotSurrenderingAndAskingIsNotEither) {
    YearDesk desk;
    owe_a_hundred(desk);
    EXPECT_EQ(desk.fill(1, "lab", 100), Reason::ok);
    desk.set_time({deadline().us - 2'000'000});
    EXPECT_EQ(desk.ask("lab-1", YearDesk::surrendering(1, 2027, 100)), Reason::ok);
    const TransferId proposal = desk.last_id();
    desk.set_time(deadline());
    // Approved a moment too late: it makes good, and the fine stands.
    EXPECT_EQ(desk.ask("lab-2", Approve{.proposal = proposal}), Reason::ok);
    EXPECT_EQ(desk.penalty(1, 2027).shortfall, 100);
    EXPECT_EQ(desk.penalty(1, 2027).amount_micro, 10'000'000'000) << "100 x 100 EUR";
    EXPECT_EQ(desk.obligation(1, 2027).surrendered, 0);
    EXPECT_EQ(desk.obligation(1, 2027).made_good, 100);
    EXPECT_EQ(outstanding_allowances(desk.state(), {.participant = ParticipantId{1}, .year = 2027}),
              0);
    desk.sound();
}

TEST(Compliance, APenaltyGoesThroughItsSteps) {
    YearDesk desk;
    owe_a_hundred(desk);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 40), Reason::ok);
    const ObjectPenalty objection{
        .participant = ParticipantId{1}, .year = 2027, .text = "the meter"};
    FinalisePenalty last{
        .participant = ParticipantId{1}, .year = 2027, .upheld = true, .reason = ""};
    const PayPenalty pay{.participant = ParticipantId{1}, .year = 2027, .from = AccountId{112}};
    EXPECT_EQ(desk.ask("lab-1", objection), Reason::penalty_not_found);
    EXPECT_EQ(desk.ask("ada", last), Reason::penalty_not_found);
    EXPECT_EQ(desk.ask("lab-1", pay), Reason::penalty_not_found);
    desk.set_time(deadline());
    desk.tick();
    EXPECT_EQ(desk.penalty(1, 2027).shortfall, 60);
    EXPECT_EQ(desk.ask("lab-1", pay), Reason::penalty_not_final);
    EXPECT_EQ(desk.ask("ada", last), Reason::objection_window_open);
    desk.ok("lab-1", objection);
    EXPECT_EQ(desk.ask("lab-1", objection), Reason::penalty_already_objected);
    EXPECT_EQ(desk.ask("ada", last), Reason::reason_missing) << "an objection is answered";
    last.reason = "it was calibrated";
    EXPECT_EQ(desk.ask_both("ada", "ada", last), Reason::same_person);
    desk.ok("ada", "bo", last);
    EXPECT_EQ(desk.ask("ada", last), Reason::penalty_already_final);
    EXPECT_EQ(desk.ask("lab-1", objection), Reason::penalty_already_final);
    EXPECT_EQ(to_string(desk.ask_both("lab-1", "lab-2", pay)), "insufficient_balance");
    desk.ok(
        "ada",
        Deposit{.account = AccountId{112}, .amount_micro = 7'000'000'000, .bank_reference = "B1"});
    PayPenalty other = pay;
    other.from = AccountId{8};
    EXPECT_EQ(desk.ask("lab-1", other), Reason::account_of_another);
    desk.ok("lab-1", "lab-2", pay);
    EXPECT_EQ(desk.money(8), 6'000'000'000) << "60 x 100 EUR";
    EXPECT_EQ(desk.money(112), 1'000'000'000);
    EXPECT_EQ(desk.ask("lab-1", pay), Reason::penalty_already_paid);
    EXPECT_EQ(desk.penalty(1, 2027).stage, PenaltyStage::paid);
    EXPECT_EQ(published_penalties(desk.state()),
              (std::vector<ParticipantYear>{{.participant = ParticipantId{1}, .year = 2027}}));
    // Paid or not, the allowances are still owed.
    EXPECT_EQ(outstanding_allowances(desk.state(), {.participant = ParticipantId{1}, .year = 2027}),
              60);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 61), Reason::surrender_exceeds_obligation);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", YearDesk::surrendering(1, 2027, 60)), Reason::ok);
    desk.sound();
}

// The next act after the deadline may come weeks later: the window has run since the deadline all the same.
TEST(Compliance, TheWindowAgainstAPenaltyBeginsAtTheDeadline) {
    const ParticipantYear whose{.participant = ParticipantId{1}, .year = 2027};
    const ObjectPenalty objection{
        .participant = ParticipantId{1}, .year = 2027, .text = "the meter"};
    Rules rules = year_rules();
    const Timestamp until = after_hours(deadline(), 24 * rules.compliance.objection_days);
    OpenPeriod open = YearDesk::moments(2027);
    open.penalty_objections_until = until;
    const auto short_by_a_hundred = [&](YearDesk& desk) {
        desk.add_firm(1, "lab");
        desk.ok("ada", "bo", open);
        desk.issue_cap(2027);
        desk.give(110, 2027, 100);
        desk.determine(1, 2027, 100);
    };
    YearDesk quiet(rules);
    short_by_a_hundred(quiet);
    quiet.set_time({until.us - 1'000'000});  // nobody did anything since
    quiet.ok("lab-1", objection);
    EXPECT_EQ(quiet.penalty(1, 2027).notified, deadline());
    EXPECT_EQ(quiet.penalty(1, 2027).objections_until, until);
    quiet.sound();
    YearDesk late(rules);
    short_by_a_hundred(late);
    late.set_time(until);
    EXPECT_EQ(late.ask("lab-1", objection), Reason::objection_window_over);
    late.ok("ada",
            "bo",
            FinalisePenalty{
                .participant = ParticipantId{1}, .year = 2027, .upheld = true, .reason = ""});
    EXPECT_EQ(late.penalty(1, 2027).stage, PenaltyStage::upheld);
    EXPECT_EQ(exact_penalty_micro(late.state(), whose), Int128{10'000'000'000}) << "100 x 100 EUR";
    late.sound();
}

// 2^63 - 1 micro is 9,223,372,036,854.775807: ten million allowances at a million EUR each are 10,000,000,000,000.
TEST(Compliance, APenaltyThatNoAccountHoldsIsExactAndNotPaid) {
    Rules rules = year_rules();
    rules.compliance.penalty_micro_per_allowance = 1'000'000'000'000;
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.open(2027);
    desk.determine(1, 2027, 10'000'000);
    desk.set_time(deadline());
    desk.tick();
    const ParticipantYear whose{.participant = ParticipantId{1}, .year = 2027};
    EXPECT_EQ(exact_penalty_micro(desk.state(), whose), Int128{10'000'000} * 1'000'000'000'000);
    EXPECT_EQ(desk.penalty(1, 2027).amount_micro, INT64_MAX);
    FinalisePenalty last{
        .participant = ParticipantId{1}, .year = 2027, .upheld = true, .reason = "it is owed"};
    desk.set_time(YearDesk::moments(2027).penalty_objections_until);
    desk.ok("ada", "bo", last);
    EXPECT_EQ(
        desk.ask("lab-1",
                 PayPenalty{.participant = ParticipantId{1}, .year = 2027, .from = AccountId{112}}),
        Reason::penalty_out_of_range);
    desk.sound();
}

TEST(Compliance, ACancelledPenaltyLeavesTheAllowancesOwed) {
    Rules rules = year_rules();
    rules.compliance.make_good = {4'000'000};  // four times, as in California: 60 -> 240
    YearDesk desk(rules);
    owe_a_hundred(desk);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 40), Reason::ok);
    desk.set_time(deadline());
    desk.tick();
    EXPECT_EQ(desk.obligation(1, 2027).make_good, 240);
    desk.set_time({YearDesk::moments(2027).penalty_objections_until.us - 1'000'000});
    FinalisePenalty last{
        .participant = ParticipantId{1}, .year = 2027, .upheld = false, .reason = "force majeure"};
    EXPECT_EQ(desk.ask("ada", last), Reason::objection_window_open);
    desk.set_time(YearDesk::moments(2027).penalty_objections_until);
    EXPECT_EQ(
        desk.ask("lab-1",
                 ObjectPenalty{.participant = ParticipantId{1}, .year = 2027, .text = "late"}),
        Reason::objection_window_over);
    last.reason = "";
    EXPECT_EQ(desk.ask("ada", last), Reason::reason_missing);
    last.reason = "force majeure";
    desk.ok("ada", "bo", last);
    EXPECT_EQ(desk.obligation(1, 2027).make_good, 60);
    EXPECT_TRUE(published_penalties(desk.state()).empty());
    EXPECT_EQ(
        desk.ask("lab-1",
                 PayPenalty{.participant = ParticipantId{1}, .year = 2027, .from = AccountId{112}}),
        Reason::penalty_cancelled);
    desk.sound();
}

TEST(Compliance, WhatIsNotMadeGoodIsOwedWithTheNextYear) {
    YearDesk desk;
    owe_a_hundred(desk);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 40), Reason::ok);
    desk.open(2028);
    desk.set_time(deadline());
    desk.tick();
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 10), Reason::ok);
    desk.determine(1, 2028, 5);
    EXPECT_EQ(owed_allowances(desk.state(), {.participant = ParticipantId{1}, .year = 2028}), 5);
    EXPECT_EQ(desk.surrender(1, "lab", 2028, 5), Reason::ok);
    desk.set_time(YearDesk::moments(2028).surrender_due);
    desk.tick();
    EXPECT_EQ(desk.penalty(1, 2028).shortfall, 50) << "60 - 10 of the year before";
    EXPECT_EQ(outstanding_allowances(desk.state(), {.participant = ParticipantId{1}, .year = 2027}),
              0);
    EXPECT_EQ(desk.surrender(1, "lab", 2028, 50), Reason::ok);
    desk.sound();
}

TEST(Compliance, ACorrectionOfWhatIsCoveredGoesIntoTheNextYear) {
    YearDesk desk;
    owe_a_hundred(desk);
    desk.open(2028);
    const ParticipantYear next{.participant = ParticipantId{1}, .year = 2028};
    // Not covered yet: it is the year's own.
    desk.determine(1, 2027, 90);
    EXPECT_EQ(desk.obligation(1, 2027).allowances, 90);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 90), Reason::ok);
    // Covered: up, and down.
    desk.determine(1, 2027, 120);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 30), Reason::nothing_owed);
    EXPECT_EQ(owed_allowances(desk.state(), next), 30);
    desk.determine(1, 2027, 80);
    EXPECT_EQ(owed_allowances(desk.state(), next), -10);
    // After the deadline too, and nobody is fined.
    desk.set_time(deadline());
    desk.tick();
    desk.determine(1, 2027, 110);
    EXPECT_FALSE(desk.fined(1, 2027));
    EXPECT_EQ(owed_allowances(desk.state(), next), 20);
    desk.determine(1, 2028, 50);
    EXPECT_EQ(owed_allowances(desk.state(), next), 70);
    EXPECT_EQ(desk.surrender(1, "lab", 2028, 70), Reason::ok);
    desk.set_time(YearDesk::moments(2028).surrender_due);
    desk.tick();
    EXPECT_FALSE(desk.fined(1, 2028));
    desk.sound();
}

TEST(Compliance, WhatWasTooMuchCountsForTheNextYear) {
    YearDesk desk;
    owe_a_hundred(desk);
    desk.open(2028);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 50), Reason::ok);
    desk.determine(1, 2027, 30);  // not covered then: 50 of 100
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 1), Reason::nothing_owed);
    desk.set_time(deadline());
    desk.tick();
    EXPECT_FALSE(desk.fined(1, 2027));
    EXPECT_EQ(owed_allowances(desk.state(), {.participant = ParticipantId{1}, .year = 2028}), -20);
    desk.sound();
}

TEST(Compliance, FiguresThatComeAfterTheDeadlineAreShortAtOnce) {
    YearDesk desk;
    desk.add_firm(1, "lab");
    desk.open(2027);
    desk.issue_cap(2027);
    desk.give(110, 2027, 100);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 1), Reason::no_obligation);
    desk.set_time(deadline());
    desk.tick();
    EXPECT_EQ(desk.state().compliance.without_figures.at(2027),
              std::vector<ParticipantId>{ParticipantId{1}});
    desk.pass(50 * kDayUs);
    desk.determine(1, 2027, 70);
    EXPECT_EQ(desk.penalty(1, 2027).shortfall, 70);
    EXPECT_GE(desk.penalty(1, 2027).objections_until.us, desk.now().us + 29 * kDayUs);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", YearDesk::surrendering(1, 2027, 1)), Reason::ok);
    desk.sound();
}

TEST(Compliance, AGroupBelowTheThresholdOwesNothing) {
    Rules rules = year_rules();
    rules.coverage.threshold_allowances = 100;
    YearDesk desk(rules);
    for (const std::uint64_t id : {1U, 2U, 3U, 4U}) desk.add_firm(id, "f" + std::to_string(id));
    desk.ok("ada", "bo", Regroup{.participant = ParticipantId{3}, .group = GroupId{2}});
    desk.ok("ada",
            "bo",
            AddParticipant{.participant = ParticipantId{5},
                           .title = "joins",
                           .sort = ParticipantSort::opted_in,
                           .group = GroupId{5}});
    desk.open(2027);
    desk.open(2028);
    for (const std::uint64_t id : {1U, 2U, 3U, 5U}) desk.determine(id, 2027, 99);
    const auto owed = [&](std::uint64_t id, std::int64_t year) {
        return owed_allowances(desk.state(), {.participant = ParticipantId{id}, .year = year});
    };
    EXPECT_EQ(owed(1, 2027), 0);
    EXPECT_EQ(desk.ask("f1-1", YearDesk::surrendering(1, 2027, 1)), Reason::nothing_owed);
    EXPECT_EQ(owed(2, 2027), 99) << "198 with its sister";
    EXPECT_EQ(owed(5, 2027), 99) << "of its own will";
    // A firm of the group that was late lifts it over the threshold: the other owes with its next year, without a fine.
    desk.ok("ada", "bo", Regroup{.participant = ParticipantId{4}, .group = GroupId{1}});
    desk.set_time(deadline());
    desk.tick();
    EXPECT_FALSE(desk.fined(1, 2027));
    desk.determine(4, 2027, 5);
    EXPECT_FALSE(desk.fined(1, 2027));
    EXPECT_EQ(owed(1, 2028), 99);
    EXPECT_EQ(desk.penalty(4, 2027).shortfall, 5);
    desk.sound();
}

TEST(Compliance, ASurrenderIsCheckedInOrder) {
    YearDesk desk;
    owe_a_hundred(desk);
    desk.add_firm(2, "firm");
    EXPECT_EQ(desk.fill(1, "lab", 100), Reason::ok);
    const auto ask = [&](const Surrender& c) { return desk.ask("lab-1", c); };
    Surrender c = YearDesk::surrendering(1, 2027, 10);
    c.from = AccountId{999};
    EXPECT_EQ(ask(c), Reason::unknown_account);
    c.from = AccountId{121};
    EXPECT_EQ(ask(c), Reason::account_of_another);
    c = YearDesk::surrendering(1, 2027, 10, 0);
    EXPECT_EQ(ask(c), Reason::vintage_unknown);
    EXPECT_EQ(ask(YearDesk::surrendering(1, 2030, 10)), Reason::period_not_open);
    EXPECT_EQ(ask(YearDesk::surrendering(1, 2027, 0)), Reason::amount_not_positive);
    EXPECT_EQ(ask(YearDesk::surrendering(1, 2027, 101)), Reason::surrender_exceeds_obligation);
    EXPECT_EQ(ask(YearDesk::surrendering(1, 2027, 10, 2028)), Reason::vintage_after_year);
    c = YearDesk::surrendering(1, 2027, 10);
    c.from = AccountId{110};
    EXPECT_EQ(to_string(desk.ask_both("lab-1", "lab-2", c)), "from_kind_not_allowed");
    // A second pair of eyes sees what has changed.
    EXPECT_EQ(desk.ask("lab-1", YearDesk::surrendering(1, 2027, 100)), Reason::ok);
    const TransferId first = desk.last_id();
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", YearDesk::surrendering(1, 2027, 100)), Reason::ok);
    EXPECT_EQ(desk.ask("lab-2", Approve{.proposal = first}), Reason::nothing_owed);
    EXPECT_EQ(desk.balance(6, 2027).posted, 100);
    desk.sound();
}

TEST(Compliance, AnAccountWithAnObligationStaysOpen) {
    YearDesk desk;
    owe_a_hundred(desk);
    EXPECT_EQ(to_string(desk.ask("ada", CloseAccount{.account = AccountId{111}})),
              "account_has_obligation");
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 100), Reason::ok);
    desk.ok("ada", "bo", CloseAccount{.account = AccountId{111}});
    desk.sound();
}

TEST(Compliance, BorrowingHasALimit) {
    Rules rules = year_rules();
    rules.compliance.borrowing = {100'000};  // 10 %
    YearDesk desk(rules);
    owe_a_hundred(desk);
    desk.open(2028);
    desk.issue_cap(2028);
    desk.give(110, 2028, 50);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 11, 2028), Reason::borrowing_limit);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", YearDesk::surrendering(1, 2027, 6, 2028)),
              Reason::ok);
    EXPECT_EQ(desk.ask("lab-1", YearDesk::surrendering(1, 2027, 5, 2028)), Reason::borrowing_limit);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", YearDesk::surrendering(1, 2027, 4, 2028)),
              Reason::ok);
    EXPECT_EQ(desk.ask("lab-1", YearDesk::surrendering(1, 2027, 1, 2029)),
              Reason::vintage_after_year);
    EXPECT_EQ(desk.obligation(1, 2027).borrowed, 10);
    desk.sound();
}

TEST(Compliance, WithoutBankingOldVintagesEnd) {
    Rules rules = year_rules();
    rules.compliance.banking = Banking::none;
    YearDesk desk(rules);
    owe_a_hundred(desk);
    desk.open(2028);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 90), Reason::ok);
    EXPECT_EQ(desk.fill(1, "lab", 30), Reason::ok);
    const std::int64_t reserve = desk.balance(5, 2027).posted;
    desk.set_time(deadline());
    desk.tick();
    // 110 left; ten are still owed, and may be made good with what lies in the compliance account.
    EXPECT_EQ(desk.balance(110, 2027).posted, 0);
    EXPECT_EQ(desk.balance(111, 2027).posted, 30);
    EXPECT_EQ(desk.balance(5, 2027).posted, reserve + 80);
    const BankClose& close =
        desk.state().compliance.bank_closes.at({.participant = ParticipantId{1}, .year = 2027});
    EXPECT_TRUE(close.moved);
    EXPECT_EQ(close.left, 20) << "no deficit account stands beside the compliance account";
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", YearDesk::surrendering(1, 2027, 10)), Reason::ok);
    desk.determine(1, 2028, 5);
    EXPECT_EQ(desk.ask("lab-1", YearDesk::surrendering(1, 2028, 5)), Reason::vintage_not_banked);
    desk.sound();
}

TEST(Compliance, BankingByNetSales) {
    Rules rules = year_rules();
    rules.compliance.banking = Banking::limited;
    rules.compliance.banking_base = 10;
    rules.compliance.banking_net_sales = {1'500'000};  // China: base + 1.5 x net sales
    YearDesk desk(rules);
    owe_a_hundred(desk);
    desk.add_firm(2, "buyer");
    const auto sell =
        [&](const std::string& title,
            // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order in which a test says it
            std::uint64_t seller,
            std::uint64_t buyer,
            std::int64_t quantity) {
            desk.ok(title + "-1",
                    title + "-2",
                    Transfer{.participant = ParticipantId{seller},
                             .from = AccountId{100 + 10 * seller},
                             .to = AccountId{100 + 10 * buyer},
                             .vintage = 2027,
                             .quantity = quantity});
        };
    sell("lab", 1, 2, 25);
    sell("buyer", 2, 1, 5);
    EXPECT_EQ(desk.state().compliance.net_sales.at(ParticipantId{1}), 20);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 100), Reason::ok);
    desk.set_time(deadline());
    desk.tick();
    EXPECT_EQ(desk.balance(110, 2027).posted, 40) << "10 + 1.5 x 20, of 80";
    EXPECT_EQ(desk.balance(120, 2027).posted, 10) << "it sold nothing";
    EXPECT_EQ(desk.balance(5, 2027).posted, 20 + 40 + 10);
    desk.sound();
}

// 10 % of the first 500 and 2.5 % of the other 500: 62.5, so 62.
Rules limited_rules() {
    Rules rules = year_rules();
    rules.compliance.holding_limit = true;
    rules.compliance.holding_base = 500;
    rules.compliance.holding_base_share = {100'000};
    rules.compliance.holding_rest_share = {25'000};
    rules.compliance.cure_days = 5;
    return rules;
}

Transfer from_lab(std::uint64_t to, std::int64_t quantity) {
    return {.participant = ParticipantId{1},
            .from = AccountId{110},
            .to = AccountId{to},
            .vintage = 2027,
            .quantity = quantity};
}

TEST(Compliance, TheHoldingLimitIsOfTheGroup) {
    YearDesk desk(limited_rules());
    for (const std::uint64_t id : {2U, 3U}) desk.add_firm(id, "f" + std::to_string(id));
    desk.ok("ada", "bo", Regroup{.participant = ParticipantId{3}, .group = GroupId{2}});
    desk.add_firm(1, "lab");
    desk.open(2027);
    desk.issue_cap(2027);
    desk.give(110, 2027, 150);
    EXPECT_EQ(current_holding_limit(desk.state(), desk.now()), 62);
    EXPECT_EQ(desk.ask("lab-1", from_lab(120, 63)), Reason::holding_limit_exceeded);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", from_lab(120, 40)), Reason::ok);
    EXPECT_EQ(desk.ask("lab-1", from_lab(130, 23)), Reason::holding_limit_exceeded)
        << "the sister has the rest only";
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", from_lab(130, 22)), Reason::ok);
    // Within the group all moves.
    EXPECT_EQ(desk.ask_both("f2-1",
                            "f2-2",
                            Transfer{.participant = ParticipantId{2},
                                     .from = AccountId{120},
                                     .to = AccountId{130},
                                     .vintage = 2027,
                                     .quantity = 40}),
              Reason::ok);
    desk.sound();
}

TEST(Compliance, TwoTransfersOnTheirWayCountAsHeld) {
    Rules rules = limited_rules();
    rules.rights.outside_delay_days = 2;
    YearDesk desk(rules);
    desk.publish_calendar();
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    desk.open(2027);
    desk.issue_cap(2027);
    desk.give(110, 2027, 150);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", from_lab(120, 62)), Reason::ok);
    EXPECT_EQ(desk.balance(120, 2027).posted, 0);
    EXPECT_EQ(desk.ask("lab-1", from_lab(120, 1)), Reason::holding_limit_exceeded);
    desk.sound();
}

TEST(Compliance, ComplianceAccountsAreExemptUpToWhatIsOwed) {
    Rules rules = limited_rules();
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    desk.open(2027);
    desk.open(2028);
    desk.issue_cap(2028);
    desk.issue_cap(2027);
    desk.give(110, 2027, 300);
    desk.give(120, 2027, 62);
    desk.determine(1, 2027, 10);
    desk.determine(2, 2027, 50);  // in 2028; the limit is of that year's cap, the same
    EXPECT_EQ(desk.ask("lab-1", from_lab(120, 1)), Reason::holding_limit_exceeded);
    EXPECT_EQ(desk.fill(2, "firm", 60), Reason::ok);
    EXPECT_EQ(desk.ask("lab-1", from_lab(120, 51)), Reason::holding_limit_exceeded);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", from_lab(120, 50)), Reason::ok)
        << "2 + 60 - 50 + 50 = 62";
    desk.sound();
}

TEST(Compliance, AnExcessWithoutAPurchaseHasACurePeriod) {
    YearDesk desk(limited_rules());
    desk.publish_calendar();
    for (const std::uint64_t id : {1U, 2U, 3U, 4U}) desk.add_firm(id, "f" + std::to_string(id));
    desk.open(2027);
    desk.issue_cap(2027);
    for (const std::uint64_t id : {1U, 2U, 3U, 4U}) desk.give(100 + 10 * id, 2027, 60);
    desk.tick();
    EXPECT_TRUE(desk.state().compliance.holding_cases.empty());
    // Two and two become one group each.
    desk.ok("ada", "bo", Regroup{.participant = ParticipantId{2}, .group = GroupId{1}});
    desk.ok("ada", "bo", Regroup{.participant = ParticipantId{4}, .group = GroupId{3}});
    desk.pass(1'000'000);
    desk.tick();
    ASSERT_EQ(desk.state().compliance.holding_cases.size(), 2U);
    const HoldingCase first = desk.state().compliance.holding_cases[0];
    EXPECT_EQ(first.group, GroupId{1});
    EXPECT_EQ(first.excess, 120 - 62);
    EXPECT_EQ(first.stage, CaseStage::open);
    const std::vector<std::int64_t>& noons = desk.state().settle_at_us;
    const auto tomorrow = std::upper_bound(noons.begin(), noons.end(), first.opened.us);
    ASSERT_TRUE(first.cure_until);
    EXPECT_EQ(first.cure_until->us, *(tomorrow + 4)) << "the fifth working day";
    // One sells, to the operator's own account, in time.
    desk.ok("f1-1",
            "f1-2",
            Transfer{.participant = ParticipantId{1},
                     .from = AccountId{110},
                     .to = kAuction,
                     .vintage = 2027,
                     .quantity = 58});
    desk.set_time({first.cure_until->us + 1});
    desk.tick();
    EXPECT_EQ(desk.state().compliance.holding_cases[0].stage, CaseStage::cured);
    EXPECT_EQ(desk.state().compliance.holding_cases[1].stage, CaseStage::named);
    EXPECT_EQ(desk.state().compliance.holding_cases[1].excess, 58);
    desk.sound();
}

TEST(Compliance, ALowerCapOfTheNextYearIsNoticedWhenItBegins) {
    Rules rules = limited_rules();
    rules.cap.reduction_per_year = 500;  // 500: the limit is 50
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.open(2027);
    desk.open(2028);
    desk.issue_cap(2027);
    desk.give(110, 2027, 60);
    desk.set_time({new_year(2028).us - 1'000'000});
    desk.tick();
    EXPECT_TRUE(desk.state().compliance.holding_cases.empty());
    desk.set_time(new_year(2028));
    desk.tick();
    ASSERT_EQ(desk.state().compliance.holding_cases.size(), 1U);
    EXPECT_EQ(desk.state().compliance.holding_cases[0].excess, 10);
    desk.sound();
}

// What was allocated too much is sold already: the seller has a debt, the buyer keeps what it bought.
TEST(Compliance, AClawBackTakesFromNobodyElse) {
    YearDesk desk;
    desk.add_firm(1, "lab");
    desk.add_firm(2, "buyer");
    desk.history(1, {.gflop = 200 * kWork});
    desk.open(2027);
    desk.allocate(2027);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", from_lab(120, 150)), Reason::ok);
    EXPECT_EQ(desk.fill(1, "lab", 20), Reason::ok);
    ClawBack claw{.participant = ParticipantId{1},
                  .year = 2027,
                  .service_class = "text",
                  .quantity = 120,
                  .reason = "the baseline was wrong"};
    EXPECT_EQ(desk.ask("ada", claw), Reason::not_over_allocated);
    // It did less than it said: 80 of 200, beyond the band.
    desk.ok("ada", "bo", YearDesk::baseline(1, {.gflop = 80 * kWork, .years = {2025, 2026}}));
    EXPECT_EQ(
        over_allocated(desk.state(),
                       {.participant = ParticipantId{1}, .service_class = "text", .year = 2027}),
        120);
    EXPECT_EQ(desk.ask("ada", claw), Reason::no_deficit_account);
    desk.ok("ada",
            OpenAccount{.account = AccountId{113},
                        .kind = AccountKind::deficit,
                        .participant = ParticipantId{1},
                        .title = "debt"});
    claw.quantity = 121;
    EXPECT_EQ(desk.ask("ada", claw), Reason::not_over_allocated);
    claw.quantity = 0;
    EXPECT_EQ(desk.ask("ada", claw), Reason::amount_not_positive);
    claw.quantity = 120;
    claw.reason = "";
    EXPECT_EQ(desk.ask("ada", claw), Reason::reason_missing);
    claw.reason = "the baseline was wrong";
    EXPECT_EQ(desk.ask_both("ada", "ada", claw), Reason::same_person);
    // Ten it gives back by itself.
    const std::int64_t reserve = desk.balance(4, 2027).posted;
    desk.ok("lab-1",
            "lab-2",
            ReturnAllowances{.participant = ParticipantId{1},
                             .from = AccountId{110},
                             .to = kEntrantReserve,
                             .vintage = 2027,
                             .quantity = 10});
    EXPECT_EQ(desk.ask("ada", claw), Reason::not_over_allocated);
    claw.quantity = 110;
    desk.ok("ada", "bo", claw);
    EXPECT_EQ(desk.balance(110, 2027).posted, 0);
    EXPECT_EQ(desk.balance(111, 2027).posted, 0);
    EXPECT_EQ(desk.balance(113, 2027).posted, -70);
    EXPECT_EQ(desk.balance(120, 2027).posted, 150) << "the buyer's";
    EXPECT_EQ(desk.balance(4, 2027).posted, reserve + 120);
    EXPECT_EQ(desk.state().compliance.claw_backs.at(0).from_deficit, 70);
    EXPECT_EQ(desk.ask("ada", claw), Reason::not_over_allocated) << "once";
    desk.sound();
    // The debt is paid by an ordinary transfer.
    desk.give(110, 2027, 70);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-2", from_lab(113, 70)), Reason::ok);
    EXPECT_EQ(desk.balance(113, 2027).posted, 0);
    desk.sound();
}

TEST(Compliance, ARejectedCertificateIsClawedBack) {
    Rules rules = year_rules();
    rules.allocation.clean_max = {1'100'000};
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.history(1, {.gflop = 100 * kWork});
    desk.open(2027);
    desk.ok("lab-1",
            "lab-2",
            LodgeCertificate{.participant = ParticipantId{1},
                             .certificate = "A",
                             .year = 2026,
                             .matched_kwh = 100,
                             .retirement = "r"});
    desk.allocate(2027);
    EXPECT_EQ(desk.balance(110, 2027).posted, 110);
    desk.ok("ada", "bo", RejectCertificate{.certificate = "A", .reason = "sold elsewhere"});
    EXPECT_EQ(
        over_allocated(desk.state(),
                       {.participant = ParticipantId{1}, .service_class = "text", .year = 2027}),
        10);
    desk.check();
}

TEST(Compliance, WhatIsPublishedStays) {
    YearDesk desk;
    desk.ok("ada", Publish{.what = "compliance 2027", .text = "lab: short by 60"});
    EXPECT_EQ(desk.ask("ada", Publish{.what = "", .text = "x"}), Reason::name_empty);
    EXPECT_EQ(desk.ask("ada", Publish{.what = "x", .text = std::string(70'000, 'x')}),
              Reason::text_too_long);
    ASSERT_EQ(desk.state().compliance.publications.size(), 1U);
    EXPECT_EQ(desk.state().compliance.publications[0].said.text, "lab: short by 60");
    desk.check();
}

}  // namespace
}  // namespace abate::engine
