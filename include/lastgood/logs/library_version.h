// For `lastgood version`.
#pragma once

#include <string>

namespace lastgood::logs {

std::string library_version();  // of spdlog, as it is at run time where it can tell

}  // namespace lastgood::logs
