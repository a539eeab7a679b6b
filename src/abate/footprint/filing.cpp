// From an account to the cells of a filing. Each cell keeps the lines that it is made of until the end, so that sums of cells share causes of
// error as the account does.
#include "abate/footprint/filing.h"

#include "abate/core/assert.h"
#include "abate/core/clock.h"
#include "abate/core/nearest.h"
#include "abate/footprint/filing_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace abate::footprint {
namespace {

constexpr double kGramsInKilogram = 1000;
constexpr double kMicrosecondsPerDay = 86'400e6;
constexpr double kMostDays = 366;       // of a filing's period: a leap year
constexpr std::size_t kMostSites = 20;  // named in a remark

constexpr std::array<const char*, 4> kConsolidations{
    "not stated", "operational-control", "financial-control", "equity-share"};
constexpr std::array<const char*, 4> kStates{"value", "none", "not_available", "not_stated"};

Factor per_kwh(std::string quantity, const Ranged& gco2e_per_kwh, std::string cause) {
    return {.quantity = std::move(quantity),
            .range = resized(gco2e_per_kwh, 1 / kGramsInKilogram),
            .unit = "kgCO2e/kWh",
            .cause = std::move(cause)};
}

struct GridFactors {
    const Factor& life_cycle;
    const Factor& direct;
};

// What the life-cycle figure has beyond the direct one; absent where it has less, which two sources of different years can bring about.
std::optional<Factor> rest_of_life_cycle(const GridFactors& grid) {
    const Ranged& all = grid.life_cycle.range;
    const Ranged& part = grid.direct.range;
    const double value = all.value - part.value;
    if (value < 0) return std::nullopt;
    return Factor{
        .quantity = "life-cycle less direct intensity",
        .range = {.value = value,
                  .low = std::max(0.0,
                                  value - std::hypot(all.value - all.low, part.high - part.value)),
                  .high = value + std::hypot(all.high - all.value, part.value - part.low)},
        .unit = "kgCO2e/kWh",
        .cause = grid.life_cycle.cause};
}

// A cell in the making.
struct FormPart {
    CellState state = CellState::none;
    std::vector<Line> lines;
    std::vector<std::string> reasons;
    std::set<std::string> supply;

