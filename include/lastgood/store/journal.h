// All that lastgood remembers: one SQLite file, `state_dir/lastgood.db`.
//
// One writer, on the daemon's loop. A call that returns success has reached the disk, unless a
// batch is open: then commit_batch() is what reaches it, with one fsync for all that came in
// between. The command line reads through the daemon, never this file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/time.h"
#include "lastgood/core/machine.h"
#include "lastgood/store/outbox.h"

namespace lastgood::store {

class Database;

struct DeliveryRow {
    std::string id;  // the forge's
    std::string provider;
    std::string event;
    std::string app;
    std::string ref;
    std::string commit;
    std::string decision;  // deploy | ignored | stale
    std::string reason;
    WallTime received_at;
    std::uint64_t bytes = 0;
};

struct DeploymentRow {
    DeploymentId id;
    std::string app;
    std::string commit;
    std::string subject;
    std::string author;
    std::string trigger;
    std::string phase;
    std::string outcome;  // empty while it goes on
    std::string reason;
    std::string delivery;
    std::string by;
    WallTime started_at;
    std::optional<WallTime> finished_at;
    std::optional<Millis> fetching, building, starting, probation;
};

struct QuarantineRow {
    std::string app;
    std::string commit;
    std::string reason;
    WallTime since;
};

// A process that must not outlive the daemon's knowledge of it.
struct ProcessRow {
    std::string app;
    std::string place;  // "blue", "green" or "build"
    std::int64_t pid = 0;
    std::uint64_t start_time = 0;
};

struct ReleaseRow {
    std::string commit;
    bool built = false;    // false: half-made, to be removed
    std::string run_spec;  // JSON of the command line it ran with last
    std::string subject;
    std::string author;
    std::string settings;  // of the repository's own, as text; empty: none
};

// What is known of a release once it is built.
struct ReleaseText {
    std::string subject;
    std::string author;
    std::string settings;
};

// What the processes of an app used at a moment, both slots together.
struct SampleRow {
    std::string app;
    WallTime at;
    std::uint64_t memory_bytes = 0;
    std::int64_t cpu_permille = 0;  // of one CPU, since the sample before
    std::int64_t descriptors = 0;
    std::int64_t threads = 0;
    std::int64_t processes = 0;
};

class Journal {
  public:
    static Expected<std::unique_ptr<Journal>> open(const std::string& path);
    // A damaged file is moved aside, and a new one begun; `kept_as` then says where it is.
    static Expected<std::unique_ptr<Journal>> open_or_begin_anew(const std::string& path,
                                                                 std::string& kept_as);
    // As of one moment, also while another process writes to it; `to` must not be there.
    static Expected<void> copy(const std::string& from, const std::string& to);
    ~Journal();

    Expected<void> begin_batch();
    Expected<void> commit_batch();
    void abort_batch();
    // A small write that shows whether the disk takes records again.
    Expected<void> probe();

    // ---- apps
    Expected<core::AppState> load(const AppName& app);
    Expected<void> save(const AppName& app, const core::AppState& state,
                        const std::vector<core::Record>& records, WallTime now);
    // Without waiting for the disk: a loss of power may take it back to what was before. Not in a
    // batch.
    Expected<void> save_at_once(const AppName& app, const core::AppState& state);
    Expected<std::int64_t> next_deployment_id();
    // Any text of the daemon's for an app, under a name.
    Expected<std::string> note(const AppName& app, const std::string& name);
    Expected<void> set_note(const AppName& app, const std::string& name, const std::string& text);

    // ---- deliveries
    Expected<bool> has_delivery(const DeliveryRow& row);
    Expected<void> add_delivery(const DeliveryRow& row);
    Expected<std::vector<DeliveryRow>> deliveries(const std::optional<std::string>& app, int count);
    Expected<std::vector<DeliveryRow>> find_delivery(const std::string& id);
    Expected<std::optional<DeliveryRow>> delivery_of(const AppName& app, const std::string& id);

    // ---- deployments
    Expected<std::vector<DeploymentRow>> deployments(const std::optional<std::string>& app,
                                                     int count);
    Expected<std::optional<DeploymentRow>> deployment(DeploymentId id);
    // Full ids, of this app's deployments, that begin with these digits; two at most.
    Expected<std::vector<std::string>> commits_beginning(const AppName& app,
                                                         const std::string& digits);
    Expected<std::optional<DeploymentRow>> newest_of(const AppName& app, const CommitId& commit);
    Expected<std::optional<DeploymentRow>> newest_by_delivery(const AppName& app,
                                                              const std::string& delivery);

    // With the time at which each became good last, by a probation; the last one first. Of the
    // newest deployments, that many.
    struct GoodRow {
        std::string commit;
        WallTime at;
    };
    Expected<std::vector<GoodRow>> became_good(const AppName& app, int deployments);

    // ---- releases
    Expected<void> begin_release(const AppName& app, const CommitId& commit);
    // What it is called, while it is half-made. As save_at_once().
    Expected<void> set_release_text(const AppName& app, const CommitId& commit,
                                    const ReleaseText& text);
    Expected<void> release_built(const AppName& app, const CommitId& commit,
                                 const ReleaseText& text);
    Expected<void> set_run_spec(const AppName& app, const CommitId& commit,
                                const std::string& run_spec);
    Expected<std::optional<ReleaseRow>> release(const AppName& app, const CommitId& commit);
    Expected<std::vector<ReleaseRow>> releases(const AppName& app);
    Expected<void> forget_release(const AppName& app, const CommitId& commit);

    Expected<std::vector<QuarantineRow>> quarantine(const std::optional<std::string>& app);

    // ---- processes
    Expected<void> set_process(const ProcessRow& row);
    Expected<void> clear_process(const std::string& app, const std::string& place);
    Expected<std::vector<ProcessRow>> processes();

    // ---- samples
    // Those of these apps from before `kept_since` go. As save_at_once().
    Expected<void> add_samples(const std::vector<SampleRow>& rows, WallTime kept_since);
    // From old to new.
    Expected<std::vector<SampleRow>> samples(const AppName& app);

    // ---- messages on their way. What is kept of each is JSON of the daemon's; here it is text.
    // Stored already under this id: nothing happens. True: the target had too many waiting, and the
    // oldest was given up.
    Expected<bool> add_message(const OutboxRow& row);
    // The oldest of each target.
    Expected<std::vector<OutboxRow>> next_messages();
    // By target, from old to new.
    Expected<std::vector<OutboxRow>> messages(int count);
    // As save_at_once(): after a loss of power a message may come twice.
    Expected<void> message_failed(std::int64_t seq, int tries, WallTime due_at,
                                  const std::string& why);
    // It leaves the outbox, and counts.
    Expected<void> message_ended(const OutboxRow& row, bool delivered, const std::string& detail,
                                 WallTime now);
    Expected<std::vector<OutboxTally>> message_tallies();

    // ---- how many there ever were, by app and word
    Expected<std::vector<CountRow>> count_deployments();
    Expected<std::vector<CountRow>> count_deliveries();

  private:
    // `write` without waiting for the disk.
    template <typename Write>
    Expected<void> at_once(Write write);
    Expected<void> save_state(const AppName& app, const core::AppState& state);
    explicit Journal(std::unique_ptr<Database> database);
    Expected<void> migrate();
    Expected<void> write(const AppName& app, const core::Record& record, WallTime now);

    std::unique_ptr<Database> db_;
};

}  // namespace lastgood::store
