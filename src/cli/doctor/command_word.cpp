// The program that a command begins with.
#include <algorithm>
#include <cctype>
#include <iterator>

#include "cli/doctor/judge.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::diagnosis {
namespace {

// What a shell does itself: no program has to be there for it.
constexpr std::string_view kShells[] = {
    ".",     "[",      "{",      "!",    ":",     "case",  "cd",     "command", "echo",
    "eval",  "export", "false",  "for",  "if",    "kill",  "printf", "pwd",     "read",
    "set",   "shift",  "source", "test", "time",  "trap",  "true",   "type",    "ulimit",
    "umask", "unset",  "until",  "wait", "while", "alias", "local"};

bool is_assignment(std::string_view word) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    return std::all_of(
        word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals),
        [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

}  // namespace

std::optional<std::string> program_of(const config::Command& command) {
    if (command.argv.empty()) return std::nullopt;
    const bool shell = command.argv.size() == 3 && command.argv[0] == "/bin/sh" &&
                       command.argv[1] == "-c" && command.argv[2] == command.text;
    if (!shell) return command.argv.front();
    for (const std::string& line : split(command.text, '\n')) {
        for (const std::string& word : split(line, ' ')) {
            if (word.empty() || word == "exec" || word == "env") continue;
            // What is quoted may hold blanks: then a word isn't one.
            if (word.find_first_of("$`\"'\\();&|<>*?[]{}~#\t") != std::string::npos) {
                return std::nullopt;
            }
            if (is_assignment(word)) continue;
            if (word.starts_with('-')) return std::nullopt;  // of env
            if (std::find(std::begin(kShells), std::end(kShells), word) != std::end(kShells)) {
                return std::nullopt;
            }
            return word;
        }
    }
    return std::nullopt;
}

}  // namespace lastgood::cli::diagnosis
