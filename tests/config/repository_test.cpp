// What a repository may say of its own deployment, and what it may not.
#include "lastgood/config/repository.h"

#include "config/fixture.h"

namespace lastgood::config {
namespace {

const RepositoryRules kAll{{"build", "run", "ready", "cache", "paths", "hooks"}, ".", true};

std::string only_fault(const std::string& yaml, const RepositoryRules& rules = kAll) {
    const auto loaded = read_repository(yaml, rules);
    std::string all;
    for (const auto& fault : loaded.faults) all += fault.text() + "\n";
    return loaded.faults.size() == 1 ? all : std::to_string(loaded.faults.size()) + ": " + all;
}

TEST(Repository, SetsWhatItMayAndLeavesTheRestToTheServer) {
    const auto loaded = read_repository(
        "build: [make, [strip, app]]\nrun: ./app\nready: { http: /up, within: 5s }\n"
        "cache: { obj: Makefile }\nhooks: { on_failure: ./tell }\n",
        kAll);
    ASSERT_TRUE(loaded.faults.empty()) << loaded.faults[0].text();
    App server = app_with(
        "build: ./old\nlisten: 127.0.0.1:3000\npaths: [a]\n"
        "allow_repo_config: true\n");
    const App app = with_repository(server, loaded.settings);
    ASSERT_EQ(app.build.size(), 2U);
    EXPECT_EQ(app.build[1].argv, (std::vector<std::string>{"strip", "app"}));
    EXPECT_EQ(app.run.text, "./app");
    EXPECT_EQ(app.ready.path, "/up");
    EXPECT_EQ(app.ready.within, Millis(5000));
    ASSERT_EQ(app.cache.size(), 1U);
    EXPECT_EQ(app.cache[0].key, "Makefile");
    EXPECT_EQ(app.hooks.on_failure.size(), 1U);
    EXPECT_EQ(app.paths, std::vector<std::string>{"a"});
}

TEST(Repository, AnEmptyFileSetsNothing) {
    const auto loaded = read_repository("", kAll);
    EXPECT_TRUE(loaded.faults.empty());
    EXPECT_FALSE(loaded.settings.run || loaded.settings.build);
    EXPECT_TRUE(read_repository("# nothing yet\n", kAll).faults.empty());
}

TEST(Repository, NothingThatReachesBeyondTheReleaseIsTaken) {
    for (const std::string line :
         {"user: root", "listen: 0.0.0.0:80", "env_file: /etc/shadow", "repo: /srv/other.git",
          "webhook: { secret: x }", "workdir: /", "verify: { range: head }", "nice: -20"}) {
        EXPECT_TRUE(contains(only_fault(line), "belongs into the server's config")) << line;
    }
    EXPECT_TRUE(contains(only_fault("ready: { http: \"http://10.0.0.1:22/\" }"),
                         "a full address belongs into the server's config"));
    EXPECT_TRUE(contains(only_fault("cache: [../x]"), "inside the release"));
    EXPECT_TRUE(contains(only_fault("paths: [/etc]"), "relative to the repository's root"));
    EXPECT_TRUE(contains(only_fault("rum: ./app"), "did you mean run?"));
    EXPECT_TRUE(contains(only_fault("- a list"), "expected a map of keys"));
}

TEST(Repository, NoVariableOfTheServerIsPutIn) {
    const auto loaded = read_repository("run: echo ${HOME}\n", kAll);
    ASSERT_TRUE(loaded.settings.run);
    EXPECT_EQ(loaded.settings.run->text, "echo ${HOME}");
}

TEST(Repository, OnlyKeysThatTheServerAllowsCount) {
    RepositoryRules rules{{"build"}, ".", false};
    EXPECT_TRUE(contains(only_fault("run: ./app", rules),
                         "lastgood.yaml:1:1: run: the server's "
                         "config doesn't let the repository"));
    // Allowed when it was deployed, and not any more.
    App server = app_with("allow_repo_config: [build]\n");
    RepositorySettings settings;
    settings.run = Command{{"./other"}, "./other"};
    EXPECT_EQ(with_repository(server, settings).run.text, "./a");
}

TEST(Repository, ItsFileIsInTheAppsFolder) {
    EXPECT_EQ(repository_file(kAll), "lastgood.yaml");
    RepositoryRules rules = kAll;
    rules.root = "services/a";
    EXPECT_EQ(repository_file(rules), "services/a/lastgood.yaml");
    const auto loaded = read_repository("cache: [tmp]\n", rules);
    ASSERT_TRUE(loaded.settings.cache);
    EXPECT_EQ(loaded.settings.cache->at(0).path, "services/a/tmp");
}

TEST(AllowRepoConfig, IsAFlagOrAListOfKeys) {
    EXPECT_TRUE(app_with("").repository.keys.empty());
    EXPECT_TRUE(app_with("allow_repo_config: false\n").repository.keys.empty());
    EXPECT_TRUE(app_with("allow_repo_config: true\n").repository.allows("hooks"));
    const App some = app_with("allow_repo_config: [build, run]\n");
    EXPECT_TRUE(some.repository.allows("run") && !some.repository.allows("hooks"));
    EXPECT_TRUE(contains(fault_with("allow_repo_config: [user]\n"), "can't set \"user\""));
}

TEST(AllowRepoConfig, RunMayBeLeftToTheRepository) {
    const World world;
    const std::string app = "apps:\n  a:\n    repo: /srv/a.git\n";
    EXPECT_TRUE(world.read(app + "    allow_repo_config: true\n").config);
    EXPECT_TRUE(contains(faults_of(world.read(app + "    allow_repo_config: [build]\n")),
                         "run: is missing"));
}

TEST(Process, KeysOfWhomAndHowCommandsRunAreRead) {
    const App app = app_with(
        "user: www-data\ngroup: 33\numask: \"027\"\nnofile: 64\nnice: -5\n"
        "no_new_privileges: true\nmaterialise: link\n");
    EXPECT_EQ(app.account.user, "www-data");
    EXPECT_EQ(app.account.group, "33");
    EXPECT_EQ(app.limits.umask, 027);
    EXPECT_EQ(app.limits.nofile, 64);
    EXPECT_EQ(app.limits.nice, -5);
    EXPECT_TRUE(app.limits.no_new_privileges);
    EXPECT_FALSE(app_with("").limits.nice);
    EXPECT_TRUE(contains(fault_with("umask: 999\n"), "octal mask"));
    EXPECT_TRUE(contains(fault_with("group: staff\n"), "needs user"));
    EXPECT_TRUE(contains(fault_with("materialise: link\n"), "link needs `user`"));
}

TEST(Depth, IsRefusedBesideWhatNeedsTheHistory) {
    EXPECT_EQ(app_with("depth: 50\n").depth, 50);
    EXPECT_FALSE(app_with("").depth);
    EXPECT_TRUE(contains(fault_with("depth: 5\nfast_forward_only: true\n"), "whole history"));
    EXPECT_TRUE(contains(fault_with("depth: 5\nverify: { allowed_signers: f, range: all }\n"),
                         "whole history"));
    EXPECT_TRUE(contains(fault_with("depth: 5\ntransport: libgit2\n"), "libgit2"));
}

}  // namespace
}  // namespace lastgood::config
