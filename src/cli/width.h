// How wide text is on a terminal, and cutting it there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lastgood::cli {

// Columns of UTF-8 text: a wide character takes two, a combining one none. Colours (escape
// sequences of the form ESC [ … m) take none.
std::size_t display_width(std::string_view text);
// At most `width` columns; what is cut ends in an ellipsis. Colours in it stay whole, and are
// ended.
std::string cut_to(std::string_view text, std::size_t width);

}  // namespace lastgood::cli
