// An order file and its other form say the same, and play alike.
#include "abate/input/order_file_binary.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace abate::input {
namespace {

using exchange::Operation;
using exchange::OperationKind;
using exchange::OrderType;
using exchange::Side;
using exchange::TimeInForce;

// Numbers at the edges as often as others.
std::int64_t any_number() {
    using Limits = std::numeric_limits<std::int64_t>;
    return *rc::gen::oneOf(rc::gen::element<std::int64_t>(
                               Limits::min(), -1, 0, 1, Limits::max(), std::int64_t{1} << 40),
                           rc::gen::inRange<std::int64_t>(1, 12));
}

// Books are numbered in the order in which they come up, as a CSV file says them.
OrderFile any_file() {
    OrderFile out;
    std::int64_t at = *rc::gen::element<std::int64_t>(0, 1, 1'800'000'000'000'000);
    const std::vector<std::string> names{"", "2027", "a,b", "say \"it\"", "two\nlines", "\r"};
    const auto count = *rc::gen::inRange<std::size_t>(0, 40);
    for (std::size_t i = 0; i < count; ++i) {
        Operation o;
        o.kind = *rc::gen::element(OperationKind::place,
                                   OperationKind::place,
                                   OperationKind::cancel,
                                   OperationKind::replace);
        o.order_id = *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 20),
                                     rc::gen::just(std::numeric_limits<std::uint64_t>::max()));
        o.participant = *rc::gen::element<std::uint32_t>(0, 1, 2, 4'294'967'295U);
        if (*rc::gen::arbitrary<bool>()) o.price_micro = any_number();
        if (*rc::gen::arbitrary<bool>()) o.quantity = any_number();
        o.post_only = *rc::gen::inRange(0, 5) == 0;
        at += *rc::gen::element<std::int64_t>(0, 0, 1, 1000);
        o.at_us = at;
        o.book = *rc::gen::inRange<std::uint32_t>(
            0, static_cast<std::uint32_t>(std::min(names.size() - 1, out.books.size()) + 1));
        if (o.book == out.books.size()) out.books.push_back(names[o.book]);
        if (o.kind == OperationKind::place) {
            o.side = *rc::gen::element(Side::buy, Side::sell);
            o.type = *rc::gen::element(OrderType::limit, OrderType::market);
            o.time_in_force = *rc::gen::element(TimeInForce::good_till_cancelled,
                                                TimeInForce::immediate_or_cancel,
                                                TimeInForce::fill_or_kill,
                                                TimeInForce::good_till_time);
            if (*rc::gen::arbitrary<bool>()) o.expires_us = at + any_number() % 2000;
        }
        out.operations.push_back(o);
    }
    if (out.books.empty()) out.books.emplace_back();
    return out;
}

std::string play(const OrderFile& file) {
    exchange::Replay replay({.books = file.books.size(), .matcher = {.most_orders = 256}});
    replay.play(file.operations);
    const exchange::ReplayTotals totals = replay.totals();
    return std::to_string(totals.trade_hash) + " " + std::to_string(totals.trades) + " " +
           std::to_string(totals.resting);
}

RC_GTEST_PROP(BinaryOrderFileProperty, BothFormsAreTheSameOperations, ()) {
    const OrderFile file = any_file();
    const Result<std::string> bytes = to_binary(file);
    RC_ASSERT(bytes.has_value());
    const Result<OrderFile> from_bytes = parse_any_order_file(*bytes, "o.bin");
    RC_ASSERT(from_bytes.has_value());
    const std::string csv = to_csv(file);
    const Result<OrderFile> from_csv = parse_any_order_file(csv, "o.csv");
    RC_ASSERT(from_csv.has_value());
    // What is written of them says every field.
    RC_ASSERT(from_bytes->books == file.books);
    RC_ASSERT(from_csv->books == file.books);
    RC_ASSERT(*to_binary(*from_bytes) == *bytes);
    RC_ASSERT(*to_binary(*from_csv) == *bytes);
    RC_ASSERT(to_csv(*from_bytes) == csv);
    RC_ASSERT(play(*from_bytes) == play(*from_csv));
}

}  // namespace
}  // namespace abate::input
