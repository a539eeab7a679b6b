// One description of a struct's fields serves the journal's bytes, JSON and documents.
//
//     struct AddTrusted {
//         ParticipantId participant{};
//         AccountId account{};
//         template <class Self, class Visit>
//         static void fields(Self& self, Visit&& visit) {
//             visit("participant", self.participant);
//             visit("account", self.account);
//         }
//     };
//
//     std::string bytes = encode(command);
//     std::optional<AddTrusted> again = decode<AddTrusted>(bytes);   // absent: not those bytes
//
// The bytes: fields in order, little endian, without padding; text and lists with a 32-bit length before them. One way to write each
// value, and nothing may follow the last. A field is never taken out or moved: a changed struct is a new command with a new number. Maps and
// sets are written (a digest of the state) and never read.
#pragma once

#include "abate/core/clock.h"
#include "abate/registry/registry.h"
#include "abate/units/energy.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace abate::scheme {

// Does T describe itself.
struct AnyVisit {
    template <class T>
    void operator()(const char* /*name*/, T& /*value*/) const {}
};
template <class T>
concept Described = requires(T& value) {
    T::fields(value, AnyVisit{});
};

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsVariant = false;
template <class... T>
inline constexpr bool kIsVariant<std::variant<T...>> = true;
template <class T>
inline constexpr bool kIsMap = false;
template <class K, class V>
inline constexpr bool kIsMap<std::map<K, V>> = true;
template <class T>
inline constexpr bool kIsSet = false;
template <class T>
inline constexpr bool kIsSet<std::set<T>> = true;
template <class T>
inline constexpr bool kIsBytes = false;  // fixed length: keys, digests
template <std::size_t N>
inline constexpr bool kIsBytes<std::array<std::uint8_t, N>> = true;

// Enums whose numbers have names (to_string), from 1 on without a hole.
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T value) {
    to_string(value);
};

// Every name, in order. A to_string of two words may say the last for each number beyond.
template <NamedEnum T>
[[nodiscard]] std::vector<std::string> names_of() {
    std::vector<std::string> out;
    for (int n = 1; n < 64; ++n) {
        const std::string name(to_string(static_cast<T>(n)));
        if (name.rfind("unknown", 0) == 0 || (!out.empty() && name == out.back())) break;
        out.push_back(name);
    }
    return out;
}
// none: no such name.
template <NamedEnum T>
[[nodiscard]] std::optional<T> enum_named(std::string_view name) {
    const std::vector<std::string> names = names_of<T>();
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<T>(i + 1);
    return std::nullopt;
}

class ByteWriter {
  public:
    explicit ByteWriter(std::string& out) : out_(&out) {}

    template <class T>
    void operator()(const char* /*name*/, const T& value) {
        write(value);
    }
    template <class T>
    void write(const T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            out_->push_back(value ? '\1' : '\0');
        } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
            char bytes[sizeof value];
            std::memcpy(bytes, &value, sizeof value);
            out_->append(bytes, sizeof value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            write(static_cast<std::uint32_t>(value.size()));
            out_->append(value);
        } else if constexpr (kIsBytes<T>) {
            out_->append(reinterpret_cast<const char*>(value.data()), value.size());
        } else if constexpr (std::is_same_v<T, Timestamp>) {
            write(value.us);
        } else if constexpr (std::is_same_v<T, Microjoules>) {
            const Int128 count = value.count();
            char bytes[sizeof count];
            std::memcpy(bytes, &count, sizeof count);
            out_->append(bytes, sizeof count);
        } else if constexpr (kIsMap<T>) {
            write(static_cast<std::uint32_t>(value.size()));
            for (const auto& [key, of_it] : value) {
                write(key);
                write(of_it);
            }
        } else if constexpr (kIsVector<T> || kIsSet<T>) {
            write(static_cast<std::uint32_t>(value.size()));
            for (const auto& each : value) write(each);
        } else if constexpr (std::is_same_v<T, registry::TransferId>) {
            write(value.high);
            write(value.low);
        } else if constexpr (kIsVariant<T>) {  // a Command, within the state
            write(encode_command(value));
        } else if constexpr (kIsOptional<T>) {
            write(value.has_value());
            if (value) write(*value);
        } else {
            T::fields(value, *this);
        }
    }

  private:
    std::string* out_;
};

class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : left_(bytes) {}
    // Nothing was wrong so far.
    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] bool at_end() const { return left_.empty(); }

    template <class T>
    void operator()(const char* /*name*/, T& value) {
        read(value);
    }
    template <class T>
    void read(T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            std::uint8_t byte = 0;
            read(byte);
            if (byte > 1) good_ = false;
            value = byte == 1;
        } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
            const std::string_view bytes = take(sizeof value);
            if (good_) std::memcpy(&value, bytes.data(), sizeof value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            std::uint32_t size = 0;
            read(size);
            value = take(size);
        } else if constexpr (kIsBytes<T>) {
            const std::string_view bytes = take(value.size());
            if (good_) std::memcpy(value.data(), bytes.data(), value.size());
        } else if constexpr (std::is_same_v<T, Timestamp>) {
            read(value.us);
        } else if constexpr (std::is_same_v<T, Microjoules>) {
            Int128 count = 0;
            const std::string_view bytes = take(sizeof count);
            if (good_) std::memcpy(&count, bytes.data(), sizeof count);
            value = Microjoules(count);
        } else if constexpr (std::is_same_v<T, registry::TransferId>) {
            read(value.high);
            read(value.low);
        } else if constexpr (kIsVector<T>) {
            std::uint32_t size = 0;
            read(size);
            value.clear();
            // An element takes a byte at least: a forged length is found out before memory is asked for.
            if (size > left_.size()) good_ = false;
            for (std::uint32_t i = 0; good_ && i < size; ++i) read(value.emplace_back());
        } else if constexpr (kIsOptional<T>) {
            bool there = false;
            read(there);
            value.reset();
            if (good_ && there) read(value.emplace());
        } else {
            T::fields(value, *this);
        }
    }

  private:
    std::string_view take(std::size_t size) {
        if (!good_ || left_.size() < size) {
            good_ = false;
            return {};
        }
        const std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }

    std::string_view left_;
    bool good_ = true;
};

template <class T>
[[nodiscard]] std::string encode(const T& value) {
    std::string out;
    ByteWriter(out).write(value);
    return out;
}

template <class T>
[[nodiscard]] std::optional<T> decode(std::string_view bytes) {
    T value{};
    ByteReader reader(bytes);
    reader.read(value);
    if (!reader.good() || !reader.at_end()) return std::nullopt;
    return value;
}

}  // namespace abate::scheme
