// Messages and snapshots of the feed as bytes: little endian, no padding, one way to write each.
//
//     append_feed_message(datagram, message);                      // 60 bytes
//     if (read_feed_message(bytes, message) == FeedFault::none) reader.apply(message);
//
// docs/reference/market.md has the tables. Any single damage of up to 32 bits in a row is found by the checksum.
#pragma once

#include "abate/exchange/feed.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace abate::exchange {

// The first byte of a message; behind the mark of a snapshot. Another version may have another length.
inline constexpr std::uint8_t kFeedVersion = 1;

inline constexpr std::size_t kFeedMessageBytes = 60;
void append_feed_message(std::string& out, const FeedMessage& message);
// `message` is changed only where it is sound by itself (see check); whether it fits a book is asked there.
[[nodiscard]] FeedFault read_feed_message(std::string_view bytes, FeedMessage& message);

inline constexpr std::size_t kFeedSnapshotBytes = 64;  // of one without orders
inline constexpr std::size_t kFeedOrderBytes = 24;
// REQUIRES: check(snapshot) finds nothing.
void append_feed_snapshot(std::string& out, const FeedSnapshot& snapshot);
[[nodiscard]] FeedFault read_feed_snapshot(std::string_view bytes, FeedSnapshot& snapshot);

}  // namespace abate::exchange
