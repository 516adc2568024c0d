// Keeps a view of some ranges of a group's keys: a list, then a watch from there on, for ever.
//
// A quiet watch is no proof of quiet: a member that hangs says nothing and breaks nothing. So
// whoever owns this tells it of each keep-alive, and it probes with those that are due: what is new
// is asked for by way of the majority, and a watch that doesn't tell of it in time is opened anew
// elsewhere. On the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fleet/caller.h"
#include "fleet/known_keys.h"
#include "lastgood/base/limits.h"
#include "lastgood/fleet/group_view.h"

namespace lastgood::fleet {

// Of a view that is older nothing new is begun. A probe comes with every second keep-alive, and one
// may get no answer.
constexpr Millis kViewAgeMax = limits::kFleetKeepAliveEvery * 3 + Millis(1'000);

struct KeyRange {
    std::string key;         // without the group's prefix
    bool all_below = false;  // all that begin with it
    static KeyRange below(const std::string& prefix) { return {prefix, true}; }
};

class Keeper {
  public:
    struct Callbacks {  // none may destroy the keeper
        std::function<void()> on_change;
        std::function<void(const Error&)> on_trouble;  // once for each kind of it in a row
        std::function<void()> on_listed = {};
    };
    // How many there are of such keepers: many don't come back all at once.
    enum class Kind { one_of_many, alone };
    // The caller outlives this; `settings` are for watches, which have clients of their own. They
    // have the place of the caller's.
    Keeper(sys::EventLoop& loop, Caller& caller, EtcdSettings settings, std::string prefix,
           const std::vector<KeyRange>& ranges, Kind kind, Callbacks callbacks);
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    [[nodiscard]] const GroupView& group() const { return group_; }
    [[nodiscard]] bool listed() const { return listed_; }
    // The view is not older than that. 0: nothing is known of that.
    [[nodiscard]] Instant current_at() const { return current_at_; }
    [[nodiscard]] bool current(Instant now) const {
        return listed_ && current_at_ != Instant{} && now - current_at_ <= kViewAgeMax;
    }
    // Asks for the store's revision and what is new in the ranges, and sees to it that the view
    // gets there. A watch at an endpoint that this host has left is opened anew.
    void probe();
    // With each keep-alive, which took so long: every second one probes, for a probe costs etcd
    // more than all else that a quiet host asks; but each of them in trouble, or where a host has
    // the controller's view.
    void kept(Millis took);
    static bool is_due(Kind kind, Instant now, Instant current_at, Millis took);

  private:
    void list();
    void listed(Instant asked_at, std::vector<RangeAnswer> answers);
    void watch();
    void take(WatchNews news);
    void ended(const WatchEnd& end);
    void follow_place();
    void again(void (Keeper::*what)(), const Error& why);
    void probed(Instant asked_at, Revision revision_before, std::uint64_t news_before,
                const TxnAnswer& answer);
    void was_silent();
    void tell(const Error& trouble);
    void put(const KeyValue& kv);

    sys::EventLoop& loop_;
    Caller& caller_;
    EtcdSettings settings_;
    GroupView group_;
    KnownKeys known_;
    const Kind kind_;
    const Callbacks callbacks_;
    std::unique_ptr<Watcher> watcher_;
    std::uint64_t watched_at_ = 0;  // the place
    bool listed_ = false;
    int failures_ = 0;
    Instant current_at_{};
    std::uint64_t told_ = 0;  // news so far
    bool probing_ = false;
    std::string trouble_;
    sys::EventLoop::Timer retry_;
    sys::EventLoop::Timer grace_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::fleet
