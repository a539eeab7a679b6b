// What happened in a market, as bytes for the journal. A byte of 64 to 127 begins one of them; events of the books begin below, those of the
// scheme above.
//
// An event: u8 kind, u8 version (1), u8 flags (1: sell, 2: a market order, 4: post only, 8: names a price, 16: names a quantity), u8 time
// in force, u32 book, u64 order_id, i64 at_us, u32 trader, u32 meetings, i64 price_micro, i64 quantity, i64 expires_us; 56 bytes. Then of
// each meeting, in order: u64 maker, i64 price_micro, i64 quantity, u32 kind; 28 bytes. Little endian. Of a call (`called`) the meetings are its
// fills by priority, buys before sells; its price and volume stand in price and quantity, and order and trader are 0.
#pragma once

#include "abate/core/result.h"
#include "abate/exchange/order.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::exchange {

enum class MarketEventKind : std::uint8_t {
    placed = 64,
    cancelled = 65,
    replaced = 66,
    expired = 67,      // its time was over
    swept = 68,        // the market's own: its owner may not trade any more
    called = 69,       // a call is over: what could trade at one price did
    collected = 70,    // placed, in a call
    recollected = 71,  // replaced in a call, and lost its place in time
};
// "placed", as here.
[[nodiscard]] std::string_view to_string(MarketEventKind kind);
inline constexpr std::uint8_t kMarketEventVersion = 1;
// What was asked; of what the market does by itself: cancel.
[[nodiscard]] constexpr OperationKind asked_by(MarketEventKind kind) {
    switch (kind) {
        case MarketEventKind::placed:
        case MarketEventKind::collected:
            return OperationKind::place;
        case MarketEventKind::replaced:
        case MarketEventKind::recollected:
            return OperationKind::replace;
        case MarketEventKind::cancelled:
        case MarketEventKind::expired:
        case MarketEventKind::swept:
        case MarketEventKind::called:
            break;
    }
    return OperationKind::cancel;
}

// What became of two orders that met. Numbers are those of the journal.
enum class MeetingKind : std::uint32_t {
    trade = 1,
    self_trade = 2,     // the maker went: both are of one group
    undeliverable = 3,  // the maker went: its account is shut
    stopped = 4,        // the taker takes no more: of one group, as the rule says
    halted = 5,      // the taker takes no more: the trade would be too far off, and the book halts
    over_limit = 6,  // the maker went: its group would hold more than the scheme allows
    call_fill = 7,   // in a call; the price is the call's
};

struct Met {
    std::uint64_t maker = 0;
    std::int64_t price_micro = 0;
    std::int64_t quantity = 0;  // that they traded; else what the maker had
    MeetingKind kind = MeetingKind::trade;
    bool operator==(const Met&) const = default;
};

// What came takes no more, where nothing was left that it could have met (SelfTrade::cancel_both).
inline constexpr Met kStoppedAtTheEnd{.kind = MeetingKind::stopped};

struct MarketEvent {
    MarketEventKind kind = MarketEventKind::placed;
    // `book` is the vintage, `participant` the trader's number, `at_us` the time of the event. A call's has no order.
    Operation operation = {};
    std::vector<Met> met = {};
};

[[nodiscard]] constexpr bool is_market_event(char first_byte) {
    const auto byte = static_cast<unsigned char>(first_byte);
    return byte >= 64 && byte < 128;
}
// Bytes of events on their way into a journal. A string would call a function for each.
class EventBytes {
  public:
    // Room for so many behind what there is, to be written before add().
    [[nodiscard]] char* room(std::size_t bytes) {
        if (bytes_.size() - used_ < bytes) bytes_.resize(2 * bytes_.size() + bytes);
        return bytes_.data() + used_;
    }
    void add(std::size_t bytes) { used_ += bytes; }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), used_}; }
    void clear() { used_ = 0; }

  private:
    std::vector<char> bytes_;
    std::size_t used_ = 0;
};
void append_event(EventBytes& out,
                  MarketEventKind kind,
                  const Operation& operation,
                  std::span<const Met> met);
// The same of an order that ends without having met another.
struct Ended {
    std::uint32_t book = 0;
    std::uint64_t order_id = 0;
    std::uint32_t participant = 0;
    std::int64_t at_us = 0;
};
void append_event(EventBytes& out, MarketEventKind kind, const Ended& ended);

struct ReadMarketEvent {
    MarketEvent event;
    std::size_t size = 0;  // bytes taken
};
// The event at the start of `bytes`. Its time lies within 2^61 microseconds of 1970. Errors: corrupt, version_mismatch.
[[nodiscard]] Result<ReadMarketEvent> read_market_event(std::string_view bytes);

}  // namespace abate::exchange
