// What the receiver needs to know, handed to it over its channel and never by argv or environment.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/network.h"
#include "lastgood/config/config.h"
#include "lastgood/forge/delivery.h"

namespace lastgood::receiver {

struct HookApp {
    AppName app;
    config::Provider provider = config::Provider::github;
    std::vector<std::string> secrets;
    std::vector<Network> allow_from{};  // empty: from everywhere
};

// `POST /hooks`, for every app whose repository and branch match. Without secrets there is none.
struct SharedHook {
    config::Provider provider = config::Provider::github;
    std::vector<std::string> secrets;
};

struct DoorSettings {
    std::vector<Network> trusted_proxies;
    std::vector<Network> allow_from;                                     // empty: from everywhere
    int bad_requests_per_minute = limits::kBadRequestsPerMinuteDefault;  // of one sender; 0: any
};

struct TlsFiles {
    std::string certificate_pem;  // both empty: plain HTTP
    std::string key_pem;
};

struct HookSettings {
    std::vector<HookApp> apps;
    SharedHook shared{};
    DoorSettings door{};
    TlsFiles tls{};
    std::uint64_t max_body = limits::kBodyBytesMaxDefault;
    Millis answer_max = limits::kJournalAnswerMax;  // the daemon's time for a delivery; then 503
};

// One delivery whose signature was right.
struct Incoming {
    std::optional<AppName> app;       // none: of the shared hook
    forge::Delivery delivery;         // at most kRefsPerDeliveryMax updates
    std::string sender;               // its IP address
    std::size_t updates_dropped = 0;  // beyond kRefsPerDeliveryMax
};

// A sender's question, signed as its deliveries are: what became of one of them?
struct StatusQuestion {
    AppName app;
    std::string delivery;
};

// What the sender is told.
struct Answer {
    int status = 503;
    std::string body_json;
    // When set, nothing else counts: the answer isn't known yet. It is called once, and has its
    // argument called there once, later and not from inside.
    std::function<void(std::function<void(Answer)>)> later{};
};

}  // namespace lastgood::receiver
