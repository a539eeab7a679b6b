// Any bytes as ENTSO-E's XML of generation by type: an error, or a series that keeps its numbers when stored.
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

const abate::data::FuelFactors& factors() {
    static const abate::data::FuelFactors loaded =
        abate::data::fuel_factors(abate::data::Tables::load().value()).value();
    return loaded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    abate::input::IntensityOptions options;
    options.factors = &factors();
    options.format = abate::input::IntensityFormat::entsoe_xml;
    const auto file = abate::input::parse_intensity(text, "fuzz", options);
    if (!file) return 0;
    // A file of decades would only be slow to write.
    if (abate::data::values_of(file->series).size() > 20'000) return 0;
    const std::string kept = abate::report::intensity_csv(file->series);
    const auto again = abate::input::parse_intensity(kept, "kept", {});
    if (!again) std::abort();
    if (abate::report::intensity_csv(again->series) != kept) std::abort();
    return 0;
}
