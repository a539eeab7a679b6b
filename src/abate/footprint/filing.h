// Filings: the same account as the forms that others ask for. GHG Protocol scopes, ESRS E1 datapoints, SCI scores.
//
//     const Filing filing = file(account, statement, {.year = 2025, .entity = "Example Institute"}).value();
//     filing.cell("scope2_location").words();      // empty: there is a figure; else "not available: supply a factor"
//     esrs(filing);                                   // the same cells as datapoints of E1-5 and E1-6
//
// Always: scope 2 rests on direct factors only; what the life-cycle figure has beyond them is scope 3 category 3. Hardware that was bought is
// filed in full in the year of purchase (the acquired ledger), never as its yearly charge. A cell that lacks a factor for some of its energy is
// not available; it is never 0 and never borrows a factor of another basis. What of it is known stands beside it. The mapping is a table, and
// the table is part of the filing (docs/methodology/filings.md). Pure functions of the account and of what the entity states.
#pragma once

#include "abate/core/result.h"
#include "abate/footprint/inventory.h"
#include "abate/units/ranged.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::footprint {

// ---- what the entity states: the [filing] section of an inventory

// How the entity draws the line around what it does not own (GHG Protocol corporate standard, chapter 3).
enum class Consolidation { not_stated, operational_control, financial_control, equity_share };
[[nodiscard]] const char* to_string(Consolidation consolidation);
[[nodiscard]] std::optional<Consolidation> parse_consolidation(std::string_view text);

// Factors of one site that neither the inventory nor a table has, or that are better known.
struct SiteFactors {
    std::string site;  // as lines name it; for runs of the store without a site, their region
    std::string where;
    std::optional<Ranged> direct_gco2e_per_kwh;
    std::optional<Ranged> market_gco2e_per_kwh;  // contract or residual mix
    std::optional<Ranged> grid_losses;           // kWh lost on the way for each kWh delivered
    std::string source;

    bool operator==(const SiteFactors&) const = default;
};

// Capital goods that no fleet of the inventory has: bought in the period, in full.
struct DeclaredPurchase {
    std::string name;
    std::string where;
    Ranged kgco2e;
    std::vector<std::string> covers;  // rows of the inventory whose hardware this is
    std::string source;

    bool operator==(const DeclaredPurchase&) const = default;
};

// What was sold in the period, over its whole life at the customers'.
struct SoldProduct {
    std::string name;
    std::string where;
    Ranged energy_kwh;
    std::optional<Ranged> intensity_gco2e_per_kwh;
    std::string source;

    bool operator==(const SoldProduct&) const = default;
};

// Where electricity comes from, in shares of 1.
struct EnergyMix {
    double fossil = 0;
    double nuclear = 0;
    double renewable = 0;

    bool operator==(const EnergyMix&) const = default;
};

// Absent is not stated; an empty list states that there are none.
struct FilingStatement {
    Consolidation consolidation = Consolidation::not_stated;
    std::optional<int> base_year;
    std::string base_year_reason;
    std::optional<double> base_year_kgco2e;
    std::optional<std::vector<std::string>> exclusions;
    std::optional<std::vector<std::string>> restatements;
    std::string gwp;  // "AR6", of all figures; empty: as sources say
    std::optional<double> missing_nodes;
    std::optional<Ranged> scope1_kgco2e;
    std::optional<Ranged> grid_losses;  // of sites without their own
    std::optional<EnergyMix> mix;       // of the energy in scope 2
    std::optional<double> net_revenue;  // of the activities whose emissions are filed
    std::string currency;
    bool high_climate_impact = false;  // the work and its revenue are of such a sector
    std::vector<SiteFactors> sites;
    std::vector<DeclaredPurchase> purchases;
    std::vector<SoldProduct> sold;

    bool operator==(const FilingStatement&) const = default;
};

// ---- the filing

inline constexpr const char* kNoFactor = "not available: supply a factor";
inline constexpr const char* kNotStated = "not stated";

enum class CellState {
    value,
    none,           // nothing of the kind is in the account
    not_available,  // a factor is missing for some of it
    not_stated      // the entity has to say it
};
[[nodiscard]] const char* to_string(CellState state);

// One figure of a form.
struct Cell {
    CellState state = CellState::none;
    Ranged amount;  // of what is known; the figure itself only where the state is `value`
    std::vector<std::string>
        reasons;  // what is missing: "no direct factor for FR (1200 kWh)"; or a remark

    // "none", the words of the state, or empty where there is a value.
    [[nodiscard]] std::string words() const;
};

// One row of the printed mapping.
struct MappingRow {
    Ownership ownership = Ownership::owned;
    std::string electricity;  // "scope 2; rest of its life cycle and grid losses: category 3"
    std::string hardware;     // "category 2, in full in the year of purchase"
    std::string why;
};

