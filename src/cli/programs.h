// The programs that commands of the config need, and where they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/config/config.h"

namespace lastgood::cli {

// What a service has in PATH when nobody sets another one: systemd's, and cron's with sbin.
inline constexpr const char* kServicePath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The program that a command begins with; nothing where only a shell could tell.
std::optional<std::string> program_of(const config::Command& command);

// Those of each part of a shell's line that is surely run by name: `[ -d x ] || npm ci` has npm.
// By a path they are not looked for.
std::vector<std::string> named_programs(const config::Command& command);

bool is_program(const std::string& path);

// In one of the folders, as PATH has them; empty: in none.
std::string find_program(const std::string& name, std::string_view folders);

// $PATH of this process.
std::string own_path();

// "apt install bundler" for what Debian has under another name or the same; for people.
std::string how_to_install(std::string_view program);

}  // namespace lastgood::cli
