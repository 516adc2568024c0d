// The public HTTP interface: what each request is answered, after the front let it through.
//
// A stranger learns nothing: an app that doesn't exist is answered with the same bytes, after the
// same work, as a wrong signature. No byte of a body reaches the JSON parser before its signature
// was right.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "lastgood/http/message.h"
#include "receiver/daemon_link.h"

namespace lastgood::receiver {

class Hooks {
  public:
    Hooks(DaemonLink& link, HookSettings settings);

    // From any thread.
    http::Response answer(const http::Request& request);
    void update(HookSettings settings);

    struct Signer;

  private:
    struct Rules {
        HookSettings settings;
        std::string dummy_secret;
    };
    [[nodiscard]] std::shared_ptr<const Rules> rules();
    bool is_signed(const http::Request& request, const Signer& signer);
    http::Response record(const http::Request& request, const Signer& signer, Instant deadline);
    http::Response status(const http::Request& request, const AppName& app, Instant deadline);
    http::Response health(const http::Request& request);
    void log_refused(const http::Request& request, const std::string& why);

    DaemonLink& link_;
    std::mutex mutex_;
    std::shared_ptr<const Rules> rules_;
    Instant refused_logged_{};
    std::uint64_t refused_unlogged_ = 0;
};

}  // namespace lastgood::receiver
