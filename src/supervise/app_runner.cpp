#include "lastgood/supervise/app_runner.h"

#include <algorithm>
#include <array>
#include <vector>

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
                  std::vector<SlotSockets> sockets)
        : loop_(loop),
          config_(std::move(config)),
          listener_(std::move(listener)),
          sockets_(std::move(sockets)),
          log_(config_.log_file, config_.log_format,
               {config_.log_bytes_max, config_.log_keep, config_.log_compress}, &reaper) {
        if (config_.log_journald) {
            log_.copy_to(std::make_unique<logs::SystemJournal>(config_.app.str()));
        }
        SlotRunner::Shared shared{loop_,
                                  reaper,
                                  config_,
                                  log_,
                                  [this](auto news) { tell(std::move(news)); },
                                  [this](Slot) { update_relays(); }};
        for (const Slot slot : kSlots) {
            slots_[index(slot)] = std::make_unique<SlotRunner>(
                shared, slot, [this, slot] { return probe_target(slot); });
            for (const auto& pair : sockets_) {
                if (pair.has_one_queue()) continue;
                relays_[index(slot)].push_back(
                    std::make_unique<Relay>(loop_, pair.fd(slot), pair.own_address()));
            }
        }
        update_relays();
    }

    void start(Slot slot, RunSpec spec) override {
        // What waits from an earlier run still goes to the other slot. After this the daemon
        // accepts nothing here: it must never answer the probe of the release that starts.
        for (const auto& relay : relays_[index(slot)]) {
            relay->take_waiting();
            relay->set(false);
        }
        had_users_[index(slot)] = is_active(slot);
        slots_[index(slot)]->start(std::move(spec), sockets_);
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
        if (!has_slots() || is_active(slot)) return {};
        for (auto& sockets : sockets_) {
            if (auto switched = sockets.switch_to(slot); !switched) return switched;
        }
        users_in_ = slot;
        switched_at_ = BootClock::now();
        had_users_[index(slot)] = true;
        update_relays();
        return {};
    }

    void stop(Slot slot) override {
        SlotRunner& runner = *slots_[index(slot)];
        const bool drain = has_slots() && !is_active(slot) && had_users_[index(slot)];
        if (!drain) return runner.stop(Millis{0}, nullptr);
        const Millis since_switch = BootClock::now() - switched_at_;
        runner.stop(limits::kDrainMin - since_switch, [this, slot, &runner] {
            if (config_.ports) {
                const auto connections = process::connections_to((*config_.ports)[index(slot)]);
                return !proxy_busy_ && !runner.tree().holds_any(connections);
            }
            return std::all_of(sockets_.begin(), sockets_.end(), [&](const auto& sockets) {
                return sockets.queue_length(slot) <= 0 &&
                       !runner.tree().holds_any(sockets.connections(slot));
            });
        });
    }

    void proxy_busy(bool busy) override { proxy_busy_ = busy; }

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

    [[nodiscard]] const std::vector<SlotSockets>& sockets() const override { return sockets_; }

    [[nodiscard]] SlotInfo info(Slot slot) const override { return slots_[index(slot)]->info(); }

    [[nodiscard]] std::uint64_t memory_bytes(Slot slot) const override {
        const SlotRunner& runner = *slots_[index(slot)];
        return runner.empty() ? 0 : runner.tree().memory_bytes();
    }

    [[nodiscard]] process::Usage usage(Slot slot) const override {
        const SlotRunner& runner = *slots_[index(slot)];
        return runner.empty() ? process::Usage{} : runner.tree().usage();
    }

  private:
    void tell(std::function<void(const Listener&)> news) {
        loop_.defer([this, news = std::move(news), alive = std::weak_ptr<bool>(alive_)] {
            // The listener may destroy the runner; its functions must live until they return.
            if (const auto kept = alive.lock()) news(Listener(listener_));
        });
    }

    [[nodiscard]] bool has_slots() const { return !sockets_.empty() || config_.ports; }

    // All addresses of an app are switched together.
    [[nodiscard]] bool is_active(Slot slot) const {
        if (config_.ports) return users_in_ == slot;
        return std::all_of(sockets_.begin(), sockets_.end(),
                           [slot](const auto& sockets) { return sockets.active() == slot; });
    }

    void update_relays() {
        for (const Slot slot : kSlots) {
            const bool on = slots_[index(slot)]->empty() && !is_active(slot);
            for (const auto& relay : relays_[index(slot)]) relay->set(on);
        }
    }

    [[nodiscard]] ProbeTarget probe_target(Slot slot) const {
        const config::Ready& ready = slots_[index(slot)]->ready_rules();
        ProbeTarget target{{}, ready.path};
        if (!ready.host.empty()) {
            if (auto address = sys::ip_address(ready.host, ready.port)) {
                target.route.to = *address;
            }
        } else if (config_.ports) {
            target.route.to = *sys::ip_address("127.0.0.1", (*config_.ports)[index(slot)]);
        } else if (!sockets_.empty()) {  // open() refuses the rest
            target.route = sockets_.front().route_to(slot);
        }
        return target;
    }

    sys::EventLoop& loop_;
    RunnerConfig config_;
    Listener listener_;
    std::vector<SlotSockets> sockets_;  // in the order of `listen`
    logs::OutputLog log_;
    std::array<std::unique_ptr<SlotRunner>, 2> slots_;
    std::array<std::vector<std::unique_ptr<Relay>>, 2> relays_;  // by slot
    std::array<bool, 2> had_users_{};
    std::optional<Slot> users_in_{};  // none: not told yet
    bool proxy_busy_ = false;
    Instant switched_at_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

Expected<std::unique_ptr<AppRunner>> AppRunner::open(sys::EventLoop& loop, sys::Reaper& reaper,
                                                     RunnerConfig config, Listener listener,
                                                     std::vector<process::LeftSockets> left) {
    std::vector<SlotSockets> sockets;
    left.resize(config.listen.size());
    for (std::size_t i = 0; i < config.listen.size(); ++i) {
        auto opened = SlotSockets::open(config.listen[i], config.probe_address, std::move(left[i]),
                                        config.switches_ports);
        if (!opened) return opened.error();
        sockets.push_back(std::move(*opened));
    }
    if (config.listen.empty() && !config.ports && config.ready.kind == config::Ready::Kind::http &&
        config.ready.host.empty()) {
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
