#include "lastgood/fleet/agent.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include <cstdio>
#include <optional>

#include "fleet/controller.h"
#include "fleet/daemon_link.h"
#include "fleet/election.h"
#include "fleet/group_desk.h"
#include "fleet/member_desk.h"
#include "fleet/orders.h"
#include "lastgood/base/sys/idle_pages.h"

namespace lastgood::fleet {
namespace {

using config::LogLevel;

constexpr int kChannelFd = 3;
constexpr Millis kCountEvery{1'000};   // the group's apps, where something was decided
constexpr Millis kFarewellMax{1'000};  // for the next controller not to wait for a lease to end

std::uint64_t salt_of(const AgentSettings& settings) {
    return std::hash<std::string>{}(settings.fleet.host->str() + settings.fleet.group) ^
           static_cast<std::uint64_t>(wall_now().time_since_epoch().count());
}

EtcdSettings etcd_of(const AgentSettings& settings, std::uint64_t salt) {
    const config::Fleet& fleet = settings.fleet;
    return {.endpoints = fleet.endpoints,
            .ca_file = fleet.ca_file,
            .cert_file = fleet.cert_file,
            .key_file = fleet.key_file,
            .user = fleet.user,
            .password = fleet.password,
            .salt = salt};
}

class Agent {
  public:
    Agent(sys::EventLoop& loop, sys::Fd channel, AgentSettings settings, AgentMemory memory)
        : loop_(loop),
          settings_(std::move(settings)),
          memory_(std::move(memory)),
          salt_(salt_of(settings_)),
          link_(loop, std::move(channel)),
          calls_(loop, etcd_of(settings_, salt_), "fleet-calls"),
          leases_(loop, etcd_of(settings_, salt_ + 1), "fleet-lease"),
          keeper_(loop, leases_, etcd_of(settings_, salt_ + 2), group_prefix(settings_.fleet.group),
                  MemberDesk::ranges(settings_),
                  {[this] { changed(); }, [this](const Error& why) { trouble(why); }}),
          lease_(loop, leases_, limits::kFleetLease, limits::kFleetKeepAliveEvery, memory_.lease,
                 salt_ + 3,
                 {[this] { lease_is_new(); }, [this] { lease_is_lost(); },
                  [this](const Failure& why) { trouble(why.error); }, [this] { kept(); }}),
          member_({loop, calls_, settings_, keeper_, lease_, memory_, link_}),
          orders_(loop, calls_, group_prefix(settings_.fleet.group),
                  [this](const Proposed& proposed) { link_.send(proposed); }),
          group_desk_(calls_, link_, settings_),
          election_(loop, leases_, keeper_, settings_.fleet.host->str(), salt_ + 4,
                    {[this] { lead(); }, [this] { follow(); },
                     [this](const Error& why) { trouble(why); }}) {}

    void run() {
        watch_signals();
        link_.begin([this](ToAgent message) { take(std::move(message)); }, [this] { end(); });
        tell_state();
        loop_.run();
    }

  private:
    void watch_signals() {
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &mask, nullptr);
        signal_fd_ = sys::Fd(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
        signal_watch_ = loop_.watch(signal_fd_.get(), EPOLLIN, [this](std::uint32_t) {
            signal_watch_.reset();
            end();
        });
    }

    void take(ToAgent message) {
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
    void lease_is_new() {
        memory_.lease = lease_.id();
        if (auto saved = save_memory(settings_.folder, memory_); !saved) {
            link_.log(LogLevel::warn, {}, saved.error().text());
        }
        trouble_.clear();
        member_.write_anew();
        changed();
    }
    void lease_is_lost() {
        link_.log(LogLevel::warn, {}, "etcd has ended this host's lease: it was away for too long");
        changed();
    }
    void kept() {
        keeper_.probe();
        if (controller_) controller_->probe();
        if (member_.current()) trouble_.clear();
        // The view is as old as the last look: what waits for it looks again.
        changed();
    }
    void trouble(const Error& why) {
        if (why.text() != std::exchange(trouble_, why.text())) {
            link_.log(LogLevel::warn, {}, why.text());
        }
        tell_state();
    }
    void changed() {
        if (looking_) return;
        looking_ = true;
        // Not from inside of what called, and once for all that has changed.
        loop_.defer([this] {
            looking_ = false;
            member_.look();
            election_.look(member_.current() && !ending_);
            tell_state();
        });
    }

    // ---- the controller
    void lead() {
        link_.log(LogLevel::info, {}, "this host is the group's controller now");
        loop_.defer([this] {
            if (!election_.won() || controller_) return;
            make_controller();
            tell_state();
        });
    }
    void make_controller() {
        controller_ = std::make_unique<Controller>(
            loop_, calls_, etcd_of(settings_, salt_ + 5), settings_,
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
    void follow() {
        link_.log(LogLevel::info, {}, "this host is not the group's controller any more");
        loop_.defer([this] {
            controller_.reset();
            changed();
        });
    }
    void count_soon() {
        if (counting_) return;
        counting_ = loop_.after(kCountEvery, [this] {
            counting_.reset();
            tell_state();
        });
    }
    void tell(const core::FleetNotice& notice) {
        const bool bad =
            notice.kind == core::FleetNews::halted || notice.kind == core::FleetNews::restored;
        const bool odd =
            notice.kind == core::FleetNews::host_failed || notice.kind == core::FleetNews::waits;
        link_.log(bad   ? LogLevel::error
                  : odd ? LogLevel::warn
                        : LogLevel::info,
                  notice.app.str(), notice.text);
    }

    void tell_state() {
        AgentState state;
        state.connected = member_.current();
        state.controls = controller_ != nullptr;
        if (const auto& controller = keeper_.group().controller()) {
            state.controller = controller->value;
        }
        if (controller_) {
            state.hosts = static_cast<std::int64_t>(controller_->view().hosts.size());
            // Not at each of a wave's changes.
            if (!counting_) counts_ = count_apps(controller_->view());
            state.apps = counts_;
        }
        if (!state.connected) state.trouble = trouble_;
        if (told_ && *told_ == state) return;
        told_ = state;
        link_.send(state);
    }

    // Else the host's lease stays: the next agent goes on with it.
    enum class Leaving { no, yes };
    void end(Leaving leaving = Leaving::no) {
        if (std::exchange(ending_, true)) return;
        controller_.reset();
        if (!election_.won() && leaving == Leaving::no) return loop_.stop();
        if (election_.won()) election_.step_down();
        if (leaving == Leaving::yes) give_back_lease();
        leases_.call([](Etcd&) { return Mailbox::Letter(); });
        leases_.call([this](Etcd&) { return [this] { loop_.stop(); }; });
        farewell_ = loop_.after(kFarewellMax, [this] { loop_.stop(); });
    }

    void give_back_lease() {
        lease_.revoke();
        memory_.lease = 0;
        if (auto saved = save_memory(settings_.folder, memory_); !saved) {
            link_.log(LogLevel::warn, {}, saved.error().text());
        }
    }

    sys::EventLoop& loop_;
    const AgentSettings settings_;
    AgentMemory memory_;
    const std::uint64_t salt_;
    std::string trouble_;
    std::optional<AgentState> told_;
    bool looking_ = false;
    bool ending_ = false;
    sys::Fd signal_fd_;
    sys::EventLoop::Watch signal_watch_;
    sys::EventLoop::Timer farewell_;
    sys::EventLoop::Timer counting_;
    std::vector<AppCount> counts_;
    DaemonLink link_;
    Caller calls_;   // transactions and lists of the controller, one after the other
    Caller leases_;  // keep-alives and what is asked with them: never behind a slow transaction
    Keeper keeper_;
    Lease lease_;
    MemberDesk member_;
    Orders orders_;
    GroupDesk group_desk_;
    Election election_;
    std::unique_ptr<Controller> controller_;
};

Expected<AgentSettings> wait_for_settings(int channel) {
    pollfd polled{channel, POLLIN, 0};
    while (poll(&polled, 1, -1) < 0 && errno == EINTR) {
    }
    sys::MessageBuffer buffer;
    if (buffer.receive(channel) != sys::Received::message) {
        return Error{"no settings came", "it is started by the daemon, not by hand"};
    }
    auto message = decode_to_agent(buffer.text());
    if (!message) return message.error();
    auto* settings = std::get_if<AgentSettings>(&*message);
    if (settings == nullptr) return Error{"the first message is not the settings", ""};
    return std::move(*settings);
}

}  // namespace

int agent_main() {
    prctl(PR_SET_DUMPABLE, 0);  // it holds a password
    signal(SIGPIPE, SIG_IGN);
    sys::Fd channel(kChannelFd);
    auto settings = wait_for_settings(channel.get());
    if (!settings) {
        std::fprintf(stderr, "lastgood fleet-agent: %s\n", settings.error().text().c_str());
        return 1;
    }
    auto memory = load_memory(settings->folder);
    if (!memory) {
        // Without it this host would follow what it had left behind.
        std::fprintf(stderr, "lastgood fleet-agent: %s\n", memory.error().text().c_str());
        return 1;
    }
    sys::let_go_of_idle_pages();
    sys::EventLoop loop;
    const auto agent =
        std::make_unique<Agent>(loop, std::move(channel), *std::move(settings), *std::move(memory));
    agent->run();
    return 0;
}

}  // namespace lastgood::fleet
