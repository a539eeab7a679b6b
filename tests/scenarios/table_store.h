// A store that a table runs on. What was written stays when it is opened again, in memory too.
//
//     TableStore store("sqlite");
//     auto journal = store.open();
#pragma once

#include "abate/engine/engine.h"
#include "abate/store/postgres_test_support.h"
#include "abate/store/store.h"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace abate::scenarios {

inline constexpr engine::SchemeKey kTableKey{.tenant_id = 1, .scheme_id = 1};

// Another journal's, as if it were one's own.
class BorrowedJournal final : public engine::Journal {
  public:
    explicit BorrowedJournal(engine::Journal& journal) : journal_(&journal) {}
    std::optional<engine::BatchHeader> head() override { return journal_->head(); }
    engine::Append append(const engine::Batch& batch) override { return journal_->append(batch); }
    void read(std::uint64_t from_seq,
              const std::function<bool(const engine::Batch&)>& visit) override {
        journal_->read(from_seq, visit);
    }
    std::uint64_t take_lease(const std::string& holder) override {
        return journal_->take_lease(holder);
    }
    std::optional<std::uint64_t> renew_lease(const std::string& holder,
                                             std::uint64_t epoch) override {
        return journal_->renew_lease(holder, epoch);
    }
    void keep_snapshot(const engine::Snapshot& snapshot) override {
        journal_->keep_snapshot(snapshot);
    }
    std::optional<engine::Snapshot> newest_snapshot(std::uint64_t most) override {
        return journal_->newest_snapshot(most);
    }

  private:
    engine::Journal* journal_;
};

// REQUIRES: for "postgres", ABATE_TEST_POSTGRES (see ABATE_NEEDS_POSTGRES).
class TableStore {
  public:
    explicit TableStore(std::string kind) : kind_(std::move(kind)) {
        if (kind_ == "postgres") base_.emplace();
        if (kind_ == "memory") memory_ = store::open_memory_journal(kTableKey);
        if (kind_ == "sqlite" && ::mkdtemp(folder_.data()) == nullptr)
            ADD_FAILURE() << "no folder in /tmp";
    }
    ~TableStore() {
        if (kind_ == "sqlite") std::filesystem::remove_all(folder_);
    }
    TableStore(const TableStore&) = delete;
    TableStore& operator=(const TableStore&) = delete;

    [[nodiscard]] Result<std::unique_ptr<engine::Journal>> open() {
        if (kind_ == "postgres") return store::open_postgres_journal(base_->conninfo(), kTableKey);
        if (kind_ == "sqlite")
            return store::open_sqlite_journal(folder_ + "/registry.db", kTableKey);
        return std::unique_ptr<engine::Journal>(std::make_unique<BorrowedJournal>(*memory_));
    }

  private:
    std::string kind_;
    std::optional<store::testing::TemporaryDatabase> base_;
    std::unique_ptr<engine::Journal> memory_;
    std::string folder_ = "/tmp/abate-scenario-XXXXXX";
};

}  // namespace abate::scenarios
