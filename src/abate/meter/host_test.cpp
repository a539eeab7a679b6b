#include "abate/meter/host.h"

#include "abate/meter/machine_cpu.h"
#include "abate/meter/reservation.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace abate::meter {
namespace {

using ::testing::HasSubstr;

// A fake machine: files below a temporary folder that stands for /.
class FakeMachine {
  public:
    FakeMachine() {
        const char* base = std::getenv("TMPDIR");
        std::string form = std::string(base != nullptr ? base : "/tmp") + "/abate-host-XXXXXX";
        root_ = ::mkdtemp(form.data());
    }
    FakeMachine(const FakeMachine&) = delete;
    FakeMachine& operator=(const FakeMachine&) = delete;
    ~FakeMachine() { std::filesystem::remove_all(root_); }

    FakeMachine& write(const std::string& name, const std::string& text) {
        std::filesystem::create_directories(std::filesystem::path(root_ + name).parent_path());
        std::ofstream(root_ + name) << text;
        return *this;
    }
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): name, then value, as setenv(3)
    FakeMachine& set(const std::string& name, const std::string& value) {
        variables_[name] = value;
        return *this;
    }
    // `packages` x `cpus` CPUs in /proc/cpuinfo and as many online.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): of which there are, then how many in each
    FakeMachine& cpus(int packages, int per_package, const std::string& flags = "fpu sse2") {
        std::string text;
        for (int cpu = 0; cpu < packages * per_package; ++cpu) {
            text += fmt::format(
                "processor\t: {}\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7763\n"
                "physical id\t: {}\nflags\t\t: {}\n\n",
                cpu,
                cpu / per_package,
                flags);
        }
        write("/proc/cpuinfo", text);
        return write("/sys/devices/system/cpu/online",
                     fmt::format("0-{}\n", packages * per_package - 1));
    }
    [[nodiscard]] SensorEnvironment environment() const {
        SensorEnvironment made;
        made.procfs_root = root_ + "/proc";
        made.sysfs_root = root_ + "/sys";
        return made;
    }
    [[nodiscard]] GetVariable variable() const {
        return [this](const std::string& name) {
            const auto found = variables_.find(name);
            return found == variables_.end() ? std::string() : found->second;
        };
    }
    [[nodiscard]] Host host() const { return read_host(environment(), variable()); }
    [[nodiscard]] SystemView view() const {
        return read_system_view(environment(),
                                variable(),
                                {.cgroup_root = root_ + "/sys/fs/cgroup", .affinity = false});
    }
    [[nodiscard]] const std::string& root() const { return root_; }

  private:
    std::string root_;
    std::map<std::string, std::string> variables_;
};

TEST(Host, TwoSocketServerIsRead) {
    FakeMachine machine;
    machine.cpus(2, 64)
        .write("/proc/meminfo", "MemTotal:       263818240 kB\nMemFree: 1 kB\n")
        .write("/proc/sys/kernel/hostname", "node7\n")
        .write("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n")
        .write("/sys/class/dmi/id/chassis_type", "23\n");
    const Host host = machine.host();
    EXPECT_EQ(host.name, "node7");
    EXPECT_EQ(host.cpu_model, "AMD EPYC 7763");
    EXPECT_EQ(host.sockets, 2);
    EXPECT_EQ(host.cpus, 128);
    EXPECT_EQ(host.memory_bytes, 263818240ULL * 1024);
    EXPECT_FALSE(host.virtual_machine);
    EXPECT_EQ(host.kind, "server");
    EXPECT_THAT(host.os, HasSubstr("6.1.0-18-amd64"));
}

TEST(Host, HypervisorFlagMakesAVirtualMachine) {
    FakeMachine machine;
    machine.cpus(1, 2, "fpu hypervisor lahf_lm");
    EXPECT_TRUE(machine.host().virtual_machine);
    EXPECT_EQ(machine.host().kind, "virtual-machine");
}

TEST(Host, ContainerInAVirtualMachineIsAContainerAndStillVirtual) {
    FakeMachine machine;
    machine.cpus(1, 2, "hypervisor").write("/.dockerenv", "");
    EXPECT_EQ(machine.host().kind, "container");
    EXPECT_TRUE(machine.host().virtual_machine);
}

