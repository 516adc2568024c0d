// For `lastgood version`.
#pragma once

#include <string>

namespace lastgood::forge {

std::string library_version();  // of OpenSSL, as it is at run time where it can tell

}  // namespace lastgood::forge
