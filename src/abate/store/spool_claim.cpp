#include "abate/store/posix_file.h"
#include "abate/store/run_store.h"
#include "abate/store/spool.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace abate::store {

namespace {

constexpr std::string_view kSpoolSuffix = ".spool";
constexpr std::string_view kClaimedMark = ".spool.claimed-";
constexpr std::string_view kNewSuffix = ".spool.new";
constexpr int kMaxNameTries = 10'000;

// What one call of claim_spools knows and has found so far.
class SpoolClaimer {
  public:
    SpoolClaimer(std::string folder,
                 const ClaimOptions& options,
                 std::vector<std::string>& problems)
        : folder_(std::move(folder)),
          network_(options.network_disk ? *options.network_disk : on_network_disk(folder_)),
          quiet_seconds_(options.quiet_seconds),
          boot_id_(options.boot_id.empty() ? this_boot_id() : options.boot_id),
          claimer_(fmt::format("{}-{}", host_for_file_name(), ::getpid())),
          problems_(problems) {}

    std::vector<ClaimedSpool> claim_all();

  private:
    [[nodiscard]] std::vector<std::string> candidates();
    [[nodiscard]] bool is_file(const std::string& name);
    void claim_one(const std::string& name);
    [[nodiscard]] bool lock_decides(LockAnswer lock,
                                    const Result<SpoolContent>& content,
                                    bool claimed_before) const;
    [[nodiscard]] bool is_quiet(int fd);
    [[nodiscard]] std::optional<std::int64_t> folder_time_ns();
    [[nodiscard]] std::string rename_to_ours(const std::string& name, int fd);
    void set_aside(const std::string& path, const std::string& run_id, const Error& reason);
    void drop_unpublished(const std::string& path);
    void problem(const std::string& path, std::string_view what) {
        problems_.push_back(fmt::format("spool file {}: {}", path, what));
    }