TEST(Host, PodIsToldByItsControlGroup) {
    FakeMachine machine;
    machine.cpus(1, 2).write("/proc/self/cgroup", "0::/kubepods.slice/pod1/x\n");
    EXPECT_EQ(machine.host().kind, "container");
}

TEST(Host, BatteryMakesALaptopButNotTheMousesBattery) {
    FakeMachine laptop;
    laptop.cpus(1, 8).write("/sys/class/power_supply/BAT0/type", "Battery\n");
    EXPECT_EQ(laptop.host().kind, "laptop");
    FakeMachine desktop;
    desktop.cpus(1, 8)
        .write("/sys/class/power_supply/hidpp_battery_0/type", "Battery\n")
        .write("/sys/class/power_supply/hidpp_battery_0/scope", "Device\n")
        .write("/sys/class/dmi/id/chassis_type", "3\n");
    EXPECT_EQ(desktop.host().kind, "desktop");
}

TEST(Host, ChassisTypesAreThoseOfSmbios) {
    // DSP0134 table 17: 10 notebook, 31 convertible; 7 tower; 17 main server chassis.
    EXPECT_EQ(host_kind({.chassis = 10}), "laptop");
    EXPECT_EQ(host_kind({.chassis = 31}), "laptop");
    EXPECT_EQ(host_kind({.chassis = 7}), "desktop");
    EXPECT_EQ(host_kind({.chassis = 17}), "server");
}

TEST(Host, EmptyMachineStillHasAName) {
    const FakeMachine machine;
    const Host host = machine.host();
    EXPECT_FALSE(host.name.empty());
    EXPECT_GE(host.cpus, 1);
    EXPECT_EQ(host.sockets, 1);
}

TEST(Host, ThisMachineIsRead) {
    const Host host = read_host(SensorEnvironment{});
    EXPECT_GE(host.cpus, 1);
    EXPECT_GT(host.memory_bytes, 1U << 20U);
}

TEST(Reservation, NoneOnAPlainShell) {
    FakeMachine machine;
    machine.cpus(1, 8).write("/proc/self/cgroup", "0::/\n");
    const Reservation mine = decide_reservation(machine.view(), false);
    EXPECT_EQ(mine.rule, IdleRule::active_share);
    EXPECT_EQ(mine.cpu_share, 0);
}

TEST(Reservation, WholeMachineOptionOutranksEverything) {
    FakeMachine machine;
    machine.cpus(1, 8).set("SLURM_JOB_ID", "1").set("SLURM_CPUS_ON_NODE", "2");
    const Reservation mine = decide_reservation(machine.view(), true);
    EXPECT_EQ(mine.rule, IdleRule::whole_machine);
    EXPECT_EQ(mine.cpu_share, 1);
    EXPECT_EQ(mine.memory_share, 1);
}

TEST(Reservation, SlurmPartOfANodeIsThatShare) {
    FakeMachine machine;
    machine.cpus(2, 64)
        .write("/proc/meminfo", "MemTotal: 268435456 kB\n")  // 256 GiB
        .set("SLURM_JOB_ID", "77")
        .set("SLURM_CPUS_ON_NODE", "32")
        .set("SLURM_MEM_PER_NODE", "131072");  // MiB: half
    const Reservation mine = decide_reservation(machine.view(), false);
    EXPECT_EQ(mine.rule, IdleRule::reserved_share);
    EXPECT_DOUBLE_EQ(mine.cpu_share, 0.25);    // 32 / 128
    EXPECT_DOUBLE_EQ(mine.memory_share, 0.5);  // 128 / 256 GiB
    EXPECT_THAT(mine.reason, HasSubstr("32 of 128"));
}

