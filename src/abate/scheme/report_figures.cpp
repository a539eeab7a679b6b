#include "abate/scheme/report_figures.h"

#include "abate/scheme/cessation.h"
#include "abate/scheme/decide.h"
#include "abate/scheme/output.h"
#include "abate/scheme/period.h"
#include "abate/scheme/site_balance.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace abate::scheme {
namespace {

constexpr Int128 kMostMicrojoules = Int128{1'000'000'000'000} * 1'000'000'000'000;
constexpr std::size_t kMostSites = 500;
constexpr std::size_t kMostLines = 20'000;  // of one kind, in the whole report
constexpr std::uint32_t kAnyUncertainty = UINT32_MAX;

Microjoules absolute(Microjoules energy) { return energy.count() < 0 ? -energy : energy; }

// ceil(energy x ppm / 1e6).
Microjoules part_above(Microjoules energy, Ppm part) {
    return Microjoules((energy.count() * part.value + (kMillion - 1)) / kMillion);
}

const PlanMeter* meter_in(const PlanSite& site, const std::string& name) {
    const auto found = std::find_if(site.meters.begin(),
                                    site.meters.end(),
                                    [&](const PlanMeter& meter) { return meter.name == name; });
    return found == site.meters.end() ? nullptr : &*found;
}

const PlanSite* site_in(const MonitoringPlan& plan, const std::string& name) {
    const auto found = std::find_if(plan.sites.begin(),
                                    plan.sites.end(),
                                    [&](const PlanSite& site) { return site.name == name; });
    return found == plan.sites.end() ? nullptr : &*found;
}

const PlanCounter* counter_in(const MonitoringPlan& plan, const std::string& name) {
    const auto found = std::find_if(plan.counters.begin(),
                                    plan.counters.end(),
                                    [&](const PlanCounter& each) { return each.name == name; });
    return found == plan.counters.end() ? nullptr : &*found;
}

// The highest tier that so much energy exceeds; none: below all of them.
const Tier* tier_of(const Rules& rules, Microjoules energy) {
    const std::int64_t size = allowances_for(energy, rules);
    const Tier* out = nullptr;
    for (const Tier& tier : rules.monitoring.tiers)
        if (size > tier.above_allowances) out = &tier;
    return out;
}

// Looks at a report from outside in: lists, the plan's names, energies, times; then reckons.
class Reporter {
  public:
    Reporter(const State& state, ParticipantId participant, const MonitoringReport& report)
        : state_(state),
          rules_(rules_of_year(state, report.year)),
          participant_(participant),
          report_(report) {}

    Reported run() {
        if (check_lists() && check_year() && check_plan() && check_sites() && check_deliveries())
            reckon();
        return std::move(out_);
    }

  private:
    bool refuse(Reason reason, std::string where = {}) {
        out_.reason = reason;
        out_.where = std::move(where);
        return false;
    }

    // ---- checks

    bool check_lists() {
        std::size_t readings = 0;
        std::size_t gaps = 0;
        std::size_t loads = 0;
        std::size_t runs = 0;
        std::size_t bills = 0;
        for (const ReportSite& site : report_.sites) {
            readings += site.readings.size();
            gaps += site.gaps.size();
            loads += site.uncovered.size();
            runs += site.runs.size();
            bills += site.bills.size();
        }
        if (report_.sites.size() > kMostSites) return refuse(Reason::list_too_long, "sites");
        for (const std::size_t lines :
             {readings, gaps, loads, runs, bills, report_.deliveries.size()})
            if (lines > kMostLines) return refuse(Reason::list_too_long);
        if (report_.note.size() > kMaxText) return refuse(Reason::text_too_long, "note");
        const auto names = [](std::initializer_list<std::string_view> texts) {
            return std::all_of(texts.begin(), texts.end(), [](std::string_view text) {
                return text.size() <= kMaxName;
            });
        };
        for (const ReportSite& site : report_.sites) {
            bool fits = names({site.name});
            for (const ReportReading& each : site.readings) fits = fits && names({each.meter});
            for (const ReportGap& each : site.gaps) fits = fits && names({each.why});
            for (const ReportLoad& each : site.uncovered)
                fits = fits && names({each.activity, each.meter, each.passed_site, each.evidence});
            for (const ReportRun& each : site.runs)
                fits = fits && names({each.run_id, each.device, each.label});
            for (const ReportBill& each : site.bills) fits = fits && names({each.document});
            if (!fits) return refuse(Reason::text_too_long, "sites");
        }
        for (const ReportDelivery& each : report_.deliveries)
            if (!names({each.service_class, each.counter}))
                return refuse(Reason::text_too_long, "deliveries");
        return true;
    }

