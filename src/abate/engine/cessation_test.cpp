// A firm that ceases operation: what it keeps, what it still owes, and how its accounts end.
#include "abate/engine/year_test_support.h"

namespace abate::engine {
namespace {

using namespace scheme;

constexpr ParticipantId kCeasing{1};

// 182.5 of 365 days.
Timestamp midyear() { return at("2027-07-02T12:00:00Z"); }

OrderCease order(Timestamp ceased = midyear()) {
    return {.participant = kCeasing, .ceased = ceased, .reason = "the hall is sold"};
}
RequestCease request(Timestamp ceased = midyear()) {
    return {.participant = kCeasing, .ceased = ceased, .reason = "the hall is sold"};
}
AcceptCease accepting(Timestamp ceased = midyear()) {
    return {.participant = kCeasing, .ceased = ceased};
}

// Two firms that earn 100 and 200 a year.
void two_firms(YearDesk& desk) {
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    desk.history(1, {.gflop = 100 * kWork});
    desk.history(2, {.gflop = 200 * kWork});
    desk.open(2027);
}
Rules leaving(CeaseAllocation allocation) {
    Rules rules = year_rules();
    rules.cessation.year_allocation = allocation;
    return rules;
}
std::int64_t too_much(const YearDesk& desk, std::int64_t year) {
    return over_allocated(desk.state(),
                          {.participant = kCeasing, .service_class = "text", .year = year});
}
ClawBack claw(std::int64_t quantity) {
    return {.participant = kCeasing,
            .year = 2027,
            .service_class = "text",
            .quantity = quantity,
            .reason = "it ceased"};
}
TrueUp trued_up(YearDesk& desk, std::int64_t year) {
    return {
        .year = year,
        .lines = derive_true_up(
                     desk.state(),
                     {.year = year,
                      .available = desk.balance(4, static_cast<std::int32_t>(year)).available()})
                     .value};
}

TEST(Cessation, TheFirmAsksAndAnOperatorAccepts) {
    YearDesk desk;
    two_firms(desk);
    desk.set_time({midyear().us + kDayUs});
    EXPECT_EQ(desk.ask("ada", accepting()), Reason::cease_not_requested);
    EXPECT_EQ(desk.ask("firm-1", request()), Reason::participant_of_another);
    EXPECT_EQ(desk.ask_both("lab-1", "lab-1", request()), Reason::role_not_allowed);
    desk.ok("lab-1", "lab-2", request());
    EXPECT_EQ(cessation_of(desk.state(), kCeasing), nullptr) << "nobody has accepted it";
    EXPECT_TRUE(is_allocated_to(desk.state(), {.participant = kCeasing, .year = 2028}));
    // Another day takes its place: who has read the first does not sign the second.
    const Timestamp later{midyear().us + 1000};
    desk.ok("lab-1", "lab-2", request(later));
    EXPECT_EQ(desk.ask("lab-1", accepting(later)), Reason::role_not_allowed);
    EXPECT_EQ(desk.ask("ada", accepting()), Reason::cease_moment_differs);
    EXPECT_EQ(desk.ask("ada", AcceptCease{.participant = kCeasing}), Reason::cease_moment_differs)
        << "it is said, not left out";
    desk.ok("ada", accepting(later));
    ASSERT_NE(cessation_of(desk.state(), kCeasing), nullptr);
    EXPECT_EQ(cessation_of(desk.state(), kCeasing)->ceased.us, midyear().us + 1000);
    EXPECT_EQ(cessation_of(desk.state(), kCeasing)->year, 2027);
    EXPECT_EQ(desk.ask("ada", accepting(later)), Reason::already_ceased);
    EXPECT_EQ(desk.ask("ada", order()), Reason::already_ceased);
    EXPECT_EQ(desk.ask("lab-1", request()), Reason::already_ceased);
    desk.sound();
    // The auditor asks for the request too.
    const auto found = audit_forged(desk, [](Command& c) {
        auto* said = std::get_if<AcceptCease>(&c);
        if (said != nullptr) said->ceased = midyear();
        return said != nullptr;
    });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->field, "ceased");
}

TEST(Cessation, TwoOperatorsOrderIt) {
    YearDesk desk;
    two_firms(desk);
    desk.set_time({midyear().us + kDayUs});
    OrderCease said = order();
    said.reason = "";
    EXPECT_EQ(desk.ask("ada", said), Reason::reason_missing);
    EXPECT_EQ(desk.ask("ada", order({desk.now().us + kDayUs})), Reason::cease_moment_invalid)
        << "it has not happened yet";
    EXPECT_EQ(desk.ask("ada", order(new_year(2027))), Reason::cease_moment_invalid)
        << "before it took part";
    EXPECT_EQ(desk.ask("ada", order(at("2026-07-01T00:00:00Z"))), Reason::cease_moment_invalid);
    said = order();
    said.participant = ParticipantId{9};
    EXPECT_EQ(desk.ask("ada", said), Reason::participant_not_obligated);
    EXPECT_EQ(desk.ask_both("ada", "ada", order()), Reason::same_person);
    EXPECT_EQ(desk.ask("lab-1", order()), Reason::role_not_allowed);
    desk.ok("ada", "bo", order());
    EXPECT_EQ(cessation_of(desk.state(), kCeasing)->year, 2027);
    desk.sound();
}

TEST(Cessation, FiguresOfTheYearSayThatItOperated) {
    YearDesk desk;
    two_firms(desk);
    desk.determine(1, 2027, 60);
    EXPECT_EQ(desk.ask("ada", order()), Reason::report_final);
    desk.open(2028);
    EXPECT_EQ(desk.ask("ada", order(at("2028-02-01T00:00:00Z"))), Reason::ok)
        << "a part of the next year is another matter";
    desk.sound();
}

// Half of 100 stays; the rest is taken back. None, or all, where the rules say so.
TEST(Cessation, WhatWasGivenForTheRestOfTheYearComesBack) {
    struct Row {
        CeaseAllocation allocation;
        std::int64_t too_much;
    };
    for (const Row& row : {Row{CeaseAllocation::pro_rata, 50},
                           Row{CeaseAllocation::none, 100},
                           Row{CeaseAllocation::whole, 0}}) {
        YearDesk desk(leaving(row.allocation));
        two_firms(desk);
        desk.allocate(2027);
        desk.ok("ada",
                OpenAccount{.account = AccountId{199},
                            .kind = AccountKind::deficit,
                            .participant = kCeasing,
                            .title = "deficit"});
        desk.set_time({midyear().us + kDayUs});
        EXPECT_EQ(too_much(desk, 2027), 0);
        desk.ok("ada", "bo", order());
        EXPECT_EQ(too_much(desk, 2027), row.too_much);
        EXPECT_EQ(desk.ask("ada", claw(row.too_much + 1)), Reason::not_over_allocated);
        if (row.too_much > 0) desk.ok("ada", "bo", claw(row.too_much));
        EXPECT_EQ(desk.balance(110, 2027).posted, 100 - row.too_much);
        EXPECT_EQ(desk.ask("ada", trued_up(desk, 2027)), Reason::nothing_to_true_up);
        desk.sound();
    }
}

// It ceases between the final table and its issue: its line stays in the reserve, and its part comes with a true-up.
TEST(Cessation, AnAllocationThatIsNotIssuedYetIsNotIssued) {
    YearDesk desk;
    two_firms(desk);
    desk.issue_cap(2027);
    desk.set_benchmark(2027);
    desk.set_allocation(2027);
    desk.set_time({midyear().us + kDayUs});
    desk.ok("ada", "bo", order());
    EXPECT_EQ(desk.ask("ada", IssueAllocation{.year = 2027, .participants = {kCeasing}}),
              Reason::participant_ceased);
    desk.ok("ada", "bo", IssueAllocation{.year = 2027, .participants = {ParticipantId{2}}});
    EXPECT_EQ(desk.state().period.years.at(2027).allocation->steps.stage, Stage::issued);
    EXPECT_EQ(desk.balance(110, 2027).posted, 0);
    EXPECT_EQ(desk.balance(120, 2027).posted, 200);
    EXPECT_EQ(desk.balance(10, 2027).posted, 0);
    EXPECT_EQ(desk.balance(4, 2027).posted, 100 + 480 - 200);
    desk.ok("ada", "bo", trued_up(desk, 2027));
    EXPECT_EQ(desk.balance(110, 2027).posted, 50);
    EXPECT_EQ(too_much(desk, 2027), 0);
    desk.sound();
    // Had it operated all year, the auditor would not believe what went to the reserve.
    const auto found = audit_forged(desk, [](Command& c) {
        auto* said = std::get_if<OrderCease>(&c);
        if (said != nullptr) said->ceased = new_year(2029);
        return said != nullptr;
    });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->field, "posting");
}

