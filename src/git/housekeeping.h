// Keeps the mirror small and quick: every fetch leaves a pack or loose objects behind.
#pragma once

#include "lastgood/git/session.h"

namespace lastgood::git {

// `git gc --auto` under the mirror's lock, where git is installed; does nothing until there is
// enough to pack. Objects that no ref holds stay for two weeks. A failure is no one's trouble now:
// the next call tries again.
void pack_when_due(const Remote& remote);

}  // namespace lastgood::git
