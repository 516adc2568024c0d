// The controller against a real etcd that hangs in the middle of its transaction.
#include "fleet/controller.h"

#include "fleet/etcd_server.h"
#include "lastgood/fleet/group_view.h"
#include "lastgood/fleet/values.h"

namespace lastgood::fleet::test {
namespace {

const AppName kApp = *AppName::parse("app");
const CommitId kCommit = *CommitId::parse(std::string(40, 'a'));

core::FetchFacts facts() {
    core::CommitStanding standing{.commit = kCommit};
    standing.present = standing.is_commit = standing.on_branch = true;
    standing.ancestor_of = {false};
    core::FetchFacts facts;
    facts.tip = kCommit;
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

TEST(Controller, IsInDoubtAboutATransactionBeforeItsLeaseIsAndGoesOn) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster;
    const auto etcd = cluster.ready_client();
    const std::string prefix = group_prefix("g");
    const std::string election = prefix + std::string(kElectionKey);
    core::Proposal push{.id = "p", .commit = kCommit, .ref = "refs/heads/main"};
    const Revision created = put(*etcd, election, "h");
    put(*etcd, prefix + core::proposal_key(kApp, "p"), encode(push));

    sys::EventLoop loop;
    EtcdSettings clients = cluster.settings();
    clients.place = std::make_shared<EtcdPlace>(0);
    Caller caller(loop, clients, "test-calls");
    std::optional<std::uint64_t> asked;
    Instant stopped{};
    Millis in_doubt{0};
    Controller controller(
        loop, caller, clients, settings(),
        {.controllership =
             [&] {
                 return core::Controllership{std::string(kElectionKey), created,
                                             BootClock::now() + Millis(60'000)};
             },
         .step_down = [] { ADD_FAILURE() << "it stepped down"; },
         .ask = [&](std::uint64_t seq, const core::FleetQuestion&) { asked = seq; },
         .notice = [](const core::FleetNotice&) {},
         .log =
             [&](config::LogLevel, const std::string&, const std::string& text) {
                 const bool doubts = text.find("may have been done") != std::string::npos;
                 if (doubts && in_doubt == Millis(0)) in_doubt = BootClock::now() - stopped;
             },
         .looked = [] {}});
    Instant probed{};
    const auto until = [&](const std::function<bool()>& look) {
        const Instant end = BootClock::now() + Millis(30'000);
        while (!look() && BootClock::now() < end) {
            loop.run_once(Millis(50));
            // Once more where nothing came of its decision.
            if (asked && stopped != Instant{}) {
                controller.answer({*std::exchange(asked, {}), facts()});
            }
            if (BootClock::now() < probed + Millis(500)) continue;
            controller.probe();  // as with each keep-alive
            probed = BootClock::now();
        }
        return look();
    };
    ASSERT_TRUE(until([&] { return asked.has_value(); }));
    cluster.member(0).stop();
    stopped = BootClock::now();
    ASSERT_TRUE(until([&] { return in_doubt > Millis(0); }));
    EXPECT_LT(in_doubt, limits::kEtcdTimeMax);
    cluster.member(0).go_on();
    EXPECT_TRUE(until([&] {
        const auto app = controller.view().apps.find(kApp);
        return app != controller.view().apps.end() && app->second.wish.has_value();
    }));
    EXPECT_EQ(clients.place->at(), 0U);
}

}  // namespace
}  // namespace lastgood::fleet::test
