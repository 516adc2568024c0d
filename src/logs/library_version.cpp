#include "lastgood/logs/library_version.h"

#include <spdlog/version.h>

namespace lastgood::logs {

std::string library_version() {
    return std::to_string(SPDLOG_VER_MAJOR) + "." + std::to_string(SPDLOG_VER_MINOR) + "." +
           std::to_string(SPDLOG_VER_PATCH);
}

}  // namespace lastgood::logs
