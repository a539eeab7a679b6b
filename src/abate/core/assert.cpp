#include "abate/core/assert.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace abate {
namespace {

std::atomic<FailureHandler> current_handler{nullptr};

}  // namespace

FailureHandler set_failure_handler(FailureHandler handler) {
    return current_handler.exchange(handler);
}

void fail_assertion(const AssertionFailure& failure) {
    if (FailureHandler handler = current_handler.load()) handler(failure);
    std::fprintf(stderr,
                 "abate: bug: %s failed: %s (%s:%d). Please report this line.\n",
                 failure.kind,
                 failure.condition,
                 failure.file,
                 failure.line);
    std::abort();
}

}  // namespace abate
