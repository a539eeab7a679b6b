// From an inventory to the lines of its account. One builder a call; lines first (they say how many hours each fleet worked), then the fleets' idle,
// then the ledgers.
#include "abate/core/nearest.h"
#include "abate/core/plain_text.h"
#include "abate/footprint/accelerator_power.h"
#include "abate/footprint/chain.h"
#include "abate/footprint/footprint.h"
#include "abate/footprint/inventory.h"
#include "abate/footprint/stored_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace abate::footprint {
namespace {

constexpr double kHoursPerMonth = 730;  // 8760 / 12
constexpr double kGramsPerKilogram = 1000;
constexpr double kGigabytesPerTerabyte = 1000;
constexpr double kMicrosecondsPerHour = 3.6e9;
constexpr double kSlack = 1 + 1e-9;  // for sums of declared hours
// Dates outside of these are slips of the pen; as for purchases in embodied.h.
constexpr int kFirstYear = 1900;
constexpr int kLastYear = 2200;
// Sources of runs of the store that differ in a figure only, such as their hours' intensity.
constexpr std::size_t kMostAlike = 20;

Factor exact(std::string quantity, double value, std::string unit) {
    return {.quantity = std::move(quantity),
            .range = exactly(value),
            .unit = std::move(unit),
            .cause = ""};
}

Factor ranged(std::string quantity,
              const Ranged& range,
              // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Factor
              std::string unit,
              std::string cause,
              Quality quality = Quality::measured) {
    return {.quantity = std::move(quantity),
            .range = range,
            .unit = std::move(unit),
            .cause = std::move(cause),
            .quality = quality};
}

Factor what_if(double scale) {
    Factor factor = exact("what if", scale, "");
    factor.role = FactorRole::lever;
    return factor;
}

// Divides: an hour of use bears what nobody used as well.
Factor used_of_owned(double utilisation) {
    Factor factor = exact("allocated over owned hours", utilisation, "");
    factor.inverse = true;
    factor.role = FactorRole::use_of_fleet;
    return factor;
}

Factor divided_by(Factor factor) {
    factor.inverse = true;
    return factor;
}

Factor above_one(Factor factor) {
    factor.offset = -1;
    return factor;
}

double value_of(const std::vector<Factor>& factors) {
    double value = 1;
    for (const Factor& factor : factors) value *= factor.effective().value;
    return value;
}

Error placed(Error error, const std::string& where) {
    // Options of the command line that the chain names mean nothing in a file.
    if (!where.empty()) error.where = where;
    return error;
}

// The rows behind a grid and building, and which of them something was multiplied with.
struct PlaceSources {
    std::vector<Provenance> rows;
    bool energy = false;
    bool pue = false;
};

// A grid and building as factors.
struct Place {
    std::string name;
    std::size_t sources = 0;  // into Builder::place_sources_; 0: none
    Factor pue;
    Factor intensity;
    std::optional<Factor> market;
    std::optional<Factor> direct;
    std::optional<double> water_on_site;
    std::optional<double> water_generation;
};

// What one unit-hour is charged with.
struct Hardware {
    std::string fleet;           // empty: of no declared fleet
    std::optional<Factor> card;  // kg CO2e of one accelerator, or of what the user gave
    std::optional<Factor> host;  // kg CO2e of the server, or its share of a unit
    std::string host_device = "host";
    Factor lifetime_years;
    std::optional<double> utilisation;
    bool accelerators = true;
    const data::Chip* chip = nullptr;  // whose rated power is known

    [[nodiscard]] double kgco2e_per_unit() const {
        return (card ? card->range.value : 0) + (host ? host->range.value : 0);
    }
};

// The making of one kind of hardware, as the tables have it.
struct Making {
    const data::Chip* chip = nullptr;
    std::optional<Factor> card;
    std::optional<Factor> host;
};

struct FleetState {
    const Fleet* fleet = nullptr;
    Hardware hardware;
    double owned_hours = 0;       // of the period
    double chargeable_share = 1;  // of them, before the lifetime is over
    double used_hours = 0;        // by declared work
    double base_hours = 0;        // the same before levers
};

struct EnergyAtBoundary {
    std::vector<Factor> factors;  // product: kWh at the boundary
    Boundary boundary = Boundary::component;
    bool accelerators = true;  // of component energy
};

struct LineHead {
    AccountPhase phase;
    std::string activity;
    Ownership ownership;
    Quality quality = Quality::declared;
};

// How much of the energy is drawn by IT, for water; and whether a facility line comes on top.
struct Reach {
    double it_share = 1;
    bool beyond_pue = false;
};

class Builder {
  public:
    Builder(const Inventory& inventory, const data::Tables& tables, MeanPowerOnce& power)
        : inventory_(inventory), tables_(tables), power_(power) {}

    Result<Account> build() {
        for (const auto step : {&Builder::head,
                                &Builder::places,
                                &Builder::check_names,
                                &Builder::check_stored,
                                &Builder::fleets,
                                &Builder::datasets,
                                &Builder::work,
                                &Builder::multiples,
                                &Builder::stored,
                                &Builder::idle,
                                &Builder::books}) {
            if (const Result<void> done = (this->*step)(); !done) return done.error();
        }
        finish();
        return std::move(out_);
    }

  private:
    Result<void> head() {
        out_.name = inventory_.name;
        out_.entity = inventory_.entity;
        out_.description = inventory_.description;
        out_.period_start = inventory_.period_start;
        out_.period_end = inventory_.period_end;
        if (inventory_.period_start && inventory_.period_end &&
            *inventory_.period_end <= *inventory_.period_start) {
            return Error{ErrorCode::out_of_range,
                         "the period ends before it begins",
                         "period_end",
                         "Write period_start = 2025-01-01 and period_end = 2026-01-01"};
        }
        for (const Result<void>& answer :
             {possible_date(inventory_.period_start, "period_start", "period_start"),
              possible_date(inventory_.period_end, "period_end", "period_end")})
            if (!answer) return answer.error();
        return {};
    }

    static Result<void> possible_date(
        const std::optional<Timestamp>& time,
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): which, where
        const char* key,
        const std::string& where) {
        if (!time) return {};
        const std::string date = to_rfc3339(*time).substr(0, 10);
        const int year = std::stoi(date.substr(0, 4));
        if (year >= kFirstYear && year <= kLastYear) return {};
        return Error{
            ErrorCode::out_of_range,
            fmt::format("{} = {} is outside the years {} to {}", key, date, kFirstYear, kLastYear),
            where,
            fmt::format("Leave {} out where there is no such date", key)};
    }

    // ---- places

    Result<void> places() {
        std::vector<SitePlan> plans = inventory_.sites;
        if (plans.empty()) {
            plans.emplace_back();
            plans.back().name = "unknown place";
            // Runs of the store bring their own.
            if (!inventory_.activities.empty() || !inventory_.datasets.empty() ||
                !inventory_.fleets.empty())
                out_.notes.emplace_back(
                    "no [[site]] is declared: carbon spans the countries of the world");
        }
        for (const SitePlan& plan : plans) {
            Result<Place> place = place_of(plan);
            if (!place) return placed(place.error(), plan.where);
            place_at_.emplace(place->name, places_.size());
            places_.push_back(*std::move(place));
            if (!inventory_.sites.empty()) out_.sites.push_back(plan.name);
        }
        return {};
    }

    static SiteOptions options_of(const SitePlan& plan) {
        SiteOptions options;
        options.region = plan.region;
        options.pue = plan.pue;
        options.intensity_gco2e_per_kwh = plan.intensity_gco2e_per_kwh;
        options.market_gco2e_per_kwh = plan.market_gco2e_per_kwh;
        options.wue_l_per_kwh = plan.wue_l_per_kwh;
        options.layer = "option";
        return options;
    }

    Result<Place> place_of(const SitePlan& plan) {
        const Result<Site> site = find_site(tables_, options_of(plan));
        if (!site) return site.error();
        Place place = place_with(plan, *site);
        place.sources = keep_sources(plan.name, *site);
        return place;
    }

