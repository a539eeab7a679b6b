#include "abate/core/file_error.h"

#include <cerrno>
#include <system_error>

namespace abate {

Error file_error(int error_number, const FileErrorWords& words) {
    const std::string what(words.what);
    switch (error_number) {
        case EACCES:
        case EPERM:
        case EROFS:
            return {ErrorCode::permission_denied,
                    what + ": " + std::generic_category().message(error_number),
                    words.where,
                    std::string(words.denied)};
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            return {ErrorCode::io_error,
                    what + ": the disk or quota is full",
                    words.where,
                    "Free some space and run the command again"};
        default:
            return {ErrorCode::io_error,
                    what + ": " + std::generic_category().message(error_number),
                    words.where,
                    std::string(words.other)};
    }
}

}  // namespace abate
