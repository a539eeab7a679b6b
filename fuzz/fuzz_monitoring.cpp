// Any bytes as a plan and as a report: a document whose bytes are read back the same, or an error that names the file; never a crash. And as
// a command: what decodes encodes to the same bytes.
#include "abate/input/input.h"
#include "abate/scheme/scheme.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

template <class T>
void must_round_trip(const T& value) {
    const std::string bytes = abate::scheme::encode(value);
    const auto again = abate::scheme::decode<T>(bytes);
    if (!again || abate::scheme::encode(*again) != bytes) std::abort();
}

void must_name_the_file(const abate::Error& error) {
    if (error.where.rfind("report.toml:", 0) != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto plan = abate::input::parse_monitoring_plan(text, "report.toml")) {
        must_round_trip(*plan);
    } else {
        must_name_the_file(plan.error());
    }
    if (const auto document = abate::input::parse_monitoring_report(text, "report.toml")) {
        must_round_trip(document->report);
    } else {
        must_name_the_file(document.error());
    }
    if (const auto command = abate::scheme::decode_command(text))
        if (abate::scheme::encode_command(*command) != text) std::abort();
    return 0;
}
