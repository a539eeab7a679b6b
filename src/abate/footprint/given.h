// The row of provenance for a figure that the user gave. Inside `footprint` only.
//
//     record.provenance.push_back(given_by_user({.figure = "pue", .value = 1.2, .unit = "1", .layer = "option"}));
#pragma once

#include "abate/record/record.h"

#include <string>

namespace abate::footprint {

inline constexpr const char* kByTheUser = "given by the user";

struct GivenFigure {
    std::string figure;  // its name, as in the run record's provenance
    double value = 0;
    std::string unit;
    std::string layer;     // option, project, organisation or pack
    std::string key = {};  // of the row it stands in for
    std::string basis = {};
};

// Exact: low and high are the value.
inline Provenance given_by_user(GivenFigure given) {
    return {.figure = std::move(given.figure),
            .value = given.value,
            .low = given.value,
            .high = given.value,
            .unit = std::move(given.unit),
            .key = std::move(given.key),
            .layer = std::move(given.layer),
            .source = kByTheUser,
            .year = 0,
            .basis = std::move(given.basis),
            .licence = ""};
}

}  // namespace abate::footprint
