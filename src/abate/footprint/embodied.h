// Embodied carbon: of making, moving and ending hardware, and who bears it when.
//
//     const Embodied die = logic_die(tables, {.area_mm2 = 814, .node_nm = 5}).value();  // 22.8 kg
//     const Embodied card = accelerator_embodied(tables, "H100 SXM").value();  // 164 kg, published
//     const Ranged charge =
//         amortised(card.total(), {.lifetime_h = 4 * kHoursPerYear, .used_h = 24}).value();
//
// Two ledgers (docs/adr/0014). *Amortised*: EMB x used_h / (lifetime_h x u) x share, for runs, SCI
// and right-sizing. *Acquired*: all of it in the year of purchase, for GHG scope 3 category 2. u =
// allocated hours over owned hours, never a chip's utilisation; either u < 1 with time used, or
// u = 1 with time reserved and the idle time a line of its own. Charges over a fleet's lifetime sum
// to EMB.
//
// Sources disagree under the one word "GPU embodied", sixty-fold over all cards (14.7 kg to 877 kg) and thirty-fold for one H100 (14.65
// to 462.5 kg), so each figure names its boundary.
// Formulas, sources and a worked example: docs/methodology/embodied.md. Pure functions of the
// tables.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/units/provenance.h"
#include "abate/units/ranged.h"

#include <string>
#include <string_view>
#include <vector>

namespace abate::footprint {

inline constexpr double kHoursPerYear = 8760;  // 365 days

// kg CO2e of one piece, by stage. A stage that a source does not tell apart is inside `making` (or,
// where it has one figure for both, transport and end of life are inside `transport`), and `stages`
// says so; a stage that it leaves out is 0, and `stages` says that too.
struct Embodied {
    Ranged making;  // materials and manufacturing
    Ranged transport;
    Ranged end_of_life;
    std::string boundary;  // "die only", "cradle to gate, one card", "8-GPU server, its share"
    std::string stages;    // "end of life not counted", "transport holds end of life"
    std::vector<Provenance> provenance;

