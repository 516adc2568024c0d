#include "lastgood/store/journal.h"

#include <sys/stat.h>

#include "store/world.h"

namespace lastgood::store {
namespace {

using namespace core;

TEST_F(JournalTest, KnowsNothingOfAnAppThatItNeverSaw) {
    auto state = journal_->load(app());
    ASSERT_TRUE(state);
    EXPECT_EQ(*state, AppState{});
    EXPECT_EQ(*journal_->next_deployment_id(), 1);
}

TEST_F(JournalTest, KeepsTheStateOfEachAppOverARestart) {
    AppState state;
    state.paused = true;
    state.live = commit('a');
    state.active = Slot::green;
    state.work = Deployment{};
    state.work->id = DeploymentId{4};
    state.work->request.over = {{commit('b'), "d-1"}};
    ASSERT_TRUE(journal_->save(app(), AppState{}, {}, at(0)));
    ASSERT_TRUE(journal_->save(app(), state, {}, at(1)));
    AppState other;
    other.stopped = true;
    ASSERT_TRUE(journal_->save(app("other"), other, {}, at(2)));
    reopen();
    EXPECT_EQ(*journal_->load(app()), state);
    EXPECT_EQ(*journal_->load(app("other")), other);
}

TEST_F(JournalTest, KeepsSamplesForATime) {
    for (const int minute : {0, 1, 2}) {
        const WallTime now = at(minute * 60'000);
        ASSERT_TRUE(journal_->add_samples(
            {{"backend", now, 5'000'000'000, 15, 7, 3, 1}, {"other", now, 1, 2, 3, 4, 5}},
            now - Millis(90'000)));
    }
    reopen();
    auto rows = journal_->samples(*AppName::parse("backend"));
    ASSERT_TRUE(rows);
    ASSERT_EQ(2U, rows->size());  // the first is older than 90 s
    EXPECT_EQ(at(60'000), rows->front().at);
    EXPECT_EQ(5'000'000'000U, rows->back().memory_bytes);
    EXPECT_EQ(15, rows->back().cpu_permille);
    EXPECT_EQ(7, rows->back().descriptors);
    EXPECT_EQ(1, rows->back().processes);
}

TEST_F(JournalTest, KeepsWhatWasSavedAtOnceOverARestart) {
    AppState state;
    state.runs = 7;
    ASSERT_TRUE(journal_->save_at_once(app(), state));
    reopen();
    EXPECT_EQ(*journal_->load(app()), state);
}

TEST_F(JournalTest, KeepsTheFileFromOtherUsers) {
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
        struct stat info {};
        ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0600U) << entry.path();
    }
}

TEST_F(JournalTest, ListsGoodReleasesInTheOrderInWhichTheyBecameGood) {
    for (const char digit : {'a', 'b', 'c', 'd'}) {
        ASSERT_TRUE(journal_->begin_release(app(), commit(digit)));
        ASSERT_TRUE(journal_->release_built(app(), commit(digit), {}));
    }
    save({BecameGood{commit('b')}, BecameGood{commit('a')}});
    save({BecameGood{commit('c')}}, at(1), app("other"));
    save({BecameGood{commit('c')}}, at(-5));  // the wall clock was set back: it doesn't matter
    reopen();
    using Commits = std::vector<CommitId>;
    EXPECT_EQ(journal_->load(app())->good, (Commits{commit('c'), commit('a'), commit('b')}));
    EXPECT_EQ(journal_->load(app("other"))->good, Commits{commit('c')});

    save({BecameGood{commit('b')}});  // again
    EXPECT_EQ(journal_->load(app())->good, (Commits{commit('b'), commit('c'), commit('a')}));
    ASSERT_TRUE(journal_->forget_release(app(), commit('b')));
    EXPECT_EQ(journal_->load(app())->good, (Commits{commit('c'), commit('a')}));
    ASSERT_TRUE(journal_->begin_release(app(), commit('a')));  // being made anew
    EXPECT_EQ(journal_->load(app())->good, Commits{commit('c')});
}

TEST_F(JournalTest, RemembersBadCommitsWithTheirReasonUntilTheyAreFreed) {
    save({Quarantined{commit('a'), "crashed"}, Quarantined{commit('b'), "not ready"}}, at(1));
    save({Quarantined{commit('a'), "crashed again"}}, at(2));
    save({Quarantined{commit('a'), "elsewhere"}}, at(3), app("other"));
    reopen();
    const auto state = journal_->load(app());
    EXPECT_EQ(state->quarantine, (std::map<CommitId, std::string>{{commit('a'), "crashed again"},
                                                                  {commit('b'), "not ready"}}));
    auto rows = journal_->quarantine("backend");
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[0].commit, commit('a').hex());
    EXPECT_EQ((*rows)[0].since, at(2));
    EXPECT_EQ(journal_->quarantine(std::nullopt)->size(), 3U);

    save({Unquarantined{commit('a')}});
    EXPECT_EQ(journal_->load(app())->quarantine.size(), 1U);
    EXPECT_EQ(journal_->load(app("other"))->quarantine.size(), 1U);
}

TEST_F(JournalTest, SavesStateAndRecordsBothOrNeither) {
    const auto database = second();
    ASSERT_TRUE(database->execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON quarantine BEGIN SELECT RAISE(ABORT, 'no'); END"));
    AppState state;
    state.paused = true;
    auto saved = journal_->save(app(), state,
                                {DeploymentQueued{DeploymentId{1}, {}},
                                 Quarantined{commit('a'), "x"}, BecameGood{commit('b')}},
                                at(0));
    ASSERT_FALSE(saved);
    EXPECT_EQ(*journal_->load(app()), AppState{});
    EXPECT_TRUE(journal_->deployments(std::nullopt, 10)->empty());
    EXPECT_TRUE(journal_->releases(app())->empty());
    EXPECT_TRUE(journal_->save(app(), state, {}, at(0)));
}

TEST_F(JournalTest, FollowsAReleaseFromItsBeginningUntilItIsForgotten) {
    EXPECT_FALSE(journal_->release(app(), commit('a'))->has_value());
    ASSERT_TRUE(journal_->begin_release(app(), commit('a')));
    EXPECT_FALSE((*journal_->release(app(), commit('a')))->built) << "half-made";
    ASSERT_TRUE(journal_->release_built(app(), commit('a'), {"Add x", "Ann", ""}));
    ASSERT_TRUE(journal_->set_run_spec(app(), commit('a'), "{\"run\":1}"));
    reopen();
    auto release = *journal_->release(app(), commit('a'));
    ASSERT_TRUE(release);
    EXPECT_TRUE(release->built);
    EXPECT_EQ(release->commit, commit('a').hex());
    EXPECT_EQ(release->subject, "Add x");
    EXPECT_EQ(release->author, "Ann");
    EXPECT_EQ(release->run_spec, "{\"run\":1}");
    EXPECT_TRUE(journal_->releases(app("other"))->empty());

    ASSERT_TRUE(journal_->forget_release(app(), commit('a')));
    release = *journal_->release(app(), commit('a'));
    ASSERT_TRUE(release) << "history still needs its subject";
    EXPECT_FALSE(release->built);
    EXPECT_EQ(release->subject, "Add x");
}

TEST_F(JournalTest, KnowsTheProcessInEachPlace) {
    ASSERT_TRUE(journal_->set_process({"backend", "blue", 100, 1}));
    ASSERT_TRUE(journal_->set_process({"backend", "green", 200, 2}));
    ASSERT_TRUE(journal_->set_process({"other", "blue", 300, 3}));
    ASSERT_TRUE(journal_->set_process({"backend", "blue", 101, 1ULL << 62}));
    ASSERT_TRUE(journal_->clear_process("backend", "green"));
    reopen();
    auto rows = journal_->processes();
    ASSERT_TRUE(rows);
    std::sort(rows->begin(), rows->end(), [](auto& a, auto& b) { return a.pid < b.pid; });
    ASSERT_EQ(rows->size(), 2U);
    EXPECT_EQ((*rows)[0].app, "backend");
    EXPECT_EQ((*rows)[0].place, "blue");
    EXPECT_EQ((*rows)[0].pid, 101);
    EXPECT_EQ((*rows)[0].start_time, 1ULL << 62);
    EXPECT_EQ((*rows)[1].app, "other");
}

TEST_F(JournalTest, KeepsNotesByName) {
    EXPECT_EQ(*journal_->note(app(), "tip"), "");
    ASSERT_TRUE(journal_->set_note(app(), "tip", "one"));
    ASSERT_TRUE(journal_->set_note(app(), "tip", std::string("two\0three", 9)));
    ASSERT_TRUE(journal_->set_note(app("other"), "tip", "else"));
    ASSERT_TRUE(journal_->probe());
    reopen();
    EXPECT_EQ(*journal_->note(app(), "tip"), std::string("two\0three", 9));
    EXPECT_EQ(*journal_->note(app("other"), "tip"), "else");
}

TEST_F(JournalTest, OpensAgainWithoutMakingItsTablesAnew) {
    ASSERT_TRUE(journal_->add_delivery(delivery("d-1")));
    for (int i = 0; i < 3; ++i) reopen();
    EXPECT_EQ(journal_->deliveries(std::nullopt, 10)->size(), 1U);
}

TEST_F(JournalTest, RefusesWhatANewerLastgoodWroteAndSaysHowToMendIt) {
    ASSERT_TRUE(second()->execute("PRAGMA user_version = 999"));
    journal_.reset();
    auto refused = Journal::open(path());
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find("newer lastgood (version 999"), std::string::npos);
    EXPECT_NE(refused.error().mend.find("newer lastgood"), std::string::npos);
    auto database = second();
    auto version = database->prepare("PRAGMA user_version");
    ASSERT_TRUE(*version->next());
    EXPECT_EQ(version->number(0), 999) << "left as it was";
}

TEST_F(JournalTest, SaysWhichFileCannotBeOpened) {
    auto missing = Journal::open("/nonexistent/folder/lastgood.db");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().what.find("/nonexistent/folder/lastgood.db"), std::string::npos);
    test::put(dir_ / "other.db", std::string(8192, 'x'));
    auto foreign = Journal::open(dir_ / "other.db");
    ASSERT_FALSE(foreign);
    EXPECT_NE(foreign.error().what.find("other.db"), std::string::npos);
}

}  // namespace
}  // namespace lastgood::store
