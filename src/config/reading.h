// What all parts of one reading share: whose file it is, and the faults found so far.
#pragma once

#include <string>
#include <vector>

#include "config/yaml.h"
#include "lastgood/base/strings.h"
#include "lastgood/config/load.h"

namespace lastgood::config {

struct Reading {
    std::string file;    // as it was given, for faults
    std::string folder;  // absolute; relative paths of the config are relative to it
    const Environment& environment;
    std::vector<Fault> faults;
    std::vector<NamedFile> files{};

    // Names and paths of the file are in messages, so they are made fit for a terminal here.
    void fault(Mark mark, const std::string& message) {
        faults.push_back({file, mark.line, mark.column, printable(message)});
    }
    // Absolute and without "." and "..".
    [[nodiscard]] std::string absolute(const std::string& path) const;
};

// ${NAME} and ${NAME:-default} in each scalar of the tree; "$${" stands for a plain "${". What the
// environment puts in is a value and never YAML.
void expand_variables(Reading& reading, YamlNode& node);

}  // namespace lastgood::config
