#include "fleet/host_agent.h"

#include "fleet/controller.h"

namespace lastgood::fleet {
namespace {

using config::LogLevel;

constexpr Millis kCountEvery{1'000};   // the group's apps, where something was decided
constexpr Millis kFarewellMax{1'000};  // for the next controller not to wait for a lease to end

std::uint64_t salt_of(const AgentSettings& settings) {
    return std::hash<std::string>{}(settings.fleet.host->str() + settings.fleet.group) ^
           static_cast<std::uint64_t>(wall_now().time_since_epoch().count());
}

EtcdSettings etcd_of(const AgentSettings& settings, std::uint64_t salt,
                     const std::shared_ptr<EtcdPlace>& place) {
    const config::Fleet& fleet = settings.fleet;
    return {.endpoints = fleet.endpoints,
            .ca_file = fleet.ca_file,
            .cert_file = fleet.cert_file,
            .key_file = fleet.key_file,
            .user = fleet.user,
            .password = fleet.password,
            .salt = salt,
            .place = place};
}

}  // namespace

HostAgent::HostAgent(sys::EventLoop& loop, sys::Fd channel, AgentSettings settings,
                     AgentMemory memory, Callbacks callbacks)
    : loop_(loop),
      settings_(std::move(settings)),
      callbacks_(std::move(callbacks)),
      memory_(std::move(memory)),
      salt_(salt_of(settings_)),
      place_(std::make_shared<EtcdPlace>(salt_)),
      link_(loop, std::move(channel)),
      calls_(loop, etcd_of(settings_, salt_, place_), "fleet-calls"),
      leases_(loop, etcd_of(settings_, salt_ + 1, place_), "fleet-lease"),
      keeper_(loop, leases_, etcd_of(settings_, salt_ + 2, place_),
              group_prefix(settings_.fleet.group), MemberDesk::ranges(settings_),
              Keeper::Kind::one_of_many,
              {[this] { changed(); }, [this](const Error& why) { trouble(why); },
               [this] { member_.was_listed(); }}),
      lease_(loop, leases_, limits::kFleetLease, limits::kFleetKeepAliveEvery, memory_.lease,
             salt_ + 3,
             {[this] { lease_is_new(); }, [this] { lease_is_lost(); },
              [this](const Failure& why) { trouble(why.error); },
              [this](Millis took) { kept(took); }}),
      member_({loop, calls_, settings_, keeper_, lease_, memory_, link_}, salt_ + 6),
      orders_(loop, calls_, group_prefix(settings_.fleet.group),
              [this](const Proposed& proposed) { link_.send(proposed); }),
      group_desk_(calls_, link_, settings_),
      election_(
          loop, leases_, keeper_, settings_.fleet.host->str(), salt_ + 4,
          {[this] { lead(); }, [this] { follow(); }, [this](const Error& why) { trouble(why); }}) {}

HostAgent::~HostAgent() = default;

void HostAgent::begin() {
    link_.begin([this](ToAgent message) { take(std::move(message)); }, [this] { end(); });
    tell_state();
}

void HostAgent::take(ToAgent message) {
    if (auto* news = std::get_if<LocalNews>(&message)) return member_.take(std::move(*news));
    if (const auto* ask = std::get_if<ProposeAsk>(&message)) return orders_.propose(*ask);
    if (std::holds_alternative<Leave>(message)) return end(Leaving::yes);
    if (const auto* ask = std::get_if<GroupAsk>(&message)) {
        return group_desk_.answer(*ask, controller_ ? controller_->group() : nullptr);
    }
    if (const auto* told = std::get_if<FactsTold>(&message); told && controller_) {
        controller_->answer(*told);
    }
}

// ---- the lease and the view
void HostAgent::lease_is_new() {
    memory_.lease = lease_.id();
    if (auto saved = save_memory(settings_.folder, memory_); !saved) {
        link_.log(LogLevel::warn, {}, saved.error().text());
    }
    trouble_.clear();
    member_.write_anew();
    changed();
}
void HostAgent::lease_is_lost() {
    link_.log(LogLevel::warn, {}, "etcd has ended this host's lease: it was away for too long");
    changed();
}
void HostAgent::kept(Millis took) {
    keeper_.kept(took);
    if (controller_) controller_->probe();
    if (member_.current()) trouble_.clear();
    // The view is as old as the last look: what waits for it looks again.
    changed();
}
void HostAgent::trouble(const Error& why) {
    if (why.text() != std::exchange(trouble_, why.text())) {
        link_.log(LogLevel::warn, {}, why.text());
    }
    tell_state();
}
void HostAgent::changed() {
    if (looking_) return;
    looking_ = true;
    // Not from inside of what called, and once for all that has changed.
    loop_.defer([this] {
        looking_ = false;
        member_.look();
        election_.look(member_.current() && !ending_);
        tell_state();
        if (callbacks_.on_look) callbacks_.on_look(keeper_.group().view());
    });
}

// ---- the controller
void HostAgent::lead() {
    link_.log(LogLevel::info, {}, "this host is the group's controller now");
    loop_.defer([this] {
        if (!election_.won() || controller_) return;
        make_controller();
        tell_state();
    });
}
void HostAgent::make_controller() {
    counts_.clear();
    controller_ = std::make_unique<Controller>(
        loop_, calls_, etcd_of(settings_, salt_ + 5, place_), settings_,
        Controller::Callbacks{// Lost, and not ended yet: it steps down.
                              [this] {
                                  return election_.won() ? election_.controllership()
                                                         : core::Controllership{};
                              },
                              [this] { loop_.defer([this] { election_.step_down(); }); },
                              [this](std::uint64_t seq, const core::FleetQuestion& question) {
                                  link_.send(FactsAsk{seq, question});
                              },
                              [this](const core::FleetNotice& notice) { tell(notice); },
                              [this](LogLevel level, const std::string& app,
                                     const std::string& text) { link_.log(level, app, text); },
                              [this] { count_soon(); }});
}
void HostAgent::follow() {
    link_.log(LogLevel::info, {}, "this host is not the group's controller any more");
    loop_.defer([this] {
        controller_.reset();
        changed();
    });
}
// Not at each of a wave's changes.
void HostAgent::count_soon() {
    if (counting_) return;
    counting_ = loop_.after(kCountEvery, [this] {
        counting_.reset();
        if (controller_) counts_ = count_apps(controller_->view());
        tell_state();
    });
}
void HostAgent::tell(const core::FleetNotice& notice) {
    const bool bad =
        notice.kind == core::FleetNews::halted || notice.kind == core::FleetNews::restored;
    const bool odd =
        notice.kind == core::FleetNews::host_failed || notice.kind == core::FleetNews::waits;
    link_.log(bad   ? LogLevel::error
              : odd ? LogLevel::warn
                    : LogLevel::info,
              notice.app.str(), notice.text);
}

void HostAgent::tell_state() {
    AgentState state;
    state.connected = member_.current();
    state.controls = controller_ != nullptr;
    if (const auto& controller = keeper_.group().controller()) {
        state.controller = controller->value;
    }
    if (controller_) {
        state.hosts = static_cast<std::int64_t>(controller_->view().hosts.size());
        state.apps = counts_;
    }
    if (!state.connected) state.trouble = trouble_;
    if (told_ && *told_ == state) return;
    told_ = state;
    link_.send(state);
}

void HostAgent::end(Leaving leaving) {
    if (std::exchange(ending_, true)) return;
    controller_.reset();
    if (!election_.won() && leaving == Leaving::no) return ended();
    if (election_.won()) election_.step_down();
    if (leaving == Leaving::yes) give_back_lease();
    leases_.call([](Etcd&) { return Mailbox::Letter(); });
    leases_.call([this](Etcd&) { return [this] { ended(); }; });
    farewell_ = loop_.after(kFarewellMax, [this] { ended(); });
}

void HostAgent::give_back_lease() {
    lease_.revoke();
    memory_.lease = 0;
    if (auto saved = save_memory(settings_.folder, memory_); !saved) {
        link_.log(LogLevel::warn, {}, saved.error().text());
    }
}

void HostAgent::ended() {
    if (!std::exchange(ended_, true)) callbacks_.on_end();
}

}  // namespace lastgood::fleet
