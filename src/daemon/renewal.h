// Watches what asks for a fresh process of the live release: its memory, and its hour of the week.
// What then happens is the core's to say. On the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "daemon/site.h"
#include "lastgood/core/machine.h"

namespace lastgood::daemon {

class Renewal {
  public:
    // `memory`: bytes of the live release's processes; 0: nothing runs. `wanted`: was it accepted?
    Renewal(Site& site, const config::App& app, std::function<std::uint64_t()> memory,
            std::function<bool(const core::RenewWanted&)> wanted);
    Renewal(const Renewal&) = delete;
    Renewal& operator=(const Renewal&) = delete;

  private:
    void wait_for_sample();
    void sample();
    void wait_for_hour();

    Site& site_;
    const config::App& app_;
    std::function<std::uint64_t()> memory_;
    std::function<bool(const core::RenewWanted&)> wanted_;
    std::optional<Instant> too_large_at_{};  // when a renewal was begun for it last
    sys::EventLoop::Timer sample_timer_;
    sys::EventLoop::Timer hour_timer_;
};

}  // namespace lastgood::daemon
