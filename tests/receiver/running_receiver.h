// Test support: a ReceiverHost with real receiver processes, in a loop that the test turns.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "http/raw_client.h"
#include "lastgood/base/strings.h"
#include "lastgood/http/listen.h"
#include "lastgood/receiver/host.h"

namespace lastgood::receiver::test {

constexpr const char* kSecret = "It's a Secret to Everybody";
constexpr const char* kCommit = "1111111111222222222233333333334444444444";

inline std::string sign(const std::string& body, const std::string& secret = kSecret) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac, &size);
    return "sha256=" + hex_encode({reinterpret_cast<const char*>(mac), size});
}

inline std::string push_body() {
    return std::string(
               R"({"ref":"refs/heads/main","before":"0000000000000000000000000000000000000000",)") +
           R"("after":")" + kCommit +
           R"(","created":false,"deleted":false,"forced":false,)"
           R"("repository":{"id":1,"full_name":"acme/shop"},"pusher":{"name":"ann"},"commits":[]})";
}

inline std::string hook_request(const std::string& app, const std::string& body,
                                const std::string& signature, const std::string& event = "push",
                                const std::string& id = "d-1") {
    return "POST /hooks/" + app + " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" +
           "X-GitHub-Event: " + event + "\r\nX-GitHub-Delivery: " + id +
           "\r\nX-Hub-Signature-256: " + signature +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline std::string good_push(const std::string& id = "d-1") {
    return hook_request("shop", push_body(), sign(push_body()), "push", id);
}

class RunningReceiver : public testing::Test {
  protected:
    static HookSettings settings() {
        HookSettings settings;
        settings.apps = {{*AppName::parse("shop"), config::Provider::github, {kSecret}}};
        return settings;
    }

    // The program is this test itself, see its main().
    void start(HookSettings with = settings(), std::string program = "/proc/self/exe") {
        if (program == "/proc/self/exe") {
            char path[4096] = "";
            ASSERT_GT(readlink(program.c_str(), path, sizeof path - 1), 0);
            program = path;
        }
        auto listening = http::listen_tcp("127.0.0.1", 0);
        ASSERT_TRUE(listening.ok());
        port = http::local_port(listening->get());
        HostCallbacks callbacks;
        callbacks.on_deliveries = [this](std::vector<Incoming> batch) {
            if (before_answers) before_answers();
            std::vector<Answer> answers;
            for (auto& incoming : batch) {
                answers.push_back({202, "{\"delivery\":\"" + incoming.delivery.id + "\"}"});
                seen.push_back(std::move(incoming));
            }
            batches.push_back(answers.size());
            return answers;
        };
        callbacks.on_status = [](const StatusQuestion& question) {
            return Answer{200, "{\"asked\":\"" + question.delivery + "\"}"};
        };
        callbacks.healthy = [this] { return healthy; };
        callbacks.on_log = [this](config::LogLevel, const std::string& text) {
            logged += text + "\n";
        };
        callbacks.on_ready = [this] { ++ready; };
        auto started = ReceiverHost::start(loop, reaper, std::move(*listening), program,
                                           std::move(with), std::move(callbacks));
        ASSERT_TRUE(started.ok()) << started.error().text();
        host = std::move(*started);
    }
    void start_and_wait(HookSettings with = settings()) {
        start(std::move(with));
        ASSERT_TRUE(turn_until([this] { return ready == 1; }));
    }

    bool turn_until(const std::function<bool()>& done) {
        const Instant deadline = BootClock::now() + Millis(http::test::kPatienceMs);
        while (!done()) {
            if (BootClock::now() > deadline) return false;
            loop.run_once(Millis(20));
        }
        return true;
    }

    // A sender on a thread of its own; the answer is there when the future is.
    [[nodiscard]] std::future<http::test::Answer> send(const std::string& bytes) const {
        return std::async(std::launch::async, [bytes, to = port] {
            http::test::RawClient client(to);
            return client.exchange(bytes);
        });
    }
    http::test::Answer exchange(const std::string& bytes) {
        auto answer = send(bytes);
        turn_until([&answer] { return answer.wait_for(Millis(0)) == std::future_status::ready; });
        return answer.get();
    }

    sys::EventLoop loop;
    sys::Reaper reaper{loop};
    std::uint16_t port = 0;
    bool healthy = true;
    int ready = 0;
    std::vector<Incoming> seen;
    std::vector<std::size_t> batches;
    std::string logged;
    std::function<void()> before_answers;
    std::unique_ptr<ReceiverHost> host;
};

}  // namespace lastgood::receiver::test
