#include "abate/policy/equilibrium.h"

#include "abate/core/assert.h"
#include "abate/policy/pinned_math.h"
#include "abate/policy/price_at.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <thread>

namespace abate::policy {
namespace {

// Sums of a block are one number whoever reckons it, and blocks are summed in their order: so many threads as one likes give the same bytes.
constexpr std::size_t kBlock = 4096;
constexpr std::size_t kSlice = 256;  // what is reckoned at once lies in the nearest cache

struct Slice {
    const double* log_benefit;
    const double* elasticity;
    const double* capital;
    const double* electricity;
    const double* efficiency;
    const double* best_efficiency;
    const double* retrofit;
    const double* credit;
    std::size_t count;
    double price;
    double log_scale;
    double efficiency_scale;
};
struct SliceSums {
    double energy = 0;
    double slope = 0;
    double curve = 0;
    bool is_free = false;  // somebody's FLOP costs nothing
};

// Without a branch and without a call, so that the compiler makes vectors of it; additions, multiplications, divisions and roots are the
// same in every lane of every width.
// Half of the time goes into efficiencies that can change (`Moves`); where no firm's can, they are what they are, to the last bit.
template <bool Moves>
[[gnu::always_inline]] inline SliceSums sums_of(const Slice& s) {
    double energy[kSlice];
    double slope[kSlice];
    double curve[kSlice];
    std::uint64_t free_ones = 0;
    for (std::size_t i = 0; i < s.count; ++i) {
        const double before = s.efficiency[i] * s.efficiency_scale;
        double efficiency = before;
        double moving = 0;    // -d ln E/dP
        double retrofit = 0;  // a FLOP
        if constexpr (Moves) {
            const double best = s.best_efficiency[i] * s.efficiency_scale;
            const double energy_cost = s.electricity[i] + s.price;
            const double wanted = std::sqrt(s.retrofit[i] * before / energy_cost);
            // Where energy costs nothing it is no number, or infinite: E0.
            const double at_most = wanted < before ? wanted : before;
            efficiency = at_most > best ? at_most : best;
            moving = efficiency == wanted ? 0.5 / energy_cost : 0.0;
            retrofit = s.retrofit[i] * (before / efficiency - 1);
        }
        const double needed = efficiency - s.credit[i];  // allowances a FLOP
        const double cost =
            s.capital[i] + s.electricity[i] * efficiency + s.price * needed + retrofit;
        free_ones |= cost <= 0 ? 1U : 0U;
        const double flop =
            pinned_exp(s.elasticity[i] * (s.log_benefit[i] + s.log_scale - pinned_log(cost)));
        // d cost/dP is what it needs (the envelope).
        const double share = needed / cost;
        const double relative = -s.elasticity[i] * share - moving;
        double turning = s.elasticity[i] * share * share;
        if constexpr (Moves) turning += moving * (2 * moving + s.elasticity[i] * efficiency / cost);
        energy[i] = efficiency * flop;
        slope[i] = energy[i] * relative;
        curve[i] = energy[i] * (relative * relative + turning);
    }
    // Eight sums side by side, then these: one order, and fit for vectors.
    constexpr std::size_t kLanes = 8;
    double sums[3][kLanes] = {};
    const std::size_t whole = s.count / kLanes * kLanes;
    for (std::size_t i = 0; i < whole; i += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            sums[0][lane] += energy[i + lane];
            sums[1][lane] += slope[i + lane];
            sums[2][lane] += curve[i + lane];
        }
    SliceSums out{.is_free = free_ones != 0};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        out.energy += sums[0][lane];
        out.slope += sums[1][lane];
        out.curve += sums[2][lane];
    }
    for (std::size_t i = whole; i < s.count; ++i) {
        out.energy += energy[i];
        out.slope += slope[i];
        out.curve += curve[i];
    }
    return out;
}

SliceSums sums_anywhere(const Slice& slice, bool moves) {
    return moves ? sums_of<true>(slice) : sums_of<false>(slice);
}
using Summing = SliceSums (*)(const Slice& slice, bool moves);
#if defined(__x86_64__)
// Twice and four times as wide; no fused multiply-add, which rounds otherwise.
[[gnu::target("avx2")]] SliceSums sums_with_avx2(const Slice& slice, bool moves) {
    return moves ? sums_of<true>(slice) : sums_of<false>(slice);
}
#if defined(__clang__)
#define ABATE_AVX512 "avx512f,avx512dq"
#else
#define ABATE_AVX512 "avx512f,avx512dq,prefer-vector-width=512"
#endif
[[gnu::target(ABATE_AVX512)]] SliceSums sums_with_avx512(const Slice& slice, bool moves) {
    return moves ? sums_of<true>(slice) : sums_of<false>(slice);
}
Summing fastest() {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        return sums_with_avx512;
    return __builtin_cpu_supports("avx2") ? sums_with_avx2 : sums_anywhere;
}
#else
Summing fastest() { return sums_anywhere; }
#endif

}  // namespace

