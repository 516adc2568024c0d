#include "lastgood/control/server.h"

#include <unistd.h>

#include "control/admin_door.h"
#include "control/event_hub.h"
#include "control/log_desk.h"
#include "control/routes.h"
#include "lastgood/http/front.h"
#include "lastgood/http/listen.h"

namespace lastgood::control {
namespace {

constexpr mode_t kSocketMode = 0660;
constexpr mode_t kOpenMode = 0666;  // with roles
constexpr const char* kGroup = "lastgood";

}  // namespace

class Server::Impl {
  public:
    Impl(sys::EventLoop& its_loop, Target& target, RoleGroups its_groups)
        : loop(its_loop),
          groups(std::move(its_groups)),
          hub(loop),
          log_desk(loop),
          routes(target, hub, log_desk) {}

    http::Response answer(const http::Request& request) {
        return routes.answer(request,
                             {role_of(parse_caller(request.peer), groups, geteuid()), {}, false});
    }

    sys::EventLoop& loop;
    const RoleGroups groups;
    std::string socket_path;
    EventHub hub;
    LogDesk log_desk;
    Routes routes;
    std::unique_ptr<AdminDoor> admin;
    std::unique_ptr<http::Front> front;  // last, because it calls the others
};

Expected<std::unique_ptr<Server>> Server::open(sys::EventLoop& loop, const std::string& socket_path,
                                               Target& target, RoleGroups groups) {
    auto listening = http::listen_unix(socket_path, groups.any() ? kOpenMode : kSocketMode, kGroup);
    if (!listening) return listening.error();
    auto impl = std::make_unique<Impl>(loop, target, std::move(groups));
    impl->socket_path = socket_path;
    auto front = http::Front::open(
        loop, std::move(*listening), front_limits(),
        [self = impl.get()](const http::Request& request) { return self->answer(request); }, 0);
    if (!front) return front.error();
    impl->front = std::move(*front);
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
    unlink(impl_->socket_path.c_str());
}

Expected<void> Server::open_admin(sys::Fd listening, const AdminSettings& settings) {
    auto door = AdminDoor::open(impl_->loop, std::move(listening), settings, impl_->routes,
                                impl_->hub, impl_->log_desk);
    if (!door) return door.error();
    impl_->admin = std::move(*door);
    return {};
}

void Server::update_admin(const AdminSettings& settings) {
    if (impl_->admin) impl_->admin->update(settings);
}

void Server::publish(const Event& event) {
    impl_->hub.publish(event);
}

bool Server::has_subscribers() const {
    return !impl_->hub.empty();
}

}  // namespace lastgood::control