    void lacks(std::string reason, const char* what) {
        state = CellState::not_available;
        reasons.push_back(std::move(reason));
        supply.insert(what);
    }
};

Cell cell_of(const FormPart& part) {
    return {.state = part.state,
            .amount = amounts(part.lines).total_kgco2e,
            .reasons = part.reasons,
            .supply = part.supply};
}

struct NamedPart {
    const char* name;
    const FormPart* part;
};

// What is missing in one part is missing in the whole, and the whole names that part; only where every part is none is the whole none.
FormPart joined(const std::vector<NamedPart>& parts) {
    FormPart out;
    for (const auto& [name, part] : parts) {
        const bool lacks =
            part->state == CellState::not_available || part->state == CellState::not_stated;
        if (part->state == CellState::not_available ||
            (part->state == CellState::not_stated && out.state != CellState::not_available) ||
            (part->state == CellState::value && out.state == CellState::none))
            out.state = part->state;
        out.lines.insert(out.lines.end(), part->lines.begin(), part->lines.end());
        if (lacks) out.reasons.push_back(fmt::format("lacks {}", name));
        out.supply.insert(part->supply.begin(), part->supply.end());
    }
    return out;
}

Line amount_line(const std::string& name, const Ranged& kgco2e) {
    Line line;
    line.kind = Kind::embodied;
    line.activity = name;
    line.factors.push_back(
        {.quantity = "stated", .range = kgco2e, .unit = "kgCO2e", .cause = name});
    return line;
}

using Lines = std::vector<Line>;

Lines chosen(const Account& account, Kind kind, const std::function<bool(Ownership)>& whose) {
    Lines out;
    for (const Line& line : account.lines)
        if (line.kind == kind && whose(line.ownership)) out.push_back(line);
    return out;
}

// The lines times a factor each; a line without one makes the part not available and names its site.
FormPart priced(const Lines& lines,
                const std::function<std::optional<Factor>(const Line&)>& factor_of,
                const char* what) {
    FormPart out;
    std::map<std::string, double> missing_kwh;
    for (const Line& line : lines) {
        const std::optional<Factor> factor = factor_of(line);
        if (!factor) {
            missing_kwh[line.site] += line.energy_kwh;
            continue;
        }
        out.lines.push_back(line);
        out.lines.back().intensity = factor;
        out.state = CellState::value;
    }
    std::size_t told = 0;
    double rest_kwh = 0;
    for (const auto& [site, kwh] : missing_kwh) {
        if (told++ < kMostSites) {
            out.lacks(fmt::format("no {} for {} ({:.6g} kWh)", what, site, kwh), kFactor);
        } else {
            rest_kwh += kwh;
        }
    }
    if (told > kMostSites)
        out.lacks(
            fmt::format("no {} for {} more sites ({:.6g} kWh)", what, told - kMostSites, rest_kwh),
            kFactor);
    return out;
}

// What the account charged for hardware; work whose hardware nobody names makes it not available.
FormPart charged(const Account& account, const std::function<bool(Ownership)>& whose) {
    FormPart out;
    out.lines = chosen(account, Kind::embodied, whose);
    out.state = out.lines.empty() ? CellState::none : CellState::value;
    std::set<std::string> unknown;
    for (const WithoutEmbodied& row : account.without_embodied)
        if (whose(row.ownership)) unknown.insert(row.activity);
    if (!unknown.empty()) out.lacks("nobody names the hardware of " + listed(unknown), kHardware);
    return out;
}

bool operational(Consolidation consolidation) {
    return consolidation == Consolidation::operational_control;
}
bool is_landlords(Ownership ownership) {
    return ownership == Ownership::leased || ownership == Ownership::colocated;
}
bool is_service(Ownership ownership) {
    return ownership == Ownership::cloud || ownership == Ownership::api;
}
// A colocated machine is the entity's, in another's building.
bool is_bought(Ownership ownership) {
    return ownership == Ownership::owned || ownership == Ownership::colocated;
}

std::vector<MappingRow> mapping_of(Consolidation consolidation) {
    const bool own = operational(consolidation);
    const std::string scope2 = "scope 2; rest of its life cycle and grid losses: category 3";
    const std::string landlords =
        own ? scope2
            : "category 8, direct factor; rest of its life cycle and grid losses beside it";
    const std::string who =
        own ? "operational control: who runs the machines files their electricity"
            : fmt::format("{}: the lessor buys the electricity",
                          consolidation == Consolidation::not_stated
                              ? "consolidation not stated, so as without control"
                              : to_string(consolidation));
    const std::string bought = "category 2, in full in the year of purchase";
    return {{Ownership::owned, scope2, bought, "bought and run by the entity; a finance lease too"},
            {Ownership::leased, landlords, "category 8, its yearly charge", who},
            {Ownership::colocated, landlords, bought, who + "; the hardware is the entity's"},
            {Ownership::cloud,
             "category 1, life cycle",
             "category 1, its yearly charge",
             "a purchased service, cradle to gate"},
            {Ownership::api,
             "category 1, life cycle",
             "category 1, its yearly charge",
             "a purchased service, cradle to gate"}};
}

// ---- coverage

Coverage coverage_of(const Account& account, const FilingStatement& statement) {
    Coverage out;
    out.missing_nodes = statement.missing_nodes;
    std::set<std::string> with_idle_energy;
    std::map<std::string, double> unassigned;
    for (const Line& line : account.lines) {
        if (line.kind == Kind::embodied) {
            // One line a device with the same hours.
            if (line.phase == AccountPhase::unassigned && !line.factors.empty() &&
                !line.fleet.empty())
                unassigned[line.fleet] = line.factors.front().range.value;
            continue;
        }
        if (line.phase == AccountPhase::idle) with_idle_energy.insert(line.activity);
    }
    const EnergyByQuality energy = energy_by_quality(account.lines);
    out.measured_kwh = energy.measured_kwh;
    out.modelled_kwh = energy.modelled_kwh;
    out.estimated_kwh = energy.estimated_kwh;
    out.declared_kwh = energy.declared_kwh;
    for (const FleetUse& use : account.fleets) {
        if (use.idle_hours > 0 && !with_idle_energy.contains(use.name))
            out.unmetered.push_back({use.name, "idle", use.idle_hours});
        if (const auto found = unassigned.find(use.name); found != unassigned.end())
            out.unmetered.push_back({use.name, "allocated to no declared work", found->second});
    }
    return out;
}

std::string gwp_of(const Account& account, const FilingStatement& statement) {
    if (!statement.gwp.empty()) return statement.gwp + ", as the entity states";
    std::set<std::string> said;
    for (const Provenance& row : account.provenance) {
        const std::string words = row.source + " " + row.basis;
        for (const char* set : {"AR4", "AR5", "AR6"})
            if (words.find(set) != std::string::npos && words.find("GWP") != std::string::npos)
                said.insert(fmt::format("{} in {}", set, row.source));
    }
    if (said.empty()) return kNotStated;
    std::string out;
    for (const std::string& words : said) out += (out.empty() ? "" : "; ") + words;
    return out + "; other sources: not stated";
}

class Filer {
  public:
    Filer(const Account& account, const FilingStatement& statement, const FilingOptions& options)
        : account_(account), statement_(statement), options_(options) {
        for (const SiteFactors& row : statement.sites) site_factors_.emplace(row.site, &row);
        for (const Line& line : account.lines)
            if (!line.fleet.empty()) lines_of_fleet_[line.fleet].push_back(&line);
    }

