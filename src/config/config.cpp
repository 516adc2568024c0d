#include "lastgood/config/config.h"

#include <algorithm>

namespace lastgood::config {

std::string how_to_write_secret(const std::string& path, const std::string& user) {
    return "openssl rand -hex 32 | sudo install -D -m 0600 -o " + user + " /dev/stdin " + path;
}

std::string ListenAddress::text() const {
    if (is_unix()) return "unix:" + path;
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

const App* Config::find(const AppName& name) const {
    const auto found = std::find_if(apps.begin(), apps.end(),
                                    [&name](const App& app) { return app.name == name; });
    return found == apps.end() ? nullptr : &*found;
}

}  // namespace lastgood::config
