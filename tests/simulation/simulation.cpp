#include "simulation/simulation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "simulation/journal_reader.h"
#include "simulation/ledger_world.h"
#include "simulation/market_world.h"
#include "simulation/scheme_world.h"

namespace abate::simulation {

using engine::Engine;
using node::Reply;
using node::Sequencer;
using node::Status;
using node::testing::Break;
using node::testing::Disk;

namespace {

constexpr engine::SchemeKey kKey{.tenant_id = 1, .scheme_id = 1};

// The process is gone: nothing of it runs any more, not even its handlers of errors. No std::exception, so that nobody catches it.
struct Crash {};

std::unique_ptr<World> make_world(const SimulationOptions& options) {
    const bool wrong_amount = options.plant == Plant::wrong_amount;
    switch (options.world) {
        case WorldKind::ledger:
            return make_ledger_world(wrong_amount);
        case WorldKind::scheme:
            return make_scheme_world(wrong_amount);
        case WorldKind::market:
            return make_market_world(wrong_amount);
    }
    return nullptr;
}

class Simulation {
  public:
    explicit Simulation(const SimulationOptions& options)
        : options_(options), dice_(options.seed), world_(make_world(options)) {
        if (options.store) {
            disk_ = std::make_unique<Disk>(options.store);
        } else if (options.plant != Plant::none) {
            PlantedJournal planted = plant(options.plant, kKey);
            crash_below_ = planted.crash;
            disk_ = std::make_unique<Disk>(std::move(planted.journal));
        } else {
            disk_ = std::make_unique<Disk>(kKey);
        }
        if (options.world == WorldKind::market) {
            // The scheme is there when the market opens.
            const node::testing::TradingScheme& scheme = node::testing::trading_scheme();
            disk_->bare([&](engine::Journal& journal) { node::testing::found(journal, scheme); });
            for (std::size_t firm = 0; firm < scheme.traders.size(); ++firm)
                reader_.know_trader(scheme.traders[firm],
                                    {.holding = node::testing::TradingScheme::holding(firm),
                                     .cash = node::testing::TradingScheme::cash(firm)});
        }
        snapshot_every_ = dice_.percent(20) ? 0 : static_cast<std::uint64_t>(dice_.between(5, 80));
        disk_->before = [this](const std::string& call) { before(call); };
        disk_->after = [this](const std::string& call) { after(call); };
        disk_->plan = [this](int) {
            const Break chosen = std::exchange(next_append_, Break::nothing);
            if (chosen == Break::before) fault("append lost");
            if (chosen == Break::after) fault("append kept and its answer lost");
            if (chosen == Break::late) fault("append late");
            return chosen;
        };
        disk_->spoil = [this](engine::Snapshot& snapshot) { spoil(snapshot); };
    }

    Report run() {
        try {
            for (report_.steps = 0; report_.steps < options_.steps && !world_->over();) {
                ++report_.steps;
                step();
            }
            calm();
            make_ready();
            look(true);
            audit();
        } catch (const Failure& failure) {
            report_.failure = failure.what;
        } catch (const Fault& fault) {
            report_.failure = "a fault that nobody asked for: " + to_string(fault.error());
        }
        report_.events = reader_.events();
        if (node_ != nullptr) report_.head = node_->stats().head;
        node_.reset();
        rival_.reset();
        return report_;
    }

  private:
    void step();
    void arm();
    void calm();
    void make_ready();
    void start(std::unique_ptr<Sequencer>& node);
    void die(const char* how);
    Round ask(Sequencer& node);
    void ask_where_no_journal_is();
    void look(bool thorough);
    void audit();

    void before(const std::string& call);
    void after(const std::string& call);
    void spoil(engine::Snapshot& snapshot);

    void fault(const std::string& what) {
        ++report_.faults[what];
        trace_ += " " + what;
    }
    bool with_engine(const std::function<void(const Engine&)>& use) {
        return node_ != nullptr && node_->stats().writer && node_->read_engine(use);
    }

