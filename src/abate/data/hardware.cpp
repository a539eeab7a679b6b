// Processors, accelerators, instances and coefficients by the names that machines give them.
#include "abate/core/plain_text.h"
#include "abate/data/data.h"
#include "abate/data/find_row.h"
#include "abate/data/tables_impl.h"
#include "abate/data/words.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace abate::data {
namespace {

using RowRef = LayeredTables::RowRef;
using WordsOf = std::vector<std::string> (*)(std::string_view);

// Between two rows of the same name: a pack's, then the source of smaller preference.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): an order, as operator<
bool better(const RowRef& a, const RowRef& b) {
    if (a.sheet != b.sheet) return a.sheet->layer == "pack";
    const Source* of_a = a.sheet->source_of(a.row);
    const Source* of_b = b.sheet->source_of(b.row);
    return of_a != nullptr && of_b != nullptr && of_a->preference < of_b->preference;
}

struct Found {
    std::vector<RowRef> whole;
    std::vector<RowRef> part;
};

// Rows of `table` whose name has the words. Only rows that hold the telling word are taken apart,
// so that five thousand names cost a fraction of a millisecond.
Found find_by_words(const LayeredTables& tables,
                    std::string_view table,
                    const std::vector<std::string>& wanted,
                    WordsOf words_of) {
    Found found;
    const std::string telling(telling_word(wanted));
    tables.each(table, [&](const Sheet& sheet, std::size_t row) {
        const std::string_view name = sheet.view->at(row, sheet.key.front());
        if (std::search(
                name.begin(), name.end(), telling.begin(), telling.end(), [](char a, char b) {
                    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
                }) == name.end())
            return;
        const Match match = match_words(wanted, words_of(name));
        if (match == Match::whole) found.whole.push_back({&sheet, row});
        if (match == Match::part) found.part.push_back({&sheet, row});
    });
    return found;
}

// Names that share the beginning of the telling word, for a hint; few enough to compare.
std::vector<std::string> akin(const LayeredTables& tables,
                              std::string_view table,
                              const std::vector<std::string>& wanted) {
    constexpr std::size_t kBeginning = 3;
    constexpr std::size_t kMost = 400;
    const std::string beginning(telling_word(wanted).substr(0, kBeginning));
    std::vector<std::string> names;
    if (beginning.empty()) return names;
    tables.each(table, [&](const Sheet& sheet, std::size_t row) {
        if (names.size() >= kMost) return;
        const std::string name = sheet.key_of(row);
        if (folded(name).find(beginning) != std::string::npos) names.push_back(name);
    });
    return names;
}

// One row: all words alike, else the only row that has them all. Errors: not_found,
// invalid_argument.
Result<RowRef> one_row(
    const LayeredTables& tables,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): table, its noun, the name asked for; three calls below
    std::string_view table,
    std::string_view what,
    std::string_view name,
    WordsOf words_of) {
    const std::vector<std::string> wanted = words_of(name);
    if (telling_word(wanted).empty()) {
        const std::vector<RowRef> none;
        const auto exact = tables.row(table, folded(name));
        if (exact) return *exact;
        return Error{ErrorCode::not_found,
                     "\"" + short_text(name) + "\" names no model of " + std::string(what),
                     "",
                     "`abate data list " + std::string(table) + "` shows the names."};
    }
    const Found found = find_by_words(tables, table, wanted, words_of);
    if (!found.whole.empty())
        return *std::min_element(found.whole.begin(), found.whole.end(), better);
    std::set<std::string> names;
    for (const RowRef& ref : found.part) names.insert(ref.sheet->key_of(ref.row));
    if (names.size() == 1) return *std::min_element(found.part.begin(), found.part.end(), better);
    if (names.size() > 1) return ambiguous(what, name, found.part);
    Error unknown = unknown_name(what, name, akin(tables, table, wanted));
    if (unknown.hint.empty())
        unknown.hint = "`abate data list " + std::string(table) + "` shows the names.";
    return unknown;
}

// A numeric cell of the row's key through all layers, 0 where nobody has it.
double number(const LayeredTables& tables,
              std::string_view table,
              const std::string& key,
              std::string_view column) {
    const auto cell = tables.cell(table, key, column);
    return cell ? cell->value : 0;
}

Provenance provenance_of(
    const LayeredTables& tables,
    std::string_view table,
    const std::string& key,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a figure is named, then its unit, then its basis, everywhere in data
    std::string_view column,
    std::string_view unit,
    std::string_view basis) {
    const auto cell = tables.cell(table, key, column);
    if (!cell) {
        Provenance none;
        none.figure = column;
        none.key = key;
        none.unit = unit;
        return none;
    }
    return make_figure(*cell, exactly(cell->value), column, unit, basis).provenance;
}