    Result<Filing> filed() {
        for (const auto step : {&Filer::check_period, &Filer::check_names}) {
            if (const Result<void> done = (this->*step)(); !done) return done.error();
        }
        head();
        own_electricity();
        leased();
        services();
        capital_goods();
        stated();
        totals();
        per_site();
        books();
        bridge();
        Result<std::vector<SciScore>> scores = sci_scores(account_, options_);
        if (!scores) return scores.error();
        out_.sci = *std::move(scores);
        return std::move(out_);
    }

  private:
    Result<void> check_period() {
        if (!account_.period_start || !account_.period_end) {
            out_.notes.emplace_back("the account states no period; it is taken to be of the year");
            return {};
        }
        const auto year_of = [](Timestamp time) { return to_rfc3339(time).substr(0, 4); };
        const std::string wanted = fmt::format("{:04}", options_.year);
        const std::string first = year_of(*account_.period_start);
        const std::string last = year_of({account_.period_end->us - 1});
        const double days =
            static_cast<double>(account_.period_end->us - account_.period_start->us) /
            kMicrosecondsPerDay;
        if ((wanted == first || wanted == last) && days <= kMostDays) return {};
        return Error{ErrorCode::conflict,
                     fmt::format("the account is of {} to {}, and the filing of {}",
                                 to_rfc3339(*account_.period_start).substr(0, 10),
                                 to_rfc3339({account_.period_end->us - 1}).substr(0, 10),
                                 options_.year),
                     "--year",
                     "A filing is of one year at most, and named by the year it begins or ends in"};
    }

    static Error no_such(const char* what,
                         // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): which, then where
                         const std::string& name,
                         const std::string& where,
                         const std::set<std::string>& names) {
        const std::vector<std::string> near = nearest(name, {names.begin(), names.end()}, 1);
        return {ErrorCode::not_found,
                fmt::format("the account has no {} '{}'", what, name),
                where,
                near.empty() ? "" : fmt::format("Did you mean '{}'?", near.front())};
    }

    Result<void> check_names() {
        std::set<std::string> sites;
        std::set<std::string> rows;
        for (const Line& line : account_.lines) {
            sites.insert(line.site);
            rows.insert(line.activity);
        }
        for (const FleetUse& use : account_.fleets) rows.insert(use.name);
        // A declared site that used no energy has no line.
        sites.insert(account_.sites.begin(), account_.sites.end());
        for (const SiteFactors& site : statement_.sites)
            if (!sites.contains(site.site)) return no_such("site", site.site, site.where, sites);
        for (const DeclaredPurchase& purchase : statement_.purchases)
            for (const std::string& name : purchase.covers)
                if (!rows.contains(name)) return no_such("row", name, purchase.where, rows);
        return {};
    }

