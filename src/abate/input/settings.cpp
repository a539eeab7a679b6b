// abate.toml, the user's file and the environment. Keys: docs/reference/configuration.md.
#include "abate/core/nearest.h"
#include "abate/core/plain_text.h"
#include "abate/input/input.h"
#include "abate/input/toml_guard.h"
#include "abate/input/toml_number.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace abate::input {
namespace {

// One file's walk; keeps the first error.
class SettingsReader {
  public:
    explicit SettingsReader(std::string_view file_name) : file_name_(file_name) {}

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }

    void refuse(const toml::source_region& region,
                ErrorCode code,
                std::string what,
                std::string hint) {
        if (!error_) error_ = Error{code, std::move(what), where(region), std::move(hint)};
    }

    [[nodiscard]] std::string where(const toml::source_region& region) const {
        return file_name_ + ":" + std::to_string(region.begin.line) + ":" +
               std::to_string(region.begin.column);
    }

    // Refuses every key of `table` that is not in `known`. `prefix`: "" or "node.".
    void refuse_unknown(const toml::table& table,
                        const std::string& prefix,
                        const std::vector<std::string>& known) {
        for (const auto& [key, node] : table) {
            const std::string name(key.str());
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            const std::vector<std::string> near = nearest(name, known, 1);
            refuse(key.source(),
                   ErrorCode::parse_error,
                   "unknown setting '" + prefix + short_text(name) + "'",
                   near.empty() ? "Known are " + listed(known)
                                : "Did you mean '" + prefix + near.front() + "'?");
        }
    }

    void read(const toml::table& table, std::string_view key, std::string& out) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        if (const auto* text = node->as_string()) {
            out = text->get();
        } else {
            refuse_kind(*node, key, "a string in quotes");
        }
    }

    // A string that `parse` understands.
    template <class T, class Parse>
    void read(const toml::table& table, std::string_view key, std::optional<T>& out, Parse parse) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        std::string text;
        if (const auto* string = node->as_string()) {
            text = string->get();
        } else if (node->is_number() && accepts_number(key)) {
            std::array<char, 32> written{};
            const double number = toml_number(*node).value_or(0);
            const auto end =
                std::to_chars(written.data(), written.data() + written.size(), number).ptr;
            text.assign(written.data(), end);
        } else {
            refuse_kind(*node, key, accepts_number(key) ? "a number" : "a string in quotes");
            return;
        }
        const Result<T> value = parse(text);
        if (value) {
            out = *value;
        } else {
            refuse(node->source(), value.error().code, value.error().what, value.error().hint);
        }
    }

    void read(const toml::table& table, std::string_view key, std::vector<std::string>& out) {
        const toml::node* node = table.get(key);
        if (node == nullptr) return;
        const toml::array* list = node->as_array();
        if (list == nullptr) {
            refuse_kind(*node, key, "a list of strings");
            return;
        }
        for (const toml::node& item : *list) {
            if (const auto* text = item.as_string()) {
                out.push_back(text->get());
            } else {
                refuse_kind(item, key, "a list of strings");
            }
        }
    }

    // The sub-table, or nullptr.
    const toml::table* table(const toml::table& parent, std::string_view key) {
        const toml::node* node = parent.get(key);
        if (node == nullptr) return nullptr;
        if (!node->is_table()) refuse_kind(*node, key, "a table, [" + std::string(key) + "]");
        return node->as_table();
    }

  private:
    static bool accepts_number(std::string_view key) {
        return key == "pue" || key == "market" || key == "utilisation" || key == "host_kgco2e";
    }

    static std::string listed(const std::vector<std::string>& names) {
        std::string out;
        for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
        return out;
    }

    void refuse_kind(const toml::node& node, std::string_view key, const std::string& wanted) {
        refuse(node.source(),
               ErrorCode::parse_error,
               "'" + std::string(key) + "' must be " + wanted,
               "See docs/reference/configuration.md");
    }

    std::string file_name_;
    std::optional<Error> error_;
};

const std::vector<std::string>& node_sources() {
    static const std::vector<std::string> kSources{"redfish", "ipmi", "cray", "hwmon", "none"};
    return kSources;
}

Result<std::string> parse_node_source(std::string_view text) {
    const auto& known = node_sources();
    if (std::find(known.begin(), known.end(), text) != known.end()) return std::string(text);
    return Error{ErrorCode::parse_error,
                 "'" + short_text(text) + "' is not a node counter",
                 "",
                 "Write one of redfish, ipmi, cray, hwmon, none"};
}

