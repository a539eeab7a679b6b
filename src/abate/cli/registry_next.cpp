#include "abate/cli/registry_next.h"

#include "abate/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace abate::cli {
namespace {

using scheme::AccountId;
using scheme::ParticipantId;
using scheme::ParticipantYear;
using MatterRow = nlohmann::ordered_json;

// What one participant has to do, gathered in order.
class NextSteps {
  public:
    NextSteps(const Office& office, ParticipantId whose)
        : office_(office),
          state_(office.state()),
          whose_(whose),
          title_(office.name_of(whose)),
          word_(shell_word(title_)),
          now_(office.moment()) {}

    std::vector<NextStep> take() {
        add_proposals();
        const auto found = state_.participants.find(whose_);
        if (found == state_.participants.end()) return std::move(out_);
        if (found->second.sort == scheme::ParticipantSort::verifier) {
            add_opinions();
            return std::move(out_);
        }
        if (scheme::is_obligated(found->second.sort)) {
            add_ceasing();
            add_plan();
            for (const auto& [year, period] : state_.period.years) add_report(year, period);
        }
        for (const auto& [of, one] : state_.compliance.obligations)
            if (of.participant == whose_) add_surrender(of, one);
        add_debt();
        for (const auto& [of, penalty] : state_.compliance.penalties)
            if (of.participant == whose_) add_penalty(of, penalty);
        return std::move(out_);
    }

  private:
    void add(NextStep step) {
        step.overdue = step.due && *step.due <= now_;
        out_.push_back(std::move(step));
    }

    void add_proposals() {
        for (const auto& [id, proposal] : state_.proposals) {
            if (proposal.state != scheme::ProposalState::waiting) continue;
            const auto key = state_.keys.find(proposal.by);
            if (key == state_.keys.end() || key->second.grant.participant != whose_) continue;
            add({.who = title_,
                 .what = fmt::format("a second person approves {}, which {} proposed",
                                     scheme::name_of(proposal.command),
                                     key->second.grant.holder),
                 .command = "approve " + report::id_text(id),
                 .due = proposal.lapses});
        }
    }

    void add_opinions() {
        for (const auto& [of, versions] : state_.monitoring.reports) {
            if (versions.empty() || versions.back().report.verifier != whose_ ||
                versions.back().state != scheme::ReportState::submitted)
                continue;
            add(opinion_on(of));
        }
    }

    [[nodiscard]] NextStep opinion_on(const ParticipantYear& of) const {
        const scheme::ReportEntry& last = state_.monitoring.reports.at(of).back();
        const std::string whose = shell_word(office_.name_of(of.participant));
        return {.year = of.year,
                .who = office_.name_of(last.report.verifier),
                .what = fmt::format("give an opinion on the report of {}, or return it",
                                    office_.name_of(of.participant)),
                .command = fmt::format(
                    "verify-report {} {} --opinion verified --statement TEXT", whose, of.year),
                .due = report_due(of.year)};
    }

    [[nodiscard]] std::optional<Timestamp> report_due(std::int64_t year) const {
        const auto found = state_.monitoring.years.find(year);
        if (found == state_.monitoring.years.end()) return std::nullopt;
        return found->second.report_due;
    }

    void add_ceasing() {
        const auto asked = state_.cessations.find(whose_);
        if (asked == state_.cessations.end() || asked->second.year != 0) return;
        add({.who = "an operator",
             .what = fmt::format("accept that it has ceased ({})", asked->second.reason),
             .command = "cease accept " + word_});
    }

    void add_plan() {
        if (scheme::cessation_of(state_, whose_) != nullptr) return;
        if (state_.monitoring.activities.count(whose_) == 0)
            add({.who = "two operators",
                 .what = "record which covered activities it does",
                 .command = fmt::format("activities {} --activity NAME", word_)});
        const auto plans = state_.monitoring.plans.find(whose_);
        if (plans == state_.monitoring.plans.end() || plans->second.empty()) {
            add({.who = title_,
                 .what = "submit a monitoring plan",
                 .command = "plan submit PLAN.toml"});
            return;
        }
        const scheme::PlanEntry& last = plans->second.back();
        if (last.state == scheme::PlanState::returned)
            add({.who = title_,
                 .what = fmt::format("submit the plan again: version {} was returned ({})",
                                     plans->second.size(),
                                     last.returned_because),
                 .command = "plan submit PLAN.toml"});
        if (last.state == scheme::PlanState::submitted)
            add({.who = "an operator",
                 .what = fmt::format("approve version {} of the plan, or return it",
                                     plans->second.size()),
                 .command = "plan approve " + word_});
    }

