#include "abate/core/read_file.h"

#include "abate/core/file_error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace abate {
namespace {

Error unread(int error_number, const std::string& path) {
    if (error_number == ENOENT || error_number == ENOTDIR)
        return {ErrorCode::not_found,
                "cannot read the file: " + std::generic_category().message(error_number),
                path,
                ""};
    return file_error(error_number,
                      {.what = "cannot read the file",
                       .where = path,
                       .denied = "Ask its owner for the right to read it",
                       .other = ""});
}

std::string in_mebibytes(std::size_t bytes) {
    return bytes >= (1U << 20) ? std::to_string(bytes >> 20) + " MiB"
                               : std::to_string(bytes >> 10) + " KiB";
}

}  // namespace

Result<std::string> read_regular_file(const std::string& path, std::size_t most_bytes) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return unread(errno, path);
    struct stat info {};
    const bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    std::string text;
    ssize_t n = regular ? 1 : 0;
    int error_number = 0;
    char block[16384];
    while (n > 0 && text.size() <= most_bytes) {
        n = read(fd, block, sizeof block);
        if (n > 0) text.append(block, static_cast<std::size_t>(n));
        if (n < 0) error_number = errno;
        if (n < 0 && error_number == EINTR) n = 1;
    }
    close(fd);
    if (!regular)
        return Error{
            ErrorCode::invalid_argument, "this is no regular file", path, "Name a text file"};
    if (n < 0) return unread(error_number, path);
    if (text.size() > most_bytes)
        return Error{ErrorCode::out_of_range,
                     "the file is larger than " + in_mebibytes(most_bytes),
                     path,
                     "Name a text file"};
    return text;
}

}  // namespace abate
