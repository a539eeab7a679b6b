#include "abate/meter/cgroup_leaf.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace abate::meter {
namespace {

constexpr const char* kPrefix = "abate-";

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// The mount point of the hierarchy, and what /proc/self/cgroup calls it.
struct Hierarchy {
    std::string mount;
    std::string path;  // of this process in it
};

std::optional<Hierarchy> find_v2(const CgroupLeafOptions& options,
                                 const std::vector<CgroupLine>& lines) {
    for (const CgroupLine& line : lines) {
        if (line.hierarchy != 0 || !line.controllers.empty()) continue;
        for (const std::string& mount : {options.cgroup_root, options.cgroup_root + "/unified"}) {
            if (exists(mount + "/cgroup.controllers")) return Hierarchy{mount, line.path};
        }
    }
    return std::nullopt;
}

std::optional<Hierarchy> find_v1(const CgroupLeafOptions& options,
                                 const std::vector<CgroupLine>& lines) {
    for (const CgroupLine& line : lines) {
        if (std::ranges::find(line.controllers, "cpuacct") == line.controllers.end()) continue;
        for (const char* name : {"/cpuacct", "/cpu,cpuacct", "/cpuacct,cpu"}) {
            const std::string mount = options.cgroup_root + name;
            if (exists(mount + "/cpuacct.usage")) return Hierarchy{mount, line.path};
        }
    }
    return std::nullopt;
}

// Whether cgroup.procs of `folder` names this process.
bool contains_self(const std::string& folder) {
    const std::string text = read_text(folder + "/cgroup.procs");
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto pid = parse_number(take_line(rest));
        if (pid && *pid == static_cast<std::uint64_t>(::getpid())) return true;
    }
    return false;
}

// Leaves of abates that were killed stay behind, empty: take them away. rmdir refuses a leaf in
// which something lives, so a mistake about the pid costs nothing.
void clear_dead_leaves(const std::string& folder) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(kPrefix)) continue;
        const std::string_view digits = std::string_view(name).substr(std::strlen(kPrefix));
        const auto pid = parse_number(digits.substr(0, digits.find('-')));
        if (!pid || *pid == 0 || *pid > 0x7fffffff) continue;
        if (::kill(static_cast<pid_t>(*pid), 0) == 0 || errno != ESRCH) continue;
        ::rmdir(entry.path().c_str());
    }
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): in the order of Error's members
Error refusal(int error, const std::string& what, const std::string& where) {
    const bool denied = error == EACCES || error == EPERM || error == EROFS;
    return {denied ? ErrorCode::permission_denied : ErrorCode::io_error,
            fmt::format("{}: {}", what, std::strerror(error)),
            where,
            denied ? "Start it as `systemd-run --user --scope abate run ...` to have a control "
                     "group of its own"
                   : ""};
}

Result<std::string> make_folder(const std::string& parent) {
    for (int n = 0; n < 1000; ++n) {
        std::string path = fmt::format("{}/{}{}-{}", parent, kPrefix, ::getpid(), n);
        if (::mkdir(path.c_str(), 0755) == 0) return path;
        if (errno != EEXIST) return refusal(errno, "no control group can be made", parent);
    }
    return refusal(EEXIST, "no control group can be made", parent);
}

}  // namespace

Result<std::string> own_cgroup_folder(const CgroupLeafOptions& options) {
    const std::vector<CgroupLine> lines =
        parse_cgroup(read_text(options.procfs_root + "/self/cgroup"));
    const auto found = options.version == 2 ? find_v2(options, lines) : find_v1(options, lines);
    if (!found) {
        return Error{ErrorCode::unavailable,
                     fmt::format("no cgroup v{} hierarchy counts CPU time here", options.version),
                     options.cgroup_root,
                     ""};
    }
    const bool outside = found->path.find("/..") != std::string::npos;
    std::string folder = found->path == "/" ? found->mount : found->mount + found->path;
    if (!outside && exists(folder + "/cgroup.procs")) return folder;
    // A container without a cgroup namespace: the mount shows our own group as its root.
    if (contains_self(found->mount)) return found->mount;
    return Error{ErrorCode::unavailable,
                 "the control group of this process is not visible",
                 found->path,
                 ""};
}

Result<CgroupLeaf> CgroupLeaf::create(const CgroupLeafOptions& options) {
    const Result<std::string> parent = own_cgroup_folder(options);
    if (!parent) return parent.error();
    clear_dead_leaves(*parent);
    Result<std::string> path = make_folder(*parent);
    if (!path) return path.error();

    CgroupLeaf leaf;
    leaf.version_ = options.version;
    leaf.path_ = *path;
    const std::string usage = *path + (options.version == 2 ? "/cpu.stat" : "/cpuacct.usage");
    leaf.usage_ = open_for_reading(usage.c_str());
    if (!leaf.usage_.open()) return refusal(errno, "the CPU time cannot be read", usage);
    leaf.folder_ = FileDescriptor(::open(path->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!leaf.usage_ns()) {
        return Error{ErrorCode::unavailable, "the kernel counts no CPU time here", usage, ""};
    }
    return leaf;
}

CgroupLeaf& CgroupLeaf::operator=(CgroupLeaf&& other) noexcept {
    if (this != &other) {
        remove();
        version_ = other.version_;
        path_ = std::exchange(other.path_, {});
        folder_ = std::move(other.folder_);
        usage_ = std::move(other.usage_);
    }
    return *this;
}

Result<void> CgroupLeaf::admit(pid_t pid) {
    const std::string procs = path_ + "/cgroup.procs";
    const FileDescriptor file(::open(procs.c_str(), O_WRONLY | O_CLOEXEC));
    const std::string text = fmt::format("{}\n", pid);
    if (!file.open() || ::write(file.get(), text.data(), text.size()) < 0) {
        return refusal(errno, "the command cannot be moved into its control group", procs);
    }
    return {};
}

std::optional<std::int64_t> CgroupLeaf::usage_ns() const noexcept {
    std::array<char, 2048> buffer;
    const std::string_view text = read_small(usage_.get(), buffer);
    const std::optional<std::uint64_t> raw =
        version_ == 2 ? parse_cpu_stat(text) : parse_number(text);
    constexpr std::uint64_t kMost = 0x7fffffffffffffff;
    const std::uint64_t unit = version_ == 2 ? 1000 : 1;
    if (!raw || *raw > kMost / unit) return std::nullopt;
    return static_cast<std::int64_t>(*raw * unit);
}

void CgroupLeaf::remove() noexcept {
    usage_.reset();
    folder_.reset();
    if (!path_.empty()) ::rmdir(path_.c_str());
    path_.clear();
}

}  // namespace abate::meter
