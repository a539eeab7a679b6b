#include "abate/footprint/embodied.h"

#include "abate/core/assert.h"
#include "abate/core/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

namespace abate::footprint {
namespace {

constexpr double kMostAreaMm2 = 1e6;       // twenty wafers
constexpr double kMostGigabytes = 1e12;    // a zettabyte
constexpr double kMostChipsPerNode = 1e4;  // a rack-scale node has 72

// NVIDIA, HGX H100 product carbon footprint summary (2025): 1312 kg for 8 GPUs, of which memory
// 42 %, integrated circuits 25 %, thermal 18 %, other 15 %.
constexpr double kHgxCardKg = 1312.0 / 8;
constexpr double kHgxMemoryShare = 0.42;
constexpr double kHgxLogicShare = 0.25;
constexpr double kHgxBoardShare = 0.33;
constexpr double kHgxCardGb = 80;
constexpr double kHgxDieMm2 = 814;
constexpr double kHgxNodeNm = 4;
// Published figures for whole cards lie within data::kEmbodiedSpread; a card that nobody published
// adds the error of scaling. Checked: A100 SXM 40GB 123 kg for 127.6, B200 (1600 mm2) 289 for 284.
constexpr double kEstimateSpread = 3;

Error out_of_range(std::string what, std::string_view where, std::string hint) {
    return {ErrorCode::out_of_range, std::move(what), std::string(where), std::move(hint)};
}

// `value` within a factor either way.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a value, then its factor
Ranged within(double value, double factor) {
    return {.value = value, .low = value / factor, .high = value * factor};
}

// In a report the rows of one charge stand together: "embodied.die.fab_energy".
Provenance named(Provenance row, std::string figure) {
    row.figure = std::move(figure);
    return row;
}

Result<double> factor(
    const data::Tables& tables,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the table's first columns
    std::string_view kind,
    std::string_view name,
    std::vector<Provenance>& rows) {
    const Result<data::Figure> figure = tables.embodied_factor(kind, name);
    if (!figure) return figure.error();
    rows.push_back(named(figure->provenance, fmt::format("embodied.{}", kind)));
    return figure->range.value;
}

// --- logic

// The process whose name is nearest to `node_nm`, as a key of the fab rows: "5nm" for 4.
Result<std::string> fab_node(const data::Tables& tables, double node_nm) {
    std::string best;
    double best_distance = 0;
    double least = 0;
    double most = 0;
    for (const data::EmbodiedFactor& row : tables.embodied_rows("fab-energy")) {
        double nm = 0;
        std::from_chars(row.name.data(), row.name.data() + row.name.size(), nm);
        if (!(nm > 0)) continue;
        least = best.empty() ? nm : std::min(least, nm);
        most = std::max(most, nm);
        const double distance = node_nm > 0 ? std::abs(std::log(node_nm / nm)) : 0;
        if (best.empty() || distance < best_distance) {
            best = row.name;
            best_distance = distance;
        }
    }
    if (!best.empty() && node_nm >= least && node_nm <= most) return best;
    return out_of_range(fmt::format("no table knows a {:g} nm process", node_nm),
                        "node_nm",
                        fmt::format("The tables go from {:g} to {:g} nm", least, most));
}

}  // namespace

Ranged Embodied::total() const {
    RangeSum sum;
    for (const Ranged& stage : {making, transport, end_of_life}) sum.add(stage, "one piece");
    return sum.total();
}

Embodied times(const Embodied& piece, double count) {
    ABATE_REQUIRE(std::isfinite(count) && count >= 0);
    Embodied out = piece;
    out.making = scaled(piece.making, count);
    out.transport = scaled(piece.transport, count);
    out.end_of_life = scaled(piece.end_of_life, count);
    return out;
}

Result<Embodied> logic_die(const data::Tables& tables, const LogicDie& die) {
    if (!(die.area_mm2 > 0 && die.area_mm2 <= kMostAreaMm2))
        return out_of_range(fmt::format("a die of {:g} mm2 is not possible", die.area_mm2),
                            "area_mm2",
                            "Above 0, at most 1e6 mm2");
    if (!(die.packages >= 0 && die.packages <= kMostAreaMm2))
        return out_of_range(fmt::format("{:g} packages are not possible", die.packages),
                            "packages",
                            "0 or more; 150 g CO2e each");
    const Result<std::string> node = fab_node(tables, die.node_nm);
    if (!node) return node.error();

    Embodied out;
    struct Needed {
        const char* kind;
        std::string name;
        double value = 0;
    };
    std::array<Needed, 8> needed{{{"fab-energy", *node},
                                  {"fab-gas-95", *node},
                                  {"fab-gas-97", *node},
                                  {"fab-gas-99", *node},
                                  {"fab-material", "all nodes"},
                                  {"fab-yield", "all nodes"},
                                  {"fab-intensity-2022", "taiwan"},
                                  {"packaging", "per IC"}}};
    for (Needed& one : needed) {
        const Result<double> value = factor(tables, one.kind, one.name, out.provenance);
        if (!value) return value.error();
        one.value = *value;
    }
    const auto [energy, gas95, gas97, gas99, material, yield, grid, package] =
        std::tuple{needed[0].value,
                   needed[1].value,
                   needed[2].value,
                   needed[3].value,
                   needed[4].value,
                   needed[5].value,
                   needed[6].value,
                   needed[7].value};
    if (!(yield > 0 && yield <= 1))
        return out_of_range(fmt::format("a yield of {:g} is not possible", yield),
                            "embodied_factors/fab-yield",
                            "Above 0, at most 1");
    const double cm2 = die.area_mm2 / 100;
    // g CO2e per cm2 of good die; fab energy and materials do not depend on the abatement.
    const double fixed = grid * energy + material;
    double least = fixed + gas99;  // every die of the wafer is good
    const Result<data::Figure> imec = tables.embodied_factor("fab-carbon-imec", *node);
    if (imec) least = std::min(least, imec->range.value * 1000);
    const double value = (fixed + gas97) / yield;
    constexpr double kPoorYield = 0.5;  // large dies of a young process
    const double packaging_kg = die.packages * package / 1000;
    out.making = {
        .value = cm2 * value / 1000 + packaging_kg,
        .low = cm2 * std::min(least, value) / 1000 + packaging_kg,
        .high = cm2 * std::max((fixed + gas95) / kPoorYield, value) / 1000 + packaging_kg};
    out.boundary = die.packages > 0 ? fmt::format("die in its package, {} process", *node)
                                    : fmt::format("die only, {} process", *node);
    out.stages = "transport and end of life not counted";
    return out;
}

// --- memory and storage

namespace {

struct Medium {
    const char* name;
    std::vector<const char*> kinds;
};

Result<Embodied> medium_embodied(const data::Tables& tables,
                                 const Medium& medium,
                                 double gigabytes,
                                 std::string_view technology) {
    if (!(gigabytes >= 0 && gigabytes <= kMostGigabytes))
        return out_of_range(fmt::format("{:g} GB of {} are not possible", gigabytes, medium.name),
                            "gigabytes",
                            "A finite number, 0 or more");
    std::vector<data::EmbodiedFactor> rows;
    std::vector<std::string> names;
    for (const char* kind : medium.kinds)
        for (data::EmbodiedFactor& row : tables.embodied_rows(kind)) {
            names.push_back(row.name);
            rows.push_back(std::move(row));
        }
    Embodied out;
    out.stages = "transport and end of life not counted";
    if (rows.empty())
        return Error{ErrorCode::not_found,
                     fmt::format("no table knows the making of {}", medium.name),
                     "",
                     "Give kgco2e with its source"};
    if (technology.empty()) {
        const auto by_value = [](const data::EmbodiedFactor& a, const data::EmbodiedFactor& b) {
            return a.figure.range.value < b.figure.range.value;
        };
        const auto [least, most] = std::minmax_element(rows.begin(), rows.end(), by_value);
        const double low = least->figure.range.value * gigabytes / 1000;
        const double high = most->figure.range.value * gigabytes / 1000;
        out.making = {.value = std::sqrt(low * high), .low = low, .high = high};
        out.boundary = fmt::format(
            "{} of unknown make: {} to {}, geometric mean", medium.name, least->name, most->name);
        for (const data::EmbodiedFactor& row : {*least, *most})
            out.provenance.push_back(
                named(row.figure.provenance, fmt::format("embodied.{}", row.kind)));
        return out;
    }
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const data::EmbodiedFactor& r) {
        return r.name == technology;
    });
    if (row == rows.end()) {
        const std::vector<std::string> near = nearest(technology, names, 3);
        return Error{ErrorCode::not_found,
                     fmt::format("there is no {} technology '{}'", medium.name, technology),
                     "",
                     fmt::format("Did you mean {}?", fmt::join(near, ", "))};
    }
    out.making = within(row->figure.range.value * gigabytes / 1000, data::kEmbodiedSpread);
    out.boundary = fmt::format("{} {}, {}", medium.name, row->name, row->scope);
    out.provenance.push_back(named(row->figure.provenance, fmt::format("embodied.{}", row->kind)));
    return out;
}

}  // namespace

