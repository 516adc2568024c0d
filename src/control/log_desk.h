// Brings what processes read of the logs to whoever asked: whole, or line by line as it comes. The
// pipe of one whose receiver is slow is left full, so it waits. On the loop's thread.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "control/event_hub.h"
#include "control/event_stream.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/control/target.h"
#include "lastgood/http/message.h"

namespace lastgood::control {

class LogDesk {
  public:
    explicit LogDesk(sys::EventLoop& loop) : loop_(loop) {}
    LogDesk(const LogDesk&) = delete;
    LogDesk& operator=(const LogDesk&) = delete;

    [[nodiscard]] bool full() const;
    // All lines as one answer, {"lines":[…]}; 503 after kLogReadTimeMax.
    void collect(LogFeed feed, std::function<void(http::Response)> done);
    // Each line as an event.
    void stream(LogFeed feed, sys::Fd connection, Allowed allowed);
    // Ends the streams that are no longer allowed.
    void ask_again();

  private:
    struct Reading {
        LogFeed feed;
        std::string text;  // of collect() all of it, else of a line whose end isn't there
        sys::EventLoop::Watch watch;
        sys::EventLoop::Timer timer;
        std::function<void(http::Response)> done;
        std::unique_ptr<EventStream> out;
        Allowed allowed;
    };
    using Place = std::list<Reading>::iterator;

    void gather(Place place);
    void finish(Place place, http::Response response);
    void pass_on(Place place);
    void comment_later(Place place);

    sys::EventLoop& loop_;
    std::list<Reading> readings_;
};

// {"lines":[…]} of lines of JSON objects; what a reader complains of is a 400.
http::Response lines_response(std::string_view lines);

}  // namespace lastgood::control
