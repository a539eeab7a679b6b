#include "abate/exchange/price_index.h"

#include "abate/exchange/resting_orders.h"

#include <algorithm>
#include <map>

namespace abate::exchange {
namespace {

using registry::GroupId;

// floor(sum / weight + 1/2). REQUIRES: 0 <= sum < 2^126, 0 < weight < 2^62.
std::int64_t mean_half_up(Int128 sum, std::int64_t weight) {
    return static_cast<std::int64_t>((2 * sum + weight) / (2 * Int128{weight}));
}

Result<void> check(const Priced& priced, const IndexRules& rules) {
    const auto bad = [](const char* what) {
        return Error{ErrorCode::invalid_argument, what, "rules of the price index", ""};
    };
    if (rules.band_ppm < 0 || rules.erroneous_ppm < 0) return bad("a band below 0");
    if (rules.group_share_ppm < 1 || rules.group_share_ppm > kMillionths)
        return bad("a group's share that is not within 1 and 1,000,000");
    if (rules.least_quantity < 0) return bad("a quantity below 0");
    return check_tape(priced.tape, priced.groups);
}

// A trade of the period that stands.
bool counts(const Priced& priced, const TapeEntry& entry) {
    return entry.kind == TapeKind::traded && priced.period.contains(entry.at) &&
           !std::binary_search(priced.annulled.begin(), priced.annulled.end(), entry.seq);
}

// The period's trades between groups.
std::vector<Sale> sales_of(const Priced& priced) {
    std::vector<Sale> sales;
    for (const TapeEntry& entry : priced.tape) {
        if (!counts(priced, entry)) continue;
        const Sale sale = sale_of(entry, priced.groups);
        if (sale.buying != sale.selling) sales.push_back(sale);
    }
    return sales;
}

// REQUIRES: a sale.
std::int64_t median_micro(std::vector<Sale> sales, std::int64_t quantity) {
    std::sort(sales.begin(), sales.end(), [](const Sale& a, const Sale& b) {
        return a.price_micro < b.price_micro;
    });
    Int128 below = 0;
    for (const Sale& sale : sales) {
        below += sale.quantity;
        if (2 * below >= quantity) return sale.price_micro;
    }
    fail_assertion({"assertion", "half of the volume lies somewhere", __FILE__, __LINE__});
}

PriceIndex index_of(const Priced& priced,
                    std::optional<std::int64_t> last_micro,
                    const IndexRules& rules) {
    const std::vector<Sale> sales = sales_of(priced);
    struct Part {
        std::int64_t weight = 0;
        Int128 sum = 0;  // Σ price x weight
    };
    std::map<GroupId, Part> parts;
    PriceIndex index;
    for (const Sale& sale : sales) {
        index.quantity += sale.quantity;
        parts[sale.buying].weight += sale.quantity;
        parts[sale.selling].weight += sale.quantity;
    }
    index.trades = sales.size();
    index.groups = parts.size();
    if (sales.empty() || index.quantity < rules.least_quantity ||
        index.trades < rules.least_trades || index.groups < rules.least_groups) {
        index.price_micro = last_micro;
        index.carried = true;
        return index;
    }

    index.median_micro = median_micro(sales, index.quantity);
    const Int128 wide = Int128{index.median_micro} * rules.band_ppm / kMillionths;
    const auto in_range = [](Int128 price) {
        return static_cast<std::int64_t>(std::clamp<Int128>(price, 0, INT64_MAX));
    };
    index.low_micro = in_range(index.median_micro - wide);
    index.high_micro = in_range(index.median_micro + wide);
    for (const Sale& sale : sales) {
        const std::int64_t price = std::clamp(sale.price_micro, index.low_micro, index.high_micro);
        if (price != sale.price_micro) ++index.beyond_band;
        parts[sale.buying].sum += Int128{price} * sale.quantity;
        parts[sale.selling].sum += Int128{price} * sale.quantity;
    }

    const auto cap = std::max(std::int64_t{1},
                              static_cast<std::int64_t>(2 * Int128{index.quantity} *
                                                        rules.group_share_ppm / kMillionths));
    Int128 sum = 0;
    for (const auto& [group, part] : parts) {
        if (part.weight > cap) {
            ++index.groups_capped;
            sum += Int128{mean_half_up(part.sum, part.weight)} * cap;
            index.weight += cap;
        } else {
            sum += part.sum;
            index.weight += part.weight;
        }
    }
    index.price_micro = mean_half_up(sum, index.weight);
    return index;
}

}  // namespace

Result<PriceIndex> price_index(const Priced& priced,
                               std::optional<std::int64_t> last_micro,
                               const IndexRules& rules) {
    if (const Result<void> sound = check(priced, rules); !sound) return sound.error();
    return index_of(priced, last_micro, rules);
}

bool erroneous(const PriceMove& move, std::int64_t band_ppm) { return !within(move, band_ppm); }

Result<std::vector<std::uint64_t>> erroneous_trades(const Priced& priced,
                                                    std::int64_t index_micro,
                                                    const IndexRules& rules) {
    if (const Result<void> sound = check(priced, rules); !sound) return sound.error();
    if (index_micro <= 0)
        return Error{ErrorCode::invalid_argument, "an index that is not above 0", "", ""};
    std::vector<std::uint64_t> out;
    for (const TapeEntry& entry : priced.tape)
        if (counts(priced, entry) &&
            erroneous({.price_micro = entry.price_micro, .from_micro = index_micro},
                      rules.erroneous_ppm))
            out.push_back(entry.seq);
    return out;
}

Result<DayStatistics> day_statistics(const Priced& priced,
                                     std::optional<std::int64_t> last_index_micro,
                                     const IndexRules& rules) {
    if (const Result<void> sound = check(priced, rules); !sound) return sound.error();
    DayStatistics day{.vintage = priced.tape.empty() ? 0 : priced.tape.front().vintage,
                      .period = priced.period};
    RestingOrders resting;
    for (const TapeEntry& entry : priced.tape) {
        if (entry.at >= priced.period.until) break;
        resting.apply(entry);
        if (!counts(priced, entry)) continue;
        const std::int64_t price = entry.price_micro;
        if (!day.open_micro) day.open_micro = day.high_micro = day.low_micro = price;
        day.high_micro = std::max(*day.high_micro, price);
        day.low_micro = std::min(*day.low_micro, price);
        day.close_micro = price;
        day.volume += entry.quantity;
        day.notional += Int128{price} * entry.quantity;
        ++day.trades;
    }
    const auto at_end = [&](Side side) {
        return RestingAtEnd{.orders = resting.side(side).orders,
                            .quantity = resting.side(side).quantity,
                            .best_micro = resting.best_micro(side)};
    };
    day.bids = at_end(Side::buy);
    day.asks = at_end(Side::sell);
    day.index = index_of(priced, last_index_micro, rules);
    return day;
}

}  // namespace abate::exchange
