// What a checkout tells of itself: where it came from, its branch, and the files that git knows in
// it. Only read, whoever owns it; nothing of its configuration is executed.
#pragma once

#include <string>
#include <vector>

#include "lastgood/base/error.h"

namespace lastgood::git {

struct CheckoutFile {
    std::string path;  // from the folder that was asked for
    bool executable = false;
};

struct Checkout {
    std::string top;                  // absolute, of the working tree
    std::string root = ".";           // the folder that was asked for, inside `top`
    std::string branch;               // empty: none is checked out
    std::string origin;               // the address of the remote `origin`; empty: there is none
    bool has_commit = false;          // a repository may be empty
    std::vector<CheckoutFile> files;  // below the folder; what git doesn't know is not deployed
};

Expected<Checkout> look_at_checkout(const std::string& folder);

}  // namespace lastgood::git
