#include "scenarios/scheme_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

namespace abate::scenarios {
namespace {

using scheme::ParticipantId;
using scheme::Reason;
using scheme::State;

constexpr scheme::Venue kVenue{.tenant_id = kTableKey.tenant_id, .scheme_id = kTableKey.scheme_id};
// 2027-01-04T09:00:00Z, a Monday.
constexpr Timestamp kStart{1'799'053'200'000'000};

// Fields of a row that say how it is sent, not what the command says.
bool is_sending(const std::string& field) {
    return field == "id" || field == "times" || field == "repeat" || field == "signature";
}

template <std::size_t I = 0>
std::optional<scheme::Command> command_named(const std::string& name) {
    if constexpr (I == std::variant_size_v<scheme::Command>) {
        return std::nullopt;
    } else {
        using C = std::variant_alternative_t<I, scheme::Command>;
        if (name == C::name) return scheme::Command(C{});
        return command_named<I + 1>(name);
    }
}

// ---- what `abate registry` works out before it signs: a row says only what is to be otherwise

struct Ground {
    const engine::Engine& engine;
    Timestamp now;
    [[nodiscard]] const State& state() const { return engine.scheme().state(); }
    // As long as the rules want, from a second from now on.
    [[nodiscard]] Timestamp window() const {
        const std::int64_t from = std::max(now.us, state().last.us) + 1'000'000;
        const auto zone = scheme::Zone::find(state().rules.time_zone);
        if (!zone) return {};
        return zone
            ->add_days({from}, static_cast<std::int32_t>(state().rules.benchmark.objection_days))
            .value_or(Timestamp{});
    }
};

template <class C>
void derive(C& /*command*/, const Ground& /*ground*/) {}

void derive(scheme::OpenPeriod& c, const Ground& ground) {
    if (const auto found = scheme::resolve_period(ground.state().rules, c.year)) c = *found;
}
void derive(scheme::PublishCalendar& c, const Ground& ground) {
    if (const auto found = scheme::resolve_calendar(ground.state().rules, c.year)) c = *found;
}
void derive(scheme::ChangeRules& c, const Ground& ground) {
    c.rules = ground.state().rules;
    ++c.rules.version;
}
void derive(scheme::ProposeCap& c, const Ground& ground) {
    c.parts = scheme::derive_cap(ground.state(), c.year).value;
    c.objections_until = ground.window();
}
void derive(scheme::ProposeBenchmark& c, const Ground& ground) {
    if (c.sample_year == 0) c.sample_year = c.year - 2;
    c.lines =
        scheme::derive_benchmark(ground.state(), {.year = c.year, .sample_year = c.sample_year})
            .value;
    c.objections_until = ground.window();
}
void derive(scheme::ProposeAllocation& c, const Ground& ground) {
    c.table = scheme::derive_allocation(ground.state(), c.year).value;
    c.objections_until = ground.window();
}
void derive(scheme::IssueAllocation& c, const Ground& ground) {
    const scheme::Period* period = scheme::find_period(ground.state(), c.year);
    if (c.participants.empty() && period != nullptr && period->allocation)
        c.participants = scheme::not_issued_yet(ground.state(), *period);
}
void derive(scheme::TrueUp& c, const Ground& ground) {
    if (c.year < registry::kFirstVintage || c.year > registry::kLastVintage) return;
    const std::int64_t available =
        ground.engine.registry()
            .balance(scheme::kEntrantReserve, scheme::asset_of_year(c.year))
            .available();
    c.lines =
        scheme::derive_true_up(ground.state(), {.year = c.year, .available = available}).value;
}
void derive(scheme::PublishCirculation& c, const Ground& ground) {
    c.figures = scheme::derive_circulation(ground.state(), ground.engine.registry(), c.year).value;
}
void derive(scheme::AcceptCease& c, const Ground& ground) {
    const auto asked = ground.state().cessations.find(c.participant);
    if (asked != ground.state().cessations.end()) c.ceased = asked->second.ceased;
}
void derive(scheme::SubmitReport& c, const Ground& ground) {
    c.figures = scheme::report_figures(ground.state(), c.participant, c.report).figures;
}
void derive(scheme::RestateReport& c, const Ground& ground) {
    c.figures = scheme::report_figures(ground.state(), c.participant, c.report).figures;
}

// ---- words of views

std::string money_words(Int128 micro) {
    const Int128 size = micro < 0 ? -micro : micro;
    std::string out = fmt::format("{}{}.{:06}",
                                  micro < 0 ? "-" : "",
                                  static_cast<std::int64_t>(size / 1'000'000),
                                  static_cast<std::int64_t>(size % 1'000'000));
    while (out.back() == '0' && out[out.size() - 3] != '.') out.pop_back();
    return out;
}

// Exact where it is; else as many decimals as microjoules need.
std::string kwh_words(Microjoules energy) {
    constexpr std::int64_t kKwh = 3'600'000'000'000;
    const Int128 whole = energy.count() / kKwh;
    const Int128 rest = energy.count() % kKwh;
    if (rest == 0) return fmt::format("{} kWh", static_cast<std::int64_t>(whole));
    std::string out =
        fmt::format("{:.6f}", static_cast<double>(energy.count()) / static_cast<double>(kKwh));
    while (out.back() == '0') out.pop_back();
    return out + " kWh";
}

std::string wait_words(scheme::WaitState state) {
    switch (state) {
        case scheme::WaitState::waiting:
            return "waiting";
        case scheme::WaitState::done:
            return "done";
        case scheme::WaitState::cancelled:
            return "cancelled";
        case scheme::WaitState::failed:
            return "failed";
    }
    return "";
}

std::string proposal_words(scheme::ProposalState state) {
    switch (state) {
        case scheme::ProposalState::waiting:
            return "waiting";
        case scheme::ProposalState::approved:
            return "approved";
        case scheme::ProposalState::withdrawn:
            return "withdrawn";
        case scheme::ProposalState::lapsed:
            return "lapsed";
    }
    return "";
}

std::int64_t duration_us(const std::string& text) {
    static const std::map<std::string, std::int64_t> kUnits = {{"us", 1},
                                                               {"s", 1'000'000},
                                                               {"min", 60'000'000},
                                                               {"h", 3'600'000'000},
                                                               {"d", 86'400'000'000}};
    const std::size_t end = text.find_first_not_of("0123456789");
    const auto unit = end == std::string::npos ? kUnits.end() : kUnits.find(text.substr(end));
    if (unit == kUnits.end() || end == 0) throw TableError("no time to wait: " + text);
    return std::stoll(text.substr(0, end)) * unit->second;
}

std::string joined(const std::vector<std::string>& words, std::size_t from) {
    std::string out;
    for (std::size_t i = from; i < words.size(); ++i) out += (i == from ? "" : " ") + words[i];
    return out;
}

const std::string& word(const Row& row, std::size_t index) {
    if (index >= row.words.size()) throw TableError("a word is missing");
    return row.words[index];
}

std::int32_t year_word(const Row& row, std::size_t index) {
    return static_cast<std::int32_t>(parse_decimal(word(row, index), {}));
}

std::vector<registry::AccountView> accounts_of(const registry::Registry& books) {
    std::vector<registry::AccountView> out;
    books.for_each_account([&](const registry::AccountView& account) { out.push_back(account); });
    return out;
}

// Of the price of one allowance, as rows say it.
std::string price_words(std::int64_t micro) { return money_words(micro); }

std::string meeting_word(exchange::MeetingKind kind) {
    switch (kind) {
        case exchange::MeetingKind::trade:
            return "trade";
        case exchange::MeetingKind::self_trade:
            return "self_trade";
        case exchange::MeetingKind::undeliverable:
            return "undeliverable";
        case exchange::MeetingKind::stopped:
            return "stopped";
        case exchange::MeetingKind::halted:
            return "halted";
        case exchange::MeetingKind::over_limit:
            return "over_limit";
        case exchange::MeetingKind::call_fill:
            return "call_fill";
    }
    return "";
}

// All that rests, in its order, and from which prices collars are measured. Traders are left out: a market learns of them when it is asked.
std::string market_words(const engine::Engine& engine, Timestamp now) {
    const exchange::Market& market = engine.market();
    std::string out;
    for (const auto& [year, period] : engine.scheme().state().period.years) {
        const auto vintage = static_cast<std::uint32_t>(year);
        market.for_each_order(vintage, [&](const exchange::Market::OrderView& order) {
            out += fmt::format("{} {} {} {} {}{}; ",
                               vintage,
                               order.owner,
                               order.id,
                               order.quantity,
                               order.price_micro,
                               order.in_call ? " in the call" : "");
        });
        const std::int64_t reference = market.reference_micro(vintage, now);
        if (reference > 0) out += fmt::format("{} from {}; ", vintage, reference);
    }
    return out;
}

struct Books {
    const std::vector<registry::AccountView>& before;
    const std::vector<registry::AccountView>& after;
};
void expect_same(const Books& books) {
    ASSERT_EQ(books.before.size(), books.after.size());
    for (std::size_t i = 0; i < books.before.size(); ++i) {
        EXPECT_EQ(books.before[i].id, books.after[i].id);
        EXPECT_EQ(books.before[i].status, books.after[i].status);
        EXPECT_EQ(books.before[i].balances, books.after[i].balances);
    }
}

}  // namespace

SchemeTable::SchemeTable(TableStore& store) : store_(&store) {
    clock_.set(kStart);
    start();
}

node::SequencerOptions SchemeTable::options() const {
    // Time is advanced before each command and each view; a tick in between would only cut batches otherwise.
    return {.key = kTableKey,
            .holder = "scenario",
            .open_journal = [this] { return store_->open(); },
            .tick = std::chrono::hours(1)};
}

void SchemeTable::start() {
    auto started = node::Sequencer::start(options(), clock_);
    ASSERT_TRUE(started) << to_string(started.error());
    node_ = *std::move(started);
}

void SchemeTable::run(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        const testing::ScopedTrace trace(row.file.c_str(), row.line, row.text);
        if (node_ == nullptr) return;
        try {
            run_row(row);
        } catch (const std::exception& error) {
            ADD_FAILURE_AT(row.file.c_str(), row.line) << error.what();
        }
    }
    collect();
}

void SchemeTable::run_row(const Row& row) {
    if (row.words[0] == "&") {
        Row later = row;
        later.words.erase(later.words.begin());
        return run_command(later, false);
    }
    collect();
    if (run_setting(row) || run_view(row)) return;
    if (row.words[0] == "old_node") {
        Row there = row;
        there.words.erase(there.words.begin());
        const scheme::Envelope envelope = envelope_of(there, word(there, 0));
        if (old_node_ == nullptr) throw TableError("there is no other node");
        return expect(row, to_string(old_node_->submit(envelope).get().status));
    }
    if (!run_order(row)) run_command(row, true);
    check_books();
}

// ---- what moves the table along

bool SchemeTable::run_setting(const Row& row) {
    const std::string& what = row.words[0];
    if (what == "at") {
        look([this](const engine::Engine& engine) { set_zone(engine); });
        clock_.set(names_.moment(joined(row.words, 1)));
        look([](const engine::Engine&) {});
    } else if (what == "wait") {
        clock_.set({clock_.now().wall.us + duration_us(word(row, 1))});
        look([](const engine::Engine&) {});
    } else if (what == "restart") {
        node_.reset();
        start();
    } else if (what == "another_node") {
        old_node_ = std::move(node_);
        start();
    } else if (what == "copy_journal") {
        look([this](const engine::Engine& engine) { copied_seq_ = engine.last_seq(); });
    } else if (what == "restore_copy") {
        restore_copy(row);
    } else if (what == "include") {
        run(read_table(table_folder() + word(row, 1), row.fields));
    } else if (what == "firm") {
        add_firm(row);
    } else {
        return false;
    }
    return true;
}

// A node that is started on the copy, by somebody who has kept the head of the journal elsewhere.
void SchemeTable::restore_copy(const Row& row) {
    engine::Head head;
    look([&](const engine::Engine& engine) {
        head = {.seq = engine.last_seq(), .digest = engine.head()};
    });
    const std::unique_ptr<engine::Journal> copy = store::open_memory_journal(kTableKey);
    Result<std::unique_ptr<engine::Journal>> journal = store_->open();
    ASSERT_TRUE(journal) << to_string(journal.error());
    (*journal)->read(1, [&](const engine::Batch& batch) {
        if (batch.header.last_seq > copied_seq_) return false;
        EXPECT_EQ(copy->append(batch), engine::Append::committed);
        return true;
    });
    node::SequencerOptions on_copy = options();
    on_copy.open_journal = [&]() -> Result<std::unique_ptr<engine::Journal>> {
        return std::unique_ptr<engine::Journal>(std::make_unique<BorrowedJournal>(*copy));
    };
    on_copy.expect_head = head;
    const auto started = node::Sequencer::start(on_copy, clock_);
    expect(row, started ? "ok" : to_string(started.error().code));
}

// Somebody who takes part, with one person who asks, one who approves, and accounts: all by the first two operators.
void SchemeTable::add_firm(const Row& row) {
    const std::string& name = word(row, 1);
    const std::string plain = name.substr(0, name.find('#'));
    const ParticipantId id = names_.participant(name);
    const std::string* group = row.field("group");
    const std::string* sort = row.field("sort");
    const std::string* accounts = row.field("accounts");
    const auto both = [&](const scheme::Command& command) {
        EXPECT_EQ(ask(operators_.at(0), command), "proposed");
        EXPECT_EQ(ask(operators_.at(1), scheme::Approve{.proposal = proposal_}), "ok");
    };
    const std::string group_name = group == nullptr ? name : *group;
    scheme::AddParticipant add{.participant = id,
                               .title = plain,
                               .group = names_.group(group_name),
                               .group_title = group_name.substr(0, group_name.find('#'))};
    if (sort != nullptr) (void)set_field(add, {"sort", *sort}, names_);
    both(add);
    const bool verifies = add.sort == scheme::ParticipantSort::verifier;
    for (std::size_t i = 2; i < row.words.size(); ++i) {
        const scheme::Role role = verifies ? scheme::Role::verifier
                                  : i == 2 ? scheme::Role::initiator
                                           : scheme::Role::approver;
        both(scheme::AddKey{.grant = {.key = names_.key(row.words[i]).open,
                                      .holder = row.words[i],
                                      .roles = static_cast<std::uint8_t>(role),
                                      .participant = id}});
    }
    if (verifies) return;
    for (const std::string& kind :
         listed(accounts != nullptr ? *accounts : "holding,compliance,cash")) {
        scheme::OpenAccount open{.account = names_.account(fmt::format("{}/{}", plain, kind)),
                                 .participant = id,
                                 .title = kind};
        (void)set_field(open, {"kind", kind}, names_);
        EXPECT_EQ(ask(operators_.at(0), open), "ok");
    }
}

// ---- commands

scheme::Command SchemeTable::command_of(const Row& row, const std::string& signer) {
    std::optional<scheme::Command> command = command_named(word(row, 1));
    if (!command) throw TableError("there is no command " + row.words[1]);
    const auto set_all = [&](auto& c) {
        for (const auto& [path, text] : row.fields)
            if (!is_sending(path) &&
                !set_field(c, {path == "operators" ? "keys" : path, text}, names_))
                throw TableError(row.words[1] + " has no field " + path);
    };
    look([&](const engine::Engine& engine) {
        const State& state = engine.scheme().state();
        set_zone(engine);
        std::visit(
            [&](auto& c) {
                using C = std::decay_t<decltype(c)>;
                // Twice: what is worked out rests on what the row says, and the row may say otherwise about parts of it.
                try {
                    set_all(c);
                } catch (
                    const TableError&) {  // of a part that is not there yet; else the second time says so
                }
                // Who says nothing else acts for the own participant.
                const auto own = state.keys.find(names_.key(signer).open);
                if constexpr (requires { c.participant; })
                    if (row.field("participant") == nullptr && own != state.keys.end() &&
                        C::authority.own)
                        c.participant = own->second.grant.participant;
                if constexpr (std::is_same_v<C, scheme::AddKey>)
                    if (row.field("holder") == nullptr)
                        if (const std::string* key = row.field("key")) c.grant.holder = *key;
                derive(c, {.engine = engine, .now = clock_.now().wall});
                set_all(c);
            },
            *command);
    });
    if (const auto* founding = std::get_if<scheme::FoundScheme>(&*command)) {
        operators_.clear();
        for (const scheme::KeyGrant& grant : founding->keys) operators_.push_back(grant.holder);
    }
    return *command;
}

scheme::Envelope SchemeTable::envelope_of(const Row& row, const std::string& signer) {
    const std::string* id = row.field("id");
    proposal_ = id != nullptr ? names_.id(*id) : names_.fresh_id();
    const std::string* signature = row.field("signature");
    if (word(row, 1) == "gibberish") {
        scheme::Envelope out{.id = proposal_, .key = names_.key(signer).open, .body = "\xff"};
        out.signature = scheme::sign(names_.key(signer).secret, scheme::signed_bytes(kVenue, out));
        return out;
    }
    scheme::Venue venue = kVenue;
    if (signature != nullptr && *signature == "of_another_scheme") ++venue.scheme_id;
    scheme::Envelope out =
        scheme::sign_command(names_.key(signer), venue, proposal_, command_of(row, signer));
    if (signature != nullptr && *signature == "of_another_id") out.id = names_.fresh_id();
    // Somebody who signs with a key of one's own and says that it is another's.
    const std::string forger = "forged_by:";
    if (signature != nullptr && signature->rfind(forger, 0) == 0)
        out.signature = scheme::sign(names_.key(signature->substr(forger.size())).secret,
                                     scheme::signed_bytes(venue, out));
    return out;
}

// "ada" asks alone; "ada+bo": bo approves at once.
void SchemeTable::run_command(const Row& row, bool at_once) {
    const std::string& people = row.words[0];
    const std::size_t plus = people.find('+');
    const scheme::Envelope envelope = envelope_of(row, people.substr(0, plus));
    const std::string name = word(row, 1);
    if (!at_once) {
        sent_.push_back({.row = row, .command = name, .reply = node_->submit(envelope)});
        return;
    }
    // The same envelope again and again, or the same command under ids of its own.
    const std::string* times = row.field("times");
    const std::string* repeat = row.field("repeat");
    const std::int64_t count = times != nullptr    ? std::stoll(*times)
                               : repeat != nullptr ? std::stoll(*repeat)
                                                   : 1;
    std::string found;
    for (std::int64_t i = 0; i < count; ++i) {
        const bool fresh = repeat != nullptr && i > 0;
        const std::string each = answer(
            node_->submit(fresh ? envelope_of(row, people.substr(0, plus)) : envelope).get(), name);
        if (!found.empty() && each != found) found = "not always the same";
        if (found.empty()) found = each;
    }
    if (plus != std::string::npos && found == "proposed") {
        found = ask(people.substr(plus + 1), scheme::Approve{.proposal = proposal_});
        if (found == "ok") done_.insert(name);
    } else if (plus != std::string::npos && found == "ok") {
        found = "ok without a second person";
    }
    expect(row, found);
}

std::string SchemeTable::ask(const std::string& signer, const scheme::Command& command) {
    const bool approves = std::holds_alternative<scheme::Approve>(command);
    const scheme::TransferId id = names_.fresh_id();
    if (!approves) proposal_ = id;
    return answer(
        node_->submit(scheme::sign_command(names_.key(signer), kVenue, id, command)).get(),
        scheme::name_of(command));
}

std::string SchemeTable::answer(const node::Reply& reply, const std::string& command) {
    EXPECT_EQ(to_string(reply.status), std::string("done"));
    std::string reason(to_string(reply.answer.reason));
    seen_.insert(reason);
    if (reason != "ok") return reason;
    if (reply.answer.proposed) return "proposed";
    done_.insert(command);
    return "ok";
}

void SchemeTable::collect() {
    if (sent_.empty()) return;
    for (Sent& each : sent_) expect(each.row, answer(each.reply.get(), each.command));
    sent_.clear();
    check_books();
}

void SchemeTable::expect(const Row& row, const std::string& found) const {
    if (found != row.expected())
        ADD_FAILURE_AT(row.file.c_str(), row.line)
            << "the answer is '" << found << "', not '" << row.expected() << "'";
}

// ---- orders

// PERSON order buy|sell, PERSON cancel_order, PERSON replace_order; what the row says of them are fields.
bool SchemeTable::run_order(const Row& row) {
    static const std::set<std::string> kOrders = {"order", "cancel_order", "replace_order"};
    if (row.words.size() < 2 || kOrders.count(row.words[1]) == 0) return false;
    exchange::Operation operation = operation_of(row);
    const std::string* repeat = row.field("repeat");
    std::string found;
    for (std::int64_t i = 0; i < (repeat == nullptr ? 1 : std::stoll(*repeat)); ++i) {
        if (i > 0) operation.order_id = names_.fresh_order();
        const std::string each(exchange::to_string(trade(operation)));
        answered_orders_.insert(each);
        if (!found.empty() && each != found) found = "not always the same";
        if (found.empty()) found = each;
    }
    expect(row, found);
    return true;
}

exchange::Operation SchemeTable::operation_of(const Row& row) {
    static const std::set<std::string> kFields = {
        "vintage", "quantity", "price", "id", "order", "tif", "until", "post_only", "repeat"};
    for (const auto& [field, text] : row.fields)
        if (kFields.count(field) == 0) throw TableError("an order has no field " + field);
    const auto field = [&](const char* name) { return row.field(name); };
    exchange::Operation out;
    const bool places = row.words[1] == "order";
    const std::string* named = field(places ? "id" : "order");
    if (places) {
        const std::string& side = word(row, 2);
        if (side != "buy" && side != "sell") throw TableError("an order is to buy or to sell");
        out.side = side == "buy" ? exchange::Side::buy : exchange::Side::sell;
    } else {
        if (named == nullptr) throw TableError("which order?");
        out.kind = row.words[1] == "cancel_order" ? exchange::OperationKind::cancel
                                                  : exchange::OperationKind::replace;
    }
    out.order_id = named == nullptr ? names_.fresh_order() : names_.order(*named);
    if (const std::string* vintage = field("vintage"))
        out.book = static_cast<std::uint32_t>(parse_decimal(*vintage, {}));
    else if (named != nullptr)
        out.book = order_book_[*named];
    if (places && named != nullptr) order_book_.try_emplace(*named, out.book);
    if (const std::string* quantity = field("quantity"))
        out.quantity = static_cast<std::int64_t>(parse_decimal(*quantity, {}));
    if (const std::string* price = field("price")) {
        if (*price == "market")
            out.type = exchange::OrderType::market;
        else
            out.price_micro = static_cast<std::int64_t>(parse_decimal(*price, {.decimals = 6}));
    }
    if (const std::string* tif = field("tif")) {
        static const std::map<std::string, exchange::TimeInForce> kTimes = {
            {"gtc", exchange::TimeInForce::good_till_cancelled},
            {"ioc", exchange::TimeInForce::immediate_or_cancel},
            {"fok", exchange::TimeInForce::fill_or_kill},
            {"gtt", exchange::TimeInForce::good_till_time}};
        const auto found = kTimes.find(*tif);
        if (found == kTimes.end()) throw TableError("no time in force: " + *tif);
        out.time_in_force = found->second;
    }
    if (const std::string* post_only = field("post_only")) out.post_only = *post_only == "yes";
    look([&](const engine::Engine& engine) {
        set_zone(engine);
        if (const std::string* until = field("until")) out.expires_us = names_.moment(*until).us;
        // Whose key the scheme does not know has the number behind the last.
        const auto& keys = engine.scheme().state().keys;
        const auto key = keys.find(names_.key(row.words[0]).open);
        out.participant =
            key == keys.end() ? static_cast<std::uint32_t>(keys.size()) : key->second.number;
    });
    return out;
}

// By an engine of its own on the node's journal, between two lives of the node: so the door of `abate market` does it too.
exchange::OrderReason SchemeTable::trade(const exchange::Operation& operation) {
    node_.reset();
    exchange::OrderReason reason = exchange::OrderReason::ok;
    {
        Result<std::unique_ptr<engine::Journal>> journal = store_->open();
        if (!journal) throw TableError(to_string(journal.error()));
        engine::Engine engine(kTableKey);
        const Result<engine::Recovery> recovered = engine::recover(engine, **journal, {});
        if (!recovered) throw TableError(to_string(recovered.error()));
        engine.set_epoch((*journal)->take_lease("scenario's market"));
        engine.apply(std::span(&operation, 1), clock_.now().wall, std::span(&reason, 1));
        met_.clear();
        if (reason == exchange::OrderReason::ok)
            met_.assign(engine.market().met().begin(), engine.market().met().end());
        for (const exchange::Met& met : met_) meetings_.insert(meeting_word(met.kind));
        if (const std::optional<engine::Batch> batch = engine.seal()) {
            EXPECT_EQ((*journal)->append(*batch), engine::Append::committed);
        }
    }
    start();
    return reason;
}

// ---- views

bool SchemeTable::run_view(const Row& row) {
    static const std::set<std::string> kViews = {
        "balance",      "available",   "status",    "cap",        "issued",        "retired",
        "stage",        "kappa",       "benchmark", "allocation", "obligation",    "outstanding",
        "penalty",      "figures",     "output",    "report",     "transfer",      "withdrawal",
        "proposal",     "trading",     "holding",   "published",  "overallocated", "version",
        "trusted_from", "closed_bank", "mandate",   "findings",   "met",           "book",
        "resting",      "reference",   "traded"};
    if (kViews.count(row.words[0]) == 0) return false;
    std::string found;
    look([&](const engine::Engine& engine) { found = view(row, engine); });
    expect(row, found);
    return true;
}

std::string SchemeTable::view(const Row& row, const engine::Engine& engine) {
    const State& state = engine.scheme().state();
    const std::string& what = row.words[0];
    if (what == "trading") return state.halted ? "halted" : "open";
    if (what == "version") return std::to_string(state.rules.version);
    if (what == "published") {
        std::string out;
        for (const scheme::ParticipantYear& whose : scheme::published_penalties(state))
            out += (out.empty() ? "" : " ") + state.participants.at(whose.participant).title + "/" +
                   std::to_string(whose.year);
        return out.empty() ? "none" : out;
    }
    if (what == "transfer") {
        const auto found = state.transfers.find(names_.id(word(row, 1)));
        return found == state.transfers.end() ? "none" : wait_words(found->second.state);
    }
    if (what == "withdrawal") {
        const auto found = state.withdrawals.find(names_.id(word(row, 1)));
        return found == state.withdrawals.end() ? "none" : wait_words(found->second.state);
    }
    if (what == "proposal") {
        const auto found = state.proposals.find(names_.id(word(row, 1)));
        return found == state.proposals.end() ? "none" : proposal_words(found->second.state);
    }
    if (what == "mandate") {
        const auto found = state.keys.find(names_.key(word(row, 1)).open);
        return found == state.keys.end()
                   ? "none"
                   : fmt::format("{} {}",
                                 found->second.mandate.daily_net_quantity,
                                 money_words(found->second.mandate.daily_net_value_micro));
    }
    if (what == "holding") {
        const scheme::GroupId group = names_.group(word(row, 1));
        std::string out = "none";
        for (const scheme::HoldingCase& each : state.compliance.holding_cases)
            if (each.group == group)
                out = fmt::format("{} {}", scheme::to_string(each.stage), each.excess);
        return out;
    }
    if (what == "met" || what == "book" || what == "resting" || what == "reference" ||
        what == "traded")
        return view_of_market(row, engine);
    if (what == "balance" || what == "available" || what == "status" || what == "issued" ||
        what == "retired")
        return view_of_books(row, engine);
    if (what == "cap" || what == "kappa" || what == "benchmark" || what == "stage")
        return view_of_year(row, state);
    return view_of_participant(row, state);
}

// balance|available ACCOUNT VINTAGE|cash; status ACCOUNT; issued|retired VINTAGE.
std::string SchemeTable::view_of_books(const Row& row, const engine::Engine& engine) {
    const registry::Registry& books = engine.registry();
    const std::string& what = row.words[0];
    const auto vintage = [&](std::size_t index) {
        return registry::allowances_of(Vintage(year_word(row, index)));
    };
    if (what == "issued")
        return std::to_string(-books.balance(scheme::kIssuance, vintage(1)).posted);
    if (what == "retired")
        return std::to_string(books.balance(scheme::kRetirement, vintage(1)).posted);
    const scheme::AccountId account = names_.account(word(row, 1));
    if (what == "status") {
        const auto found = books.account(account);
        return found ? std::string(to_string(found->status)) : "none";
    }
    const bool cash = word(row, 2) == "cash";
    const registry::Balance balance =
        books.balance(account, cash ? registry::Asset::cash : vintage(2));
    const std::int64_t amount = what == "balance" ? balance.posted : balance.available();
    return cash ? money_words(amount) : std::to_string(amount);
}

// met; book|reference VINTAGE; resting ORDER; traded PERSON.
std::string SchemeTable::view_of_market(const Row& row, const engine::Engine& engine) {
    const exchange::Market& market = engine.market();
    const std::string& what = row.words[0];
    if (what == "met") {
        std::string out;
        for (const exchange::Met& met : met_) {
            if (!out.empty()) out += ", ";
            out += meeting_word(met.kind);
            if (met != exchange::kStoppedAtTheEnd)
                out += fmt::format(" {} at {}", met.quantity, price_words(met.price_micro));
        }
        return out.empty() ? "nothing" : out;
    }
    if (what == "traded") {
        const auto key = engine.scheme().state().keys.find(names_.key(word(row, 1)).open);
        if (key == engine.scheme().state().keys.end()) throw TableError("no such key");
        const exchange::Market::Net net = market.net_of(key->second.number);
        return fmt::format("{} {} {}", net.quantity, money_words(net.value_micro), net.open_orders);
    }
    if (what == "resting") {
        const auto order = market.order(order_book_[word(row, 1)], names_.order(word(row, 1)));
        if (!order) return "none";
        return fmt::format("{} at {}{}",
                           order->quantity,
                           price_words(order->price_micro),
                           order->in_call ? " in the call" : "");
    }
    const auto vintage = static_cast<std::uint32_t>(year_word(row, 1));
    if (what == "reference") return price_words(market.reference_micro(vintage, clock_.now().wall));
    const exchange::OrderBook* book = market.book(vintage);
    if (book == nullptr) return "none";
    std::string out;
    for (const exchange::Side side : {exchange::Side::buy, exchange::Side::sell})
        book->for_each_level(side, [&](const exchange::LevelView& level) {
            out += fmt::format("{}{} {} at {}",
                               out.empty() ? "" : ", ",
                               side == exchange::Side::buy ? "buy" : "sell",
                               level.total,
                               price_words(level.price * market.tick_micro(vintage)));
            return true;
        });
    if (out.empty()) out = "empty";
    const std::optional<Timestamp> halted = market.halted_until(vintage);
    return halted && clock_.now().wall < *halted ? out + ", halted" : out;
}

// cap|kappa YEAR; benchmark CLASS YEAR; stage cap|benchmark|allocation YEAR.
std::string SchemeTable::view_of_year(const Row& row, const State& state) {
    const std::string& what = row.words[0];
    const scheme::Period* period = scheme::find_period(state, year_word(row, row.words.size() - 1));
    if (period == nullptr) return "none";
    if (what == "cap")
        return period->cap ? fmt::format("{} {} {} {} {}",
                                         period->cap->parts.cap,
                                         period->cap->parts.free_ceiling,
                                         period->cap->parts.auction,
                                         period->cap->parts.entrant_reserve,
                                         period->cap->parts.containment_reserve)
                           : "none";
    if (what == "kappa")
        return period->allocation ? period->allocation->table.kappa.numerator + "/" +
                                        period->allocation->table.kappa.denominator
                                  : "none";
    if (what == "stage") {
        const auto stage = [&](const auto& statement) -> std::string {
            return statement ? std::string(to_string(statement->steps.stage)) : "none";
        };
        return word(row, 1) == "cap"         ? stage(period->cap)
               : word(row, 1) == "benchmark" ? stage(period->benchmark)
                                             : stage(period->allocation);
    }
    if (period->benchmark)
        for (const scheme::BenchmarkLine& line : period->benchmark->lines)
            if (line.service_class == word(row, 1)) return std::to_string(line.aj_per_flop);
    return "none";
}

// VIEW PARTICIPANT [CLASS] YEAR; trusted_from PARTICIPANT ACCOUNT.
std::string SchemeTable::view_of_participant(const Row& row, const State& state) {
    const std::string& what = row.words[0];
    const ParticipantId participant = names_.participant(word(row, 1));
    if (what == "trusted_from") {
        const auto found = state.trusted.find({participant, names_.account(word(row, 2))});
        return found == state.trusted.end() ? "none" : to_rfc3339(found->second);
    }
    const std::int64_t year = year_word(row, row.words.size() - 1);
    const scheme::ParticipantYear whose{.participant = participant, .year = year};
    const scheme::FinalFigures* figures = scheme::figures_of(state, whose);
    const auto reports = state.monitoring.reports.find(whose);
    if (what == "obligation") return std::to_string(scheme::owed_allowances(state, whose));
    if (what == "outstanding") return std::to_string(scheme::outstanding_allowances(state, whose));
    if (what == "penalty") {
        const auto found = state.compliance.penalties.find(whose);
        return found == state.compliance.penalties.end()
                   ? "none"
                   : fmt::format("{} {}",
                                 money_words(scheme::exact_penalty_micro(state, whose)),
                                 to_string(found->second.stage));
    }
    if (what == "figures") return figures == nullptr ? "none" : kwh_words(figures->obligated);
    if (what == "output") {
        if (figures != nullptr)
            for (const scheme::FinalOutput& output : figures->output)
                if (output.service_class == word(row, 2))
                    return fmt::format("{} GFLOP", output.output_gflop);
        return "none";
    }
    if (what == "report")
        return reports == state.monitoring.reports.end()
                   ? "none"
                   : std::string(to_string(reports->second.back().state));
    if (what == "findings") {
        std::set<std::string> found;
        if (reports != state.monitoring.reports.end())
            for (const scheme::ReportFinding& each : reports->second.back().figures.findings)
                found.insert(std::string(to_string(each.kind)));
        std::string out;
        for (const std::string& each : found) out += (out.empty() ? "" : " ") + each;
        return out.empty() ? "none" : out;
    }
    if (what == "closed_bank") {
        const auto found = state.compliance.bank_closes.find(whose);
        return found == state.compliance.bank_closes.end()
                   ? "none"
                   : fmt::format(
                         "{} {}", found->second.moved ? "moved" : "not moved", found->second.left);
    }
    const scheme::ActivityKey key{
        .participant = participant, .service_class = word(row, 2), .year = year};
    if (what == "overallocated") return std::to_string(scheme::over_allocated(state, key));
    const scheme::Period* period = scheme::find_period(state, year);
    if (period != nullptr && period->allocation)
        for (const scheme::AllocationLine& line : period->allocation->table.lines)
            if (line.participant == participant && line.service_class == key.service_class)
                return std::to_string(line.allowances);
    return "none";
}

// Moments without a zone are in the scheme's.
void SchemeTable::set_zone(const engine::Engine& engine) {
    const State& state = engine.scheme().state();
    if (state.founded) names_.set_zone(state.rules.time_zone);
}

void SchemeTable::look(const std::function<void(const engine::Engine&)>& view) const {
    // What goes wrong must not end the writer's thread.
    std::exception_ptr wrong;
    const bool looked = node_->read_engine([&](const engine::Engine& engine) {
        try {
            view(engine);
        } catch (...) {
            wrong = std::current_exception();
        }
    });
    if (wrong) std::rethrow_exception(wrong);
    ASSERT_TRUE(looked) << "there is no writer";
}

void SchemeTable::check_books() const {
    look([](const engine::Engine& engine) {
        EXPECT_EQ(broken_invariant(engine.registry()).value_or("sound"), "sound");
    });
}

// ---- the end

void SchemeTable::close() {
    if (node_ == nullptr) return;
    collect();
    engine::Head head;
    std::vector<registry::AccountView> accounts;
    look([&](const engine::Engine& engine) {
        state_digest_ = digest_of(engine.scheme().state());
        market_ = market_words(engine, clock_.now().wall);
        head = {.seq = engine.last_seq(), .digest = engine.head()};
        accounts = accounts_of(engine.registry());
    });
    check_books();
    old_node_.reset();
    node_.reset();
    Result<std::unique_ptr<engine::Journal>> journal = store_->open();
    ASSERT_TRUE(journal) << to_string(journal.error());

    const engine::AuditReport report = engine::audit(**journal, kTableKey);
    if (report.fault)
        ADD_FAILURE() << "event " << report.fault->seq << ": " << report.fault->field << " is "
                      << report.fault->found << ", not " << report.fault->expected;
    EXPECT_EQ(report.events, head.seq);
    EXPECT_EQ(report.head, head.digest);

    engine::Engine again(kTableKey);
    const auto recovered = engine::recover(again, **journal, {.expect_head = head});
    ASSERT_TRUE(recovered) << to_string(recovered.error());
    EXPECT_EQ(again.head(), head.digest);
    EXPECT_EQ(digest_of(again.scheme().state()), state_digest_);
    EXPECT_EQ(market_words(again, clock_.now().wall), market_);
    EXPECT_EQ(broken_invariant(again.registry()).value_or("sound"), "sound");
    const std::vector<registry::AccountView> accounts_again = accounts_of(again.registry());
    expect_same({.before = accounts, .after = accounts_again});
}

}  // namespace abate::scenarios