    void add_report(std::int64_t year, const scheme::Period& period) {
        const ParticipantYear of{.participant = whose_, .year = year};
        if (!scheme::operates_in(state_, of)) return;
        const auto reports = state_.monitoring.reports.find(of);
        const scheme::ReportEntry* last =
            reports == state_.monitoring.reports.end() || reports->second.empty()
                ? nullptr
                : &reports->second.back();
        const scheme::ReportState stage =
            last == nullptr ? scheme::ReportState::draft : last->state;
        const bool has_figures = scheme::final_figures(state_.monitoring, of) != nullptr;
        const Timestamp due = period.moments.report_due;
        std::string what;
        switch (stage) {
            case scheme::ReportState::submitted:
                return add(opinion_on(of));
            case scheme::ReportState::verified:
            case scheme::ReportState::qualified:
                return add({.year = year,
                            .who = "two operators",
                            .what = "make the report final",
                            .command = fmt::format("report finalise {} {}", word_, year),
                            .due = due});
            case scheme::ReportState::returned:
                what = fmt::format("submit the report again: it was returned ({})",
                                   last->returned_because);
                break;
            case scheme::ReportState::not_verified:
                what = "submit a corrected report: the last was not verified";
                break;
            case scheme::ReportState::final:
            case scheme::ReportState::superseded:
                return;
            case scheme::ReportState::draft:
                if (has_figures) return;
                what = now_ < period.moments.end
                           ? fmt::format("submit a report, when the year is over ({})",
                                         to_rfc3339(period.moments.end))
                           : "submit a report";
                break;
        }
        add({.year = year,
             .who = title_,
             .what = what,
             .command = has_figures ? "report restate REPORT.toml --reason WHY"
                                    : "report submit REPORT.toml",
             .due = has_figures ? std::nullopt : std::optional(due)});
        if (!has_figures && due <= now_)
            add({.year = year,
                 .who = "two operators",
                 .what = "or determine the figures without a final report",
                 .command =
                     fmt::format("determine {} {} --energy-kwh KWH --reason WHY", word_, year)});
    }

    void add_surrender(const ParticipantYear& of, const scheme::Obligation& one) {
        const std::int64_t left = scheme::outstanding_allowances(state_, of);
        if (left <= 0) return;
        const scheme::Period* period = scheme::find_period(state_, of.year);
        const AccountId from =
            scheme::first_account(state_, whose_, scheme::AccountKind::compliance);
        if (from == AccountId{})
            return add({.year = of.year,
                        .who = "an operator",
                        .what = "open a compliance account to surrender from",
                        .command = fmt::format("account open {} --kind compliance", word_)});
        const std::optional<Timestamp> due = one.fixed || period == nullptr
                                                 ? std::nullopt
                                                 : std::optional(period->moments.surrender_due);
        Int128 there = 0;
        if (const auto view = office_.books().account(from))
            for (const registry::Balance& balance : view->balances)
                if (balance.asset != registry::Asset::cash) there += balance.available();
        const std::string account = shell_word(office_.name_of(from));
        if (there < left) {
            const AccountId holding =
                scheme::first_account(state_, whose_, scheme::AccountKind::holding);
            add({.year = of.year,
                 .who = title_,
                 .what = fmt::format("bring {} more to the compliance account",
                                     grouped(Int128{left} - there)),
                 .command = fmt::format(
                     "transfer --from {} --to {} --vintage {} --quantity {}",
                     holding == AccountId{} ? "ACCOUNT" : shell_word(office_.name_of(holding)),
                     account,
                     of.year,
                     Int128{left} - there),
                 .due = due});
        }
        add({.year = of.year,
             .who = title_,
             .what = fmt::format(
                 "{} {}",
                 one.fixed ? "make good what was missing at the deadline: surrender" : "surrender",
                 grouped(left)),
             .command =
                 fmt::format("surrender --from {} --year {} --quantity {}", account, of.year, left),
             .due = due});
    }

