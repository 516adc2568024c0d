// What `lastgood doctor` wants to know of a remote and a mirror, without changing either.
#pragma once

#include <string>
#include <vector>

#include "lastgood/base/finding.h"
#include "lastgood/git/session.h"

namespace lastgood::git {

// `remote.mirror` is an empty folder for what the questions bring; `mirror` is the real one.
std::vector<Finding> examine(const Remote& remote, const std::string& mirror);

// What this version of libgit2 can't do as a transport, for people.
std::string limits_of_libgit2(int major, int minor);

}  // namespace lastgood::git
