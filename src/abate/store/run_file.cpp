#include "abate/store/run_file.h"

#include "abate/core/crc32c.h"
#include "abate/store/run_choice.h"
#include "abate/store/spool.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <type_traits>

namespace abate::store {

namespace {

using Columns = nlohmann::json;  // keys sorted, so that the same columns are the same bytes

// Text columns that are no UTF-8 become U+FFFD here; the record itself stays as it is.
std::string dump_columns(const Columns& columns) {
    return columns.dump(-1, ' ', false, Columns::error_handler_t::replace);
}

// Over the first line without the checksum, and everything after it.
std::string run_file_checksum(const Columns& columns, std::string_view rest) {
    return fmt::format("{:08x}", crc32c(dump_columns(columns) + "\n" + std::string(rest)));
}

template <class Number>
bool take_number(const Columns& columns, const char* key, Number& into) {
    const auto value = columns.find(key);
    if (value == columns.end()) return false;
    if (std::is_integral_v<Number> ? !value->is_number_integer() : !value->is_number()) {
        return false;
    }
    into = value->get<Number>();
    return true;
}

bool take_text(const Columns& columns, const char* key, std::string& into) {
    const auto value = columns.find(key);
    if (value == columns.end() || !value->is_string()) return false;
    into = value->get<std::string>();
    return true;
}

}  // namespace

std::string write_run_file(const StoredRun& run) {
    Columns columns = {{"abate_run_file", kRunFileVersion},
                       {"run_id", run.run_id},
                       {"started_at_us", run.started_at.us},
                       {"ended_at_us", run.ended_at.us},
                       {"status", run.status},
                       {"phase", run.phase},
                       {"project", run.project},
                       {"host", run.host},
                       {"attributed_j", run.attributed_j},
                       {"facility_j", run.facility_j},
                       {"kgco2e", run.kgco2e}};
    // Once through text, so that replaced characters are part of the checksum on both sides.
    columns = Columns::parse(dump_columns(columns));
    const std::string rest = run.record_json + "\n";
    columns["crc32c"] = run_file_checksum(columns, rest);
    return dump_columns(columns) + "\n" + rest;
}

Result<StoredRun> read_run_file(std::string_view bytes) {
    Error damaged{ErrorCode::corrupt, "the run file is damaged", "", ""};
    const std::size_t line = bytes.find('\n');
    if (line == std::string_view::npos) return damaged;
    const std::string_view rest = bytes.substr(line + 1);
    Columns columns = Columns::parse(bytes.substr(0, line), nullptr, /*allow_exceptions=*/false);
    if (!columns.is_object() || !rest.ends_with('\n')) return damaged;
    std::int64_t version = 0;
    std::string checksum;
    if (!take_number(columns, "abate_run_file", version) ||
        !take_text(columns, "crc32c", checksum)) {
        return damaged;
    }
    columns.erase("crc32c");
    if (run_file_checksum(columns, rest) != checksum) return damaged;
    if (version != kRunFileVersion) {
        return Error{ErrorCode::version_mismatch,
                     fmt::format("the run file has version {}, this abate knows version {}",
                                 version,
                                 kRunFileVersion),
                     "",
                     "Upgrade abate on this machine"};
    }
    StoredRun run;
    run.record_json = rest.substr(0, rest.size() - 1);
    const bool complete =
        take_text(columns, "run_id", run.run_id) &&
        take_number(columns, "started_at_us", run.started_at.us) &&
        take_number(columns, "ended_at_us", run.ended_at.us) &&
        take_text(columns, "status", run.status) && take_text(columns, "phase", run.phase) &&
        take_text(columns, "project", run.project) && take_text(columns, "host", run.host) &&
        take_number(columns, "attributed_j", run.attributed_j) &&
        take_number(columns, "facility_j", run.facility_j) &&
        take_number(columns, "kgco2e", run.kgco2e);
    if (!complete || !check_stored_run(run)) return damaged;
    return run;
}

}  // namespace abate::store
