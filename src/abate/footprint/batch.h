// Footprints of job tables: millions of rows, each energy (or chips x hours) at some place, to node, facility, carbon, water.
//
//     BatchBook book(tables, {.region = "FR"});          // shared among threads
//     BatchResolver resolver(book);                      // one a thread
//     std::vector<BatchRow> rows;
//     rows.push_back(resolver.row({.region = "DE", .energy_kwh = 12}).value());
//     std::vector<BatchFigures> figures(rows.size());
//     resolver.reckon(rows, figures);                    // the tight loop: no branch on text, no allocation
//     figures[0].location_kgco2e;                        // 12 x PUE x intensity of DE
//
// The formulas are those of footprint.h and docs/methodology/operational.md, and so are the figures, to the last digits: a row is a run that
// `abate record` declares. What depends on the place and on how the energy is stated (ratios, intensity, and the relative ends of
// the range, since every factor multiplies) is reckoned once for each of them; a row costs a dozen multiplications.
//
// "Absent" is NaN throughout, as it costs no branch.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/footprint/accelerator_power.h"
#include "abate/record/record.h"
#include "abate/units/units.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace abate::footprint {

inline constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

// One job as its row states it. Views are the caller's. Numbers are absent, or finite and >= 0.
struct Job {
    std::string_view region{};  // empty: the default
    std::string_view chip{};    // empty: none
    double energy_kwh = kAbsent;
    double pue = kAbsent;
    double chips = kAbsent;
    double hours = kAbsent;
    double power_w = kAbsent;  // mean of one chip
    double market_gco2e_per_kwh = kAbsent;
    double tokens = kAbsent;
    double params_active = kAbsent;
    Boundary boundary = Boundary::node;  // of energy_kwh
    std::optional<Phase> phase{};        // absent: the default
};

// kg CO2e that one hour of one chip is charged with, its share of the server included; nothing where no table knows.
using EmbodiedPerChipHour = std::function<std::optional<double>(const data::Chip&)>;

// What a row takes that leaves a cell empty.
struct BatchDefaults {
    std::string region{};  // empty: unknown, the range over countries stands in
    std::optional<double> pue{};
    std::optional<Phase> phase{};
};

// How the energy of a row is stated; the order is that of BatchBook's factors.
enum class EnergyBasis : std::uint8_t {
    component,   // energy_kwh, lifted by the prior of packages and others
    node,        // energy_kwh as it is
    facility,    // energy_kwh as it is; no node, no PUE, no water
    chip_power,  // chips x hours x power_w, lifted by the prior of accelerators
    chip_rated,  // chips x hours x rated power x the chip's mean fraction of it, lifted likewise
};
inline constexpr std::size_t kEnergyBases = 5;
// `declared`; of rated power `estimated`.
[[nodiscard]] Quality quality_of(EnergyBasis basis);

// A row whose names have become numbers.
struct BatchRow {
    double energy_kwh = 0;
    double pue = 1;  // the row's, else the place's; 1 at the facility
    double market_gco2e_per_kwh = kAbsent;
    double chip_hours = kAbsent;  // absent: no hardware
    double tokens = kAbsent;
    double params_active = kAbsent;
    std::uint32_t site = 0;
    std::uint32_t chip = 0;  // 0: none
    EnergyBasis basis = EnergyBasis::node;
    bool own_pue = false;  // exact, so that the range is narrower
    std::optional<Phase> phase;
};

struct BatchFigures {
    double node_energy_kwh = kAbsent;
    double facility_energy_kwh = 0;
    double location_kgco2e = 0;
    double location_low_kgco2e = 0;
    double location_high_kgco2e = 0;
    double market_kgco2e = kAbsent;
    double water_l = kAbsent;
    double embodied_kgco2e = kAbsent;
    double total_kgco2e = 0;  // location + embodied, where there is one
};

// What multiplies a row's energy, for one place, basis and kind of PUE.
struct BatchFactors {
    double node_over_energy = 1;
    double node_known = 1;  // NaN at the facility
    double kgco2e_per_kwh = 0;
    double low = 1;  // of the value
    double high = 1;
    double wue_on_site_l_per_kwh = kAbsent;
    double wue_generation_l_per_kwh = kAbsent;
};
inline constexpr std::size_t kFactorsPerSite = 2 * kEnergyBases;

struct BatchSite {
    std::string key;  // empty: unknown
    Ranged intensity_gco2e_per_kwh;
    Ranged pue;
    std::string pue_cause;  // rows with one cause err together
    std::array<BatchFactors, kFactorsPerSite> factors;
};

struct BatchChip {
    std::string name;
    double rated_w = 0;  // 0: not known
    // Mean over rated power (MeanPower), where it trains and elsewhere.
    double training_fraction = 0;
    double fraction = 0;
    double embodied_kgco2e_per_chip_hour = kAbsent;
};

// Limits of a row, for messages and documentation; those of `abate record` where it has them.
inline constexpr double kMostEnergyKwh = 1e18;  // 10,000 times what mankind uses a year
inline constexpr double kMostChips = 1e7;
inline constexpr double kMostHours = 24.0 * 366 * 10;
inline constexpr double kMostMarketGco2e = 3000;  // as for --market-intensity: no grid emits more
inline constexpr std::size_t kMostNames = 16384;  // distinct regions, distinct chips

// Every place and chip met so far, each looked up once, wrong names included. Thread-safe. REQUIRES: `tables` outlives it.
class BatchBook {
  public:
    BatchBook(const data::Tables& tables,
              BatchDefaults defaults,
              EmbodiedPerChipHour embodied = {});

