#include "abate/registry/event_codec.h"

#include <gtest/gtest.h>

#include <vector>

namespace abate::registry {
namespace {

Event sale() {
    return {.command = {.op = Op::transfer,
                        .asset = allowances_of(Vintage(2027)),
                        .id = {0x0102030405060708, 0x1112131415161718},
                        .from = AccountId{10},
                        .to = AccountId{20},
                        .amount = 258},
            .outcome = {.amount = 258},
            .at = {1}};
}

std::string hex(const std::string& bytes) {
    std::string out;
    for (const char c : bytes) {
        constexpr char kDigits[] = "0123456789abcdef";
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

// By hand: op 2^3 = 08, version 01, reason 0000; fields asset (5), id (7), from (9), to (10), amount (14) = 0x46a0; time 1; 2027 = 0x7eb.
TEST(EventCodec, BytesAreThoseOfTheHeader) {
    std::string out;
    append_event(out, sale());
    EXPECT_EQ(out.size(), 60U);
    EXPECT_EQ(hex(out),
              "08010000"
              "a0460000"
              "0100000000000000"
              "eb070000"
              "0807060504030201"
              "1817161514131211"
              "0a00000000000000"
              "1400000000000000"
              "0201000000000000");
}

TEST(EventCodec, RefusesEachCutAndEachStrangeByte) {
    std::string whole;
    append_event(whole, sale());
    for (std::size_t n = 1; n < whole.size(); ++n) {
        EventReader reader(std::string_view(whole).substr(0, n));
        const auto event = reader.next();
        ASSERT_FALSE(event) << n;
        EXPECT_EQ(event.error().code, ErrorCode::corrupt);
    }
    const auto refused = [&](std::size_t at, char byte) {
        std::string changed = whole;
        changed[at] = byte;
        EventReader reader(changed);
        const auto event = reader.next();
        return event ? ErrorCode::internal : event.error().code;
    };
    EXPECT_EQ(refused(0, 0), ErrorCode::corrupt);
    EXPECT_EQ(refused(0, 18), ErrorCode::corrupt);
    EXPECT_EQ(refused(1, 2), ErrorCode::version_mismatch);
    EXPECT_EQ(refused(3, 9), ErrorCode::corrupt) << "no such reason";
    EXPECT_EQ(refused(6, 16), ErrorCode::corrupt) << "a field that nobody knows";
    // 2 + 256 -> 0 + 0: an amount of zero is written by leaving it out.
    std::string zero = whole;
    zero[52] = zero[53] = 0;
    EventReader reader(zero);
    EXPECT_FALSE(reader.next());
}

TEST(EventCodec, KeepsWhatAClawBackTook) {
    Event event{.command = {.op = Op::claw_back,
                            .asset = allowances_of(Vintage(2027)),
                            .id = {0, 1},
                            .from = AccountId{10},
                            .to = AccountId{3},
                            .deficit = AccountId{12},
                            .amount = 50},
                .outcome = {.amount = 20},
                .at = {5}};
    std::string bytes;
    append_event(bytes, event);
    EventReader reader(bytes);
    EXPECT_EQ(**reader.next(), event);
}

// Whatever the size of the block: the same events, and the damaged one is told after the good ones before it.
TEST(EventCodec, ABlockIsWhatOneByOneGives) {
    std::string bytes;
    for (int i = 0; i < 7; ++i) append_event(bytes, sale());
    for (std::size_t size = 1; size < 9; ++size) {
        EventReader reader(bytes);
        std::vector<Event> block(size);
        std::size_t all = 0;
        while (const std::size_t read = *reader.next_block(block)) {
            for (std::size_t i = 0; i < read; ++i) EXPECT_EQ(block[i], sale());
            all += read;
        }
        EXPECT_EQ(all, 7U);
    }
    bytes[std::size_t{60} * 3] = 0;
    EventReader reader(bytes);
    std::vector<Event> block(5);
    EXPECT_EQ(*reader.next_block(block), 3U);
    EXPECT_EQ(reader.next_block(block).error().code, ErrorCode::corrupt);
    EXPECT_EQ(reader.next_block(block).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace abate::registry
