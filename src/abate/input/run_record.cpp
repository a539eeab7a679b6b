// Reads the run record of `report::run_record_json`.
#include "abate/core/clock.h"
#include "abate/core/nearest.h"
#include "abate/input/input.h"
#include "abate/input/json_tree.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace abate::input {
namespace {

constexpr int kMaxMicrojouleDigits = 37;  // 10^37 uJ; a 128-bit count holds 1.7 x 10^38

// One decimal number as sign, digits and power of ten: value = digits x 10^exponent.
struct Decimal {
    bool negative = false;
    std::string digits;  // without leading zeros; empty: zero
    std::int64_t exponent = 0;
};

// REQUIRES: `text` is a JSON number.
Decimal split_decimal(std::string_view text) {
    Decimal out;
    std::size_t at = 0;
    if (at < text.size() && text[at] == '-') {
        out.negative = true;
        ++at;
    }
    bool fraction = false;
    for (; at < text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
        if (text[at] == '.') {
            fraction = true;
            continue;
        }
        if (fraction) --out.exponent;
        if (text[at] != '0' || !out.digits.empty()) out.digits += text[at];
    }
    if (at < text.size()) {
        ++at;
        if (at < text.size() && text[at] == '+') ++at;
        std::int64_t power = 0;
        const auto result = std::from_chars(text.data() + at, text.data() + text.size(), power);
        constexpr std::int64_t kHuge = 1'000'000;
        if (result.ec != std::errc{}) power = text[at] == '-' ? -kHuge : kHuge;
        out.exponent += std::clamp(power, -kHuge, kHuge);
    }
    return out;
}

// Joules as written, in whole microjoules; digits beyond the sixth round half away from zero.
// nullopt: beyond 10^31 J.
std::optional<Microjoules> exact_microjoules(std::string_view text) {
    const Decimal decimal = split_decimal(text);
    const std::int64_t shift = decimal.exponent + 6;
    const auto size = static_cast<std::int64_t>(decimal.digits.size());
    if (decimal.digits.empty() || size + shift < 0) return Microjoules{};
    if (size + shift > kMaxMicrojouleDigits) return std::nullopt;
    const std::int64_t kept = std::min(size, size + shift);
    Int128 count = 0;
    for (std::int64_t i = 0; i < kept; ++i) {
        count = count * 10 + (decimal.digits[static_cast<std::size_t>(i)] - '0');
    }
    for (std::int64_t i = 0; i < shift; ++i) count *= 10;
    if (kept < size && decimal.digits[static_cast<std::size_t>(kept)] >= '5') ++count;
    return Microjoules(decimal.negative ? -count : count);
}

// Walks the tree and keeps the first error; after it, every read is a no-op.
class RecordReader {
  public:
    explicit RecordReader(std::string_view source) : source_(source) {}

    [[nodiscard]] bool failed() const { return error_.has_value(); }
    [[nodiscard]] const Error& error() const { return *error_; }

    void refuse(ErrorCode code, std::string what, const JsonNode& node, std::string hint = {}) {
        if (error_) return;
        error_ = Error{code, std::move(what), line_column(source_, node.offset), std::move(hint)};
    }

    // The member, or nullptr when it is absent or null.
    static const JsonNode* given(const JsonNode& object, std::string_view key) {
        const JsonNode* node = object.find(key);
        return node == nullptr || node->kind == JsonKind::null ? nullptr : node;
    }

    // As `given`, and of the kind wanted; anything else is the error.
    const JsonNode* expect(const JsonNode& object, std::string_view key, JsonKind kind) {
        const JsonNode* node = given(object, key);
        if (node == nullptr || node->kind == kind) return node;
        refuse(
            ErrorCode::parse_error, "'" + std::string(key) + "' must be " + kind_name(kind), *node);
        return nullptr;
    }

