// `adopt: preload`: a program that binds its port by itself gets the slot's socket all the same.
//
// A shared object of ours goes before it by LD_PRELOAD and answers its bind(2) (src/preload/). So
// the program has to be one that the dynamic linker loads, and that asks libc to bind: of any other
// that can be told before the start, the reason is told then.
#pragma once

#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/process/process_tree.h"

namespace lastgood::process {

// The numbers that the slot's sockets have in every process of the app, from here on. Above 16,
// where libuv's marking of inherited descriptors as close-on-exec has stopped; not above what
// take_listening_socket looks at.
constexpr int kPreloadFd = 24;
constexpr int kPreloadSocketsMax = 8;

// The shared object's file in `folder`, for everybody to read; written where it isn't as we have
// it. Not meant for the runtime directory: nothing of /run may be executed on many machines.
Expected<std::string> preload_object(const std::string& folder);

// Has the program of `spawn` preloaded with that file and given these sockets. The Error says why
// that can't be.
Expected<void> preload(sys::SpawnSpec& spawn, const std::vector<int>& listening,
                       const std::string& object);

// Did a process of it make this socket its own?
bool has_taken(const ProcessTree& tree, int listening);

}  // namespace lastgood::process