// A server with its flash is a few tonnes.
Result<double> parse_host_kgco2e(std::string_view text) {
    constexpr double kMostKg = 1e6;
    Result<double> kg = parse_count(text);
    if (!kg) return kg;
    if (*kg <= kMostKg) return kg;
    return Error{ErrorCode::out_of_range,
                 "a host of more than 1e6 kg CO2e is not possible",
                 "",
                 "kg CO2e of making one machine, as its maker publishes it"};
}

void read_labels(SettingsReader& reader, const toml::table& root, Settings& out) {
    const toml::table* labels = reader.table(root, "labels");
    if (labels == nullptr) return;
    for (const auto& [key, node] : *labels) {
        const auto* text = node.as_string();
        if (text == nullptr) {
            reader.refuse(node.source(),
                          ErrorCode::parse_error,
                          "a label must be a string in quotes",
                          "Write it like team = \"vision\"");
            continue;
        }
        const auto label = parse_label(std::string(key.str()) + "=" + text->get());
        if (label) {
            out.labels.insert(*label);
        } else {
            reader.refuse(key.source(), label.error().code, label.error().what, label.error().hint);
        }
    }
}

void read_node(SettingsReader& reader, const toml::table& root, Settings& out) {
    const toml::table* node = reader.table(root, "node");
    if (node == nullptr) return;
    reader.refuse_unknown(
        *node, "node.", {"source", "redfish_url", "redfish_user", "redfish_password_file"});
    std::optional<std::string> source;
    reader.read(*node, "source", source, parse_node_source);
    out.node_source = source.value_or("");
    reader.read(*node, "redfish_url", out.redfish_url);
    reader.read(*node, "redfish_user", out.redfish_user);
    reader.read(*node, "redfish_password_file", out.redfish_password_file);
}

void read_data(SettingsReader& reader, const toml::table& root, Settings& out) {
    const toml::table* data = reader.table(root, "data");
    if (data == nullptr) return;
    reader.refuse_unknown(*data, "data.", {"organisation", "packs"});
    reader.read(*data, "organisation", out.organisation_data);
    reader.read(*data, "packs", out.packs);
}

void read_intensity(SettingsReader& reader, const toml::table& root, Settings& out) {
    const toml::table* intensity = reader.table(root, "intensity");
    if (intensity == nullptr) return;
    reader.refuse_unknown(*intensity, "intensity.", {"hourly", "market", "token_file", "url"});
    reader.read(*intensity, "hourly", out.hourly);
    reader.read(*intensity, "market", out.market, parse_intensity_g_per_kwh);
    reader.read(*intensity, "token_file", out.intensity_token_file);
    reader.read(*intensity, "url", out.intensity_url);
}

// "a:b" -> {"a", "b"}, empty parts left out.
std::vector<std::string> split_at(std::string_view text, char separator) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

Error of_variable(const Error& error, const char* name) {
    Error out = error;
    out.where = name;
    return out;
}

}  // namespace

Result<Settings> parse_settings(std::string_view text, std::string_view file_name) {
    SettingsReader reader(file_name);
    if (const Result<void> flat = check_toml_depth(text, file_name); !flat) return flat.error();
    toml::table root;
    try {
        root = toml::parse(text);
    } catch (const toml::parse_error& problem) {
        return Error{ErrorCode::parse_error,
                     std::string(problem.description()),
                     reader.where(problem.source()),
                     "The file is TOML; see docs/reference/configuration.md"};
    }
    reader.refuse_unknown(root,
                          "",
                          {"region",
                           "project",
                           "pue",
                           "interval",
                           "lifetime",
                           "utilisation",
                           "host_kgco2e",
                           "labels",
                           "node",
                           "data",
                           "intensity"});
    Settings out;
    reader.read(root, "region", out.region);
    reader.read(root, "project", out.project);
    reader.read(root, "pue", out.pue, parse_pue);
    reader.read(root, "interval", out.interval_ns, parse_duration_ns);
    reader.read(root, "lifetime", out.lifetime_h, parse_lifetime_h);
    reader.read(root, "utilisation", out.utilisation, parse_utilisation);
    reader.read(root, "host_kgco2e", out.host_kgco2e, parse_host_kgco2e);
    read_labels(reader, root, out);
    read_node(reader, root, out);
    read_data(reader, root, out);
    read_intensity(reader, root, out);
    if (reader.error()) return *reader.error();
    return out;
}

