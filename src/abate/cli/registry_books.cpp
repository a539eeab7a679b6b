// `abate registry list | balance | history | status | audit | backup | export`: what the books say.
#include "abate/cli/records.h"
#include "abate/cli/registry_next.h"
#include "abate/cli/registry_parts.h"
#include "abate/report/report.h"
#include "abate/store/store.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

struct BalanceOptions {
    std::string who;
};
struct HistoryOptions {
    std::string account;
    std::int64_t last = 20;
    bool all = false;
};

std::string asset_name(registry::Asset asset) {
    return asset == registry::Asset::cash ? "cash"
                                          : fmt::format("{}", static_cast<std::uint32_t>(asset));
}

std::string amount_text(registry::Asset asset, std::int64_t amount) {
    return asset == registry::Asset::cash ? money_text(amount) : grouped(amount);
}

std::string status_of(const Office& office, scheme::AccountId account) {
    const auto view = office.books().account(account);
    return view ? std::string(registry::to_string(view->status)) : "unknown";
}

void list(Office& office, const BalanceOptions& options) {
    const scheme::State& state = office.state();
    const std::optional<scheme::ParticipantId> who = office.any_participant(options.who);
    const std::map<scheme::AccountId, std::string> why = why_restricted(office);
    Json participants = Json::array();
    for (const auto& [id, one] : state.participants) {
        if (who && id != *who) continue;
        const auto group = state.groups.find(one.group);
        const std::string group_title = group == state.groups.end() ? "" : group->second;
        const scheme::Cessation* ceased = scheme::cessation_of(state, id);
        Json accounts = Json::array();
        if (!office.context().json)
            fmt::print("{}  (participant {}, {}, group {}{}{})\n",
                       plain_line(one.title),
                       static_cast<std::uint64_t>(id),
                       word_of(one.sort),
                       static_cast<std::uint64_t>(one.group),
                       group_title.empty() || group_title == one.title
                           ? ""
                           : ", " + plain_line(group_title),
                       ceased == nullptr ? "" : ", ceased " + to_rfc3339(ceased->ceased));
        for (const auto& [number, account] : state.accounts) {
            if (account.participant != id) continue;
            const auto restricted = why.find(number);
            if (office.context().json) {
                accounts.push_back({{"account", static_cast<std::uint64_t>(number)},
                                    {"name", office.name_of(number)},
                                    {"kind", registry::to_string(account.kind)},
                                    {"status", status_of(office, number)},
                                    {"closed", account.closed}});
                if (restricted != why.end()) accounts.back()["why"] = restricted->second;
            } else {
                fmt::print(
                    "  {:5}  {:30}  {}{}{}\n",
                    static_cast<std::uint64_t>(number),
                    plain_line(office.name_of(number)),
                    registry::to_string(account.kind),
                    status_of(office, number) == "open" ? "" : ", " + status_of(office, number),
                    restricted == why.end() ? "" : " " + plain_line(restricted->second));
            }
        }
        participants.push_back({{"participant", static_cast<std::uint64_t>(id)},
                                {"name", one.title},
                                {"sort", to_string(one.sort)},
                                {"group", group_title},
                                {"group_number", static_cast<std::uint64_t>(one.group)},
                                {"accounts", accounts}});
        if (ceased != nullptr) participants.back()["ceased"] = to_rfc3339(ceased->ceased);
    }
    if (office.context().json) {
        print_document({{"participants", participants}});
        return;
    }
    if (who) return;
    fmt::print("The scheme's own\n");
    for (const auto& [number, account] : state.accounts)
        if (account.participant == scheme::ParticipantId{})
            fmt::print("  {:5}  {:30}  {}\n",
                       static_cast<std::uint64_t>(number),
                       plain_line(account.title),
                       registry::to_string(account.kind));
}

// Promised in it, or to it: the cover of a bid whose auction has not cleared. Its size would give the bid away.
bool covers_sealed_bid(const scheme::State& state, scheme::AccountId account) {
    for (const auto& [id, auction] : state.auction.auctions) {
        if (auction.result) continue;
        for (const auto& [bid_id, bid] : auction.bids)
            if (bid.state == scheme::BidState::open &&
                (bid.from == account || account == scheme::kProceeds))
                return true;
    }
    return false;
}