    void head() {
        out_.year = options_.year;
        out_.entity = options_.entity;
        out_.account = account_.name;
        out_.period_start = account_.period_start;
        out_.period_end = account_.period_end;
        out_.statement = statement_;
        out_.gwp = gwp_of(account_, statement_);
        out_.mapping = mapping_of(statement_.consolidation);
        out_.coverage = coverage_of(account_, statement_);
        out_.provenance = account_.provenance;
        for (const std::string& note : account_.notes) out_.notes.push_back(note);
        for (const SiteFactors& site : statement_.sites) {
            given_row(site.site + ": direct_gco2e_per_kwh",
                      site.direct_gco2e_per_kwh,
                      "gCO2e/kWh",
                      site.source);
            given_row(site.site + ": market_gco2e_per_kwh",
                      site.market_gco2e_per_kwh,
                      "gCO2e/kWh",
                      site.source);
            given_row(site.site + ": grid_losses", site.grid_losses, "kWh/kWh", site.source);
        }
        given_row("grid_losses", statement_.grid_losses, "kWh/kWh", "");
    }

    void given_row(std::string figure,
                   const std::optional<Ranged>& range,
                   const char* unit,
                   const std::string& source) {
        if (!range) return;
        out_.provenance.push_back({.figure = std::move(figure),
                                   .value = range->value,
                                   .low = range->low,
                                   .high = range->high,
                                   .unit = unit,
                                   .key = "",
                                   .layer = "option",
                                   .source = source.empty() ? "stated in [filing]" : source,
                                   .year = 0,
                                   .basis = "",
                                   .licence = ""});
    }

    // ---- factors of a line

    const SiteFactors* factors_of(const std::string& site) const {
        const auto found = site_factors_.find(site);
        return found == site_factors_.end() ? nullptr : found->second;
    }
    std::optional<Factor> direct(const Line& line) const {
        const SiteFactors* own = factors_of(line.site);
        if (own != nullptr && own->direct_gco2e_per_kwh)
            return per_kwh(
                "direct intensity", *own->direct_gco2e_per_kwh, "direct intensity of " + line.site);
        return line.direct;
    }
    std::optional<Factor> market(const Line& line) const {
        const SiteFactors* own = factors_of(line.site);
        if (own != nullptr && own->market_gco2e_per_kwh)
            return per_kwh("market-based intensity",
                           *own->market_gco2e_per_kwh,
                           "market-based intensity of " + line.site);
        return line.market;
    }
    std::optional<Factor> upstream(const Line& line) const {
        const std::optional<Factor> stack = direct(line);
        if (!stack || !line.intensity) return std::nullopt;
        return rest_of_life_cycle({.life_cycle = *line.intensity, .direct = *stack});
    }
    // Lost energy was generated too: its whole life cycle.
    std::optional<Factor> lost(const Line& line) const {
        const SiteFactors* own = factors_of(line.site);
        const std::optional<Ranged>& losses =
            own != nullptr && own->grid_losses ? own->grid_losses : statement_.grid_losses;
        if (!losses || !line.intensity) return std::nullopt;
        Factor factor = *line.intensity;
        factor.quantity = "grid losses x intensity";
        factor.range = multiply(factor.range, *losses);
        return factor;
    }

    FormPart by_direct(const Lines& lines) const {
        return priced(
            lines, [&](const Line& line) { return direct(line); }, "direct factor");
    }
    FormPart by_upstream(const Lines& lines) const {
        return priced(
            lines,
            [&](const Line& line) { return upstream(line); },
            "direct factor below the life-cycle one");
    }
    FormPart by_losses(const Lines& lines) const {
        return priced(
            lines, [&](const Line& line) { return lost(line); }, "share of grid losses");
    }

    // ---- cells

    struct Words {
        std::string_view key;
        const char* name;
        bool part = false;
    };

