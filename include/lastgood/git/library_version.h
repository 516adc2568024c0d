// For `lastgood version`.
#pragma once

#include <string>

namespace lastgood::git {

std::string library_version();  // of libgit2, as it is at run time where it can tell

}  // namespace lastgood::git
