// The books and the machine that keeps them. Start at registry.h.
#pragma once

#include "abate/core/clock.h"
#include "abate/registry/chunks.h"
#include "abate/registry/command.h"
#include "abate/registry/id_index.h"
#include "abate/registry/reject_reason.h"
#include "abate/units/energy.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <vector>

namespace abate::registry {

struct Outcome {
    Reason reason = Reason::ok;
    // What moved: the command's amount; of a post what was posted, of an expiry or void what was released, of a claw-back what the
    // account still had (the rest came from the deficit account). 0 for a refusal.
    std::int64_t amount = 0;
    bool operator==(const Outcome&) const = default;
};

// What happened: a command that was done, or one that burned its id.
struct Event {
    Command command;
    Outcome outcome;
    Timestamp at;
    bool operator==(const Event&) const = default;
};

class EventSink {
  public:
    virtual ~EventSink() = default;
    virtual void on(const Event& event) = 0;
};

struct Balance {
    Asset asset{};
    std::int64_t posted = 0;    // what the account has, reserved parts included
    std::int64_t reserved = 0;  // promised to pending transfers
    std::int64_t incoming = 0;  // promised by pending transfers, not there yet
    [[nodiscard]] std::int64_t available() const { return posted - reserved; }
    bool operator==(const Balance&) const = default;
};

struct AccountView {
    AccountId id{};
    ParticipantId participant{};
    AccountKind kind{};
    AccountStatus status{};
    bool obligated = false;
    std::vector<Balance> balances;  // by asset; those of 0 included once they were used
};

enum class PendingState : std::uint8_t { none, pending, posted, voided, expired };

// A command by its id, and what became of it.
struct TransferView {
    Command command;
    Outcome outcome;
    PendingState pending = PendingState::none;
    Timestamp at;
    std::optional<Timestamp> due;  // of a pending one with a time-out
};

// How many accounts and commands (each leaves a record) are to come.
struct Room {
    std::size_t accounts = 0;
    std::size_t commands = 0;
};

class Registry {
  public:
    // Against ids that collide; never seen from outside.
    explicit Registry(std::uint64_t hash_seed = 0x5eed) : seed_(hash_seed) {}

    // Takes the memory for these now, in huge pages where the kernel gives them: then deciding waits for no page fault until they came.
    // 200 to 250 bytes a command and an account. Throws std::bad_alloc. REQUIRES: with those that are there, at most 2^31 of each.
    void make_room(const Room& more);

    // Decides and does one command at `now`. A command with kLinked is refused: see apply_chain. REQUIRES: now is after every earlier
    // time. Some 3 million transfers a second; no allocation but for growth.
    Outcome apply(const Command& command, Timestamp now, EventSink& sink);

    // All or nothing: every command but the last has kLinked. Where one is refused, it has its reason and the others
    // linked_event_failed; nothing is done, and only the refused one's id may burn: its event has kLinked, wherever it stood in the chain.
    // Command i is at now + i microseconds.
    // REQUIRES: not empty; as many outcomes as commands.
    void apply_chain(std::span<const Command> commands,
                     Timestamp now,
                     std::span<Outcome> outcomes,
                     EventSink& sink);

    // A batch of commands and chains in order. A chain without its end is refused whole: linked_chain_open.
    void apply_batch(std::span<const Command> commands,
                     Timestamp now,
                     std::span<Outcome> outcomes,
                     EventSink& sink);

    // Expires what is due at `now`, in the order of (due, id); each is an event at `now`.
    void advance_time(Timestamp now, EventSink& sink);
    // When the next pending transfer is due.
    [[nodiscard]] std::optional<Timestamp> next_due() const;

    // Does again what was done: rebuilds the books from a journal, in order. It never decides. False, and nothing done, where the event
    // cannot follow from these books: an account or promise that is not there, an amount that does not fit.
    [[nodiscard]] bool fold(const Event& event);
    // The same in order, with memory asked for ahead; how many were folded: less than all where one cannot follow.
    [[nodiscard]] std::size_t fold_block(std::span<const Event> events);

    // For a market. The cover of an order is reserved as a promise is, but stands under no id: the market's own events say all of it, and
    // its orders must add up to covered(). Two sides of a trade settle at once, out of what was covered.
    //
    // Where an account keeps an asset, found once for many orders.
    class BalanceRef {
      public:
        [[nodiscard]] bool found() const { return account_ != kNone; }
        // The account has had the asset before.
        [[nodiscard]] bool opened() const { return at_ != kNone; }
        bool operator==(const BalanceRef&) const = default;