    bool check_year() {
        const auto whose = state_.participants.find(participant_);
        if (whose == state_.participants.end() || !is_obligated(whose->second.sort))
            return refuse(Reason::participant_not_obligated);
        group_ = whose->second.group;
        const auto year = state_.monitoring.years.find(report_.year);
        if (year == state_.monitoring.years.end()) return refuse(Reason::year_not_opened);
        if (!operates_in(state_, {.participant = participant_, .year = report_.year}))
            return refuse(Reason::participant_ceased);
        span_ = year->second;
        // The last report is of a part of the year.
        const Cessation* ceased = cessation_of(state_, participant_);
        if (ceased != nullptr && ceased->year == report_.year)
            span_.end = std::min(span_.end, ceased->ceased);
        return true;
    }

    bool check_plan() {
        const PlanInForce force =
            plan_for(state_, {.participant = participant_, .year = report_.year});
        if (force.plan == nullptr || force.version != report_.plan_version)
            return refuse(Reason::plan_not_approved);
        plan_ = force.plan;
        return true;
    }

    bool check_sites() {
        std::set<std::string> seen;
        for (const ReportSite& site : report_.sites) {
            const PlanSite* planned = site_in(*plan_, site.name);
            if (planned == nullptr) return refuse(Reason::report_not_of_plan, site.name);
            if (!seen.insert(site.name).second)
                return refuse(Reason::report_invalid, site.name + ": twice");
            if (!check_readings(site, *planned) || !check_lines(site, *planned)) return false;
        }
        // Top-down: a site that nobody reports would not be covered.
        for (const PlanSite& planned : plan_->sites)
            if (seen.count(planned.name) == 0)
                return refuse(Reason::report_incomplete, planned.name);
        return true;
    }

    bool check_readings(const ReportSite& site, const PlanSite& planned) {
        std::set<std::string> read;
        for (const ReportReading& reading : site.readings) {
            const PlanMeter* meter = meter_in(planned, reading.meter);
            if (meter == nullptr || meter->scope == MeterScope::uncovered)
                return refuse(Reason::report_not_of_plan, site.name + ": meter " + reading.meter);
            if (!read.insert(reading.meter).second)
                return refuse(Reason::report_invalid, site.name + ": meter " + reading.meter);
            if (!is_energy(reading.energy))
                return refuse(Reason::energy_invalid, site.name + ": meter " + reading.meter);
        }
        for (const PlanMeter& meter : planned.meters)
            if (meter.scope != MeterScope::uncovered && read.count(meter.name) == 0)
                return refuse(Reason::report_incomplete, site.name + ": meter " + meter.name);
        if (planned.supply != EnergySupply::utility && planned.supplier == ParticipantId{} &&
            site.bills.empty())
            return refuse(Reason::statement_missing, site.name);
        return true;
    }

