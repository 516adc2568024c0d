#include "lastgood/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace lastgood {

// Alone in its file: the simulation has one of its own.
void assert_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "lastgood: bug: assertion failed: %s (%s:%d)\n", expression, file, line);
    std::fflush(stderr);
    std::abort();
}

}  // namespace lastgood
