// A line without the layout that it was printed with.
#pragma once

#include <string>
#include <string_view>

namespace lastgood {

// Blanks in a row as one, none at the ends: "\ta \t b" is "a b".
std::string squeezed(std::string_view text);

}  // namespace lastgood
