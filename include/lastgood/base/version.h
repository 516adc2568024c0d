// The version of this program.
#pragma once

namespace lastgood {

const char* program_version();

}  // namespace lastgood
