#include "abate/input/jobs.h"

#include "abate/core/plain_text.h"
#include "abate/input/input.h"
#include "abate/input/job_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

namespace abate::input {
namespace {

struct Known {
    std::string_view name;
    JobColumn column;
    std::string_view unit;  // of the numbers in it; "": no unit. Words have none.
    double footprint::Job::*number;
};

constexpr std::array<Known, 12> kKnown{{
    {"energy_kwh", JobColumn::energy_kwh, "kWh", &footprint::Job::energy_kwh},
    {"boundary", JobColumn::boundary, "", nullptr},
    {"chip", JobColumn::chip, "", nullptr},
    {"chips", JobColumn::chips, "", &footprint::Job::chips},
    {"hours", JobColumn::hours, "hours", &footprint::Job::hours},
    {"power_w", JobColumn::power_w, "W", &footprint::Job::power_w},
    {"region", JobColumn::region, "", nullptr},
    {"pue", JobColumn::pue, "", &footprint::Job::pue},
    {"phase", JobColumn::phase, "", nullptr},
    {"tokens", JobColumn::tokens, "", &footprint::Job::tokens},
    {"params_active", JobColumn::params_active, "", &footprint::Job::params_active},
    {"market_gco2e_per_kwh",
     JobColumn::market_gco2e_per_kwh,
     "g CO2e/kWh",
     &footprint::Job::market_gco2e_per_kwh},
}};

const Known& known_of(JobColumn column) { return kKnown[static_cast<std::size_t>(column) - 1]; }

// What abate writes; a table that has one of them was through here already.
constexpr std::array<std::string_view, 10> kWritten{"node_energy_kwh",
                                                    "facility_energy_kwh",
                                                    "location_kgco2e",
                                                    "location_low_kgco2e",
                                                    "location_high_kgco2e",
                                                    "market_kgco2e",
                                                    "water_l",
                                                    "embodied_kgco2e",
                                                    "total_kgco2e",
                                                    "quality"};

// Names that mean a known column and would be passed over in silence.
struct Slip {
    std::string_view name;
    std::string_view meant;
};
constexpr std::array<Slip, 22> kSlips{{
    {"energy", "energy_kwh"},
    {"kwh", "energy_kwh"},
    {"energy_j", "energy_kwh"},
    {"energy_mj", "energy_kwh"},
    {"energy_wh", "energy_kwh"},
    {"energy_mwh", "energy_kwh"},
    {"power", "power_w"},
    {"watts", "power_w"},
    {"power_kw", "power_w"},
    {"hour", "hours"},
    {"duration", "hours"},
    {"duration_s", "hours"},
    {"seconds", "hours"},
    {"gpu", "chip"},
    {"accelerator", "chip"},
    {"gpus", "chips"},
    {"chip_count", "chips"},
    {"country", "region"},
    {"location", "region"},
    {"params", "params_active"},
    {"market", "market_gco2e_per_kwh"},
    {"market_intensity", "market_gco2e_per_kwh"},
}};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string small_letters(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c == ' ' || c == '-' ? '_' : c;
    return out;
}

std::string shown(std::string_view text) { return "'" + short_text(text) + "'"; }

std::string_view without_mark(std::string_view text) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    return text;
}

JobColumn column_named(std::string_view name) {
    for (const Known& known : kKnown) {
        if (known.name == name) return known.column;
    }
    return JobColumn::other;
}

// The end of the CSV row that begins at `at`: its line feed, or null when the text ends before. A quote opens a field only where a field
// begins; a row with a stray quote ends at its line, so that the next row is read rightly.
const char* csv_row_end(const char* at, const char* end) {
    const auto find = [end](const char* from, char c) {
        return static_cast<const char*>(std::memchr(from, c, static_cast<std::size_t>(end - from)));
    };
    const char* line_feed = find(at, '\n');
    const char* stop = line_feed == nullptr ? end : line_feed;
    if (std::memchr(at, '"', static_cast<std::size_t>(stop - at)) == nullptr) return line_feed;
    bool field_begins = true;
    while (at < end) {
        if (field_begins && *at == '"') {
            ++at;
            while (true) {
                at = at < end ? find(at, '"') : nullptr;
                if (at == nullptr) return nullptr;
                ++at;
                if (at >= end || *at != '"') break;
                ++at;
            }
            field_begins = false;
            continue;
        }
        if (*at == '\n') return at;
        field_begins = *at == ',';
        ++at;
    }
    return nullptr;
}

const char* row_end(const char* at, const char* end, JobFormat format) {
    if (format == JobFormat::csv) return csv_row_end(at, end);
    return static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
}

Error no_text() {
    return {ErrorCode::parse_error,
            "this row is no text in UTF-8",
            "",
            "Save the table as UTF-8: iconv -f LATIN1 -t UTF-8 jobs.csv"};
}

// A NUL is UTF-8 and no text: other programs end a row there.
bool is_text(std::string_view row) {
    return row.find('\0') == std::string_view::npos && is_utf8(row);
}

// One CSV row into cells; quoted ones without their quotes, the rest as they stand. False: `error` says why.
bool split_csv(std::string_view row,
               std::vector<std::string_view>& cells,
               std::deque<std::string>& kept,
               Error& error) {
    cells.clear();
    const char* at = row.data();
    const char* const end = at + row.size();
    while (true) {
        if (at < end && *at == '"') {
            const char* from = ++at;
            bool doubled = false;
            while (true) {
                at = static_cast<const char*>(
                    at < end ? std::memchr(at, '"', static_cast<std::size_t>(end - at)) : nullptr);
                if (at == nullptr) {
                    error = {ErrorCode::parse_error,
                             "a quote is left open, so rows cannot be told apart",
                             "",
                             "Close it, and write a quote within a field twice"};
                    return false;
                }
                if (at + 1 >= end || at[1] != '"') break;
                doubled = true;
                at += 2;
            }
            std::string_view cell(from, static_cast<std::size_t>(at - from));
            ++at;
            if (at < end && *at != ',') {
                error = {ErrorCode::parse_error,
                         "a field goes on after its closing quote",
                         "",
                         "Write a quote within a quoted field twice"};
                return false;
            }
            if (doubled) {
                std::string text;
                for (std::size_t i = 0; i < cell.size(); ++i) {
                    text += cell[i];
                    if (cell[i] == '"') ++i;
                }
                cell = kept.emplace_back(std::move(text));
            }
            cells.push_back(cell);
        } else {
            const char* from = at;
            while (at < end && *at != ',' && *at != '"') ++at;
            if (at < end && *at == '"') {
                error = {ErrorCode::parse_error,
                         "a quote stands inside a field that has none around it",
                         "",
                         "Put the field in quotes, and write the inner quote twice"};
                return false;
            }
            cells.emplace_back(from, static_cast<std::size_t>(at - from));
        }
        if (at >= end) return true;
        ++at;  // the comma
    }
}

Error bad_cell(ErrorCode code, std::string what, const Known& known, std::string hint) {
    return {code, std::move(what), std::string(known.name), std::move(hint)};
}

// Why `cell` is no number of that column. Only for messages, so it may take its time.
Error not_a_number(std::string_view cell, const Known& known) {
    const std::string what = fmt::format("{} is no number", shown(cell));
    const std::string alone = known.unit.empty()
                                  ? "Write a number like 1.2"
                                  : fmt::format("Write the number alone, in {}", known.unit);
    const std::string word = small_letters(cell);
    if (word == "nan" || word == "-nan" || word == "inf" || word == "-inf" || word == "infinity" ||
        word == "null" || word == "none" || word == "na" || word == "n/a")
        return bad_cell(
            ErrorCode::out_of_range, what, known, "Leave the cell empty if it is not known");
    double value = 0;
    const char* end = cell.data() + cell.size();
    const auto read = std::from_chars(cell.data(), end, value);
    if (read.ec == std::errc::result_out_of_range)
        return bad_cell(
            ErrorCode::out_of_range, shown(cell) + " is too large or too small", known, alone);
    if (read.ec != std::errc{}) return bad_cell(ErrorCode::parse_error, what, known, alone);
    if (value < 0)
        return bad_cell(ErrorCode::out_of_range,
                        fmt::format("{} is negative", shown(cell)),
                        known,
                        "From 0 up");
    const std::string_view rest =
        trimmed(std::string_view(read.ptr, static_cast<std::size_t>(end - read.ptr)));
    if (!rest.empty() && (rest.front() == ',' || rest.front() == '.'))
        return bad_cell(
            ErrorCode::parse_error, what, known, "Decimals have a point, thousands no mark");
    if (known.unit.empty() || rest.empty())
        return bad_cell(ErrorCode::parse_error, what, known, alone);
    const std::string number(cell.substr(0, static_cast<std::size_t>(read.ptr - cell.data())));
    std::string hint = fmt::format("The column is in {} already: write {}", known.unit, number);
    if (known.column == JobColumn::energy_kwh && small_letters(rest) != "kwh") {
        const Result<double> joules = parse_energy_j(cell);
        hint = joules ? fmt::format("The column is in kWh: write {}", *joules / 3.6e6) : alone;
    } else if (small_letters(rest) != small_letters(known.unit) &&
               known.column != JobColumn::market_gco2e_per_kwh) {
        hint = alone;
    }
    return bad_cell(ErrorCode::parse_error,
                    fmt::format("{} has a unit of its own", shown(cell)),
                    known,
                    std::move(hint));
}

bool counts(JobColumn column) {
    return column == JobColumn::tokens || column == JobColumn::params_active;
}

// Most cells: digits and a point, nothing around.
bool plain_number(std::string_view cell, double& value) {
    const char* end = cell.data() + cell.size();
    const auto read = std::from_chars(cell.data(), end, value);
    return read.ec == std::errc{} && read.ptr == end && value >= 0 && std::isfinite(value);
}

bool read_number(std::string_view cell, const Known& known, footprint::Job& job, Error& error) {
    cell = trimmed(cell);
    if (cell.empty()) return true;
    double value = 0;
    if (!plain_number(cell, value)) {
        Result<double> other = Error{};
        if (counts(known.column)) other = parse_count(cell);
        // 4.5! insists on a PUE above 3.
        if (known.column == JobColumn::pue) other = parse_pue(cell);
        if (!other && cell.front() == '+' && plain_number(cell.substr(1), value)) other = value;
        if (!other) {
            error = not_a_number(cell, known);
            return false;
        }
        value = *other;
    } else if (known.column == JobColumn::pue && value > 3) {
        const Result<double> pue = parse_pue(cell);
        if (!pue) {
            error = pue.error();
            error.where = known.name;
            return false;
        }
    }
    if (counts(known.column) && value > kMostCount) {
        error = bad_cell(ErrorCode::out_of_range,
                         fmt::format("{} is more than can be counted", shown(cell)),
                         known,
                         "From 0 to 1e30");
        return false;
    }
    job.*(known.number) = value + 0.0;  // no -0
    return true;
}

bool read_word(std::string_view cell, const Known& known, footprint::Job& job, Error& error) {
    cell = trimmed(cell);
    if (cell.empty()) return true;
    switch (known.column) {
        case JobColumn::region:
            job.region = cell;
            return true;
        case JobColumn::chip:
            job.chip = cell;
            return true;
        case JobColumn::boundary:
            if (const Result<Boundary> boundary = parse_boundary(cell)) {
                job.boundary = *boundary;
                return true;
            } else {
                error = boundary.error();
                error.where = known.name;
                return false;
            }
        default:
            break;
    }
    job.phase = parse_phase(cell);
    if (job.phase) return true;
    error = bad_cell(ErrorCode::invalid_argument,
                     "there is no phase " + shown(cell),
                     known,
                     "Use data, experimentation, training, finetuning or inference");
    return false;
}

bool read_cell(std::string_view cell, JobColumn column, footprint::Job& job, Error& error) {
    const Known& known = known_of(column);
    return known.number != nullptr ? read_number(cell, known, job, error)
                                   : read_word(cell, known, job, error);
}

// What JSON has for a key, as CSV would have it in a cell.
bool cell_of_json(const JsonMember& member,
                  const Known& known,
                  std::deque<std::string>& kept,
                  std::string_view& cell,
                  Error& error) {
    switch (member.kind) {
        case MemberKind::null:
            cell = {};
            return true;
        case MemberKind::number:
            if (known.number != nullptr) {
                cell = member.value;
                return true;
            }
            break;
        case MemberKind::string:
            cell = member.escaped
                       ? std::string_view(kept.emplace_back(unescaped_json(member.value)))
                       : member.value;
            return true;
        default:
            break;
    }
    error = bad_cell(ErrorCode::parse_error,
                     fmt::format("{} is no {}",
                                 shown(member.value),
                                 known.number != nullptr ? "number" : "word in quotes"),
                     known,
                     "Leave the key out if it is not known");
    return false;
}

// The known column that a name other than its own seems to mean.
std::optional<std::string_view> meant_by(std::string_view name) {
    const std::string small = small_letters(trimmed(name));
    for (const Known& known : kKnown) {
        if (small == known.name && name != known.name) return known.name;
    }
    for (const Slip& slip : kSlips) {
        if (small == slip.name) return slip.meant;
    }
    return std::nullopt;
}

Error column_error(std::string what, std::string hint) {
    return {ErrorCode::invalid_argument, std::move(what), "", std::move(hint)};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what is there, then what was meant
Error overlooked(std::string_view name, std::string_view meant) {
    const std::string_view unit = known_of(column_named(meant)).unit;
    return column_error(fmt::format("the column {} would be overlooked", shown(name)),
                        unit.empty() ? fmt::format("Name it {}", meant)
                                     : fmt::format("Name it {}, with numbers in {}", meant, unit));
}

bool has(const std::vector<JobColumn>& columns, JobColumn column) {
    return std::find(columns.begin(), columns.end(), column) != columns.end();
}

// Names that cannot be in a table at all, and names that would be overlooked where the column they mean is not there.
Result<void> check_names(const JobTable& table) {
    for (std::size_t i = 0; i < table.names.size(); ++i) {
        const std::string& name = table.names[i];
        if (std::find(kWritten.begin(), kWritten.end(), name) != kWritten.end())
            return column_error(
                fmt::format("the column {} is one that is written here", shown(name)),
                "Rename it, or give the table without footprints");
        if (table.columns[i] != JobColumn::other &&
            std::count(table.columns.begin(), table.columns.end(), table.columns[i]) > 1)
            return column_error(fmt::format("the column {} is there twice", shown(name)),
                                "Keep one");
        if (table.columns[i] != JobColumn::other) continue;
        const std::optional<std::string_view> meant = meant_by(name);
        if (meant && !has(table.columns, column_named(*meant))) return overlooked(name, *meant);
    }
    return {};
}

}  // namespace

std::optional<JobFormat> parse_job_format(std::string_view name) {
    if (name == "csv") return JobFormat::csv;
    if (name == "jsonl" || name == "ndjson") return JobFormat::json_lines;
    return std::nullopt;
}

std::optional<JobFormat> job_format_of(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? std::nullopt : parse_job_format(path.substr(dot + 1));
}

namespace {

// The header's text without mark and line end, and the bytes that it takes of `text` with them.
struct HeaderText {
    std::string_view row;
    std::size_t size = 0;
};

HeaderText csv_header(std::string_view text) {
    const std::string_view inner = without_mark(text);
    const char* begin = inner.data();
    const char* end = csv_row_end(begin, begin + inner.size());
    const std::size_t length =
        end == nullptr ? inner.size() : static_cast<std::size_t>(end - begin);
    std::string_view row = inner.substr(0, length);
    if (!row.empty() && row.back() == '\r') row.remove_suffix(1);
    return {.row = row, .size = text.size() - inner.size() + length + (end == nullptr ? 0U : 1U)};
}

Result<void> need_energy(const JobTable& table) {
    if (!has(table.columns, JobColumn::energy_kwh) && !has(table.columns, JobColumn::chip))
        return column_error("no column states the energy", "Needed: energy_kwh, or chip and hours");
    if (!has(table.columns, JobColumn::energy_kwh) && !has(table.columns, JobColumn::hours))
        return column_error("the column hours is missing", "chip needs hours, wall-clock");
    return {};
}

Result<JobTable> csv_table(std::string_view text) {
    JobTable table;
    const std::string_view row = csv_header(text).row;
    if (trimmed(row).empty())
        return Error{ErrorCode::parse_error,
                     "the first line is empty",
                     "",
                     "It holds the names of the columns"};
    std::vector<std::string_view> cells;
    std::deque<std::string> kept;
    Error error;
    if (!split_csv(row, cells, kept, error)) return error;
    for (const std::string_view cell : cells) {
        table.names.emplace_back(cell);
        table.columns.push_back(column_named(trimmed(cell)));
    }
    if (const Result<void> names = check_names(table); !names) return names.error();
    if (const Result<void> energy = need_energy(table); !energy) return energy.error();
    return table;
}

std::string key_of(const JsonMember& member) {
    return member.key.find('\\') == std::string_view::npos ? std::string(member.key)
                                                           : unescaped_json(member.key);
}

Result<JobTable> json_table(std::string_view text) {
    JobTable table;
    table.format = JobFormat::json_lines;
    text = without_mark(text);
    std::vector<JsonMember> members;
    // Rows that are none are reported as rows.
    while (!text.empty() && members.empty()) {
        const std::size_t line = std::min(text.find('\n'), text.size());
        if (!scan_json_object(text.substr(0, line), members)) members.clear();
        text.remove_prefix(std::min(line + 1, text.size()));
    }
    for (const JsonMember& member : members) {
        table.names.push_back(key_of(member));
        table.columns.push_back(column_named(table.names.back()));
    }
    if (const Result<void> names = check_names(table); !names) return names.error();
    return table;
}

// What parse_jobs fills row by row.
class Parser {
  public:
    // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): as parse_jobs
    Parser(const JobTable& table, std::string_view chunk, bool stop, JobBatch& out)
        : table_(table), chunk_(chunk), stop_(stop), out_(out) {
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            if (table.columns[i] != JobColumn::other) wanted_.push_back({i, table.columns[i]});
        }
    }

