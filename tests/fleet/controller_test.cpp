// The controller against a real etcd that hangs in the middle of its transaction, or is slow.
#include "fleet/controller.h"

#include "fleet/etcd_server.h"
#include "fleet/slow_way.h"
#include "lastgood/fleet/group_view.h"
#include "lastgood/fleet/values.h"

namespace lastgood::fleet::test {
namespace {

const AppName kApp = *AppName::parse("app");

CommitId commit(char letter) {
    return *CommitId::parse(std::string(40, letter));
}

// The branch is there now.
core::FetchFacts tip_is(const CommitId& commit) {
    core::CommitStanding standing{.commit = commit};
    standing.present = standing.is_commit = standing.on_branch = true;
    standing.ancestor_of = {false};
    core::FetchFacts facts;
    facts.tip = commit;
    facts.standings = {standing};
    return facts;
}

AgentSettings settings() {
    AgentSettings settings;
    settings.fleet.group = "g";
    settings.fleet.host = core::HostName::parse("h");
    settings.apps = {{.name = kApp, .followed = {}, .fast_forward_only = false}};
    return settings;
}

// One proposal is there when it begins. What it asks about the repository is answered by the test.
class ControllerTest : public testing::Test {
  protected:
    void SetUp() override {
        SKIP_WITHOUT_ETCD();
        cluster_.emplace();
        etcd_ = cluster_->ready_client();
        created_ = put(*etcd_, prefix_ + std::string(kElectionKey), "h");
        push("first", 'a');
    }

    void push(const std::string& id, char letter) {
        const core::Proposal proposal{.id = id, .commit = commit(letter), .ref = "refs/heads/main"};
        put(*etcd_, prefix_ + core::proposal_key(kApp, id), encode(proposal));
    }

    void begin(EtcdSettings clients) {
        place_ = clients.place = std::make_shared<EtcdPlace>(0);
        caller_.emplace(loop_, clients, "test-calls");
        controller_.emplace(
            loop_, *caller_, clients, settings(),
            Controller::Callbacks{
                .controllership =
                    [this] {
                        return core::Controllership{std::string(kElectionKey), created_,
                                                    BootClock::now() + Millis(60'000)};
                    },
                .step_down = [] { ADD_FAILURE() << "it stepped down"; },
                .ask = [this](std::uint64_t seq, const core::FleetQuestion&) { asked_ = seq; },
                .notice = [](const core::FleetNotice&) {},
                .log =
                    [this](config::LogLevel, const std::string&, const std::string& text) {
                        if (text.find("may have been done") == std::string::npos) return;
                        if (!doubted_at_) doubted_at_ = BootClock::now();
                    },
                .looked = [] {}});
    }

    // With a keep-alive twice a second.
    bool until(const std::function<bool()>& look) {
        const Instant end = BootClock::now() + Millis(30'000);
        while (!look() && BootClock::now() < end) {
            loop_.run_once(Millis(50));
            if (BootClock::now() < probed_ + Millis(500)) continue;
            controller_->probe();
            probed_ = BootClock::now();
        }
        return look();
    }

    bool has_asked() {
        return until([this] { return asked_.has_value(); });
    }
    void answer(char letter) {
        if (asked_) controller_->answer({*std::exchange(asked_, {}), tip_is(commit(letter))});
    }
    // Asked again where nothing came of its decision.
    bool wishes_for(char letter) {
        return until([this, letter] {
            answer(letter);
            const auto app = controller_->view().apps.find(kApp);
            return app != controller_->view().apps.end() && app->second.wish &&
                   app->second.wish->value.commit == commit(letter);
        });
    }

    std::optional<Cluster> cluster_;
    std::unique_ptr<Etcd> etcd_;
    std::shared_ptr<EtcdPlace> place_;
    std::optional<Instant> doubted_at_;  // of a transaction, for the first time

  private:
    const std::string prefix_ = group_prefix("g");
    Revision created_ = 0;
    std::optional<std::uint64_t> asked_;
    Instant probed_{};
    sys::EventLoop loop_;
    std::optional<Caller> caller_;
    std::optional<Controller> controller_;
};

TEST_F(ControllerTest, IsInDoubtAboutATransactionBeforeItsLeaseIsAndGoesOn) {
    begin(cluster_->settings());
    ASSERT_TRUE(has_asked());
    cluster_->member(0).stop();
    const Instant stopped = BootClock::now();
    answer('a');
    ASSERT_TRUE(until([this] { return doubted_at_.has_value(); }));
    EXPECT_LT(*doubted_at_ - stopped, limits::kEtcdTimeMax);
    cluster_->member(0).go_on();
    EXPECT_TRUE(wishes_for('a'));
    EXPECT_EQ(place_->at(), 0U);
}

// What it did is told by its view. But with haste it would never learn that the majority answers.
TEST_F(ControllerTest, GoesOnWhereNoAnswerIsAsFastAsItsHaste) {
    const SlowWay slow(cluster_->client_url(), Millis(1000));
    EtcdSettings clients = cluster_->settings();
    clients.endpoints = {slow.url()};
    begin(clients);
    ASSERT_TRUE(wishes_for('a'));
    EXPECT_TRUE(doubted_at_.has_value());
    push("second", 'b');
    EXPECT_TRUE(wishes_for('b'));
}

}  // namespace
}  // namespace lastgood::fleet::test
