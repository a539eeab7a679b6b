// One table from an ErrorCode to what each edge of the program says: exit status, HTTP status,
// Python exception.
#pragma once

#include "abate/core/result.h"

namespace abate {

struct ErrorMapping {
    ErrorCode code;
    int exit_status;               // 1 failed or refused, 2 wrong usage
    int http_status;               // RFC 9110
    const char* python_exception;  // built-in class raised by the Python package
};

// The row for `code`; every code has one.
[[nodiscard]] const ErrorMapping& error_mapping(ErrorCode code);

}  // namespace abate
