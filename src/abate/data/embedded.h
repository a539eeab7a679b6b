// The reference tables as they lie inside the program: whole CSV files, put there by the assembler.
//
//     for (const EmbeddedFile& file : embedded_files()) ...   // {"core", "cpus", "name,cores,..."}
#pragma once

#include <span>
#include <string_view>

namespace abate::data {

struct EmbeddedFile {
    std::string_view pack;  // "core", "odbl", "ccbysa"
    std::string_view name;  // of the file, without ".csv"
    std::string_view text;
};

// Every file under data/, in a fixed order. Costs nothing: no byte of them is read.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files();

// One of them; empty text when there is none.
[[nodiscard]] std::string_view embedded_text(std::string_view pack, std::string_view name);

}  // namespace abate::data
