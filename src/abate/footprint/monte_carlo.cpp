#include "abate/footprint/monte_carlo.h"

#include "abate/core/assert.h"
#include "abate/core/random.h"
#include "abate/footprint/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <unordered_map>

namespace abate::footprint {
namespace {

constexpr std::size_t kFewestDraws = 100;
constexpr std::size_t kMostDraws = 10'000'000;

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) {
    double value = 0;
    for (std::size_t i = N; i-- > 0;) value = value * x + coefficients[i];
    return value;
}

// Wichura's AS 241, PPND16: rational approximations about 0.5 and in two tails.
constexpr std::array<double, 8> kCentreUp{3.3871328727963666080e0,
                                          1.3314166789178437745e+2,
                                          1.9715909503065514427e+3,
                                          1.3731693765509461125e+4,
                                          4.5921953931549871457e+4,
                                          6.7265770927008700853e+4,
                                          3.3430575583588128105e+4,
                                          2.5090809287301226727e+3};
constexpr std::array<double, 8> kCentreDown{1.0,
                                            4.2313330701600911252e+1,
                                            6.8718700749205790830e+2,
                                            5.3941960214247511077e+3,
                                            2.1213794301586595867e+4,
                                            3.9307895800092710610e+4,
                                            2.8729085735721942674e+4,
                                            5.2264952788528545610e+3};
constexpr std::array<double, 8> kNearUp{1.42343711074968357734e0,
                                        4.63033784615654529590e0,
                                        5.76949722146069140550e0,
                                        3.64784832476320460504e0,
                                        1.27045825245236838258e0,
                                        2.41780725177450611770e-1,
                                        2.27238449892691845833e-2,
                                        7.74545014278341407640e-4};
constexpr std::array<double, 8> kNearDown{1.0,
                                          2.05319162663775882187e0,
                                          1.67638483018380384940e0,
                                          6.89767334985100004550e-1,
                                          1.48103976427480074590e-1,
                                          1.51986665636164571966e-2,
                                          5.47593808499534494600e-4,
                                          1.05075007164441684324e-9};
constexpr std::array<double, 8> kFarUp{6.65790464350110377720e0,
                                       5.46378491116411436990e0,
                                       1.78482653991729133580e0,
                                       2.96560571828504891230e-1,
                                       2.65321895265761230930e-2,
                                       1.24266094738807843860e-3,
                                       2.71155556874348757815e-5,
                                       2.01033439929228813265e-7};
constexpr std::array<double, 8> kFarDown{1.0,
                                         5.99832206555887937690e-1,
                                         1.36929880922735805310e-1,
                                         1.48753612908506148525e-2,
                                         7.86869131145613259100e-4,
                                         1.84631831751005468180e-5,
                                         1.42151175831644588870e-7,
                                         2.04426310338993978564e-15};

// One draw of a cause, shared by all its factors: a probability and the normal quantile of it.
struct Draw {
    double p = 0;
    double z = 0;
};

double at(const Ranged& range, const Draw& draw) {
    const auto [p, z] = draw;
    if (range.low == range.value && range.high == range.value) return range.value;
    if (range.kind == RangeKind::bound) {
        // Triangular on [low, high], top at the value.
        const double width = range.high - range.low;
        const double rise = range.value - range.low;
        if (p * width < rise) return range.low + std::sqrt(p * width * rise);
        return range.high - std::sqrt((1 - p) * width * (range.high - range.value));
    }
    const double side = z / kZ95;
    if (range.low > 0) {
        return side < 0 ? range.value * std::pow(range.low / range.value, -side)
                        : range.value * std::pow(range.high / range.value, side);
    }
    return side < 0 ? range.value + side * (range.value - range.low)
                    : range.value + side * (range.high - range.value);
}

// One distinct factor: a cause with a range and what is done to the number drawn.
struct Drawn {
    std::size_t cause = 0;
    const Factor* factor = nullptr;
};

struct CompiledLine {
    double constant = 1;               // of the exact factors
    std::vector<std::size_t> factors;  // into Model::drawn
    Kind kind = Kind::operational;
};

class Model {
  public:
    explicit Model(const Account& account) {
        for (const Line& line : account.lines) {
            CompiledLine compiled;
            compiled.kind = line.kind;
            for (const Factor& factor : line.factors) add(compiled, factor);
            if (line.intensity) add(compiled, *line.intensity);
            lines_.push_back(std::move(compiled));
        }
        values_.resize(drawn_.size());
    }

    [[nodiscard]] const std::vector<std::string>& causes() const { return causes_; }

    struct Sums {
        double operational = 0;
        double embodied = 0;
        [[nodiscard]] double total() const { return operational + embodied; }
    };

    // draws[i] of cause i.
    Sums sums(const std::vector<Draw>& draws) {
        for (std::size_t i = 0; i < drawn_.size(); ++i) {
            const Drawn& drawn = drawn_[i];
            // No factor is below 0: energies are not, nor what a PUE is above 1.
            values_[i] =
                std::max(0.0, drawn.factor->at(at(drawn.factor->range, draws[drawn.cause])));
        }
        return sum();
    }

