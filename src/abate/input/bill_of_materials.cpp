// The TOML of a bill of materials. Keys: docs/reference/bill_of_materials.md.
#include "abate/input/input.h"
#include "abate/input/toml_reader.h"

#include <fmt/format.h>
#include <toml++/toml.h>

namespace abate::input {
namespace {

constexpr std::size_t kMostParts = 10'000;
constexpr const char* kBillPage = "See docs/reference/bill_of_materials.md";
constexpr Limits kAnyAmount{};

footprint::Part read_part(Reader& reader, const toml::table& table) {
    footprint::Part part;
    part.where = reader.where(table);
    reader.only(table,
                "[[part]]",
                {"kind",
                 "name",
                 "count",
                 "area_mm2",
                 "node_nm",
                 "packages",
                 "gigabytes",
                 "row",
                 "kgco2e",
                 "source"});
    if (table.get("kind") == nullptr)
        reader.refuse(table, "a part has no kind", "Kinds are " + listed(footprint::part_kinds()));
    reader.word(table, "kind", part.kind, footprint::parse_part_kind, footprint::part_kinds());
    reader.read(table, "name", part.name);
    reader.read(table, "count", part.count, kAnyAmount);
    reader.read(table, "area_mm2", part.area_mm2, kAnyAmount);
    reader.read(table, "node_nm", part.node_nm, kAnyAmount);
    reader.read(table, "packages", part.packages, kAnyAmount);
    reader.read(table, "gigabytes", part.gigabytes, kAnyAmount);
    reader.read(table, "row", part.row);
    reader.read(table, "kgco2e", part.kgco2e, kAnyAmount);
    reader.read(table, "source", part.source);
    return part;
}

}  // namespace

Result<footprint::BillOfMaterials> parse_bill(std::string_view text, std::string_view file) {
    Reader reader(file, kBillPage);
    const Result<toml::table> root = reader.parse(text);
    if (!root) return root.error();
    reader.only(*root, "", {"name", "part"});
    footprint::BillOfMaterials bill;
    reader.read(*root, "name", bill.name);
    reader.each(*root, "part", [&](const toml::table& table) {
        if (bill.parts.size() <= kMostParts) bill.parts.push_back(read_part(reader, table));
    });
    if (bill.parts.empty() || bill.parts.size() > kMostParts)
        reader.refuse(*root, "a bill of materials needs 1 to 10000 [[part]]", kBillPage);
    if (reader.error()) return *reader.error();
    return bill;
}

}  // namespace abate::input
