// Waits until a release says that it is ready, in the way its config chose, and afterwards watches
// that it still answers.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/config/config.h"
#include "supervise/http_probe.h"

namespace lastgood::supervise {

// Made anew for each probe: where a slot is reached depends on where users go at that moment.
using MakeTarget = std::function<ProbeTarget()>;

class Readiness {
  public:
    struct News {
        std::function<void()> ready;
        std::function<void(std::string reason)> not_ready;
    };

    // One of the two comes once, and may destroy this object. `patient`: see RunSpec.
    Readiness(sys::EventLoop& loop, const config::Ready& rules, bool patient, MakeTarget target,
              News news);
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;

    // For `notify`: READY=1 came.
    void notified();

  private:
    void probe();
    void probed(bool ok, const std::string& answer);
    void finish_ready();
    void out_of_time();

    sys::EventLoop& loop_;
    config::Ready rules_;
    Millis probe_time_;
    MakeTarget target_;
    News news_;
    Instant begun_;
    Millis pause_;
    std::string last_answer_;
    std::unique_ptr<HttpProbe> probe_;
    sys::EventLoop::Timer next_;
    sys::EventLoop::Timer deadline_;
};

class HealthWatch {
  public:
    using Failed = std::function<void(int in_a_row, std::string reason)>;

    HealthWatch(sys::EventLoop& loop, std::string path, MakeTarget target, Failed failed);
    HealthWatch(const HealthWatch&) = delete;
    HealthWatch& operator=(const HealthWatch&) = delete;

  private:
    void wait();
    void probed(bool ok, const std::string& answer);

    sys::EventLoop& loop_;
    std::string path_;
    MakeTarget target_;
    Failed failed_;
    int in_a_row_ = 0;
    std::unique_ptr<HttpProbe> probe_;
    sys::EventLoop::Timer next_;
};

}  // namespace lastgood::supervise
