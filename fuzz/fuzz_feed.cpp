// The feed on any bytes: what is read is written back byte for byte; a reader of any messages and snapshots keeps a book whose depth is the
// sum of its orders; nothing crashes.
#include "abate/core/crc32c.h"
#include "abate/exchange/feed_codec.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace abate::exchange;

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

// With a version and a checksum, without which few bytes would come far.
std::string sealed(std::string_view bytes) {
    std::string out(bytes);
    if (!out.empty()) out[0] = static_cast<char>(kFeedVersion);
    const std::uint32_t sum = abate::crc32c(std::string_view(out).substr(0, out.size() - 4));
    for (unsigned i = 0; i < 4; ++i)
        out[out.size() - 4 + i] = static_cast<char>(sum >> 8 * i & 0xff);
    return out;
}

bool read_message(std::string_view bytes, FeedMessage& message) {
    if (read_feed_message(bytes, message) != FeedFault::none) return false;
    std::string again;
    append_feed_message(again, message);
    must(again == bytes);
    return true;
}

void read_snapshot(std::string_view bytes, FeedReader& reader) {
    FeedSnapshot snapshot;
    if (read_feed_snapshot(bytes, snapshot) != FeedFault::none) return;
    std::string again;
    append_feed_snapshot(again, snapshot);
    must(again == bytes);
    if (reader.apply(snapshot) == FeedRead::applied && reader.seq() == snapshot.seq)
        must(reader.book().orders() == snapshot.orders);
}

void check_book(const FeedBook& book) {
    std::int64_t sum = 0;
    std::uint64_t orders = 0;
    const Depth depth = book.depth(SIZE_MAX);
    for (const auto* side : {&depth.bids, &depth.asks})
        for (const DepthLevel& level : *side) {
            must(level.quantity > 0 && level.orders > 0);
            sum += level.quantity;
            orders += level.orders;
        }
    for (const FeedOrder& order : book.orders()) {
        must(order.quantity > 0);
        sum -= order.quantity;
    }
    must(sum == 0 && orders == book.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    FeedMessage message;
    FeedReader reader({.vintage = 0, .most_waiting = 4, .most_orders = 16});
    read_snapshot(bytes, reader);
    static_cast<void>(read_message(bytes, message));
    // A stream of messages; as they are, and else with a checksum.
    for (std::size_t at = 0; at < size; at += kFeedMessageBytes) {
        const std::string_view one = bytes.substr(at, kFeedMessageBytes);
        if (!read_message(one, message) &&
            (one.size() < kFeedMessageBytes || !read_message(sealed(one), message)))
            continue;
        const std::uint64_t before = reader.seq();
        const FeedRead read = reader.apply(message);
        must(reader.seq() >= before);
        must(reader.waiting() <= 4);
        if (read == FeedRead::applied) must(reader.seq() >= message.seq);
        if (read == FeedRead::refused) must(reader.fault() != FeedFault::none);
        if (reader.gap()) must(reader.gap()->first <= reader.gap()->last);
        check_book(reader.book());
    }
    return 0;
}
