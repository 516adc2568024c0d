// A commit's status and its record, told to the forge step by step.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "lastgood/notify/parcel.h"

namespace lastgood::notify {

// What makes one request; a Sent says why there is no answer.
using Exchange = std::function<std::variant<forge::ApiAnswer, core::Sent>(
    const forge::ApiRequest& request, const std::string& ca_file)>;

core::Sent tell_forge(const ForgeParcel& parcel, const Exchange& exchange, WallTime now);

}  // namespace lastgood::notify
