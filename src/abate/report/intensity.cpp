#include "abate/core/plain_text.h"
#include "abate/report/report.h"

#include <fmt/format.h>

namespace abate::report {
namespace {

// One line, whatever a publisher's name has in it.
std::string remark(std::string_view key, std::string_view text) {
    if (text.empty()) return {};
    return fmt::format("# {}: {}\n", key, plain_line(text));
}

}  // namespace

std::string intensity_csv(const data::AnyHourlySeries& series) {
    const data::HourlySource& source = data::source_of(series);
    std::string out = "# abate hourly intensity 1\n";
    out += remark("zone", source.zone);
    out += remark("signal", data::to_string(data::signal_of(series)));
    out += remark("basis", data::to_string(data::basis_of(series)));
    out += remark("source", source.source);
    out += remark("licence", source.licence);
    out += remark("method", source.method);
    out += "hour,g_per_kwh,low_g_per_kwh,high_g_per_kwh,estimated\n";
    const data::HourlyValues& values = data::values_of(series);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const data::HourValue& hour = values.hours()[i];
        const std::string name = to_rfc3339(values.hour(i));
        // A gap is written as one, so that nobody takes it for a file that ends.
        if (!hour.known) {
            out += name + ",,,,\n";
            continue;
        }
        out += fmt::format(
            "{},{},{},{},{}\n", name, hour.value, hour.low, hour.high, hour.estimated ? 1 : 0);
    }
    return out;
}

}  // namespace abate::report
