#include "sim_fleet/witness.h"

#include <gtest/gtest.h>

#include "sim_fleet/host.h"
#include "sim_fleet/view.h"

namespace lastgood::sim_fleet {
namespace {

// Two hosts that nobody starts: the test tells etcd what they would.
class CanaryThatDied : public testing::Test {
  protected:
    CanaryThatDied() {
        ground.faults = false;
        auto& rollout = setup.settings.rollout;
        rollout.canary = 1;
        rollout.canary_soak = Millis(10 * 60'000);
        rollout.max_unavailable = {2, {}};
        for (int number : {0, 1}) {
            hosts.push_back(
                std::make_unique<Host>(ground, etcd, repository, witness, setup, number, "a"));
        }
        witness.watch(hosts);
        etcd.before = [this](const Transaction& transaction) { witness.before(transaction); };
        etcd.changed = [] {};
    }

    // It is good on the first host, fails there later, and the host dies.
    void canary_fails_and_dies(const core::Wish& wish) {
        core::MemberView view{.current = true, .cluster = 1, .revision = 1, .wish = wish};
        witness.saw(0, view);
        LocalApp& app = hosts[0]->local();
        const core::MemberDeploy order{.order = 1, .wish = wish.id, .commit = wish.commit};
        app.changed = [] {};
        witness.ordered(0, order, wish.number);
        app.deploy(order);
        while (ground.clock.run_one(ground.now() + Millis(60'000))) {
        }
        ASSERT_EQ(core::GrantOutcome::good, app.told().outcome);
        ASSERT_EQ(core::HostHealth::failing, app.told().health);
        app.died();
    }

    // The second host gets its grant after the first has told `health`.
    void grant_second(core::HostHealth health) {
        const core::Wish wish{
            .id = "w1", .number = 1, .commit = repository.push(Fate::fails_in_soak)};
        canary_fails_and_dies(wish);
        const LeaseId lease = etcd.grant_lease(Millis(10'000'000));
        const core::HostName first = hosts[0]->name();
        const core::HostName second = hosts[1]->name();
        core::Rollout rollout{.wish = wish.id, .number = 1, .canaries = {first}};
        core::HostApp word{.commit = wish.commit, .health = health};
        word.wish = wish.id;
        word.granted = wish.commit;
        word.outcome = core::GrantOutcome::good;
        Transaction all;
        all.puts = {Put{kElectionKey, std::string("h01/1")},
                    Put{core::wish_key(setup.app), wish},
                    Put{core::rollout_key(setup.app), rollout},
                    Put{core::host_key(first), core::HostRecord{}, lease},
                    Put{core::host_app_key(first, setup.app), word, lease},
                    Put{core::host_key(second), core::HostRecord{}, lease},
                    Put{core::host_app_key(second, setup.app), core::HostApp{}, lease}};
        const auto begun = etcd.commit(all);
        ASSERT_TRUE(begun);
        rollout.canaries = {second};
        const core::Grant grant{.wish = wish.id, .number = 1, .commit = wish.commit};
        Transaction next{.epoch = *begun, .seen = *begun};
        next.puts = {Put{core::grant_key(setup.app, second), grant, lease},
                     Put{core::rollout_key(setup.app), rollout}};
        etcd.commit(next);
    }

    Ground ground{1};
    Etcd etcd{ground};
    Repository repository{ground};
    sim_fleet::Setup setup{.app = *AppName::parse("web"), .settings = {}};
    Witness witness{ground, etcd, repository, setup};
    std::vector<std::unique_ptr<Host>> hosts;
};

TEST_F(CanaryThatDied, IsReplacedWhenItHasToldThatItFailed) {
    EXPECT_NO_THROW(grant_second(core::HostHealth::failing));
}

TEST_F(CanaryThatDied, IsOneStillWhenItWasWellByItsLastWord) {
    EXPECT_THROW(grant_second(core::HostHealth::ok), Broken);
}

}  // namespace
}  // namespace lastgood::sim_fleet
