// Many machines that follow one wish, by way of etcd.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/time.h"

namespace lastgood::config {

// How many hosts may be taken at once: a count, or a share of those that are there.
struct HostShare {
    int amount = 10;
    bool percent = true;
    bool operator==(const HostShare&) const = default;
};

struct FleetRollout {
    HostShare max_unavailable{};  // hosts that may be without their release, or on trial, at once
    int canary = 1;               // hosts that go first, alone; 0: none
    Millis canary_soak = std::chrono::minutes(2);  // after their own probation
    int max_failures = 1;                          // hosts; so many, and the rollout halts
};

enum class OnHalt { rollback, hold };

struct Fleet {
    std::vector<std::string> endpoints;  // of one etcd cluster: "https://10.0.0.1:2379"
    std::string ca_file{};               // path; empty: the system's authorities
    std::string cert_file{};             // path; both or none
    std::string key_file{};
    std::string user{};      // of etcd; empty: none
    std::string password{};  // a secret
    std::string group = "default";
    std::string host{};  // this one's name in the group; empty: the machine's
    std::map<std::string, std::string> labels{};
    FleetRollout rollout{};
    OnHalt on_halt = OnHalt::rollback;
};

// A name in the fleet is part of keys: 1 to kFleetNameBytesMax of A-Z a-z 0-9 . _ -, and begins
// with a letter or digit.
bool is_fleet_name(std::string_view name);

}  // namespace lastgood::config
