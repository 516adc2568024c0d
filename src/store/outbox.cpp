// Messages on their way, and what became of them.
#include "lastgood/base/kill_point.h"
#include "lastgood/base/limits.h"
#include "lastgood/store/database.h"
#include "lastgood/store/journal.h"
#include "store/at_once.h"
#include "store/transaction.h"

namespace lastgood::store {
namespace {

std::int64_t ms(WallTime time) {
    return static_cast<std::int64_t>(time.time_since_epoch().count());
}
WallTime wall(std::int64_t milliseconds) {
    return WallTime(Millis(milliseconds));
}

constexpr std::string_view kColumns =
    "SELECT seq, id, app, target, event, message, made_at, tries, due_at, failure FROM outbox ";

OutboxRow read_row(const Statement& row) {
    return OutboxRow{
        row.number(0),       row.text(1), row.text(2),         row.text(3),
        row.text(4),         row.text(5), wall(row.number(6)), static_cast<int>(row.number(7)),
        wall(row.number(8)), row.text(9)};
}

Expected<void> count_ended(Database& db, const OutboxRow& row, bool delivered,
                           const std::string& detail, WallTime now) {
    return run(db,
               "INSERT INTO outbox_tally VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
               "ON CONFLICT DO UPDATE SET delivered = delivered + excluded.delivered, "
               "given_up = given_up + excluded.given_up, last_at = excluded.last_at, "
               "last_event = excluded.last_event, last_delivered = excluded.last_delivered, "
               "last_detail = excluded.last_detail",
               row.app, row.target, std::int64_t{delivered ? 1 : 0},
               std::int64_t{delivered ? 0 : 1}, ms(now), row.event, std::int64_t{delivered ? 1 : 0},
               detail);
}

Expected<void> take_out(Database& db, const OutboxRow& row, bool delivered,
                        const std::string& detail, WallTime now) {
    if (auto gone = run(db, "DELETE FROM outbox WHERE seq = ?", row.seq); !gone) return gone;
    return count_ended(db, row, delivered, detail, now);
}

Expected<std::vector<CountRow>> counted(Database& db, std::string_view sql) {
    auto found = db.prepare(sql);
    if (!found) return found.error();
    return collect<CountRow>(*found, [](const Statement& row) {
        return CountRow{row.text(0), row.text(1), row.number(2), wall(row.number(3))};
    });
}

}  // namespace

Expected<bool> Journal::add_message(const OutboxRow& row) {
    Transaction transaction(*db_);
    if (!transaction.begun()) return transaction.begun().error();
    auto added =
        run(*db_,
            "INSERT OR IGNORE INTO outbox (id, app, target, event, message, made_at, "
            "tries, due_at, failure) VALUES (?, ?, ?, ?, ?, ?, 0, ?, '')",
            row.id, row.app, row.target, row.event, row.message, ms(row.made_at), ms(row.due_at));
    if (!added) return added.error();
    auto oldest = db_->prepare(std::string(kColumns) +
                               "WHERE app = ? AND target = ? ORDER BY seq DESC LIMIT -1 OFFSET ?");
    if (!oldest) return oldest.error();
    oldest->bind(row.app)
        .bind(row.target)
        .bind(static_cast<std::int64_t>(limits::kNoticesPerTargetMax));
    const auto over = collect<OutboxRow>(*oldest, read_row);
    if (!over) return over.error();
    for (const OutboxRow& one : *over) {
        auto gone = take_out(*db_, one, false, "too many were waiting", row.made_at);
        if (!gone) return gone.error();
    }
    if (auto committed = transaction.commit(); !committed) return committed.error();
    return !over->empty();
}

Expected<std::vector<OutboxRow>> Journal::next_messages() {
    auto found = db_->prepare(std::string(kColumns) +
                              "WHERE seq IN (SELECT min(seq) FROM outbox GROUP BY app, target) "
                              "ORDER BY due_at");
    if (!found) return found.error();
    return collect<OutboxRow>(*found, read_row);
}

Expected<std::vector<OutboxRow>> Journal::messages(int count) {
    auto found = db_->prepare(std::string(kColumns) + "ORDER BY app, target, seq LIMIT ?");
    if (!found) return found.error();
    found->bind(std::int64_t{count});
    return collect<OutboxRow>(*found, read_row);
}

Expected<void> Journal::message_failed(std::int64_t seq, int tries, WallTime due_at,
                                       const std::string& why) {
    return at_once([&] {
        return run(*db_, "UPDATE outbox SET tries = ?, due_at = ?, failure = ? WHERE seq = ?",
                   std::int64_t{tries}, ms(due_at), why, seq);
    });
}

Expected<void> Journal::message_ended(const OutboxRow& row, bool delivered,
                                      const std::string& detail, WallTime now) {
    const KillPoints around("journal.message_ended");
    return at_once([&]() -> Expected<void> {
        Transaction transaction(*db_);
        if (!transaction.begun()) return transaction.begun();
        if (auto out = take_out(*db_, row, delivered, detail, now); !out) return out;
        return transaction.commit();
    });
}

Expected<std::vector<OutboxTally>> Journal::message_tallies() {
    auto found = db_->prepare(
        "SELECT k.app, k.target, (SELECT count(*) FROM outbox o WHERE o.app = k.app AND "
        "o.target = k.target), coalesce(t.delivered, 0), coalesce(t.given_up, 0), "
        "coalesce(t.last_at, 0), coalesce(t.last_event, ''), coalesce(t.last_delivered, 0), "
        "coalesce(t.last_detail, '') FROM (SELECT app, target FROM outbox UNION "
        "SELECT app, target FROM outbox_tally) k "
        "LEFT JOIN outbox_tally t ON t.app = k.app AND t.target = k.target "
        "ORDER BY k.app, k.target");
    if (!found) return found.error();
    return collect<OutboxTally>(*found, [](const Statement& row) {
        return OutboxTally{row.text(0),   row.text(1),        row.number(2),
                           row.number(3), row.number(4),      wall(row.number(5)),
                           row.text(6),   row.number(7) != 0, row.text(8)};
    });
}

Expected<std::vector<CountRow>> Journal::count_deployments() {
    return counted(*db_,
                   "SELECT app, outcome, count(*), coalesce(max(finished_at), 0) FROM deployments "
                   "GROUP BY app, outcome");
}

Expected<std::vector<CountRow>> Journal::count_deliveries() {
    return counted(*db_,
                   "SELECT app, decision, count(*), 0 FROM deliveries GROUP BY app, decision");
}

}  // namespace lastgood::store