    void add(const Words& words, FormPart part) {
        const FormPart& kept = parts_[std::string(words.key)] = std::move(part);
        order_.emplace_back(words, cell_of(kept));
    }
    void sum(const Words& words, const std::vector<const char*>& keys) {
        std::vector<NamedPart> parts;
        for (const char* key : keys) parts.push_back({words_of(key).name, &parts_.at(key)});
        add(words, joined(parts));
    }
    const Words& words_of(std::string_view key) const { return row_of(key).first; }
    const std::pair<Words, Cell>& row_of(std::string_view key) const {
        const auto found = std::find_if(
            order_.begin(), order_.end(), [&](const auto& row) { return row.first.key == key; });
        ABATE_ASSERT(found != order_.end());
        return *found;
    }

    void own_electricity() {
        scope2_ = chosen(account_, Kind::operational, [&](Ownership ownership) {
            return ownership == Ownership::owned ||
                   (is_landlords(ownership) && operational(statement_.consolidation));
        });
        out_.scope2_kwh = amounts(scope2_).energy_kwh;
        add({"scope2_location", "Scope 2, location-based"}, by_direct(scope2_));
        add({"scope2_market", "Scope 2, market-based"},
            priced(
                scope2_,
                [&](const Line& line) { return market(line); },
                "contract or residual mix"));
        add({"category3_upstream", "fuels and plants behind that electricity", true},
            by_upstream(scope2_));
        add({"category3_losses", "grid losses of that electricity", true}, by_losses(scope2_));
        sum({"category3", "Category 3, fuel- and energy-related"},
            {"category3_upstream", "category3_losses"});
    }

    void leased() {
        landlords_ = chosen(account_, Kind::operational, [&](Ownership ownership) {
            return is_landlords(ownership) && !operational(statement_.consolidation);
        });
        add({"category8_electricity", "electricity", true}, by_direct(landlords_));
        add({"category8_upstream", "fuels and plants behind that electricity", true},
            by_upstream(landlords_));
        add({"category8_losses", "grid losses of that electricity", true}, by_losses(landlords_));
        add({"category8_hardware", "leased hardware, its charge of the period", true},
            charged(account_, [](Ownership ownership) { return ownership == Ownership::leased; }));
        sum({"category8", "Category 8, upstream leased assets"},
            {"category8_electricity",
             "category8_upstream",
             "category8_losses",
             "category8_hardware"});
    }

    void services() {
        add({"category1_electricity",
             "electricity of cloud and API, life cycle, without grid losses",
             true},
            priced(
                chosen(account_, Kind::operational, is_service),
                [](const Line& line) { return line.intensity; },
                "intensity"));
        add({"category1_hardware", "their hardware, its charge of the period", true},
            charged(account_, is_service));
        sum({"category1", "Category 1, purchased services"},
            {"category1_electricity", "category1_hardware"});
    }

    // What a fleet's units cost to make, as factors; the account's lines know them.
    Lines purchase_of(const FleetUse& use) const {
        Lines out;
        std::set<std::string> seen;
        double value = 0;
        const auto own = lines_of_fleet_.find(use.name);
        if (own == lines_of_fleet_.end())
            return {amount_line(use.name, exactly(use.acquired_kgco2e))};
        for (const Line* of : own->second) {
            const Line& line = *of;
            if (!seen.insert(line.device).second) continue;
            for (const Factor& factor : line.factors) {
                if (factor.quantity.rfind("embodied carbon", 0) != 0) continue;
                Line bought = amount_line(use.name, factor.range);
                bought.device = line.device;
                bought.factors = {
                    {.quantity = "units", .range = exactly(use.units), .unit = "", .cause = ""},
                    factor};
                value += use.units * factor.range.value;
                out.push_back(std::move(bought));
            }
        }
        if (std::fabs(value - use.acquired_kgco2e) > 1e-9 * use.acquired_kgco2e)
            return {amount_line(use.name, exactly(use.acquired_kgco2e))};
        return out;
    }

