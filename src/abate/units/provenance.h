// Provenance: the row, source, year and licence behind a number, which travels with it to the
// report.
#pragma once

#include <string>

namespace abate {

// Where a figure comes from, so that anyone can look it up again.
struct Provenance {
    std::string figure;  // "intensity_gco2e_per_kwh", "pue", "package-0.idle_w"
    double value = 0;
    double low = 0;
    double high = 0;
    std::string unit;
    std::string key;  // row: "FR", "gcp europe-west9", "AMD EPYC 7742"
    std::string
        layer;  // built-in | pack | organisation | project | option | measured | environment
    std::string source;  // citation
    int year = 0;        // of the data; 0 when it has none
    std::string basis;   // "average, life-cycle, location-based"
    std::string licence;

    bool operator==(const Provenance&) const = default;
};

}  // namespace abate
