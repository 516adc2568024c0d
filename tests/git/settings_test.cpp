// A commit's own lastgood.yaml, in the worker and on its way to the journal.
#include "session_fixture.h"

namespace lastgood::git {
namespace {

class Settings : public SessionFixture {
  protected:
    CommitId commit_of(const std::string& script) {
        in_origin(script + "\ngit add -A; git commit -q --allow-empty -m next");
        return id_of("main");
    }

    GitResult<Released> make(const CommitId& commit, const config::RepositoryRules& allowed) {
        must_fetch();
        MaterialiseRequest request{.commit = commit, .directory = folder / "release"};
        request.repository = allowed;
        return runner().materialise(request);
    }

    bool paths_changed(const CommitId& commit, const CommitId& live) {
        const auto result = must_fetch({{commit}, live, {"server/**"}, rules, {}});
        return result.facts.at(0).paths_changed;
    }

    config::RepositoryRules rules{{"build", "run", "paths", "hooks", "ready", "cache"}, ".", true};
};

TEST_F(Settings, ComeWithTheRelease) {
    const auto commit =
        commit_of("printf 'run: ./new\\nbuild: [make]\\nready: { after: 1s }\\n' >lastgood.yaml");
    auto made = make(commit, rules);
    ASSERT_TRUE(made.value) << made.error.error.text();
    ASSERT_TRUE(made.value->settings.run && made.value->settings.build);
    EXPECT_EQ(made.value->settings.run->text, "./new");
    EXPECT_EQ(made.value->settings.ready->after, Millis(1000));
    EXPECT_FALSE(made.value->settings.hooks);
}

TEST_F(Settings, AreNotLookedAtWhereTheServerAllowsNone) {
    const auto commit = commit_of("echo '{ not: [yaml' >lastgood.yaml");
    auto made = make(commit, {});
    ASSERT_TRUE(made.value) << made.error.error.text();
    EXPECT_EQ(encode_settings(made.value->settings), "");
}

TEST_F(Settings, WithFaultsRefuseTheCommitForGoodAndNameTheLine) {
    auto made = make(commit_of("printf 'run: ./x\\nuser: root\\n' >lastgood.yaml"), rules);
    ASSERT_FALSE(made.value);
    EXPECT_TRUE(made.error.permanent);
    EXPECT_NE(made.error.error.what.find("lastgood.yaml:2:1: user: belongs"), std::string::npos)
        << made.error.error.text();
    made = make(commit_of("rm lastgood.yaml; ln -s /etc/passwd lastgood.yaml"), rules);
    ASSERT_FALSE(made.value);
    EXPECT_NE(made.error.error.what.find("no plain file"), std::string::npos);
}

TEST_F(Settings, PathsOfTheCommitItselfCount) {
    const auto live = commit_of("mkdir -p client server; echo 1 >client/a; echo 1 >server/a");
    const auto beside = commit_of("echo 2 >client/a");
    EXPECT_FALSE(paths_changed(beside, live));
    const auto own = commit_of("echo 'paths: client' >lastgood.yaml; echo 3 >client/a");
    EXPECT_TRUE(paths_changed(own, live));
    const auto other = commit_of("echo 2 >server/a");
    EXPECT_FALSE(paths_changed(other, own));
    // Whoever pushed a fault has to be told.
    EXPECT_TRUE(paths_changed(commit_of("echo 'paths: [/x]' >lastgood.yaml"), other));
}

TEST_F(Settings, SurviveTheJournalWhole) {
    config::RepositorySettings settings;
    settings.build = {{{"make", "-j"}, "make -j"}};
    settings.run = config::Command{{"/bin/sh", "-c", "x\xff y"}, "x y"};
    settings.ready.emplace().path = "/up";
    settings.ready->kind = config::Ready::Kind::http;
    settings.cache = {{"obj", "Makefile"}, {"tmp", ""}};
    settings.paths = {"a/**"};
    settings.hooks.emplace().on_rollback = {{{"tell"}, "tell"}};
    const auto text = encode_settings(settings);
    const auto back = decode_settings(text);
    ASSERT_TRUE(back.ok()) << back.error().text();
    EXPECT_EQ(encode_settings(*back), text);
    EXPECT_EQ(back->ready->path, "/up");
    EXPECT_EQ(back->hooks->on_rollback.at(0).argv.at(0), "tell");
    EXPECT_EQ(back->cache->at(0).key, "Makefile");
    EXPECT_TRUE(decode_settings("").ok());
    EXPECT_FALSE(decode_settings("[]x").ok());
    EXPECT_FALSE(decode_settings(R"({"run": 1})").ok());
}

}  // namespace
}  // namespace lastgood::git
