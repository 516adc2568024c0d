// An open directory for readdir(); closed with it. Null: it could not be opened, and errno says
// why.
#pragma once

#include <dirent.h>

#include <memory>

namespace lastgood::sys {

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

}  // namespace lastgood::sys
