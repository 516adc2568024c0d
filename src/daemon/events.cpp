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

std::optional<control::Event> event_of(store::Journal& journal, const AppName& app,
                                       const core::Record& record) {
    return std::visit(Maker{journal, app}, record);
}

}  // namespace lastgood::daemon
