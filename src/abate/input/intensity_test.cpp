#include "abate/input/intensity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace abate::input {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const data::FuelFactors& factors() {
    static const data::FuelFactors loaded =
        data::fuel_factors(data::Tables::load().value()).value();
    return loaded;
}

Result<IntensityFile> parse(std::string_view text, IntensityOptions options = {}) {
    options.factors = &factors();
    return parse_intensity(text, "f.csv", options);
}

const data::HourlyValues& values(const Result<IntensityFile>& file) {
    return data::values_of(file.value().series);
}

std::string refused(std::string_view text, const IntensityOptions& options = {}) {
    const Result<IntensityFile> file = parse(text, options);
    return file ? "accepted" : to_string(file.error());
}

// --- plain

TEST(PlainIntensity, ReadsHoursInUtcOrWithAnOffset) {
    const auto file = parse("hour,g_per_kwh\n2024-03-31T00:00Z,100\n2024-03-31T03:00+02:00,200\n");
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(data::hour_name(values(file).first()), "2024-03-31T00Z");
    ASSERT_EQ(values(file).size(), 2u);
    EXPECT_EQ(values(file).hours()[1].value, 200);
    EXPECT_EQ(data::signal_of(file->series), Signal::average);
    EXPECT_EQ(data::basis_of(file->series), Basis::life_cycle);
    EXPECT_THAT(file->notes.at(0), HasSubstr("average life-cycle"));
}

TEST(PlainIntensity, RefusesALocalTimeWithItsPlace) {
    const std::string error =
        refused("hour,g_per_kwh\n2024-03-31T00:00Z,100\n2024-03-31 01:00,200\n");
    EXPECT_THAT(error, HasSubstr("f.csv:3:1"));
    EXPECT_THAT(error, HasSubstr("has no offset"));
    // Said to be UTC, by the column's name or by the user, it is one.
    EXPECT_TRUE(parse("hour_utc,g_per_kwh\n2024-03-31 01:00,200\n"));
    IntensityOptions options;
    options.utc = true;
    EXPECT_TRUE(parse("hour,g_per_kwh\n2024-03-31 01:00,200\n", options));
}

TEST(PlainIntensity, RefusesAnHourTwiceAndSaysWhere) {
    const std::string error = refused(
        "hour,g_per_kwh\n2024-10-27T00:00Z,1\n2024-10-27T01:00Z,2\n2024-10-27T02:00+01:00,3\n");
    EXPECT_THAT(error, HasSubstr("2024-10-27T01:00:00Z stands twice"));
    EXPECT_THAT(error, HasSubstr("f.csv:4:1"));
    EXPECT_THAT(error, HasSubstr("f.csv:3:1"));
}

TEST(PlainIntensity, AGapStaysAGap) {
    const auto file = parse("hour,g_per_kwh\n2024-05-01T00Z,1\n");
    EXPECT_FALSE(file);  // no minutes: no time
    const auto gap = parse(
        "hour,g_per_kwh\n2024-05-01T00:00Z,10\n2024-05-01T01:00Z,20\n2024-05-01T04:00Z,30\n2024-05-"
        "01T05:00Z,\n");
    ASSERT_TRUE(gap);
    EXPECT_EQ(values(gap).size(), 5u);
    EXPECT_EQ(values(gap).missing(), 2u);
    EXPECT_EQ(data::hour_name(*values(gap).first_missing()), "2024-05-01T02Z");
}

TEST(PlainIntensity, FinerRowsAreMeansOfTheirHour) {
    const auto file = parse(
        "time,g_per_kwh\n2024-05-01T00:00Z,100\n2024-05-01T00:30Z,200\n2024-05-01T01:00Z,300\n2024-"
        "05-01T01:30Z,400\n");
    ASSERT_TRUE(file);
    ASSERT_EQ(values(file).size(), 2u);
    EXPECT_DOUBLE_EQ(values(file).hours()[0].value, 150);
    EXPECT_DOUBLE_EQ(values(file).hours()[1].value, 350);
}

