// Reads lastgood.yaml into a Config, or says every fault in it at once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

struct Fault {
    std::string file;  // as it was given
    int line = 1;      // 1-based, as the column, which counts bytes
    int column = 1;
    std::string message;                     // what is wrong and how to mend it
    [[nodiscard]] std::string text() const;  // FILE:LINE:COLUMN: message
};

// Either a config and no fault, or faults (in the order of the file) and no config.
struct Loaded {
    std::optional<Config> config;
    std::vector<Fault> faults;
};

// What the file's meaning depends on beside its text.
struct Environment {
    std::function<std::optional<std::string>(const std::string& name)> variable;
    // The whole file; called with absolute paths only.
    std::function<Expected<std::string>(const std::string& path)> read_secret_file;
    // Nobody but its owner may read the config file (mode 0600 or stricter).
    bool file_is_private = false;
    // What the two above give in place of what they can't read; no rule of a value is asked of it.
    std::string stand_in{};
    // What a relative config path is relative to.
    std::string current_folder = "/";
};

Loaded parse(const std::string& path, std::string_view yaml, const Environment& environment);

// From disk, with the process's own environment. Blocks for as long as the disk does.
Loaded load(const std::string& path);

}  // namespace lastgood::config