Result<Embodied> dram(const data::Tables& tables, double gigabytes, std::string_view technology) {
    return medium_embodied(
        tables, {.name = "DRAM", .kinds = {"dram", "dram-module"}}, gigabytes, technology);
}

Result<Embodied> ssd(const data::Tables& tables, double gigabytes, std::string_view technology) {
    return medium_embodied(tables, {.name = "SSD", .kinds = {"ssd"}}, gigabytes, technology);
}

Result<Embodied> hdd(const data::Tables& tables, double gigabytes, std::string_view technology) {
    return medium_embodied(tables,
                           {.name = "HDD", .kinds = {"hdd-enterprise", "hdd-consumer"}},
                           gigabytes,
                           technology);
}

// --- accelerators

namespace {

constexpr std::string_view kCard = "accelerator-card";
constexpr std::string_view kWithHost = "accelerator-with-host";

std::optional<data::EmbodiedFactor> row_of_kind(const std::vector<data::EmbodiedFactor>& rows,
                                                std::string_view kind) {
    const auto row = std::find_if(
        rows.begin(), rows.end(), [&](const data::EmbodiedFactor& r) { return r.kind == kind; });
    return row == rows.end() ? std::nullopt : std::optional(*row);
}

// Whether the accelerators table's figure is one with the host's share; what a user set is taken for
// the card.
bool holds_host(const data::Figure& figure, const std::vector<data::EmbodiedFactor>& rows) {
    return std::any_of(rows.begin(), rows.end(), [&](const data::EmbodiedFactor& row) {
        return row.kind == kWithHost && row.figure.range.value == figure.range.value &&
               row.figure.provenance.source == figure.provenance.source;
    });
}

// A published figure, split where its maker published a split.
Embodied published(const data::Tables& tables, const data::Figure& figure, std::string boundary) {
    Embodied out;
    out.boundary = std::move(boundary);
    out.provenance.push_back(named(figure.provenance, "embodied.accelerator"));
    const Result<data::Figure> moved = tables.embodied_factor("baseboard-split", "transport");
    if (moved && moved->provenance.source == figure.provenance.source) {
        out.transport = scaled(figure.range, moved->range.value);
        out.making = scaled(figure.range, 1 - moved->range.value);
        out.provenance.push_back(named(moved->provenance, "embodied.transport_share"));
        out.stages = "transport is that of parts to the factory; end of life not counted";
        return out;
    }
    out.making = figure.range;
    out.stages = "its source tells no stages apart";
    return out;
}

}  // namespace