    // What a claw-back found not to be there.
    void add_debt() {
        const AccountId deficit =
            scheme::first_account(state_, whose_, scheme::AccountKind::deficit);
        const auto view = office_.books().account(deficit);
        if (deficit == AccountId{} || !view) return;
        const AccountId holding =
            scheme::first_account(state_, whose_, scheme::AccountKind::holding);
        for (const registry::Balance& one : view->balances)
            if (one.posted < 0)
                add({.who = title_,
                     .what = fmt::format("give back {} of {}, which it did not earn",
                                         grouped(-Int128{one.posted}),
                                         static_cast<std::uint32_t>(one.asset)),
                     .command = fmt::format(
                         "transfer --from {} --to {} --vintage {} --quantity {}",
                         holding == AccountId{} ? "ACCOUNT" : shell_word(office_.name_of(holding)),
                         shell_word(office_.name_of(deficit)),
                         static_cast<std::uint32_t>(one.asset),
                         -Int128{one.posted})});
    }

    void add_penalty(const ParticipantYear& of, const scheme::Penalty& penalty) {
        const std::string sum = fmt::format(
            "{} {}", money_text(scheme::exact_penalty_micro(state_, of)), state_.rules.currency);
        if (penalty.stage == scheme::PenaltyStage::notified) {
            if (penalty.objection.empty() && now_ < penalty.objections_until)
                add({.year = of.year,
                     .who = title_,
                     .what = fmt::format("object to the penalty of {}, or let it stand", sum),
                     .command = fmt::format("penalty object {} TEXT", of.year),
                     .due = penalty.objections_until});
            add({.year = of.year,
                 .who = "two operators",
                 .what = fmt::format("uphold the penalty of {}, or cancel it, from {} on",
                                     sum,
                                     to_rfc3339(penalty.objections_until)),
                 .command = fmt::format("penalty finalise {} {} --reason WHY", word_, of.year)});
        } else if (penalty.stage == scheme::PenaltyStage::upheld) {
            const AccountId cash = scheme::first_account(state_, whose_, scheme::AccountKind::cash);
            add({.year = of.year,
                 .who = title_,
                 .what = fmt::format("pay the penalty of {}", sum),
                 .command = fmt::format(
                     "penalty pay {} --from {}",
                     of.year,
                     cash == AccountId{} ? "ACCOUNT" : shell_word(office_.name_of(cash)))});
        }
    }

