#include <nlohmann/json.hpp>

#include "control/row_json.h"
#include "lastgood/base/strings.h"

namespace lastgood::control {
namespace {

using Json = nlohmann::ordered_json;

Json object(const TargetStatus& status) {
    const store::OutboxTally& tally = status.tally;
    const bool ended = !tally.last_event.empty();
    Json next = nullptr;
    if (status.next) {
        next = Json{{"event", status.next->event},
                    {"tries", status.next->tries},
                    {"next_try_at", format_rfc3339(status.next->due_at)},
                    {"failure", to_utf8(status.next->failure)}};
    }
    Json last = nullptr;
    if (ended) {
        last = Json{{"event", tally.last_event},
                    {"at", format_rfc3339(tally.last_at)},
                    {"delivered", tally.last_delivered},
                    {"failure", to_utf8(tally.last_detail)}};
    }
    return Json{{"app", to_utf8(status.app)}, {"target", to_utf8(status.target)},
                {"kind", status.kind},        {"events", status.events},
                {"waiting", tally.waiting},   {"delivered", tally.delivered},
                {"given_up", tally.given_up}, {"last", std::move(last)},
                {"next", std::move(next)}};
}

Json object(const store::OutboxRow& row) {
    return Json{{"id", row.id},
                {"app", to_utf8(row.app)},
                {"target", to_utf8(row.target)},
                {"event", row.event},
                {"made_at", format_rfc3339(row.made_at)},
                {"tries", row.tries},
                {"next_try_at", format_rfc3339(row.due_at)},
                {"failure", to_utf8(row.failure)}};
}

}  // namespace

std::string to_json(const Notifications& all) {
    Json targets = Json::array();
    for (const auto& one : all.targets) targets.push_back(object(one));
    Json waiting = Json::array();
    for (const auto& one : all.waiting) waiting.push_back(object(one));
    return Json{{"targets", std::move(targets)}, {"waiting", std::move(waiting)}}.dump();
}

}  // namespace lastgood::control