    void capital_goods() {
        FormPart part;
        std::set<std::string> covered;
        for (const DeclaredPurchase& purchase : statement_.purchases) {
            part.lines.push_back(amount_line(purchase.name, purchase.kgco2e));
            part.state = CellState::value;
            covered.insert(purchase.covers.begin(), purchase.covers.end());
            given_row(purchase.name + ": kgco2e", purchase.kgco2e, "kgCO2e", purchase.source);
        }
        for (const FleetUse& use : account_.fleets) {
            if (!is_bought(use.ownership) || use.units <= 0 || covered.contains(use.name)) continue;
            covered.insert(use.name);
            if (part.state == CellState::none) part.state = CellState::value;
            if (use.acquired_kgco2e <= 0) continue;
            for (Line& line : purchase_of(use)) part.lines.push_back(std::move(line));
        }
        std::set<std::string> without;
        for (const Line& line : account_.lines) {
            if (line.kind != Kind::embodied || !is_bought(line.ownership)) continue;
            if (covered.contains(line.fleet.empty() ? line.activity : line.fleet)) continue;
            without.insert(line.fleet.empty() ? line.activity : line.fleet);
        }
        // Nor of what nobody has named: whether it was bought in the period is not known.
        for (const WithoutEmbodied& row : account_.without_embodied)
            if (is_bought(row.ownership) && !covered.contains(row.activity))
                without.insert(row.activity);
        if (!without.empty())
            part.lacks("no purchase is declared of the hardware of " + listed(without), kPurchase);
        add({"category2", "Category 2, capital goods bought in the period, in full"},
            std::move(part));
    }

    void stated() {
        FormPart scope1;
        scope1.state = CellState::not_stated;
        if (statement_.scope1_kgco2e) {
            scope1.state = CellState::value;
            scope1.lines.push_back(amount_line("scope 1", *statement_.scope1_kgco2e));
        }
        add({"scope1", "Scope 1"}, std::move(scope1));
        FormPart sold;
        if (statement_.sold.empty()) sold.reasons.emplace_back("nothing is declared as sold");
        for (const SoldProduct& product : statement_.sold) {
            if (!product.intensity_gco2e_per_kwh) {
                sold.lacks(
                    fmt::format(
                        "no intensity for {} ({:.6g} kWh)", product.name, product.energy_kwh.value),
                    kFactor);
                continue;
            }
            if (sold.state == CellState::none) sold.state = CellState::value;
            given_row(product.name + ": energy_kwh", product.energy_kwh, "kWh", product.source);
            given_row(product.name + ": intensity_gco2e_per_kwh",
                      product.intensity_gco2e_per_kwh,
                      "gCO2e/kWh",
                      product.source);
            sold.lines.push_back(
                amount_line("use of " + product.name,
                            resized(multiply(product.energy_kwh, *product.intensity_gco2e_per_kwh),
                                    1 / kGramsInKilogram)));
        }
        add({"category11", "Category 11, use of sold products"}, std::move(sold));
    }

    void totals() {
        sum({"scope3", "Scope 3, the categories above"},
            {"category1", "category2", "category3", "category8", "category11"});
        sum({"total_location", "Total, location-based"}, {"scope1", "scope2_location", "scope3"});
        sum({"total_market", "Total, market-based"}, {"scope1", "scope2_market", "scope3"});
        // The order of the form.
        for (const char* key : {"scope1",
                                "scope2_location",
                                "scope2_market",
                                "category1",
                                "category1_electricity",
                                "category1_hardware",
                                "category2",
                                "category3",
                                "category3_upstream",
                                "category3_losses",
                                "category8",
                                "category8_electricity",
                                "category8_upstream",
                                "category8_losses",
                                "category8_hardware",
                                "category11",
                                "scope3",
                                "total_location",
                                "total_market"}) {
            const auto& [words, cell] = row_of(key);
            out_.rows.push_back({std::string(words.key), words.name, words.part, cell});
        }
    }

    void per_site() {
        const std::array<std::pair<const char*, const Lines*>, 2> places{
            {{"scope 2", &scope2_}, {"category 8", &landlords_}}};
        for (const auto& [name, all] : places) {
            std::vector<std::string> names;
            std::unordered_map<std::string, Lines> at;
            for (const Line& line : *all) {
                const auto [place, is_new] = at.try_emplace(line.site);
                if (is_new) names.push_back(line.site);
                place->second.push_back(line);
            }
            for (const std::string& site : names) {
                const Lines& lines = at.at(site);
                SiteRow row;
                row.site = site;
                row.part = name;
                row.energy_kwh = amounts(lines).energy_kwh;
                row.location = cell_of(by_direct(lines));
                if (all == &scope2_)
                    row.market = cell_of(priced(
                        lines,
                        [&](const Line& line) { return market(line); },
                        "contract or residual mix"));
                row.upstream = cell_of(by_upstream(lines));
                row.losses = cell_of(by_losses(lines));
                out_.sites.push_back(std::move(row));
            }
        }
    }

