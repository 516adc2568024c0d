// For `lastgood version`.
#pragma once

#include <string>

namespace lastgood::http {

std::string library_version();  // of cpp-httplib, as it is at run time where it can tell

}  // namespace lastgood::http
