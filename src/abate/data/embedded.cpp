// `.incbin` copies a file into read-only data as it is: no compile time and no start-up time. The
// build rebuilds this file when a table changes (OBJECT_DEPENDS in CMakeLists.txt).
#include "abate/data/embedded.h"

#include <array>
#include <cstddef>

#define ABATE_EMBED(pack, table)                                                         \
    asm(".pushsection .rodata\n"                                                         \
        ".global abate_data_" #pack "_" #table                                           \
        "\n"                                                                             \
        ".hidden abate_data_" #pack "_" #table                                           \
        "\n"                                                                             \
        ".global abate_data_" #pack "_" #table                                           \
        "_end\n"                                                                         \
        ".hidden abate_data_" #pack "_" #table                                           \
        "_end\n"                                                                         \
        "abate_data_" #pack "_" #table                                                   \
        ":\n"                                                                            \
        ".incbin \"" ABATE_DATA_DIR "/" #pack "/" #table                                 \
        ".csv\"\n"                                                                       \
        "abate_data_" #pack "_" #table                                                   \
        "_end:\n"                                                                        \
        ".byte 0\n"                                                                      \
        ".popsection\n");                                                                \
    extern "C" {                                                                         \
    [[gnu::visibility("hidden")]] extern const char abate_data_##pack##_##table[];       \
    [[gnu::visibility("hidden")]] extern const char abate_data_##pack##_##table##_end[]; \
    }

ABATE_EMBED(core, accelerators)
ABATE_EMBED(core, chip_names)
ABATE_EMBED(core, cloud_regions)
ABATE_EMBED(core, cpus)
ABATE_EMBED(core, embodied_factors)
ABATE_EMBED(core, energy_coefficients)
ABATE_EMBED(core, grid_intensity_annual)
ABATE_EMBED(core, instances)
ABATE_EMBED(core, model_inference_energy)
ABATE_EMBED(core, models)
ABATE_EMBED(core, places)
ABATE_EMBED(core, published_cases)
ABATE_EMBED(core, server_embodied)
ABATE_EMBED(core, sources)
ABATE_EMBED(odbl, grid_intensity_zones)
ABATE_EMBED(odbl, intensity_profiles)
ABATE_EMBED(odbl, sources)
ABATE_EMBED(odbl, zones)
ABATE_EMBED(ccbysa, grid_intensity_marginal)
ABATE_EMBED(ccbysa, sources)

#define ABATE_EMBEDDED(pack, table)                                          \
    EmbeddedFile {                                                           \
#pack, #table, {                                                     \
            abate_data_##pack##_##table,                                     \
                static_cast<std::size_t>(abate_data_##pack##_##table##_end - \
                                         abate_data_##pack##_##table)        \
        }                                                                    \
    }

namespace abate::data {

std::span<const EmbeddedFile> embedded_files() {
    static const std::array<EmbeddedFile, 20> files = {
        ABATE_EMBEDDED(core, accelerators),
        ABATE_EMBEDDED(core, chip_names),
        ABATE_EMBEDDED(core, cloud_regions),
        ABATE_EMBEDDED(core, cpus),
        ABATE_EMBEDDED(core, embodied_factors),
        ABATE_EMBEDDED(core, energy_coefficients),
        ABATE_EMBEDDED(core, grid_intensity_annual),
        ABATE_EMBEDDED(core, instances),
        ABATE_EMBEDDED(core, model_inference_energy),
        ABATE_EMBEDDED(core, models),
        ABATE_EMBEDDED(core, places),
        ABATE_EMBEDDED(core, published_cases),
        ABATE_EMBEDDED(core, server_embodied),
        ABATE_EMBEDDED(core, sources),
        ABATE_EMBEDDED(odbl, grid_intensity_zones),
        ABATE_EMBEDDED(odbl, intensity_profiles),
        ABATE_EMBEDDED(odbl, sources),
        ABATE_EMBEDDED(odbl, zones),
        ABATE_EMBEDDED(ccbysa, grid_intensity_marginal),
        ABATE_EMBEDDED(ccbysa, sources),
    };
    return files;
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a folder, then the file in it
std::string_view embedded_text(std::string_view pack, std::string_view name) {
    for (const EmbeddedFile& file : embedded_files())
        if (file.pack == pack && file.name == name) return file.text;
    return {};
}

}  // namespace abate::data
