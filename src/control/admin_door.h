// admin.listen: the dashboard's page, and the control API for whoever the gate lets in.
#pragma once

#include <memory>

#include "control/event_hub.h"
#include "control/gate.h"
#include "control/log_desk.h"
#include "control/routes.h"
#include "lastgood/base/sys/event_loop.h"
#include "lastgood/http/front.h"

namespace lastgood::control {

// Of this door and of the commands' socket.
http::FrontLimits front_limits();

class AdminDoor {
  public:
    // What is given outlives the door.
    static Expected<std::unique_ptr<AdminDoor>> open(sys::EventLoop& loop, sys::Fd listening,
                                                     const AdminSettings& settings, Routes& routes,
                                                     EventHub& hub, LogDesk& log_desk);
    // Sessions and streams by a token that is no longer there end.
    void update(const AdminSettings& settings);

  private:
    AdminDoor(std::uint16_t port, Routes& routes, EventHub& hub, LogDesk& log_desk);
    http::Response answer(const http::Request& request);
    http::Response answer_api(const http::Request& request);
    void end_what_may_not_go_on();

    Routes& routes_;
    EventHub& hub_;
    LogDesk& log_desk_;
    Gate gate_;
    std::unique_ptr<http::Front> front_;  // last, because it calls the others
};

}  // namespace lastgood::control
