#include "control/event_hub.h"

#include "lastgood/base/limits.h"

namespace lastgood::control {

bool EventHub::full() const {
    return subscribers_.size() >= limits::kSubscribersMax;
}

void EventHub::add(sys::Fd connection, DeploymentId only, const std::string& first,
                   Allowed allowed) {
    if (full()) return;
    const Place place = subscribers_.emplace(subscribers_.end());
    place->stream =
        std::make_unique<EventStream>(loop_, std::move(connection), [this, place] { drop(place); });
    place->only = only;
    place->allowed = std::move(allowed);
    if (!comment_) comment_later();
    if (!first.empty() && !place->stream->send(EventStream::frame(first))) drop(place);
}

void EventHub::publish(const Event& event) {
    if (!subscribers_.empty()) send_to_all(&event, EventStream::frame(event.json));
}

void EventHub::send_to_all(const Event* about, std::string_view bytes) {
    for (Place place = subscribers_.begin(); place != subscribers_.end();) {
        const Place here = place++;
        const bool wants = about == nullptr || !here->only || here->only == about->deployment;
        if (wants && !here->stream->send(bytes)) drop(here);
    }
}

void EventHub::ask_again() {
    for (Place place = subscribers_.begin(); place != subscribers_.end();) {
        const Place here = place++;
        if (here->allowed && !here->allowed()) drop(here);
    }
}

void EventHub::drop(Place place) {
    subscribers_.erase(place);
    if (subscribers_.empty()) comment_.reset();
}

void EventHub::comment_later() {
    comment_ = loop_.after(comment_every_, [this] {
        comment_.reset();
        ask_again();
        send_to_all(nullptr, EventStream::kComment);
        if (!subscribers_.empty()) comment_later();
    });
}

}  // namespace lastgood::control
