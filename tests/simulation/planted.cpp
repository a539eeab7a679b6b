#include "simulation/planted.h"

#include "abate/store/store.h"

#include <optional>
#include <utility>

namespace abate::simulation {
namespace {

class Planted final : public engine::Journal {
  public:
    Planted(Plant plant, engine::SchemeKey key)
        : plant_(plant), journal_(store::open_memory_journal(key)) {}

    void crash() { held_.reset(); }

    std::optional<engine::BatchHeader> head() override {
        if (held_) return held_->header;
        return journal_->head();
    }
    engine::Append append(const engine::Batch& batch) override {
        ++appends_;
        sync();
        if (plant_ == Plant::split && batch.header.epoch < epoch_) return engine::Append::committed;
        if (plant_ == Plant::forgets) {
            held_ = batch;
            return engine::Append::committed;
        }
        if (plant_ == Plant::half && appends_ > 20 && batch.header.count > 1)
            return journal_->append(half_of(batch));
        return journal_->append(batch);
    }
    void read(std::uint64_t from_seq,
              const std::function<bool(const engine::Batch&)>& visit) override {
        bool on = true;
        journal_->read(from_seq, [&](const engine::Batch& batch) {
            if (plant_ == Plant::rots && appends_ > 20 && batch.header.first_seq < 20) {
                engine::Batch rotten = batch;
                rotten.payload.back() = static_cast<char>(rotten.payload.back() ^ 1);
                on = visit(rotten);
            } else {
                on = visit(batch);
            }
            return on;
        });
        if (on && held_ && held_->header.last_seq >= from_seq) visit(*held_);
    }
    std::uint64_t take_lease(const std::string& holder) override {
        epoch_ = journal_->take_lease(holder);
        return epoch_;
    }
    std::optional<std::uint64_t> renew_lease(const std::string& holder,
                                             std::uint64_t epoch) override {
        const auto renewed = journal_->renew_lease(holder, epoch);
        if (renewed) epoch_ = *renewed;
        return renewed;
    }
    void keep_snapshot(const engine::Snapshot& snapshot) override {
        journal_->keep_snapshot(snapshot);
    }
    std::optional<engine::Snapshot> newest_snapshot(std::uint64_t most) override {
        return journal_->newest_snapshot(most);
    }

  private:
    void sync() {
        if (held_) (void)journal_->append(*held_);
        held_.reset();
    }
    // A sound batch, sealed anew, so that nothing but what is missing tells.
    static engine::Batch half_of(engine::Batch batch) {
        registry::EventReader reader(batch.payload);
        const std::uint32_t keep = batch.header.count / 2;
        for (std::uint32_t i = 0; i < keep; ++i) {
            if (scheme::is_scheme_event(reader.left().front())) {
                reader.skip(scheme::read_event(reader.left())->size);
            } else {
                (void)reader.next();
            }
        }
        batch.payload.resize(batch.payload.size() - reader.left().size());
        batch.header.count = keep;
        batch.header.last_seq = batch.header.first_seq + keep - 1;
        batch.header.digest = engine::seal(batch);
        return batch;
    }

    Plant plant_;
    std::unique_ptr<engine::Journal> journal_;
    std::optional<engine::Batch> held_;  // told to be durable
    std::uint64_t epoch_ = 0;
    int appends_ = 0;
};

}  // namespace

const char* to_string(Plant plant) {
    switch (plant) {
        case Plant::none:
            return "none";
        case Plant::forgets:
            return "forgets";
        case Plant::split:
            return "split";
        case Plant::rots:
            return "rots";
        case Plant::twice:
            return "twice";
        case Plant::answers:
            return "answers";
        case Plant::half:
            return "half";
        case Plant::wrong_amount:
            return "wrong_amount";
    }
    return "";
}

std::vector<Plant> planted_faults() {
    return {Plant::forgets,
            Plant::split,
            Plant::rots,
            Plant::twice,
            Plant::answers,
            Plant::half,
            Plant::wrong_amount};
}

PlantedJournal plant(Plant plant, engine::SchemeKey key) {
    auto journal = std::make_unique<Planted>(plant, key);
    Planted* const at = journal.get();
    return {.journal = std::move(journal), .crash = [at] { at->crash(); }};
}

}  // namespace abate::simulation
