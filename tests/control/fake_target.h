// Test support: a Target that remembers what it was asked, and a Server for it on a thread of its
// own.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lastgood/base/sys/event_loop.h"
#include "lastgood/base/sys/files.h"
#include "lastgood/control/server.h"

namespace lastgood::control::test {

constexpr const char* kCommit = "3f2a1c09d3b1f0a4c0d0e1f2a3b4c5d6e7f80912";

inline WallTime at(const char* text) {
    return *parse_rfc3339(text);
}

inline store::DeploymentRow deployment_row(std::int64_t id, const std::string& phase,
                                           const std::string& outcome = {},
                                           const std::string& reason = {}) {
    store::DeploymentRow row;
    row.id = {id};
    row.app = "backend";
    row.commit = kCommit;
    row.subject = "Mend the login";
    row.author = "Ada <ada@example.org>";
    row.trigger = "cli";
    row.phase = phase;
    row.outcome = outcome;
    row.reason = reason;
    row.by = "ada";
    row.started_at = at("2026-05-01T12:00:00.000Z");
    row.fetching = Millis(84);
    if (!outcome.empty()) row.finished_at = at("2026-05-01T12:01:14.000Z");
    return row;
}

inline AppStatus app_status() {
    AppStatus status;
    status.name = "backend";
    status.branch = "main";
    status.state = "running";
    status.commit = kCommit;
    status.subject = "Mend the login";
    status.author = "Ada <ada@example.org>";
    status.since = at("2026-05-01T12:00:00.000Z");
    status.last_good = kCommit;
    status.slot = "blue";
    status.pid = 4711;
    status.uptime_s = 7380;
    status.restarts = 2;
    status.memory_bytes = 50'540'000;
    return status;
}

// Filled before the server starts; afterwards only its thread touches it.
class FakeTarget : public Target {
  public:
    std::vector<AppStatus> apps_now{app_status()};
    Outcome next;  // what every command answers
    std::vector<store::DeploymentRow> rows;
    std::vector<store::DeliveryRow> delivery_rows;
    std::vector<store::QuarantineRow> quarantine_rows;
    std::vector<store::SampleRow> sample_rows;
    Story about;  // of every deployment
    Notifications told;
    std::vector<Crash> crash_rows;
    std::string log_lines;
    bool store_broken = false;
    std::string unhealthy;
    Expected<std::string> group = std::string(R"({"group":null})");
    std::function<void(std::function<void()>)> later;  // on the server's loop

    // What was asked, a line for each call. From any thread.
    std::vector<std::string> asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

    std::vector<AppStatus> apps() override { return apps_now; }
    Outcome deploy(const std::string& app, const std::string& commit, bool force,
                   const std::string& by) override {
        return note("deploy " + app + " '" + commit + "'" + (force ? " force" : "") + " by " + by,
                    app);
    }
    Outcome rollback(const std::string& app, const std::string& to,
                     const std::string& by) override {
        return note("rollback " + app + " '" + to + "' by " + by, app);
    }
    Outcome pause(const std::string& app) override { return note("pause " + app, app); }
    Outcome resume(const std::string& app) override { return note("resume " + app, app); }
    Outcome start(const std::string& app) override { return note("start " + app, app); }
    Outcome stop(const std::string& app) override { return note("stop " + app, app); }
    Outcome restart(const std::string& app) override { return note("restart " + app, app); }
    Outcome reexec() override { return note("reexec"); }
    Outcome redeliver(const std::string& id) override { return note("redeliver " + id); }
    Outcome release_quarantine(const std::string& app, const std::string& commit) override {
        return note("release " + app + " " + commit, app);
    }
    Expected<std::vector<store::DeploymentRow>> history(const std::optional<std::string>& app,
                                                        int count) override {
        note("history " + app.value_or("-") + " " + std::to_string(count));
        if (store_broken) return Error{"the disk is full", {}};
        if (app && *app != "backend") return std::vector<store::DeploymentRow>{};
        return rows;
    }
    Expected<std::optional<store::DeploymentRow>> deployment(DeploymentId id) override {
        for (const auto& row : rows) {
            if (row.id == id) return std::optional(row);
        }
        return std::optional<store::DeploymentRow>{};
    }
    Expected<std::optional<Story>> story(DeploymentId id) override {
        for (const auto& row : rows) {
            if (row.id != id) continue;
            Story story = about;
            story.deployment = row;
            return std::optional(std::move(story));
        }
        return std::optional<Story>{};
    }
    Expected<std::vector<store::DeliveryRow>> deliveries(const std::optional<std::string>& app,
                                                         int count) override {
        note("deliveries " + app.value_or("-") + " " + std::to_string(count));
        return delivery_rows;
    }
    Expected<std::vector<store::SampleRow>> samples(const std::string& app) override {
        note("samples " + app);
        return sample_rows;
    }
    Expected<std::vector<store::QuarantineRow>> quarantine(
        const std::optional<std::string>& app) override {
        note("quarantine " + app.value_or("-"));
        return quarantine_rows;
    }
    Expected<Notifications> notifications(const std::optional<std::string>&) override {
        if (store_broken) return Error{"the journal can't be read", {}};
        return told;
    }
    Expected<std::vector<Crash>> crashes(const std::optional<std::string>& app) override {
        note("crashes " + app.value_or("-"));
        return crash_rows;
    }
    Expected<StepOutput> step_output(const store::DeploymentRow& row, std::uint64_t from) override {
        note("output " + std::to_string(row.id.value) + " " + std::to_string(from));
        return StepOutput{"npm ci\n", from + 7, 7};
    }
    // What it reads is `log_lines`, to its end.
    Expected<LogFeed> read_logs(const std::optional<std::string>& app, const logs::LogQuery& query,
                                bool follow) override {
        note("logs " + app.value_or("-") + " " + std::to_string(query.lines_max) + " '" +
             query.grep + "'" + (query.level ? " level" : "") + (query.since ? " since" : "") +
             (follow ? " follow" : ""));
        auto pipe = sys::make_pipe(O_CLOEXEC | O_NONBLOCK);
        EXPECT_TRUE(pipe && sys::write_all(pipe->write.get(), log_lines));
        return LogFeed{std::move(pipe->read), nullptr};
    }
    void fleet(std::function<void(Expected<std::string> json)> done) override {
        note("fleet");
        later([done = std::move(done), answer = group] { done(answer); });
    }
    std::string metrics() override { return "lastgood_up 1\n"; }
    bool healthy(std::string& why_not) override {
        why_not = unhealthy;
        return unhealthy.empty();
    }

