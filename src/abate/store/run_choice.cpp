#include "abate/store/run_choice.h"

#include "abate/store/posix_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace abate::store {

namespace {

char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the same either way
bool equal_ascii_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return ascii_lower(x) == ascii_lower(y);
    });
}

bool has_labels(const RunFilter& filter, const std::string& record_json) {
    if (filter.labels.empty()) return true;
    const auto record = nlohmann::json::parse(record_json, nullptr, /*allow_exceptions=*/false);
    if (!record.is_object()) return false;
    const auto labels = record.find("labels");
    if (labels == record.end() || !labels->is_object()) return false;
    return std::all_of(filter.labels.begin(), filter.labels.end(), [&](const auto& wanted) {
        const auto label = labels->find(wanted.first);
        return label != labels->end() && label->is_string() &&
               label->template get_ref<const std::string&>() == wanted.second;
    });
}

}  // namespace

Result<void> check_stored_run(const StoredRun& run) {
    if (!is_file_name_id(run.run_id)) {
        return Error{ErrorCode::invalid_argument,
                     fmt::format("'{}' cannot be a run id", run.run_id),
                     "",
                     "A run id has 1 to 64 letters, digits, '-' or '_'"};
    }
    if (!std::isfinite(run.attributed_j) || !std::isfinite(run.facility_j) ||
        !std::isfinite(run.kgco2e)) {
        return Error{ErrorCode::invalid_argument,
                     "the run's energy or carbon is not a finite number",
                     run.run_id,
                     ""};
    }
    return {};
}

Result<void> check_same_run(const StoredRun& run, const std::string& stored_json) {
    if (stored_json == run.record_json) return {};
    return Error{ErrorCode::conflict,
                 fmt::format("run {} is stored already, with another record", run.run_id),
                 "",
                 fmt::format("`abate show {}` prints the stored one", run.run_id)};
}

bool matches(const RunFilter& filter, const StoredRun& run) {
    return (filter.project.empty() || filter.project == run.project) &&
           (filter.phase.empty() || filter.phase == run.phase) &&
           (filter.status.empty() || filter.status == run.status) &&
           (!filter.since || run.started_at >= *filter.since) &&
           (!filter.until || run.started_at < *filter.until) && has_labels(filter, run.record_json);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): an order, as operator<
bool is_newer(const StoredRun& a, const StoredRun& b) {
    return std::tie(a.started_at, a.run_id) > std::tie(b.started_at, b.run_id);
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): part, then the whole; as its name says
bool is_part_of(std::string_view part, std::string_view run_id) {
    return part.size() <= run_id.size() &&
           (equal_ascii_case(part, run_id.substr(0, part.size())) ||
            equal_ascii_case(part, run_id.substr(run_id.size() - part.size())));
}

Result<std::string> choose_run_id(const std::string& wanted,
                                  const std::vector<std::string>& candidates) {
    if (std::find(candidates.begin(), candidates.end(), wanted) != candidates.end()) return wanted;
    // A whole id in the other case is meant as such, even if it begins a longer one.
    std::vector<std::string> whole;
    std::copy_if(candidates.begin(),
                 candidates.end(),
                 std::back_inserter(whole),
                 [&](const std::string& id) { return equal_ascii_case(id, wanted); });
    const std::vector<std::string>& meant = whole.empty() ? candidates : whole;
    if (meant.empty() || (whole.empty() && wanted.size() < kMinIdPart)) {
        return Error{ErrorCode::not_found,
                     fmt::format("no run '{}'", wanted),
                     "",
                     wanted.size() < kMinIdPart
                         ? "Give at least 4 characters of the run id; `abate runs` lists the runs"
                         : "`abate runs` lists the runs"};
    }
    if (meant.size() == 1) return meant.front();
    const std::size_t shown = std::min(meant.size(), kCandidatesShown);
    const auto end = meant.begin() + static_cast<std::ptrdiff_t>(shown);
    return Error{ErrorCode::conflict,
                 fmt::format("'{}' could be {}{}",
                             wanted,
                             fmt::join(meant.begin(), end, ", "),
                             meant.size() > shown ? " and others" : ""),
                 "",
                 "Give more characters of the run id"};
}

Error no_run_yet() {
    return {ErrorCode::not_found, "no run is stored yet", "", "`abate run -- COMMAND` makes one"};
}

}  // namespace abate::store
