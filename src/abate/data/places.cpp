// Where a job runs: the names that people and clouds have for grids, and the grid behind each.
#include "abate/core/plain_text.h"
#include "abate/data/data.h"
#include "abate/data/tables_impl.h"
#include "abate/data/words.h"

#include <algorithm>
#include <string>
#include <utility>

namespace abate::data {
namespace {

// How well a row of `places` fits; smaller is better. A code beats a name, a country's name beats a
// state's ("Georgia").
enum class Fit { code, iso3, country_name, bare_egrid_code, other_name, none };

Fit fit_of(const Sheet& sheet, std::size_t row, const std::string& wanted) {
    const std::string code = folded(sheet.text(row, "code"));
    if (code == wanted) return Fit::code;
    const std::string iso3 = folded(sheet.text(row, "iso3"));
    if (!iso3.empty() && iso3 == wanted) return Fit::iso3;
    const std::string_view kind = sheet.text(row, "kind");
    const bool country = kind == "country" || kind == "aggregate";
    if (kind == "egrid" && code == "us-" + wanted) return Fit::bare_egrid_code;
    std::string names = folded(sheet.text(row, "name")) + "|" + folded(sheet.text(row, "aliases"));
    names = "|" + names + "|";
    if (names.find("|" + wanted + "|") == std::string::npos) return Fit::none;
    return country ? Fit::country_name : Fit::other_name;
}

Place place_from(const Sheet& sheet, std::size_t row) {
    Place place;
    place.key = sheet.text(row, "code");
    place.name = sheet.text(row, "name");
    place.grid_code = place.key;
    place.zone = sheet.text(row, "zone");
    return place;
}

std::optional<Place> grid_place(const LayeredTables& tables, const std::string& wanted) {
    Fit best = Fit::none;
    std::optional<Place> found;
    if (wanted.find('|') != std::string::npos) return found;
    tables.each("places", [&](const Sheet& sheet, std::size_t row) {
        const Fit fit = fit_of(sheet, row, wanted);
        if (fit == Fit::none || (found && fit >= best)) return;
        best = fit;
        found = place_from(sheet, row);
    });
    return found;
}

bool is_default_row(const Sheet& sheet, std::size_t row) {
    return sheet.text(row, "region") == "*";
}

Place region_from(const Sheet& sheet, std::size_t row) {
    Place place;
    place.provider = sheet.text(row, "provider");
    place.key = sheet.key_of(row);
    const std::string location(sheet.text(row, "location"));
    place.name = (location.empty() ? "" : location + " ") + "(" + place.key + ")";
    place.grid_code = sheet.text(row, "grid_code");
    place.zone = sheet.text(row, "zone");
    return place;
}

// "gcp/us-east1" and "gcp:us-east1" mean "gcp us-east1".
std::string with_blank(std::string text) {
    const std::size_t at = text.find_first_of("/:");
    if (at != std::string::npos) text[at] = ' ';
    return text;
}

// Places whose "PROVIDER REGION", or whose bare region name, is `wanted`; each once.
std::vector<Place> cloud_places(const LayeredTables& tables, const std::string& wanted) {
    std::vector<Place> found;
    const std::string spaced = with_blank(wanted);
    tables.each("cloud_regions", [&](const Sheet& sheet, std::size_t row) {
        if (is_default_row(sheet, row)) return;
        const bool full = sheet.has_key(row, spaced);
        if (!full && !same_folded(sheet.text(row, "region"), wanted)) return;
        Place place = region_from(sheet, row);
        const auto same = std::find_if(
            found.begin(), found.end(), [&](const Place& p) { return p.key == place.key; });
        if (same == found.end()) {
            found.push_back(std::move(place));
        } else if (!place.grid_code.empty()) {
            *same = std::move(place);
        }
    });
    return found;
}

// A zone by key, by the last part of its key ("SE3"), or by name.
std::vector<Place> zone_places(const LayeredTables& tables, const std::string& wanted) {
    std::vector<Place> found;
    constexpr std::size_t kShortestPart = 3;  // "SE3"; two letters are countries
    tables.each("zones", [&](const Sheet& sheet, std::size_t row) {
        const std::string zone = folded(sheet.text(row, "zone"));
        const std::size_t dash = zone.rfind('-');
        const bool part = dash != std::string::npos && wanted.size() >= kShortestPart &&
                          zone.substr(dash + 1) == wanted;
        if (zone != wanted && !part && folded(sheet.text(row, "name")) != wanted) return;
        Place place;
        place.key = sheet.text(row, "zone");
        place.name = sheet.text(row, "name");
        place.grid_code = place.key;
        place.zone = place.key;
        found.push_back(std::move(place));
    });
    return found;
}

std::vector<std::string> known_places(const LayeredTables& tables) {
    std::vector<std::string> names;
    tables.each("places", [&](const Sheet& sheet, std::size_t row) {
        names.emplace_back(sheet.text(row, "code"));
        names.emplace_back(sheet.text(row, "name"));
    });
    tables.each("cloud_regions", [&](const Sheet& sheet, std::size_t row) {
        if (!is_default_row(sheet, row)) names.push_back(sheet.key_of(row));
    });
    tables.each("zones", [&](const Sheet& sheet, std::size_t row) {
        names.emplace_back(sheet.text(row, "zone"));
    });
    return names;
}

Error ambiguous_place(std::string_view text, const std::vector<Place>& found) {
    std::string hint = "It could be ";
    for (std::size_t i = 0; i < found.size(); ++i)
        hint += (i == 0 ? "\"" : ", \"") + found[i].key + "\"";
    return Error{ErrorCode::invalid_argument,
                 "region \"" + short_text(text) + "\" is ambiguous",
                 "",
                 hint + "."};
}

}  // namespace

Result<Place> Tables::place(std::string_view text) const {
    const std::string wanted = folded(text);
    if (wanted.empty())
        return Error{ErrorCode::invalid_argument,
                     "the region is empty",
                     "",
                     "Give a country (FR), a state (US-CA) or a cloud region (gcp europe-west9)."};
    if (std::optional<Place> grid = grid_place(*impl_, wanted)) return *std::move(grid);
    for (const auto& look_up : {cloud_places, zone_places}) {
        std::vector<Place> found = look_up(*impl_, wanted);
        if (found.size() == 1) return std::move(found.front());
        if (found.size() > 1) return ambiguous_place(text, found);
    }
    Error unknown = unknown_name("region", text, known_places(*impl_));
    if (unknown.hint.empty()) unknown.hint = "`abate data list places` shows the names.";
    return unknown;
}

}  // namespace abate::data
