#include <signal.h>

#include <atomic>
#include <thread>

#include "supervise/runner_world.h"

namespace lastgood::supervise {
namespace {

class Switch : public RunnerWorld {
  protected:
    // Blue serves "good"; green, where users are, takes no connection.
    void give_users_to_a_deaf_one(RunId& bad) {
        config.ready.kind = config::Ready::Kind::after;
        config.ready.after = Millis{1};
        open();
        start_app(Slot::blue, {"APP_MODE=serve", "APP_TEXT=good"});
        bad = start_app(Slot::green, {"APP_MODE=serve", "APP_DEAF=1"});
        ASSERT_TRUE(until([&] { return output().find("deaf") != std::string::npos; }));
        ASSERT_TRUE(runner->switch_to(Slot::green).ok());
    }
    // All that comes to the client, read while the loop runs.
    std::string answer_meanwhile(const sys::Fd& client) {
        std::atomic<bool> done = false;
        std::string answer;
        std::thread reading([&] {
            answer = read_to_end(client);
            done = true;
        });
        EXPECT_TRUE(until([&] { return done.load(); }));
        shutdown(client.get(), SHUT_RDWR);
        reading.join();
        return answer;
    }
};

TEST_F(Switch, DropsNoRequestUnderLoad) {
    open();
    serve_ready(Slot::blue, "0");
    constexpr int kRequestsMin = 3000;
    std::atomic<int> answered = 0;
    std::atomic<int> failed = 0;
    std::atomic<bool> over = false;
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&] {
            while (!over) {
                if (get(port()).empty()) ++failed;
                ++answered;
            }
        });
    }
    Slot active = Slot::blue;
    for (int round = 1; round <= 4 || answered < kRequestsMin; ++round) {
        const RunId old = runner->info(active).run;
        serve_ready(other(active), std::to_string(round));
        const bool switched = runner->switch_to(other(active)).ok();
        EXPECT_TRUE(switched);
        runner->stop(active);
        EXPECT_TRUE(comes("exited", old));
        active = other(active);
    }
    over = true;
    for (auto& client : clients) client.join();
    EXPECT_EQ(failed, 0) << "of " << answered;
    EXPECT_GE(answered, kRequestsMin);
}

TEST_F(Switch, RestartOfTheOnlyReleaseKeepsWaitingConnections) {
    open();
    const RunId first = serve_ready(Slot::blue, "first");
    kill(runner->info(Slot::blue).pid, SIGKILL);
    ASSERT_TRUE(comes("exited", first));
    std::vector<sys::Fd> waiting;
    for (int i = 0; i < 20; ++i) {
        waiting.push_back(connect_local(port()));
        send_get(waiting.back(), "/");
    }
    serve_ready(Slot::blue, "second");
    for (const auto& client : waiting) {
        EXPECT_TRUE(read_to_end(client).ends_with("second"));
    }
}

TEST_F(Switch, ConnectionsLeftInACrashedSlotAreAnsweredByTheOther) {
    config.ready.kind = config::Ready::Kind::after;
    config.ready.after = Millis{1};
    open();
    start_app(Slot::blue, {"APP_MODE=serve", "APP_TEXT=good", "APP_BYTES=300000"});
    const RunId bad = start_app(Slot::green, {"APP_MODE=serve", "APP_DEAF=1"});
    ASSERT_TRUE(until([&] { return output().find("deaf") != std::string::npos; }));
    ASSERT_TRUE(runner->switch_to(Slot::green).ok());
    std::vector<sys::Fd> waiting;
    for (int i = 0; i < 40; ++i) {
        waiting.push_back(connect_local(port()));
        send_get(waiting.back(), "/");
        // Some close their half: the answer must still come.
        if (i % 2 == 0) shutdown(waiting.back().get(), SHUT_WR);
    }
    kill(runner->info(Slot::green).pid, SIGSEGV);
    ASSERT_TRUE(comes("exited", bad));
    ASSERT_TRUE(runner->switch_to(Slot::blue).ok());

    std::atomic<int> good = 0;
    std::atomic<int> done = 0;
    std::thread reading([&] {
        for (const auto& client : waiting) {
            const std::string answer = read_to_end(client);
            const auto body = answer.find("\r\n\r\n");
            if (body != std::string::npos && answer.size() - body - 4 == 300'000 &&
                answer.substr(body + 4, 5) == "good.") {
                ++good;
            }
            ++done;
        }
    });
    EXPECT_TRUE(until([&] { return done == 40; }));
    reading.join();
    EXPECT_EQ(good, 40);
}

TEST_F(Switch, TheRelayNeverAnswersTheProbeOfAReleaseThatStarts) {
    config.ready.within = Millis{300};
    open();
    serve_ready(Slot::blue, "good");
    for (int attempt = 0; attempt < 3; ++attempt) {
        const RunId bad = start_app(Slot::green, {"APP_MODE=serve", "APP_DEAF=1"});
        ASSERT_TRUE(comes("not_ready", bad)) << all_news();
        EXPECT_EQ(find("ready", bad), nullptr);
        kill(runner->info(Slot::green).pid, SIGKILL);
        ASSERT_TRUE(comes("exited", bad));
    }
}

