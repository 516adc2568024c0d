// Sends what waits in the outbox: for each target one message after the other, each by a notifier
// of its own; targets don't wait for one another. On the loop's thread.
//
// A message leaves the outbox when it was delivered or given up. A daemon that dies in between
// sends it again, under the same id.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "daemon/site.h"
#include "lastgood/core/resend_policy.h"
#include "lastgood/notify/notifier.h"

namespace lastgood::daemon {

class Outbox {
  public:
    explicit Outbox(Site& site) : site_(site) {}
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    void begin();
    // Ends what is being sent: the next daemon sends it again.
    void stop();
    // Something new may wait, when what goes on now is done.
    void wake();

  private:
    using Place = std::pair<std::string, std::string>;  // app and target
    struct Ended {
        store::OutboxRow row;
        bool delivered = false;
        std::string detail;
    };

    void look();
    void look_after(Millis pause);
    void send(const store::OutboxRow& row);
    Expected<notify::Parcel> parcel_of(const store::OutboxRow& row) const;
    void sent(const store::OutboxRow& row, const core::Sent& sent);
    void end(Ended ended);
    bool record(const Ended& ended);

    Site& site_;
    bool open_ = false;
    std::map<Place, std::unique_ptr<notify::Sending>> sending_;
    std::map<std::int64_t, Ended> unrecorded_;  // by seq: the disk refused to hear of it
    sys::EventLoop::Timer timer_;
};

}  // namespace lastgood::daemon