    void read(const JsonNode& object, std::string_view key, std::string& out) {
        if (const JsonNode* node = expect(object, key, JsonKind::text)) out = node->text;
    }
    void read(const JsonNode& object, std::string_view key, bool& out) {
        if (const JsonNode* node = expect(object, key, JsonKind::boolean)) out = node->boolean;
    }
    void read(const JsonNode& object, std::string_view key, double& out) {
        const JsonNode* node = expect(object, key, JsonKind::number);
        if (node == nullptr) return;
        const char* end = node->text.data() + node->text.size();
        double value = 0;
        const auto result = std::from_chars(node->text.data(), end, value);
        // "out of range" here is an underflow, as the lexer refuses what overflows.
        if (result.ec == std::errc::result_out_of_range) value = 0;
        out = value;
    }
    template <class Integer>
    void read_integer(const JsonNode& object, std::string_view key, Integer& out) {
        const JsonNode* node = expect(object, key, JsonKind::number);
        if (node == nullptr) return;
        const char* end = node->text.data() + node->text.size();
        Integer value{};
        const auto result = std::from_chars(node->text.data(), end, value);
        if (result.ec != std::errc{} || result.ptr != end) {
            refuse(ErrorCode::out_of_range,
                   "'" + std::string(key) + "' must be a whole number from " +
                       std::to_string(std::numeric_limits<Integer>::min()) + " to " +
                       std::to_string(std::numeric_limits<Integer>::max()),
                   *node);
            return;
        }
        out = value;
    }
    void read(const JsonNode& object, std::string_view key, Microjoules& out) {
        const JsonNode* node = expect(object, key, JsonKind::number);
        if (node == nullptr) return;
        if (const auto exact = exact_microjoules(node->text)) {
            out = *exact;
        } else {
            refuse(
                ErrorCode::out_of_range, "'" + std::string(key) + "' is beyond 1e31 joules", *node);
        }
    }
    void read(const JsonNode& object, std::string_view key, std::optional<double>& out) {
        if (given(object, key) == nullptr) return;
        out.emplace();
        read(object, key, *out);
    }
    void read(const JsonNode& object, std::string_view key, std::optional<int>& out) {
        if (given(object, key) == nullptr) return;
        out.emplace();
        read_integer(object, key, *out);
    }
    void read(const JsonNode& object, std::string_view key, Timestamp& out) {
        const JsonNode* node = expect(object, key, JsonKind::text);
        if (node == nullptr) return;
        if (const Result<Timestamp> time = parse_rfc3339(node->text)) {
            out = *time;
        } else {
            refuse(ErrorCode::parse_error, time.error().what, *node, time.error().hint);
        }
    }
    void read(const JsonNode& object, std::string_view key, RangeKind& out) {
        std::string name;
        read(object, key, name);
        if (name.empty()) return;
        if (name == "bound" || name == "interval90") {
            out = name == "bound" ? RangeKind::bound : RangeKind::interval90;
        } else {
            refuse(ErrorCode::parse_error,
                   "'" + name + "' is not a kind of range",
                   *object.find(key),
                   "Write interval90 or bound");
        }
    }
    // One of a closed list of words, through its parse function.
    template <class E, class Parse>
    void read_word(const JsonNode& object,
                   std::string_view key,
                   E& out,
                   Parse parse,
                   const std::vector<std::string>& words) {
        const JsonNode* node = expect(object, key, JsonKind::text);
        if (node == nullptr) return;
        if (const auto value = parse(node->text)) {
            out = *value;
            return;
        }
        std::string all;
        for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
        refuse(ErrorCode::parse_error,
               "'" + node->text + "' is not a " + std::string(key),
               *node,
               "Write one of " + all);
    }
    void read(const JsonNode& object, std::string_view key, Quality& out) {
        read_word(
            object, key, out, parse_quality, {"measured", "modelled", "estimated", "declared"});
    }
    void read(const JsonNode& object, std::string_view key, std::vector<std::string>& out) {
        for_each(
            object, key, JsonKind::text, [&](const JsonNode& item) { out.push_back(item.text); });
    }

    // f(item) for each item of the list; each must be of `kind`.
    template <class F>
    void for_each(const JsonNode& object, std::string_view key, JsonKind kind, F&& f) {
        const JsonNode* list = expect(object, key, JsonKind::array);
        if (list == nullptr) return;
        for (const JsonNode& item : list->items) {
            if (item.kind != kind) {
                refuse(ErrorCode::parse_error,
                       "each item of '" + std::string(key) + "' must be " + kind_name(kind),
                       item);
                return;
            }
            f(item);
        }
    }