Result<Settings> environment_settings(const EnvironmentLookup& lookup) {
    Settings out;
    out.region = lookup("ABATE_REGION");
    out.project = lookup("ABATE_PROJECT");
    out.redfish_url = lookup("ABATE_REDFISH_URL");
    out.redfish_user = lookup("ABATE_REDFISH_USER");
    out.redfish_password_file = lookup("ABATE_REDFISH_PASSWORD_FILE");
    out.organisation_data = lookup("ABATE_ORGANISATION_DATA");
    out.packs = split_at(lookup("ABATE_PACKS"), ':');
    if (const std::string text = lookup("ABATE_PUE"); !text.empty()) {
        const Result<double> pue = parse_pue(text);
        if (!pue) return of_variable(pue.error(), "ABATE_PUE");
        out.pue = *pue;
    }
    out.hourly = lookup("ABATE_HOURLY");
    out.intensity_token_file = lookup("ABATE_INTENSITY_TOKEN_FILE");
    out.intensity_url = lookup("ABATE_INTENSITY_URL");
    if (const std::string text = lookup("ABATE_MARKET_INTENSITY"); !text.empty()) {
        const Result<double> market = parse_intensity_g_per_kwh(text);
        if (!market) return of_variable(market.error(), "ABATE_MARKET_INTENSITY");
        out.market = *market;
    }
    if (const std::string text = lookup("ABATE_INTERVAL"); !text.empty()) {
        const Result<std::int64_t> interval = parse_duration_ns(text);
        if (!interval) return of_variable(interval.error(), "ABATE_INTERVAL");
        out.interval_ns = *interval;
    }
    struct Number {
        const char* name;
        std::optional<double>& value;
        Result<double> (*parse)(std::string_view);
    };
    for (const Number& number : {Number{"ABATE_LIFETIME", out.lifetime_h, parse_lifetime_h},
                                 Number{"ABATE_UTILISATION", out.utilisation, parse_utilisation},
                                 Number{"ABATE_HOST_KGCO2E", out.host_kgco2e, parse_host_kgco2e}}) {
        const std::string text = lookup(number.name);
        if (text.empty()) continue;
        const Result<double> value = number.parse(text);
        if (!value) return of_variable(value.error(), number.name);
        number.value = *value;
    }
    if (const std::string text = lookup("ABATE_NODE_SOURCE"); !text.empty()) {
        const Result<std::string> source = parse_node_source(text);
        if (!source) return of_variable(source.error(), "ABATE_NODE_SOURCE");
        out.node_source = *source;
    }
    for (const std::string& text : split_at(lookup("ABATE_LABELS"), ',')) {
        const auto label = parse_label(text);
        if (!label) return of_variable(label.error(), "ABATE_LABELS");
        out.labels[label->first] = label->second;
    }
    return out;
}

Settings merged(const SettingsPair& layers) {
    const auto& [lower, upper] = layers;
    Settings out = lower;
    const auto text = [](std::string& below, const std::string& above) {
        if (!above.empty()) below = above;
    };
    text(out.region, upper.region);
    text(out.project, upper.project);
    text(out.node_source, upper.node_source);
    text(out.redfish_url, upper.redfish_url);
    text(out.redfish_user, upper.redfish_user);
    text(out.redfish_password_file, upper.redfish_password_file);
    text(out.organisation_data, upper.organisation_data);
    text(out.hourly, upper.hourly);
    text(out.intensity_token_file, upper.intensity_token_file);
    text(out.intensity_url, upper.intensity_url);
    if (upper.market) out.market = upper.market;
    if (upper.pue) out.pue = upper.pue;
    if (upper.interval_ns) out.interval_ns = upper.interval_ns;
    if (upper.lifetime_h) out.lifetime_h = upper.lifetime_h;
    if (upper.utilisation) out.utilisation = upper.utilisation;
    if (upper.host_kgco2e) out.host_kgco2e = upper.host_kgco2e;
    if (!upper.packs.empty()) out.packs = upper.packs;
    for (const auto& [key, value] : upper.labels) out.labels[key] = value;
    return out;
}

}  // namespace abate::input
