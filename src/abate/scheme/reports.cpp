// Reports of a year: draft, submission, the verifier's opinion, final figures, restatement.
#include "abate/scheme/cessation.h"
#include "abate/scheme/decide.h"
#include "abate/scheme/report_figures.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace abate::scheme {
namespace {

constexpr std::size_t kMostMisstatements = 1000;

const ReportEntry* last_report(const State& state, const ParticipantYear& whose) {
    const auto found = state.monitoring.reports.find(whose);
    return found == state.monitoring.reports.end() || found->second.empty() ? nullptr
                                                                            : &found->second.back();
}

ReportEntry* last_report(State& state, const ParticipantYear& whose) {
    const auto found = state.monitoring.reports.find(whose);
    return found == state.monitoring.reports.end() || found->second.empty() ? nullptr
                                                                            : &found->second.back();
}

// May a next version be drafted or submitted on top of the last one.
Reason check_open(const ReportEntry* last) {
    if (last == nullptr) return Reason::ok;
    switch (last->state) {
        case ReportState::draft:
        case ReportState::returned:
        case ReportState::not_verified:
            return Reason::ok;
        case ReportState::submitted:
        case ReportState::verified:
        case ReportState::qualified:
            return Reason::report_already_submitted;
        case ReportState::final:
        case ReportState::superseded:
            return Reason::report_final;
    }
    return Reason::report_final;
}

// A verifier belongs to another group than the reporter, and its person holds no key there.
Reason check_independence(
    const State& state,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of its name
    ParticipantId verifier,
    ParticipantId reporter,
    const KeyGrant* verifying) {
    const auto firm = state.participants.find(verifier);
    const auto whose = state.participants.find(reporter);
    if (firm == state.participants.end() || whose == state.participants.end())
        return Reason::unknown_participant;
    if (firm->second.group == whose->second.group) return Reason::verifier_not_independent;
    for (const auto& [open, key] : state.keys) {
        if (key.revoked || verifying == nullptr || !same_person(key.grant, *verifying)) continue;
        const auto other = state.participants.find(key.grant.participant);
        if (other != state.participants.end() && other->second.group == whose->second.group)
            return Reason::verifier_not_independent;
    }
    return Reason::ok;
}

// The key that asks is of the verifier whom the report names, and still independent.
Reason check_verifier(const Look& look, const ParticipantYear& whose, const ReportEntry& entry) {
    const auto key = look.state.keys.find(look.by);
    if (key == look.state.keys.end()) return Reason::unknown_key;
    if (key->second.grant.participant != entry.report.verifier)
        return Reason::report_of_another_verifier;
    return check_independence(
        look.state, entry.report.verifier, whose.participant, &key->second.grant);
}

// For a firm that has ceased, its part of it.
bool year_is_over(const State& state, const ParticipantYear& whose, Timestamp now) {
    const Cessation* ceased = cessation_of(state, whose.participant);
    if (ceased != nullptr && ceased->year == whose.year) return true;
    const auto moments = state.monitoring.years.find(whose.year);
    return moments != state.monitoring.years.end() && now >= moments->second.end;
}

Reason check_submission(const Look& look,
                        ParticipantId participant,
                        const MonitoringReport& report,
                        const ReportFigures& figures) {
    const Reported found = report_figures(look.state, participant, report);
    if (found.reason != Reason::ok) return found.reason;
    if (!year_is_over(look.state, {.participant = participant, .year = report.year}, look.now))
        return Reason::year_not_over;
    const auto verifier = look.state.participants.find(report.verifier);
    if (verifier == look.state.participants.end() ||
        verifier->second.sort != ParticipantSort::verifier)
        return Reason::verifier_unknown;
    if (const Reason reason = check_independence(look.state, report.verifier, participant, nullptr);
        reason != Reason::ok)
        return reason;
    return found.figures == figures ? Reason::ok : Reason::figures_differ;
}

ReportEntry submitted_entry(const MonitoringReport& report,
                            const ReportFigures& figures,
                            Timestamp at) {
    ReportEntry entry;
    entry.report = report;
    entry.state = ReportState::submitted;
    entry.figures = figures;
    entry.submitted = at;
    return entry;
}

// Effects are summed by size, so that errors to both sides do not hide each other.
struct Effects {
    Microjoules energy = {};
    std::map<std::string, Int128> output_gflop = {};
};

Effects sum_effects(const std::vector<Misstatement>& misstatements) {
    Effects out;
    for (const Misstatement& each : misstatements) {
        out.energy += each.energy.count() < 0 ? -each.energy : each.energy;
        const Int128 gflop = each.output_gflop;
        if (gflop != 0) out.output_gflop[each.service_class] += gflop < 0 ? -gflop : gflop;
    }
    return out;
}

// Reaches the materiality, which is a part of the whole.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of its name
bool is_material(Int128 effect, Int128 whole, Ppm materiality) {
    return effect > 0 && effect * kMillion >= whole * materiality.value;
}

bool any_material(const std::vector<Misstatement>& misstatements, const ReportFigures& figures) {
    const Effects effects = sum_effects(misstatements);
    if (is_material(effects.energy.count(), figures.obligated.count(), figures.materiality))
        return true;
    for (const auto& effect : effects.output_gflop) {
        const auto of = std::find_if(
            figures.output.begin(), figures.output.end(), [&](const FinalOutput& each) {
                return each.service_class == effect.first;
            });
        const Int128 whole = of == figures.output.end() ? 0 : Int128{of->output_gflop};
        if (is_material(effect.second, whole, figures.output_materiality)) return true;
    }
    return false;
}

Reason check_misstatements(const Rules& rules, const std::vector<Misstatement>& misstatements) {
    if (misstatements.size() > kMostMisstatements) return Reason::list_too_long;
    const auto& classes = rules.benchmark.classes;
    for (const Misstatement& each : misstatements) {
        if (each.what.size() > kMaxText || each.service_class.size() > kMaxName)
            return Reason::text_too_long;
        if (each.what.empty()) return Reason::reason_missing;
        if (!is_energy(each.energy) && !is_energy(-each.energy)) return Reason::energy_invalid;
        const bool known =
            std::any_of(classes.begin(), classes.end(), [&](const ServiceClass& one) {
                return one.name == each.service_class;
            });
        if ((each.output_gflop != 0 || !each.service_class.empty()) && !known)
            return Reason::service_class_unknown;
    }
    return Reason::ok;
}

// Sites whose landlord or cloud takes part: it has said the same, or said it before the report was submitted, which then counted the larger.
Reason check_statements(const State& state,
                        const ParticipantYear& whose,
                        const ReportEntry& entry) {
    const PlanInForce force = plan_for(state, whose);
    if (force.plan == nullptr) return Reason::plan_not_approved;
    for (const PlanSite& site : force.plan->sites) {
        if (site.supplier == ParticipantId{}) continue;
        const EnergyStatement* stated = last_statement(state,
                                                       {.supplier = site.supplier,
                                                        .customer = whose.participant,
                                                        .year = whose.year,
                                                        .site = site.name});
        if (stated == nullptr) return Reason::statement_missing;
        if (stated->at <= entry.submitted) continue;
        for (const SiteFigures& figures : entry.figures.sites)
            if (figures.name == site.name &&
                !agrees(rules_of_year(state, whose.year), figures.site, stated->energy))
                return Reason::statement_differs;
    }
    return Reason::ok;
}

// The year's figures are there.
ReportsSettled reported(const ParticipantYear& whose) {
    return {.participant = whose.participant, .first_year = whose.year, .last_year = whose.year};
}

void keep_figures(State& state, FinalFigures figures) {
    const ParticipantYear whose{.participant = figures.participant, .year = figures.year};
    const auto found = state.monitoring.figures.find(whose);
    figures.version = 1;
    if (found != state.monitoring.figures.end()) {
        figures.version = found->second.version + 1;
        state.monitoring.earlier_figures[whose].push_back(found->second);
    }
    const FinalFigures& kept = state.monitoring.figures[whose] = std::move(figures);
    forget_blocks(state, reported(whose), kept.at);
    on_final_figures(state, kept);
}

}  // namespace

