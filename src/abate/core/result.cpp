#include "abate/core/result.h"

namespace abate {

const char* to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
            return "invalid_argument";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::already_exists:
            return "already_exists";
        case ErrorCode::permission_denied:
            return "permission_denied";
        case ErrorCode::unavailable:
            return "unavailable";
        case ErrorCode::unsupported:
            return "unsupported";
        case ErrorCode::out_of_range:
            return "out_of_range";
        case ErrorCode::parse_error:
            return "parse_error";
        case ErrorCode::version_mismatch:
            return "version_mismatch";
        case ErrorCode::corrupt:
            return "corrupt";
        case ErrorCode::conflict:
            return "conflict";
        case ErrorCode::io_error:
            return "io_error";
        case ErrorCode::internal:
            return "internal";
    }
    return "internal";
}

std::string to_string(const Error& error) {
    std::string line = error.what;
    if (!error.where.empty()) line += " (" + error.where + ")";
    line += ".";
    if (!error.hint.empty()) {
        line += " " + error.hint;
        const char last = error.hint.back();
        if (last != '.' && last != '?' && last != '!') line += ".";
    }
    return line;
}

}  // namespace abate