// Text of the highest sheet that has any for the chip: a pack that only adds a number says nothing of
// the vendor.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a row's key, then the column, as in TABLE/KEY/COLUMN
std::string text_of(const LayeredTables& tables, const std::string& key, std::string_view column) {
    const auto cell = tables.cell("accelerators", key, column);
    return cell ? cell->text : std::string{};
}

// The figure has a source of its own: the row's is that of its specification.
std::optional<Figure> chip_embodied(const LayeredTables& tables, const std::string& key) {
    auto cell = tables.cell("accelerators", key, "embodied_kgco2e");
    if (!cell) return std::nullopt;
    std::string scope = "scope not stated";
    if (cell->layer == "built-in" || cell->layer == "pack") {
        const std::string stated = text_of(tables, key, "embodied_scope");
        if (!stated.empty()) scope = stated;
    }
    if (cell->layer == "built-in") {
        const auto row = tables.sheets("accelerators").front();
        const Source* source = row->source_named(text_of(tables, key, "embodied_source_id"));
        if (source != nullptr) {
            cell->source = source->name;
            cell->licence = source->licence;
        }
        cell->year = 0;  // the row's is that of the chip
    }
    return make_figure(*cell, device_range(cell->value), "embodied_kgco2e", "kgCO2e", scope);
}

Chip chip_from(const LayeredTables& tables, const RowRef& ref) {
    constexpr std::string_view table = "accelerators";
    Chip chip;
    chip.name = ref.sheet->key_of(ref.row);
    const auto text = [&](std::string_view column) { return text_of(tables, chip.name, column); };
    const auto figure = [&](std::string_view column) {
        return number(tables, table, chip.name, column);
    };
    chip.vendor = text("vendor");
    chip.type = text("type");
    chip.memory_type = text("memory_type");
    chip.tdp_w = figure("tdp_w");
    chip.idle_w = figure("idle_w");
    chip.memory_gb = figure("memory_gb");
    chip.bandwidth_gb_per_s = figure("bandwidth_gb_per_s");
    chip.fp32_tflops = figure("fp32_tflops");
    chip.tf32_tflops = figure("tf32_tflops");
    chip.bf16_tflops = figure("bf16_tflops");
    chip.fp16_tflops = figure("fp16_tflops");
    chip.fp8_tflops = figure("fp8_tflops");
    chip.fp4_tflops = figure("fp4_tflops");
    chip.int8_tops = figure("int8_tops");
    chip.node_nm = figure("node_nm");
    chip.die_mm2 = figure("die_mm2");
    chip.embodied = chip_embodied(tables, chip.name);
    chip.provenance =
        provenance_of(tables, table, chip.name, "tdp_w", "W", "rated power of the board or module");
    return chip;
}

// The table's name for what a driver answers, where the words alone do not lead there.
std::optional<std::string> driver_alias(const LayeredTables& tables, std::string_view name) {
    const std::vector<std::string> wanted = chip_words(name);
    std::optional<std::string> alias;
    tables.each("chip_names", [&](const Sheet& sheet, std::size_t row) {
        if (match_words(wanted, chip_words(sheet.key_of(row))) == Match::whole)
            alias = std::string(sheet.text(row, "name"));
    });
    return alias;
}

// Values of one coefficient, from each source that has it in the same unit.
struct Coefficient {
    std::vector<double> values;
    std::string unit;
    std::set<std::string> sources;
    std::set<std::string> licences;
    std::optional<Ranged> bounds;  // where the row has only low and high
    Cell cell;
    bool exact = false;

    void add(const Sheet& sheet, std::size_t row);
};

void Coefficient::add(const Sheet& sheet, std::size_t row) {
    const std::string row_unit(sheet.text(row, "unit"));
    if (!unit.empty() && row_unit != unit) return;
    unit = row_unit;
    const Source* source = sheet.source_of(row);
    sources.insert(source != nullptr ? source->name : sheet.pack);
    licences.insert(source != nullptr ? source->licence : sheet.licence);
    cell.layer = sheet.layer;
    cell.year = std::max(cell.year, sheet.year_of(row));
    const auto value = parse_number(sheet.text(row, "value"));
    if (value) values.push_back(*value);
    const auto low = parse_number(sheet.text(row, "low"));
    const auto high = parse_number(sheet.text(row, "high"));
    if (low && high)
        bounds = Ranged{value.value_or((*low + *high) / 2), *low, *high, RangeKind::bound};
}

