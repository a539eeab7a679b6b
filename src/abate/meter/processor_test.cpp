#include "abate/meter/processor.h"

#include <gtest/gtest.h>

#include "fixtures/fake_sysfs.h"

namespace abate::meter {
namespace {

// As Linux 6.1 prints them, shortened.
constexpr const char* kTwoSocketXeon =
    "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n"
    "model name\t: Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz\nstepping\t: 4\n"
    "microcode\t: 0x2007006\nphysical id\t: 0\nsiblings\t: 1\n"
    "flags\t\t: fpu vme avx512f\nbugs\t\t: spectre_v1\npower management:\n\n"
    "processor\t: 1\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n"
    "model name\t: Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz\nstepping\t: 4\n"
    "physical id\t: 1\nflags\t\t: fpu vme avx512f\n\n";

constexpr const char* kEpycGuest =
    "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n"
    "model name\t: AMD EPYC\nstepping\t: 1\nphysical id\t: 0\n"
    "flags\t\t: fpu rdrand hypervisor lahf_lm\nTLB size\t: 3584 4K pages\n\n";

constexpr const char* kRaspberryPi =
    "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\n"
    "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\n"
    "CPU revision\t: 3\n\nprocessor\t: 1\nCPU part\t: 0xd08\n\n"
    "Hardware\t: BCM2835\nRevision\t: c03115\nModel\t\t: Raspberry Pi 4 Model B Rev 1.5\n";

TEST(Processor, ReadsAnIntelServer) {
    const Processor cpu = parse_processor(kTwoSocketXeon);
    EXPECT_EQ(cpu.vendor, "GenuineIntel");
    EXPECT_EQ(cpu.model_name, "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz");
    EXPECT_EQ(cpu.family, 6);
    EXPECT_EQ(cpu.model, 0x55);
    EXPECT_EQ(cpu.stepping, 4);
    EXPECT_EQ(cpu.cpus, 2);
    EXPECT_EQ(cpu.sockets, 2);
    EXPECT_FALSE(cpu.guest);
}

TEST(Processor, ReadsAnAmdGuest) {
    const Processor cpu = parse_processor(kEpycGuest);
    EXPECT_EQ(cpu.vendor, "AuthenticAMD");
    EXPECT_EQ(cpu.model_name, "AMD EPYC");
    EXPECT_EQ(cpu.family, 0x19);
    EXPECT_EQ(cpu.model, 0x11);
    EXPECT_EQ(cpu.cpus, 1);
    EXPECT_TRUE(cpu.guest);
}

TEST(Processor, NamesTheBoardWhereArmNamesNoModel) {
    const Processor cpu = parse_processor(kRaspberryPi);
    EXPECT_EQ(cpu.vendor, "");
    EXPECT_EQ(cpu.model_name, "BCM2835");
    EXPECT_EQ(cpu.model, 0);  // "Model" is the board, not the processor's model number
    EXPECT_EQ(cpu.cpus, 2);
    EXPECT_EQ(cpu.sockets, 0);  // not told
}

TEST(Processor, SocketsAreCountedNotGuessedFromTheLargestId) {
    EXPECT_EQ(parse_processor("physical id\t: 0\nphysical id\t: 3\n").sockets, 2);
}

TEST(Processor, NonsenseIsAPlainProcessor) {
    const Processor cpu = parse_processor("model\t: 99999999999999999999\nflags: hypervisors\n:\n");
    EXPECT_EQ(cpu.model, 0);
    EXPECT_EQ(cpu.cpus, 1);
    EXPECT_FALSE(cpu.guest);
    EXPECT_EQ(parse_processor("").cpus, 1);
}

TEST(Processor, SysfsSaysHowManyCpusAndSocketsThereAre) {
    const fixtures::TempFolder folder;
    fixtures::FakeSysfs tree(folder.path());
    tree.write("proc/cpuinfo", kRaspberryPi);
    SensorEnvironment environment;
    environment.procfs_root = folder.path() + "/proc";
    environment.sysfs_root = folder.path() + "/sys";
    EXPECT_EQ(read_processor(environment).cpus, 2);
    EXPECT_EQ(read_processor(environment).sockets, 1);
    tree.write("sys/devices/system/cpu/online", "0-255");
    tree.write("sys/devices/system/cpu/cpu0/topology/physical_package_id", "0");
    tree.write("sys/devices/system/cpu/cpu1/topology/physical_package_id", "36");
    EXPECT_EQ(read_processor(environment).cpus, 256);
    EXPECT_EQ(read_processor(environment).sockets, 2);
}

}  // namespace
}  // namespace abate::meter