    bool check_lines(const ReportSite& site, const PlanSite& planned) {
        std::vector<std::pair<Timestamp, Timestamp>> times;
        for (const ReportGap& gap : site.gaps) {
            if (!is_energy(gap.energy) || !is_energy(gap.low) || !is_energy(gap.high) ||
                gap.low > gap.energy || gap.energy > gap.high)
                return refuse(Reason::energy_invalid, site.name + ": gaps");
            if (gap.begin >= gap.end || gap.begin < span_.begin || gap.end > span_.end)
                return refuse(Reason::report_invalid, site.name + ": gaps");
            times.emplace_back(gap.begin, gap.end);
        }
        std::sort(times.begin(), times.end());
        for (std::size_t i = 1; i < times.size(); ++i)
            if (times[i].first < times[i - 1].second)
                return refuse(Reason::report_invalid, site.name + ": gaps");
        std::set<std::string> metered;
        for (const ReportLoad& load : site.uncovered) {
            if (!is_energy(load.energy))
                return refuse(Reason::energy_invalid, site.name + ": uncovered");
            if (load.meter.empty()) continue;
            const PlanMeter* meter = meter_in(planned, load.meter);
            if (meter == nullptr || meter->scope != MeterScope::uncovered)
                return refuse(Reason::report_not_of_plan, site.name + ": meter " + load.meter);
            // One meter is evidence of one load.
            if (!metered.insert(load.meter).second)
                return refuse(Reason::report_invalid, site.name + ": meter " + load.meter);
        }
        for (const ReportRun& run : site.runs) {
            if (!is_energy(run.energy)) return refuse(Reason::energy_invalid, site.name + ": runs");
            if (run.run_id.empty() || run.device.empty() || run.begin >= run.end ||
                run.begin.us < 0 || run.end.us > kLastMomentUs || run.share.value <= 0 ||
                run.share.value > kMillion)
                return refuse(Reason::report_invalid, site.name + ": run " + run.run_id);
        }
        for (const ReportBill& bill : site.bills)
            if (!is_energy(bill.energy))
                return refuse(Reason::energy_invalid, site.name + ": bills");
        return true;
    }

    bool check_deliveries() {
        std::uint32_t id = 0;
        for (const ServiceClass& known : rules_.benchmark.classes) {
            class_ids_[known.name] = ServiceClassId{++id};
            table_.push_back({.id = ServiceClassId{id},
                              .reference_flop_per_unit = known.reference_flop_per_unit});
        }
        for (const ReportDelivery& line : report_.deliveries) {
            if (class_ids_.count(line.service_class) == 0)
                return refuse(Reason::service_class_unknown, line.service_class);
            if (line.buyer == GroupId{}) return refuse(Reason::report_invalid, "deliveries: buyer");
            if (line.counter.empty()) continue;
            const PlanCounter* counter = counter_in(*plan_, line.counter);
            if (counter == nullptr || counter->service_class != line.service_class)
                return refuse(Reason::report_not_of_plan, "counter " + line.counter);
        }
        return true;
    }

    // ---- figures

    void reckon() {
        std::vector<SiteStatement> statements;
        statements.reserve(report_.sites.size());
        for (const ReportSite& site : report_.sites)
            statements.push_back(statement_of(site, *site_in(*plan_, site.name)));
        // The category follows from the whole energy, with each reading at its central value.
        Microjoules size;
        for (const SiteStatement& statement : statements) {
            const Result<SiteBalance> balance = site_balance(statement, rule(kAnyUncertainty));
            if (!balance) {
                refuse(Reason::report_invalid, balance.error().what);
                return;
            }
            size += balance->central;
        }
        ReportFigures& figures = out_.figures;
        figures.permitted_uncertainty = {kMillion};
        figures.output_materiality = rules_.monitoring.output_materiality;
        if (const Tier* tier = tier_of(rules_, size)) {
            figures.category = tier->category;
            figures.permitted_uncertainty = tier->permitted_uncertainty;
            figures.materiality = tier->materiality;
        }
        figures.sample_eligible = true;
        const auto permitted = static_cast<std::uint32_t>(figures.permitted_uncertainty.value);
        for (std::size_t i = 0; i < statements.size(); ++i)
            if (!add_site(report_.sites[i], statements[i], permitted)) return;
        for (const ReportFinding& finding : across_) figures.findings.push_back(finding);
        if (!add_output()) return;
        const auto by_place = [](const ReportFinding& a, const ReportFinding& b) {
            return std::tie(a.site, a.kind, a.index) < std::tie(b.site, b.kind, b.index);
        };
        std::sort(figures.findings.begin(), figures.findings.end(), by_place);
    }

