#include "lastgood/supervise/app_runner.h"

#include <arpa/inet.h>

#include <array>

#include "lastgood/base/limits.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/process/slot_sockets.h"
#include "supervise/output_pipe.h"
#include "supervise/relay.h"
#include "supervise/slot_runner.h"

namespace lastgood::supervise {
namespace {

using process::SlotSockets;

class TwoSlotRunner : public AppRunner {
  public:
    TwoSlotRunner(sys::EventLoop& loop, sys::Reaper& reaper, RunnerConfig config, Listener listener,
                  std::optional<SlotSockets> sockets)
        : loop_(loop),
          config_(std::move(config)),
          listener_(std::move(listener)),
          sockets_(std::move(sockets)),
          log_(config_.log_file, {config_.log_bytes_max, config_.log_keep, config_.log_compress},
               &reaper) {
        SlotRunner::Shared shared{loop_,
                                  reaper,
                                  config_,
                                  log_,
                                  [this](auto news) { tell(std::move(news)); },
                                  [this](Slot) { update_relays(); }};
        for (const Slot slot : kSlots) {
            slots_[index(slot)] = std::make_unique<SlotRunner>(
                shared, slot, [this, slot] { return probe_target(slot); });
            if (!sockets_) continue;
            relays_[index(slot)] =
                std::make_unique<Relay>(loop_, sockets_->fd(slot), sockets_->own_address());
        }
        update_relays();
    }

    void start(Slot slot, RunSpec spec) override {
        if (sockets_) {
            // What waits from an earlier run still goes to the other slot. After this the daemon
            // accepts nothing here: it must never answer the probe of the release that starts.
            Relay& relay = *relays_[index(slot)];
            relay.take_waiting();
            relay.set(false);
            had_users_[index(slot)] = sockets_->active() == slot;
        }
        slots_[index(slot)]->start(std::move(spec), sockets_ ? sockets_->fd(slot) : -1);
    }

    Expected<void> take_over(Slot slot, const LeftRun& left) override {
        if (auto taken = slots_[index(slot)]->take_over(left); !taken) return taken;
        had_users_[index(slot)] = true;
        update_relays();
        return {};
    }

    void forget_left() override {
        std::vector<RunId> kept;
        for (const Slot slot : kSlots) kept.push_back(info(slot).run);
        remove_stale_pipes(output_folder(config_.runtime_dir), config_.app, kept);
    }

    Expected<void> switch_to(Slot slot) override {
        if (!sockets_ || sockets_->active() == slot) return {};
        if (auto switched = sockets_->switch_to(slot); !switched) return switched;
        switched_at_ = BootClock::now();
        had_users_[index(slot)] = true;
        update_relays();
        return {};
    }

    void stop(Slot slot) override {
        SlotRunner& runner = *slots_[index(slot)];
        const bool drain = sockets_ && sockets_->active() != slot && had_users_[index(slot)];
        if (!drain) return runner.stop(Millis{0}, nullptr);
        const Millis since_switch = BootClock::now() - switched_at_;
        runner.stop(limits::kDrainMin - since_switch, [this, slot, &runner] {
            return sockets_->queue_length(slot) <= 0 &&
                   !runner.tree().holds_connections(sockets_->port());
        });
    }

    void stop_now(Slot slot) override { slots_[index(slot)]->stop(Millis{0}, nullptr); }

    void watch_health(Slot slot, bool on) override { slots_[index(slot)]->watch_health(on); }

    void set_rules(const config::Ready& ready, const config::Stop& stop,
                   const process::GroupLimits& limits) override {
        config_.ready = ready;
        config_.stop = stop;
        if (config_.limits == limits) return;
        config_.limits = limits;
        for (const auto& slot : slots_) slot->limit();
    }

    [[nodiscard]] const SlotSockets* sockets() const override {
        return sockets_ ? &*sockets_ : nullptr;
    }

    [[nodiscard]] SlotInfo info(Slot slot) const override { return slots_[index(slot)]->info(); }

  private:
    void tell(std::function<void(const Listener&)> news) {
        loop_.defer([this, news = std::move(news), alive = std::weak_ptr<bool>(alive_)] {
            // The listener may destroy the runner; its functions must live until they return.
            if (const auto kept = alive.lock()) news(Listener(listener_));
        });
    }

    void update_relays() {
        if (!sockets_) return;
        for (const Slot slot : kSlots) {
            relays_[index(slot)]->set(slots_[index(slot)]->empty() && sockets_->active() != slot);
        }
    }

    [[nodiscard]] ProbeTarget probe_target(Slot slot) const {
        const config::Ready& ready = slots_[index(slot)]->ready_rules();
        ProbeTarget target;
        target.path = ready.path;
        if (!ready.host.empty()) {
            const bool v4 = inet_pton(AF_INET, ready.host.c_str(), &target.to.v4.sin_addr) == 1;
            if (v4) {
                target.to.v4.sin_family = AF_INET;
                target.to.v4.sin_port = htons(ready.port);
            } else {
                target.to = {};
                inet_pton(AF_INET6, ready.host.c_str(), &target.to.v6.sin6_addr);
                target.to.v6.sin6_family = AF_INET6;
                target.to.v6.sin6_port = htons(ready.port);
            }
            target.host = v4 ? ready.host : "[" + ready.host + "]";
            target.host += ":" + std::to_string(ready.port);
            return target;
        }
        if (!sockets_) return target;  // open() refuses that
        target.to.v4 = sockets_->own_address();
        // The probe's own source leads to the slot without users, any other to the one with them.
        if (sockets_->active() != slot) target.from = sockets_->probe_source();
        char text[INET_ADDRSTRLEN] = "";
        inet_ntop(AF_INET, &target.to.v4.sin_addr, text, sizeof text);
        target.host = std::string(text) + ":" + std::to_string(sockets_->port());
        return target;
    }

    sys::EventLoop& loop_;
    RunnerConfig config_;
    Listener listener_;
    std::optional<SlotSockets> sockets_;
    logs::OutputLog log_;
    std::array<std::unique_ptr<SlotRunner>, 2> slots_;
    std::array<std::unique_ptr<Relay>, 2> relays_;
    std::array<bool, 2> had_users_{};
    Instant switched_at_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

Expected<std::unique_ptr<AppRunner>> AppRunner::open(sys::EventLoop& loop, sys::Reaper& reaper,
                                                     RunnerConfig config, Listener listener,
                                                     process::LeftSockets left) {
    std::optional<SlotSockets> sockets;
    if (config.listen) {
        auto opened = SlotSockets::open(*config.listen, config.probe_address, std::move(left));
        if (!opened) return opened.error();
        sockets = std::move(*opened);
    } else if (config.ready.kind == config::Ready::Kind::http && config.ready.host.empty()) {
        return Error{"app " + config.app.str() + ": `ready.http` with a path needs `listen`",
                     "set `listen`, or give `ready.http` a full http:// URL"};
    }
    if (auto made = sys::make_directories(output_folder(config.runtime_dir), 0711); !made) {
        return made.error();
    }
    process::adopt_orphans();
    return std::unique_ptr<AppRunner>(std::make_unique<TwoSlotRunner>(
        loop, reaper, std::move(config), std::move(listener), std::move(sockets)));
}

}  // namespace lastgood::supervise