void balance(Office& office, const BalanceOptions& options) {
    std::optional<scheme::ParticipantId> of_one;
    std::optional<scheme::AccountId> account;
    if (!options.who.empty()) {
        if (options.who.find('/') != std::string::npos) {
            account = office.account(options.who);
        } else {
            try {
                of_one = office.participant(options.who);
            } catch (const Failure&) {
                account = office.account(options.who);
            }
        }
    }
    Json rows = Json::array();
    const std::map<scheme::AccountId, std::string> why = why_restricted(office);
    const bool notional = office.state().rules.cash == scheme::CashMode::notional;
    bool headed = office.context().json;
    const auto head_once = [&] {
        if (headed) return;
        headed = true;
        fmt::print("{:32}  {:9}  {:>20}  {:>16}  {:>16}\n",
                   "ACCOUNT",
                   "VINTAGE",
                   "HELD",
                   "RESERVED",
                   "INCOMING");
    };
    office.books().for_each_account([&](const registry::AccountView& view) {
        if (of_one && view.participant != *of_one) return;
        if (account && view.id != *account) return;
        for (const registry::Balance& one : view.balances) {
            if (one.posted == 0 && one.reserved == 0 && one.incoming == 0) continue;
            const bool sealed =
                one.asset == registry::Asset::cash && covers_sealed_bid(office.state(), view.id);
            const auto shown = [&](std::int64_t amount) {
                return sealed && amount != 0 ? "(sealed)" : amount_text(one.asset, amount);
            };
            if (office.context().json) {
                const auto figure = [&](std::int64_t amount) {
                    return sealed && amount != 0 ? Json(nullptr) : Json(amount);
                };
                Json row{{"account", static_cast<std::uint64_t>(view.id)},
                         {"name", office.name_of(view.id)},
                         {"kind", registry::to_string(view.kind)},
                         {"status", registry::to_string(view.status)}};
                if (one.asset == registry::Asset::cash) {
                    row["asset"] = "cash";
                } else {
                    row["vintage"] = static_cast<std::uint32_t>(one.asset);
                }
                row[one.asset == registry::Asset::cash ? "held_micro" : "held"] = one.posted;
                row[one.asset == registry::Asset::cash ? "reserved_micro" : "reserved"] =
                    figure(one.reserved);
                row[one.asset == registry::Asset::cash ? "incoming_micro" : "incoming"] =
                    figure(one.incoming);
                rows.push_back(std::move(row));
            } else {
                head_once();
                const auto restricted = why.find(view.id);
                fmt::print("{:32}  {:9}  {:>20}  {:>16}  {:>16}{}{}\n",
                           plain_line(office.name_of(view.id)),
                           asset_name(one.asset),
                           amount_text(one.asset, one.posted),
                           shown(one.reserved),
                           shown(one.incoming),
                           view.status == registry::AccountStatus::open
                               ? ""
                               : fmt::format("  {}", registry::to_string(view.status)),
                           restricted == why.end() ? "" : " " + plain_line(restricted->second));
            }
        }
    });
    if (office.context().json) {
        print_document({{"currency", office.state().rules.currency},
                        {"cash_is_notional", notional},
                        {"balances", rows}});
        return;
    }
    if (!headed) {
        fmt::print("{} nothing.\n",
                   account  ? plain_line(office.name_of(*account)) + " holds"
                   : of_one ? plain_line(office.name_of(*of_one)) + " holds"
                            : "All accounts hold");
        for (const auto& [id, reason] : why)
            if (account ? id == *account
                        : of_one && office.state().accounts.at(id).participant == *of_one)
                fmt::print("{} is {}: {}\n",
                           plain_line(office.name_of(id)),
                           status_of(office, id),
                           plain_line(reason));
    } else if (notional) {
        fmt::print("Cash is notional {}: no bank stands behind it.\n",
                   office.state().rules.currency);
    }
}

// One line of the journal.
struct Entry {
    std::uint64_t seq = 0;
    Timestamp at;
    std::string id;
    std::string end_of_id;  // where a command takes it
    std::string who;
    std::string what;
    std::string result;
    bool touches = false;  // the account that was asked for
};

bool is_sealed(const scheme::State& state, const scheme::TransferId& auction) {
    const auto found = state.auction.auctions.find(auction);
    return found != state.auction.auctions.end() && !found->second.result;
}

