// The journal's frame, and what it keeps of an app: state, records of a step, processes, notes.
#include "lastgood/store/journal.h"

#include <cerrno>
#include <cstdio>

#include "lastgood/base/kill_point.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/store/database.h"
#include "lastgood/store/state_codec.h"
#include "store/at_once.h"
#include "store/schema.h"
#include "store/transaction.h"

namespace lastgood::store {

Journal::Journal(std::unique_ptr<Database> database) : db_(std::move(database)) {}
Journal::~Journal() = default;

Expected<std::unique_ptr<Journal>> Journal::open(const std::string& path) {
    auto database = Database::open(path);
    if (!database) return database.error();
    std::unique_ptr<Journal> journal(new Journal(std::move(*database)));
    if (auto migrated = journal->migrate(); !migrated) return migrated.error();
    return journal;
}

Expected<std::unique_ptr<Journal>> Journal::open_or_begin_anew(const std::string& path,
                                                               std::string& kept_as) {
    if (!sys::exists(path) || !Database::is_damaged(path)) return open(path);
    const std::string aside = path + ".damaged-" + format_rfc3339(wall_now());
    // Its log goes along: it belongs to these pages, and to no others.
    for (const char* part : {"-wal", "-shm", ""}) {
        if (!sys::exists(path + part)) continue;
        if (rename((path + part).c_str(), (aside + part).c_str()) != 0) {
            return system_error("could not move the damaged " + path + " aside", errno);
        }
    }
    kept_as = aside;
    return open(path);
}

Expected<void> Journal::copy(const std::string& from, const std::string& to) {
    auto database = Database::open(from);
    if (!database) return database.error();
    return run(**database, "VACUUM INTO ?", to);
}

Expected<void> Journal::migrate() {
    auto version = db_->prepare("PRAGMA user_version");
    if (!version) return version.error();
    if (auto row = version->next(); !row) return row.error();
    const std::int64_t done = version->number(0);
    const auto known = static_cast<std::int64_t>(kMigrations.size());
    if (done > known) {
        return Error{"the database was written by a newer lastgood (version " +
                         std::to_string(done) + ", this one knows " + std::to_string(known) + ")",
                     "install the newer lastgood again"};
    }
    for (std::int64_t i = done; i < known; ++i) {
        Transaction transaction(*db_);
        if (!transaction.begun()) return transaction.begun();
        auto made = db_->execute(kMigrations[static_cast<std::size_t>(i)]);
        if (made) made = db_->execute("PRAGMA user_version = " + std::to_string(i + 1));
        if (!made) return made;
        if (auto committed = transaction.commit(); !committed) return committed;
    }
    return {};
}

Expected<void> Journal::begin_batch() {
    return db_->begin();
}
Expected<void> Journal::commit_batch() {
    const KillPoints around("journal.batch");
    return db_->commit();
}
void Journal::abort_batch() {
    db_->roll_back();
}

Expected<void> Journal::probe() {
    return run(*db_,
               "INSERT INTO notes VALUES ('', 'probe', ?) "
               "ON CONFLICT DO UPDATE SET text = excluded.text",
               format_rfc3339(wall_now()));
}

Expected<core::AppState> Journal::load(const AppName& app) {
    core::AppState state;
    auto stored = db_->prepare("SELECT state FROM apps WHERE name = ?");
    if (!stored) return stored.error();
    auto row = stored->bind(app.str()).next();
    if (!row) return row.error();
    if (*row) {
        auto decoded = decode_state(stored->text(0));
        if (!decoded) return decoded.error();
        state = std::move(*decoded);
    }
    auto good = db_->prepare(
        "SELECT commit_id FROM releases WHERE app = ? AND good_order IS NOT NULL AND built = 1 "
        "ORDER BY good_order DESC");
    if (!good) return good.error();
    good->bind(app.str());
    while (true) {
        auto more = good->next();
        if (!more) return more.error();
        if (!*more) break;
        if (auto commit = CommitId::parse(good->text(0))) state.good.push_back(*commit);
    }
    auto rows = quarantine(app.str());
    if (!rows) return rows.error();
    for (const auto& bad : *rows) {
        if (auto commit = CommitId::parse(bad.commit)) state.quarantine[*commit] = bad.reason;
    }
    return state;
}

Expected<void> Journal::save_state(const AppName& app, const core::AppState& state) {
    return run(*db_,
               "INSERT INTO apps VALUES (?, ?) "
               "ON CONFLICT DO UPDATE SET state = excluded.state",
               app.str(), encode_state(state));
}

namespace {

std::int64_t ms_since_1970(WallTime time) {
    return static_cast<std::int64_t>(time.time_since_epoch().count());
}

}  // namespace

Expected<void> Journal::save_at_once(const AppName& app, const core::AppState& state) {
    const KillPoints around("journal.save_at_once");
    return at_once([&] { return save_state(app, state); });
}

Expected<void> Journal::add_samples(const std::vector<SampleRow>& rows, WallTime kept_since) {
    return at_once([&]() -> Expected<void> {
        Transaction transaction(*db_);
        if (!transaction.begun()) return transaction.begun();
        for (const SampleRow& row : rows) {
            auto gone = run(*db_, "DELETE FROM samples WHERE app = ? AND at < ?", row.app,
                            ms_since_1970(kept_since));
            if (!gone) return gone;
            auto added =
                run(*db_, "INSERT OR REPLACE INTO samples VALUES (?, ?, ?, ?, ?, ?, ?)", row.app,
                    ms_since_1970(row.at), static_cast<std::int64_t>(row.memory_bytes),
                    row.cpu_permille, row.descriptors, row.threads, row.processes);
            if (!added) return added;
        }
        return transaction.commit();
    });
}

Expected<std::vector<SampleRow>> Journal::samples(const AppName& app) {
    auto found = db_->prepare(
        "SELECT app, at, memory_bytes, cpu_permille, descriptors, threads, processes FROM samples "
        "WHERE app = ? ORDER BY at");
    if (!found) return found.error();
    found->bind(app.str());
    return collect<SampleRow>(*found, [](const Statement& row) {
        return SampleRow{row.text(0),
                         WallTime(Millis(row.number(1))),
                         static_cast<std::uint64_t>(row.number(2)),
                         row.number(3),
                         row.number(4),
                         row.number(5),
                         row.number(6)};
    });
}

Expected<void> Journal::save(const AppName& app, const core::AppState& state,
                             const std::vector<core::Record>& records, WallTime now) {
    const KillPoints around("journal.save");
    Transaction transaction(*db_);
    if (!transaction.begun()) return transaction.begun();
    auto saved = save_state(app, state);
    for (const auto& record : records) {
        kill_point("journal.save", "inside");
        if (!saved) return saved;
        saved = write(app, record, now);
    }
    if (!saved) return saved;
    return transaction.commit();
}

Expected<std::int64_t> Journal::next_deployment_id() {
    auto newest = db_->prepare("SELECT coalesce(max(id), 0) + 1 FROM deployments");
    if (!newest) return newest.error();
    if (auto row = newest->next(); !row) return row.error();
    return newest->number(0);
}

Expected<std::string> Journal::note(const AppName& app, const std::string& name) {
    auto found = db_->prepare("SELECT text FROM notes WHERE app = ? AND name = ?");
    if (!found) return found.error();
    auto row = found->bind(app.str()).bind(name).next();
    if (!row) return row.error();
    return *row ? found->text(0) : std::string();
}

Expected<void> Journal::set_note(const AppName& app, const std::string& name,
                                 const std::string& text) {
    const KillPoints around("journal.set_note");
    return run(*db_,
               "INSERT INTO notes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET text = excluded.text",
               app.str(), name, text);
}

Expected<void> Journal::set_process(const ProcessRow& row) {
    const KillPoints around("journal.set_process");
    return run(*db_, "INSERT OR REPLACE INTO slots VALUES (?, ?, ?, ?)", row.app, row.place,
               row.pid, static_cast<std::int64_t>(row.start_time));
}

Expected<void> Journal::clear_process(const std::string& app, const std::string& place) {
    const KillPoints around("journal.clear_process");
    return run(*db_, "DELETE FROM slots WHERE app = ? AND place = ?", app, place);
}

Expected<std::vector<ProcessRow>> Journal::processes() {
    auto found = db_->prepare("SELECT app, place, pid, start_time FROM slots");
    if (!found) return found.error();
    return collect<ProcessRow>(*found, [](const Statement& row) {
        return ProcessRow{row.text(0), row.text(1), row.number(2),
                          static_cast<std::uint64_t>(row.number(3))};
    });
}

}  // namespace lastgood::store
