#include "abate/footprint/batch.h"

#include "abate/core/assert.h"
#include "abate/footprint/footprint.h"
#include "abate/workload/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace abate::footprint {
namespace {

// A record of one counted device of that name, for the prior that footprint.h has for it.
Ranged prior_ratio(const char* device) {
    RunRecord record;
    record.energy.devices.push_back({});
    record.energy.devices.back().device = device;
    record.energy.devices.back().counted = true;
    return prior_overhead(record).ratio;
}

const Ranged& component_ratio() {
    static const Ranged ratio = prior_ratio("declared");
    return ratio;
}

const Ranged& accelerator_ratio() {
    static const Ranged ratio = prior_ratio("gpu-all");
    return ratio;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error's members
Error at_column(ErrorCode code, std::string what, const char* column, std::string hint) {
    return {code, std::move(what), column, std::move(hint)};
}

// Node over stated energy, with its range, relative to `value`.
struct Lift {
    Ranged energy;  // of 1 kWh as stated, at the components or where it was taken
    Ranged node;    // over it
};

Lift lift_of(EnergyBasis basis, const Ranged& power_spread) {
    switch (basis) {
        case EnergyBasis::component:
            return {exactly(1), component_ratio()};
        case EnergyBasis::node:
        case EnergyBasis::facility:
            return {exactly(1), exactly(1)};
        case EnergyBasis::chip_power:
            return {exactly(1), accelerator_ratio()};
        case EnergyBasis::chip_rated:
            return {power_spread, accelerator_ratio()};
    }
    return {exactly(1), exactly(1)};
}

std::size_t factor_at(EnergyBasis basis, bool own_pue) {
    return 2 * static_cast<std::size_t>(basis) + (own_pue ? 1 : 0);
}

// The range's ends over its value are the same for every row of one place, basis and kind of PUE: multiply() is homogeneous.
// What the rows of one place and kind share.
struct RowKind {
    EnergyBasis basis;
    bool own_pue;
};

BatchFactors factors_of(const BatchSite& site, const RowKind& kind, const Ranged& power_spread) {
    const auto& [basis, own_pue] = kind;
    const Lift lift = lift_of(basis, power_spread);
    const bool facility = basis == EnergyBasis::facility;
    const Ranged pue = own_pue || facility ? exactly(1) : site.pue;
    const Ranged& intensity = site.intensity_gco2e_per_kwh;
    const Ranged carbon = multiply(multiply(multiply(lift.energy, lift.node), pue), intensity);
    BatchFactors factors;
    factors.node_over_energy = lift.node.value;
    factors.node_known = facility ? kAbsent : 1;
    factors.kgco2e_per_kwh = intensity.value / 1000;
    factors.low = carbon.value > 0 ? std::min(1.0, carbon.low / carbon.value) : 1;
    factors.high = carbon.value > 0 ? std::max(1.0, carbon.high / carbon.value) : 1;
    return factors;
}

// Over its value.
Ranged relative(const Ranged& range) {
    return {.value = 1,
            .low = range.low / range.value,
            .high = range.high / range.value,
            .kind = range.kind};
}

Error beyond(std::string what, const char* column, std::string hint) {
    return at_column(ErrorCode::out_of_range, std::move(what), column, std::move(hint));
}

Error too_many_names(const char* column) {
    return at_column(ErrorCode::out_of_range,
                     fmt::format("more than {} different names", kMostNames),
                     column,
                     fmt::format("Is this column {} at all?", column));
}

}  // namespace

Quality quality_of(EnergyBasis basis) {
    return basis == EnergyBasis::chip_rated ? Quality::estimated : Quality::declared;
}

BatchBook::BatchBook(const data::Tables& tables,
                     BatchDefaults defaults,
                     EmbodiedPerChipHour embodied)
    : tables_(&tables),
      power_(tables),
      power_spread_(relative(power_.of_any_chip().range)),
      defaults_(std::move(defaults)),
      embodied_(std::move(embodied)),
      too_many_regions_(too_many_names("region")),
      too_many_chips_(too_many_names("chip")) {
    chips_.emplace_back();
}

Result<BatchSite> BatchBook::find_site(std::string_view region) const {
    BatchSite site;
    data::Figure intensity = tables_->intensity_anywhere();
    data::Figure pue = default_pue(Host{});
    std::optional<double> on_site;
    std::optional<double> generation;
    if (!region.empty()) {
        Result<data::Place> place = tables_->place(region);
        if (!place) return place.error();
        site.key = place->key;
        Result<data::Figure> grid = tables_->intensity(*place);
        if (!grid) return grid.error();
        intensity = *std::move(grid);
        if (!place->provider.empty()) {
            if (Result<data::Figure> published = tables_->pue(*place)) pue = *std::move(published);
        }
        if (const Result<data::Figure> wue = tables_->wue(*place)) on_site = wue->range.value;
        if (const Result<data::Figure> water = tables_->coefficient("water", "world average"))
            generation = water->range.value;
    }
    site.intensity_gco2e_per_kwh = intensity.range;
    site.pue = pue.range;
    site.pue_cause = "pue of " + pue.provenance.key;
    if (defaults_.pue) site.pue = exactly(*defaults_.pue);
    for (std::size_t i = 0; i < kFactorsPerSite; ++i) {
        site.factors[i] = factors_of(
            site, {.basis = static_cast<EnergyBasis>(i / 2), .own_pue = i % 2 == 1}, power_spread_);
        if (on_site && generation) {
            site.factors[i].wue_on_site_l_per_kwh = *on_site;
            site.factors[i].wue_generation_l_per_kwh = *generation;
        }
    }
    return site;
}

Result<BatchChip> BatchBook::find_chip(std::string_view name) const {
    Result<data::Chip> chip = tables_->chip(name);
    if (!chip) return chip.error();
    BatchChip found{.name = chip->name,
                    .rated_w = chip->tdp_w,
                    .training_fraction = power_.fraction(*chip, Phase::training).range.value,
                    .fraction = power_.fraction(*chip, Phase::inference).range.value};
    if (embodied_) {
        const std::optional<double> charge = embodied_(*chip);
        if (charge && std::isfinite(*charge) && *charge >= 0)
            found.embodied_kgco2e_per_chip_hour = *charge;
    }
    return found;
}

template <class T, class Find>
BatchBook::Entry<T> BatchBook::look_up(
    Names& names, std::deque<T>& found, std::string_view name, const Error& too_many, Find find) {
    std::string key(name);
    auto at = names.find(key);
    if (at == names.end()) {
        if (names.size() >= kMostNames) return {.id = 0, .found = nullptr, .error = &too_many};
        Result<T> answer = find(name);
        std::variant<std::uint32_t, Error> kept;
        if (answer) {
            kept = static_cast<std::uint32_t>(found.size());
            found.push_back(*std::move(answer));
        } else {
            kept = answer.error();
        }
        at = names.emplace(std::move(key), std::move(kept)).first;
    }
    if (const Error* error = std::get_if<Error>(&at->second))
        return {.id = 0, .found = nullptr, .error = error};
    const std::uint32_t id = std::get<std::uint32_t>(at->second);
    return {.id = id, .found = &found[id], .error = nullptr};
}

BatchBook::Entry<BatchSite> BatchBook::site(std::string_view region) {
    const std::lock_guard lock(mutex_);
    return look_up(site_names_, sites_, region, too_many_regions_, [this](std::string_view name) {
        Result<BatchSite> found = find_site(name);
        if (found) return found;
        Error error = found.error();
        error.where = "region";
        return Result<BatchSite>(std::move(error));
    });
}

BatchBook::Entry<BatchChip> BatchBook::chip(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return look_up(chip_names_, chips_, name, too_many_chips_, [this](std::string_view wanted) {
        Result<BatchChip> found = find_chip(wanted);
        if (found) return found;
        Error error = found.error();
        error.where = "chip";
        return Result<BatchChip>(std::move(error));
    });
}

const BatchSite& BatchBook::site_of(std::uint32_t id) const {
    const std::lock_guard lock(mutex_);
    ABATE_REQUIRE(id < sites_.size());
    return sites_[id];
}

template <class T, class LookUp>
const BatchBook::Entry<T>& BatchResolver::known(Known<T>& names,
                                                std::string_view name,
                                                LookUp look_up) {
    if (names.last != nullptr && names.last->first == name) return names.last->second;
    auto at = names.by_name.find(name);
    if (at == names.by_name.end()) {
        // The book remembers at most kMostNames, and so does this.
        if (names.by_name.size() > kMostNames) names.by_name.clear();
        at = names.by_name.emplace(std::string(name), look_up(name)).first;
    }
    names.last = &*at;
    return at->second;
}

Result<void> BatchResolver::chip_energy_of(const Job& job, BatchRow& row) {
    if (std::isnan(job.hours))
        return at_column(ErrorCode::invalid_argument,
                         "a chip needs the hours that it ran",
                         "hours",
                         "Wall-clock hours: 12, 1.5");
    if (job.hours > kMostHours)
        return beyond(fmt::format("{} hours are more than ten years", job.hours),
                      "hours",
                      "Wall-clock hours, not chip-hours");
    const double chips = std::isnan(job.chips) ? 1 : job.chips;
    if (!(chips >= 1 && chips <= kMostChips))
        return beyond(fmt::format("{} chips are not possible", chips), "chips", "From 1 to 1e7");
    const BatchBook::Entry<BatchChip>& entry =
        known(chips_, job.chip, [this](std::string_view name) { return book_->chip(name); });
    if (entry.found == nullptr) return *entry.error;
    const BatchChip& chip = *entry.found;
    if (entry.id >= embodied_.size()) embodied_.resize(entry.id + 1, kAbsent);
    embodied_[entry.id] = chip.embodied_kgco2e_per_chip_hour;
    double watts = job.power_w;
    row.basis = EnergyBasis::chip_power;
    if (std::isnan(watts)) {
        if (!(chip.rated_w > 0))
            return at_column(ErrorCode::not_found,
                             "no table knows the rated power of " + chip.name,
                             "power_w",
                             "Give power_w, the mean watts of one chip");
        const std::optional<Phase> phase = job.phase ? job.phase : book_->defaults().phase;
        watts = chip.rated_w * (trains(phase) ? chip.training_fraction : chip.fraction);
        row.basis = EnergyBasis::chip_rated;
    } else if (!(watts > 0) || (chip.rated_w > 0 && watts > 2 * chip.rated_w)) {
        return beyond(watts > 0 ? fmt::format("{} W is more than twice the rated {} W of {}",
                                              watts,
                                              chip.rated_w,
                                              chip.name)
                                : fmt::format("{} W is no power of a chip at work", watts),
                      "power_w",
                      "Mean watts of one chip");
    }
    row.chip = entry.id;
    row.chip_hours = chips * job.hours;
    row.energy_kwh = row.chip_hours * watts / 1000;
    if (!(row.energy_kwh <= kMostEnergyKwh))
        return beyond("this is more energy than 1e18 kWh", "power_w", "Mean watts of one chip");
    return {};
}

Result<void> BatchResolver::energy_of(const Job& job, BatchRow& row) {
    if (!job.chip.empty()) {
        if (!std::isnan(job.energy_kwh))
            return at_column(ErrorCode::invalid_argument,
                             "energy_kwh and chip both state the energy",
                             "chip",
                             "Give one of them");
        return chip_energy_of(job, row);
    }
    if (std::isnan(job.energy_kwh))
        return at_column(ErrorCode::invalid_argument,
                         "nothing says how much energy it was",
                         "energy_kwh",
                         "Give energy_kwh, or chip and hours");
    for (const auto& [number, column] : {std::pair{job.power_w, "power_w"},
                                         std::pair{job.chips, "chips"},
                                         std::pair{job.hours, "hours"}})
        if (!std::isnan(number))
            return at_column(
                ErrorCode::invalid_argument,
                fmt::format("energy_kwh states the energy, so {} would be overlooked", column),
                column,
                "Leave it empty in such a row, give chip in place of energy_kwh, or rename the "
                "column");
    if (job.energy_kwh > kMostEnergyKwh)
        return beyond(
            fmt::format("{} kWh is not possible", job.energy_kwh), "energy_kwh", "From 0 to 1e18");
    row.energy_kwh = job.energy_kwh;
    row.basis = job.boundary == Boundary::component  ? EnergyBasis::component
                : job.boundary == Boundary::facility ? EnergyBasis::facility
                                                     : EnergyBasis::node;
    return {};
}

Result<BatchRow> BatchResolver::row(const Job& job) {
    BatchRow row;
    if (Result<void> energy = energy_of(job, row); !energy) return energy.error();
    const std::string_view region =
        job.region.empty() ? std::string_view(book_->defaults().region) : job.region;
    const BatchBook::Entry<BatchSite>& site =
        known(sites_, region, [this](std::string_view name) { return book_->site(name); });
    if (site.found == nullptr) return *site.error;
    if (site.id >= factors_.size()) factors_.resize(site.id + 1, nullptr);
    factors_[site.id] = site.found->factors.data();
    row.site = site.id;
    if (!std::isnan(job.pue)) {
        if (!(job.pue >= 1 && job.pue <= 10))
            return beyond(
                fmt::format("a PUE of {} is not possible", job.pue),
                "pue",
                "PUE is facility energy over IT energy, at least 1; common values are 1.1 to 2");
        if (row.basis == EnergyBasis::facility)
            return at_column(ErrorCode::invalid_argument,
                             "energy at the facility contains its PUE already",
                             "pue",
                             "Leave pue empty there, or state energy at the node");
        row.pue = job.pue;
        row.own_pue = true;
    } else if (row.basis != EnergyBasis::facility) {
        row.pue = site.found->pue.value;
    }
    if (job.market_gco2e_per_kwh > kMostMarketGco2e)
        return beyond(fmt::format("{} g CO2e/kWh is not possible", job.market_gco2e_per_kwh),
                      "market_gco2e_per_kwh",
                      fmt::format("Grams per kWh, from 0 to {}", kMostMarketGco2e));
    row.market_gco2e_per_kwh = job.market_gco2e_per_kwh;
    row.tokens = job.tokens;
    row.params_active = job.params_active;
    row.phase = job.phase ? job.phase : book_->defaults().phase;
    return row;
}

void BatchResolver::reckon(std::span<const BatchRow> rows, std::span<BatchFigures> figures) const {
    ABATE_REQUIRE(rows.size() == figures.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const BatchRow& row = rows[i];
        const BatchFactors& by = factors_[row.site][factor_at(row.basis, row.own_pue)];
        const double node = row.energy_kwh * by.node_over_energy;
        const double facility = node * row.pue;
        const double location = facility * by.kgco2e_per_kwh;
        const double embodied = row.chip_hours * embodied_[row.chip];
        BatchFigures& out = figures[i];
        out.node_energy_kwh = node * by.node_known;
        out.facility_energy_kwh = facility;
        out.location_kgco2e = location;
        out.location_low_kgco2e = location * by.low;
        out.location_high_kgco2e = location * by.high;
        out.market_kgco2e = facility * row.market_gco2e_per_kwh / 1000;
        out.water_l = out.node_energy_kwh *
                      (by.wue_on_site_l_per_kwh + row.pue * by.wue_generation_l_per_kwh);
        out.embodied_kgco2e = embodied;
        out.total_kgco2e = location + (std::isnan(embodied) ? 0 : embodied);
    }
}

namespace {

// Where BatchTotals keeps what.
enum class Column : std::size_t {
    node,
    facility,
    location,
    market,
    water,
    embodied,
    total,
    tokens,
    flop,
};

constexpr std::size_t kNoPhase = 5;

double flop_of(const BatchRow& row) {
    if (!row.phase || *row.phase == Phase::data || std::isnan(row.tokens) ||
        std::isnan(row.params_active))
        return kAbsent;
    const workload::TransformerWork work{.parameters_active = row.params_active,
                                         .tokens = row.tokens};
    return (*row.phase == Phase::inference ? workload::inference_flop(work)
                                           : workload::training_flop(work))
        .in(flop);
}

void add_spread(RangeSum& sum, double value, const Ranged& factor, const std::string& cause) {
    if (!(factor.value > 0) || factor == exactly(factor.value)) return;
    // Around 0, as the values are summed elsewhere.
    sum.add({.value = 0,
             .low = -value * (1 - factor.low / factor.value),
             .high = value * (factor.high / factor.value - 1),
             .kind = factor.kind},
            cause);
}

}  // namespace

void BatchTotals::add(std::span<const BatchRow> rows, std::span<const BatchFigures> figures) {
    ABATE_REQUIRE(rows.size() == figures.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const BatchRow& row = rows[i];
        const BatchFigures& of = figures[i];
        Sums& sums = phases_[row.phase ? static_cast<std::size_t>(*row.phase) : kNoPhase];
        ++sums.rows;
        const std::array<double, 9> terms{of.node_energy_kwh,
                                          of.facility_energy_kwh,
                                          of.location_kgco2e,
                                          of.market_kgco2e,
                                          of.water_l,
                                          of.embodied_kgco2e,
                                          of.total_kgco2e,
                                          row.tokens,
                                          flop_of(row)};
        for (std::size_t k = 0; k < terms.size(); ++k) {
            if (std::isnan(terms[k])) continue;
            sums.sums[k].add(terms[k]);
            ++sums.counts[k];
        }
        const std::size_t at = row.site * kFactorsPerSite + factor_at(row.basis, row.own_pue);
        if (at >= location_.size()) {
            location_.resize((row.site + 1) * kFactorsPerSite);
            site_rows_.resize(row.site + 1);
        }
        location_[at].add(of.location_kgco2e);
        ++site_rows_[row.site];
    }
}

namespace {

// Carbon of one place and kind of row.
struct SiteSum {
    const BatchSite* site;
    std::size_t kind;
    double kgco2e;
};

// In an order of their own: ids are given as threads come to the names, and the last digit of a sum depends on its order.
std::vector<SiteSum> sums_by_name(std::span<const CompensatedSum> location, const BatchBook& book) {
    std::vector<SiteSum> sums;
    for (std::size_t at = 0; at < location.size(); ++at)
        if (const double kgco2e = location[at].value(); kgco2e > 0)
            sums.push_back({.site = &book.site_of(static_cast<std::uint32_t>(at / kFactorsPerSite)),
                            .kind = at % kFactorsPerSite,
                            .kgco2e = kgco2e});
    std::sort(sums.begin(), sums.end(), [](const SiteSum& a, const SiteSum& b) {
        return std::tie(a.site->key, a.kind, a.kgco2e) < std::tie(b.site->key, b.kind, b.kgco2e);
    });
    return sums;
}

}  // namespace

BatchSummary BatchTotals::summary(const BatchBook& book) const {
    BatchSummary out;
    for (std::size_t p = 0; p < phases_.size(); ++p) {
        const Sums& from = phases_[p];
        const auto value = [&](Column column) {
            return from.sums[static_cast<std::size_t>(column)].value();
        };
        const auto count = [&](Column column) {
            return from.counts[static_cast<std::size_t>(column)];
        };
        out.phases[p] = {.rows = from.rows,
                         .node_energy_kwh = value(Column::node),
                         .facility_energy_kwh = value(Column::facility),
                         .location_kgco2e = value(Column::location),
                         .market_kgco2e = value(Column::market),
                         .water_l = value(Column::water),
                         .embodied_kgco2e = value(Column::embodied),
                         .total_kgco2e = value(Column::total),
                         .tokens = value(Column::tokens),
                         .flop = value(Column::flop),
                         .node_rows = count(Column::node),
                         .market_rows = count(Column::market),
                         .water_rows = count(Column::water),
                         .embodied_rows = count(Column::embodied),
                         .tokens_rows = count(Column::tokens),
                         .flop_rows = count(Column::flop)};
        const BatchSums& phase = out.phases[p];
        BatchSums& all = out.all;
        all.rows += phase.rows;
        all.node_energy_kwh += phase.node_energy_kwh;
        all.facility_energy_kwh += phase.facility_energy_kwh;
        all.location_kgco2e += phase.location_kgco2e;
        all.market_kgco2e += phase.market_kgco2e;
        all.water_l += phase.water_l;
        all.embodied_kgco2e += phase.embodied_kgco2e;
        all.total_kgco2e += phase.total_kgco2e;
        all.tokens += phase.tokens;
        all.flop += phase.flop;
        all.node_rows += phase.node_rows;
        all.market_rows += phase.market_rows;
        all.water_rows += phase.water_rows;
        all.embodied_rows += phase.embodied_rows;
        all.tokens_rows += phase.tokens_rows;
        all.flop_rows += phase.flop_rows;
    }
    RangeSum spread;
    for (const SiteSum& sum : sums_by_name(location_, book)) {
        const auto basis = static_cast<EnergyBasis>(sum.kind / 2);
        const BatchSite& site = *sum.site;
        const Lift lift = lift_of(basis, book.power_spread());
        add_spread(spread, sum.kgco2e, site.intensity_gco2e_per_kwh, "grid of " + site.key);
        if (sum.kind % 2 == 0 && basis != EnergyBasis::facility)
            add_spread(spread, sum.kgco2e, site.pue, site.pue_cause);
        add_spread(spread, sum.kgco2e, lift.energy, "power fraction");
        add_spread(
            spread,
            sum.kgco2e,
            lift.node,
            basis == EnergyBasis::component ? "node over components" : "node over accelerators");
    }
    for (std::size_t id = 0; id < site_rows_.size(); ++id) {
        if (site_rows_[id] > 0 && book.site_of(static_cast<std::uint32_t>(id)).key.empty())
            out.unknown_region_rows += site_rows_[id];
    }
    const Ranged around = spread.total();
    out.location_kgco2e = {.value = out.all.location_kgco2e,
                           .low = std::max(0.0, out.all.location_kgco2e + around.low),
                           .high = out.all.location_kgco2e + around.high,
                           .kind = around.kind};
    return out;
}

}  // namespace abate::footprint
