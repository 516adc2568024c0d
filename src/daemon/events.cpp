#include "daemon/events.h"

#include "lastgood/control/event.h"

namespace lastgood::daemon {
namespace {

using Found = std::optional<control::Event>;

struct Maker {
    store::Journal& journal;
    const AppName& app;

    Found deployment(DeploymentId id) const {
        auto row = journal.deployment(id);
        if (!row || !*row) return std::nullopt;
        return control::deployment_event(**row);
    }
    Found quarantine(const CommitId& commit, const std::string& reason, bool released) const {
        return control::quarantine_event({app.str(), commit.hex(), reason, wall_now()}, released);
    }

    Found operator()(const core::DeploymentQueued& record) const { return deployment(record.id); }
    Found operator()(const core::DeploymentMoved& record) const { return deployment(record.id); }
    Found operator()(const core::DeploymentEnded& record) const { return deployment(record.id); }
    Found operator()(const core::Quarantined& record) const {
        return quarantine(record.commit, record.reason, false);
    }
    Found operator()(const core::Unquarantined& record) const {
        return quarantine(record.commit, {}, true);
    }
    Found operator()(const core::BecameGood&) const { return std::nullopt; }
    Found operator()(const core::Noticed&) const { return std::nullopt; }
    Found operator()(const core::DeliveryRedecided& record) const {
        auto rows = journal.find_delivery(record.delivery);
        if (!rows) return std::nullopt;
        for (const auto& row : *rows) {
            if (row.app == app.str()) return control::delivery_event(row);
        }
        return std::nullopt;
    }
};

}  // namespace

namespace {

std::string number(DeploymentId id) {
    return "deployment " + std::to_string(id.value) + ": ";
}

std::string of_commit(const std::optional<CommitId>& commit) {
    return commit ? " commit " + commit->short_hex() : "";
}

struct Teller {
    using Line = std::optional<LogText>;
    Line operator()(const core::DeploymentQueued& record) const {
        const core::Request& request = record.request;
        std::string text = number(record.id) + std::string(core::to_string(request.trigger)) +
                           " asks for" + (request.commit ? of_commit(request.commit) : " the tip");
        if (!request.delivery.empty()) text += ", by delivery " + request.delivery;
        if (!request.by.empty()) text += ", by " + request.by;
        return LogText{config::LogLevel::info, text};
    }
    Line operator()(const core::DeploymentMoved& record) const {
        return LogText{config::LogLevel::debug, number(record.id) +
                                                    std::string(core::to_string(record.phase)) +
                                                    of_commit(record.commit)};
    }
    Line operator()(const core::DeploymentEnded& record) const {
        std::string text = number(record.id) + std::string(core::to_string(record.outcome));
        if (!record.reason.empty()) text += ": " + record.reason;
        // Whoever watches the errors alone learns it; a rollback is told by itself.
        const bool failed = record.outcome == core::Outcome::failed;
        return LogText{failed ? config::LogLevel::error : config::LogLevel::info, text};
    }
    template <typename Other>
    Line operator()(const Other&) const {
        return std::nullopt;
    }
};

}  // namespace

std::optional<LogText> log_text_of(const core::Record& record) {
    return std::visit(Teller{}, record);
}

std::optional<control::Event> event_of(store::Journal& journal, const AppName& app,
                                       const core::Record& record) {
    return std::visit(Maker{journal, app}, record);
}

}  // namespace lastgood::daemon
