// What is above the holding limit when the cure period is over, and is sold on its holder's account.
#include "abate/engine/year_test_support.h"

#include <algorithm>

namespace abate::engine {
namespace {

using namespace scheme;

// A free ceiling of 480, and a limit of 10 % of the first 500 and 2.5 % of the other 500: 62.
Rules consigning_rules() {
    Rules rules = year_rules();
    rules.compliance.holding_limit = true;
    rules.compliance.holding_base = 500;
    rules.compliance.holding_base_share = {100'000};
    rules.compliance.holding_rest_share = {25'000};
    rules.compliance.cure_days = 5;
    rules.compliance.holding_excess = HoldingExcess::consigned;
    return rules;
}

// A firm is given 100 for 2027, which is 38 too many; nobody refuses a free allocation.
void above_the_limit(YearDesk& desk, bool with_calendar = true) {
    if (with_calendar) desk.publish_calendar();
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    desk.history(1, {.gflop = 100 * kWork});
    desk.history(2, {.gflop = 10 * kWork});
    desk.open(2027);
    desk.allocate(2027);
    desk.pass(1'000'000);
    desk.tick();
    ASSERT_EQ(desk.state().compliance.holding_cases.size(), 1U);
    EXPECT_EQ(desk.state().compliance.holding_cases[0].excess, 38);
}
void let_it_lapse(YearDesk& desk) {
    desk.set_time({desk.state().compliance.holding_cases[0].cure_until->us + 1'000'000});
    desk.tick();
}
const HoldingCase& first_case(const YearDesk& desk) {
    return desk.state().compliance.holding_cases[0];
}
Transfer selling(std::int64_t quantity) {
    return {.participant = ParticipantId{1},
            .from = AccountId{110},
            .to = AccountId{120},
            .vintage = 2027,
            .quantity = quantity};
}
ReleaseConsignment releasing(std::int64_t quantity) {
    return {.participant = ParticipantId{1},
            .vintage = 2027,
            .quantity = quantity,
            .reason = "it sold others"};
}

TEST(Consignment, TheExcessGoesToTheNextAuctionOnItsHoldersAccount) {
    YearDesk desk(consigning_rules());
    above_the_limit(desk);
    EXPECT_EQ(desk.balance(110, 2027).posted, 100) << "until the cure period is over";
    let_it_lapse(desk);
    EXPECT_EQ(first_case(desk).stage, CaseStage::consigned);
    EXPECT_EQ(first_case(desk).excess, 38);
    EXPECT_EQ(first_case(desk).consigned, 38);
    EXPECT_EQ(desk.balance(110, 2027).posted, 62);
    EXPECT_EQ(desk.balance(12, 2027).posted, 38);
    EXPECT_EQ(desk.state().compliance.consigned,
              (std::map<ParticipantYear, std::int64_t>{
                  {{.participant = ParticipantId{1}, .year = 2027}, 38}}));
    // Nobody uses it meanwhile, and nobody sells into it.
    Transfer out = selling(1);
    out.from = kConsignment;
    EXPECT_EQ(desk.ask("lab-1", out), Reason::account_of_another);
    Transfer in = selling(1);
    in.to = kConsignment;
    EXPECT_EQ(to_string(desk.ask("lab-1", in)), "to_kind_not_allowed");
    // It is not over the limit again.
    desk.pass(20 * kDayUs);
    desk.tick();
    EXPECT_EQ(desk.state().compliance.holding_cases.size(), 1U);
    desk.sound();
}

TEST(Consignment, WhatIsCuredInTimeIsNot) {
    YearDesk desk(consigning_rules());
    above_the_limit(desk);
    desk.ok("lab-1", "lab-2", selling(38));
    let_it_lapse(desk);
    EXPECT_EQ(first_case(desk).stage, CaseStage::cured);
    EXPECT_EQ(desk.balance(12, 2027).posted, 0);
    desk.sound();
}

TEST(Consignment, OnlyWhatIsStillTooMuchIsMoved) {
    YearDesk desk(consigning_rules());
    above_the_limit(desk);
    desk.ok("lab-1", "lab-2", selling(30));
    let_it_lapse(desk);
    EXPECT_EQ(first_case(desk).excess, 8);
    EXPECT_EQ(desk.balance(12, 2027).posted, 8);
    EXPECT_EQ(desk.balance(110, 2027).posted, 62);
    desk.sound();
}

// The rules and the limit are those of the day on which the cure period ends, though nobody acts before a year that is not open.
TEST(Consignment, IsDecidedByTheMomentOfItsRule) {
    YearDesk desk(consigning_rules());
    above_the_limit(desk);
    const Period& year = desk.state().period.years.at(2027);
    ASSERT_LT(first_case(desk).cure_until->us, year.moments.end.us);
    desk.set_time({year.moments.end.us + 30 * kDayUs});
    desk.tick();
    EXPECT_EQ(first_case(desk).stage, CaseStage::consigned);
    EXPECT_EQ(first_case(desk).consigned, 38);
    EXPECT_EQ(desk.balance(110, 2027).posted, 62);
    desk.sound();
}

// Five working days cannot be counted where no calendar has them: nothing is moved until they can.
TEST(Consignment, WaitsForACalendar) {
    YearDesk desk(consigning_rules());
    above_the_limit(desk, false);
    EXPECT_FALSE(first_case(desk).cure_until);
    desk.pass(30 * kDayUs);
    desk.tick();
    EXPECT_EQ(first_case(desk).stage, CaseStage::open);
    EXPECT_EQ(desk.balance(110, 2027).posted, 100);
    desk.publish_calendar();
    const std::vector<std::int64_t>& noons = desk.state().settle_at_us;
    const auto next = std::upper_bound(noons.begin(), noons.end(), desk.state().last.us);
    ASSERT_TRUE(first_case(desk).cure_until);
    EXPECT_EQ(first_case(desk).cure_until->us, *(next + 4)) << "the fifth from then on";
    let_it_lapse(desk);
    EXPECT_EQ(first_case(desk).stage, CaseStage::consigned);
    EXPECT_EQ(desk.balance(110, 2027).posted, 62);
    desk.sound();
}

// Promised away over the end of the cure period, and taken back: it is consigned when it comes free.
TEST(Consignment, WhatWasPromisedOverTheMomentFollows) {
    Rules rules = consigning_rules();
    rules.rights.outside_delay_days =
        2;  // so it is still there, and not free, when the period ends
    YearDesk desk(rules);
    above_the_limit(desk);
    // 20 stay in the compliance account; of the 80 left, 52, all that the buyer may take, are promised.
    EXPECT_EQ(desk.fill(1, "lab", 20), Reason::ok);
    const Timestamp cure = *first_case(desk).cure_until;
    desk.set_time({cure.us - 1'000'000});
    desk.ok("lab-1", "lab-2", selling(52));
    const TransferId promised = desk.last_id();
    let_it_lapse(desk);
    EXPECT_EQ(first_case(desk).stage, CaseStage::consigned);
    EXPECT_EQ(first_case(desk).excess, 38);
    EXPECT_EQ(first_case(desk).consigned, 28);
    desk.ok("lab-1", CancelTransfer{.participant = ParticipantId{1}, .transfer = promised});
    desk.pass(1'000'000);
    desk.tick();
    EXPECT_EQ(desk.state().compliance.holding_cases.size(), 1U);
    EXPECT_EQ(first_case(desk).consigned, 38);
    EXPECT_EQ(desk.balance(110, 2027).posted, 42);
    EXPECT_EQ(desk.balance(12, 2027).posted, 38);
    desk.sound();
}

// The rules of the moment in which it comes free: those of the next year name and do not sell.
TEST(Consignment, WhatComesFreeUnderOtherRulesStays) {
    Rules rules = consigning_rules();
    rules.rights.outside_delay_days = 2;
    YearDesk desk(rules);
    above_the_limit(desk);
    EXPECT_EQ(desk.fill(1, "lab", 20), Reason::ok);
    desk.set_time({first_case(desk).cure_until->us - 1'000'000});
    desk.ok("lab-1",
            RestrictAccount{.participant = ParticipantId{1},
                            .account = AccountId{110},
                            .status = AccountStatus::frozen,
                            .reason = "a lost key"});
    let_it_lapse(desk);
    EXPECT_EQ(first_case(desk).consigned, 0);
    rules.version = 2;
    rules.compliance.holding_excess = HoldingExcess::named;
    desk.ok("ada", "bo", ChangeRules{.rules = rules, .rules_text = ""});
    desk.open(2028);
    desk.set_time({YearDesk::moments(2028).begin.us + kDayUs});
    desk.tick();
    desk.ok("ada", "bo", ReleaseAccount{.account = AccountId{110}, .reason = "found"});
    desk.pass(1'000'000);
    desk.tick();
    EXPECT_EQ(desk.balance(12, 2027).posted, 0);
    desk.sound();
}

TEST(Consignment, OtherRulesNameTheGroupAndMoveNothing) {
    Rules rules = consigning_rules();
    rules.compliance.holding_excess = HoldingExcess::named;
    YearDesk desk(rules);
    above_the_limit(desk);
    let_it_lapse(desk);
    EXPECT_EQ(first_case(desk).stage, CaseStage::named);
    EXPECT_EQ(first_case(desk).consigned, 0);
    EXPECT_EQ(desk.balance(110, 2027).posted, 100);
    EXPECT_TRUE(desk.state().compliance.consigned.empty());
    desk.sound();
}

// Frozen, or in a compliance account: it stays where it is, and the case says how much was moved.
TEST(Consignment, WhatCannotBeMovedStays) {
    YearDesk desk(consigning_rules());
    above_the_limit(desk);
    EXPECT_EQ(desk.fill(1, "lab", 80), Reason::ok);  // nothing is owed yet, so it is not exempt
    let_it_lapse(desk);
    EXPECT_EQ(first_case(desk).excess, 38);
    EXPECT_EQ(first_case(desk).consigned, 20);
    EXPECT_EQ(desk.balance(110, 2027).posted, 0);
    EXPECT_EQ(desk.balance(111, 2027).posted, 80);
    desk.sound();

    YearDesk frozen(consigning_rules());
    above_the_limit(frozen);
    frozen.ok("lab-1",
              RestrictAccount{.participant = ParticipantId{1},
                              .account = AccountId{110},
                              .status = AccountStatus::frozen,
                              .reason = "a stolen key"});
    let_it_lapse(frozen);
    EXPECT_EQ(first_case(frozen).stage, CaseStage::consigned);
    EXPECT_EQ(first_case(frozen).consigned, 0);
    EXPECT_EQ(frozen.balance(110, 2027).posted, 100);
    // It follows when it is released.
    frozen.ok("ada", "bo", ReleaseAccount{.account = AccountId{110}, .reason = "found"});
    frozen.pass(1'000'000);
    frozen.tick();
    EXPECT_EQ(first_case(frozen).consigned, 38);
    EXPECT_EQ(frozen.balance(110, 2027).posted, 62);
    frozen.sound();
}

// Of a group of two, one after the other; the oldest vintage first.
TEST(Consignment, AGroupGivesItsOldestVintageFirst) {
    YearDesk desk(consigning_rules());
    desk.publish_calendar();
    for (const std::uint64_t id : {1U, 2U}) desk.add_firm(id, "f" + std::to_string(id));
    desk.open(2027);
    desk.open(2028);
    desk.issue_cap(2027);
    desk.issue_cap(2028);
    desk.give(110, 2028, 50);
    desk.give(120, 2027, 30);
    desk.ok("ada", "bo", Regroup{.participant = ParticipantId{2}, .group = GroupId{1}});
    desk.pass(1'000'000);
    desk.tick();
    EXPECT_EQ(first_case(desk).excess, 80 - 62);
    let_it_lapse(desk);
    EXPECT_EQ(desk.balance(120, 2027).posted, 12);
    EXPECT_EQ(desk.balance(110, 2028).posted, 50);
    EXPECT_EQ(desk.state().compliance.consigned,
              (std::map<ParticipantYear, std::int64_t>{
                  {{.participant = ParticipantId{2}, .year = 2027}, 18}}));
    desk.sound();
}

TEST(Consignment, IsReleasedWhereTheLimitHasRoom) {
    YearDesk desk(consigning_rules());
    above_the_limit(desk);
    let_it_lapse(desk);
    EXPECT_EQ(desk.ask("ada", releasing(1)), Reason::holding_limit_exceeded);
    EXPECT_EQ(to_string(desk.ask("ada", CloseAccount{.account = AccountId{112}})),
              "account_has_pending_transfers")
        << "the proceeds need somewhere to go";
    desk.ok("lab-1", "lab-2", selling(20));
    EXPECT_EQ(desk.ask("ada", releasing(21)), Reason::holding_limit_exceeded);
    EXPECT_EQ(desk.ask("ada", releasing(39)), Reason::not_consigned);
    EXPECT_EQ(desk.ask("ada", releasing(0)), Reason::amount_not_positive);
    ReleaseConsignment silent = releasing(20);
    silent.reason = "";
    EXPECT_EQ(desk.ask("ada", silent), Reason::reason_missing);
    EXPECT_EQ(desk.ask("lab-1", releasing(20)), Reason::role_not_allowed);
    EXPECT_EQ(desk.ask_both("ada", "ada", releasing(20)), Reason::same_person);
    desk.ok("ada", "bo", releasing(20));
    EXPECT_EQ(desk.balance(110, 2027).posted, 62);
    EXPECT_EQ(desk.balance(12, 2027).posted, 18);
    EXPECT_EQ(desk.state().compliance.consigned.begin()->second, 18);
    desk.sound();
}

// A journal in which somebody's allowances are taken where the rules only name: the auditor does not believe it.
TEST(Consignment, TheAuditorAsksWhetherTheRulesHaveIt) {
    YearDesk desk(consigning_rules());
    above_the_limit(desk);
    let_it_lapse(desk);
    const auto found = audit_forged(desk, [](Command& c) {
        auto* founding = std::get_if<FoundScheme>(&c);
        if (founding != nullptr) founding->rules.compliance.holding_excess = HoldingExcess::named;
        return founding != nullptr;
    });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->field, "posting");
    EXPECT_FALSE(audit_forged(desk, [](Command&) { return false; }));
}

// The cure period ended in 2027: that 2028 has it says nothing.
TEST(Consignment, TheAuditorAsksTheYearInWhichTheCurePeriodEnded) {
    YearDesk desk(consigning_rules());
    above_the_limit(desk);
    Rules next = consigning_rules();
    next.version = 2;
    desk.ok("ada", "bo", ChangeRules{.rules = next, .rules_text = ""});
    desk.open(2028);
    let_it_lapse(desk);
    EXPECT_EQ(first_case(desk).stage, CaseStage::consigned);
    const auto found = audit_forged(desk, [](Command& c) {
        auto* founding = std::get_if<FoundScheme>(&c);
        if (founding != nullptr) founding->rules.compliance.holding_excess = HoldingExcess::named;
        return founding != nullptr;
    });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->field, "posting");
    // And that 2028 has it no more takes nothing from 2027.
    YearDesk other(consigning_rules());
    above_the_limit(other);
    next.compliance.holding_excess = HoldingExcess::named;
    other.ok("ada", "bo", ChangeRules{.rules = next, .rules_text = ""});
    other.open(2028);
    let_it_lapse(other);
    EXPECT_EQ(first_case(other).stage, CaseStage::consigned);
    other.sound();
    desk.sound();
}

// What waits for the next auction is its holder's, not the scheme's: of 1,000 that were issued 110 are allocated, 38 of them wait.
TEST(Consignment, WhatIsConsignedIsInCirculation) {
    Rules rules = consigning_rules();
    rules.stability = {.reserve = true,
                       .upper = 300,
                       .middle = 200,
                       .lower = 100,
                       .release = 50,
                       .withhold = {240'000}};
    YearDesk desk(rules);
    above_the_limit(desk);
    let_it_lapse(desk);
    EXPECT_EQ(desk.balance(12, 2027).posted, 38);
    desk.set_time({YearDesk::moments(2027).report_due.us + 1});
    desk.tick();
    for (const ParticipantId firm : figures_of_year(desk.state(), 2027).missing)
        desk.determine(static_cast<std::uint64_t>(firm), 2027, 0);
    const Circulation figures =
        derive_circulation(desk.state(), desk.engine().registry(), 2027).value;
    EXPECT_EQ(figures, (Circulation{.issued = 1000, .with_scheme = 890, .in_circulation = 110}));
    PublishCirculation without{.year = 2027, .figures = figures};
    without.figures.with_scheme += 38;
    without.figures.in_circulation -= 38;
    EXPECT_EQ(desk.ask("ada", without), Reason::circulation_differs);
    desk.ok("ada", "bo", PublishCirculation{.year = 2027, .figures = figures});
    desk.sound();
    const auto found = audit_forged(desk, [&](Command& c) {
        auto* said = std::get_if<PublishCirculation>(&c);
        if (said != nullptr) *said = without;
        return said != nullptr;
    });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->field, "circulation.with_scheme");
}

}  // namespace
}  // namespace abate::engine
