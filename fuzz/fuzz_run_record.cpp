// Any bytes as a run record: an error or a record, never a crash; what is read must be written and
// read again the same, and every writer must be able to print it.
#include "abate/input/input.h"
#include "abate/report/report.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)abate::input::parse_header_layers(text);
    const auto record = abate::input::parse_run_record(text);
    if (!record) return 0;
    const std::string written = abate::report::run_record_json(*record, -1);
    const auto again = abate::input::parse_run_record(written);
    if (!again || *again != *record) std::abort();
    const std::vector<abate::RunRecord> records{*record, *record};
    (void)abate::report::run_summary(*record, {.color = true, .columns = 80});
    (void)abate::report::show_text(*record, true, false);
    (void)abate::report::runs_table(records, false);
    (void)abate::report::runs_csv(records);
    (void)abate::report::codecarbon_csv(records);
    (void)abate::report::model_card_yaml(records);
    (void)abate::report::cite_text(records);
    return 0;
}
