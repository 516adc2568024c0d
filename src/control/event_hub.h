// Keeps the subscribers of GET /v1/events and sends them what happens.
//
// Each has a bounded buffer: who doesn't read fast enough is dropped and may come again. No timer
// runs while nobody is subscribed. On the loop's thread.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "control/event_stream.h"
#include "lastgood/base/ids.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/control/target.h"

namespace lastgood::control {

// May whoever was let in go on listening? Asked now and then.
using Allowed = std::function<bool()>;

class EventHub {
  public:
    explicit EventHub(sys::EventLoop& loop, Millis comment_every = limits::kSubscriberCommentEvery)
        : loop_(loop), comment_every_(comment_every) {}
    EventHub(const EventHub&) = delete;
    EventHub& operator=(const EventHub&) = delete;

    // `only`: the one deployment whose events are wanted; none: all events.
    // `first`: JSON of an event to begin with; empty: none. `allowed` empty: for ever.
    void add(sys::Fd connection, DeploymentId only, const std::string& first, Allowed allowed = {});
    void publish(const Event& event);
    // Drops those that are no longer allowed.
    void ask_again();

    [[nodiscard]] bool full() const;
    [[nodiscard]] bool empty() const { return subscribers_.empty(); }

  private:
    struct Subscriber {
        std::unique_ptr<EventStream> stream;
        DeploymentId only;
        Allowed allowed;
    };
    using Place = std::list<Subscriber>::iterator;

    void drop(Place place);
    void comment_later();
    // `about`: only to those who want news of it; null: to all.
    void send_to_all(const Event* about, std::string_view bytes);

    sys::EventLoop& loop_;
    const Millis comment_every_;
    std::list<Subscriber> subscribers_;
    sys::EventLoop::Timer comment_;
};

}  // namespace lastgood::control