// India's hours begin at half past: each UTC hour is half of two of them, and the halves at the ends belong to no whole hour.
TEST(PlainIntensity, HoursOfAHalfHourOffsetAreShared) {
    const auto file = parse(
        "time,g_per_kwh\n2024-05-01T00:00+05:30,100\n2024-05-01T01:00+05:30,300\n2024-05-01T02:00+"
        "05:30,500\n");
    ASSERT_TRUE(file);
    EXPECT_EQ(data::hour_name(values(file).first()), "2024-04-30T19Z");
    ASSERT_EQ(values(file).size(), 2u);
    EXPECT_DOUBLE_EQ(values(file).hours()[0].value, 200);
    EXPECT_DOUBLE_EQ(values(file).hours()[1].value, 400);
    ASSERT_FALSE(file->notes.empty());
    EXPECT_THAT(file->notes.back(), HasSubstr("begin 30 minutes past the UTC hour"));
    EXPECT_THAT(refused("time,g_per_kwh\n2024-05-01T00:00+05:30,100\n"),
                HasSubstr("begins 30 minutes past the UTC hour"));
}

// Half hours from 00:30 to 03:00: two whole hours, and one row on either side of them; from 01:00 to 02:30, two hours and nothing else.
TEST(PlainIntensity, RowsAtTheEndsThatFillNoHourAreTold) {
    const auto file = parse(
        "time,g_per_kwh\n2024-05-01T00:30Z,1\n2024-05-01T01:00Z,100\n2024-05-01T01:30Z,300\n"
        "2024-05-01T02:00Z,400\n2024-05-01T02:30Z,600\n2024-05-01T03:00Z,1\n");
    ASSERT_TRUE(file) << to_string(file.error());
    ASSERT_EQ(values(file).size(), 2u);
    EXPECT_DOUBLE_EQ(values(file).hours()[0].value, 200);
    EXPECT_DOUBLE_EQ(values(file).hours()[1].value, 500);
    EXPECT_THAT(file->notes, ::testing::Contains(HasSubstr("2 rows at the ends")));
    const auto whole = parse(
        "time,g_per_kwh\n2024-05-01T01:00Z,100\n2024-05-01T01:30Z,300\n2024-05-01T02:00Z,400\n"
        "2024-05-01T02:30Z,600\n");
    EXPECT_THAT(whole->notes, ::testing::Not(::testing::Contains(HasSubstr("at the ends"))));
}

TEST(PlainIntensity, AnHourThatIsCountedNeedsItsBeginning) {
    EXPECT_THAT(refused("hour,lca_g_per_kwh\n0,100\n1,200\n"), HasSubstr("--first-hour"));
    IntensityOptions options;
    options.first_hour = parse_rfc3339("2024-01-01T00:00:00Z").value();
    const auto file =
        parse("hour,direct_g_per_kwh,lca_g_per_kwh,estimated\n0,5,100,0\n1,6,200,1\n", options);
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(data::hour_name(values(file).hour(1)), "2024-01-01T01Z");
    EXPECT_EQ(values(file).hours()[1].value, 200);
    EXPECT_TRUE(values(file).hours()[1].estimated);
    options.basis = Basis::direct;
    EXPECT_EQ(values(parse("hour,direct_g_per_kwh,lca_g_per_kwh\n0,5,100\n1,6,200\n", options))
                  .hours()[1]
                  .value,
              6);
}

// A comma that parts no thousands is a decimal one: 25,4 was read as 254.
TEST(PlainIntensity, ReadsCommasBetweenThousandsOnly) {
    const auto with = [](const std::string& cell) {
        return parse("hour,g_per_kwh\n2024-05-01T00:00Z,\"" + cell + "\"\n");
    };
    EXPECT_EQ(values(with("1,234.5")).hours()[0].value, 1234.5);
    EXPECT_EQ(values(with(" 1 234 ")).hours()[0].value, 1234);
    for (const char* cell : {"25,4",
                             "3,81",
                             "0,381",
                             ",5",
                             "5,",
                             "1,23,456",
                             "1234,567",
                             "12,3456",
                             "1,234,",
                             "1.5,000",
                             "1,,234"}) {
        const auto file = with(cell);
        ASSERT_FALSE(file) << cell;
        EXPECT_THAT(to_string(file.error()), HasSubstr("is no number (f.csv:2:")) << cell;
        EXPECT_THAT(file.error().hint, HasSubstr("a comma only parts thousands")) << cell;
    }
    const std::string generation =
        "MTU (UTC),Area,Production Type,Generation (MW)\n"
        "31/03/2024 00:00:00 - 31/03/2024 01:00:00,BZN|FR,Nuclear,\"100,5\"\n";
    EXPECT_THAT(refused(generation), HasSubstr("Write megawatts"));
}

