#include "daemon/delivery_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "lastgood/base/strings.h"
#include "lastgood/control/event.h"
#include "lastgood/core/delivery_policy.h"
#include "lastgood/core/repository_id.h"

namespace lastgood::daemon {
namespace {

using nlohmann::json;

receiver::Answer answer(int status, const json& body) {
    return {status, body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

receiver::Answer not_recorded() {
    return answer(503, {{"error", "the delivery could not be recorded; send it again"}});
}

receiver::Answer told(const std::string& id, const char* status, const std::string& reason) {
    json body = {{"delivery", id}, {"status", status}};
    if (!reason.empty()) body["reason"] = reason;
    return answer(std::string_view(status) == "accepted" ? 202 : 200, body);
}

store::DeliveryRow row_of(const receiver::Incoming& incoming) {
    const forge::Delivery& delivery = incoming.delivery;
    store::DeliveryRow row;
    row.id = to_utf8(delivery.id);
    row.provider = delivery.provider;
    row.event = to_utf8(delivery.event);
    row.received_at = wall_now();
    row.bytes = delivery.bytes;
    return row;
}

// A deployment as its sender may know it. `live_ms` is the time until users had it.
json progress_json(const store::DeploymentRow& row) {
    const Millis elapsed = row.finished_at.value_or(wall_now()) - row.started_at;
    json live = nullptr;
    if (row.phase == "probation") {
        live = (row.fetching.value_or(Millis(0)) + row.building.value_or(Millis(0)) +
                row.starting.value_or(Millis(0)))
                   .count();
    } else if (row.outcome == "good") {
        live = elapsed.count();  // it was live already
    }
    return {{"id", row.id.value},        {"commit", row.commit}, {"phase", row.phase},
            {"outcome", row.outcome},    {"reason", row.reason}, {"elapsed_ms", elapsed.count()},
            {"live_ms", std::move(live)}};
}

core::DeliveryDecision decide(const forge::Delivery& delivery, const core::Followed& followed) {
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
    return core::decide_push(moves, followed);
}

}  // namespace

DeliveryDesk::Targets DeliveryDesk::targets(const receiver::Incoming& incoming) {
    Targets found;
    std::vector<std::string> ids;
    if (!incoming.app) {
        for (const auto& url : incoming.delivery.repository_urls) {
            ids.push_back(core::repository_id(url));
        }
    }
    for (const auto& app : apps_) {
        const bool wanted =
            incoming.app ? app->app().name == *incoming.app
                         : std::find(ids.begin(), ids.end(), app->repository_id()) != ids.end();
        if (wanted) found.push_back(app.get());
    }
    return found;
}

std::vector<receiver::Answer> DeliveryDesk::receive(const std::vector<receiver::Incoming>& batch) {
    const std::vector<receiver::Answer> refused(batch.size(), not_recorded());
    std::vector<Targets> targets_of;
    Targets apps;
    for (const auto& incoming : batch) {
        targets_of.push_back(targets(incoming));
        for (AppService* app : targets_of.back()) {
            if (std::find(apps.begin(), apps.end(), app) == apps.end()) apps.push_back(app);
        }
    }
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
    for (std::size_t i = 0; i < batch.size(); ++i) {
        answers.push_back(take(batch[i], targets_of[i]));
        failed = failed || answers.back().status == 503;
        auto orders = std::exchange(orders_, {});
        if (!orders.empty() && answers.back().status != 503) {
            answers.back() = when_kept(std::move(answers.back()), std::move(orders));
        }
    }
    for (AppService* app : apps) {
        auto stored = app->engine().store_batch();
        if (!stored) site_.log.error("journal", stored.error().text());
        failed = failed || !stored.ok();
    }
    if (!failed) {
        auto committed = site_.journal.commit_batch();
        if (!committed) site_.log.error("journal", committed.error().text());
        failed = !committed.ok();
    }
    if (failed) site_.journal.abort_batch();
    for (AppService* app : apps) app->engine().end_batch(!failed);
    // Senders first: a fetch to begin or to end takes longer than an answer.
    const auto fresh = std::exchange(fresh_, {});
    site_.loop.defer([this, apps, fresh = failed ? std::vector<store::DeliveryRow>{} : fresh] {
        for (AppService* app : apps) app->engine().flush();
        if (!site_.publish || !site_.followed()) return;
        for (const auto& row : fresh) site_.publish(control::delivery_event(row));
    });
    if (failed) site_.journal_refused();
    return failed ? refused : answers;
}

receiver::Answer DeliveryDesk::take(const receiver::Incoming& incoming, const Targets& apps) {
    if (!incoming.app) return take_for_all(incoming, apps);
    // An app that a reload took away between the receiver's look and ours.
    if (apps.empty()) return not_recorded();
    const Taken taken = take_for(apps.front(), incoming, {});
    const std::string id = to_utf8(incoming.delivery.id);
    switch (taken.kind) {
        case Taken::Kind::failed:
            return not_recorded();
        case Taken::Kind::duplicate:
            return told(id, "duplicate", {});
        case Taken::Kind::ignored:
            return told(id, "ignored", taken.reason);
        case Taken::Kind::accepted:
            return told(id, "accepted", {});
    }
    return not_recorded();
}

receiver::Answer DeliveryDesk::take_for_all(const receiver::Incoming& incoming,
                                            const Targets& apps) {
    std::vector<Taken> all;
    json each = json::object();
    if (incoming.delivery.kind != forge::EventKind::push) {
        all.push_back(take_for(nullptr, incoming, decide(incoming.delivery, {}).reason));
    } else if (apps.empty()) {
        all.push_back(take_for(nullptr, incoming, "no app has this repository"));
    } else {
        for (AppService* app : apps) {
            all.push_back(take_for(app, incoming, {}));
            each[app->app().name.str()] =
                all.back().kind == Taken::Kind::accepted ? "accepted" : all.back().reason;
        }
    }
    // What happened to any of the apps counts for the whole.
    const auto most = std::max_element(
        all.begin(), all.end(), [](const Taken& a, const Taken& b) { return a.kind < b.kind; });
    const bool failed = std::any_of(all.begin(), all.end(), [](const Taken& taken) {
        return taken.kind == Taken::Kind::failed;
    });
    if (failed) return not_recorded();
    const std::string id = to_utf8(incoming.delivery.id);
    if (most->kind == Taken::Kind::duplicate) return told(id, "duplicate", {});
    if (most->kind == Taken::Kind::ignored) return told(id, "ignored", most->reason);
    return answer(202, {{"delivery", id}, {"status", "accepted"}, {"apps", std::move(each)}});
}

DeliveryDesk::Taken DeliveryDesk::take_for(AppService* app, const receiver::Incoming& incoming,
                                           const std::string& reason) {
    using Kind = Taken::Kind;
    store::DeliveryRow row = row_of(incoming);
    if (app != nullptr) row.app = app->app().name.str();
    auto seen = site_.journal.has_delivery(row);
    if (!seen) return {};
    if (*seen) return {Kind::duplicate, "duplicate"};

    row.decision = "ignored";
    row.reason = reason;
    const core::DeliveryDecision decision =
        app == nullptr ? core::DeliveryDecision{} : decide(incoming.delivery, app->app().followed);
    row.ref = to_utf8(decision.ref);
    if (app != nullptr) row.reason = decision.reason;
    if (decision.deploy) {
        row.commit = decision.commit->hex();
        if (fleet_.has(app->app().name)) {
            row.decision = "deploy";
            row.reason = "given to the fleet";
            orders_.push_back({row,
                               {.id = proposal_id("webhook", row.id),
                                .trigger = core::Trigger::webhook,
                                .commit = decision.commit,
                                .ref = row.ref,
                                .at = row.received_at}});
            return {Kind::accepted, row.reason};
        }
        core::Request request;
        request.trigger = core::Trigger::webhook;
        request.commit = decision.commit;
        request.delivery = row.id;
        const core::Answer answered =
            app->engine().handle(core::RequestArrived{std::move(request)});
        row.reason = answered.reason;
        if (answered.accepted) row.decision = "deploy";
    }
    if (auto added = site_.journal.add_delivery(row); !added) {
        site_.log.error("journal", added.error().text());
        return {};
    }
    fresh_.push_back(row);
    site_.log.http(app == nullptr ? "webhook" : row.app,
                   "delivery " + row.id + " from " + incoming.sender + ": " + row.decision + " " +
                       row.commit + (row.reason.empty() ? "" : " (" + row.reason + ")"));
    return {row.decision == "deploy" ? Kind::accepted : Kind::ignored, row.reason};
}

// The answer, when etcd has all of them; 503 where it hasn't, and the sender sends again.
receiver::Answer DeliveryDesk::when_kept(receiver::Answer answer, Orders orders) {
    receiver::Answer later;
    later.later = [this, answer = std::move(answer),
                   orders = std::move(orders)](std::function<void(receiver::Answer)> done) {
        struct Waiting {
            std::size_t left = 0;
            bool kept = true;
        };
        auto waiting = std::make_shared<Waiting>(Waiting{orders.size()});
        for (const Order& order : orders) {
            const auto app = AppName::parse(order.row.app);
            LG_ASSERT(app.has_value());
            fleet_.propose(
                *app, order.proposal,
                [this, waiting, order, answer, done](bool is_kept, const std::string& why_not) {
                    if (is_kept) {
                        kept(order);
                    } else {
                        site_.log.warn(order.row.app,
                                       "delivery " + order.row.id +
                                           " could not be given to the fleet: " + why_not);
                    }
                    waiting->kept = waiting->kept && is_kept;
                    if (--waiting->left == 0) {
                        done(waiting->kept ? answer : not_recorded());
                    }
                });
        }
    };
    return later;
}

void DeliveryDesk::kept(const Order& order) {
    // etcd has it: that the row is missing in a journal that refuses it harms nobody.
    if (auto added = site_.journal.add_delivery(order.row); !added) {
        site_.log.error("journal", added.error().text());
        site_.journal_refused();
    }
    site_.log.http(order.row.app, "delivery " + order.row.id + " was given to the fleet: commit " +
                                      order.row.commit);
    if (site_.publish && site_.followed()) site_.publish(control::delivery_event(order.row));
}

receiver::Answer DeliveryDesk::status(const receiver::StatusQuestion& question) {
    auto row = site_.journal.delivery_of(question.app, question.delivery);
    auto made = site_.journal.newest_by_delivery(question.app, question.delivery);
    if (!row || !made) return answer(503, {{"error", "the journal can't be read; ask again"}});
    if (!*row) return answer(404, {{"error", "no such delivery"}});
    json body = {{"delivery", (*row)->id},
                 {"decision", (*row)->decision},
                 {"reason", (*row)->reason},
                 {"deployment", nullptr}};
    if (const auto& deployment = *made) body["deployment"] = progress_json(*deployment);
    return answer(200, body);
}

}  // namespace lastgood::daemon
