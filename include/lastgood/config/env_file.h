// The file that `env_file` names: NAME=VALUE lines, as compose and dotenv read them.
#pragma once

#include <map>
#include <string>

#include "lastgood/base/error.h"

namespace lastgood::config {

using Variables = std::map<std::string, std::string>;

// Comments (also behind a value), blank lines, `export` and quotes; nothing is put in for a $NAME.
// The Error names the line.
Expected<Variables> parse_env_file(const std::string& path, const std::string& content);

Expected<Variables> read_env_file(const std::string& path);

}  // namespace lastgood::config
