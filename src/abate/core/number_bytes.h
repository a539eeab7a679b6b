// Numbers as bytes: little endian, no padding.
//
//     append_number(out, std::uint32_t{7});
//     NumberReader in{bytes};
//     const auto seven = in.number<std::uint32_t>();
//     if (!in.good) ...                                // there were too few
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace abate {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

// REQUIRES: so many bytes are there, from `at` on.
template <class T>
[[nodiscard]] T number_at(std::string_view in, std::size_t at) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, in.data() + at, sizeof value);
    return value;
}
template <class T>
void put_number(char* to, T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(to, &value, sizeof value);
}
template <class T>
void append_number(std::string& out, T value) {
    char raw[sizeof value];
    put_number(raw, value);
    out.append(raw, sizeof value);
}

// Takes numbers and pieces from the front. After the first that is not all there, `good` is false and everything is 0 or empty.
struct NumberReader {
    std::string_view bytes;
    bool good = true;

    std::string_view piece(std::uint64_t size) {
        if (size > bytes.size()) {
            good = false;
            bytes = {};
            return {};
        }
        const std::string_view out = bytes.substr(0, size);
        bytes.remove_prefix(size);
        return out;
    }
    template <class T>
    T number() {
        const std::string_view raw = piece(sizeof(T));
        return raw.empty() ? T{} : number_at<T>(raw, 0);
    }
};

}  // namespace abate
