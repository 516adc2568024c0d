// `lastgood help`: of a command, or of an error by its stable name (docs/errors.md, which is in the
// program).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastgood::cli {

// The names of all errors that are explained.
std::vector<std::string> help_topics();
// The text of one, without its heading; empty: there is none of that name.
std::string help_section(std::string_view name);

// The hint that stands behind an error: "see: lastgood help NAME"; empty without a name.
std::string see(std::string_view name);

}  // namespace lastgood::cli
