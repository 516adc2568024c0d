// Deliveries, deployments, releases and quarantine: reading and small writes.
#include "lastgood/base/kill_point.h"
#include "lastgood/store/database.h"
#include "lastgood/store/journal.h"
#include "store/at_once.h"
#include "store/transaction.h"

namespace lastgood::store {
namespace {

WallTime wall(std::int64_t ms) {
    return WallTime(Millis(ms));
}

std::optional<Millis> phase_time(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return Millis(row.number(column));
}

constexpr std::string_view kDeliveryColumns =
    "SELECT id, provider, event, app, ref, commit_id, decision, reason, received_at, bytes "
    "FROM deliveries ";

DeliveryRow read_delivery(const Statement& row) {
    return DeliveryRow{row.text(0),         row.text(1),
                       row.text(2),         row.text(3),
                       row.text(4),         row.text(5),
                       row.text(6),         row.text(7),
                       wall(row.number(8)), static_cast<std::uint64_t>(row.number(9))};
}

constexpr std::string_view kDeploymentColumns =
    "SELECT d.id, d.app, d.commit_id, coalesce(r.subject, ''), coalesce(r.author, ''), d.trigger, "
    "d.phase, d.outcome, d.reason, d.delivery, d.requested_by, d.started_at, d.finished_at, "
    "d.fetching_ms, d.building_ms, d.starting_ms, d.probation_ms "
    "FROM deployments d LEFT JOIN releases r ON r.app = d.app AND r.commit_id = d.commit_id ";

DeploymentRow read_deployment(const Statement& row) {
    DeploymentRow out;
    out.id = DeploymentId{row.number(0)};
    out.app = row.text(1);
    out.commit = row.text(2);
    out.subject = row.text(3);
    out.author = row.text(4);
    out.trigger = row.text(5);
    out.phase = row.text(6);
    out.outcome = row.text(7);
    out.reason = row.text(8);
    out.delivery = row.text(9);
    out.by = row.text(10);
    out.started_at = wall(row.number(11));
    if (!row.is_null(12)) out.finished_at = wall(row.number(12));
    out.fetching = phase_time(row, 13);
    out.building = phase_time(row, 14);
    out.starting = phase_time(row, 15);
    out.probation = phase_time(row, 16);
    return out;
}

ReleaseRow read_release(const Statement& row) {
    return ReleaseRow{row.text(0), row.number(1) != 0, row.text(2),
                      row.text(3), row.text(4),        row.text(5)};
}

template <typename Row>
Expected<std::optional<Row>> first(Expected<std::vector<Row>> rows) {
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<Row>();
    return std::optional<Row>(std::move(rows->front()));
}

}  // namespace

Expected<bool> Journal::has_delivery(const DeliveryRow& row) {
    auto found = db_->prepare("SELECT 1 FROM deliveries WHERE app = ? AND provider = ? AND id = ?");
    if (!found) return found.error();
    return found->bind(row.app).bind(row.provider).bind(row.id).next();
}

Expected<void> Journal::add_delivery(const DeliveryRow& row) {
    return run(*db_,
               "INSERT INTO deliveries (id, provider, event, app, ref, commit_id, decision, "
               "reason, received_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               row.id, row.provider, row.event, row.app, row.ref, row.commit, row.decision,
               row.reason, static_cast<std::int64_t>(row.received_at.time_since_epoch().count()),
               static_cast<std::int64_t>(row.bytes));
}

Expected<std::vector<DeliveryRow>> Journal::deliveries(const std::optional<std::string>& app,
                                                       int count) {
    auto found = db_->prepare(std::string(kDeliveryColumns) +
                              "WHERE app = coalesce(?, app) ORDER BY seq DESC LIMIT ?");
    if (!found) return found.error();
    found->bind(app).bind(std::int64_t{count});
    return collect<DeliveryRow>(*found, read_delivery);
}

Expected<std::vector<DeliveryRow>> Journal::find_delivery(const std::string& id) {
    auto found = db_->prepare(std::string(kDeliveryColumns) + "WHERE id = ? ORDER BY seq DESC");
    if (!found) return found.error();
    found->bind(id);
    return collect<DeliveryRow>(*found, read_delivery);
}

Expected<std::optional<DeliveryRow>> Journal::delivery_of(const AppName& app,
                                                          const std::string& id) {
    auto found = db_->prepare(std::string(kDeliveryColumns) +
                              "WHERE id = ? AND app = ? ORDER BY seq DESC LIMIT 1");
    if (!found) return found.error();
    found->bind(id).bind(app.str());
    return first(collect<DeliveryRow>(*found, read_delivery));
}

Expected<std::vector<DeploymentRow>> Journal::deployments(const std::optional<std::string>& app,
                                                          int count) {
    auto found = db_->prepare(std::string(kDeploymentColumns) +
                              "WHERE d.app = coalesce(?, d.app) ORDER BY d.id DESC LIMIT ?");
    if (!found) return found.error();
    found->bind(app).bind(std::int64_t{count});
    return collect<DeploymentRow>(*found, read_deployment);
}

Expected<std::optional<DeploymentRow>> Journal::deployment(DeploymentId id) {
    auto found = db_->prepare(std::string(kDeploymentColumns) + "WHERE d.id = ?");
    if (!found) return found.error();
    found->bind(id.value);
    return first(collect<DeploymentRow>(*found, read_deployment));
}

Expected<std::vector<std::string>> Journal::commits_beginning(const AppName& app,
                                                              const std::string& digits) {
    auto found = db_->prepare(
        "SELECT DISTINCT commit_id FROM deployments WHERE app = ? AND substr(commit_id, 1, ?) = ? "
        "LIMIT 2");
    if (!found) return found.error();
    found->bind(app.str()).bind(static_cast<std::int64_t>(digits.size())).bind(digits);
    return collect<std::string>(*found, [](const Statement& row) { return row.text(0); });
}

Expected<std::optional<DeploymentRow>> Journal::newest_of(const AppName& app,
                                                          const CommitId& commit) {
    auto found = db_->prepare(std::string(kDeploymentColumns) +
                              "WHERE d.app = ? AND d.commit_id = ? ORDER BY d.id DESC LIMIT 1");
    if (!found) return found.error();
    found->bind(app.str()).bind(commit.hex());
    return first(collect<DeploymentRow>(*found, read_deployment));
}

Expected<std::optional<DeploymentRow>> Journal::newest_by_delivery(const AppName& app,
                                                                   const std::string& delivery) {
    auto found = db_->prepare(std::string(kDeploymentColumns) +
                              "WHERE d.app = ? AND d.delivery = ? ORDER BY d.id DESC LIMIT 1");
    if (!found) return found.error();
    found->bind(app.str()).bind(delivery);
    return first(collect<DeploymentRow>(*found, read_deployment));
}

Expected<std::vector<Journal::GoodRow>> Journal::became_good(const AppName& app, int deployments) {
    auto found = db_->prepare(
        "SELECT commit_id, max(finished_at) FROM (SELECT id, commit_id, finished_at, outcome, "
        "probation_ms FROM deployments WHERE app = ? ORDER BY id DESC LIMIT ?) WHERE "
        "outcome = 'good' AND probation_ms IS NOT NULL GROUP BY commit_id ORDER BY max(id) DESC");
    if (!found) return found.error();
    found->bind(app.str()).bind(std::int64_t{deployments});
    return collect<GoodRow>(*found, [](const Statement& row) {
        return GoodRow{row.text(0), wall(row.number(1))};
    });
}

Expected<void> Journal::begin_release(const AppName& app, const CommitId& commit) {
    const KillPoints around("journal.begin_release");
    return run(*db_,
               "INSERT INTO releases VALUES (?, ?, 0, NULL, '', '', '', '') "
               "ON CONFLICT DO UPDATE SET built = 0",
               app.str(), commit.hex());
}

Expected<void> Journal::set_release_text(const AppName& app, const CommitId& commit,
                                         const ReleaseText& text) {
    return at_once([&] {
        return run(*db_,
                   "UPDATE releases SET subject = ?, author = ? WHERE app = ? AND commit_id = ?",
                   text.subject, text.author, app.str(), commit.hex());
    });
}

Expected<void> Journal::release_built(const AppName& app, const CommitId& commit,
                                      const ReleaseText& text) {
    const KillPoints around("journal.release_built");
    return run(*db_,
               "UPDATE releases SET built = 1, subject = ?, author = ?, settings = ? "
               "WHERE app = ? AND commit_id = ?",
               text.subject, text.author, text.settings, app.str(), commit.hex());
}

Expected<void> Journal::set_run_spec(const AppName& app, const CommitId& commit,
                                     const std::string& run_spec) {
    const KillPoints around("journal.set_run_spec");
    return run(*db_, "UPDATE releases SET run_spec = ? WHERE app = ? AND commit_id = ?", run_spec,
               app.str(), commit.hex());
}

Expected<std::optional<ReleaseRow>> Journal::release(const AppName& app, const CommitId& commit) {
    auto found = db_->prepare(
        "SELECT commit_id, built, run_spec, subject, author, settings FROM releases "
        "WHERE app = ? AND commit_id = ?");
    if (!found) return found.error();
    found->bind(app.str()).bind(commit.hex());
    return first(collect<ReleaseRow>(*found, read_release));
}

Expected<std::vector<ReleaseRow>> Journal::releases(const AppName& app) {
    auto found = db_->prepare(
        "SELECT commit_id, built, run_spec, subject, author, settings FROM releases WHERE app = ?");
    if (!found) return found.error();
    found->bind(app.str());
    return collect<ReleaseRow>(*found, read_release);
}

Expected<void> Journal::forget_release(const AppName& app, const CommitId& commit) {
    const KillPoints around("journal.forget_release");
    // Its subject and author stay for the history.
    return run(*db_,
               "UPDATE releases SET built = 0, good_order = NULL WHERE app = ? AND commit_id = ?",
               app.str(), commit.hex());
}

Expected<std::vector<QuarantineRow>> Journal::quarantine(const std::optional<std::string>& app) {
    auto found = db_->prepare(
        "SELECT app, commit_id, reason, since FROM quarantine WHERE app = coalesce(?, app) "
        "ORDER BY since DESC");
    if (!found) return found.error();
    found->bind(app);
    return collect<QuarantineRow>(*found, [](const Statement& row) {
        return QuarantineRow{row.text(0), row.text(1), row.text(2), wall(row.number(3))};
    });
}

}  // namespace lastgood::store