      private:
        friend class Registry;
        std::uint32_t account_ = UINT32_MAX;
        std::uint32_t at_ = UINT32_MAX;
    };
    // Not found: no such account, or its kind does not hold that asset.
    [[nodiscard]] BalanceRef find_balance(AccountId id, Asset asset) const;
    // Makes room for the asset where there is none. REQUIRES: found, for this asset.
    void open_balance(BalanceRef& of, Asset asset);
    [[nodiscard]] Balance balance(const BalanceRef& of) const {
        if (!of.opened()) return {};
        const Account& account = accounts_[of.account_];
        return of.at_ < kInline ? account.balances[of.at_] : more_[account.more][of.at_ - kInline];
    }
    [[nodiscard]] std::int64_t available(const BalanceRef& of) const {
        if (!of.opened()) return 0;
        const Account& account = accounts_[of.account_];
        const Balance& has =
            of.at_ < kInline ? account.balances[of.at_] : more_[account.more][of.at_ - kInline];
        return has.available();
    }
    [[nodiscard]] AccountStatus status(const BalanceRef& of) const {
        return accounts_[of.account_].status;
    }
    // REQUIRES: 0 < amount <= what is available in it.
    void cover(const BalanceRef& from, std::int64_t amount) {
        Balance& gives = at(from);
        gives.reserved += amount;
        covered_[gives.asset != Asset::cash] += amount;
    }
    // REQUIRES: so much of it is covered.
    void uncover(const BalanceRef& from, std::int64_t amount) {
        Balance& gives = at(from);
        gives.reserved -= amount;
        covered_[gives.asset != Asset::cash] -= amount;
    }
    // Moves what was covered. REQUIRES: so much is covered in `from`; both keep the same asset.
    struct Delivery {
        BalanceRef from;
        BalanceRef to;
        std::int64_t amount = 0;
    };
    void deliver(const Delivery& delivery) {
        uncover(delivery.from, delivery.amount);
        at(delivery.from).posted -= delivery.amount;
        at(delivery.to).posted += delivery.amount;
    }
    // Of all orders: money, and allowances of whatever vintage.
    [[nodiscard]] Int128 covered_money() const { return covered_[0]; }
    [[nodiscard]] Int128 covered_allowances() const { return covered_[1]; }

    // What apply() would answer to this command now, by itself. Nothing is done.
    [[nodiscard]] Reason would_answer(const Command& command, Timestamp now) const {
        return decide(command, now).outcome.reason;
    }
    [[nodiscard]] std::optional<AccountView> account(AccountId id) const;
    // 0 for an account or asset that never was.
    [[nodiscard]] Balance balance(AccountId id, Asset asset) const;
    [[nodiscard]] std::optional<GroupId> group_of(ParticipantId id) const;
    [[nodiscard]] std::optional<TransferView> transfer(const TransferId& id) const;
    // In the order of opening.
    void for_each_account(const std::function<void(const AccountView&)>& visit) const;
    [[nodiscard]] std::size_t accounts() const { return account_count_; }
    [[nodiscard]] std::size_t transfers() const { return record_ids_.size(); }
    [[nodiscard]] Timestamp last_time() const { return last_; }

  private:
    friend struct SnapshotAccess;
    static constexpr std::uint32_t kNone = IdIndex::kNone;
    static constexpr std::size_t kInline = 3;

