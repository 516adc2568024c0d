// For `lastgood version`.
#pragma once

#include <string>

namespace lastgood::config {

std::string library_version();  // of yaml-cpp, as it is at run time where it can tell

}  // namespace lastgood::config
