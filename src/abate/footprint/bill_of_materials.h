// A bill of materials: hardware as a list of parts, each reckoned from the tables or declared with
// its source.
//
//     BillOfMaterials r740{.name = "R740", .parts = {
//         {.kind = PartKind::die, .count = 2, .area_mm2 = 694, .node_nm = 14},
//         {.kind = PartKind::dram, .count = 12, .gigabytes = 32},
//         {.kind = PartKind::ssd, .count = 8, .gigabytes = 3840},
//         {.kind = PartKind::mainboard}, {.kind = PartKind::chassis}}};
//     const BillFootprint bill = bill_footprint(tables, r740).value();
//     bill.total.total().value;      // kg CO2e
//
// Parts of one kind share their cause, so their errors add linearly; kinds add in quadrature.
// Transport and end of life of the whole are a share of the making of those parts whose source has
// neither (table embodied_factors, server-life-cycle): one figure for both, held in `transport`.
#pragma once

#include "abate/footprint/embodied.h"

#include <optional>
#include <string>
#include <vector>

namespace abate::footprint {

// In the order of a report. `server` and `accelerator` are whole products inside a node or rack.
enum class PartKind {
    die,
    dram,
    ssd,
    hdd,
    accelerator,
    mainboard,
    power_supplies,  // of one server together
    chassis,
    fans,     // of one server together
    network,  // network and riser cards of one server together
    rack,
    server,
    other,  // declared only
};
// As in a bill's file: "die", "power-supplies".
[[nodiscard]] const char* to_string(PartKind kind);
[[nodiscard]] std::optional<PartKind> parse_part_kind(std::string_view text);
// "die, dram, ssd, ..." in order.
[[nodiscard]] std::vector<std::string> part_kinds();

struct Part {
    PartKind kind = PartKind::other;
    std::string name = {};  // on the bill; empty: the kind
    double count = 1;       // >= 0
    // Of one die: mm2 and the maker's name of the process; packages of one.
    double area_mm2 = 0;
    double node_nm = 0;
    double packages = 1;
    double gigabytes = 0;  // of one module or drive
    // Which row of the tables: a technology (dram, ssd, hdd), a chip (accelerator), a product
    // (server) or a component ("2U server shell"); empty: the default of the kind.
    std::string row = {};
    // Declared kg CO2e of one, with its source, in place of the tables.
    std::optional<Ranged> kgco2e = std::nullopt;
    std::string source = {};
    std::string where = {};  // "server.toml:12", for errors; may be empty
};

struct BillOfMaterials {
    std::string name;
    std::vector<Part> parts;
};

struct BillLine {
    Part part;
    Embodied each;
    Embodied all;  // count x each
};
struct BillFootprint {
    std::string name;
    std::vector<BillLine> lines;
    Embodied total;
};

// Errors: as the functions of embodied.h, with the part's place; invalid_argument (no parts, a part
// without what its kind needs), out_of_range (count or kgco2e negative or not finite).
[[nodiscard]] Result<BillFootprint> bill_footprint(const data::Tables& tables,
                                                   const BillOfMaterials& bill);

}  // namespace abate::footprint