    // To be printed where they are used.
    std::size_t keep_sources(const std::string& name, const Site& site) {
        PlaceSources sources;
        for (Provenance row : site_provenance(site)) {
            row.figure = name + ": " + row.figure;
            sources.rows.push_back(std::move(row));
        }
        place_sources_.push_back(std::move(sources));
        return place_sources_.size() - 1;
    }

    static Place place_with(const SitePlan& plan, const Site& site) {
        const std::string region = site.place ? site.place->key : "an unknown region";
        const double per_kwh = plan.intensity_scale / kGramsPerKilogram;
        Place place;
        place.name = plan.name;
        // Without a figure of its own a building errs as all buildings of which nothing is known.
        const bool own_pue = plan.pue || (site.place && !site.place->provider.empty());
        place.pue = ranged("PUE",
                           site.pue.range,
                           "",
                           own_pue ? "PUE of " + plan.name : "PUE where nobody says",
                           own_pue ? Quality::declared : Quality::estimated);
        place.intensity = ranged("intensity",
                                 scaled(site.intensity.range, per_kwh),
                                 "kgCO2e/kWh",
                                 "intensity of " + region);
        if (site.intensity_direct)
            place.direct = ranged("direct intensity",
                                  scaled(site.intensity_direct->range, per_kwh),
                                  "kgCO2e/kWh",
                                  "direct intensity of " + region);
        if (site.market)
            place.market =
                ranged("market-based intensity",
                       scaled(site.market->range, per_kwh * (1 - plan.carbon_free_share)),
                       "kgCO2e/kWh",
                       "market-based intensity of " + plan.name);
        if (site.wue_on_site && site.wue_generation) {
            place.water_on_site = site.wue_on_site->range.value;
            place.water_generation = site.wue_generation->range.value;
        }
        return place;
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): which, then where it was named
    Result<const Place*> find_place(const std::string& name, const std::string& where) const {
        if (name.empty()) return &places_.front();
        const auto found = place_at_.find(name);
        if (found != place_at_.end()) return &places_[found->second];
        std::vector<std::string> names;
        for (const Place& place : places_) names.push_back(place.name);
        return unknown_name("site", name, names, where);
    }

    static Error unknown_name(const char* what,
                              // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what, which
                              const std::string& name,
                              const std::vector<std::string>& names,
                              const std::string& where) {
        const std::vector<std::string> near = nearest(name, names, 1);
        return {ErrorCode::not_found,
                fmt::format("there is no {} '{}'", what, short_text(name)),
                where,
                near.empty() ? fmt::format("Declare it as [[{}]]", what)
                             : fmt::format("Did you mean '{}'?", short_text(near.front()))};
    }

    // ---- names and runs

    template <class Rows>
    static Result<void> unique(const Rows& rows, const char* what) {
        std::unordered_map<std::string, std::string> seen;
        for (const auto& row : rows) {
            const auto [at, is_new] = seen.emplace(row.name, row.where);
            if (!is_new)
                return Error{ErrorCode::already_exists,
                             fmt::format("there are two {} named '{}'", what, short_text(row.name)),
                             row.where,
                             at->second.empty() ? "" : "The other is at " + at->second};
        }
        return {};
    }

    Result<void> check_names() {
        for (const Result<void>& answer : {unique(inventory_.sites, "sites"),
                                           unique(inventory_.fleets, "fleets"),
                                           unique(inventory_.datasets, "datasets"),
                                           unique(inventory_.activities, "rows of work"),
                                           unique(inventory_.runs, "choices of runs")})
            if (!answer) return answer.error();
        return {};
    }

    Result<void> check_stored() {
        Result<std::vector<std::string>> notes = check_runs(inventory_);
        if (!notes) return notes.error();
        for (std::string& note : *notes) out_.notes.push_back(std::move(note));
        return {};
    }

    // ---- hardware

    Result<Hardware> hardware_of(const Fleet& fleet) {
        Hardware hardware;
        hardware.utilisation = fleet.utilisation;
        hardware.accelerators = !fleet.chip.empty();
        hardware.lifetime_years = lifetime_of(fleet.name, fleet.lifetime_years, fleet.source);
        if (fleet.utilisation)
            given_row(fleet.name + ": utilisation", exactly(*fleet.utilisation), "1", fleet.source);
        if (fleet.chip.empty()) hardware.host_device = "server";
        const Result<const Making*> making = making_of(fleet);
        if (!making) return making.error();
        hardware.chip = (*making)->chip;
        hardware.card = (*making)->card;
        hardware.host = (*making)->host;
        return hardware;
    }

    Factor lifetime_of(const std::string& owner,
                       const std::optional<Ranged>& years,
                       const std::string& source) {
        if (years) {
            given_row(owner + ": lifetime_years", *years, "years", source);
            return ranged("lifetime", *years, "years", "lifetime of " + owner, Quality::declared);
        }
        const Ranged usual = scaled(default_lifetime_h(), 1 / kHoursPerYear);
        add_row(
            {.figure = "",
             .value = usual.value,
             .low = usual.low,
             .high = usual.high,
             .unit = "years",
             .key = "",
             .layer = "built-in",
             .source = "spread of published practice: EcoLogits 3; Google Cloud 4; LLMCarbon 5; "
                       "BLOOM, AWS, Azure 6",
             .year = 0,
             .basis = "where nobody says",
             .licence = "published fact"},
            "lifetime_years");
        return ranged("lifetime",
                      usual,
                      "years",
                      "lifetime of hardware where nobody says",
                      Quality::estimated);
    }

    // Looked up once for each kind: rows of work and levers ask again and again.
    Result<const Making*> making_of(const Fleet& fleet) {
        const bool own = fleet.embodied_kgco2e_per_unit || fleet.server_kgco2e;
        const std::string key = fmt::format("{}|{}|{}|{}|{}",
                                            own ? fleet.name : "",
                                            fleet.chip,
                                            made_as(fleet),
                                            fleet.server,
                                            fleet.chips_per_node);
        const auto found = makings_.find(key);
        if (found != makings_.end()) return &found->second;
        Result<Making> making = find_making(fleet);
        if (!making) return making.error();
        return &makings_.emplace(key, *std::move(making)).first->second;
    }

    // nullptr: no table knows its rated power.
    Result<const data::Chip*> chip_of(const std::string& name) {
        auto known = chips_.find(name);
        if (known == chips_.end()) {
            Result<data::Chip> chip = tables_.chip(name);
            if (!chip) return chip.error();
            known = chips_.emplace(name, *std::move(chip)).first;
        }
        return known->second.tdp_w > 0 ? &known->second : nullptr;
    }

    Result<Making> find_making(const Fleet& fleet) {
        Making making;
        if (!fleet.chip.empty()) {
            const Result<const data::Chip*> chip = chip_of(fleet.chip);
            if (!chip) return chip.error();
            making.chip = *chip;
        }
        if (fleet.embodied_kgco2e_per_unit) {
            making.card = ranged("embodied carbon of a unit",
                                 *fleet.embodied_kgco2e_per_unit,
                                 "kgCO2e",
                                 "embodied carbon of " + fleet.name,
                                 Quality::declared);
            given_row(fleet.name + ": embodied_kgco2e_per_unit",
                      *fleet.embodied_kgco2e_per_unit,
                      "kgCO2e",
                      fleet.source);
        } else if (!fleet.chip.empty()) {
            const Result<Embodied> card = accelerator_embodied(tables_, made_as(fleet));
            if (!card) return card.error();
            add_rows(card->provenance, made_as(fleet));
            making.card = ranged("embodied carbon of a card",
                                 card->total(),
                                 "kgCO2e",
                                 "embodied carbon of " + made_as(fleet),
                                 Quality::estimated);
        }
        if (const Result<void> done = host_of(fleet, making); !done) return done.error();
        return making;
    }

    // The chip whose making counts.
    static const std::string& made_as(const Fleet& fleet) {
        return fleet.making_chip.empty() ? fleet.chip : fleet.making_chip;
    }

