#include "abate/footprint/inventory.h"

#include "abate/core/assert.h"
#include "abate/footprint/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace abate::footprint {
namespace {

struct OwnershipName {
    Ownership ownership;
    const char* name;
};
constexpr std::array<OwnershipName, 5> kOwnerships{{{Ownership::owned, "owned"},
                                                    {Ownership::leased, "leased"},
                                                    {Ownership::colocated, "colocated"},
                                                    {Ownership::cloud, "cloud"},
                                                    {Ownership::api, "api"}}};

constexpr std::array<const char*, kAccountPhases> kPhaseNames{
    "data", "experimentation", "training", "finetuning", "inference", "unassigned", "idle"};

struct LeverName {
    LeverKind kind;
    const char* name;
};
constexpr std::array<LeverName, 11> kLevers{{{LeverKind::caching, "caching"},
                                             {LeverKind::accelerator, "accelerator"},
                                             {LeverKind::precision, "precision"},
                                             {LeverKind::fused_kernels, "fused-kernels"},
                                             {LeverKind::chip_load, "chip-load"},
                                             {LeverKind::lifetime, "lifetime"},
                                             {LeverKind::data_sampling, "data-sampling"},
                                             {LeverKind::region, "region"},
                                             {LeverKind::hour, "hour"},
                                             {LeverKind::carbon_free_share, "carbon-free-share"},
                                             {LeverKind::right_sized_model, "right-sized-model"}}};

// The order of columns and bands in tables and pictures.
constexpr std::array<const char*, 9> kDevices{
    "accelerators", "host", "server", "node", "facility", "site", "storage", "network", "hardware"};

// 99th percentile of the standard normal distribution, and its 95th: an interval of 90 % is 1.645 standard deviations either side.
constexpr double kZ99 = 2.3263478740408408;

using Product = std::vector<const Factor*>;

// Sum of products of factors whose errors are shared by cause.
class CauseSum {
  public:
    void add(const Product& product) {
        std::vector<Ranged> factors;
        double value = 1;
        double least = 1;
        for (const Factor* factor : product) {
            factors.push_back(factor->effective());
            value *= factors.back().value;
            least *= factors.back().low;
        }
        least_ += least;
        sum_.add(exactly(value), "");
        for (std::size_t i = 0; i < factors.size(); ++i) {
            const Ranged& range = factors[i];
            if (range.low == range.value && range.high == range.value) continue;
            double others = 1;
            for (std::size_t j = 0; j < factors.size(); ++j)
                if (j != i) others *= factors[j].value;
            const std::string& cause =
                product[i]->cause.empty() ? product[i]->quantity : product[i]->cause;
            sum_.add({.value = 0,
                      .low = -others * (range.value - range.low),
                      .high = others * (range.high - range.value),
                      .kind = range.kind},
                     cause);
        }
    }

    // Quadrature of wide one-sided errors can pass what all factors at their low ends make; nothing is below that.
    [[nodiscard]] Ranged total() const {
        Ranged out = sum_.total();
        out.low = std::min(out.value, std::max(out.low, least_));
        return out;
    }

  private:
    RangeSum sum_;
    double least_ = 0;
};

Product energy_of(const Line& line) {
    Product product;
    for (const Factor& factor : line.factors) product.push_back(&factor);
    return product;
}

Product carbon_of(const Line& line, const std::optional<Factor>& intensity) {
    Product product = energy_of(line);
    if (intensity) product.push_back(&*intensity);
    return product;
}

}  // namespace

const char* to_string(Ownership ownership) {
    return kOwnerships[static_cast<std::size_t>(ownership)].name;
}

std::optional<Ownership> parse_ownership(std::string_view text) {
    for (const OwnershipName& row : kOwnerships)
        if (text == row.name) return row.ownership;
    return std::nullopt;
}

const char* to_string(AccountPhase phase) { return kPhaseNames[static_cast<std::size_t>(phase)]; }

std::optional<AccountPhase> parse_account_phase(std::string_view text) {
    for (std::size_t i = 0; i < kPhaseNames.size(); ++i)
        if (text == kPhaseNames[i]) return static_cast<AccountPhase>(i);
    return std::nullopt;
}

