#include "cli/doctor/topic.h"

#include <array>
#include <utility>

namespace lastgood::cli::diagnosis {
namespace {

using Named = std::pair<std::string_view, std::string_view>;
constexpr std::array kTopics = {
    Named{"config", "LG-config"},
    Named{"disk", "LG-disk"},
    Named{"clock", "LG-clock"},
    Named{"daemon", "LG-no-daemon"},
    Named{"journal", "LG-not-recorded"},
    Named{"secret", "LG-secret"},
    Named{"admin token", "LG-secret"},
    Named{"read token", "LG-secret"},
    Named{"certificate", "LG-certificate"},
    Named{"port", "LG-port"},
    Named{"host key", "LG-host-key"},
    Named{"known hosts", "LG-host-key"},
    Named{"ssh key", "LG-login-refused"},
    Named{"token", "LG-login-refused"},
    Named{"login", "LG-login-refused"},
    Named{"remote", "LG-fetch-failed"},
    Named{"branch", "LG-commit-missing"},
    Named{"tags", "LG-commit-missing"},
    Named{"exact commits", "LG-exact-commits"},
    Named{"verify", "LG-not-signed"},
    Named{"mirror", "LG-mirror"},
};

}  // namespace

std::string_view topic_of(std::string_view check) {
    for (const auto& [name, topic] : kTopics) {
        if (name == check) return topic;
    }
    return {};
}

}  // namespace lastgood::cli::diagnosis
