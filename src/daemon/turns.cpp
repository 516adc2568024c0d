#include "daemon/turns.h"

namespace lastgood::daemon {

Turns::Turn::Turn(Turns& turns, std::function<void()> begins)
    : turns_(turns),
      begins_(std::move(begins)),
      waits_(turns.waiting_.insert(turns.waiting_.end(), this)) {
    turns_.go_on();
}

Turns::Turn::~Turn() {
    if (begins_) {
        turns_.waiting_.erase(waits_);
        return;
    }
    ++turns_.free_;
    turns_.go_on();
}

void Turns::go_on() {
    if (soon_ || free_ == 0 || waiting_.empty()) return;
    soon_ = loop_.after(Millis(0), [this] {
        soon_.reset();
        while (free_ > 0 && !waiting_.empty()) {
            Turn* next = waiting_.front();
            waiting_.pop_front();
            --free_;
            std::exchange(next->begins_, nullptr)();  // may end turns, this one too
        }
    });
}

}  // namespace lastgood::daemon
