// Any bytes as a job table: the first byte says CSV or JSON lines and how large the chunks are. An error or rows whose numbers can
// be, and the same rows wherever the text is cut.
#include "abate/core/assert.h"
#include "abate/input/jobs.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace abate;
using namespace abate::input;

namespace {

struct Rows {
    std::vector<std::string> texts;
    std::vector<std::uint64_t> lines;
    std::size_t bad = 0;
};

void check_numbers(const footprint::Job& job) {
    for (const double number : {job.energy_kwh,
                                job.pue,
                                job.chips,
                                job.hours,
                                job.power_w,
                                job.market_gco2e_per_kwh,
                                job.tokens,
                                job.params_active})
        ABATE_ASSERT(std::isnan(number) || (std::isfinite(number) && number >= 0));
}

Rows read_all(const JobTable& table, std::string_view text, std::size_t chunk_bytes) {
    Rows out;
    JobBatch batch;
    std::uint64_t line = 0;
    std::size_t room = chunk_bytes;
    while (!text.empty()) {
        const bool last = room >= text.size();
        const std::size_t size = whole_rows(
            text.substr(0, room), table.format, {.most_rows = chunk_bytes / 8 + 1, .last = last});
        ABATE_ASSERT(size <= text.size() && (size > 0 || !last));
        if (size == 0) {
            room *= 2;
            continue;
        }
        parse_jobs(table, text.substr(0, size), false, batch);
        for (const JobRow& row : batch.rows) {
            check_numbers(row.job);
            if (table.format == JobFormat::csv)
                ABATE_ASSERT(job_cells(table, row.text).value().size() == table.names.size());
            out.texts.emplace_back(row.text);
            out.lines.push_back(line + row.line);
        }
        ABATE_ASSERT(batch.bad.size() <= batch.bad_rows);
        out.bad += batch.bad_rows;
        line += batch.lines;
        if (batch.broken) break;
        text.remove_prefix(size);
        room = chunk_bytes;
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const JobFormat format = data[0] % 2 == 0 ? JobFormat::csv : JobFormat::json_lines;
    const std::size_t cut_bytes = std::size_t{data[0]} / 2 + 1;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Result<JobTable> table = parse_job_header(text, format);
    if (!table) return 0;
    const std::string_view rows = text.substr(header_size(text, format));
    const Rows uncut = read_all(*table, rows, rows.size() + 1);
    const Rows cut_up = read_all(*table, rows, cut_bytes);
    ABATE_ASSERT(uncut.texts == cut_up.texts);
    ABATE_ASSERT(uncut.lines == cut_up.lines);
    ABATE_ASSERT(uncut.bad == cut_up.bad);
    return 0;
}