  private:
    static std::string kind_name(JsonKind kind) {
        switch (kind) {
            case JsonKind::null:
                return "null";
            case JsonKind::boolean:
                return "true or false";
            case JsonKind::number:
                return "a number";
            case JsonKind::text:
                return "a string";
            case JsonKind::array:
                return "a list";
            case JsonKind::object:
                return "an object";
        }
        return "a value";
    }

    std::string_view source_;
    std::optional<Error> error_;
};

void read_energy_range(RecordReader& reader,
                       const JsonNode& object,
                       std::string_view value_key,
                       EnergyRange& out) {
    reader.read(object, value_key, out.value);
    out.low = out.value;  // an energy without a range is taken as exact
    out.high = out.value;
    reader.read(object, "low_j", out.low);
    reader.read(object, "high_j", out.high);
    reader.read(object, "range", out.kind);
}

void read_boundary(RecordReader& reader, const JsonNode& object, BoundaryEnergy& out) {
    reader.read(object, "energy_j", out.energy_j);
    out.low_j = out.energy_j;
    out.high_j = out.energy_j;
    reader.read(object, "low_j", out.low_j);
    reader.read(object, "high_j", out.high_j);
    reader.read(object, "range", out.kind);
    reader.read(object, "quality", out.quality);
}

void read_head(RecordReader& reader, const JsonNode& root, RunRecord& out) {
    reader.read(root, "abate_version", out.abate_version);
    std::string run_id;
    reader.read(root, "run_id", run_id);
    if (run_id.empty()) {
        reader.refuse(ErrorCode::parse_error,
                      "'run_id' is missing",
                      root,
                      "This is not a run record of abate");
    }
    out.run_id = RunId{run_id};
    reader.read(root, "command", out.command);
    reader.read(root, "exit_code", out.exit_code);
    reader.read(root, "signal", out.signal);
    reader.read(root, "started_at", out.started_at);
    reader.read(root, "ended_at", out.ended_at);
    reader.read(root, "duration_s", out.duration_s);
    reader.read_word(root,
                     "status",
                     out.status,
                     parse_run_status,
                     {"running", "finished", "failed", "interrupted"});
    reader.read_word(root,
                     "phase",
                     out.phase,
                     parse_phase,
                     {"data", "experimentation", "training", "finetuning", "inference"});
    reader.read(root, "project", out.project);
    if (const JsonNode* labels = reader.expect(root, "labels", JsonKind::object)) {
        for (const auto& [name, value] : labels->members) {
            if (value.kind != JsonKind::text) {
                reader.refuse(
                    ErrorCode::parse_error, "label '" + name + "' must be a string", value);
            }
            out.labels[name] = value.text;
        }
    }
    reader.read(root, "region", out.region);
    reader.read(root, "boundary", out.boundary);
}

void read_host(RecordReader& reader, const JsonNode& root, Host& out) {
    const JsonNode* host = reader.expect(root, "host", JsonKind::object);
    if (host == nullptr) return;
    reader.read(*host, "name", out.name);
    reader.read(*host, "cpu_model", out.cpu_model);
    reader.read_integer(*host, "sockets", out.sockets);
    reader.read_integer(*host, "cpus", out.cpus);
    reader.read_integer(*host, "memory_bytes", out.memory_bytes);
    reader.read(*host, "virtual_machine", out.virtual_machine);
    reader.read(*host, "kind", out.kind);
    reader.read(*host, "os", out.os);
    reader.read(*host, "gpus", out.gpus);
}

DeviceEnergy read_device(RecordReader& reader, const JsonNode& node) {
    DeviceEnergy out;
    reader.read(node, "device", out.device);
    reader.read(node, "name", out.name);
    reader.read(node, "source", out.source);
    reader.read(node, "quality", out.quality);
    read_energy_range(reader, node, "energy_j", out.energy);
    reader.read(node, "gap_s", out.gap_s);
    reader.read(node, "counted", out.counted);
    reader.read(node, "part_of", out.part_of);
    return out;
}

SourceCheck read_check(RecordReader& reader, const JsonNode& node) {
    SourceCheck out;
    reader.read(node, "device", out.device);
    reader.read(node, "counted_source", out.counted_source);
    reader.read(node, "other_source", out.other_source);
    reader.read(node, "ratio", out.ratio);
    reader.read(node, "agree", out.agree);
    return out;
}

void read_energy(RecordReader& reader, const JsonNode& root, RunRecord& out) {
    const JsonNode* energy = reader.expect(root, "energy", JsonKind::object);
    if (energy == nullptr) return;
    read_energy_range(reader, *energy, "total_j", out.energy.total);
    reader.for_each(*energy, "devices", JsonKind::object, [&](const JsonNode& item) {
        out.energy.devices.push_back(read_device(reader, item));
    });
    reader.for_each(*energy, "checks", JsonKind::object, [&](const JsonNode& item) {
        out.checks.push_back(read_check(reader, item));
    });
}

void read_shares(RecordReader& reader, const JsonNode& root, RunRecord& out) {
    if (const JsonNode* job = reader.expect(root, "attributed", JsonKind::object)) {
        reader.read(*job, "method", out.attributed.method);
        reader.read(*job, "cpu_time_s", out.attributed.cpu_time_s);
        reader.read(*job, "active_j", out.attributed.active);
        reader.read(*job, "idle_j", out.attributed.idle);
        read_energy_range(reader, *job, "energy_j", out.attributed.energy);
        reader.read(*job, "quality", out.attributed.quality);
        reader.read(*job, "idle_rule", out.attributed.idle_rule);
        reader.read(*job, "idle_share", out.attributed.idle_share);
    }
    if (const JsonNode* rest = reader.expect(root, "unattributed", JsonKind::object)) {
        reader.read(*rest, "idle_j", out.unattributed.idle);
        reader.read(*rest, "others_j", out.unattributed.others);
        reader.read(*rest, "unknown_j", out.unattributed.unknown);
    }
}

void read_boundaries(RecordReader& reader, const JsonNode& root, RunRecord& out) {
    if (const JsonNode* node = reader.expect(root, "node", JsonKind::object)) {
        out.node.emplace();
        read_boundary(reader, *node, out.node->energy);
        reader.read(*node, "source", out.node->source);
    }
    if (const JsonNode* facility = reader.expect(root, "facility", JsonKind::object)) {
        out.facility.emplace();
        reader.read(*facility, "pue", out.facility->pue);
        out.facility->pue_low = out.facility->pue;
        out.facility->pue_high = out.facility->pue;
        reader.read(*facility, "pue_low", out.facility->pue_low);
        reader.read(*facility, "pue_high", out.facility->pue_high);
        read_boundary(reader, *facility, out.facility->energy);
    }
    reader.for_each(root, "left_running", JsonKind::object, [&](const JsonNode& item) {
        LeftRunning left;
        reader.read_integer(item, "pid", left.pid);
        reader.read(item, "command", left.command);
        out.left_running.push_back(std::move(left));
    });
}

void read_work(RecordReader& reader, const JsonNode& root, Work& out) {
    const JsonNode* work = reader.expect(root, "work", JsonKind::object);
    if (work == nullptr) return;
    reader.read(*work, "flop", out.flop);
    reader.read(*work, "flop_basis", out.flop_basis);
    reader.read(*work, "tokens", out.tokens);
    reader.read(*work, "requests", out.requests);
    reader.read(*work, "source", out.source);
}

// {"value", "low", "high", "range"}; a value alone is exact.
void read_carbon(RecordReader& reader, const JsonNode& carbon, Ranged& out) {
    reader.read(carbon, "value", out.value);
    out.low = out.value;
    out.high = out.value;
    reader.read(carbon, "low", out.low);
    reader.read(carbon, "high", out.high);
    reader.read(carbon, "range", out.kind);
}

void read_operational(RecordReader& reader, const JsonNode& root, RunRecord& record) {
    const JsonNode* node = reader.expect(root, "operational", JsonKind::object);
    if (node == nullptr) return;
    Operational& out = record.operational.emplace();
    Ranged& intensity = out.intensity_gco2e_per_kwh;
    reader.read(*node, "intensity_gco2e_per_kwh", intensity.value);
    intensity.low = intensity.value;
    intensity.high = intensity.value;
    reader.read(*node, "intensity_low_gco2e_per_kwh", intensity.low);
    reader.read(*node, "intensity_high_gco2e_per_kwh", intensity.high);
    reader.read(*node, "intensity_range", intensity.kind);
    reader.read(*node, "intensity_basis", out.intensity_basis);
    reader.read(*node, "region_known", out.region_known);
    if (const JsonNode* carbon = reader.expect(*node, "location_kgco2e", JsonKind::object)) {
        read_carbon(reader, *carbon, out.location_kgco2e);
    }
    reader.read(*node, "market_kgco2e", out.market_kgco2e);
    reader.read(*node, "water_l", out.water_l);
}

// Absent in records before abate 0.2.
void read_embodied(RecordReader& reader, const JsonNode& root, RunRecord& record) {
    if (const JsonNode* node = reader.expect(root, "embodied", JsonKind::object)) {
        EmbodiedRecord& out = record.embodied.emplace();
        if (const JsonNode* carbon = reader.expect(*node, "kgco2e", JsonKind::object))
            read_carbon(reader, *carbon, out.kgco2e);
        reader.read(*node, "boundary", out.boundary);
        reader.read(*node, "lifetime_h", out.lifetime_h);
        reader.read(*node, "utilisation", out.utilisation);
        reader.read(*node, "share", out.share);
        reader.read(*node, "source", out.source);
    }
    if (const JsonNode* total = reader.expect(root, "total_kgco2e", JsonKind::object))
        read_carbon(reader, *total, record.total_kgco2e.emplace());
}

void read_tail(RecordReader& reader, const JsonNode& root, RunRecord& out) {
    if (const JsonNode* meter = reader.expect(root, "meter", JsonKind::object)) {
        reader.read(*meter, "cpu_time_s", out.meter.cpu_time_s);
        reader.read_integer(*meter, "max_rss_bytes", out.meter.max_rss_bytes);
        reader.read_integer(*meter, "samples", out.meter.samples);
        reader.read(*meter, "interval_s", out.meter.interval_s);
    }
    reader.read(root, "notes", out.notes);
    reader.for_each(root, "provenance", JsonKind::object, [&](const JsonNode& item) {
        Provenance row;
        reader.read(item, "figure", row.figure);
        reader.read(item, "value", row.value);
        reader.read(item, "low", row.low);
        reader.read(item, "high", row.high);
        reader.read(item, "unit", row.unit);
        reader.read(item, "key", row.key);
        reader.read(item, "layer", row.layer);
        reader.read(item, "source", row.source);
        reader.read_integer(item, "year", row.year);
        reader.read(item, "basis", row.basis);
        reader.read(item, "licence", row.licence);
        out.provenance.push_back(std::move(row));
    });
}

// The schema decides whether the rest can be understood at all.
void read_schema(RecordReader& reader, const JsonNode& root, RunRecord& out) {
    if (root.kind != JsonKind::object || RecordReader::given(root, "schema") == nullptr) {
        reader.refuse(ErrorCode::parse_error,
                      "'schema' is missing",
                      root,
                      "This is not a run record of abate");
        return;
    }
    reader.read_integer(root, "schema", out.schema);
    if (out.schema > kRunRecordSchema) {
        reader.refuse(ErrorCode::version_mismatch,
                      "the run record has schema " + std::to_string(out.schema) +
                          ", this abate reads up to " + std::to_string(kRunRecordSchema),
                      *root.find("schema"),
                      "Use the abate that wrote it, or a newer one");
    } else if (out.schema < 1) {
        reader.refuse(ErrorCode::out_of_range, "'schema' must be at least 1", *root.find("schema"));
    }
}

}  // namespace

Result<RunRecord> parse_run_record(std::string_view json) {
    const Result<JsonNode> root = read_json(json);
    if (!root) return root.error();
    RecordReader reader(json);
    RunRecord record;
    read_schema(reader, *root, record);
    if (reader.failed()) return reader.error();
    read_head(reader, *root, record);
    read_host(reader, *root, record.host);
    read_energy(reader, *root, record);
    read_shares(reader, *root, record);
    read_boundaries(reader, *root, record);
    read_work(reader, *root, record.work);
    read_operational(reader, *root, record);
    read_embodied(reader, *root, record);
    read_tail(reader, *root, record);
    if (reader.failed()) return reader.error();
    return record;
}

}  // namespace abate::input