    // The fleet's hardware, or, where a lever says so for this work, that of another chip.
    Result<Hardware> hardware_of(const FleetState& state, const std::string& making_chip) {
        if (making_chip.empty() || state.fleet->chip.empty()) return state.hardware;
        Fleet fleet = *state.fleet;
        fleet.making_chip = making_chip;
        Result<Hardware> hardware = hardware_of(fleet);
        if (!hardware) return placed(hardware.error(), fleet.where);
        hardware->fleet = fleet.name;
        return hardware;
    }

    Result<void> host_of(const Fleet& fleet, Making& making) {
        const double share = fleet.chip.empty() ? 1 : 1 / fleet.chips_per_node;
        if (fleet.server_kgco2e) {
            making.host = ranged("embodied carbon of the server",
                                 scaled(*fleet.server_kgco2e, share),
                                 "kgCO2e",
                                 "embodied carbon of servers of " + fleet.name,
                                 Quality::declared);
            given_row(fleet.name + ": server_kgco2e", *fleet.server_kgco2e, "kgCO2e", fleet.source);
            return {};
        }
        // A figure of the user's covers the unit, server and all, unless a server is named as well.
        if (fleet.embodied_kgco2e_per_unit && fleet.server.empty()) return {};
        if (!fleet.chip.empty() && fleet.server.empty()) {
            // The published figures of some chips hold the host's share already.
            const Result<Embodied> node =
                node_embodied_per_chip(tables_, made_as(fleet), fleet.chips_per_node);
            if (!node) return node.error();
            if (node->total().value <= making.card->range.value * kSlack) return {};
        }
        const Result<Embodied> server = server_embodied(tables_, fleet.server);
        if (!server) return server.error();
        add_rows(server->provenance, fleet.server.empty() ? "generic server" : fleet.server);
        making.host = ranged("embodied carbon of the server",
                             scaled(server->total(), share),
                             "kgCO2e",
                             fleet.server.empty() ? "embodied carbon of a generic server"
                                                  : "embodied carbon of " + fleet.server,
                             Quality::estimated);
        return {};
    }

    Result<void> fleets() {
        for (const Fleet& fleet : inventory_.fleets) {
            for (const Result<void>& answer :
                 {possible_date(fleet.bought, "bought", fleet.where),
                  possible_date(fleet.retired, "retired", fleet.where)})
                if (!answer) return answer.error();
            Result<Hardware> hardware = hardware_of(fleet);
            if (!hardware) return placed(hardware.error(), fleet.where);
            FleetState state;
            state.fleet = &fleet;
            state.hardware = *std::move(hardware);
            state.hardware.fleet = fleet.name;
            if (fleet.units > 0) {
                if (!inventory_.period_start || !inventory_.period_end) {
                    return Error{ErrorCode::invalid_argument,
                                 fmt::format("'{}' has units, and no period to own them in",
                                             short_text(fleet.name)),
                                 fleet.where,
                                 "Add period_start and period_end at the head of the file"};
                }
                own(state);
                given_row(fleet.name + ": units", exactly(fleet.units), "", fleet.source);
            }
            if (fleet.allocated_hours)
                given_row(fleet.name + ": allocated_hours",
                          exactly(*fleet.allocated_hours),
                          "h",
                          fleet.source);
            fleets_.emplace(fleet.name, std::move(state));
        }
        return {};
    }

    // Unit-hours owned in the period, and the share of them before the lifetime is over.
    void own(FleetState& state) const {
        const Fleet& fleet = *state.fleet;
        const double start = static_cast<double>(inventory_.period_start->us);
        const double end = static_cast<double>(inventory_.period_end->us);
        const double bought = fleet.bought ? static_cast<double>(fleet.bought->us) : start;
        const double from = std::max(start, bought);
        const double until =
            fleet.retired ? std::min(end, static_cast<double>(fleet.retired->us)) : end;
        state.owned_hours = fleet.units * std::max(0.0, until - from) / kMicrosecondsPerHour;
        if (!fleet.bought || state.owned_hours <= 0) return;
        const double charged_until = bought + state.hardware.lifetime_years.range.value *
                                                  kHoursPerYear * kMicrosecondsPerHour;
        state.chargeable_share =
            std::clamp((std::min(until, charged_until) - from) / (until - from), 0.0, 1.0);
    }

    // ---- lines

    // Each once, whichever rows it is behind.
    void add_row(Provenance row, std::string figure) {
        row.figure = std::move(figure);
        std::string key = fmt::format(
            "{}|{}|{}|{}|{}|{}", row.figure, row.value, row.low, row.high, row.key, row.source);
        if (!rows_seen_.insert(std::move(key)).second) return;
        out_.provenance.push_back(std::move(row));
    }

    void add_rows(const std::vector<Provenance>& rows, const std::string& owner) {
        for (const Provenance& row : rows) add_row(row, owner + ": " + row.figure);
    }

    void given_row(std::string figure,
                   const Ranged& range,
                   const char* unit,
                   const std::string& source) {
        add_row({.figure = "",
                 .value = range.value,
                 .low = range.low,
                 .high = range.high,
                 .unit = unit,
                 .key = "",
                 .layer = "option",
                 .source = source.empty() ? "given in the inventory" : source,
                 .year = 0,
                 .basis = "",
                 .licence = ""},
                std::move(figure));
    }
    void given_row(const std::string& figure,
                   const std::optional<Ranged>& range,
                   const char* unit,
                   const std::string& source) {
        if (range) given_row(figure, *range, unit, source);
    }

    void add_line(Line line) {
        line.energy_kwh = line.kind == Kind::operational ? value_of(line.factors) : 0;
        if (value_of(line.factors) == 0 && line.kind == Kind::embodied) return;
        if (line.kind == Kind::operational && line.energy_kwh == 0) return;
        out_.lines.push_back(std::move(line));
    }

    // Water of IT energy is drawn on site and at the power plant; of the building's overhead at the plant only.
    void add_energy_line(const LineHead& head,
                         const Place& place,
                         const char* device,
                         std::vector<Factor> factors,
                         const Reach& reach) {
        Line line;
        line.phase = head.phase;
        line.kind = Kind::operational;
        line.device = device;
        line.activity = head.activity;
        line.site = place.name;
        line.ownership = head.ownership;
        line.quality = head.quality;
        line.factors = std::move(factors);
        line.intensity = place.intensity;
        line.market = place.market;
        line.direct = place.direct;
        line.beyond_pue = reach.beyond_pue;
        if (value_of(line.factors) > 0) place_sources_[place.sources].energy = true;
        if (place.water_on_site && place.water_generation) {
            line.water_known = true;
            line.water_l_per_kwh = reach.it_share * *place.water_on_site + *place.water_generation;
        }
        add_line(std::move(line));
    }

    static NodeOverhead overhead(bool accelerators) {
        if (accelerators) return accelerator_overhead();
        RunRecord record;
        DeviceEnergy device;
        device.device = "package-0";
        record.energy.devices.push_back(std::move(device));
        return prior_overhead(record);
    }

    void add_energy(const LineHead& head,
                    const Place& place,
                    const EnergyAtBoundary& energy,
                    const std::optional<Factor>& own_overhead = {}) {
        if (energy.boundary == Boundary::facility) {
            // Water goes by the IT energy within.
            if (place.water_on_site) place_sources_[place.sources].pue = true;
            add_energy_line(head,
                            place,
                            "site",
                            energy.factors,
                            {.it_share = 1 / place.pue.range.value, .beyond_pue = true});
            return;
        }
        std::vector<Factor> node = energy.factors;
        if (energy.boundary == Boundary::component) {
            const Factor ratio = own_overhead ? *own_overhead
                                              : ranged("node over components",
                                                       overhead(energy.accelerators).ratio,
                                                       "",
                                                       node_prior_cause(energy.accelerators),
                                                       Quality::estimated);
            // Records bring the row behind theirs.
            if (!own_overhead)
                (energy.accelerators ? accelerator_prior_used_ : server_prior_used_) = true;
            add_energy_line(
                head, place, energy.accelerators ? "accelerators" : "server", energy.factors, {});
            std::vector<Factor> host = energy.factors;
            host.push_back(above_one(ratio));
            add_energy_line(head, place, "host", std::move(host), {});
            node.push_back(ratio);
        } else {
            add_energy_line(head, place, "node", energy.factors, {});
        }
        add_building(head, place, std::move(node));
    }

