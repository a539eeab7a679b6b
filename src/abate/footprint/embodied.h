// Embodied carbon: of making, moving and ending hardware, and who bears it when.
//
//     const Embodied die = logic_die(tables, {.area_mm2 = 814, .node_nm = 5}).value();    // H100: about 22.6 kg
//     const Embodied card = accelerator_embodied(tables, "H100 SXM").value();             // published card, boundary named
//     const Ranged charge = amortised(card.total(), {.lifetime_h = 4 * 8760.0, .used_h = 24}).value();
//
// Two ledgers (ADR 0014). *Amortised*: EMB x used_h / (lifetime_h x u) x share, for runs, SCI and right-sizing. *Acquired*: all
// of it in the year of purchase, for GHG scope 3 category 2. u = allocated hours over owned hours, never a chip's utilisation; either
// u < 1 with time used, or u = 1 with time reserved and the idle time a line of its own. Charges over a fleet's lifetime sum to EMB.
//
// Sources disagree sixty-fold under the one word "GPU embodied", so each figure names its boundary.
#pragma once

#include "abate/core/result.h"
#include "abate/data/data.h"
#include "abate/units/provenance.h"
#include "abate/units/ranged.h"

#include <string>
#include <string_view>
#include <vector>

namespace abate::footprint {

// kg CO2e of one piece, by stage. A stage that a source does not tell apart is inside `making` and is said so in `boundary`.
struct Embodied {
    Ranged making;  // materials and manufacturing
    Ranged transport;
    Ranged end_of_life;  // may be 0
    std::string
        boundary;  // "die only", "cradle to gate, card", "cradle to grave, server with 8 accelerators"
    std::vector<Provenance> provenance;

    // The stages of one piece share their cause: they add linearly.
    [[nodiscard]] Ranged total() const;
};

struct LogicDie {
    double area_mm2 = 0;
    double node_nm = 0;  // between two nodes of the table the nearer one of the two in log nm holds
    double packages = 1;  // ICs packaged: 150 g each (Kr)
};
// (CI_fab x EPA + GPA + MPA) / yield x area + packages x Kr (Gupta et al. 2022, ACT, eq. 4-5), CI_fab Taiwan, yield 0.875.
// Range: gas abatement 95 and 99 %, yield 0.5 to 1 as bound of practice. Errors: out_of_range (area <= 0, node outside the table).
[[nodiscard]] Result<Embodied> logic_die(const data::Tables& tables, const LogicDie& die);

// kg CO2e of `gigabytes` of a memory or storage technology of the embodied_factors table ("ddr4_10nm", "nand_10nm", ...; empty: the
// spread of all of them). Errors: not_found with nearest names, out_of_range.
[[nodiscard]] Result<Embodied> dram(const data::Tables& tables,
                                    double gigabytes,
                                    std::string_view technology = "");
[[nodiscard]] Result<Embodied> ssd(const data::Tables& tables,
                                   double gigabytes,
                                   std::string_view technology = "");
[[nodiscard]] Result<Embodied> hdd(const data::Tables& tables,
                                   double gigabytes,
                                   std::string_view technology = "");

// One accelerator as the buyer gets it (card or module with its memory): the published figure of that chip where there is one, else
// die + memory + board from the bill of materials, with the spread of published cards as its range. Errors: not_found (chip).
[[nodiscard]] Result<Embodied> accelerator_embodied(const data::Tables& tables,
                                                    std::string_view chip);

// A server without accelerators: a published product footprint by name ("PowerEdge R740"), or the generic AI host when `name` is empty.
[[nodiscard]] Result<Embodied> server_embodied(const data::Tables& tables,
                                               std::string_view name = "");

// A node with accelerators: server share + n cards, per accelerator. What a chip-hour is charged with.
[[nodiscard]] Result<Embodied> node_embodied_per_chip(const data::Tables& tables,
                                                      std::string_view chip,
                                                      double chips_per_node = 8);

struct Use {
    double lifetime_h = 0;   // > 0
    double used_h = 0;       // >= 0, time used (u < 1) or reserved (u = 1)
    double utilisation = 1;  // u, (0, 1]
    double share = 1;        // of the device, (0, 1]
};
// EMB x used / (lifetime x u) x share. Errors: out_of_range (lifetime 0, u or share outside (0, 1], negative time), each naming the
// field and the limits.
[[nodiscard]] Result<Ranged> amortised(const Ranged& embodied_kgco2e, const Use& use);

// Lifetime of servers where nobody says: 4 years (3 to 6), the spread of published practice (EcoLogits 3, GCP and Morrison 4, LLMCarbon 5,
// BLOOM, AWS, Azure 6); u: 1 where nobody says.
[[nodiscard]] Ranged default_lifetime_h();

// One purchase in the two ledgers over years: what was acquired, what was charged, what is left to charge.
struct LedgerYear {
    int year = 0;
    double acquired_kgco2e = 0;   // bought in this year, in full
    double amortised_kgco2e = 0;  // charged to use and idle in this year
    double retired_kgco2e = 0;    // written off: retired before the end of its lifetime
    double balance_kgco2e = 0;    // acquired so far - amortised so far - retired so far
};
struct Purchase {
    double embodied_kgco2e = 0;  // of all units together
    double bought_year = 0;      // 2024.5: the middle of 2024
    double lifetime_y = 0;       // > 0
    double retired_year = 0;     // 0: at the end of its lifetime
};
// Straight line over the lifetime. Balances end at 0 when all is charged or written off: acquired = amortised + retired + balance in
// each year. Errors: out_of_range.
[[nodiscard]] Result<std::vector<LedgerYear>> ledgers(const std::vector<Purchase>& purchases,
                                                      int first_year,
                                                      int last_year);

}  // namespace abate::footprint
