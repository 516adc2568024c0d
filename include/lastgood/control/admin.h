// What admin.listen serves by. The listening socket is the daemon's to make.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lastgood/base/network.h"
#include "lastgood/http/tls.h"

namespace lastgood::control {

struct AdminSettings {
    std::vector<std::string> tokens;              // for everything; never empty
    std::vector<std::string> read_tokens;         // for looking; one that is in both is for looking
    std::shared_ptr<const http::TlsContext> tls;  // null: plain HTTP
    std::vector<Network> trusted_proxies;         // their X-Forwarded-For is believed
};

}  // namespace lastgood::control
