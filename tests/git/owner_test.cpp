// Releases of an app that runs as a user of its own, and what that user can do to them.
#include <sys/stat.h>

#include "session_fixture.h"

namespace lastgood::git {
namespace {

constexpr uid_t kUser = 61'234;  // nobody's: numbers are all that the kernel goes by
constexpr gid_t kGroup = 61'235;

class Owner : public SessionFixture {
  protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root";
        in_origin(
            "mkdir -p a/b; echo one >a/b/file; echo '#!/bin/sh' >tool; chmod +x tool\n"
            "ln -s a/b/file link; git add -A; git commit -qm files");
        std::filesystem::create_directories(folder / "releases");
    }

    std::string place(const CommitId& commit) { return folder / ("releases/" + commit.hex()); }

    CommitId make(const std::string& script, config::Materialise way,
                  const std::optional<CommitId>& previous = {}) {
        in_origin(script + "\ngit add -A; git commit -q --allow-empty -m next");
        must_fetch();
        const CommitId commit = id_of("main");
        MaterialiseRequest request{.commit = commit, .directory = place(commit), .way = way};
        request.owner = ReleaseOwner{kUser, kGroup};
        request.caches = {{"cache", ""}};
        if (previous) request.previous.emplace(*previous, place(*previous));
        auto made = runner().materialise(request);
        EXPECT_TRUE(made.value) << made.error.error.text();
        written_ = made.value.value_or(Released{}).written;
        return commit;
    }

    // As the app's user, in the release: its exit status.
    int as_user(const CommitId& commit, const std::string& script) {
        sys::SpawnSpec spec;
        spec.argv = {"/bin/sh", "-c", script};
        spec.env = test_environment();
        spec.workdir = place(commit);
        spec.identity.emplace();
        spec.identity->uid = kUser;
        spec.identity->gid = kGroup;
        auto child = sys::spawn(spec);
        EXPECT_TRUE(child.ok()) << child.error().text();
        int status = 0;
        waitpid(child->pid, &status, 0);
        return WEXITSTATUS(status);
    }

    static struct stat look(const std::string& path) {
        struct stat status {};
        EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
        return status;
    }

    std::uint64_t written_ = 0;
    static constexpr std::uint64_t kLinks = 1;  // of the tree itself: made anew each time
};

TEST_F(Owner, AllOfAReleaseIsTheirs) {
    const auto commit = make("", config::Materialise::automatic);
    for (const std::string path : {"", "/a", "/a/b", "/a/b/file", "/tool", "/link"}) {
        EXPECT_EQ(look(place(commit) + path).st_uid, kUser) << path;
        EXPECT_EQ(look(place(commit) + path).st_gid, kGroup) << path;
    }
    EXPECT_EQ(as_user(commit, "echo more >>a/b/file && ./tool && mkdir x"), 0);
}

TEST_F(Owner, LinkedFilesAreSharedAndCannotBeWrittenInPlace) {
    const auto one = make("", config::Materialise::link);
    const auto two = make("echo new >other", config::Materialise::link, one);
    EXPECT_EQ(written_, kLinks + 1);
    EXPECT_EQ(look(place(one) + "/a/b/file").st_ino, look(place(two) + "/a/b/file").st_ino);
    EXPECT_EQ(look(place(two) + "/a/b/file").st_uid, 0U);
    // Each way to change a file without making another one of it.
    for (const std::string attack :
         {"echo x >>a/b/file", "echo x >a/b/file", "chmod u+w a/b/file", "chown 61234 a/b/file",
          "truncate -s 0 a/b/file", "touch -d 2001-01-01 a/b/file",
          "dd if=/dev/zero of=a/b/file conv=notrunc count=1", "cp /etc/hostname a/b/file"}) {
        EXPECT_NE(as_user(two, attack + " 2>/dev/null"), 0) << attack;
    }
    EXPECT_EQ(read_text(place(one) + "/a/b/file"), "one\n");
    // What builds do: read, run, add, replace and remove.
    EXPECT_EQ(as_user(two,
                      "cat a/b/file >/dev/null && ./tool && sed -i s/one/two/ a/b/file && "
                      "rm tool && echo made >a/b/made"),
              0);
    EXPECT_EQ(read_text(place(two) + "/a/b/file"), "two\n");
    EXPECT_EQ(read_text(place(one) + "/a/b/file"), "one\n");
    EXPECT_TRUE(sys::exists(place(one) + "/tool"));
}

TEST_F(Owner, WhatAUserPutInAFilesPlaceIsNotCarriedOn) {
    const auto one = make("", config::Materialise::link);
    const auto two = make("", config::Materialise::link, one);
    EXPECT_EQ(written_, kLinks);
    EXPECT_EQ(as_user(two,
                      "rm a/b/file tool && echo evil >a/b/file && "
                      "cp /bin/true tool && chmod 555 tool"),
              0);
    const auto three = make("", config::Materialise::link, two);
    EXPECT_EQ(written_, kLinks + 2);
    EXPECT_EQ(read_text(place(three) + "/a/b/file"), "one\n");
    EXPECT_EQ(read_text(place(three) + "/tool"), "#!/bin/sh\n");
}

TEST_F(Owner, LinksSurviveThatOlderReleasesGo) {
    const auto one = make("", config::Materialise::link);
    const auto two = make("", config::Materialise::link, one);
    auto removed = runner().remove({{one, place(one)}});
    ASSERT_TRUE(removed.value) << removed.error.error.text();
    EXPECT_TRUE(removed.value->empty());
    make("", config::Materialise::link, two);
    EXPECT_EQ(written_, kLinks);
    EXPECT_FALSE(sys::exists(folder / "releases/.spare"));
}

TEST_F(Owner, CachesAreCarriedOnAsTheirs) {
    const auto one = make("", config::Materialise::automatic);
    EXPECT_EQ(as_user(one, "mkdir cache && echo kept >cache/x"), 0);
    const auto two = make("", config::Materialise::automatic, one);
    EXPECT_EQ(read_text(place(two) + "/cache/x"), "kept\n");
    EXPECT_EQ(look(place(two) + "/cache/x").st_uid, kUser);
}

}  // namespace
}  // namespace lastgood::git
