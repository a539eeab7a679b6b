// A service class: work of one kind, counted in one unit (text in UTF-8 bytes, images in pixels, sound and film in seconds), with one
// reference FLOP per unit and one benchmark. Numbers are those of the scheme's published table, never zero.
#pragma once

#include <cstdint>

namespace abate::scheme {

enum class ServiceClassId : std::uint32_t {};

}  // namespace abate::scheme
