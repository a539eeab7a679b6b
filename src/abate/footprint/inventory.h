// A whole life cycle, declared: what an organisation's AI work stored, tried, trained and served in a period, on which hardware and where; and
// the account of it.
//
//     const Inventory lab = input::parse_inventory(text, "lab.toml").value();
//     const Account account = footprint::account(lab, tables).value();
//     account.total().total_kgco2e;            // phases add, operational and embodied, ranges with them
//     amounts(account.lines, [](const Line& line) { return line.phase == AccountPhase::training; });
//
// An account is a list of lines: phase x operational or embodied x device. Each line is a product of factors (energy, node overhead, PUE,
// intensity; or hours, embodied carbon, lifetime), and each factor names the cause of its error. So lines that share a cause (one PUE, one
// kind of card) err together in every sum, and the same product is what a lever changes and what Monte Carlo draws.
//
// Hardware. A fleet has unit-hours: owned in the period = allocated + idle. Work that names a fleet is charged EMB / lifetime for each hour
// reserved (u = 1), and what nobody reserved is the idle line, so that the charges of a fleet-year sum to EMB / lifetime. A fleet with
// `utilisation` u has no idle line: its hours of use are charged EMB / (lifetime x u) (docs/methodology/inventory.md).
#pragma once

#include "abate/core/clock.h"
#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/embodied.h"
#include "abate/record/record.h"
#include "abate/units/units.h"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::footprint {

// Who has the hardware: decides the scope that its energy falls in, not how much it is.
enum class Ownership { owned, leased, colocated, cloud, api };
[[nodiscard]] const char* to_string(Ownership ownership);
[[nodiscard]] std::optional<Ownership> parse_ownership(std::string_view text);

// The five phases of a life cycle, hours that were allocated to no declared work, and hours that nobody used.
enum class AccountPhase {
    data,
    experimentation,
    training,
    finetuning,
    inference,
    unassigned,
    idle
};
inline constexpr std::size_t kAccountPhases = 7;
[[nodiscard]] const char* to_string(AccountPhase phase);
[[nodiscard]] std::optional<AccountPhase> parse_account_phase(std::string_view text);
[[nodiscard]] AccountPhase account_phase(Phase phase);

enum class Kind { operational, embodied };
[[nodiscard]] const char* to_string(Kind kind);

// ---- what is declared

// A grid and a building, as SiteOptions of chain.h.
struct SitePlan {
    std::string name;
    std::string where;  // file:line:column, in errors
    std::string region;
    std::optional<double> pue;
    std::optional<double> intensity_gco2e_per_kwh;
    std::optional<double> market_gco2e_per_kwh;
    std::optional<double> wue_l_per_kwh;

    // What levers have made of it.
    double intensity_scale = 1;
    double carbon_free_share = 0;  // of the energy, under contract; the market-based figure only

    bool operator==(const SitePlan&) const = default;
};

// Hardware of one kind. One unit is an accelerator (with its share of the server) or, where `chip` is empty, a server.
struct Fleet {
    std::string name;
    std::string where;
    std::string site;  // empty: the first
    Ownership ownership = Ownership::owned;
    std::string chip;    // as `abate data list accelerators` names it
    std::string server;  // a published product footprint; empty: the generic host
    double chips_per_node = 8;
    double units = 0;                  // owned; 0: not known (cloud), then there is no idle line
    std::optional<Timestamp> bought;   // absent: before the period
    std::optional<Timestamp> retired;  // absent: not in the period
    std::optional<Ranged> lifetime_years;
    std::optional<double>
        utilisation;  // u in (0, 1]: idle is charged to users; absent: an idle line
    std::optional<double>
        allocated_hours;  // unit-hours of the period, declared work and other; absent: the declared work's
    std::optional<Ranged> embodied_kgco2e_per_unit;  // the user's figure instead of the tables'
    std::optional<Ranged> server_kgco2e;             // of one server, shared by chips_per_node
    std::optional<Ranged> idle_w_per_unit;           // node power of an idle unit
    std::optional<Ranged> idle_kwh;  // or the idle energy of the period, at the node
    std::string source;