Result<Embodied> accelerator_estimate(const data::Tables& tables, const data::Chip& chip) {
    Embodied out;
    if (chip.die_mm2 > 0 && chip.node_nm > 0) {
        const Result<Embodied> die =
            logic_die(tables, {.area_mm2 = chip.die_mm2, .node_nm = chip.node_nm, .packages = 1});
        const Result<Embodied> h100 =
            logic_die(tables, {.area_mm2 = kHgxDieMm2, .node_nm = kHgxNodeNm, .packages = 1});
        if (!die) return die.error();
        if (!h100) return h100.error();
        const double logic = die->making.value * (kHgxCardKg * kHgxLogicShare / h100->making.value);
        const double memory = chip.memory_gb * (kHgxCardKg * kHgxMemoryShare / kHgxCardGb);
        const double board = kHgxCardKg * kHgxBoardShare;
        out.making = within(logic + memory + board, kEstimateSpread);
        out.boundary = fmt::format(
            "card, reckoned here: logic {:.1f}, memory {:.1f}, board and cooling {:.1f} kg",
            logic,
            memory,
            board);
        out.provenance = die->provenance;
    } else if (chip.memory_type.rfind("HBM", 0) == 0) {
        const std::vector<data::EmbodiedFactor> cards = tables.embodied_rows(kCard);
        if (cards.empty())
            return Error{ErrorCode::not_found, "no table has a published card", "", ""};
        double least = cards.front().figure.range.value;
        double most = least;
        for (const data::EmbodiedFactor& row : cards) {
            least = std::min(least, row.figure.range.value);
            most = std::max(most, row.figure.range.value);
            out.provenance.push_back(named(row.figure.provenance, "embodied.accelerator"));
        }
        out.making = {.value = std::sqrt(least * most),
                      .low = least / data::kEmbodiedSpread,
                      .high = most * data::kEmbodiedSpread};
        out.boundary = "card of unknown die: the spread of published cards";
        out.stages = "its sources tell no stages apart";
        return out;
    } else {
        return Error{ErrorCode::not_found,
                     "no table knows the die of " + chip.name + ", so its making is unknown",
                     "",
                     "Set accelerators/" + chip.name + "/embodied_kgco2e=KG with --set"};
    }
    out.stages = "transport and end of life not counted";
    out.provenance.push_back({.figure = "embodied.card_scale",
                              .value = kHgxCardKg,
                              .low = kHgxCardKg,
                              .high = kHgxCardKg,
                              .unit = "kgCO2e",
                              .key = "HGX H100, one of 8",
                              .layer = "built-in",
                              .source = "NVIDIA HGX H100 PCF summary 2025: memory 42 %, ICs 25 %, "
                                        "thermal 18 %, other 15 %",
                              .year = 2025,
                              .basis = "scaled by die carbon and memory",
                              .licence = "published fact"});
    return out;
}

