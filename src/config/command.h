// Commands: a string for the shell, or a list that is executed as it is.
#pragma once

#include <vector>

#include "config/section.h"

namespace lastgood::config {

// One command: a string, or a list of strings.
void read_command(const Section& section, std::string_view key, Command& into);

// A string, or a list of commands.
void read_commands(const Section& section, std::string_view key, std::vector<Command>& into);

}  // namespace lastgood::config