AccountPhase account_phase(Phase phase) {
    // Both lists begin with the five phases in the same order.
    return static_cast<AccountPhase>(phase);
}

const char* to_string(Kind kind) { return kind == Kind::operational ? "operational" : "embodied"; }

const char* to_string(LeverKind kind) { return kLevers[static_cast<std::size_t>(kind)].name; }

std::vector<std::string> lever_names() {
    std::vector<std::string> names;
    for (const LeverName& row : kLevers) names.emplace_back(row.name);
    return names;
}

std::optional<LeverKind> parse_lever_kind(std::string_view text) {
    std::string wanted(text);
    std::replace(wanted.begin(), wanted.end(), '_', '-');
    for (const LeverName& row : kLevers)
        if (wanted == row.name) return row.kind;
    // Its name until utilisation was kept for allocated over owned hours.
    if (wanted == "utilisation") return LeverKind::chip_load;
    return std::nullopt;
}

Ranged chip_hours_of(const JobSizes& jobs) {
    ABATE_REQUIRE(jobs.runs > 0 && jobs.p50_hours > 0 && jobs.p99_hours >= jobs.p50_hours);
    const double s = std::log(jobs.p99_hours / jobs.p50_hours) / kZ99;
    const double mean = jobs.p50_hours * std::exp(s * s / 2);
    const double deviation = mean * std::sqrt(std::expm1(s * s));
    const double total = jobs.runs * mean;
    const double half = kZ95 * deviation * std::sqrt(jobs.runs);
    return {.value = total, .low = std::max(0.0, total - half), .high = total + half};
}

Ranged Factor::effective() const {
    Ranged out = range;
    if (inverse) {
        out.value = 1 / range.value;
        out.low = 1 / range.high;
        out.high = 1 / range.low;
    }
    out.value += offset;
    out.low += offset;
    out.high += offset;
    return out;
}

Amounts amounts(std::span<const Line> lines, const std::function<bool(const Line&)>& chosen) {
    CauseSum energy;
    CauseSum operational;
    CauseSum embodied;
    CauseSum total;
    CauseSum market;
    bool market_known = true;
    bool water_known = true;
    double water = 0;
    for (const Line& line : lines) {
        if (chosen && !chosen(line)) continue;
        if (line.kind == Kind::embodied) {
            embodied.add(energy_of(line));
            total.add(energy_of(line));
            continue;
        }
        const Product carbon = carbon_of(line, line.intensity);
        energy.add(energy_of(line));
        operational.add(carbon);
        total.add(carbon);
        if (line.market) {
            market.add(carbon_of(line, line.market));
        } else if (line.energy_kwh > 0) {
            market_known = false;
        }
        if (line.water_known) {
            water += line.energy_kwh * line.water_l_per_kwh;
        } else if (line.energy_kwh > 0) {
            water_known = false;
        }
    }
    Amounts out;
    out.energy_kwh = energy.total();
    out.operational_kgco2e = operational.total();
    out.embodied_kgco2e = embodied.total();
    out.total_kgco2e = total.total();
    if (market_known && out.energy_kwh.value > 0) out.market_kgco2e = market.total();
    if (water_known && out.energy_kwh.value > 0) out.water_l = water;
    return out;
}

std::vector<AccountPhase> phases_of(std::span<const Line> lines) {
    std::vector<AccountPhase> out;
    for (std::size_t i = 0; i < kAccountPhases; ++i) {
        const auto phase = static_cast<AccountPhase>(i);
        if (std::any_of(
                lines.begin(), lines.end(), [&](const Line& line) { return line.phase == phase; }))
            out.push_back(phase);
    }
    return out;
}

std::vector<std::string> devices_of(std::span<const Line> lines) {
    std::vector<std::string> out;
    for (const char* device : kDevices) {
        if (std::any_of(lines.begin(), lines.end(), [&](const Line& line) {
                return line.device == device;
            }))
            out.emplace_back(device);
    }
    return out;
}

}  // namespace abate::footprint