    void parse() {
        const char* at = chunk_.data();
        const char* const end = at + chunk_.size();
        std::uint32_t line = 0;
        while (at < end && !out_.broken && !(stop_ && out_.bad_rows > 0)) {
            const char* stop = row_end(at, end, table_.format);
            if (stop == nullptr) stop = end;
            JobRow row;
            row.text = {at, static_cast<std::size_t>(stop - at)};
            row.line = line;
            std::uint32_t lines = 1;
            if (table_.format == JobFormat::csv)
                lines +=
                    static_cast<std::uint32_t>(std::count(row.text.begin(), row.text.end(), '\n'));
            if (!row.text.empty() && row.text.back() == '\r') {
                row.text.remove_suffix(1);
                row.crlf = true;
            }
            if (!row.text.empty()) take(row, lines);
            line += lines;
            at = stop + 1;
        }
        out_.lines = line;
    }

  private:
    struct Wanted {
        std::size_t index;
        JobColumn column;
    };

    void take(JobRow& row, std::uint32_t lines) {
        Error error = no_text();
        const bool read = is_text(row.text) &&
                          (table_.format == JobFormat::csv ? csv(row, error) : json(row, error));
        if (read) {
            out_.rows.push_back(row);
            return;
        }
        // With quotes gone wrong over several lines, rows may have been swallowed.
        if (out_.broken) {
            error.what += lines > 1 ? fmt::format(" ({} lines on)", lines - 1) : "";
        }
        ++out_.bad_rows;
        if (out_.bad.size() < kFirstBad || out_.broken)
            out_.bad.push_back({.line = row.line, .error = std::move(error)});
    }

