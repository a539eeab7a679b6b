// Readings of a run record that several writers need: sums by kind of device, the place of a run,
// the provenance of one figure. Inside `report` only.
#pragma once

#include "abate/record/record.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace abate::report {

[[nodiscard]] double joules_of(Microjoules energy);
[[nodiscard]] Ranged joules_of(const EnergyRange& energy);
[[nodiscard]] Ranged joules_of(const BoundaryEnergy& energy);

// The row of provenance whose figure is `figure` or begins with `figure` and a dot or underscore;
// nullptr when there is none.
[[nodiscard]] const Provenance* provenance_of(const RunRecord& record, std::string_view figure);

// "average, life-cycle, location-based, 2025; Ember Yearly Electricity Data": basis, and the source
// of the intensity when the record holds it.
[[nodiscard]] std::string intensity_words(const RunRecord& record);

// Kinds of device as other tools count them.
enum class DeviceClass { cpu, gpu, memory };
// "gpu-0" is a GPU, "dram-0" memory, everything else ("package-0", "psys", "node") the CPU's.
[[nodiscard]] DeviceClass class_of(const DeviceEnergy& device);
// Counted energy of one class over the machine, joules.
[[nodiscard]] double counted_joules(const RunRecord& record, DeviceClass wanted);

// "gcp europe-west9" -> {"gcp", "europe-west9"}; "FR" -> {"", ""}.
struct CloudPlace {
    std::string provider;
    std::string region;
};
[[nodiscard]] CloudPlace cloud_place(const RunRecord& record);

// Whether the run was declared by hand (`abate record`) and not metered.
[[nodiscard]] bool is_declared(const RunRecord& record);

// "prior, estimated": source and quality of the node's energy, once where they are the same word.
[[nodiscard]] std::string node_words(const NodeRecord& node);

// "2 x AMD EPYC 7742; 4 x NVIDIA H100 SXM 80GB".
[[nodiscard]] std::string hardware_words(const Host& host);
// Equal names counted: {"A", "A", "B"} -> "2 x A, B".
[[nodiscard]] std::string counted_names(const std::vector<std::string>& names);

// "1.2", "1.58": at most four significant digits, no trailing zeros.
[[nodiscard]] std::string significant_short(double value);
// "experiment" for experimentation, so that a column stays narrow.
[[nodiscard]] const char* phase_short(Phase phase);

// Several runs as one: attributed and facility energy, operational and embodied carbon and their total added. The runs share their meters
// and tables, so their errors have the same cause and add linearly (docs/methodology, ranges).
struct RunsTotal {
    std::size_t runs = 0;
    double duration_s = 0;
    Ranged attributed_j;
    Ranged facility_j;   // of the runs that have one
    Ranged carbon_kg;    // operational, of the runs that have one
    Ranged embodied_kg;  // of the runs that have it and a total
    Ranged total_kg;     // of the same
    std::size_t with_facility = 0;
    std::size_t with_carbon = 0;
    std::size_t with_total = 0;

    // What making the hardware costs is known for each run, so that it and the total can be told.
    [[nodiscard]] bool has_embodied() const { return runs > 0 && with_total == runs; }
};
[[nodiscard]] RunsTotal total_of(std::span<const RunRecord> records);

}  // namespace abate::report