    // The stages of one piece share their cause: they add linearly.
    [[nodiscard]] Ranged total() const;
};

// `count` of one piece; shares of one (count < 1) as well. REQUIRES: count finite and >= 0.
[[nodiscard]] Embodied times(const Embodied& piece, double count);

struct LogicDie {
    double area_mm2 = 0;  // of good dies together
    double node_nm =
        0;  // the maker's name of the process; between two of the table, the nearer in log nm
    double packages = 1;  // integrated circuits packaged, Kr each; 0: bare
};
// (CI_fab x EPA + GPA + MPA) / yield x area + packages x Kr: Gupta et al. 2022 (ACT), equations 4
// and 5, with CI_fab of Taiwan, gas abatement of 97 %, yield 0.875 and Kr 150 g. Low: 99 %
// abatement and yield 1, or imec's figure where that is less; high: 95 % and yield 0.5. Errors:
// out_of_range (area <= 0, a node beyond the table's, packages < 0).
[[nodiscard]] Result<Embodied> logic_die(const data::Tables& tables, const LogicDie& die);

// kg CO2e of `gigabytes` of a memory or storage technology of the table embodied_factors
// ("ddr4_10nm", "nand_10nm", ...), within data::kEmbodiedSpread; empty: the geometric mean of the
// least and the most of all of them, which is also its range. No yield on top: the factors are per
// GB sold. Errors: not_found with nearest names, out_of_range (negative, not finite).
[[nodiscard]] Result<Embodied> dram(const data::Tables& tables,
                                    double gigabytes,
                                    std::string_view technology = "");
[[nodiscard]] Result<Embodied> ssd(const data::Tables& tables,
                                   double gigabytes,
                                   std::string_view technology = "");
[[nodiscard]] Result<Embodied> hdd(const data::Tables& tables,
                                   double gigabytes,
                                   std::string_view technology = "");

// One accelerator as the buyer gets it, a card or module with its memory. In this order: the
// accelerators table's figure of that chip, where its boundary is the card (or the user set it);
// a published card of the chip in embodied_factors; the accelerators table's figure that holds the
// host's share (TPUs), which goes before an estimate because somebody published it; accelerator_estimate();
// a figure with the host's share in embodied_factors. Errors: not_found (no such chip, nearest names; or nothing to reckon with).
[[nodiscard]] Result<Embodied> accelerator_embodied(const data::Tables& tables,
                                                    std::string_view chip);

// A card that nobody published, from the three parts that NVIDIA tells apart for the HGX H100: its
// logic (die carbon x 1.80, with the small chips around it), its memory (0.861 kg/GB) and board with
// cooling (54.1 kg). Within a factor 3. Where the die is not known but the memory is HBM: the spread
// of published cards. Errors: not_found ("no table knows the die of X").
[[nodiscard]] Result<Embodied> accelerator_estimate(const data::Tables& tables,
                                                    const data::Chip& chip);

// A server without accelerators: a published product footprint by name ("PowerEdge R740"), or the
// host of an 8-accelerator node when `name` is empty (2500 kg, Luccioni et al. 2022). Errors:
// not_found + nearest, invalid_argument for words that lead to several.
[[nodiscard]] Result<Embodied> server_embodied(const data::Tables& tables,
                                               std::string_view name = "");

// A rack server of which nothing is known: the median of the makers' product sheets in the table,
// from their 5th percentile to the one full life-cycle assessment (Dell R740 with 31 TB of flash).
[[nodiscard]] Result<Embodied> generic_server_embodied(const data::Tables& tables);

// A node with accelerators, per accelerator: card + host / chips_per_node, or the published figure
// with the host's share where the accelerators table holds that for the chip (TPUs), or the module
// alone for a system on a chip. What a chip-hour is charged with. Errors: as accelerator_embodied; out_of_range (chips_per_node < 1).
[[nodiscard]] Result<Embodied> node_embodied_per_chip(const data::Tables& tables,
                                                      std::string_view chip,
                                                      double chips_per_node = 8);

// One figure for making a chip among others of other boundaries.
struct BoundaryFigure {
    std::string name;      // as its source calls the thing: "H100 SXM"
    std::string boundary;  // "die only: area x carbon per area"
    Ranged kgco2e;
    bool ours = false;  // reckoned here from the source's factors, not published for the chip
    Provenance provenance;
};
// Every published figure of a chip and ours for its die and its card, least first: the spread that
// hides under one word. Errors: not_found (chip).
[[nodiscard]] Result<std::vector<BoundaryFigure>> side_by_side(const data::Tables& tables,
                                                               std::string_view chip);

struct Use {
    double lifetime_h = 0;   // > 0
    double used_h = 0;       // >= 0, time used (u < 1) or reserved (u = 1)
    double utilisation = 1;  // u, (0, 1]
    double share = 1;        // of the device, [0, 1]
    // Where the lifetime is a guess, its range; 0: exact.
    double lifetime_low_h = 0;
    double lifetime_high_h = 0;
};
// EMB x used / (lifetime x u) x share. Errors: out_of_range (lifetime 0, u outside (0, 1], share
// outside [0, 1], negative or infinite time), each naming the field and its limits.
[[nodiscard]] Result<Ranged> amortised(const Ranged& embodied_kgco2e, const Use& use);

// Lifetime of servers where nobody says: 4 years (3 to 6), the spread of published practice:
// EcoLogits 3; Google Cloud and Morrison 4; LLMCarbon 5; BLOOM, AWS and Azure 6. u is 1 where
// nobody says.
[[nodiscard]] Ranged default_lifetime_h();

// One purchase in the two ledgers over years: what was acquired, what was charged, what is left.
struct LedgerYear {
    int year = 0;
    double acquired_kgco2e = 0;   // bought in this year, in full
    double amortised_kgco2e = 0;  // charged to use and idle in this year
    double retired_kgco2e = 0;    // written off: retired before the end of its lifetime
    double balance_kgco2e = 0;    // acquired so far - amortised so far - retired so far
    double opening_kgco2e = 0;    // the same at the beginning of the year
};
struct Purchase {
    double embodied_kgco2e = 0;  // of all units together
    double bought_year = 0;      // 2024.5: the middle of 2024
    double lifetime_y = 0;       // > 0
    double retired_year = 0;     // 0: at the end of its lifetime
};
// Both inclusive.
struct Years {
    int first = 0;
    int last = 0;
};

// Straight line over the lifetime, one row a year; what happened before the first is in its
// balance. In each row acquired so far = amortised so far + retired so far + balance, and the
// balance is exactly 0 once all is charged or written off. Errors: out_of_range (lifetime 0, NaN,
// retired before it was bought, last < first, over 1000 years).
[[nodiscard]] Result<std::vector<LedgerYear>> ledgers(const std::vector<Purchase>& purchases,
                                                      const Years& years);

}  // namespace abate::footprint
