// Secrets: made, and compared without telling by the time it takes how much of one was right.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lastgood {

// Of the kernel's generator: `bytes` of them, as hex.
std::string random_hex(std::size_t bytes);

// The time depends on the lengths alone.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace lastgood