    void books() {
        Reconciliation& books = out_.books;
        books.years = account_.ledger;
        for (const LedgerYear& year : books.years) {
            books.acquired_kgco2e += year.acquired_kgco2e;
            books.amortised_kgco2e += year.amortised_kgco2e;
            books.retired_kgco2e += year.retired_kgco2e;
        }
        if (!books.years.empty()) {
            books.opening_kgco2e = books.years.front().opening_kgco2e;
            books.closing_kgco2e = books.years.back().balance_kgco2e;
        }
        for (const FleetUse& use : account_.fleets)
            if (is_bought(use.ownership) && use.units > 0)
                books.charged_kgco2e += use.charged_kgco2e;
    }

    double value(const char* key) const { return amounts(parts_.at(key).lines).total_kgco2e.value; }

    void bridge() {
        const double own_charges =
            amounts(chosen(account_, Kind::embodied, is_bought)).total_kgco2e.value;
        const double electricity = amounts(scope2_).operational_kgco2e.value +
                                   amounts(landlords_).operational_kgco2e.value;
        const double in_cells = value("scope2_location") + value("category3_upstream") +
                                value("category8_electricity") + value("category8_upstream");
        out_.bridge = {{"account: life cycle, location-based, hardware by its charge",
                        account_.total().total_kgco2e.value}};
        for (const BridgeStep& step :
             {BridgeStep{"less the charge of the entity's own hardware", -own_charges},
              BridgeStep{"less electricity that no cell holds for want of a factor",
                         in_cells - electricity},
              BridgeStep{"plus hardware bought in the period, in full", value("category2")},
              BridgeStep{"plus grid losses", value("category3_losses") + value("category8_losses")},
              BridgeStep{"plus scope 1 as stated", value("scope1")},
              BridgeStep{"plus use of sold products", value("category11")}})
            // What is 0 but for rounding is no step.
            if (std::fabs(step.kgco2e) > 1e-9 * electricity) out_.bridge.push_back(step);
    }

    const Account& account_;
    const FilingStatement& statement_;
    const FilingOptions& options_;
    Filing out_;
    std::unordered_map<std::string, const SiteFactors*> site_factors_;
    std::unordered_map<std::string, std::vector<const Line*>> lines_of_fleet_;
    Lines scope2_;
    Lines landlords_;
    std::map<std::string, FormPart, std::less<>> parts_;
    std::vector<std::pair<Words, Cell>> order_;
};

}  // namespace

const char* to_string(Consolidation consolidation) {
    return kConsolidations[static_cast<std::size_t>(consolidation)];
}

std::optional<Consolidation> parse_consolidation(std::string_view text) {
    for (std::size_t i = 1; i < kConsolidations.size(); ++i)
        if (text == kConsolidations[i]) return static_cast<Consolidation>(i);
    return std::nullopt;
}

const char* to_string(CellState state) { return kStates[static_cast<std::size_t>(state)]; }

std::string Cell::words() const {
    switch (state) {
        case CellState::value:
            return "";
        case CellState::none:
            return "none";
        case CellState::not_available: {
            std::string what;
            for (const std::string& thing : supply) what += (what.empty() ? "" : " and ") + thing;
            return "not available: supply " + (what.empty() ? kFactor : what);
        }
        case CellState::not_stated:
            return kNotStated;
    }
    return "";
}

const Cell& Filing::cell(std::string_view key) const {
    const auto found = std::find_if(
        rows.begin(), rows.end(), [&](const FilingRow& row) { return row.key == key; });
    ABATE_REQUIRE(found != rows.end());
    return found->cell;
}

Result<Filing> file(const Account& account,
                    const FilingStatement& statement,
                    const FilingOptions& options) {
    return Filer(account, statement, options).filed();
}

}  // namespace abate::footprint
