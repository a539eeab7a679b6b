// A value that is only known within a range, and how such values add.
//
//     RangeSum sum;
//     sum.add({.value = 100, .low = 95, .high = 105}, "rapl-package");
//     sum.add({.value = 50, .low = 47.5, .high = 52.5}, "rapl-package");
//     sum.add({.value = 20, .low = 16, .high = 24}, "rapl-dram");
//     sum.total();        // one cause adds linearly (5 + 2.5), causes in quadrature: 170 -+ hypot(7.5, 4)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace abate {

// [low, high] is a 90 % interval, or limits that cannot be passed.
enum class RangeKind { interval90, bound };
// As documents spell it: "interval90", "bound".
[[nodiscard]] constexpr const char* to_string(RangeKind kind) {
    return kind == RangeKind::bound ? "bound" : "interval90";
}

// Plain numbers of one stated unit; low <= value <= high.
struct Ranged {
    double value = 0;
    double low = 0;
    double high = 0;
    RangeKind kind = RangeKind::interval90;

    bool operator==(const Ranged&) const = default;
};

[[nodiscard]] constexpr Ranged exactly(double value) {
    return {value, value, value, RangeKind::interval90};
}

// All three numbers times `factor`. REQUIRES: factor >= 0.
[[nodiscard]] constexpr Ranged scaled(const Ranged& range, double factor) {
    return {range.value * factor, range.low * factor, range.high * factor, range.kind};
}

// value * factor with both ranges combined: independent relative errors in quadrature on each side;
// a `bound` on either side makes the result a bound with the corner products. REQUIRES: all numbers
// >= 0.
[[nodiscard]] Ranged multiply(const Ranged& a, const Ranged& b);

// Adds ranged values. Errors with one cause add linearly, causes among themselves in quadrature; a
// `bound` adds linearly to everything. n terms, k causes: O(n) time on average, O(k) memory, so that a million runs, each with an
// error of its own, add up at once.
class RangeSum {
  public:
    void add(const Ranged& term, std::string_view cause);
    [[nodiscard]] Ranged total() const;

  private:
    struct Spread {
        std::string cause;
        double minus = 0;
        double plus = 0;
        RangeKind kind = RangeKind::interval90;
    };
    Spread& spread_of(std::string_view cause, RangeKind kind);

    double value_ = 0;
    std::vector<Spread> spreads_;
    std::unordered_map<std::string, std::size_t>
        at_;  // of many causes only: cause and kind -> place in spreads_
};

}  // namespace abate
