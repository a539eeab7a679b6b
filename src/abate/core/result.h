// Result<T>: a value, or the reason why there is none.
//
//     Result<int> port = parse_port(text);
//     if (!port) return port.error();          // Error{code, what, where, hint}
//     listen(*port);
//
// A Result is for answers that may be "no" in ordinary life: an unknown region, a sensor that may
// not be opened. A broken world (disk full, database gone) is the exception Fault; our own bugs are
// ABATE_ASSERT. Member names are those of std::expected, so that Result can become an alias of it.
#pragma once

#include "abate/core/assert.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace abate {

// What kind of "no" this is. Spelled as in the JSON that `--json` prints; `core/error_map.h` gives
// the exit status.
enum class ErrorCode {
    invalid_argument,   // the caller wrote something that cannot be meant
    not_found,          // a name that no table, store or folder knows
    already_exists,     // a name that is taken
    permission_denied,  // the system refused; the hint names the grant
    unavailable,        // not on this machine, or not now
    unsupported,        // known, but this build or device cannot do it
    out_of_range,       // a number outside what is physically or logically possible
    parse_error,        // bad input text; `where` is file:line:column
    version_mismatch,   // written by a newer abate
    corrupt,            // the bytes are not what was written
    conflict,           // somebody else holds it
    io_error,           // a file or device could not be read or written
    internal,           // abate's own fault, reported instead of hidden
};

// The enumerator's own name, as it stands in JSON ("not_found").
[[nodiscard]] const char* to_string(ErrorCode code);

// One refusal, in words a person can act on. Printed as `abate: error: WHAT (WHERE). HINT`.
struct [[nodiscard]] Error {
    ErrorCode code = ErrorCode::internal;
    std::string what;   // what is wrong, without a full stop
    std::string where;  // file:line, option, device; may be empty
    std::string hint;   // what to do, a sentence; may be empty
};

// The one line of an error, without the program's name: `WHAT (WHERE). HINT`.
[[nodiscard]] std::string to_string(const Error& error);

// A value or an Error. Not thread-safe; copies and moves as its parts do.
template <class T>
class [[nodiscard]] Result {
  public:
    using value_type = T;

    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    // REQUIRES: has_value().
    [[nodiscard]] T& value() & {
        ABATE_REQUIRE(has_value());
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] const T& value() const& {
        ABATE_REQUIRE(has_value());
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] T&& value() && {
        ABATE_REQUIRE(has_value());
        return std::move(*std::get_if<0>(&state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    // REQUIRES: !has_value().
    [[nodiscard]] const Error& error() const& {
        ABATE_REQUIRE(!has_value());
        return *std::get_if<1>(&state_);
    }
    [[nodiscard]] Error&& error() && {
        ABATE_REQUIRE(!has_value());
        return std::move(*std::get_if<1>(&state_));
    }

    [[nodiscard]] T value_or(T fallback) const& {
        return has_value() ? *std::get_if<0>(&state_) : std::move(fallback);
    }

    // f(value) -> Result<U>; the error passes through.
    template <class F>
    auto and_then(F&& f) const& -> decltype(f(std::declval<const T&>())) {
        if (has_value()) return std::forward<F>(f)(value());
        return error();
    }
    // f(value) -> U; the error passes through.
    template <class F>
    auto transform(F&& f) const& -> Result<decltype(f(std::declval<const T&>()))> {
        if (has_value()) return std::forward<F>(f)(value());
        return error();
    }

  private:
    std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
  public:
    using value_type = void;

    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }

    // REQUIRES: !has_value().
    [[nodiscard]] const Error& error() const {
        ABATE_REQUIRE(!has_value());
        return *error_;
    }

  private:
    std::optional<Error> error_;
};

}  // namespace abate
