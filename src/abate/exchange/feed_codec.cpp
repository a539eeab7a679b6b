#include "abate/exchange/feed_codec.h"

#include "abate/core/assert.h"
#include "abate/core/crc32c.h"
#include "abate/core/number_bytes.h"

#include <utility>

namespace abate::exchange {
namespace {

constexpr std::string_view kFeedMark = "abFS";
constexpr std::size_t kChecksumBytes = 4;

void seal(std::string& out, std::size_t from) {
    append_number(out, crc32c(std::string_view(out).substr(from)));
}
bool is_sealed(std::string_view bytes) {
    return number_at<std::uint32_t>(bytes, bytes.size() - kChecksumBytes) ==
           crc32c(bytes.substr(0, bytes.size() - kChecksumBytes));
}

}  // namespace

void append_feed_message(std::string& out, const FeedMessage& message) {
    const std::size_t from = out.size();
    append_number(out, kFeedVersion);
    append_number(out, static_cast<std::uint8_t>(message.kind));
    append_number(out, static_cast<std::uint8_t>(message.side));
    append_number(out, std::uint8_t{0});
    append_number(out, message.vintage);
    append_number(out, message.seq);
    append_number(out, message.at.us);
    append_number(out, message.order);
    append_number(out, message.against);
    append_number(out, message.price_micro);
    append_number(out, message.quantity);
    seal(out, from);
    ABATE_ASSERT(out.size() - from == kFeedMessageBytes);
}

FeedFault read_feed_message(std::string_view bytes, FeedMessage& message) {
    if (!bytes.empty() && static_cast<std::uint8_t>(bytes[0]) != kFeedVersion)
        return FeedFault::version_unknown;
    if (bytes.size() != kFeedMessageBytes) return FeedFault::wrong_length;
    if (!is_sealed(bytes)) return FeedFault::checksum_wrong;
    NumberReader in{bytes.substr(1)};
    FeedMessage read;
    const auto kind = in.number<std::uint8_t>();
    const auto side = in.number<std::uint8_t>();
    if (kind < 1 || kind > 4) return FeedFault::kind_unknown;
    if (side > 1) return FeedFault::side_unknown;
    if (in.number<std::uint8_t>() != 0) return FeedFault::not_zero;
    read.kind = static_cast<FeedKind>(kind);
    read.side = static_cast<Side>(side);
    read.vintage = in.number<std::int32_t>();
    read.seq = in.number<std::uint64_t>();
    read.at.us = in.number<std::int64_t>();
    read.order = in.number<std::uint64_t>();
    read.against = in.number<std::uint64_t>();
    read.price_micro = in.number<std::int64_t>();
    read.quantity = in.number<std::int64_t>();
    if (const FeedFault fault = check(read); fault != FeedFault::none) return fault;
    message = read;
    return FeedFault::none;
}

void append_feed_snapshot(std::string& out, const FeedSnapshot& snapshot) {
    ABATE_REQUIRE(check(snapshot) == FeedFault::none);
    ABATE_REQUIRE(snapshot.orders.size() <= kMostOrders);
    const std::size_t from = out.size();
    std::uint32_t buys = 0;
    for (const FeedOrder& order : snapshot.orders)
        if (order.side == Side::buy) ++buys;
    out += kFeedMark;
    append_number(out, kFeedVersion);
    out.append(3, '\0');
    append_number(out, snapshot.vintage);
    append_number(out, buys);
    append_number(out, static_cast<std::uint32_t>(snapshot.orders.size()) - buys);
    append_number(out, snapshot.seq);
    append_number(out, snapshot.last_trade.seq);
    append_number(out, snapshot.last_trade.at.us);
    append_number(out, snapshot.last_trade.price_micro);
    append_number(out, snapshot.last_trade.quantity);
    for (const FeedOrder& order : snapshot.orders) {
        append_number(out, order.number);
        append_number(out, order.price_micro);
        append_number(out, order.quantity);
    }
    seal(out, from);
}

FeedFault read_feed_snapshot(std::string_view bytes, FeedSnapshot& snapshot) {
    const std::string_view mark = bytes.substr(0, kFeedMark.size());
    if (mark != kFeedMark.substr(0, mark.size())) return FeedFault::mark_wrong;
    if (bytes.size() > mark.size() && static_cast<std::uint8_t>(bytes[mark.size()]) != kFeedVersion)
        return FeedFault::version_unknown;
    if (bytes.size() < kFeedSnapshotBytes) return FeedFault::wrong_length;
    NumberReader in{bytes.substr(kFeedMark.size() + 1)};
    const auto nothing = in.number<std::uint16_t>() | in.number<std::uint8_t>();
    FeedSnapshot read;
    read.vintage = in.number<std::int32_t>();
    const std::uint64_t buys = in.number<std::uint32_t>();
    const std::uint64_t sells = in.number<std::uint32_t>();
    // So nothing is taken for orders that are not there.
    if (bytes.size() != kFeedSnapshotBytes + (buys + sells) * kFeedOrderBytes)
        return FeedFault::wrong_length;
    if (!is_sealed(bytes)) return FeedFault::checksum_wrong;
    if (nothing != 0) return FeedFault::not_zero;
    read.seq = in.number<std::uint64_t>();
    read.last_trade.seq = in.number<std::uint64_t>();
    read.last_trade.at.us = in.number<std::int64_t>();
    read.last_trade.price_micro = in.number<std::int64_t>();
    read.last_trade.quantity = in.number<std::int64_t>();
    read.orders.resize(buys + sells);
    for (std::size_t i = 0; i < read.orders.size(); ++i) {
        FeedOrder& order = read.orders[i];
        order.side = i < buys ? Side::buy : Side::sell;
        order.number = in.number<std::uint64_t>();
        order.price_micro = in.number<std::int64_t>();
        order.quantity = in.number<std::int64_t>();
    }
    if (const FeedFault fault = check(read); fault != FeedFault::none) return fault;
    snapshot = std::move(read);
    return FeedFault::none;
}

}  // namespace abate::exchange