Decision decide(const Look& look, const DraftReport& c) {
    const ParticipantYear whose{.participant = c.participant, .year = c.report.year};
    if (const Reason reason = check_open(last_report(look.state, whose)); reason != Reason::ok)
        return reason;
    return report_figures(look.state, c.participant, c.report).reason;
}

void fold(State& state, const Done& done, const DraftReport& c) {
    auto& versions =
        state.monitoring.reports[{.participant = c.participant, .year = c.report.year}];
    if (!versions.empty() && versions.back().state == ReportState::draft) versions.pop_back();
    ReportEntry entry;
    entry.report = c.report;
    entry.drafted = done.at;
    if (!versions.empty()) entry.restated_because = versions.back().restated_because;
    versions.push_back(std::move(entry));
}

Decision decide(const Look& look, const SubmitReport& c) {
    const ParticipantYear whose{.participant = c.participant, .year = c.report.year};
    if (const Reason reason = check_open(last_report(look.state, whose)); reason != Reason::ok)
        return reason;
    return check_submission(look, c.participant, c.report, c.figures);
}

void fold(State& state, const Done& done, const SubmitReport& c) {
    auto& versions =
        state.monitoring.reports[{.participant = c.participant, .year = c.report.year}];
    ReportEntry entry = submitted_entry(c.report, c.figures, done.at);
    if (!versions.empty()) entry.restated_because = versions.back().restated_because;
    if (!versions.empty() && versions.back().state == ReportState::draft) {
        entry.drafted = versions.back().drafted;
        versions.pop_back();
    }
    versions.push_back(std::move(entry));
}

