#include "abate/data/generation.h"

#include "abate/data/data.h"

#include <algorithm>
#include <charconv>

namespace abate::data {
namespace {

struct Median {
    Plant plant;
    const char* row;
};

// Rows of energy_coefficients. AR5 has no median for oil: SRREN's.
constexpr std::array<Median, kPlants - 1> kMedians{{{Plant::coal, "coal"},
                                                    {Plant::gas, "gas combined cycle"},
                                                    {Plant::oil, "oil (SRREN)"},
                                                    {Plant::biomass, "biomass dedicated"},
                                                    {Plant::hydro, "hydro"},
                                                    {Plant::nuclear, "nuclear"},
                                                    {Plant::solar, "solar utility PV"},
                                                    {Plant::wind_onshore, "wind onshore"},
                                                    {Plant::wind_offshore, "wind offshore"},
                                                    {Plant::geothermal, "geothermal"}}};

constexpr auto kOther = static_cast<std::size_t>(Plant::other);

}  // namespace

Result<FuelFactors> fuel_factors(const Tables& tables) {
    FuelFactors factors;
    for (const Median& median : kMedians) {
        // Not Tables::coefficient, which spans AR5's and SRREN's medians of one plant.
        const Result<std::vector<Row>> rows =
            tables.show("energy_coefficients", std::string("fuel-intensity-ipcc ") + median.row);
        if (!rows) return rows.error();
        const Row& top = rows->back();
        for (const auto& [name, text] : top.columns) {
            if (name != "value") continue;
            std::from_chars(text.data(),
                            text.data() + text.size(),
                            factors.gco2e_per_kwh[static_cast<std::size_t>(median.plant)]);
        }
        if (median.plant == Plant::coal) factors.source = top.source;
    }
    factors.source += "; oil: IPCC SRREN 2011";
    return factors;
}

HourValue production_intensity(const GenerationMix& mix, const FuelFactors& factors) {
    double grams = 0;
    double known = 0;
    const auto begin = factors.gco2e_per_kwh.begin();
    const auto [cleanest, dirtiest] = std::minmax_element(begin, begin + kOther);
    for (std::size_t plant = 0; plant < kOther; ++plant) {
        const double amount = std::max(0.0, mix.amount[plant]);
        grams += amount * factors.gco2e_per_kwh[plant];
        known += amount;
    }
    if (!(known > 0)) return {};
    const double other = std::max(0.0, mix.amount[kOther]);
    const double all = known + other;
    const double mean = grams / known;
    return {.value = mean,
            .low = std::min(mean, (grams + other * *cleanest) / all),
            .high = std::max(mean, (grams + other * *dirtiest) / all),
            .known = true,
            .estimated = false};
}

}  // namespace abate::data
