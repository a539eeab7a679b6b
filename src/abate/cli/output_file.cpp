#include "abate/cli/output_file.h"

#include "abate/cli/context.h"

#include <climits>
#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

namespace abate::cli {
namespace {

constexpr std::array<int, 3> kInterrupts{SIGINT, SIGTERM, SIGHUP};

// What a signal's handler may touch: a name in place, and whether it is one.
char part_of_handler[PATH_MAX];
volatile sig_atomic_t has_part = 0;

void remove_and_end(int signal) {
    if (has_part != 0) unlink(part_of_handler);
    // The action is the default again (SA_RESETHAND).
    raise(signal);
}

void watch_interrupts(const std::string& part) {
    if (part.size() >= sizeof part_of_handler) return;
    std::memcpy(part_of_handler, part.c_str(), part.size() + 1);
    has_part = 1;
    for (const int signal : kInterrupts) {
        struct sigaction before {};
        sigaction(signal, nullptr, &before);
        if (before.sa_handler == SIG_IGN) continue;  // nohup
        struct sigaction action {};
        action.sa_handler = remove_and_end;
        action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
        sigaction(signal, &action, nullptr);
    }
}

Failure cannot_write(const std::string& path, int code) {
    return Failure(file_error(code,
                              {.what = "cannot write the file",
                               .where = path == "-" ? "standard output" : path,
                               .denied = "Choose a place that you may write to",
                               .other = "Choose a place that you may write to"}));
}

constexpr std::string_view kPartMark = ".part-";
constexpr int kMostLinks = 40;

// The process of a part's name, if it is one of `base`.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a name of the folder, then the target's
std::optional<pid_t> writer_of(std::string_view name, std::string_view base) {
    if (!name.starts_with(base) || !name.substr(base.size()).starts_with(kPartMark)) return {};
    const std::string_view digits = name.substr(base.size() + kPartMark.size());
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
    if (error != std::errc{} || end != digits.data() + digits.size() || pid < 1) return {};
    return pid;
}

// What a killed process left of the same target. A part that somebody still writes is locked, on whatever host.
void remove_stale_parts(const std::string& target) {
    const std::string folder = parent_of(target);
    const std::string base = std::filesystem::path(target).filename().string();
    DIR* dir = opendir(folder.c_str());
    if (dir == nullptr) return;
    std::vector<std::string> stale;
    while (const dirent* entry = readdir(dir)) {
        const std::optional<pid_t> pid = writer_of(entry->d_name, base);
        if (!pid) continue;
        // A part of this number is not ours: it is there before we begin.
        if (*pid == getpid() || (kill(*pid, 0) != 0 && errno == ESRCH))
            stale.emplace_back(entry->d_name);
    }
    for (const std::string& name : stale) {
        const int fd = openat(
            dirfd(dir), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0) continue;
        struct stat info {};
        if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
            flock(fd, LOCK_EX | LOCK_NB) == 0)
            unlinkat(dirfd(dir), name.c_str(), 0);
        close(fd);
    }
    closedir(dir);
}

}  // namespace

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string behind_links(std::string path) {
    for (int i = 0; i < kMostLinks; ++i) {
        char to[PATH_MAX];
        const ssize_t size = readlink(path.c_str(), to, sizeof to);
        if (size <= 0 || static_cast<std::size_t>(size) >= sizeof to) break;
        const std::string_view link(to, static_cast<std::size_t>(size));
        path = link.front() == '/' ? std::string(link) : parent_of(path) + "/" + std::string(link);
    }
    return path;
}

Part begin_part(const std::string& path, Readers readers) {
    Part part{.target = behind_links(path), .name = {}, .fd = -1};
    remove_stale_parts(part.target);
    part.name = part.target + std::string(kPartMark) + std::to_string(getpid());
    struct stat before {};
    const bool exists = stat(part.target.c_str(), &before) == 0;
    part.fd = open(part.name.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                   exists || readers == Readers::owner ? 0600 : 0644);
    if (part.fd < 0) return part;
    [[maybe_unused]] int done = flock(part.fd, LOCK_EX | LOCK_NB);
    // A disk without modes or owners is no reason to fail.
    if (readers == Readers::owner) {
        done = fchmod(part.fd, 0600);
    } else if (exists) {
        if (before.st_uid != geteuid() || before.st_gid != getegid())
            done = fchown(part.fd, before.st_uid, before.st_gid);
        done = fchmod(part.fd, before.st_mode & 0777U);
    }
    return part;
}

