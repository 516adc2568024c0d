#include "control/admin_door.h"

#include "control/pages.h"
#include "control/replies.h"
#include "lastgood/base/limits.h"
#include "lastgood/http/listen.h"

namespace lastgood::control {
namespace {

// Everything is of this origin, in files of its own: no script or style in a page, and no page of
// ours in another's frame.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

void add_safety(http::Response& response) {
    const auto add = [&response](const char* name, const char* value) {
        response.headers.emplace_back(name, value);
    };
    add("Content-Security-Policy", kPolicy);
    add("X-Content-Type-Options", "nosniff");
    add("Referrer-Policy", "no-referrer");
    add("Cross-Origin-Opener-Policy", "same-origin");
    add("Cross-Origin-Resource-Policy", "same-origin");
}

// What the API answers is of the moment, and nobody else's.
http::Response dressed(http::Response response) {
    if (response.later) {
        response.later = [later = std::move(response.later)](auto done) {
            later([done = std::move(done)](http::Response known) {
                done(dressed(std::move(known)));
            });
        };
        return response;
    }
    add_safety(response);
    // Endless answers say it by themselves.
    if (!response.take_over) response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

}  // namespace

http::FrontLimits front_limits() {
    http::FrontLimits wanted;
    wanted.body_bytes = limits::kControlBodyBytesMax;
    wanted.connections = limits::kControlConnectionsMax;
    wanted.length_needed = false;  // `curl -X POST` sends none
    return wanted;
}

AdminDoor::AdminDoor(std::uint16_t port, Routes& routes, EventHub& hub, LogDesk& log_desk)
    : routes_(routes), hub_(hub), log_desk_(log_desk), gate_(port) {}

Expected<std::unique_ptr<AdminDoor>> AdminDoor::open(sys::EventLoop& loop, sys::Fd listening,
                                                     const AdminSettings& settings, Routes& routes,
                                                     EventHub& hub, LogDesk& log_desk) {
    const std::uint16_t port = http::local_port(listening.get());
    std::unique_ptr<AdminDoor> door(new AdminDoor(port, routes, hub, log_desk));
    auto front = http::Front::open(
        loop, std::move(listening), front_limits(),
        [self = door.get()](const http::Request& request) { return self->answer(request); }, 0);
    if (!front) return front.error();
    door->front_ = std::move(*front);
    door->update(settings);
    return door;
}

void AdminDoor::update(const AdminSettings& settings) {
    gate_.set(settings);
    front_->set_tls(settings.tls);
    end_what_may_not_go_on();
}

void AdminDoor::end_what_may_not_go_on() {
    hub_.ask_again();
    log_desk_.ask_again();
}

http::Response AdminDoor::answer(const http::Request& request) {
    if (const Page* page = find_page(request.path)) {
        http::Response response = page_response(*page, request);
        add_safety(response);
        return response;
    }
    return dressed(answer_api(request));
}

http::Response AdminDoor::answer_api(const http::Request& request) {
    const Instant now = BootClock::now();
    if (request.path == kSessionPath) {
        http::Response response = gate_.session(request, now);
        if (request.method == "DELETE") end_what_may_not_go_on();
        return response;
    }
    const auto let = gate_.let_in(request, now);
    if (const auto* refused = std::get_if<http::Response>(&let)) return *refused;
    // Of the request only what the gate looks at is kept.
    http::Request mark;
    mark.headers = request.headers;
    return routes_.answer(request, std::get<Asker>(let), [this, mark = std::move(mark)] {
        return gate_.still_lets_in(mark, BootClock::now());
    });
}

}  // namespace lastgood::control