    bool csv(JobRow& row, Error& error) {
        if (!split_csv(row.text, cells_, out_.kept, error)) {
            out_.broken = row.text.find('\n') != std::string_view::npos || open_quote(row.text);
            return false;
        }
        if (cells_.size() != table_.columns.size()) {
            error = {ErrorCode::parse_error,
                     fmt::format("{} {} where the header has {}",
                                 cells_.size(),
                                 cells_.size() == 1 ? "field" : "fields",
                                 table_.columns.size()),
                     "",
                     "A field with a comma stands in quotes"};
            return false;
        }
        for (const Wanted& wanted : wanted_) {
            if (!read_cell(cells_[wanted.index], wanted.column, row.job, error)) return false;
        }
        return true;
    }

    // The row's last field begins with a quote that does not end.
    static bool open_quote(std::string_view row) {
        const std::string line = std::string(row) + "\n";
        return csv_row_end(line.data(), line.data() + line.size()) == nullptr;
    }

    bool json(JobRow& row, Error& error) {
        if (!scan_json_object(row.text, members_)) {
            error = {ErrorCode::parse_error,
                     "this line is no JSON object",
                     "",
                     row.text.find("NaN") != std::string_view::npos
                         ? "JSON has no NaN: leave the key out if it is not known"
                         : "One object a line: {\"energy_kwh\": 12, \"region\": \"FR\"}"};
            return false;
        }
        std::uint32_t seen = 0;
        for (std::size_t i = 0; i < members_.size(); ++i) {
            const JsonMember& member = members_[i];
            // Most rows have the first row's keys in their order.
            if (i < table_.names.size() && table_.columns[i] == JobColumn::other &&
                table_.names[i] == member.key)
                continue;
            const std::string name = key_of(member);
            const JobColumn column = column_named(name);
            if (column == JobColumn::other) {
                if (!other_key(name, error)) return false;
                continue;
            }
            const std::uint32_t bit = 1U << static_cast<unsigned>(column);
            if ((seen & bit) != 0) {
                error =
                    column_error(fmt::format("the key {} is there twice", shown(name)), "Keep one");
                return false;
            }
            seen |= bit;
            std::string_view cell;
            if (!cell_of_json(member, known_of(column), out_.kept, cell, error) ||
                !read_cell(cell, column, row.job, error))
                return false;
        }
        return true;
    }

