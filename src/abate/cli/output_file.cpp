#include "abate/cli/output_file.h"

#include "abate/cli/context.h"

#include <climits>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

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
    return Failure({code == EACCES || code == EROFS || code == EPERM ? ErrorCode::permission_denied
                                                                     : ErrorCode::io_error,
                    std::string("cannot write the file: ") + std::strerror(code),
                    path == "-" ? "standard output" : path,
                    code == ENOSPC ? "The disk is full: free some space or choose another place"
                                   : "Choose a place that you may write to"});
}

}  // namespace

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
    if (char* resolved = exists ? realpath(path.c_str(), nullptr) : nullptr; resolved != nullptr) {
        target_ = resolved;
        free(resolved);
    }
    part_ = target_ + ".part-" + std::to_string(getpid());
    fd_ = open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd_ < 0) {
        part_.clear();
        throw cannot_write(path_, errno);
    }
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

}  // namespace abate::cli
