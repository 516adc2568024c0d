// Keeps the mirrors small, in the background and never beside a deployment, and knows their sizes.
// On the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/site.h"
#include "lastgood/git/session.h"

namespace lastgood::daemon {

class Housekeeper {
  public:
    // Is an app at work whose mirror this really is?
    using IsBusy = std::function<bool(const std::string& mirror)>;

    Housekeeper(Site& site, IsBusy is_busy) : site_(site), is_busy_(std::move(is_busy)) {}

    // A mirror that several apps share is added by each; it is looked after once.
    void add(git::Remote remote);
    // A deployment begins with this mirror: what goes on is ended and comes again later.
    void make_way(const git::Remote& remote);
    void stop() { mirrors_.clear(); }

    [[nodiscard]] std::uint64_t bytes(const git::Remote& remote) const;  // 0: not known yet

  private:
    struct Mirror {
        git::Remote remote;
        std::unique_ptr<git::Session> session;
        sys::EventLoop::Timer timer;
        std::uint64_t bytes = 0;
    };
    void begin(Mirror& mirror);
    void schedule(Mirror& mirror, Millis after);

    Site& site_;
    IsBusy is_busy_;
    std::map<std::string, Mirror> mirrors_;  // by their real path
};

}  // namespace lastgood::daemon
