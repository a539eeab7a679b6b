// A year's statements: proposed, objected to, final, issued; and what nobody can do alone or out of order.
#include "abate/engine/year_test_support.h"

namespace abate::engine {
namespace {

using namespace scheme;

// Preliminary 326, 144, 42, 7, 2 allowances at the benchmark.
void five_firms(YearDesk& desk) {
    constexpr std::uint64_t kPreliminary[] = {326, 144, 42, 7, 2};
    for (std::uint64_t i = 0; i < 5; ++i) {
        desk.add_firm(i + 1, "f" + std::to_string(i + 1));
        desk.history(i + 1, {.gflop = kPreliminary[i] * kWork});
    }
}

// Worked by hand (largest remainder): ceiling 480, preliminary 326,144,42,7,2 -> 300,133,39,6,2.
TEST(Period, TheVectorK9GoesThroughTheWholeChain) {
    YearDesk desk;
    five_firms(desk);

    // Nothing out of order.
    EXPECT_EQ(desk.ask("ada", ProposeCap{.year = 2027}), Reason::period_not_open);
    desk.open(2027);
    EXPECT_EQ(desk.ask("ada", IssueCap{.year = 2027}), Reason::cap_not_final);
    EXPECT_EQ(desk.ask("ada", YearDesk::final_of(StatementKind::cap, 2027)),
              Reason::statement_not_proposed);
    EXPECT_EQ(desk.ask("ada", desk.allocation(2027)), Reason::benchmark_not_final);
    EXPECT_EQ(desk.ask("ada", IssueAllocation{.year = 2027, .participants = {ParticipantId{1}}}),
              Reason::allocation_not_final);
    EXPECT_EQ(desk.ask("ada", TrueUp{.year = 2027}), Reason::allocation_not_final);
    EXPECT_EQ(desk.ask("f1-1",
                       ObjectToStatement{.participant = ParticipantId{1},
                                         .kind = StatementKind::cap,
                                         .year = 2027,
                                         .text = "too low"}),
              Reason::statement_not_proposed);

    // The cap: every number is what the rules say.
    ProposeCap wrong = desk.cap(2027);
    ++wrong.parts.auction;
    EXPECT_EQ(desk.ask("ada", wrong), Reason::cap_differs);
    wrong = desk.cap(2027);
    wrong.objections_until.us -= kDayUs;
    EXPECT_EQ(desk.ask("ada", wrong), Reason::objection_window_too_short);
    const ProposeCap cap = desk.cap(2027);
    EXPECT_EQ(cap.parts,
              (CapParts{.cap = 1000,
                        .free_ceiling = 480,
                        .auction = 400,
                        .entrant_reserve = 100,
                        .containment_reserve = 20}));
    desk.ok("ada", cap);
    desk.ok("f1-1",
            ObjectToStatement{.participant = ParticipantId{1},
                              .kind = StatementKind::cap,
                              .year = 2027,
                              .text = "too low"});
    EXPECT_EQ(desk.ask("f1-1",
                       ObjectToStatement{.participant = ParticipantId{2},
                                         .kind = StatementKind::cap,
                                         .year = 2027,
                                         .text = "in another's name"}),
              Reason::participant_of_another);
    FinaliseStatement last = YearDesk::final_of(StatementKind::cap, 2027);
    EXPECT_EQ(desk.ask("ada", last), Reason::objection_window_open);
    desk.set_time({cap.objections_until.us - 1'000'000});
    EXPECT_EQ(desk.ask("ada", last), Reason::objection_window_open);
    desk.set_time(cap.objections_until);
    EXPECT_EQ(desk.ask("f2-1",
                       ObjectToStatement{.participant = ParticipantId{2},
                                         .kind = StatementKind::cap,
                                         .year = 2027,
                                         .text = "late"}),
              Reason::objection_window_over);
    EXPECT_EQ(desk.ask("ada", last), Reason::objections_unanswered);
    last.answer = "it is what the rules say";
    desk.ok("ada", "bo", last);
    EXPECT_EQ(desk.ask("ada", desk.cap(2027)), Reason::statement_already_final);
    EXPECT_EQ(desk.ask("ada", last), Reason::statement_already_final);
    desk.check();

    // One person issues nothing.
    const IssueCap issue{.year = 2027};
    EXPECT_EQ(desk.ask("f1-1", issue), Reason::role_not_allowed);
    EXPECT_EQ(desk.ask_both("ada", "ada", issue), Reason::same_person);
    EXPECT_EQ(desk.balance(1, 2027).posted, 0);
    desk.ok("ada", "bo", issue);
    EXPECT_EQ(desk.balance(1, 2027).posted, -1000);
    EXPECT_EQ(desk.balance(10, 2027).posted, 480);
    EXPECT_EQ(desk.balance(3, 2027).posted, 400);
    EXPECT_EQ(desk.balance(4, 2027).posted, 100);
    EXPECT_EQ(desk.balance(5, 2027).posted, 20);
    EXPECT_EQ(desk.ask("ada", issue), Reason::cap_already_issued);
    desk.sound();

    // The benchmark: 1e6 aJ/FLOP, all alike.
    EXPECT_EQ(desk.ask("ada", desk.benchmark(2027, 2027)), Reason::sample_year_not_allowed);
    EXPECT_EQ(desk.ask("ada", desk.benchmark(2027, 2021)), Reason::sample_year_not_allowed);
    EXPECT_EQ(desk.ask("ada", desk.benchmark(2027, 2024)), Reason::sample_empty);
    ProposeBenchmark other = desk.benchmark(2027);
    ASSERT_EQ(other.lines.size(), 1U) << "nobody has images";
    EXPECT_EQ(other.lines[0].aj_per_flop, 1'000'000U);
    EXPECT_EQ(other.lines[0].firms, 5U);
    other.lines[0].aj_per_flop = 2'000'000;
    EXPECT_EQ(desk.ask("ada", other), Reason::benchmark_differs);
    desk.set_benchmark(2027);

    // The allocation.
    ProposeAllocation table = desk.allocation(2027);
    ++table.table.lines[0].allowances;
    EXPECT_EQ(desk.ask("ada", table), Reason::allocation_differs);
    table = desk.allocation(2027);
    EXPECT_EQ(table.table.kappa, (Fraction{"480", "521"}));
    EXPECT_EQ(table.table.preliminary, (Fraction{"521", "1"}));
    EXPECT_EQ(table.table.total, 480);
    const std::vector<std::int64_t> floors = {300, 132, 38, 6, 1};
    const std::vector<std::int64_t> right = {300, 133, 39, 6, 2};
    ASSERT_EQ(table.table.lines.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(table.table.lines[i].floor, floors[i]);
        EXPECT_EQ(table.table.lines[i].allowances, right[i]);
    }
    desk.set_allocation(2027);
    EXPECT_EQ(desk.ask("ada", IssueAllocation{.year = 2027, .participants = {ParticipantId{9}}}),
              Reason::not_in_allocation);
    EXPECT_EQ(desk.ask("ada",
                       IssueAllocation{.year = 2027,
                                       .participants = {ParticipantId{1}, ParticipantId{1}}}),
              Reason::row_twice);
    EXPECT_EQ(desk.ask("ada", IssueAllocation{.year = 2027}), Reason::nothing_to_allocate);
    EXPECT_TRUE(derive_true_up(desk.state(), {.year = 2027, .available = 100}).value.empty())
        << "their allocation comes";
    desk.ok("ada", "bo", IssueAllocation{.year = 2027, .participants = {ParticipantId{3}}});
    EXPECT_EQ(desk.ask("ada", IssueAllocation{.year = 2027, .participants = {ParticipantId{3}}}),
              Reason::allocation_already_issued);
    desk.ok("ada",
            "bo",
            IssueAllocation{
                .year = 2027,
                .participants = {
                    ParticipantId{1}, ParticipantId{2}, ParticipantId{4}, ParticipantId{5}}});
    for (std::uint64_t i = 0; i < 5; ++i)
        EXPECT_EQ(desk.balance(110 + 10 * i, 2027).posted, right[i]);
    EXPECT_EQ(desk.balance(10, 2027).posted, 0);
    EXPECT_EQ(desk.ask("ada", IssueAllocation{.year = 2027, .participants = {ParticipantId{1}}}),
              Reason::allocation_already_issued);
    EXPECT_EQ(desk.ask("ada", TrueUp{.year = 2027}), Reason::nothing_to_true_up);
    desk.sound();
}

// O = 1e27 FLOP, B = 1,116,900 aJ/FLOP, C = 1.05 -> 325,762,500 kWh exactly. A performance standard: there is
// no cap, and the cap statement follows from the allocation.
TEST(Period, TheVectorE1IsExact) {
    Rules rules = year_rules();
    rules.cap = {.first_year = 2027};
    rules.allocation.correction_factor = false;
    rules.allocation.clean_min = {1'050'000};
    rules.allocation.clean_max = {1'050'000};
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.history(1, {.gflop = 1'000'000'000'000'000'000, .aj_per_flop = 1'116'900});
    desk.open(2027);
    EXPECT_EQ(desk.ask("ada", ProposeCap{.year = 2027, .objections_until = desk.window()}),
              Reason::allocation_not_final);
    desk.set_benchmark(2027);
    desk.set_allocation(2027);
    const AllocationTable& table = desk.state().period.years.at(2027).allocation->table;
    ASSERT_EQ(table.lines.size(), 1U);
    EXPECT_EQ(table.lines[0].benchmark_aj_per_flop, 1'116'900U);
    EXPECT_EQ(table.lines[0].clean_ppm, 1'050'000U);
    EXPECT_EQ(table.lines[0].preliminary, (Fraction{"325762500", "1"}));
    EXPECT_EQ(table.total, 325'762'500);
    EXPECT_EQ(desk.ask("ada", IssueAllocation{.year = 2027, .participants = {ParticipantId{1}}}),
              Reason::cap_not_issued);
    ProposeCap cap = desk.cap(2027);
    EXPECT_EQ(cap.parts.cap, 325'762'500);
    cap.parts.entrant_reserve = 1000;
    EXPECT_EQ(desk.ask("ada", cap), Reason::cap_differs) << "the parts are not the sum";
    cap.parts.cap += 1000;
    desk.ok("ada", cap);
    desk.finalise(StatementKind::cap, 2027);
    desk.ok("ada", "bo", IssueCap{.year = 2027});
    desk.issue_allocation(2027);
    EXPECT_EQ(desk.balance(110, 2027).posted, 325'762'500);
    desk.sound();
}

// Twenty firms, worked by hand: the mean of the best tenth is 0.64, 90 % of the mean 0.8982.
TEST(Period, TheVectorK10IsTheBenchmark) {
    constexpr std::uint64_t kHundredths[] = {62, 70, 75, 80,  95,  100, 110, 120, 125, 130,
                                             66, 90, 98, 105, 115, 140, 150, 85,  78,  102};
    const auto value = [&](const Rules& rules) {
        YearDesk desk(rules);
        std::uint64_t id = 0;
        for (const std::uint64_t e : kHundredths) {
            ++id;
            desk.add_firm(id, "f" + std::to_string(id));
            desk.history(id, {.gflop = 10 * kWork, .aj_per_flop = e * 10'000, .level = false});
        }
        desk.open(2027);
        return derive_benchmark(desk.state(), {.year = 2027, .sample_year = 2026}).value.at(0);
    };
    Rules rules = year_rules();
    rules.benchmark.min_groups = 3;
    rules.benchmark.max_group_share = {500'000};
    EXPECT_EQ(value(rules).aj_per_flop, 640'000U);
    EXPECT_EQ(value(rules).best, 2U);
    rules.benchmark.tightening = {10'000};  // 1 % for the year since the sample's
    EXPECT_EQ(value(rules).sample_aj_per_flop, 640'000U);
    EXPECT_EQ(value(rules).aj_per_flop, 633'600U);
    rules.benchmark.tightening = {};
    rules.benchmark.method = BenchmarkMethod::share_of_mean;
    EXPECT_EQ(value(rules).aj_per_flop, 898'200U);
    rules.benchmark.method = BenchmarkMethod::best_firms;
    rules.benchmark.min_groups = 21;
    EXPECT_EQ(value(rules).aj_per_flop, 898'200U);
    EXPECT_EQ(value(rules).finding, BenchmarkFinding::too_few_groups);
}

TEST(Period, YearsFollowEachOther) {
    YearDesk desk;
    OpenPeriod open = YearDesk::moments(2026);
    EXPECT_EQ(desk.ask("ada", open), Reason::period_not_next) << "before the scheme's first";
    open = YearDesk::moments(2027);
    open.end = open.begin;
    EXPECT_EQ(desk.ask("ada", open), Reason::period_moments_invalid);
    open = YearDesk::moments(2027);
    open.surrender_due = {open.report_due.us - 1};
    EXPECT_EQ(desk.ask("ada", open), Reason::period_moments_invalid);
    open = YearDesk::moments(2027);
    open.penalty_objections_until = {open.surrender_due.us + 28 * kDayUs};
    EXPECT_EQ(desk.ask("ada", open), Reason::objection_window_too_short);
    desk.open(2027);
    EXPECT_EQ(desk.ask("ada", YearDesk::moments(2027)), Reason::period_not_next);
    EXPECT_EQ(desk.ask("ada", YearDesk::moments(2029)), Reason::period_not_next);
    open = YearDesk::moments(2028);
    open.begin.us += kDayUs;
    EXPECT_EQ(desk.ask("ada", open), Reason::period_moments_invalid) << "a day of no year";
    desk.open(2028);
    desk.check();
}

TEST(Period, WhatHasChangedSinceIsProposedAgain) {
    YearDesk desk;
    five_firms(desk);
    desk.open(2027);
    desk.issue_cap(2027);
    desk.set_benchmark(2027);
    desk.ok("ada", desk.allocation(2027));
    desk.ok("f1-1",
            ObjectToStatement{.participant = ParticipantId{1},
                              .kind = StatementKind::allocation,
                              .year = 2027,
                              .text = "my output of 2026 was larger"});
    desk.ok("ada", "bo", YearDesk::baseline(1, {.gflop = 400 * kWork, .years = {2026}}));
    desk.pass(8 * kDayUs);
    FinaliseStatement last = YearDesk::final_of(StatementKind::allocation, 2027);
    last.answer = "no";
    EXPECT_EQ(desk.ask("ada", last), Reason::statement_out_of_date);
    // The new version has a window of its own, and the objection was to the old one.
    desk.ok("ada", desk.allocation(2027));
    EXPECT_EQ(desk.ask("ada", last), Reason::objection_window_open);
    desk.finalise(StatementKind::allocation, 2027);
    const AllocationStatement& statement = *desk.state().period.years.at(2027).allocation;
    EXPECT_EQ(statement.steps.version, 2);
    EXPECT_EQ(statement.steps.objections.size(), 1U);
    desk.check();
}

TEST(Period, ObjectionsHaveALimit) {
    YearDesk desk;
    desk.add_firm(1, "lab");
    desk.open(2027);
    desk.ok("ada", desk.cap(2027));
    ObjectToStatement objection{
        .participant = ParticipantId{1}, .kind = StatementKind::cap, .year = 2027, .text = ""};
    EXPECT_EQ(desk.ask("lab-1", objection), Reason::name_empty);
    objection.text.assign(5000, 'x');
    EXPECT_EQ(desk.ask("lab-1", objection), Reason::text_too_long);
    objection.text = "again";
    for (int i = 0; i < 10; ++i) desk.ok("lab-1", objection);
    EXPECT_EQ(desk.ask("lab-1", objection), Reason::too_many_objections);
    desk.check();
}

TEST(Period, NothingElseIssues) {
    YearDesk desk;
    desk.open(2027);
    desk.ok("ada", desk.cap(2027));
    desk.finalise(StatementKind::cap, 2027);
    // Somebody has got into the books by another door.
    EXPECT_EQ(desk.apply({.op = registry::Op::issue,
                          .asset = registry::allowances_of(Vintage(2027)),
                          .id = desk.next_id(),
                          .from = kIssuance,
                          .to = kAuction,
                          .amount = 1}),
              registry::Reason::ok);
    EXPECT_EQ(desk.ask("ada", IssueCap{.year = 2027}), Reason::issued_above_cap);
}

TEST(Period, TheCapFallsInALineAndItsPartsAreItself) {
    Rules rules = year_rules();
    rules.cap.first_cap = 1003;
    rules.cap.reduction_per_year = 400;
    YearDesk desk(rules);
    for (const std::int64_t year : {2027, 2028, 2029, 2030}) desk.open(year);
    // 1003 x 48 % = 481.44, 40 % = 401.2, 10 % = 100.3, 2 % = 20.06: 1002, and the odd one goes to the largest share.
    EXPECT_EQ(derive_cap(desk.state(), 2027).value,
              (CapParts{.cap = 1003,
                        .free_ceiling = 482,
                        .auction = 401,
                        .entrant_reserve = 100,
                        .containment_reserve = 20}));
    EXPECT_EQ(derive_cap(desk.state(), 2028).value.cap, 603);
    EXPECT_EQ(derive_cap(desk.state(), 2029).value.cap, 203);
    EXPECT_EQ(derive_cap(desk.state(), 2030).value, CapParts{});
}

// Years that are open would lie before the line, and the audit would call their caps false.
TEST(Period, TheFirstYearStaysWhenAYearIsOpen) {
    Rules rules = year_rules();
    YearDesk desk(rules);
    const auto change = [&](std::int64_t first_year) {
        rules.version = desk.state().rules.version + 1;
        rules.cap.first_year = first_year;
        return ChangeRules{.rules = rules, .rules_text = ""};
    };
    desk.ok("ada", "bo", change(2028));
    EXPECT_EQ(desk.ask("ada", YearDesk::moments(2027)), Reason::period_not_next);
    desk.ok("ada", "bo", change(2027));
    desk.open(2027);
    for (const std::int64_t year : {2026, 2028, 2030})
        EXPECT_EQ(desk.ask("ada", change(year)), Reason::rules_fixed_field) << year;
    rules.cap.first_cap = 900;
    desk.ok("ada", "bo", change(2027));
    desk.open(2028);
    EXPECT_EQ(derive_cap(desk.state(), 2027).value.cap, 1000);
    EXPECT_EQ(derive_cap(desk.state(), 2028).value.cap, 900);
    desk.issue_cap(2028);
    desk.sound();
    const auto found = audit_forged(desk, [](Command& c) {
        auto* said = std::get_if<ChangeRules>(&c);
        if (said == nullptr || said->rules.version != 4) return false;
        said->rules.cap.first_year = 2029;
        return true;
    });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->field, "rules.cap.first_year");
}

// What could never be opened, or read on a screen, is no rule.
TEST(Period, RulesThatNeverWorkAreNamed) {
    const auto wrong = [](const auto& change) {
        Rules rules = year_rules();
        change(rules);
        const Result<void> checked = check_rules(rules);
        return checked ? std::string() : checked.error().where;
    };
    EXPECT_EQ(wrong([](Rules&) {}), "");
    EXPECT_EQ(wrong([](Rules& r) { r.cap.first_year = 1969; }), "cap.first_year");
    EXPECT_EQ(wrong([](Rules& r) { r.cap.first_year = 2201; }), "cap.first_year");
    EXPECT_EQ(wrong([](Rules& r) { r.cap.rebasings = {{.year = 2201, .allowances = 1}}; }),
              "cap.rebasings.year");
    EXPECT_EQ(wrong([](Rules& r) { r.name.assign(200, 'n'); }), "");
    EXPECT_EQ(wrong([](Rules& r) { r.name.assign(201, 'n'); }), "name");
    EXPECT_EQ(wrong([](Rules& r) { r.benchmark.classes[0].name.assign(201, 'n'); }),
              "benchmark.classes.name");
}

// Ten times 10^18 are more than 64 bits. Nobody can found with such rules; of rules that are folded all the same there is no cap, and no
// cap of 0 either.
TEST(Period, ACapBeyond64BitsIsNone) {
    Rules rules = year_rules();
    rules.cap.first_cap = 1'000'000'000'000'000'000;
    for (int i = 0; i < 9; ++i)
        rules.cap.rebasings.push_back({.year = 2028, .allowances = -1'000'000'000'000'000'000});
    const Result<void> checked = check_rules(rules);
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().where, "cap.rebasings");
    Period period;
    period.rules = rules;
    period.moments.year = 2027;
    EXPECT_EQ(cap_of_year(period).value, 1'000'000'000'000'000'000);
    period.moments.year = 2028;
    EXPECT_EQ(cap_of_year(period).reason, Reason::figures_out_of_range);
}

// Regulation 2019/1842, two years later: HAL 100; output of 2025..2032 = 100,100,130,131,134,150,90,90. And a second firm that lets its
// two-year mean swing between 114.9 and 115.1.
TEST(Period, TheActivityLevelFollowsTheRule) {
    Rules rules = year_rules();
    rules.benchmark.objection_days = 0;
    rules.cap.first_cap = 1'000'000;  // kappa stays 1
    YearDesk desk(rules);
    constexpr std::uint64_t kTenth = kWork / 10;
    desk.add_firm(1, "steady");
    desk.add_firm(2, "swing");
    for (const std::uint64_t id : {1U, 2U}) desk.history(id, {.gflop = 1000 * kTenth});
    const std::vector<std::uint64_t> steady = {1300, 1310, 1340, 1500, 900, 900};  // of 2027..2032
    const std::vector<std::uint64_t> swing = {1298, 1004, 1294, 1008, 1290, 1012};
    const std::vector<std::uint64_t> level = {
        1000, 1000, 1305, 1305, 1420, 1200, 1000};  // 2027..2033
    const std::vector<std::uint64_t> swings = {1000, 1000, 1151, 1000, 1151, 1000, 1151};
    for (std::size_t i = 0; i < level.size(); ++i) {
        const std::int64_t year = 2027 + static_cast<std::int64_t>(i);
        desk.open(year);
        if (i > 0) {
            desk.determine(1, year - 1, 100, steady[i - 1] * kTenth);
            desk.determine(2, year - 1, 100, swing[i - 1] * kTenth);
        }
        desk.issue_cap(year);
        desk.set_benchmark(year);
        desk.set_allocation(year);
        const auto& lines = desk.state().period.years.at(year).allocation->table.lines;
        ASSERT_EQ(lines.size(), 2U);
        EXPECT_EQ(lines[0].output_gflop, level[i] * kTenth) << year;
        EXPECT_EQ(lines[1].output_gflop, swings[i] * kTenth) << year;
        // Never more than it has done: the gain of gaming is bounded by the mean itself.
        EXPECT_LE(
            lines[1].twice_basis_gflop,
            std::max<std::uint64_t>(2 * lines[1].historical_gflop,
                                    lines[1].year_before_last_gflop + lines[1].last_year_gflop));
        // Nobody was well enough measured since: the benchmark of before stays.
        EXPECT_EQ(lines[0].benchmark_aj_per_flop, 1'000'000U);
    }
    desk.sound();
}

TEST(Period, ACertificateCountsOnce) {
    Rules rules = year_rules();
    rules.allocation.clean_min = {1'000'000};
    rules.allocation.clean_max = {1'050'000};
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    for (const std::uint64_t id : {1U, 2U}) desk.history(id, {.gflop = 100 * kWork});
    desk.open(2027);
    const LodgeCertificate half{.participant = ParticipantId{1},
                                .certificate = "GO-2026/1",
                                .year = 2026,
                                .matched_kwh = 50,
                                .retirement = "register 7, line 3"};
    desk.ok("lab-1", "lab-2", half);
    LodgeCertificate again = half;
    again.participant = ParticipantId{2};
    EXPECT_EQ(desk.ask("firm-1", again), Reason::certificate_used);
    again = half;
    again.year = 2027;
    EXPECT_EQ(desk.ask("lab-1", again), Reason::certificate_used);
    again.certificate = "go-2026/1";
    EXPECT_EQ(desk.ask("lab-1", again), Reason::certificate_id_invalid) << "one spelling";
    again.certificate = "GO-2026/2";
    again.matched_kwh = 0;
    EXPECT_EQ(desk.ask("lab-1", again), Reason::amount_not_positive);
    again.matched_kwh = 1;
    again.retirement = "";
    EXPECT_EQ(desk.ask("lab-1", again), Reason::name_empty);
    // More matched energy than energy is all of it.
    again = half;
    again.participant = ParticipantId{2};
    again.certificate = "GO-2026/2";
    again.matched_kwh = 5000;
    desk.ok("firm-1", "firm-2", again);

    desk.issue_cap(2027);
    desk.set_benchmark(2027);
    AllocationTable table = derive_allocation(desk.state(), 2027).value;
    EXPECT_EQ(table.lines.at(0).clean_ppm, 1'025'000U);
    EXPECT_EQ(table.lines.at(1).clean_ppm, 1'050'000U);
    EXPECT_EQ(table.lines.at(0).allowances, 102);
    EXPECT_EQ(table.lines.at(1).allowances, 105);
    EXPECT_EQ(table.total, 207) << "207.5, rounded down";

    EXPECT_EQ(desk.ask("ada", RejectCertificate{.certificate = "GO-2026/3", .reason = "?"}),
              Reason::certificate_not_found);
    EXPECT_EQ(desk.ask("ada", RejectCertificate{.certificate = "GO-2026/2"}),
              Reason::reason_missing);
    desk.ok("ada", "bo", RejectCertificate{.certificate = "GO-2026/2", .reason = "not its own"});
    table = derive_allocation(desk.state(), 2027).value;
    EXPECT_EQ(table.lines.at(1).clean_ppm, 1'000'000U);
    desk.ok("ada", desk.allocation(2027));
    EXPECT_EQ(desk.ask("firm-1", again), Reason::certificate_too_late);
    desk.check();
}

TEST(Period, CleanFactorsMayNotRaiseTheSum) {
    Rules rules = year_rules();
    rules.allocation.clean_min = {1'000'000};
    rules.allocation.clean_max = {1'050'000};
    rules.allocation.renormalise_clean = true;
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.add_firm(2, "firm");
    for (const std::uint64_t id : {1U, 2U}) desk.history(id, {.gflop = 100 * kWork});
    desk.open(2027);
    desk.ok("lab-1",
            "lab-2",
            LodgeCertificate{.participant = ParticipantId{1},
                             .certificate = "A",
                             .year = 2026,
                             .matched_kwh = 100,
                             .retirement = "r"});
    desk.issue_cap(2027);
    desk.set_benchmark(2027);
    const AllocationTable table = derive_allocation(desk.state(), 2027).value;
    EXPECT_EQ(table.total, 200);
    // 200 x 1.05 / 2.05 = 102.439, 200 / 2.05 = 97.561.
    EXPECT_EQ(table.lines.at(0).allowances, 102);
    EXPECT_EQ(table.lines.at(1).allowances, 98);
    EXPECT_EQ(table.lines.at(0).clean, (Fraction{"42", "41"}));
}

TEST(Period, WithoutACleanFactorNoCertificate) {
    YearDesk desk;
    desk.add_firm(1, "lab");
    EXPECT_EQ(desk.ask("lab-1",
                       LodgeCertificate{.participant = ParticipantId{1},
                                        .certificate = "A",
                                        .year = 2026,
                                        .matched_kwh = 1,
                                        .retirement = "r"}),
              Reason::no_clean_factor);
}

TEST(Period, LateFiguresAndEntrantsComeFromTheReserve) {
    YearDesk desk;
    desk.add_firm(1, "lab");
    desk.add_firm(2, "late");
    desk.add_firm(3, "entrant");
    desk.history(1, {.gflop = 100 * kWork});
    desk.history(2, {.gflop = 50 * kWork, .years = {2025}});  // no figures of 2026
    desk.open(2027);
    desk.allocate(2027);
    const AllocationStatement& statement = *desk.state().period.years.at(2027).allocation;
    EXPECT_EQ(statement.table.left_out, std::vector<ParticipantId>{ParticipantId{2}});
    EXPECT_EQ(desk.balance(110, 2027).posted, 100);
    EXPECT_EQ(desk.balance(4, 2027).posted, 100 + 380) << "what the ceiling had left";

    desk.ok("ada", "bo", YearDesk::baseline(2, {.gflop = 50 * kWork, .years = {2026}}));
    desk.determine(3, 2027, 40, 30 * kWork);
    const auto lines = derive_true_up(desk.state(), {.year = 2027, .available = 480}).value;
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].participant, ParticipantId{2});
    EXPECT_EQ(lines[0].amount, 50);
    EXPECT_FALSE(lines[0].entrant);
    EXPECT_EQ(lines[1].participant, ParticipantId{3});
    EXPECT_EQ(lines[1].amount, 30);
    EXPECT_TRUE(lines[1].entrant);
    TrueUp up{.year = 2027, .lines = lines};
    ++up.lines[0].amount;
    EXPECT_EQ(desk.ask("ada", up), Reason::true_up_differs);
    up.lines = {lines[0], lines[0]};
    EXPECT_EQ(desk.ask("ada", up), Reason::row_twice);
    up.lines = lines;
    EXPECT_EQ(desk.ask_both("ada", "ada", up), Reason::same_person);
    desk.ok("ada", "bo", up);
    EXPECT_EQ(desk.balance(120, 2027).posted, 50);
    EXPECT_EQ(desk.balance(130, 2027).posted, 30);
    EXPECT_EQ(desk.balance(4, 2027).posted, 400);
    EXPECT_EQ(desk.ask("ada", up), Reason::true_up_differs) << "nobody gets it twice";
    desk.sound();

    // The entrant's first whole year is its level.
    desk.ok("ada",
            "bo",
            SetActivity{.rows = {{.participant = ParticipantId{3},
                                  .service_class = "text",
                                  .first_year = 2027,
                                  .last_year = 2027}}});
    desk.determine(1, 2027, 90, 100 * kWork);
    desk.determine(2, 2027, 50, 50 * kWork);
    desk.open(2028);
    desk.allocate(2028);
    EXPECT_EQ(desk.balance(130, 2028).posted, 30);
    EXPECT_EQ(desk.ask("ada",
                       SetActivity{.rows = {{.participant = ParticipantId{3},
                                             .service_class = "text",
                                             .first_year = 2027,
                                             .last_year = 2027}}}),
              Reason::activity_already_used);
    desk.sound();
}

TEST(Period, AReserveThatIsTooSmallIsShared) {
    Rules rules = year_rules();
    rules.cap.free_share = {500'000};
    rules.cap.entrant_share = {5'000};  // 5 allowances
    rules.cap.auction_share = {475'000};
    YearDesk desk(rules);
    for (const std::uint64_t id : {1U, 2U, 3U}) {
        desk.add_firm(id, "f" + std::to_string(id));
        desk.history(id, {.gflop = 200 * kWork});
    }
    desk.open(2027);
    desk.allocate(2027);  // kappa 500/600
    // Both did more than was known, by the same.
    for (const std::uint64_t id : {2U, 3U})
        desk.ok("ada", "bo", YearDesk::baseline(id, {.gflop = 300 * kWork, .years = {2025, 2026}}));
    const auto lines = derive_true_up(desk.state(), {.year = 2027, .available = 5}).value;
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].deserved, 250) << "with the year's own kappa";
    // 167 and 166 were given (166.67 each), so 83 and 84 are missing: 2.49 and 2.51 of the five.
    EXPECT_EQ(lines[0].amount, 2);
    EXPECT_EQ(lines[1].amount, 3);
    desk.ok("ada", "bo", TrueUp{.year = 2027, .lines = lines});
    EXPECT_EQ(desk.balance(4, 2027).posted, 0);
    EXPECT_EQ(desk.ask("ada", TrueUp{.year = 2027, .lines = {}}), Reason::nothing_to_true_up);
    desk.sound();
}

TEST(Period, WhatAllocationRestsOnIsChecked) {
    YearDesk desk;
    desk.add_firm(1, "lab");
    const YearDesk::History history{.gflop = 100 * kWork};
    EXPECT_EQ(desk.ask("ada", YearDesk::baseline(9, history)), Reason::unknown_participant);
    EXPECT_EQ(desk.ask("ada", YearDesk::baseline(1, {.gflop = kWork, .years = {2027}})),
              Reason::baseline_year_not_before);
    EXPECT_EQ(desk.ask("ada", YearDesk::baseline(1, {.gflop = kWork, .years = {2026, 2026}})),
              Reason::row_twice);
    EXPECT_EQ(desk.ask("ada", YearDesk::baseline(1, {.gflop = 0})), Reason::figures_invalid);
    RecordBaseline sound = YearDesk::baseline(1, history);
    sound.rows[0].output[0].service_class = "sound";
    EXPECT_EQ(desk.ask("ada", sound), Reason::service_class_unknown);
    sound = YearDesk::baseline(1, history);
    sound.source = "";
    EXPECT_EQ(desk.ask("ada", sound), Reason::name_empty);
    SetActivity level{.rows = {{.participant = ParticipantId{1},
                                .service_class = "text",
                                .first_year = 2025,
                                .last_year = 2026}}};
    EXPECT_EQ(desk.ask("ada", level), Reason::figures_not_final);
    desk.ok("ada", "bo", YearDesk::baseline(1, history));
    level.rows[0].service_class = "images";
    EXPECT_EQ(desk.ask("ada", level), Reason::figures_invalid) << "it made none";
    level.rows[0].service_class = "text";
    std::swap(level.rows[0].first_year, level.rows[0].last_year);
    EXPECT_EQ(desk.ask("ada", level), Reason::activity_years_invalid);
    std::swap(level.rows[0].first_year, level.rows[0].last_year);
    level.rows.push_back(level.rows[0]);
    EXPECT_EQ(desk.ask("ada", level), Reason::row_twice);
    // An allocation for nobody.
    desk.open(2027);
    desk.issue_cap(2027);
    desk.set_benchmark(2027);
    EXPECT_EQ(desk.ask("ada", desk.allocation(2027)), Reason::nothing_to_allocate);
    desk.check();
}

TEST(Period, WithoutACorrectionFactorTheCeilingStillHolds) {
    Rules rules = year_rules();
    rules.allocation.correction_factor = false;
    YearDesk desk(rules);
    desk.add_firm(1, "lab");
    desk.history(1, {.gflop = 481 * kWork});
    desk.open(2027);
    desk.issue_cap(2027);
    desk.set_benchmark(2027);
    EXPECT_EQ(desk.ask("ada", desk.allocation(2027)), Reason::allocation_above_ceiling);
}

TEST(Period, SmallGroupsAreFreeAndGetNothing) {
    Rules rules = year_rules();
    rules.coverage.threshold_allowances = 50;
    YearDesk desk(rules);
    desk.add_firm(1, "large");
    desk.add_firm(2, "small");
    desk.add_firm(3, "sister");
    desk.add_firm(4, "sister2");
    desk.history(1, {.gflop = 50 * kWork});
    desk.history(2, {.gflop = 49 * kWork});
    for (const std::uint64_t id : {3U, 4U}) {
        desk.history(id, {.gflop = 25 * kWork});
        desk.ok("ada", "bo", Regroup{.participant = ParticipantId{id}, .group = GroupId{34}});
    }
    desk.open(2027);
    desk.allocate(2027);
    EXPECT_EQ(desk.balance(110, 2027).posted, 50);
    EXPECT_EQ(desk.balance(120, 2027).posted, 0);
    EXPECT_EQ(desk.balance(130, 2027).posted, 25) << "with its group it is not small";
    desk.sound();
}

TEST(Period, AThousandFirmsInOneChain) {
    Rules rules = year_rules();
    rules.cap.first_cap = 1'000'000;
    YearDesk desk(rules);
    RecordBaseline baseline{.rows = {}, .source = "report"};
    SetActivity levels{.rows = {}};
    IssueAllocation issue{.year = 2027, .participants = {}};
    constexpr std::uint64_t kFirms = 1000;
    for (std::uint64_t id = 1; id <= kFirms; ++id) {
        const ParticipantId participant{id};
        desk.ok("ada",
                "bo",
                AddParticipant{.participant = participant,
                               .title = "firm " + std::to_string(id),
                               .group = GroupId{id}});
        desk.ok("ada",
                OpenAccount{.account = AccountId{1000 + id},
                            .kind = AccountKind::holding,
                            .participant = participant,
                            .title = "holding"});
        const auto rows = YearDesk::baseline(id, {.gflop = (id % 97 + 1) * 20 * kWork}).rows;
        baseline.rows.insert(baseline.rows.end(), rows.begin(), rows.end());
        levels.rows.push_back({.participant = participant,
                               .service_class = "text",
                               .first_year = 2025,
                               .last_year = 2026});
        issue.participants.push_back(participant);
    }
    desk.ok("ada", "bo", baseline);
    desk.ok("ada", "bo", levels);
    desk.open(2027);
    desk.issue_cap(2027);
    desk.set_benchmark(2027);
    desk.set_allocation(2027);
    desk.ok("ada", "bo", issue);
    EXPECT_EQ(desk.state().period.years.at(2027).allocation->table.total, 480'000);
    std::int64_t sum = 0;
    for (std::uint64_t id = 1; id <= kFirms; ++id) sum += desk.balance(1000 + id, 2027).posted;
    EXPECT_EQ(sum, 480'000);
    desk.sound();
}

}  // namespace
}  // namespace abate::engine
