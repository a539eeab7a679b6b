#include "abate/input/intensity_rows.h"

#include "abate/core/plain_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>

namespace abate::input {
namespace {

constexpr std::int64_t kMostHours = std::int64_t{100} * 8784;
constexpr std::size_t kDateLength = 10;  // 2024-01-01
constexpr std::size_t kMinuteLength = 16;

// The text with its leading '#' lines emptied, so that lines keep their numbers.
std::string without_remarks(std::string_view text,
                            std::size_t& header_line,
                            std::vector<std::pair<std::string, std::string>>& remarks) {
    std::string out(text);
    std::size_t at = out.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    while (at < out.size() && (out[at] == '#' || out[at] == '\n' || out[at] == '\r')) {
        const std::size_t end = std::min(out.find('\n', at), out.size());
        const std::string line = out.substr(at, end - at);
        const std::size_t colon = line.find(": ");
        if (line.starts_with('#') && colon != std::string::npos) {
            std::string value = line.substr(colon + 2);
            if (value.ends_with('\r')) value.pop_back();
            remarks.emplace_back(plain_name(std::string_view(line).substr(1, colon - 1)), value);
        }
        out.erase(at, end - at);
        ++header_line;
        if (at < out.size()) ++at;
    }
    return out;
}

Error refuse_time(std::string_view text, const char* what, const char* hint) {
    return Error{ErrorCode::parse_error, "'" + short_text(text) + "' " + what, "", hint};
}

Result<std::int64_t> least_step(const std::vector<IntensitySample>& samples,
                                const std::string& file_name) {
    std::int64_t step = data::kHourUs;
    bool first = true;
    for (std::size_t i = 1; i < samples.size(); ++i) {
        const std::int64_t apart = samples[i].start.us - samples[i - 1].start.us;
        if (apart == 0) continue;  // said by the caller
        step = first ? apart : std::min(step, apart);
        first = false;
    }
    if (step > data::kHourUs || step < data::kMinuteUs || data::kHourUs % step != 0) {
        return Error{ErrorCode::parse_error,
                     "the rows are " + std::to_string(step / 1'000'000) + " s apart",
                     file_name,
                     "They must be an hour apart, or a part of it such as 15 or 30 minutes"};
    }
    return step;
}

// Seconds of an hour that rows cover, and what they say of it.
struct Part {
    double covered_us = 0;
    data::HourValue sum;
};

}  // namespace

std::string plain_name(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\t' || c == '\r';
        if (!blank)
            out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

Result<CsvFile> CsvFile::read(std::string_view text, std::string_view file_name) {
    CsvFile file;
    file.file_name_ = file_name;
    file.text_ = std::make_shared<const std::string>(
        without_remarks(text, file.header_line_, file.remarks_));
    Result<data::CsvView> view = data::scan_csv(*file.text_, file_name);
    if (!view) return view.error();
    file.view_ = std::move(view).value();
    std::set<std::string> names;
    for (const std::string_view name : file.view_.header) {
        const std::string plain = plain_name(name);
        if (!plain.empty() && !names.insert(plain).second)
            return Error{ErrorCode::parse_error,
                         "the column '" + short_text(name) + "' is there twice",
                         file.where_header(),
                         "Keep one"};
    }
    return file;
}

std::optional<std::size_t> CsvFile::column(std::string_view name) const {
    for (std::size_t i = 0; i < view_.header.size(); ++i)
        if (plain_name(view_.header[i]) == name) return i;
    return std::nullopt;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): row, then column, as everywhere in data
std::string CsvFile::where(std::size_t row, std::size_t column) const {
    std::string place = file_name_ + ":" + std::to_string(view_.lines[row]);
    const char* cell = view_.at(row, column).data();
    const char* begin = text_->data();
    // A cell with doubled quotes is a copy, outside the text.
    if (cell < begin || cell > begin + text_->size()) return place;
    const char* line = cell;
    while (line > begin && line[-1] != '\n') --line;
    return place + ":" + std::to_string(cell - line + 1);
}

std::string CsvFile::remark(std::string_view key) const {
    for (const auto& [name, value] : remarks_)
        if (name == key) return value;
    return {};
}

Result<Timestamp> parse_instant(std::string_view text, bool utc) {
    const char* form = "Write it as 2024-03-31T02:00Z, or with an offset as 2024-03-31T03:00+01:00";
    if (text.size() < kMinuteLength || (text[kDateLength] != 'T' && text[kDateLength] != ' '))
        return refuse_time(text, "is no time", form);
    std::string whole(text.substr(0, kDateLength));
    whole += 'T';
    whole += text.substr(kDateLength + 1, 5);
    std::string_view rest = text.substr(kMinuteLength);
    if (rest.starts_with(':') && rest.size() >= 3) {
        whole += rest.substr(0, 3);
        rest.remove_prefix(3);
    } else {
        whole += ":00";
    }
    if (rest.starts_with('.')) {
        const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
        whole += rest.substr(0, end);
        rest.remove_prefix(end);
    }
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const bool sign = rest.starts_with('+') || rest.starts_with('-');
    if (rest.empty()) {
        if (!utc)
            return refuse_time(
                text,
                "has no offset: a local time is an hour too many or too few when clocks change",
                "Export the file in UTC; if its times are UTC, say --utc");
        whole += 'Z';
    } else if (rest == "Z" || rest == "z" || rest == "UTC" || rest == "GMT") {
        whole += 'Z';
    } else if (sign && rest.size() == 3) {  // +01
        whole += std::string(rest) + ":00";
    } else if (sign && rest.size() == 5) {  // +0100
        whole += std::string(rest.substr(0, 3)) + ":" + std::string(rest.substr(3));
    } else {
        whole += rest;
    }
    const Result<Timestamp> time = parse_rfc3339(whole);
    if (!time) return refuse_time(text, "is no time", form);
    return *time;
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "1,234,567": the digits in front of the point, if their marks part thousands; "0,381" does not. REQUIRES: `mark` is in it.
std::optional<std::string> without_marks(std::string_view whole, char mark) {
    if (whole.starts_with('0')) return std::nullopt;
    std::string digits;
    std::size_t run = 0;
    bool first = true;
    for (std::size_t i = 0; i <= whole.size(); ++i) {
        if (i < whole.size() && is_digit(whole[i])) {
            digits += whole[i];
            ++run;
            continue;
        }
        if (i < whole.size() && whole[i] != mark) return std::nullopt;
        if (first ? run < 1 || run > 3 : run != 3) return std::nullopt;
        first = false;
        run = 0;
    }
    return digits;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    std::string digits(text);
    if (const std::size_t mark = text.find_first_of(", "); mark != std::string_view::npos) {
        const std::size_t sign = text.starts_with('-') ? 1 : 0;
        const std::size_t point = std::min(text.find('.'), text.size());
        if (point < sign) return std::nullopt;
        const std::optional<std::string> whole =
            without_marks(text.substr(sign, point - sign), text[mark]);
        if (!whole) return std::nullopt;
        digits = std::string(text.substr(0, sign)) + *whole + std::string(text.substr(point));
    }
    double value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::int64_t minutes_past_the_hour(const std::vector<IntensitySample>& samples) {
    const auto past = [](const IntensitySample& sample) {
        const std::int64_t rest = sample.start.us % data::kHourUs;
        return rest < 0 ? rest + data::kHourUs : rest;
    };
    if (samples.empty()) return 0;
    const std::int64_t first = past(samples.front());
    for (const IntensitySample& sample : samples)
        if (past(sample) != first || (sample.length_us != 0 && sample.length_us != data::kHourUs))
            return 0;
    return first / data::kMinuteUs;
}

namespace {

Result<void> check_order(const std::vector<IntensitySample>& samples,
                         const std::string& file_name) {
    for (std::size_t i = 1; i < samples.size(); ++i) {
        if (samples[i].start != samples[i - 1].start) continue;
        return Error{ErrorCode::parse_error,
                     "the hour " + to_rfc3339(samples[i].start) + " stands twice",
                     samples[i].where,
                     "It is at " + samples[i - 1].where +
                         " too; a file of local times has an hour twice when clocks go back"};
    }
    const std::int64_t span = samples.back().start.us - samples.front().start.us;
    if (span / data::kHourUs < kMostHours) return {};
    return Error{ErrorCode::out_of_range,
                 "the file goes from " + data::hour_name(samples.front().start) + " to " +
                     data::hour_name(samples.back().start),
                 file_name,
                 "Is one of the years wrong?"};
}

// Rows without a length of their own have the least distance between two.
Result<void> give_lengths(std::vector<IntensitySample>& samples, const std::string& file_name) {
    Result<std::int64_t> step = data::kHourUs;
    const bool own = samples.front().length_us != 0;
    if (!own) step = least_step(samples, file_name);
    if (!step) return step.error();
    for (IntensitySample& sample : samples) {
        if (!own) sample.length_us = *step;
        if (sample.length_us > 0 && sample.length_us <= data::kHourUs) continue;
        return Error{ErrorCode::parse_error,
                     "the row of " + to_rfc3339(sample.start) + " is no hour or part of one",
                     sample.where,
                     "Rows must be hourly or finer"};
    }
    return {};
}

void add_sample(std::vector<Part>& parts, const IntensitySample& sample, std::int64_t begin_us) {
    std::int64_t at = sample.start.us;
    const std::int64_t end = at + sample.length_us;
    while (at < end) {
        const auto index = static_cast<std::size_t>((at - begin_us) / data::kHourUs);
        const std::int64_t until =
            std::min(end, begin_us + static_cast<std::int64_t>(index + 1) * data::kHourUs);
        const auto weight = static_cast<double>(until - at);
        Part& part = parts[index];
        part.covered_us += weight;
        part.sum.value += weight * sample.value.value;
        part.sum.low += weight * sample.value.low;
        part.sum.high += weight * sample.value.high;
        part.sum.estimated = part.sum.estimated || sample.value.estimated;
        at = until;
    }
}

data::HourValue hour_of(const Part& part) {
    data::HourValue hour;
    if (part.covered_us < static_cast<double>(data::kHourUs)) return hour;
    hour.value = part.sum.value / part.covered_us;
    hour.low = std::min(hour.value, part.sum.low / part.covered_us);
    hour.high = std::max(hour.value, part.sum.high / part.covered_us);
    hour.known = true;
    hour.estimated = part.sum.estimated;
    return hour;
}

}  // namespace

Result<data::HourlyValues> fold_into_hours(std::vector<IntensitySample> samples,
                                           const std::string& file_name) {
    if (samples.empty())
        return Error{
            ErrorCode::parse_error, "the file has no hour", file_name, "It needs one row an hour"};
    std::stable_sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) {
        return a.start < b.start;
    });
    if (const Result<void> fine = check_order(samples, file_name); !fine) return fine.error();
    if (const Result<void> fine = give_lengths(samples, file_name); !fine) return fine.error();
    const std::int64_t first_us = samples.front().start.us;
    const std::int64_t begin_us =
        first_us - ((first_us % data::kHourUs) + data::kHourUs) % data::kHourUs;
    std::vector<Part> parts(
        static_cast<std::size_t>((samples.back().start.us - begin_us) / data::kHourUs + 2));
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (i > 0 && samples[i - 1].start.us + samples[i - 1].length_us > samples[i].start.us)
            return Error{ErrorCode::parse_error,
                         "the row of " + to_rfc3339(samples[i].start) +
                             " begins before the one before it ends",
                         samples[i].where,
                         "Rows must lie evenly"};
        if (samples[i].value.known) add_sample(parts, samples[i], begin_us);
    }
    std::vector<data::HourValue> hours;
    hours.reserve(parts.size());
    for (const Part& part : parts) hours.push_back(hour_of(part));
    const auto known = [](const data::HourValue& h) { return h.known; };
    const auto first = std::find_if(hours.begin(), hours.end(), known);
    if (first == hours.end())
        return Error{ErrorCode::parse_error,
                     "no hour of the file is whole",
                     file_name,
                     "It needs a value for each part of an hour"};
    const auto last = std::find_if(hours.rbegin(), hours.rend(), known);
    const std::int64_t skipped = first - hours.begin();
    return data::HourlyValues({begin_us + skipped * data::kHourUs}, {first, last.base()});
}

}  // namespace abate::input