// The cover of bids, where an auction that was open then has not cleared: promised, or let go.
bool is_sealed_cover(const scheme::State& state, const registry::Command& c, Timestamp at) {
    if (c.to != scheme::kProceeds ||
        (c.op != registry::Op::reserve && c.op != registry::Op::void_pending))
        return false;
    return std::any_of(
        state.auction.auctions.begin(), state.auction.auctions.end(), [&](const auto& each) {
            return !each.second.result && each.second.notice.said.opens_at <= at;
        });
}

// Until its auction has cleared a bid is nobody's to read here: who, and in which auction.
std::string command_line(const Office& office, const scheme::Command& command) {
    const auto sealed = [&](const auto& bid, const char* name) {
        return fmt::format("{} participant={} auction={} (sealed)",
                           name,
                           static_cast<std::uint64_t>(bid.participant),
                           report::id_text(bid.auction));
    };
    if (const auto* placed = std::get_if<scheme::PlaceBid>(&command);
        placed != nullptr && is_sealed(office.state(), placed->auction))
        return sealed(*placed, scheme::PlaceBid::name);
    if (const auto* changed = std::get_if<scheme::ChangeBid>(&command);
        changed != nullptr && is_sealed(office.state(), changed->auction))
        return sealed(*changed, scheme::ChangeBid::name);
    // Of cases and of who is on the list operators and auditors read more: `abate market case`, `insider`.
    if (std::holds_alternative<scheme::OpenCase>(command) ||
        std::holds_alternative<scheme::ReferCase>(command) ||
        std::holds_alternative<scheme::CloseCase>(command) ||
        std::holds_alternative<scheme::AddInsider>(command) ||
        std::holds_alternative<scheme::RemoveInsider>(command))
        return fmt::format("{} (sealed)", scheme::name_of(command));
    return report::command_text(command);
}

Entry entry_of(const Office& office, const scheme::Event& event) {
    Entry out{.at = event.at, .id = {}, .end_of_id = {}, .who = {}, .what = {}, .result = {}};
    if (event.kind == scheme::EventKind::due) {
        out.id = report::id_text(event.due.id);
        out.who = "(time)";
        out.what = event.due.kind == scheme::DueKind::lapse_proposal ? "a proposal lapses"
                                                                     : "what was due happens";
        if (event.due.kind == scheme::DueKind::lapse_proposal ||
            event.due.kind == scheme::DueKind::settle_transfer)
            out.end_of_id = short_id(event.due.id);
    } else {
        out.id = report::id_text(event.envelope.id);
        out.end_of_id = short_id(event.envelope.id);
        const auto key = office.state().keys.find(event.envelope.key);
        out.who = key == office.state().keys.end() ? "?" : key->second.grant.holder;
        const auto command = scheme::decode_command(event.envelope.body);
        out.what = command ? command_line(office, *command) : "?";
    }
    out.result = std::string(scheme::to_string(event.reason));
    return out;
}

Entry entry_of(const Office& office, const registry::Event& event, scheme::AccountId account) {
    registry::Command c = event.command;
    const registry::Op op = c.op;
    // What a promise was about stands with the promise.
    if (c.op == registry::Op::post || c.op == registry::Op::void_pending ||
        c.op == registry::Op::expire)
        if (const auto promise = office.books().transfer(c.reference)) {
            c.from = promise->command.from;
            c.to = promise->command.to;
            c.asset = promise->command.asset;
        }
    Entry out{.at = event.at,
              .id = report::id_text(c.id),
              .end_of_id = {},
              .who = {},
              .what = fmt::format("  {}", registry::to_string(op)),
              .result = std::string(registry::to_string(event.outcome.reason))};
    if (c.from != scheme::AccountId{}) out.what += " " + office.name_of(c.from);
    if (c.to != scheme::AccountId{}) out.what += " -> " + office.name_of(c.to);
    if (is_sealed_cover(office.state(), c, event.at)) {
        out.what += " (sealed)";
    } else if (event.outcome.amount != 0)
        out.what += fmt::format(" {} {}",
                                amount_text(c.asset, event.outcome.amount),
                                c.asset == registry::Asset::cash ? office.state().rules.currency
                                                                 : "of " + asset_name(c.asset));
    out.touches = account != scheme::AccountId{} && (c.from == account || c.to == account);
    return out;
}

