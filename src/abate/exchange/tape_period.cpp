#include "abate/exchange/tape_period.h"

#include <string>
#include <utility>

namespace abate::exchange {
namespace {

Error bad(std::string what, std::uint64_t seq) {
    return Error{ErrorCode::invalid_argument,
                 std::move(what),
                 "entry " + std::to_string(seq) + " of the tape",
                 ""};
}

Int128 distance(const PriceMove& move) {
    const Int128 by = Int128{move.price_micro} - move.from_micro;
    return by < 0 ? -by : by;
}

}  // namespace

Period trailing(Timestamp until, std::int64_t us) {
    ABATE_REQUIRE(us >= 0);
    std::int64_t from = 0;
    if (__builtin_sub_overflow(until.us, us, &from)) from = INT64_MIN;
    return {.from = {from}, .until = until};
}

Result<void> check_tape(std::span<const TapeEntry> tape, const GroupOf& groups) {
    const TapeEntry* before = nullptr;
    std::int64_t volume = 0;
    for (const TapeEntry& entry : tape) {
        if (before != nullptr) {
            if (entry.seq <= before->seq) return bad("numbers that do not rise", entry.seq);
            if (entry.at < before->at) return bad("times that fall", entry.seq);
            if (entry.vintage != before->vintage) return bad("two vintages", entry.seq);
        }
        before = &entry;
        if (entry.at.us < -kMostTapeTime || entry.at.us > kMostTapeTime)
            return bad("a time beyond 2^61 µs", entry.seq);
        if (entry.quantity <= 0 || entry.quantity > kMostQuantity)
            return bad("a quantity that no book has", entry.seq);
        if (entry.price_micro <= 0 || entry.price_micro > kMostTicks)
            return bad("a price that no book has", entry.seq);
        if (!groups.contains(entry.owner)) return bad("an owner without a group", entry.seq);
        if (entry.kind != TapeKind::traded) continue;
        if (!groups.contains(entry.taker)) return bad("a taker without a group", entry.seq);
        if (entry.quantity > kMostVolume - volume)
            return Error{ErrorCode::out_of_range,
                         "more than 2^60 allowances changed hands on the tape",
                         "",
                         "Ask about a shorter one"};
        volume += entry.quantity;
    }
    return {};
}

Sale sale_of(const TapeEntry& entry, const GroupOf& groups) {
    ABATE_REQUIRE(entry.kind == TapeKind::traded);
    const bool maker_buys = entry.side == Side::buy;
    Sale sale{.seq = entry.seq,
              .at = entry.at,
              .price_micro = entry.price_micro,
              .quantity = entry.quantity,
              .buyer = maker_buys ? entry.owner : entry.taker,
              .seller = maker_buys ? entry.taker : entry.owner};
    sale.buying = groups.at(sale.buyer);
    sale.selling = groups.at(sale.seller);
    return sale;
}

std::int64_t ppm(const PartOf& of) {
    ABATE_REQUIRE(of.part >= 0 && of.whole >= 0);
    if (of.part == 0) return 0;
    if (of.whole == 0) return INT64_MAX;
    const Int128 exact = of.part * kMillionths / of.whole;
    return exact > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(exact);
}

std::int64_t ppm(const PriceMove& move) {
    ABATE_REQUIRE(move.from_micro > 0);
    return ppm(PartOf{.part = distance(move), .whole = move.from_micro});
}

bool within(const PriceMove& move, std::int64_t band_ppm) {
    ABATE_REQUIRE(move.from_micro > 0 && band_ppm >= 0);
    return distance(move) * kMillionths <= Int128{band_ppm} * move.from_micro;
}

}  // namespace abate::exchange
