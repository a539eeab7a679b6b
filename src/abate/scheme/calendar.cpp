#include "abate/scheme/calendar.h"

#include "abate/core/nearest.h"
#include "abate/core/plain_text.h"
#include "abate/core/read_file.h"

#include <fmt/format.h>

#include <absl/time/civil_time.h>
#include <absl/time/internal/cctz/include/cctz/zone_info_source.h>
#include <absl/time/time.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace abate::scheme {
namespace {

using std::chrono::days;
using std::chrono::seconds;

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::int32_t kFirstYear = 1970;
constexpr std::int32_t kLastYear = 9999;
constexpr std::int32_t kMostWorkingDays = 10'000;

Error calendar_error(ErrorCode code, std::string what, std::string hint = {}) {
    return {.code = code, .what = std::move(what), .where = {}, .hint = std::move(hint)};
}

// The first second of a year, in UTC.
std::int64_t begin_of(std::int32_t year) {
    return utc_midnight(std::chrono::year(year) / std::chrono::January / 1).us /
           kMicrosecondsPerSecond;
}

bool in_years(std::int64_t epoch_seconds) {
    return epoch_seconds >= begin_of(kFirstYear) && epoch_seconds < begin_of(kLastYear + 1);
}

Error outside_years() {
    return calendar_error(ErrorCode::out_of_range,
                          fmt::format("a date outside the years {} to {}", kFirstYear, kLastYear));
}

bool is_time_of_day(std::int32_t hour, TimeOfDay rest) {  // rest: minute and second
    return hour >= 0 && hour < 24 && rest.hour >= 0 && rest.hour < 60 && rest.minute >= 0 &&
           rest.minute < 60;
}

std::int64_t minutes_of(TimeOfDay time) { return std::int64_t{time.hour} * 60 + time.minute; }

CivilTime on_day(std::chrono::sys_days day, CivilTime clock) {
    clock.date = std::chrono::year_month_day(day);
    return clock;
}

constexpr const char* kZoneFolders[] = {"/usr/share/zoneinfo/", "/usr/share/uclibc/zoneinfo/"};

// The source of the system's zones: its version, its names; and the folder of their files.
struct ZoneList {
    const char* folder = "";
    std::string text;
};
Result<ZoneList> zone_list() {
    for (const char* folder : kZoneFolders) {
        Result<std::string> text = read_regular_file(std::string(folder) + "tzdata.zi");
        if (text) return ZoneList{.folder = folder, .text = *std::move(text)};
    }
    return calendar_error(
        ErrorCode::unavailable, "there is no time zone database", "Install the package tzdata");
}

// "Z Europe/Brussels 0:17:30 - ..." names a zone, "L Europe/Brussels Europe/Amsterdam" gives it a second name; as zic(8) has it.
std::vector<std::string> zone_names(std::string_view list) {
    std::vector<std::string> names;
    while (!list.empty()) {
        const std::string_view line = list.substr(0, list.find('\n'));
        list.remove_prefix(std::min(line.size() + 1, list.size()));
        const std::size_t first = line.find(' ');
        if (first != 1 || (line[0] != 'Z' && line[0] != 'L')) continue;
        const std::size_t begin = line[0] == 'Z' ? 2 : line.find(' ', 2);
        if (begin == std::string_view::npos) continue;
        const std::string_view name = line.substr(line[0] == 'Z' ? begin : begin + 1);
        names.emplace_back(name.substr(0, name.find(' ')));
    }
    return names;
}

// The bytes of one zone's file, as Abseil reads them.
class ZoneBytes final : public absl::time_internal::cctz::ZoneInfoSource {
  public:
    explicit ZoneBytes(std::string bytes) : bytes_(std::move(bytes)) {}
    std::size_t Read(void* to, std::size_t size) override {
        const std::size_t count = std::min(size, bytes_.size() - at_);
        std::memcpy(to, bytes_.data() + at_, count);
        at_ += count;
        return count;
    }
    int Skip(std::size_t offset) override {
        at_ += std::min(offset, bytes_.size() - at_);
        return 0;
    }

  private:
    std::string bytes_;
    std::size_t at_ = 0;
};

// Set while Zone::find has Abseil load a zone.
thread_local const char* loads_from = nullptr;

using ZoneSource = std::unique_ptr<absl::time_internal::cctz::ZoneInfoSource>;

// Names and files are of one folder. Abseil by itself reads the files where the environment says (TZDIR), and so would move deadlines.
ZoneSource zone_bytes(const std::string& name,
                      const std::function<ZoneSource(const std::string&)>& otherwise) {
    if (loads_from == nullptr) return otherwise(name);
    constexpr std::size_t kMostZoneBytes = std::size_t{1} << 20;
    Result<std::string> bytes = read_regular_file(loads_from + name, kMostZoneBytes);
    return bytes ? std::make_unique<ZoneBytes>(*std::move(bytes)) : nullptr;
}

// So many digits and nothing else.
std::optional<int> digits_of(std::string_view text) {
    int out = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (problem != std::errc() || end != text.data() + text.size() || out < 0) return std::nullopt;
    return out;
}

}  // namespace

