// A journal that breaks when it is told to, and a scheme to move allowances in.
#pragma once

#include "abate/core/fault.h"
#include "abate/engine/engine.h"
#include "abate/node/node.h"
#include "abate/store/store.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace abate::node::testing {

inline constexpr engine::SchemeKey kKey{.tenant_id = 1, .scheme_id = 7};
inline constexpr registry::Asset kAsset{2027};

// What a fault does to one append.
enum class Break {
    nothing,
    before,  // the batch is lost
    after,   // the batch is kept and the answer is lost
    late,    // the batch comes only after the connection was given up
    lease,   // another writer takes the lease first
};

// A database that many connections share; thread-safe.
class Disk {
  public:
    using Opening = std::function<Result<std::unique_ptr<engine::Journal>>()>;
    Disk() : Disk(kKey) {}
    explicit Disk(engine::SchemeKey key) : shared_(store::open_memory_journal(key)) {}
    // Of another store: each connection opens its own.
    explicit Disk(Opening opening) : opening_(std::move(opening)) {}
    // Something between the connections and the journal in memory.
    explicit Disk(std::unique_ptr<engine::Journal> shared) : shared_(std::move(shared)) {}

    // A connection. It is of no use after it has thrown.
    std::unique_ptr<engine::Journal> connect();
    Result<std::unique_ptr<engine::Journal>> open() {
        if (before) before("open");
        const std::lock_guard lock(mutex_);
        ++opened;
        if (refuse > 0) {
            --refuse;
            return Error{ErrorCode::unavailable, "no server", "disk", ""};
        }
        return connect();
    }
    // What is really there: without any fault, and without the hooks below.
    template <class F>
    std::invoke_result_t<F, engine::Journal&> bare(const F& use) {
        const std::lock_guard lock(mutex_);
        if (shared_ != nullptr) return use(*shared_);
        return use(**opening_());
    }

    // Of the n-th append from now on, counted from 1.
    std::function<Break(int)> plan = [](int) { return Break::nothing; };
    int refuse = 0;  // openings that fail
    bool refuse_snapshots = false;
    int opened = 0;
    int appends = 0;
    // Before and after each call of a connection, by its name; a Fault from here breaks the connection. Set before use.
    std::function<void(const std::string& call)> before = {};
    std::function<void(const std::string& call)> after = {};
    // What becomes of a snapshot on its way to the disk.
    std::function<void(engine::Snapshot&)> spoil = {};

    std::vector<engine::Batch> batches() {
        std::vector<engine::Batch> found;
        bare([&](engine::Journal& j) {
            j.read(1, [&](const engine::Batch& batch) {
                found.push_back(batch);
                return true;
            });
        });
        return found;
    }
    std::uint64_t steal_lease() {
        return bare([](engine::Journal& j) { return j.take_lease("thief"); });
    }
    // What was sent late arrives now.
    void deliver_late() {
        bare([this](engine::Journal& j) {
            for (const engine::Batch& batch : std::exchange(late_, {})) (void)j.append(batch);
        });
    }
    std::mutex& mutex() { return mutex_; }

  private:
    friend class Connection;
    std::mutex mutex_;
    Opening opening_;
    std::unique_ptr<engine::Journal> shared_;
    std::vector<engine::Batch> late_;
};

class Connection final : public engine::Journal {
  public:
    Connection(Disk& disk, std::unique_ptr<engine::Journal> own)
        : disk_(&disk), own_(std::move(own)) {}

