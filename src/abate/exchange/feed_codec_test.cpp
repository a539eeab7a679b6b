#include "abate/exchange/feed_codec.h"

#include "abate/core/crc32c.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace abate::exchange {
namespace {

using namespace std::string_view_literals;

FeedMessage sold() {
    return {.seq = 0x0102,
            .at = {.us = 0x0a0b0c},
            .kind = FeedKind::trade,
            .side = Side::sell,
            .vintage = 2031,
            .order = 0x0101,
            .against = 0,
            .price_micro = 70'000,
            .quantity = 1'000};
}
FeedSnapshot two_orders() {
    return {.vintage = 2031,
            .seq = 9,
            .last_trade = {.seq = 7, .at = {.us = 5}, .price_micro = 70'000, .quantity = 3},
            .orders = {{.number = 1, .side = Side::buy, .price_micro = 69'000, .quantity = 4},
                       {.number = 8, .side = Side::sell, .price_micro = 71'000, .quantity = 5}}};
}
std::string bytes_of(const FeedMessage& message) {
    std::string out;
    append_feed_message(out, message);
    return out;
}
std::string bytes_of(const FeedSnapshot& snapshot) {
    std::string out;
    append_feed_snapshot(out, snapshot);
    return out;
}
// With another byte at a place, and the checksum that belongs to it.
std::string with(std::string bytes, std::size_t at, char byte) {
    bytes[at] = byte;
    bytes.resize(bytes.size() - 4);
    const std::uint32_t sum = abate::crc32c(bytes);
    for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(sum >> 8 * i & 0xff));
    return bytes;
}
std::string_view why_message(std::string_view bytes) {
    FeedMessage message = sold();
    const FeedFault fault = read_feed_message(bytes, message);
    if (fault != FeedFault::none) {
        EXPECT_EQ(message, sold());
    }
    return to_string(fault);
}
std::string_view why_snapshot(std::string_view bytes) {
    FeedSnapshot snapshot = two_orders();
    const FeedFault fault = read_feed_snapshot(bytes, snapshot);
    if (fault != FeedFault::none) {
        EXPECT_EQ(snapshot, two_orders());
    }
    return to_string(fault);
}

// The check value of CRC-32C, and 32 bytes of zeros from RFC 3720, B.4 (aa 36 91 8a, little endian).
TEST(FeedCodec, TheChecksumIsThatOfTheStandard) {
    EXPECT_EQ(abate::crc32c("123456789"), 0xe3069283U);
    EXPECT_EQ(abate::crc32c(std::string(32, '\0')), 0x8a9136aaU);
}

// As the table in docs/reference/market.md has it: 2031 = 0x07ef, 70,000 = 0x011170, 1,000 = 0x03e8.
TEST(FeedCodec, AMessageHasItsBytesWhereTheTableSays) {
    const std::string bytes = bytes_of(sold());
    ASSERT_EQ(bytes.size(), kFeedMessageBytes);
    const std::string_view expected =
        "\x01\x02\x01\x00"                     // version, kind, side, nothing
        "\xef\x07\x00\x00"                     // vintage
        "\x02\x01\x00\x00\x00\x00\x00\x00"     // seq
        "\x0c\x0b\x0a\x00\x00\x00\x00\x00"     // at
        "\x01\x01\x00\x00\x00\x00\x00\x00"     // order
        "\x00\x00\x00\x00\x00\x00\x00\x00"     // against
        "\x70\x11\x01\x00\x00\x00\x00\x00"     // price
        "\xe8\x03\x00\x00\x00\x00\x00\x00"sv;  // quantity
    EXPECT_EQ(std::string_view(bytes).substr(0, 56), expected);
    FeedMessage read;
    EXPECT_EQ(read_feed_message(bytes, read), FeedFault::none);
    EXPECT_EQ(read, sold());
}

// Likewise; 69,000 = 0x010d88, 71,000 = 0x011558. The checksum is another program's (Python, bit by bit).
TEST(FeedCodec, ASnapshotHasItsBytesWhereTheTableSays) {
    const std::string_view expected =
        "abFS"
        "\x01\x00\x00\x00"                  // version, nothing
        "\xef\x07\x00\x00"                  // vintage
        "\x01\x00\x00\x00"                  // buys
        "\x01\x00\x00\x00"                  // sells
        "\x09\x00\x00\x00\x00\x00\x00\x00"  // seq
        "\x07\x00\x00\x00\x00\x00\x00\x00"  // last trade: seq, at, price, quantity
        "\x05\x00\x00\x00\x00\x00\x00\x00"
        "\x70\x11\x01\x00\x00\x00\x00\x00"
        "\x03\x00\x00\x00\x00\x00\x00\x00"
        "\x01\x00\x00\x00\x00\x00\x00\x00"  // the buy: number, price, quantity
        "\x88\x0d\x01\x00\x00\x00\x00\x00"
        "\x04\x00\x00\x00\x00\x00\x00\x00"
        "\x08\x00\x00\x00\x00\x00\x00\x00"  // the sell
        "\x58\x15\x01\x00\x00\x00\x00\x00"
        "\x05\x00\x00\x00\x00\x00\x00\x00"
        "\x45\xbd\xba\xe5"sv;  // checksum
    EXPECT_EQ(bytes_of(two_orders()), expected);
}

TEST(FeedCodec, ASnapshotIsReadAsItWasWritten) {
    const std::string bytes = bytes_of(two_orders());
    EXPECT_EQ(bytes.size(), kFeedSnapshotBytes + 2 * kFeedOrderBytes);
    FeedSnapshot read;
    EXPECT_EQ(read_feed_snapshot(bytes, read), FeedFault::none);
    EXPECT_EQ(read, two_orders());
    EXPECT_EQ(bytes_of(FeedSnapshot{}).size(), kFeedSnapshotBytes);
}

TEST(FeedCodec, EveryWrongBitAndEveryPartIsRefused) {
    const std::string message = bytes_of(sold());
    const std::string snapshot = bytes_of(two_orders());
    for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
        std::string wrong = message;
        wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ 1 << bit % 8);
        EXPECT_EQ(why_message(wrong), bit < 8 ? "version_unknown" : "checksum_wrong") << bit;
    }
    for (std::size_t bit = 0; bit < 8 * snapshot.size(); ++bit) {
        std::string wrong = snapshot;
        wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ 1 << bit % 8);
        EXPECT_NE(why_snapshot(wrong), "none") << bit;
    }
    for (std::size_t size = 0; size < message.size(); ++size)
        EXPECT_EQ(why_message(message.substr(0, size)), "wrong_length");
    for (std::size_t size = 0; size < snapshot.size(); ++size)
        EXPECT_EQ(why_snapshot(snapshot.substr(0, size)), "wrong_length");
    EXPECT_EQ(why_message(message + '\0'), "wrong_length");
    EXPECT_EQ(why_snapshot(snapshot + '\0'), "wrong_length");
}

TEST(FeedCodec, AMessageThatIsWholeAndWrongIsRefusedByName) {
    const std::string good = bytes_of(sold());
    EXPECT_EQ(why_message(with(good, 0, 2)), "version_unknown");
    EXPECT_EQ(why_message(with(good, 3, 1)), "not_zero");
    EXPECT_EQ(why_message(with(with(with(good, 3, 1), 2, 2), 1, 0)), "kind_unknown");
    EXPECT_EQ(why_message(with(good, 1, 5)), "kind_unknown");
    EXPECT_EQ(why_message(with(good, 2, 2)), "side_unknown");
    EXPECT_EQ(why_message(with(good, 1, 1)),
              "number_out_of_place");  // an add whose order is not its number
    EXPECT_EQ(why_message(with(good, 25, 2)), "number_out_of_place");
    EXPECT_EQ(why_message(with(good, 39, 1)), "number_out_of_place");  // against what comes later
    EXPECT_EQ(why_message(with(with(good, 1, 3), 32, 1)),
              "not_zero");  // a reduction against an order
    EXPECT_EQ(why_message(with(good, 47, 0x7f)), "price_out_of_range");
    EXPECT_EQ(why_message(with(good, 47, '\xff')), "price_out_of_range");
    EXPECT_EQ(why_message(with(good, 55, 1)), "quantity_out_of_range");
    EXPECT_EQ(why_message(with(with(good, 48, 0), 49, 0)), "quantity_out_of_range");
}

TEST(FeedCodec, ASnapshotThatIsWholeAndWrongIsRefusedByName) {
    const std::string good = bytes_of(two_orders());
    EXPECT_EQ(why_snapshot(with(good, 0, 'x')), "mark_wrong");
    EXPECT_EQ(why_snapshot("x"), "mark_wrong");
    EXPECT_EQ(why_snapshot(with(good, 4, 2)), "version_unknown");
    EXPECT_EQ(why_snapshot(with(good, 7, 1)), "not_zero");
    // A count of four thousand million takes no memory.
    EXPECT_EQ(why_snapshot(with(good, 15, '\xff')), "wrong_length");
    EXPECT_EQ(why_snapshot(with(good, 20, 7)), "number_out_of_place");  // an order of 8
    EXPECT_EQ(why_snapshot(with(good, 28, 0)), "not_zero");             // a last trade of no number
    EXPECT_EQ(why_snapshot(with(good, 28, 10)), "number_out_of_place");
    // Two buys whose prices rise.
    EXPECT_EQ(why_snapshot(with(with(good, 12, 2), 16, 0)), "orders_not_sorted");
    EXPECT_EQ(why_snapshot(with(good, 75, '\x7f')), "price_out_of_range");
    EXPECT_EQ(why_snapshot(with(good, 83, '\x7f')), "quantity_out_of_range");
}

}  // namespace
}  // namespace abate::exchange
