// Under which name docs/errors.md explains a check that is not OK.
#pragma once

#include <string_view>

namespace lastgood::cli::diagnosis {

// Empty: its mend says all there is to say.
std::string_view topic_of(std::string_view check);

}  // namespace lastgood::cli::diagnosis
