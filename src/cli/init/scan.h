// Small readers of foreign files: enough to tell what is meant in the usual case, never a fault.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastgood::cli::planning {

// Whether the word stands in it, with no letter, digit, _ or - beside it; case doesn't count.
bool has_word(std::string_view text, std::string_view word);

// The port that a program's text binds, as far as it tells: a number after `port`, `listen` or a
// colon. 0: none. Ports of databases are none.
int port_in(std::string_view text);

// The loopback address that a program's text binds, where it says so: in the arguments of what
// listens, directly or by a name that was given it above, or as an option of a command. "127.0.0.1"
// or "::1"; empty: another one, or none that is known.
std::string loopback_in(std::string_view text);

// "/healthz", "/health" … where the text has such a path in quotes; else "/".
std::string health_path_in(std::string_view text);

// The text after KEY in [SECTION], without its quotes; empty: none, or no plain text.
std::string toml_text(std::string_view toml, std::string_view section, std::string_view key);

// Of a Makefile: whether it has the target, and the lines below it.
struct Recipe {
    bool there = false;
    std::vector<std::string> lines;
};
Recipe make_recipe(std::string_view makefile, std::string_view target);
std::string make_variable(std::string_view makefile, std::string_view name);

// One command of plain words, $NAME among them: what `exec` may stand before.
bool is_plain_command(std::string_view command);

std::vector<std::string> words_of(std::string_view text);

// The identifier before the first `= MARK` that begins a line; empty: none.
std::string assigned_name(std::string_view text, std::string_view mark);

// Letters, digits and -_.+ alone, and no option: safe as a word of a command.
bool is_plain_name(std::string_view name);

}  // namespace lastgood::cli::planning
