// The documents of monitoring: a plan says how a participant measures, a report what it measured, its figures what follows.
//
//     MonitoringPlan plan{.first_year = 2027, .sites = {{.name = "hall", .meters = {{.name = "utility", .scope = MeterScope::site}}}}};
//     MonitoringReport report{.year = 2027, .plan_version = 1, .sites = {{.name = "hall", .readings = {{"utility", energy}}}}};
//     Result<ReportFigures> figures = report_figures(report, basis);           // report_figures.h
//
// Nothing here is a result that somebody typed: PUE, uncertainty, category and all sums are worked out from the readings and the plan.
#pragma once

#include "abate/scheme/fields.h"
#include "abate/scheme/people_commands.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace abate::scheme {

// ---- the plan

// What a meter of a site sees.
enum class MeterScope : std::uint8_t {
    site = 1,  // all of it: what the utility, landlord or cloud delivers. Several are summed
    it = 2,    // the computers: PUE is taken from it
    uncovered =
        3,  // one load that the scheme does not cover: without such a meter nothing is taken off
};
[[nodiscard]] std::string_view to_string(MeterScope value);

struct PlanMeter {
    std::string name = {};
    MeterScope scope = MeterScope::site;
    Ppm uncertainty = {};       // of a year's energy, 90 %
    std::string evidence = {};  // its certificate of calibration
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("name", self.name);
        visit("scope", self.scope);
        visit("uncertainty_percent", self.uncertainty);
        visit("evidence", self.evidence);
    }
};

enum class EnergySupply : std::uint8_t { utility = 1, landlord = 2, cloud = 3 };
[[nodiscard]] std::string_view to_string(EnergySupply value);

// Of landlord and cloud somebody else says how much it was: `supplier` by a statement of its own, or, where it does not take part, by a
// bill that stands in the report.
struct PlanSite {
    std::string name = {};
    EnergySupply supply = EnergySupply::utility;
    ParticipantId supplier{};  // 0: does not take part in the scheme
    std::vector<PlanMeter> meters = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("name", self.name);
        visit("supply", self.supply);
        visit("supplier", self.supplier);
        visit("meters", self.meters);
    }
};

// Counts delivered units of a service class, apart from the energy meters.
struct PlanCounter {
    std::string name = {};
    std::string service_class = {};
    Ppm uncertainty = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("name", self.name);
        visit("service_class", self.service_class);
        visit("uncertainty_percent", self.uncertainty);
    }
};

struct MonitoringPlan {
    std::int64_t first_year = 0;  // for reports of this year and later ones
    std::string boundary = {};    // what is in, in words
    std::string gap_method = {};  // how a gap is bounded
    std::string controls = {};    // who checks what before it is reported
    std::vector<PlanSite> sites = {};
    std::vector<PlanCounter> counters = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("first_year", self.first_year);
        visit("boundary", self.boundary);
        visit("gap_method", self.gap_method);
        visit("controls", self.controls);
        visit("sites", self.sites);
        visit("counters", self.counters);
    }
};

// ---- the report

struct ReportReading {
    std::string meter = {};  // of the plan
    Microjoules energy = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("meter", self.meter);
        visit("energy_uj", self.energy);
    }
};

// A time without a reading of the site. Its energy is in no reading; high counts.
struct ReportGap {
    Timestamp begin = {};
    Timestamp end = {};
    Microjoules energy = {};
    Microjoules low = {};
    Microjoules high = {};
    std::string why = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("begin", self.begin);
        visit("end", self.end);
        visit("energy_uj", self.energy);
        visit("low_uj", self.low);
        visit("high_uj", self.high);
        visit("why", self.why);
    }
};

// Load that the scheme does not cover.
struct ReportLoad {
    std::string activity = {};  // in words: "office", "training"
    std::string meter = {};     // of the plan, with scope uncovered; empty: nobody measured it
    Microjoules energy = {};
    bool outside_it = false;  // not behind the IT meter: an office
    ParticipantId
        passed_to{};  // whose energy it is then; the participant's own statement to it must agree
    std::string passed_site = {};  // as the other's plan calls it
    std::string evidence = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("activity", self.activity);
        visit("meter", self.meter);
        visit("energy_uj", self.energy);
        visit("outside_it", self.outside_it);
        visit("passed_to", self.passed_to);
        visit("passed_site", self.passed_site);
        visit("evidence", self.evidence);
    }
};

// A run of the store on one device, at the boundary of the node. `label` is what somebody typed: it is kept and changes no figure.
struct ReportRun {
    std::string run_id = {};
    std::string device = {};  // unlike all others: a serial number
    Timestamp begin = {};
    Timestamp end = {};
    Microjoules energy = {};
    Ppm share = {kMillion};  // of the device
    std::string label = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("run_id", self.run_id);
        visit("device", self.device);
        visit("begin", self.begin);
        visit("end", self.end);
        visit("energy_uj", self.energy);
        visit("share_percent", self.share);
        visit("label", self.label);
    }
};

