// The system calls that the receiver may still make, by seccomp.
#pragma once

#include <string>

namespace lastgood::receiver {

// For all threads of this process, for ever. Empty when it holds; else why not.
std::string allow_own_syscalls_only();

}  // namespace lastgood::receiver
