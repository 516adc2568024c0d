// An AppRunner on a free port with every piece of its news written down.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/free_port.h"
#include "lastgood/process/process_tree.h"
#include "lastgood/supervise/app_runner.h"
#include "process/world.h"

namespace lastgood::supervise {

inline sys::Fd connect_local(std::uint16_t port) {
    sys::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fd.reset();
    const timeval patience{10, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

inline void send_get(const sys::Fd& fd, const std::string& path) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
    (void)send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
}

inline std::string read_to_end(const sys::Fd& fd) {
    std::string answer;
    char buffer[8192];
    ssize_t got = 0;
    while ((got = recv(fd.get(), buffer, sizeof buffer, 0)) > 0) {
        answer.append(buffer, static_cast<std::size_t>(got));
    }
    return got < 0 ? "" : answer;
}

// The body, empty when anything went wrong.
inline std::string get(std::uint16_t port, const std::string& path = "/") {
    const auto fd = connect_local(port);
    if (!fd) return "";
    send_get(fd, path);
    const std::string answer = read_to_end(fd);
    const auto body = answer.find("\r\n\r\n");
    if (!answer.starts_with("HTTP/1.1 200") || body == std::string::npos) return "";
    return answer.substr(body + 4);
}

using test::free_port;

class RunnerWorld : public test::World {
  protected:
    RunnerWorld() {
        config.listen = {{"127.0.0.1", free_port()}};
        config.ready.kind = config::Ready::Kind::http;
        config.ready.path = "/health";
        config.ready.within = Millis{5000};
        config.stop.timeout = Millis{2000};
        config.log_file = dir.file("logs/output.log");
        config.log_bytes_max = 100 << 20;
        config.runtime_dir = dir.file("run");
        config.probe_address = "127.83.12.7";
    }

    ~RunnerWorld() override {
        // A failed test may leave processes; nothing of them may outlive it.
        for (std::uint64_t run = 1; run <= runs; ++run) tree(run).signal_all(9);
    }

    Listener note_all() {
        Listener listener;
        listener.ready = [this](Slot, RunId run) { news.push_back({"ready", run, "", {}}); };
        listener.not_ready = [this](Slot, RunId run, const std::string& reason) {
            news.push_back({"not_ready", run, reason, {}});
        };
        listener.probe_failed = [this](Slot, RunId run, int in_a_row, const std::string& reason) {
            news.push_back({"probe_failed", run, std::to_string(in_a_row) + " " + reason, {}});
        };
        listener.exited = [this](Slot, RunId run, const ExitReport& report) {
            news.push_back({"exited", run, report.status, report});
        };
        listener.started = [this](Slot, RunId run, pid_t pid, std::uint64_t start_time) {
            news.push_back({"started", run, "", {}, pid, start_time});
        };
        return listener;
    }

    void open() {
        auto opened = AppRunner::open(loop, reaper, config, note_all());
        ASSERT_TRUE(opened.ok()) << opened.error().text();
        runner = std::move(*opened);
    }

    RunSpec spec_of(std::vector<std::string> argv, std::vector<std::string> env = {}) {
        env.push_back("PATH=/usr/bin:/bin");
        return {RunId{++runs}, *CommitId::parse(std::string(40, 'a')), std::move(argv),
                std::move(env), dir.path()};
    }
    RunId start_shell(Slot slot, const std::string& script) {
        runner->start(slot, spec_of({"/bin/sh", "-c", script}));
        return RunId{runs};
    }
    RunId start_app(Slot slot, std::vector<std::string> env) {
        runner->start(slot, spec_of({"/proc/self/exe"}, std::move(env)));
        return RunId{runs};
    }
    // An HTTP app that answers `text`, and is ready.
    RunId serve_ready(Slot slot, const std::string& text) {
        const RunId run = start_app(slot, {"APP_MODE=serve", "APP_TEXT=" + text});
        EXPECT_TRUE(comes("ready", run)) << all_news();
        return run;
    }

    struct News {
        std::string kind;
        RunId run;
        std::string text;
        ExitReport report;
        pid_t pid = 0;
        std::uint64_t start_time = 0;
    };
    const News* find(const std::string& kind, RunId run) const {
        for (const News& item : news) {
            if (item.kind == kind && item.run == run) return &item;
        }
        return nullptr;
    }
    bool comes(const std::string& kind, RunId run) {
        return until([&] { return find(kind, run) != nullptr; });
    }
    std::string all_news() const {
        std::string text;
        for (const News& item : news) {
            text += item.kind + " " + std::to_string(item.run.value) + " " + item.text + "\n";
        }
        return text;
    }
    process::ProcessTree tree(std::uint64_t run) const {
        return process::ProcessTree(0, 0,
                                    process::run_token(config.runtime_dir, config.app, RunId{run}));
    }
    std::uint16_t port() const { return config.listen.at(0).port; }
    std::string output() const { return test::read_all(config.log_file); }

    RunnerConfig config{.app = *AppName::parse("app")};
    std::unique_ptr<AppRunner> runner;
    std::vector<News> news;
    std::uint64_t runs = 0;
};

}  // namespace lastgood::supervise
