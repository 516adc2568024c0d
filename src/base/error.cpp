#include "lastgood/base/error.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace lastgood {

void assert_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "lastgood: bug: assertion failed: %s (%s:%d)\n", expression, file, line);
    std::fflush(stderr);
    std::abort();
}

Error system_error(const std::string& what, int errno_value) {
    return Error{what + ": " + std::generic_category().message(errno_value), {}};
}

}  // namespace lastgood
