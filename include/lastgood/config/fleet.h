// Many machines that follow one wish, by way of etcd.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/core/fleet_view.h"
#include "lastgood/core/rollout.h"

namespace lastgood::config {

struct Fleet {
    std::vector<std::string> endpoints;  // of one etcd cluster: "https://10.0.0.1:2379"
    std::string ca_file{};               // path; empty: the system's authorities
    std::string cert_file{};             // path; both or none
    std::string key_file{};
    std::string user{};      // of etcd; empty: none
    std::string password{};  // a secret
    std::string group = "default";
    std::optional<core::HostName> host{};  // this one's name in the group; none: the machine's
    std::map<std::string, std::string> labels{};
    core::RolloutSettings rollout{};  // of the group, while this host is its controller
};

// The name of a group, a label or its value: 1 to kFleetNameBytesMax of A-Z a-z 0-9 . _ -, and
// begins with a letter or digit.
bool is_fleet_name(std::string_view name);

}  // namespace lastgood::config
