// From a request to the call of the Target, and back to an answer.
#pragma once

#include <string>
#include <vector>

#include "control/event_hub.h"
#include "lastgood/control/role.h"
#include "lastgood/control/target.h"
#include "lastgood/http/message.h"

namespace lastgood::control {

class Routes {
  public:
    Routes(Target& target, EventHub& hub, RoleGroups groups)
        : target_(target), hub_(hub), groups_(std::move(groups)) {}

    http::Response answer(const http::Request& request);

  private:
    using Parts = std::vector<std::string>;

    http::Response answer_get(const http::Request& request, const Parts& parts);
    http::Response answer_post(const http::Request& request, const Parts& parts);

    http::Response apps();
    http::Response app(const std::string& name);
    http::Response history(const http::Request& request, const std::string& app);
    http::Response samples(const std::string& app);
    http::Response deployment(const std::string& id);
    http::Response story(const std::string& id);
    http::Response deliveries(const http::Request& request);
    http::Response quarantine(const http::Request& request);
    http::Response notifications(const http::Request& request);
    http::Response events(const http::Request& request);
    http::Response metrics();
    http::Response health();

    http::Response command(const http::Request& request, const std::string& app,
                           const std::string& verb);
    http::Response redeliver(const http::Request& request);
    http::Response release_quarantine(const http::Request& request, const std::string& app);
    bool knows(const std::string& app);
    [[nodiscard]] bool may(const http::Request& request, Role role) const;

    Target& target_;
    EventHub& hub_;
    const RoleGroups groups_;
};

}  // namespace lastgood::control
