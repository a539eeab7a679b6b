// The run spool: one append-only file per live run, so that `kill -9` or a power cut loses at most
// a second.
//
// File: the 8 bytes "ABATESP1", then records {u32 length, u32 CRC32C of kind and payload, u8 kind,
// payload}, little endian. Kinds: H header (JSON run record with status running), S state (binary
// RunState), F final (JSON run record). A torn or wrong record ends the file: what stands before it
// is valid. Names: `<run_id>.spool`; one writer a file, so hundreds of writers on one network
// folder never touch each other. The writer holds an fcntl lock while it lives.
#pragma once

#include "abate/core/result.h"
#include "abate/meter/sample_sink.h"
#include "abate/record/run_state.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace abate::store {

// Not thread-safe. Synced with fdatasync at header, states and final.
class SpoolWriter final : public meter::SampleSink {
  public:
    // Creates `<folder>/<run_id>.spool` (and the folder, mode 0700) and writes the header.
    // `device_count`: devices that every state will have. Errors: io_error, permission_denied.
    static Result<std::unique_ptr<SpoolWriter>> create(const std::string& folder,
                                                       const std::string& run_id,
                                                       std::string_view header_json,
                                                       std::size_t device_count);
    ~SpoolWriter() override;

    bool save(const RunState& state) noexcept override;
    // Writes the final record. Errors: io_error.
    Result<void> finish(std::string_view record_json);
    // Deletes the file: its record is safe elsewhere.
    void discard() noexcept;
    [[nodiscard]] const std::string& path() const noexcept;

  private:
    struct Impl;
    explicit SpoolWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// What a spool file holds.
struct SpoolContent {
    std::string header_json;
    std::optional<RunState> last_state;
    std::optional<std::string> final_json;
    std::size_t states = 0;
    bool torn = false;  // ended in an incomplete or damaged record
};

// Reads bytes of a spool. Never trusts a length. Errors: corrupt (no valid header),
// version_mismatch (newer magic).
[[nodiscard]] Result<SpoolContent> read_spool(std::string_view bytes);

// A spool file of the folder that no live process writes, claimed for import by an atomic rename so
// that two importers never both have it. Files of other hosts are taken only when their lock is
// free and they have not grown for ten minutes.
struct ClaimedSpool {
    std::string path;
    SpoolContent content;
};
// Claims everything that can be claimed. Unreadable files are moved aside to `<folder>/damaged/`
// and named in `problems`.
[[nodiscard]] std::vector<ClaimedSpool> claim_spools(const std::string& folder,
                                                     std::vector<std::string>& problems);
// After import: deletes a claimed file.
void release_claim(const ClaimedSpool& claimed);

// CRC32C (Castagnoli), RFC 3720 appendix B.4.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace abate::store
