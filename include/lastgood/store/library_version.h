// For `lastgood version`.
#pragma once

#include <string>

namespace lastgood::store {

std::string library_version();  // of SQLite, as it is at run time where it can tell

}  // namespace lastgood::store