// Of a landlord or cloud that does not take part.
struct ReportBill {
    std::string document = {};
    Microjoules energy = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("document", self.document);
        visit("energy_uj", self.energy);
    }
};

struct ReportSite {
    std::string name = {};
    std::vector<ReportReading> readings = {};
    std::vector<ReportGap> gaps = {};
    std::vector<ReportLoad> uncovered = {};
    std::vector<ReportRun> runs = {};
    std::vector<ReportBill> bills = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("name", self.name);
        visit("readings", self.readings);
        visit("gaps", self.gaps);
        visit("uncovered", self.uncovered);
        visit("runs", self.runs);
        visit("bills", self.bills);
    }
};

// Units served to one group of buyers; the three kinds that do not count are parts of `served`.
struct ReportDelivery {
    std::string service_class = {};
    std::string counter = {};  // of the plan; empty: declared, which earns nothing
    GroupId buyer{};
    std::uint64_t served = 0;
    std::uint64_t retries = 0;
    std::uint64_t rejected_drafts = 0;
    std::uint64_t cache_repeats = 0;
    std::uint64_t model_flop_per_unit = 0;  // where the scheme counts the model's FLOP
    bool gap = false;                       // the counter was away for a time
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("service_class", self.service_class);
        visit("counter", self.counter);
        visit("buyer", self.buyer);
        visit("served", self.served);
        visit("retries", self.retries);
        visit("rejected_drafts", self.rejected_drafts);
        visit("cache_repeats", self.cache_repeats);
        visit("model_flop_per_unit", self.model_flop_per_unit);
        visit("gap", self.gap);
    }
};

struct MonitoringReport {
    std::int64_t year = 0;
    std::int64_t plan_version = 0;
    ParticipantId verifier{};
    std::vector<ReportSite> sites = {};
    std::vector<ReportDelivery> deliveries = {};
    std::string note = {};
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("year", self.year);
        visit("plan_version", self.plan_version);
        visit("verifier", self.verifier);
        visit("sites", self.sites);
        visit("deliveries", self.deliveries);
        visit("note", self.note);
    }
};

// ---- what follows from it

// Reference output that earns allowances, of one service class of the rules.
struct FinalOutput {
    std::string service_class = {};  // its name: "text"
    std::uint64_t output_gflop = 0;
    bool operator==(const FinalOutput&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("service_class", self.service_class);
        visit("output_gflop", self.output_gflop);
    }
};

// Numbers below 32 are those of SiteFindingKind (site_balance.h).
enum class ReportFindingKind : std::uint8_t {
    output_tier_missed = 4,
    output_gap = 5,
    output_declared = 32,   // counted by nobody: earns nothing
    output_own_group = 33,  // delivered to the participant's own group: earns nothing
    passed_on_unstated =
        34,  // no statement agrees with energy that was passed on: it is not taken off
};
[[nodiscard]] std::string_view to_string(ReportFindingKind kind);

// Something that a verifier should look at.
struct ReportFinding {
    std::string site = {};  // empty: of the deliveries
    ReportFindingKind kind{};
    std::uint32_t index =
        0;  // in the site's list of gaps, loads, runs or bills, or in the deliveries
    bool operator==(const ReportFinding&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("site", self.site);
        visit("kind", self.kind);
        visit("index", self.index);
    }
};

// site = covered + uncovered + residual; central = covered + residual.
struct SiteFigures {
    std::string name = {};
    Microjoules site = {};
    Microjoules covered = {};
    Microjoules uncovered = {};
    Microjoules residual = {};
    Microjoules central = {};
    Microjoules obligated = {};
    std::uint64_t pue_ppm = 0;
    bool operator==(const SiteFigures&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("name", self.name);
        visit("site_uj", self.site);
        visit("covered_uj", self.covered);
        visit("uncovered_uj", self.uncovered);
        visit("residual_uj", self.residual);
        visit("central_uj", self.central);
        visit("obligated_uj", self.obligated);
        visit("pue_ppm", self.pue_ppm);
    }
};

struct ReportFigures {
    std::vector<SiteFigures> sites = {};
    Microjoules obligated = {};
    Microjoules central = {};
    std::vector<FinalOutput> output = {};  // by name of the class
    std::string category = {};             // of the tiers; empty: below all
    Ppm permitted_uncertainty = {};        // of that category
    Ppm materiality = {};                  // of that category, on energy
    Ppm output_materiality = {};
    bool sample_eligible = false;
    std::vector<ReportFinding> findings = {};
    bool operator==(const ReportFigures&) const = default;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
        visit("sites", self.sites);
        visit("obligated_uj", self.obligated);
        visit("central_uj", self.central);
        visit("output", self.output);
        visit("category", self.category);
        visit("permitted_uncertainty_percent", self.permitted_uncertainty);
        visit("materiality_percent", self.materiality);
        visit("output_materiality_percent", self.output_materiality);
        visit("sample_eligible", self.sample_eligible);
        visit("findings", self.findings);
    }
};

}  // namespace abate::scheme