namespace {

Result<Embodied> chip_embodied(const data::Tables& tables, const data::Chip& chip) {
    const std::vector<data::EmbodiedFactor> rows = tables.embodied_of_chip(chip);
    const bool with_host = chip.embodied && holds_host(*chip.embodied, rows);
    if (chip.embodied && !with_host)
        return published(tables, *chip.embodied, chip.embodied->provenance.basis);
    if (const auto card = row_of_kind(rows, kCard))
        return published(tables, card->figure, card->scope);
    Result<Embodied> estimate = accelerator_estimate(tables, chip);
    if (estimate && !with_host) return estimate;
    if (chip.embodied) return published(tables, *chip.embodied, chip.embodied->provenance.basis);
    if (const auto host = row_of_kind(rows, kWithHost))
        return published(tables, host->figure, host->scope);
    return estimate;
}

}  // namespace

Result<Embodied> accelerator_embodied(const data::Tables& tables, std::string_view chip) {
    const Result<data::Chip> found = tables.chip(chip);
    if (!found) return found.error();
    return chip_embodied(tables, *found);
}

// --- servers

namespace {

// What is neither use nor making, as one figure; a sheet that has only the sum keeps it whole.
Embodied sheet(const data::ServerFootprint& server) {
    Embodied out;
    const double making = server.manufacturing ? server.manufacturing->range.value : 0;
    const double rest = server.non_use_kgco2e - making;
    if (server.manufacturing && server.non_use_kgco2e > 0 && rest >= 0) {
        out.making = server.manufacturing->range;
        out.transport = within(rest, data::kEmbodiedSpread);
        out.stages = "transport holds end of life: its source has one figure for both";
    } else if (server.manufacturing) {
        out.making = server.manufacturing->range;
        out.stages = "transport and end of life not told apart or not counted";
    } else {
        out.making = within(server.non_use_kgco2e, data::kEmbodiedSpread);
        out.stages = "materials, transport and end of life are one figure in its source";
    }
    out.boundary = fmt::format("{}, without its use", server.name);
    Provenance row = server.manufacturing ? server.manufacturing->provenance : server.provenance;
    const Ranged total = out.total();
    row.figure = "embodied.server";
    row.value = total.value;
    row.low = total.low;
    row.high = total.high;
    row.unit = "kgCO2e";
    row.key = server.name;
    out.provenance.push_back(std::move(row));
    return out;
}

}  // namespace

