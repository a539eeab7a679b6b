// Published models, what inference was measured to cost, and published footprints.
#include "abate/data/data.h"
#include "abate/data/find_row.h"
#include "abate/data/words.h"

#include <string>
#include <utility>

namespace abate::data {
namespace {

using RowRef = LayeredTables::RowRef;

constexpr std::string_view kModels = "models";
constexpr std::string_view kMeasured = "model_inference_energy";
constexpr std::string_view kCases = "published_cases";

Model model_from(const LayeredTables& tables, const RowRef& ref) {
    const RowReader row(tables, ref);
    Model model;
    model.name = row.key();
    model.organisation = row.text("organisation");
    model.date = row.text("date");
    model.domain = row.text("domain");
    model.params_total = row.number("params_total");
    model.params_active = row.number("params_active");
    model.train_datapoints = row.number("train_datapoints");
    model.train_flop = row.number("train_flop");
    model.train_hardware = row.text("train_hardware");
    model.train_chip = row.text("train_chip");
    model.train_chips = row.number("train_chips");
    model.train_hours = row.number("train_hours");
    model.train_energy_mwh = row.number("train_energy_mwh");
    model.train_tco2e = row.number("train_tco2e");
    model.footprint_source = row.text("footprint_source");
    model.inference_model_id = row.text("inference_model_id");
    model.confidence = row.text("confidence");
    model.provenance =
        make_figure(row.origin(), exactly(model.params_total), "params_total", "", "as published")
            .provenance;
    return model;
}

MeasuredInference measured_from(const LayeredTables& tables, const RowRef& ref) {
    const RowReader row(tables, ref);
    MeasuredInference measured;
    measured.model_id = row.text("model_id");
    measured.task = row.text("task");
    measured.chip = row.text("chip");
    measured.num_chips = row.integer("num_chips");
    measured.max_batch = row.integer("max_batch");
    measured.variant = row.integer("variant");
    measured.avg_batch = row.number("avg_batch");
    measured.precision = row.text("precision");
    measured.j_per_output_token = row.number("j_per_output_token");
    measured.j_per_unit = row.number("j_per_unit");
    measured.unit = row.text("unit");
    measured.avg_output_tokens = row.number("avg_output_tokens");
    measured.chips_power_w = row.number("chips_power_w");
    measured.throughput_per_s = row.number("throughput_per_s");
    measured.latency_ms = row.number("latency_ms");
    measured.tensor_parallel = row.integer("tensor_parallel");
    measured.expert_parallel = row.integer("expert_parallel");
    measured.resolution = row.text("resolution");
    measured.steps = row.integer("steps");
    return measured;
}

PublishedCase case_from(const LayeredTables& tables, const RowRef& ref) {
    const RowReader row(tables, ref);
    PublishedCase out;
    out.id = row.key();
    out.kind = row.text("kind");
    out.phase = row.text("phase");
    out.hardware = row.text("hardware");
    out.chip = row.text("chip");
    out.chip_count = row.maybe("chip_count");
    out.hours = row.maybe("hours");
    out.chip_hours = row.maybe("chip_hours");
    out.power_w_per_chip = row.maybe("power_w_per_chip");
    out.power_basis = row.text("power_basis");
    out.peak_tflops = row.maybe("peak_tflops");
    out.utilisation = row.maybe("utilisation");
    out.utilisation_basis = row.text("utilisation_basis");
    out.pue = row.maybe("pue");
    out.pue_in_energy = row.text("pue_in_energy");
    out.intensity_gco2e_per_kwh = row.maybe("intensity_gco2e_per_kwh");
    out.intensity_basis = row.text("intensity_basis");
    out.energy_kwh = row.maybe("energy_kwh");
    out.operational_kgco2e = row.maybe("operational_kgco2e");
    out.net_intensity_gco2e_per_kwh = row.maybe("net_intensity_gco2e_per_kwh");
    out.net_operational_kgco2e = row.maybe("net_operational_kgco2e");
    out.embodied_kgco2e = row.maybe("embodied_kgco2e");
    out.device_embodied_kgco2e = row.maybe("device_embodied_kgco2e");
    out.lifetime_y = row.maybe("lifetime_y");
    out.use_share = row.maybe("use_share");
    out.flop = row.maybe("flop");
    out.flop_6nd = row.maybe("flop_6nd");
    out.params_total = row.maybe("params_total");
    out.params_active = row.maybe("params_active");
    out.tokens = row.maybe("tokens");
    out.value = row.maybe("value");
    out.unit = row.text("unit");
    out.functional_unit = row.text("functional_unit");
    out.evidence = row.text("provenance");
    out.circular_energy = row.text("circular_energy");
    out.notes = row.text("notes");
    out.provenance = make_figure(row.origin(), Ranged{}, "case", "", "as published").provenance;
    const std::string locator = row.text("locator");
    if (!locator.empty()) out.provenance.source += ", " + locator;
    return out;
}

}  // namespace

Result<Model> Tables::model(std::string_view name) const {
    if (folded(name).empty())
        return Error{ErrorCode::invalid_argument,
                     "the model's name is empty",
                     "",
                     "`abate data list models` shows the names."};
    std::optional<RowRef> benchmark;
    for (const RowRef& ref : rows_that_hold(*impl_, kModels))
        if (same_folded(ref.sheet->text(ref.row, "inference_model_id"), name)) benchmark = ref;
    if (benchmark) return model_from(*impl_, *benchmark);
    const Result<RowRef> ref = find_row(*impl_, kModels, "model", name);
    if (!ref) return ref.error();
    return model_from(*impl_, *ref);
}

std::vector<Model> Tables::models() const {
    std::vector<Model> models;
    for (const RowRef& ref : rows_that_hold(*impl_, kModels))
        models.push_back(model_from(*impl_, ref));
    return models;
}

std::vector<MeasuredInference> Tables::measured_inference(std::string_view model_id) const {
    std::vector<MeasuredInference> measured;
    for (const RowRef& ref : rows_that_hold(*impl_, kMeasured))
        if (model_id.empty() || same_folded(ref.sheet->text(ref.row, "model_id"), model_id))
            measured.push_back(measured_from(*impl_, ref));
    return measured;
}

Provenance Tables::measured_inference_source() const {
    const RowReader first(*impl_, {impl_->sheets(kMeasured).front(), 0});
    Cell cell = first.origin();
    cell.key.clear();
    return make_figure(cell,
                       Ranged{},
                       "j_per_output_token",
                       "J",
                       "measured; accelerators only, without host and facility")
        .provenance;
}

std::vector<PublishedCase> Tables::published_cases() const {
    std::vector<PublishedCase> cases;
    for (const RowRef& ref : rows_that_hold(*impl_, kCases))
        cases.push_back(case_from(*impl_, ref));
    return cases;
}

}  // namespace abate::data
