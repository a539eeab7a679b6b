#include "abate/input/order_file.h"

#include <gtest/gtest.h>

#include <string>

namespace abate::input {
namespace {

using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderType;
using exchange::Side;
using exchange::TimeInForce;

constexpr const char* kHeader = "seq,kind,order_id,participant,side,type,price_micro,quantity\n";

TEST(OrderFile, ReadsWhatItsColumnsSay) {
    const Result<OrderFile> file = parse_order_file(std::string(kHeader) +
                                                        "1,new,5,7,sell,limit,41000,5000\n"
                                                        "2,replace,5,,,,,4000\n"
                                                        "3,cancel,5,,,,,\n"
                                                        "9,new,6,8,buy,market,,100\n",
                                                    "o.csv");
    ASSERT_TRUE(file.has_value()) << to_string(file.error());
    ASSERT_EQ(file->operations.size(), 4U);
    const Operation& placed = file->operations[0];
    EXPECT_EQ(placed.kind, OperationKind::place);
    EXPECT_EQ(placed.order_id, 5U);
    EXPECT_EQ(placed.participant, 7U);
    EXPECT_EQ(placed.side, Side::sell);
    EXPECT_EQ(placed.price_micro, 41'000);
    EXPECT_EQ(placed.quantity, 5'000);
    EXPECT_EQ(placed.time_in_force, TimeInForce::good_till_cancelled);
    EXPECT_EQ(file->operations[1].kind, OperationKind::replace);
    EXPECT_EQ(file->operations[1].price_micro, std::nullopt);
    EXPECT_EQ(file->operations[1].quantity, 4'000);
    EXPECT_EQ(file->operations[2].kind, OperationKind::cancel);
    EXPECT_EQ(file->operations[3].type, OrderType::market);
    EXPECT_EQ(file->books.size(), 1U);
}

TEST(OrderFile, ReadsWhatMayBeLeftOut) {
    const Result<OrderFile> file = parse_order_file(
        "expires_us,flags,tif,book,at_us,seq,kind,order_id,participant,side,type,price_micro,"
        "quantity\n"
        ",post_only,,2027,10,1,new,1,,buy,limit,5,1\n"
        "99,,gtt,2028,10,2,new,2,,buy,limit,5,1\n"
        ",,fok,2027,,3,new,3,,buy,limit,5,1\n",
        "o.csv");
    ASSERT_TRUE(file.has_value()) << to_string(file.error());
    EXPECT_TRUE(file->operations[0].post_only);
    EXPECT_EQ(file->operations[1].time_in_force, TimeInForce::good_till_time);
    EXPECT_EQ(file->operations[1].expires_us, 99);
    EXPECT_EQ(file->operations[2].time_in_force, TimeInForce::fill_or_kill);
    EXPECT_EQ(file->operations[2].at_us, 10);
    EXPECT_EQ(file->books, (std::vector<std::string>{"2027", "2028"}));
    EXPECT_EQ(file->operations[1].book, 1U);
    EXPECT_EQ(file->operations[2].book, 0U);
}

// Each of them with its line, and nothing but the first.
TEST(OrderFile, WhatCannotBeReadIsNamed) {
    const auto error = [](const std::string& text) {
        const Result<OrderFile> file = parse_order_file(text, "o.csv");
        return file ? std::string("read") : to_string(file.error());
    };
    const std::string good = std::string(kHeader) + "1,new,5,7,sell,limit,41000,5000\n";
    EXPECT_EQ(error(good), "read");
    EXPECT_NE(error("").find("there is no header row (o.csv:1:1)"), std::string::npos);
    EXPECT_NE(error("seq,kind,order\n")
                  .find("there is no column 'order' (o.csv:1). Did you mean order_id?"),
              std::string::npos)
        << error("seq,kind,order\n");
    EXPECT_NE(error("seq,seq\n").find("seq is there twice"), std::string::npos);
    EXPECT_NE(error("seq,kind\n").find("order_id is missing (o.csv:1)"), std::string::npos);
    for (const auto& [line, what] : std::vector<std::pair<std::string, std::string>>{
             {"1,new,6,,sell,limit,1,1", "seq does not rise (o.csv:3)"},
             {",new,6,,sell,limit,1,1", "seq does not rise"},
             {"2,add,6,,sell,limit,1,1", "'add' is no kind"},
             {"2,new,,,sell,limit,1,1", "without order_id"},
             {"2,new,-1,,sell,limit,1,1", "'-1' is no whole number for order_id"},
             {"2,new,6,,bid,limit,1,1", "'bid' is no side"},
             {"2,new,6,,sell,stop,1,1", "'stop' is no type"},
             {"2,new,6,,sell,limit,1.5,1", "'1.5' is no whole number for price_micro"},
             {"2,new,6,,sell,limit,1,99999999999999999999", "no whole number for quantity"},
             {"2,new,6,,sell,limit,1", "7 fields where the header has 8"}})
        EXPECT_NE(error(good + line + "\n").find(what), std::string::npos)
            << line << ": " << error(good + line + "\n");
    const std::string wide =
        "seq,kind,order_id,participant,side,type,price_micro,quantity,at_us,tif,flags\n"
        "1,new,5,7,sell,limit,41000,5000,10,,\n";
    EXPECT_NE(error(wide + "2,new,6,,sell,limit,1,1,9,,\n").find("at_us falls (o.csv:3)"),
              std::string::npos);
    EXPECT_NE(error(wide + "2,new,6,,sell,limit,1,1,,day,\n").find("'day' is no tif"),
              std::string::npos);
    EXPECT_NE(error(wide + "2,new,6,,sell,limit,1,1,,gtt,\n").find("gtt without a time"),
              std::string::npos);
    EXPECT_NE(error(wide + "2,new,6,,sell,limit,1,1,,,hidden\n").find("'hidden' is no flag"),
              std::string::npos);
}

}  // namespace
}  // namespace abate::input
