// The cap from year to year: its line, and the stability reserve that takes from the auctions and gives back.
#include "abate/engine/year_test_support.h"

namespace abate::engine {
namespace {

using namespace scheme;

// The EU's thresholds (Decision 2015/1814); a cap that leaves room for what they withhold.
Rules stability_rules() {
    Rules rules = year_rules();
    rules.cap.first_cap = 2'400'000'000;
    rules.cap.free_share = {500'000};     // 1,200 million
    rules.cap.auction_share = {400'000};  // 960 million
    rules.cap.entrant_share = {80'000};
    rules.cap.containment_share = {20'000};
    rules.stability = {.reserve = true,
                       .upper = 1'096'000'000,
                       .middle = 833'000'000,
                       .lower = 400'000'000,
                       .release = 100'000'000,
                       .withhold = {240'000}};
    return rules;
}

PublishCirculation circulation(YearDesk& desk, std::int64_t year) {
    return {.year = year,
            .figures = derive_circulation(desk.state(), desk.engine().registry(), year).value};
}

// A firm is given so many and a hundred, and owes a hundred for 2027; the caps of 2027 and 2028 are issued.
void until_reports_are_due(YearDesk& desk, std::int64_t in_circulation) {
    desk.add_firm(1, "lab");
    desk.history(1, {.gflop = static_cast<std::uint64_t>(in_circulation + 100) * kWork});
    desk.open(2027);
    desk.allocate(2027);
    desk.open(2028);
    desk.issue_cap(2028);
    desk.determine(1, 2027, 100);
}

// Decision 2015/1814: the first two are as the Commission published them (2023 and 2025), the others its thresholds to the unit.
TEST(Stability, TheStepIsThatOfTheEuropeanReserve) {
    struct Row {
        std::int64_t in_circulation;
        std::int64_t withheld;
    };
    constexpr Row kRows[] = {{1'134'794'738, 272'350'737},
                             {1'023'494'202, 190'494'202},
                             {1'096'000'001, 263'040'000},
                             {1'096'000'000, 263'000'000},
                             {833'000'000, 0},
                             {300'000'000, 0}};  // the reserve is empty: nothing comes out
    for (const Row& row : kRows) {
        YearDesk desk(stability_rules());
        until_reports_are_due(desk, row.in_circulation);
        desk.ok("ada", "bo", circulation(desk, 2027));
        EXPECT_EQ(desk.state().period.circulation.at(2027).figures,
                  (Circulation{.issued = 2'400'000'000,
                               .with_scheme = 2'400'000'000 - row.in_circulation - 100,
                               .outstanding = 100,
                               .in_circulation = row.in_circulation}));
        desk.open(2029);
        EXPECT_EQ(desk.cap(2029).parts,
                  (CapParts{.cap = 2'400'000'000,
                            .free_ceiling = 1'200'000'000,
                            .auction = 960'000'000 - row.withheld,
                            .entrant_reserve = 192'000'000,
                            .containment_reserve = 48'000'000,
                            .circulation_year = 2027,
                            .in_circulation = row.in_circulation,
                            .withheld = row.withheld}));
        desk.issue_cap(2029);
        EXPECT_EQ(desk.balance(11, 2029).posted, row.withheld);
        EXPECT_EQ(desk.balance(3, 2029).posted, 960'000'000 - row.withheld);
        EXPECT_EQ(desk.balance(1, 2029).posted, -2'400'000'000) << "the cap, withheld or not";
        desk.sound();
    }
}

// To the unit: below 400 million 100 million come out, at 400 million none.
TEST(Stability, TheReserveGivesBackBelowTheLowerThreshold) {
    struct Row {
        std::int64_t in_circulation;
        std::int64_t released;
    };
    for (const Row& row :
         {Row{400'000'001, 0}, Row{400'000'000, 0}, Row{399'999'999, 100'000'000}}) {
        YearDesk desk(stability_rules());
        until_reports_are_due(desk, 1'134'794'738);
        desk.ok("ada", "bo", circulation(desk, 2027));
        desk.open(2029);
        desk.issue_cap(2029);
        desk.determine(1, 2028, 1'134'794'738 - row.in_circulation);
        desk.ok("ada", "bo", circulation(desk, 2028));
        EXPECT_EQ(desk.state().period.circulation.at(2028).figures.in_circulation,
                  row.in_circulation);
        desk.open(2030);
        const CapParts parts = desk.cap(2030).parts;
        EXPECT_EQ(parts.in_reserve, 272'350'737);
        EXPECT_EQ(parts.released, row.released);
        EXPECT_EQ(parts.withheld, 0);
        desk.issue_cap(2030);
        EXPECT_EQ(desk.balance(11, 2029).posted, 272'350'737 - row.released);
        desk.sound();
    }
}

// 272,350,737 went in; 100 million a year come out while fewer than 400 million are in circulation, and then what is left.
TEST(Stability, WhatWasWithheldComesBack) {
    YearDesk desk(stability_rules());
    until_reports_are_due(desk, 1'134'794'738);
    desk.ok("ada", "bo", circulation(desk, 2027));
    desk.open(2029);
    desk.issue_cap(2029);
    desk.determine(1, 2028, 800'000'000);
    desk.ok("ada", "bo", circulation(desk, 2028));
    EXPECT_EQ(desk.state().period.circulation.at(2028).figures.in_circulation, 334'794'738);
    constexpr std::int64_t kReleased[] = {100'000'000, 100'000'000, 72'350'737, 0};
    std::int64_t reserve = 272'350'737;
    std::int64_t out = 0;
    for (std::int64_t year = 2030; year < 2034; ++year) {
        desk.open(year);
        const std::int64_t released = kReleased[year - 2030];
        const CapParts parts = desk.cap(year).parts;
        EXPECT_EQ(parts.in_reserve, reserve);
        EXPECT_EQ(parts.released, released);
        EXPECT_EQ(parts.auction, 960'000'000) << "what is released is beside the cap";
        desk.issue_cap(year);
        reserve -= released;
        out += released;
        EXPECT_EQ(desk.balance(11, 2029).posted, reserve);
        EXPECT_EQ(desk.balance(3, 2029).posted, 960'000'000 - 272'350'737 + out);
        desk.determine(1, year - 1, 0);
        desk.ok("ada", "bo", circulation(desk, year - 1));
    }
    desk.sound();
}

// Of an auction of 10 no 272 can be withheld.
TEST(Stability, NoMoreIsWithheldThanIsAuctioned) {
    Rules rules = year_rules();
    rules.cap.free_share = {990'000};
    rules.cap.auction_share = {10'000};
    rules.cap.entrant_share = {0};
    rules.cap.containment_share = {0};
    rules.stability = {.reserve = true,
                       .upper = 300,
                       .middle = 200,
                       .lower = 100,
                       .release = 50,
                       .withhold = {240'000}};
    YearDesk desk(rules);
    until_reports_are_due(desk, 500);
    desk.ok("ada", "bo", circulation(desk, 2027));
    desk.open(2029);
    const CapParts parts = desk.cap(2029).parts;
    EXPECT_EQ(parts.withheld, 10) << "24 % of 500 are 120";
    EXPECT_EQ(parts.auction, 0);
    desk.issue_cap(2029);
    desk.sound();
}

// The rules change when 2027 and 2028 are open already: 2029 is the first year with a step, and it asks for the circulation of 2027.
TEST(Stability, AReserveMayBeginLater) {
    Rules rules = stability_rules();
    const StabilityRules reserve = rules.stability;
    rules.stability = {};
    YearDesk desk(rules);
    until_reports_are_due(desk, 1'134'794'738);
    EXPECT_EQ(desk.ask("ada", circulation(desk, 2027)), Reason::no_stability_reserve);
    rules.version = 2;
    rules.stability = reserve;
    desk.ok("ada", "bo", ChangeRules{.rules = rules, .rules_text = ""});
    desk.open(2029);
    EXPECT_EQ(desk.ask("ada", desk.cap(2029)), Reason::circulation_not_published);
    desk.ok("ada", "bo", circulation(desk, 2027));
    EXPECT_EQ(desk.cap(2029).parts.withheld, 272'350'737);
    desk.issue_cap(2029);
    EXPECT_EQ(desk.balance(11, 2029).posted, 272'350'737);
    desk.sound();
}

// What a firm owes and nobody knows yet would count as in circulation.
TEST(Stability, TheCirculationWaitsForEveryFirmsFigures) {
    YearDesk desk(stability_rules());
    desk.add_firm(2, "firm");
    desk.add_firm(3, "shop");
    desk.ok("ada",
            "bo",
            AddParticipant{.participant = ParticipantId{4},
                           .title = "trader",
                           .sort = ParticipantSort::trader,
                           .group = GroupId{4},
                           .group_title = "trader"});
    until_reports_are_due(desk, 1'134'794'738);
    desk.add_firm(5, "late");  // of 2028: no part in 2027
    EXPECT_EQ(desk.ask("ada", circulation(desk, 2027)), Reason::figures_not_final);
    YearFigures figures = figures_of_year(desk.state(), 2027);
    EXPECT_EQ(figures.obligated, 3U);
    EXPECT_EQ(figures.missing, (std::vector{ParticipantId{2}, ParticipantId{3}}));
    desk.determine(2, 2027, 0);
    EXPECT_EQ(desk.ask("ada", circulation(desk, 2027)), Reason::figures_not_final);
    desk.determine(3, 2027, 0);
    EXPECT_EQ(step_of_circulation(desk.state(), circulation(desk, 2027)), 272'350'737);
    desk.ok("ada", "bo", circulation(desk, 2027));
    // Of 2028 the late one's too.
    EXPECT_EQ(figures_of_year(desk.state(), 2028).missing.size(), 4U);
    desk.sound();
}

TEST(Stability, NothingIsSaidOutOfOrder) {
    YearDesk plain;
    plain.add_firm(1, "lab");
    plain.open(2027);
    EXPECT_EQ(plain.ask("ada", circulation(plain, 2027)), Reason::no_stability_reserve);

    YearDesk desk(stability_rules());
    desk.add_firm(1, "lab");
    desk.history(1, {.gflop = 600 * kWork});
    EXPECT_EQ(desk.ask("ada", circulation(desk, 2027)), Reason::period_not_open);
    desk.open(2027);
    desk.open(2028);
    EXPECT_EQ(desk.ask("ada", desk.cap(2028)), Reason::cap_not_issued)
        << "what is in the reserve is known when 2027 is issued";
    desk.allocate(2027);
    desk.issue_cap(2028);
    EXPECT_EQ(desk.ask("ada", circulation(desk, 2027)), Reason::circulation_too_early);
    desk.open(2029);
    EXPECT_EQ(desk.ask("ada", desk.cap(2029)), Reason::circulation_not_published);
    desk.determine(1, 2027, 100);
    PublishCirculation wrong = circulation(desk, 2027);
    EXPECT_EQ(desk.ask("lab-1", wrong), Reason::role_not_allowed);
    EXPECT_EQ(desk.ask_both("ada", "ada", wrong), Reason::same_person);
    --wrong.figures.in_circulation;
    EXPECT_EQ(desk.ask("ada", wrong), Reason::circulation_differs);
    desk.ok("ada", "bo", circulation(desk, 2027));
    EXPECT_EQ(desk.ask("ada", circulation(desk, 2027)), Reason::circulation_already_said);
    ProposeCap cap = desk.cap(2029);
    ++cap.parts.in_circulation;
    EXPECT_EQ(desk.ask("ada", cap), Reason::cap_differs);
    // Nobody fills the reserve but a cap.
    EXPECT_EQ(desk.ask("lab-1",
                       ReturnAllowances{.participant = ParticipantId{1},
                                        .from = AccountId{110},
                                        .to = kStabilityReserve,
                                        .vintage = 2027,
                                        .quantity = 1}),
              Reason::not_a_reserve_account);
    desk.sound();
}

// Directive 2003/87, article 9: base 1000 in 2023; 4.3 % from 2024, 4.4 % from 2028 on: 957, 914, 871, 828, 784, 740, 696. Here four years later.
TEST(Stability, TheCapFallsOnAStraightLine) {
    Rules rules = year_rules();
    rules.cap.reduction_steps = {{.first_year = 2028, .of_first_cap = {43'000}},
                                 {.first_year = 2032, .of_first_cap = {44'000}}};
    YearDesk desk(rules);
    constexpr std::int64_t kCaps[] = {1000, 957, 914, 871, 828, 784, 740, 696};
    for (std::int64_t year = 2027; year < 2035; ++year) {
        desk.open(year);
        EXPECT_EQ(desk.cap(year).parts.cap, kCaps[year - 2027]) << year;
    }
    desk.issue_cap(2034);
    desk.sound();

    // 90 off once in 2028 and 27 in 2030 (the EU's, in millions), from each later year too.
    rules.cap.rebasings = {{.year = 2028, .allowances = 90}, {.year = 2030, .allowances = 27}};
    YearDesk rebased(rules);
    constexpr std::int64_t kRebased[] = {1000, 867, 824, 754};
    for (std::int64_t year = 2027; year < 2031; ++year) {
        rebased.open(year);
        EXPECT_EQ(rebased.cap(year).parts.cap, kRebased[year - 2027]) << year;
    }
    rebased.issue_cap(2030);
    rebased.sound();
}

TEST(Stability, RulesThatDoNotHoldTogetherAreRefused) {
    Rules rules = stability_rules();
    rules.stability.middle = rules.stability.upper + 1;
    EXPECT_EQ(check_rules(rules).error().where, "stability.middle");
    rules = stability_rules();
    rules.compliance.banking = Banking::none;
    EXPECT_EQ(check_rules(rules).error().where, "stability.reserve");
    rules = stability_rules();
    rules.cap.first_cap = 0;
    EXPECT_EQ(check_rules(rules).error().where, "stability.reserve");
    rules = stability_rules();
    rules.cap.reduction_steps = {{.first_year = 2027, .of_first_cap = {43'000}}};
    EXPECT_EQ(check_rules(rules).error().where, "cap.reduction_steps.first_year");
}

// The auditor works it out by itself: a cap that takes one more into the reserve, signed by an operator, is named.
TEST(Stability, TheAuditorKnowsTheStep) {
    YearDesk desk(stability_rules());
    until_reports_are_due(desk, 1'134'794'738);
    desk.ok("ada", "bo", circulation(desk, 2027));
    desk.open(2029);
    desk.ok("ada", desk.cap(2029));
    struct Forgery {
        std::function<bool(Command&)> change;
        const char* field;
    };
    const Forgery forgeries[] = {{[](Command& c) {
                                      auto* cap = std::get_if<ProposeCap>(&c);
                                      if (cap == nullptr || cap->year != 2029) return false;
                                      ++cap->parts.withheld;
                                      --cap->parts.auction;
                                      return true;
                                  },
                                  "cap.auction"},
                                 {[](Command& c) {
                                      auto* cap = std::get_if<ProposeCap>(&c);
                                      if (cap == nullptr || cap->year != 2028) return false;
                                      ++cap->parts.cap;
                                      ++cap->parts.free_ceiling;
                                      return true;
                                  },
                                  "cap.cap"},
                                 {[](Command& c) {
                                      auto* said = std::get_if<PublishCirculation>(&c);
                                      if (said == nullptr) return false;
                                      ++said->figures.with_scheme;
                                      --said->figures.in_circulation;
                                      return true;
                                  },
                                  "circulation.with_scheme"}};
    for (const Forgery& forgery : forgeries) {
        const auto found = audit_forged(desk, forgery.change);
        ASSERT_TRUE(found) << forgery.field;
        EXPECT_EQ(found->field, forgery.field);
    }
    EXPECT_FALSE(audit_forged(desk, [](Command&) { return false; }));
}

}  // namespace
}  // namespace abate::engine
