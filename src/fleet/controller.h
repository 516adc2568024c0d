// The group's controller while this host is it: keeps a view of the whole group, has core/rollout.h
// decide, and carries its transactions out. On the loop's thread.
//
// One transaction after the other; the next decision is made on a view that has seen the last one,
// also where nobody knows whether it was done.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "fleet/caller.h"
#include "fleet/keeper.h"
#include "lastgood/fleet/channel.h"

namespace lastgood::fleet {

class Controller {
  public:
    struct Callbacks {  // none may destroy the controller
        std::function<core::Controllership()> controllership;
        std::function<void()> step_down;
        std::function<void(std::uint64_t seq, const core::FleetQuestion&)> ask;
        std::function<void(const core::FleetNotice&)> notice;
        std::function<void(config::LogLevel, const std::string& app, const std::string& text)> log;
        std::function<void()> looked;  // the view may have changed
    };
    // The caller, which is for its view, outlives this.
    Controller(sys::EventLoop& loop, Caller& caller, EtcdSettings settings,
               const AgentSettings& agent, Callbacks callbacks);

    // Each keep-alive.
    void probe() { keeper_.probe(); }
    void answer(const FactsTold& told);
    [[nodiscard]] const core::FleetView& view() const { return keeper_.group().view(); }
    // Null: it isn't known yet.
    [[nodiscard]] const GroupView* group() const {
        return keeper_.listed() ? &keeper_.group() : nullptr;
    }

  private:
    void look_soon();
    void look();
    void carry_out();
    void carried_out(const core::FleetTransaction& transaction, Result<TxnAnswer> result);
    void find_revision();
    void find_revision_later();
    void tell_waits(const std::map<AppName, std::string>& waits);
    [[nodiscard]] TxnAsk ask_of(const core::FleetTransaction& transaction) const;

    sys::EventLoop& loop_;
    Caller calls_;  // its own way: never behind what this host asks as a member
    core::FleetSettings settings_;
    const Callbacks callbacks_;
    core::ControllerMemory memory_;
    std::deque<core::FleetTransaction> waiting_;
    bool busy_ = false;        // a transaction is out, or its end is being found out
    Revision not_before_ = 0;  // the view has to get there first
    std::uint64_t questions_ = 0;
    std::map<std::uint64_t, core::FleetQuestion> asked_;
    std::map<AppName, std::string> waits_;
    Instant looked_at_{};
    int failures_ = 0;
    sys::EventLoop::Timer soon_;
    sys::EventLoop::Timer again_;
    sys::EventLoop::Timer retry_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    Keeper keeper_;  // last: it calls
};

}  // namespace lastgood::fleet