    const Office& office_;
    const scheme::State& state_;
    ParticipantId whose_;
    std::string title_;
    std::string word_;
    Timestamp now_;
    std::vector<NextStep> out_;
};

bool is_of(const scheme::State& state, AccountId account, ParticipantId whose) {
    const auto found = state.accounts.find(account);
    return found != state.accounts.end() && found->second.participant == whose;
}

std::vector<WaitingMatter> waiting_proposals(const Office& office,
                                             std::optional<ParticipantId> whose) {
    std::vector<WaitingMatter> out;
    for (const auto& [id, proposal] : office.state().proposals) {
        if (proposal.state != scheme::ProposalState::waiting) continue;
        const scheme::KeyGrant& by = office.state().keys.at(proposal.by).grant;
        if (whose && by.participant != *whose && scheme::participant_of(proposal.command) != *whose)
            continue;
        const std::string said = report::id_text(id);
        out.push_back(
            {.kind = Waits::proposal,
             .row = {{"id", said},
                     {"by", by.holder},
                     {"lapses_at", to_rfc3339(proposal.lapses)},
                     {"command", MatterRow::parse(report::command_json(proposal.command))}},
             .line = fmt::format(
                 "{}  by {}, lapses {}", said, plain_line(by.holder), to_rfc3339(proposal.lapses)),
             .next = plain_line(report::command_text(proposal.command))});
    }
    return out;
}

std::vector<WaitingMatter> waiting_moves(const Office& office, std::optional<ParticipantId> whose) {
    const scheme::State& state = office.state();
    std::vector<WaitingMatter> out;
    for (const auto& [id, waiting] : state.transfers) {
        const scheme::Transfer& of = waiting.transfer;
        if (waiting.state != scheme::WaitState::waiting) continue;
        if (whose && of.participant != *whose && !is_of(state, of.to, *whose)) continue;
        const Timestamp until =
            scheme::after_hours(waiting.due, -state.rules.rights.cancel_before_h);
        const std::string said = report::id_text(id);
        out.push_back({.kind = Waits::transfer,
                       .row = {{"id", said},
                               {"from", office.name_of(of.from)},
                               {"to", office.name_of(of.to)},
                               {"vintage", of.vintage},
                               {"quantity", of.quantity},
                               {"done_at", to_rfc3339(waiting.due)},
                               {"cancel_before", to_rfc3339(until)}},
                       .line = fmt::format("{}  {} -> {}, {} of {}, done {}",
                                           said,
                                           plain_line(office.name_of(of.from)),
                                           plain_line(office.name_of(of.to)),
                                           grouped(of.quantity),
                                           of.vintage,
                                           to_rfc3339(waiting.due)),
                       .next = office.moment() < until
                                   ? fmt::format("to stop it, before {}: abate registry cancel {}",
                                                 to_rfc3339(until),
                                                 said)
                                   : "it is too late to stop it"});
    }
    for (const auto& [id, waiting] : state.withdrawals) {
        const scheme::WithdrawCash& of = waiting.asked;
        if (waiting.state != scheme::WaitState::waiting || (whose && of.participant != *whose))
            continue;
        const std::string said = report::id_text(id);
        out.push_back({.kind = Waits::withdrawal,
                       .row = {{"id", said},
                               {"account", office.name_of(of.account)},
                               {"amount_micro", of.amount_micro},
                               {"bank_account", of.bank_account},
                               {"asked_at", to_rfc3339(waiting.at)}},
                       .line = fmt::format("{}  {}, {} {} to {}, asked {}",
                                           said,
                                           plain_line(office.name_of(of.account)),
                                           money_text(of.amount_micro),
                                           plain_line(state.rules.currency),
                                           plain_line(of.bank_account),
                                           to_rfc3339(waiting.at)),
                       .next = fmt::format("when the bank has paid: abate registry cash settle {} "
                                           "--reference ITS-OWN, or --refuse",
                                           said)});
    }
    return out;
}

std::vector<WaitingMatter> waiting_documents(const Office& office,
                                             std::optional<ParticipantId> whose) {
    const scheme::MonitoringState& monitoring = office.state().monitoring;
    std::vector<WaitingMatter> out;
    for (const auto& [of, versions] : monitoring.plans) {
        if (versions.empty() || versions.back().state != scheme::PlanState::submitted ||
            (whose && of != *whose))
            continue;
        const std::string name = office.name_of(of);
        out.push_back({.kind = Waits::plan,
                       .row = {{"participant", name},
                               {"version", versions.size()},
                               {"submitted_at", to_rfc3339(versions.back().submitted)}},
                       .line = fmt::format("{}, version {}, submitted {}",
                                           plain_line(name),
                                           versions.size(),
                                           to_rfc3339(versions.back().submitted)),
                       .next = fmt::format("an operator: abate registry plan approve {0}, or plan "
                                           "return {0} --reason WHY",
                                           shell_word(name))});
    }
    for (const auto& [of, versions] : monitoring.reports) {
        if (versions.empty()) continue;
        const scheme::ReportEntry& last = versions.back();
        const bool verified = last.state == scheme::ReportState::verified ||
                              last.state == scheme::ReportState::qualified;
        if (!verified && last.state != scheme::ReportState::submitted) continue;
        if (whose && of.participant != *whose && last.report.verifier != *whose) continue;
        const std::string name = office.name_of(of.participant);
        const std::string word = shell_word(name);
        out.push_back(
            {.kind = Waits::report,
             .row = {{"participant", name},
                     {"year", of.year},
                     {"version", versions.size()},
                     {"state", to_string(last.state)},
                     {"verifier", office.name_of(last.report.verifier)},
                     {"submitted_at", to_rfc3339(last.submitted)}},
             .line = fmt::format("{} {}, version {}, {}, submitted {}",
                                 plain_line(name),
                                 of.year,
                                 versions.size(),
                                 word_of(last.state),
                                 to_rfc3339(last.submitted)),
             .next = verified
                         ? fmt::format(
                               "two operators: abate registry report finalise {} {}", word, of.year)
                         : fmt::format("{}: abate registry verify-report {} {} --opinion OPINION "
                                       "--statement TEXT",
                                       plain_line(office.name_of(last.report.verifier)),
                                       word,
                                       of.year)});
    }
    return out;
}

std::vector<WaitingMatter> waiting_requests(const Office& office,
                                            std::optional<ParticipantId> whose) {
    std::vector<WaitingMatter> out;
    for (const auto& [of, one] : office.state().cessations) {
        if (one.year != 0 || (whose && of != *whose)) continue;
        const std::string name = office.name_of(of);
        out.push_back(
            {.kind = Waits::cease_request,
             .row = {{"participant", name},
                     {"ceased", to_rfc3339(one.ceased)},
                     {"reason", one.reason},
                     {"requested_at", to_rfc3339(one.requested)}},
             .line = fmt::format("{}, ceased {} ({}), asked {}",
                                 plain_line(name),
                                 to_rfc3339(one.ceased),
                                 plain_line(one.reason),
                                 to_rfc3339(one.requested)),
             .next = fmt::format("an operator: abate registry cease accept {}", shell_word(name))});
    }
    return out;
}

struct WaitsWords {
    const char* key;
    const char* one;
    const char* many;
    const char* heading;
};

WaitsWords words_of(Waits kind) {
    switch (kind) {
        case Waits::proposal:
            return {"proposals",
                    "proposal for a second person",
                    "proposals for a second person",
                    "Proposals, for a second person"};
        case Waits::transfer:
            return {"transfers",
                    "transfer for its time",
                    "transfers for their time",
                    "Transfers, for their time"};
        case Waits::withdrawal:
            return {"withdrawals",
                    "withdrawal for the bank",
                    "withdrawals for the bank",
                    "Withdrawals, for the bank"};
        case Waits::plan:
            return {
                "plans", "plan for an operator", "plans for an operator", "Plans, for an operator"};
        case Waits::report:
            return {"reports",
                    "report for its verifier or the operators",
                    "reports for their verifier or the operators",
                    "Reports, for their verifier or the operators"};
        case Waits::cease_request:
            return {"cease_requests",
                    "request to cease for an operator",
                    "requests to cease for an operator",
                    "Requests to cease, for an operator"};
    }
    return {};
}

}  // namespace

