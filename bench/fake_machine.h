// A machine with two sockets, each with a package and a DRAM counter, made of ordinary files, and
// the parts of `abate run` put together over it as the command does.
//
//     FakeMachine machine;
//     MeteredRun run(machine, {"sleep", "10"});
//     run.loop(100'000'000);                      // the real loop, at 10 Hz, until sleep ends
//
// The files stand still: the meter then asks each time whether a file was unlinked, so that what is
// measured here is, if anything, more than on real counters.
#pragma once

#include "abate/data/data.h"
#include "abate/meter/meter.h"
#include "abate/store/store.h"

#include <memory>
#include <string>
#include <vector>

#include "fixtures/fake_sysfs.h"

namespace abate::bench {

class FakeMachine {
  public:
    FakeMachine() : sys_(folder_.path() + "/sys"), tables_(data::Tables::load({}).value()) {
        for (const std::string& zone : sys_.make_rapl({.sockets = 2, .dram = true})) {
            sys_.set_energy(zone, 123'456'789'012);
            counters_.push_back(sys_.zone_folder(zone) + "/energy_uj");
        }
    }

    [[nodiscard]] const std::string& folder() const { return folder_.path(); }
    [[nodiscard]] const std::string& sysfs() const { return sys_.root(); }
    // The files that a sample reads.
    [[nodiscard]] const std::vector<std::string>& counters() const { return counters_; }
    [[nodiscard]] fixtures::FakeSysfs& sys() { return sys_; }

    // No accelerator and no node counter of the real machine takes part.
    [[nodiscard]] meter::SensorEnvironment environment() const {
        meter::SensorEnvironment environment;
        environment.sysfs_root = sys_.root();
        environment.dev_root = folder_.path() + "/dev";
        environment.nvml_library = environment.amdsmi_library = folder_.path() + "/none.so";
        environment.clock = &clock_;
        return environment;
    }
    [[nodiscard]] meter::Devices devices() const {
        meter::DiscoverOptions options;
        options.node_sensors = false;
        return meter::discover(environment(), tables_, options);
    }
    [[nodiscard]] const SystemClock& clock() const { return clock_; }

  private:
    SystemClock clock_;
    fixtures::TempFolder folder_;
    fixtures::FakeSysfs sys_;
    data::Tables tables_;
    std::vector<std::string> counters_;
};

class MeteredRun {
  public:
    MeteredRun(const FakeMachine& machine, std::vector<std::string> words)
        : clock_(machine.clock()),
          tree_(meter::ProcessTree::launch({.words = std::move(words)}).value()),
          meter_(machine.devices(), {}, machine.clock()),
          spool_(
              store::SpoolWriter::create({.folder = machine.folder() + "/spool",
                                          .run_id = "bench-" + std::to_string(clock_.now().mono_ns),
                                          .header_json = "{}",
                                          .device_count = meter_.state().devices.size()})
                  .value()) {}
    ~MeteredRun() { spool_->discard(); }
    MeteredRun(const MeteredRun&) = delete;
    MeteredRun& operator=(const MeteredRun&) = delete;

    // Until the command ends. `sink`: in the place of the spool.
    meter::RunOutcome loop(std::int64_t interval_ns, meter::SampleSink* sink = nullptr) {
        return meter::run_metered(tree_,
                                  meter_,
                                  cpu_,
                                  sink != nullptr ? sink : spool_.get(),
                                  {.interval_ns = interval_ns},
                                  clock_)
            .value();
    }

    [[nodiscard]] meter::ProcessTree& tree() { return tree_; }
    [[nodiscard]] meter::RunMeter& meter() { return meter_; }
    [[nodiscard]] store::SpoolWriter& spool() { return *spool_; }

  private:
    const SystemClock& clock_;
    meter::ProcessTree tree_;
    meter::RunMeter meter_;
    meter::MachineCpu cpu_{"/proc"};
    std::unique_ptr<store::SpoolWriter> spool_;
};

}  // namespace abate::bench