TEST(PlainIntensity, RefusesColumnsThatContradict) {
    EXPECT_THAT(refused("hour,g_per_kwh,G_per_kWh\n2024-05-01T00:00Z,100,200\n"),
                HasSubstr("'G_per_kWh' is there twice (f.csv:1)"));
    EXPECT_THAT(
        refused("hour,g_per_kwh,low_g_per_kwh,high_g_per_kwh\n2024-05-01T00:00Z,100,150,90\n"),
        HasSubstr("above the high end, 90 (f.csv:2:"));
    EXPECT_TRUE(parse("hour,g_per_kwh,,\n2024-05-01T00:00Z,100,,\n"));
}

TEST(PlainIntensity, RefusesAZoneThatTheFileDenies) {
    IntensityOptions options;
    options.zone = "DE";
    const std::string file = "# zone: FR\nhour,g_per_kwh\n2024-05-01T00:00Z,100\n";
    EXPECT_THAT(refused(file, options), HasSubstr("the hours of FR, not of DE"));
    options.zone = "FR";
    EXPECT_TRUE(parse(file, options));
}

TEST(PlainIntensity, RefusesWhatCannotBe) {
    EXPECT_THAT(refused("hour,g_per_kwh\n2024-05-01T00:00Z,-1\n"), HasSubstr("f.csv:2:19"));
    EXPECT_THAT(refused("hour,g_per_kwh\n2024-05-01T00:00Z,nan\n"), HasSubstr("no number"));
    EXPECT_THAT(refused("hour,g_per_kwh\n2024-05-01T00:00Z,99999\n"), HasSubstr("cannot be"));
    EXPECT_THAT(refused("hour,g_per_kwh\n2024-05-01T00:00Z,0.381\n"), HasSubstr("kg/kWh"));
    EXPECT_THAT(refused("hour,g_per_kwh\n2024-05-01T00:00Z,1\n2024-05-02T00:00Z,1\n"),
                HasSubstr("86400 s apart"));
    EXPECT_THAT(refused("a,b\n1,2\n"), HasSubstr("--format"));
    EXPECT_THAT(refused("hour,g_per_kwh\n"), HasSubstr("no hour"));
    EXPECT_THAT(refused(""), HasSubstr("no header"));
    IntensityOptions options;
    options.year = 2025;
    EXPECT_THAT(refused("hour,g_per_kwh\n2024-05-01T00:00Z,100\n", options),
                HasSubstr("2024-05-01T00Z is not of 2025"));
}

TEST(PlainIntensity, AbatesOwnFilesSayWhatTheyHold) {
    const std::string text =
        "# abate hourly intensity 1\n# zone: DE\n# signal: marginal\n# basis: direct\n# source: a "
        "test\n# licence: CC0\n"
        "hour,g_per_kwh\n2024-05-01T00:00:00Z,700\n";
    const auto file = parse(text);
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_THAT(file->notes, IsEmpty());
    EXPECT_EQ(data::signal_of(file->series), Signal::marginal);
    EXPECT_EQ(data::basis_of(file->series), Basis::direct);
    EXPECT_EQ(data::source_of(file->series).zone, "DE");
    EXPECT_EQ(data::source_of(file->series).licence, "CC0");
    IntensityOptions options;
    options.signal = Signal::average;
    EXPECT_THAT(refused(text, options), HasSubstr("marginal direct"));
}

