#include "abate/core/error_map.h"

#include <array>

namespace abate {
namespace {

constexpr std::array<ErrorMapping, 13> kErrorMap{{
    {ErrorCode::invalid_argument, 2, 400, "ValueError"},
    {ErrorCode::not_found, 1, 404, "LookupError"},
    {ErrorCode::already_exists, 1, 409, "FileExistsError"},
    {ErrorCode::permission_denied, 1, 403, "PermissionError"},
    {ErrorCode::unavailable, 1, 503, "RuntimeError"},
    {ErrorCode::unsupported, 1, 501, "NotImplementedError"},
    {ErrorCode::out_of_range, 2, 422, "ValueError"},
    {ErrorCode::parse_error, 1, 400, "ValueError"},
    {ErrorCode::version_mismatch, 1, 409, "RuntimeError"},
    {ErrorCode::corrupt, 1, 500, "RuntimeError"},
    {ErrorCode::conflict, 1, 409, "RuntimeError"},
    {ErrorCode::io_error, 1, 500, "OSError"},
    {ErrorCode::internal, 1, 500, "RuntimeError"},
}};

}  // namespace

const ErrorMapping& error_mapping(ErrorCode code) {
    for (const ErrorMapping& row : kErrorMap) {
        if (row.code == code) return row;
    }
    return kErrorMap.back();
}

}  // namespace abate
