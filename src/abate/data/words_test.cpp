#include "abate/data/words.h"

#include <gtest/gtest.h>

namespace abate::data {
namespace {

using Words = std::vector<std::string>;

TEST(Folded, DropsCaseAccentsAndSpareBlanks) {
    EXPECT_EQ(folded("  S\xC3\xA3o  Paulo "), "sao paulo");
    EXPECT_EQ(folded("Qu\xC3\xA9"
                     "bec"),
              "quebec");
    EXPECT_EQ(folded("T\xC5\x8Dky\xC5\x8D"), "tokyo");
    EXPECT_EQ(folded("Cura\xC3\xA7"
                     "ao"),
              "curacao");
}

// The left sides are "model name" lines of /proc/cpuinfo.
TEST(CpuWords, LeaveOutWhatTellsNothing) {
    EXPECT_EQ(cpu_words("Intel(R) Xeon(R) Platinum 8280 CPU @ 2.70GHz"),
              (Words{"8280", "intel", "platinum", "xeon"}));
    EXPECT_EQ(cpu_words("AMD EPYC 7742 64-Core Processor"), (Words{"7742", "amd", "epyc"}));
    EXPECT_EQ(cpu_words("Intel(R) Xeon(R) CPU E5-2680 v3 @ 2.50GHz"),
              cpu_words("Intel Xeon E5-2680 v3"));
    EXPECT_EQ(cpu_words("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz"),
              cpu_words("Intel Core i7-1165G7"));
    EXPECT_EQ(cpu_words("AMD Ryzen 7 5800H with Radeon Graphics"), cpu_words("AMD Ryzen 7 5800H"));
    EXPECT_EQ(cpu_words("AMD FX(tm)-8350 Eight-Core Processor"), cpu_words("AMD FX-8350"));
}

TEST(ChipWords, LeaveOutTheMakerAndThePartition) {
    EXPECT_EQ(chip_words("NVIDIA A100-SXM4-80GB MIG 1g.10gb"), (Words{"80gb", "a100", "sxm4"}));
    EXPECT_EQ(chip_words("Tesla T4"), chip_words("NVIDIA T4"));
}

TEST(MatchWords, ToldWordsMustAllBeMet) {
    const Words h100 = chip_words("NVIDIA H100 SXM5 80GB");
    EXPECT_EQ(match_words(chip_words("H100 SXM"), h100), Match::part);
    EXPECT_EQ(match_words(chip_words("h100 sxm5 80gb"), h100), Match::whole);
    EXPECT_EQ(match_words(chip_words("H10"), h100), Match::none);  // a number is not a beginning
    EXPECT_EQ(match_words(chip_words("H100 PCIe"), h100), Match::none);
    EXPECT_EQ(match_words({}, h100), Match::none);
}

TEST(TellingWord, IsTheLongestWithADigit) {
    EXPECT_EQ(telling_word(cpu_words("Intel Xeon E5-2680 v3")), "2680");
    EXPECT_EQ(telling_word(cpu_words("Intel(R) Xeon(R) CPU @ 2.20GHz")), "");
}

}  // namespace
}  // namespace abate::data
