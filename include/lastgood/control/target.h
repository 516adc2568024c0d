// What the control API needs of the daemon. Implemented by the daemon, on its loop's thread; every
// call returns at once, a deployment that it begins is followed through events.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/ids.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/time.h"
#include "lastgood/control/notification.h"
#include "lastgood/control/story.h"
#include "lastgood/logs/reader.h"
#include "lastgood/store/journal.h"

namespace lastgood::control {

// A second release of the app that runs: warm until the probation of the live one ends, being
// started, or being drained.
struct BesideStatus {
    std::string commit;
    std::string slot;
    std::int64_t pid = 0;
    std::uint64_t memory_bytes = 0;
};

struct AppStatus {
    std::string name;
    std::string branch;
    std::string state;              // core::condition()
    std::string commit;             // live one, empty if none
    std::string subject;            // of the live commit
    std::string author;             // likewise
    std::optional<WallTime> since;  // when users got the live commit; none: not known
    std::string last_good;          // empty if none
    std::string slot;               // "blue" or "green", empty when nothing runs
    std::int64_t pid = 0;
    std::int64_t uptime_s = 0;
    std::uint64_t restarts = 0;  // after an end that nobody asked for, since the daemon's start
    std::uint64_t memory_bytes = 0;
    std::uint64_t mirror_bytes = 0;  // of its git mirror, shared ones whole; 0: not known yet
    bool paused = false;
    std::optional<store::DeploymentRow> deployment;  // the one going on, else none
    std::optional<BesideStatus> beside;
    std::optional<store::SampleRow> sample;  // the newest of this daemon
    std::string waits;                       // what waits for another app (`promote`), for people
    std::string trouble;                     // what needs attention, for people; empty if nothing
};

// Somebody who reads log files, as a process: it blocks, and a regular expression may take for
// ever.
struct LogFeed {
    sys::Fd output;  // non-blocking; a JSON object a line, as logs::line_json() says it
    std::shared_ptr<void> process;  // ends with this
};

// A process of an app that ended without being asked to.
struct Crash {
    std::string app;
    std::string commit;
    std::string slot;
    std::string status;  // "exited with status 3"
    WallTime at;
};

// A piece of the output of a deployment's build steps and hooks.
struct StepOutput {
    std::string text;        // bytes as written
    std::uint64_t next = 0;  // where the next piece begins
    std::uint64_t size = 0;  // of all that there is now
};

// What an operator's command led to.
struct Outcome {
    enum class Kind { done, refused, unknown_app, invalid, unavailable };
    Kind kind = Kind::done;
    std::string reason;       // for people; also set for `done` where there is something to say
    DeploymentId deployment;  // that carries it out, 0 if none
    std::string commit;       // that it is about, where known
};

struct Event {
    std::string type;  // "deployment", "delivery", "app", "quarantine", "progress", "crash"
    std::string app;
    std::string json;  // the whole event as one JSON object, with "type" and "app" in it
    DeploymentId deployment;
};

class Target {
  public:
    virtual ~Target() = default;
    virtual std::vector<AppStatus> apps() = 0;

    // `commit`: empty for the tip; a full id, or a prefix of at least 4 digits of a commit that
    // the journal knows.
    virtual Outcome deploy(const std::string& app, const std::string& commit, bool force,
                           const std::string& by) = 0;
    virtual Outcome rollback(const std::string& app, const std::string& to,
                             const std::string& by) = 0;
    virtual Outcome pause(const std::string& app) = 0;
    virtual Outcome resume(const std::string& app) = 0;
    virtual Outcome start(const std::string& app) = 0;
    virtual Outcome stop(const std::string& app) = 0;
    virtual Outcome restart(const std::string& app) = 0;
    // The daemon's program, as it is on the disk now, takes this one's place.
    virtual Outcome reexec() = 0;
    virtual Outcome redeliver(const std::string& delivery_id) = 0;
    virtual Outcome release_quarantine(const std::string& app, const std::string& commit) = 0;

    virtual Expected<std::vector<store::DeploymentRow>> history(
        const std::optional<std::string>& app, int count) = 0;
    virtual Expected<std::optional<store::DeploymentRow>> deployment(DeploymentId id) = 0;
    virtual Expected<std::optional<Story>> story(DeploymentId id) = 0;
    virtual Expected<std::vector<store::DeliveryRow>> deliveries(
        const std::optional<std::string>& app, int count) = 0;
    // Of the last day, from old to new.
    virtual Expected<std::vector<store::SampleRow>> samples(const std::string& app) = 0;
    virtual Expected<std::vector<store::QuarantineRow>> quarantine(
        const std::optional<std::string>& app) = 0;
    // Of one app, or of all.
    virtual Expected<Notifications> notifications(const std::optional<std::string>& app) = 0;
    // From new to old; the last ones of each app.
    virtual Expected<std::vector<Crash>> crashes(const std::optional<std::string>& app) = 0;
    // From that byte on, at most kStepOutputPieceBytes. Nothing was written: empty.
    virtual Expected<StepOutput> step_output(const store::DeploymentRow& row,
                                             std::uint64_t from) = 0;
    // Of one app, or of all with the daemon's own log.
    virtual Expected<LogFeed> read_logs(const std::optional<std::string>& app,
                                        const logs::LogQuery& query, bool follow) = 0;
    // How the whole fleet is, as one JSON object (docs/control-api.md), or why that isn't known
    // now. `done` comes once, later, and not from inside.
    virtual void fleet(std::function<void(Expected<std::string> json)> done) = 0;
    // 200 text for GET /metrics in Prometheus' format.
    virtual std::string metrics() = 0;
    // True while deliveries can be recorded; else why not.
    virtual bool healthy(std::string& why_not) = 0;
};

}  // namespace lastgood::control
