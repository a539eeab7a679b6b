// The reader of one-run files on any bytes; what it accepts can be written and read again.
#include "abate/store/run_file.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto run = abate::store::read_run_file(bytes);
    if (!run) return 0;
    const auto again = abate::store::read_run_file(abate::store::write_run_file(*run));
    if (!again || *again != *run) std::abort();
    return 0;
}
