#include "control/event_hub.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "lastgood/base/limits.h"

namespace lastgood::control {
namespace {

std::string frame(std::string json) {
    // A newline would end the event; in JSON it can only stand between tokens.
    std::replace(json.begin(), json.end(), '\n', ' ');
    return "data: " + json + "\n\n";
}

// Subscribers have nothing to say: what they send is thrown away. False: they hung up.
bool still_there(int fd) {
    std::array<char, 4096> thrown_away;  // NOLINT: filled by recv
    const ssize_t got = recv(fd, thrown_away.data(), thrown_away.size(), 0);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

bool EventHub::full() const {
    return subscribers_.size() >= limits::kSubscribersMax;
}

void EventHub::add(sys::Fd connection, DeploymentId only, const std::string& first) {
    if (full()) return;
    const Place place = subscribers_.emplace(subscribers_.end());
    place->fd = std::move(connection);
    place->only = only;
    place->watch = loop_.watch(place->fd.get(), EPOLLIN,
                               [this, place](std::uint32_t events) { on_ready(place, events); });
    if (!comment_) comment_later();
    if (!first.empty() && !send(*place, frame(first))) drop(place);
}

void EventHub::publish(const Event& event) {
    if (!subscribers_.empty()) send_to_all(&event, frame(event.json));
}

void EventHub::send_to_all(const Event* about, std::string_view bytes) {
    for (Place place = subscribers_.begin(); place != subscribers_.end();) {
        const Place here = place++;
        const bool wants = about == nullptr || !here->only || here->only == about->deployment;
        if (wants && !send(*here, bytes)) drop(here);
    }
}

bool EventHub::send(Subscriber& subscriber, std::string_view bytes) {
    if (subscriber.unsent.size() + bytes.size() > limits::kSubscriberBytesMax) return false;
    subscriber.unsent += bytes;
    return flush(subscriber);
}

bool EventHub::flush(Subscriber& subscriber) {
    std::size_t sent = 0;
    while (sent < subscriber.unsent.size()) {
        const ssize_t count = ::send(subscriber.fd.get(), subscriber.unsent.data() + sent,
                                     subscriber.unsent.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return false;
        if (count < 0) break;
        sent += static_cast<std::size_t>(count);
    }
    subscriber.unsent.erase(0, sent);
    const bool waits = !subscriber.unsent.empty();
    if (waits != subscriber.waits_to_write) {
        subscriber.waits_to_write = waits;
        loop_.change(subscriber.watch, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
    return true;
}

void EventHub::on_ready(Place place, std::uint32_t events) {
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !still_there(place->fd.get())) {
        return drop(place);
    }
    if ((events & EPOLLOUT) != 0 && !flush(*place)) drop(place);
}

void EventHub::drop(Place place) {
    subscribers_.erase(place);
    if (subscribers_.empty()) comment_.reset();
}

void EventHub::comment_later() {
    comment_ = loop_.after(comment_every_, [this] {
        comment_.reset();
        send_to_all(nullptr, ":\n\n");
        if (!subscribers_.empty()) comment_later();
    });
}

}  // namespace lastgood::control
