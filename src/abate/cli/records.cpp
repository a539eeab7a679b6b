#include "abate/cli/records.h"

#include "abate/cli/hourly.h"
#include "abate/footprint/footprint.h"
#include "abate/meter/meter.h"
#include "abate/report/report.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace abate::cli {
namespace {

// Of the last system call.
Error unwritten(const std::string& path) {
    return file_error(errno,
                      {.what = "cannot write the file",
                       .where = path,
                       .denied = "Choose a place that you may write to",
                       .other = "Choose a place that you may write to"});
}

// How long somebody may take to open the other end of a pipe: a reader that is started beside us
// (`abate export --output p & cat p`) has that long, and one that never comes holds nobody up.
constexpr int kReaderWaitMs = 5000;
constexpr int kReaderLookMs = 20;

// Writes all of `text`, syncs where that means something, and closes. `shown`: the name for errors.
void write_and_close(int fd, const std::string& text, const std::string& shown) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = write(fd, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            const Error error = unwritten(shown);
            close(fd);
            throw Failure(error);
        }
        done += static_cast<std::size_t>(n);
    }
    const bool synced = fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
    if (close(fd) != 0 || !synced) throw Failure(unwritten(shown));
}

// A terminal, a pipe, /dev/null: written to, never replaced. Opening a pipe would wait for its
// reader without end, so it is only tried (ENXIO: nobody reads; fifo(7)).
void write_in_place(const std::string& path, bool pipe, const std::string& text) {
    int fd = -1;
    for (int waited_ms = 0;; waited_ms += kReaderLookMs) {
        fd = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0 || !pipe || errno != ENXIO || waited_ms >= kReaderWaitMs) break;
        poll(nullptr, 0, kReaderLookMs);
    }
    if (fd < 0 && pipe && errno == ENXIO) {
        throw Failure({ErrorCode::unavailable,
                       fmt::format("nobody reads this pipe (for {} s)", kReaderWaitMs / 1000),
                       path,
                       "Start its reader first, or name a file"});
    }
    if (fd < 0) throw Failure(unwritten(path));
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);  // a reader that is there sets the pace
    write_and_close(fd, text, path);
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

void complete_record(Context& context,
                     const data::Tables& tables,
                     RunRecord& record,
                     const RunState& state) {
    meter::fill_record(record, state);
    footprint::AssessOptions options = footprint::kept_options(record);
    // The record's provenance is renewed by assess, so what the header says of the hours is read before.
    const std::optional<HourlyChoice> choice = choice_of(record);
    if (choice) {
        try {
            if (const auto hours = open_hourly(context, *choice, record.region))
                use_hours(context, *hours, flat_pieces(record), options, record.notes);
        } catch (const Failure& failure) {
            record.notes.push_back("the year's carbon intensity is used, not the hours': " +
                                   to_string(failure.error()));
        }
    }
    if (const Result<void> assessed = footprint::assess(record, tables, options); !assessed) {
        record.notes.push_back("no footprint by its own region: " + to_string(assessed.error()));
        options.region.clear();
        if (const Result<void> without = footprint::assess(record, tables, options); !without) {
            record.notes.push_back("no footprint: " + to_string(without.error()));
        }
    }
}

namespace {

// The tables as the run had them when it began (--set, overrides, packs), not as this command has
// them. Absent: its abate did not say, so this command's stand in. What cannot be had any more
// becomes a note of the record.
std::optional<data::Tables> tables_of_run(const std::string& header_json, RunRecord& record) {
    const Result<std::optional<data::Layers>> layers = input::parse_header_layers(header_json);
    if (layers && !layers->has_value()) return std::nullopt;
    Result<data::Tables> tables = layers ? data::Tables::load(**layers) : layers.error();
    if (tables) return std::move(tables).value();
    record.notes.push_back(
        "the overrides that it was started with cannot be read any more, so its footprint is that "
        "of the built-in tables: " +
        to_string(tables.error()));
    return value_or_fail(data::Tables::load());
}

}  // namespace

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
            const std::optional<data::Tables> own =
                tables_of_run(claimed.content.header_json, *record);
            complete_record(context, own ? *own : context.tables(), *record, state);
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

std::optional<std::string> read_small_file(const std::string& path, std::size_t most_bytes) {
    Result<std::string> text = read_regular_file(path, most_bytes);
    if (text) return std::move(text).value();
    if (text.error().code == ErrorCode::not_found) return std::nullopt;
    throw Failure(text.error());
}

void write_file(const std::string& path, const std::string& text, Readers readers) {
    struct stat info {};
    if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
        write_in_place(path, S_ISFIFO(info.st_mode), text);
        return;
    }
    const Part part = begin_part(path, readers);
    if (part.fd < 0) throw Failure(unwritten(path));
    try {
        write_and_close(part.fd, text, path);
        if (rename(part.name.c_str(), part.target.c_str()) != 0) throw Failure(unwritten(path));
    } catch (const Failure&) {
        unlink(part.name.c_str());
        throw;
    }
}

}  // namespace abate::cli
