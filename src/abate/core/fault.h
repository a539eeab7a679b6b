// Fault: the world broke (disk full, database gone, out of memory). Thrown by store and network
// code; caught only at the edges: the command line's main, a request handler, the C ABI.
#pragma once

#include "abate/core/result.h"

#include <stdexcept>
#include <utility>

namespace abate {

class Fault : public std::runtime_error {
  public:
    explicit Fault(Error error) : std::runtime_error(to_string(error)), error_(std::move(error)) {}

    [[nodiscard]] const Error& error() const noexcept { return error_; }

  private:
    Error error_;
};

}  // namespace abate