// Orders, and whose they are: an event names the makers by their orders.
class OrderEntries {
  public:
    explicit OrderEntries(const Office& office) : office_(&office) {
        for (const auto& [open, key] : office.state().keys) keys_[key.number] = &key;
    }
    Entry operator()(const exchange::MarketEvent& event, scheme::AccountId account) {
        using exchange::MarketEventKind;
        const exchange::Operation& o = event.operation;
        if (exchange::asked_by(event.kind) == exchange::OperationKind::place)
            owners_[o.order_id] = o.participant;
        Entry out{.at = {o.at_us},
                  .id = fmt::format("{}", o.order_id),
                  .end_of_id = {},
                  .who = {},
                  .what = {},
                  .result = "ok"};
        if (event.kind == MarketEventKind::called) {
            out.id.clear();
            out.what = fmt::format("call of {}: nothing could trade", o.book);
            if (o.price_micro && o.quantity)
                out.what = fmt::format("call of {}: {} at {} for 1,000",
                                       o.book,
                                       grouped(*o.quantity),
                                       per_thousand(*o.price_micro));
            for (const exchange::Met& met : event.met) {
                const auto owner = owners_.find(met.maker);
                out.touches =
                    out.touches || (owner != owners_.end() && is_of(owner->second, account));
            }
            return out;
        }
        const auto key = keys_.find(o.participant);
        out.who = key == keys_.end() ? "?" : key->second->grant.holder;
        out.what = fmt::format("{} {}", verb_of(event.kind), o.order_id);
        if (o.quantity && o.price_micro)
            out.what += fmt::format(" {} {} of {} at {} for 1,000",
                                    o.side == exchange::Side::buy ? "buy" : "sell",
                                    grouped(*o.quantity),
                                    o.book,
                                    per_thousand(*o.price_micro));
        out.touches = is_of(o.participant, account);
        for (const exchange::Met& met : event.met) {
            if (met.kind != exchange::MeetingKind::trade) continue;
            out.what += fmt::format("; {} at {} with order {}",
                                    grouped(met.quantity),
                                    per_thousand(met.price_micro),
                                    met.maker);
            const auto owner = owners_.find(met.maker);
            out.touches = out.touches || (owner != owners_.end() && is_of(owner->second, account));
        }
        return out;
    }

  private:
    [[nodiscard]] static const char* verb_of(exchange::MarketEventKind kind) {
        using exchange::MarketEventKind;
        switch (kind) {
            case MarketEventKind::placed:
                return "order";
            case MarketEventKind::collected:
                return "order in the call";
            case MarketEventKind::replaced:
                return "replace order";
            case MarketEventKind::recollected:
                return "replace in the call order";
            case MarketEventKind::cancelled:
                return "cancel order";
            case MarketEventKind::expired:
                return "end of order";
            case MarketEventKind::swept:
            case MarketEventKind::called:
                break;
        }
        return "sweep order";
    }
    [[nodiscard]] bool is_of(std::uint32_t trader, scheme::AccountId account) const {
        const auto key = keys_.find(trader);
        const auto found = office_->state().accounts.find(account);
        return key != keys_.end() && found != office_->state().accounts.end() &&
               found->second.participant == key->second->grant.participant &&
               (found->second.kind == registry::AccountKind::holding ||
                found->second.kind == registry::AccountKind::cash);
    }

    const Office* office_;
    std::map<std::uint32_t, const scheme::Key*> keys_;
    std::map<std::uint64_t, std::uint32_t> owners_;
};