    std::optional<engine::BatchHeader> head() override {
        return with("head", [](engine::Journal& j) { return j.head(); });
    }
    engine::Append append(const engine::Batch& batch) override {
        return with("append", [&](engine::Journal& j) {
            switch (disk_->plan(++disk_->appends)) {
                case Break::nothing:
                    break;
                case Break::before:
                    fail();
                case Break::after:
                    (void)j.append(batch);
                    fail();
                case Break::late:
                    disk_->late_.push_back(batch);
                    fail();
                case Break::lease:
                    (void)j.take_lease("thief");
                    break;
            }
            return j.append(batch);
        });
    }
    void read(std::uint64_t from_seq,
              const std::function<bool(const engine::Batch&)>& visit) override {
        with("read", [&](engine::Journal& j) { j.read(from_seq, visit); });
    }
    std::uint64_t take_lease(const std::string& holder) override {
        return with("take_lease", [&](engine::Journal& j) { return j.take_lease(holder); });
    }
    std::optional<std::uint64_t> renew_lease(const std::string& holder,
                                             std::uint64_t epoch) override {
        return with("renew_lease", [&](engine::Journal& j) {
            const auto renewed = j.renew_lease(holder, epoch);
            // What the old connection had sent arrives after all, behind the new lease.
            for (const engine::Batch& batch : std::exchange(disk_->late_, {}))
                (void)j.append(batch);
            return renewed;
        });
    }
    void keep_snapshot(const engine::Snapshot& snapshot) override {
        with("keep_snapshot", [&](engine::Journal& j) {
            if (disk_->refuse_snapshots) fail();
            engine::Snapshot kept = snapshot;
            if (disk_->spoil) disk_->spoil(kept);
            j.keep_snapshot(kept);
        });
    }
    std::optional<engine::Snapshot> newest_snapshot(std::uint64_t most) override {
        return with("newest_snapshot", [&](engine::Journal& j) { return j.newest_snapshot(most); });
    }

  private:
    [[noreturn]] void fail() {
        broken_ = true;
        throw Fault({ErrorCode::io_error, "the connection broke", "disk", ""});
    }
    template <class F>
    std::invoke_result_t<F, engine::Journal&> with(const std::string& call, const F& use) {
        try {
            // Outside the lock: what it does may use other connections.
            if (disk_->before) disk_->before(call);
            if constexpr (std::is_void_v<std::invoke_result_t<F, engine::Journal&>>) {
                locked(use);
                if (disk_->after) disk_->after(call);
            } else {
                auto answer = locked(use);
                if (disk_->after) disk_->after(call);
                return answer;
            }
        } catch (const Fault&) {
            broken_ = true;
            throw;
        }
    }
    template <class F>
    std::invoke_result_t<F, engine::Journal&> locked(const F& use) {
        const std::lock_guard lock(disk_->mutex_);
        if (broken_) fail();
        return use(own_ != nullptr ? *own_ : *disk_->shared_);
    }
    Disk* disk_;
    std::unique_ptr<engine::Journal> own_;
    bool broken_ = false;
};

// Where the store cannot be opened there is a Fault.
inline std::unique_ptr<engine::Journal> Disk::connect() {
    if (!opening_) return std::make_unique<Connection>(*this, nullptr);
    Result<std::unique_ptr<engine::Journal>> own = opening_();
    if (!own) throw Fault(own.error());
    return std::make_unique<Connection>(*this, *std::move(own));
}

// Two holdings, 10 with a million allowances and 20; ids 1 to 5 of high number 1.
inline std::vector<registry::Command> opening() {
    using namespace registry;
    return {
        {.op = Op::open_account, .kind = AccountKind::issuance, .id = {1, 1}, .from = AccountId{1}},
        {.op = Op::open_participant,
         .id = {1, 2},
         .participant = ParticipantId{1},
         .group = GroupId{1}},
        {.op = Op::open_account,
         .kind = AccountKind::holding,
         .id = {1, 3},
         .from = AccountId{10},
         .participant = ParticipantId{1}},
        {.op = Op::open_account,
         .kind = AccountKind::holding,
         .id = {1, 4},
         .from = AccountId{20},
         .participant = ParticipantId{1}},
        {.op = Op::issue,
         .asset = kAsset,
         .id = {1, 5},
         .from = AccountId{1},
         .to = AccountId{10},
         .amount = 1'000'000}};
}

inline registry::Command move(const registry::TransferId& id, std::int64_t amount = 1) {
    return {.op = registry::Op::transfer,
            .asset = kAsset,
            .id = id,
            .from = registry::AccountId{10},
            .to = registry::AccountId{20},
            .amount = amount};
}

}  // namespace abate::node::testing