TEST(PlainIntensity, AColumnThatNamesItsMeaningIsTakenAtItsWord) {
    const auto marginal = parse("hour,marginal_g_per_kwh\n2024-05-01T00:00Z,700\n");
    ASSERT_TRUE(marginal) << to_string(marginal.error());
    EXPECT_EQ(data::signal_of(marginal->series), Signal::marginal);
    EXPECT_EQ(data::basis_of(marginal->series), Basis::direct);
    EXPECT_THAT(data::for_footprint(marginal->series).error().what, HasSubstr("marginal"));
    const auto direct = parse("hour,direct_g_per_kwh\n2024-05-01T00:00Z,400\n");
    ASSERT_TRUE(direct);
    EXPECT_EQ(data::basis_of(direct->series), Basis::direct);
}

// --- Electricity Maps

constexpr const char* kElectricityMaps =
    "Datetime (UTC),Country,Zone name,Zone id,Carbon intensity gCO₂eq/kWh (direct),Carbon "
    "intensity gCO₂eq/kWh (Life "
    "cycle),Carbon-free energy percentage (CFE%),Renewable energy percentage (RE%),Data "
    "source,Data estimated,Data "
    "estimation method\n"
    "2024-01-01 00:00:00,Germany,Germany,DE,133.1,177.74,83.26,81.53,entsoe.eu,false,\n"
    "2024-01-01 "
    "01:00:00,Germany,Germany,DE,134.17,179.08,83.12,81.77,entsoe.eu,true,TIME_SLICER_AVERAGE\n";

TEST(ElectricityMaps, HasBothBasesAndSaysWhatIsEstimated) {
    const auto file = parse(kElectricityMaps);
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(file->format, IntensityFormat::electricity_maps);
    EXPECT_EQ(data::source_of(file->series).zone, "DE");
    EXPECT_EQ(data::source_of(file->series).licence, "ODbL-1.0");
    EXPECT_EQ(values(file).hours()[0].value, 177.74);
    EXPECT_FALSE(values(file).hours()[0].estimated);
    EXPECT_TRUE(values(file).hours()[1].estimated);
    IntensityOptions options;
    options.basis = Basis::direct;
    EXPECT_EQ(values(parse(kElectricityMaps, options)).hours()[0].value, 133.1);
}

TEST(ElectricityMaps, KnowsItsZones) {
    IntensityOptions options;
    options.zone = "FR";
    EXPECT_THAT(refused(kElectricityMaps, options), HasSubstr("It has DE"));
    options.zone = "de";
    EXPECT_TRUE(parse(kElectricityMaps, options));
    EXPECT_THAT(refused(std::string(kElectricityMaps) +
                        "2024-01-01 00:00:00,France,France,FR,10,20,1,1,x,false,\n"),
                HasSubstr("several zones: DE, FR"));
    options.zone.clear();
    options.signal = Signal::marginal;
    EXPECT_THAT(refused(kElectricityMaps, options), HasSubstr("averages"));
}

TEST(ElectricityMaps, ReadsTheOlderColumns) {
    const auto file = parse(
        "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon "
        "Intensity gCO₂eq/kWh "
        "(LCA),Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data "
        "Estimation Method\n"
        "2021-01-01 00:00:00,Spain,Spain,ES,100,150,1,1,x,false,\n");
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(values(file).hours()[0].value, 150);
}

// --- ENTSO-E: medians 820 lignite, 490 gas, 12 nuclear, 48 sun