void history(Office& office, const HistoryOptions& options) {
    const scheme::AccountId account =
        options.account.empty() ? scheme::AccountId{} : office.account(options.account);
    std::vector<Entry> entries;
    OrderEntries orders(office);
    const auto keep = [&](std::uint64_t seq, Entry entry) {
        if (account != scheme::AccountId{} && !entry.touches) return;
        entry.seq = seq;
        entries.push_back(std::move(entry));
    };
    read_journal(
        office.journal(),
        [&](std::uint64_t seq, const auto& event) {
            if constexpr (std::is_same_v<std::decay_t<decltype(event)>, registry::Event>)
                keep(seq, entry_of(office, event, account));
            else
                keep(seq, entry_of(office, event));
        },
        [&](std::uint64_t seq, const exchange::MarketEvent& event) {
            keep(seq, orders(event, account));
        });
    const std::size_t last =
        options.all ? entries.size()
                    : static_cast<std::size_t>(std::max<std::int64_t>(options.last, 1));
    const std::size_t begin = entries.size() > last ? entries.size() - last : 0;
    if (office.context().json) {
        Json rows = Json::array();
        for (std::size_t i = begin; i < entries.size(); ++i)
            rows.push_back({{"seq", entries[i].seq},
                            {"at", to_rfc3339(entries[i].at)},
                            {"id", entries[i].id},
                            {"by", entries[i].who},
                            {"what", entries[i].what},
                            {"result", entries[i].result}});
        print_document({{"events", rows}});
        return;
    }
    if (begin > 0)
        fmt::print("({} earlier; --all prints them)\n", grouped(static_cast<std::int64_t>(begin)));
    for (std::size_t i = begin; i < entries.size(); ++i) {
        const Entry& entry = entries[i];
        fmt::print("{:>6}  {:27}  {:8}  {:12}  {}{}\n",
                   entry.seq,
                   to_rfc3339(entry.at),
                   entry.end_of_id,
                   plain_line(entry.who),
                   plain_line(entry.what),
                   entry.result == "ok" ? "" : "  REFUSED: " + entry.result);
    }
}

// Without an office: one cannot be opened on books that are damaged, and those are what an audit is for.
void audit_journal(Context& context, engine::Journal& journal) {
    const engine::AuditReport report = engine::audit(journal, scheme_key());
    if (report.events == 0 && !report.fault)
        throw Failure({ErrorCode::not_found,
                       "no scheme is founded here yet",
                       "",
                       "Found one with `abate registry init SCHEME.toml`"});
    const std::string head = engine::to_string(report.head);
    if (context.json) {
        Json out{{"batches", report.batches}, {"events", report.events}, {"head", head}};
        out["fault"] = nullptr;
        if (report.fault)
            out["fault"] = {{"batch_first_seq", report.fault->first_seq},
                            {"seq", report.fault->seq},
                            {"field", report.fault->field},
                            {"expected", report.fault->expected},
                            {"found", report.fault->found}};
        print_document(out);
    } else if (!report.fault) {
        fmt::print(
            "{} events in {} batches: every seal, signature, right, decision and balance is as it "
            "should be.\nHead {}\n",
            grouped(static_cast<std::int64_t>(report.events)),
            grouped(static_cast<std::int64_t>(report.batches)),
            head);
    }
    if (!report.fault) return;
    context.exit_status = 1;
    if (!context.json)
        throw Failure(
            {ErrorCode::corrupt,
             fmt::format("{} is {}, not {}",
                         report.fault->field,
                         short_text(report.fault->found),
                         short_text(report.fault->expected)),
             // 0: the batch as a whole.
             report.fault->seq == 0
                 ? fmt::format("batch from event {}", report.fault->first_seq)
                 : fmt::format(
                       "batch from event {}, event {}", report.fault->first_seq, report.fault->seq),
             "Restore the journal from a backup that has the head digest you kept"});
}

// One participant: what is restricted, what waits, what is next.
void status_of_one(Office& office, scheme::ParticipantId who) {
    const std::vector<WaitingMatter> waits = what_waits(office, who);
    const std::map<scheme::AccountId, std::string> why = why_restricted(office);
    const auto is_own = [&](scheme::AccountId account) {
        return office.state().accounts.at(account).participant == who;
    };
    if (office.context().json) {
        Json restricted = Json::array();
        for (const auto& [id, reason] : why)
            if (is_own(id))
                restricted.push_back({{"account", office.name_of(id)},
                                      {"status", status_of(office, id)},
                                      {"why", reason}});
        print_document({{"participant", office.name_of(who)},
                        {"restricted", restricted},
                        {"waits", waits_json(waits)},
                        {"next", next_steps_json(next_steps(office, who))}});
        return;
    }
    fmt::print("{}\n", plain_line(office.name_of(who)));
    print_restricted(office, why, who);
    if (waits.empty()) fmt::print("Nothing waits\n");
    print_waits(waits);
    fmt::print("Next\n");
    print_next_steps(next_steps(office, who));
}

