#include "abate/meter/sysfs.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "fixtures/fake_sysfs.h"

namespace abate::meter {
namespace {

using fixtures::FakeSysfs;
using fixtures::TempFolder;

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(ParseSysfsUnsigned, TakesDigitsAndTheKernelsNewline) {
    EXPECT_EQ(parse_sysfs_unsigned("0\n"), 0U);
    EXPECT_EQ(parse_sysfs_unsigned("262143328850\n"), 262143328850U);
    EXPECT_EQ(parse_sysfs_unsigned("00000000000000000042\n"), 42U);
    EXPECT_EQ(parse_sysfs_unsigned("18446744073709551615"), UINT64_MAX);  // 2^64 - 1
}

TEST(ParseSysfsUnsigned, RefusesWhatIsNotANumberInsteadOfReadingZero) {
    for (const char* text :
         {"", "\n", "-1", "+1", "1e6", "0x10", "12 34", "12a", "18446744073709551616", " 12"}) {
        EXPECT_EQ(parse_sysfs_unsigned(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(ParseSysfsMagnitude, DropsTheSignOfADischargingCurrent) {
    EXPECT_EQ(parse_sysfs_magnitude("-1500000\n"), 1500000U);
    EXPECT_EQ(parse_sysfs_magnitude("1500000\n"), 1500000U);
    EXPECT_EQ(parse_sysfs_magnitude("--1"), std::nullopt);
    EXPECT_EQ(parse_sysfs_magnitude("-"), std::nullopt);
}

TEST(ParseDecimalFraction, ReadsTheKernelsRaplScaleAsExactlyTwoToTheMinus32) {
    // arch/x86/events/rapl.c: "we scale in 1/2^32 J"; 2^32 = 4294967296.
    EXPECT_EQ(parse_decimal_fraction("2.3283064365386962890625e-10\n"),
              (Fraction{1, 4294967296ULL}));
    // 10^6 / 2^32 = 15625 / 2^26, because 10^6 = 2^6 x 15625.
    EXPECT_EQ(scale_fraction({1, 4294967296ULL}, 1'000'000), (Fraction{15625, 67108864}));
}

TEST(ParseDecimalFraction, ReadsOrdinaryDecimals) {
    EXPECT_EQ(parse_decimal_fraction("0.25"), (Fraction{1, 4}));
    EXPECT_EQ(parse_decimal_fraction("61.035e-6"), (Fraction{12207, 200000000}));
    EXPECT_EQ(parse_decimal_fraction("1E3"), (Fraction{1000, 1}));
    EXPECT_EQ(parse_decimal_fraction("+5."), (Fraction{5, 1}));
}

TEST(ParseDecimalFraction, RefusesWhatItCannotKeepExactly) {
    for (const char* text : {"",
                             ".",
                             "0",
                             "0.0e5",
                             "-1",
                             "1e",
                             "1e-",
                             "1.2.3",
                             "1e-40",
                             "1e99999999999999999999",
                             "nan",
                             "inf",
                             "1x",
                             "3.14159265358979323846264338327950288419716939937510"}) {
        EXPECT_EQ(parse_decimal_fraction(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(ParseCpuList, ReadsRangesAndSingleCpus) {
    EXPECT_EQ(parse_cpu_list("0\n"), (std::vector<int>{0}));
    EXPECT_EQ(parse_cpu_list("0-2,8\n"), (std::vector<int>{0, 1, 2, 8}));
    EXPECT_EQ(parse_cpu_list("0,28"), (std::vector<int>{0, 28}));
}

TEST(ParseCpuList, RefusesMalformedAndEndlessLists) {
    for (const char* text : {"", "\n", ",", "0,", "-3", "3-", "3-1", "0-4294967295", "1,1", "a"}) {
        EXPECT_EQ(parse_cpu_list(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(ParsePerfEvent, ReadsOnlyAPlainEventCode) {
    EXPECT_EQ(parse_perf_event("event=0x02\n"), 2U);
    EXPECT_EQ(parse_perf_event("event=0xfF"), 255U);
    for (const char* text : {"",
                             "event=",
                             "event=0x",
                             "event=2",
                             "event=0x2,umask=0x1",
                             "event=0x11112222333344445"}) {
        EXPECT_EQ(parse_perf_event(text), std::nullopt) << '"' << text << '"';
    }
}

class SysfsNumberTest : public ::testing::Test {
  protected:
    SysfsNumberTest() : sys_(folder_.path()) { sys_.add_zone(zone_); }

    TempFolder folder_;
    FakeSysfs sys_;
    fixtures::ZoneSpec zone_{
        .id = "intel-rapl:0", .name = "package-0", .energy_uj = 7, .max_power_uw = std::nullopt};
    FileCalls calls_ = system_file_calls();
    SysfsNumber number_{sys_.zone_folder("intel-rapl:0") + "/energy_uj", calls_};
};

TEST_F(SysfsNumberTest, SeesNewValuesThroughTheDescriptorThatItKeeps) {
    ASSERT_EQ(number_.open(), 0);
    EXPECT_EQ(number_.read(0).value, 7U);
    sys_.set_energy("intel-rapl:0", 4'000'000'000'000);
    const NumberRead read = number_.read(1);
    EXPECT_EQ(read.status, ReadStatus::ok);
    EXPECT_EQ(read.value, 4'000'000'000'000U);
}

TEST_F(SysfsNumberTest, FailsOnAnEmptyFileAndRecovers) {
    ASSERT_EQ(number_.open(), 0);
    ASSERT_EQ(number_.read(0).status, ReadStatus::ok);
    sys_.set_energy_text("intel-rapl:0", "");
    EXPECT_EQ(number_.read(1).status, ReadStatus::failed);
    sys_.set_energy("intel-rapl:0", 8);
    EXPECT_EQ(number_.read(2).value, 8U);
}

TEST_F(SysfsNumberTest, FailsOnACutOffNumberInsteadOfBelievingItsFirstDigits) {
    ASSERT_EQ(number_.open(), 0);
    ASSERT_EQ(number_.read(0).status, ReadStatus::ok);
    sys_.set_energy_text("intel-rapl:0", "123");  // of 123456\n
    EXPECT_EQ(number_.read(1).status, ReadStatus::failed);
}

TEST_F(SysfsNumberTest, ReadsFilesThatNeverEndInANewline) {
    sys_.set_energy_text("intel-rapl:0", "123");  // a tree written by a hypervisor
    ASSERT_EQ(number_.open(), 0);
    EXPECT_EQ(number_.read(0).value, 123U);
    sys_.set_energy_text("intel-rapl:0", "1234");
    EXPECT_EQ(number_.read(1).value, 1234U);
}

TEST_F(SysfsNumberTest, IsGoneWhenItsFileWasRemovedAndTriesAgainOnceASecond) {
    int opens = 0;
    FileCalls counting = calls_;
    counting.open = [&](const char* path) {
        ++opens;
        return calls_.open(path);
    };
    SysfsNumber number(sys_.zone_folder("intel-rapl:0") + "/energy_uj", counting);
    ASSERT_EQ(number.open(), 0);
    ASSERT_EQ(number.read(0).status, ReadStatus::ok);
    sys_.remove_zone("intel-rapl:0");
    EXPECT_EQ(number.read(1).status, ReadStatus::gone);
    EXPECT_EQ(opens, 1);
    for (std::int64_t t = 2; t < 100; ++t) {
        EXPECT_EQ(number.read(t * kSecond / 100).status, ReadStatus::gone);
    }
    EXPECT_EQ(opens, 1);
    EXPECT_EQ(number.read(kSecond + 1).status, ReadStatus::gone);
    EXPECT_EQ(opens, 2);
    sys_.add_zone(zone_);
    EXPECT_EQ(number.read(kSecond + 2).status, ReadStatus::gone);  // too early to look
    const NumberRead back = number.read(2 * kSecond + 2);
    EXPECT_EQ(back.status, ReadStatus::ok);
    EXPECT_EQ(back.value, 7U);
}

TEST_F(SysfsNumberTest, TellsAnErrorOfOneReadFromADeviceThatLeft) {
    int error = 0;
    FileCalls failing = calls_;
    failing.read = [&](int fd, char* buffer, std::size_t size) {
        return error != 0 ? -static_cast<ssize_t>(error) : calls_.read(fd, buffer, size);
    };
    SysfsNumber number(sys_.zone_folder("intel-rapl:0") + "/energy_uj", failing);
    ASSERT_EQ(number.open(), 0);
    for (const int once : {EIO, ENODATA, EAGAIN, ETIMEDOUT, EINVAL}) {
        error = once;
        EXPECT_EQ(number.read(0).status, ReadStatus::failed) << once;
    }
    error = ENODEV;
    EXPECT_EQ(number.read(0).status, ReadStatus::gone);
    error = 0;
    EXPECT_EQ(number.read(kSecond).value, 7U);
}

TEST_F(SysfsNumberTest, SaysWhyItCannotBeOpened) {
    SysfsNumber number(folder_.path() + "/none", calls_);
    EXPECT_EQ(number.open(), ENOENT);
}

TEST(ListFolder, OrdersNumbersAsNumbers) {
    TempFolder folder;
    FakeSysfs sys(folder.path());
    for (const char* name : {"hwmon10", "hwmon2", "hwmon1"})
        sys.write(std::string("x/") + name, "");
    EXPECT_EQ(list_folder(folder.path() + "/x"),
              (std::vector<std::string>{"hwmon1", "hwmon2", "hwmon10"}));
    EXPECT_TRUE(list_folder(folder.path() + "/none").empty());
}

}  // namespace
}  // namespace abate::meter