Decision decide(const Look& look, const RestateReport& c) {
    if (c.reason.empty()) return Reason::reason_missing;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    const ReportEntry* last =
        last_report(look.state, {.participant = c.participant, .year = c.report.year});
    if (last == nullptr || last->state != ReportState::final) return Reason::report_not_final;
    return check_submission(look, c.participant, c.report, c.figures);
}

void fold(State& state, const Done& done, const RestateReport& c) {
    ReportEntry entry = submitted_entry(c.report, c.figures, done.at);
    entry.restated_because = c.reason;
    state.monitoring.reports[{.participant = c.participant, .year = c.report.year}].push_back(
        std::move(entry));
}

// ---- the verifier

Decision decide(const Look& look, const ReturnReport& c) {
    if (c.reason.empty()) return Reason::reason_missing;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    const ParticipantYear whose{.participant = c.participant, .year = c.year};
    const ReportEntry* last = last_report(look.state, whose);
    if (last == nullptr ||
        (last->state != ReportState::submitted && last->state != ReportState::verified &&
         last->state != ReportState::qualified))
        return Reason::report_not_submitted;
    return check_verifier(look, whose, *last);
}

void fold(State& state, const Done& /*done*/, const ReturnReport& c) {
    ReportEntry* last = last_report(state, {.participant = c.participant, .year = c.year});
    if (last == nullptr) return;
    last->state = ReportState::returned;
    last->returned_because = c.reason;
}

Decision decide(const Look& look, const VerifyReport& c) {
    if (c.opinion < Opinion::verified || c.opinion > Opinion::not_verified)
        return Reason::malformed_command;
    if (c.statement.empty()) return Reason::reason_missing;
    if (c.statement.size() > kMaxText) return Reason::text_too_long;
    if (const Reason reason =
            check_misstatements(rules_of_year(look.state, c.year), c.misstatements);
        reason != Reason::ok)
        return reason;
    const ParticipantYear whose{.participant = c.participant, .year = c.year};
    const ReportEntry* last = last_report(look.state, whose);
    if (last == nullptr || last->state != ReportState::submitted)
        return Reason::report_not_submitted;
    if (const Reason reason = check_verifier(look, whose, *last); reason != Reason::ok)
        return reason;
    if (c.opinion == Opinion::not_verified) return {};
    if (any_material(c.misstatements, last->figures)) return Reason::misstatement_is_material;
    if (c.opinion == Opinion::verified && !c.misstatements.empty())
        return Reason::misstatements_left;
    if (c.opinion == Opinion::qualified && c.misstatements.empty())
        return Reason::misstatement_missing;
    return {};
}

