#include "abate/engine/engine.h"
#include "abate/store/journal_store.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

namespace abate::store {
namespace {

using engine::Append;
using engine::Batch;
using engine::BatchHeader;

class MemoryJournal final : public engine::Journal {
  public:
    std::optional<BatchHeader> head() override {
        if (batches_.empty()) return std::nullopt;
        return batches_.back().header;
    }

    Append append(const Batch& batch) override {
        if (batch.header.epoch < std::max(epoch_, last_epoch())) return Append::fenced;
        if (!batches_.empty() && batch.header.first_seq <= batches_.back().header.last_seq)
            return Append::taken;
        batches_.push_back(batch);
        return Append::committed;
    }

    void read(std::uint64_t from_seq, const std::function<bool(const Batch&)>& visit) override {
        const auto first = std::lower_bound(
            batches_.begin(), batches_.end(), from_seq, [](const Batch& batch, std::uint64_t seq) {
                return batch.header.last_seq < seq;
            });
        for (auto at = first; at != batches_.end(); ++at)
            if (!visit(*at)) return;
    }

    std::uint64_t take_lease(const std::string& holder) override {
        holder_ = holder;
        epoch_ = std::max(epoch_, last_epoch()) + 1;
        return epoch_;
    }

    std::optional<std::uint64_t> renew_lease(const std::string& holder,
                                             std::uint64_t epoch) override {
        if (holder != holder_ || epoch_ < epoch) return std::nullopt;
        epoch_ = std::max(epoch_, last_epoch()) + 1;
        return epoch_;
    }

    void keep_snapshot(const engine::Snapshot& snapshot) override {
        snapshots_[snapshot.last_seq] = snapshot;
        while (snapshots_.size() > 2) snapshots_.erase(snapshots_.begin());
    }

    std::optional<engine::Snapshot> newest_snapshot(std::uint64_t most) override {
        const auto after = snapshots_.upper_bound(most);
        if (after == snapshots_.begin()) return std::nullopt;
        return std::prev(after)->second;
    }

  private:
    [[nodiscard]] std::uint64_t last_epoch() const {
        return batches_.empty() ? 0 : batches_.back().header.epoch;
    }

    std::map<std::uint64_t, engine::Snapshot> snapshots_;
    std::vector<Batch> batches_;
    std::uint64_t epoch_ = 0;
    std::string holder_;
};

}  // namespace

std::unique_ptr<engine::Journal> open_memory_journal(engine::SchemeKey /*key*/) {
    return std::make_unique<MemoryJournal>();
}

}  // namespace abate::store
