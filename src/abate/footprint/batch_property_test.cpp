#include "abate/footprint/batch.h"
#include "abate/footprint/footprint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

namespace abate::footprint {
namespace {

const data::Tables& tables() {
    static const data::Tables loaded = data::Tables::load().value();
    return loaded;
}

const char* random_region() {
    return *rc::gen::element(
        "", "FR", "DE", "US-CA", "gcp europe-west9", "aws af-south-1", "azure swedencentral");
}

Job random_job() {
    Job job;
    job.region = random_region();
    if (*rc::gen::arbitrary<bool>()) {
        job.chip = *rc::gen::element("H100 SXM", "NVIDIA L4");
        job.chips = *rc::gen::inRange(1, 1000);
        job.hours = *rc::gen::inRange(0, 87'000) / 10.0;
        if (*rc::gen::arbitrary<bool>()) job.power_w = *rc::gen::inRange(1, 140);
    } else {
        job.energy_kwh = *rc::gen::inRange(0, 1'000'000) / 1000.0;
        job.boundary = *rc::gen::element(Boundary::component, Boundary::node, Boundary::facility);
    }
    if (job.boundary != Boundary::facility && *rc::gen::arbitrary<bool>())
        job.pue = 1 + *rc::gen::inRange(0, 200) / 100.0;
    if (*rc::gen::arbitrary<bool>()) job.market_gco2e_per_kwh = *rc::gen::inRange(0, 1000);
    return job;
}

// The run that `abate record` would declare for the job.
RunRecord declared(const Job& job, AssessOptions& options) {
    Ranged energy_j = exactly(job.energy_kwh * 3.6e6);
    RunRecord record;
    record.host.kind = "server";
    DeviceEnergy device;
    device.device = "declared";
    device.counted = true;
    if (!job.chip.empty()) {
        device.device = "gpu-all";
        const double chip_s = job.chips * job.hours * 3600;
        const data::Chip chip = tables().chip(job.chip).value();
        static const MeanPower power(tables());
        const double mean_w = chip.tdp_w * power.fraction(chip, job.phase).range.value;
        const Ranged any = power.of_any_chip().range;
        energy_j = std::isnan(job.power_w) ? Ranged{.value = mean_w * chip_s,
                                                    .low = mean_w * chip_s * any.low / any.value,
                                                    .high = mean_w * chip_s * any.high / any.value}
                                           : exactly(job.power_w * chip_s);
    } else if (job.boundary != Boundary::component) {
        options.node_overhead =
            NodeOverhead{.ratio = exactly(1), .source = "declared", .citation = ""};
    }
    device.energy = {.value = to_microjoules(energy_j.value * joules),
                     .low = to_microjoules(energy_j.low * joules),
                     .high = to_microjoules(energy_j.high * joules),
                     .kind = energy_j.kind};
    record.energy.total = record.attributed.energy = device.energy;
    record.energy.devices.push_back(device);
    options.region = job.region;
    if (!std::isnan(job.pue)) options.pue = job.pue;
    if (job.boundary == Boundary::facility) options.pue = 1;
    return record;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): alike but for the tolerance
void expect_near(double ours, double theirs) {
    RC_ASSERT(std::fabs(ours - theirs) <= 1e-9 * std::fabs(theirs) + 1e-12);
}

RC_GTEST_PROP(Batch, ARowIsTheRunThatRecordDeclares, ()) {
    const Job job = random_job();
    BatchBook book(tables(), {});
    BatchResolver resolver(book);
    const std::vector<BatchRow> rows{resolver.row(job).value()};
    std::vector<BatchFigures> figures(1);
    resolver.reckon(rows, figures);
    AssessOptions options;
    RunRecord record = declared(job, options);
    RC_ASSERT(assess(record, tables(), options).has_value());
    const BatchFigures& ours = figures[0];
    if (job.boundary != Boundary::facility)
        expect_near(ours.node_energy_kwh, record.node->energy.energy_j / 3.6e6);
    expect_near(ours.facility_energy_kwh, record.facility->energy.energy_j / 3.6e6);
    expect_near(ours.location_kgco2e, record.operational->location_kgco2e.value);
    expect_near(ours.location_low_kgco2e, record.operational->location_kgco2e.low);
    expect_near(ours.location_high_kgco2e, record.operational->location_kgco2e.high);
    if (job.boundary == Boundary::facility) return;
    RC_ASSERT(std::isnan(ours.water_l) == !record.operational->water_l.has_value());
    if (record.operational->water_l) expect_near(ours.water_l, *record.operational->water_l);
}

RC_GTEST_PROP(BatchTotals, CuttingATableChangesNoDigitOfItsSums, ()) {
    BatchBook book(tables(), {});
    BatchResolver resolver(book);
    std::vector<BatchRow> rows;
    const int n = *rc::gen::inRange(1, 60);
    for (int i = 0; i < n; ++i) rows.push_back(resolver.row(random_job()).value());
    std::vector<BatchFigures> figures(rows.size());
    resolver.reckon(rows, figures);
    BatchTotals whole;
    whole.add(rows, figures);
    const auto cut = static_cast<std::size_t>(*rc::gen::inRange(0, n + 1));
    BatchTotals parts;
    parts.add(std::span(rows).first(cut), std::span(figures).first(cut));
    parts.add(std::span(rows).subspan(cut), std::span(figures).subspan(cut));
    const BatchSummary a = whole.summary(book);
    const BatchSummary b = parts.summary(book);
    RC_ASSERT(a.all.facility_energy_kwh == b.all.facility_energy_kwh);
    RC_ASSERT(a.all.total_kgco2e == b.all.total_kgco2e);
    RC_ASSERT(a.location_kgco2e == b.location_kgco2e);

    // Two tables with half of the rows each: their sums add up to the whole's.
    BatchTotals first;
    first.add(std::span(rows).first(cut), std::span(figures).first(cut));
    BatchTotals second;
    second.add(std::span(rows).subspan(cut), std::span(figures).subspan(cut));
    expect_near(first.summary(book).all.location_kgco2e + second.summary(book).all.location_kgco2e,
                a.all.location_kgco2e);
    RC_ASSERT(a.location_kgco2e.low <= a.location_kgco2e.value);
    RC_ASSERT(a.location_kgco2e.value <= a.location_kgco2e.high);
}

}  // namespace
}  // namespace abate::footprint
