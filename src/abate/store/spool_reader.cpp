#include "abate/core/crc32c.h"
#include "abate/store/posix_file.h"
#include "abate/store/spool.h"
#include "abate/store/spool_format.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace abate::store {

namespace {

// Where a spool's bytes come from. `at` gives exactly `count` bytes, valid until the next call, or
// nothing. REQUIRES of its callers: offset + count <= size().
class SpoolBytes {
  public:
    explicit SpoolBytes(std::string_view bytes) : size_(bytes.size()), bytes_(bytes) {}
    SpoolBytes(int fd, std::uint64_t size) : size_(size), fd_(fd) {}

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] int error_number() const { return error_number_; }

    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): where, then how many
    std::optional<std::string_view> at(std::uint64_t offset, std::size_t count) {
        if (fd_ < 0) return bytes_.substr(static_cast<std::size_t>(offset), count);
        if (offset < window_ || offset + count > window_ + buffer_.size()) {
            if (!fill(offset, count)) return std::nullopt;
        }
        return std::string_view(buffer_).substr(static_cast<std::size_t>(offset - window_), count);
    }

  private:
    // Reads a window that begins at `offset` and holds at least `count` bytes.
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): where, then how many
    bool fill(std::uint64_t offset, std::size_t count) {
        constexpr std::uint64_t kWindow = std::uint64_t{64} * 1024;
        const std::uint64_t wanted =
            std::min<std::uint64_t>(std::max<std::uint64_t>(kWindow, count), size_ - offset);
        buffer_.resize(static_cast<std::size_t>(wanted));
        window_ = offset;
        std::size_t filled = 0;
        while (filled < buffer_.size()) {
            const ssize_t got = ::pread(fd_,
                                        buffer_.data() + filled,
                                        buffer_.size() - filled,
                                        static_cast<off_t>(offset + filled));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) error_number_ = errno;
            if (got <= 0) break;
            filled += static_cast<std::size_t>(got);
        }
        buffer_.resize(filled);
        return filled >= count;
    }

    std::uint64_t size_;
    std::string_view bytes_;
    int fd_ = -1;
    int error_number_ = 0;
    std::uint64_t window_ = 0;
    std::string buffer_;
};

struct SpoolRecord {
    RecordKind kind;
    std::string_view payload;
};

std::uint32_t read_u32(std::string_view bytes) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return value;
}

// The largest payload that a record of this kind may have; 0 for a kind that does not exist.
std::size_t payload_limit(RecordKind kind) {
    switch (kind) {
        case RecordKind::writer:
            return 1024;
        case RecordKind::header:
        case RecordKind::final:
            return kMaxTextRecord;
        case RecordKind::state:
            return state_bytes(kMaxDevices);
    }
    return 0;
}

// The record at `offset`, which moves behind it; nothing when it is not whole and right.
std::optional<SpoolRecord> next_record(SpoolBytes& bytes, std::uint64_t& offset) {
    if (bytes.size() - offset < kRecordHead) return std::nullopt;
    const auto head = bytes.at(offset, kRecordHead);
    if (!head) return std::nullopt;
    const std::size_t length = read_u32(*head);
    const std::uint32_t crc = read_u32(head->substr(4));
    const auto kind = static_cast<RecordKind>((*head)[8]);
    if (length > payload_limit(kind)) return std::nullopt;
    if (length > bytes.size() - offset - kRecordHead) return std::nullopt;
    const auto checked = bytes.at(offset + 8, length + 1);
    if (!checked || crc32c(*checked) != crc) return std::nullopt;
    offset += kRecordHead + length;
    return SpoolRecord{kind, checked->substr(1)};
}

std::optional<SpoolOrigin> parse_origin(std::string_view payload) {
    constexpr std::size_t kBootId = 36;
    if (payload.size() < 1 + kBootId) return std::nullopt;
    const std::string_view boot = payload.substr(1, kBootId);
    return SpoolOrigin{payload[0] == '\1',
                       std::string(boot.substr(0, boot.find('\0'))),
                       std::string(payload.substr(1 + kBootId))};
}

Error newer_spool(std::string_view what) {
    return {ErrorCode::version_mismatch,
            "the spool file was written by a newer abate (" + std::string(what) + ")",
            "",
            "Upgrade abate on this machine"};
}

// Takes one record into `content`. False: a record that must not stand here ends the file.
Result<bool> take_record(const SpoolRecord& record, SpoolContent& content, RunState& scratch) {
    switch (record.kind) {
        case RecordKind::state: {
            const StateAnswer answer = decode_state(record.payload, scratch);
            if (answer == StateAnswer::newer) return newer_spool("state version");
            if (answer == StateAnswer::wrong || content.final_json) return false;
            if (!content.last_state) {
                content.last_state = scratch;
            } else if (content.last_state->devices.size() == scratch.devices.size()) {
                std::swap(*content.last_state, scratch);
            } else {
                return false;
            }
            ++content.states;
            return true;
        }
        case RecordKind::final:
            if (content.final_json) return false;
            content.final_json = std::string(record.payload);
            return true;
        case RecordKind::writer:
        case RecordKind::header:
            return false;
    }
    return false;
}

Result<SpoolContent> read_spool_bytes(SpoolBytes& bytes) {
    constexpr std::size_t kMagic = kSpoolMagic.size();
    Error damaged{ErrorCode::corrupt, "the spool file has no valid header", "", ""};
    if (bytes.size() < kMagic) return damaged;
    const auto magic = bytes.at(0, kMagic);
    if (!magic) return damaged;
    if (*magic != kSpoolMagic) {
        const char version = magic->back();
        const bool newer = magic->substr(0, kMagic - 1) == kSpoolMagic.substr(0, kMagic - 1) &&
                           version >= '2' && version <= '9';
        return newer ? newer_spool(*magic) : damaged;
    }
    SpoolContent content;
    std::uint64_t offset = kMagic;
    auto record = next_record(bytes, offset);
    if (record && record->kind == RecordKind::writer) {
        auto origin = parse_origin(record->payload);
        if (!origin) return damaged;
        content.origin = *std::move(origin);
        record = next_record(bytes, offset);
    }
    if (!record || record->kind != RecordKind::header) return damaged;
    content.header_json = std::string(record->payload);
    RunState scratch;
    while (offset < bytes.size()) {
        record = next_record(bytes, offset);
        if (!record) {
            content.torn = true;
            break;
        }
        const Result<bool> taken = take_record(*record, content, scratch);
        if (!taken) return taken.error();
        if (!*taken) {
            content.torn = true;
            break;
        }
    }
    return content;
}

}  // namespace

Result<SpoolContent> read_spool(std::string_view bytes) {
    SpoolBytes source(bytes);
    return read_spool_bytes(source);
}

Result<SpoolContent> read_spool_file(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return file_error(errno, "cannot read the spool file", "");
    SpoolBytes source(fd, static_cast<std::uint64_t>(status.st_size));
    Result<SpoolContent> content = read_spool_bytes(source);
    // A disk that cannot be read now is no reason to call the file damaged.
    if (source.error_number() != 0) {
        return file_error(source.error_number(), "cannot read the spool file", "");
    }
    return content;
}

}  // namespace abate::store