TEST(Reservation, SlurmMemoryPerCpuAndZeroForAll) {
    FakeMachine machine;
    machine.cpus(1, 16)
        .write("/proc/meminfo", "MemTotal: 67108864 kB\n")  // 64 GiB
        .set("SLURM_JOB_ID", "77")
        .set("SLURM_CPUS_ON_NODE", "4")
        .set("SLURM_MEM_PER_CPU", "2048");
    EXPECT_DOUBLE_EQ(decide_reservation(machine.view(), false).memory_share, 0.125);  // 8 / 64
    machine.set("SLURM_MEM_PER_NODE", "0");  // sbatch(1): --mem=0 is all memory of the node
    EXPECT_DOUBLE_EQ(decide_reservation(machine.view(), false).memory_share, 1);
}

TEST(Reservation, SlurmWholeNodeTakesAllIdle) {
    FakeMachine machine;
    machine.cpus(1, 16).set("SLURM_JOB_ID", "77").set("SLURM_CPUS_ON_NODE", "16");
    EXPECT_EQ(decide_reservation(machine.view(), false).rule, IdleRule::whole_machine);
    machine.set("SLURM_CPUS_ON_NODE", "4").set("SLURM_EXCLUSIVE", "exclusive");
    EXPECT_EQ(decide_reservation(machine.view(), false).rule, IdleRule::whole_machine);
    machine.set("SLURM_EXCLUSIVE", "user");  // others of the same user may still come in
    EXPECT_EQ(decide_reservation(machine.view(), false).rule, IdleRule::reserved_share);
}

TEST(Reservation, SlurmListOfNodesIsUnfolded) {
    // sbatch(1), SLURM_JOB_CPUS_PER_NODE: "72(x2),36" is 72 on the first two nodes, 36 on the
    // third.
    EXPECT_EQ(slurm_cpus_of_node("72(x2),36", 0), 72);
    EXPECT_EQ(slurm_cpus_of_node("72(x2),36", 1), 72);
    EXPECT_EQ(slurm_cpus_of_node("72(x2),36", 2), 36);
    EXPECT_EQ(slurm_cpus_of_node("72(x2),36", 3), std::nullopt);
    EXPECT_EQ(slurm_cpus_of_node("72(x", 0), std::nullopt);
    EXPECT_EQ(slurm_cpus_of_node("", 0), std::nullopt);
    FakeMachine machine;
    machine.cpus(1, 72)
        .set("SLURM_JOB_ID", "1")
        .set("SLURM_JOB_CPUS_PER_NODE", "72(x2),36")
        .set("SLURM_NODEID", "2");
    EXPECT_DOUBLE_EQ(decide_reservation(machine.view(), false).cpu_share, 0.5);
}

TEST(Reservation, NarrowestQuotaOfTheChainCounts) {
    FakeMachine machine;
    machine.cpus(1, 8)
        .write("/proc/meminfo", "MemTotal: 16777216 kB\n")
        .write("/proc/self/cgroup", "0::/job/step\n")
        .write("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n")
        .write("/sys/fs/cgroup/job/cgroup.procs", "")
        .write("/sys/fs/cgroup/job/cpu.max", "200000 100000\n")
        .write("/sys/fs/cgroup/job/memory.max", "4294967296\n")
        .write("/sys/fs/cgroup/job/step/cgroup.procs", "1\n")
        .write("/sys/fs/cgroup/job/step/cpu.max", "max 100000\n")
        .write("/sys/fs/cgroup/job/step/memory.max", "max\n");
    const Reservation mine = decide_reservation(machine.view(), false);
    EXPECT_EQ(mine.rule, IdleRule::reserved_share);
    EXPECT_DOUBLE_EQ(mine.cpu_share, 0.25);     // 2 of 8
    EXPECT_DOUBLE_EQ(mine.memory_share, 0.25);  // 4 of 16 GiB
    EXPECT_THAT(mine.reason, HasSubstr("quota"));
}