std::optional<std::chrono::year_month_day> parse_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = digits_of(text.substr(0, 4));
    const auto month = digits_of(text.substr(5, 2));
    const auto day = digits_of(text.substr(8, 2));
    if (!year || !month || !day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    return date.ok() ? std::optional(date) : std::nullopt;
}

std::optional<CivilTime> parse_yearly_time(std::string_view text, std::int32_t year) {
    if (text.size() != 11 || text[2] != '-' || text[5] != ' ' || text[8] != ':')
        return std::nullopt;
    const auto month = digits_of(text.substr(0, 2));
    const auto day = digits_of(text.substr(3, 2));
    const auto hour = digits_of(text.substr(6, 2));
    const auto minute = digits_of(text.substr(9, 2));
    if (!month || !day || !hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return CivilTime{.date = date, .hour = *hour, .minute = *minute};
}

struct Zone::Loaded {
    std::string name;
    absl::TimeZone clocks;
};

Result<Zone> Zone::find(std::string_view name) {
    static std::mutex mutex;
    static std::map<std::string, std::unique_ptr<const Loaded>, std::less<>> loaded;
    const std::lock_guard lock(mutex);
    if (const auto known = loaded.find(name); known != loaded.end())
        return Zone(known->second.get());
    const Result<ZoneList> list = zone_list();
    if (!list) return list.error();
    // By its list, since the library also takes names of its own ("localtime", "file:...").
    const std::vector<std::string> names = zone_names(list->text);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
        const std::vector<std::string> near = nearest(name, names);
        return calendar_error(ErrorCode::not_found,
                              fmt::format("no time zone is called '{}'", short_text(name)),
                              near.empty()
                                  ? std::string("Names are those of IANA, such as Europe/Brussels")
                                  : fmt::format("Did you mean {}?", fmt::join(near, ", ")));
    }
    auto zone = std::make_unique<Loaded>();
    zone->name = name;
    loads_from = list->folder;
    const bool found = absl::LoadTimeZone(zone->name, &zone->clocks);
    loads_from = nullptr;
    if (!found)
        return calendar_error(
            ErrorCode::unavailable,
            fmt::format("the time zone {} is listed and has no file that can be read", name),
            "Install the packages tzdata and, for old names, tzdata-legacy");
    return Zone(loaded.emplace(zone->name, std::move(zone)).first->second.get());
}

const std::string& Zone::name() const { return zone_->name; }

Result<Timestamp> Zone::deadline(const CivilTime& civil) const {
    if (!civil.date.ok() ||
        !is_time_of_day(civil.hour, {.hour = civil.minute, .minute = civil.second}))
        return calendar_error(ErrorCode::invalid_argument,
                              "no calendar and clock show this date and time");
    const std::int64_t day = std::chrono::sys_days(civil.date).time_since_epoch().count();
    const std::int64_t local = ((day * 24 + civil.hour) * 60 + civil.minute) * 60 + civil.second;
    // A day to either side, for the zone's offset.
    if (!in_years(local - 86'400) || !in_years(local + 86'400)) return outside_years();
    const absl::CivilSecond shown(static_cast<std::int32_t>(civil.date.year()),
                                  static_cast<unsigned>(civil.date.month()),
                                  static_cast<unsigned>(civil.date.day()),
                                  civil.hour,
                                  civil.minute,
                                  civil.second);
    const absl::TimeZone::TimeInfo info = zone_->clocks.At(shown);
    // A skipped time begins with the change; of one that comes twice, `post` is the later.
    const bool skipped = info.kind == absl::TimeZone::TimeInfo::SKIPPED;
    const std::int64_t utc = absl::ToUnixSeconds(skipped ? info.trans : info.post);
    return Timestamp{utc * kMicrosecondsPerSecond};
}

Result<CivilTime> Zone::civil(Timestamp time) const {
    std::int64_t utc = time.us / kMicrosecondsPerSecond;
    if (time.us % kMicrosecondsPerSecond < 0) --utc;
    if (!in_years(utc)) return outside_years();
    const int offset = zone_->clocks.At(absl::FromUnixSeconds(utc)).offset;
    const std::chrono::sys_seconds local(seconds(utc + offset));
    const auto day = std::chrono::floor<days>(local);
    const std::int64_t second = (local - day).count();
    return CivilTime{.date = std::chrono::year_month_day(day),
                     .hour = static_cast<std::int32_t>(second / 3600),
                     .minute = static_cast<std::int32_t>(second / 60 % 60),
                     .second = static_cast<std::int32_t>(second % 60)};
}

