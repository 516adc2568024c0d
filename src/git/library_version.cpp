#include "lastgood/git/library_version.h"

#include <git2.h>

namespace lastgood::git {

std::string library_version() {
    int major = 0;
    int minor = 0;
    int patch = 0;
    git_libgit2_version(&major, &minor, &patch);
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

}  // namespace lastgood::git
