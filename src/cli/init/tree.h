// The files of a project as `detect` sees them: their names, and the text of those that tell
// something. Made from a checkout, or by a test.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/git/checkout.h"

namespace lastgood::cli::planning {

struct TreeFile {
    std::string text;  // empty where nobody looks at it
    bool executable = false;
};

struct Tree {
    std::map<std::string, TreeFile> files;  // by path

    [[nodiscard]] bool has(const std::string& path) const { return files.contains(path); }
    // Empty when it isn't there.
    [[nodiscard]] const std::string& text(const std::string& path) const;
    // The first of these that is there; empty: none.
    [[nodiscard]] std::string first_of(std::initializer_list<const char*> paths) const;
    // The paths that end so, in order; of at most so many folders deep.
    [[nodiscard]] std::vector<std::string> ending(std::string_view with, int depth_max = 8) const;
    // All text of files that end so: for words that tell what a program can do.
    [[nodiscard]] bool any_has(std::string_view ending, std::string_view word) const;
};

// Reads what tells something. Links are not followed, and not too much is read.
Tree read_tree(const std::string& folder, const std::vector<git::CheckoutFile>& files);

}  // namespace lastgood::cli::planning
