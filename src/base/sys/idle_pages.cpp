#include "lastgood/base/sys/idle_pages.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace lastgood::sys {
namespace {

struct Mapping {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    bool clean = false;  // of a file, not to be written, and as it is in the file
};

// Relocated pages are private copies, also where they are read-only by now: those are no more in
// any file.
std::vector<Mapping> mappings() {
    std::vector<Mapping> found;
    std::ifstream smaps("/proc/self/smaps");
    std::string line;
    while (std::getline(smaps, line)) {
        unsigned long begin = 0;
        unsigned long end = 0;
        char rights[5] = "";
        unsigned long anonymous = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) == 3) {
            const bool of_file = line.find(" /") != std::string::npos;
            found.push_back({begin, end, of_file && rights[1] == '-' && rights[3] == 'p'});
        } else if (std::sscanf(line.c_str(), "Anonymous: %lu kB", &anonymous) == 1) {
            if (anonymous != 0 && !found.empty()) found.back().clean = false;
        }
    }
    return found;
}

}  // namespace

void let_go_of_idle_pages() {
    malloc_trim(0);
    for (const Mapping& mapping : mappings()) {
        if (!mapping.clean) continue;
        madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, MADV_DONTNEED);
    }
}

}  // namespace lastgood::sys