    [[nodiscard]] SiteRule rule(std::uint32_t permitted_ppm) const {
        return {
            .tiers = {{.at_most = Microjoules(kMostMicrojoules), .permitted_ppm = permitted_ppm}},
            .output_permitted_ppm = permitted_ppm,
            .statement_tolerance_ppm =
                static_cast<std::uint32_t>(rules_.monitoring.statement_tolerance.value)};
    }

    // The sum of a site's meters of one scope; half-widths add, since meters of one make err together.
    [[nodiscard]] std::optional<MeteredEnergy> summed(const ReportSite& site,
                                                      const PlanSite& planned,
                                                      MeterScope scope) const {
        std::optional<MeteredEnergy> out;
        for (const ReportReading& reading : site.readings) {
            const PlanMeter* meter = meter_in(planned, reading.meter);
            if (meter == nullptr || meter->scope != scope) continue;
            if (!out) out.emplace();
            add(*out, with_uncertainty(reading.energy, meter->uncertainty));
        }
        return out;
    }

    static MeteredEnergy with_uncertainty(Microjoules energy, Ppm uncertainty) {
        const Microjoules width = part_above(energy, uncertainty);
        return {.central = energy,
                .low = std::max(Microjoules(), energy - width),
                .high = energy + width};
    }
    static void add(MeteredEnergy& sum, const MeteredEnergy& more) {
        sum.central += more.central;
        sum.low += more.low;
        sum.high += more.high;
    }

    SiteStatement statement_of(const ReportSite& site, const PlanSite& planned) {
        SiteStatement out{.begin = span_.begin, .end = span_.end};
        out.utility = summed(site, planned, MeterScope::site).value_or(MeteredEnergy{});
        out.it = summed(site, planned, MeterScope::it);
        for (const ReportGap& gap : site.gaps)
            out.gaps.push_back(
                {.begin = gap.begin,
                 .end = gap.end,
                 .energy = {.central = gap.energy, .low = gap.low, .high = gap.high}});
        for (std::uint32_t i = 0; i < site.uncovered.size(); ++i)
            out.uncovered.push_back(load_of(site, planned, i));
        // Whatever its label says, a run is a claim of covered work. What lies behind an uncovered meter is not listed.
        for (std::uint32_t i = 0; i < site.runs.size(); ++i) {
            const ReportRun& run = site.runs[i];
            const auto [first, is_new] =
                run_sites_.try_emplace({run.run_id, run.device}, site.name);
            const bool elsewhere = !is_new && first->second != site.name;
            if (elsewhere)
                across_.push_back(
                    {.site = site.name,
                     .kind = static_cast<ReportFindingKind>(SiteFindingKind::duplicate_run),
                     .index = i});
            out.runs.push_back({.run = RunId{run.run_id},
                                .device = run.device,
                                .begin = run.begin,
                                .end = run.end,
                                .energy = elsewhere ? Microjoules() : run.energy,
                                .share_ppm = static_cast<std::uint32_t>(run.share.value)});
        }
        for (const ReportBill& bill : site.bills) out.statements.push_back(bill.energy);
        if (planned.supplier != ParticipantId{})
            if (const EnergyStatement* stated = last_statement(state_,
                                                               {.supplier = planned.supplier,
                                                                .customer = participant_,
                                                                .year = report_.year,
                                                                .site = site.name}))
                out.statements.push_back(stated->energy);
        return out;
    }