    const SimulationOptions& options_;
    Dice dice_;
    ManualClock clock_;
    std::unique_ptr<Disk> disk_;
    std::function<void()> crash_below_;
    std::unique_ptr<World> world_;
    JournalReader reader_;
    Report report_;
    std::string trace_;
    std::uint64_t snapshot_every_ = 0;

    std::unique_ptr<Sequencer> node_;
    std::unique_ptr<Sequencer> rival_;  // took the lease from node_
    int incarnation_ = 0;

    // What is going to happen, by the number of calls to the store until then.
    int crash_before_ = 0;
    int crash_after_ = 0;
    int fail_before_ = 0;
    int fail_after_ = 0;
    bool rival_at_append_ = false;
    bool spoil_next_ = false;
    Break next_append_ = Break::nothing;
    int hear_only_ = -1;  // so many answers leave the process before it dies
    bool quiet_ = false;  // a rival's calls: nothing happens to them
};

void Simulation::before(const std::string& call) {
    if (quiet_) return;
    if (call == "append" && rival_at_append_) {
        rival_at_append_ = false;
        quiet_ = true;
        fault("lease lost in mid-batch");
        start(rival_);
        quiet_ = false;
    }
    if (fail_before_ > 0 && --fail_before_ == 0) {
        fault("call failed");
        throw Fault({ErrorCode::io_error, "the connection broke before " + call, "disk", ""});
    }
    if (crash_before_ > 0 && --crash_before_ == 0) {
        fault("crash before " + call);
        throw Crash{};
    }
}

void Simulation::after(const std::string& call) {
    if (quiet_) return;
    if (fail_after_ > 0 && --fail_after_ == 0) {
        fault("answer lost");
        throw Fault({ErrorCode::io_error, "the connection broke after " + call, "disk", ""});
    }
    if (crash_after_ > 0 && --crash_after_ == 0) {
        fault("crash after " + call);
        throw Crash{};
    }
}

void Simulation::spoil(engine::Snapshot& snapshot) {
    if (!spoil_next_) return;
    spoil_next_ = false;
    std::string& bytes = snapshot.bytes;
    switch (dice_.below(3)) {
        case 0:
            fault("torn snapshot");
            bytes.resize(static_cast<std::size_t>(dice_.below(bytes.size())));
            break;
        case 1: {
            fault("corrupt snapshot");
            char& byte = bytes[static_cast<std::size_t>(dice_.below(bytes.size()))];
            byte = static_cast<char>(byte ^ static_cast<char>(1U << dice_.below(8)));
            break;
        }
        default:
            fault("empty snapshot");
            bytes.clear();
            break;
    }
}

// What may go wrong in the coming step.
void Simulation::arm() {
    calm();
    if (!dice_.percent(35)) return;
    const auto soon = [this] { return static_cast<int>(dice_.between(1, 4)); };
    switch (dice_.below(12)) {
        case 0:
            next_append_ = Break::before;
            break;
        case 1:
            next_append_ = Break::after;
            break;
        case 2:
            next_append_ = Break::late;
            break;
        case 3:
            rival_at_append_ = true;
            break;
        case 4:
            crash_before_ = soon();
            break;
        case 5:
            crash_after_ = soon();
            break;
        case 6:
            fail_before_ = soon();
            break;
        case 7:
            fail_after_ = soon();
            break;
        case 8:
            spoil_next_ = true;
            break;
        case 9:
            hear_only_ = static_cast<int>(dice_.below(4));
            break;
        case 10:
            // Between two batches; then all at once.
            fault("crash between batches");
            die("between batches");
            if (dice_.percent(50)) crash_before_ = 1 + soon();
            break;
        default:
            next_append_ = dice_.percent(50) ? Break::after : Break::before;
            fail_before_ = 1 + soon();
            break;
    }
}

void Simulation::calm() {
    crash_before_ = crash_after_ = fail_before_ = fail_after_ = 0;
    rival_at_append_ = spoil_next_ = false;
    next_append_ = Break::nothing;
    hear_only_ = -1;
    disk_->refuse = 0;
}

void Simulation::start(std::unique_ptr<Sequencer>& node) {
    Result<std::unique_ptr<Sequencer>> started =
        Sequencer::start({.key = kKey,
                          .holder = fmt::format("node-{}", ++incarnation_),
                          .open_journal = [this] { return disk_->open(); },
                          .snapshot_every = snapshot_every_,
                          .own_thread = false},
                         clock_);
    if (started) {
        node = *std::move(started);
        return;
    }
    // What is broken for good is not a fault that passes.
    const ErrorCode code = started.error().code;
    require(code == ErrorCode::io_error || code == ErrorCode::unavailable,
            "the books cannot be recovered: " + to_string(started.error()));
}

void Simulation::die(const char* how) {
    trace_ += fmt::format(" dies({})", how);
    node_.reset();
    if (crash_below_) crash_below_();
    if (options_.power_on) {
        rival_.reset();
        options_.power_on();
    }
    if (options_.no_trouble) options_.no_trouble();
    // What it had sent may arrive before the next one has the lease.
    if (dice_.percent(50)) disk_->deliver_late();
    if (rival_ != nullptr) node_ = std::move(rival_);
}

// Until there is a node with books. What was armed may hit it while it starts.
void Simulation::make_ready() {
    for (int tries = 0;; ++tries) {
        require(tries < 100, "the books do not come back");
        if (tries == 20) calm();
        if (options_.power_is_off && options_.power_is_off()) die("power is off");
        try {
            if (node_ != nullptr && !node_->stats().writer) {
                node_.reset();
                if (rival_ != nullptr) node_ = std::move(rival_);
            }
            if (node_ == nullptr) start(node_);
            if (with_engine([](const Engine&) {})) return;
            if (node_ == nullptr) continue;
            // Before anything falls due by the real clock, the time of the books that come back is read.
            clock_.set_wall({0});
            node_->turn();
            if (with_engine([](const Engine&) {})) return;
        } catch (const Crash&) {
            die("starting");
        }
    }
}

Round Simulation::ask(Sequencer& node) {
    Round round;
    const bool there = with_engine([&](const Engine& engine) {
        round.asked = world_->next(dice_, engine);
        round.last = engine.last_time();
    });
    require(there, "a node that is ready has no books");
    round.clock = world_->clock(dice_);
    clock_.set_wall(round.clock);
    // The answers, by what they answer; `alive` ends with the process.
    auto heard = std::make_shared<std::vector<std::optional<Reply>>>(round.asked.size());
    auto left = std::make_shared<int>(hear_only_ < 0 ? 1'000'000 : hear_only_);
    for (std::size_t i = 0; i < round.asked.size(); ++i) {
        report_.commands += round.asked[i].size();
        const auto answer = [heard, left, i](Reply reply) {
            if (--*left >= 0) (*heard)[i] = std::move(reply);
        };
        if (round.asked[i].envelope) {
            node.submit(*round.asked[i].envelope, answer);
        } else if (!round.asked[i].orders.empty()) {
            node.submit(round.asked[i].orders, answer);
        } else {
            node.submit(round.asked[i].commands, answer);
        }
    }
    bool died = false;
    try {
        node.turn();
    } catch (const Crash&) {
        died = true;
    }
    round.heard = *heard;
    *left = 0;
    if (hear_only_ >= 0 && std::cmp_less(hear_only_, round.asked.size())) {
        fault("crash while answering");
        died = true;
    }
    if (died && &node == node_.get()) die("at work");
    return round;
}

// A node that has lost its books and cannot reach the journal does nothing, and says so.
void Simulation::ask_where_no_journal_is() {
    if (node_ == nullptr || !node_->stats().writer || node_->read_engine([](const Engine&) {}))
        return;
    calm();
    fault("no connection");
    disk_->refuse = 1;
    std::optional<Reply> reply;
    node_->submit(std::vector<registry::Command>{{.op = registry::Op::retire, .id = {77, 77}}},
                  [&](Reply answer) { reply = std::move(answer); });
    node_->turn();
    require(reply && reply->status == Status::unavailable,
            "a node without a journal answered something else than unavailable");
}

void Simulation::step() {
    trace_ = fmt::format("step {}:", report_.steps);
    if (options_.trouble) options_.trouble(dice_);
    arm();
    make_ready();
    // Another node takes the lease between two batches; the clients still ask the first.
    if (dice_.percent(3) && rival_ == nullptr) {
        fault("lease lost between batches");
        quiet_ = true;
        start(rival_);
        quiet_ = false;
    }
    const Round round = ask(*node_);
    trace_ += fmt::format(" {} asked,", round.asked.size());
    for (const auto& reply : round.heard)
        trace_ += fmt::format(" {}", reply ? node::to_string(reply->status) : "silence");
    if (options_.plant == Plant::twice && report_.steps % 7 == 0 && node_ != nullptr)
        for (const Submission& submission : round.asked)
            for (registry::Command command : submission.commands) {
                command.id.high += 1000;
                command.flags = 0;
                node_->submit(std::vector<registry::Command>{command}, [](const Reply&) {});
            }
    for (std::size_t i = 0; i < round.heard.size(); ++i) {
        if (!round.heard[i] || round.heard[i]->status != Status::done) continue;
        if (round.asked[i].envelope) {
            const engine::Answer& answer = round.heard[i]->answer;
            ++report_.answers[answer.proposed ? "proposed" : std::string(to_string(answer.reason))];
        }
        for (const registry::Outcome& outcome : round.heard[i]->outcomes)
            ++report_.answers[std::string(to_string(outcome.reason))];
        for (const node::OrderAnswer& order : round.heard[i]->orders) {
            ++report_.answers[std::string(exchange::to_string(order.reason))];
            for (const exchange::Met& met : order.met)
                if (met.kind == exchange::MeetingKind::trade) ++report_.answers["(trades)"];
        }
    }
    Round told = round;
    if (options_.plant == Plant::answers)
        for (auto& reply : told.heard) {
            if (!reply) continue;
            for (node::OrderAnswer& order : reply->orders)
                if (order.reason == exchange::OrderReason::order_exists) order = {};
            for (registry::Outcome& outcome : reply->outcomes)
                if (outcome.reason == registry::Reason::exists) outcome = {};
        }
    report_.trace.push_back(trace_);
    world_->heard(told);
    if (dice_.percent(50)) ask_where_no_journal_is();
    if (options_.power_is_off && options_.power_is_off()) return;
    if (options_.no_trouble) options_.no_trouble();
    const bool thorough = options_.look_always || report_.steps % 16 == 0;
    look(thorough);
    if (report_.steps % 64 == 0) audit();
    report_.trace.back() = trace_;
}

namespace {

// Books and scheme, as two engines see them.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): live, and what must be as it is
void require_same(const Engine& live, const Engine& other, const std::string& how) {
    require(live.last_seq() == other.last_seq(),
            fmt::format("{} ends with event {}, not {}", how, other.last_seq(), live.last_seq()));
    require(live.head() == other.head(), how + " has another head");
    require(digest_of(live.scheme().state()) == digest_of(other.scheme().state()),
            how + " has another state of the scheme");
    const auto text = [](const Engine& engine) {
        std::string out;
        engine.registry().for_each_account([&](const registry::AccountView& account) {
            out += fmt::format("{} {} {} {} {}:",
                               static_cast<std::uint64_t>(account.id),
                               static_cast<std::uint64_t>(account.participant),
                               static_cast<int>(account.kind),
                               static_cast<int>(account.status),
                               account.obligated);
            for (const registry::Balance& balance : account.balances)
                // An asset that only a chain touched that was taken back may be listed or not.
                if (balance.posted != 0 || balance.reserved != 0 || balance.incoming != 0)
                    out += fmt::format(" {} {} {} {}",
                                       static_cast<std::uint32_t>(balance.asset),
                                       balance.posted,
                                       balance.reserved,
                                       balance.incoming);
            out += "\n";
        });
        return out;
    };
    const std::string mine = text(live);
    const std::string its = text(other);
    require(mine == its, fmt::format("{} has other books:\n{}live:\n{}", how, its, mine));
    require(live.registry().next_due() == other.registry().next_due(),
            how + " has other deadlines");
    // Before the first order a market has not asked the scheme who may trade.
    if (live.market().last_time().us == INT64_MIN) return;
    std::string market;
    std::string its_market;
    live.market().append_snapshot(market);
    other.market().append_snapshot(its_market);
    require(market == its_market, how + " has another market");
}

}  // namespace

void Simulation::look(bool thorough) {
    disk_->bare([this](engine::Journal& journal) { reader_.read(journal); });
    if (node_ == nullptr || rival_ != nullptr) return;
    with_engine([&](const Engine& engine) {
        world_->look(engine, thorough);
        if (!thorough) return;
        const auto broken = registry::broken_invariant(engine.registry());
        require(!broken, broken.value_or(""));
        disk_->bare([&](engine::Journal& journal) {
            Engine again(kKey, 0xd1ce);
            const Result<void> recovered = again.recover(journal);
            require(
                recovered.has_value(),
                recovered ? "" : "the journal is not replayed: " + to_string(recovered.error()));
            require_same(engine, again, "the journal");
            Engine quick(kKey);
            const Result<engine::Recovery> recovery = engine::recover(quick, journal);
            require(recovery.has_value(), "no recovery from snapshot and journal");
            if (recovery->from_seq != 0) ++report_.faults["(recoveries from a snapshot)"];
            if (!recovery->notes.empty()) ++report_.faults["(damaged snapshots passed over)"];
            require_same(engine, quick, "snapshot and journal");
        });
    });
}

void Simulation::audit() {
    const engine::AuditReport found =
        disk_->bare([](engine::Journal& journal) { return engine::audit(journal, kKey); });
    require(!found.fault,
            !found.fault ? ""
                         : fmt::format("the audit finds {} at event {}: {}, not {}",
                                       found.fault->field,
                                       found.fault->seq,
                                       found.fault->found,
                                       found.fault->expected));
}

}  // namespace

const char* to_string(WorldKind kind) {
    switch (kind) {
        case WorldKind::ledger:
            return "ledger";
        case WorldKind::scheme:
            return "scheme";
        case WorldKind::market:
            return "market";
    }
    return "";
}

Report simulate(const SimulationOptions& options) {
    if (options.empty_store) options.empty_store();
    return Simulation(options).run();
}

std::optional<Report> shortest(SimulationOptions options, const Report& report) {
    options.look_always = true;
    options.steps = report.steps;
    Report again = simulate(options);
    if (!again.failure) return std::nullopt;
    return again;
}

std::string explain(const SimulationOptions& options, const Report& report) {
    std::string out = fmt::format("seed {}: {}\n", options.seed, report.failure.value_or("sound"));
    const std::size_t shown = std::min<std::size_t>(report.trace.size(), 20);
    for (std::size_t i = report.trace.size() - shown; i < report.trace.size(); ++i)
        out += "  " + report.trace[i] + "\n";
    const char* memory = options.world == WorldKind::ledger   ? "LedgerOfOneSeed"
                         : options.world == WorldKind::scheme ? "SchemeOfOneSeed"
                                                              : "MarketOfOneSeed";
    out += fmt::format(
        "It is wrong after {} steps. Again:\n"
        "  ABATE_SEED={} ABATE_STEPS={} build/release/bin/simulation_test --gtest_filter='*{}*'\n",
        report.steps,
        options.seed,
        report.steps,
        options.test.empty() ? memory : options.test);
    return out;
}

}  // namespace abate::simulation