    bool other_key(const std::string& name, Error& error) const {
        if (std::find(table_.names.begin(), table_.names.end(), name) != table_.names.end())
            return true;
        if (std::find(kWritten.begin(), kWritten.end(), name) != kWritten.end()) {
            error = column_error(fmt::format("the key {} is one that is written here", shown(name)),
                                 "Rename it");
            return false;
        }
        const std::optional<std::string_view> meant = meant_by(name);
        if (!meant) return true;
        for (const JsonMember& member : members_) {
            if (member.key == *meant) return true;
        }
        error = overlooked(name, *meant);
        return false;
    }

    const JobTable& table_;
    std::string_view chunk_;
    bool stop_;
    JobBatch& out_;
    std::vector<Wanted> wanted_;
    std::vector<std::string_view> cells_;
    std::vector<JsonMember> members_;
};

JobCell cell_of(const JsonMember& member) {
    switch (member.kind) {
        case MemberKind::null:
            return {};
        case MemberKind::string:
            return {
                .text = member.escaped ? unescaped_json(member.value) : std::string(member.value),
                .number = false,
                .raw = false};
        case MemberKind::number:
            return {.text = std::string(member.value), .number = true, .raw = false};
        default:
            return {.text = std::string(member.value), .number = false, .raw = true};
    }
}

}  // namespace

