// `abate data import-intensity`: hours of a grid from somebody's file into the folder that `--hourly auto` looks in.
#include "abate/cli/folder_lock.h"
#include "abate/cli/hourly.h"
#include "abate/cli/records.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

// As for one file.
constexpr std::int64_t kMostHours = std::int64_t{100} * 8784;

struct ImportOptions {
    std::string file;
    std::string zone;
    std::string format;
    std::string basis;
    std::string signal;
    std::string first_hour;
    std::optional<int> year;
    bool utc = false;
    bool allow_gaps = false;
    bool replace = false;
};

template <class T>
T word(std::optional<T> value,
       const std::string& text,
       const char* option,
       const std::string& known) {
    if (value) return *std::move(value);
    throw Failure({ErrorCode::invalid_argument,
                   "'" + short_text(text) + "' is not known",
                   option,
                   "Use " + known});
}

input::IntensityOptions parser_options(const ImportOptions& options) {
    input::IntensityOptions out;
    out.zone = options.zone;
    out.year = options.year;
    out.utc = options.utc;
    if (!options.format.empty())
        out.format = word(input::parse_intensity_format(options.format),
                          options.format,
                          "--format",
                          input::intensity_format_names());
    if (!options.basis.empty())
        out.basis = word(
            data::parse_basis(options.basis), options.basis, "--basis", "life-cycle or direct");
    if (!options.signal.empty())
        out.signal = word(
            data::parse_signal(options.signal), options.signal, "--signal", "average or marginal");
    if (!options.first_hour.empty()) {
        const std::string& text = options.first_hour;
        Result<Timestamp> time = parse_rfc3339(text);
        if (!time && text.ends_with('Z'))
            time = parse_rfc3339(text.substr(0, text.size() - 1) + ":00Z");
        if (!time) time = parse_rfc3339(text + "T00:00:00Z");
        if (!time || time->us % data::kHourUs != 0)
            throw Failure({ErrorCode::invalid_argument,
                           "'" + short_text(text) + "' is no full hour in UTC",
                           "--first-hour",
                           "Write it as 2024-01-01T00:00Z"});
        out.first_hour = *time;
    }
    return out;
}

double mean_of(const data::HourlyValues& values) {
    double sum = 0;
    for (const data::HourValue& hour : values.hours()) sum += hour.known ? hour.value : 0;
    return sum / static_cast<double>(values.size() - values.missing());
}

void refuse_gaps(const data::HourlyValues& values, const std::string& file, bool allowed) {
    const std::optional<Timestamp> gap = values.first_missing();
    if (!gap || allowed) return;
    throw Failure(
        {ErrorCode::parse_error,
         fmt::format("the hour {} is missing{}",
                     data::hour_name(*gap),
                     values.missing() == 1 ? std::string()
                                           : fmt::format(", and {} more", values.missing() - 1)),
         file,
         "Supply them, or import it with --allow-gaps: a run in such an hour then keeps the year's "
         "figure"});
}

