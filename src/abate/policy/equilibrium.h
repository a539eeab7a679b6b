// The price at which many unlike firms use what there is of allowances.
//
//     Industry industry(firms);
//     Equilibrium e = solve(industry, {.supply_j = 4});
//     e.price_per_j                                       // 0 where the cap does not bind
//
// Demand D(P), the sum of what the firms use, falls strictly with P while what they are given does not depend on what they do; so the price is
// one: 0 if D(0) <= supply, else the root of D(P) = supply. Rules bend it:
//
//     floor     the price below which the auction does not sell: P = floor while what is unsold, supply - D(floor), is no more than what is auctioned;
//               beyond that the price is where D(P) is what was given for nothing
//     tiers     so much more is sold at each trigger, the lowest first
//     ceiling   as much as is asked for is sold at it
//     penalty   without make-good a fine a joule: who does not surrender pays it, so it is a ceiling whose sales are nobody's
//
// A price is a joule's: money a kWh is 3.6e6 times it.
#pragma once

#include "abate/policy/firm.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace abate::policy {

// Firms as the solver reads them: each property in a column of its own. The order stays.
class Industry {
  public:
    // REQUIRES: each is as firm.h says.
    // `threads`: so many reckon a pass over a million firms; the answers are the same bytes whatever it is.
    explicit Industry(const std::vector<Firm>& firms, std::size_t threads = 1);

    [[nodiscard]] std::size_t size() const { return log_benefit_.size(); }
    struct Demand {
        double energy_j = 0;
        double slope = 0;  // d energy / d price; at or below 0 without credits
        double curve = 0;  // its second derivative, for the next step
    };                     // No firm's output brings allowances.
    [[nodiscard]] bool is_fixed() const { return fixed_; }
    // At a price, of `scale` times the marginal benefits and `efficiency` times every energy a FLOP. Infinite where somebody's FLOP cost nothing.
    // One pass, some ten nanoseconds a firm. REQUIRES: price >= 0, scale and efficiency above 0.
    struct Setting {
        double scale = 1;
        double efficiency = 1;
    };
    [[nodiscard]] Demand demand(double price_per_j, const Setting& setting = {1, 1}) const;
    // A price at which demand is at most so much. REQUIRES: supply above 0; is_fixed().
    [[nodiscard]] double price_above(double supply_j, const Setting& setting = {1, 1}) const;

  private:
    std::vector<double> log_benefit_;  // log m
    std::vector<double> elasticity_;
    std::vector<double> capital_;
    std::vector<double> electricity_;
    std::vector<double> efficiency_;
    std::vector<double> best_efficiency_;
    std::vector<double> retrofit_;
    std::vector<double> credit_;
    std::vector<char> moves_;  // by block: some efficiency can change
    bool fixed_ = true;
    std::size_t threads_ = 1;
};

// The price at which demand is `supply_j`; 0 where it is less at 0; infinite where no price up to 1e150 is enough. REQUIRES: supply above 0, a firm
// at least, is_fixed().
[[nodiscard]] double clearing_price(const Industry& industry,
                                    double supply_j,
                                    const Industry::Setting& setting = {1, 1});

struct Tier {
    double price_per_j = 0;
    double quantity_j = 0;
};

// Above 0 and finite, or absent; floor <= each tier's price, rising, <= ceiling and penalty.
struct PriceRules {
    double supply_j = 0;
    double auctioned_j = 0;  // of the supply; what the floor can keep back
    std::optional<double> floor_per_j = {};
    std::vector<Tier> tiers = {};
    std::optional<double> ceiling_per_j = {};
    std::optional<double> penalty_per_j = {};  // without make-good
};

struct Equilibrium {
    double price_per_j = 0;       // infinite: there is none
    double demand_at_zero_j = 0;  // may be infinite
    double demand_j = 0;          // at the price
    bool cap_binds = false;       // demand at 0 is above the supply
    double unsold_j = 0;          // the floor kept it back
    std::vector<double> sold_at_tier_j = {};
    double sold_at_ceiling_j = 0;
    double uncovered_j = 0;  // used without an allowance, fined
};
// REQUIRES: rules as said; supply above 0; is_fixed().
[[nodiscard]] Equilibrium solve(const Industry& industry,
                                const PriceRules& rules,
                                const Industry::Setting& setting = {1, 1});

}  // namespace abate::policy