    // What the building takes on top of energy at the node; water is drawn for it at the power plant only.
    void add_building(const LineHead& head, const Place& place, std::vector<Factor> node) {
        node.push_back(above_one(place.pue));
        place_sources_[place.sources].pue = true;
        add_energy_line(head, place, "facility", std::move(node), {.it_share = 0});
    }

    // Charges for unit-hours: hours x EMB / (lifetime x u).
    void add_charge(const LineHead& head,
                    const std::string& site,
                    const Hardware& hardware,
                    const std::vector<Factor>& hours,
                    double chargeable_share) {
        const auto charge = [&](const Factor& embodied, const std::string& device) {
            Line line;
            line.phase = head.phase;
            line.kind = Kind::embodied;
            line.device = device;
            line.activity = head.activity;
            line.site = site;
            line.fleet = hardware.fleet;
            line.ownership = head.ownership;
            line.quality = head.quality;
            line.factors = hours;
            line.factors.push_back(embodied);
            line.factors.push_back(divided_by(hardware.lifetime_years));
            line.factors.push_back(divided_by(exact("hours of a year", kHoursPerYear, "h")));
            if (hardware.utilisation) line.factors.push_back(used_of_owned(*hardware.utilisation));
            if (chargeable_share < 1)
                line.factors.push_back(exact("within its lifetime", chargeable_share, ""));
            add_line(std::move(line));
        };
        if (hardware.card)
            charge(*hardware.card, hardware.accelerators ? "accelerators" : "hardware");
        if (hardware.host) charge(*hardware.host, hardware.host_device);
    }

    // ---- datasets

    Result<void> datasets() {
        for (const Dataset& dataset : inventory_.datasets) {
            const Result<const Place*> place = find_place(dataset.site, dataset.where);
            if (!place) return place.error();
            const LineHead head{AccountPhase::data, dataset.name, dataset.ownership};
            if (dataset.storage_tb) {
                if (const Result<void> done = storage(dataset, head, **place); !done)
                    return placed(done.error(), dataset.where);
            }
            if (dataset.network_tb) {
                if (const Result<void> done = network(dataset, head, **place); !done)
                    return placed(done.error(), dataset.where);
            }
        }
        return {};
    }

    // Hours within the period: what was stored before or after it is another account's.
    double hours_kept(const Dataset& dataset) {
        const double hours = dataset.months * kHoursPerMonth;
        if (!inventory_.period_start || !inventory_.period_end) return hours;
        const double period =
            static_cast<double>(inventory_.period_end->us - inventory_.period_start->us) /
            kMicrosecondsPerHour;
        if (hours <= period * kSlack) return hours;
        out_.notes.push_back(
            fmt::format("'{}' is kept for {:.4g} months and the period has {:.3g}: these count",
                        short_text(dataset.name),
                        dataset.months,
                        period / kHoursPerMonth));
        return period;
    }

    static std::vector<Factor> terabytes(const Dataset& dataset) {
        std::vector<Factor> factors{
            ranged("stored", *dataset.storage_tb, "TB", "size of " + dataset.name)};
        if (dataset.replicas != 1) factors.push_back(exact("copies", dataset.replicas, ""));
        if (dataset.scale != 1) factors.push_back(what_if(dataset.scale));
        return factors;
    }

    Result<void> storage(const Dataset& dataset, const LineHead& head, const Place& place) {
        const bool is_ssd = dataset.medium == "ssd";
        Ranged watts;
        if (dataset.w_per_tb) {
            watts = *dataset.w_per_tb;
        } else {
            const Result<data::Figure> figure =
                tables_.coefficient("storage", is_ssd ? "SSD energy" : "HDD energy");
            if (!figure) return figure.error();
            watts = figure->range;
            add_row(figure->provenance, dataset.medium + ": storage_w_per_tb");
        }
        const std::string& name = dataset.name;
        given_row(name + ": storage_tb", *dataset.storage_tb, "TB", dataset.source);
        if (dataset.replicas != 1)
            given_row(name + ": replicas", exactly(dataset.replicas), "1", dataset.source);
        const double kept_h = hours_kept(dataset);
        given_row(name + ": months", exactly(kept_h / kHoursPerMonth), "months", dataset.source);
        given_row(name + ": storage_w_per_tb", dataset.w_per_tb, "W/TB", dataset.source);
        given_row(name + ": embodied_kgco2e_per_tb",
                  dataset.embodied_kgco2e_per_tb,
                  "kgCO2e/TB",
                  dataset.source);
        std::vector<Factor> energy = terabytes(dataset);
        energy.push_back(exact("kept for", kept_h, "h"));
        energy.push_back(ranged("power of storage",
                                watts,
                                "W/TB",
                                "power of " + dataset.medium,
                                dataset.w_per_tb ? Quality::declared : Quality::modelled));
        energy.push_back(exact("kW per W", 1e-3, ""));
        add_energy_line(head, place, "storage", energy, {});
        add_building(head, place, std::move(energy));

        Ranged making;
        if (dataset.embodied_kgco2e_per_tb) {
            making = *dataset.embodied_kgco2e_per_tb;
        } else {
            const Result<Embodied> embodied =
                is_ssd ? ssd(tables_, kGigabytesPerTerabyte) : hdd(tables_, kGigabytesPerTerabyte);
            if (!embodied) return embodied.error();
            making = embodied->total();
            disk_row(*embodied, dataset.medium);
        }
        const Factor disks =
            ranged("embodied carbon of storage",
                   making,
                   "kgCO2e/TB",
                   "embodied carbon of " + dataset.medium,
                   dataset.embodied_kgco2e_per_tb ? Quality::declared : Quality::estimated);
        std::vector<Factor> hours = terabytes(dataset);
        hours.push_back(exact("kept for", kept_h, "h"));
        Line line;
        line.phase = head.phase;
        line.kind = Kind::embodied;
        line.device = "storage";
        line.activity = head.activity;
        line.site = place.name;
        line.ownership = head.ownership;
        line.factors = std::move(hours);
        line.factors.push_back(disks);
        line.factors.push_back(
            divided_by(lifetime_of(dataset.name, dataset.lifetime_years, dataset.source)));
        line.factors.push_back(divided_by(exact("hours of a year", kHoursPerYear, "h")));
        add_line(std::move(line));
        return {};
    }

    // The figure that was multiplied: of a disk of unknown make neither of the two rows that it lies between.
    void disk_row(const Embodied& embodied, const std::string& medium) {
        Provenance row = embodied.provenance.front();
        const Ranged total = embodied.total();
        row.value = total.value;
        row.low = total.low;
        row.high = total.high;
        row.unit = "kgCO2e/TB";
        row.basis = embodied.boundary;
        if (embodied.provenance.back().source != row.source)
            row.source += "; " + embodied.provenance.back().source;
        add_row(std::move(row), medium + ": embodied_kgco2e_per_tb");
    }

    Result<void> network(const Dataset& dataset, const LineHead& head, const Place& place) {
        Ranged kwh_per_tb;
        if (dataset.network_kwh_per_tb) {
            kwh_per_tb = *dataset.network_kwh_per_tb;
        } else {
            const Result<data::Figure> figure = tables_.coefficient(
                "network",
                dataset.network == "internet"
                    ? "internet transfer (Sustainable Web Design v4, network segment)"
                    : "data-centre network transfer");
            if (!figure) return figure.error();
            kwh_per_tb = scaled(figure->range, kGigabytesPerTerabyte);
            add_row(figure->provenance, dataset.network + " network: kwh_per_gb");
        }
        given_row(dataset.name + ": network_tb", *dataset.network_tb, "TB", dataset.source);
        given_row(dataset.name + ": network_kwh_per_tb",
                  dataset.network_kwh_per_tb,
                  "kWh/TB",
                  dataset.source);
        std::vector<Factor> energy{
            ranged("moved", *dataset.network_tb, "TB", "traffic of " + dataset.name)};
        if (dataset.scale != 1) energy.push_back(what_if(dataset.scale));
        energy.push_back(
            ranged("energy of transfer",
                   kwh_per_tb,
                   "kWh/TB",
                   "energy of transfer",
                   dataset.network_kwh_per_tb ? Quality::declared : Quality::modelled));
        // Networks outside have no building of ours around them; switches inside stand in the site's.
        if (dataset.network == "internet") {
            add_energy_line(
                head, place, "network", std::move(energy), {.it_share = 0, .beyond_pue = true});
            return {};
        }
        add_energy_line(head, place, "network", energy, {});
        add_building(head, place, std::move(energy));
        return {};
    }

