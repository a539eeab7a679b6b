// `abate data import-intensity`: hours of a grid from somebody's file into the folder that `--hourly auto` looks in.
#include "abate/cli/hourly.h"
#include "abate/cli/records.h"
#include "abate/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <utility>

namespace abate::cli {
namespace {

using Json = nlohmann::ordered_json;

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
};

template <class T>
T word(std::optional<T> value,
       const std::string& text,
       const char* option,
       const std::string& known) {
    if (value) return *std::move(value);
    throw Failure(
        {ErrorCode::invalid_argument, "'" + text + "' is not known", option, "Use " + known});
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
                           "'" + text + "' is no full hour in UTC",
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

struct Kept {
    data::AnyHourlySeries series;
    std::string path;
};

Kept keep_series(Context& context,
                 const ImportOptions& options,
                 const data::AnyHourlySeries& series) {
    if (data::source_of(series).zone.empty())
        throw Failure(
            {ErrorCode::invalid_argument,
             "nothing says which zone these hours are of",
             options.file,
             "Say it with --zone, as `abate data show REGION` names it: DE, US-CAL-CISO"});
    refuse_gaps(data::values_of(series), options.file, options.allow_gaps);
    const std::string path = intensity_path(
        context, data::source_of(series).zone, data::signal_of(series), data::basis_of(series));
    make_folders(intensity_folder(context));
    write_file(path, report::intensity_csv(series));
    // As all that lies in ABATE_HOME; a disk without modes is no reason to fail.
    [[maybe_unused]] const int changed = chmod(path.c_str(), 0600);
    return {series, path};
}

void import_intensity(Context& context, const ImportOptions& options) {
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
    for (const auto& [series, path] : kept) {
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
                        {"mean_gco2e_per_kwh", mean_of(values)},
                        {"source", source.source},
                        {"licence", source.licence},
                        {"file", path}});
        if (context.json) continue;
        fmt::print("{}, {} {}: {} hours from {} to {}, mean {:.4g} g CO2e/kWh{}\n  {}{}\n  {}\n",
                   source.zone,
                   data::to_string(data::signal_of(series)),
                   data::to_string(data::basis_of(series)),
                   values.size() - values.missing(),
                   data::hour_name(values.first()),
                   data::hour_name(values.hour(values.size() - 1)),
                   mean_of(values),
                   values.missing() == 0 ? "" : fmt::format(", {} missing", values.missing()),
                   source.source.empty() ? "source not stated" : source.source,
                   source.licence.empty() ? "" : " (" + source.licence + ")",
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
    command->add_flag("--json", context.json, "Print {\"hourly\": [...]}");
    command->footer(
        "Example:\n  abate data import-intensity DE_2025_hourly.csv --zone DE\n"
        "  abate run --region DE --hourly auto -- python3 train.py");
    command->callback([options, &context] { import_intensity(context, *options); });
}

}  // namespace abate::cli
