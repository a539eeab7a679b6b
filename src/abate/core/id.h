// Id<Tag>: text identifiers that do not mix.
//
//     using RunId = Id<struct RunIdTag>;
//     RunId id = make_run_id(clock.now().wall, random);   // "01JD8X3M9V..." : sorts by time
#pragma once

#include "abate/core/clock.h"
#include "abate/core/random.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace abate {

template <class Tag>
class Id {
  public:
    Id() = default;
    explicit Id(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    auto operator<=>(const Id&) const = default;

  private:
    std::string text_;
};

using RunId = Id<struct RunIdTag>;

// A ULID (26 characters of Crockford's base 32): 48 bits of milliseconds, then 80 random bits.
[[nodiscard]] std::string make_ulid(Timestamp time, Random& random);

// 128 bits as those 26 characters, and back: any case. none for other text.
struct Bits128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const Bits128&) const = default;
};
[[nodiscard]] std::string ulid_text(const Bits128& bits);
[[nodiscard]] std::optional<Bits128> parse_ulid(std::string_view text);

[[nodiscard]] inline RunId make_run_id(Timestamp time, Random& random) {
    return RunId{make_ulid(time, random)};
}

}  // namespace abate
