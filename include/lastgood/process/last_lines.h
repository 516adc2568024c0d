// The end of what a step printed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastgood::process {

// The last kTailLines lines, as they are; none of an empty text.
std::vector<std::string> last_lines(std::string_view text);

// Last lines in one, for a reason that people read: "a | b".
std::string tail_text(std::vector<std::string> lines);
// "REASON. Its last output: a | b", or REASON alone.
std::string with_tail(const std::string& reason, const std::vector<std::string>& lines);

}  // namespace lastgood::process
