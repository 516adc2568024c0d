// Every kind of state against every event, also with news of earlier runs and deployments: a step
// never asserts, and what it leaves keeps the state's own rules.
#include <functional>

#include "core/machine_fixture.h"

namespace lastgood::core {
namespace {

void check(const AppState& state, const std::string& after) {
    SCOPED_TRACE(after);
    for (const auto& slot : state.slots) {
        EXPECT_EQ(slot.state == RunState::empty, !slot.commit.has_value());
        EXPECT_FALSE(slot.restart && slot.state == RunState::empty);
    }
    if (state.work) {
        EXPECT_NE(state.work->phase, Phase::queued);
        EXPECT_NE(state.work->phase, Phase::probation);
        EXPECT_TRUE(state.work->id);
        EXPECT_TRUE(state.work->phase == Phase::fetching || state.work->commit.has_value());
    }
    if (state.waiting) {
        EXPECT_EQ(state.waiting->phase, Phase::queued);
        EXPECT_TRUE(state.work) << "nothing waits behind nothing";
    }
    if (state.trial) {
        EXPECT_TRUE(state.live);
        EXPECT_FALSE(state.trial->deployment && state.is_quarantined(state.trial->commit));
        EXPECT_TRUE(state.trial->slot == state.active || state.live != state.trial->commit);
    }
    const SlotState& active = state.slot(state.active);
    if (active.state == RunState::running || active.state == RunState::starting) {
        EXPECT_EQ(active.commit, state.live) << "users are on the live commit";
    }
    if (state.stopped) {
        EXPECT_FALSE(state.work);
        for (const auto& slot : state.slots) {
            EXPECT_TRUE(slot.state == RunState::empty || slot.state == RunState::stopping);
        }
    }
}

class Table : public MachineTest, public testing::WithParamInterface<bool> {
  protected:
    Table() { settings.two_slots = GetParam(); }

    struct Start {
        std::string name;
        std::function<void()> reach;
    };

    void reach_starting() {
        make_good('a');
        request('b');
        fetched('b');
        built();
        if (!settings.two_slots) exits(state.active, true);
    }

    std::vector<Start> starts() {
        return {
            {"nothing", [] {}},
            {"fetching the first", [this] { request('a'); }},
            {"the first on trial", [this] { switch_to('a'); }},
            {"the first kept restarting",
             [this] {
                 request('a');
                 fetched('a');
                 built();
                 exits(other(state.active));
             }},
            {"good", [this] { make_good('a'); }},
            {"fetching", [this] { make_good('a'), request('b'); }},
            {"building", [this] { make_good('a'), request('b'), fetched('b'); }},
            {"starting", [this] { reach_starting(); }},
            {"on trial", [this] { make_good('a'), switch_to('b'); }},
            {"crashed once on trial",
             [this] { make_good('a'), switch_to('b'), exits(state.active); }},
            {"on trial with the next one being built",
             [this] { make_good('a'), switch_to('b'), request('c'), fetched('c'); }},
            {"rolling back",
             [this] {
                 make_good('a'), make_good('b'), give(RollbackAsked{{}, "ada"});
             }},
            {"rolled back",
             [this] {
                 make_good('a'), switch_to('b'), give(RollbackAsked{{}, "ada"});
             }},
            {"paused", [this] { make_good('a'), give(PauseAsked{}); }},
            {"stopping", [this] { make_good('a'), give(StopAsked{}); }},
            {"stopped", [this] { make_good('a'), give(StopAsked{}), exits(state.active, true); }},
            {"restarting", [this] { make_good('a'), give(RestartAsked{}); }},
            {"restarting at once",
             [this] { make_good('a'), give(RestartAsked{}), give(RestartAsked{}); }},
            {"renewing",
             [this] {
                 make_good('a'), give(RenewWanted{RenewCause::memory, "it is large"});
             }},
            {"in backoff", [this] { make_good('a'), exits(state.active), exits(state.active); }},
        };
    }

