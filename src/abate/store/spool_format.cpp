#include "abate/store/spool_format.h"

#include "abate/core/crc32c.h"
#include "abate/store/spool.h"

#include <bit>

namespace abate::store {

namespace {

__extension__ using UnsignedInt128 = unsigned __int128;

class Encoder {
  public:
    explicit Encoder(char* out) noexcept : out_(out) {}

    void u8(std::uint8_t value) noexcept { *out_++ = static_cast<char>(value); }
    void u32(std::uint32_t value) noexcept { little_endian(value, 4); }
    void u64(std::uint64_t value) noexcept { little_endian(value, 8); }
    void i64(std::int64_t value) noexcept { u64(static_cast<std::uint64_t>(value)); }
    void f64(double value) noexcept { u64(std::bit_cast<std::uint64_t>(value)); }
    void energy(Microjoules value) noexcept {
        const auto bits = static_cast<UnsignedInt128>(value.count());
        u64(static_cast<std::uint64_t>(bits));
        u64(static_cast<std::uint64_t>(bits >> 64));
    }

  private:
    void little_endian(std::uint64_t value, int bytes) noexcept {
        for (int i = 0; i < bytes; ++i) {
            *out_++ = static_cast<char>(value & 0xFFU);
            value >>= 8;
        }
    }
    char* out_;
};

// REQUIRES: the caller has checked that the bytes are there.
class Decoder {
  public:
    explicit Decoder(const char* in) noexcept : in_(in) {}

    std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(*in_++); }
    std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(little_endian(4)); }
    std::uint64_t u64() noexcept { return little_endian(8); }
    std::int64_t i64() noexcept { return static_cast<std::int64_t>(u64()); }
    double f64() noexcept { return std::bit_cast<double>(u64()); }
    Microjoules energy() noexcept {
        const UnsignedInt128 low = u64();
        const UnsignedInt128 high = u64();
        return Microjoules(static_cast<Int128>(high << 64 | low));
    }

  private:
    std::uint64_t little_endian(int bytes) noexcept {
        std::uint64_t value = 0;
        for (int i = 0; i < bytes; ++i) {
            value |= static_cast<std::uint64_t>(static_cast<unsigned char>(*in_++)) << (8 * i);
        }
        return value;
    }
    const char* in_;
};

constexpr std::uint8_t kFlagGapFilled = 1;
constexpr std::uint8_t kFlagBounded = 2;

void encode_device(const DeviceState& device, Encoder& out) noexcept {
    out.energy(device.energy);
    out.energy(device.low);
    out.energy(device.high);
    out.i64(device.gap_ns);
    out.u64(device.raw);
    out.i64(device.resets);
    out.i64(device.wraps);
    out.i64(device.failed_reads);
    out.u8(static_cast<std::uint8_t>((device.gap_filled ? kFlagGapFilled : 0) |
                                     (device.bounded ? kFlagBounded : 0)));
    out.energy(device.job_active);
    out.energy(device.job_idle);
    out.energy(device.idle);
    out.energy(device.others);
    out.energy(device.unknown);
    out.energy(device.job_low);
    out.energy(device.job_high);
}

// False when a flag is set that no version 1 writer sets.
bool decode_device(Decoder& in, DeviceState& device) noexcept {
    device.energy = in.energy();
    device.low = in.energy();
    device.high = in.energy();
    device.gap_ns = in.i64();
    device.raw = in.u64();
    device.resets = in.i64();
    device.wraps = in.i64();
    device.failed_reads = in.i64();
    const std::uint8_t flags = in.u8();
    device.gap_filled = (flags & kFlagGapFilled) != 0;
    device.bounded = (flags & kFlagBounded) != 0;
    device.job_active = in.energy();
    device.job_idle = in.energy();
    device.idle = in.energy();
    device.others = in.energy();
    device.unknown = in.energy();
    device.job_low = in.energy();
    device.job_high = in.energy();
    return (flags & ~(kFlagGapFilled | kFlagBounded)) == 0;
}

}  // namespace

void seal_record(char* record, RecordKind kind, std::size_t length) noexcept {
    record[8] = static_cast<char>(kind);
    Encoder head(record);
    head.u32(static_cast<std::uint32_t>(length));
    head.u32(crc32c({record + 8, length + 1}));
}

void append_record(std::string& out, RecordKind kind, std::string_view payload) {
    const std::size_t start = out.size();
    out.resize(start + kRecordHead);
    out += payload;
    seal_record(out.data() + start, kind, payload.size());
}

void encode_state(const RunState& state, char* out) noexcept {
    Encoder encoder(out);
    encoder.u8(kStateVersion);
    encoder.u32(static_cast<std::uint32_t>(state.devices.size()));
    encoder.i64(state.elapsed_ns);
    encoder.i64(state.suspended_ns);
    encoder.i64(state.wall.us);
    encoder.i64(state.samples);
    encoder.i64(state.job_cpu_ns);
    encoder.i64(state.machine_busy_ns);
    encoder.i64(state.meter_cpu_ns);
    encoder.i64(state.meter_max_rss_bytes);
    encoder.f64(state.idle_share_seconds);
    for (const DeviceState& device : state.devices) encode_device(device, encoder);
}

StateAnswer decode_state(std::string_view payload, RunState& state) {
    if (payload.empty()) return StateAnswer::wrong;
    const auto version = static_cast<std::uint8_t>(payload.front());
    if (version > kStateVersion) return StateAnswer::newer;
    if (version != kStateVersion || payload.size() < kStateHead) return StateAnswer::wrong;
    Decoder decoder(payload.data() + 1);
    const std::size_t devices = decoder.u32();
    if (devices > kMaxDevices || payload.size() != state_bytes(devices)) return StateAnswer::wrong;
    state.elapsed_ns = decoder.i64();
    state.suspended_ns = decoder.i64();
    state.wall.us = decoder.i64();
    state.samples = decoder.i64();
    state.job_cpu_ns = decoder.i64();
    state.machine_busy_ns = decoder.i64();
    state.meter_cpu_ns = decoder.i64();
    state.meter_max_rss_bytes = decoder.i64();
    state.idle_share_seconds = decoder.f64();
    state.devices.resize(devices);
    for (DeviceState& device : state.devices) {
        if (!decode_device(decoder, device)) return StateAnswer::wrong;
    }
    return StateAnswer::ok;
}

}  // namespace abate::store
