// The control API: HTTP and JSON on a unix socket, for the command line, scripts and monitoring.
// Routes and shapes are in docs/control-api.md.
//
// Whoever may open the socket may do everything; its mode (0660, group `lastgood` where there is
// one) is the only gate. With roles everybody may open it, and each request is judged by who
// connected (role.h). Everything happens on the loop's thread, inside calls of the Target.
#pragma once

#include <memory>
#include <string>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/control/admin.h"
#include "lastgood/control/event.h"
#include "lastgood/control/role.h"
#include "lastgood/control/target.h"

namespace lastgood::control {

class Server {
  public:
    // `target` must outlive the server. A stale socket file is replaced; an Error when another
    // daemon answers on it. The folder must be there.
    static Expected<std::unique_ptr<Server>> open(sys::EventLoop& loop,
                                                  const std::string& socket_path, Target& target,
                                                  RoleGroups groups = {});
    // The same over TCP, with the dashboard, for whoever has a token.
    Expected<void> open_admin(sys::Fd listening_socket, const AdminSettings& settings);
    // What was begun by a token that is no longer there ends. Only where it is open.
    void update_admin(const AdminSettings& settings);

    // Ends every connection and removes the socket file.
    ~Server();

    // To every subscriber that wants it. May be called from inside a call of the Target.
    void publish(const Event& event);

    // Is anybody there to publish to?
    [[nodiscard]] bool has_subscribers() const;

  private:
    class Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace lastgood::control
