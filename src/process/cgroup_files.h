// The files of a cgroup. What isn't there reads as empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastgood::process::cgroup_files {

std::string read(const std::string& group, const char* file);
bool write(const std::string& group, const char* file, std::string_view text);
// Names of the groups right below.
std::vector<std::string> children(const std::string& group);
// Of a file of "KEY NUMBER" lines.
std::optional<std::uint64_t> value_of(std::string_view text, std::string_view key);

}  // namespace lastgood::process::cgroup_files
