#include "lastgood/config/config.h"

#include <algorithm>

namespace lastgood::config {

std::string ListenAddress::text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string_view to_string(Provider provider) {
    switch (provider) {
        case Provider::github:
            return "github";
        case Provider::gitlab:
            return "gitlab";
        case Provider::gitlab_token:
            return "gitlab-token";
    }
    return "";
}

const App* Config::find(const AppName& name) const {
    const auto found = std::find_if(apps.begin(), apps.end(),
                                    [&name](const App& app) { return app.name == name; });
    return found == apps.end() ? nullptr : &*found;
}

}  // namespace lastgood::config
