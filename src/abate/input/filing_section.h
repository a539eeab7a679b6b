// The [filing] section of an inventory. Inside `input` only; the door is parse_filing.
#pragma once

#include "abate/footprint/footprint.h"
#include "abate/input/toml_reader.h"

namespace abate::input {

// Reads root's [filing] into `out`; what is wrong becomes the reader's error.
void read_filing(Reader& reader, const toml::table& root, footprint::FilingStatement& out);

}  // namespace abate::input
