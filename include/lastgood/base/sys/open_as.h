// Opens a file with another user's rights.
#pragma once

#include <string>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/spawn.h"

namespace lastgood::sys {

// For reading; a regular file only, and never waits for a pipe's other end. Root takes `who`'s
// rights for as long as the call takes (setfsuid(2)); for a process of one thread, because groups
// are the whole process's. Another user opens with its own rights: it has no others.
Expected<Fd> open_as(const Identity& who, const std::string& path);

// The same with our own rights, and through no link: what the absolute `path` says is what is
// opened, also where others may write.
Expected<Fd> open_through_no_link(const std::string& path);

}  // namespace lastgood::sys
