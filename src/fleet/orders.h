// Proposals on their way into etcd: each is created once, however often it is tried. On the loop's
// thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "fleet/caller.h"
#include "lastgood/fleet/channel.h"

namespace lastgood::fleet {

class Orders {
  public:
    // All outlive this.
    Orders(sys::EventLoop& loop, Caller& caller, std::string prefix,
           std::function<void(const Proposed&)> reply);

    void propose(const ProposeAsk& ask);

  private:
    void write(const ProposeAsk& ask, Instant until, int tries);
    void written(const ProposeAsk& ask, Instant until, int tries, Result<TxnAnswer> result);

    sys::EventLoop& loop_;
    Caller& caller_;
    const std::string prefix_;
    const std::function<void(const Proposed&)> reply_;
    std::map<std::uint64_t, sys::EventLoop::Timer> retries_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::fleet