Industry::Industry(const std::vector<Firm>& firms, std::size_t threads) : threads_(threads) {
    ABATE_REQUIRE(threads > 0);
    for (const Firm& firm : firms) {
        ABATE_REQUIRE(firm.marginal_benefit > 0 && firm.elasticity > 0);
        ABATE_REQUIRE(firm.best_efficiency_j_per_flop > 0 &&
                      firm.best_efficiency_j_per_flop <= firm.efficiency_j_per_flop);
        log_benefit_.push_back(pinned_log(firm.marginal_benefit));
        elasticity_.push_back(firm.elasticity);
        capital_.push_back(firm.capital_cost_per_flop);
        electricity_.push_back(firm.electricity_price_per_j);
        efficiency_.push_back(firm.efficiency_j_per_flop);
        best_efficiency_.push_back(firm.best_efficiency_j_per_flop);
        retrofit_.push_back(firm.retrofit_cost_per_flop);
        credit_.push_back(firm.credit_j_per_flop);
        fixed_ = fixed_ && firm.credit_j_per_flop == 0;
        if (moves_.size() * kBlock < log_benefit_.size()) moves_.push_back(0);
        if (firm.best_efficiency_j_per_flop < firm.efficiency_j_per_flop) moves_.back() = 1;
    }
}

Industry::Demand Industry::demand(double price_per_j, const Setting& setting) const {
    static const Summing summing = fastest();
    const double log_scale = pinned_log(setting.scale);
    struct BlockSums {
        Demand demand;
        bool is_free = false;
    };
    const std::size_t blocks = (size() + kBlock - 1) / kBlock;
    std::vector<BlockSums> sums(blocks);
    const auto reckon = [&](std::size_t first, std::size_t end) {
        for (std::size_t block = first; block < end; ++block) {
            BlockSums& sum = sums[block];
            const std::size_t last = std::min((block + 1) * kBlock, size());
            for (std::size_t from = block * kBlock; from < last; from += kSlice) {
                const SliceSums part = summing({.log_benefit = &log_benefit_[from],
                                                .elasticity = &elasticity_[from],
                                                .capital = &capital_[from],
                                                .electricity = &electricity_[from],
                                                .efficiency = &efficiency_[from],
                                                .best_efficiency = &best_efficiency_[from],
                                                .retrofit = &retrofit_[from],
                                                .credit = &credit_[from],
                                                .count = std::min(kSlice, last - from),
                                                .price = price_per_j,
                                                .log_scale = log_scale,
                                                .efficiency_scale = setting.efficiency},
                                               moves_[block] != 0);
                sum.demand.energy_j += part.energy;
                sum.demand.slope += part.slope;
                sum.demand.curve += part.curve;
                sum.is_free = sum.is_free || part.is_free;
            }
        }
    };
    // A thread is worth it from some hundred microseconds on.
    constexpr std::size_t kWorth = 8;
    const std::size_t parts = std::clamp<std::size_t>(blocks / kWorth, 1, threads_);
    std::vector<std::thread> others;
    for (std::size_t part = 1; part < parts; ++part)
        others.emplace_back(reckon, blocks * part / parts, blocks * (part + 1) / parts);
    reckon(0, blocks / parts);
    for (std::thread& other : others) other.join();

    Demand sum;
    for (const BlockSums& block : sums) {
        if (block.is_free) return {std::numeric_limits<double>::infinity(), 0, 0};
        sum.energy_j += block.demand.energy_j;
        sum.slope += block.demand.slope;
        sum.curve += block.demand.curve;
    }
    return sum;
}

