// What this machine is called.
#pragma once

#include <unistd.h>

#include <array>
#include <string>

namespace lastgood::daemon {

inline std::string machine_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return {};
    return name.data();
}

}  // namespace lastgood::daemon
