// Any bytes as a power profile: an error or a profile, never a crash; what is read must be written
// and read again the same, and give a power between its least and its most.
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto profile = abate::input::parse_profile(text, "fuzz");
    if (!profile) return 0;
    const std::string written = abate::report::profile_toml(*profile);
    const auto again = abate::input::parse_profile(written, "again");
    if (!again || abate::report::profile_toml(*again) != written) std::abort();
    for (const double load : {-1.0, 0.0, 0.3, 1.0, 2.0}) {
        const abate::Ranged watts = abate::meter::power_at(profile->points, load);
        if (!(watts.low >= 0 && watts.low <= watts.value * (1 + 1e-12) &&
              watts.value <= watts.high * (1 + 1e-12)))
            std::abort();
    }
    (void)abate::meter::is_concave(profile->points);
    return 0;
}
