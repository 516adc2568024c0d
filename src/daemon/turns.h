// So many at once of what each app wants at the same time; the others in the order in which they
// asked. On the loop's thread; outlives its turns.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "lastgood/base/sys/event_loop.h"

namespace lastgood::daemon {

class Turns {
  public:
    Turns(sys::EventLoop& loop, int at_once) : loop_(loop), free_(at_once) {}
    Turns(const Turns&) = delete;
    Turns& operator=(const Turns&) = delete;

    // It is over, or no longer wanted, when this goes.
    class Turn {
      public:
        Turn(Turns& turns, std::function<void()> begins);
        ~Turn();
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

      private:
        friend class Turns;
        Turns& turns_;
        std::function<void()> begins_;  // null: it has begun
        std::list<Turn*>::iterator waits_;
    };
    // `begins` is called by the loop, never from inside of this, and not after the turn has gone.
    std::unique_ptr<Turn> ask(std::function<void()> begins) {
        return std::make_unique<Turn>(*this, std::move(begins));
    }

  private:
    void go_on();

    sys::EventLoop& loop_;
    int free_;
    std::list<Turn*> waiting_;
    sys::EventLoop::Timer soon_;
};

}  // namespace lastgood::daemon
