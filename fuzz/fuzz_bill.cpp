// A bill of materials: what reads without error has parts that are finite and not negative.
#include "abate/input/input.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto bill = abate::input::parse_bill(text, "bill.toml");
    if (!bill) return 0;
    for (const abate::footprint::Part& part : bill->parts) {
        for (const double number :
             {part.count, part.area_mm2, part.node_nm, part.packages, part.gigabytes})
            if (!(number >= 0) || !std::isfinite(number)) std::abort();
        if (part.kgco2e && !(part.kgco2e->low >= 0 && part.kgco2e->low <= part.kgco2e->high))
            std::abort();
    }
    return 0;
}
