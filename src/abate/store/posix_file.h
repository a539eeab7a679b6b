// Files as the stores need them: owned descriptors, private folders, names that are taken only
// once, locks that tell whether a writer lives. Linux only (open file description locks).
//
//     Fd fd = create_private(path);             // O_EXCL, mode 0600 whatever the umask
//     if (!fd) return file_error(errno, "cannot create the file", path);
//
// Functions that return int give 0 or an errno value, and neither allocate nor throw.
#pragma once

#include "abate/core/file_error.h"
#include "abate/core/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace abate::store {

// Owns a file descriptor; closes it. Move-only.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept;
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd();

    explicit operator bool() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int get() const noexcept { return fd_; }

  private:
    int fd_ = -1;
};

// abate::file_error (core/file_error.h) with the hint that what may not be touched asks for here:
// another ABATE_HOME.
Error file_error(int error_number, std::string_view what, const std::string& where);

// True for characters [A-Za-z0-9_-], 1 to 64 of them: what may become part of a file name.
[[nodiscard]] bool is_file_name_id(std::string_view id) noexcept;

// Creates `folder` and its missing parents, each with mode 0700; an existing one keeps its mode.
Result<void> make_private_folder(const std::string& folder);

// A new empty file, mode 0600, open for reading and writing; errno EEXIST when the name is taken.
[[nodiscard]] Fd create_private(const char* path) noexcept;

// Writes all of `bytes` at `offset`; a short write is an error (ENOSPC).
[[nodiscard]] int write_at(int fd, std::string_view bytes, std::size_t offset) noexcept;

// All of a file. Errors: not_found, permission_denied, io_error, out_of_range (over `limit` bytes).
Result<std::string> read_whole_file(const std::string& path, std::size_t limit);

// fsync of a folder, so that a name in it survives a power cut. 0 also where the file system has no
// such notion (EINVAL).
[[nodiscard]] int sync_folder(int folder_fd) noexcept;

//     rename_noreplace({.from = path, .to = aside});
struct Rename {
    const char* from;
    const char* to;
};

// Renames unless `to` exists (EEXIST). renameat2; where the file system does not know it, a look
// and a plain rename: `from` still goes to one caller only.
[[nodiscard]] int rename_noreplace(const Rename& names) noexcept;

// Gives the finished file `from` the name `to` unless that is taken (EEXIST); `from` is gone
// afterwards when it succeeds. Like rename_noreplace, but falls back on link(2), which NFS decides
// on the server.
[[nodiscard]] int publish_noreplace(const Rename& names) noexcept;

// Whether an exclusive lock of the whole file could be taken. `unsupported`: this file system has
// no locks (NFS without a lock service, Lustre without `flock`).
enum class LockAnswer { held, busy, unsupported };

// A lock of the open file description (fcntl_locking(2)): it goes when the last copy of `fd` is
// closed, so also when the process is killed. Two descriptions exclude each other in one process
// too.
[[nodiscard]] LockAnswer try_lock(int fd) noexcept;

// True when `path` names the very file that `fd` has open.
[[nodiscard]] bool names_this_file(const char* path, int fd) noexcept;

// The host's name, with characters unfit for a file name as '_'; at most 63.
[[nodiscard]] std::string host_for_file_name();

// This boot of this kernel (/proc/sys/kernel/random/boot_id, 36 characters); empty when unknown.
[[nodiscard]] std::string this_boot_id();

}  // namespace abate::store