std::vector<NextStep> next_steps(const Office& office, ParticipantId whose) {
    return NextSteps(office, whose).take();
}

void print_next_steps(const std::vector<NextStep>& steps) {
    if (steps.empty()) fmt::print("  nothing is to be done now\n");
    for (const NextStep& step : steps) {
        fmt::print("  {:4}  {}: {}{}\n",
                   step.year == 0 ? "" : fmt::format("{}", step.year),
                   plain_line(step.who),
                   plain_line(step.what),
                   !step.due      ? ""
                   : step.overdue ? ", OVERDUE: was due " + to_rfc3339(*step.due)
                                  : ", before " + to_rfc3339(*step.due));
        fmt::print("          abate registry {}\n", plain_line(step.command));
    }
}

nlohmann::ordered_json next_steps_json(const std::vector<NextStep>& steps) {
    MatterRow rows = MatterRow::array();
    for (const NextStep& step : steps)
        rows.push_back({{"year", step.year == 0 ? MatterRow() : MatterRow(step.year)},
                        {"who", step.who},
                        {"what", step.what},
                        {"command", "abate registry " + step.command},
                        {"due", step.due ? MatterRow(to_rfc3339(*step.due)) : MatterRow()},
                        {"overdue", step.overdue}});
    return rows;
}