    UncoveredLoad load_of(const ReportSite& site, const PlanSite& planned, std::uint32_t index) {
        const ReportLoad& load = site.uncovered[index];
        const PlanMeter* meter = load.meter.empty() ? nullptr : meter_in(planned, load.meter);
        bool evidence = meter != nullptr && !load.evidence.empty();
        if (load.passed_to != ParticipantId{}) {
            // Both ends of the cable must say the same, else energy is lost between them.
            const EnergyStatement* stated = last_statement(state_,
                                                           {.supplier = participant_,
                                                            .customer = load.passed_to,
                                                            .year = report_.year,
                                                            .site = load.passed_site});
            const bool both = is_taken_on(load) && stated != nullptr &&
                              agrees(rules_, load.energy, stated->energy) &&
                              passed_.insert({load.passed_to, load.passed_site}).second;
            if (!both)
                across_.push_back({.site = site.name,
                                   .kind = ReportFindingKind::passed_on_unstated,
                                   .index = index});
            evidence = evidence && both;
        }
        return {
            .energy = with_uncertainty(load.energy, meter != nullptr ? meter->uncertainty : Ppm{}),
            .side = load.outside_it ? LoadSide::outside : LoadSide::it,
            .evidence = evidence};
    }

    // The other side must report the site, as one that this participant supplies.
    [[nodiscard]] bool is_taken_on(const ReportLoad& load) const {
        const PlanInForce force =
            plan_for(state_, {.participant = load.passed_to, .year = report_.year});
        const PlanSite* site =
            force.plan == nullptr ? nullptr : site_in(*force.plan, load.passed_site);
        return site != nullptr && site->supplier == participant_;
    }

    bool add_site(const ReportSite& site, const SiteStatement& statement, std::uint32_t permitted) {
        const Result<SiteBalance> balance = site_balance(statement, rule(permitted));
        if (!balance) return refuse(Reason::report_invalid, balance.error().what);
        ReportFigures& figures = out_.figures;
        figures.sites.push_back({.name = site.name,
                                 .site = balance->site,
                                 .covered = balance->covered,
                                 .uncovered = balance->uncovered,
                                 .residual = balance->residual,
                                 .central = balance->central,
                                 .obligated = balance->obligated,
                                 .pue_ppm = balance->pue_ppm});
        figures.obligated += balance->obligated;
        figures.central += balance->central;
        figures.sample_eligible = figures.sample_eligible && balance->sample_eligible;
        for (const SiteFinding& finding : balance->findings)
            figures.findings.push_back({.site = site.name,
                                        .kind = static_cast<ReportFindingKind>(finding.kind),
                                        .index = finding.index});
        return true;
    }

    bool add_output() {
        ReportFigures& figures = out_.figures;
        std::vector<Delivery> deliveries;
        const auto find = [&](ReportFindingKind kind, std::uint32_t index) {
            figures.findings.push_back({.site = {}, .kind = kind, .index = index});
        };
        for (std::uint32_t i = 0; i < report_.deliveries.size(); ++i) {
            const ReportDelivery& line = report_.deliveries[i];
            if (line.counter.empty()) {
                find(ReportFindingKind::output_declared, i);
                continue;
            }
            if (line.buyer == group_) find(ReportFindingKind::output_own_group, i);
            deliveries.push_back({.service = class_ids_[line.service_class],
                                  .buyer = line.buyer,
                                  .served = line.served,
                                  .retries = line.retries,
                                  .rejected_drafts = line.rejected_drafts,
                                  .cache_repeats = line.cache_repeats,
                                  .model_flop_per_unit = line.model_flop_per_unit});
            const PlanCounter* counter = counter_in(*plan_, line.counter);
            if (counter->uncertainty > figures.permitted_uncertainty) {
                find(ReportFindingKind::output_tier_missed, i);
                figures.sample_eligible = false;
                lower(deliveries.back(), counter->uncertainty);
            }
            if (line.gap) {
                // What was counted is the low end already.
                find(ReportFindingKind::output_gap, i);
                figures.sample_eligible = false;
            }
        }
        const Result<std::vector<ClassOutput>> earned = earned_output(
            deliveries,
            {.producer = group_, .classes = table_, .basis = rules_.benchmark.output_basis});
        if (!earned) return refuse(Reason::report_invalid, "deliveries: " + earned.error().what);
        std::map<std::string, std::uint64_t> by_name;
        for (const ClassOutput& one : *earned)
            for (const auto& [name, id] : class_ids_)
                if (id == one.service && one.output_gflop > 0) by_name[name] = one.output_gflop;
        for (const auto& [name, gflop] : by_name)
            figures.output.push_back({.service_class = name, .output_gflop = gflop});
        return true;
    }

