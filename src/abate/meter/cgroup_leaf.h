// CgroupLeaf: a control group of our own for one command, so that the kernel itself adds up the CPU
// time of everything in it, however short-lived, waited for or not.
//
//     Result<CgroupLeaf> leaf = CgroupLeaf::create({.version = 2});
//     leaf->admit(pid);                        // or clone3 with CLONE_INTO_CGROUP and folder_fd()
//     leaf->usage_ns();                        // 1.4 us, no allocation
//
// The leaf `abate-PID-N` is made inside the control group that abate itself is in. That is allowed
// beside processes as long as no controller is switched on below it (the "no internal processes"
// rule of cgroup v2), and abate switches none on: cpu.stat has usage_usec without the cpu
// controller. The leaf is removed with the object when nothing lives in it; survivors keep it.
// Not thread-safe.
#pragma once

#include "abate/core/result.h"
#include "abate/meter/procfs.h"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace abate::meter {

struct CgroupLeafOptions {
    int version = 2;  // 2: cpu.stat; 1: cpuacct.usage
    std::string cgroup_root = "/sys/fs/cgroup";
    std::string procfs_root = "/proc";
};

class CgroupLeaf {
  public:
    // Errors: unavailable (no such hierarchy), permission_denied (may not make the folder),
    // io_error. Also clears away leaves of abates that are dead, where nothing lives in them.
    static Result<CgroupLeaf> create(const CgroupLeafOptions& options);

    CgroupLeaf(CgroupLeaf&& other) noexcept { *this = std::move(other); }
    CgroupLeaf& operator=(CgroupLeaf&& other) noexcept;
    ~CgroupLeaf() { remove(); }

    // Moves a process in. Errors: permission_denied, io_error. May take some milliseconds: the
    // kernel waits for a grace period.
    Result<void> admit(pid_t pid);
    // CPU time of all that was ever in the leaf, while it was in. nullopt: not readable now.
    // A task that is running has been counted up to its last scheduler tick (1 to 10 ms ago).
    [[nodiscard]] std::optional<std::int64_t> usage_ns() const noexcept;

    // O_PATH descriptor of the folder, for CLONE_INTO_CGROUP (v2 only).
    [[nodiscard]] int folder_fd() const noexcept { return folder_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] int version() const noexcept { return version_; }

  private:
    CgroupLeaf() = default;
    void remove() noexcept;

    int version_ = 2;
    std::string path_;
    FileDescriptor folder_;
    FileDescriptor usage_;
};

// The folder of the control group that this process is in; Errors: unavailable. Reads
// /proc/self/cgroup; understands cgroup namespaces, containers that see only their own group as the
// root, and the `unified` mount of hybrid systems.
[[nodiscard]] Result<std::string> own_cgroup_folder(const CgroupLeafOptions& options);

}  // namespace abate::meter