// Of 100 half came back. While figures are so that nobody knows what it should have, it keeps what it has: no half of the half.
TEST(Cessation, NoPartOfAPartIsTakenBack) {
    YearDesk desk;
    two_firms(desk);
    desk.allocate(2027);
    desk.determine(1, 2027, 40, 100 * kWork);
    desk.determine(2, 2027, 200, 200 * kWork);
    desk.open(2028);
    desk.allocate(2028);
    desk.ok("ada",
            OpenAccount{.account = AccountId{199},
                        .kind = AccountKind::deficit,
                        .participant = kCeasing,
                        .title = "deficit"});
    EXPECT_EQ(desk.balance(110, 2028).posted, 100);
    // 183 of 366 days.
    desk.set_time(at("2028-08-01T00:00:00Z"));
    desk.ok("ada", "bo", order(at("2028-07-02T00:00:00Z")));
    EXPECT_EQ(too_much(desk, 2028), 50);
    constexpr std::uint64_t kTooMuchToReckonWith = std::uint64_t{1} << 63;
    desk.determine(1, 2027, 40, kTooMuchToReckonWith);
    EXPECT_EQ(too_much(desk, 2028), 0);
    desk.determine(1, 2027, 40, 100 * kWork);
    ClawBack half = claw(50);
    half.year = 2028;
    desk.ok("ada", "bo", half);
    desk.determine(1, 2027, 40, kTooMuchToReckonWith);
    EXPECT_EQ(too_much(desk, 2028), 0);
    desk.determine(1, 2027, 40, 100 * kWork);
    EXPECT_EQ(too_much(desk, 2028), 0);
    desk.sound();
}

