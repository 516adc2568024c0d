// One request and its answer, without looking at redirects.
#pragma once

#include <optional>

#include "lastgood/http/remote_client.h"

namespace lastgood::http {

RemoteResult exchange(const RemoteRequest& request, const std::optional<Proxy>& proxy,
                      const RemoteOptions& options);

}  // namespace lastgood::http
