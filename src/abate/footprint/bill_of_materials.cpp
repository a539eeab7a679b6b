#include "abate/footprint/bill_of_materials.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

namespace abate::footprint {
namespace {

struct KindRow {
    PartKind kind;
    const char* name;
    // The component of the table server_embodied that stands for one; empty: none.
    const char* component;
};

// The components of Dell's R740 assessment (2019) and Microsoft's GreenSKU rack: what the tables
// have told apart.
constexpr std::array<KindRow, 13> kKinds{
    {{PartKind::die, "die", ""},
     {PartKind::dram, "dram", ""},
     {PartKind::ssd, "ssd", ""},
     {PartKind::hdd, "hdd", ""},
     {PartKind::accelerator, "accelerator", ""},
     {PartKind::mainboard, "mainboard", "R740: mainboard PWB"},
     {PartKind::power_supplies, "power-supplies", "R740: power supplies"},
     {PartKind::chassis, "chassis", "R740: chassis"},
     {PartKind::fans, "fans", "R740: fans"},
     {PartKind::network, "network", "R740: network + riser cards"},
     {PartKind::rack, "rack", "rack"},
     {PartKind::server, "server", ""},
     {PartKind::other, "other", ""}}};

// Counts beyond this are a slip: the world has about 10^8 servers.
constexpr double kMostParts = 1e9;
constexpr double kMostKg = 1e12;  // a tenth of a percent of the atmosphere's CO2

const KindRow& row_of(PartKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

Error lacking(PartKind kind, const char* what) {
    return {ErrorCode::invalid_argument,
            fmt::format("a part of kind {} needs {}", to_string(kind), what),
            "",
            "Or give its kgco2e and source"};
}

Result<Embodied> declared(const Part& part) {
    const Ranged& kg = *part.kgco2e;
    for (const double bound : {kg.low, kg.value, kg.high})
        if (!(bound >= 0 && bound <= kMostKg))
            return Error{ErrorCode::out_of_range,
                         fmt::format("{:g} kg CO2e are not possible", bound),
                         "",
                         "A finite number, 0 or more"};
    if (!(kg.low <= kg.value && kg.value <= kg.high))
        return Error{
            ErrorCode::out_of_range,
            fmt::format("the range {:g} to {:g} does not hold {:g}", kg.low, kg.high, kg.value),
            "",
            "low <= value <= high"};
    Embodied out;
    out.making = kg;
    out.boundary = "declared";
    out.stages = "as its source counts them";
    out.provenance.push_back({.figure = fmt::format("embodied.{}", to_string(part.kind)),
                              .value = kg.value,
                              .low = kg.low,
                              .high = kg.high,
                              .unit = "kgCO2e",
                              .key = part.name,
                              .layer = "project",
                              .source = part.source.empty() ? "unsourced" : part.source,
                              .year = 0,
                              .basis = "declared",
                              .licence = ""});
    return out;
}

Result<Embodied> component(const data::Tables& tables, const Part& part) {
    const std::string name = part.row.empty() ? row_of(part.kind).component : part.row;
    const Result<Embodied> found = server_embodied(tables, name);
    if (!found) return found.error();
    Embodied out = *found;
    out.boundary = name;
    out.stages = "transport and end of life not counted";
    return out;
}

Result<Embodied> part_embodied(const data::Tables& tables, const Part& part) {
    if (part.kgco2e) return declared(part);
    switch (part.kind) {
        case PartKind::die:
            if (part.area_mm2 == 0 || part.node_nm == 0)
                return lacking(part.kind, "area_mm2 and node_nm");
            return logic_die(
                tables,
                {.area_mm2 = part.area_mm2, .node_nm = part.node_nm, .packages = part.packages});
        case PartKind::dram:
        case PartKind::ssd:
        case PartKind::hdd:
            if (part.gigabytes == 0) return lacking(part.kind, "gigabytes");
            return part.kind == PartKind::dram  ? dram(tables, part.gigabytes, part.row)
                   : part.kind == PartKind::ssd ? ssd(tables, part.gigabytes, part.row)
                                                : hdd(tables, part.gigabytes, part.row);
        case PartKind::accelerator:
            if (part.row.empty()) return lacking(part.kind, "row, the name of a chip");
            return accelerator_embodied(tables, part.row);
        case PartKind::server:
            return part.row.empty() ? generic_server_embodied(tables)
                                    : server_embodied(tables, part.row);
        case PartKind::other:
            if (part.row.empty()) return lacking(part.kind, "kgco2e, or a row of server_embodied");
            return component(tables, part);
        case PartKind::mainboard:
        case PartKind::power_supplies:
        case PartKind::chassis:
        case PartKind::fans:
        case PartKind::network:
        case PartKind::rack:
            break;
    }
    return component(tables, part);
}

// A declared figure or a product's is taken to hold what its source holds; bare parts have not been
// moved yet.
bool is_bare(const Part& part, const Embodied& piece) {
    return !part.kgco2e && part.kind != PartKind::server && piece.transport.value == 0 &&
           piece.end_of_life.value == 0;
}

}  // namespace

const char* to_string(PartKind kind) { return row_of(kind).name; }

std::optional<PartKind> parse_part_kind(std::string_view text) {
    for (const KindRow& row : kKinds)
        if (text == row.name) return row.kind;
    return std::nullopt;
}

std::vector<std::string> part_kinds() {
    std::vector<std::string> out;
    for (const KindRow& row : kKinds) out.emplace_back(row.name);
    return out;
}

Result<BillFootprint> bill_footprint(const data::Tables& tables, const BillOfMaterials& bill) {
    if (bill.parts.empty())
        return Error{ErrorCode::invalid_argument,
                     "the bill of materials has no parts",
                     bill.name,
                     "Add a [[part]] with its kind"};
    const Result<data::Figure> moved =
        tables.embodied_factor("server-life-cycle", "transport and end of life over manufacturing");
    if (!moved) return moved.error();
    BillFootprint out;
    out.name = bill.name;
    RangeSum making;
    RangeSum bare;
    RangeSum transport;
    RangeSum end_of_life;
    bool any_bare = false;
    for (const Part& part : bill.parts) {
        const auto refused = [&part](Error error) {
            error.where =
                part.where + (error.where.empty() || part.where.empty() ? "" : ", ") + error.where;
            return error;
        };
        if (!(part.count >= 0 && part.count <= kMostParts))
            return refused({ErrorCode::out_of_range,
                            fmt::format("a count of {:g} is not possible", part.count),
                            "count",
                            "0 or more"});
        const Result<Embodied> each = part_embodied(tables, part);
        if (!each) return refused(each.error());
        BillLine line{.part = part, .each = *each, .all = times(*each, part.count)};
        const std::string cause = to_string(part.kind);
        making.add(line.all.making, cause);
        transport.add(line.all.transport, cause);
        end_of_life.add(line.all.end_of_life, cause);
        if (is_bare(part, *each)) {
            bare.add(line.all.making, cause);
            any_bare = true;
        }
        for (const Provenance& row : each->provenance) out.total.provenance.push_back(row);
        out.lines.push_back(std::move(line));
    }
    out.total.making = making.total();
    out.total.end_of_life = end_of_life.total();
    out.total.boundary = "sum of its parts";
    out.total.stages = "as the sources of its parts";
    if (any_bare) {
        transport.add(multiply(bare.total(), moved->range), "moving and ending");
        out.total.provenance.push_back(moved->provenance);
        out.total.provenance.back().figure = "embodied.transport_and_end_of_life_share";
        out.total.stages =
            "transport holds end of life: the share of making that servers' product sheets have";
    }
    out.total.transport = transport.total();
    return out;
}

}  // namespace abate::footprint
