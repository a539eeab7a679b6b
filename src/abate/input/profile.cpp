#include "abate/core/plain_text.h"
#include "abate/data/data.h"
#include "abate/input/input.h"
#include "abate/input/toml_guard.h"
#include "abate/input/toml_number.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <charconv>
#include <cmath>

namespace abate::input {
namespace {

// Watts of one machine, or watts per GB: nothing real lies beyond.
constexpr double kMostWatts = 100'000;

Error wrong(std::string what, std::string_view file, const toml::node* node) {
    std::string where(file);
    if (node != nullptr)
        where += fmt::format(":{}:{}", node->source().begin.line, node->source().begin.column);
    return {ErrorCode::parse_error,
            std::move(what),
            where,
            "Write the profile anew with `abate calibrate`"};
}

std::optional<double> number(const toml::node* node) {
    if (node == nullptr) return std::nullopt;
    const std::optional<double> value = toml_number(*node);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

// table[key] = { value, low, high } with 0 <= low <= value <= high <= most. What is missing is
// looked for where its table stands.
Result<Ranged> range(const toml::table& owner,
                     const char* key,
                     double most,
                     std::string_view file) {
    const toml::node* node = owner.get(key);
    const toml::table* table = node == nullptr ? nullptr : node->as_table();
    if (table == nullptr)
        return wrong(fmt::format("{} is not {{ value, low, high }}", key),
                     file,
                     node == nullptr ? &owner : node);
    const auto value = number(table->get("value"));
    const auto low = number(table->get("low"));
    const auto high = number(table->get("high"));
    if (!value || !low || !high || *low < 0 || *low > *value || *value > *high || *high > most) {
        return wrong(
            fmt::format("{} must have 0 <= low <= value <= high <= {}", key, most), file, node);
    }
    return Ranged{.value = *value, .low = *low, .high = *high, .kind = RangeKind::interval90};
}

Result<void> read_points(const toml::table& root,
                         std::string_view file,
                         meter::PowerProfile& profile) {
    const toml::array* points = root["points"].as_array();
    if (points == nullptr || points->size() < 2 || points->size() > 1000)
        return wrong("a profile needs 2 to 1000 [[points]]", file, points);
    for (const toml::node& node : *points) {
        const toml::table* point = node.as_table();
        const auto load = point == nullptr ? std::nullopt : number(point->get("utilisation"));
        if (!load || *load < 0 || *load > 1)
            return wrong("utilisation must lie between 0 and 1", file, &node);
        if (!profile.points.empty() && *load <= profile.points.back().utilisation)
            return wrong("utilisation must rise from point to point", file, &node);
        const Result<Ranged> watts = range(*point, "watts", kMostWatts, file);
        if (!watts) return watts.error();
        profile.points.push_back({*load, *watts});
    }
    if (profile.points.front().utilisation != 0 || profile.points.back().utilisation != 1)
        return wrong("the points must reach from utilisation 0 to 1", file, points);
    return {};
}

}  // namespace

Result<meter::PowerProfile> parse_profile(std::string_view text, std::string_view file) {
    if (const Result<void> flat = check_toml_depth(text, file); !flat) return flat.error();
    toml::table root;
    try {
        root = toml::parse(text, file);
    } catch (const toml::parse_error& error) {
        return Error{
            ErrorCode::parse_error,
            std::string(error.description()),
            fmt::format("{}:{}:{}", file, error.source().begin.line, error.source().begin.column),
            "Write the profile anew with `abate calibrate`"};
    }
    const auto schema = root["schema"].value<std::int64_t>();
    if (!schema) return wrong("the profile names no schema", file, nullptr);
    if (*schema != 1) {
        return Error{ErrorCode::version_mismatch,
                     fmt::format("the profile has schema {}, this abate knows 1", *schema),
                     std::string(file),
                     "Use the abate that wrote it, or calibrate anew"};
    }
    meter::PowerProfile profile;
    profile.name = root["name"].value_or(std::string());
    profile.cpu_model = root["cpu_model"].value_or(std::string());
    profile.fitted_at = root["fitted_at"].value_or(std::string());
    profile.source = root["source"].value_or(std::string());
    profile.wall_source = root["wall_source"].value_or(std::string());
    const auto cpus = root["cpus"].value<std::int64_t>();
    if (!cpus || *cpus < 1 || *cpus > 65536)
        return wrong("cpus must be a whole number from 1 to 65536", file, root.get("cpus"));
    profile.cpus = static_cast<int>(*cpus);
    const auto residual = number(root.get("residual"));
    if (!residual || *residual < 0 || *residual > 10)
        return wrong("residual must lie between 0 and 10", file, root.get("residual"));
    profile.residual = *residual;
    if (root.get("dram_w_per_gb") != nullptr) {
        const Result<Ranged> dram = range(root, "dram_w_per_gb", 100, file);
        if (!dram) return dram.error();
        profile.dram_w_per_gb = *dram;
        profile.dram_w_per_gb.kind = RangeKind::bound;  // least and most of the load levels
    }
    if (root.get("node_ratio") != nullptr) {
        const Result<Ranged> ratio = range(root, "node_ratio", 10, file);
        if (!ratio) return ratio.error();
        profile.node_ratio = *ratio;
    }
    if (const Result<void> points = read_points(root, file, profile); !points)
        return points.error();
    return profile;
}

Result<meter::PowerTrace> parse_power_trace(std::string_view text, std::string_view file) {
    const Result<data::CsvTable> table = data::parse_csv(text, file);
    if (!table) return table.error();
    const auto column = [&](std::string_view name) {
        const auto at = std::find(table->header.begin(), table->header.end(), name);
        return at == table->header.end() ? std::string::npos
                                         : static_cast<std::size_t>(at - table->header.begin());
    };
    const std::size_t time = column("time");
    const std::size_t watts = column("watts");
    if (time == std::string::npos || watts == std::string::npos) {
        return Error{ErrorCode::parse_error,
                     "the file has no columns time and watts",
                     std::string(file) + ":1",
                     "Begin it with the line time,watts"};
    }
    meter::PowerTrace trace;
    for (std::size_t i = 0; i < table->rows.size(); ++i) {
        const std::string where = fmt::format("{}:{}", file, table->lines[i]);
        const std::string& when = table->rows[i][time];
        const std::string& value = table->rows[i][watts];
        double power = 0;
        const auto parsed = std::from_chars(value.data(), value.data() + value.size(), power);
        if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size() ||
            !std::isfinite(power) || power < 0 || power > 1e6) {
            return Error{ErrorCode::parse_error,
                         fmt::format("'{}' is no power in watts", short_text(value)),
                         where,
                         "Write watts as a number from 0 to 1000000"};
        }
        double epoch = 0;
        const auto seconds = std::from_chars(when.data(), when.data() + when.size(), epoch);
        Timestamp at;
        if (seconds.ec == std::errc() && seconds.ptr == when.data() + when.size() &&
            std::isfinite(epoch) && epoch > 0 && epoch < 1e11) {
            at.us = std::llround(epoch * 1e6);
        } else {
            const Result<Timestamp> stamp = parse_rfc3339(when);
            if (!stamp)
                return Error{ErrorCode::parse_error,
                             fmt::format("'{}' is no time", short_text(when)),
                             where,
                             "Use RFC 3339 or seconds since 1970"};
            at = *stamp;
        }
        if (!trace.at.empty() && at < trace.at.back())
            return Error{
                ErrorCode::parse_error, "the times do not rise", where, "Sort the file by time"};
        trace.at.push_back(at);
        trace.watts.push_back(power);
    }
    return trace;
}

}  // namespace abate::input
