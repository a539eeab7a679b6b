#include "abate/exchange/market_event.h"

#include "abate/core/number_bytes.h"

#include <fmt/format.h>

#include <cstring>

namespace abate::exchange {
namespace {

// Bits of the flags.
constexpr std::uint8_t kSell = 1;
constexpr std::uint8_t kMarket = 2;
constexpr std::uint8_t kPostOnly = 4;
constexpr std::uint8_t kHasPrice = 8;
constexpr std::uint8_t kHasQuantity = 16;
constexpr std::uint8_t kPastFlags = 32;

constexpr std::size_t kHead = 56;
constexpr std::size_t kMet = 28;

bool known(MarketEventKind kind) {
    return kind >= MarketEventKind::placed && kind <= MarketEventKind::recollected;
}
bool known(MeetingKind kind) {
    return kind >= MeetingKind::trade && kind <= MeetingKind::call_fill;
}

}  // namespace

std::string_view to_string(MarketEventKind kind) {
    switch (kind) {
        case MarketEventKind::placed:
            return "placed";
        case MarketEventKind::cancelled:
            return "cancelled";
        case MarketEventKind::replaced:
            return "replaced";
        case MarketEventKind::expired:
            return "expired";
        case MarketEventKind::swept:
            return "swept";
        case MarketEventKind::called:
            return "called";
        case MarketEventKind::collected:
            return "collected";
        case MarketEventKind::recollected:
            break;
    }
    return "recollected";
}

void append_event(EventBytes& out,
                  MarketEventKind kind,
                  const Operation& operation,
                  std::span<const Met> met) {
    const Operation& o = operation;
    const auto flag = [](bool on, std::uint8_t bit) { return on ? bit : std::uint8_t{0}; };
    const std::size_t size = kHead + kMet * met.size();
    char* bytes = out.room(size);
    put_number(bytes + 0, kind);
    put_number(bytes + 1, kMarketEventVersion);
    put_number(bytes + 2,
               static_cast<std::uint8_t>(
                   flag(o.side == Side::sell, kSell) | flag(o.type == OrderType::market, kMarket) |
                   flag(o.post_only, kPostOnly) | flag(o.price_micro.has_value(), kHasPrice) |
                   flag(o.quantity.has_value(), kHasQuantity)));
    put_number(bytes + 3, o.time_in_force);
    put_number(bytes + 4, o.book);
    put_number(bytes + 8, o.order_id);
    put_number(bytes + 16, o.at_us);
    put_number(bytes + 24, o.participant);
    put_number(bytes + 28, static_cast<std::uint32_t>(met.size()));
    put_number(bytes + 32, o.price_micro.value_or(0));
    put_number(bytes + 40, o.quantity.value_or(0));
    put_number(bytes + 48, o.expires_us);
    bytes += kHead;
    for (const Met& each : met) {
        put_number(bytes + 0, each.maker);
        put_number(bytes + 8, each.price_micro);
        put_number(bytes + 16, each.quantity);
        put_number(bytes + 24, each.kind);
        bytes += kMet;
    }
    out.add(size);
}

void append_event(EventBytes& out, MarketEventKind kind, const Ended& ended) {
    char* bytes = out.room(kHead);
    std::memset(bytes, 0, kHead);
    put_number(bytes + 0, kind);
    put_number(bytes + 1, kMarketEventVersion);
    put_number(bytes + 3, TimeInForce::good_till_cancelled);
    put_number(bytes + 4, ended.book);
    put_number(bytes + 8, ended.order_id);
    put_number(bytes + 16, ended.at_us);
    put_number(bytes + 24, ended.participant);
    out.add(kHead);
}

Result<ReadMarketEvent> read_market_event(std::string_view bytes) {
    const auto refuse = [](std::string what, ErrorCode code = ErrorCode::corrupt) {
        return Error{
            code,
            std::move(what),
            "an event of the market",
            code == ErrorCode::corrupt ? "Restore the journal from a backup" : "Use a newer abate"};
    };
    if (bytes.size() < kHead) return refuse("an event is cut short");
    ReadMarketEvent out;
    MarketEvent& event = out.event;
    Operation& o = event.operation;
    const auto version = number_at<std::uint8_t>(bytes, 1);
    if (version > kMarketEventVersion)
        return refuse(fmt::format("an event of version {}", version), ErrorCode::version_mismatch);
    event.kind = number_at<MarketEventKind>(bytes, 0);
    const auto flags = number_at<std::uint8_t>(bytes, 2);
    o.time_in_force = number_at<TimeInForce>(bytes, 3);
    if (version == 0 || !known(event.kind) || flags >= kPastFlags ||
        o.time_in_force < TimeInForce::good_till_cancelled ||
        o.time_in_force > TimeInForce::good_till_time)
        return refuse("an event of no known kind");
    o.kind = asked_by(event.kind);
    o.side = (flags & kSell) != 0 ? Side::sell : Side::buy;
    o.type = (flags & kMarket) != 0 ? OrderType::market : OrderType::limit;
    o.post_only = (flags & kPostOnly) != 0;
    o.book = number_at<std::uint32_t>(bytes, 4);
    o.order_id = number_at<std::uint64_t>(bytes, 8);
    o.at_us = number_at<std::int64_t>(bytes, 16);
    o.participant = number_at<std::uint32_t>(bytes, 24);
    const auto price = number_at<std::int64_t>(bytes, 32);
    const auto quantity = number_at<std::int64_t>(bytes, 40);
    // So that days and halts can be reckoned from it.
    constexpr std::int64_t kFarthest = std::int64_t{1} << 61;
    if (o.at_us < -kFarthest || o.at_us > kFarthest)
        return refuse("an event of no time that there is");
    if ((flags & kHasPrice) != 0) o.price_micro = price;
    if ((flags & kHasQuantity) != 0) o.quantity = quantity;
    o.expires_us = number_at<std::int64_t>(bytes, 48);
    if ((!o.price_micro && price != 0) || (!o.quantity && quantity != 0))
        return refuse("an event has a field that it does not name");
    const auto met = number_at<std::uint32_t>(bytes, 28);
    if ((bytes.size() - kHead) / kMet < met) return refuse("an event is cut short");
    event.met.reserve(met);
    std::size_t at = kHead;
    for (std::uint32_t i = 0; i < met; ++i, at += kMet) {
        const Met each{.maker = number_at<std::uint64_t>(bytes, at),
                       .price_micro = number_at<std::int64_t>(bytes, at + 8),
                       .quantity = number_at<std::int64_t>(bytes, at + 16),
                       .kind = number_at<MeetingKind>(bytes, at + 24)};
        if (!known(each.kind)) return refuse("a meeting of no known kind");
        event.met.push_back(each);
    }
    out.size = at;
    return out;
}

}  // namespace abate::exchange