    // ---- work

    struct WorkHardware {
        Hardware hardware;
        FleetState* fleet = nullptr;  // where the hours are counted
        bool known = false;
    };

    // Looked up once for a row, though multiples of it ask again.
    Result<WorkHardware> hardware_of(const Activity& activity) {
        const std::string key = fmt::format("{}|{}|{}",
                                            activity.name,
                                            activity.making_chip,
                                            activity.lever_lifetime_years.value_or(0));
        const auto found = hardware_of_rows_.find(key);
        if (found != hardware_of_rows_.end()) return found->second;
        Result<WorkHardware> hardware = find_hardware(activity);
        if (hardware) hardware_of_rows_.emplace(key, *hardware);
        return hardware;
    }

    Result<WorkHardware> find_hardware(const Activity& activity) {
        WorkHardware out;
        if (!activity.fleet.empty()) {
            const auto found = fleets_.find(activity.fleet);
            if (found == fleets_.end()) return no_fleet(activity.fleet, activity.where);
            Result<Hardware> hardware = hardware_of(found->second, activity.making_chip);
            if (!hardware) return hardware.error();
            out.fleet = &found->second;
            out.hardware = *std::move(hardware);
            out.known = true;
            return out;
        }
        if (activity.chip.empty()) return out;
        const bool charged = (activity.unit_hours || activity.jobs) && !activity.embodied_kgco2e;
        if (!charged) {
            // Its power may count, its making does not.
            const Result<const data::Chip*> chip = chip_of(activity.chip);
            if (!chip) return placed(chip.error(), activity.where);
            out.hardware.chip = *chip;
            out.known = true;
            return out;
        }
        Fleet fleet;
        fleet.name = activity.name;
        fleet.chip = activity.chip;
        fleet.making_chip = activity.making_chip;
        fleet.chips_per_node = activity.chips_per_node;
        fleet.lifetime_years = activity.lifetime_years;
        if (activity.lever_lifetime_years)
            fleet.lifetime_years = exactly(*activity.lever_lifetime_years);
        fleet.utilisation = activity.utilisation;
        fleet.source = activity.source;
        Result<Hardware> hardware = hardware_of(fleet);
        if (!hardware) return placed(hardware.error(), activity.where);
        out.hardware = *std::move(hardware);
        out.known = true;
        return out;
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): which, then where it was named
    Error no_fleet(const std::string& name, const std::string& where) const {
        std::vector<std::string> names;
        for (const Fleet& fleet : inventory_.fleets) names.push_back(fleet.name);
        return unknown_name("fleet", name, names, where);
    }

    Ownership ownership_of(const Activity& activity) const {
        if (activity.ownership) return *activity.ownership;
        const auto fleet = fleets_.find(activity.fleet);
        return fleet == fleets_.end() ? Ownership::owned : fleet->second.fleet->ownership;
    }

    const std::string& site_of(const Activity& activity) const {
        if (!activity.site.empty()) return activity.site;
        const auto fleet = fleets_.find(activity.fleet);
        return fleet == fleets_.end() ? activity.site : fleet->second.fleet->site;
    }

    static std::optional<Factor> hours_of(const Activity& activity) {
        if (activity.unit_hours)
            return ranged("unit-hours", *activity.unit_hours, "h", "hours of " + activity.name);
        if (activity.jobs)
            return ranged("unit-hours",
                          chip_hours_of(*activity.jobs),
                          "h",
                          "sizes of the jobs of " + activity.name,
                          Quality::estimated);
        return std::nullopt;
    }

    // kWh at the activity's boundary.
    Result<EnergyAtBoundary> energy_of(const Activity& activity,
                                       const Hardware& hardware,
                                       const std::optional<Factor>& hours) {
        EnergyAtBoundary energy;
        energy.boundary = activity.boundary;
        energy.accelerators = hardware.accelerators;
        double scale = activity.energy_scale;
        if (activity.energy_kwh) {
            energy.factors.push_back(
                ranged("energy", *activity.energy_kwh, "kWh", "energy of " + activity.name));
        } else if (activity.amount && activity.j_per_unit) {
            energy.factors.push_back(
                ranged(activity.unit + "s",
                       *activity.amount,
                       "",
                       "number of " + activity.unit + "s of " + activity.name));
            energy.factors.push_back(
                ranged("energy of a " + activity.unit,
                       *activity.j_per_unit,
                       "J",
                       "energy of a " + activity.unit + " of " + activity.name));
            energy.factors.push_back(exact("kWh per J", 1 / kJoulesPerKilowattHour, ""));
        } else if (hours) {
            energy.factors.push_back(*hours);
            if (activity.power_w) {
                energy.factors.push_back(
                    ranged("power", *activity.power_w, "W", "power of " + activity.name));
            } else if (hardware.chip != nullptr) {
                const data::Chip& chip = *hardware.chip;
                const PowerFraction& mean = power_.fraction(chip, run_phase(activity.phase));
                energy.boundary = Boundary::component;
                energy.factors.push_back(exact("rated power", chip.tdp_w, "W"));
                energy.factors.push_back(ranged("mean over rated power",
                                                mean.range,
                                                "",
                                                mean_power_cause(chip.name),
                                                Quality::estimated));
                add_row(chip.provenance, chip.name + ": rated_w");
                add_row(mean.provenance, chip.name + ": power_fraction");
            } else {
                return Error{
                    ErrorCode::invalid_argument,
                    fmt::format("nothing says what power '{}' ran at", short_text(activity.name)),
                    activity.where,
                    "Add power_w, or name a chip whose rated power a table knows"};
            }
            energy.factors.push_back(exact("kW per W", 1e-3, ""));
        } else {
            return Error{
                ErrorCode::invalid_argument,
                fmt::format("nothing says how much energy '{}' took", short_text(activity.name)),
                activity.where,
                "Give energy_kwh, or chip_hours with a chip or fleet, or requests with "
                "j_per_request"};
        }
        if (scale != 1) energy.factors.push_back(what_if(scale));
        return energy;
    }

    // A multiple of training is reckoned as the training that it is of.
    static std::optional<Phase> run_phase(AccountPhase phase) {
        // Both lists begin with the five phases in the same order.
        if (phase > AccountPhase::inference) return std::nullopt;
        return static_cast<Phase>(phase);
    }

    // What the row states, with its source.
    void state(const Activity& activity, bool hours_used) {
        const std::string& row = activity.name;
        const std::string& source = activity.source;
        given_row(row + ": energy_kwh", activity.energy_kwh, "kWh", source);
        if (activity.amount && activity.j_per_unit) {
            given_row(row + ": " + activity.unit + "s", *activity.amount, "", source);
            given_row(row + ": j_per_" + activity.unit, *activity.j_per_unit, "J", source);
        }
        given_row(row + ": power_w", activity.power_w, "W", source);
        given_row(row + ": embodied_kgco2e", activity.embodied_kgco2e, "kgCO2e", source);
        if (!hours_used) return;
        given_row(row + ": unit-hours", activity.unit_hours, "h", source);
        if (activity.jobs && !activity.unit_hours) {
            given_row(row + ": runs", exactly(activity.jobs->runs), "", source);
            given_row(row + ": p50_chip_hours", exactly(activity.jobs->p50_hours), "h", source);
            given_row(row + ": p99_chip_hours", exactly(activity.jobs->p99_hours), "h", source);
        }
    }

    // Who bears a row: itself, or a multiple of training a part as large as `times` of that training.
    struct Bearer {
        LineHead head;
        std::string site;
        std::optional<Factor> times;
    };

