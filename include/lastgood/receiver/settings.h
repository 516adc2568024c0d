// What the receiver needs to know, handed to it over its channel and never by argv or environment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/base/limits.h"
#include "lastgood/config/config.h"
#include "lastgood/forge/delivery.h"

namespace lastgood::receiver {

struct HookApp {
    AppName app;
    config::Provider provider = config::Provider::github;
    std::vector<std::string> secrets;
};

struct HookSettings {
    std::vector<HookApp> apps;
    std::uint64_t max_body = limits::kBodyBytesMaxDefault;
    Millis answer_max = limits::kJournalAnswerMax;  // the daemon's time for a delivery; then 503
};

// One delivery whose signature was right.
struct Incoming {
    AppName app;
    forge::Delivery delivery;         // at most kRefsPerDeliveryMax updates
    std::string peer;                 // the sender's IP address
    std::size_t updates_dropped = 0;  // beyond kRefsPerDeliveryMax
};

// What the sender is told.
struct Answer {
    int status = 503;
    std::string body_json;
};

}  // namespace lastgood::receiver
