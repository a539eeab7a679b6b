#include "abate/registry/event_codec.h"

#include "abate/core/number_bytes.h"

#include <fmt/format.h>

#include <cstring>
#include <type_traits>

namespace abate::registry {
namespace {

// Bits of an event's `fields`, and the order in which they stand.
enum Field : std::uint32_t {
    f_kind,
    f_status,
    f_obligated,
    f_flags,
    f_code,
    f_asset,
    f_period,
    f_id,
    f_reference,
    f_from,
    f_to,
    f_deficit,
    f_participant,
    f_group,
    f_amount,
    f_price,
    f_timeout,
    f_moved,  // the outcome's amount, where it is not the command's
    f_end
};

constexpr std::size_t kHead = 16;
// All fields of the largest event.
constexpr std::size_t kMostBytes = kHead + 3 + 2 + 2 + 4 + 4 + 16 + 16 + std::size_t{9} * 8;

struct Writer {
    char* out;
    std::size_t at = kHead;
    std::uint32_t fields = 0;

    template <class T>
    void field(Field bit, const T& value) {
        if (value == T{}) return;
        fields |= std::uint32_t{1} << bit;
        std::memcpy(out + at, &value, sizeof value);
        at += sizeof value;
    }
};

struct Reader {
    std::string_view bytes;
    std::size_t at;
    std::uint32_t fields;
    bool good = true;

    template <class T>
    void field(Field bit, T& value) {
        if ((fields >> bit & 1) == 0 || !good) return;
        if (bytes.size() - at < sizeof value) {
            good = false;
            return;
        }
        std::memcpy(&value, bytes.data() + at, sizeof value);
        at += sizeof value;
        good = value != T{};
    }
};

template <class Codec, class C>
void each_field(Codec& codec, C& c) {
    codec.field(f_kind, c.kind);
    codec.field(f_status, c.status);
    codec.field(f_obligated, c.obligated);
    codec.field(f_flags, c.flags);
    codec.field(f_code, c.code);
    codec.field(f_asset, c.asset);
    codec.field(f_period, c.period);
    codec.field(f_id, c.id);
    codec.field(f_reference, c.reference);
    codec.field(f_from, c.from);
    codec.field(f_to, c.to);
    codec.field(f_deficit, c.deficit);
    codec.field(f_participant, c.participant);
    codec.field(f_group, c.group);
    codec.field(f_amount, c.amount);
    codec.field(f_price, c.price_micro);
    codec.field(f_timeout, c.timeout_us);
}

bool known_reason(std::uint16_t number) {
    return number == 0 || to_string(static_cast<Reason>(number)) != "unknown_reason";
}

}  // namespace

void append_event(std::string& out, const Event& event) {
    const Command& c = event.command;
    // Straight into the payload: a copy of what was just written in pieces would wait for the pieces.
    const std::size_t start = out.size();
    out.resize(start + kMostBytes);
    char* bytes = out.data() + start;
    Writer writer{bytes};
    each_field(writer, c);
    // A refusal moved nothing; what was done in full moved what it said.
    const std::int64_t usual = event.outcome.reason == Reason::ok ? c.amount : 0;
    writer.field(f_moved, event.outcome.amount - usual);
    bytes[0] = static_cast<char>(c.op);
    bytes[1] = static_cast<char>(kEventVersion);
    std::memcpy(bytes + 2, &event.outcome.reason, 2);
    std::memcpy(bytes + 4, &writer.fields, 4);
    std::memcpy(bytes + 8, &event.at.us, 8);
    out.resize(start + writer.at);
}

// Writes all of `event`, or gives the error and moves nothing.
std::optional<Error> EventReader::read(Event& event) {
    const auto refuse = [this](std::string what, ErrorCode code = ErrorCode::corrupt) {
        return Error{
            code,
            std::move(what),
            fmt::format("byte {} of the payload", at_),
            code == ErrorCode::corrupt ? "Restore the journal from a backup" : "Use a newer abate"};
    };
    if (bytes_.size() - at_ < kHead) return refuse("an event is cut short");
    const auto op = static_cast<std::uint8_t>(bytes_[at_]);
    const auto version = static_cast<std::uint8_t>(bytes_[at_ + 1]);
    if (version > kEventVersion)
        return refuse(fmt::format("an event of version {}", version), ErrorCode::version_mismatch);
    if (version == 0) return refuse("an event without a version");
    const auto reason = number_at<std::uint16_t>(bytes_, at_ + 2);
    const auto fields = number_at<std::uint32_t>(bytes_, at_ + 4);
    if (op == 0 || op > static_cast<std::uint8_t>(Op::expire))
        return refuse(fmt::format("no operation has the number {}", op));
    if (!known_reason(reason)) return refuse(fmt::format("no reason has the number {}", reason));
    if (fields >> f_end != 0) return refuse("an event has fields that nobody knows");
    event = Event{};
    event.command.op = static_cast<Op>(op);
    event.outcome.reason = static_cast<Reason>(reason);
    event.at.us = number_at<std::int64_t>(bytes_, at_ + 8);
    Reader reader{bytes_, at_ + kHead, fields};
    each_field(reader, event.command);
    std::int64_t beyond_usual = 0;
    reader.field(f_moved, beyond_usual);
    if (!reader.good) return refuse("an event is cut short, or has a field of zero");
    const std::int64_t usual = event.outcome.reason == Reason::ok ? event.command.amount : 0;
    if (__builtin_add_overflow(usual, beyond_usual, &event.outcome.amount))
        return refuse("an amount that does not fit");
    at_ = reader.at;
    return std::nullopt;
}

Result<std::optional<Event>> EventReader::next() {
    if (at_ == bytes_.size()) return std::optional<Event>{};
    Event event;
    if (std::optional<Error> error = read(event)) return *std::move(error);
    return std::optional<Event>{event};
}

Result<std::size_t> EventReader::next_block(std::span<Event> out) {
    std::size_t count = 0;
    for (; count < out.size() && at_ != bytes_.size(); ++count) {
        std::optional<Error> error = read(out[count]);
        if (!error) continue;
        if (count == 0) return *std::move(error);
        break;
    }
    return count;
}

}  // namespace abate::registry
