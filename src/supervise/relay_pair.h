// One relayed connection: two sockets, a bounded buffer each way, half-closes passed on.
#pragma once

#include <functional>
#include <string>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::supervise {

class RelayPair {
  public:
    // `server` is still connecting. `ended` comes once and may destroy this object.
    RelayPair(sys::EventLoop& loop, sys::Fd client, sys::Fd server, std::function<void()> ended);
    RelayPair(const RelayPair&) = delete;
    RelayPair& operator=(const RelayPair&) = delete;

  private:
    struct End {
        sys::Fd fd;
        sys::EventLoop::Watch watch;
        std::uint32_t events = 0;
        std::string unsent;      // waits to be written to this end
        bool read_done = false;  // it sent its end
        bool shut = false;       // we passed the other's end on to it
    };

    void pump();
    // False when the connection is broken.
    bool move(End& from, End& to);
    void update(End& end, const End& peer);

    sys::EventLoop& loop_;
    End client_;
    End server_;
    bool connected_ = false;
    std::function<void()> ended_;
};

}  // namespace lastgood::supervise
