// `abate export --format model-card`: the co2_eq_emissions block of a Hugging Face model card
// (hub documentation, "Displaying carbon emissions for your model"): grams of CO2 equivalent,
// source, training type, place and hardware.
#include "abate/report/human.h"
#include "abate/report/json_writer.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"
#include "abate/report/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

namespace abate::report {
namespace {

// A double-quoted YAML scalar; JSON strings are a subset of it (YAML 1.2.2, section 1.3).
std::string yaml_text(std::string_view text) {
    JsonWriter json(-1);
    json.text(text);
    return json.take();
}

// The card knows two words: a finetuning run anywhere makes it fine-tuning, any other training is
// pre-training, and without either the line is left out.
std::string training_type(std::span<const RunRecord> records) {
    const auto has = [&](Phase phase) {
        return std::any_of(records.begin(), records.end(), [&](const RunRecord& record) {
            return record.phase == phase;
        });
    };
    if (has(Phase::finetuning) && has(Phase::training)) return "pre-training and fine-tuning";
    if (has(Phase::finetuning)) return "fine-tuning";
    return has(Phase::training) ? "pre-training" : "";
}

template <class Describe>
std::string distinct(std::span<const RunRecord> records, Describe describe) {
    std::set<std::string> seen;
    std::vector<std::string> parts;
    for (const RunRecord& record : records) {
        const std::string words = describe(record);
        if (!words.empty() && seen.insert(words).second) parts.push_back(words);
    }
    return joined(parts, "; ");
}

// "measured; declared": how the energies of the runs came about.
std::string qualities(std::span<const RunRecord> records) {
    return distinct(records, [](const RunRecord& record) {
        return std::string(to_string(record.attributed.quality));
    });
}

// Grams, rounded to four significant digits and never in a form that YAML reads as text.
std::string four_digits(double grams) {
    return significant(std::strtod(fmt::format("{:.3e}", grams).c_str(), nullptr));
}

bool region_unknown(const RunRecord& record) {
    return record.operational && !record.operational->region_known;
}

}  // namespace

std::string model_card_yaml(std::span<const RunRecord> records) {
    const RunsTotal total = total_of(records);
    const bool with_embodied = total.has_embodied();
    std::string out = fmt::format(
        "# {} {} summed: operational, location-based, facility boundary; making of hardware {}.\n",
        total.runs,
        total.runs == 1 ? "run" : "runs",
        with_embodied ? "beside it, two lines below" : "not in it");
    if (total.with_carbon < total.runs) {
        out += fmt::format("# {} of them {} without carbon and not in the sum.\n",
                           total.runs - total.with_carbon,
                           total.runs - total.with_carbon == 1 ? "is" : "are");
    }
    if (total.with_carbon == 0)
        return out + "# No carbon is known, so there is no block to paste.\n";
    out += fmt::format("# Range {} to {} g CO2e.\n",
                       four_digits(total.carbon_kg.low * 1000),
                       four_digits(total.carbon_kg.high * 1000));
    // The hub's key is the operational figure, as other tools fill it; the rest stands in words.
    if (with_embodied)
        out += fmt::format(
            "# Making of hardware, amortised: {} ({} to {}) g CO2e; total {} ({} to {}) g CO2e.\n",
            four_digits(total.embodied_kg.value * 1000),
            four_digits(total.embodied_kg.low * 1000),
            four_digits(total.embodied_kg.high * 1000),
            four_digits(total.total_kg.value * 1000),
            four_digits(total.total_kg.low * 1000),
            four_digits(total.total_kg.high * 1000));
    out += "# Energy: " + qualities(records) + ".\n";
    if (const auto unknown = std::count_if(records.begin(), records.end(), region_unknown)) {
        out +=
            fmt::format("# Region unknown for {} of {}: carbon spans the range over countries.\n",
                        unknown,
                        total.runs);
    }
    out += "co2_eq_emissions:\n";
    out += "  emissions: " + four_digits(total.carbon_kg.value * 1000) + "\n";
    const std::string versions =
        distinct(records, [](const RunRecord& record) { return "abate " + record.abate_version; });
    out += "  source: " + yaml_text(versions) + "\n";
    if (const std::string type = training_type(records); !type.empty()) {
        out += "  training_type: " + yaml_text(type) + "\n";
    }
    const std::string places = distinct(records, [](const RunRecord& record) {
        if (!record.operational) return std::string();
        return record.operational->region_known ? record.region : std::string("unknown");
    });
    if (!places.empty() && places != "unknown")
        out += "  geographical_location: " + yaml_text(places) + "\n";
    const std::string hardware =
        distinct(records, [](const RunRecord& record) { return hardware_words(record.host); });
    if (!hardware.empty()) out += "  hardware_used: " + yaml_text(hardware) + "\n";
    return out;
}

}  // namespace abate::report
