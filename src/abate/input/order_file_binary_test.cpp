#include "abate/input/order_file_binary.h"

#include "abate/core/crc32c.h"
#include "abate/core/number_bytes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace abate::input {
namespace {

using namespace std::string_literals;

// Two operations in one book "27", byte by byte as docs/reference/market.md has them; checksums are filled in by checked().
std::string by_hand() {
    std::string out = "abOF"s + "\x01\0\0\0"s +  // version
                      "\x01\0\0\0"s +            // books
                      "\0\0\0\0"s +              //
                      "\x02\0\0\0\0\0\0\0"s +    // operations
                      "\x02"s + "27"s +          // the name
                      "CRC_"s;
    // A sale of 5,000 (0x1388) at 41,000 (0xa028) by 7 under the id 258 (0x0102), post only, at 10 us.
    out += "\x01\x01\x01\x01\x07\0\0\0"s + "\0\0\0\0"s + "\x07\0\0\0"s + "\x02\x01\0\0\0\0\0\0"s +
           "\x28\xa0\0\0\0\0\0\0"s + "\x88\x13\0\0\0\0\0\0"s + "\x0a\0\0\0\0\0\0\0"s +
           "\0\0\0\0\0\0\0\0"s + "\0\0\0\0"s + "CRC_"s;
    // Its cancel, a microsecond later.
    out += "\x02\0\x01\x01\0\0\0\0"s + "\0\0\0\0"s + "\0\0\0\0"s + "\x02\x01\0\0\0\0\0\0"s +
           "\0\0\0\0\0\0\0\0"s + "\0\0\0\0\0\0\0\0"s + "\x0b\0\0\0\0\0\0\0"s + "\0\0\0\0\0\0\0\0"s +
           "\0\0\0\0"s + "CRC_"s;
    return out;
}
constexpr std::size_t kFirst = 24 + 3 + 4;  // header, the name with its length, checksum

// With every checksum as it must be.
std::string checked(std::string bytes) {
    const auto put = [&](std::size_t from, std::size_t at) {
        if (at + 4 <= bytes.size())
            put_number(bytes.data() + at, crc32c(std::string_view(bytes).substr(from, at - from)));
    };
    put(0, kFirst - 4);
    for (std::size_t at = kFirst; at < bytes.size(); at += kOrderRecordBytes) put(at, at + 60);
    return bytes;
}

std::string error_of(const std::string& bytes) {
    const Result<OrderFile> file = parse_binary_order_file(bytes, "o.bin");
    return file ? std::string("read") : to_string(file.error());
}

TEST(BinaryOrderFile, HasTheBytesOfItsPage) {
    const std::string bytes = checked(by_hand());
    ASSERT_EQ(bytes.size(), kFirst + std::size_t{2} * 64);
    const Result<OrderFile> file = parse_binary_order_file(bytes, "o.bin");
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(file->books, std::vector<std::string>{"27"});
    ASSERT_EQ(file->operations.size(), 2U);
    const exchange::Operation& sale = file->operations[0];
    EXPECT_EQ(sale.kind, exchange::OperationKind::place);
    EXPECT_EQ(sale.side, exchange::Side::sell);
    EXPECT_TRUE(sale.post_only);
    EXPECT_EQ(sale.participant, 7U);
    EXPECT_EQ(sale.order_id, 258U);
    EXPECT_EQ(sale.price_micro, 41'000);
    EXPECT_EQ(sale.quantity, 5'000);
    EXPECT_EQ(sale.at_us, 10);
    EXPECT_EQ(file->operations[1].kind, exchange::OperationKind::cancel);
    EXPECT_EQ(file->operations[1].price_micro, std::nullopt);
    EXPECT_EQ(file->operations[1].at_us, 11);
    const Result<std::string> again = to_binary(*file);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, bytes);
    EXPECT_EQ(to_csv(*file),
              "seq,kind,order_id,participant,side,type,price_micro,quantity,at_us,book,tif,flags,"
              "expires_us\n"
              "1,new,258,7,sell,limit,41000,5000,10,27,gtc,post_only,\n"
              "2,cancel,258,,,,,,11,27,,,\n");
}

TEST(BinaryOrderFile, IsKnownByItsFirstBytes) {
    EXPECT_TRUE(is_binary_order_file(by_hand()));
    EXPECT_FALSE(is_binary_order_file("abO"));
    EXPECT_FALSE(is_binary_order_file("seq,kind\n"));
    EXPECT_TRUE(parse_any_order_file(checked(by_hand()), "o.bin"));
    EXPECT_TRUE(parse_any_order_file(
        "seq,kind,order_id,participant,side,type,price_micro,quantity\n1,cancel,1,,,,,\n",
        "o.csv"));
    EXPECT_NE(error_of("seq,kind\n").find("this is no binary order file (o.bin: byte 0)"),
              std::string::npos);
}

// One byte of a sound file changed, and its checksums made good again: what each fault is called, and where.
TEST(BinaryOrderFile, WhatCannotBeReadIsNamed) {
    struct Change {
        std::size_t at;
        char to;
        std::string what;
    };
    constexpr std::size_t kSecond = kFirst + 64;
    for (const Change& change : std::vector<Change>{
             {4, 2, "written as version 2 (o.bin: byte 4). Use a newer abate"},
             {5, 1, "something stands where nothing is to (o.bin: byte 5)"},
             {12, 1, "something stands where nothing is to (o.bin: byte 5)"},
             {8, 0, "0 books, not 1 to 64 (o.bin: byte 8)"},
             {8, 65, "65 books, not 1 to 64"},
             {16, 3, "128 bytes of operations, where 3 of 64 bytes are announced"},
             {kFirst + 0, 0, "0 is no kind (o.bin: operation 1). See docs/reference/market.md"},
             {kSecond + 0, 4, "4 is no kind (o.bin: operation 2)"},
             {kFirst + 1, 2, "2 is no side"},
             {kFirst + 2, 0, "0 is no type"},
             {kFirst + 2, 3, "3 is no type"},
             {kFirst + 3, 0, "0 is no tif"},
             {kFirst + 3, 5, "5 is no tif"},
             {kFirst + 4, 8, "8 is no set of flags"},
             {kFirst + 4, 5, "a price that its flags do not name (o.bin: operation 1)"},
             {kFirst + 4, 3, "a quantity that its flags do not name"},
             {kFirst + 7, 1, "something stands where nothing is to (o.bin: operation 1)"},
             {kFirst + 56, 1, "something stands where nothing is to (o.bin: operation 1)"},
             {kFirst + 8, 1, "book 1 of 1"},
             {kFirst + 47, '\x80', "at_us falls (o.bin: operation 1)"},
             {kSecond + 40, 9, "at_us falls (o.bin: operation 2)"},
             {kSecond + 1, 1, "of what is no new order"},
             {kSecond + 2, 2, "of what is no new order"},
             {kSecond + 3, 2, "of what is no new order"},
             {kSecond + 48, 1, "of what is no new order"}}) {
        std::string bytes = by_hand();
        bytes[change.at] = change.to;
        EXPECT_NE(error_of(checked(bytes)).find(change.what), std::string::npos)
            << change.at << ": " << error_of(checked(bytes));
    }
    // Two books of one name.
    std::string two = "abOF"s + "\x01\0\0\0"s + "\x02\0\0\0"s + "\0\0\0\0"s + "\0\0\0\0\0\0\0\0"s +
                      "\x01"s + "x"s + "\x01"s + "x"s;
    append_number(two, crc32c(two));
    EXPECT_NE(error_of(two).find("two books have one name (o.bin: byte 26)"), std::string::npos)
        << error_of(two);
}

// Every bit of it counts, and every byte.
TEST(BinaryOrderFile, AFlippedBitOrALostByteIsNoticed) {
    const std::string good = checked(by_hand());
    ASSERT_EQ(error_of(good), "read");
    for (std::size_t byte = 0; byte < good.size(); ++byte)
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[byte] = static_cast<char>(bad[byte] ^ static_cast<char>(1U << bit));
            EXPECT_NE(error_of(bad), "read") << byte << "." << bit;
        }
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_NE(error_of(good.substr(0, size)), "read") << size;
    EXPECT_NE(error_of(good + "x"), "read");
    std::string bad = good;
    bad[kFirst + 64 + 16] = 3;
    EXPECT_EQ(error_of(bad), "the checksum is wrong (o.bin: operation 2). Copy the file again.");
}

TEST(BinaryOrderFile, ANameIsAtMost255Bytes) {
    OrderFile file{.operations = {}, .books = {std::string(255, 'n')}};
    const Result<std::string> bytes = to_binary(file);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(parse_binary_order_file(*bytes, "o.bin")->books, file.books);
    file.books[0] += 'n';
    EXPECT_EQ(to_binary(file).error().code, ErrorCode::out_of_range);
}

}  // namespace
}  // namespace abate::input