Result<JobTable> parse_job_header(std::string_view text, JobFormat format) {
    const std::string_view first = text.substr(0, 2);
    if (first == "\x1F\x8B" || text.substr(0, 4) == "PK\x03\x04")
        return Error{ErrorCode::parse_error,
                     "this is a compressed file",
                     "",
                     "Unpack it: zcat jobs.csv.gz | abate footprint - --output out.csv"};
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size()));
    const bool is_other = format == JobFormat::csv ? !is_text(csv_header(text).row)
                                                   : line.find('\0') != std::string_view::npos;
    if (first == "\xFF\xFE" || first == "\xFE\xFF" || is_other)
        return Error{ErrorCode::parse_error,
                     "this is no text in UTF-8",
                     "",
                     "Save it as CSV (UTF-8) or JSON lines, not compressed"};
    return format == JobFormat::csv ? csv_table(text) : json_table(text);
}

std::size_t header_size(std::string_view text, JobFormat format) {
    if (format == JobFormat::csv) return csv_header(text).size;
    return text.size() - without_mark(text).size();
}

std::size_t whole_rows(std::string_view text, JobFormat format, const Cut& cut) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const char* at = begin;
    for (std::size_t rows = 0; rows < cut.most_rows && at < end; ++rows) {
        const char* stop = row_end(at, end, format);
        if (stop == nullptr) {
            if (cut.last) at = end;
            break;
        }
        at = stop + 1;
    }
    return static_cast<std::size_t>(at - begin);
}

