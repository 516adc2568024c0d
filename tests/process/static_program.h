// A program of libc's own package that is statically linked.
#pragma once

#include <unistd.h>

#include <string>

namespace lastgood::process {

// Empty: there is none. Ubuntu's ldconfig is a script before the real one.
inline std::string static_program() {
    for (const char* path : {"/sbin/ldconfig.real", "/sbin/ldconfig"}) {
        if (access(path, X_OK) == 0) return path;
    }
    return "";
}

}  // namespace lastgood::process
