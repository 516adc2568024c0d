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
#include "fleet/patience.h"

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
    // `salt` spreads what many hosts do for the same reason.
    MemberDesk(Parts parts, std::uint64_t salt) : parts_(parts), salt_(salt) {}

    void take(LocalNews news);
    // Something of the view, the lease or the time has changed.
    void look();
    // The lease is another one: everything is written again.
    void write_anew();
    // The keys may be other ones than were written: etcd's data went back, maybe.
    void was_listed();
    // Held, and a view that isn't old.
    [[nodiscard]] bool current() const;

    // What a host watches of its group.
    static std::vector<KeyRange> ranges(const AgentSettings& settings);

  private:
    void decide(const AppName& app, const core::MemberLocal& local);
    [[nodiscard]] core::MemberView view_of(const AppName& app) const;
    bool remember(const AppName& app, const core::MemberMemory& memory);
    void look_when_old();
    [[nodiscard]] std::string own_key() const;
    [[nodiscard]] std::map<std::string, std::string> wanted() const;
    [[nodiscard]] bool is_of_config(const std::string& key) const;
    [[nodiscard]] TxnAsk difference() const;
    [[nodiscard]] std::optional<Patience> patience_of(const TxnAsk& ask) const;
    bool can_wait(const TxnAsk& ask);
    void publish();
    void publish_later(Millis delay);
    using Then = void (MemberDesk::*)(const TxnAsk& ask, const TxnAnswer& answer);
    void send(TxnAsk ask, Then then);  // or not_written()
    void published(const TxnAsk& ask, const TxnAnswer& answer);
    void not_written(const Failure& why);
    void read_written();
    void was_read(const TxnAsk& ask, const TxnAnswer& answer);
    void forget_written();

    // A key below hosts/HOST as etcd has it.
    struct Written {
        std::string value;
        Revision modified = 0;  // 0: it isn't there
        LeaseId lease = 0;
    };

    Parts parts_;
    std::uint64_t salt_;
    std::map<AppName, core::MemberLocal> locals_;
    std::map<AppName, std::string> reports_;  // encoded
    std::map<std::string, Written> written_;  // all of this host's keys, where synced
    bool synced_ = false;
    bool fresh_ = true;           // nothing was written since all keys were read
    std::optional<Instant> due_;  // what can wait is written then
    bool publishing_ = false;
    int failures_ = 0;
    std::string told_;
    sys::EventLoop::Timer retry_;
    sys::EventLoop::Timer later_;
    sys::EventLoop::Timer wait_;
    sys::EventLoop::Timer old_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lastgood::fleet
