// Monitoring: from the plan to final figures, and what does not get there.
#include "abate/engine/scheme_test_support.h"

#include <rapidcheck/gtest.h>

namespace abate::engine {
namespace {

using namespace scheme;

constexpr ParticipantId kLab{1};
constexpr ParticipantId kHost{2};
constexpr ParticipantId kVerifier{50};
constexpr ParticipantId kOtherVerifier{51};
constexpr Timestamp kYearBegin{1'798'761'600'000'000};  // 2027-01-01T00:00:00Z
constexpr Timestamp kYearEnd{1'830'297'600'000'000};    // 2028-01-01T00:00:00Z
constexpr Timestamp kReportDue{kYearEnd.us + 90 * kDayUs};

Microjoules kwh(std::int64_t count) { return Microjoules(Int128{count} * 3'600'000'000'000); }

Rules monitoring_rules() {
    Rules rules = plain_rules();
    rules.coverage.activities = {"inference"};
    rules.monitoring.tiers = {{.category = "A",
                               .above_allowances = 0,
                               .permitted_uncertainty = {75'000},
                               .materiality = {50'000}},
                              {.category = "B",
                               .above_allowances = 50'000,
                               .permitted_uncertainty = {50'000},
                               .materiality = {20'000}}};
    rules.monitoring.output_materiality = {50'000};
    rules.monitoring.statement_tolerance = {20'000};
    rules.benchmark.classes = {
        {.name = "image", .unit = "pixel", .reference_flop_per_unit = 1'500'000'000},
        {.name = "text", .unit = "UTF-8 byte", .reference_flop_per_unit = 4'000'000'000}};
    return rules;
}

MonitoringPlan lab_plan() {
    return {.first_year = 2027,
            .boundary = "the hall",
            .gap_method = "the highest hour of the month",
            .controls = "two people read the meters",
            .sites = {{.name = "hall",
                       .meters = {{.name = "utility",
                                   .scope = MeterScope::site,
                                   .uncertainty = {20'000},
                                   .evidence = "C-1"},
                                  {.name = "pdu",
                                   .scope = MeterScope::it,
                                   .uncertainty = {10'000},
                                   .evidence = "C-2"},
                                  {.name = "office",
                                   .scope = MeterScope::uncovered,
                                   .uncertainty = {20'000},
                                   .evidence = "C-3"}}}},
            .counters = {{.name = "gateway", .service_class = "text", .uncertainty = {1'000}}}};
}

// NOLINTBEGIN(bugprone-easily-swappable-parameters): in the order in which a test says it
ReportRun run(const std::string& id,
              const std::string& device,
              std::int64_t day,
              std::int64_t energy_kwh) {
    // NOLINTEND(bugprone-easily-swappable-parameters)
    return {.run_id = id,
            .device = device,
            .begin = {kYearBegin.us + day * kDayUs},
            .end = {kYearBegin.us + (day + 10) * kDayUs},
            .energy = kwh(energy_kwh),
            .label = "inference"};
}

// 1,000 kWh, of which 800 at the computers and 50 in an office: PUE 950 / 800. Runs of 500 kWh are 593.75 kWh at the meter.
MonitoringReport lab_report() {
    return {.year = 2027,
            .plan_version = 1,
            .verifier = kVerifier,
            .sites = {{.name = "hall",
                       .readings = {{.meter = "utility", .energy = kwh(1'000)},
                                    {.meter = "pdu", .energy = kwh(800)}},
                       .uncovered = {{.activity = "office",
                                      .meter = "office",
                                      .energy = kwh(50),
                                      .outside_it = true,
                                      .evidence = "readings"}},
                       .runs = {run("R1", "gpu-a", 0, 300), run("R2", "gpu-b", 5, 200)}}},
            .deliveries = {{.service_class = "text",
                            .counter = "gateway",
                            .buyer = GroupId{7},
                            .served = 1'000,
                            .retries = 10,
                            .rejected_drafts = 20,
                            .cache_repeats = 30}},
            .note = ""};
}

// A scheme with two firms (lab 1, host 2), two verifiers and the year 2027, which is just over.
class MonitoringDesk : public Desk {
  public:
    explicit MonitoringDesk(const Rules& rules = monitoring_rules(),
                            Timestamp now = {kYearEnd.us + 5 * kDayUs})
        : Desk(rules) {
        add_firm(1, "lab");
        add_firm(2, "host");
        add_verifier(kVerifier, "vera");
        add_verifier(kOtherVerifier, "otto");
        open_year();
        set_time(now);
    }

    void open_year() {
        ok("ada",
           "bo",
           OpenPeriod{.year = 2027,
                      .begin = kYearBegin,
                      .end = kYearEnd,
                      .report_due = kReportDue,
                      .surrender_due = {kReportDue.us + 180 * kDayUs},
                      .penalty_objections_until = {kReportDue.us + 210 * kDayUs},
                      .tz_version = "test"});
    }
    void add_verifier(ParticipantId id, const std::string& name) {
        ok("ada",
           "bo",
           AddParticipant{.participant = id,
                          .title = name + " & co",
                          .sort = ParticipantSort::verifier,
                          .group = GroupId{static_cast<std::uint64_t>(id)},
                          .group_title = name});
        add_key(id, name, Role::verifier);
    }
    void approve(const MonitoringPlan& plan,
                 ParticipantId whose = kLab,
                 const std::string& who = "lab") {
        ok("ada", "bo", RecordActivities{.participant = whose, .activities = {"inference"}});
        ok(who + "-1", who + "-2", SubmitPlan{.participant = whose, .plan = plan});
        const auto version = static_cast<std::int64_t>(state().monitoring.plans.at(whose).size());
        ok("ada", ApprovePlan{.participant = whose, .version = version});
    }
    [[nodiscard]] Reported figures(const MonitoringReport& report,
                                   ParticipantId whose = kLab) const {
        return report_figures(state(), whose, report);
    }
    SubmitReport submission(const MonitoringReport& report, ParticipantId whose = kLab) {
        return {.participant = whose, .report = report, .figures = figures(report, whose).figures};
    }
    Reason submit(const MonitoringReport& report) {
        return ask_both("lab-1", "lab-2", submission(report));
    }
    void verify() { ok("vera", opinion(Opinion::verified)); }
    static VerifyReport opinion(Opinion opinion, std::vector<Misstatement> left = {}) {
        return {.participant = kLab,
                .year = 2027,
                .opinion = opinion,
                .misstatements = std::move(left),
                .statement = "reasonable assurance"};
    }
    Reason finalise(std::int64_t version = 1) {
        return ask_both(
            "ada", "bo", FinaliseReport{.participant = kLab, .year = 2027, .version = version});
    }
    [[nodiscard]] const ReportEntry& last_report() const {
        return state().monitoring.reports.at({.participant = kLab, .year = 2027}).back();
    }
    [[nodiscard]] const FinalFigures* final_lab() const {
        return final_figures(state().monitoring, {.participant = kLab, .year = 2027});
    }
    [[nodiscard]] registry::AccountStatus status(std::uint64_t account) {
        return engine().registry().account(AccountId{account})->status;
    }
};

// ---- plans

TEST(MonitoringPlans, AreSubmittedReturnedApprovedAndChanged) {
    MonitoringDesk desk;
    const SubmitPlan submit{.participant = kLab, .plan = lab_plan()};
    desk.ok("lab-1", "lab-2", submit);
    const auto plans = [&]() -> const std::vector<PlanEntry>& {
        return desk.state().monitoring.plans.at(kLab);
    };
    EXPECT_EQ(desk.ask("ada", ApprovePlan{.participant = kLab, .version = 1}),
              Reason::activities_not_recorded);
    desk.ok("ada", "bo", RecordActivities{.participant = kLab, .activities = {"inference"}});
    EXPECT_EQ(desk.ask("ada", ReturnPlan{.participant = kLab, .version = 1}),
              Reason::reason_missing);
    desk.ok("ada", ReturnPlan{.participant = kLab, .version = 1, .reason = "which hall?"});
    EXPECT_EQ(plans()[0].state, PlanState::returned);
    EXPECT_EQ(desk.ask("ada", ApprovePlan{.participant = kLab, .version = 1}),
              Reason::plan_not_waiting);
    desk.ok("lab-1", "lab-2", submit);
    desk.ok("ada", ApprovePlan{.participant = kLab, .version = 2});
    EXPECT_EQ(plan_for(desk.state(), {.participant = kLab, .year = 2027}).version, 2);
    EXPECT_EQ(plan_for(desk.state(), {.participant = kLab, .year = 2026}).plan, nullptr);
    // A change for later years leaves the years before with their own.
    SubmitPlan change = submit;
    change.plan.first_year = 2028;
    desk.ok("lab-1", "lab-2", change);
    desk.ok("ada", ApprovePlan{.participant = kLab, .version = 3});
    EXPECT_EQ(plans()[1].state, PlanState::changed);
    EXPECT_EQ(plan_for(desk.state(), {.participant = kLab, .year = 2027}).version, 2);
    EXPECT_EQ(plan_for(desk.state(), {.participant = kLab, .year = 2030}).version, 3);
    for (const std::int64_t version : {0, 4, -1})
        EXPECT_EQ(desk.ask("ada", ApprovePlan{.participant = kLab, .version = version}),
                  Reason::plan_not_waiting);
    desk.check();
}

TEST(MonitoringPlans, ThatCannotBeUsedAreRefused) {
    MonitoringDesk desk;
    const auto reason = [&](auto&& change, ParticipantId whose = kLab) {
        SubmitPlan submit{.participant = whose, .plan = lab_plan()};
        change(submit.plan);
        return to_string(desk.ask_both("lab-1", "lab-2", submit));
    };
    EXPECT_EQ(reason([](auto& p) { p.sites.clear(); }), "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.boundary.clear(); }), "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.gap_method.clear(); }), "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.first_year = 0; }), "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.sites[0].meters.erase(p.sites[0].meters.begin()); }),
              "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.sites.push_back(p.sites[0]); }), "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.sites[0].meters[1].name = "utility"; }), "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.sites[0].meters[0].uncertainty = {-1}; }), "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.sites[0].meters[0].scope = MeterScope{9}; }),
              "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.counters[0].uncertainty = {kMillion + 1}; }),
              "plan_incomplete");
    EXPECT_EQ(reason([](auto& p) { p.counters[0].service_class = "sound"; }),
              "service_class_unknown");
    EXPECT_EQ(reason([](auto& p) { p.sites[0].supplier = kHost; }), "supplier_unknown");
    EXPECT_EQ(reason([](auto& p) {
                  p.sites[0].supply = EnergySupply::landlord;
                  p.sites[0].supplier = ParticipantId{99};
              }),
              "supplier_unknown");
    EXPECT_EQ(reason([](auto& p) {
                  p.sites[0].supply = EnergySupply::cloud;
                  p.sites[0].supplier = kLab;
              }),
              "supplier_unknown");
    EXPECT_EQ(reason([](auto& p) { p.controls = std::string(5'000, 'x'); }), "text_too_long");
    EXPECT_EQ(reason([](auto& p) { p.sites[0].name = std::string(201, 'x'); }), "text_too_long");
    EXPECT_EQ(reason([](auto& p) { p.sites.resize(501); }), "list_too_long");
    EXPECT_EQ(reason([](auto&) {}, kHost), "participant_of_another");
    EXPECT_TRUE(desk.state().monitoring.plans.empty());
    desk.check();
}

TEST(MonitoringPlans, OnlyActivitiesOfTheRulesAreRecorded) {
    MonitoringDesk desk;
    const auto reason = [&](ParticipantId whose, std::vector<std::string> activities) {
        return to_string(desk.ask_both(
            "ada",
            "bo",
            RecordActivities{.participant = whose, .activities = std::move(activities)}));
    };
    EXPECT_EQ(reason(kLab, {}), "activity_unknown");
    EXPECT_EQ(reason(kLab, {"training"}), "activity_unknown");
    EXPECT_EQ(reason(kLab, {"inference", "inference"}), "activity_unknown");
    EXPECT_EQ(reason(kVerifier, {"inference"}), "participant_not_obligated");
    EXPECT_EQ(reason(kLab, {"inference"}), "ok");
    desk.check();
}

// ---- from draft to final

TEST(MonitoringReports, BecomeFinalFigures) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    desk.ok("lab-1", DraftReport{.participant = kLab, .report = lab_report()});
    EXPECT_EQ(desk.last_report().state, ReportState::draft);
    desk.ok("lab-1", DraftReport{.participant = kLab, .report = lab_report()});
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    EXPECT_EQ(desk.last_report().state, ReportState::submitted);
    EXPECT_EQ(desk.finalise(), Reason::report_not_verified);
    desk.verify();
    EXPECT_EQ(desk.final_lab(), nullptr);
    EXPECT_EQ(desk.finalise(2), Reason::report_not_verified) << "another version";
    ASSERT_EQ(desk.finalise(), Reason::ok);

    const ReportFigures& figures = desk.last_report().figures;
    ASSERT_EQ(figures.sites.size(), 1U);
    const SiteFigures& hall = figures.sites[0];
    EXPECT_EQ(hall.site, kwh(1'000));
    EXPECT_EQ(hall.pue_ppm, 1'187'500U);
    EXPECT_EQ(hall.covered, Microjoules(kwh(59'375).count() / 100));
    EXPECT_EQ(hall.uncovered, kwh(50));
    EXPECT_EQ(hall.residual, Microjoules(kwh(35'625).count() / 100));
    EXPECT_EQ(figures.category, "A");
    EXPECT_TRUE(figures.findings.empty());

    const FinalFigures* final = desk.final_lab();
    ASSERT_NE(final, nullptr);
    EXPECT_EQ(final->version, 1);
    EXPECT_EQ(final->obligated, kwh(950));
    EXPECT_EQ(final->central, kwh(950));
    ASSERT_EQ(final->output.size(), 1U);
    EXPECT_EQ(final->output[0].service_class, "text");
    EXPECT_EQ(final->output[0].output_gflop, 3'760U);
    EXPECT_TRUE(final->sample_eligible);
    EXPECT_FALSE(final->determined);
    EXPECT_EQ(desk.submit(lab_report()), Reason::report_final);
    EXPECT_EQ(desk.finalise(), Reason::report_not_verified);
    desk.check();
}

TEST(MonitoringReports, FiguresAreReckonedNotTyped) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    const auto reason = [&](auto&& change) {
        SubmitReport submit = desk.submission(lab_report());
        change(submit.figures);
        return to_string(desk.ask_both("lab-1", "lab-2", submit));
    };
    EXPECT_EQ(reason([](auto& f) { f.obligated = kwh(1); }), "figures_differ");
    EXPECT_EQ(reason([](auto& f) { f.output[0].output_gflop += 1; }), "figures_differ");
    EXPECT_EQ(reason([](auto& f) { f.sites[0].pue_ppm = 1'000'000; }), "figures_differ");
    EXPECT_EQ(reason([](auto& f) { f.category = "B"; }), "figures_differ");
    EXPECT_EQ(reason([](auto& f) { f.materiality = {kMillion}; }), "figures_differ");
    EXPECT_EQ(reason([](auto&) {}), "ok");
    desk.check();
}

TEST(MonitoringReports, ThatDoNotFitAreRefused) {
    MonitoringDesk desk;
    EXPECT_EQ(to_string(desk.submit(lab_report())), "plan_not_approved");
    desk.approve(lab_plan());
    const auto reason = [&](auto&& change) {
        MonitoringReport report = lab_report();
        change(report);
        return to_string(desk.submit(report));
    };
    EXPECT_EQ(reason([](auto& r) { r.year = 2028; }), "year_not_opened");
    EXPECT_EQ(reason([](auto& r) { r.plan_version = 2; }), "plan_not_approved");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].name = "shed"; }), "report_not_of_plan");
    EXPECT_EQ(reason([](auto& r) { r.sites.clear(); }), "report_incomplete");
    EXPECT_EQ(reason([](auto& r) { r.sites.push_back(r.sites[0]); }), "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].readings.pop_back(); }), "report_incomplete");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].readings[0].meter = "other"; }),
              "report_not_of_plan");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].readings[1].meter = "utility"; }), "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].readings[0].energy = Microjoules(Int128{-1}); }),
              "energy_invalid");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].readings[0].energy = kwh(300'000'000'000'000); }),
              "energy_invalid");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].uncovered[0].meter = "pdu"; }), "report_not_of_plan");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].uncovered.push_back(r.sites[0].uncovered[0]); }),
              "report_invalid");
    const ReportGap gap{.begin = kYearBegin,
                        .end = {kYearBegin.us + kHourUs},
                        .energy = kwh(2),
                        .low = kwh(1),
                        .high = kwh(3)};
    EXPECT_EQ(reason([&](auto& r) { r.sites[0].gaps = {gap, gap}; }), "report_invalid");
    EXPECT_EQ(reason([&](auto& r) {
                  r.sites[0].gaps = {gap};
                  r.sites[0].gaps[0].low = kwh(9);
              }),
              "energy_invalid");
    EXPECT_EQ(reason([&](auto& r) {
                  r.sites[0].gaps = {gap};
                  r.sites[0].gaps[0].begin.us -= 1;
              }),
              "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].runs[0].end = r.sites[0].runs[0].begin; }),
              "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].runs[0].end.us = INT64_MAX; }), "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].runs[0].begin.us = INT64_MIN; }), "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].runs[0].share = {0}; }), "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].runs[0].run_id.clear(); }), "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.deliveries[0].service_class = "sound"; }),
              "service_class_unknown");
    EXPECT_EQ(reason([](auto& r) { r.deliveries[0].counter = "hand"; }), "report_not_of_plan");
    EXPECT_EQ(reason([](auto& r) { r.deliveries[0].buyer = GroupId{}; }), "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.deliveries[0].retries = 1'001; }), "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.deliveries[0].served = UINT64_MAX; }), "report_invalid");
    EXPECT_EQ(reason([](auto& r) { r.note = std::string(5'000, 'x'); }), "text_too_long");
    EXPECT_EQ(reason([](auto& r) { r.sites[0].runs.resize(20'001); }), "list_too_long");
    EXPECT_EQ(reason([](auto& r) { r.verifier = kHost; }), "verifier_unknown");
    EXPECT_EQ(reason([](auto& r) { r.verifier = ParticipantId{}; }), "verifier_unknown");
    EXPECT_TRUE(desk.state().monitoring.reports.empty());
    desk.check();
}

TEST(MonitoringReports, OfAYearThatIsNotOverWait) {
    MonitoringDesk desk(monitoring_rules(), {kYearEnd.us - kDayUs});
    desk.approve(lab_plan());
    desk.ok("lab-1", DraftReport{.participant = kLab, .report = lab_report()});
    EXPECT_EQ(desk.submit(lab_report()), Reason::year_not_over);
    desk.pass(kDayUs);
    EXPECT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.check();
}

// ---- abuse

TEST(MonitoringAbuse, ALabelRemovesNothing) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    const ReportFigures honest = desk.figures(lab_report()).figures;
    MonitoringReport relabelled = lab_report();
    for (ReportRun& each : relabelled.sites[0].runs) each.label = "training";
    EXPECT_EQ(desk.figures(relabelled).figures, honest);
    // Nor does leaving runs out, nor a load that nobody measured.
    relabelled.sites[0].runs.clear();
    relabelled.sites[0].uncovered.push_back(
        {.activity = "training", .energy = kwh(400), .evidence = "we know"});
    const ReportFigures after = desk.figures(relabelled).figures;
    EXPECT_EQ(after.obligated, honest.obligated);
    ASSERT_EQ(after.findings.size(), 1U);
    EXPECT_EQ(to_string(after.findings[0].kind), "uncovered_without_evidence");
    // A meter without evidence is none.
    MonitoringReport unproved = lab_report();
    unproved.sites[0].uncovered[0].evidence.clear();
    EXPECT_EQ(desk.figures(unproved).figures.obligated, kwh(1'000));
    desk.check();
}

TEST(MonitoringAbuse, ARunCountsOnce) {
    MonitoringDesk desk;
    MonitoringPlan plan = lab_plan();
    plan.sites.push_back(plan.sites[0]);
    plan.sites[1].name = "annex";
    desk.approve(plan);
    MonitoringReport report = lab_report();
    report.sites.push_back(report.sites[0]);
    report.sites[1].name = "annex";
    const ReportFigures twice = desk.figures(report).figures;
    EXPECT_EQ(twice.sites[0].covered, Microjoules(kwh(59'375).count() / 100));
    EXPECT_EQ(twice.sites[1].covered, Microjoules());
    EXPECT_EQ(twice.findings.size(), 2U);
    for (const ReportFinding& finding : twice.findings) {
        EXPECT_EQ(to_string(finding.kind), "duplicate_run");
        EXPECT_EQ(finding.site, "annex");
    }
    // Another id at the same time on the same device is no other work.
    MonitoringReport renamed = lab_report();
    renamed.sites[0].name = "hall";
    renamed.sites.push_back(report.sites[1]);
    renamed.sites[1].runs.clear();
    renamed.sites[0].runs.push_back(renamed.sites[0].runs[0]);
    renamed.sites[0].runs.back().run_id = "R3";
    const ReportFigures renamed_figures = desk.figures(renamed).figures;
    EXPECT_EQ(renamed_figures.sites[0].covered, twice.sites[0].covered);
    EXPECT_EQ(to_string(renamed_figures.findings.at(0).kind), "device_overlap");
}

TEST(MonitoringAbuse, InflatedOutputEarnsNothing) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    const auto gflop = [&](auto&& change) {
        MonitoringReport report = lab_report();
        change(report.deliveries);
        const ReportFigures figures = desk.figures(report).figures;
        return figures.output.empty() ? 0 : figures.output[0].output_gflop;
    };
    EXPECT_EQ(gflop([](auto&) {}), 3'760U);
    const ReportDelivery more{
        .service_class = "text", .counter = "gateway", .buyer = GroupId{1}, .served = 1'000'000};
    // To one's own group; declared; retries, drafts and repeats.
    EXPECT_EQ(gflop([&](auto& d) { d.push_back(more); }), 3'760U);
    EXPECT_EQ(gflop([&](auto& d) {
                  d.push_back(more);
                  d.back().buyer = GroupId{7};
                  d.back().counter.clear();
              }),
              3'760U);
    EXPECT_EQ(gflop([](auto& d) {
                  d[0].served += 3'000;
                  d[0].retries += 1'000;
                  d[0].rejected_drafts += 1'000;
                  d[0].cache_repeats += 1'000;
              }),
              3'760U);
    // A bigger model for the same units.
    EXPECT_EQ(gflop([](auto& d) { d[0].model_flop_per_unit = UINT64_MAX; }), 3'760U);
}

TEST(MonitoringAbuse, WhatIsNotKnownCountsAgainstWhoeverReports) {
    MonitoringDesk desk;
    MonitoringPlan plan = lab_plan();
    plan.sites[0].meters[0].uncertainty = {100'000};
    plan.counters[0].uncertainty = {100'000};
    desk.approve(plan);
    const ReportFigures missed = desk.figures(lab_report()).figures;
    EXPECT_EQ(missed.permitted_uncertainty, Ppm{75'000});
    EXPECT_EQ(missed.obligated, kwh(1'050)) << "1,100 less the office";
    EXPECT_EQ(missed.central, kwh(950));
    EXPECT_EQ(missed.output.at(0).output_gflop, 3'384U) << "nine tenths of 940 units";
    EXPECT_FALSE(missed.sample_eligible);
    ASSERT_EQ(missed.findings.size(), 2U);
    EXPECT_EQ(to_string(missed.findings[0].kind), "output_tier_missed");
    EXPECT_EQ(to_string(missed.findings[1].kind), "utility_tier_missed");

    MonitoringDesk other;
    other.approve(lab_plan());
    MonitoringReport gap = lab_report();
    gap.sites[0].gaps = {{.begin = kYearBegin,
                          .end = {kYearBegin.us + kDayUs},
                          .energy = kwh(20),
                          .low = kwh(10),
                          .high = kwh(60),
                          .why = "power cut of the meter"}};
    const ReportFigures with_gap = other.figures(gap).figures;
    EXPECT_EQ(with_gap.obligated, kwh(1'010));
    EXPECT_EQ(with_gap.central, kwh(970));
    EXPECT_FALSE(with_gap.sample_eligible);
    gap = lab_report();
    gap.deliveries[0].gap = true;
    EXPECT_FALSE(other.figures(gap).figures.sample_eligible);
    // A larger firm must measure better.
    MonitoringReport large = lab_report();
    for (ReportReading& reading : large.sites[0].readings)
        reading.energy = Microjoules(reading.energy.count() * 100);
    EXPECT_EQ(other.figures(large).figures.category, "B");
    EXPECT_EQ(other.figures(large).figures.permitted_uncertainty, Ppm{50'000});
}

// ---- the verifier

TEST(MonitoringVerifier, IsIndependentAndTheOneThatIsNamed) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    const auto regroup = [&](ParticipantId who, std::uint64_t group) {
        desk.ok("ada", "bo", Regroup{.participant = who, .group = GroupId{group}});
    };
    regroup(kVerifier, 1);
    EXPECT_EQ(desk.submit(lab_report()), Reason::verifier_not_independent);
    regroup(kVerifier, 50);
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    const VerifyReport opinion = MonitoringDesk::opinion(Opinion::verified);
    EXPECT_EQ(desk.ask("otto", opinion), Reason::report_of_another_verifier);
    EXPECT_EQ(desk.ask("lab-1", opinion), Reason::role_not_allowed);
    EXPECT_EQ(desk.ask("ada", opinion), Reason::role_not_allowed);
    // The person has a key of a firm of that group as well.
    desk.ok("ada",
            "bo",
            AddKey{.grant = {.key = desk.key("moonlight").open,
                             .holder = "lab-1",
                             .roles = static_cast<std::uint8_t>(Role::verifier),
                             .participant = kVerifier}});
    EXPECT_EQ(desk.ask("moonlight", opinion), Reason::verifier_not_independent);
    // Bought between submission and opinion, or between opinion and the end.
    regroup(kVerifier, 1);
    EXPECT_EQ(desk.ask("vera", opinion), Reason::verifier_not_independent);
    regroup(kVerifier, 50);
    desk.verify();
    regroup(kLab, 50);
    EXPECT_EQ(desk.finalise(), Reason::verifier_not_independent);
    regroup(kLab, 1);
    EXPECT_EQ(desk.finalise(), Reason::ok);
    desk.check();
}

TEST(MonitoringVerifier, WeighsMisstatementsOnEnergyAndOutputApart) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    const auto reason = [&](Opinion opinion, std::vector<Misstatement> left) {
        return to_string(desk.ask("vera", MonitoringDesk::opinion(opinion, std::move(left))));
    };
    const Misstatement energy{.what = "a meter's factor", .energy = kwh(-24)};
    const Misstatement other_way{.what = "a line twice", .energy = kwh(24)};
    const Misstatement output{.what = "repeats", .service_class = "text", .output_gflop = 187};
    const Misstatement much{.what = "repeats", .service_class = "text", .output_gflop = -188};
    EXPECT_EQ(reason(Opinion::verified, {energy}), "misstatements_left");
    EXPECT_EQ(reason(Opinion::qualified, {}), "misstatement_missing");
    // 5 % of 950 kWh is 47.5 kWh; 5 % of 3,760 GFLOP is 188. Errors to both sides do not cancel.
    EXPECT_EQ(reason(Opinion::qualified, {energy, other_way}), "misstatement_is_material");
    EXPECT_EQ(reason(Opinion::qualified, {much}), "misstatement_is_material");
    EXPECT_EQ(reason(Opinion::verified, {much}), "misstatement_is_material");
    EXPECT_EQ(reason(Opinion::qualified,
                     {{.what = "images", .service_class = "image", .output_gflop = 1}}),
              "misstatement_is_material")
        << "of a class of which nothing was reported";
    EXPECT_EQ(reason(Opinion::qualified,
                     {{.what = "sound", .service_class = "sound", .output_gflop = 1}}),
              "service_class_unknown");
    EXPECT_EQ(reason(Opinion::qualified, {{.what = "", .energy = kwh(1)}}), "reason_missing");
    EXPECT_EQ(reason(Opinion::qualified, {{.what = "x", .energy = kwh(300'000'000'000'000)}}),
              "energy_invalid");
    EXPECT_EQ(reason(Opinion::qualified, std::vector<Misstatement>(1'001, energy)),
              "list_too_long");
    EXPECT_EQ(reason(Opinion{9}, {}), "malformed_command");
    VerifyReport silent = MonitoringDesk::opinion(Opinion::verified);
    silent.statement.clear();
    EXPECT_EQ(desk.ask("vera", silent), Reason::reason_missing);
    EXPECT_EQ(reason(Opinion::qualified, {energy, output}), "ok");
    EXPECT_EQ(desk.last_report().state, ReportState::qualified);
    EXPECT_EQ(desk.last_report().misstatements.size(), 2U);
    EXPECT_EQ(reason(Opinion::verified, {}), "report_not_submitted");
    EXPECT_EQ(desk.finalise(), Reason::ok);
    desk.check();
}

TEST(MonitoringVerifier, SendsAReportBack) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    const ReturnReport back{.participant = kLab, .year = 2027, .reason = "which meter?"};
    EXPECT_EQ(desk.ask("vera", back), Reason::report_not_submitted);
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    EXPECT_EQ(desk.submit(lab_report()), Reason::report_already_submitted);
    EXPECT_EQ(desk.ask("lab-1", DraftReport{.participant = kLab, .report = lab_report()}),
              Reason::report_already_submitted);
    EXPECT_EQ(desk.ask("vera", ReturnReport{.participant = kLab, .year = 2027}),
              Reason::reason_missing);
    EXPECT_EQ(desk.ask("otto", back), Reason::report_of_another_verifier);
    desk.ok("vera", back);
    EXPECT_EQ(desk.last_report().returned_because, "which meter?");
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    // An opinion may be taken back until the report is final.
    desk.ok("vera", back);
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.ok("vera", MonitoringDesk::opinion(Opinion::not_verified));
    EXPECT_EQ(desk.finalise(3), Reason::report_not_verified);
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    ASSERT_EQ(desk.finalise(4), Reason::ok);
    EXPECT_EQ(desk.ask("vera", back), Reason::report_not_submitted);
    const auto& versions = desk.state().monitoring.reports.at({.participant = kLab, .year = 2027});
    ASSERT_EQ(versions.size(), 4U);
    EXPECT_EQ(versions[0].state, ReportState::returned);
    EXPECT_EQ(versions[1].state, ReportState::returned);
    EXPECT_EQ(versions[2].state, ReportState::not_verified);
    desk.check();
}

// ---- late

TEST(MonitoringDue, NoFinalReportBlocksUntilThereIsOne) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    desk.set_time({kReportDue.us - 1'000'000});
    desk.tick();
    EXPECT_EQ(desk.status(110), AccountStatus::open);
    desk.set_time({kReportDue.us + 1'000'000});
    desk.tick();
    EXPECT_EQ(desk.status(110), AccountStatus::blocked);
    EXPECT_EQ(desk.status(111), AccountStatus::blocked);
    EXPECT_EQ(desk.status(112), AccountStatus::open) << "money may come in";
    EXPECT_EQ(desk.status(120), AccountStatus::blocked);
    ASSERT_EQ(desk.finalise(), Reason::ok);
    EXPECT_EQ(desk.status(110), AccountStatus::open);
    EXPECT_EQ(desk.status(111), AccountStatus::open);
    EXPECT_EQ(desk.status(120), AccountStatus::blocked) << "the other firm still owes its report";
    desk.check();
}

TEST(MonitoringDue, WhoeverReportedIsNotBlocked) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    ASSERT_EQ(desk.finalise(), Reason::ok);
    // A firm of the year after owes nothing for this one.
    desk.add_firm(3, "late");
    desk.set_time({kReportDue.us + 1'000'000});
    desk.tick();
    EXPECT_EQ(desk.status(110), AccountStatus::open);
    EXPECT_EQ(desk.status(130), AccountStatus::open);
    desk.check();
}

TEST(MonitoringDue, TheOperatorsOwnBlockStays) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    const auto restrict = [&](std::uint64_t account, AccountStatus status) {
        desk.ok("ada",
                RestrictAccount{.participant = kLab,
                                .account = AccountId{account},
                                .status = status,
                                .reason = "court order"});
    };
    restrict(110, AccountStatus::frozen);
    desk.set_time({kReportDue.us + 1'000'000});
    desk.tick();
    EXPECT_EQ(desk.status(110), AccountStatus::frozen);
    EXPECT_EQ(desk.status(111), AccountStatus::blocked);
    restrict(111, AccountStatus::blocked);
    ASSERT_EQ(desk.finalise(), Reason::ok);
    EXPECT_EQ(desk.status(110), AccountStatus::frozen);
    EXPECT_EQ(desk.status(111), AccountStatus::blocked);
    EXPECT_TRUE(desk.state().monitoring.blocked.count(AccountId{111}) == 0);
    desk.check();
}

TEST(MonitoringDue, TheOperatorDetermines) {
    MonitoringDesk desk;
    Determine determine{.participant = kLab,
                        .year = 2027,
                        .obligated = kwh(2'000),
                        .output = {{.service_class = "text", .output_gflop = 1'000}},
                        .reason = "the utility's bill; output of the year before"};
    const auto reason = [&](auto&& change) {
        Determine other = determine;
        change(other);
        return to_string(desk.ask_both("ada", "bo", other));
    };
    EXPECT_EQ(reason([](auto&) {}), "report_not_overdue");
    desk.set_time({kReportDue.us + 1'000'000});
    desk.tick();
    EXPECT_EQ(desk.status(110), AccountStatus::blocked);
    EXPECT_EQ(reason([](auto& d) { d.reason.clear(); }), "reason_missing");
    EXPECT_EQ(reason([](auto& d) { d.reason = std::string(5'000, 'x'); }), "text_too_long");
    EXPECT_EQ(reason([](auto& d) { d.year = 2026; }), "year_not_opened");
    EXPECT_EQ(reason([](auto& d) { d.participant = kVerifier; }), "participant_not_obligated");
    EXPECT_EQ(reason([](auto& d) { d.obligated = kwh(-1); }), "energy_invalid");
    EXPECT_EQ(reason([](auto& d) { d.output[0].service_class = "sound"; }),
              "service_class_unknown");
    EXPECT_EQ(reason([](auto& d) { d.output.push_back(d.output[0]); }), "service_class_unknown");
    EXPECT_EQ(desk.ask_both("ada", "ada", determine), Reason::same_person);
    desk.ok("ada", "bo", determine);
    EXPECT_EQ(desk.status(110), AccountStatus::open);
    ASSERT_NE(desk.final_lab(), nullptr);
    EXPECT_TRUE(desk.final_lab()->determined);
    EXPECT_EQ(desk.final_lab()->obligated, kwh(2'000));
    EXPECT_FALSE(desk.final_lab()->sample_eligible);
    // A verified report takes its place, if the operator makes it final; what was determined is kept.
    desk.approve(lab_plan());
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    ASSERT_EQ(desk.finalise(), Reason::ok);
    EXPECT_EQ(desk.final_lab()->version, 2);
    EXPECT_FALSE(desk.final_lab()->determined);
    const auto& earlier =
        desk.state().monitoring.earlier_figures.at({.participant = kLab, .year = 2027});
    ASSERT_EQ(earlier.size(), 1U);
    EXPECT_EQ(earlier[0].obligated, kwh(2'000));
    EXPECT_EQ(reason([](auto&) {}), "report_final");
    desk.check();
}

// ---- restatement

TEST(MonitoringRestatement, KeepsTheOldVersion) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    const auto restate = [&](std::int64_t site_kwh, std::string reason) {
        MonitoringReport report = lab_report();
        report.sites[0].readings[0].energy = kwh(site_kwh);
        const SubmitReport submit = desk.submission(report);
        return desk.ask_both("lab-1",
                             "lab-2",
                             RestateReport{.participant = kLab,
                                           .report = report,
                                           .figures = submit.figures,
                                           .reason = std::move(reason)});
    };
    EXPECT_EQ(restate(1'100, "a meter's factor"), Reason::report_not_final);
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    EXPECT_EQ(restate(1'100, "a meter's factor"), Reason::report_not_final);
    ASSERT_EQ(desk.finalise(), Reason::ok);
    EXPECT_EQ(restate(1'100, ""), Reason::reason_missing);
    ASSERT_EQ(restate(1'100, "a meter's factor"), Reason::ok);
    EXPECT_EQ(desk.final_lab()->obligated, kwh(950)) << "until the new one is final";
    EXPECT_EQ(restate(1'200, "again"), Reason::report_not_final);
    desk.verify();
    ASSERT_EQ(desk.finalise(2), Reason::ok);
    EXPECT_EQ(desk.final_lab()->obligated, kwh(1'050));
    EXPECT_EQ(desk.final_lab()->version, 2);
    // And down; sent back in between.
    ASSERT_EQ(restate(900, "the factor was right"), Reason::ok);
    desk.ok("vera", ReturnReport{.participant = kLab, .year = 2027, .reason = "proof?"});
    MonitoringReport report = lab_report();
    report.sites[0].readings[0].energy = kwh(900);
    ASSERT_EQ(desk.submit(report), Reason::ok);
    EXPECT_EQ(desk.last_report().restated_because, "the factor was right");
    desk.verify();
    ASSERT_EQ(desk.finalise(4), Reason::ok);
    EXPECT_EQ(desk.final_lab()->obligated, kwh(850));
    EXPECT_EQ(desk.final_lab()->version, 3);
    const auto& versions = desk.state().monitoring.reports.at({.participant = kLab, .year = 2027});
    ASSERT_EQ(versions.size(), 4U);
    EXPECT_EQ(versions[0].state, ReportState::superseded);
    EXPECT_EQ(versions[0].figures.obligated, kwh(950));
    EXPECT_EQ(versions[1].state, ReportState::superseded);
    EXPECT_EQ(versions[3].state, ReportState::final);
    const auto& earlier =
        desk.state().monitoring.earlier_figures.at({.participant = kLab, .year = 2027});
    ASSERT_EQ(earlier.size(), 2U);
    EXPECT_EQ(earlier[0].obligated, kwh(950));
    EXPECT_EQ(earlier[1].obligated, kwh(1'050));
    desk.check();
}

// What is owed follows a correction while it is open; afterwards the difference goes to the next year, and nobody is fined for it.
TEST(MonitoringRestatement, ChangesWhatIsOwedUntilTheDeadline) {
    MonitoringDesk desk;
    desk.approve(lab_plan());
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    ASSERT_EQ(desk.finalise(), Reason::ok);
    const auto obligation = [&]() -> const Obligation& {
        return desk.state().compliance.obligations.at({.participant = kLab, .year = 2027});
    };
    const auto restate = [&](std::int64_t site_kwh, std::int64_t version) {
        MonitoringReport report = lab_report();
        report.sites[0].readings[0].energy = kwh(site_kwh);
        desk.ok("lab-1",
                "lab-2",
                RestateReport{.participant = kLab,
                              .report = report,
                              .figures = desk.submission(report).figures,
                              .reason = "corrected"});
        desk.verify();
        ASSERT_EQ(desk.finalise(version), Reason::ok);
    };
    EXPECT_EQ(obligation().allowances, 950);
    restate(1'100, 2);
    EXPECT_EQ(obligation().allowances, 1'050);
    restate(900, 3);
    EXPECT_EQ(obligation().allowances, 850);
    desk.set_time({kReportDue.us + 181 * kDayUs});
    desk.tick();
    EXPECT_EQ(obligation().shortfall, 850);
    restate(1'000, 4);
    EXPECT_EQ(obligation().shortfall, 850);
    EXPECT_EQ(obligation().corrected, 100);
    desk.check();
}

// ---- landlord and cloud

class TenantDesk : public MonitoringDesk {
  public:
    TenantDesk() {
        MonitoringPlan plan = lab_plan();
        plan.sites[0].supply = EnergySupply::landlord;
        plan.sites[0].supplier = kHost;
        approve(plan);
    }
    Reason state_energy(std::int64_t energy_kwh) {
        return ask_both("host-1",
                        "host-2",
                        SubmitStatement{.participant = kHost,
                                        .customer = kLab,
                                        .year = 2027,
                                        .site = "hall",
                                        .energy = kwh(energy_kwh),
                                        .document = "S-1"});
    }
};

TEST(MonitoringStatements, MustMatch) {
    TenantDesk desk;
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    EXPECT_EQ(desk.finalise(), Reason::statement_missing);
    ASSERT_EQ(desk.state_energy(1'021), Reason::ok);
    EXPECT_EQ(desk.finalise(), Reason::statement_differs);
    ASSERT_EQ(desk.state_energy(1'020), Reason::ok);
    EXPECT_EQ(desk.finalise(), Reason::ok) << "within 2 %";
    EXPECT_EQ(desk.final_lab()->obligated, kwh(950));
    desk.check();
}

// Where the statement was there first and differs, the larger counts and the sample goes without.
TEST(MonitoringStatements, TheLargerCounts) {
    TenantDesk desk;
    ASSERT_EQ(desk.state_energy(1'200), Reason::ok);
    ASSERT_EQ(desk.submit(lab_report()), Reason::ok);
    desk.verify();
    ASSERT_EQ(desk.finalise(), Reason::ok);
    EXPECT_EQ(desk.final_lab()->obligated, kwh(1'150));
    EXPECT_FALSE(desk.final_lab()->sample_eligible);
    desk.check();
}

TEST(MonitoringStatements, ASupplierOutsideTheSchemeSendsABill) {
    MonitoringDesk desk;
    MonitoringPlan plan = lab_plan();
    plan.sites[0].supply = EnergySupply::cloud;
    desk.approve(plan);
    MonitoringReport report = lab_report();
    EXPECT_EQ(desk.submit(report), Reason::statement_missing);
    report.sites[0].bills = {{.document = "invoice 12", .energy = kwh(1'100)}};
    ASSERT_EQ(desk.submit(report), Reason::ok);
    EXPECT_EQ(desk.last_report().figures.obligated, kwh(1'050));
    report.sites[0].bills[0].energy = kwh(-1);
    EXPECT_EQ(to_string(desk.figures(report).reason), "energy_invalid");
}

// What is passed on is taken off where the other side is told so, once.
TEST(MonitoringStatements, EnergyThatIsPassedOnIsNotLost) {
    MonitoringDesk desk;
    MonitoringPlan plan = lab_plan();
    plan.sites[0].meters[2].name = "cage";
    desk.approve(plan, kHost, "host");
    MonitoringReport report = lab_report();
    report.sites[0].uncovered = {{.activity = "tenant",
                                  .meter = "cage",
                                  .energy = kwh(100),
                                  .outside_it = true,
                                  .passed_to = kLab,
                                  .passed_site = "hall",
                                  .evidence = "readings"}};
    const ReportFigures before = desk.figures(report, kHost).figures;
    EXPECT_EQ(before.obligated, kwh(1'000));
    EXPECT_EQ(before.findings.size(), 2U);
    const auto state_energy = [&](std::int64_t energy_kwh) {
        desk.ok("host-1",
                "host-2",
                SubmitStatement{.participant = kHost,
                                .customer = kLab,
                                .year = 2027,
                                .site = "hall",
                                .energy = kwh(energy_kwh),
                                .document = "S-1"});
    };
    state_energy(50);
    EXPECT_EQ(desk.figures(report, kHost).figures.obligated, kwh(1'000));
    state_energy(100);
    EXPECT_EQ(desk.figures(report, kHost).figures.obligated, kwh(1'000))
        << "nobody else reports it";
    MonitoringPlan tenant = lab_plan();
    tenant.sites[0].supply = EnergySupply::landlord;
    tenant.sites[0].supplier = kHost;
    desk.approve(tenant);
    EXPECT_EQ(desk.figures(report, kHost).figures.obligated, kwh(900));
    // Once: a second load with a meter of its own does not pass the same energy on again.
    MonitoringReport twice = report;
    twice.sites[0].uncovered.push_back(twice.sites[0].uncovered[0]);
    EXPECT_EQ(desk.figures(twice, kHost).reason, Reason::report_invalid);
    desk.check();
}

TEST(MonitoringStatements, ThatSayNothingAreRefused) {
    MonitoringDesk desk;
    const auto reason = [&](auto&& change) {
        SubmitStatement statement{.participant = kHost,
                                  .customer = kLab,
                                  .year = 2027,
                                  .site = "hall",
                                  .energy = kwh(1),
                                  .document = "S-1"};
        change(statement);
        return to_string(desk.ask_both("host-1", "host-2", statement));
    };
    EXPECT_EQ(reason([](auto& s) { s.site = std::string(201, 'x'); }), "text_too_long");
    EXPECT_EQ(reason([](auto& s) { s.year = 2026; }), "year_not_opened");
    EXPECT_EQ(reason([](auto& s) { s.customer = kHost; }), "unknown_participant");
    EXPECT_EQ(reason([](auto& s) { s.customer = ParticipantId{99}; }), "unknown_participant");
    EXPECT_EQ(reason([](auto& s) { s.site.clear(); }), "name_empty");
    EXPECT_EQ(reason([](auto& s) { s.energy = kwh(-1); }), "energy_invalid");
    EXPECT_EQ(reason([](auto& s) { s.participant = kLab; }), "participant_of_another");
    EXPECT_EQ(reason([](auto&) {}), "ok");
    desk.check();
}

// ---- a journal that nobody decided

// Folding asks nothing: events that no decision would have made are folded without harm.
TEST(MonitoringFold, TakesAnyEvent) {
    Scheme scheme({.tenant_id = 1, .scheme_id = 1});
    Timestamp now = kDeskStart;
    std::uint64_t ids = 0;
    const PublicKey key{};
    const auto fold = [&](const Command& command) {
        Event event;
        event.at = {++now.us};
        event.envelope = {
            .id = {.high = 2, .low = ++ids}, .key = key, .body = encode_command(command)};
        const TransferId id = event.envelope.id;
        EXPECT_TRUE(scheme.fold(event)) << name_of(command);
        if (authority_of(command).second == Role::none) return;
        event.at = {++now.us};
        event.envelope = {.id = {.high = 2, .low = ++ids},
                          .key = key,
                          .body = encode_command(Approve{.proposal = id})};
        EXPECT_TRUE(scheme.fold(event)) << name_of(command);
    };
    fold(FoundScheme{.rules = plain_rules(), .keys = {{.key = key, .holder = "nobody"}}});
    for (int round = 0; round < 2; ++round) {
        fold(ApprovePlan{.participant = kLab, .version = INT64_MAX});
        fold(ApprovePlan{.participant = kLab, .version = INT64_MIN});
        fold(ReturnPlan{.participant = kLab, .version = 1});
        fold(ReturnReport{.participant = kLab, .year = INT64_MIN});
        fold(VerifyReport{.participant = kLab, .opinion = Opinion{200}});
        fold(FinaliseReport{.participant = kLab});
        fold(RecordActivities{.participant = kLab});
        fold(SubmitPlan{});
        fold(Determine{.participant = kLab, .year = INT64_MAX, .obligated = kwh(INT64_MAX)});
        fold(DraftReport{});
        fold(DraftReport{.participant = kLab, .report = lab_report()});
        fold(SubmitReport{.participant = kLab});
        fold(RestateReport{.participant = kLab});
        fold(SubmitStatement{});
        fold(OpenPeriod{.year = INT64_MAX});
        fold(OpenPeriod{.year = 2027, .report_due = {INT64_MIN}});
        for (const Due& due : std::set<Due>(scheme.state().due)) {
            if (due.at_us > now.us) continue;
            Event event;
            event.kind = EventKind::due;
            event.at = {++now.us};
            event.number = 1;
            event.due = due;
            EXPECT_TRUE(scheme.fold(event));
        }
    }
}

// ---- properties

const MonitoringDesk& ready_desk() {
    static const MonitoringDesk& kDesk = []() -> const MonitoringDesk& {
        static MonitoringDesk desk;
        desk.approve(lab_plan());
        return desk;
    }();
    return kDesk;
}

std::vector<ReportRun> any_runs() {
    std::vector<ReportRun> runs;
    const auto count = *rc::gen::inRange<std::size_t>(0, 12);
    for (std::size_t i = 0; i < count; ++i) {
        ReportRun one = run("R" + std::to_string(*rc::gen::inRange(0, 6)),
                            "gpu-" + std::to_string(*rc::gen::inRange(0, 3)),
                            *rc::gen::inRange(-5, 370),
                            *rc::gen::inRange(0, 400));
        one.share = {*rc::gen::inRange<std::int64_t>(1, kMillion + 1)};
        one.label = *rc::gen::element<std::string>("inference", "training", "");
        runs.push_back(one);
    }
    return runs;
}

RC_GTEST_PROP(MonitoringProperty, TheBalanceIsTheMeter, ()) {
    MonitoringReport report = lab_report();
    report.sites[0].runs = any_runs();
    report.sites[0].readings[0].energy = kwh(*rc::gen::inRange(0, 2'000));
    report.sites[0].readings[1].energy = kwh(*rc::gen::inRange(0, 2'000));
    report.sites[0].uncovered[0].energy = kwh(*rc::gen::inRange(0, 2'000));
    const Reported found = ready_desk().figures(report);
    RC_ASSERT(found.reason == Reason::ok);
    const SiteFigures& hall = found.figures.sites.at(0);
    RC_ASSERT(hall.covered + hall.uncovered + hall.residual == hall.site);
    RC_ASSERT(hall.site == report.sites[0].readings[0].energy);
    RC_ASSERT(hall.covered <= hall.site);
    RC_ASSERT(hall.central == hall.covered + hall.residual);
    RC_ASSERT(hall.obligated >= hall.central);
}

RC_GTEST_PROP(MonitoringProperty, ALabelNeverLowersTheObligation, ()) {
    MonitoringReport report = lab_report();
    report.sites[0].runs = any_runs();
    const Reported found = ready_desk().figures(report);
    RC_ASSERT(found.reason == Reason::ok);
    const ReportFigures& before = found.figures;
    for (ReportRun& each : report.sites[0].runs)
        each.label = *rc::gen::element<std::string>("inference", "training", "data", "office");
    RC_ASSERT(ready_desk().figures(report).figures == before);
}

RC_GTEST_PROP(MonitoringProperty, ARunListedOftenCountsOnce, ()) {
    MonitoringReport report = lab_report();
    report.sites[0].runs = any_runs();
    const Reported found = ready_desk().figures(report);
    RC_ASSERT(found.reason == Reason::ok);
    const ReportFigures& before = found.figures;
    const std::vector<ReportRun> again = report.sites[0].runs;
    const auto times = *rc::gen::inRange(1, 4);
    for (int i = 0; i < times; ++i)
        report.sites[0].runs.insert(report.sites[0].runs.end(), again.begin(), again.end());
    const ReportFigures after = ready_desk().figures(report).figures;
    RC_ASSERT(after.sites == before.sites);
    RC_ASSERT(after.obligated == before.obligated);
}

// The year is not over, but the firm's part of it is.
TEST(MonitoringReports, AFirmThatCeasedReportsAPartOfTheYear) {
    const Timestamp ceased{kYearBegin.us + 182 * kDayUs};
    MonitoringDesk desk(monitoring_rules(), {ceased.us + kDayUs});
    desk.approve(lab_plan());
    EXPECT_EQ(to_string(desk.submit(lab_report())), "year_not_over");
    desk.ok(
        "lab-1", "lab-2", RequestCease{.participant = kLab, .ceased = ceased, .reason = "sold"});
    EXPECT_EQ(to_string(desk.submit(lab_report())), "year_not_over") << "nobody accepted it yet";
    desk.ok("ada", AcceptCease{.participant = kLab, .ceased = ceased});
    MonitoringReport late = lab_report();
    late.sites[0].gaps = {{.begin = {ceased.us - kHourUs},
                           .end = {ceased.us + kHourUs},
                           .energy = kwh(1),
                           .low = kwh(1),
                           .high = kwh(1),
                           .why = "the meter was taken down"}};
    EXPECT_EQ(to_string(desk.submit(late)), "report_invalid") << "it had no hours after that";
    EXPECT_EQ(to_string(desk.submit(lab_report())), "ok");
    desk.verify();
    EXPECT_EQ(to_string(desk.finalise()), "ok");
    ASSERT_NE(desk.final_lab(), nullptr);
    EXPECT_EQ(desk.final_lab()->obligated, kwh(950)) << "1,000 less the office's 50";
    const auto& owed = desk.state().compliance.obligations;
    EXPECT_EQ(owed.at({.participant = kLab, .year = 2027}).allowances, 950);
    MonitoringReport next = lab_report();
    next.year = 2028;
    desk.ok("ada",
            "bo",
            OpenPeriod{.year = 2028,
                       .begin = kYearEnd,
                       .end = {kYearEnd.us + 366 * kDayUs},
                       .report_due = {kYearEnd.us + 456 * kDayUs},
                       .surrender_due = {kYearEnd.us + 636 * kDayUs},
                       .penalty_objections_until = {kYearEnd.us + 666 * kDayUs},
                       .tz_version = "test"});
    EXPECT_EQ(to_string(desk.submit(next)), "participant_ceased");
    desk.check();
}

}  // namespace
}  // namespace abate::engine