Result<Embodied> server_embodied(const data::Tables& tables, std::string_view name) {
    const bool generic = name.empty();
    const Result<data::ServerFootprint> server =
        tables.server_footprint(generic ? "HPE Apollo-class GPU host (BLOOM)" : name);
    if (!server) return server.error();
    if (!server->manufacturing && !(server->non_use_kgco2e > 0))
        return Error{ErrorCode::not_found,
                     "the source of " + server->name + " does not tell its making from its use",
                     "",
                     "Choose another row of `abate data list server_embodied`"};
    Embodied out = sheet(*server);
    if (generic) {
        // High: the base server of a DGX H200 in EcoLogits' methodology, 6000 kg.
        constexpr double kDgxHostKg = 6000;
        out.making.high = std::max(out.making.high, kDgxHostKg);
        out.provenance.back().high = out.making.high;
        out.boundary =
            "host of an 8-accelerator node, without accelerators (assumption of a study)";
    }
    return out;
}

Result<Embodied> generic_server_embodied(const data::Tables& tables) {
    std::vector<double> kg;
    double most = 0;
    Provenance row;
    for (const data::ServerFootprint& server : tables.server_footprints()) {
        if (server.kind != "server") continue;
        // A sheet has a use phase; the other rows are assumptions of studies and one assessment.
        if (server.total_kgco2e > 0 && server.non_use_kgco2e > 0)
            kg.push_back(server.non_use_kgco2e);
        if (server.name.find("full LCA") != std::string::npos && server.manufacturing)
            most = server.manufacturing->range.value;
        if (row.layer.empty()) row = server.provenance;
    }
    if (kg.size() < 3)
        return Error{ErrorCode::not_found, "no table has product sheets of servers", "", ""};
    std::sort(kg.begin(), kg.end());
    const auto at = [&](double share) {
        return kg[static_cast<std::size_t>(
            std::lround(share * static_cast<double>(kg.size() - 1)))];
    };
    Embodied out;
    out.making = {.value = at(0.5), .low = at(0.05), .high = std::max(most, at(0.95))};
    out.boundary = "rack server of unknown make, without accelerators";
    out.stages = "materials, transport and end of life together";
    row.figure = "embodied.server";
    row.value = out.making.value;
    row.low = out.making.low;
    row.high = out.making.high;
    row.unit = "kgCO2e";
    row.key = "rack server of unknown make";
    row.source = fmt::format(
        "median of {} product sheets of Dell and HPE; low: their 5th percentile; high: Dell's R740 "
        "assessment",
        kg.size());
    row.basis = "all but the use phase";
    out.provenance.push_back(std::move(row));
    return out;
}

Result<Embodied> node_embodied_per_chip(const data::Tables& tables,
                                        std::string_view chip,
                                        double chips_per_node) {
    if (!(chips_per_node >= 1 && chips_per_node <= kMostChipsPerNode))
        return out_of_range(
            fmt::format("{:g} accelerators in a node are not possible", chips_per_node),
            "chips_per_node",
            "1 or more");
    const Result<data::Chip> found = tables.chip(chip);
    if (!found) return found.error();
    if (found->embodied && holds_host(*found->embodied, tables.embodied_of_chip(*found)))
        return published(tables, *found->embodied, found->embodied->provenance.basis);
    Result<Embodied> card = chip_embodied(tables, *found);
    // A system on a chip is its own host.
    if (!card || found->type == "SoC") return card;
    const Result<Embodied> host = server_embodied(tables);
    if (!host) return host.error();
    const Embodied share = times(*host, 1 / chips_per_node);
    const auto add = [](const Ranged& a, const Ranged& b) {
        RangeSum sum;
        sum.add(a, "card");
        sum.add(b, "host");
        return sum.total();
    };
    Embodied out;
    out.making = add(card->making, share.making);
    out.transport = add(card->transport, share.transport);
    out.end_of_life = add(card->end_of_life, share.end_of_life);
    out.boundary =
        fmt::format("{}; and 1/{:g} of a {}", card->boundary, chips_per_node, host->boundary);
    out.stages = fmt::format("accelerator: {}; host: {}", card->stages, host->stages);
    out.provenance = card->provenance;
    out.provenance.insert(out.provenance.end(), host->provenance.begin(), host->provenance.end());
    return out;
}

