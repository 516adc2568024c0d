// Landlock: no file, no TCP connection, no signal to others, as far as this kernel knows it.
#pragma once

#include <string>

namespace lastgood::receiver {

// For this thread and those it makes. Needs no_new_privs. Empty when it holds; else why not.
std::string give_up_files();

}  // namespace lastgood::receiver
