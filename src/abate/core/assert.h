// Assertions that stay on in release builds.
//
//   ABATE_ASSERT(cond)    our own invariant: if it fails, abate has a bug
//   ABATE_REQUIRE(cond)   a caller's duty (REQUIRES: in a header comment): if it fails, the caller has a bug
//
// User input never reaches either; it gets a Result. A failed assertion calls the failure handler
// (by default: one line on standard error, then abort), which the C ABI replaces by one that ends
// in a status.
#pragma once

namespace abate {

struct AssertionFailure {
    const char* kind;       // "assertion" or "requirement"
    const char* condition;  // the source text of the condition
    const char* file;
    int line;
};

using FailureHandler = void (*)(const AssertionFailure&);

// Installs `handler` (nullptr: the default) and returns the one before. A handler may throw; if it
// returns, the process aborts. Thread-safe.
FailureHandler set_failure_handler(FailureHandler handler);

// Calls the failure handler, then aborts.
[[noreturn]] void fail_assertion(const AssertionFailure& failure);

}  // namespace abate

#define ABATE_ASSERT(cond)                                                        \
    (static_cast<bool>(cond) ? static_cast<void>(0)                               \
                             : ::abate::fail_assertion(::abate::AssertionFailure{ \
                                   "assertion", #cond, __FILE__, __LINE__}))

#define ABATE_REQUIRE(cond)                                                       \
    (static_cast<bool>(cond) ? static_cast<void>(0)                               \
                             : ::abate::fail_assertion(::abate::AssertionFailure{ \
                                   "requirement", #cond, __FILE__, __LINE__}))
