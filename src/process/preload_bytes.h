// The shared object of src/preload/, as built; its source is made by cmake/Embed.cmake.
#pragma once

#include <cstddef>

namespace lastgood::process {

extern const unsigned char kPreloadBytes[];
extern const std::size_t kPreloadBytesCount;

}  // namespace lastgood::process
