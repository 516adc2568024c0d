// The shells' side of completion, and what they ask for each time.
#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.h"
#include "cli/context.h"

namespace lastgood::cli {

// The scripts call `lastgood complete-words -- WORD…`.
constexpr const char* kCompleteWords = "complete-words";

// Prints a candidate a line, with a tab and its meaning; ":file" and ":dir" stand for those. Says
// nothing of what fails, and doesn't wait for a daemon that is busy.
int complete_words(const CommandInfo& program, const std::vector<std::string>& words);

// `shell`: bash, zsh or fish.
int completion_script(const std::string& shell);

}  // namespace lastgood::cli
