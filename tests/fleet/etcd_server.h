// Real etcd for tests: one member or three, on addresses of 127.0.0.0/8 and free ports, in a folder
// that goes with them. Skips the test where etcd isn't installed.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "lastgood/base/sys/files.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/fleet/etcd_client.h"
#include "lastgood/http/listen.h"

namespace lastgood::fleet::test {

using namespace std::chrono_literals;

inline bool has_program(const std::string& name) {
    for (const auto& path : sys::program_candidates(name, {"PATH=/usr/bin:/usr/sbin:/bin"})) {
        if (sys::exists(path)) return true;
    }
    return false;
}

#define SKIP_WITHOUT_ETCD()                                                    \
    if (!::lastgood::fleet::test::has_program("etcd")) {                       \
        GTEST_SKIP() << "etcd is not installed (scripts/install-deps --test)"; \
    }                                                                          \
    static_assert(true)

class Folder {
  public:
    Folder() {
        char path[] = "/tmp/lastgood-etcd-XXXXXX";
        if (mkdtemp(path) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = path;
    }
    ~Folder() { (void)sys::remove_tree(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

inline std::uint16_t free_port(const std::string& host) {
    auto listening = http::listen_tcp(host, 0);
    if (!listening) throw std::runtime_error(listening.error().text());
    return http::local_port(listening->get());
}

// A program that ends with the test; its output goes nowhere.
class Running {
  public:
    explicit Running(std::vector<std::string> argv) : argv_(std::move(argv)) { start(); }
    ~Running() { kill(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    void start() {
        sys::SpawnSpec spec;
        spec.argv = argv_;
        spec.env = {"PATH=/usr/bin:/usr/sbin:/bin", "HOME=/tmp"};
        spec.die_with_parent = true;
        auto child = sys::spawn(spec);
        if (!child) throw std::runtime_error(child.error().text());
        child_ = std::move(*child);
    }
    void kill() {
        if (child_.pid <= 0) return;
        ::kill(child_.pid, SIGKILL);
        while (waitpid(child_.pid, nullptr, 0) < 0 && errno == EINTR) {
        }
        child_ = {};
    }
    void stop() const { ::kill(child_.pid, SIGSTOP); }
    void go_on() const { ::kill(child_.pid, SIGCONT); }

  private:
    std::vector<std::string> argv_;
    sys::Child child_;
};

// Looks often, and for so long that a slow machine is none of its business.
template <typename Look>
bool becomes(const Look& look, Millis at_most = 30s) {
    const Instant until = BootClock::now() + at_most;
    while (BootClock::now() < until) {
        if (look()) return true;
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

class Cluster {
  public:
    // `more` are options of etcd; `scheme` of the client addresses.
    explicit Cluster(int members = 1, std::vector<std::string> more = {},
                     const std::string& scheme = "http") {
        struct Place {
            std::string name, client, peer;
        };
        std::vector<Place> places;
        std::string initial;
        for (int i = 0; i < members; ++i) {
            const std::string host = "127.0.0." + std::to_string(members == 1 ? 1 : i + 2);
            places.push_back({"m" + std::to_string(i),
                              scheme + "://" + host + ":" + std::to_string(free_port(host)),
                              "http://" + host + ":" + std::to_string(free_port(host))});
            initial += (i == 0 ? "" : ",") + places.back().name + "=" + places.back().peer;
        }
        for (const Place& place : places) {
            std::vector<std::string> argv = {
                "etcd", "--name", place.name, "--data-dir", folder_.path() + "/" + place.name,
                "--listen-client-urls", place.client, "--advertise-client-urls", place.client,
                "--listen-peer-urls", place.peer, "--initial-advertise-peer-urls", place.peer,
                "--initial-cluster", initial, "--logger", "zap", "--log-outputs", "/dev/null",
                // Tests share two cores: no elections for want of one.
                "--heartbeat-interval", "100", "--election-timeout", "1000"};
            argv.insert(argv.end(), more.begin(), more.end());
            members_.push_back(std::make_unique<Running>(std::move(argv)));
            settings_.endpoints.push_back(place.client);
        }
    }

    [[nodiscard]] EtcdSettings& settings() { return settings_; }
    [[nodiscard]] std::unique_ptr<Etcd> client() const { return client_of(settings_); }
    static std::unique_ptr<Etcd> client_of(const EtcdSettings& settings) {
        auto made = make_etcd(settings);
        if (!made) throw std::runtime_error(made.error().text());
        return *std::move(made);
    }
    static std::unique_ptr<Etcd> client_of(const std::vector<std::string>& endpoints) {
        return client_of(EtcdSettings{.endpoints = endpoints});
    }
    // Of the first member.
    [[nodiscard]] const std::string& client_url() const { return settings_.endpoints.front(); }
    // A client, when the cluster takes writes.
    [[nodiscard]] std::unique_ptr<Etcd> ready_client() const {
        auto etcd = client();
        EXPECT_TRUE(becomes([&etcd] {
            return std::holds_alternative<TxnAnswer>(etcd->txn({{}, {Put{"ready", "", 0}}, {}}));
        }));
        return etcd;
    }
    [[nodiscard]] Running& member(std::size_t i) { return *members_.at(i); }
    // Its number; none: -1.
    [[nodiscard]] int leader() const {
        const auto etcd = client();
        const auto all = etcd->status();
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto* status = std::get_if<Status>(&all[i]);
            if (status != nullptr && status->leader != 0 && status->leader == status->member) {
                return static_cast<int>(i);
            }
        }
        return -1;
    }
    [[nodiscard]] const std::string& folder() const { return folder_.path(); }

  private:
    Folder folder_;
    EtcdSettings settings_;
    std::vector<std::unique_ptr<Running>> members_;
};

template <typename T>
T done(Result<T> result) {
    if (const auto* failed = std::get_if<Failure>(&result)) {
        ADD_FAILURE() << failed->error.text();
        return {};
    }
    return std::get<T>(std::move(result));
}

template <typename T>
Failure::Kind failed(const Result<T>& result) {
    const auto* failure = std::get_if<Failure>(&result);
    if (failure == nullptr) {
        ADD_FAILURE() << "it was done";
        throw std::runtime_error("no failure");
    }
    EXPECT_FALSE(failure->error.what.empty());
    return failure->kind;
}

inline Revision put(Etcd& etcd, const std::string& key, const std::string& value,
                    LeaseId lease = 0) {
    return done(etcd.txn({{}, {Put{key, value, lease}}, {}})).revision;
}

inline std::string value_of(Etcd& etcd, const std::string& key) {
    const auto answer = done(etcd.range({.key = key}));
    return answer.kvs.empty() ? "" : answer.kvs.front().value;
}

}  // namespace lastgood::fleet::test
