#include "daemon/delivery_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"
#include "lastgood/core/delivery_policy.h"

namespace lastgood::daemon {
namespace {

using nlohmann::json;

receiver::Answer answer(int status, const json& body) {
    return {status, body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

receiver::Answer not_recorded() {
    return answer(503, {{"error", "the delivery could not be recorded; send it again"}});
}

receiver::Answer ignored(const std::string& id, const std::string& reason) {
    return answer(200, {{"delivery", id}, {"status", "ignored"}, {"reason", reason}});
}

store::DeliveryRow row_of(const receiver::Incoming& incoming) {
    const forge::Delivery& delivery = incoming.delivery;
    store::DeliveryRow row;
    row.id = to_utf8(delivery.id);
    row.provider = delivery.provider;
    row.event = to_utf8(delivery.event);
    row.app = incoming.app.str();
    row.received_at = wall_now();
    row.bytes = delivery.bytes;
    return row;
}

core::DeliveryDecision decide(const forge::Delivery& delivery, const std::string& branch) {
    switch (delivery.kind) {
        case forge::EventKind::ping:
            return {false, {}, {}, "ping"};
        case forge::EventKind::other:
            return {false, {}, {}, "event " + printable(delivery.event, 100) + " deploys nothing"};
        case forge::EventKind::push:
            break;
    }
    std::vector<core::RefMove> moves;
    moves.reserve(delivery.updates.size());
    for (const auto& update : delivery.updates) moves.push_back({update.ref, update.after});
    return core::decide_push(moves, branch);
}

}  // namespace

std::vector<AppService*> DeliveryDesk::involved(const std::vector<receiver::Incoming>& batch) {
    std::vector<AppService*> apps;
    for (const auto& incoming : batch) {
        AppService* app = find_app_(incoming.app);
        if (app != nullptr && std::find(apps.begin(), apps.end(), app) == apps.end()) {
            apps.push_back(app);
        }
    }
    return apps;
}

std::vector<receiver::Answer> DeliveryDesk::receive(const std::vector<receiver::Incoming>& batch) {
    const std::vector<receiver::Answer> refused(batch.size(), not_recorded());
    const auto apps = involved(batch);
    const bool healthy = std::all_of(apps.begin(), apps.end(),
                                     [](AppService* app) { return app->engine().healthy(); });
    if (!healthy) return refused;
    if (auto begun = site_.journal.begin_batch(); !begun) {
        site_.log.error("journal", begun.error().text());
        site_.journal_refused();
        return refused;
    }
    for (AppService* app : apps) app->engine().begin_batch();
    std::vector<receiver::Answer> answers;
    bool failed = false;
    for (const auto& incoming : batch) {
        AppService* app = find_app_(incoming.app);
        // An app that a reload took away between the receiver's look and ours.
        answers.push_back(app == nullptr ? not_recorded() : take(*app, incoming));
        failed = failed || answers.back().status == 503;
    }
    for (AppService* app : apps) failed = failed || app->engine().batch_failed();
    if (!failed) {
        auto committed = site_.journal.commit_batch();
        if (!committed) site_.log.error("journal", committed.error().text());
        failed = !committed.ok();
    }
    if (failed) site_.journal.abort_batch();
    for (AppService* app : apps) app->engine().end_batch(!failed);
    if (failed) site_.journal_refused();
    return failed ? refused : answers;
}

receiver::Answer DeliveryDesk::take(AppService& app, const receiver::Incoming& incoming) {
    store::DeliveryRow row = row_of(incoming);
    auto seen = site_.journal.has_delivery(row);
    if (!seen) return not_recorded();
    if (*seen) return answer(200, {{"delivery", row.id}, {"status", "duplicate"}});

    const core::DeliveryDecision decision = decide(incoming.delivery, app.app().branch);
    row.ref = to_utf8(decision.ref);
    row.reason = decision.reason;
    row.decision = "ignored";
    if (decision.deploy) {
        row.commit = decision.commit->hex();
        core::Request request;
        request.trigger = core::Trigger::webhook;
        request.commit = decision.commit;
        request.delivery = row.id;
        const core::Answer answered = app.engine().handle(core::RequestArrived{std::move(request)});
        row.reason = answered.reason;
        if (answered.accepted) row.decision = "deploy";
    }
    if (auto added = site_.journal.add_delivery(row); !added) {
        site_.log.error("journal", added.error().text());
        return not_recorded();
    }
    site_.log.http(app.app().name.str(), "delivery " + row.id + " from " + incoming.peer + ": " +
                                             row.decision + " " + row.commit +
                                             (row.reason.empty() ? "" : " (" + row.reason + ")"));
    if (row.decision == "ignored") return ignored(row.id, row.reason);
    return answer(202, {{"delivery", row.id}, {"status", "accepted"}});
}

}  // namespace lastgood::daemon
