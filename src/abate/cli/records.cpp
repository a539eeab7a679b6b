#include "abate/cli/records.h"

#include "abate/footprint/footprint.h"
#include "abate/meter/meter.h"
#include "abate/report/report.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace abate::cli {
namespace {

Error file_error(const std::string& path, const char* doing) {
    const int code = errno;
    return {code == EACCES || code == EROFS || code == EPERM ? ErrorCode::permission_denied
                                                             : ErrorCode::io_error,
            fmt::format("cannot {}: {}", doing, std::strerror(code)),
            path,
            code == ENOSPC ? "The disk is full: free some space or choose another place"
                           : "Choose a place that you may write to"};
}

// Writes all of `text` and syncs where that means something; `shown` is the name for errors.
void write_to(const std::string& path,
              int flags,
              const std::string& text,
              const std::string& shown) {
    const int fd = open(path.c_str(), flags, 0644);
    if (fd < 0) throw Failure(file_error(shown, "write the file"));
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = write(fd, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            const Error error = file_error(shown, "write the file");
            close(fd);
            throw Failure(error);
        }
        done += static_cast<std::size_t>(n);
    }
    const bool synced = fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
    if (close(fd) != 0 || !synced) throw Failure(file_error(shown, "write the file"));
}

}  // namespace

store::StoredRun to_stored(const RunRecord& record) {
    store::StoredRun row;
    row.run_id = record.run_id.text();
    row.started_at = record.started_at;
    row.ended_at = record.ended_at;
    row.status = to_string(record.status);
    row.phase = record.phase ? to_string(*record.phase) : "";
    row.project = record.project;
    row.host = record.host.name;
    row.attributed_j = record.attributed.energy.value.energy().in(joules);
    row.facility_j = record.facility ? record.facility->energy.energy_j : 0;
    row.kgco2e = record.operational ? record.operational->location_kgco2e.value : 0;
    row.record_json = report::run_record_json(record, -1);
    return row;
}

RunRecord to_record(const store::StoredRun& stored) {
    Result<RunRecord> record = input::parse_run_record(stored.record_json);
    if (!record) {
        Error error = record.error();
        error.where =
            "stored run " + stored.run_id + (error.where.empty() ? "" : ", " + error.where);
        throw Failure(error);
    }
    return std::move(record).value();
}

std::vector<RunRecord> find_runs(Context& context, const store::RunFilter& filter) {
    std::vector<RunRecord> records;
    for (const store::StoredRun& row : value_or_fail(context.runs().list(filter))) {
        Result<RunRecord> record = input::parse_run_record(row.record_json);
        if (record) {
            records.push_back(std::move(record).value());
        } else {
            context.note("run " + row.run_id +
                         " cannot be read and is left out: " + to_string(record.error()));
        }
    }
    return records;
}

RunRecord find_run(Context& context, const std::string& id) {
    return to_record(value_or_fail(context.runs().find(id)));
}

void complete_record(Context& context, RunRecord& record, const RunState& state) {
    meter::fill_record(record, state);
    footprint::AssessOptions options{.region = record.region,
                                     .region_layer = "option",
                                     .pue = {},
                                     .pue_layer = "option",
                                     .node_overhead = {},
                                     .hardware = {}};
    // The header carries what the user said of PUE as its provenance row.
    for (const Provenance& row : record.provenance) {
        if (row.figure == "pue" && row.source == "given by the user") {
            options.pue = row.value;
            options.pue_layer = row.layer;
        }
        footprint::HardwareOptions& hardware = options.hardware;
        if (row.figure == "lifetime_h" && row.source == "given by the user") {
            hardware.lifetime_h = row.value;
            hardware.lifetime_layer = row.layer;
        }
        if (row.figure == "utilisation" && row.source == "given by the user") {
            hardware.utilisation = row.value;
            hardware.utilisation_layer = row.layer;
        }
        if (row.figure == "embodied.host" && row.source == "given by the user") {
            hardware.host_kgco2e = row.value;
            hardware.host_layer = row.layer;
        }
        if (row.figure == "node_ratio" && row.basis == "profile") {
            options.node_overhead =
                footprint::NodeOverhead{.ratio = {.value = row.value,
                                                  .low = row.low,
                                                  .high = row.high,
                                                  .kind = RangeKind::interval90},
                                        .source = "profile",
                                        .citation = row.source};
        }
    }
    if (const Result<void> assessed = footprint::assess(record, context.tables(), options);
        !assessed) {
        record.notes.push_back("no footprint by its own region: " + to_string(assessed.error()));
        options.region.clear();
        if (const Result<void> without = footprint::assess(record, context.tables(), options);
            !without) {
            record.notes.push_back("no footprint: " + to_string(without.error()));
        }
    }
}