    // What levers have made of it.
    std::string making_chip;  // whose embodied carbon counts instead of that of `chip`

    bool operator==(const Fleet&) const = default;
};

// Sizes of jobs are close to lognormal: half of them below p50, one in a hundred above p99 (Wu et al. 2022, section II-B: 1.5 and 24
// GPU-days for research, 2.96 and 125 for production training).
struct JobSizes {
    double runs = 0;
    double p50_hours = 0;  // chip-hours of the median run
    double p99_hours = 0;

    bool operator==(const JobSizes&) const = default;
};
// Chip-hours of all runs: runs x p50 exp(s^2 / 2), s = ln(p99 / p50) / 2.3263; the interval is that of a sum of independent runs, so its
// relative width falls with the root of their number. REQUIRES: runs > 0, 0 < p50 <= p99.
[[nodiscard]] Ranged chip_hours_of(const JobSizes& jobs);

// Work: one row of experimentation, training, fine-tuning, inference or ingestion. Its energy is known in one of these ways, the first
// that is given: energy_kwh; amount x j_per_unit; chip_hours (or jobs) x power; training x times_training.
struct Activity {
    AccountPhase phase = AccountPhase::training;
    std::string name;
    std::string where;
    std::string site;
    std::string fleet;  // whose hours these are; empty: hardware of nobody named
    std::string chip;   // where there is no fleet
    double chips_per_node = 8;
    std::optional<Ownership> ownership;  // absent: the fleet's, else owned

    std::optional<Ranged> energy_kwh;
    Boundary boundary = Boundary::component;  // of energy_kwh, j_per_unit and power_w
    std::optional<Ranged> amount;             // requests or tokens
    std::string unit;                         // "request", "token"
    std::map<std::string, double> counts;     // what was served, by unit, whether energy is per it
    std::optional<Ranged> j_per_unit;
    std::optional<Ranged> unit_hours;  // chip-hours, or server-hours
    std::optional<JobSizes> jobs;
    std::optional<Ranged>
        power_w;  // mean of one unit; absent: the chip's rated power x 0.80 (0.63 to 0.98)
    std::optional<Ranged> times_training;   // experimentation over training
    std::vector<std::string> of;            // the training meant; empty: all of it
    std::optional<Ranged> embodied_kgco2e;  // the user's, instead of hours x hardware
    std::optional<Ranged> lifetime_years;   // where there is no fleet
    std::optional<double> utilisation;      // where there is no fleet
    std::vector<std::string> run_ids;       // runs of the store that this stands for
    std::string host;                       // with from and until: no other run may have been there
    std::optional<Timestamp> from;
    std::optional<Timestamp> until;
    std::string source;

    // What levers have made of it.
    double energy_scale = 1;
    double hours_scale = 1;
    std::string making_chip;                     // as in Fleet
    std::optional<double> lever_lifetime_years;  // where there is no fleet
    std::map<std::string, std::string>
        sites_of;  // of a multiple: where its part of each training is

    bool operator==(const Activity&) const = default;
};

struct Dataset {
    std::string name;
    std::string where;
    std::string site;
    Ownership ownership = Ownership::owned;
    std::optional<Ranged> storage_tb;
    double months = 12;
    double replicas = 1;
    std::string medium = "hdd";      // or ssd
    std::optional<Ranged> w_per_tb;  // absent: the table's
    std::optional<Ranged> embodied_kgco2e_per_tb;
    std::optional<Ranged> lifetime_years;
    std::optional<Ranged> network_tb;
    std::string network = "data-centre";  // or internet
    std::optional<Ranged> network_kwh_per_tb;
    std::string source;

    double scale = 1;  // of levers

    bool operator==(const Dataset&) const = default;
};

