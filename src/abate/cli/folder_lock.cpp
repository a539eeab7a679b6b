#include "abate/cli/folder_lock.h"

#include "abate/cli/context.h"
#include "abate/cli/output_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace abate::cli {
namespace {

constexpr int kLockWaitMs = 10'000;
constexpr int kLockLookMs = 5;

}  // namespace

FolderLock::FolderLock(const std::string& path_of_file)
    : fd_(open(parent_of(behind_links(path_of_file)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ < 0) return;  // what is not there is said by the write
    for (int waited_ms = 0; flock(fd_, LOCK_EX | LOCK_NB) != 0;) {
        if (errno != EWOULDBLOCK && errno != EINTR) return;
        if (waited_ms >= kLockWaitMs) {
            close(fd_);
            throw Failure({ErrorCode::conflict,
                           "another command writes here (for 10 s)",
                           path_of_file,
                           "Run this one again when it has ended"});
        }
        poll(nullptr, 0, kLockLookMs);
        waited_ms += kLockLookMs;
    }
}

FolderLock::~FolderLock() {
    if (fd_ >= 0) close(fd_);
}

}  // namespace abate::cli
