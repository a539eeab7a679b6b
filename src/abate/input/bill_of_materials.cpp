// The TOML of a bill of materials. Keys: docs/reference/bill_of_materials.md.
#include "abate/core/nearest.h"
#include "abate/input/input.h"
#include "abate/input/toml_guard.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>

namespace abate::input {
namespace {

constexpr std::size_t kMostParts = 10'000;
constexpr const char* kPage = "See docs/reference/bill_of_materials.md";

std::string one_line(std::string text) {
    constexpr std::size_t kMost = 60;
    if (text.size() > kMost) text = text.substr(0, kMost) + "...";
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    return text;
}

// One file's walk; keeps the first error.
class BillReader {
  public:
    explicit BillReader(std::string_view file) : file_(file) {}

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

    [[nodiscard]] std::string where(const toml::source_region& region) const {
        return fmt::format("{}:{}:{}", file_, region.begin.line, region.begin.column);
    }

    void refuse(const toml::source_region& region,
                ErrorCode code,
                std::string what,
                std::string hint = kPage) {
        if (!error_) error_ = Error{code, std::move(what), where(region), std::move(hint)};
    }

    void refuse_unknown(const toml::table& table, const std::vector<std::string>& known) {
        for (const auto& [key, node] : table) {
            const std::string name(key.str());
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            refuse(key.source(),
                   ErrorCode::parse_error,
                   "unknown key '" + one_line(name) + "'",
                   fmt::format("Did you mean '{}'?", fmt::join(nearest(name, known, 1), "")));
        }
    }

    void read(const toml::table& table, std::string_view key, std::string& out) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        if (const auto* text = node->as_string()) {
            out = text->get();
        } else {
            refuse(node->source(),
                   ErrorCode::parse_error,
                   fmt::format("'{}' must be a string in quotes", key));
        }
    }

    // A finite number, 0 or more.
    void read(const toml::table& table, std::string_view key, double& out) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        const auto value = node->is_number() ? node->value<double>() : std::nullopt;
        if (!value) {
            refuse(
                node->source(), ErrorCode::parse_error, fmt::format("'{}' must be a number", key));
        } else if (!(*value >= 0) || !std::isfinite(*value)) {
            refuse(node->source(),
                   ErrorCode::out_of_range,
                   fmt::format("'{}' must be a finite number, 0 or more", key));
        } else {
            out = *value;
        }
    }

    void read(const toml::table& table, std::string_view key, std::optional<Ranged>& out) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        const toml::table* range = node->as_table();
        Ranged value;
        if (range == nullptr) {
            read(table, key, value.value);
            value.low = value.high = value.value;
        } else {
            refuse_unknown(*range, {"value", "low", "high"});
            for (const char* part : {"value", "low", "high"})
                if (range->get(part) == nullptr)
                    refuse(node->source(),
                           ErrorCode::parse_error,
                           fmt::format("'{}' must be a number, or value, low and high", key));
            read(*range, "value", value.value);
            read(*range, "low", value.low);
            read(*range, "high", value.high);
            if (!error_ && !(value.low <= value.value && value.value <= value.high))
                refuse(node->source(),
                       ErrorCode::out_of_range,
                       fmt::format("'{}' must have low <= value <= high", key));
        }
        out = value;
    }

    footprint::Part read_part(const toml::table& table) {
        footprint::Part part;
        part.where = where(table.source());
        refuse_unknown(table,
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
        std::string kind;
        read(table, "kind", kind);
        const auto known = footprint::parse_part_kind(kind);
        if (known) {
            part.kind = *known;
        } else if (table.get("kind") == nullptr) {
            refuse(table.source(),
                   ErrorCode::parse_error,
                   "a part has no kind",
                   fmt::format("Kinds are {}", fmt::join(footprint::part_kinds(), ", ")));
        } else {
            refuse(table.get("kind")->source(),
                   ErrorCode::parse_error,
                   "there is no kind of part '" + one_line(kind) + "'",
                   fmt::format("Kinds are {}", fmt::join(footprint::part_kinds(), ", ")));
        }
        read(table, "name", part.name);
        read(table, "count", part.count);
        read(table, "area_mm2", part.area_mm2);
        read(table, "node_nm", part.node_nm);
        read(table, "packages", part.packages);
        read(table, "gigabytes", part.gigabytes);
        read(table, "row", part.row);
        read(table, "kgco2e", part.kgco2e);
        read(table, "source", part.source);
        return part;
    }

  private:
    std::string file_;
    std::optional<Error> error_;
};

}  // namespace

Result<footprint::BillOfMaterials> parse_bill(std::string_view text, std::string_view file) {
    if (const Result<void> flat = check_toml_depth(text, file); !flat) return flat.error();
    BillReader reader(file);
    toml::table root;
    try {
        root = toml::parse(text);
    } catch (const toml::parse_error& problem) {
        return Error{ErrorCode::parse_error,
                     std::string(problem.description()),
                     reader.where(problem.source()),
                     kPage};
    }
    reader.refuse_unknown(root, {"name", "part"});
    footprint::BillOfMaterials bill;
    reader.read(root, "name", bill.name);
    const toml::node* node = root.get("part");
    const toml::array* parts = node == nullptr ? nullptr : node->as_array();
    if (parts == nullptr || parts->empty() || parts->size() > kMostParts) {
        reader.refuse(node == nullptr ? root.source() : node->source(),
                      ErrorCode::parse_error,
                      "a bill of materials needs 1 to 10000 [[part]]");
    } else {
        for (const toml::node& each : *parts) {
            if (const toml::table* table = each.as_table()) {
                bill.parts.push_back(reader.read_part(*table));
            } else {
                reader.refuse(each.source(), ErrorCode::parse_error, "a part must be a table");
            }
        }
    }
    if (reader.error()) return *reader.error();
    return bill;
}

}  // namespace abate::input
