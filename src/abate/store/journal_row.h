// The columns of one batch as a database gives them, and the header that they make. Inside `store` only.
//
//     batch.header = header_from(row, db.path());      // throws Fault: corrupt, where a column is what no batch has
//
// Databases keep 64 bits of every number: none is cut to what a header has, or a damaged one would be read as a sound one.
#pragma once

#include "abate/engine/engine.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace abate::store {

struct JournalRow {
    std::int64_t tenant_id = 0;
    std::int64_t scheme_id = 0;
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;
    std::int64_t count = 0;
    std::int64_t epoch = 0;
    std::int64_t at_us = 0;
    std::int64_t codec_version = 0;
    std::string_view prev_digest = {};
    std::string_view digest = {};
};

// `where`: of the journal.
[[nodiscard]] engine::BatchHeader header_from(const JournalRow& row, const std::string& where);

// What must hold between batches that are read one after another.
class BatchOrder {
  public:
    // `end`: the last event of the journal, looked up before the reading; 0: there is none.
    struct Range {
        std::uint64_t from = 1;
        std::uint64_t end = 0;
    };
    explicit BatchOrder(Range range) : next_(range.from == 0 ? 1 : range.from), end_(range.end) {}

    // Throws Fault, corrupt, where events between this batch and the one before it were not given.
    void next(const engine::BatchHeader& header, const std::string& where);
    // The same, where the reading is over and events up to the end were not given.
    void finish(const std::string& where) const;

  private:
    std::uint64_t next_;
    std::uint64_t end_;
    bool began_ = false;
};

}  // namespace abate::store