// Letters, digits, '-', '_' and '.': a zone is part of a file's name, and two must not meet in one.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the zone, then the file that it is of
void check_zone_name(const std::string& zone, const std::string& file) {
    if (zone.empty())
        throw Failure(
            {ErrorCode::invalid_argument,
             "nothing says which zone these hours are of",
             file,
             "Say it with --zone, as `abate data show REGION` names it: DE, US-CAL-CISO"});
    const bool plain = std::all_of(zone.begin(), zone.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
    if (plain && zone.front() != '.' && zone.size() <= kShownCharacters) return;
    throw Failure({ErrorCode::invalid_argument,
                   "'" + short_text(zone) + "' is no zone's name",
                   "--zone",
                   "Use up to 60 letters, digits, '-', '_' and '.', as in DE or US-CAL-CISO"});
}

struct Kept {
    data::AnyHourlySeries series;  // as it lies in the file now
    std::string path;
    std::size_t kept = 0;      // hours that the import left as they were
    std::size_t replaced = 0;  // that it brought anew
    std::size_t added = 0;
};

// What lies there already, of the same source by the same method. Throws Failure where the two are no one series.
void take_kept(Context& context,
               const std::string& path,
               const data::AnyHourlySeries& series,
               HoursByTime& hours) {
    if (access(path.c_str(), F_OK) != 0) return;
    std::optional<data::AnyHourlySeries> before;
    try {
        before = read_intensity_file(context, path, {}).series;
    } catch (const Failure& failure) {
        Error error = failure.error();
        error.what = "the hours kept so far cannot be read: " + error.what;
        error.hint = "Mend the file, or say --replace to forget it";
        throw Failure(error);
    }
    const data::HourlySource& old = data::source_of(*before);
    const data::HourlySource& now = data::source_of(series);
    const bool same = data::signal_of(*before) == data::signal_of(series) &&
                      data::basis_of(*before) == data::basis_of(series) &&
                      plain_line(old.source) == plain_line(now.source) &&
                      plain_line(old.method) == plain_line(now.method);
    if (!same) {
        const auto words = [](const data::HourlySource& source) {
            const std::string text =
                source.source + (source.method.empty() ? "" : ", " + source.method);
            return text.empty() ? std::string("no stated source") : short_text(text);
        };
        throw Failure({ErrorCode::conflict,
                       fmt::format("the hours of {} kept so far are of {}, and these of {}",
                                   now.zone,
                                   words(old),
                                   words(now)),
                       path,
                       "One series has one source: say --replace to forget what is kept"});
    }
    take_known(data::values_of(*before), hours);
}

Kept keep_series(Context& context,
                 const ImportOptions& options,
                 const data::AnyHourlySeries& series) {
    const data::HourlySource& source = data::source_of(series);
    check_zone_name(source.zone, options.file);
    refuse_gaps(data::values_of(series), options.file, options.allow_gaps);
    const std::string path =
        intensity_path(context, source.zone, data::signal_of(series), data::basis_of(series));
    make_folders(intensity_folder(context));
    const FolderLock lock(path);
    HoursByTime hours;
    if (!options.replace) take_kept(context, path, series, hours);
    const std::size_t before = hours.size();
    HoursByTime brought;
    take_known(data::values_of(series), brought);
    const auto replaced = static_cast<std::size_t>(
        std::count_if(brought.begin(), brought.end(), [&hours](const auto& entry) {
            return hours.contains(entry.first);
        }));
    for (const auto& [us, value] : brought) hours[us] = value;
    if ((hours.rbegin()->first - hours.begin()->first) / data::kHourUs >= kMostHours)
        throw Failure({ErrorCode::out_of_range,
                       fmt::format("with what is kept the hours go from {} to {}",
                                   data::hour_name({hours.begin()->first}),
                                   data::hour_name({hours.rbegin()->first})),
                       path,
                       "Is one of the years wrong? --replace forgets what is kept"});
    data::AnyHourlySeries whole = data::make_series(
        data::signal_of(series), data::basis_of(series), source, values_of(hours));
    write_file(path, report::intensity_csv(whole), Readers::owner);
    return {.series = std::move(whole),
            .path = path,
            .kept = before - replaced,
            .replaced = replaced,
            .added = brought.size() - replaced};
}

void import_intensity(Context& context, const ImportOptions& options) {
    if (!options.zone.empty()) check_zone_name(options.zone, options.file);
    const input::IntensityOptions parser = parser_options(options);
    const input::IntensityFile file = read_intensity_file(context, options.file, parser);
    for (const std::string& note : file.notes) context.note(options.file + ": " + note);
    std::vector<Kept> kept;
    kept.push_back(keep_series(context, options, file.series));
    // Scope 2 wants the direct figures of the same hours; a publisher of both has them in one file.
    if (options.basis.empty() && file.format == input::IntensityFormat::electricity_maps) {
        input::IntensityOptions direct = parser;
        direct.basis = Basis::direct;
        kept.push_back(keep_series(
            context, options, read_intensity_file(context, options.file, direct).series));
    }
    Json list = Json::array();
    for (const auto& [series, path, before, replaced, added] : kept) {
        const data::HourlyValues& values = data::values_of(series);
        const data::HourlySource& source = data::source_of(series);
        list.push_back({{"zone", source.zone},
                        {"signal", data::to_string(data::signal_of(series))},
                        {"basis", data::to_string(data::basis_of(series))},
                        {"format", input::to_string(file.format)},
                        {"first_hour", to_rfc3339(values.first())},
                        {"end", to_rfc3339(values.end())},
                        {"hours", values.size()},
                        {"missing", values.missing()},
                        {"kept", before},
                        {"replaced", replaced},
                        {"added", added},
                        {"mean_gco2e_per_kwh", mean_of(values)},
                        {"source", source.source},
                        {"licence", source.licence},
                        {"file", path}});
        if (context.json) continue;
        if (before + replaced > 0)
            fmt::print(
                "{}: {} hours kept, {} replaced, {} added\n", source.zone, before, replaced, added);
        fmt::print("{}, {} {}: {} hours from {} to {}, mean {:.4g} g CO2e/kWh{}\n  {}{}\n  {}\n",
                   source.zone,
                   data::to_string(data::signal_of(series)),
                   data::to_string(data::basis_of(series)),
                   values.size() - values.missing(),
                   data::hour_name(values.first()),
                   data::hour_name(values.hour(values.size() - 1)),
                   mean_of(values),
                   values.missing() == 0 ? "" : fmt::format(", {} missing", values.missing()),
                   source.source.empty() ? "source not stated" : plain_line(source.source),
                   source.licence.empty() ? "" : " (" + plain_line(source.licence) + ")",
                   path);
    }
    if (context.json)
        fmt::print("{}\n",
                   Json{{"hourly", list}}.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

void make_folders(const std::string& path) {
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string part = path.substr(0, slash);
        if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
            throw Failure({ErrorCode::io_error,
                           std::string("cannot make the folder: ") + std::strerror(errno),
                           part,
                           "Choose another ABATE_HOME"});
        if (slash == std::string::npos) return;
    }
}

void add_import_intensity(CLI::App& data, Context& context) {
    auto options = std::make_shared<ImportOptions>();
    CLI::App* command = data.add_subcommand(
        "import-intensity", "Keep a grid's carbon intensity by hour, for --hourly auto");
    command
        ->add_option("FILE",
                     options->file,
                     "As Electricity Maps, ENTSO-E, EIA or NESO export it, or hour,g_per_kwh")
        ->required();
    command->add_option(
        "--zone", options->zone, "Zone that it is of: DE, US-CAL-CISO (default: as the file says)");
    command->add_option(
        "--format", options->format, "By its header, else: " + input::intensity_format_names());
    command->add_option("--basis", options->basis, "life-cycle (default) or direct");
    command->add_option("--signal",
                        options->signal,
                        "average (default) or marginal; a footprint takes average ones only");
    command->add_option(
        "--first-hour", options->first_hour, "When hour 0 begins, where the file counts hours");
    command->add_option("--year", options->year, "Refuse hours of another year");
    command->add_flag("--utc", options->utc, "Times without an offset are UTC");
    command->add_flag(
        "--allow-gaps", options->allow_gaps, "Keep a file with missing hours; they stay missing");
    command->add_flag(
        "--replace",
        options->replace,
        "Forget the hours that are kept of the zone (default: keep them beside these)");
    command->add_flag("--json", context.json, "Print {\"hourly\": [...]}");
    command->footer(
        "Example:\n  abate data import-intensity DE_2025_hourly.csv --zone DE\n"
        "  abate run --region DE --hourly auto -- python3 train.py");
    command->callback([options, &context] { import_intensity(context, *options); });
}

}  // namespace abate::cli
