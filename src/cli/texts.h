// Files of this repository that are in the program, as they were when it was built
// (cmake/Texts.cmake).
#pragma once

namespace lastgood::cli {

extern const char kErrorsText[];  // docs/errors.md
extern const char kBashCompletion[];
extern const char kZshCompletion[];
extern const char kFishCompletion[];

}  // namespace lastgood::cli
