// Where verified deliveries become records and requests.
//
// All that came in at once is recorded with one transaction, together with the steps that it makes
// the apps' machines take; only then are senders answered and effects performed. When the journal
// refuses, every one of them is answered 503 and nothing has happened.
#pragma once

#include <functional>
#include <vector>

#include "daemon/app_service.h"
#include "daemon/site.h"
#include "lastgood/receiver/settings.h"

namespace lastgood::daemon {

class DeliveryDesk {
  public:
    using FindApp = std::function<AppService*(const AppName&)>;

    DeliveryDesk(Site& site, FindApp find_app) : site_(site), find_app_(std::move(find_app)) {}

    std::vector<receiver::Answer> receive(const std::vector<receiver::Incoming>& batch);

  private:
    receiver::Answer take(AppService& app, const receiver::Incoming& incoming);
    std::vector<AppService*> involved(const std::vector<receiver::Incoming>& batch);

    Site& site_;
    FindApp find_app_;
};

}  // namespace lastgood::daemon