void import_spools(Context& context, store::RunStore& store) {
    std::vector<std::string> problems;
    for (const store::ClaimedSpool& claimed :
         store::claim_spools(context.spool_folder(), problems)) {
        const bool complete = claimed.content.final_json.has_value();
        Result<RunRecord> record = input::parse_run_record(complete ? *claimed.content.final_json
                                                                    : claimed.content.header_json);
        if (!record) {
            context.note(claimed.path +
                         " cannot be read and stays there: " + to_string(record.error()));
            continue;
        }
        if (!complete) {
            record->status = RunStatus::interrupted;
            record->notes.emplace_back(
                "abate was killed during this run; it holds what was metered up to then");
            RunState state = claimed.content.last_state.value_or(RunState{});
            state.devices.resize(record->energy.devices.size());
            complete_record(context, *record, state);
        }
        if (const Result<void> stored = store.put(to_stored(*record)); !stored) {
            context.note("run " + record->run_id.text() +
                         " stays in its spool: " + to_string(stored.error()));
            continue;
        }
        store::release_claim(claimed);
        if (!complete)
            context.note("imported an interrupted run: abate show " + record->run_id.text());
    }
    for (const std::string& problem : problems) context.note(problem);
}

std::optional<std::string> read_small_file(const std::string& path) {
    constexpr std::size_t kMost = 16 << 20;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
        throw Failure(file_error(path, "read the file"));
    }
    struct stat info {};
    const bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    std::string text;
    ssize_t n = regular ? 1 : 0;
    char block[16384];
    while (n > 0 && text.size() <= kMost) {
        n = read(fd, block, sizeof block);
        if (n > 0) text.append(block, static_cast<std::size_t>(n));
        if (n < 0 && errno == EINTR) n = 1;
    }
    const Error failed = file_error(path, "read the file");
    close(fd);
    if (!regular) {
        throw Failure(
            {ErrorCode::invalid_argument, "this is no regular file", path, "Name a text file"});
    }
    if (n < 0) throw Failure(failed);
    if (text.size() > kMost) {
        throw Failure(
            {ErrorCode::out_of_range, "the file is larger than 16 MiB", path, "Name a text file"});
    }
    return text;
}

void write_file(const std::string& path, const std::string& text) {
    struct stat info {};
    const bool exists = stat(path.c_str(), &info) == 0;
    if (exists && !S_ISREG(info.st_mode)) {
        // A terminal, a pipe, /dev/null: written to, never replaced.
        write_to(path, O_WRONLY | O_CLOEXEC, text, path);
        return;
    }
    // Through a symbolic link, so that its target is renewed and the link stays.
    std::string target = path;
    if (char* resolved = exists ? realpath(path.c_str(), nullptr) : nullptr; resolved != nullptr) {
        target = resolved;
        free(resolved);
    }
    const std::string temporary = target + ".part-" + std::to_string(getpid());
    try {
        write_to(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, text, path);
        if (rename(temporary.c_str(), target.c_str()) != 0)
            throw Failure(file_error(path, "write the file"));
    } catch (const Failure&) {
        unlink(temporary.c_str());
        throw;
    }
}

}  // namespace abate::cli