constexpr const char* kEntsoe =
    "\"Area\",\"MTU\",\"Biomass  - Actual Aggregated [MW]\",\"Fossil Brown coal/Lignite  - Actual "
    "Aggregated "
    "[MW]\",\"Fossil Gas  - Actual Aggregated [MW]\",\"Hydro Pumped Storage  - Actual Aggregated "
    "[MW]\",\"Hydro Pumped "
    "Storage  - Actual Consumption [MW]\",\"Solar  - Actual Aggregated [MW]\"\n"
    "\"BZN|XX\",\"31.03.2024 00:00 - 31.03.2024 00:30 "
    "(UTC)\",\"n/e\",\"100\",\"300\",\"50\",\"-\",\"0\"\n"
    "\"BZN|XX\",\"31.03.2024 00:30 - 31.03.2024 01:00 "
    "(UTC)\",\"n/e\",\"100\",\"100\",\"-\",\"70\",\"0\"\n"
    "\"BZN|XX\",\"31.03.2024 01:00 - 31.03.2024 01:30 "
    "(UTC)\",\"n/e\",\"100\",\"-\",\"-\",\"70\",\"0\"\n"
    "\"BZN|XX\",\"31.03.2024 01:30 - 31.03.2024 02:00 "
    "(UTC)\",\"n/e\",\"100\",\"100\",\"-\",\"70\",\"0\"\n"
    "\"BZN|XX\",\"31.03.2024 02:00 - 31.03.2024 03:00 "
    "(UTC)\",\"n/e\",\"0\",\"0\",\"-\",\"70\",\"10\"\n";

// First half hour (100 x 820 + 300 x 490) / 400 = 572.5, second (820 + 490) / 2 = 655: the hour 613.75. The next one lacks its gas, so it is
// a gap; then the sun alone, 48.
TEST(Entsoe, ReckonsFromGenerationByHand) {
    const auto file = parse(kEntsoe);
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(file->format, IntensityFormat::entsoe);
    ASSERT_EQ(values(file).size(), 3u);
    EXPECT_NEAR(values(file).hours()[0].value, 613.75, 1e-9);
    EXPECT_FALSE(values(file).hours()[1].known);
    EXPECT_NEAR(values(file).hours()[2].value, 48, 1e-9);
    EXPECT_THAT(data::source_of(file->series).method, HasSubstr("production based, IPCC AR5"));
    IntensityOptions options;
    options.basis = Basis::direct;
    EXPECT_THAT(refused(kEntsoe, options), HasSubstr("life-cycle medians only"));
}

TEST(Entsoe, RefusesLocalTimes) {
    std::string text = kEntsoe;
    for (std::size_t at = text.find("UTC"); at != std::string::npos; at = text.find("UTC"))
        text.replace(at, 3, "CET/CEST");
    EXPECT_THAT(refused(text), HasSubstr("time zone UTC"));
    EXPECT_THAT(refused(text), HasSubstr("f.csv:2:"));
}

