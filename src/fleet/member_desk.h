// This host as a member of its group: follows core/fleet_member.h for each app, keeps what that
// wants to be remembered, and writes how the apps are here below hosts/HOST. On the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "fleet/caller.h"
#include "fleet/daemon_link.h"
#include "fleet/keeper.h"
#include "fleet/lease.h"
#include "fleet/memory.h"

namespace lastgood::fleet {

class MemberDesk {
  public:
    struct Parts {  // all outlive the desk
        sys::EventLoop& loop;
        Caller& caller;
        const AgentSettings& settings;
        Keeper& keeper;
        Lease& lease;
        AgentMemory& memory;
        DaemonLink& link;
    };
    explicit MemberDesk(Parts parts) : parts_(parts) {}

    void take(LocalNews news);
    // Something of the view, the lease or the time has changed.
    void look();
    // The lease is another one: everything is written again.
    void write_anew();
    // Held, and a view that isn't old.
    [[nodiscard]] bool current() const;

    // What a host watches of its group.
    static std::vector<KeyRange> ranges(const AgentSettings& settings);

  private:
    void decide(const AppName& app, const core::MemberLocal& local);
    [[nodiscard]] core::MemberView view_of(const AppName& app) const;
    bool remember(const AppName& app, const core::MemberMemory& memory);
    void publish();
    void published(std::map<std::string, std::string> values, Result<TxnAnswer> result);
    [[nodiscard]] std::map<std::string, std::string> wanted() const;
    void look_when_old();
    void write_later(Millis delay);

    Parts parts_;
    std::map<AppName, core::MemberLocal> locals_;
    std::map<AppName, std::string> reports_;        // encoded
    std::map<std::string, std::string> published_;  // key → value, that etcd has
    bool publishing_ = false;
    bool owed_ = false;
    bool created_ = false;  // hosts/HOST is there, with our lease
    int failures_ = 0;
    std::string told_;
    sys::EventLoop::Timer retry_;
    sys::EventLoop::Timer old_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::fleet