TEST(Reservation, OldControlGroupsLimitToo) {
    FakeMachine machine;
    machine.cpus(1, 4)
        .write("/proc/meminfo", "MemTotal: 8388608 kB\n")
        .write("/proc/self/cgroup", "3:cpuset:/a\n2:cpu,cpuacct:/a\n1:memory:/a\n")
        .write("/sys/fs/cgroup/cpu/a/cgroup.procs", "1\n")
        .write("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n")
        .write("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n")
        .write("/sys/fs/cgroup/memory/a/cgroup.procs", "1\n")
        // No limit, as cgroup v1 writes it.
        .write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
    const Reservation mine = decide_reservation(machine.view(), false);
    EXPECT_DOUBLE_EQ(mine.cpu_share, 0.25);
    EXPECT_DOUBLE_EQ(mine.memory_share, 0.25);  // follows the CPUs
}

TEST(Reservation, CpuSetAndAffinityAreReservations) {
    SystemView view{.cpus_online = 16, .memory_bytes = 1ULL << 34U, .cpus_allowed = 16};
    view.cpuset_cpus = 4;
    EXPECT_DOUBLE_EQ(decide_reservation(view, false).cpu_share, 0.25);
    view.cpus_allowed = 2;
    EXPECT_DOUBLE_EQ(decide_reservation(view, false).cpu_share, 0.125);
    EXPECT_THAT(decide_reservation(view, false).reason, HasSubstr("affinity"));
}

TEST(Reservation, LimitThatLeavesEverythingIsNone) {
    SystemView view{.cpus_online = 4, .memory_bytes = 1, .cpus_allowed = 4};
    view.cgroup_cpus = 64;
    EXPECT_EQ(decide_reservation(view, false).rule, IdleRule::active_share);
}

TEST(MachineCpu, CountsFromItsFirstReading) {
    FakeMachine machine;
    machine.write("/proc/stat", "cpu  100 10 50 1000 20 1 2 3 0 0\ncpu0 1\ncpu1 1\nintr 1\n");
    MachineCpu cpu(machine.root() + "/proc");
    MachineCpuTime time;
    ASSERT_TRUE(cpu.read(time));
    EXPECT_EQ(time.busy_ns, 0);
    EXPECT_EQ(time.cpus, 2);
    // +5 user (10 guest inside user not added), +1 nice, +2 system, +1 irq, +1 softirq = 10 ticks
    // of 10 ms; +30 idle and +4 iowait; +7 steal.
    machine.write("/proc/stat", "cpu  105 11 52 1030 24 2 3 10 10 0\ncpu0 1\ncpu1 1\nintr 1\n");
    ASSERT_TRUE(cpu.read(time));
    EXPECT_EQ(time.busy_ns, 100'000'000);
    EXPECT_EQ(time.idle_ns, 340'000'000);
    EXPECT_EQ(time.steal_ns, 70'000'000);
}

TEST(MachineCpu, ManyCpusAreAllCounted) {
    FakeMachine machine;
    std::string text = "cpu  1 1 1 1\n";
    for (int i = 0; i < 1024; ++i) {
        text += fmt::format("cpu{} 1234567890 12345 1234567890 12345678901 1 2 3 4 5 6\n", i);
    }
    machine.write("/proc/stat", text + "intr 1 2 3\n");
    MachineCpu cpu(machine.root() + "/proc");
    MachineCpuTime time;
    ASSERT_TRUE(cpu.read(time));
    EXPECT_EQ(time.cpus, 1024);
}

TEST(MachineCpu, MissingFileIsAFailedReading) {
    const FakeMachine machine;
    MachineCpu cpu(machine.root() + "/proc");
    MachineCpuTime time{.busy_ns = 42};
    EXPECT_FALSE(cpu.read(time));
    EXPECT_EQ(time.busy_ns, 42);
}

TEST(OwnCost, IsReadFromThisProcess) {
    const OwnCost cost = read_own_cost();
    EXPECT_GT(cost.cpu_ns, 0);
    EXPECT_GT(cost.max_rss_bytes, 1 << 20);
    FakeMachine machine;
    machine.write("/proc/self/status", "Name:\tabate\nRssAnon:\t    1234 kB\nRssFile:\t 2 kB\n");
    EXPECT_EQ(read_own_cost(machine.root() + "/proc").rss_anon_bytes, 1234 * 1024);
    EXPECT_EQ(read_own_cost(machine.root() + "/nothing").rss_anon_bytes, -1);
}

}  // namespace
}  // namespace abate::meter
