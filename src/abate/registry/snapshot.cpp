#include "abate/registry/snapshot.h"

#include "abate/core/number_bytes.h"
#include "abate/registry/account_rules.h"
#include "abate/registry/event_codec.h"
#include "abate/registry/invariant.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace abate::registry {
namespace {

constexpr char kSnapshotMark[] = {'a', 'b', 'R', 'S'};

struct SnapshotWriter {
    std::string& out;
    template <class T>
    void number(T value) {
        append_number(out, value);
    }
};

Error bad_snapshot(const char* what) {
    return {ErrorCode::corrupt, what, "snapshot of the books", ""};
}

}  // namespace

// What the two functions may touch of a Registry.
struct SnapshotAccess {
    using Account = Registry::Account;
    using Record = Registry::Record;
    using RecordState = Registry::RecordState;

    static void write(std::string& out, const Registry& r);
    static Result<Registry> read(std::string_view bytes, std::uint64_t hash_seed);

  private:
    struct Counts {
        std::uint64_t participants = 0;
        std::uint64_t accounts = 0;
        std::uint64_t records = 0;
        std::uint64_t resolved = 0;
    };
    static bool is_resolved(const Record& record) {
        return record.pending != PendingState::none && record.pending != PendingState::pending;
    }
    static const char* read_participant(Registry& r, NumberReader& in);
    static const char* read_account(Registry& r, NumberReader& in);
    static const char* add_record(Registry& r, const Event& event, PendingState pending);
    static Result<void> read_records(Registry& r, NumberReader& in, const Counts& counts);
    static const char* check_promises(const Registry& r);
};

void SnapshotAccess::write(std::string& out, const Registry& r) {
    SnapshotWriter to{out};
    // Numbers that a chain used and gave back are left out: they are free.
    Counts counts;
    for (std::size_t i = 0; i < r.participants_.size(); ++i)
        if (r.participants_[i].group != GroupId{}) ++counts.participants;
    counts.accounts = r.account_count_;
    for (std::size_t i = 0; i < r.records_.size(); ++i) {
        if (r.records_[i].state == RecordState::free) continue;
        ++counts.records;
        if (is_resolved(r.records_[i])) ++counts.resolved;
    }
    out.append(kSnapshotMark, sizeof kSnapshotMark);
    to.number(kSnapshotVersion);
    to.number(std::uint16_t{0});
    to.number(r.last_.us);
    to.number(counts.participants);
    to.number(counts.accounts);
    to.number(counts.records);
    to.number(counts.resolved);
    for (std::size_t i = 0; i < r.participants_.size(); ++i) {
        if (r.participants_[i].group == GroupId{}) continue;
        to.number(r.participants_[i].id);
        to.number(r.participants_[i].group);
    }
    for (const std::uint32_t at : r.in_order_of_opening()) {
        const Account& account = r.accounts_[at];
        to.number(account.id);
        to.number(account.participant);
        to.number(account.kind);
        to.number(account.status);
        to.number(account.obligated);
        to.number(std::uint8_t{0});
        to.number(account.pending);
        const std::vector<Balance> none;
        const std::vector<Balance>& more =
            account.more == Registry::kNone ? none : r.more_[account.more];
        to.number(static_cast<std::uint32_t>(account.used + more.size()));
        const auto balance = [&to](const Balance& b) {
            to.number(b.asset);
            to.number(b.posted);
            to.number(b.reserved);
            to.number(b.incoming);
        };
        for (std::size_t b = 0; b < account.used; ++b) balance(account.balances[b]);
        for (const Balance& b : more) balance(b);
    }
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < r.records_.size(); ++i) {
        if (r.records_[i].state == RecordState::free) continue;
        if (is_resolved(r.records_[i])) {
            to.number(number);
            to.number(r.records_[i].pending);
        }
        ++number;
    }
    for (std::size_t i = 0; i < r.records_.size(); ++i) {
        const Record& record = r.records_[i];
        if (record.state == RecordState::free) continue;
        append_event(out,
                     {.command = record.command,
                      .outcome = {.reason = record.reason, .amount = record.amount},
                      .at = {record.at_us}});
    }
}