Result<std::vector<BoundaryFigure>> side_by_side(const data::Tables& tables,
                                                 std::string_view chip) {
    const Result<data::Chip> found = tables.chip(chip);
    if (!found) return found.error();
    std::vector<BoundaryFigure> out;
    for (const data::EmbodiedFactor& row : tables.embodied_of_chip(*found))
        out.push_back({.name = row.name,
                       .boundary = row.scope,
                       .kgco2e = row.figure.range,
                       .ours = false,
                       .provenance = row.figure.provenance});
    const auto ours = [&](const Result<Embodied>& piece, const std::string& name) {
        if (!piece) return;
        BoundaryFigure figure{.name = name,
                              .boundary = piece->boundary,
                              .kgco2e = piece->total(),
                              .ours = true,
                              .provenance = piece->provenance.front()};
        figure.provenance.value = figure.kgco2e.value;
        figure.provenance.low = figure.kgco2e.low;
        figure.provenance.high = figure.kgco2e.high;
        figure.provenance.unit = "kgCO2e";
        out.push_back(std::move(figure));
    };
    if (found->die_mm2 > 0)
        ours(logic_die(tables, {.area_mm2 = found->die_mm2, .node_nm = found->node_nm}),
             found->name);
    // The estimate of the chip that it is scaled from says nothing new.
    const bool own_scale = found->embodied && found->embodied->range.value == kHgxCardKg;
    if (!own_scale) ours(accelerator_estimate(tables, *found), found->name);
    std::stable_sort(out.begin(), out.end(), [](const BoundaryFigure& a, const BoundaryFigure& b) {
        return a.kgco2e.value < b.kgco2e.value;
    });
    return out;
}

// --- the two ledgers

Ranged default_lifetime_h() {
    return {.value = 4 * kHoursPerYear, .low = 3 * kHoursPerYear, .high = 6 * kHoursPerYear};
}

Result<Ranged> amortised(const Ranged& embodied_kgco2e, const Use& use) {
    if (!(use.lifetime_h > 0 && std::isfinite(use.lifetime_h)))
        return out_of_range(fmt::format("a lifetime of {:g} h is not possible", use.lifetime_h),
                            "lifetime",
                            "Above 0: servers serve 3 to 6 years");
    if (!(use.utilisation > 0 && use.utilisation <= 1))
        return out_of_range(fmt::format("a utilisation of {:g} is not possible", use.utilisation),
                            "utilisation",
                            "Allocated over owned hours: above 0, at most 1");
    if (!(use.share >= 0 && use.share <= 1))
        return out_of_range(fmt::format("a share of {:g} is not possible", use.share),
                            "share",
                            "Of the device: 0 to 1");
    if (!(use.used_h >= 0 && std::isfinite(use.used_h)))
        return out_of_range(fmt::format("a use of {:g} h is not possible", use.used_h),
                            "used_h",
                            "Hours, 0 or more");
    const double longest = use.lifetime_high_h > 0 ? use.lifetime_high_h : use.lifetime_h;
    const double shortest = use.lifetime_low_h > 0 ? use.lifetime_low_h : use.lifetime_h;
    if (!(shortest <= use.lifetime_h && longest >= use.lifetime_h && std::isfinite(longest)))
        return out_of_range("the range of the lifetime does not hold it",
                            "lifetime",
                            "lifetime_low_h <= lifetime_h <= lifetime_high_h");
    for (const double kg : {embodied_kgco2e.low, embodied_kgco2e.value, embodied_kgco2e.high})
        if (!(kg >= 0 && std::isfinite(kg)))
            return out_of_range(fmt::format("an embodied carbon of {:g} kg is not possible", kg),
                                "embodied",
                                "A finite number of kg CO2e, 0 or more");
    const double hours = use.used_h * use.share / use.utilisation;
    return multiply(
        embodied_kgco2e,
        {.value = hours / use.lifetime_h, .low = hours / longest, .high = hours / shortest});
}

