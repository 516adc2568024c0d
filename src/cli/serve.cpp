#include <unistd.h>

#include <array>

#include "cli/exit_code.h"
#include "cli/verbs.h"
#include "lastgood/config/load.h"

namespace lastgood::cli {

std::string own_program() {
    std::array<char, 4096> path{};
    const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
    return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : "lastgood";
}

int serve(const Context& context, const Daemon& daemon) {
    const auto loaded = config::load(config_path(context));
    if (!loaded.config) {
        complain_of(loaded.faults);
        return kUsage;
    }
    return daemon.serve(*loaded.config, own_program());
}

}  // namespace lastgood::cli