// Runs that the store has, chosen by the caller as the fields say.
struct StoredRuns {
    std::string name;
    std::string where;
    std::vector<std::pair<std::string, std::string>> labels;
    std::string project;
    std::optional<Phase> phase;  // chosen by; runs without a phase count as `as`
    std::optional<Timestamp> since;
    std::optional<Timestamp> until;
    std::vector<std::string> ids;
    std::string site;  // empty: each run's own region and PUE
    AccountPhase as = AccountPhase::unassigned;
    std::string fleet;
    std::optional<double>
        units_per_run;  // absent: accelerators of the run's host, else its share of one server
    std::optional<Ownership> ownership;

    std::vector<RunRecord> records;  // filled by the caller

    // What levers have made of it.
    double energy_scale = 1;
    double hours_scale = 1;
    double intensity_scale = 1;  // this and the next three: where `site` is empty
    double carbon_free_share = 0;
    std::string moved_to;                        // another grid; empty: each run's own
    std::optional<double> moved_pue;             // another building; absent: each run's own
    std::string making_chip;                     // as in Fleet
    std::optional<double> lever_lifetime_years;  // where there is no fleet

    bool operator==(const StoredRuns&) const = default;
};

enum class LeverKind {
    caching,            // requests that never reach the model
    accelerator,        // less energy, and fewer hours, for the same work
    precision,          //
    fused_kernels,      //
    chip_load,          // hours of hardware for the same work: how busy a chip is while it works
    lifetime,           // years over which embodied carbon is spread
    data_sampling,      // share of the data kept
    region,             // another grid, PUE and water
    hour,               // carbon intensity of the hours chosen
    carbon_free_share,  // share of the energy under contract: market-based only
    right_sized_model   //
};
[[nodiscard]] const char* to_string(LeverKind kind);
[[nodiscard]] std::vector<std::string> lever_names();
// Also "utilisation", which was the name of chip-load.
[[nodiscard]] std::optional<LeverKind> parse_lever_kind(std::string_view text);

// One change. No lever has a factor of its own: what it does to this work, the user says, and from where.
struct Lever {
    LeverKind kind = LeverKind::caching;
    std::string name;  // shown; empty: the kind
    std::string where;
    std::vector<AccountPhase> phases;  // empty: the kind's own (default_phases)
    double factor =
        1;  // caching, accelerator, precision, fused_kernels, right_sized_model: energy / factor
    std::optional<double> hours_factor;  // hours / hours_factor; absent: as `factor`
    double from = 1;                     // chip_load: from -> to, hours x from / to
    double to = 1;
    double years = 0;  // lifetime
    double share =
        0;  // data_sampling: kept; carbon_free_share: under contract; hour: intensity x share
    std::string region;
    std::optional<double> pue;  // region: of the new place
    std::string chip;           // accelerator: whose making counts then; its power is in `factor`
    std::string source;

    bool operator==(const Lever&) const = default;
};

// Growth a year, as factors: demand, efficiency (energy and hours of one unit of work are divided by it) and rebound: the elasticity of demand
// to efficiency, so that demand grows by efficiency^rebound more (1: nothing is saved, Jevons).
struct Growth {
    double work_per_year = 1;
    double efficiency_per_year = 1;
    double rebound = 0;

    bool operator==(const Growth&) const = default;
};

struct Inventory {
    std::string name;
    std::string entity;
    std::string description;
    std::optional<Timestamp> period_start;  // needed by fleets with units
    std::optional<Timestamp> period_end;
    std::vector<SitePlan> sites;  // none: an unknown region
    std::vector<Fleet> fleets;
    std::vector<Dataset> datasets;
    std::vector<Activity> activities;
    std::vector<StoredRuns> runs;
    std::vector<Lever> levers;
    std::map<AccountPhase, Growth> growth;
    double intensity_per_year = 1;  // of the grids, in projections
    bool hardware_follows_work =
        false;  // a what-if that frees hours frees the hardware too; else they become idle

    bool operator==(const Inventory&) const = default;
};

// ---- what is reckoned

// What a factor is to those who look at a line.
enum class FactorRole {
    plain,
    lever,        // of a what-if, not of the work
    use_of_fleet  // 1/u: what an hour of use bears of the hours that nobody used
};

