// Reads what each app uses once a minute and keeps it for a day. On the loop's thread; one app in a
// round of the loop, so that many of them hold nobody up.
#pragma once

#include <memory>
#include <vector>

#include "daemon/app_service.h"

namespace lastgood::daemon {

class Sampler {
  public:
    Sampler(Site& site, const std::vector<std::unique_ptr<AppService>>& apps)
        : site_(site), apps_(apps) {}
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;

    void begin();
    void stop();

  private:
    void wait(Millis time);
    void read_next(std::size_t number);
    void store();

    Site& site_;
    const std::vector<std::unique_ptr<AppService>>& apps_;
    std::vector<store::SampleRow> rows_;
    bool refused_ = false;
    sys::EventLoop::Timer timer_;
};

}  // namespace lastgood::daemon