Result<Timestamp> Zone::add_days(Timestamp time, std::int32_t count) const {
    if (count == 0) return time;
    const Result<CivilTime> clock = civil(time);
    if (!clock) return clock.error();
    constexpr std::int32_t kMost = (kLastYear + 1) * 366;
    if (count < -kMost || count > kMost) return outside_years();
    const std::chrono::sys_days day = std::chrono::sys_days(clock->date) + days(count);
    const std::int64_t fraction =
        ((time.us % kMicrosecondsPerSecond) + kMicrosecondsPerSecond) % kMicrosecondsPerSecond;
    const Result<Timestamp> whole = deadline(on_day(day, *clock));
    if (!whole) return whole.error();
    return Timestamp{whole->us + fraction};
}

Result<WorkingCalendar> WorkingCalendar::make(Parts parts) {
    if (std::all_of(parts.weekend.begin(), parts.weekend.end(), [](bool off) { return off; }))
        return calendar_error(ErrorCode::invalid_argument, "a week without a working day");
    for (const std::chrono::year_month_day& holiday : parts.holidays) {
        if (!holiday.ok())
            return calendar_error(ErrorCode::invalid_argument, "a holiday that no calendar has");
    }
    std::sort(parts.holidays.begin(), parts.holidays.end());
    return WorkingCalendar(std::move(parts));
}

bool WorkingCalendar::is_working_day(std::chrono::year_month_day date) const {
    const std::chrono::weekday weekday{std::chrono::sys_days(date)};
    return !parts_.weekend[weekday.c_encoding()] &&
           !std::binary_search(parts_.holidays.begin(), parts_.holidays.end(), date);
}

Result<Timestamp> WorkingCalendar::add_working_days(Timestamp time, std::int32_t count) const {
    if (count < 0 || count > kMostWorkingDays)
        return calendar_error(
            ErrorCode::invalid_argument,
            fmt::format("working days are counted from 0 to {}, not {}", kMostWorkingDays, count));
    const Result<CivilTime> clock = parts_.zone.civil(time);
    if (!clock) return clock.error();
    const std::chrono::sys_days first(clock->date);
    std::int32_t ahead = 0;
    while (count > 0) {
        ++ahead;
        if (is_working_day(std::chrono::year_month_day(first + days(ahead)))) --count;
    }
    return parts_.zone.add_days(time, ahead);
}

Result<Timestamp> WorkingCalendar::next_at(Timestamp time, TimeOfDay at) const {
    const Result<CivilTime> clock = parts_.zone.civil(time);
    if (!clock) return clock.error();
    // A day has its own HH:MM today, or it is over: then the next working day has one.
    for (std::chrono::sys_days day(clock->date);; day += days(1)) {
        if (!is_working_day(std::chrono::year_month_day(day))) continue;
        Result<Timestamp> moment = parts_.zone.deadline(
            on_day(day, {.date = {}, .hour = at.hour, .minute = at.minute, .second = 0}));
        if (!moment || *moment > time) return moment;
    }
}

Result<Timestamp> WorkingCalendar::next_open(Timestamp time, const Hours& hours) const {
    if (minutes_of(hours.open) >= minutes_of(hours.close))
        return calendar_error(ErrorCode::invalid_argument, "an office closes after it opens");
    const Result<CivilTime> clock = parts_.zone.civil(time);
    if (!clock) return clock.error();
    const std::int64_t now = minutes_of({.hour = clock->hour, .minute = clock->minute});
    if (is_working_day(clock->date) && now >= minutes_of(hours.open) &&
        now < minutes_of(hours.close))
        return time;
    return next_at(time, hours.open);
}

Result<std::string> tz_database_version() {
    constexpr std::string_view kBegins = "# version ";
    const Result<ZoneList> list = zone_list();
    if (!list) return list.error();
    const std::string& text = list->text;
    if (text.compare(0, kBegins.size(), kBegins) == 0)
        return short_text(text.substr(kBegins.size(), text.find('\n') - kBegins.size()));
    return calendar_error(ErrorCode::unavailable,
                          "the time zone database does not say which release it is",
                          "Install the package tzdata");
}

}  // namespace abate::scheme

// In place of Abseil's own, which is weak.
namespace absl {
ABSL_NAMESPACE_BEGIN
namespace time_internal::cctz_extension {

// NOLINTNEXTLINE(readability-identifier-naming): Abseil's name
ZoneInfoSourceFactory zone_info_source_factory = abate::scheme::zone_bytes;

}  // namespace time_internal::cctz_extension
ABSL_NAMESPACE_END
}  // namespace absl