void status(Office& office, const BalanceOptions& options) {
    if (const auto who = office.any_participant(options.who)) return status_of_one(office, *who);
    const scheme::State& state = office.state();
    const std::vector<WaitingMatter> waits = what_waits(office, std::nullopt);
    if (office.context().json) {
        Json out{{"scheme", state.rules.name},
                 {"profile", state.rules.profile},
                 {"rules_version", state.rules.version},
                 {"exercise", state.rules.exercise},
                 {"cash", to_string(state.rules.cash)},
                 {"participants", state.participants.size()},
                 {"accounts", state.accounts.size()}};
        const Json rows = waits_json(waits);
        for (const auto& [kind, of_it] : rows.items()) out[kind + "_waiting"] = of_it.size();
        out["trading_halted"] = state.halted;
        out["books_halted"] = Json::array();
        for (const auto& [vintage, halt] : state.supervision.halts)
            if (halt.until > office.moment())
                out["books_halted"].push_back(vintage == 0 ? Json("all") : Json(vintage));
        out["events"] = office.engine().last_seq();
        out["last_event_at"] = to_rfc3339(office.last_written());
        print_document(out);
        return;
    }
    fmt::print("{} (profile {}, rules version {}){}\n",
               plain_line(state.rules.name),
               plain_line(state.rules.profile),
               state.rules.version,
               state.rules.exercise ? "  EXERCISE" : "");
    fmt::print("{}, {}, {}, the last {}\n",
               counted(state.participants.size(), "participant"),
               counted(state.accounts.size(), "account"),
               counted(office.engine().last_seq(), "event"),
               to_rfc3339(office.last_written()));
    if (waits.empty()) {
        fmt::print("Nothing waits\n");
    } else {
        fmt::print("Waiting: {} (abate registry proposals)\n", waits_text(waits));
    }
    for (const auto& [vintage, halt] : state.supervision.halts)
        if (halt.until > office.moment())
            fmt::print("{} HALTED: {}\n",
                       vintage == 0 ? std::string("The market is")
                                    : fmt::format("Orders of {} are", vintage),
                       plain_line(halt.reason));
    if (state.halted)
        fmt::print(
            "Sales and withdrawals are HALTED: the bank's statement is not what the books say\n");
    if (state.rules.cash == scheme::CashMode::notional)
        fmt::print("Cash is notional {}: no bank stands behind it\n",
                   plain_line(state.rules.currency));
}

Json market_row(std::uint64_t seq, const exchange::MarketEvent& event) {
    const exchange::Operation& o = event.operation;
    Json row{{"seq", seq},
             {"at", to_rfc3339({o.at_us})},
             {"market", exchange::to_string(event.kind)},
             {"order_id", o.order_id},
             {"trader", o.participant},
             {"vintage", o.book}};
    if (o.quantity && o.price_micro) {
        row["side"] = o.side == exchange::Side::buy ? "buy" : "sell";
        row["price_micro"] = *o.price_micro;
        row["quantity"] = *o.quantity;
    }
    row["met"] = Json::array();
    for (const exchange::Met& met : event.met)
        row["met"].push_back({{"kind", static_cast<std::uint32_t>(met.kind)},
                              {"order_id", met.maker},
                              {"price_micro", met.price_micro},
                              {"quantity", met.quantity}});
    return row;
}

// Every event as one line of JSON.
void export_journal(Office& office) {
    const auto print_event = [&](std::uint64_t seq, const auto& event) {
        Json row{{"seq", seq}, {"at", to_rfc3339(event.at)}};
        if constexpr (std::is_same_v<std::decay_t<decltype(event)>, registry::Event>) {
            registry::Command c = event.command;
            if (c.reference != registry::TransferId{})
                if (const auto promise = office.books().transfer(c.reference)) {
                    c.from = promise->command.from;
                    c.to = promise->command.to;
                    c.asset = promise->command.asset;
                }
            row["posting"] = registry::to_string(c.op);
            row["id"] = report::id_text(c.id);
            row["from"] = static_cast<std::uint64_t>(c.from);
            row["to"] = static_cast<std::uint64_t>(c.to);
            row["asset"] = asset_name(c.asset);
            row["amount"] = event.outcome.amount;
            row["reason"] = registry::to_string(event.outcome.reason);
        } else if (event.kind == scheme::EventKind::command) {
            row["id"] = report::id_text(event.envelope.id);
            row["key"] = scheme::to_string(event.envelope.key);
            row["signature"] = scheme::to_string(event.envelope.signature);
            if (const auto command = scheme::decode_command(event.envelope.body))
                row["command"] = Json::parse(report::command_json(*command));
            row["reason"] = scheme::to_string(event.reason);
        } else {
            row["due"] = report::id_text(event.due.id);
            row["reason"] = scheme::to_string(event.reason);
        }
        fmt::print("{}\n", row.dump(-1, ' ', false, Json::error_handler_t::replace));
    };
    read_journal(office.journal(), print_event, [&](std::uint64_t seq, const auto& event) {
        fmt::print("{}\n", market_row(seq, event).dump());
    });
}

}  // namespace