    // The low end of a count: units that count, less the counter's uncertainty.
    static void lower(Delivery& line, Ppm uncertainty) {
        const Int128 out = Int128{line.retries} + line.rejected_drafts + line.cache_repeats;
        const Int128 counted = Int128{line.served} - out;
        if (counted <= 0) return;
        const Int128 low = counted * (kMillion - uncertainty.value) / kMillion;
        line.served = static_cast<std::uint64_t>(out + low);
    }

    const State& state_;
    const Rules& rules_;
    ParticipantId participant_;
    const MonitoringReport& report_;
    GroupId group_{};
    MonitoringYear span_;
    const MonitoringPlan* plan_ = nullptr;
    std::map<std::string, ServiceClassId> class_ids_;
    std::vector<ReferenceClass> table_;
    std::set<std::pair<ParticipantId, std::string>> passed_;
    std::map<std::pair<std::string, std::string>, std::string> run_sites_;  // run and device
    std::vector<ReportFinding> across_;  // that no site sees by itself
    Reported out_;
};

}  // namespace

std::string_view to_string(ReportFindingKind kind) {
    switch (kind) {
        case ReportFindingKind::output_declared:
            return "output_declared";
        case ReportFindingKind::output_own_group:
            return "output_own_group";
        case ReportFindingKind::passed_on_unstated:
            return "passed_on_unstated";
        default:
            return to_string(static_cast<SiteFindingKind>(kind));
    }
}

Reported report_figures(const State& state,
                        ParticipantId participant,
                        const MonitoringReport& report) {
    return Reporter(state, participant, report).run();
}

const Rules& rules_of_year(const State& state, std::int64_t year) {
    const Period* period = find_period(state, year);
    return period == nullptr ? state.rules : period->rules;
}

PlanInForce plan_for(const State& state, const ParticipantYear& whose) {
    PlanInForce out;
    const auto found = state.monitoring.plans.find(whose.participant);
    if (found == state.monitoring.plans.end()) return out;
    for (std::size_t i = 0; i < found->second.size(); ++i) {
        const PlanEntry& entry = found->second[i];
        const bool was_approved =
            entry.state == PlanState::approved || entry.state == PlanState::changed;
        if (was_approved && entry.plan.first_year <= whose.year)
            out = {.plan = &entry.plan, .version = static_cast<std::int64_t>(i) + 1};
    }
    return out;
}

const EnergyStatement* last_statement(const State& state, const StatementKey& key) {
    const auto found = state.monitoring.statements.find(key);
    if (found == state.monitoring.statements.end() || found->second.empty()) return nullptr;
    return &found->second.back();
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of its name
bool agrees(const Rules& rules, Microjoules energy, Microjoules stated) {
    return absolute(energy - stated).count() * kMillion <=
           stated.count() * rules.monitoring.statement_tolerance.value;
}

bool is_energy(Microjoules energy) {
    return energy.count() >= 0 && energy.count() <= kMostMicrojoules;
}

}  // namespace abate::scheme
