// One host: the app with its daemon, and the agent that talks to etcd; any of them may be
// controller. The member's rule and the controller's are the real ones.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sim_fleet/local_app.h"
#include "sim_fleet/view.h"

namespace lastgood::sim_fleet {

// Of one run.
struct Setup {
    AppName app;
    core::FleetSettings settings;
    Millis lease_ttl{10'000};
    Millis lease_margin{1'000};
    bool eager = false;  // controllers decide though an answer is missing
};

class Host {
  public:
    Host(Ground& ground, Etcd& etcd, Repository& repository, Witness& witness, const Setup& setup,
         int number, std::string zone);

    void boot();
    void die();
    void agent_dies();  // and is started again at once
    void cut_off(Millis time);
    void freeze(Millis time) { frozen_until_ = ground_.now() + time; }
    void etcd_changed();

    [[nodiscard]] const core::HostName& name() const { return name_; }
    [[nodiscard]] const std::string& zone() const { return zone_; }
    [[nodiscard]] bool alive() const { return alive_; }
    [[nodiscard]] bool reaches_etcd() const { return alive_ && ground_.now() >= cut_until_; }
    [[nodiscard]] bool is_controller() const { return controller_.has_value(); }
    [[nodiscard]] LocalApp& local() { return local_; }
    [[nodiscard]] const LocalApp& local() const { return local_; }
    [[nodiscard]] const core::MemberMemory& memory() const { return memory_; }

    struct Answer {
        enum class Kind { done, refused, unknown } kind = Kind::unknown;
        Revision revision = 0;
    };
    // Runs `work` at etcd, if it gets there, and `then` with its answer, if this agent still lives.
    void call(std::function<std::optional<Revision>()> work, std::function<void(Answer)> then);

  private:
    void later(Millis delay, std::function<void()> task);  // not after this agent's death
    void start_agent();
    void connect();
    void register_host();
    void check_registration();
    void list();
    void keep_alive();
    void lease_held(Instant sent);
    [[nodiscard]] bool is_current() const {
        return registered_ && listed_ && ground_.now() < held_until_;
    }
    void seen();  // the view is newer
    void take_part();
    void send_report(const core::HostApp& report);
    // ---- controller.cpp
    void campaign();
    void lead();
    void ask(const core::FleetQuestion& question);
    void send(const core::FleetTransaction& decided, Revision seen);
    void lead_again_at(Instant at);

    Ground& ground_;
    Etcd& etcd_;
    Repository& repository_;
    Witness& witness_;
    const Setup& setup_;
    int number_;
    core::HostName name_;
    std::string zone_;
    LocalApp local_;
    bool alive_ = false;
    Instant cut_until_;
    Instant frozen_until_;

    core::MemberMemory memory_;  // on disk

    // ---- of the agent's life
    std::uint64_t life_ = 0;
    LeaseId lease_ = 0;
    Instant held_until_;
    bool registered_ = false;
    bool connecting_ = false;
    bool listed_ = false;
    Copy copy_;
    bool delivery_pending_ = false;
    Revision kept_alive_at_ = 0;
    bool report_in_flight_ = false;
    Revision report_at_ = 0;
    bool taking_part_ = false;
    int copied_life_ = -1;

    bool campaigning_ = false;
    std::optional<Revision> controller_;  // its epoch
    core::ControllerMemory leading_;
    int in_flight_ = 0;
    Revision decided_at_ = 0;
    std::optional<Instant> again_;
    std::string waits_;
};

}  // namespace lastgood::sim_fleet