    struct alignas(64) Account {
        AccountId id{};
        ParticipantId participant{};
        AccountKind kind{};
        AccountStatus status{};  // 0: rolled back, the number is free
        std::uint8_t obligated = 0;
        std::uint8_t used = 0;       // of `balances`
        std::uint32_t more = kNone;  // index in more_
        std::uint32_t pending = 0;   // transfers in flight that touch it
        std::uint32_t opened = 0;    // so many were open before it
        std::array<Balance, kInline> balances{};
    };
    enum class RecordState : std::uint8_t { free, done, failed };
    struct Record {
        Command command;
        std::int64_t amount = 0;
        std::int64_t at_us = 0;
        std::int64_t due_us = 0;  // 0: never
        Reason reason = Reason::ok;
        RecordState state = RecordState::free;
        PendingState pending = PendingState::none;
    };
    // What registry.h says of memory.
    static_assert(sizeof(Account) == 128 && sizeof(Record) == 144);
    struct Participant {
        ParticipantId id{};
        GroupId group{};  // 0: rolled back
    };
    // A decision, with what was looked up for it.
    struct Decision {
        Outcome outcome;
        std::uint32_t record = kNone;  // that has the command's id
        std::uint32_t from = kNone;
        std::uint32_t to = kNone;
        std::uint32_t deficit = kNone;
        std::uint32_t reference = kNone;
        std::uint32_t participant = kNone;
    };
    struct Due {
        std::int64_t us;
        TransferId id;
        std::uint32_t record;
        auto operator<=>(const Due&) const = default;
    };
    // What a chain changed, to put it back.
    struct Undo;

    [[nodiscard]] std::uint64_t hash_of(const TransferId& id) const {
        return mixed(id.low ^ mixed(id.high ^ seed_));
    }
    [[nodiscard]] std::uint64_t hash_of(std::uint64_t id) const { return mixed(id ^ seed_); }
    [[nodiscard]] std::uint32_t find_record(const TransferId& id) const;
    [[nodiscard]] std::uint32_t find_account(AccountId id) const;
    [[nodiscard]] std::uint32_t find_participant(ParticipantId id) const;
    void prefetch(const Command& command) const;
    void prefetch_accounts(const Command& command) const;

    [[nodiscard]] static Reason check_alone(const Command& command);
    struct Retry {
        const Command& kept;
        const Command& came;
    };
    [[nodiscard]] static Reason difference(const Retry& retry);
    [[nodiscard]] Reason check_id(const Command& command, std::uint32_t& record) const;
    [[nodiscard]] Decision decide(const Command& command, Timestamp now) const;
    void decide_institution(const Command& command, Decision& decision) const;
    void decide_resolution(const Command& command, Timestamp now, Decision& decision) const;
    void decide_movement(const Command& command, Timestamp now, Decision& decision) const;
    [[nodiscard]] Reason check_accounts(const Command& command, const Decision& decision) const;
    [[nodiscard]] Reason check_balances(const Command& command, Decision& decision) const;

    Outcome apply_one(const Command& command, Timestamp now, EventSink& sink, Undo* undo);
    void fold(const Event& event, const Decision& decision, Undo* undo);
    void fold_institution(const Command& command, const Decision& decision, Undo* undo);
    void fold_resolution(const Event& event, const Decision& decision, Undo* undo);
    void fold_movement(const Event& event, const Decision& decision, Undo* undo);
    void keep_record(const Event& event, std::uint32_t known);
    void save(std::uint32_t account, Undo& undo) const;
    void roll_back(Undo& undo);
    [[nodiscard]] std::optional<Decision> looked_up(const Event& event) const;
    [[nodiscard]] bool fits(const Event& event, const Decision& decision) const;

    [[nodiscard]] bool is_open(const Due& due) const;
    [[nodiscard]] Balance& at(const BalanceRef& of) {
        Account& account = accounts_[of.account_];
        return of.at_ < kInline ? account.balances[of.at_] : more_[account.more][of.at_ - kInline];
    }
    [[nodiscard]] const Balance* find_balance(const Account& account, Asset asset) const;
    Balance& balance_of(Account& account, Asset asset);
    // REQUIRES: one of this account's.
    [[nodiscard]] std::uint32_t place_of(const Account& account, const Balance* balance) const;
    [[nodiscard]] AccountView view(const Account& account) const;
    // Positions in accounts_. A number that a chain took and gave back has kept its place there, and may have been opened since.
    [[nodiscard]] std::vector<std::uint32_t> in_order_of_opening() const;

    std::uint64_t seed_;
    Timestamp last_{INT64_MIN};
    IdIndex record_ids_;
    Chunks<Record> records_;
    IdIndex account_ids_;
    Chunks<Account> accounts_;
    std::vector<std::vector<Balance>> more_;  // beyond the first kInline assets of an account
    IdIndex participant_ids_;
    Chunks<Participant> participants_;
    std::size_t account_count_ = 0;
    std::array<Int128, 2> covered_{};
    // Soonest first; what was resolved stays until it comes to the top.
    mutable std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace abate::registry
