#include "abate/units/ranged.h"

#include "abate/core/assert.h"

#include <algorithm>
#include <cmath>

namespace abate {

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): commutative
Ranged multiply(const Ranged& a, const Ranged& b) {
    ABATE_REQUIRE(a.low >= 0 && b.low >= 0);
    Ranged out;
    out.value = a.value * b.value;
    if (a.kind == RangeKind::bound || b.kind == RangeKind::bound) {
        out.kind = RangeKind::bound;
        out.low = a.low * b.low;
        out.high = a.high * b.high;
        return out;
    }
    // d(ab) = b da (+) a db: exact to first order, and it needs no division, so a zero value is
    // fine.
    out.low = out.value - std::hypot(b.value * (a.value - a.low), a.value * (b.value - b.low));
    out.high = out.value + std::hypot(b.value * (a.high - a.value), a.value * (b.high - b.value));
    out.low = std::max(out.low, a.low * b.low);
    return out;
}

namespace {

// Up to so many causes a walk through them is quicker than a table.
constexpr std::size_t kFewCauses = 16;

std::string key_of(std::string_view cause, RangeKind kind) {
    return std::string(kind == RangeKind::bound ? "b" : "i").append(cause);
}

}  // namespace

RangeSum::Spread& RangeSum::spread_of(std::string_view cause, RangeKind kind) {
    if (spreads_.size() <= kFewCauses) {
        for (Spread& spread : spreads_)
            if (spread.cause == cause && spread.kind == kind) return spread;
        spreads_.push_back({std::string(cause), 0, 0, kind});
        return spreads_.back();
    }
    if (at_.empty()) {
        for (std::size_t i = 0; i < spreads_.size(); ++i)
            at_.emplace(key_of(spreads_[i].cause, spreads_[i].kind), i);
    }
    const auto [place, is_new] = at_.emplace(key_of(cause, kind), spreads_.size());
    if (is_new) spreads_.push_back({std::string(cause), 0, 0, kind});
    return spreads_[place->second];
}

void RangeSum::add(const Ranged& term, std::string_view cause) {
    value_ += term.value;
    Spread& spread = spread_of(cause, term.kind);
    // A range that rounding has turned inside out by a last digit counts as exact.
    spread.minus += std::max(0.0, term.value - term.low);
    spread.plus += std::max(0.0, term.high - term.value);
}

Ranged RangeSum::total() const {
    double minus_squares = 0;
    double plus_squares = 0;
    double minus_bound = 0;
    double plus_bound = 0;
    bool bounded = false;
    for (const Spread& spread : spreads_) {
        if (spread.kind == RangeKind::bound) {
            bounded = bounded || spread.minus > 0 || spread.plus > 0;
            minus_bound += spread.minus;
            plus_bound += spread.plus;
        } else {
            minus_squares += spread.minus * spread.minus;
            plus_squares += spread.plus * spread.plus;
        }
    }
    return {.value = value_,
            .low = value_ - std::sqrt(minus_squares) - minus_bound,
            .high = value_ + std::sqrt(plus_squares) + plus_bound,
            .kind = bounded ? RangeKind::bound : RangeKind::interval90};
}

}  // namespace abate
