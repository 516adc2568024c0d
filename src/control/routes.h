// From a request to the call of the Target, and back to an answer.
#pragma once

#include <string>
#include <vector>

#include "control/event_hub.h"
#include "control/log_desk.h"
#include "lastgood/control/role.h"
#include "lastgood/control/target.h"
#include "lastgood/http/message.h"

namespace lastgood::control {

class Routes {
  public:
    Routes(Target& target, EventHub& hub, LogDesk& log_desk)
        : target_(target), hub_(hub), log_desk_(log_desk) {}

    // `allowed`: for answers without end, as the hub asks it; empty: for ever.
    http::Response answer(const http::Request& request, const Asker& asker,
                          const Allowed& allowed = {});

  private:
    using Parts = std::vector<std::string>;

    // One request, with all that its answer depends on.
    struct Call {
        const http::Request& request;
        const Asker& asker;
        const Allowed& allowed;
        const Parts& parts;
    };

    http::Response answer_get(const Call& call);
    http::Response answer_list(const Call& call);
    http::Response answer_of_app(const Call& call);
    http::Response answer_post(const Call& call);

    http::Response apps();
    http::Response app(const std::string& name);
    http::Response history(const http::Request& request, const std::string& app);
    http::Response samples(const std::string& app);
    http::Response deployment(const std::string& id);
    http::Response story(const std::string& id);
    http::Response deliveries(const http::Request& request);
    http::Response quarantine(const http::Request& request);
    http::Response notifications(const http::Request& request);
    http::Response crashes(const std::string& app);
    http::Response output(const http::Request& request, const std::string& id);
    http::Response logs(const Call& call, const std::string& app);
    http::Response events(const Call& call);
    http::Response fleet();
    http::Response metrics();
    http::Response health();

    http::Response command(const Call& call, const std::string& app, const std::string& verb);
    http::Response redeliver(const http::Request& request);
    http::Response release_quarantine(const http::Request& request, const std::string& app);
    bool knows(const std::string& app);
    http::Response no_such_app(const std::string& app);

    Target& target_;
    EventHub& hub_;
    LogDesk& log_desk_;
};

}  // namespace lastgood::control
