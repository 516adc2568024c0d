// The daemon's side of the receiver: starts it, feeds it, starts it again, and takes its
// deliveries.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/reaper.h"
#include "lastgood/receiver/settings.h"

namespace lastgood::receiver {

// All are called on the loop's thread; none may destroy the host.
struct HostCallbacks {
    // Every delivery that was readable at once, at most kJournalBatchMax: to be recorded with one
    // fsync. One Answer for each, in the same order, when they are on disk.
    std::function<std::vector<Answer>(std::vector<Incoming>)> on_deliveries;
    // What became of an earlier delivery.
    std::function<Answer(const StatusQuestion&)> on_status;
    // Could a delivery be recorded durably now? For GET /healthz.
    std::function<bool()> healthy;
    std::function<void(config::LogLevel, std::string text)> on_log;  // text is printable
    std::function<void()> on_ready;  // a receiver, the first or a new one, accepts
};

class ReceiverHost {
  public:
    // `program` is started as `PROGRAM receiver`. The listening socket stays open until the host is
    // destroyed, so senders wait in its backlog while no receiver runs. An Error: the program could
    // not be started at all. Everything on the loop's thread.
    static Expected<std::unique_ptr<ReceiverHost>> start(sys::EventLoop& loop, sys::Reaper& reaper,
                                                         sys::Fd listening_socket,
                                                         std::string program, HookSettings settings,
                                                         HostCallbacks callbacks);
    // Kills a receiver that still runs.
    ~ReceiverHost();

    // New apps and secrets, from the next request on.
    void update(HookSettings settings);
    // Lets the receiver answer what it holds (deliveries still come), then ends it; not started
    // again. `stopped` comes once, deferred, when it is gone.
    void stop(std::function<void()> stopped);
    [[nodiscard]] pid_t pid() const;      // 0: none runs now
    [[nodiscard]] int listening() const;  // its socket; stays the host's

  private:
    class Impl;
    explicit ReceiverHost(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace lastgood::receiver