void fold(State& state, const Done& done, const VerifyReport& c) {
    ReportEntry* last = last_report(state, {.participant = c.participant, .year = c.year});
    if (last == nullptr) return;
    last->state = c.opinion == Opinion::verified    ? ReportState::verified
                  : c.opinion == Opinion::qualified ? ReportState::qualified
                                                    : ReportState::not_verified;
    last->verified = done.at;
    last->verifier = last->report.verifier;
    last->opinion = c.statement;
    last->misstatements = c.misstatements;
}

// ---- the operator

Decision decide(const Look& look, const FinaliseReport& c) {
    const ParticipantYear whose{.participant = c.participant, .year = c.year};
    const auto found = look.state.monitoring.reports.find(whose);
    const ReportEntry* last = last_report(look.state, whose);
    if (last == nullptr ||
        (last->state != ReportState::verified && last->state != ReportState::qualified) ||
        static_cast<std::uint64_t>(c.version) != found->second.size())
        return Reason::report_not_verified;
    // A change of control since the opinion may have made the verifier one of the group.
    if (const Reason reason = check_independence(look.state, last->verifier, c.participant, {});
        reason != Reason::ok)
        return reason;
    if (const Reason reason = check_statements(look.state, whose, *last); reason != Reason::ok)
        return reason;
    Decision out;
    out.postings = releases(look, reported(whose));
    return out;
}

void fold(State& state, const Done& done, const FinaliseReport& c) {
    const ParticipantYear whose{.participant = c.participant, .year = c.year};
    const auto found = state.monitoring.reports.find(whose);
    if (found == state.monitoring.reports.end() || found->second.empty()) return;
    for (ReportEntry& entry : found->second)
        if (entry.state == ReportState::final) entry.state = ReportState::superseded;
    ReportEntry& last = found->second.back();
    last.state = ReportState::final;
    last.finalised = done.at;
    keep_figures(state,
                 {.participant = c.participant,
                  .year = c.year,
                  .version = 0,
                  .obligated = last.figures.obligated,
                  .central = last.figures.central,
                  .output = last.figures.output,
                  .sample_eligible = last.figures.sample_eligible,
                  .determined = false,
                  .at = done.at});
}

Decision decide(const Look& look, const Determine& c) {
    if (c.reason.empty()) return Reason::reason_missing;
    if (c.reason.size() > kMaxText) return Reason::text_too_long;
    if (!is_obligated(look.state, c.participant)) return Reason::participant_not_obligated;
    const auto year = look.state.monitoring.years.find(c.year);
    if (year == look.state.monitoring.years.end()) return Reason::year_not_opened;
    if (!operates_in(look.state, {.participant = c.participant, .year = c.year}))
        return Reason::participant_ceased;
    if (look.now < year->second.report_due) return Reason::report_not_overdue;
    const FinalFigures* figures =
        final_figures(look.state.monitoring, {.participant = c.participant, .year = c.year});
    if (figures != nullptr && !figures->determined) return Reason::report_final;
    if (!is_energy(c.obligated)) return Reason::energy_invalid;
    const auto& classes = rules_of_year(look.state, c.year).benchmark.classes;
    if (c.output.size() > classes.size()) return Reason::service_class_unknown;
    for (std::size_t i = 0; i < c.output.size(); ++i) {
        const bool known =
            std::any_of(classes.begin(), classes.end(), [&](const ServiceClass& one) {
                return one.name == c.output[i].service_class;
            });
        const bool in_order = i == 0 || c.output[i - 1].service_class < c.output[i].service_class;
        if (!known || !in_order) return Reason::service_class_unknown;
    }
    Decision out;
    out.postings = releases(look, reported({.participant = c.participant, .year = c.year}));
    return out;
}

void fold(State& state, const Done& done, const Determine& c) {
    state.monitoring.determined[{.participant = c.participant, .year = c.year}].push_back(
        {.said = c, .at = done.at});
    keep_figures(state,
                 {.participant = c.participant,
                  .year = c.year,
                  .version = 0,
                  .obligated = c.obligated,
                  .central = c.obligated,
                  .output = c.output,
                  .sample_eligible = false,
                  .determined = true,
                  .at = done.at});
}

}  // namespace abate::scheme
