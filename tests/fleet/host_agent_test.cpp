// A whole host of the fleet against a real etcd, with the test in the daemon's place.
#include "fleet/host_agent.h"

#include "fleet/controller.h"  // the agent holds one
#include "fleet/etcd_server.h"
#include "lastgood/base/sys/message_channel.h"

namespace lastgood::fleet::test {
namespace {

class HostAgentTest : public testing::Test {
  protected:
    void SetUp() override {
        SKIP_WITHOUT_ETCD();
        cluster_.emplace();
        ASSERT_TRUE(cluster_->ready_client());
        auto channel = sys::make_message_channel();
        ASSERT_TRUE(channel.ok());
        daemon_ = std::move(channel->ours);
        AgentSettings settings;
        settings.fleet.group = "g";
        settings.fleet.host = core::HostName::parse("h");
        settings.fleet.endpoints = cluster_->settings().endpoints;
        settings.folder = folder_.path();
        settings.version = "1";
        settings.apps = {{.name = kApp, .followed = {}, .fast_forward_only = false}};
        agent_.emplace(loop_, std::move(channel->theirs), settings, AgentMemory{},
                       HostAgent::Callbacks{.on_end = [] {}});
        agent_->begin();
    }

    void tell(const std::string& state) {
        core::MemberLocal local;
        local.state = state;
        ASSERT_EQ(sys::send_message(daemon_.get(), encode(LocalNews{kApp, local})), sys::Sent::ok);
    }
    // Reads what the agent says until that says so.
    bool until(const std::function<bool(const FromAgent&)>& look) {
        const Instant end = BootClock::now() + Millis(30'000);
        while (BootClock::now() < end) {
            loop_.run_once(Millis(50));
            while (heard_.receive(daemon_.get()) == sys::Received::message) {
                const auto message = decode_from_agent(heard_.text());
                if (message && look(*message)) return true;
            }
        }
        return false;
    }
    // A write of this host's state ran out of that time.
    bool waits_in_vain(const std::string& time) {
        return until([&](const FromAgent& message) {
            const auto* log = std::get_if<AgentLog>(&message);
            return log != nullptr && log->text.find("state is not written") != std::string::npos &&
                   log->text.find("within " + time) != std::string::npos;
        });
    }

    const AppName kApp = *AppName::parse("app");
    std::optional<Cluster> cluster_;

  private:
    Folder folder_;
    sys::EventLoop loop_;
    sys::Fd daemon_;
    sys::MessageBuffer heard_;
    std::optional<HostAgent> agent_;
};

// What is asked of a follower before the next leader is there is never answered: twice that long
// would be 3 s.
TEST_F(HostAgentTest, WaitsForASecondAnswerLessLong) {
    tell("starting");
    ASSERT_TRUE(until([](const FromAgent& message) {
        const auto* state = std::get_if<AgentState>(&message);
        return state != nullptr && state->controls;
    }));
    cluster_->member(0).stop();
    tell("running");
    EXPECT_TRUE(waits_in_vain("1.5s"));
    EXPECT_TRUE(waits_in_vain("700ms"));
    EXPECT_TRUE(waits_in_vain("1.5s"));
    cluster_->member(0).go_on();
}

}  // namespace
}  // namespace lastgood::fleet::test