// What a new entrant earns follows from its own output, and that ends when it ceases: 30, not half of it.
TEST(Cessation, AnEntrantsOwnOutputIsOfItsPartAlready) {
    struct Row {
        CeaseAllocation allocation;
        std::int64_t kept;
    };
    for (const Row& row : {Row{CeaseAllocation::pro_rata, 30},
                           Row{CeaseAllocation::none, 0},
                           Row{CeaseAllocation::whole, 30}}) {
        YearDesk desk(leaving(row.allocation));
        two_firms(desk);
        desk.add_firm(3, "entrant");
        desk.allocate(2027);
        desk.set_time({midyear().us + kDayUs});
        OrderCease ends = order();
        ends.participant = ParticipantId{3};
        desk.ok("ada", "bo", ends);
        desk.determine(3, 2027, 40, 30 * kWork);
        const TrueUp up = trued_up(desk, 2027);
        ASSERT_EQ(up.lines.size(), row.kept == 0 ? 0U : 1U);
        if (row.kept != 0) desk.ok("ada", "bo", up);
        EXPECT_EQ(desk.balance(130, 2027).posted, row.kept);
        const ActivityKey key{
            .participant = ParticipantId{3}, .service_class = "text", .year = 2027};
        EXPECT_EQ(over_allocated(desk.state(), key), 0);
        // It had no output after all.
        desk.determine(3, 2027, 40);
        EXPECT_EQ(over_allocated(desk.state(), key), row.kept);
        desk.sound();
    }
}

TEST(Cessation, LaterYearsDoNotNameIt) {
    YearDesk desk;
    two_firms(desk);
    desk.allocate(2027);
    desk.set_time({midyear().us + kDayUs});
    desk.ok("ada", "bo", order());
    desk.determine(1, 2027, 40, 50 * kWork);
    desk.determine(2, 2027, 200, 200 * kWork);
    desk.open(2028);
    desk.allocate(2028);
    const AllocationTable& table = desk.state().period.years.at(2028).allocation->table;
    ASSERT_EQ(table.lines.size(), 1U);
    EXPECT_EQ(table.lines[0].participant, ParticipantId{2});
    EXPECT_TRUE(table.left_out.empty());
    EXPECT_EQ(desk.ask("ada", trued_up(desk, 2028)), Reason::nothing_to_true_up);
    // No report of 2028 is due, and nothing is blocked for want of it.
    desk.set_time({YearDesk::moments(2028).surrender_due.us + 1});
    desk.tick();
    EXPECT_EQ(desk.engine().registry().account(AccountId{110})->status,
              registry::AccountStatus::open);
    EXPECT_EQ(desk.engine().registry().account(AccountId{120})->status,
              registry::AccountStatus::blocked);
    EXPECT_EQ(desk.state().compliance.without_figures.at(2028),
              (std::vector<ParticipantId>{ParticipantId{2}}));
    EXPECT_EQ(desk.ask("ada",
                       Determine{.participant = kCeasing,
                                 .year = 2028,
                                 .obligated = Microjoules(1),
                                 .output = {},
                                 .reason = "no report"}),
              Reason::participant_ceased);
    desk.sound();
}