void add_registry_books(CLI::App& registry, Context& context) {
    CLI::App* made = nullptr;
    BalanceOptions& listed = add_view<BalanceOptions>(
        registry, context, made, "list", "Participants and their accounts", list);
    made->add_option("PARTICIPANT", listed.who, "Which [all]");
    BalanceOptions& shown =
        add_view<BalanceOptions>(registry, context, made, "balance", "What accounts hold", balance);
    made->add_option("WHO", shown.who, "A participant or an account [all]");
    HistoryOptions& past = add_view<HistoryOptions>(
        registry, context, made, "history", "What happened, oldest first", history, Shows::written);
    made->add_option("--account", past.account, "What touched this account only")
        ->type_name("ACCOUNT");
    made->add_option("--last", past.last, "So many of the newest")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    made->add_flag("--all", past.all, "From the first");
    BalanceOptions& said = add_view<BalanceOptions>(
        registry,
        context,
        made,
        "status",
        "The scheme in a few lines; of a participant: what waits, and what is next",
        status);
    made->add_option("PARTICIPANT", said.who, "Whose [the scheme's]");
    auto audited = std::make_shared<OfficeOptions>();
    CLI::App* audit = registry.add_subcommand(
        "audit", "Check the whole journal with code that shares nothing with the books");
    add_journal_options(*audit, context, *audited);
    audit->callback([audited, &context] {
        const std::unique_ptr<engine::Journal> journal =
            open_journal(context, *audited, JournalUse::read);
        audit_journal(context, *journal);
    });
    {
        struct Kept {
            OfficeOptions office;
            std::string to;
        };
        auto kept_backup = std::make_shared<Kept>();
        CLI::App* backup = registry.add_subcommand(
            "backup", "Copy the journal to a new file, checked, while it is written to");
        add_journal_options(*backup, context, kept_backup->office);
        backup->add_option("FILE", kept_backup->to, "The copy; it must not be there yet")
            ->required();
        backup->callback([kept_backup, &context] {
            const std::string name = journal_name(context, kept_backup->office);
            // All of it is folded, and no snapshot believed.
            std::string head_said;
            const Result<void> done = store::backup_sqlite_journal(
                name, kept_backup->to, [&head_said](const std::string& copy) -> Result<void> {
                    const auto journal = store::read_sqlite_journal(copy, scheme_key());
                    if (!journal) return journal.error();
                    engine::Engine engine(scheme_key());
                    if (const auto folded =
                            engine::recover(engine, **journal, {.use_snapshots = false});
                        !folded)
                        return folded.error();
                    if (!engine.scheme().state().founded)
                        return Error{ErrorCode::not_found,
                                     "no scheme is founded here yet",
                                     "",
                                     "Found one with `abate registry init SCHEME.toml`"};
                    head_said =
                        to_string(engine::Head{.seq = engine.last_seq(), .digest = engine.head()});
                    return {};
                });
            if (!done) throw Failure(done.error());
            if (context.json) {
                print_document({{"file", kept_backup->to}, {"head", head_said}});
            } else {
                fmt::print("{}\nHead {}\n", kept_backup->to, head_said);
            }
        });
    }
    add_view<BalanceOptions>(
        registry,
        context,
        made,
        "export",
        "The whole journal, one event a line of JSON",
        [](Office& office, const BalanceOptions&) { export_journal(office); },
        Shows::written);
}

}  // namespace abate::cli