    template <class T>
    struct Entry {
        std::uint32_t id = 0;
        const T* found = nullptr;  // null: see `error`
        const Error* error = nullptr;
    };
    // Pointers live as long as the book. Errors: not_found with the nearest names; out_of_range beyond kMostNames.
    [[nodiscard]] Entry<BatchSite> site(std::string_view region);
    [[nodiscard]] Entry<BatchChip> chip(std::string_view name);
    [[nodiscard]] const BatchSite& site_of(std::uint32_t id) const;
    [[nodiscard]] const BatchDefaults& defaults() const { return defaults_; }
    // Relative range of a mean power that nobody stated: that of chips of which nothing was measured, for every chip, so that one
    // factor holds for a place.
    [[nodiscard]] const Ranged& power_spread() const { return power_spread_; }

  private:
    using Names = std::unordered_map<std::string, std::variant<std::uint32_t, Error>>;

    [[nodiscard]] Result<BatchSite> find_site(std::string_view region) const;
    [[nodiscard]] Result<BatchChip> find_chip(std::string_view name) const;
    template <class T, class Find>
    static Entry<T> look_up(Names& names,
                            std::deque<T>& found,
                            std::string_view name,
                            const Error& too_many,
                            Find find);

    const data::Tables* tables_;
    MeanPower power_;
    Ranged power_spread_;
    BatchDefaults defaults_;
    EmbodiedPerChipHour embodied_;
    Error too_many_regions_;
    Error too_many_chips_;
    mutable std::mutex mutex_;
    Names site_names_;
    Names chip_names_;
    std::deque<BatchSite> sites_;
    std::deque<BatchChip> chips_;  // [0]: none
};

// One thread's view of a book: no lock once a name is known. Not thread-safe.
class BatchResolver {
  public:
    explicit BatchResolver(BatchBook& book) : book_(&book) {}

    // Errors, each with the column as its place: not_found (region, chip), invalid_argument (energy and chip, chips, hours or power_w, neither, chip without
    // hours, a PUE for energy at the facility), out_of_range (PUE below 1 and the limits above).
    [[nodiscard]] Result<BatchRow> row(const Job& job);

    // figures[i] of rows[i]. REQUIRES: the rows come from this resolver; as many figures as rows. A core does some ten million a second.
    void reckon(std::span<const BatchRow> rows, std::span<BatchFigures> figures) const;

  private:
    template <class T>
    struct Known {
        struct Hash {
            // NOLINTNEXTLINE(readability-identifier-naming): the standard library's word
            using is_transparent = void;
            std::size_t operator()(std::string_view text) const {
                return std::hash<std::string_view>{}(text);
            }
        };
        std::unordered_map<std::string, BatchBook::Entry<T>, Hash, std::equal_to<>> by_name;
        const std::pair<const std::string, BatchBook::Entry<T>>* last = nullptr;
    };
    template <class T, class LookUp>
    static const BatchBook::Entry<T>& known(Known<T>& names, std::string_view name, LookUp look_up);
    [[nodiscard]] Result<void> energy_of(const Job& job, BatchRow& row);
    [[nodiscard]] Result<void> chip_energy_of(const Job& job, BatchRow& row);

    BatchBook* book_;
    Known<BatchSite> sites_;
    Known<BatchChip> chips_;
    std::vector<const BatchFactors*> factors_;  // of site id: its kFactorsPerSite
    std::vector<double> embodied_{kAbsent};     // of chip id, a chip-hour
};

// A sum that loses nothing to the order of its terms but the last digit (Neumaier 1974).
class CompensatedSum {
  public:
    void add(double term) {
        const double next = sum_ + term;
        rest_ += std::fabs(sum_) >= std::fabs(term) ? (sum_ - next) + term : (term - next) + sum_;
        sum_ = next;
    }
    [[nodiscard]] double value() const { return sum_ + rest_; }

  private:
    double sum_ = 0;
    double rest_ = 0;
};

// Sums over some rows; `*_rows` say how many of them had the figure.
struct BatchSums {
    std::uint64_t rows = 0;
    double node_energy_kwh = 0;
    double facility_energy_kwh = 0;
    double location_kgco2e = 0;
    double market_kgco2e = 0;
    double water_l = 0;
    double embodied_kgco2e = 0;
    double total_kgco2e = 0;
    double tokens = 0;
    double flop = 0;  // basis model: 6 N D, inference 2 N D; none for data or without a phase
    std::uint64_t node_rows = 0;
    std::uint64_t market_rows = 0;
    std::uint64_t water_rows = 0;
    std::uint64_t embodied_rows = 0;
    std::uint64_t tokens_rows = 0;
    std::uint64_t flop_rows = 0;
};

struct BatchSummary {
    BatchSums all;
    std::array<BatchSums, 6> phases;  // by Phase; the last: no phase
    Ranged
        location_kgco2e;  // errors with one cause (a grid, the prior of PUE) linearly, causes in quadrature
    std::uint64_t unknown_region_rows = 0;
};

// Adds rows in their order, so that the same table gives the same sums however it was cut up. Not thread-safe.
class BatchTotals {
  public:
    // REQUIRES: as many figures as rows.
    void add(std::span<const BatchRow> rows, std::span<const BatchFigures> figures);
    [[nodiscard]] BatchSummary summary(const BatchBook& book) const;

  private:
    struct Sums {
        std::uint64_t rows = 0;
        std::array<CompensatedSum, 9> sums;
        std::array<std::uint64_t, 9> counts{};
    };
    std::array<Sums, 6> phases_;
    std::vector<CompensatedSum> location_;  // by factor index
    std::vector<std::uint64_t> site_rows_;
};

}  // namespace abate::footprint
