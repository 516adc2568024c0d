#include "control/log_desk.h"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "control/replies.h"
#include "lastgood/base/limits.h"

namespace lastgood::control {
namespace {

constexpr std::string_view kComplaint = "{\"error\":";

// Appends what is there, once. False at its end.
bool read_some(int fd, std::string& into) {
    std::array<char, limits::kReadBytes> buffer;  // NOLINT: filled by read
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got > 0) into.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

http::Response lines_response(std::string_view lines) {
    if (lines.starts_with(kComplaint)) return reply(400, std::string(lines));
    std::string text = "{\"lines\":[";
    while (!lines.empty()) {
        const auto end = lines.find('\n');
        if (end == std::string_view::npos) break;
        if (text.back() != '[') text += ',';
        text += lines.substr(0, end);
        lines.remove_prefix(end + 1);
    }
    return reply(200, text + "]}");
}

bool LogDesk::full() const {
    return readings_.size() >= limits::kLogReadersMax;
}

void LogDesk::collect(LogFeed feed, std::function<void(http::Response)> done) {
    const Place place = readings_.emplace(readings_.end());
    place->feed = std::move(feed);
    place->done = std::move(done);
    place->watch = loop_.watch(place->feed.output.get(), EPOLLIN,
                               [this, place](std::uint32_t) { gather(place); });
    place->timer = loop_.after(limits::kLogReadTimeMax, [this, place] {
        finish(place, fault(503, "reading the logs takes too long; ask for less"));
    });
}

void LogDesk::gather(Place place) {
    const bool more = read_some(place->feed.output.get(), place->text);
    if (place->text.size() > limits::kLogAnswerBytesMax) {
        return finish(place, fault(413, "the lines are too many or too long; ask for fewer"));
    }
    if (!more) finish(place, lines_response(place->text));
}

void LogDesk::finish(Place place, http::Response response) {
    const auto done = std::move(place->done);
    readings_.erase(place);
    done(std::move(response));
}

void LogDesk::stream(LogFeed feed, sys::Fd connection, Allowed allowed) {
    const Place place = readings_.emplace(readings_.end());
    place->feed = std::move(feed);
    place->allowed = std::move(allowed);
    const auto read_again = [this, place] { loop_.change(place->watch, EPOLLIN); };
    place->out = std::make_unique<EventStream>(
        loop_, std::move(connection), [this, place] { readings_.erase(place); }, read_again);
    place->watch = loop_.watch(place->feed.output.get(), EPOLLIN,
                               [this, place](std::uint32_t) { pass_on(place); });
    comment_later(place);
}

void LogDesk::pass_on(Place place) {
    const bool more = read_some(place->feed.output.get(), place->text);
    std::string events;
    std::size_t begin = 0;
    for (auto end = place->text.find('\n'); end != std::string::npos;
         end = place->text.find('\n', begin)) {
        events += EventStream::frame(place->text.substr(begin, end - begin));
        begin = end + 1;
    }
    place->text.erase(0, begin);
    const bool sent = events.empty() || place->out->send(events);
    if (!sent || !more || place->text.size() > limits::kSubscriberBytesMax) {
        readings_.erase(place);
        return;
    }
    if (place->out->has_unsent()) loop_.change(place->watch, 0);
}

void LogDesk::ask_again() {
    for (Place place = readings_.begin(); place != readings_.end();) {
        const Place here = place++;
        if (here->allowed && !here->allowed()) readings_.erase(here);
    }
}

void LogDesk::comment_later(Place place) {
    place->timer = loop_.after(limits::kSubscriberCommentEvery, [this, place] {
        const bool allowed = !place->allowed || place->allowed();
        if (!allowed || !place->out->send(EventStream::kComment)) {
            readings_.erase(place);
            return;
        }
        comment_later(place);
    });
}

}  // namespace lastgood::control
