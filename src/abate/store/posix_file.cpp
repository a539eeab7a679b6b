#include "abate/store/posix_file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace abate::store {

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

Fd::~Fd() {
    if (fd_ >= 0) ::close(fd_);
}

Error file_error(int error_number, std::string_view what, const std::string& where) {
    return abate::file_error(error_number,
                             {.what = what,
                              .where = where,
                              .denied = "Set ABATE_HOME to a folder that you may write",
                              .other = ""});
}

bool is_file_name_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

Result<void> make_private_folder(const std::string& folder) {
    for (std::size_t slash = folder.find('/', 1);; slash = folder.find('/', slash + 1)) {
        const std::string part = folder.substr(0, slash);
        struct stat status {};
        if (::stat(part.c_str(), &status) != 0) {
            if (::mkdir(part.c_str(), 0700) == 0) {
                // A umask may have taken even the owner's rights.
                if (::chmod(part.c_str(), 0700) != 0) {
                    return file_error(errno, "cannot set the mode of the folder", part);
                }
            } else if (errno != EEXIST) {
                return file_error(errno, "cannot create the folder", part);
            }
        } else if (!S_ISDIR(status.st_mode)) {
            return Error{ErrorCode::io_error,
                         "this must be a folder, but it is a file",
                         part,
                         "Set ABATE_HOME to a folder that you may write"};
        }
        if (slash == std::string::npos) return {};
    }
}

Fd create_private(const char* path) noexcept {
    Fd fd(::open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd && ::fchmod(fd.get(), 0600) != 0) {
        const int error_number = errno;
        ::unlink(path);
        errno = error_number;
        return Fd();
    }
    return fd;
}

int write_at(int fd, std::string_view bytes, std::size_t offset) noexcept {
    ssize_t written = 0;
    do {
        written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    } while (written < 0 && errno == EINTR);
    if (written < 0) return errno;
    return static_cast<std::size_t>(written) == bytes.size() ? 0 : ENOSPC;
}

Result<std::string> read_whole_file(const std::string& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd) {
        if (errno == ENOENT) return Error{ErrorCode::not_found, "no such file", path, ""};
        return file_error(errno, "cannot open the file", path);
    }
    std::string bytes;
    constexpr std::size_t kChunk = std::size_t{64} * 1024;
    for (;;) {
        const std::size_t size = bytes.size();
        bytes.resize(size + kChunk);
        const ssize_t count = ::read(fd.get(), bytes.data() + size, kChunk);
        bytes.resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return file_error(errno, "cannot read the file", path);
        if (count == 0) return bytes;
        if (bytes.size() > limit) {
            return Error{ErrorCode::out_of_range,
                         fmt::format("the file is larger than {} bytes", limit),
                         path,
                         ""};
        }
    }
}

int sync_folder(int folder_fd) noexcept {
    if (::fsync(folder_fd) == 0 || errno == EINVAL) return 0;
    return errno;
}

namespace {

// EINVAL, ENOSYS, ENOTSUP: this kernel or file system has no RENAME_NOREPLACE.
bool is_unknown_rename(int error_number) noexcept {
    return error_number == EINVAL || error_number == ENOSYS || error_number == EOPNOTSUPP;
}

int looked_rename(const Rename& names) noexcept {
    struct stat status {};
    if (::lstat(names.to, &status) == 0) return EEXIST;
    return ::rename(names.from, names.to) == 0 ? 0 : errno;
}

bool renamed(const Rename& names) noexcept {
    return ::renameat2(AT_FDCWD, names.from, AT_FDCWD, names.to, RENAME_NOREPLACE) == 0;
}

}  // namespace

int rename_noreplace(const Rename& names) noexcept {
    if (renamed(names)) return 0;
    return is_unknown_rename(errno) ? looked_rename(names) : errno;
}

int publish_noreplace(const Rename& names) noexcept {
    if (renamed(names)) return 0;
    if (!is_unknown_rename(errno)) return errno;
    if (::link(names.from, names.to) == 0) {
        ::unlink(names.from);
        return 0;
    }
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) return looked_rename(names);
    return errno;
}

LockAnswer try_lock(int fd) noexcept {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(fd, F_OFD_SETLK, &lock) == 0) return LockAnswer::held;
    return errno == EAGAIN || errno == EACCES ? LockAnswer::busy : LockAnswer::unsupported;
}

bool names_this_file(const char* path, int fd) noexcept {
    struct stat by_name {};
    struct stat by_fd {};
    return ::lstat(path, &by_name) == 0 && ::fstat(fd, &by_fd) == 0 &&
           by_name.st_ino == by_fd.st_ino && by_name.st_dev == by_fd.st_dev;
}

std::string host_for_file_name() {
    char name[64] = {};  // HOST_NAME_MAX of Linux is 64 (gethostname(2)), cut to 63
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "unknown";
    std::string host(name);
    for (char& c : host) {
        if (!is_file_name_id({&c, 1})) c = '_';
    }
    return host;
}

std::string this_boot_id() {
    Result<std::string> text = read_whole_file("/proc/sys/kernel/random/boot_id", 4096);
    if (!text) return "";
    const std::string id = text->substr(0, text->find('\n'));
    return id.size() == 36 && is_file_name_id(id) ? id : "";
}

}  // namespace abate::store
