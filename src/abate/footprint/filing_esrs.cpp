// The cells of a filing as datapoints of ESRS E1. Numbers are those of EFRAG's list of datapoints (implementation guidance 3), paragraphs
// those of ESRS E1 in Delegated Regulation (EU) 2023/2772; what each was checked against: docs/methodology/filings.md, "ESRS E1".
#include "abate/footprint/filing.h"
#include "abate/footprint/filing_parts.h"

#include <utility>

namespace abate::footprint {
namespace {

constexpr double kKilogramsPerTonne = 1000;
constexpr double kKwhPerMwh = 1000;
constexpr double kMillion = 1e6;

Cell tonnes(const Filing& filing, const char* key) {
    Cell cell = filing.cell(key);
    cell.amount = resized(cell.amount, 1 / kKilogramsPerTonne);
    return cell;
}

Cell as_stated(const std::optional<double>& value) {
    if (!value) return {.state = CellState::not_stated, .amount = {}, .reasons = {}};
    return {.state = CellState::value, .amount = exactly(*value), .reasons = {}};
}

// The state of a cell goes with everything made from it.
Cell times(Cell cell, double by) {
    cell.amount = resized(cell.amount, by);
    return cell;
}

Cell per_million(const Cell& cell, const std::optional<double>& net_revenue) {
    if (!net_revenue || *net_revenue <= 0)
        return {.state = CellState::not_stated, .amount = {}, .reasons = {"net_revenue"}};
    return times(cell, kMillion / *net_revenue);
}

// Paragraphs 40 and 41: only energy and revenue of activities in sectors of high climate impact (NACE sections A to H and L). Data
// processing is in section J, so the entity has to say that its work is of one of them.
Cell energy_intensity(const Cell& energy, const FilingStatement& said) {
    if (!said.high_climate_impact)
        return {.state = CellState::not_stated,
                .amount = {},
                .reasons = {"high_climate_impact: computing (NACE J) is in no such sector"}};
    Cell cell = per_million(energy, said.net_revenue);
    if (cell.state == CellState::value)
        cell.reasons.emplace_back("all energy and all revenue taken as of such sectors, as stated");
    return cell;
}

}  // namespace

std::vector<EsrsRow> esrs(const Filing& filing) {
    const FilingStatement& said = filing.statement;
    const Cell energy{.state = filing.scope2_kwh.value > 0 ? CellState::value : CellState::none,
                      .amount = resized(filing.scope2_kwh, 1 / kKwhPerMwh),
                      .reasons = {}};
    Cell own_energy = energy;
    if (said.scope1_kgco2e && said.scope1_kgco2e->value > 0)
        own_energy.reasons.emplace_back("without the fuel behind the stated scope 1");
    const auto share = [&](double EnergyMix::*part, double of) {
        if (energy.state != CellState::value) return Cell(energy);
        if (!said.mix)
            return Cell{.state = CellState::not_available,
                        .amount = {},
                        .reasons = {"no energy mix: fossil_share, nuclear_share, renewable_share"}};
        if (of > 0)
            return Cell{.state = CellState::value,
                        .amount = exactly(said.mix.value().*part * of),
                        .reasons = {}};
        return times(energy, said.mix.value().*part);
    };
    const std::string currency = said.currency.empty() ? "currency" : said.currency;
    const std::string t_per = "t CO2e/million " + currency;
    std::vector<EsrsRow> rows{
        {"E1-5_01", "37", "Energy consumption related to own operations", "MWh", own_energy},
        {"E1-5_02", "37(a)", "of it from fossil sources", "MWh", share(&EnergyMix::fossil, 0)},
        {"E1-5_03", "37(b)", "of it from nuclear sources", "MWh", share(&EnergyMix::nuclear, 0)},
        {"E1-5_04", "AR 34", "share of nuclear sources", "%", share(&EnergyMix::nuclear, 100)},
        {"E1-5_05",
         "37(c)",
         "of it from renewable sources",
         "MWh",
         share(&EnergyMix::renewable, 0)},
        {"E1-5_09", "AR 34", "share of renewable sources", "%", share(&EnergyMix::renewable, 100)},
        {"E1-5_15", "AR 34", "share of fossil sources", "%", share(&EnergyMix::fossil, 100)},
        {"E1-5_18",
         "40",
         "Energy intensity, of activities in sectors of high climate impact",
         "MWh/million " + currency,
         energy_intensity(own_energy, said)},
        {"E1-6_07", "48(a)", "Gross Scope 1 emissions", "t CO2e", tonnes(filing, "scope1")},
        {"E1-6_09",
         "49(a)",
         "Gross location-based Scope 2 emissions",
         "t CO2e",
         tonnes(filing, "scope2_location")},
        {"E1-6_10",
         "49(b)",
         "Gross market-based Scope 2 emissions",
         "t CO2e",
         tonnes(filing, "scope2_market")},
        {"E1-6_11", "51", "Gross Scope 3 emissions", "t CO2e", tonnes(filing, "scope3")},
        {"E1-6", "51", "1 Purchased goods and services", "t CO2e", tonnes(filing, "category1")},
        {"E1-6", "51", "2 Capital goods", "t CO2e", tonnes(filing, "category2")},
        {"E1-6",
         "51",
         "3 Fuel- and energy-related activities",
         "t CO2e",
         tonnes(filing, "category3")},
        {"E1-6", "51", "8 Upstream leased assets", "t CO2e", tonnes(filing, "category8")},
        {"E1-6", "51", "11 Use of sold products", "t CO2e", tonnes(filing, "category11")},
        {"E1-6_12",
         "52(a)",
         "Total GHG emissions, location-based",
         "t CO2e",
         tonnes(filing, "total_location")},
        {"E1-6_13",
         "52(b)",
         "Total GHG emissions, market-based",
         "t CO2e",
         tonnes(filing, "total_market")},
        {"E1-6_30",
         "53",
         "GHG emissions intensity, location-based",
         t_per,
         per_million(tonnes(filing, "total_location"), said.net_revenue)},
        {"E1-6_31",
         "53",
         "GHG emissions intensity, market-based",
         t_per,
         per_million(tonnes(filing, "total_market"), said.net_revenue)},
        {"E1-6_34",
         "AR 55",
         "Net revenue used to calculate the GHG intensity",
         currency,
         as_stated(said.net_revenue)}};
    return rows;
}

}  // namespace abate::footprint
