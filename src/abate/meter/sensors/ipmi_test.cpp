#include "abate/meter/sensors/ipmi.h"

#include "abate/meter/sensors/sensors.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <thread>

namespace abate::meter {
namespace {

// DCMI 1.5, table 6-16: completion 0, group DCh, current 344 W (158h), minimum 120 W, maximum 590 W
// (24Eh), average 350 W (15Eh), time stamp, period 1000 ms (3E8h), state: active.
std::vector<std::uint8_t> answer_344_w() {
    return {0x00,
            0xDC,
            0x58,
            0x01,
            0x78,
            0x00,
            0x4E,
            0x02,
            0x5E,
            0x01,
            0x10,
            0x20,
            0x30,
            0x60,
            0xE8,
            0x03,
            0x00,
            0x00,
            0x40};
}

TEST(DcmiPower, CurrentWattsAreLittleEndian) { EXPECT_EQ(*parse_dcmi_power(answer_344_w()), 344u); }

TEST(DcmiPower, BytesBehindTheResponseAreIgnored) {
    auto bytes = answer_344_w();
    bytes.push_back(0xFF);
    EXPECT_EQ(*parse_dcmi_power(bytes), 344u);
}

TEST(DcmiPower, EveryShorterResponseIsCorrupt) {
    const auto whole = answer_344_w();
    for (std::size_t n = 0; n < whole.size(); ++n) {
        const auto watts = parse_dcmi_power(std::span(whole).first(n));
        ASSERT_FALSE(watts.has_value()) << n;
        EXPECT_EQ(watts.error().code, ErrorCode::corrupt) << n;
    }
}

TEST(DcmiPower, CompletionCodesTellWhy) {
    const auto code_of = [](std::uint8_t completion) {
        const std::vector<std::uint8_t> bytes{completion};
        return parse_dcmi_power(bytes).error().code;
    };
    EXPECT_EQ(code_of(0xC1), ErrorCode::unsupported);        // invalid command
    EXPECT_EQ(code_of(0xD4), ErrorCode::permission_denied);  // insufficient privilege
    EXPECT_EQ(code_of(0xC0), ErrorCode::unavailable);        // node busy
    EXPECT_EQ(code_of(0xFF), ErrorCode::unavailable);        // unspecified
}

TEST(DcmiPower, MeasurementSwitchedOffIsNotZeroWatts) {
    auto bytes = answer_344_w();
    bytes[18] = 0x00;
    EXPECT_EQ(parse_dcmi_power(bytes).error().code, ErrorCode::unsupported);
}

TEST(DcmiPower, AnotherGroupIsCorrupt) {
    auto bytes = answer_344_w();
    bytes[1] = 0xDD;
    EXPECT_EQ(parse_dcmi_power(bytes).error().code, ErrorCode::corrupt);
}

TEST(DcmiPower, AbsurdWattsAreRefused) {
    auto zero = answer_344_w();
    zero[2] = zero[3] = 0;
    EXPECT_EQ(parse_dcmi_power(zero).error().code, ErrorCode::out_of_range);
    auto most = answer_344_w();
    most[2] = most[3] = 0xFF;  // 65,535 W: what an unready BMC shows
    EXPECT_EQ(parse_dcmi_power(most).error().code, ErrorCode::out_of_range);
}

// Polls run on another thread, so these use the real clock.
class IpmiSource : public testing::Test {
  protected:
    IpmiSource() { environment_.clock = &clock_; }
    static Reading read(Sensor& sensor) {
        Reading reading;
        sensor.read({&reading, 1}, ReadReason::boundary);
        return reading;
    }
    SystemClock clock_;
    SensorEnvironment environment_;
};

TEST_F(IpmiSource, AsksTheDcmiPowerReadingAndGivesMicrowatts) {
    const SensorOpening opening = open_ipmi_through(
        environment_,
        // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of an IPMI message
        [](std::uint8_t net_fn,
           std::uint8_t command,
           std::span<const std::uint8_t> data) -> Result<std::vector<std::uint8_t>> {
            // DCMI 1.5, 6.6.1: NetFn 2Ch, command 02h, data DCh 01h 00h 00h.
            const std::vector<std::uint8_t> expected{0xDC, 0x01, 0x00, 0x00};
            const bool right = net_fn == 0x2C && command == 0x02 &&
                               std::vector<std::uint8_t>(data.begin(), data.end()) == expected;
            if (!right) return std::vector<std::uint8_t>{0xC1};
            return answer_344_w();
        },
        "fake BMC");
    ASSERT_NE(opening.sensor, nullptr);
    EXPECT_EQ(opening.findings[0].state, FindingState::usable);
    const ChannelInfo& channel = opening.sensor->channels()[0];
    EXPECT_EQ(channel.device, "node");
    EXPECT_EQ(channel.source, "ipmi");
    EXPECT_EQ(channel.kind, ChannelKind::power_gauge);
    EXPECT_EQ(channel.boundary, ChannelBoundary::node);
    const Reading first = read(*opening.sensor);
    EXPECT_EQ(first.status, ReadStatus::ok);
    EXPECT_EQ(first.value, 344'000'000u);
    EXPECT_EQ(read(*opening.sensor).status, ReadStatus::no_update);
}

TEST_F(IpmiSource, ABmcWithoutTheCommandIsUnsupported) {
    const SensorOpening opening = open_ipmi_through(
        environment_,
        [](auto, auto, auto) -> Result<std::vector<std::uint8_t>> {
            return std::vector<std::uint8_t>{0xC1};
        },
        "fake BMC");
    EXPECT_EQ(opening.sensor, nullptr);
    EXPECT_EQ(opening.findings[0].state, FindingState::unsupported);
}

TEST_F(IpmiSource, ASlowBmcDelaysNeitherOpeningNorReading) {
    const auto start = std::chrono::steady_clock::now();
    const SensorOpening opening = open_ipmi_through(
        environment_,
        [](auto, auto, auto) -> Result<std::vector<std::uint8_t>> {
            std::this_thread::sleep_for(std::chrono::seconds(30));
            return answer_344_w();
        },
        "fake BMC");
    ASSERT_NE(opening.sensor, nullptr);
    const Reading reading = read(*opening.sensor);
    EXPECT_EQ(reading.status, ReadStatus::failed);  // no answer yet: a gap, not 0 W
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(IpmiSource, AMachineWithoutBmcSaysSo) {
    environment_.dev_root = "/nonexistent";
    const SensorOpening opening = open_ipmi(environment_);
    EXPECT_EQ(opening.sensor, nullptr);
    EXPECT_EQ(opening.findings[0].state, FindingState::absent);
    EXPECT_EQ(opening.findings[0].subject, "/nonexistent/ipmi0");
}

TEST_F(IpmiSource, AFileThatIsNoIpmiDeviceIsBroken) {
    std::string pattern = (std::filesystem::temp_directory_path() / "abate_ipmi_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    environment_.dev_root = pattern;
    std::fclose(std::fopen((pattern + "/ipmi0").c_str(), "w"));
    const SensorOpening opening = open_ipmi(environment_);
    EXPECT_EQ(opening.sensor, nullptr);
    EXPECT_EQ(opening.findings[0].state, FindingState::broken);
    std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace abate::meter
