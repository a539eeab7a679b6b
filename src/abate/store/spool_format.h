// The bytes of a spool file: framing of records and the binary RunState. Written down for people in
// docs/reference/files.md; changing anything here is a new magic or a new state version.
//
//     magic "ABATESP1"
//     record {u32 payload length, u32 CRC32C of kind and payload, u8 kind, payload}   ...
//
// All numbers little endian. Encoders write into a buffer of the caller and never allocate.
#pragma once

#include "abate/record/run_state.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace abate::store {

inline constexpr std::string_view kSpoolMagic = "ABATESP1";
inline constexpr std::size_t kRecordHead = 9;  // length, CRC, kind

// Limits of what is written and of what a reader believes.
inline constexpr std::size_t kMaxDevices = 4096;  // devices of one node
inline constexpr std::size_t kMaxTextRecord =
    std::size_t{16} * 1024 * 1024;  // H and F: bytes of JSON

enum class RecordKind : std::uint8_t {
    writer = 'W',  // who writes: u8 lock taken, 36 bytes boot id, host name
    header = 'H',  // JSON of the run record as it begins
    state = 'S',   // binary RunState
    final = 'F',   // JSON of the finished run record
};

// Fills in the head of a record whose payload of `length` bytes already stands at
// `record + kRecordHead`.
void seal_record(char* record, RecordKind kind, std::size_t length) noexcept;

// A whole record with a text payload, appended to `out`.
void append_record(std::string& out, RecordKind kind, std::string_view payload);

inline constexpr std::uint8_t kStateVersion = 1;
inline constexpr std::size_t kStateHead = 1 + 4 + 9 * 8;  // version, devices, run totals
inline constexpr std::size_t kDeviceBytes =
    std::size_t{10} * 16 + std::size_t{5} * 8 + 1;  // energies, counts, flags

// Bytes of an encoded RunState.
[[nodiscard]] constexpr std::size_t state_bytes(std::size_t devices) noexcept {
    return kStateHead + devices * kDeviceBytes;
}

// REQUIRES: room for state_bytes(state.devices.size()) at `out`.
void encode_state(const RunState& state, char* out) noexcept;

enum class StateAnswer { ok, wrong, newer };

// `newer`: a version that this program does not know. `wrong`: not what encode_state writes.
// `state` is overwritten in either case.
[[nodiscard]] StateAnswer decode_state(std::string_view payload, RunState& state);

}  // namespace abate::store
