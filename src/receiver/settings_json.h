// The receiver's settings as a message of the channel.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "lastgood/receiver/settings.h"

namespace lastgood::receiver {

nlohmann::json settings_json(const HookSettings& settings);
// Throws, as nlohmann does, where something isn't as settings_json() writes it.
HookSettings read_settings(const nlohmann::json& json);

AppName read_app(const nlohmann::json& json);

}  // namespace lastgood::receiver