struct FilingRow {
    std::string key;  // "scope2_location"
    std::string name;
    bool part = false;  // of its category, whose row stands before it
    Cell cell;          // kg CO2e
};

// One site's energy in a scope or category, and its factors.
struct SiteRow {
    std::string site;
    std::string part;   // "scope 2", "category 8"
    Ranged energy_kwh;  // at the facility
    Cell location;      // kg CO2e, direct
    Cell market;        // kg CO2e; scope 2 only
    Cell upstream;      // kg CO2e, life cycle less direct
    Cell losses;        // kg CO2e
};

// Shares of the account's energy by how it is known. The worst of a line's factors decides: a measured run lifted to the building by a PUE
// that nobody measured is estimated in that part.
struct UnmeteredHours {
    std::string fleet;
    std::string what;  // "idle", "allocated to no declared work"
    double unit_hours = 0;
};
struct Coverage {
    double measured_kwh = 0;
    double modelled_kwh = 0;
    double estimated_kwh = 0;
    double declared_kwh = 0;
    std::optional<double> missing_nodes;    // as stated
    std::vector<UnmeteredHours> unmetered;  // hours whose energy is not in the account

    [[nodiscard]] double total_kwh() const {
        return measured_kwh + modelled_kwh + estimated_kwh + declared_kwh;
    }
};

// Balance before + acquired - amortised - retired = balance after.
struct Reconciliation {
    std::vector<LedgerYear> years;
    double acquired_kgco2e = 0;
    double amortised_kgco2e = 0;
    double retired_kgco2e = 0;
    double opening_kgco2e = 0;
    double closing_kgco2e = 0;
    double charged_kgco2e = 0;  // by the account's lines to the same hardware, by the hour

    // acquired - amortised - retired - (closing - opening): 0 up to rounding.
    [[nodiscard]] double residual_kgco2e() const {
        return acquired_kgco2e - amortised_kgco2e - retired_kgco2e -
               (closing_kgco2e - opening_kgco2e);
    }
};

// From the account's total to what the cells hold.
struct BridgeStep {
    std::string name;
    double kgco2e = 0;
};

// What a score is per. "token", 2.4e12.
struct FunctionalUnit {
    std::string name;
    double count = 0;
    std::string source;  // "--per", "the inventory"

    bool operator==(const FunctionalUnit&) const = default;
};

// (E x I + M) / R.
struct SciScore {
    std::string boundary;  // "software", "consumer", "provider"
    std::string covers;    // "data, training, inference"
    FunctionalUnit unit;
    Ranged energy_kwh;          // E, at the facility
    Ranged operational_kgco2e;  // E x I, location-based, average, life cycle
    Ranged embodied_kgco2e;     // M, hours reserved, u = 1
    Ranged total_kgco2e;
    Ranged kgco2e_per_unit;
    std::vector<std::string> notes;
};

struct FilingOptions {
    int year = 0;
    std::string entity;
    // Of the software and consumer scores; a count of 0 is taken from the inventory's services.
    std::optional<FunctionalUnit> per = {};
    std::vector<FunctionalUnit> provider_per = {};  // "training-token", "flop", "parameter"
};

struct Filing {
    int year = 0;
    std::string entity;
    std::string account;  // its name
    std::optional<Timestamp> period_start;
    std::optional<Timestamp> period_end;
    FilingStatement statement;
    std::string gwp;  // what the filing can say of it
    std::vector<MappingRow> mapping;
    std::vector<FilingRow> rows;  // in the order of the form
    std::vector<SiteRow> sites;
    Ranged scope2_kwh;
    Coverage coverage;
    Reconciliation books;
    std::vector<BridgeStep> bridge;
    std::vector<SciScore> sci;
    std::vector<std::string> notes;
    std::vector<Provenance> provenance;

    // REQUIRES: one of the keys below.
    [[nodiscard]] const Cell& cell(std::string_view key) const;
};

// Keys of rows: scope1, scope2_location, scope2_market, category1, category1_electricity, category1_hardware, category2, category3,
// category3_upstream, category3_losses, category8, category8_electricity, category8_upstream, category8_losses, category8_hardware, category11,
// scope3, total_location, total_market.
//
// Errors: conflict (the account's period is not of that year), not_found (a site or row named in the statement that the account does not have,
// nearest in the hint), invalid_argument (a functional unit that the account does not count, a provider unit of another kind).
[[nodiscard]] Result<Filing> file(const Account& account,
                                  const FilingStatement& statement,
                                  const FilingOptions& options);

// One datapoint of ESRS E1 (Delegated Regulation (EU) 2023/2772), with its number in EFRAG's list where it has one.
struct EsrsRow {
    std::string datapoint;  // "E1-6_09"; "E1-6" where the list numbers no such row
    std::string paragraph;
    std::string name;
    std::string unit;
    Cell cell;  // in that unit
};
[[nodiscard]] std::vector<EsrsRow> esrs(const Filing& filing);

}  // namespace abate::footprint