// One factor of a line: range -> inverse -> offset. A PUE of 1.2 is 0.2 of overhead (offset -1); a lifetime divides (inverse).
struct Factor {
    std::string quantity;  // "chip-hours", "PUE", "intensity"
    Ranged range;
    std::string unit;
    std::string cause;  // what errs; lines that share it err together
    double offset = 0;
    bool inverse = false;
    Quality quality = Quality::measured;  // measured: takes nothing from the quality of its line
    FactorRole role = FactorRole::plain;

    [[nodiscard]] double at(double number) const {
        return (inverse ? 1 / number : number) + offset;
    }
    [[nodiscard]] Ranged effective() const;

    bool operator==(const Factor&) const = default;
};

struct Line {
    AccountPhase phase = AccountPhase::training;
    Kind kind = Kind::operational;
    std::string
        device;  // accelerators, host, node, facility, site, storage, network, server, hardware
    std::string activity;  // name of the row that it comes from
    std::string site;
    std::string fleet;  // whose hours are charged; embodied only
    Ownership ownership = Ownership::owned;
    Quality quality = Quality::declared;
    std::vector<Factor> factors;      // product: kWh (operational), kg CO2e (embodied)
    std::optional<Factor> intensity;  // kg CO2e per kWh, location-based; operational only
    std::optional<Factor> market;     // the same, market-based; absent: not known
    std::optional<Factor> direct;     // the same, location-based on the direct factor, for scope 2
    double water_l_per_kwh = 0;
    bool water_known = false;
    bool beyond_pue = false;  // energy at the facility or outside it: no facility line on top

    // What the factors make, with the first-order range of this line alone.
    double energy_kwh = 0;
    Ranged kgco2e;
    std::optional<Ranged> market_kgco2e;
};

struct Amounts {
    Ranged energy_kwh;  // at the facility
    Ranged operational_kgco2e;
    Ranged embodied_kgco2e;
    Ranged total_kgco2e;
    std::optional<Ranged>
        market_kgco2e;  // operational, market-based; absent unless each line with energy has one
    std::optional<double> water_l;  // absent unless each line with energy has one
};

// Sums with shared causes added linearly, different causes in quadrature (units/ranged.h); O(lines x factors).
[[nodiscard]] Amounts amounts(std::span<const Line> lines,
                              const std::function<bool(const Line&)>& chosen = {});

struct FleetUse {
    std::string name;
    Ownership ownership = Ownership::owned;
    double units = 0;
    double owned_hours = 0;      // unit-hours in the period
    double allocated_hours = 0;  // declared work and other
    double idle_hours = 0;
    double charged_kgco2e = 0;   // amortised in the period: work + unassigned + idle
    double acquired_kgco2e = 0;  // bought in the period, in full; a lease or a cloud buys nothing
    double embodied_kgco2e_per_unit = 0;
    double lifetime_years = 0;
};

// What a row of inference had, for figures per request or token.
struct Served {
    std::string activity;
    std::string unit;  // "request"
    double count = 0;
};

struct Account {
    std::string name;
    std::string entity;
    std::string description;
    std::optional<Timestamp> period_start;
    std::optional<Timestamp> period_end;
    std::vector<Line> lines;
    std::vector<FleetUse> fleets;
    std::vector<Served> served;
    std::vector<LedgerYear> ledger;  // of the fleets with units: years that the period touches
    std::vector<std::string> notes;
    std::vector<Provenance> provenance;

    [[nodiscard]] Amounts total() const { return amounts(lines); }
};

// Errors, each with the place in the file: not_found (region, chip, server, site, fleet, training named), invalid_argument (nothing says how much
// energy, no period for a fleet), out_of_range (more hours used than owned, PUE), conflict (a run that is both in the store and declared, or
// chosen twice; two runs that each took all of one machine's idle at the same time).
[[nodiscard]] Result<Account> account(const Inventory& inventory, const data::Tables& tables);

// The sums behind a table: phases that have something, devices that have something, in a fixed order.
[[nodiscard]] std::vector<AccountPhase> phases_of(std::span<const Line> lines);
[[nodiscard]] std::vector<std::string> devices_of(std::span<const Line> lines);

}  // namespace abate::footprint
