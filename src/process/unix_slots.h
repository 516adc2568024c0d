// The sockets of the two slots beside the path of a unix socket that users connect to.
#pragma once

#include <string>
#include <unordered_set>

#include "lastgood/base/error.h"
#include "lastgood/base/ids.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::process::unix_slots {

std::string path_of(const std::string& path, Slot slot);

// Listens on the slot's own path; what an ended daemon left there goes. Whoever gets to the folder
// may connect. Fails where somebody else listens on `path`, or where that is no socket.
Expected<sys::Fd> open(const std::string& path, Slot slot);

// Users of `path` get to this slot from now on.
Expected<void> point(const std::string& path, Slot slot);

// Inodes of the connections that were made to a path.
std::unordered_set<std::uint64_t> connections(const std::string& path);

// `path` and both slots' own.
void remove(const std::string& path);

}  // namespace lastgood::process::unix_slots