    Result<void> work() {
        for (const Activity& activity : inventory_.activities) {
            count(activity);
            if (activity.times_training) continue;
            const Bearer itself{.head = {activity.phase, activity.name, ownership_of(activity)},
                                .site = site_of(activity),
                                .times = {}};
            if (const Result<void> done = add_work(activity, itself); !done) return done.error();
        }
        return {};
    }

    void count(const Activity& activity) {
        std::map<std::string, double> counts = activity.counts;
        if (activity.amount && !activity.unit.empty())
            counts[activity.unit] = activity.amount->value;
        for (const auto& [unit, number] : counts)
            out_.served.push_back({.activity = activity.name, .unit = unit, .count = number});
    }

    Result<void> add_work(const Activity& activity, const Bearer& bearer) {
        const Result<const Place*> place = find_place(bearer.site, activity.where);
        if (!place) return place.error();
        Result<WorkHardware> on = hardware_of(activity);
        if (!on) return on.error();
        const std::optional<Factor> hours = hours_of(activity);
        Result<EnergyAtBoundary> energy = energy_of(activity, on->hardware, hours);
        if (!energy) return energy.error();
        if (bearer.times) energy->factors.insert(energy->factors.begin(), *bearer.times);
        const bool by_hours = !activity.energy_kwh && !activity.j_per_unit;
        if (!bearer.times) state(activity, by_hours || (on->known && !activity.embodied_kgco2e));
        add_energy(bearer.head, **place, *energy);
        add_embodied(activity, bearer, **place, *on, hours);
        return {};
    }

    void add_embodied(const Activity& activity,
                      const Bearer& bearer,
                      const Place& place,
                      WorkHardware& on,
                      const std::optional<Factor>& hours) {
        const LineHead& head = bearer.head;
        if (hours && on.fleet != nullptr) {
            const double all = hours->range.value * (bearer.times ? bearer.times->range.value : 1);
            on.fleet->base_hours += all;
            on.fleet->used_hours += all * activity.hours_scale;
        }
        std::vector<Factor> scaled_hours;
        if (bearer.times) scaled_hours.push_back(*bearer.times);
        if (hours) scaled_hours.push_back(*hours);
        if (activity.hours_scale != 1) scaled_hours.push_back(what_if(activity.hours_scale));
        if (activity.embodied_kgco2e) {
            Line line;
            line.phase = head.phase;
            line.kind = Kind::embodied;
            line.device = "hardware";
            line.activity = head.activity;
            line.site = place.name;
            line.ownership = head.ownership;
            if (bearer.times) line.factors.push_back(*bearer.times);
            line.factors.push_back(ranged("embodied carbon",
                                          *activity.embodied_kgco2e,
                                          "kgCO2e",
                                          "embodied carbon of " + activity.name,
                                          Quality::declared));
            if (activity.hours_scale != 1) line.factors.push_back(what_if(activity.hours_scale));
            add_line(std::move(line));
            return;
        }
        if (!hours || !on.known) {
            if (!bearer.times) without_embodied_.push_back(activity.name);
            lacks_embodied(head);
            return;
        }
        add_charge(head,
                   place.name,
                   on.hardware,
                   scaled_hours,
                   on.fleet == nullptr ? 1 : on.fleet->chargeable_share);
    }

    void lacks_embodied(const LineHead& head) {
        const auto place = std::pair(head.phase, head.activity);
        if (lacks_.insert(place).second)
            out_.without_embodied.push_back(
                {.phase = head.phase, .activity = head.activity, .ownership = head.ownership});
    }

    // Experimentation as a multiple of training: the trainings again, in the other phase, with levers and site of its own.
    Result<void> multiples() {
        std::vector<const Activity*> trainings;
        std::vector<std::string> names;
        std::unordered_map<std::string, const Activity*> named;
        for (const Activity& activity : inventory_.activities) {
            if (activity.phase != AccountPhase::training || activity.times_training) continue;
            trainings.push_back(&activity);
            names.push_back(activity.name);
            named.emplace(activity.name, &activity);
        }
        for (const Activity& multiple : inventory_.activities) {
            if (!multiple.times_training) continue;
            std::vector<const Activity*> meant;
            for (const std::string& wanted : std::set(multiple.of.begin(), multiple.of.end())) {
                const auto found = named.find(wanted);
                if (found == named.end())
                    return unknown_name("training", wanted, names, multiple.where);
                meant.push_back(found->second);
            }
            if (multiple.of.empty()) meant = trainings;
            given_row(
                multiple.name + ": times_training", multiple.times_training, "1", multiple.source);
            if (names.empty()) {
                return Error{ErrorCode::invalid_argument,
                             fmt::format("'{}' is a multiple of training, and there is none",
                                         short_text(multiple.name)),
                             multiple.where,
                             "Declare [[training]], or give the energy"};
            }
            for (const Activity* training : meant) {
                if (const Result<void> done = add_multiple(multiple, *training); !done)
                    return done.error();
            }
        }
        return {};
    }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the multiple, then a training of it
    Result<void> add_multiple(const Activity& multiple, const Activity& training) {
        Activity part = training;
        // The training's own levers are its own.
        part.energy_scale = multiple.energy_scale;
        part.hours_scale = multiple.hours_scale;
        part.making_chip = multiple.making_chip;
        part.lever_lifetime_years = multiple.lever_lifetime_years;
        const auto moved = multiple.sites_of.find(training.name);
        const Bearer bearer{
            .head = {multiple.phase,
                     multiple.name,
                     multiple.ownership ? *multiple.ownership : ownership_of(training)},
            .site = moved != multiple.sites_of.end() ? moved->second
                    : multiple.site.empty()          ? site_of(training)
                                                     : multiple.site,
            .times = ranged("times training",
                            *multiple.times_training,
                            "",
                            "multiplier of " + multiple.name,
                            Quality::estimated)};
        return add_work(part, bearer);
    }

    // ---- runs of the store

    Result<void> stored() {
        for (const StoredRuns& choice : inventory_.runs) {
            FleetState* fleet = nullptr;
            if (!choice.fleet.empty()) {
                const auto found = fleets_.find(choice.fleet);
                if (found == fleets_.end()) return no_fleet(choice.fleet, choice.where);
                fleet = &found->second;
            }
            const Place* place = nullptr;
            if (!choice.site.empty()) {
                const Result<const Place*> found = find_place(choice.site, choice.where);
                if (!found) return found.error();
                place = *found;
            }
            StoredSum sum = sum_runs(choice);
            for (std::string& note : sum.notes) out_.notes.push_back(std::move(note));
            const Ownership ownership = choice.ownership   ? *choice.ownership
                                        : fleet != nullptr ? fleet->fleet->ownership
                                                           : Ownership::owned;
            std::optional<Place> moved;
            if (place == nullptr && !choice.moved_to.empty()) {
                Result<Place> grid = moved_grid(choice);
                if (!grid) return placed(grid.error(), choice.where);
                moved = *std::move(grid);
            }
            recorded_sources(choice, fleet != nullptr);
            for (const StoredGroup& group : sum.groups)
                add_group(choice,
                          group,
                          ownership,
                          place != nullptr ? *place : own_place(choice, group, moved));
            for (const StoredHours& hours : sum.hours) {
                if (fleet == nullptr) continue;
                fleet->base_hours += hours.unit_hours;
                fleet->used_hours += hours.unit_hours * choice.hours_scale;
                std::vector<Factor> factors{exact("unit-hours", hours.unit_hours, "h")};
                if (choice.hours_scale != 1) factors.push_back(what_if(choice.hours_scale));
                const Result<Hardware> hardware = hardware_of(*fleet, choice.making_chip);
                if (!hardware) return hardware.error();
                add_charge({hours.phase, choice.name, ownership, Quality::measured},
                           place == nullptr ? "as recorded" : place->name,
                           *hardware,
                           factors,
                           fleet->chargeable_share);
            }
            if (fleet == nullptr) add_recorded_hardware(choice, sum, ownership, place);
        }
        return {};
    }