TEST(Cessation, AccountsCloseAtZeroAndWithoutObligation) {
    YearDesk desk;
    two_firms(desk);
    desk.allocate(2027);
    desk.add_key(kCeasing, "lab-m", Role::market);
    desk.ok("lab-1",
            "lab-2",
            SetMandate{.participant = kCeasing,
                       .key = desk.key("lab-m").open,
                       .daily_net_quantity = 10,
                       .daily_net_value_micro = 1000});
    desk.set_time({midyear().us + kDayUs});
    desk.ok("ada", "bo", order());
    const auto closing = [](std::uint64_t account) {
        return CloseAccount{.account = AccountId{account}};
    };
    EXPECT_EQ(to_string(desk.ask("ada", closing(111))), "account_has_obligation")
        << "nobody knows yet what it owes";
    EXPECT_EQ(to_string(desk.ask("ada", closing(110))), "account_has_obligation");
    desk.determine(1, 2027, 40);
    EXPECT_EQ(to_string(desk.ask("ada", closing(111))), "account_has_obligation");
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 40), Reason::ok);
    EXPECT_EQ(to_string(desk.ask_both("ada", "bo", closing(110))), "account_not_empty");
    desk.ok("lab-1",
            "lab-2",
            Transfer{.participant = kCeasing,
                     .from = AccountId{110},
                     .to = AccountId{120},
                     .vintage = 2027,
                     .quantity = 60});
    desk.ok("ada", "bo", closing(111));
    EXPECT_EQ(desk.state().keys.at(desk.key("lab-m").open).mandate.daily_net_quantity, 10);
    desk.ok("ada", "bo", closing(110));
    EXPECT_EQ(desk.state().keys.at(desk.key("lab-m").open).mandate.daily_net_quantity, 0)
        << "with its last holding account its right to trade ends";
    EXPECT_EQ(desk.ask("lab-1",
                       SetMandate{.participant = kCeasing,
                                  .key = desk.key("lab-m").open,
                                  .daily_net_quantity = 10}),
              Reason::no_holding_account);
    EXPECT_EQ(desk.ask("ada",
                       OpenAccount{.account = AccountId{198},
                                   .kind = AccountKind::holding,
                                   .participant = kCeasing,
                                   .title = "again"}),
              Reason::participant_ceased);
    desk.ok("ada", "bo", closing(112));
    desk.sound();
}

// What a firm owes hinders the last account of a kind alone. A spare one closes at zero, whatever is owed.
TEST(Cessation, ASpareAccountClosesWhateverIsOwed) {
    YearDesk desk;
    two_firms(desk);
    desk.allocate(2027);
    const auto open = [&](std::uint64_t account, AccountKind kind, const char* title) {
        desk.ok("ada",
                OpenAccount{.account = AccountId{account},
                            .kind = kind,
                            .participant = kCeasing,
                            .title = title});
    };
    open(191, AccountKind::holding, "spare");
    open(192, AccountKind::compliance, "second");
    open(193, AccountKind::cash, "old bank");
    const auto closing = [](std::uint64_t account) {
        return CloseAccount{.account = AccountId{account}};
    };
    desk.determine(1, 2027, 40);
    desk.set_time(YearDesk::moments(2027).surrender_due);
    desk.tick();
    EXPECT_EQ(desk.penalty(1, 2027).shortfall, 40);
    for (const std::uint64_t spare : {191U, 192U, 193U}) desk.ok("ada", "bo", closing(spare));
    for (const std::uint64_t last : {110U, 111U, 112U})
        EXPECT_EQ(to_string(desk.ask("ada", closing(last))), "account_has_obligation") << last;
    // Of two that are proposed at once the second is the last.
    open(194, AccountKind::compliance, "third");
    const TransferId first = desk.next_id();
    const TransferId second = desk.next_id();
    const Venue venue{.tenant_id = 1, .scheme_id = 1};
    EXPECT_EQ(desk.send(sign_command(desk.key("ada"), venue, first, closing(111))).reason,
              Reason::ok);
    EXPECT_EQ(desk.send(sign_command(desk.key("ada"), venue, second, closing(194))).reason,
              Reason::ok);
    desk.ok("bo", Approve{.proposal = first});
    EXPECT_EQ(to_string(desk.ask("bo", Approve{.proposal = second})), "account_has_obligation");
    desk.sound();
}