TEST_F(Switch, TheProbeOfTheSlotWithUsersIsNotAnsweredByTheWarmOtherOne) {
    config.ready.within = Millis{300};
    open();
    serve_ready(Slot::blue, "warm");
    const RunId live = serve_ready(Slot::green, "live");
    ASSERT_TRUE(runner->switch_to(Slot::green).ok());
    kill(runner->info(Slot::green).pid, SIGKILL);
    ASSERT_TRUE(comes("exited", live));
    const RunId again = start_app(Slot::green, {"APP_MODE=serve", "APP_DEAF=1"});
    ASSERT_TRUE(comes("not_ready", again)) << all_news();
    EXPECT_EQ(find("ready", again), nullptr);
}

TEST_F(Switch, WhatWaitsWhenTheCrashedSlotStartsAgainGoesToTheGoodOne) {
    RunId bad;
    ASSERT_NO_FATAL_FAILURE(give_users_to_a_deaf_one(bad));
    const auto client = connect_local(port());
    send_get(client, "/");
    kill(runner->info(Slot::green).pid, SIGKILL);
    ASSERT_TRUE(comes("exited", bad));
    ASSERT_TRUE(runner->switch_to(Slot::blue).ok());
    start_app(Slot::green, {"APP_MODE=serve", "APP_DEAF=1"});  // before the loop could accept
    const std::string answer = answer_meanwhile(client);
    EXPECT_TRUE(answer.ends_with("good")) << answer;
}

// What the app answers on one of its addresses.
std::string answer_by(const process::Route& route) {
    const sys::Fd fd(socket(route.to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (route.from) {
        EXPECT_EQ(bind(fd.get(), &route.from->any, sys::length(*route.from)), 0);
    }
    if (route.traffic_class != 0) {
        setsockopt(fd.get(), IPPROTO_IPV6, IPV6_TCLASS, &route.traffic_class,
                   sizeof route.traffic_class);
    }
    if (connect(fd.get(), &route.to.any, sys::length(route.to)) != 0) return strerror(errno);
    send_get(fd, "/");
    return read_to_end(fd);
}

TEST_F(Switch, AllAddressesAreSwitchedTogether) {
    config.listen = {{.host = "127.0.0.1", .port = free_port(), .name = "http"},
                     {.path = dir.file("http.sock"), .name = "local"},
                     {.host = "::1", .port = free_port(), .name = "six"}};
    open();
    const RunId old = serve_ready(Slot::blue, "old");
    EXPECT_NE(output().find("serving old as http:local:six"), std::string::npos) << output();
    serve_ready(Slot::green, "new");
    for (const auto& sockets : runner->sockets()) {
        EXPECT_TRUE(answer_by({sockets.own_address()}).ends_with("old"));
        EXPECT_TRUE(answer_by(sockets.route_to(Slot::green)).ends_with("new"));
    }
    ASSERT_TRUE(runner->switch_to(Slot::green).ok());
    for (const auto& sockets : runner->sockets()) {
        EXPECT_TRUE(answer_by({sockets.own_address()}).ends_with("new"));
        EXPECT_TRUE(answer_by(sockets.route_to(Slot::blue)).ends_with("old"));
    }
    runner->stop(Slot::blue);
    EXPECT_TRUE(comes("exited", old));
}

TEST_F(Switch, OverAPathItDropsNobodyAndWaitsForWhoIsStillServed) {
    config.listen = {{.path = dir.file("http.sock")}};
    open();
    const RunId old = serve_ready(Slot::blue, "old");
    const process::Route users{runner->sockets()[0].own_address()};
    const sys::Fd held(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(held.get(), &users.to.any, sys::length(users.to)), 0);
    send_get(held, "/hold");
    char first = 0;
    ASSERT_EQ(recv(held.get(), &first, 1, 0), 1);
    serve_ready(Slot::green, "new");
    ASSERT_TRUE(runner->switch_to(Slot::green).ok());
    runner->stop(Slot::blue);
    EXPECT_TRUE(answer_by(users).ends_with("new"));
    EXPECT_FALSE(until([&] { return find("exited", old) != nullptr; }, Millis{300}));
    shutdown(held.get(), SHUT_RDWR);
    EXPECT_TRUE(comes("exited", old));
}

TEST_F(Switch, OverAPathWhatWaitsInACrashedSlotGoesToTheGoodOne) {
    config.listen = {{.path = dir.file("http.sock")}};
    RunId bad;
    ASSERT_NO_FATAL_FAILURE(give_users_to_a_deaf_one(bad));
    const auto users = runner->sockets()[0].own_address();
    const sys::Fd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(connect(client.get(), &users.any, sys::length(users)), 0);
    send_get(client, "/");
    kill(runner->info(Slot::green).pid, SIGKILL);
    ASSERT_TRUE(comes("exited", bad));
    ASSERT_TRUE(runner->switch_to(Slot::blue).ok());
    const std::string answer = answer_meanwhile(client);
    EXPECT_TRUE(answer.ends_with("good")) << answer;
}

}  // namespace
}  // namespace lastgood::supervise
