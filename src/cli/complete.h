// What may stand where the cursor is: for the shells' completion. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.h"

namespace lastgood::cli {

struct Candidate {
    std::string word;
    std::string about;
};

// What else may stand there, that only the daemon or the disk knows.
enum class Wanted {
    app,
    deployment,
    commit,
    good_commit,
    quarantined,
    delivery,
    topic,
    file,
    folder
};

struct Completion {
    std::vector<Candidate> candidates;  // known by the tree
    std::vector<Wanted> wanted;
    std::string app;     // that the words before name; empty: none
    std::string config;  // the value of --config before; empty: none
};

// `words` stand behind the program's name; the last one is being typed and may be empty.
// Candidates are those that begin with it.
Completion complete(const CommandInfo& program, const std::vector<std::string>& words);

}  // namespace lastgood::cli
