// etcd through its JSON gateway (HTTP/1.1), one or several endpoints of one cluster.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/limits.h"
#include "lastgood/fleet/etcd.h"
#include "lastgood/fleet/etcd_place.h"

namespace lastgood::fleet {

struct EtcdSettings {
    std::vector<std::string> endpoints;  // "https://10.0.0.1:2379"; never empty
    std::string ca_file{};               // of the authorities; empty: the system's
    std::string cert_file{};             // both or none: this side's certificate
    std::string key_file{};
    std::string user{};  // empty: none. By password always: the gateway takes nobody's name from a
                         // certificate
    std::string password{};
    std::uint64_t salt = 0;              // where among the endpoints it begins, if it has no place
    std::shared_ptr<EtcdPlace> place{};  // shared with other clients of this host
    Millis time_max = limits::kEtcdTimeMax;
    int cancel_fd = -1;  // when readable, every call ends soon
};

// An Error: an endpoint is no http(s) address. Connects when it is first asked something; files are
// read for each connection, so that renewed certificates count.
Expected<std::unique_ptr<Etcd>> make_etcd(EtcdSettings settings);

}  // namespace lastgood::fleet
