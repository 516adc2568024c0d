// Who of the group's hosts is its controller: whoever made the election key, as long as the lease
// lives that it is bound to. On the loop's thread.
//
// A host stands for it when the key is gone, after a pause of its own, so that not all of them do
// at once. Losing costs nothing: the next one goes on with what stands in etcd.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fleet/caller.h"
#include "fleet/keeper.h"
#include "fleet/lease.h"
#include "lastgood/core/rollout.h"

namespace lastgood::fleet {

class Election {
  public:
    struct Callbacks {  // none may destroy the election
        std::function<void()> on_won;
        std::function<void()> on_lost;
        std::function<void(const Error&)> on_trouble;
    };
    // `keeper` watches the election key. All outlive this.
    Election(sys::EventLoop& loop, Caller& caller, const Keeper& keeper, std::string host,
             std::uint64_t salt, Callbacks callbacks);

    // The view has changed. `may` stand: the host itself is well.
    void look(bool may);
    [[nodiscard]] bool won() const { return created_ != 0; }
    // While won.
    [[nodiscard]] core::Controllership controllership() const;
    // Gives it up, for another host.
    void step_down();

  private:
    void stand();
    void write();
    void written(LeaseId lease, Result<TxnAnswer> result);
    void was_won(Revision created);
    void end();

    sys::EventLoop& loop_;
    Caller& caller_;
    const Keeper& keeper_;
    const std::string host_;
    const std::string key_;  // in full
    std::uint64_t salt_;
    const Callbacks callbacks_;
    std::unique_ptr<Lease> lease_;  // while it stands or is the controller
    Revision created_ = 0;
    bool writing_ = false;
    int failures_ = 0;
    Instant not_before_{};
    sys::EventLoop::Timer pause_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::fleet