// Each firm uses at most supply/N there: its energy E x <= (m/P)^elasticity E^(1 - elasticity), as its cost is at least P E.
double Industry::price_above(double supply_j, const Setting& setting) const {
    double most = 0;
    const double log_each = pinned_log(supply_j / static_cast<double>(size()));
    const double log_scale = pinned_log(setting.scale);
    for (std::size_t i = 0; i < size(); ++i)
        for (const double efficiency : {efficiency_[i], best_efficiency_[i]}) {
            const double log_efficiency = pinned_log(efficiency * setting.efficiency);
            const double log_price = log_benefit_[i] + log_scale - log_each / elasticity_[i] +
                                     (1 / elasticity_[i] - 1) * log_efficiency;
            most = std::max(most, pinned_exp(log_price));
        }
    return std::min(most, kHighestPrice);
}

double clearing_price(const Industry& industry, double supply_j, const Industry::Setting& setting) {
    ABATE_REQUIRE(supply_j > 0 && industry.size() > 0 && industry.is_fixed());
    return price_at([&](double price) { return industry.demand(price, setting); },
                    supply_j,
                    [&] { return industry.price_above(supply_j, setting); });
}

Equilibrium solve(const Industry& industry,
                  const PriceRules& rules,
                  const Industry::Setting& setting) {
    Equilibrium out;
    const auto demand = [&](double price) { return industry.demand(price, setting).energy_j; };
    const auto settle = [&](double price) {
        out.price_per_j = price;
        out.demand_j = demand(price);
    };
    out.demand_at_zero_j = demand(0);
    out.cap_binds = out.demand_at_zero_j > rules.supply_j;
    out.sold_at_tier_j.resize(rules.tiers.size());
    settle(clearing_price(industry, rules.supply_j, setting));

    if (rules.floor_per_j && out.price_per_j < *rules.floor_per_j) {
        const double given = rules.supply_j - rules.auctioned_j;
        const double unsold = rules.supply_j - demand(*rules.floor_per_j);
        if (unsold <= rules.auctioned_j) {
            settle(*rules.floor_per_j);
            out.unsold_j = unsold;
        } else {
            // Not even what is given for nothing is needed at the floor: nobody buys, and the price is among those who have some.
            settle(given > 0 ? clearing_price(industry, given, setting) : *rules.floor_per_j);
            out.unsold_j = rules.auctioned_j;
        }
        return out;
    }
    double supply = rules.supply_j;
    for (std::size_t i = 0; i < rules.tiers.size(); ++i) {
        const Tier& tier = rules.tiers[i];
        if (out.price_per_j <= tier.price_per_j) break;
        const double wanted = demand(tier.price_per_j) - supply;
        if (wanted <= tier.quantity_j) {
            settle(tier.price_per_j);
            out.sold_at_tier_j[i] = wanted;
            return out;
        }
        out.sold_at_tier_j[i] = tier.quantity_j;
        supply += tier.quantity_j;
        settle(clearing_price(industry, supply, setting));
    }
    const double ceiling = rules.ceiling_per_j.value_or(std::numeric_limits<double>::infinity());
    const double penalty = rules.penalty_per_j.value_or(std::numeric_limits<double>::infinity());
    const double most = std::min(ceiling, penalty);
    if (out.price_per_j > most) {
        settle(most);
        (ceiling <= penalty ? out.sold_at_ceiling_j : out.uncovered_j) = out.demand_j - supply;
    }
    return out;
}

}  // namespace abate::policy