TEST(Cessation, APenaltyKeepsTheCashAccountOpen) {
    YearDesk desk;
    two_firms(desk);
    desk.set_time({midyear().us + kDayUs});
    desk.ok("ada", "bo", order());
    desk.determine(1, 2027, 40);
    desk.set_time(YearDesk::moments(2027).surrender_due);
    desk.tick();
    EXPECT_EQ(desk.penalty(1, 2027).shortfall, 40);
    EXPECT_EQ(to_string(desk.ask("ada", CloseAccount{.account = AccountId{112}})),
              "account_has_obligation");
    desk.set_time(YearDesk::moments(2027).penalty_objections_until);
    desk.ok("ada",
            "bo",
            FinalisePenalty{
                .participant = kCeasing, .year = 2027, .upheld = false, .reason = "force majeure"});
    desk.ok("ada", "bo", CloseAccount{.account = AccountId{112}});
    desk.sound();
}

// 60 were surrendered; the corrected figure is 70. The ten are owed with 2028, of which the firm never has figures.
TEST(Cessation, ACorrectionIsOwedWithAYearThatItDidNotOperateIn) {
    YearDesk desk;
    two_firms(desk);
    desk.allocate(2027);
    desk.open(2028);
    desk.set_time({midyear().us + kDayUs});
    desk.ok("ada", "bo", order());
    desk.determine(1, 2027, 60);
    EXPECT_EQ(desk.surrender(1, "lab", 2027, 60), Reason::ok);
    desk.determine(1, 2027, 70);
    EXPECT_EQ(outstanding_allowances(desk.state(), {.participant = kCeasing, .year = 2028}), 10);
    EXPECT_EQ(to_string(desk.ask("ada", CloseAccount{.account = AccountId{111}})),
              "account_has_obligation");
    EXPECT_EQ(desk.surrender(1, "lab", 2028, 4), Reason::ok);
    // What is missing at that year's deadline is fined as any other.
    desk.set_time(YearDesk::moments(2028).surrender_due);
    desk.tick();
    EXPECT_EQ(desk.penalty(1, 2028).shortfall, 6);
    EXPECT_EQ(desk.surrender(1, "lab", 2028, 6), Reason::ok);
    EXPECT_EQ(outstanding_allowances(desk.state(), {.participant = kCeasing, .year = 2028}), 0);
    desk.sound();
}

// It stopped in 2027, and that is said when the reports of both years are overdue.
TEST(Cessation, WhatWasBlockedForLaterYearsIsOpenAgain) {
    YearDesk desk;
    two_firms(desk);
    desk.open(2028);
    desk.determine(1, 2027, 40);
    desk.set_time({YearDesk::moments(2028).report_due.us + 1});
    desk.tick();
    EXPECT_EQ(desk.engine().registry().account(AccountId{110})->status,
              registry::AccountStatus::blocked);
    desk.ok("ada", "bo", order(at("2028-01-01T00:00:01Z")));
    EXPECT_EQ(desk.engine().registry().account(AccountId{110})->status,
              registry::AccountStatus::blocked)
        << "the second of 2028 is to be reported";
    YearDesk other;
    two_firms(other);
    other.open(2028);
    other.determine(2, 2027, 1);
    other.set_time({YearDesk::moments(2028).report_due.us + 1});
    other.tick();
    EXPECT_EQ(other.state().monitoring.blocked.at(AccountId{110}),
              (std::set<std::int64_t>{2027, 2028}));
    other.ok("ada", "bo", order());
    EXPECT_EQ(other.state().monitoring.blocked.at(AccountId{110}), (std::set<std::int64_t>{2027}));
    other.determine(1, 2027, 40);
    EXPECT_EQ(other.engine().registry().account(AccountId{110})->status,
              registry::AccountStatus::open);
    other.sound();
    desk.sound();
}

}  // namespace
}  // namespace abate::engine
