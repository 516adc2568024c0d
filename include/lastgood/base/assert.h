// Asserts that stay on in release builds: they are about our own mistakes, never about input.
#pragma once

namespace lastgood {
[[noreturn]] void assert_failed(const char* expression, const char* file, int line);
}  // namespace lastgood

#define LG_ASSERT(expression)            \
    ((expression) ? static_cast<void>(0) \
                  : ::lastgood::assert_failed(#expression, __FILE__, __LINE__))