    std::string folder_;
    bool network_;
    std::int64_t quiet_seconds_;
    std::string boot_id_;
    std::string claimer_;
    std::vector<std::string>& problems_;
    std::optional<std::int64_t> now_ns_;  // by the file system's clock, once asked
    std::vector<ClaimedSpool> claimed_;
};

// "01JD.spool.claimed-host-7-0" -> "01JD"; empty when the name is none of ours.
std::string run_id_of_spool(std::string_view name) {
    std::size_t end = name.find(kClaimedMark);
    if (end == std::string_view::npos && name.ends_with(kSpoolSuffix)) {
        end = name.size() - kSpoolSuffix.size();
    }
    if (end == std::string_view::npos || !is_file_name_id(name.substr(0, end))) return "";
    return std::string(name.substr(0, end));
}

std::int64_t modified_ns(const struct stat& status) {
    return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 +
           status.st_mtim.tv_nsec;
}

std::vector<std::string> SpoolClaimer::candidates() {
    std::vector<std::string> names;
    DIR* folder = ::opendir(folder_.c_str());
    if (folder == nullptr) {
        if (errno != ENOENT) {
            problems_.push_back(
                to_string(file_error(errno, "cannot read the spool folder", folder_)));
        }
        return names;
    }
    while (const dirent* entry = ::readdir(folder)) {
        const std::string_view name = entry->d_name;
        if (name.ends_with(kNewSuffix) || !run_id_of_spool(name).empty()) names.emplace_back(name);
    }
    ::closedir(folder);
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<ClaimedSpool> SpoolClaimer::claim_all() {
    for (const std::string& name : candidates()) {
        if (name.ends_with(kNewSuffix)) {
            drop_unpublished(folder_ + "/" + name);
        } else {
            claim_one(name);
        }
    }
    return std::move(claimed_);
}

// A free lock means a dead writer when writer and we share a kernel. On a network disk the lock of
// another host may be invisible here (`nolock`, Lustre `localflock`), and so may its claim.
bool SpoolClaimer::lock_decides(LockAnswer lock,
                                const Result<SpoolContent>& content,
                                bool claimed_before) const {
    if (lock != LockAnswer::held || (content && !content->origin.locked)) return false;
    if (!network_) return true;
    return content && !claimed_before && !boot_id_.empty() && content->origin.boot_id == boot_id_;
}

// The time of the disk, not ours: of a file just written in the same folder.
std::optional<std::int64_t> SpoolClaimer::folder_time_ns() {
    const std::string path = fmt::format("{}/.clock-{}-{}", folder_, claimer_, ::gettid());
    const Fd probe = create_private(path.c_str());
    if (!probe) return std::nullopt;
    struct stat status {};
    const bool known = write_at(probe.get(), "t", 0) == 0 && ::fsync(probe.get()) == 0 &&
                       ::fstat(probe.get(), &status) == 0;
    ::unlink(path.c_str());
    if (!known) return std::nullopt;
    return modified_ns(status);
}

bool SpoolClaimer::is_quiet(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return false;
    if (!now_ns_) now_ns_ = folder_time_ns();
    return now_ns_ && *now_ns_ - modified_ns(status) >= quiet_seconds_ * 1'000'000'000;
}

// The claim itself: one rename, which only one of several importers can win. Empty: lost.
std::string SpoolClaimer::rename_to_ours(const std::string& name, int fd) {
    const std::string from = folder_ + "/" + name;
    if (!names_this_file(from.c_str(), fd)) return "";
    for (int n = 0; n < kMaxNameTries; ++n) {
        std::string to =
            fmt::format("{}/{}{}{}-{}", folder_, run_id_of_spool(name), kClaimedMark, claimer_, n);
        if (to == from) continue;
        const int error_number = rename_noreplace({.from = from.c_str(), .to = to.c_str()});
        if (error_number == 0) return to;
        if (error_number == EEXIST) continue;
        if (error_number != ENOENT) {
            problems_.push_back(
                to_string(file_error(error_number, "cannot claim the spool file", from)));
        }
        return "";
    }
    return "";
}

// What holds no run but has the name of one (a folder, a link, a pipe): moved aside once, so that
// nobody reads of it at every command. Another user's is that user's to move.
bool SpoolClaimer::is_file(const std::string& name) {
    const std::string path = folder_ + "/" + name;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return true;
    if (status.st_uid == ::geteuid()) {
        const char* kind = S_ISDIR(status.st_mode)   ? "a folder"
                           : S_ISLNK(status.st_mode) ? "a symbolic link"
                                                     : "no ordinary file";
        set_aside(path,
                  run_id_of_spool(name),
                  {ErrorCode::corrupt, fmt::format("{}, not a run's spool", kind), path, ""});
    }
    return false;
}

void SpoolClaimer::claim_one(const std::string& name) {
    if (!is_file(name)) return;
    const std::string path = folder_ + "/" + name;
    auto fd =
        std::make_shared<Fd>(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!*fd) {
        const int error_number = errno;
        const bool others = ::lstat(path.c_str(), &status) == 0 && status.st_uid != ::geteuid();
        // Another user's file is that user's to import; a vanished one has been.
        if (error_number == ENOENT || (error_number == EACCES && others)) return;
        problems_.push_back(
            to_string(file_error(error_number, "cannot open the spool file", path)));
        return;
    }
    // Renewed since: the next import looks again.
    if (::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    const LockAnswer lock = try_lock(fd->get());
    if (lock == LockAnswer::busy) return;
    Result<SpoolContent> content = read_spool_file(fd->get());
    if (!content && content.error().code != ErrorCode::corrupt) {
        problem(path, to_string(content.error()));
        return;
    }
    const bool claimed_before = name.find(kClaimedMark) != std::string::npos;
    if (!lock_decides(lock, content, claimed_before)) {
        if (!is_quiet(fd->get())) return;
        // The claim counts as fresh where nobody sees our lock. Failing is no harm: it looks older.
        [[maybe_unused]] const int touched = ::futimens(fd->get(), nullptr);
    }
    const std::string ours = rename_to_ours(name, fd->get());
    if (ours.empty()) return;
    if (content) {
        claimed_.push_back({ours, *std::move(content), std::move(fd)});
    } else {
        set_aside(ours, run_id_of_spool(name), content.error());
    }
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): private, one kind of call: a file and the run in it
void SpoolClaimer::set_aside(const std::string& path,
                             const std::string& run_id,
                             const Error& reason) {
    const std::string damaged = folder_ + "/damaged";
    if (auto made = make_private_folder(damaged); !made) {
        problem(path, to_string(made.error()));
        return;
    }
    for (int n = 0; n < kMaxNameTries; ++n) {
        std::string to = fmt::format("{}/{}{}", damaged, run_id, kSpoolSuffix);
        if (n > 0) to += fmt::format(".{}", n);
        const int error_number = rename_noreplace({.from = path.c_str(), .to = to.c_str()});
        if (error_number == EEXIST) continue;
        if (error_number == 0) {
            problem(to, reason.what + "; moved here and kept");
        } else {
            problem(path, to_string(file_error(error_number, "damaged, cannot be moved", damaged)));
        }
        return;
    }
}

// `<run_id>.spool.new` of a writer that died before the name `<run_id>.spool` was given, or while
// it made a shorter copy: holds nothing that is not elsewhere, but for at most one state.
void SpoolClaimer::drop_unpublished(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (fd && try_lock(fd.get()) != LockAnswer::busy && is_quiet(fd.get()) &&
        names_this_file(path.c_str(), fd.get())) {
        ::unlink(path.c_str());
    }
}

}  // namespace

std::vector<ClaimedSpool> claim_spools(const std::string& folder,
                                       std::vector<std::string>& problems,
                                       const ClaimOptions& options) {
    return SpoolClaimer(folder, options, problems).claim_all();
}

void release_claim(const ClaimedSpool& claimed) { ::unlink(claimed.path.c_str()); }

}  // namespace abate::store