OutputFile::OutputFile(const std::string& path) : path_(path), target_(path) {
    if (standard()) {
        fd_ = STDOUT_FILENO;
        return;
    }
    struct stat info {};
    const bool exists = stat(path.c_str(), &info) == 0;
    if (exists && !S_ISREG(info.st_mode)) {
        fd_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);
        if (fd_ < 0) throw cannot_write(path_, errno);
        return;
    }
    Part part = begin_part(path, Readers::others);
    if (part.fd < 0) throw cannot_write(path_, errno);
    target_ = std::move(part.target);
    part_ = std::move(part.name);
    fd_ = part.fd;
    watch_interrupts(part_);
}

OutputFile::~OutputFile() {
    if (fd_ >= 0 && !standard()) close(fd_);
    remove_part();
}

void OutputFile::remove_part() noexcept {
    if (part_.empty()) return;
    unlink(part_.c_str());
    has_part = 0;
    part_.clear();
}

void OutputFile::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd_, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) throw cannot_write(path_, n == 0 ? EIO : errno);
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

void OutputFile::keep() {
    if (standard()) return;
    const bool synced = fsync(fd_) == 0 || errno == EINVAL || errno == EROFS;
    const int sync_code = errno;
    const bool closed = close(fd_) == 0;
    const int close_code = errno;
    fd_ = -1;
    if (!synced || !closed) throw cannot_write(path_, synced ? close_code : sync_code);
    if (part_.empty()) return;
    if (rename(part_.c_str(), target_.c_str()) != 0) throw cannot_write(path_, errno);
    has_part = 0;
    part_.clear();
}

namespace {

// Which file a name leads to, by device and number; by folder and name where it is not there yet.
struct Identity {
    dev_t device = 0;
    ino_t number = 0;
    std::string name{};
    bool operator==(const Identity&) const = default;
};

// Absent: a pipe, a terminal, /dev/null.
std::optional<Identity> identity_of(const std::string& path, int standard_fd) {
    struct stat info {};
    const std::string target = path == "-" ? path : behind_links(path);
    if ((path == "-" ? fstat(standard_fd, &info) : stat(target.c_str(), &info)) == 0) {
        if (!S_ISREG(info.st_mode)) return std::nullopt;
        return Identity{.device = info.st_dev, .number = info.st_ino};
    }
    if (path == "-" || stat(parent_of(target).c_str(), &info) != 0) return std::nullopt;
    return Identity{.device = info.st_dev,
                    .number = info.st_ino,
                    .name = std::filesystem::path(target).filename().string()};
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what is read, then what is written
void check_outputs(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs) {
    struct Known {
        Identity identity;
        const NamedFile* file;
        bool input;
    };
    std::vector<Known> known;
    const auto add = [&known](const NamedFile& file, bool input) {
        if (file.path.empty()) return;
        const std::optional<Identity> identity =
            identity_of(file.path, input ? STDIN_FILENO : STDOUT_FILENO);
        if (!identity) return;
        const auto same = std::find_if(known.begin(), known.end(), [&](const Known& other) {
            return other.identity == *identity;
        });
        if (!input && same != known.end())
            throw Failure(
                {ErrorCode::invalid_argument,
                 fmt::format("{} and {} are the same file", same->file->option, file.option),
                 file.path == "-" ? "standard output" : file.path,
                 same->input ? "It would be written over: name another output" : "Name two files"});
        known.push_back({*identity, &file, input});
    };
    for (const NamedFile& file : inputs) add(file, true);
    for (const NamedFile& file : outputs) add(file, false);
}

}  // namespace abate::cli
