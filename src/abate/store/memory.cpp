#include "abate/store/run_choice.h"
#include "abate/store/run_store.h"

#include <algorithm>
#include <map>

namespace abate::store {

namespace {

class MemoryRunStore final : public RunStore {
  public:
    Result<void> put(const StoredRun& run) override {
        if (auto checked = check_stored_run(run); !checked) return checked;
        const auto [place, inserted] = runs_.try_emplace(run.run_id, run);
        return inserted ? Result<void>{} : check_same_run(run, place->second.record_json);
    }

    Result<std::vector<StoredRun>> list(const RunFilter& filter) override {
        std::vector<StoredRun> found;
        for (const auto& [id, run] : runs_) {
            if (matches(filter, run)) found.push_back(run);
        }
        std::sort(found.begin(), found.end(), is_newer);
        if (filter.limit > 0 && found.size() > filter.limit) found.resize(filter.limit);
        return found;
    }

    Result<StoredRun> find(const std::string& id_or_prefix) override {
        if (id_or_prefix == "last") {
            if (runs_.empty()) return no_run_yet();
            return runs_.rbegin()->second;
        }
        std::vector<std::string> candidates;
        for (const auto& [id, run] : runs_) {
            if (is_part_of(id_or_prefix, id)) candidates.push_back(id);
        }
        return choose_run_id(id_or_prefix, candidates).and_then([&](const std::string& id) {
            return Result<StoredRun>(runs_.at(id));
        });
    }

    [[nodiscard]] std::string describe() const override { return "memory"; }

  private:
    std::map<std::string, StoredRun> runs_;
};

}  // namespace

std::unique_ptr<RunStore> open_memory_run_store() { return std::make_unique<MemoryRunStore>(); }

}  // namespace abate::store
