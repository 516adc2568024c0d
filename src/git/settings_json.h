// A repository's settings as JSON, between processes and in the journal.
#pragma once

#include <nlohmann/json.hpp>

#include "lastgood/config/repository.h"

namespace lastgood::git {

nlohmann::json settings_json(const config::RepositorySettings& settings);
// Throws where it isn't what settings_json() makes.
config::RepositorySettings settings_value(const nlohmann::json& json);

}  // namespace lastgood::git
