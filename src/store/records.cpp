// The records of a step as rows.
#include <variant>

#include "lastgood/store/database.h"
#include "lastgood/store/journal.h"
#include "store/transaction.h"

namespace lastgood::store {
namespace {

std::int64_t ms(WallTime time) {
    return time.time_since_epoch().count();
}

// Adds the time since the last move to the column of the phase that is being left. The wall clock
// may have been set back meanwhile.
Expected<void> leave_phase(Database& db, DeploymentId id, WallTime now) {
    auto found = db.prepare("SELECT phase, phase_since FROM deployments WHERE id = ?");
    if (!found) return found.error();
    auto row = found->bind(id.value).next();
    if (!row) return row.error();
    if (!*row || found->text(0) == "queued") return {};
    const std::string column = found->text(0) + "_ms";
    const std::int64_t spent = std::max<std::int64_t>(0, ms(now) - found->number(1));
    return run(db,
               "UPDATE deployments SET " + column + " = coalesce(" + column +
                   ", 0) + ? "
                   "WHERE id = ?",
               spent, id.value);
}

struct Writer {
    Database& db;
    const std::string& app;
    WallTime now;

    Expected<void> operator()(const core::DeploymentQueued& record) const {
        const auto& request = record.request;
        return run(db,
                   "INSERT OR REPLACE INTO deployments (id, app, commit_id, trigger, phase, "
                   "phase_since, outcome, reason, delivery, requested_by, started_at) "
                   "VALUES (?, ?, ?, ?, 'queued', ?, '', '', ?, ?, ?)",
                   record.id.value, app, request.commit ? request.commit->hex() : std::string(),
                   core::to_string(request.trigger), ms(now), request.delivery, request.by,
                   ms(now));
    }
    Expected<void> operator()(const core::DeploymentMoved& record) const {
        if (auto left = leave_phase(db, record.id, now); !left) return left;
        return run(db,
                   "UPDATE deployments SET phase = ?, phase_since = ?, "
                   "commit_id = coalesce(?, commit_id) WHERE id = ?",
                   core::to_string(record.phase), ms(now),
                   record.commit ? std::optional(record.commit->hex()) : std::nullopt,
                   record.id.value);
    }
    Expected<void> operator()(const core::DeploymentEnded& record) const {
        if (auto left = leave_phase(db, record.id, now); !left) return left;
        return run(db,
                   "UPDATE deployments SET outcome = ?, reason = ?, finished_at = ? WHERE id = ?",
                   core::to_string(record.outcome), record.reason, ms(now), record.id.value);
    }
    Expected<void> operator()(const core::Quarantined& record) const {
        return run(db, "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?)", app,
                   record.commit.hex(), record.reason, ms(now));
    }
    Expected<void> operator()(const core::Unquarantined& record) const {
        return run(db, "DELETE FROM quarantine WHERE app = ? AND commit_id = ?", app,
                   record.commit.hex());
    }
    Expected<void> operator()(const core::BecameGood& record) const {
        return run(db,
                   "INSERT INTO releases VALUES (?, ?, 1, "
                   "(SELECT coalesce(max(good_order), 0) + 1 FROM releases), '', '', '', '') "
                   "ON CONFLICT DO UPDATE SET good_order = excluded.good_order",
                   app, record.commit.hex());
    }
    Expected<void> operator()(const core::DeliveryRedecided& record) const {
        return run(db, "UPDATE deliveries SET decision = ?, reason = ? WHERE app = ? AND id = ?",
                   record.decision, record.reason, app, record.delivery);
    }
    // For whoever tells of it.
    Expected<void> operator()(const core::Noticed&) const { return {}; }
};

}  // namespace

Expected<void> Journal::write(const AppName& app, const core::Record& record, WallTime now) {
    return std::visit(Writer{*db_, app.str(), now}, record);
}

}  // namespace lastgood::store
