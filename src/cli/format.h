// Values as people read them in tables.
#pragma once

#include <string>
#include <string_view>

#include "lastgood/base/time.h"

namespace lastgood::cli {

std::string short_commit(std::string_view commit);  // 7 digits; "-" for none
std::string or_dash(std::string_view text);         // printable; "-" for none
// "just now", "40s ago", "3m ago", "2h ago", "5d ago"; the date when a month or older.
std::string age(WallTime then, WallTime now);
// The first line, printable, with an ellipsis when there are more.
std::string first_line(std::string_view text);

}  // namespace lastgood::cli
