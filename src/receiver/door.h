// The receiver's doorkeeper: who the sender is behind trusted proxies, whether its network is let
// in, and whether it has sent too much rubbish.
#pragma once

#include <functional>

#include "lastgood/http/bad_senders.h"
#include "lastgood/http/doorkeeper.h"
#include "lastgood/receiver/settings.h"

namespace lastgood::receiver {

class Door final : public http::Doorkeeper {
  public:
    using Log = std::function<void(const std::string& text)>;
    explicit Door(Log log) : log_(std::move(log)) {}

    void update(DoorSettings settings);

    bool speaks_for_many(const std::string& peer) override;
    std::string client_of(const std::string& peer, const Headers& headers) override;
    std::optional<http::Refusal> admit(const std::string& client, std::string_view path) override;
    void answered(const std::string& client, int status) override;

  private:
    DoorSettings settings_;
    http::BadSenders bad_;
    Log log_;
    Instant told_{};  // of somebody who was turned away
};

}  // namespace lastgood::receiver
