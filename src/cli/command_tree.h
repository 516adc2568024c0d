// The commands and their options as plain values, read from CLI11's own tree: what completion and
// the man pages are made of, so that they can't tell of another program than this one.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lastgood::cli {

struct OptionInfo {
    std::vector<std::string> names;  // "-n", "--json"; of a positional its one name
    std::string value;               // "FILE"; empty: it takes none
    std::string about;
    bool required = false;
    bool many = false;
};

struct CommandInfo {
    std::string name;
    std::string about;
    std::vector<OptionInfo> options;
    std::vector<OptionInfo> positionals;
    std::vector<CommandInfo> commands;
};

// Without what is hidden.
CommandInfo tree_of(const CLI::App& program);

std::string tree_json(const CommandInfo& tree);

}  // namespace lastgood::cli
