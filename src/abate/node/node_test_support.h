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
    Disk() : journal_(store::open_memory_journal(kKey)) {}

    // A connection. It is of no use after it has thrown.
    std::unique_ptr<engine::Journal> connect();
    Result<std::unique_ptr<engine::Journal>> open() {
        const std::lock_guard lock(mutex_);
        ++opened;
        if (refuse > 0) {
            --refuse;
            return Error{ErrorCode::unavailable, "no server", "disk", ""};
        }
        return connect();
    }

    // Of the n-th append from now on, counted from 1.
    std::function<Break(int)> plan = [](int) { return Break::nothing; };
    int refuse = 0;  // openings that fail
    bool refuse_snapshots = false;
    int opened = 0;
    int appends = 0;

    std::vector<engine::Batch> batches() {
        const std::lock_guard lock(mutex_);
        std::vector<engine::Batch> found;
        journal_->read(1, [&](const engine::Batch& batch) {
            found.push_back(batch);
            return true;
        });
        return found;
    }
    std::uint64_t steal_lease() {
        const std::lock_guard lock(mutex_);
        return journal_->take_lease("thief");
    }
    std::mutex& mutex() { return mutex_; }

  private:
    friend class Connection;
    std::mutex mutex_;
    std::unique_ptr<engine::Journal> journal_;
    std::vector<engine::Batch> late_;
};

class Connection final : public engine::Journal {
  public:
    explicit Connection(Disk& disk) : disk_(&disk) {}

    std::optional<engine::BatchHeader> head() override {
        return with([](engine::Journal& j) { return j.head(); });
    }
    engine::Append append(const engine::Batch& batch) override {
        return with([&](engine::Journal& j) {
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
        with([&](engine::Journal& j) { j.read(from_seq, visit); });
    }
    std::uint64_t take_lease(const std::string& holder) override {
        return with([&](engine::Journal& j) { return j.take_lease(holder); });
    }
    std::optional<std::uint64_t> renew_lease(const std::string& holder,
                                             std::uint64_t epoch) override {
        return with([&](engine::Journal& j) {
            const auto renewed = j.renew_lease(holder, epoch);
            // What the old connection had sent arrives after all, behind the new lease.
            for (const engine::Batch& batch : std::exchange(disk_->late_, {}))
                (void)j.append(batch);
            return renewed;
        });
    }
    void keep_snapshot(const engine::Snapshot& snapshot) override {
        with([&](engine::Journal& j) {
            if (disk_->refuse_snapshots) fail();
            j.keep_snapshot(snapshot);
        });
    }
    std::optional<engine::Snapshot> newest_snapshot(std::uint64_t most) override {
        return with([&](engine::Journal& j) { return j.newest_snapshot(most); });
    }

  private:
    [[noreturn]] void fail() {
        broken_ = true;
        throw Fault({ErrorCode::io_error, "the connection broke", "disk", ""});
    }
    template <class F>
    std::invoke_result_t<F, engine::Journal&> with(const F& use) {
        const std::lock_guard lock(disk_->mutex_);
        if (broken_) fail();
        return use(*disk_->journal_);
    }
    Disk* disk_;
    bool broken_ = false;
};

inline std::unique_ptr<engine::Journal> Disk::connect() {
    return std::make_unique<Connection>(*this);
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
