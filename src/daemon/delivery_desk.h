// Where verified deliveries become records and requests.
//
// All that came in at once is recorded with one transaction, together with the steps that it makes
// the apps' machines take; only then are senders answered and effects performed. When the journal
// refuses, every one of them is answered 503 and nothing has happened.
//
// What is for an app of the fleet becomes a proposal in etcd instead, and its record is made, and
// its sender answered, when etcd has it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/app_service.h"
#include "daemon/fleet_desk.h"
#include "daemon/site.h"
#include "lastgood/receiver/settings.h"

namespace lastgood::daemon {

class DeliveryDesk {
  public:
    using Apps = std::vector<std::unique_ptr<AppService>>;

    // All outlive the desk.
    DeliveryDesk(Site& site, const Apps& apps, FleetDesk& fleet)
        : site_(site), apps_(apps), fleet_(fleet) {}

    std::vector<receiver::Answer> receive(const std::vector<receiver::Incoming>& batch);
    // What became of a delivery, for its sender: the decision, and the deployment's way so far.
    receiver::Answer status(const receiver::StatusQuestion& question);

  private:
    // What was done with a delivery for one app.
    struct Taken {
        enum class Kind { failed, duplicate, ignored, accepted };
        Kind kind = Kind::failed;
        std::string reason;
    };
    using Targets = std::vector<AppService*>;

    // The app that was named; of the hook of all apps those that have the payload's repository.
    Targets targets(const receiver::Incoming& incoming);
    receiver::Answer take(const receiver::Incoming& incoming, const Targets& targets);
    receiver::Answer take_for_all(const receiver::Incoming& incoming, const Targets& targets);
    // `app` empty: it is recorded, and ignored for this reason.
    Taken take_for(AppService* app, const receiver::Incoming& incoming, const std::string& reason);

    // For the fleet: of one incoming delivery, not recorded yet.
    struct Order {
        store::DeliveryRow row;
        core::Proposal proposal;
    };
    using Orders = std::vector<Order>;
    receiver::Answer when_kept(receiver::Answer answer, Orders orders);
    void kept(const Order& order);

    Site& site_;
    const Apps& apps_;
    FleetDesk& fleet_;
    Orders orders_;                          // of the delivery that is being taken
    std::vector<store::DeliveryRow> fresh_;  // of the batch, to be told when it is on the disk
};

}  // namespace lastgood::daemon
