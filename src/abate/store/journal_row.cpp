#include "abate/store/journal_row.h"

#include "abate/core/fault.h"
#include "abate/store/journal_errors.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

namespace abate::store {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as Error
[[noreturn]] void damaged(const std::string& what, const std::string& where) {
    throw Fault(damaged_journal(what, where));
}

engine::Digest digest_from(std::string_view bytes, const std::string& where) {
    engine::Digest digest;
    if (bytes.size() != digest.bytes.size())
        damaged(fmt::format("a digest of {} bytes", bytes.size()), where);
    std::memcpy(digest.bytes.data(), bytes.data(), bytes.size());
    return digest;
}

}  // namespace

engine::BatchHeader header_from(const JournalRow& row, const std::string& where) {
    struct Column {
        const char* name;
        std::int64_t value;
        std::int64_t least;
        std::int64_t most = kMost;
    };
    const auto within = [&](const Column& column) {
        if (column.value < column.least || column.value > column.most)
            damaged(fmt::format("{} is {} in the batch from event {}",
                                column.name,
                                column.value,
                                row.first_seq),
                    where);
        return static_cast<std::uint64_t>(column.value);
    };
    constexpr std::int64_t kMostCount = std::numeric_limits<std::uint32_t>::max();
    constexpr std::int64_t kMostVersion = std::numeric_limits<std::uint16_t>::max();
    return {.tenant_id = within({"tenant_id", row.tenant_id, 0}),
            .scheme_id = within({"scheme_id", row.scheme_id, 0}),
            .first_seq = within({"first_seq", row.first_seq, 1, kMost - 1}),
            .last_seq = within({"last_seq", row.last_seq, row.first_seq, kMost - 1}),
            .count = static_cast<std::uint32_t>(within({"count", row.count, 1, kMostCount})),
            .epoch = within({"epoch", row.epoch, 0, kMost - 1}),
            .at = {row.at_us},
            .codec_version = static_cast<std::uint16_t>(
                within({"codec_version", row.codec_version, 0, kMostVersion})),
            .prev_digest = digest_from(row.prev_digest, where),
            .digest = digest_from(row.digest, where)};
}

void BatchOrder::next(const engine::BatchHeader& header, const std::string& where) {
    // The first one holds the event that was asked for.
    if (began_ ? header.first_seq != next_ : header.first_seq > next_)
        damaged(fmt::format("a batch from event {} stands where event {} "
                            "should be",
                            header.first_seq,
                            next_),
                where);
    began_ = true;
    next_ = header.last_seq + 1;
}

void BatchOrder::finish(const std::string& where) const {
    if (next_ <= end_)
        damaged(fmt::format("it ends at event {}, and those from {} on "
                            "cannot be found",
                            end_,
                            next_),
                where);
}

}  // namespace abate::store