const char* SnapshotAccess::read_participant(Registry& r, NumberReader& in) {
    const auto id = in.number<ParticipantId>();
    const auto group = in.number<GroupId>();
    if (!in.good || id == ParticipantId{} || group == GroupId{} ||
        r.find_participant(id) != Registry::kNone)
        return "a participant that cannot be";
    r.participants_.emplace_back() = {.id = id, .group = group};
    (void)r.participant_ids_.insert(r.hash_of(static_cast<std::uint64_t>(id)));
    return nullptr;
}

const char* SnapshotAccess::read_account(Registry& r, NumberReader& in) {
    constexpr const char* kBad = "an account that cannot be";
    const auto id = in.number<AccountId>();
    const auto participant = in.number<ParticipantId>();
    const auto kind = in.number<AccountKind>();
    const auto status = in.number<AccountStatus>();
    const auto obligated = in.number<std::uint8_t>();
    const auto nothing = in.number<std::uint8_t>();
    const auto pending = in.number<std::uint32_t>();
    const auto balances = in.number<std::uint32_t>();
    if (!in.good || id == AccountId{} || !is_known(kind) || status < AccountStatus::open ||
        status > AccountStatus::closed || obligated > 1 || nothing != 0 ||
        rule_of(kind).of_participant != (participant != ParticipantId{}) ||
        r.find_account(id) != Registry::kNone)
        return kBad;
    if (participant != ParticipantId{} && r.find_participant(participant) == Registry::kNone)
        return kBad;
    Account& account = r.accounts_.emplace_back();
    account = {.id = id,
               .participant = participant,
               .kind = kind,
               .status = status,
               .obligated = obligated,
               .pending = pending};
    (void)r.account_ids_.insert(r.hash_of(static_cast<std::uint64_t>(id)));
    account.opened = static_cast<std::uint32_t>(r.account_count_);
    ++r.account_count_;
    for (std::uint32_t i = 0; i < balances; ++i) {
        const auto asset = in.number<Asset>();
        if (!in.good || r.find_balance(account, asset) != nullptr) return kBad;
        Balance& balance = r.balance_of(account, asset);
        balance.posted = in.number<std::int64_t>();
        balance.reserved = in.number<std::int64_t>();
        balance.incoming = in.number<std::int64_t>();
    }
    return in.good ? nullptr : kBad;
}

const char* SnapshotAccess::add_record(Registry& r, const Event& event, PendingState pending) {
    constexpr const char* kBad = "an id that cannot be";
    const Command& c = event.command;
    if (c.op == Op::expire || c.id.empty() || r.find_record(c.id) != Registry::kNone ||
        (event.outcome.reason != Reason::ok && !burns_id(event.outcome.reason)))
        return kBad;
    const bool promise = c.op == Op::reserve && event.outcome.reason == Reason::ok;
    if (!promise && pending != PendingState::none) return "a promise that is none";
    Record& record = r.records_.emplace_back();
    record.command = c;
    record.amount = event.outcome.amount;
    record.at_us = event.at.us;
    record.reason = event.outcome.reason;
    record.state = record.reason == Reason::ok ? RecordState::done : RecordState::failed;
    record.pending = promise && pending == PendingState::none ? PendingState::pending : pending;
    if (promise && c.timeout_us != 0) {
        if (c.timeout_us > INT64_MAX ||
            __builtin_add_overflow(
                event.at.us, static_cast<std::int64_t>(c.timeout_us), &record.due_us))
            return kBad;
        if (record.pending == PendingState::pending)
            r.due_.push({.us = record.due_us,
                         .id = c.id,
                         .record = static_cast<std::uint32_t>(r.records_.size() - 1)});
    }
    (void)r.record_ids_.insert(r.hash_of(c.id));
    return nullptr;
}

