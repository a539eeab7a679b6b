// Quantity<Dim>: a floating amount that knows its dimension. A raw double neither enters nor leaves
// without a unit:
//
//     const Power p = 300.0 * watts;
//     const Energy e = p * (2.0 * hours);          // W x s = J
//     double kwh = e.in(kilowatt_hours);           // 0.6
//     auto wrong = e + 3.0 * kilograms_co2e;       // does not compile
//
// Base dimensions are ours: joule, second, kg CO2e, flop, byte, litre of water, token. CO2e is a
// base of its own, so it never adds to kilograms of steel. Powers are integers. All operations are
// constexpr and as cheap as on double.
#pragma once

#include <compare>

namespace abate {

// Exponents of joule, second, kg CO2e, flop, byte, litre, token.
template <int J, int S, int C, int F, int B, int L, int T>
struct Dim {};

template <class A, class B>
struct DimProduct;
template <int... A, int... B>
struct DimProduct<Dim<A...>, Dim<B...>> {
    using type = Dim<(A + B)...>;
};
template <class A, class B>
struct DimQuotient;
template <int... A, int... B>
struct DimQuotient<Dim<A...>, Dim<B...>> {
    using type = Dim<(A - B)...>;
};

using DimNone = Dim<0, 0, 0, 0, 0, 0, 0>;

// A unit of dimension D: how many base units one of it is.
template <class D>
struct Unit {
    double in_base;
};

template <class D>
class Quantity {
  public:
    constexpr Quantity() = default;

    // The number of `unit`s in this amount.
    [[nodiscard]] constexpr double in(Unit<D> unit) const { return base_ / unit.in_base; }

    constexpr auto operator<=>(const Quantity&) const = default;

    constexpr Quantity operator-() const { return Quantity(-base_); }
    constexpr Quantity& operator+=(Quantity other) {
        base_ += other.base_;
        return *this;
    }
    constexpr Quantity& operator-=(Quantity other) {
        base_ -= other.base_;
        return *this;
    }
    friend constexpr Quantity operator+(Quantity a, Quantity b) {
        return Quantity(a.base_ + b.base_);
    }
    friend constexpr Quantity operator-(Quantity a, Quantity b) {
        return Quantity(a.base_ - b.base_);
    }
    friend constexpr Quantity operator*(Quantity a, double factor) {
        return Quantity(a.base_ * factor);
    }
    friend constexpr Quantity operator*(double factor, Quantity a) {
        return Quantity(a.base_ * factor);
    }
    friend constexpr Quantity operator/(Quantity a, double divisor) {
        return Quantity(a.base_ / divisor);
    }

  private:
    explicit constexpr Quantity(double base) : base_(base) {}

    template <class E>
    friend class Quantity;
    template <class A, class B>
    friend constexpr auto operator*(Quantity<A> a, Quantity<B> b);
    template <class A, class B>
    friend constexpr auto operator/(Quantity<A> a, Quantity<B> b);
    template <class E>
    friend constexpr Quantity<E> operator*(double number, Unit<E> unit);

    double base_ = 0;
};

template <class D>
constexpr Quantity<D> operator*(double number, Unit<D> unit) {
    return Quantity<D>(number * unit.in_base);
}

// A product without dimension (tokens per joule times joules per token) is a plain number.
template <class A, class B>
constexpr auto operator*(Quantity<A> a, Quantity<B> b) {
    using D = typename DimProduct<A, B>::type;
    if constexpr (__is_same(D, DimNone)) {
        return a.base_ * b.base_;
    } else {
        return Quantity<D>(a.base_ * b.base_);
    }
}

// The quotient of two like amounts is a plain number.
template <class A, class B>
constexpr auto operator/(Quantity<A> a, Quantity<B> b) {
    using D = typename DimQuotient<A, B>::type;
    if constexpr (__is_same(D, DimNone)) {
        return a.base_ / b.base_;
    } else {
        return Quantity<D>(a.base_ / b.base_);
    }
}

}  // namespace abate
