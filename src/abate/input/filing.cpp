// What the entity says of itself, and the factors that it supplies: [filing] of an inventory. Keys: docs/reference/inventory.md.
#include "abate/input/filing_section.h"
#include "abate/input/input.h"

#include <cmath>
#include <cstdint>
#include <utility>

namespace abate::input {
namespace {

using footprint::DeclaredPurchase;
using footprint::EnergyMix;
using footprint::FilingStatement;
using footprint::SiteFactors;
using footprint::SoldProduct;

constexpr Limits kIntensity{.most = 5000};
constexpr Limits kLosses{.most = 1};
constexpr double kSlack = 1e-6;  // of shares that must make 1

// Each supplied figure will be asked for its source.
void sourced(Reader& reader,
             const toml::table& table,
             const char* section,
             const std::string& source) {
    if (source.empty())
        reader.refuse(table,
                      fmt::format("a [[filing.{}]] has no source", section),
                      "Add source = \"...\": where the figure was found");
}

void read_site(Reader& reader, const toml::table& table, FilingStatement& out) {
    reader.only(table,
                "[[filing.site]]",
                {"site", "direct_gco2e_per_kwh", "market_gco2e_per_kwh", "grid_losses", "source"});
    SiteFactors factors;
    factors.where = reader.where(table);
    reader.read(table, "site", factors.site);
    reader.read(table, "direct_gco2e_per_kwh", factors.direct_gco2e_per_kwh, kIntensity);
    reader.read(table, "market_gco2e_per_kwh", factors.market_gco2e_per_kwh, kIntensity);
    reader.read(table, "grid_losses", factors.grid_losses, kLosses);
    reader.read(table, "source", factors.source);
    if (factors.site.empty())
        reader.refuse(
            table, "a [[filing.site]] names no site", "Add site = \"...\": the name of a [[site]]");
    if (!factors.direct_gco2e_per_kwh && !factors.market_gco2e_per_kwh && !factors.grid_losses)
        reader.refuse(table,
                      fmt::format("no factor is supplied for '{}'", one_line(factors.site)),
                      "Give direct_gco2e_per_kwh, market_gco2e_per_kwh or grid_losses");
    sourced(reader, table, "site", factors.source);
    for (const SiteFactors& other : out.sites)
        if (other.site == factors.site)
            reader.refuse(table,
                          fmt::format("'{}' has factors already", one_line(factors.site)),
                          "The other is at " + other.where);
    out.sites.push_back(std::move(factors));
}

void read_purchase(Reader& reader, const toml::table& table, FilingStatement& out) {
    reader.only(table, "[[filing.purchase]]", {"name", "kgco2e", "covers", "source"});
    DeclaredPurchase purchase;
    purchase.where = reader.where(table);
    reader.name(table, "filing.purchase", purchase.name);
    std::optional<Ranged> kgco2e;
    reader.read(table, "kgco2e", kgco2e, {});
    reader.read(table, "covers", purchase.covers);
    reader.read(table, "source", purchase.source);
    if (kgco2e) {
        purchase.kgco2e = *kgco2e;
    } else {
        reader.refuse(table,
                      fmt::format("nothing says what '{}' cost to make", one_line(purchase.name)),
                      "Add kgco2e: of all that was bought in the period; 0 if nothing was");
    }
    sourced(reader, table, "purchase", purchase.source);
    out.purchases.push_back(std::move(purchase));
}

void read_sold(Reader& reader, const toml::table& table, FilingStatement& out) {
    reader.only(
        table, "[[filing.sold]]", {"name", "energy_kwh", "intensity_gco2e_per_kwh", "source"});
    SoldProduct product;
    product.where = reader.where(table);
    reader.name(table, "filing.sold", product.name);
    std::optional<Ranged> energy;
    reader.read(table, "energy_kwh", energy, {});
    reader.read(table, "intensity_gco2e_per_kwh", product.intensity_gco2e_per_kwh, kIntensity);
    reader.read(table, "source", product.source);
    if (energy) {
        product.energy_kwh = *energy;
    } else {
        reader.refuse(table,
                      fmt::format("nothing says what energy '{}' takes", one_line(product.name)),
                      "Add energy_kwh: of all units sold in the period, over their lives");
    }
    sourced(reader, table, "sold", product.source);
    out.sold.push_back(std::move(product));
}

void read_mix(Reader& reader, const toml::table& table, FilingStatement& out) {
    std::optional<double> fossil;
    std::optional<double> nuclear;
    std::optional<double> renewable;
    reader.read(table, "fossil_share", fossil, {.most = 1});
    reader.read(table, "nuclear_share", nuclear, {.most = 1});
    reader.read(table, "renewable_share", renewable, {.most = 1});
    if (!fossil && !nuclear && !renewable) return;
    if (!fossil || !nuclear || !renewable ||
        std::fabs(*fossil + *nuclear + *renewable - 1) > kSlack) {
        reader.refuse(table,
                      "the energy mix does not make 1",
                      "Give fossil_share, nuclear_share and renewable_share; they add up to 1");
        return;
    }
    out.mix = EnergyMix{.fossil = *fossil, .nuclear = *nuclear, .renewable = *renewable};
}

void read_list(Reader& reader,
               const toml::table& table,
               std::string_view key,
               std::optional<std::vector<std::string>>& out) {
    if (table.get(key) == nullptr) return;
    out.emplace();
    reader.read(table, key, *out);
}

void read_statement(Reader& reader, const toml::table& table, FilingStatement& out) {
    if (table.get("consolidation") != nullptr)
        reader.word(table,
                    "consolidation",
                    out.consolidation,
                    footprint::parse_consolidation,
                    {"operational-control", "financial-control", "equity-share"});
    if (const toml::node* year = table.get("base_year")) {
        const std::optional<std::int64_t> value = year->value_exact<std::int64_t>();
        if (value && *value >= 1900 && *value <= 2200) {
            out.base_year = static_cast<int>(*value);
        } else {
            reader.refuse(*year, "'base_year' is no year", "Write base_year = 2023");
        }
    }
    reader.read(table, "base_year_reason", out.base_year_reason);
    reader.read(table, "base_year_kgco2e", out.base_year_kgco2e, {});
    read_list(reader, table, "exclusions", out.exclusions);
    read_list(reader, table, "restatements", out.restatements);
    const auto gwp = [](std::string_view text) {
        const bool known = text == "AR4" || text == "AR5" || text == "AR6";
        return known ? std::optional(std::string(text)) : std::nullopt;
    };
    reader.word(table, "gwp", out.gwp, gwp, {"AR4", "AR5", "AR6"});
    reader.read(table, "missing_nodes", out.missing_nodes, {.most = 1e9});
    reader.read(table, "scope1_kgco2e", out.scope1_kgco2e, {});
    reader.read(table, "grid_losses", out.grid_losses, kLosses);
    reader.read(table, "net_revenue", out.net_revenue, kPositive);
    reader.read(table, "currency", out.currency);
    reader.read(table, "high_climate_impact", out.high_climate_impact);
    if (out.net_revenue && out.currency.empty())
        reader.refuse(
            *table.get("net_revenue"), "'net_revenue' has no currency", "Add currency = \"EUR\"");
}

}  // namespace

void read_filing(Reader& reader, const toml::table& root, FilingStatement& out) {
    const toml::node* node = root.get("filing");
    if (node == nullptr) return;
    const toml::table* table = node->as_table();
    if (table == nullptr) {
        reader.refuse(*node, "'filing' must be a table", "Write [filing]");
        return;
    }
    reader.only(*table,
                "[filing]",
                {"consolidation",
                 "base_year",
                 "base_year_reason",
                 "base_year_kgco2e",
                 "exclusions",
                 "restatements",
                 "gwp",
                 "missing_nodes",
                 "scope1_kgco2e",
                 "grid_losses",
                 "fossil_share",
                 "nuclear_share",
                 "renewable_share",
                 "net_revenue",
                 "currency",
                 "high_climate_impact",
                 "site",
                 "purchase",
                 "sold"});
    read_statement(reader, *table, out);
    read_mix(reader, *table, out);
    reader.each(
        *table, "site", [&](const auto& row) { read_site(reader, row, out); }, "filing");
    reader.each(
        *table, "purchase", [&](const auto& row) { read_purchase(reader, row, out); }, "filing");
    reader.each(
        *table, "sold", [&](const auto& row) { read_sold(reader, row, out); }, "filing");
}

Result<FilingStatement> parse_filing(std::string_view text, std::string_view file) {
    Reader reader(file);
    const Result<toml::table> root = reader.parse(text);
    if (!root) return root.error();
    FilingStatement out;
    read_filing(reader, *root, out);
    if (reader.error()) return *reader.error();
    return out;
}

}  // namespace abate::input
