// Names in trees that would leave the release's directory or reach into a .git: refused on every
// file system, as git does, whatever this one makes of them.
#pragma once

#include <string_view>

namespace lastgood::git {

// Why the entry's name is refused; empty when it is fine.
std::string_view hostile_name(std::string_view name);

}  // namespace lastgood::git