namespace {

constexpr int kMostYears = 1000;

Result<void> check_purchase(const Purchase& purchase) {
    if (!(purchase.embodied_kgco2e >= 0 && std::isfinite(purchase.embodied_kgco2e)))
        return out_of_range(
            fmt::format("an embodied carbon of {:g} kg is not possible", purchase.embodied_kgco2e),
            "embodied",
            "A finite number of kg CO2e, 0 or more");
    if (!(purchase.lifetime_y > 0 && purchase.lifetime_y <= kMostYears))
        return out_of_range(
            fmt::format("a lifetime of {:g} y is not possible", purchase.lifetime_y),
            "lifetime",
            "Above 0: servers serve 3 to 6 years");
    if (!(std::abs(purchase.bought_year) <= 1e4))
        return out_of_range(fmt::format("{:g} is no year", purchase.bought_year),
                            "bought",
                            "A year such as 2026 or 2026.5");
    if (purchase.retired_year != 0 &&
        !(purchase.retired_year >= purchase.bought_year && std::abs(purchase.retired_year) <= 1e4))
        return out_of_range(
            fmt::format(
                "retired in {:g}, bought in {:g}", purchase.retired_year, purchase.bought_year),
            "retired",
            "A year no earlier than that of the purchase; 0: at the end of the lifetime");
    return {};
}

// What a purchase has been charged by the beginning of `year`.
struct Standing {
    double acquired = 0;
    double amortised = 0;
    double retired = 0;
    bool closed = false;
};

Standing standing_at(const Purchase& purchase, double year) {
    const double emb = purchase.embodied_kgco2e;
    const double end = purchase.bought_year + purchase.lifetime_y;
    const double last = purchase.retired_year > 0 ? std::min(purchase.retired_year, end) : end;
    Standing out;
    if (year <= purchase.bought_year) return out;
    out.acquired = emb;
    const double served = std::min(year, last) - purchase.bought_year;
    out.amortised = std::min(emb, emb * (served / purchase.lifetime_y));
    // At a year's first moment: a retirement belongs to that year, the end of a lifetime to the last.
    out.closed = last < end ? year > last : year >= last;
    if (!out.closed) return out;
    if (last < end) {
        out.retired = emb - out.amortised;
    } else {
        out.amortised = emb;
    }
    return out;
}

}  // namespace

Result<std::vector<LedgerYear>> ledgers(const std::vector<Purchase>& purchases,
                                        const Years& years) {
    const auto& [first_year, last_year] = years;
    if (last_year < first_year || last_year - first_year >= kMostYears ||
        std::abs(first_year) > 10'000)
        return out_of_range(fmt::format("the years {} to {} make no ledger", first_year, last_year),
                            "years",
                            "First to last, at most 1000 years");
    for (const Purchase& purchase : purchases)
        if (const Result<void> checked = check_purchase(purchase); !checked) return checked.error();
    std::vector<LedgerYear> out;
    for (int year = first_year; year <= last_year; ++year) {
        LedgerYear row;
        row.year = year;
        for (const Purchase& purchase : purchases) {
            const Standing before = standing_at(purchase, year);
            const Standing after = standing_at(purchase, year + 1.0);
            row.acquired_kgco2e += after.acquired - before.acquired;
            row.amortised_kgco2e += after.amortised - before.amortised;
            row.retired_kgco2e += after.retired - before.retired;
            if (!after.closed) row.balance_kgco2e += after.acquired - after.amortised;
            if (!before.closed) row.opening_kgco2e += before.acquired - before.amortised;
        }
        out.push_back(row);
    }
    return out;
}

}  // namespace abate::footprint
