// The daemon's side of webhooks: the receiver's socket, its settings, and the files behind those
// (secrets, certificate and key), which are read again when they change.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/passed_sockets.h"
#include "daemon/site.h"
#include "lastgood/base/sys/file_watch.h"
#include "lastgood/receiver/host.h"

namespace lastgood::daemon {

class FrontDoor {
  public:
    FrontDoor(Site& site, std::vector<PassedSocket> passed)
        : site_(site), passed_(std::move(passed)) {}

    // Only where the config has a receiver.
    Expected<void> open(receiver::HostCallbacks callbacks);
    // Reads the config's webhook settings and the files that it names again. What can't be used is
    // told, and what was before stays.
    void reload();
    // The same, of a config that was read.
    void apply(const config::Config& config);
    void stop(std::function<void()> stopped);
    [[nodiscard]] bool is_open() const { return host_ != nullptr; }
    // Where it listens, for people.
    [[nodiscard]] std::string place() const { return place_; }
    // The receiver's socket; -1: there is none.
    [[nodiscard]] int socket() const { return host_ ? host_->listening() : -1; }

  private:
    Expected<sys::Fd> take_socket();
    Expected<receiver::HookSettings> settings_of(const config::Config& config);
    void watch_files(const config::Config& config);

    Site& site_;
    std::vector<PassedSocket> passed_;
    std::string place_;
    std::string certificate_;  // that is served, for people
    std::unique_ptr<receiver::ReceiverHost> host_;
    std::unique_ptr<sys::FileWatch> files_;
};

}  // namespace lastgood::daemon
