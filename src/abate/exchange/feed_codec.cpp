#include "abate/exchange/feed_codec.h"

#include "abate/core/assert.h"

#include <array>
#include <type_traits>
#include <utility>

namespace abate::exchange {
namespace {

constexpr std::string_view kFeedMark = "abFS";
constexpr std::size_t kChecksumBytes = 4;

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);  // Castagnoli, reflected
        table[i] = crc;
    }
    return table;
}

template <class T>
void put(std::string& out, T value) {
    auto bits = static_cast<std::make_unsigned_t<T>>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out.push_back(static_cast<char>(static_cast<std::uint64_t>(bits) >> 8 * i & 0xff));
}

// REQUIRES: there are as many bytes as are taken.
class FeedBytes {
  public:
    explicit FeedBytes(std::string_view bytes) : bytes_(bytes) {}
    template <class T>
    T take() {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i)
            bits |= std::uint64_t{static_cast<unsigned char>(bytes_[i])} << 8 * i;
        bytes_.remove_prefix(sizeof(T));
        return static_cast<T>(bits);
    }

  private:
    std::string_view bytes_;
};

void seal(std::string& out, std::size_t from) {
    put(out, feed_checksum(std::string_view(out).substr(from)));
}
bool is_sealed(std::string_view bytes) {
    FeedBytes last(bytes.substr(bytes.size() - kChecksumBytes));
    return last.take<std::uint32_t>() ==
           feed_checksum(bytes.substr(0, bytes.size() - kChecksumBytes));
}

}  // namespace

std::uint32_t feed_checksum(std::string_view bytes) {
    static constexpr std::array<std::uint32_t, 256> kTable = crc_table();
    std::uint32_t crc = 0xffffffffU;
    for (const char byte : bytes)
        crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
    return ~crc;
}

void append_feed_message(std::string& out, const FeedMessage& message) {
    const std::size_t from = out.size();
    put(out, kFeedVersion);
    put(out, static_cast<std::uint8_t>(message.kind));
    put(out, static_cast<std::uint8_t>(message.side));
    put(out, std::uint8_t{0});
    put(out, message.vintage);
    put(out, message.seq);
    put(out, message.at.us);
    put(out, message.order);
    put(out, message.against);
    put(out, message.price_micro);
    put(out, message.quantity);
    seal(out, from);
    ABATE_ASSERT(out.size() - from == kFeedMessageBytes);
}

FeedFault read_feed_message(std::string_view bytes, FeedMessage& message) {
    if (!bytes.empty() && static_cast<std::uint8_t>(bytes[0]) != kFeedVersion)
        return FeedFault::version_unknown;
    if (bytes.size() != kFeedMessageBytes) return FeedFault::wrong_length;
    if (!is_sealed(bytes)) return FeedFault::checksum_wrong;
    FeedBytes in(bytes.substr(1));
    FeedMessage read;
    const auto kind = in.take<std::uint8_t>();
    const auto side = in.take<std::uint8_t>();
    if (kind < 1 || kind > 4) return FeedFault::kind_unknown;
    if (side > 1) return FeedFault::side_unknown;
    if (in.take<std::uint8_t>() != 0) return FeedFault::not_zero;
    read.kind = static_cast<FeedKind>(kind);
    read.side = static_cast<Side>(side);
    read.vintage = in.take<std::int32_t>();
    read.seq = in.take<std::uint64_t>();
    read.at.us = in.take<std::int64_t>();
    read.order = in.take<std::uint64_t>();
    read.against = in.take<std::uint64_t>();
    read.price_micro = in.take<std::int64_t>();
    read.quantity = in.take<std::int64_t>();
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
    put(out, kFeedVersion);
    out.append(3, '\0');
    put(out, snapshot.vintage);
    put(out, buys);
    put(out, static_cast<std::uint32_t>(snapshot.orders.size()) - buys);
    put(out, snapshot.seq);
    put(out, snapshot.last_trade.seq);
    put(out, snapshot.last_trade.at.us);
    put(out, snapshot.last_trade.price_micro);
    put(out, snapshot.last_trade.quantity);
    for (const FeedOrder& order : snapshot.orders) {
        put(out, order.number);
        put(out, order.price_micro);
        put(out, order.quantity);
    }
    seal(out, from);
}

FeedFault read_feed_snapshot(std::string_view bytes, FeedSnapshot& snapshot) {
    const std::string_view mark = bytes.substr(0, kFeedMark.size());
    if (mark != kFeedMark.substr(0, mark.size())) return FeedFault::mark_wrong;
    if (bytes.size() > mark.size() && static_cast<std::uint8_t>(bytes[mark.size()]) != kFeedVersion)
        return FeedFault::version_unknown;
    if (bytes.size() < kFeedSnapshotBytes) return FeedFault::wrong_length;
    FeedBytes in(bytes.substr(kFeedMark.size() + 1));
    const auto nothing = in.take<std::uint16_t>() | in.take<std::uint8_t>();
    FeedSnapshot read;
    read.vintage = in.take<std::int32_t>();
    const std::uint64_t buys = in.take<std::uint32_t>();
    const std::uint64_t sells = in.take<std::uint32_t>();
    // So nothing is taken for orders that are not there.
    if (bytes.size() != kFeedSnapshotBytes + (buys + sells) * kFeedOrderBytes)
        return FeedFault::wrong_length;
    if (!is_sealed(bytes)) return FeedFault::checksum_wrong;
    if (nothing != 0) return FeedFault::not_zero;
    read.seq = in.take<std::uint64_t>();
    read.last_trade.seq = in.take<std::uint64_t>();
    read.last_trade.at.us = in.take<std::int64_t>();
    read.last_trade.price_micro = in.take<std::int64_t>();
    read.last_trade.quantity = in.take<std::int64_t>();
    read.orders.resize(buys + sells);
    for (std::size_t i = 0; i < read.orders.size(); ++i) {
        FeedOrder& order = read.orders[i];
        order.side = i < buys ? Side::buy : Side::sell;
        order.number = in.take<std::uint64_t>();
        order.price_micro = in.take<std::int64_t>();
        order.quantity = in.take<std::int64_t>();
    }
    if (const FeedFault fault = check(read); fault != FeedFault::none) return fault;
    snapshot = std::move(read);
    return FeedFault::none;
}

}  // namespace abate::exchange