void parse_jobs(const JobTable& table, std::string_view chunk, bool stop, JobBatch& out) {
    out.rows.clear();
    out.bad.clear();
    out.bad_rows = 0;
    out.broken = false;
    out.lines = 0;
    out.kept.clear();
    Parser(table, chunk, stop, out).parse();
}

Result<std::vector<JobCell>> job_cells(const JobTable& table, std::string_view row) {
    std::vector<JobCell> cells(table.names.size());
    if (table.format == JobFormat::csv) {
        std::vector<std::string_view> texts;
        std::deque<std::string> kept;
        Error error;
        if (!split_csv(row, texts, kept, error)) return error;
        for (std::size_t i = 0; i < cells.size() && i < texts.size(); ++i) {
            const bool number = table.columns[i] != JobColumn::other &&
                                known_of(table.columns[i]).number != nullptr;
            const std::string_view text = number ? trimmed(texts[i]) : texts[i];
            cells[i] = {
                .text = std::string(text), .number = number && is_json_number(text), .raw = false};
        }
        return cells;
    }
    std::vector<JsonMember> members;
    if (!scan_json_object(row, members))
        return Error{
            ErrorCode::parse_error, "this line is no JSON object", "", "One object a line"};
    for (const JsonMember& member : members) {
        const std::string name = key_of(member);
        const auto at = std::find(table.names.begin(), table.names.end(), name);
        if (at == table.names.end())
            return column_error(
                fmt::format(
                    "the key {} is not among the first row's, which are the columns of the CSV",
                    shown(name)),
                "Write JSON lines, or give every key in the first row");
        cells[static_cast<std::size_t>(at - table.names.begin())] = cell_of(member);
    }
    return cells;
}

}  // namespace abate::input
