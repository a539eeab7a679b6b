#include "abate/footprint/batch.h"

#include "abate/footprint/footprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace abate::footprint {
namespace {

using ::testing::HasSubstr;

const data::Tables& tables() {
    static const data::Tables loaded = data::Tables::load().value();
    return loaded;
}

BatchFigures reckoned(const Job& job,
                      BatchDefaults defaults = {},
                      EmbodiedPerChipHour embodied = {}) {
    BatchBook book(tables(), std::move(defaults), std::move(embodied));
    BatchResolver resolver(book);
    const std::vector<BatchRow> rows{resolver.row(job).value()};
    std::vector<BatchFigures> figures(1);
    resolver.reckon(rows, figures);
    return figures[0];
}

Error refused(const Job& job, BatchDefaults defaults = {}) {
    BatchBook book(tables(), std::move(defaults));
    const Result<BatchRow> row = BatchResolver(book).row(job);
    return row ? Error{ErrorCode::internal, "was not refused", "", ""} : row.error();
}

double intensity_g(const char* region) {
    return tables().intensity(tables().place(region).value()).value().range.value;
}

// 12 kWh at the node, PUE 1.2, 100 g/kWh market: 14.4 kWh at the facility, 1.44 kg market-based.
TEST(Batch, MultipliesNodeEnergyByPueOnce) {
    const BatchFigures figures =
        reckoned({.region = "FR", .energy_kwh = 12, .pue = 1.2, .market_gco2e_per_kwh = 100});
    EXPECT_DOUBLE_EQ(figures.node_energy_kwh, 12);
    EXPECT_DOUBLE_EQ(figures.facility_energy_kwh, 14.4);
    EXPECT_DOUBLE_EQ(figures.location_kgco2e, 14.4 * intensity_g("FR") / 1000);
    EXPECT_DOUBLE_EQ(figures.market_kgco2e, 1.44);
    EXPECT_TRUE(std::isnan(figures.embodied_kgco2e));
    EXPECT_DOUBLE_EQ(figures.total_kgco2e, figures.location_kgco2e);
}

// docs/methodology/operational.md, "Worked example": 1 MJ at the components, PUE 1.2, France: 0.4333 kWh, 17.96 g (12.3 to 22.9).
TEST(Batch, FollowsTheWorkedExampleOfTheMethodology) {
    const BatchFigures figures = reckoned(
        {.region = "FR", .energy_kwh = 1 / 3.6, .pue = 1.2, .boundary = Boundary::component});
    EXPECT_NEAR(figures.facility_energy_kwh, 0.4333, 5e-5);
    EXPECT_NEAR(figures.location_kgco2e, 0.01796, 5e-6);
    EXPECT_NEAR(figures.location_low_kgco2e, 0.0123, 5e-5);
    EXPECT_NEAR(figures.location_high_kgco2e, 0.0229, 5e-5);
}

// A chip of 700 W: 8 x 24 h = 192 chip-hours; x 0.7 kW x 0.759714, the median that a spreadsheet gives for the 136 rows of text
// on H100 at batch 64 and more, is 102.1056 kWh; x 1.57 = 160.305792 kWh at the node.
TEST(Batch, TakesRatedPowerTimesTheMeasuredFraction) {
    ASSERT_DOUBLE_EQ(tables().chip("H100 SXM").value().tdp_w, 700);
    const BatchFigures figures =
        reckoned({.region = "FR", .chip = "H100 SXM", .pue = 1, .chips = 8, .hours = 24});
    EXPECT_NEAR(figures.node_energy_kwh, 160.305792, 1e-9);
    // 0.46 / 0.72, the 316 rows of all chips, and 1.2 / 1.57 below: 0.36 and 0.2357 make 0.43 in quadrature, with the grid's own more.
    EXPECT_LT(figures.location_low_kgco2e, 0.58 * figures.location_kgco2e);
    EXPECT_GT(figures.location_low_kgco2e, 0.4 * figures.location_kgco2e);
}

// Patterson et al. 2021, table 4, metered four systems of TPU v3 while they trained: 310, 289, 288 and 245 W a chip with its share of the node, of 450 W
// rated: what a training job gets back after the node's 1.57, and another job does not.
TEST(Batch, TrainingGoesByMeteredSystems) {
    const Job job{
        .region = "FR", .chip = "Google TPU v3 (chip)", .pue = 1, .chips = 1000, .hours = 1};
    Job training = job;
    training.phase = Phase::training;
    EXPECT_NEAR(reckoned(training).node_energy_kwh, (310 + 289 + 288 + 245) / 4.0, 1e-9);
    EXPECT_GT(reckoned(job).node_energy_kwh, 450);
}

// 192 chip-hours x 500 W = 96 kWh; x 1.57 = 150.72.
TEST(Batch, TakesTheGivenPowerAsItIs) {
    const BatchFigures figures = reckoned(
        {.region = "FR", .chip = "H100 SXM", .pue = 1, .chips = 8, .hours = 24, .power_w = 500});
    EXPECT_NEAR(figures.node_energy_kwh, 150.72, 1e-9);
}

TEST(Batch, OneChipWhereNoNumberIsGiven) {
    EXPECT_DOUBLE_EQ(reckoned({.chip = "H100 SXM", .hours = 2, .power_w = 500}).node_energy_kwh,
                     1.57);
}

TEST(Batch, FacilityEnergyHasNoNodeNoPueAndNoWater) {
    const BatchFigures figures =
        reckoned({.region = "DE", .energy_kwh = 5, .boundary = Boundary::facility},
                 {.region = "", .pue = 1.5, .phase = {}});
    EXPECT_TRUE(std::isnan(figures.node_energy_kwh));
    EXPECT_DOUBLE_EQ(figures.facility_energy_kwh, 5);
    EXPECT_TRUE(std::isnan(figures.water_l));
}

// 3 chip-hours at 0.02 kg: 0.06 kg, on top of the location's figure.
TEST(Batch, ChargesEmbodiedCarbonByTheChipHour) {
    int asked = 0;
    const EmbodiedPerChipHour charge = [&](const data::Chip&) {
        ++asked;
        return std::optional<double>(0.02);
    };
    BatchBook book(tables(), {.region = "FR", .pue = {}, .phase = {}}, charge);
    BatchResolver resolver(book);
    std::vector<BatchRow> rows(3);
    for (BatchRow& row : rows)
        row = resolver.row({.chip = "H100 SXM", .chips = 1, .hours = 3}).value();
    rows[1] = resolver.row({.energy_kwh = 1}).value();
    std::vector<BatchFigures> figures(3);
    resolver.reckon(rows, figures);
    EXPECT_EQ(asked, 1);
    EXPECT_DOUBLE_EQ(figures[0].embodied_kgco2e, 0.06);
    EXPECT_DOUBLE_EQ(figures[0].total_kgco2e, figures[0].location_kgco2e + 0.06);
    EXPECT_TRUE(std::isnan(figures[1].embodied_kgco2e));
    EXPECT_DOUBLE_EQ(figures[1].total_kgco2e, figures[1].location_kgco2e);
}

TEST(Batch, QualityTellsRatedPowerFromWhatWasStated) {
    EXPECT_EQ(quality_of(EnergyBasis::chip_rated), Quality::estimated);
    EXPECT_EQ(quality_of(EnergyBasis::chip_power), Quality::declared);
    EXPECT_EQ(quality_of(EnergyBasis::node), Quality::declared);
}

TEST(Batch, NoRegionTakesTheRangeOverCountries) {
    const BatchFigures figures = reckoned({.energy_kwh = 1, .pue = 1});
    const Ranged world = tables().intensity_anywhere().range;
    EXPECT_DOUBLE_EQ(figures.location_kgco2e, world.value / 1000);
    EXPECT_DOUBLE_EQ(figures.location_low_kgco2e, world.low / 1000);
    EXPECT_DOUBLE_EQ(figures.location_high_kgco2e, world.high / 1000);
}

struct Refusal {
    Job job;
    const char* column;
    ErrorCode code;
    const char* says;
};

TEST(Batch, SaysWhatIsWrongAndInWhichColumn) {
    const std::vector<Refusal> refusals{
        {{}, "energy_kwh", ErrorCode::invalid_argument, "nothing says"},
        {{.chip = "H100 SXM", .energy_kwh = 1}, "chip", ErrorCode::invalid_argument, "both state"},
        {{.chip = "H100 SXM"}, "hours", ErrorCode::invalid_argument, "needs the hours"},
        {{.chip = "H100 SXM", .hours = 1e6}, "hours", ErrorCode::out_of_range, "ten years"},
        {{.chip = "H100 SXM", .chips = 0, .hours = 1},
         "chips",
         ErrorCode::out_of_range,
         "not possible"},
        {{.chip = "H100 SXM", .hours = 1, .power_w = 1500},
         "power_w",
         ErrorCode::out_of_range,
         "twice"},
        {{.chip = "H100 SXM", .hours = 1, .power_w = 0},
         "power_w",
         ErrorCode::out_of_range,
         "no power"},
        {{.chip = "H1000 SXQ", .hours = 1}, "chip", ErrorCode::not_found, "H1000 SXQ"},
        {{.region = "Frnace", .energy_kwh = 1}, "region", ErrorCode::not_found, "Frnace"},
        {{.energy_kwh = 1, .pue = 0.9}, "pue", ErrorCode::out_of_range, "0.9"},
        {{.energy_kwh = 1, .pue = 1.2, .boundary = Boundary::facility},
         "pue",
         ErrorCode::invalid_argument,
         "already"},
        {{.energy_kwh = 1, .chips = 8}, "chips", ErrorCode::invalid_argument, "overlooked"},
        {{.energy_kwh = 1, .hours = 2}, "hours", ErrorCode::invalid_argument, "overlooked"},
        {{.energy_kwh = 1, .power_w = 300}, "power_w", ErrorCode::invalid_argument, "overlooked"},
        {{.energy_kwh = 1e300}, "energy_kwh", ErrorCode::out_of_range, "not possible"},
        {{.energy_kwh = 1, .market_gco2e_per_kwh = 1e4},
         "market_gco2e_per_kwh",
         ErrorCode::out_of_range,
         "not possible"},
    };
    for (const Refusal& refusal : refusals) {
        const Error error = refused(refusal.job);
        EXPECT_EQ(error.code, refusal.code) << error.what;
        EXPECT_EQ(error.where, refusal.column) << error.what;
        EXPECT_THAT(error.what, HasSubstr(refusal.says));
    }
    EXPECT_THAT(refused({.region = "Frnace", .energy_kwh = 1}).hint, HasSubstr("France"));
}

TEST(Batch, RefusesAColumnOfNamesThatNeverRepeat) {
    BatchBook book(tables(), {});
    // Wrong names are remembered like right ones, so that no row is looked up twice; there is an end to it.
    const BatchBook::Entry<BatchSite> first = book.site("nowhere at all");
    ASSERT_NE(first.error, nullptr);
    EXPECT_EQ(book.site("nowhere at all").error, first.error);
}

// FR and DE err apart, two rows in FR together: the sum's range is narrower than the ends' sums and not narrower than each.
TEST(BatchTotals, AddsOneGridLinearlyAndGridsInQuadrature) {
    BatchBook book(tables(), {});
    BatchResolver resolver(book);
    std::vector<BatchRow> rows;
    for (const char* region : {"FR", "France", "DE"})
        rows.push_back(resolver.row({.region = region, .energy_kwh = 10, .pue = 1}).value());
    std::vector<BatchFigures> figures(rows.size());
    resolver.reckon(rows, figures);
    BatchTotals totals;
    totals.add(rows, figures);
    const BatchSummary summary = totals.summary(book);
    const double minus_fr = 2 * (figures[0].location_kgco2e - figures[0].location_low_kgco2e);
    const double minus_de = figures[2].location_kgco2e - figures[2].location_low_kgco2e;
    EXPECT_NEAR(summary.location_kgco2e.value - summary.location_kgco2e.low,
                std::hypot(minus_fr, minus_de),
                1e-9);
    EXPECT_EQ(summary.all.rows, 3U);
    EXPECT_EQ(summary.unknown_region_rows, 0U);
}

// 6 x 7e9 x 1e6 = 4.2e16 in training, 2 x 7e9 x 1e6 = 1.4e16 in inference; none without a phase.
TEST(BatchTotals, CountsFlopByPhase) {
    BatchBook book(tables(), {});
    BatchResolver resolver(book);
    std::vector<BatchRow> rows;
    const Job job{.energy_kwh = 1, .tokens = 1e6, .params_active = 7e9};
    for (const std::optional<Phase> phase : {std::optional(Phase::training),
                                             std::optional(Phase::inference),
                                             std::optional<Phase>()}) {
        Job one = job;
        one.phase = phase;
        rows.push_back(resolver.row(one).value());
    }
    std::vector<BatchFigures> figures(rows.size());
    resolver.reckon(rows, figures);
    BatchTotals totals;
    totals.add(rows, figures);
    const BatchSummary summary = totals.summary(book);
    EXPECT_DOUBLE_EQ(summary.phases[static_cast<std::size_t>(Phase::training)].flop, 4.2e16);
    EXPECT_DOUBLE_EQ(summary.phases[static_cast<std::size_t>(Phase::inference)].flop, 1.4e16);
    EXPECT_EQ(summary.phases[5].flop_rows, 0U);
    EXPECT_DOUBLE_EQ(summary.all.tokens, 3e6);
    EXPECT_EQ(summary.unknown_region_rows, 3U);
}

// Which thread comes to which name first is chance; the sums are not, to the last digit.
TEST(Batch, SumsDoNotDependOnTheOrderInWhichNamesWereMet) {
    const std::vector<const char*> regions{"FR", "DE", "PL", "US", "GB", "SE", "BR", "IN", "JP"};
    const auto summed = [&](bool backwards) {
        BatchBook book(tables(), {});
        std::vector<const char*> met = regions;
        if (backwards) std::reverse(met.begin(), met.end());
        for (const char* region : met) EXPECT_NE(book.site(region).found, nullptr);
        BatchResolver resolver(book);
        std::vector<BatchRow> rows;
        double kwh = 0.1;
        for (const char* region : regions)
            rows.push_back(resolver.row({.region = region, .energy_kwh = kwh *= 1.7}).value());
        std::vector<BatchFigures> figures(rows.size());
        resolver.reckon(rows, figures);
        BatchTotals totals;
        totals.add(rows, figures);
        return totals.summary(book).location_kgco2e;
    };
    EXPECT_EQ(summed(false), summed(true));
}

}  // namespace
}  // namespace abate::footprint