TEST(Entsoe, ReadsOneRowAKind) {
    const auto file = parse(
        "MTU (UTC),Area,Production Type,Generation (MW)\n"
        "31/03/2024 00:00:00 - 31/03/2024 01:00:00,BZN|FR,Nuclear,900\n"
        "31/03/2024 00:00:00 - 31/03/2024 01:00:00,BZN|FR,Fossil Gas,100\n"
        "31/03/2024 00:00:00 - 31/03/2024 01:00:00,BZN|FR,Fossil Peat,n/e\n");
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_NEAR(values(file).hours()[0].value, (900 * 12 + 100 * 490) / 1000.0, 1e-9);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as they stand in the file
std::string xml_series(const std::string& code,
                       const std::string& points,
                       const char* domain = "in",
                       const std::string& area = "10YFR") {
    return std::string("<TimeSeries><curveType>A03</curveType><") + domain +
           "BiddingZone_Domain.mRID>" + area + "</" + domain +
           "BiddingZone_Domain.mRID><MktPSRType><psrType>" + code +
           "</psrType></MktPSRType>\n<Period><timeInterval><start>2024-03-31T00:00Z</"
           "start><end>2024-03-31T03:00Z</end>"
           "</timeInterval><resolution>PT60M</resolution>" +
           points + "</Period></TimeSeries>\n";
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as they stand in the file
std::string xml_point(int position, int quantity) {
    return "<Point><position>" + std::to_string(position) + "</position><quantity>" +
           std::to_string(quantity) + "</quantity></Point>";
}

// Nuclear 900, then 600 from the third hour on (a point repeats until the next); gas 100 throughout. Pumping is left out.
TEST(Entsoe, ReadsTheDocumentOfTheApi) {
    const std::string text = "<?xml version=\"1.0\"?>\n<GL_MarketDocument xmlns=\"urn:x\">" +
                             xml_series("B14", xml_point(1, 900) + xml_point(3, 600)) +
                             xml_series("B04", xml_point(1, 100)) +
                             xml_series("B10", xml_point(1, 500), "out") + "</GL_MarketDocument>";
    const auto file = parse(text);
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(file->format, IntensityFormat::entsoe_xml);
    ASSERT_EQ(values(file).size(), 3u);
    EXPECT_NEAR(values(file).hours()[1].value, (900 * 12 + 100 * 490) / 1000.0, 1e-9);
    EXPECT_NEAR(values(file).hours()[2].value, (600 * 12 + 100 * 490) / 700.0, 1e-9);
}

// Codes of ENTSO-E's list of areas.
TEST(Entsoe, KnowsWhoseDocumentItIs) {
    const std::string france =
        "<G>" + xml_series("B14", xml_point(1, 900), "in", "10YFR-RTE------C") + "</G>";
    EXPECT_EQ(data::source_of(parse(france)->series).zone, "FR");
    IntensityOptions options;
    options.zone = "DE";
    EXPECT_THAT(refused(france, options), HasSubstr("the hours of FR, not of DE"));
    options.zone = "FR";
    EXPECT_TRUE(parse(france, options));
    const std::string north =
        "<G>" + xml_series("B11", xml_point(1, 900), "in", "10YNO-1--------2") + "</G>";
    for (const char* zone : {"NO-NO1", "NO1", "NO"}) {
        options.zone = zone;
        EXPECT_TRUE(parse(north, options)) << zone;
    }
    options.zone = "NO-NO2";
    EXPECT_FALSE(parse(north, options));
    // An area that we do not know is whatever its user says.
    options.zone = "XX";
    EXPECT_TRUE(parse("<G>" + xml_series("B14", xml_point(1, 900)) + "</G>", options));
    EXPECT_THAT(refused("<G>" + xml_series("B14", xml_point(1, 900), "in", "10YFR-RTE------C") +
                        xml_series("B04", xml_point(1, 900), "in", "10YNO-1--------2") + "</G>"),
                HasSubstr("two areas"));
}

TEST(Entsoe, SaysWhereADocumentIsBroken) {
    EXPECT_THAT(refused("<a>\n  <b></a>"), HasSubstr("f.csv:2:6"));
    EXPECT_THAT(refused("<a>"), HasSubstr("ends inside <a>"));
    EXPECT_THAT(refused("<!DOCTYPE x [<!ENTITY y \"z\">]><a/>"), HasSubstr("document type"));
    EXPECT_THAT(
        refused(
            "<Acknowledgement_MarketDocument><Reason><text>No matching data found</text></Reason>"
            "</Acknowledgement_MarketDocument>"),
        HasSubstr("No matching data found"));
    EXPECT_THAT(refused("<G>" + xml_series("B14", xml_point(4, 1)) + "</G>"),
                HasSubstr("behind the end"));
    EXPECT_THAT(refused("<G>" + xml_series("B14", xml_point(1, 1) + xml_point(1, 2)) + "</G>"),
                HasSubstr("stands twice"));
    EXPECT_THAT(refused("<G>" + xml_series("B14", xml_point(1, 1)) +
                        xml_series("B14", xml_point(1, 1)) + "</G>"),
                HasSubstr("B14 of 2024-03-31T00:00:00Z stands twice"));
}

// --- EIA-930: the hour ends where the file says, coal 820, wind 11

constexpr const char* kEia =
    "\"Balancing Authority\",\"Data Date\",\"Hour Number\",\"Local Time at End of Hour\",\"UTC "
    "Time at End of "
    "Hour\",\"Demand (MW)\",\"Net Generation (MW) from Coal\",\"Net Generation (MW) from "
    "Wind\",\"Net Generation (MW) from "
    "Coal (Adjusted)\",\"Net Generation (MW) from Wind (Adjusted)\",\"Net Generation (MW) from "
    "Pumped Storage "
    "(Adjusted)\"\n"
    "CISO,01/01/2024,1,01/01/2024 1:00:00 AM,01/01/2024 9:00:00 "
    "AM,\"25,000\",,,\"1,000\",\"3,000\",-5\n"
    "CISO,01/01/2024,2,01/01/2024 2:00:00 AM,01/01/2024 10:00:00 AM,24000,5,5,-2,100,7\n"
    "CISO,01/01/2024,3,01/01/2024 3:00:00 AM,01/01/2024 12:00:00 PM,24000,5,5,50,50,7\n"
    "PJM,01/01/2024,1,01/01/2024 1:00:00 AM,01/01/2024 6:00:00 AM,90000,1,1,1,1,0\n";

TEST(Eia930, TakesOneAuthoritysAdjustedGenerationByHand) {
    IntensityOptions options;
    options.zone = "US-CAL-CISO";
    const auto file = parse(kEia, options);
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(file->format, IntensityFormat::eia930);
    EXPECT_EQ(data::hour_name(values(file).first()), "2024-01-01T08Z");
    ASSERT_EQ(values(file).size(), 4u);
    EXPECT_NEAR(values(file).hours()[0].value, (1000 * 820 + 3000 * 11) / 4000.0, 1e-9);
    EXPECT_NEAR(values(file).hours()[1].value, 11, 1e-9);
    EXPECT_FALSE(values(file).hours()[2].known);
    EXPECT_NEAR(values(file).hours()[3].value, 415.5, 1e-9);
    EXPECT_THAT(refused(kEia), HasSubstr("several zones: CISO, PJM"));
    options.zone = "ERCO";
    EXPECT_THAT(refused(kEia, options), HasSubstr("It has CISO, PJM"));
}

// --- NESO

constexpr const char* kNeso =
    "DATETIME,GAS,COAL,NUCLEAR,WIND,WIND_EMB,HYDRO,IMPORTS,BIOMASS,OTHER,SOLAR,STORAGE,GENERATION,"
    "CARBON_INTENSITY\n"
    "2024-10-27T00:00:00,1000,0,1000,0,0,0,500,0,0,0,10,2510,180\n"
    "2024-10-27T00:30:00,1000,0,0,500,500,0,500,0,0,0,10,2510,200\n";

// Half hours (1000 x 490 + 1000 x 12) / 2000 = 251 and (1000 x 490 + 1000 x 11) / 2000 = 250.5. NESO's own figure is direct.
TEST(Neso, HalfHoursBecomeAnHour) {
    const auto file = parse(kNeso);
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(file->format, IntensityFormat::neso);
    EXPECT_EQ(data::source_of(file->series).zone, "GB");
    EXPECT_EQ(data::basis_of(file->series), Basis::life_cycle);
    EXPECT_NEAR(values(file).hours()[0].value, 250.75, 1e-9);
    IntensityOptions options;
    options.basis = Basis::direct;
    const auto direct = parse(kNeso, options);
    EXPECT_EQ(data::basis_of(direct->series), Basis::direct);
    EXPECT_NEAR(values(direct).hours()[0].value, 190, 1e-9);
}

TEST(Neso, ItsIntensityAloneIsDirect) {
    const char* text =
        "datetime,actual,forecast\n2024-10-27T00:00Z,180,1\n2024-10-27T00:30Z,200,1\n";
    const auto file = parse(text);
    ASSERT_TRUE(file) << to_string(file.error());
    EXPECT_EQ(data::basis_of(file->series), Basis::direct);
    IntensityOptions options;
    options.basis = Basis::life_cycle;
    EXPECT_THAT(refused(text, options), HasSubstr("historic generation mix"));
}

TEST(IntensityFormats, HaveNames) {
    for (const auto format :
         {IntensityFormat::plain, IntensityFormat::entsoe_xml, IntensityFormat::neso})
        EXPECT_EQ(parse_intensity_format(to_string(format)), format);
    EXPECT_FALSE(parse_intensity_format("xls"));
    IntensityOptions options;
    options.format = IntensityFormat::eia930;
    EXPECT_THAT(refused(kNeso, options), HasSubstr("UTC Time at End of Hour"));
}

}  // namespace
}  // namespace abate::input