Result<void> SnapshotAccess::read_records(Registry& r, NumberReader& in, const Counts& counts) {
    struct Resolved {
        std::uint64_t record;
        PendingState how;
    };
    std::vector<Resolved> resolved;
    for (std::uint64_t i = 0; i < counts.resolved; ++i) {
        const auto which = in.number<std::uint64_t>();
        const auto how = in.number<PendingState>();
        if (!in.good || how < PendingState::posted || how > PendingState::expired ||
            (!resolved.empty() && which <= resolved.back().record))
            return bad_snapshot("a promise that cannot be");
        resolved.push_back({.record = which, .how = how});
    }
    // No more than the bytes can hold, whatever they say.
    constexpr std::size_t kLeastEvent = 16;
    r.record_ids_.reserve(std::min<std::uint64_t>(counts.records, in.bytes.size() / kLeastEvent));
    EventReader reader(in.bytes);
    std::vector<Event> block(128);
    auto next = resolved.begin();
    std::uint64_t number = 0;
    while (true) {
        const Result<std::size_t> read = reader.next_block(block);
        if (!read) return read.error();
        if (*read == 0) break;
        for (std::size_t i = 0; i < *read; ++i)
            r.record_ids_.prefetch(r.hash_of(block[i].command.id));
        for (std::size_t i = 0; i < *read; ++i, ++number) {
            PendingState pending = PendingState::none;
            if (next != resolved.end() && next->record == number) pending = (next++)->how;
            if (const char* bad = add_record(r, block[i], pending)) return bad_snapshot(bad);
        }
    }
    if (number != counts.records || next != resolved.end())
        return bad_snapshot("more or fewer ids than it says");
    return {};
}

// Each account has as many promises in flight as it says.
const char* SnapshotAccess::check_promises(const Registry& r) {
    std::vector<std::uint32_t> found(r.accounts_.size());
    for (std::size_t i = 0; i < r.records_.size(); ++i) {
        if (r.records_[i].pending != PendingState::pending) continue;
        for (const AccountId id : {r.records_[i].command.from, r.records_[i].command.to}) {
            const std::uint32_t at = r.find_account(id);
            if (at == Registry::kNone) return "a promise of no account";
            ++found[at];
        }
    }
    for (std::size_t i = 0; i < found.size(); ++i)
        if (found[i] != r.accounts_[i].pending) return "an account with other promises";
    return nullptr;
}

Result<Registry> SnapshotAccess::read(std::string_view bytes, std::uint64_t hash_seed) {
    Registry r(hash_seed);
    NumberReader in{bytes};
    if (bytes.substr(0, sizeof kSnapshotMark) !=
        std::string_view(kSnapshotMark, sizeof kSnapshotMark))
        return bad_snapshot("no snapshot of books");
    in.bytes.remove_prefix(sizeof kSnapshotMark);
    const auto version = in.number<std::uint16_t>();
    if (version > kSnapshotVersion)
        return Error{ErrorCode::version_mismatch,
                     fmt::format("a snapshot of version {}", version),
                     "snapshot of the books",
                     "Use a newer abate"};
    const auto nothing = in.number<std::uint16_t>();
    r.last_.us = in.number<std::int64_t>();
    Counts counts;
    counts.participants = in.number<std::uint64_t>();
    counts.accounts = in.number<std::uint64_t>();
    counts.records = in.number<std::uint64_t>();
    counts.resolved = in.number<std::uint64_t>();
    if (!in.good || version == 0 || nothing != 0) return bad_snapshot("a head that cannot be");
    for (std::uint64_t i = 0; i < counts.participants; ++i)
        if (const char* bad = read_participant(r, in)) return bad_snapshot(bad);
    for (std::uint64_t i = 0; i < counts.accounts; ++i)
        if (const char* bad = read_account(r, in)) return bad_snapshot(bad);
    if (const Result<void> records = read_records(r, in, counts); !records) return records.error();
    if (const char* bad = check_promises(r)) return bad_snapshot(bad);
    // What is reserved beyond promises covers orders, which are not kept here: whoever has them compares.
    for (const auto& [asset, sums] : totals(r))
        r.covered_[asset != Asset::cash] += sums.reserved - sums.incoming;
    if (const std::optional<std::string> broken = broken_invariant(r))
        return bad_snapshot(broken->c_str());
    return r;
}

void append_snapshot(std::string& out, const Registry& registry) {
    SnapshotAccess::write(out, registry);
}

Result<Registry> read_snapshot(std::string_view bytes, std::uint64_t hash_seed) {
    return SnapshotAccess::read(bytes, hash_seed);
}

}  // namespace abate::registry
