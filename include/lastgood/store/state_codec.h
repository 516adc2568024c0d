// The machine's state as JSON for the journal and back. What has tables of its own (good releases,
// quarantine) and what means nothing after a restart (Instants) is left out.
#pragma once

#include <string>

#include "lastgood/base/error.h"
#include "lastgood/core/app_state.h"

namespace lastgood::store {

std::string encode_state(const core::AppState& state);
Expected<core::AppState> decode_state(const std::string& text);

}  // namespace lastgood::store
