#include "abate/data/data.h"
#include "abate/data/embedded.h"
#include "abate/data/tables_impl.h"
#include "abate/data/words.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

namespace abate::data {
namespace {

constexpr std::array<std::string_view, 3> kPacks = {"core", "odbl", "ccbysa"};

std::vector<Source> sources_from(const CsvView& view) {
    Sheet sheet;
    sheet.view = &view;
    std::vector<Source> sources;
    for (std::size_t row = 0; row < view.rows(); ++row) {
        Source& source = sources.emplace_back();
        source.id = sheet.text(row, "source_id");
        source.name = sheet.text(row, "name");
        source.url = sheet.text(row, "url");
        source.licence = sheet.text(row, "licence");
        source.attribution = sheet.text(row, "attribution");
        source.retrieved_year = parse_year(sheet.text(row, "retrieved").substr(0, 4)).value_or(0);
        source.preference = static_cast<int>(sheet.number(row, "preference"));
    }
    return sources;
}

Sheet make_sheet(const TableSpec& table, const CsvView& view) {
    Sheet sheet;
    sheet.table = &table;
    sheet.view = &view;
    for (std::string_view column : table.key) {
        const auto index = view.column(column);
        ABATE_ASSERT(index.has_value());
        sheet.key.push_back(*index);
    }
    sheet.year = view.column("year");
    sheet.source = view.column("source_id");
    return sheet;
}

std::string row_licence(const Sheet& sheet, std::size_t row) {
    const Source* source = sheet.source_of(row);
    return source != nullptr && !source->licence.empty() ? source->licence : sheet.licence;
}

// The row of a newer year, then the source of smaller preference.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): an order, as operator<
bool holds_over(const Sheet& sheet, std::size_t row, std::size_t best) {
    if (sheet.year_of(row) != sheet.year_of(best)) return sheet.year_of(row) > sheet.year_of(best);
    const Source* now = sheet.source_of(row);
    const Source* before = sheet.source_of(best);
    return now != nullptr && before != nullptr && now->preference < before->preference;
}

// The best row of `sheet` for `key` whose `column` is not empty.
std::optional<std::size_t> best_row(const Sheet& sheet,
                                    std::string_view key,
                                    std::optional<std::size_t> column) {
    std::optional<std::size_t> best;
    // Nearly every row differs in its first letter. Bit 5 is all that tells the cases apart, so what
    // is alike but for case passes here.
    const auto letter = [](std::string_view text) {
        return text.empty() ? 0U : static_cast<unsigned char>(text.front()) | 0x20U;
    };
    const unsigned wanted = letter(key);
    for (std::size_t row = 0; row < sheet.view->rows(); ++row) {
        const std::string_view first = sheet.view->at(row, sheet.key.front());
        if (!first.empty() && letter(first) != wanted) continue;
        if (!sheet.has_key(row, key)) continue;
        if (column && sheet.view->at(row, *column).empty()) continue;
        if (!best || holds_over(sheet, row, *best)) best = row;
    }
    return best;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): row, then column, as everywhere in data
Cell cell_of(const Sheet& sheet, std::size_t row, std::size_t column, int rank) {
    Cell cell;
    cell.text = sheet.view->at(row, column);
    cell.value = parse_number(cell.text).value_or(0);
    cell.key = sheet.key_of(row);
    cell.layer = sheet.layer;
    const Source* source = sheet.source_of(row);
    cell.source = source != nullptr && !source->name.empty() ? source->name : sheet.pack;
    cell.licence = row_licence(sheet, row);
    cell.year = sheet.year_of(row);
    cell.layer_rank = rank;
    return cell;
}

int override_rank(const std::string& layer) {
    if (layer == "organisation") return 1000;
    return layer == "project" ? 1001 : 1002;
}

std::string source_or_unsourced(const Override& cell) {
    return cell.source.empty() ? "unsourced" : cell.source;
}

Row row_from(const Sheet& sheet, std::size_t row) {
    Row out;
    out.table = sheet.table->name;
    out.key = sheet.key_of(row);
    for (std::size_t column = 0; column < sheet.view->header.size(); ++column) {
        const bool in_key =
            std::find(sheet.key.begin(), sheet.key.end(), column) != sheet.key.end();
        if (in_key || (sheet.source && column == *sheet.source)) continue;
        out.columns.emplace_back(sheet.view->header[column], sheet.view->at(row, column));
    }
    out.layer = sheet.layer;
    const Source* source = sheet.source_of(row);
    out.source = source != nullptr ? source->name : "";
    out.licence = row_licence(sheet, row);
    out.pack = sheet.pack;
    return out;
}

Row row_from(const PlacedOverride& placed) {
    Row out;
    out.table = placed.cell.table;
    out.key = placed.cell.key;
    if (!placed.cell.year.empty()) out.columns.emplace_back("year", placed.cell.year);
    out.columns.emplace_back(placed.cell.column, placed.cell.value);
    if (!placed.cell.note.empty()) out.columns.emplace_back("note", placed.cell.note);
    out.layer = placed.layer;
    out.source = source_or_unsourced(placed.cell);
    out.licence = placed.cell.licence;
    out.pack = placed.where;
    return out;
}

bool contains_folded(std::string_view text, std::string_view folded_part) {
    return folded(text).find(folded_part) != std::string::npos;
}

}  // namespace

// --- Sheet

std::string Sheet::key_of(std::size_t row) const {
    std::string text;
    for (std::size_t column : key) {
        if (!text.empty()) text += ' ';
        text += view->at(row, column);
    }
    return text;
}

bool Sheet::has_key(std::size_t row, std::string_view wanted) const {
    for (std::size_t i = 0; i < key.size(); ++i) {
        const std::string_view part = view->at(row, key[i]);
        const bool last = i + 1 == key.size();
        if (wanted.size() < part.size() || !same_folded(wanted.substr(0, part.size()), part))
            return false;
        wanted.remove_prefix(part.size());
        if (last) return wanted.empty();
        if (wanted.empty() || wanted.front() != ' ') return false;
        wanted.remove_prefix(1);
    }
    return false;
}

int Sheet::year_of(std::size_t row) const {
    return year ? parse_year(view->at(row, *year)).value_or(0) : 0;
}

const Source* Sheet::source_of(std::size_t row) const {
    if (sources == nullptr || sources->empty()) return nullptr;
    if (!source) return sources->size() == 1 || layer == "built-in" ? &sources->front() : nullptr;
    return source_named(view->at(row, *source));
}

const Source* Sheet::source_named(std::string_view id) const {
    if (sources == nullptr) return nullptr;
    for (const Source& candidate : *sources)
        if (candidate.id == id) return &candidate;
    return nullptr;
}

std::string_view Sheet::text(std::size_t row, std::string_view column) const {
    const auto index = view->column(column);
    return index ? view->at(row, *index) : std::string_view{};
}

double Sheet::number(std::size_t row, std::string_view column) const {
    return parse_number(text(row, column)).value_or(0);
}

// --- Impl

LayeredTables::LayeredTables() : built_in_(table_specs().size()) {}

const std::vector<Source>& LayeredTables::built_in_sources(std::string_view pack) const {
    const auto index =
        static_cast<std::size_t>(std::find(kPacks.begin(), kPacks.end(), pack) - kPacks.begin());
    ABATE_ASSERT(index < kPacks.size());
    BuiltInSources& entry = sources_[index];
    std::call_once(entry.once, [&] {
        const Result<CsvView> view = scan_csv(embedded_text(pack, "sources"), "built-in sources");
        ABATE_ASSERT(view.has_value());
        entry.sources = sources_from(*view);
    });
    return entry.sources;
}

const Sheet& LayeredTables::built_in(std::size_t index) const {
    BuiltIn& entry = built_in_[index];
    std::call_once(entry.once, [&] {
        const TableSpec& table = table_specs()[index];
        Result<CsvView> view = scan_csv(embedded_text(table.pack, table.name), table.name);
        ABATE_ASSERT(view.has_value());
        entry.view = std::move(view).value();
        entry.sheet = make_sheet(table, entry.view);
        entry.sheet.layer = "built-in";
        entry.sheet.pack = table.pack;
        entry.sheet.sources = &built_in_sources(table.pack);
    });
    return entry.sheet;
}

std::vector<const Sheet*> LayeredTables::sheets(const TableSpec& table) const {
    const auto index = static_cast<std::size_t>(&table - table_specs().data());
    std::vector<const Sheet*> all = {&built_in(index)};
    for (const Sheet& sheet : pack_sheets_)
        if (sheet.table == &table) all.push_back(&sheet);
    return all;
}

std::vector<const Sheet*> LayeredTables::sheets(std::string_view table) const {
    const TableSpec* spec = find_table(table);
    ABATE_REQUIRE(spec != nullptr);
    return sheets(*spec);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as in TABLE/KEY/COLUMN of --set
std::optional<Cell> LayeredTables::cell(std::string_view table,
                                        std::string_view key,
                                        std::string_view column) const {
    for (auto it = overrides.rbegin(); it != overrides.rend(); ++it) {
        if (it->cell.table != table || it->cell.column != column || !same_folded(it->cell.key, key))
            continue;
        Cell cell;
        cell.value = it->value;
        cell.text = it->cell.value;
        cell.key = key;
        cell.layer = it->layer;
        cell.source = source_or_unsourced(it->cell);
        cell.licence = it->cell.licence;
        cell.year = it->year;
        cell.layer_rank = override_rank(it->layer);
        return cell;
    }
    const std::vector<const Sheet*> all = sheets(table);
    for (std::size_t i = all.size(); i-- > 0;) {
        const auto index = all[i]->view->column(column);
        if (!index) continue;
        const auto row = best_row(*all[i], key, index);
        if (row) return cell_of(*all[i], *row, *index, static_cast<int>(i));
    }
    return std::nullopt;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as in TABLE/KEY/COLUMN of --set
std::map<std::string, Cell> LayeredTables::cells(std::string_view table,
                                                 std::string_view column) const {
    std::map<std::string, Cell> out;
    const std::vector<const Sheet*> all = sheets(table);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto index = all[i]->view->column(column);
        if (!index) continue;
        std::map<std::string, std::size_t> best;
        for (std::size_t row = 0; row < all[i]->view->rows(); ++row) {
            if (all[i]->view->at(row, *index).empty()) continue;
            const auto [found, added] = best.emplace(folded(all[i]->key_of(row)), row);
            if (!added && holds_over(*all[i], row, found->second)) found->second = row;
        }
        for (const auto& [key, row] : best)
            out.insert_or_assign(key, cell_of(*all[i], row, *index, static_cast<int>(i)));
    }
    for (const PlacedOverride& placed : overrides) {
        if (placed.cell.table != table || placed.cell.column != column) continue;
        if (auto value = cell(table, placed.cell.key, column))
            out.insert_or_assign(folded(placed.cell.key), *std::move(value));
    }
    return out;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as in TABLE/KEY/COLUMN of --set
std::optional<LayeredTables::RowRef> LayeredTables::row(std::string_view table,
                                                        std::string_view key) const {
    const std::vector<const Sheet*> all = sheets(table);
    for (std::size_t i = all.size(); i-- > 0;) {
        const auto found = best_row(*all[i], key, std::nullopt);
        if (found) return RowRef{all[i], *found};
    }
    return std::nullopt;
}

void LayeredTables::each(std::string_view table,
                         const std::function<void(const Sheet&, std::size_t)>& f) const {
    for (const Sheet* sheet : sheets(table))
        for (std::size_t row = 0; row < sheet->view->rows(); ++row) f(*sheet, row);
}

Result<void> LayeredTables::check_key(const TableSpec& table,
                                      std::string_view key,
                                      const std::string& where) const {
    // An annual intensity may be set for any grid that has a name, rows or none.
    const bool names_a_grid = table.name == "grid_intensity_annual" &&
                              (row("places", key).has_value() || row("zones", key).has_value());
    if (names_a_grid) return {};
    std::vector<std::string> known;
    for (const Sheet* sheet : sheets(table)) {
        for (std::size_t row = 0; row < sheet->view->rows(); ++row) {
            if (sheet->has_key(row, key)) return {};
            known.push_back(sheet->key_of(row));
        }
    }
    return unknown_name("key of " + std::string(table.name), key, known, where);
}

Result<void> LayeredTables::add_overrides(std::vector<PlacedOverride> more) {
    for (PlacedOverride& placed : more) {
        Result<void> known = check_key(*placed.table, placed.cell.key, placed.where);
        if (!known) return known;
        overrides.push_back(std::move(placed));
    }
    return {};
}

Result<void> LayeredTables::add_pack(const std::string& folder) {
    Result<Pack> read = read_pack(folder);
    if (!read) return read.error();
    packs.push_back(std::move(read).value());
    const Pack& pack = packs.back();
    std::vector<Source>& sources = pack_sources_.emplace_back();
    for (const PackFile& file : pack.files)
        if (file.table == nullptr) sources = sources_from(file.view);
    for (const PackFile& file : pack.files) {
        if (file.table == nullptr) continue;
        Sheet& sheet = pack_sheets_.emplace_back(make_sheet(*file.table, file.view));
        sheet.layer = "pack";
        sheet.pack = pack.name;
        sheet.licence = pack.licence;
        sheet.attribution = pack.attribution;
        sheet.sources = &sources;
    }
    return {};
}

Result<void> LayeredTables::add_layers(const Layers& layers) {
    packs.reserve(layers.packs.size());  // sheets point into the packs
    for (const std::string& folder : layers.packs) {
        Result<void> added = add_pack(folder);
        if (!added) return added;
    }
    const std::array<std::pair<std::string_view, const std::string*>, 2> files = {
        {{"organisation", &layers.organisation}, {"project", &layers.project}}};
    for (const auto& [layer, path] : files) {
        if (path->empty()) continue;
        const Result<std::string> text = read_text(*path);
        if (!text) return text.error();
        Result<std::vector<PlacedOverride>> parsed = parse_overrides(*text, *path, layer);
        if (!parsed) return parsed.error();
        Result<void> added = add_overrides(std::move(parsed).value());
        if (!added) return added;
        override_files.push_back(*path);
    }
    for (const std::string& option : layers.options) {
        Result<PlacedOverride> parsed = parse_option(option);
        if (!parsed) return parsed.error();
        Result<void> added = add_overrides({std::move(parsed).value()});
        if (!added) return added;
    }
    return {};
}

Figure make_figure(
    const Cell& cell,
    const Ranged& range,
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a figure is named, then its unit, then its basis, everywhere in data
    std::string_view figure,
    std::string_view unit,
    std::string_view basis) {
    Figure out;
    out.range = range;
    out.provenance.figure = figure;
    out.provenance.value = range.value;
    out.provenance.low = range.low;
    out.provenance.high = range.high;
    out.provenance.unit = unit;
    out.provenance.key = cell.key;
    out.provenance.layer = cell.layer;
    out.provenance.source = cell.source;
    out.provenance.year = cell.year;
    out.provenance.basis = basis;
    out.provenance.licence = cell.licence;
    return out;
}

// --- Tables

Tables::Tables(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tables::~Tables() = default;
Tables::Tables(Tables&&) noexcept = default;
Tables& Tables::operator=(Tables&&) noexcept = default;

Result<Tables> Tables::load(const Layers& layers) {
    auto impl = std::make_unique<Impl>();
    Result<void> added = impl->add_layers(layers);
    if (!added) return added.error();
    return Result<Tables>(Tables(std::move(impl)));
}

std::vector<TableInfo> Tables::tables() const {
    std::vector<TableInfo> infos;
    for (const TableSpec& spec : table_specs()) {
        for (const Sheet* sheet : impl_->sheets(spec)) {
            TableInfo& info = infos.emplace_back();
            info.name = spec.name;
            info.pack = sheet->pack;
            info.unit = spec.unit;
            info.rows = sheet->view->rows();
            std::set<std::string> licences;
            std::set<std::string> attributions;
            if (!sheet->attribution.empty()) attributions.insert(sheet->attribution);
            for (std::size_t row = 0; row < info.rows; ++row) {
                const std::string licence = row_licence(*sheet, row);
                if (!licence.empty()) licences.insert(licence);
                const Source* source = sheet->source_of(row);
                if (source != nullptr && !source->attribution.empty())
                    attributions.insert(source->attribution);
                const int year = sheet->year_of(row);
                if (year == 0) continue;
                info.first_year = info.first_year == 0 ? year : std::min(info.first_year, year);
                info.last_year = std::max(info.last_year, year);
            }
            for (const std::string& licence : licences)
                info.licence += (info.licence.empty() ? "" : ", ") + licence;
            for (const std::string& attribution : attributions)
                info.attribution += (info.attribution.empty() ? "" : "; ") + attribution;
        }
    }
    return infos;
}

namespace {

Result<const TableSpec*> known_table(std::string_view name) {
    const TableSpec* spec = find_table(name);
    if (spec != nullptr) return spec;
    std::vector<std::string> names;
    for (const TableSpec& table : table_specs()) names.emplace_back(table.name);
    return unknown_name("table", name, names);
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the table, then what to look for in it; swapped, it is not found
Result<std::vector<Row>> Tables::rows(std::string_view table, std::string_view filter) const {
    const Result<const TableSpec*> spec = known_table(table);
    if (!spec) return spec.error();
    const std::string wanted = folded(filter);
    std::vector<Row> found;
    impl_->each((*spec)->name, [&](const Sheet& sheet, std::size_t row) {
        const bool named =
            !(*spec)->named.empty() && contains_folded(sheet.text(row, (*spec)->named), wanted);
        if (wanted.empty() || named || contains_folded(sheet.key_of(row), wanted))
            found.push_back(row_from(sheet, row));
    });
    for (const PlacedOverride& placed : impl_->overrides)
        if (placed.table == *spec && (wanted.empty() || contains_folded(placed.cell.key, wanted)))
            found.push_back(row_from(placed));
    return found;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as in TABLE/KEY/COLUMN of --set; swapped, it is not found
Result<std::vector<Row>> Tables::show(std::string_view table, std::string_view key) const {
    const Result<const TableSpec*> spec = known_table(table);
    if (!spec) return spec.error();
    std::vector<Row> found;
    impl_->each((*spec)->name, [&](const Sheet& sheet, std::size_t row) {
        if (sheet.has_key(row, key)) found.push_back(row_from(sheet, row));
    });
    for (const PlacedOverride& placed : impl_->overrides)
        if (placed.table == *spec && same_folded(placed.cell.key, key))
            found.push_back(row_from(placed));
    if (!found.empty()) return found;
    Result<void> known = impl_->check_key(**spec, key, {});
    if (!known) return known.error();
    return Error{ErrorCode::not_found,
                 "no row of " + std::string(table) + " is for \"" + std::string(key) + "\"",
                 "",
                 "`abate data show " + std::string(key) + "` tells which table answers."};
}

Result<void> Tables::check_override(const Override& wanted) const {
    PlacedOverride placed;
    placed.cell = wanted;
    Result<void> resolved = resolve(placed);
    if (!resolved) return resolved;
    return impl_->check_key(*placed.table, wanted.key, {});
}

}  // namespace abate::data
