// What the system said of a file, as one of our errors.
//
//     if (fd < 0)
//         return file_error(errno, {.what = "cannot write the file", .where = path,
//                                   .denied = "Choose a place that you may write to"});
//
//     cannot write the file: Permission denied (/etc/x). Choose a place that you may write to.
#pragma once

#include "abate/core/result.h"

#include <string>
#include <string_view>

namespace abate {

struct FileErrorWords {
    std::string_view what;         // "cannot open the spool file"
    std::string where;             // the file, as its user knows it
    std::string_view denied = {};  // what to do where it may not be touched; may be empty
    std::string_view other = {};   // what to do for the rest; may be empty
};

// permission_denied for EACCES, EPERM, EROFS; io_error for the rest. A full disk, a quota or a file
// that may not grow (ENOSPC, EDQUOT, EFBIG) is said in these words, with a hint of its own.
[[nodiscard]] Error file_error(int error_number, const FileErrorWords& words);

}  // namespace abate
