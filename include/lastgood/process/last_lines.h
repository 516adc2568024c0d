// The end of what a step printed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastgood::process {

// The last kTailLines lines, as they are; none of an empty text.
std::vector<std::string> last_lines(std::string_view text);

}  // namespace lastgood::process
