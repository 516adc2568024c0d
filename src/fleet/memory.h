// What an agent keeps on this host over restarts: which lease may still be its own, and for each
// app what core/fleet_member.h wants to be remembered.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "lastgood/base/error.h"
#include "lastgood/core/fleet_member.h"

namespace lastgood::fleet {

struct AgentMemory {
    core::LeaseId lease = 0;
    std::map<AppName, core::MemberMemory> apps;
    bool operator==(const AgentMemory&) const = default;
};

std::string encode(const AgentMemory& memory);
Expected<AgentMemory> decode_memory(std::string_view json);

// The file in `folder`. None there is an empty memory.
Expected<AgentMemory> load_memory(const std::string& folder);
// Durable when it returns; the folder is made.
Expected<void> save_memory(const std::string& folder, const AgentMemory& memory);

}  // namespace lastgood::fleet