    // What the records were reckoned with, but for what the inventory has instead.
    void recorded_sources(const StoredRuns& choice, bool in_fleet) {
        const auto begins = [](const std::string& figure,
                               std::initializer_list<std::string_view> words) {
            return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
                return figure.starts_with(word);
            });
        };
        std::unordered_map<std::string, std::size_t> alike;
        std::size_t more = 0;
        for (const RunRecord& record : choice.records) {
            if (!record.operational) continue;
            for (const Provenance& row : record.provenance) {
                const std::string& figure = row.figure;
                const bool of_building = begins(figure, {"pue", "wue"});
                const bool of_grid =
                    begins(figure, {"intensity", "market", "scope2", "generation"});
                if (!choice.site.empty() && (of_building || of_grid)) continue;
                if (choice.moved_pue && of_building) continue;
                if (!choice.moved_to.empty() && of_grid) continue;
                if (in_fleet && begins(figure, {"embodied", "lifetime", "utilisation"})) continue;
                const std::size_t before = out_.provenance.size();
                std::size_t& kept = alike[figure + "|" + row.key + "|" + row.source];
                if (kept >= kMostAlike) {
                    ++more;
                    continue;
                }
                add_row(row, choice.name + ": " + figure);
                kept += out_.provenance.size() - before;
            }
        }
        if (more > 0)
            out_.notes.push_back(
                fmt::format("of the runs of '{}' the sources list {} figures of a kind at most; "
                            "`abate show ID` has each run's",
                            short_text(choice.name),
                            kMostAlike));
    }

    // Records hold the life-cycle intensity of their region; scope 2 wants the direct one as well.
    std::optional<Factor> direct_of(const std::string& region) {
        if (region.empty()) return std::nullopt;
        const Result<data::Place> place = tables_.place(region);
        if (!place) return std::nullopt;
        const Result<data::Figure> figure = tables_.intensity_direct(*place);
        if (!figure) return std::nullopt;
        add_row(figure->provenance, region + ": scope2_gco2e_per_kwh");
        return ranged("direct intensity",
                      scaled(figure->range, 1 / kGramsPerKilogram),
                      "kgCO2e/kWh",
                      "direct intensity of " + region);
    }

    // Without a fleet the runs bear what their records say.
    void add_recorded_hardware(const StoredRuns& choice,
                               const StoredSum& sum,
                               Ownership ownership,
                               const Place* place) {
        for (const StoredEmbodied& embodied : sum.embodied) {
            Line line;
            line.phase = embodied.phase;
            line.kind = Kind::embodied;
            line.device = "hardware";
            line.activity = choice.name;
            line.site = place == nullptr ? "as recorded" : place->name;
            line.ownership = ownership;
            line.quality = Quality::estimated;
            line.factors.push_back(ranged("embodied carbon of runs",
                                          scaled(embodied.kgco2e, embodied.utilisation),
                                          "kgCO2e",
                                          "embodied carbon of " + embodied.boundary,
                                          Quality::estimated));
            if (embodied.utilisation < 1)
                line.factors.push_back(used_of_owned(embodied.utilisation));
            if (choice.lever_lifetime_years && embodied.lifetime_h > 0)
                line.factors.push_back(
                    what_if(embodied.lifetime_h / (*choice.lever_lifetime_years * kHoursPerYear)));
            if (choice.hours_scale != 1) line.factors.push_back(what_if(choice.hours_scale));
            add_line(std::move(line));
        }
        std::size_t without = 0;
        for (const auto& [phase, runs] : sum.without_embodied) {
            without += runs;
            lacks_embodied({phase, choice.name, ownership});
        }
        if (without > 0)
            out_.notes.push_back(fmt::format(
                "{} {} in '{}' without embodied carbon: no table knows the hardware; name a fleet",
                without,
                without == 1 ? "run is" : "runs are",
                short_text(choice.name)));
    }

    // The grid that a lever moves runs to.
    Result<Place> moved_grid(const StoredRuns& choice) {
        SitePlan plan;
        plan.name = choice.moved_to;
        plan.region = choice.moved_to;
        plan.pue = choice.moved_pue;
        plan.intensity_scale = choice.intensity_scale;
        const Result<Site> site = find_site(tables_, options_of(plan));
        if (!site) return site.error();
        Place place = place_with(plan, *site);
        place.sources = keep_sources(plan.name, *site);
        // The building stays.
        if (!plan.pue)
            std::erase_if(place_sources_[place.sources].rows,
                          [](const Provenance& row) { return row.figure.ends_with(": pue"); });
        return place;
    }

    // The grid and building of the records, as levers have changed them.
    Place own_place(const StoredRuns& choice,
                    const StoredGroup& group,
                    const std::optional<Place>& moved) {
        Place own;
        own.name = group.region.empty() ? "unknown place" : group.region;
        // A recorded range of PUE is a guess; a number somebody gave.
        own.pue = ranged("PUE",
                         group.pue,
                         "",
                         "PUE of recorded runs in " + own.name,
                         group.pue.low < group.pue.high ? Quality::estimated : Quality::declared);
        if (moved) {
            const Factor pue = choice.moved_pue ? moved->pue : own.pue;
            const std::string name = own.name + " -> " + moved->name;
            own = *moved;
            own.name = name;
            own.pue = pue;
            return own;
        }
        const double per_kwh = choice.intensity_scale / kGramsPerKilogram;
        own.intensity =
            ranged("intensity",
                   scaled(group.intensity_gco2e_per_kwh, per_kwh),
                   "kgCO2e/kWh",
                   "intensity of " + (group.region.empty() ? "an unknown region" : group.region));
        own.direct = direct_of(group.region);
        if (own.direct) own.direct->range = scaled(own.direct->range, choice.intensity_scale);
        // One rate for all of the group's energy gives the sum that the records have.
        if (group.market_kgco2e && group.facility_kwh > 0)
            own.market = ranged("market-based intensity",
                                exactly(*group.market_kgco2e / group.facility_kwh *
                                        choice.intensity_scale * (1 - choice.carbon_free_share)),
                                "kgCO2e/kWh",
                                "market-based intensity of recorded runs in " + own.name);
        if (group.water_l && group.facility_kwh > 0) {
            own.water_on_site = 0;
            own.water_generation = *group.water_l / group.facility_kwh;
        }
        return own;
    }

    void add_group(const StoredRuns& choice,
                   const StoredGroup& group,
                   Ownership ownership,
                   const Place& place) {
        EnergyAtBoundary energy;
        energy.boundary = group.boundary;
        energy.accelerators = group.accelerators;
        energy.factors.push_back(ranged("energy of runs", group.energy_kwh, "kWh", group.cause));
        if (choice.energy_scale != 1) energy.factors.push_back(what_if(choice.energy_scale));
        std::optional<Factor> ratio;
        if (group.node_ratio)
            ratio = ranged("node over components",
                           *group.node_ratio,
                           "",
                           group.node_cause,
                           group.node_quality);
        add_energy({group.phase, choice.name, ownership, group.quality}, place, energy, ratio);
    }

    // ---- fleets: idle and books

    Result<void> idle() {
        for (const Fleet& fleet : inventory_.fleets) {
            FleetState& state = fleets_.at(fleet.name);
            const Result<const Place*> place = find_place(fleet.site, fleet.where);
            if (!place) return place.error();
            double other = 0;  // hours of those who are not declared
            if (fleet.allocated_hours) {
                if (state.base_hours > *fleet.allocated_hours * kSlack)
                    return too_many(fleet, state.base_hours, *fleet.allocated_hours, "allocated");
                other = std::max(0.0, *fleet.allocated_hours - state.base_hours);
            }
            // What others hold stays theirs; use of the whole stays as it was.
            const double allocated = state.used_hours + other;
            if (inventory_.hardware_follows_work && state.base_hours > 0)
                state.owned_hours *= allocated / (state.base_hours + other);
            if (fleet.units > 0 && allocated > state.owned_hours * kSlack)
                return too_many(fleet, allocated, state.owned_hours, "owned");
            add_idle(state, **place, allocated);
            FleetUse use;
            use.name = fleet.name;
            use.ownership = fleet.ownership;
            use.units = fleet.units;
            use.owned_hours = state.owned_hours;
            use.allocated_hours = allocated;
            use.idle_hours = fleet.units > 0 ? std::max(0.0, state.owned_hours - allocated) : 0;
            use.embodied_kgco2e_per_unit = state.hardware.kgco2e_per_unit();
            use.lifetime_years = state.hardware.lifetime_years.range.value;
            out_.fleets.push_back(std::move(use));
        }
        return {};
    }

    static Error too_many(const Fleet& fleet,
                          // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): used, then of
                          double used,
                          double of,
                          const char* what) {
        return {ErrorCode::out_of_range,
                fmt::format("'{}' worked {:.6g} unit-hours and only {:.6g} were {}",
                            short_text(fleet.name),
                            used,
                            of,
                            what),
                fleet.where,
                "Use is at most 1: check the hours of its work, units, bought and retired"};
    }

    void add_idle(FleetState& state, const Place& place, double allocated) {
        const Fleet& fleet = *state.fleet;
        const LineHead idle_head{AccountPhase::idle, fleet.name, fleet.ownership};
        const double idle_hours =
            fleet.units > 0 ? std::max(0.0, state.owned_hours - allocated) : 0;
        if (!fleet.utilisation && fleet.units > 0) {
            const double unassigned = allocated - state.used_hours;
            if (unassigned > state.owned_hours * 1e-12) {
                add_charge({AccountPhase::unassigned, fleet.name, fleet.ownership},
                           place.name,
                           state.hardware,
                           {exact("allocated to work that is not declared", unassigned, "h")},
                           state.chargeable_share);
                out_.notes.push_back(fmt::format(
                    "{:.6g} allocated unit-hours of {} belong to no declared work; their energy is "
                    "not known and not in the account",
                    unassigned,
                    fleet.name));
            }
            add_charge(idle_head,
                       place.name,
                       state.hardware,
                       {exact("idle unit-hours", idle_hours, "h")},
                       state.chargeable_share);
        }
        EnergyAtBoundary energy;
        energy.boundary = Boundary::node;
        if (fleet.idle_kwh) {
            energy.factors.push_back(
                ranged("idle energy", *fleet.idle_kwh, "kWh", "idle energy of " + fleet.name));
            given_row(fleet.name + ": idle_kwh", *fleet.idle_kwh, "kWh", fleet.source);
        } else if (fleet.idle_w_per_unit && idle_hours > 0) {
            energy.factors = {
                exact("idle unit-hours", idle_hours, "h"),
                ranged("idle power", *fleet.idle_w_per_unit, "W", "idle power of " + fleet.name),
                exact("kW per W", 1e-3, "")};
            given_row(fleet.name + ": idle_w_per_unit", *fleet.idle_w_per_unit, "W", fleet.source);
        } else {
            if (idle_hours > 0)
                out_.notes.push_back(fmt::format(
                    "the energy of {:.6g} idle unit-hours of {} is not in the account: add "
                    "idle_w_per_unit",
                    idle_hours,
                    fleet.name));
            return;
        }
        add_energy(idle_head, place, energy);
    }

    static double year_of(Timestamp time) {
        const std::string text = to_rfc3339(time);
        const int year = std::stoi(text.substr(0, 4));
        const auto begin = [](int y) {
            return parse_rfc3339(fmt::format("{:04}-01-01T00:00:00Z", y))->us;
        };
        const auto start = static_cast<double>(begin(year));
        return year + (static_cast<double>(time.us) - start) /
                          (static_cast<double>(begin(year + 1)) - start);
    }

    // What was bought and what was charged, and both ledgers over the years of the period.
    Result<void> books() {
        std::vector<Purchase> purchases;
        std::unordered_map<std::string, double> charged;
        for (const Line& line : out_.lines)
            if (!line.fleet.empty()) charged[line.fleet] += value_of(line.factors);
        for (FleetUse& use : out_.fleets) {
            const FleetState& state = fleets_.at(use.name);
            if (const auto found = charged.find(use.name); found != charged.end())
                use.charged_kgco2e = found->second;
            const Fleet& fleet = *state.fleet;
            if (!(fleet.units > 0) || !fleet.bought) continue;
            // A lease or a cloud buys nothing.
            if (fleet.ownership != Ownership::owned && fleet.ownership != Ownership::colocated)
                continue;
            const double all = use.embodied_kgco2e_per_unit * fleet.units;
            if (*fleet.bought >= *inventory_.period_start && *fleet.bought < *inventory_.period_end)
                use.acquired_kgco2e = all;
            purchases.push_back({.embodied_kgco2e = all,
                                 .bought_year = year_of(*fleet.bought),
                                 .lifetime_y = use.lifetime_years,
                                 .retired_year = fleet.retired ? year_of(*fleet.retired) : 0});
        }
        if (purchases.empty()) return {};
        const auto calendar = [](Timestamp time) {
            return std::stoi(to_rfc3339(time).substr(0, 4));
        };
        const int first = calendar(*inventory_.period_start);
        const int last = calendar({inventory_.period_end->us - 1});
        Result<std::vector<LedgerYear>> rows = ledgers(purchases, {.first = first, .last = last});
        if (!rows) return placed(rows.error(), "[[fleet]]");
        out_.ledger = *std::move(rows);
        return {};
    }

    void finish() {
        if (!without_embodied_.empty()) {
            constexpr std::size_t kMostNames = 10;
            std::string names;
            for (std::size_t i = 0; i < std::min(kMostNames, without_embodied_.size()); ++i)
                names += (names.empty() ? "" : ", ") + short_text(without_embodied_[i]);
            if (without_embodied_.size() > kMostNames)
                names += fmt::format(" and {} more", without_embodied_.size() - kMostNames);
            out_.notes.push_back("embodied carbon is not in the account for " + names +
                                 ": give hours with a chip or fleet, or embodied_kgco2e");
        }
        for (PlaceSources& sources : place_sources_) {
            if (!sources.energy) continue;
            for (Provenance& row : sources.rows) {
                if (row.figure.ends_with(": pue") && !sources.pue) continue;
                std::string figure = row.figure;
                add_row(std::move(row), std::move(figure));
            }
        }
        for (const bool accelerators : {true, false}) {
            if (!(accelerators ? accelerator_prior_used_ : server_prior_used_)) continue;
            const NodeOverhead prior = overhead(accelerators);
            out_.provenance.push_back({.figure = "node_ratio",
                                       .value = prior.ratio.value,
                                       .low = prior.ratio.low,
                                       .high = prior.ratio.high,
                                       .unit = "1",
                                       .key = node_prior_cause(accelerators),
                                       .layer = "built-in",
                                       .source = prior.citation,
                                       .year = 0,
                                       .basis = prior.source,
                                       .licence = "published fact"});
        }
        for (Line& line : out_.lines) {
            const Amounts own = amounts({&line, 1});
            line.kgco2e =
                line.kind == Kind::operational ? own.operational_kgco2e : own.embodied_kgco2e;
            line.market_kgco2e = own.market_kgco2e;
            line.quality = quality_of(line);
        }
    }

    const Inventory& inventory_;
    const data::Tables& tables_;
    MeanPowerOnce& power_;
    Account out_;
    std::vector<Place> places_;
    std::unordered_map<std::string, std::size_t> place_at_;
    std::vector<PlaceSources> place_sources_ = std::vector<PlaceSources>(1);
    std::unordered_set<std::string> rows_seen_;
    std::map<std::string, data::Chip> chips_;
    std::unordered_map<std::string, Making> makings_;
    std::set<std::pair<AccountPhase, std::string>> lacks_;
    std::map<std::string, FleetState> fleets_;
    std::map<std::string, WorkHardware> hardware_of_rows_;
    std::vector<std::string> without_embodied_;
    bool accelerator_prior_used_ = false;
    bool server_prior_used_ = false;
};

}  // namespace

Result<Account> account(const Inventory& inventory, const data::Tables& tables) {
    MeanPowerOnce power(tables);
    return Builder(inventory, tables, power).build();
}

Result<Account> account(const Inventory& inventory,
                        const data::Tables& tables,
                        MeanPowerOnce& power) {
    return Builder(inventory, tables, power).build();
}

}  // namespace abate::footprint
