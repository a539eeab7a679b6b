#include "abate/footprint/footprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace abate::footprint {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const data::Tables& tables() {
    static const data::Tables loaded = data::Tables::load().value();
    return loaded;
}

// An hour on a host that holds `gpus` H100, half of whose idle is the job's.
RunRecord an_hour(const std::string& kind, std::size_t gpus) {
    RunRecord record;
    record.host.kind = kind;
    record.host.gpus.assign(gpus, "NVIDIA H100 80GB HBM3");
    record.duration_s = 3600;
    record.attributed.method = "cgroup-v2";
    record.attributed.idle_share = 0.5;
    DeviceEnergy device;
    device.device = "package-0";
    device.energy = {.value = Microjoules(3'600'000'000),
                     .low = Microjoules(3'600'000'000),
                     .high = Microjoules(3'600'000'000)};
    record.energy.devices.push_back(device);
    record.energy.total = record.attributed.energy = device.energy;
    return record;
}

RunRecord assessed(RunRecord record, const HardwareOptions& hardware = {}) {
    AssessOptions options;
    options.region = "FR";
    options.hardware = hardware;
    const Result<void> done = assess(record, tables(), options);
    EXPECT_TRUE(done) << to_string(done.error());
    return record;
}

// 8 x 164 kg (NVIDIA's HGX H100) + 2500 kg (BLOOM's host) = 3812 kg, one of 35,040 hours, half of it.
TEST(RunEmbodied, IsTheJobsShareOfItsHours) {
    const RunRecord record = assessed(an_hour("server", 8));
    ASSERT_TRUE(record.embodied);
    EXPECT_NEAR(record.embodied->kgco2e.value, 3812.0 / 35'040 * 0.5, 1e-12);
    EXPECT_EQ(record.embodied->lifetime_h, 35'040);
    EXPECT_EQ(record.embodied->utilisation, 1);
    EXPECT_NEAR(record.embodied->share, 0.5, 1e-12);
    EXPECT_THAT(record.embodied->boundary, HasSubstr("8 x NVIDIA H100 80GB HBM3"));
    EXPECT_THAT(record.embodied->source, HasSubstr("NVIDIA"));
    ASSERT_TRUE(record.total_kgco2e);
    EXPECT_NEAR(record.total_kgco2e->value,
                record.embodied->kgco2e.value + record.operational->location_kgco2e.value,
                1e-12);
    // Independent errors: narrower than both ends added.
    EXPECT_GT(record.total_kgco2e->low,
              record.embodied->kgco2e.low + record.operational->location_kgco2e.low);
}

// Two of eight accelerators by CUDA_VISIBLE_DEVICES, half of the host: 328 + 1250 of 3812 kg.
TEST(RunEmbodied, ChargesTheAcceleratorsThatTheJobHolds) {
    const RunRecord record = assessed(an_hour("server", 8), {.accelerators_held = 2});
    EXPECT_NEAR(record.embodied->kgco2e.value, (2 * 164 + 1250) / 35'040.0, 1e-12);
    EXPECT_NEAR(record.embodied->share, 1578.0 / 3812, 1e-12);
    const RunRecord slice = assessed(an_hour("server", 8), {.accelerators_held = 3.0 / 7});
    EXPECT_NEAR(slice.embodied->kgco2e.value, (3.0 / 7 * 164 + 1250) / 35'040, 1e-12);
}

TEST(RunEmbodied, TakesLifetimeAndUtilisation) {
    const RunRecord record =
        assessed(an_hour("server", 8), {.lifetime_h = 6 * kHoursPerYear, .utilisation = 0.85});
    EXPECT_NEAR(record.embodied->kgco2e.value, 3812.0 / (52'560 * 0.85) * 0.5, 1e-12);
    EXPECT_EQ(record.embodied->utilisation, 0.85);
    // A lifetime that is given is exact; the default of 3 to 6 years is in the range.
    const Ranged given = record.embodied->kgco2e;
    const Ranged guessed = assessed(an_hour("server", 8)).embodied->kgco2e;
    EXPECT_LT(given.high / given.value, guessed.high / guessed.value);
}

TEST(RunEmbodied, OfAHostWithFewAcceleratorsIsARackServer) {
    const double rack = generic_server_embodied(tables())->total().value;
    EXPECT_NEAR(assessed(an_hour("server", 0)).embodied->kgco2e.value, rack / 35'040 * 0.5, 1e-12);
    EXPECT_NEAR(
        assessed(an_hour("server", 2)).embodied->kgco2e.value, (rack + 328) / 35'040 * 0.5, 1e-12);
}

TEST(RunEmbodied, LeavesOutTheHostThatNobodyKnows) {
    for (const char* kind : {"laptop", "desktop", "virtual-machine", "container"}) {
        const RunRecord bare = assessed(an_hour(kind, 0));
        EXPECT_FALSE(bare.embodied) << kind;
        EXPECT_FALSE(bare.total_kgco2e) << kind;
        const RunRecord cards = assessed(an_hour(kind, 1));
        ASSERT_TRUE(cards.embodied) << kind;
        EXPECT_NEAR(cards.embodied->kgco2e.value, 164.0 / 35'040 * 0.5, 1e-12);
        EXPECT_THAT(cards.embodied->boundary, HasSubstr("without its host"));
        EXPECT_THAT(cards.embodied->boundary, HasSubstr(kind));
        const RunRecord said = assessed(an_hour(kind, 0), {.host_kgco2e = 350});
        ASSERT_TRUE(said.embodied) << kind;
        EXPECT_NEAR(said.embodied->kgco2e.value, 350.0 / 35'040 * 0.5, 1e-12);
        EXPECT_THAT(said.embodied->boundary, Not(HasSubstr("without")));
    }
}

TEST(RunEmbodied, SaysOnceThatAVirtualMachinesHostIsNotIncluded) {
    const auto notes_of_host = [](const RunRecord& record) {
        return std::ranges::count_if(record.notes, [](const std::string& note) {
            return note.find("host is not included") != std::string::npos;
        });
    };
    const RunRecord once = assessed(an_hour("virtual-machine", 0));
    EXPECT_EQ(notes_of_host(once), 1);
    EXPECT_EQ(notes_of_host(assessed(once)), 1);
    EXPECT_EQ(notes_of_host(assessed(an_hour("virtual-machine", 1))), 1);
    EXPECT_EQ(notes_of_host(assessed(once, {.host_kgco2e = 350})), 0);
    EXPECT_EQ(notes_of_host(assessed(an_hour("server", 0))), 0);
}

TEST(RunEmbodied, NamesTheAcceleratorsThatNoTableKnows) {
    RunRecord record = an_hour("virtual-machine", 1);
    record.host.gpus.emplace_back("Acme Thinker 9000");
    EXPECT_THAT(assessed(record).embodied->boundary, HasSubstr("Acme Thinker 9000"));
}

// 64 x (164 + 2500 / 8) kg x 120 h / 35,040 h.
TEST(RunEmbodied, OfADeclaredRunIsChipsWithTheirHosts) {
    RunRecord record = an_hour("server", 0);
    record.attributed.method = "declared";
    record.duration_s = 120 * 3600;
    EXPECT_FALSE(assessed(record).embodied);
    const RunRecord declared =
        assessed(record, {.declared_chip = "NVIDIA H100 SXM5 80GB", .declared_chips = 64});
    EXPECT_NEAR(declared.embodied->kgco2e.value, 64 * 476.5 * 120 / 35'040, 1e-9);
    EXPECT_EQ(declared.embodied->share, 1);
}

TEST(RunEmbodied, AssessedTwiceIsTheSame) {
    const HardwareOptions hardware{.lifetime_h = 40'000, .host_kgco2e = 100};
    const RunRecord once = assessed(an_hour("server", 2), hardware);
    EXPECT_EQ(assessed(once, hardware), once);
    EXPECT_EQ(std::count_if(once.provenance.begin(),
                            once.provenance.end(),
                            [](const Provenance& row) { return row.figure == "lifetime_h"; }),
              1);
}

TEST(RunEmbodied, RefusesWhatCannotBeAndLeavesTheRecord) {
    for (const HardwareOptions& hardware : {HardwareOptions{.lifetime_h = 0},
                                            HardwareOptions{.lifetime_h = -1},
                                            HardwareOptions{.lifetime_h = std::nan("")},
                                            HardwareOptions{.utilisation = 0},
                                            HardwareOptions{.utilisation = 1.5},
                                            HardwareOptions{.host_kgco2e = -1}}) {
        RunRecord record = an_hour("server", 8);
        const RunRecord before = record;
        AssessOptions options;
        options.hardware = hardware;
        EXPECT_EQ(assess(record, tables(), options).error().code, ErrorCode::out_of_range);
        EXPECT_EQ(record, before);
    }
}

}  // namespace
}  // namespace abate::footprint