  private:
    Outcome note(const std::string& what, const std::string& app = "backend") {
        const std::lock_guard lock(mutex_);
        asked_.push_back(what);
        if (app != "backend") return {Outcome::Kind::unknown_app, "no app named " + app, {}, {}};
        return next;
    }

    std::mutex mutex_;
    std::vector<std::string> asked_;
};

class TempFolder {
  public:
    TempFolder() {
        std::string pattern = testing::TempDir() + "lastgood-XXXXXX";
        path_ = mkdtemp(pattern.data());
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() { EXPECT_TRUE(sys::remove_tree(path_).ok()); }
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return path_ + "/" + name;
    }

  private:
    std::string path_;
};

// The server on a loop of its own thread. What touches it or its target goes through on_loop().
class RunningServer {
  public:
    RunningServer(const std::string& socket_path, FakeTarget& target, RoleGroups groups = {})
        : path_(socket_path), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        std::promise<void> ready;
        thread_ = std::thread([this, &target, &groups, &ready] {
            sys::EventLoop loop;
            target.later = [&loop](std::function<void()> task) { loop.defer(std::move(task)); };
            auto server = Server::open(loop, path_, target, groups);
            EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().text());
            auto watch = loop.watch(wake_.get(), EPOLLIN, [&](std::uint32_t) { run_tasks(loop); });
            server_ = server->get();
            ready.set_value();
            loop.run();
        });
        ready.get_future().wait();
    }
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;
    ~RunningServer() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        eventfd_write(wake_.get(), 1);
        thread_.join();
    }

    // Runs on the loop's thread; returns when it has run.
    void on_loop(std::function<void(Server&)> task) {
        std::promise<void> done;
        {
            const std::lock_guard lock(mutex_);
            tasks_.emplace_back([&done, &task](Server& server) {
                task(server);
                done.set_value();
            });
        }
        eventfd_write(wake_.get(), 1);
        done.get_future().wait();
    }
    void publish(const Event& event) {
        on_loop([&event](Server& server) { server.publish(event); });
    }
    // Until somebody subscribed; false after ten seconds.
    bool wait_for_subscriber() { return wait_until_subscribed(true); }
    bool wait_for_no_subscriber() { return wait_until_subscribed(false); }

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    bool wait_until_subscribed(bool wanted) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (std::chrono::steady_clock::now() < end) {
            bool now = false;
            on_loop([&now](Server& server) { now = server.has_subscribers(); });
            if (now == wanted) return true;
            std::this_thread::sleep_for(Millis(1));
        }
        return false;
    }
    void run_tasks(sys::EventLoop& loop) {
        eventfd_t count = 0;
        eventfd_read(wake_.get(), &count);
        std::vector<std::function<void(Server&)>> tasks;
        {
            const std::lock_guard lock(mutex_);
            tasks.swap(tasks_);
            if (stopping_) loop.stop();
        }
        for (const auto& task : tasks) task(*server_);
    }

    std::string path_;
    sys::Fd wake_;
    Server* server_ = nullptr;
    std::mutex mutex_;
    std::vector<std::function<void(Server&)>> tasks_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace lastgood::control::test
