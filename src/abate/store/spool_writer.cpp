#include "abate/core/assert.h"
#include "abate/store/posix_file.h"
#include "abate/store/spool.h"
#include "abate/store/spool_format.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace abate::store {

struct SpoolWriter::Impl {
    std::string path;
    std::string new_path;  // while it is written for the first time, or compacted
    Fd folder;
    Fd file;
    bool locked = false;
    std::string prefix;  // magic, writer and header: how each file of this run begins
    std::string buffer;  // one state record
    std::size_t devices = 0;
    std::size_t end = 0;  // bytes that are known good
    std::size_t compact_bytes = 0;
    std::size_t compact_at = 0;
    bool name_synced = false;  // the folder's entry for this file is on the disk
    bool finished = false;

    int begin_file();
    [[nodiscard]] int sync_all() noexcept;
    enum class Sync { now, later };
    [[nodiscard]] int append(std::string_view record, Sync sync) noexcept;
    Result<void> finish(std::string_view record_json, Sync sync);
    [[nodiscard]] bool compact() noexcept;
    [[nodiscard]] bool write_compacted(const Fd& fresh) noexcept;
};

namespace {

std::string spool_prefix(bool locked, std::string_view header_json) {
    std::string writer(1, locked ? '\1' : '\0');
    std::string boot = this_boot_id();
    boot.resize(36);
    writer += boot + host_for_file_name();
    std::string prefix(kSpoolMagic);
    append_record(prefix, RecordKind::writer, writer);
    append_record(prefix, RecordKind::header, header_json);
    return prefix;
}

Result<void> check_text_record(std::string_view json, const std::string& where) {
    if (json.size() <= kMaxTextRecord) return {};
    return Error{
        ErrorCode::out_of_range,
        fmt::format(
            "the run record has {} bytes, a spool takes at most {}", json.size(), kMaxTextRecord),
        where,
        "Shorten the command line or the labels"};
}

}  // namespace

SpoolWriter::SpoolWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SpoolWriter::~SpoolWriter() = default;

const std::string& SpoolWriter::path() const noexcept { return impl_->path; }

Result<std::unique_ptr<SpoolWriter>> SpoolWriter::create(const SpoolStart& start,
                                                         const SpoolOptions& options) {
    const auto& [folder, run_id, header_json, device_count] = start;
    if (!is_file_name_id(run_id)) {
        return Error{ErrorCode::invalid_argument,
                     fmt::format("'{}' cannot be a run id", run_id),
                     "",
                     "A run id has 1 to 64 letters, digits, '-' or '_'"};
    }
    if (device_count > kMaxDevices) {
        return Error{ErrorCode::out_of_range,
                     fmt::format("{} devices; a spool takes at most {}", device_count, kMaxDevices),
                     folder,
                     ""};
    }
    if (auto fits = check_text_record(header_json, folder); !fits) return fits.error();
    if (auto made = make_private_folder(folder); !made) return made.error();

    auto impl = std::make_unique<Impl>();
    impl->path = folder + "/" + run_id + ".spool";
    impl->new_path = impl->path + ".new";
    impl->folder = Fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!impl->folder) return file_error(errno, "cannot open the spool folder", folder);
    impl->file = create_private(impl->new_path.c_str());
    if (!impl->file && errno != EEXIST) {
        return file_error(errno, "cannot create the run's spool file", impl->path);
    }
    if (!impl->file || ::access(impl->path.c_str(), F_OK) == 0) {
        if (impl->file) ::unlink(impl->new_path.c_str());
        return Error{ErrorCode::already_exists, "this run has a spool file", impl->path, ""};
    }
    impl->locked = try_lock(impl->file.get()) == LockAnswer::held;
    impl->prefix = spool_prefix(impl->locked, header_json);
    impl->devices = device_count;
    impl->buffer.resize(kRecordHead + state_bytes(device_count));
    impl->compact_bytes = options.compact_bytes;
    if (const int error_number = impl->begin_file(); error_number != 0) {
        return file_error(error_number, "cannot write the run's spool file", impl->path);
    }
    return std::unique_ptr<SpoolWriter>(new SpoolWriter(std::move(impl)));
}

