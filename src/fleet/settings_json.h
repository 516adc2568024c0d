// The agent's settings as a message of its channel.
#pragma once

#include "fleet/fields.h"
#include "lastgood/fleet/channel.h"

namespace lastgood::fleet {

Json settings_json(const AgentSettings& settings);
AgentSettings settings_of(const Json& json);  // throws BadField

}  // namespace lastgood::fleet