std::vector<WaitingMatter> what_waits(const Office& office, std::optional<ParticipantId> whose) {
    std::vector<WaitingMatter> out = waiting_proposals(office, whose);
    for (const auto& some : {waiting_moves(office, whose),
                             waiting_documents(office, whose),
                             waiting_requests(office, whose)})
        out.insert(out.end(), some.begin(), some.end());
    return out;
}

nlohmann::ordered_json waits_json(const std::vector<WaitingMatter>& all) {
    MatterRow out = MatterRow::object();
    for (const Waits kind : kAllWaits) out[words_of(kind).key] = MatterRow::array();
    for (const WaitingMatter& one : all) out[words_of(one.kind).key].push_back(one.row);
    return out;
}

std::string waits_text(const std::vector<WaitingMatter>& all) {
    std::string out;
    for (const Waits kind : kAllWaits) {
        const auto count = std::count_if(
            all.begin(), all.end(), [&](const WaitingMatter& one) { return one.kind == kind; });
        if (count == 0) continue;
        const WaitsWords words = words_of(kind);
        out += fmt::format(
            "{}{} {}", out.empty() ? "" : ", ", count, count == 1 ? words.one : words.many);
    }
    return out;
}

void print_waits(const std::vector<WaitingMatter>& all) {
    std::optional<Waits> last;
    for (const WaitingMatter& one : all) {
        if (one.kind != last) fmt::print("{}\n", words_of(one.kind).heading);
        last = one.kind;
        fmt::print("  {}\n    {}\n", one.line, one.next);
    }
}

std::string why_blocked(const Office& office, AccountId account) {
    const auto found = office.state().monitoring.blocked.find(account);
    const auto entry = office.state().accounts.find(account);
    if (found == office.state().monitoring.blocked.end() || found->second.empty() ||
        entry == office.state().accounts.end())
        return "";
    std::string years;
    for (const std::int64_t year : found->second)
        years += fmt::format("{}{}", years.empty() ? "" : ", ", year);
    return fmt::format("no final figures of {}; what opens it: abate registry steps {}",
                       years,
                       shell_word(office.name_of(entry->second.participant)));
}

std::map<AccountId, std::string> why_restricted(Office& office) {
    std::map<AccountId, std::string> out;
    bool by_somebody = false;
    for (const auto& [id, entry] : office.state().accounts) {
        const auto view = office.books().account(id);
        if (!view || (view->status != scheme::AccountStatus::blocked &&
                      view->status != scheme::AccountStatus::frozen))
            continue;
        out[id] = why_blocked(office, id);
        by_somebody = by_somebody || out[id].empty();
    }
    if (!by_somebody) return out;
    std::map<AccountId, std::string> said;
    office.for_each_command([&](const scheme::Event& event, const scheme::Command& command) {
        const auto* restrict = std::get_if<scheme::RestrictAccount>(&command);
        if (restrict == nullptr || event.reason != scheme::Reason::ok) return;
        const auto key = office.state().keys.find(event.envelope.key);
        said[restrict->account] =
            fmt::format("by {}, {}{}; what opens it: abate registry account release {}",
                        key == office.state().keys.end() ? "?" : key->second.grant.holder,
                        to_rfc3339(event.at),
                        restrict->reason.empty() ? "" : fmt::format(" ({})", restrict->reason),
                        shell_word(office.name_of(restrict->account)));
    });
    for (auto& [id, why] : out)
        if (why.empty()) why = said[id];
    return out;
}

void print_restricted(const Office& office,
                      const std::map<AccountId, std::string>& why,
                      ParticipantId whose) {
    for (const auto& [id, reason] : why)
        if (is_of(office.state(), id, whose))
            fmt::print("  {} is {}: {}\n",
                       plain_line(office.name_of(id)),
                       registry::to_string(office.books().account(id)->status),
                       plain_line(reason));
}

}  // namespace abate::cli
