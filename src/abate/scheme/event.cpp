#include "abate/scheme/event.h"

namespace abate::scheme {
namespace {

constexpr std::size_t kHead = 6;

Error corrupt_event(std::string what) {
    return {ErrorCode::corrupt, std::move(what), "", "See `abate registry audit`"};
}

}  // namespace

void append_event(std::string& out, const Event& event) {
    const std::string body = encode(event);
    ByteWriter writer(out);
    writer.write(event.kind);
    writer.write(kEventVersion);
    writer.write(static_cast<std::uint32_t>(body.size()));
    out += body;
}

Result<ReadEvent> read_event(std::string_view bytes) {
    if (bytes.size() < kHead) return corrupt_event("a scheme event is cut short");
    ByteReader head(bytes.substr(0, kHead));
    ReadEvent out;
    std::uint8_t version = 0;
    std::uint32_t length = 0;
    head.read(out.event.kind);
    head.read(version);
    head.read(length);
    if (out.event.kind != EventKind::command && out.event.kind != EventKind::due)
        return corrupt_event("an unknown kind of scheme event");
    if (version > kEventVersion)
        return Error{ErrorCode::version_mismatch,
                     "a scheme event of a later version",
                     "",
                     "Use a newer abate"};
    if (version == 0) return corrupt_event("a scheme event of version 0");
    if (bytes.size() - kHead < length) return corrupt_event("a scheme event is cut short");
    ByteReader body(bytes.substr(kHead, length));
    Event::fields(out.event, body);
    if (!body.good() || !body.at_end()) return corrupt_event("a scheme event that cannot be read");
    out.size = kHead + length;
    return out;
}

}  // namespace abate::scheme