    std::vector<std::pair<std::string, Event>> events() const {
        std::vector<std::pair<std::string, Event>> all;
        for (const char letter : {'a', 'b', 'c', 'd'}) {
            for (const Trigger trigger : {Trigger::webhook, Trigger::poll, Trigger::cli}) {
                Request wish;
                wish.trigger = trigger;
                wish.commit = commit(letter);
                all.emplace_back("request", RequestArrived{wish});
                wish.force = true;
                all.emplace_back("forced request", RequestArrived{wish});
            }
            all.emplace_back("poll failed", LookFailed{letter - 'a', "why"});
            all.emplace_back("poll", PollSaw{commit(letter)});
            all.emplace_back("rollback to", RollbackAsked{commit(letter), "ada"});
            all.emplace_back("release of quarantine", QuarantineReleaseAsked{commit(letter)});
            all.emplace_back("removal", ReleaseRemoved{commit(letter)});
        }
        Request tip;
        all.emplace_back("request of the tip", RequestArrived{tip});
        all.emplace_back("rollback", RollbackAsked{{}, "ada"});
        all.emplace_back("promotion due", PromotionDue{});
        all.emplace_back("pause", PauseAsked{});
        all.emplace_back("resume", ResumeAsked{});
        all.emplace_back("start", StartAsked{});
        all.emplace_back("stop", StopAsked{});
        all.emplace_back("restart", RestartAsked{});
        for (const auto cause :
             {RenewCause::memory, RenewCause::liveness, RenewCause::schedule, RenewCause::config}) {
            all.emplace_back("renewal", RenewWanted{cause, "it is large"});
        }
        all.emplace_back("daemon started", DaemonStarted{});
        add_news(all);
        return all;
    }

    void add_news(std::vector<std::pair<std::string, Event>>& all) const {
        for (const DeploymentId id :
             {state.work ? state.work->id : DeploymentId{1}, DeploymentId{99}}) {
            FetchFacts none;
            all.emplace_back("fetched without the branch", Fetched{id, none});
            if (state.work && id == state.work->id)
                all.emplace_back("fetched", Fetched{id, linear('d')});
            all.emplace_back("fetch failed", FetchFailed{id, "why", false});
            all.emplace_back("fetch failed for good", FetchFailed{id, "why", true});
            all.emplace_back("withdrawn", WithdrawAsked{id, "the fleet is away"});
            all.emplace_back("built", Built{id});
            all.emplace_back("build failed", BuildFailed{id, "why"});
        }
        for (const Slot slot : kSlots) {
            for (const RunId run : {state.slot(slot).run, RunId{77}}) {
                all.emplace_back("ready", RunReady{slot, run});
                all.emplace_back("not ready", RunNotReady{slot, run, "why"});
                all.emplace_back("probe failed", ProbeFailed{slot, run, 3, "why"});
                all.emplace_back("exited", RunExited{slot, run, "status", "", false});
                all.emplace_back("exited as asked", RunExited{slot, run, "status", "", true});
            }
        }
        for (const TimerKind kind :
             {TimerKind::fetch_retry, TimerKind::restart_blue, TimerKind::restart_green,
              TimerKind::probation, TimerKind::settled}) {
            all.emplace_back("timer", TimerFired{kind});
        }
    }
};

TEST_P(Table, EveryStateTakesEveryPairOfEvents) {
    for (const auto& start : starts()) {
        state = AppState{};
        start.reach();
        const AppState reached = state;
        const Instant then = now;
        for (const auto& [first_name, first] : events()) {
            state = reached;
            give(first);
            const std::string after = start.name + ", " + first_name;
            check(state, after);
            const AppState once = state;
            for (const auto& [second_name, second] : events()) {
                state = once;
                pass(Millis(70'000));
                give(second);
                check(state, after + ", " + second_name);
                now = then;
                if (HasFailure()) return;
            }
            state = reached;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, Table, testing::Bool(), [](const auto& mode) {
    return std::string(mode.param ? "WithTwoSlots" : "WithoutListen");
});

}  // namespace
}  // namespace lastgood::core
