// `abate estimate`: as JSON, and as text with the answer first.
#include "abate/footprint/footprint.h"
#include "abate/report/human.h"
#include "abate/report/json_range.h"
#include "abate/report/json_writer.h"
#include "abate/report/provenance.h"
#include "abate/report/report.h"
#include "abate/report/text_tools.h"

#include <fmt/format.h>

namespace abate::report {
namespace {

using footprint::Estimate;

void write_head(JsonWriter& json, const Estimate& estimate) {
    json.key("kind").text(estimate.kind);
    if (!estimate.model.empty()) json.key("model").text(estimate.model);
    json.key("chip").text(estimate.chip.name);
    if (estimate.chips > 0) json.key("chips").number(estimate.chips);
    json.key("precision").text(to_string(estimate.precision));
    json.key("params").number(estimate.params_total);
    json.key("params_active").number(estimate.params_active);
    if (estimate.kind == "inference") {
        json.key("batch").number(estimate.batch);
        json.key("input_tokens").number(estimate.input_tokens);
        json.key("output_tokens").number(estimate.output_tokens);
    } else {
        json.key("tokens").number(estimate.tokens);
    }
}

void write_operational(JsonWriter& json, const Estimate& estimate) {
    const footprint::Chain& chain = estimate.chain;
    json.key("operational").begin_object();
    put_range(json, "intensity_gco2e_per_kwh", estimate.site.intensity.range);
    json.key("region_known").boolean(estimate.site.known());
    put_range(json, "location_kgco2e", chain.location_kgco2e);
    put_range(json, "scope2_kgco2e", chain.scope2_kgco2e);
    put_range(json, "market_kgco2e", chain.market_kgco2e);
    put_number(json, "water_l", chain.water_l);
    json.end_object();
}

Ranged in_joules(const Ranged& kwh) {
    return {.value = kwh.value * kJoulesPerKilowattHour,
            .low = kwh.low * kJoulesPerKilowattHour,
            .high = kwh.high * kJoulesPerKilowattHour,
            .kind = kwh.kind};
}

std::string plain_range(const Ranged& range, int digits = 3) {
    if (range.low == range.value && range.high == range.value)
        return significant(range.value, digits);
    return fmt::format("{} ({} to {})",
                       significant(range.value, digits),
                       significant(range.low, digits),
                       significant(range.high, digits));
}

// As the options take it: "7B", "2T", "8.03B".
std::string count_words(double count) {
    for (const auto& [size, letter] :
         {std::pair{1e12, "T"}, std::pair{1e9, "B"}, std::pair{1e6, "M"}, std::pair{1e4, "K"}}) {
        if (count >= size) {
            const double scaled = count / (letter[0] == 'K' ? 1e3 : size);
            if (scaled < 1e4) return fmt::format("{:.4g}{}", scaled, letter);
        }
    }
    return human_count(count);
}

std::string basis_line(const Provenance& row) {
    std::string out = fmt::format("{} {} {}", row.figure, significant(row.value), row.unit);
    if (row.low != row.value || row.high != row.value)
        out += fmt::format(" ({} to {})", significant(row.low, 3), significant(row.high, 3));
    std::vector<std::string> parts;
    for (const std::string& part : {row.key, row.basis, row.source})
        if (!part.empty()) parts.push_back(part);
    if (row.year != 0) parts.push_back(std::to_string(row.year));
    if (!row.licence.empty()) parts.push_back(row.licence);
    return printable(out + ": " + joined(parts, "; "));
}

class Text {
  public:
    explicit Text(bool color) : color_(color) {}
    void title(std::string_view words) {
        out_ += color_ ? fmt::format("\n\x1b[1m{}\x1b[0m\n", words) : fmt::format("\n{}\n", words);
    }
    void row(std::string_view name, const std::string& value) {
        out_ += "  " + padded(name, 18) + value + "\n";
    }
    void line(const std::string& words) { out_ += words + "\n"; }
    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    bool color_;
    std::string out_;
};

std::string chips_words(const Estimate& estimate) {
    if (!(estimate.chips > 0)) return estimate.chip.name;
    return fmt::format("{} x {}", human_count(estimate.chips), estimate.chip.name);
}

std::string subject(const Estimate& estimate) {
    const std::string model = estimate.model.empty()
                                  ? count_words(estimate.params_total) + " parameters"
                                  : printable(estimate.model);
    if (estimate.kind == "inference")
        return fmt::format("{} output tokens of {} on {}",
                           count_words(estimate.output_tokens),
                           model,
                           chips_words(estimate));
    return fmt::format("{} {} on {} tokens with {}",
                       estimate.kind == "training" ? "Training" : "Fine-tuning",
                       model,
                       count_words(estimate.tokens),
                       chips_words(estimate));
}

void add_results(Text& text, const Estimate& estimate) {
    const footprint::Chain& chain = estimate.chain;
    if (estimate.j_per_output_token)
        text.row("per output token",
                 plain_range(*estimate.j_per_output_token, 4) + " J, accelerators only, " +
                     estimate.source);
    else
        text.row("chip-hours",
                 fmt::format("{} ({} to {}), {}",
                             count_words(estimate.chip_hours.value),
                             count_words(estimate.chip_hours.low),
                             count_words(estimate.chip_hours.high),
                             estimate.source));
    if (estimate.duration_h)
        text.row("duration",
                 fmt::format("{} ({} to {})",
                             human_duration(estimate.duration_h->value * 3600),
                             human_duration(estimate.duration_h->low * 3600),
                             human_duration(estimate.duration_h->high * 3600)));
    text.row("accelerators", human_range(in_joules(chain.component_kwh), energy_units()));
    text.row("+ host", human_range(in_joules(estimate.host_kwh), energy_units()));
    text.row("+ idle machines", human_range(in_joules(estimate.idle_kwh), energy_units()));
    text.row("= node", human_range(in_joules(chain.node_kwh), energy_units()));
    text.row("+ building (PUE)", human_range(in_joules(estimate.pue_kwh), energy_units()));
    text.row("= facility", human_range(in_joules(chain.facility_kwh), energy_units()));
    text.row("operational",
             human_range(chain.location_kgco2e, carbon_units()) + ", location-based");
    if (chain.market_kgco2e)
        text.row("", human_range(*chain.market_kgco2e, carbon_units()) + ", market-based");
    text.row("embodied", human_range(estimate.embodied_kgco2e, carbon_units()));
    text.row("total", human_range(estimate.total_kgco2e, carbon_units()));
    if (chain.water_l) text.row("water", human_water(*chain.water_l));
}

void add_steps(Text& text, const Estimate& estimate) {
    text.row("work", fmt::format("{} FLOP = {}", significant(estimate.flop), estimate.flop_basis));
    if (estimate.mfu && estimate.goodput) {
        text.row(
            "MFU",
            plain_range(*estimate.mfu) + fmt::format(", in {}", to_string(estimate.precision)));
        text.row("goodput", plain_range(*estimate.goodput));
    } else {
        text.row("decoding",
                 fmt::format(
                     "batch {}, {}", human_count(estimate.batch), to_string(estimate.precision)));
        if (estimate.prompt_j && estimate.prompt_j->value > 0)
            text.row("prompt", plain_range(*estimate.prompt_j, 4) + " J a request");
    }
    text.row("power of a chip", plain_range(estimate.power_w_per_chip) + " W");
    text.row("node overhead", plain_range(estimate.overhead.ratio));
    text.row("PUE", plain_range(estimate.site.pue.range));
    text.row("intensity",
             plain_range(estimate.site.intensity.range) + " g CO2e/kWh, " +
                 (estimate.site.known() ? printable(estimate.site.place->name)
                                        : std::string("unknown region: the range over countries")));
}

}  // namespace

std::string estimate_json(const Estimate& estimate) {
    JsonWriter json(2);
    json.begin_object();
    write_head(json, estimate);
    if (estimate.j_per_output_token)
        put_range(json, "j_per_output_token", *estimate.j_per_output_token);
    json.key("source").text(estimate.source);
    json.key("flop").number(estimate.flop);
    json.key("flop_basis").text(estimate.flop_basis);
    put_range(json, "chip_hours", estimate.chip_hours);
    if (estimate.mfu) put_range(json, "mfu", *estimate.mfu);
    if (estimate.goodput) put_range(json, "goodput", *estimate.goodput);
    if (estimate.duration_h) put_range(json, "duration_h", *estimate.duration_h);
    if (estimate.prompt_j) put_range(json, "prompt_j", *estimate.prompt_j);
    put_range(json, "power_w_per_chip", estimate.power_w_per_chip);
    put_range(json, "accelerator_energy_kwh", estimate.chain.component_kwh);
    put_range(json, "host_energy_kwh", estimate.host_kwh);
    put_range(json, "idle_energy_kwh", estimate.idle_kwh);
    put_range(json, "node_energy_kwh", estimate.chain.node_kwh);
    put_range(json, "pue", estimate.site.pue.range);
    put_range(json, "facility_energy_kwh", estimate.chain.facility_kwh);
    write_operational(json, estimate);
    put_range(json, "embodied_kgco2e", estimate.embodied_kgco2e);
    put_range(json, "total_kgco2e", estimate.total_kgco2e);
    json.key("basis").begin_array();
    for (const Provenance& row : estimate.basis) write_provenance(json, row);
    json.end_array();
    json.key("notes").begin_array();
    for (const std::string& note : estimate.notes) json.text(note);
    json.end_array();
    json.end_object();
    return json.take();
}

std::string estimate_text(const Estimate& estimate, bool color) {
    Text text(color);
    text.line(fmt::format("{}: {}, {} at the facility{}",
                          subject(estimate),
                          human_range(estimate.total_kgco2e, carbon_units()),
                          human_range(in_joules(estimate.chain.facility_kwh), energy_units()),
                          estimate.kind == "inference" ? ", a request" : ""));
    text.title("Result, 90 % intervals");
    add_results(text, estimate);
    text.title("How it came about");
    add_steps(text, estimate);
    text.title("Rows it stands on");
    for (const Provenance& row : estimate.basis) text.line("  " + basis_line(row));
    if (!estimate.notes.empty()) {
        text.title("Notes");
        for (const std::string& note : estimate.notes) text.line("  " + printable(note));
    }
    return text.take();
}

}  // namespace abate::report