    // Everything at its value but one cause, which is at its low or high ends.
    Sums extreme(std::size_t cause, bool high) {
        for (std::size_t i = 0; i < drawn_.size(); ++i) {
            const Factor& factor = *drawn_[i].factor;
            const Ranged& range = factor.range;
            values_[i] = factor.at(drawn_[i].cause != cause ? range.value
                                   : high                   ? range.high
                                                            : range.low);
        }
        return sum();
    }

  private:
    void add(CompiledLine& line, const Factor& factor) {
        if (factor.range.low == factor.range.value && factor.range.high == factor.range.value) {
            line.constant *= factor.at(factor.range.value);
            return;
        }
        const std::string& cause = factor.cause.empty() ? factor.quantity : factor.cause;
        const auto [at_cause, new_cause] = cause_at_.emplace(cause, causes_.size());
        if (new_cause) causes_.push_back(cause);
        const std::string key = fmt::format("{}|{}|{}|{}|{}|{}|{}",
                                            at_cause->second,
                                            factor.range.value,
                                            factor.range.low,
                                            factor.range.high,
                                            static_cast<int>(factor.range.kind),
                                            factor.offset,
                                            factor.inverse);
        const auto [place, is_new] = drawn_at_.emplace(key, drawn_.size());
        if (is_new) drawn_.push_back({at_cause->second, &factor});
        line.factors.push_back(place->second);
    }

    [[nodiscard]] Sums sum() const {
        Sums out;
        for (const CompiledLine& line : lines_) {
            double value = line.constant;
            for (const std::size_t factor : line.factors) value *= values_[factor];
            (line.kind == Kind::operational ? out.operational : out.embodied) += value;
        }
        return out;
    }

    std::vector<CompiledLine> lines_;
    std::vector<Drawn> drawn_;
    std::vector<double> values_;
    std::vector<std::string> causes_;
    std::unordered_map<std::string, std::size_t> cause_at_;
    std::unordered_map<std::string, std::size_t> drawn_at_;
};

double percentile(const std::vector<double>& sorted, double p) {
    const double place = p * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Percentiles percentiles(std::vector<double> values) {
    Percentiles out;
    double sum = 0;
    for (const double value : values) sum += value;
    out.mean = sum / static_cast<double>(values.size());
    double squares = 0;
    for (const double value : values) squares += (value - out.mean) * (value - out.mean);
    out.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
    std::sort(values.begin(), values.end());
    out.p5 = percentile(values, 0.05);
    out.p25 = percentile(values, 0.25);
    out.p50 = percentile(values, 0.50);
    out.p75 = percentile(values, 0.75);
    out.p95 = percentile(values, 0.95);
    return out;
}

}  // namespace

double normal_quantile(double p) {
    ABATE_REQUIRE(p > 0 && p < 1);
    const double q = p - 0.5;
    if (std::fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * polynomial(kCentreUp, r) / polynomial(kCentreDown, r);
    }
    double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
    const double z = r <= 5 ? polynomial(kNearUp, r - 1.6) / polynomial(kNearDown, r - 1.6)
                            : polynomial(kFarUp, r - 5) / polynomial(kFarDown, r - 5);
    return q < 0 ? -z : z;
}

double quantile(const Ranged& range, double p) {
    return at(range, {.p = p, .z = normal_quantile(p)});
}

Result<Simulation> simulate(const Account& account, const SimulationOptions& options) {
    if (options.draws < kFewestDraws || options.draws > kMostDraws) {
        return Error{ErrorCode::out_of_range,
                     fmt::format("{} draws are not possible", options.draws),
                     "--monte-carlo",
                     fmt::format("Use {} to {}", kFewestDraws, kMostDraws)};
    }
    Model model(account);
    const std::size_t causes = model.causes().size();
    Simulation out;
    out.draws = options.draws;
    out.seed = options.seed;
    out.value_kgco2e = model.extreme(causes, false).total();

    Random random(options.seed);
    std::vector<Draw> draws(causes);
    std::vector<double> total(options.draws);
    std::vector<double> operational(options.draws);
    std::vector<double> embodied(options.draws);
    constexpr double kHalfStep = 0x1p-54;  // uniform() is a multiple of 2^-53; 0 has no quantile
    for (std::size_t draw = 0; draw < options.draws; ++draw) {
        for (Draw& one : draws) {
            one.p = random.uniform() + kHalfStep;
            // The largest multiple and a half rounds up to 1.
            if (one.p >= 1) one.p = 1 - 0x1p-53;
            one.z = normal_quantile(one.p);
        }
        const Model::Sums sums = model.sums(draws);
        total[draw] = sums.total();
        operational[draw] = sums.operational;
        embodied[draw] = sums.embodied;
    }
    out.total = percentiles(std::move(total));
    out.operational = percentiles(std::move(operational));
    out.embodied = percentiles(std::move(embodied));

    for (std::size_t i = 0; i < causes; ++i) {
        const TornadoBar bar{
            model.causes()[i], model.extreme(i, false).total(), model.extreme(i, true).total()};
        if (bar.low_kgco2e != bar.high_kgco2e) out.tornado.push_back(bar);
    }
    std::stable_sort(
        out.tornado.begin(), out.tornado.end(), [](const TornadoBar& a, const TornadoBar& b) {
            return std::fabs(a.high_kgco2e - a.low_kgco2e) >
                   std::fabs(b.high_kgco2e - b.low_kgco2e);
        });
    return out;
}

}  // namespace abate::footprint
