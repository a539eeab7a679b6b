#include "abate/footprint/footprint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace abate::footprint {
namespace {

const data::Tables& tables() {
    static const data::Tables loaded = data::Tables::load().value();
    return loaded;
}

EnergyRange random_energy(std::int64_t most_uj) {
    const auto value = *rc::gen::inRange<std::int64_t>(0, most_uj + 1);
    const auto minus = *rc::gen::inRange<std::int64_t>(0, value + 1);
    const auto plus = *rc::gen::inRange<std::int64_t>(0, 2 * value + 1);
    return {.value = Microjoules(value),
            .low = Microjoules(value - minus),
            .high = Microjoules(value + plus),
            .kind = *rc::gen::element(RangeKind::interval90, RangeKind::bound)};
}

AssessOptions random_options() {
    AssessOptions options;
    options.region =
        *rc::gen::element<std::string>("", "FR", "US", "aws af-south-1", "gcp europe-west9");
    if (*rc::gen::arbitrary<bool>()) options.pue = 1 + *rc::gen::inRange(0, 100) / 50.0;
    return options;
}

RunRecord random_record() {
    RunRecord record;
    record.host.kind = *rc::gen::element<std::string>("server", "laptop", "container");
    DeviceEnergy device;
    device.device = *rc::gen::element<std::string>("package-0", "gpu-0");
    device.energy = random_energy(1'000'000'000'000'000);
    record.energy.total = device.energy;
    record.attributed.energy =
        *rc::gen::arbitrary<bool>() ? device.energy : random_energy(device.energy.value.to_int64());
    record.energy.devices.push_back(device);
    if (*rc::gen::arbitrary<bool>()) {
        DeviceEnergy node;
        node.device = node.part_of = "node";
        node.source = "redfish";
        node.counted = false;
        node.energy = random_energy(1'000'000'000'000'000);
        record.energy.devices.push_back(node);
    }
    return record;
}

RC_GTEST_PROP(Footprint, RangesHoldTheirValue, ()) {
    RunRecord record = random_record();
    RC_ASSERT(assess(record, tables(), random_options()).has_value());
    for (const BoundaryEnergy& energy : {record.node->energy, record.facility->energy}) {
        RC_ASSERT(energy.low_j >= 0);
        RC_ASSERT(energy.low_j <= energy.energy_j);
        RC_ASSERT(energy.energy_j <= energy.high_j);
    }
    const Ranged& carbon = record.operational->location_kgco2e;
    RC_ASSERT(carbon.low >= 0);
    RC_ASSERT(carbon.low <= carbon.value);
    RC_ASSERT(carbon.value <= carbon.high);
    RC_ASSERT(record.facility->energy.energy_j >= record.node->energy.energy_j);
    for (const Provenance& row : record.provenance) {
        RC_ASSERT(row.low <= row.value);
        RC_ASSERT(row.value <= row.high);
    }
}

RC_GTEST_PROP(Footprint, AssessingIsIdempotent, ()) {
    RunRecord record = random_record();
    const AssessOptions options = random_options();
    RC_ASSERT(assess(record, tables(), options).has_value());
    RunRecord again = record;
    RC_ASSERT(assess(again, tables(), options).has_value());
    RC_ASSERT(again == record);
}

// Without a node reading, whose ratio may differ between the parts, the chain is linear.
RC_GTEST_PROP(Footprint, SplittingARunKeepsTheSum, ()) {
    RunRecord whole;
    whole.host.kind = "server";
    DeviceEnergy device;
    device.device = "package-0";
    const auto total = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000'000);
    const auto first = *rc::gen::inRange<std::int64_t>(0, total + 1);
    const AssessOptions options = random_options();
    const auto assessed = [&](std::int64_t uj) {
        RunRecord record = whole;
        const EnergyRange exact{Microjoules(uj), Microjoules(uj), Microjoules(uj)};
        device.energy = exact;
        record.energy.devices = {device};
        record.energy.total = record.attributed.energy = exact;
        RC_ASSERT(assess(record, tables(), options).has_value());
        return record;
    };
    const RunRecord one = assessed(total);
    const RunRecord a = assessed(first);
    const RunRecord b = assessed(total - first);
    const auto near = [](double x, double y) { return std::abs(x - y) <= 1e-12 * std::abs(y); };
    RC_ASSERT(near(a.facility->energy.energy_j + b.facility->energy.energy_j,
                   one.facility->energy.energy_j));
    RC_ASSERT(near(a.operational->location_kgco2e.value + b.operational->location_kgco2e.value,
                   one.operational->location_kgco2e.value));
    RC_ASSERT(near(a.operational->water_l.value_or(0) + b.operational->water_l.value_or(0),
                   one.operational->water_l.value_or(0)));
}

}  // namespace
}  // namespace abate::footprint
