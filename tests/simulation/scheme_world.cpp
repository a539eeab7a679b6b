#include "simulation/scheme_world.h"

#include "abate/engine/year_test_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

#include "simulation/scheme_model.h"

namespace abate::simulation {
namespace {

using engine::kDeskStart;
using engine::kKwhUj;
using engine::kWork;
using engine::YearDesk;
using scheme::AccountId;
using scheme::Approve;
using scheme::Command;
using scheme::Envelope;
using scheme::ParticipantId;
using scheme::Reason;
using scheme::TransferId;

scheme::Rules rules_of_the_game(const ModelRules& model) {
    scheme::Rules rules = engine::year_rules();
    rules.cap.reduction_per_year = model.reduction_per_year;
    rules.compliance.penalty_micro_per_allowance = model.penalty_micro;
    rules.rights.outside_delay_days = model.outside_days;
    rules.rights.trusted_delay_days = model.trusted_days;
    rules.coverage.activities = {"inference"};
    rules.monitoring.tiers = {{.category = "A",
                               .above_allowances = 0,
                               .permitted_uncertainty = {75'000},
                               .materiality = {50'000}}};
    rules.monitoring.output_materiality = {50'000};
    rules.auction.auctions = true;
    rules.auction.lot = 1;
    rules.auction.tick_micro = 1;
    rules.auction.on_shortfall = scheme::Shortfall::cancel;
    rules.auction.respread_auctions = 2;
    return rules;
}

constexpr std::uint64_t kVerifierFirm = 50;

scheme::MonitoringPlan plan_of_a_hall() {
    using scheme::MeterScope;
    return {.first_year = 2027,
            .boundary = "the hall",
            .gap_method = "the highest hour of the month",
            .controls = "two people read the meters",
            .sites = {{.name = "hall",
                       .meters = {{"utility", MeterScope::site, {20'000}, "C-1"},
                                  {"pdu", MeterScope::it, {10'000}, "C-2"},
                                  {"office", MeterScope::uncovered, {20'000}, "C-3"}}}},
            .counters = {{.name = "gateway", .service_class = "text", .uncertainty = {1'000}}}};
}

class SchemeWorld final : public World {
  public:
    explicit SchemeWorld(bool wrong_amount) : wrong_amount_(wrong_amount) {
        script_.emplace_back([this](const scheme::State&, Dice& dice) { begin(dice); });
    }

    std::vector<Submission> next(Dice& dice, const engine::Engine& engine) override {
        // A batch that was not acknowledged is sent again, as it was, before anything else.
        if (batch_.empty()) {
            patient_ = true;
            while (batch_.empty()) {
                if (script_.empty()) {
                    disturb(dice);  // the years are over
                    break;
                }
                const Step step = std::move(script_.front());
                script_.pop_front();
                step(engine.scheme().state(), dice);
            }
        }
        std::vector<Submission> out;
        out.reserve(batch_.size());
        for (const Envelope& envelope : batch_) out.push_back({.envelope = envelope});
        return out;
    }

    Timestamp clock(Dice& dice) override {
        if (in_doubt_) return {doubt_us_};
        // Set back for a while; whoever waits for a date is not disturbed by it.
        if (!patient_ && dice.percent(8)) return {now_us_ - dice.between(1, 72) * kModelHourUs};
        return {now_us_};
    }

    void heard(const Round& round) override {
        const std::int64_t at = std::max(round.last.us, round.clock.us);
        switch (landed(round)) {
            case Landed::no:
                return;
            case Landed::maybe:
                in_doubt_ = true;
                doubt_us_ = at;
                return;
            case Landed::yes:
                break;
        }
        SchemeModel after = model_;
        const std::vector<SchemeModel::Said> fresh = after.apply(batch_, at);
        std::vector<SchemeModel::Said> again = fresh;
        for (SchemeModel::Said& said : again) said = retried(said);
        const std::string wrong = mismatch(round, fresh);
        require(wrong.empty() || (in_doubt_ && mismatch(round, again).empty()), wrong);
        model_ = std::move(after);
        for (const Envelope& envelope : batch_) past_.push_back(envelope);
        batch_.clear();
        in_doubt_ = false;
    }

    void look(const engine::Engine& engine, bool thorough) override {
        if (in_doubt_) return;
        const auto wrong = model_.differs(engine, thorough);
        require(!wrong, wrong.value_or(""));
    }

    bool over() const override { return batch_.empty() && script_.empty(); }

  private:
    using Step = std::function<void(const scheme::State&, Dice&)>;

    // What a command that was done before is answered.
    static SchemeModel::Said retried(const SchemeModel::Said& said) {
        const auto exists = scheme::from_registry(registry::Reason::exists);
        const auto failed = scheme::from_registry(registry::Reason::id_already_failed);
        const int number = static_cast<int>(said.reason);
        if (said.reason == Reason::ok) return {exists};
        if (said.reason == exists || said.reason == failed) return said;
        return number < 1000 || number >= 1020 ? SchemeModel::Said{failed} : said;
    }

    std::string mismatch(const Round& round, const std::vector<SchemeModel::Said>& expected) const {
        for (std::size_t i = 0; i < batch_.size(); ++i) {
            const auto& reply = round.heard[i];
            if (!reply || reply->status != node::Status::done) continue;
            const SchemeModel::Said said{reply->answer.reason, reply->answer.proposed};
            if (said == expected[i]) continue;
            const auto command = scheme::decode_command(batch_[i].body);
            return fmt::format("{} {}.{} was answered {}{}, not {}{}",
                               command ? scheme::name_of(*command) : "no command",
                               batch_[i].id.high,
                               batch_[i].id.low,
                               to_string(said.reason),
                               said.proposed ? " (proposed)" : "",
                               to_string(expected[i].reason),
                               expected[i].proposed ? " (proposed)" : "");
        }
        return "";
    }

    // ---- asking

    const scheme::KeyPair& key(const std::string& name) {
        const auto found = keys_.find(name);
        if (found != keys_.end()) return found->second;
        scheme::KeySeed seed{};
        for (std::size_t i = 0; i < name.size() && i < seed.size(); ++i)
            seed[i] = static_cast<std::uint8_t>(name[i]);
        return keys_.emplace(name, scheme::key_pair_of(seed)).first->second;
    }
    TransferId sign(const std::string& who, const Command& command) {
        const TransferId id{.high = 1, .low = ++ids_};
        batch_.push_back(
            scheme::sign_command(key(who), {.tenant_id = 1, .scheme_id = 1}, id, command));
        return id;
    }
    // Asked by one and approved by the other.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in their order
    TransferId both(const std::string& who, const std::string& second, const Command& command) {
        const TransferId id = sign(who, command);
        sign(second, Approve{.proposal = id});
        return id;
    }
    TransferId operators(const Command& command) { return both("ada", "bo", command); }
    void release_all() {
        for (const std::uint64_t account : model_.frozen())
            operators(scheme::ReleaseAccount{.account = AccountId{account}, .reason = ""});
    }
    static std::string person(std::uint64_t firm, int which) {
        return fmt::format("f{}-{}", firm, which);
    }

    // ---- the years

    void then(Step step) { script_.push_back(std::move(step)); }
    // The same before what is planned already.
    void wait(std::int64_t until_us, int rounds);
    void begin(Dice& dice);
    void admit(std::uint64_t firm);
    void admit_verifier();
    void open_year(std::int64_t year);
    void allocate(std::int64_t year);
    void close_year(std::int64_t year, bool more);
    void surrender(std::int64_t year, std::uint64_t firm, Dice& dice);
    void settle_penalties(std::int64_t year);
    void report_year(std::int64_t year);
    void examine(std::int64_t year, Dice& dice);
    void restate(std::int64_t year);
    void claw_back();
    [[nodiscard]] scheme::MonitoringReport report_of(std::uint64_t firm,
                                                     std::int64_t year,
                                                     Dice& dice) const;

    // ---- what else happens

    void traffic(Dice& dice);
    void any_act(Dice& dice);
    void move_allowances(Dice& dice, std::uint64_t firm);
    void move_money(Dice& dice, std::uint64_t firm);
    void auction(Dice& dice, std::uint64_t firm);
    // Where one opens before then: into it, with some bids.
    bool to_a_window(Dice& dice, std::int64_t until_us);
    void attend_proposal(Dice& dice, std::uint64_t firm);
    void disturb(Dice& dice);
    void firm_asks(Dice& dice, std::uint64_t firm, const Command& command);

    bool wrong_amount_;
    SchemeModel model_;
    std::map<std::string, scheme::KeyPair> keys_;
    std::uint64_t ids_ = 0;
    std::int64_t now_us_ = kDeskStart.us;
    std::deque<Step> script_;
    std::vector<Envelope> batch_;
    bool patient_ = true;
    bool in_doubt_ = false;
    std::int64_t doubt_us_ = 0;
    std::vector<Envelope> past_;
    std::uint64_t firms_ = 3;
    std::map<std::uint64_t, std::uint64_t> gflop_;
    std::map<std::uint64_t, std::uint64_t> aj_per_flop_;
    std::vector<std::int64_t> open_years_;
    int references_ = 0;
    std::int64_t prices_ = 0;  // so that no two bids have the same
};

// Some rounds of traffic until then; they are put before what is planned.
void SchemeWorld::wait(std::int64_t until_us, int rounds) {
    then([this, until_us, rounds](const scheme::State&, Dice& dice) {
        if (now_us_ >= until_us) {
            now_us_ += kSecondUs;
            return;
        }
        if (rounds > 0) {
            // To a window that opens, where bids come in; else
            if (to_a_window(dice, until_us)) {
                traffic(dice);
                std::deque<Step> rest = std::exchange(script_, {});
                wait(until_us, rounds);
                for (Step& step : rest) script_.push_back(std::move(step));
                return;
            }
            // by hours, in which proposals and transfers wait, or by days.
            std::int64_t most = (until_us - now_us_) / rounds;
            if (dice.percent(60)) most = std::min(most, 20 * kModelHourUs);
            now_us_ += dice.between(1, std::max<std::int64_t>(1, most));
            // Now and then it is nearly noon of the day on which a transfer is done.
            if (dice.percent(15) && !model_.waiting().empty()) {
                const auto& [id, last] = *std::prev(model_.waiting().end());
                if (last.due_us > now_us_ && last.due_us < until_us) {
                    now_us_ = last.due_us - kModelHourUs + dice.between(1, 1800) * 997'003;
                    sign("ada",
                         scheme::CancelTransfer{.participant = last.transfer.participant,
                                                .transfer = id});
                }
            }
            traffic(dice);
            // Goes on with the rest before the next step of the script.
            std::deque<Step> rest = std::exchange(script_, {});
            wait(until_us, rounds - 1);
            for (Step& step : rest) script_.push_back(std::move(step));
            return;
        }
        now_us_ = until_us + dice.between(1, kSecondUs);
    });
}

bool SchemeWorld::to_a_window(Dice& dice, std::int64_t until_us) {
    if (dice.percent(20)) return false;
    for (const auto& [id, each] : model_.auctions()) {
        const std::int64_t inside = each.said.opens_at.us + dice.between(1, 1800) * 997'003;
        if (each.over || inside <= now_us_ || inside >= until_us) continue;
        now_us_ = inside;
        for (std::uint64_t n = 4 + dice.below(8); n > 0; --n) auction(dice, 1 + dice.below(firms_));
        return true;
    }
    return false;
}

void SchemeWorld::begin(Dice& dice) {
    firms_ = 2 + dice.below(2);
    const std::int64_t years = dice.between(1, 2);
    std::vector<scheme::KeyGrant> grants;
    for (const char* name : {"ada", "bo"})
        grants.push_back({.key = key(name).open,
                          .holder = name,
                          .roles = static_cast<std::uint8_t>(scheme::Role::scheme_operator)});
    sign("ada",
         scheme::FoundScheme{
             .rules = rules_of_the_game(model_.rules()), .rules_text = "", .keys = grants});

    // Working days, as if there were no holidays: noons of Monday to Friday. 2027-01-04 is a Monday.
    std::vector<std::int64_t> noons;
    std::vector<scheme::PublishCalendar> calendars;
    std::int64_t day = 0;
    for (std::int64_t year = 2027; year <= 2030; ++year) {
        scheme::PublishCalendar calendar{
            .year = year, .time_zone = "UTC", .tz_version = "test", .settle_at_us = {}};
        for (; kDeskStart.us + day * kModelDayUs < engine::new_year(year + 1).us; ++day)
            if (day % 7 < 5)
                calendar.settle_at_us.push_back(kDeskStart.us + 3 * kModelHourUs +
                                                day * kModelDayUs);
        noons.insert(noons.end(), calendar.settle_at_us.begin(), calendar.settle_at_us.end());
        calendars.push_back(std::move(calendar));
    }
    model_.settle_at(noons);
    then([this, calendars](const scheme::State&, Dice&) {
        for (const scheme::PublishCalendar& calendar : calendars) sign("bo", calendar);
    });

    std::uint64_t best = UINT64_MAX;
    for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
        gflop_[firm] = (60 + dice.below(300)) * kWork;
        aj_per_flop_[firm] = (800 + dice.below(500)) * 1000;
        best = std::min(best, aj_per_flop_[firm]);
    }
    for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
        // At 1e6 aJ/FLOP kWork is worth one allowance; the benchmark is the best firm's.
        model_.add_firm(firm,
                        {.units = static_cast<std::int64_t>(gflop_[firm] / kWork),
                         .benchmark_aj = static_cast<std::int64_t>(best)});
        then([this, firm](const scheme::State&, Dice&) { admit(firm); });
        then([this, firm](const scheme::State&, Dice&) {
            operators(YearDesk::baseline(
                firm, {.gflop = gflop_[firm], .aj_per_flop = aj_per_flop_[firm]}));
            operators(scheme::SetActivity{.rows = {{.participant = ParticipantId{firm},
                                                    .service_class = "text",
                                                    .first_year = 2025,
                                                    .last_year = 2026}}});
        });
    }
    then([this](const scheme::State&, Dice&) { admit_verifier(); });
    open_year(2027);
    allocate(2027);
    for (std::int64_t year = 2027; year < 2027 + years; ++year)
        close_year(year, year + 1 < 2027 + years);
    claw_back();
}

void SchemeWorld::admit_verifier() {
    operators(scheme::AddParticipant{.participant = ParticipantId{kVerifierFirm},
                                     .title = "vera & co",
                                     .sort = scheme::ParticipantSort::verifier,
                                     .group = scheme::GroupId{kVerifierFirm},
                                     .group_title = "vera"});
    operators(scheme::AddKey{.grant = {.key = key("vera").open,
                                       .holder = "vera",
                                       .roles = static_cast<std::uint8_t>(scheme::Role::verifier),
                                       .participant = ParticipantId{kVerifierFirm}}});
    for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
        const ParticipantId id{firm};
        operators(scheme::RecordActivities{.participant = id, .activities = {"inference"}});
        both(person(firm, 1),
             person(firm, 2),
             scheme::SubmitPlan{.participant = id, .plan = plan_of_a_hall()});
        sign("ada", scheme::ApprovePlan{.participant = id, .version = 1});
    }
}

void SchemeWorld::admit(std::uint64_t firm) {
    const std::string title = fmt::format("f{}", firm);
    const ParticipantId id{firm};
    operators(scheme::AddParticipant{
        .participant = id, .title = title, .group = scheme::GroupId{firm}, .group_title = title});
    const scheme::Role roles[] = {scheme::Role::initiator, scheme::Role::approver};
    for (int which = 1; which <= 2; ++which)
        operators(scheme::AddKey{.grant = {.key = key(person(firm, which)).open,
                                           .holder = person(firm, which),
                                           .roles = static_cast<std::uint8_t>(roles[which - 1]),
                                           .participant = id}});
    constexpr scheme::AccountKind kKinds[] = {scheme::AccountKind::holding,
                                              scheme::AccountKind::compliance,
                                              scheme::AccountKind::cash,
                                              scheme::AccountKind::deficit};
    for (std::uint64_t i = 0; i < 4; ++i)
        sign("ada",
             scheme::OpenAccount{.account = AccountId{100 + 10 * firm + i},
                                 .kind = kKinds[i],
                                 .participant = id,
                                 .title = "account"});
}

void SchemeWorld::open_year(std::int64_t year) {
    const std::int64_t days = 7 * kModelDayUs;  // the window for objections
    then([this, year](const scheme::State&, Dice&) { operators(YearDesk::moments(year)); });
    // The moment is known only when it comes: what waits is planned then.
    then([this, year](const scheme::State&, Dice&) {
        const ModelCap cap = cap_of(model_.rules(), year);
        sign("ada",
             scheme::ProposeCap{.year = year,
                                .parts = {.cap = cap.cap,
                                          .free_ceiling = cap.free_ceiling,
                                          .auction = cap.auction,
                                          .entrant_reserve = cap.entrant,
                                          .containment_reserve = cap.containment},
                                .objections_until = {now_us_ + days + kModelHourUs},
                                .text = ""});
        std::deque<Step> rest = std::exchange(script_, {});
        wait(now_us_ + days + 2 * kModelHourUs, 1);
        then([this, year](const scheme::State&, Dice&) {
            operators(YearDesk::final_of(scheme::StatementKind::cap, year));
        });
        then([this, year](const scheme::State&, Dice&) {
            operators(scheme::IssueCap{.year = year});
            open_years_.push_back(year);
        });
        for (Step& step : rest) script_.push_back(std::move(step));
    });
    then([this, year](const scheme::State& state, Dice&) {
        sign(
            "bo",
            scheme::ProposeBenchmark{
                .year = year,
                .sample_year = 2026,
                .lines = scheme::derive_benchmark(state, {.year = year, .sample_year = 2026}).value,
                .objections_until = {now_us_ + days + kModelHourUs},
                .text = ""});
        std::deque<Step> rest = std::exchange(script_, {});
        wait(now_us_ + days + 2 * kModelHourUs, 1);
        then([this, year](const scheme::State&, Dice&) {
            operators(YearDesk::final_of(scheme::StatementKind::benchmark, year));
        });
        for (Step& step : rest) script_.push_back(std::move(step));
    });
}

void SchemeWorld::allocate(std::int64_t year) {
    const std::int64_t days = 7 * kModelDayUs;
    then([this, year](const scheme::State& state, Dice&) {
        sign("ada",
             scheme::ProposeAllocation{.year = year,
                                       .table = scheme::derive_allocation(state, year).value,
                                       .objections_until = {now_us_ + days + kModelHourUs},
                                       .text = ""});
        std::deque<Step> rest = std::exchange(script_, {});
        wait(now_us_ + days + 2 * kModelHourUs, 1);
        then([this, year](const scheme::State&, Dice&) {
            operators(YearDesk::final_of(scheme::StatementKind::allocation, year));
        });
        then([this, year](const scheme::State&, Dice&) {
            release_all();  // to a frozen account nothing is issued
            scheme::IssueAllocation issue{.year = year, .participants = {}};
            for (std::uint64_t firm = 1; firm <= firms_; ++firm)
                issue.participants.push_back(ParticipantId{firm});
            operators(issue);
            if (std::exchange(wrong_amount_, false)) model_.believe_too_much(110);
        });
        for (Step& step : rest) script_.push_back(std::move(step));
    });
}

// From the allocation of a year to the end of its penalties, and between them the opening of the next.
void SchemeWorld::close_year(std::int64_t year, bool more) {
    const scheme::OpenPeriod moments = YearDesk::moments(year);
    wait(moments.end.us, 20);
    if (more) open_year(year + 1);
    report_year(year);
    wait(moments.report_due.us - kModelHourUs, 4);
    then([this](const scheme::State&, Dice&) { release_all(); });
    // Where there is no final report the operator determines, as soon as it may; where there is one, it may not.
    then([this, year, moments](const scheme::State&, Dice& dice) {
        now_us_ = std::max(now_us_, moments.report_due.us) + dice.between(1, kSecondUs);
        for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
            const std::int64_t used = dice.between(40, 260);
            const std::int64_t more_uj = dice.percent(50) ? dice.between(0, 1000) : 0;
            // Output within ten per cent: the historical level holds.
            const std::uint64_t output = gflop_[firm] / 100 * (91 + dice.below(19));
            operators(
                scheme::Determine{.participant = ParticipantId{firm},
                                  .year = year,
                                  .obligated = Microjoules(Int128{used} * kKwhUj + more_uj),
                                  .output = {{.service_class = "text", .output_gflop = output}},
                                  .reason = "no report"});
        }
    });
    if (more) allocate(year + 1);
    for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
        wait(moments.report_due.us + static_cast<std::int64_t>(firm) * 30 * kModelDayUs, 2);
        then([this, year, firm](const scheme::State&, Dice& dice) { surrender(year, firm, dice); });
    }
    wait(moments.surrender_due.us - kModelHourUs, 5);
    wait(moments.surrender_due.us, 0);
    settle_penalties(year);
}

// 5 kWh for each 4 of the computers, so that all is whole, and an office.
scheme::MonitoringReport SchemeWorld::report_of(std::uint64_t firm,
                                                std::int64_t year,
                                                Dice& dice) const {
    const std::int64_t fours = dice.between(8, 52);
    const std::int64_t office = dice.between(1, 30);
    const auto kwh = [](std::int64_t count) { return Microjoules(Int128{count} * kKwhUj); };
    const Timestamp begin = engine::new_year(year);
    scheme::MonitoringReport out{
        .year = year, .plan_version = 1, .verifier = ParticipantId{kVerifierFirm}};
    out.sites = {{.name = "hall",
                  .readings = {{.meter = "utility", .energy = kwh(5 * fours + office)},
                               {.meter = "pdu", .energy = kwh(4 * fours)}},
                  .uncovered = {{.activity = "office",
                                 .meter = "office",
                                 .energy = kwh(office),
                                 .outside_it = true,
                                 .evidence = "readings"}}}};
    // Some of it nobody recorded: that is covered all the same.
    if (const std::int64_t runs = dice.between(0, fours); runs > 0)
        out.sites[0].runs = {{.run_id = "R1",
                              .device = "gpu-a",
                              .begin = begin,
                              .end = {begin.us + 10 * kModelDayUs},
                              .energy = kwh(4 * runs),
                              .label = dice.percent(50) ? "inference" : "office"}};
    // Output within ten per cent, as where it is determined.
    const std::uint64_t units = gflop_.at(firm) / 100 * (91 + dice.below(19)) * 1'000'000;
    out.deliveries = {{.service_class = "text",
                       .counter = "gateway",
                       .buyer = scheme::GroupId{firm % firms_ + 1},
                       .served = units + 60,
                       .retries = 10,
                       .rejected_drafts = 20,
                       .cache_repeats = 30}};
    return out;
}

// Some firms report, some of them wrongly; the verifier looks, and what it lets pass becomes final.
void SchemeWorld::report_year(std::int64_t year) {
    for (int round = 0; round < 2; ++round) {
        then([this, year](const scheme::State&, Dice& dice) {
            for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
                if (dice.percent(30)) continue;
                scheme::SubmitReport submit{.participant = ParticipantId{firm},
                                            .report = report_of(firm, year, dice)};
                submit.figures = SchemeModel::figures_of(submit.report);
                if (dice.percent(10)) submit.figures.obligated -= Microjoules(1);
                firm_asks(dice, firm, submit);
            }
            if (batch_.empty()) disturb(dice);
        });
        then([this, year](const scheme::State&, Dice& dice) { examine(year, dice); });
        then([this, year](const scheme::State&, Dice& dice) {
            for (std::uint64_t firm = 1; firm <= firms_; ++firm)
                operators(scheme::FinaliseReport{
                    .participant = ParticipantId{firm},
                    .year = year,
                    .version = model_.versions({firm, year}) + (dice.percent(5) ? 1 : 0)});
        });
    }
    restate(year);
}

// Of whatever there is to examine, and of what is not there.
void SchemeWorld::examine(std::int64_t year, Dice& dice) {
    using scheme::Opinion;
    for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
        scheme::VerifyReport verify{.participant = ParticipantId{firm},
                                    .year = year,
                                    .opinion = Opinion::verified,
                                    .statement = "reasonable assurance"};
        const std::uint64_t which = dice.below(100);
        if (which < 15) {
            verify.opinion = Opinion::not_verified;
        } else if (which < 45) {
            // Of 40 to 260 kWh a twentieth is material.
            if (which < 33) verify.opinion = Opinion::qualified;
            verify.misstatements = {{.what = "a meter that was read late",
                                     .energy = Microjoules(Int128{dice.between(-6, 6)} * kKwhUj)}};
        } else if (which < 50) {
            verify.opinion = Opinion::qualified;
        }
        sign(dice.percent(95) ? "vera" : "ada", verify);
    }
}

// A firm that finds its final report wrong: the energy is another, the output the same.
void SchemeWorld::restate(std::int64_t year) {
    then([this, year](const scheme::State& state, Dice& dice) {
        for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
            if (dice.percent(60)) continue;
            scheme::RestateReport again{.participant = ParticipantId{firm},
                                        .report = report_of(firm, year, dice),
                                        .reason = "a meter was wrong"};
            const auto before =
                state.monitoring.reports.find({.participant = ParticipantId{firm}, .year = year});
            if (before != state.monitoring.reports.end())
                again.report.deliveries = before->second.back().report.deliveries;
            again.figures = SchemeModel::figures_of(again.report);
            both(person(firm, 1), person(firm, 2), again);
        }
        if (batch_.empty()) disturb(dice);
    });
    then([this, year](const scheme::State&, Dice& dice) { examine(year, dice); });
    then([this, year](const scheme::State&, Dice&) {
        for (std::uint64_t firm = 1; firm <= firms_; ++firm)
            operators(scheme::FinaliseReport{.participant = ParticipantId{firm},
                                             .year = year,
                                             .version = model_.versions({firm, year})});
    });
}

// When nothing is allocated any more, baselines turn out to have been too large: 40 to 80 % of them is true.
void SchemeWorld::claw_back() {
    then([this](const scheme::State&, Dice& dice) {
        for (std::uint64_t firm = 1; firm <= firms_; ++firm)
            if (dice.percent(60))
                operators(YearDesk::baseline(
                    firm,
                    {.gflop = gflop_[firm] / kWork *
                              static_cast<std::uint64_t>(dice.between(40, 80)) / 100 * kWork,
                     .aj_per_flop = aj_per_flop_[firm]}));
        if (batch_.empty()) disturb(dice);
    });
    for (int round = 0; round < 3; ++round) {
        then([this](const scheme::State&, Dice& dice) {
            for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
                const std::int64_t over = model_.over_allocated(firm);
                operators(scheme::ClawBack{.participant = ParticipantId{firm},
                                           .year = model_.rules().first_year,
                                           .service_class = "text",
                                           .quantity = dice.percent(15)   ? over + 1
                                                       : dice.percent(40) ? over / 2
                                                                          : over,
                                           .reason = "the baseline was wrong"});
            }
        });
        // A debt is paid by an ordinary transfer, and not more than it.
        then([this](const scheme::State&, Dice& dice) {
            traffic(dice);
            for (std::uint64_t firm = 1; firm <= firms_; ++firm)
                if (const std::int64_t debt = model_.debt(firm); debt > 0)
                    both(person(firm, 1),
                         person(firm, 2),
                         scheme::Transfer{
                             .participant = ParticipantId{firm},
                             .from = AccountId{100 + 10 * firm},
                             .to = AccountId{103 + 10 * firm},
                             .vintage = static_cast<std::int32_t>(model_.rules().first_year),
                             .quantity = dice.percent(40) ? debt + 1 : dice.between(1, debt)});
        });
    }
}

// All of what is owed, a part, or nothing; before the deadline, or to make good.
void SchemeWorld::surrender(std::int64_t year, std::uint64_t firm, Dice& dice) {
    const auto found = model_.owed().find({firm, year});
    if (found == model_.owed().end() || dice.percent(20)) return;
    const std::uint64_t holding = 100 + 10 * firm;
    std::int64_t owed = found->second.outstanding();
    if (dice.percent(30)) owed = owed / 2;
    for (const std::int64_t open : open_years_) {
        if (open > year) continue;
        const auto vintage = static_cast<std::int32_t>(open);
        const std::int64_t there = std::max<std::int64_t>(0, model_.free_of(holding, vintage));
        const std::int64_t fill = std::min(there, owed - model_.free_of(holding + 1, vintage));
        if (fill > 0)
            both(person(firm, 1),
                 person(firm, 2),
                 scheme::Transfer{.participant = ParticipantId{firm},
                                  .from = AccountId{holding},
                                  .to = AccountId{holding + 1},
                                  .vintage = vintage,
                                  .quantity = fill});
        const std::int64_t gives =
            std::min(owed, model_.free_of(holding + 1, vintage) + std::max<std::int64_t>(0, fill));
        if (gives > 0)
            both(person(firm, 1),
                 person(firm, 2),
                 scheme::Surrender{.participant = ParticipantId{firm},
                                   .from = AccountId{holding + 1},
                                   .year = year,
                                   .vintage = vintage,
                                   .quantity = gives + (dice.percent(5) ? 1000 : 0)});
        owed -= std::max<std::int64_t>(0, gives);
    }
}

void SchemeWorld::settle_penalties(std::int64_t year) {
    const scheme::OpenPeriod moments = YearDesk::moments(year);
    then([this, year](const scheme::State&, Dice& dice) {
        for (std::uint64_t firm = 1; firm <= firms_; ++firm)
            if (dice.percent(50))
                sign(person(firm, 1),
                     scheme::ObjectPenalty{
                         .participant = ParticipantId{firm}, .year = year, .text = "the meter"});
        if (batch_.empty()) disturb(dice);
    });
    wait(moments.penalty_objections_until.us, 4);
    then([this, year](const scheme::State&, Dice& dice) {
        for (std::uint64_t firm = 1; firm <= firms_; ++firm)
            operators(scheme::FinalisePenalty{.participant = ParticipantId{firm},
                                              .year = year,
                                              .upheld = dice.percent(70),
                                              .reason = "it was read right"});
    });
    then([this, year](const scheme::State&, Dice& dice) {
        for (std::uint64_t firm = 1; firm <= firms_; ++firm) {
            const AccountId cash{102 + 10 * firm};
            const auto penalty = model_.penalties().find({firm, year});
            if (penalty != model_.penalties().end() && dice.percent(70))
                sign("ada",
                     scheme::Deposit{.account = cash,
                                     .amount_micro = penalty->second.amount_micro,
                                     .bank_reference = fmt::format("B{}", ++references_)});
            both(
                person(firm, 1),
                person(firm, 2),
                scheme::PayPenalty{.participant = ParticipantId{firm}, .year = year, .from = cash});
            if (dice.percent(60)) surrender(year, firm, dice);
        }
    });
    // Long after the deadline: what a correction changes is owed with the next year.
    restate(year);
    wait(moments.penalty_objections_until.us + 20 * kModelDayUs, 3);
}

// ---- traffic

void SchemeWorld::traffic(Dice& dice) {
    patient_ = false;
    for (std::uint64_t n = 1 + dice.below(4); n > 0; --n) any_act(dice);
    if (batch_.empty()) disturb(dice);
}

void SchemeWorld::any_act(Dice& dice) {
    const std::uint64_t firm = 1 + dice.below(firms_);
    const std::uint64_t which = dice.below(100);
    if (which < 30) {
        move_allowances(dice, firm);
    } else if (which < 48) {
        move_money(dice, firm);
    } else if (which < 64) {
        auction(dice, firm);
    } else if (which < 78) {
        attend_proposal(dice, firm);
    } else {
        disturb(dice);
    }
}

// Mostly asked and approved; else by the wrong people, or by one alone.
void SchemeWorld::firm_asks(Dice& dice, std::uint64_t firm, const Command& command) {
    const std::uint64_t other = 1 + firm % firms_;
    const std::uint64_t which = dice.below(100);
    if (which < 70) {
        both(person(firm, 1), person(firm, 2), command);
    } else if (which < 80) {
        sign(person(firm, 1), command);  // nobody approves, or later
    } else if (which < 85) {
        both(person(firm, 1), person(firm, 1), command);
    } else if (which < 90) {
        both(person(firm, 1), person(other, 2), command);
    } else if (which < 94) {
        both(person(firm, 1), "ada", command);
    } else if (which < 97) {
        sign(person(other, 1), command);
    } else {
        sign("bo", command);
    }
}

void SchemeWorld::move_allowances(Dice& dice, std::uint64_t firm) {
    const std::uint64_t other = 1 + dice.below(firms_);
    const ParticipantId id{firm};
    const AccountId holding{100 + 10 * firm};
    const auto vintage =
        static_cast<std::int32_t>(open_years_.empty() ? 2027 : dice.one_of(open_years_));
    const std::int64_t quantity = dice.between(1, dice.percent(10) ? 2000 : 25);
    const std::uint64_t which = dice.below(100);
    if (which < 60) {
        AccountId to{100 + 10 * other};
        if (to == holding) to = AccountId{100 + 10 * (1 + firm % firms_)};
        if (dice.percent(10)) to = AccountId{101 + 10 * other};
        if (dice.percent(3)) to = AccountId{999};
        firm_asks(dice,
                  firm,
                  scheme::Transfer{.participant = id,
                                   .from = dice.percent(3) ? AccountId{101 + 10 * firm} : holding,
                                   .to = to,
                                   .vintage = vintage,
                                   .quantity = quantity,
                                   .price_micro = dice.percent(30) ? 41'000 : 0});
    } else if (which < 76 && !model_.waiting().empty()) {
        auto at = model_.waiting().begin();
        std::advance(at, static_cast<std::ptrdiff_t>(dice.below(model_.waiting().size())));
        if (dice.percent(70)) at = std::prev(model_.waiting().end());
        const ParticipantId sender = at->second.transfer.participant;
        const std::string who = dice.percent(40)   ? "ada"
                                : dice.percent(80) ? person(static_cast<std::uint64_t>(sender), 2)
                                                   : person(firm, 1);
        sign(who, scheme::CancelTransfer{.participant = sender, .transfer = at->first});
    } else if (which < 84) {
        firm_asks(dice,
                  firm,
                  scheme::Retire{.participant = id,
                                 .from = holding,
                                 .vintage = vintage,
                                 .quantity = dice.between(1, 3)});
    } else if (which < 92) {
        firm_asks(dice,
                  firm,
                  scheme::AddTrusted{.participant = id,
                                     .account = AccountId{100 + 10 * (1 + firm % firms_)}});
    } else if (model_.frozen().empty()) {
        sign("ada",
             scheme::RestrictAccount{.participant = id,
                                     .account = holding,
                                     .status = scheme::AccountStatus::frozen,
                                     .reason = "a question"});
    } else {
        operators(scheme::ReleaseAccount{.account = AccountId{*model_.frozen().begin()},
                                         .reason = "answered"});
    }
}

void SchemeWorld::move_money(Dice& dice, std::uint64_t firm) {
    const AccountId cash{102 + 10 * firm};
    const auto reference = [&] {
        return fmt::format(
            "B{}",
            dice.percent(10) && references_ > 0 ? dice.between(1, references_) : ++references_);
    };
    const std::uint64_t which = dice.below(100);
    if (which < 8 && !model_.deposits().empty()) {
        auto at = model_.deposits().begin();
        std::advance(at, static_cast<std::ptrdiff_t>(dice.below(model_.deposits().size())));
        operators(scheme::CorrectDeposit{.deposit = at->first, .reason = "typed wrongly"});
    } else if (which < 40) {
        sign("bo",
             scheme::Deposit{.account = cash,
                             .amount_micro = dice.between(1, 900) * 1'000'000,
                             .bank_reference = reference()});
    } else if (which < 65) {
        firm_asks(dice,
                  firm,
                  scheme::WithdrawCash{.participant = ParticipantId{firm},
                                       .account = cash,
                                       .amount_micro = dice.between(0, 700) * 1'000'000,
                                       .bank_account = "IBAN"});
    } else if (which < 82) {
        if (model_.withdrawals().empty()) return;
        auto at = model_.withdrawals().begin();
        std::advance(at, static_cast<std::ptrdiff_t>(dice.below(model_.withdrawals().size())));
        sign("ada",
             scheme::SettleWithdrawal{
                 .withdrawal = at->first, .paid = dice.percent(60), .bank_reference = reference()});
    } else {
        sign("bo",
             scheme::Reconcile{.statement_date = "2027-01-01",
                               .balance_micro = model_.bank() + (dice.percent(20) ? 1 : 0)});
    }
}

// Announced, bid for, changed, taken back, called off; the firm's own person, now and then another.
void SchemeWorld::auction(Dice& dice, std::uint64_t firm) {
    const auto& all = model_.auctions();
    std::vector<TransferId> running;
    for (const auto& [id, each] : all)
        if (!each.over) running.push_back(id);
    if (running.empty() || (running.size() < 3 && dice.percent(12))) {
        const std::int64_t opens = now_us_ + dice.between(1, 3600) * kSecondUs;
        operators(scheme::OpenAuction{
            .vintage =
                static_cast<std::int32_t>(open_years_.empty() ? 2027 : dice.one_of(open_years_)),
            .quantity = dice.percent(8) ? dice.between(0, 500) : dice.between(0, 40),
            .opens_at = {opens},
            .closes_at = {opens + dice.between(1, 90) * kModelHourUs},
            .reference_price_micro = 0,
            .reference = ""});
        return;
    }
    const TransferId id =
        dice.percent(15) && !all.empty() ? all.begin()->first : dice.one_of(running);
    const ParticipantId whose{firm};
    const std::string who = dice.percent(92)   ? person(firm, 1)
                            : dice.percent(50) ? person(firm, 2)
                                               : person(1 + firm % firms_, 1);
    const std::int64_t price = dice.between(1, 300) * 10'000 + ++prices_;
    const std::int64_t quantity = dice.between(dice.percent(4) ? 0 : 1, dice.percent(10) ? 60 : 20);
    const auto& bids = all.at(id).bids;
    const std::uint64_t which = dice.below(100);
    if (which < 60 || (which < 94 && bids.empty())) {
        sign(who,
             scheme::PlaceBid{.participant = whose,
                              .auction = id,
                              .from = AccountId{102 + 10 * firm},
                              .to = AccountId{100 + 10 * firm},
                              .price_micro = price,
                              .quantity = quantity});
        return;
    }
    if (which >= 94) {
        operators(scheme::CallOffAuction{.auction = id, .reason = "a wrong window"});
        return;
    }
    auto bid = bids.begin();
    std::advance(bid, static_cast<std::ptrdiff_t>(dice.below(bids.size())));
    const bool by_owner = dice.percent(85);
    const ParticipantId owner = by_owner ? bid->second.asked.participant : whose;
    const std::string owners = by_owner ? person(static_cast<std::uint64_t>(owner), 1) : who;
    if (which < 80) {
        sign(owners,
             scheme::ChangeBid{.participant = owner,
                               .auction = id,
                               .bid = bid->first,
                               .price_micro = price,
                               .quantity = quantity});
    } else {
        sign(owners, scheme::WithdrawBid{.participant = owner, .auction = id, .bid = bid->first});
    }
}

// Late approvals, withdrawals, and approvals by whoever asked.
void SchemeWorld::attend_proposal(Dice& dice, std::uint64_t firm) {
    if (dice.percent(15)) {
        const TransferId id =
            sign("ada",
                 scheme::ReleaseAccount{.account = AccountId{100 + 10 * firm}, .reason = "again"});
        sign("ada", Approve{.proposal = id});  // one pair of eyes
        return;
    }
    const auto& all = model_.proposals();
    if (all.empty()) return;
    auto at = all.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(dice.below(all.size())));
    // Of what waits, where something does.
    for (auto each = all.rbegin(); each != all.rend(); ++each)
        if (each->second.state == scheme::ProposalState::waiting && dice.percent(60)) {
            at = std::prev(each.base());
            break;
        }
    const ParticipantId of = scheme::participant_of(at->second.command);
    const bool of_firm = at->second.by.front() == 'f';
    const TransferId id = dice.percent(5) ? TransferId{.high = 5, .low = 5} : at->first;
    if (dice.percent(30)) {
        sign(of_firm ? at->second.by : "bo", scheme::Withdraw{.proposal = id});
    }
    if (batch_.empty() || dice.percent(70)) {
        sign(of_firm ? person(static_cast<std::uint64_t>(of), 2) : "bo", Approve{.proposal = id});
    }
}

// Retries, changed retries, and what nobody signed who may ask.
void SchemeWorld::disturb(Dice& dice) {
    const scheme::Reconcile some{.statement_date = "2027-01-01", .balance_micro = model_.bank()};
    if (past_.empty()) {
        sign("ada", some);
        return;
    }
    const Envelope& before = dice.one_of(past_);
    const scheme::Venue venue{.tenant_id = 1, .scheme_id = 1};
    const std::uint64_t which = dice.below(100);
    if (which < 60) {
        batch_.push_back(before);
    } else if (which < 72 && before.id.high != 66) {
        batch_.push_back(scheme::sign_command(key("ada"), venue, before.id, some));
    } else if (which < 80) {
        Envelope forged =
            scheme::sign_command(key("ada"), venue, {.high = 66, .low = ++ids_}, some);
        forged.signature.front() ^= 1;
        batch_.push_back(forged);
    } else if (which < 88) {
        sign("nobody", some);
    } else if (which < 92) {
        batch_.push_back(before);
        batch_.back().body = "?";
    } else {
        sign("ada", some);
    }
}

}  // namespace

std::unique_ptr<World> make_scheme_world(bool wrong_amount) {
    return std::make_unique<SchemeWorld>(wrong_amount);
}

}  // namespace abate::simulation