// The name appears only when the file is locked and its header is written, so that an importer
// never sees a live file that looks dead or empty. It is not synced: a run that a power cut ends
// before its first state has nothing yet that it must not lose, and the command need not wait.
int SpoolWriter::Impl::begin_file() {
    int error_number = write_at(file.get(), prefix, 0);
    if (error_number == 0)
        error_number = publish_noreplace({.from = new_path.c_str(), .to = path.c_str()});
    if (error_number != 0) {
        ::unlink(new_path.c_str());
        return error_number;
    }
    end = prefix.size();
    compact_at = end + compact_bytes;
    return 0;
}

// The bytes, and with the first of them the name.
int SpoolWriter::Impl::sync_all() noexcept {
    if (::fdatasync(file.get()) != 0) return errno;
    if (name_synced) return 0;
    const int error_number = sync_folder(folder.get());
    name_synced = error_number == 0;
    return error_number;
}

// One write at the last good end, then fdatasync if it is to be durable now. On failure the file is cut back; should even that
// fail, the next append overwrites the rest and a reader stops before it.
int SpoolWriter::Impl::append(std::string_view record, Sync sync) noexcept {
    int error_number = write_at(file.get(), record, end);
    if (error_number == 0 && sync == Sync::now) error_number = sync_all();
    if (error_number != 0) {
        // The result is not needed: see above.
        [[maybe_unused]] const int cut = ::ftruncate(file.get(), static_cast<off_t>(end));
        return error_number;
    }
    end += record.size();
    return 0;
}

bool SpoolWriter::Impl::write_compacted(const Fd& fresh) noexcept {
    return fresh && (try_lock(fresh.get()) == LockAnswer::held) == locked &&
           write_at(fresh.get(), prefix, 0) == 0 &&
           write_at(fresh.get(), buffer, prefix.size()) == 0 && ::fdatasync(fresh.get()) == 0 &&
           names_this_file(path.c_str(), file.get()) &&
           ::rename(new_path.c_str(), path.c_str()) == 0;
}

// Puts the header and the state in `buffer` into a fresh file and gives it this file's name. The
// old file stays as it is until the rename, so that a crash at any point leaves a valid one.
bool SpoolWriter::Impl::compact() noexcept {
    compact_at = end + compact_bytes;  // the next try, should this one fail
    ::unlink(new_path.c_str());
    Fd fresh = create_private(new_path.c_str());
    if (!write_compacted(fresh)) {
        if (fresh) ::unlink(new_path.c_str());
        return false;
    }
    file = std::move(fresh);
    end = prefix.size() + buffer.size();
    compact_at = end + compact_bytes;
    name_synced = sync_folder(folder.get()) == 0;
    return name_synced;
}

bool SpoolWriter::save(const RunState& state) noexcept {
    ABATE_REQUIRE(state.devices.size() == impl_->devices);
    ABATE_REQUIRE(!impl_->finished);
    Impl& spool = *impl_;
    encode_state(state, spool.buffer.data() + kRecordHead);
    seal_record(spool.buffer.data(), RecordKind::state, spool.buffer.size() - kRecordHead);
    if (spool.end + spool.buffer.size() > spool.compact_at && spool.compact()) return true;
    return spool.append(spool.buffer, Impl::Sync::now) == 0;
}

Result<void> SpoolWriter::Impl::finish(std::string_view record_json, Sync sync) {
    ABATE_REQUIRE(!finished);
    if (auto fits = check_text_record(record_json, path); !fits) return fits.error();
    std::string record;
    append_record(record, RecordKind::final, record_json);
    if (const int error_number = append(record, sync); error_number != 0) {
        return file_error(error_number, "cannot write the run's final record", path);
    }
    finished = true;
    return {};
}

Result<void> SpoolWriter::finish(std::string_view record_json) {
    return impl_->finish(record_json, Impl::Sync::now);
}

Result<void> SpoolWriter::finish_unsynced(std::string_view record_json) {
    return impl_->finish(record_json, Impl::Sync::later);
}

Result<void> SpoolWriter::sync() {
    const int error_number = impl_->sync_all();
    if (error_number == 0) return {};
    return file_error(error_number, "cannot sync the run's spool file", impl_->path);
}

void SpoolWriter::discard() noexcept {
    if (names_this_file(impl_->path.c_str(), impl_->file.get())) ::unlink(impl_->path.c_str());
}

}  // namespace abate::store