Error unknown_coefficient(
    const LayeredTables& tables,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as Tables::coefficient
    std::string_view kind,
    std::string_view name) {
    std::vector<std::string> known;
    tables.each("energy_coefficients",
                [&](const Sheet& sheet, std::size_t row) { known.push_back(sheet.key_of(row)); });
    return unknown_name("coefficient", std::string(kind) + " " + std::string(name), known);
}

}  // namespace

Result<Cpu> Tables::cpu(std::string_view model_name) const {
    const Result<RowRef> ref = one_row(*impl_, "cpus", "processor", model_name, cpu_words);
    if (!ref) return ref.error();
    Cpu cpu;
    cpu.name = ref->sheet->key_of(ref->row);
    cpu.cores = static_cast<int>(number(*impl_, "cpus", cpu.name, "cores"));
    cpu.threads = static_cast<int>(number(*impl_, "cpus", cpu.name, "threads"));
    cpu.tdp_w = number(*impl_, "cpus", cpu.name, "tdp_w");
    cpu.launch_year = ref->sheet->year_of(ref->row);
    cpu.provenance = provenance_of(*impl_, "cpus", cpu.name, "tdp_w", "W", "rated power (TDP)");
    return cpu;
}

Result<Chip> Tables::chip(std::string_view name) const {
    const std::string key = folded(name);
    if (const auto exact = impl_->row("accelerators", key)) return chip_from(*impl_, *exact);
    if (const auto alias = driver_alias(*impl_, name)) {
        const auto row = impl_->row("accelerators", *alias);
        if (row) return chip_from(*impl_, *row);
    }
    const Result<RowRef> ref = one_row(*impl_, "accelerators", "accelerator", name, chip_words);
    if (!ref) return ref.error();
    return chip_from(*impl_, *ref);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as people write it: aws p5.48xlarge; swapped, it is not found
Result<Instance> Tables::instance(std::string_view provider, std::string_view name) const {
    const std::string key = std::string(provider) + " " + std::string(name);
    const auto ref = impl_->row("instances", key);
    if (!ref) {
        std::vector<std::string> known;
        impl_->each("instances", [&](const Sheet& sheet, std::size_t row) {
            known.push_back(sheet.key_of(row));
        });
        return unknown_name("instance", key, known);
    }
    Instance instance;
    const std::string known_key = ref->sheet->key_of(ref->row);
    instance.provider = ref->sheet->text(ref->row, "provider");
    instance.name = ref->sheet->text(ref->row, "instance");
    instance.vcpu = static_cast<int>(number(*impl_, "instances", known_key, "vcpu"));
    instance.memory_gib = number(*impl_, "instances", known_key, "memory_gib");
    instance.chip = ref->sheet->text(ref->row, "accelerator");
    instance.chip_count =
        static_cast<int>(number(*impl_, "instances", known_key, "accelerator_count"));
    instance.idle_w = number(*impl_, "instances", known_key, "idle_w");
    instance.full_w = number(*impl_, "instances", known_key, "full_w");
    instance.provenance = provenance_of(
        *impl_, "instances", known_key, "full_w", "W", "modelled, whole instance at full load");
    if (instance.provenance.source.empty()) {
        const Source* source = ref->sheet->source_of(ref->row);
        instance.provenance.layer = ref->sheet->layer;
        instance.provenance.source = source != nullptr ? source->name : ref->sheet->pack;
        instance.provenance.licence = source != nullptr ? source->licence : ref->sheet->licence;
    }
    return instance;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the table's first two columns in their order; swapped, it is not found
Result<Figure> Tables::coefficient(std::string_view kind, std::string_view name) const {
    const std::string key = std::string(kind) + " " + std::string(name);
    Coefficient found;
    const std::string variant = folded(name) + " (";
    impl_->each("energy_coefficients", [&](const Sheet& sheet, std::size_t row) {
        if (!same_folded(sheet.text(row, "kind"), kind)) return;
        const bool exact = same_folded(sheet.text(row, "name"), name);
        if (!exact && !folded(sheet.text(row, "name")).starts_with(variant)) return;
        found.exact = found.exact || exact;
        found.add(sheet, row);
    });
    if (!found.exact) return unknown_coefficient(*impl_, kind, name);
    found.cell.key = key;
    found.cell.source = joined(found.sources);
    found.cell.licence = joined(found.licences);
    const auto top = impl_->cell("energy_coefficients", key, "value");
    if (top && top->layer != "built-in")
        return make_figure(*top, exactly(top->value), name, found.unit, kind);
    if (found.values.empty() && !found.bounds) return unknown_coefficient(*impl_, kind, name);
    const Ranged range = found.bounds ? *found.bounds : spread_of(found.values);
    return make_figure(found.cell, range, name, found.unit, kind);
}

}  // namespace abate::data
