// The market's events on any bytes: what is read can be written back byte for byte; what is folded leaves books that are sound and orders
// that are covered; nothing crashes.
#include "abate/exchange/exchange.h"
#include "abate/exchange/market_test_support.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace abate::exchange;
    std::string_view left(reinterpret_cast<const char*>(data), size);
    abate::exchange::testing::TestMarket market(
        {.traders = 3, .groups = 2, .money = 100'000, .allowances = 1'000},
        {.self_trade = SelfTrade::cancel_both},
        {.fee_ppm = 1'500, .most_orders = 1'000});
    while (!left.empty()) {
        const auto read = read_market_event(left);
        if (!read) break;
        EventBytes again;
        append_event(again, read->event.kind, read->event.operation, read->event.met);
        if (again.view() != left.substr(0, read->size)) std::abort();
        // One that cannot follow leaves the market of no use.
        if (!market.market.fold(read->event, market.books)) return 0;
        left.remove_prefix(read->size);
    }
    const Market::Cover cover = market.market.cover();
    if (cover.money != market.books.covered_money() ||
        cover.allowances != market.books.covered_allowances() ||
        abate::registry::broken_invariant(market.books))
        std::abort();
    return 0;
}
