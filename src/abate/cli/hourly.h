// The hours of the grid instead of its year: what --hourly chooses, and when a run spent its energy.
//
//     HourlyChoice choice = hourly_choice(context, options.hourly);          // option, environment, settings
//     std::optional<HourlyIntensity> hours = open_hourly(context, choice, assess.region, status);
//     ... the run ...
//     if (hours) use_hours(context, *hours, pieces, assess, record.notes);   // the annual figure stays, with a note, if it cannot
#pragma once

#include "abate/cli/context.h"
#include "abate/footprint/footprint.h"
#include "abate/meter/meter.h"
#include "abate/record/record.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace abate::cli {

struct HourlyOptions {
    std::string hourly;  // FILE, "auto", "climatology"; empty: not given
    bool estimate = false;
};

struct HourlyChoice {
    std::string
        what;  // as HourlyOptions::hourly, a file with its whole path; empty: the year's figure
    std::string layer = "option";
    bool estimate = false;
    [[nodiscard]] bool is_file() const { return what != "auto" && what != "climatology"; }
};

// Adds --hourly, --estimate and --market-intensity.
void add_hourly_options(CLI::App& command, HourlyOptions& hourly, std::string& market_intensity);

[[nodiscard]] HourlyChoice hourly_choice(Context& context, const HourlyOptions& options);

// Hours that a footprint can take.
struct HourlyIntensity {
    HourlyChoice choice;
    std::optional<data::AverageLifeCycle> series;   // absent: asked for once the run has ended
    std::string zone;                               // of a live source
    std::optional<data::IntensityProfile> profile;  // of "climatology"
};

// The file, or the imported hours of the region's zone. Absent with a note where "auto" finds none; throws Failure where a named file
// cannot be used: not there, not read, marginal or direct, or of another zone than `region` (empty: unknown).
[[nodiscard]] std::optional<HourlyIntensity> open_hourly(
    Context& context,
    const HourlyChoice& choice,
    const std::string& region,
    std::optional<int> exit_status = std::nullopt);

// The mean over `pieces`. Errors: as HourlyValues::mean, and those of the live source.
[[nodiscard]] Result<data::Figure> hourly_mean(Context& context,
                                               const HourlyIntensity& hours,
                                               const std::vector<data::PowerPiece>& pieces);

// Sets assess.intensity; where the hours are not known, the year's figure stays and a note says why.
void use_hours(Context& context,
               const HourlyIntensity& hours,
               const std::vector<data::PowerPiece>& pieces,
               footprint::AssessOptions& assess,
               std::vector<std::string>& notes);

// The record's energy, evenly over its time.
[[nodiscard]] std::vector<data::PowerPiece> flat_pieces(const RunRecord& record);

// What the header of a spool keeps of the choice, so that whoever imports a killed run finds it; and back.
[[nodiscard]] Provenance choice_row(const HourlyChoice& choice);
[[nodiscard]] std::optional<HourlyChoice> choice_of(const RunRecord& record);

// Stands before the spool and keeps how much the job spent in which hour. Allocates nothing after its construction.
class HourlyEnergy final : public meter::SampleSink {
  public:
    // `spool` may be null.
    HourlyEnergy(meter::SampleSink* spool, const RunRecord& header);
    bool save(const RunState& state) noexcept override;
    // What was saved, and the rest of the record's energy up to its end.
    [[nodiscard]] std::vector<data::PowerPiece> pieces(const RunRecord& record) const;

  private:
    meter::SampleSink* spool_;
    std::vector<bool> counted_;
    std::vector<data::PowerPiece> pieces_;
    Timestamp last_;
    double energy_j_ = 0;
};

// Hours of a zone from Electricity Maps by the user's token (intensity.token_file), kept in $ABATE_HOME/intensity/live, so that no hour
// is asked for twice; hours that the publisher estimates are asked for again. Errors: as IntensitySource says.
[[nodiscard]] Result<data::AverageLifeCycle> live_hours(Context& context,
                                                        const std::string& zone,
                                                        const data::TimeSpan& span);

// Where imported hours lie: $ABATE_HOME/intensity/ZONE.SIGNAL.BASIS.csv.
[[nodiscard]] std::string intensity_folder(const Context& context);
[[nodiscard]] std::string intensity_path(const Context& context,
                                         const std::string& zone,
                                         Signal signal,
                                         Basis basis);
// Imported files, by name; empty where there are none.
[[nodiscard]] std::vector<std::string> intensity_files(const Context& context);
// Reads one file of hours, at most 512 MiB. Throws Failure.
[[nodiscard]] input::IntensityFile read_intensity_file(Context& context,
                                                       const std::string& path,
                                                       input::IntensityOptions options);

void make_folders(const std::string& path);  // each 0700; throws Failure

// Known hours by when they begin.
using HoursByTime = std::map<std::int64_t, data::HourValue>;
void take_known(const data::HourlyValues& values, HoursByTime& hours);
// REQUIRES: hours is not empty.
[[nodiscard]] data::HourlyValues values_of(const HoursByTime& hours);

// `abate data import-intensity`.
void add_import_intensity(CLI::App& data, Context& context);

}  // namespace abate::cli
