// A client's copy of the keys, kept by a watch.
#pragma once

#include "sim_fleet/etcd.h"

namespace lastgood::sim_fleet {

inline constexpr const char* kElectionKey = "election/controller";

struct Copy {
    core::FleetView view = {};
    int life = -1;
    std::string elected = {};  // who is controller, with the create revision of its key
    Revision elected_created = 0;

    void list(const Etcd& etcd);
    // Up to that revision; lists again where the changes are gone.
    void follow(const Etcd& etcd, Revision until);

  private:
    void apply(const std::string& key, const Entry* entry);
    void apply_app(core::FleetApp& app, std::string_view rest, const Entry* entry);
};

}  // namespace lastgood::sim_fleet
