// What a release holds besides the commit's own files: submodules, what git lfs keeps, caches; and
// what it leaves out.
#include <algorithm>

#include "git/lfs.h"
#include "git/submodules.h"
#include "servers.h"
#include "session_fixture.h"

namespace lastgood::git {
namespace {

class Contents : public SessionFixture {
  protected:
    GitResult<Released> release_of(const std::string& script) {
        in_origin(script + "\ngit add -A; git commit -q --allow-empty -m release");
        return release_tip();
    }
    GitResult<Released> release_tip() {
        must_fetch();
        request.commit = id_of("main");
        request.directory = folder / ("releases/" + request.commit.hex());
        return runner().materialise(request);
    }
    Released must_release(const std::string& script) {
        auto released = release_of(script);
        EXPECT_TRUE(released.value.has_value()) << released.error.error.text();
        return released.value.value_or(Released{});
    }
    [[nodiscard]] std::string in_release(const std::string& name) const {
        return request.directory + "/" + name;
    }

    MaterialiseRequest request{.commit = commit_id(std::string(40, '1')), .directory = {}};
};

// ---- submodules
TEST(SubmoduleAddress, IsRelativeToTheRemoteAsGitReadsIt) {
    const std::string https = "https://host/acme/app.git";
    EXPECT_EQ(submodule_address(https, "../lib.git"), "https://host/acme/lib.git");
    EXPECT_EQ(submodule_address(https, "../../other/lib"), "https://host/other/lib");
    EXPECT_EQ(submodule_address(https, "./sub"), "https://host/acme/app.git/sub");
    EXPECT_EQ(submodule_address(https, "git@h:x/y"), "git@h:x/y");
    EXPECT_EQ(submodule_address("git@host:acme/app.git", "../lib.git"), "git@host:acme/lib.git");
    EXPECT_EQ(submodule_address("git@host:app.git", "../lib.git"), "git@host:lib.git");
    EXPECT_EQ(submodule_address("/srv/app/", "../lib"), "/srv/lib");
}

class Submodules : public Contents {
  protected:
    Submodules() {
        shell(
            folder.path(),
            "for name in lib inner; do git init -q -b main $name; cd $name\n"
            "git config uploadpack.allowAnySHA1InWant true\n"
            "echo $name >what; git add .; git commit -qm $name; cd ..; done\n"
            "cd lib; git -c protocol.file.allow=always submodule --quiet add ../inner deep/inner\n"
            "git commit -qm inner");
        add_ = "git -c protocol.file.allow=always submodule --quiet add ../lib vendor/lib";
        request.submodules = true;
    }
    std::string add_;
};

TEST_F(Submodules, AreLaidIntoTheReleaseWithTheirOwn) {
    must_release(add_);
    EXPECT_EQ(read_text(in_release("vendor/lib/what")), "lib\n");
    EXPECT_EQ(read_text(in_release("vendor/lib/deep/inner/what")), "inner\n");
    EXPECT_FALSE(sys::exists(in_release("vendor/lib/.git")));
    const auto removed = runner().remove({{request.commit, request.directory}});
    ASSERT_TRUE(removed.value.has_value()) << removed.error.error.text();
    EXPECT_EQ(in_mirror("git for-each-ref refs/lastgood/modules refs/lastgood/releases"), "");
}

TEST_F(Submodules, AreLeftEmptyUnlessTheConfigWantsThem) {
    request.submodules = false;
    must_release(add_);
    EXPECT_TRUE(std::filesystem::is_empty(in_release("vendor/lib")));
}

TEST_F(Submodules, OfTheNextCommitAreTheNextOnes) {
    must_release(add_);
    shell(folder / "lib", "echo newer >what; git commit -qam newer");
    must_release("cd vendor/lib; git fetch -q; git checkout -q origin/main; cd ../..");
    EXPECT_EQ(read_text(in_release("vendor/lib/what")), "newer\n");
}

TEST_F(Submodules, WithoutAnAddressOrOfAMissingCommitAreErrorsThatNameThem) {
    auto result = release_of(
        "git update-index --add --cacheinfo 160000,$(git rev-parse main),module; mkdir module");
    ASSERT_FALSE(result.value.has_value());
    EXPECT_EQ(result.error.error.what, "submodule module: it has no address in .gitmodules");
    in_origin("git rm -q --cached module; rm -r module; " + add_ +
              "; git update-index --cacheinfo 160000," + std::string(40, 'a') +
              ",vendor/lib; git commit -qm missing");
    result = release_tip();
    ASSERT_FALSE(result.value.has_value());
    EXPECT_NE(result.error.error.what.find("submodule vendor/lib: commit aaaaaaa"),
              std::string::npos)
        << result.error.error.what;
}

TEST_F(Submodules, OfADistantRemoteDoNotReadThisServersFolders) {
    if (!installed("git-daemon")) GTEST_SKIP() << "git daemon is not installed";
    const int port = free_port();
    const Server server({"git", "daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1",
                         "--port=" + std::to_string(port), "--base-path=" + folder.path()},
                        port, folder / "daemon.log");
    remote.url = "git://127.0.0.1:" + std::to_string(port) + "/origin";
    restart_session();
    const auto result = release_of("git -c protocol.file.allow=always submodule --quiet add " +
                                   (folder / "lib") + " lib");
    ASSERT_FALSE(result.value.has_value());
    EXPECT_NE(result.error.error.what.find("is a path on this server"), std::string::npos)
        << result.error.error.what;
    EXPECT_TRUE(result.error.permanent);
}

// ---- git lfs
TEST(LfsPointer, IsReadAsSpecified) {
    const std::string oid(64, 'a');
    const auto pointer = parse_lfs_pointer(
        "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid + "\nsize 12345\n");
    ASSERT_TRUE(pointer.has_value());
    EXPECT_EQ(pointer->oid, oid);
    EXPECT_EQ(pointer->bytes, 12345U);
    for (const std::string text :
         {"", "version https://git-lfs.github.com/spec/v1\n",
          "version https://git-lfs.github.com/spec/v1\noid sha256:../../x\nsize 1\n",
          "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1\n"}) {
        EXPECT_FALSE(parse_lfs_pointer(text).has_value()) << text;
    }
}

constexpr const char* kPointer =
    "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize %d\\n' ";

TEST_F(Contents, APointerOfGitLfsIsNeverServedAsTheFile) {
    const auto result = release_of(std::string("echo '*.png filter=lfs -text' >.gitattributes\n") +
                                   kPointer + std::string(64, 'a') + " 12 >x.png");
    ASSERT_FALSE(result.value.has_value());
    EXPECT_NE(result.error.error.what.find("x.png"), std::string::npos) << result.error.error.what;
    EXPECT_FALSE(sys::exists(request.directory));
    // Without the attribute it is a text like any other.
    must_release("rm .gitattributes");
    EXPECT_TRUE(read_text(in_release("x.png")).starts_with("version https://git-lfs"));
}

TEST_F(Contents, WhatGitLfsKeepsIsInTheRelease) {
    if (!installed("git-lfs")) GTEST_SKIP() << "git lfs is not installed";
    in_origin(
        "git config filter.lfs.clean 'git-lfs clean -- %f'; git config filter.lfs.smudge "
        "'git-lfs smudge -- %f'; git config filter.lfs.required true\n"
        "echo '*.png filter=lfs -text' >.gitattributes; git add .gitattributes\n"
        "seq 1 5000 >x.png; mkdir sub; seq 1 10 >sub/y.png; git add -A; git commit -qm lfs");
    EXPECT_TRUE(in_origin("git show main:x.png").starts_with("version https://git-lfs"));
    must_release("");
    EXPECT_EQ(shell(folder.path(), "cmp origin/x.png " + in_release("x.png")), "");
    EXPECT_EQ(shell(folder.path(), "cmp origin/sub/y.png " + in_release("sub/y.png")), "");
}

// ---- export-ignore
TEST_F(Contents, ExportIgnoreIsHeededWhereTheConfigSaysSo) {
    const std::string script =
        "mkdir -p docs/deep tests src/tests; touch docs/x docs/deep/y tests/z src/tests/w src/a.o "
        "keep\n"
        "printf 'docs export-ignore\\n/tests/ export-ignore\\n*.o export-ignore\\n"
        "keep -export-ignore\\n' >.gitattributes";
    must_release(script);
    EXPECT_TRUE(sys::exists(in_release("docs/x")));
    request.export_ignore = true;
    must_release("echo more >keep");
    in_origin("mkdir ../archive; git archive main | tar -x -C ../archive");
    EXPECT_EQ(shell(folder.path(), "diff -r archive " + request.directory), "");
    EXPECT_FALSE(sys::exists(in_release("docs")) || sys::exists(in_release("tests")));
    EXPECT_TRUE(sys::exists(in_release("src/tests/w")));
}

// ---- caches
class Caches : public Contents {
  protected:
    Caches() { request.caches = {{"node_modules", ""}, {"plain", ""}, {"made", "made.lock"}}; }

    // As a build would, then the next commit.
    Released next(const std::string& script) {
        const auto before = std::pair(request.commit, request.directory);
        auto released = must_release(script);
        last = before;
        return released;
    }
    void build() {
        shell(request.directory,
              "for f in node_modules plain made; do mkdir -p $f/deep; echo $(basename $PWD) "
              ">$f/deep/x; ln -sf deep $f/link; done");
        request.previous.emplace(request.commit, request.directory);
    }
    std::optional<std::pair<CommitId, std::string>> last;
};

TEST_F(Caches, AreCarriedOnWhileTheirLockFileIsTheSame) {
    must_release("echo 1 >package-lock.json; echo 1 >made.lock");
    build();
    const std::string first = read_text(in_release("plain/deep/x"));
    EXPECT_TRUE(next("echo 1 >other").notes.empty());
    for (const char* name : {"node_modules", "plain", "made"}) {
        EXPECT_EQ(read_text(in_release(std::string(name) + "/deep/x")), first) << name;
        EXPECT_TRUE(std::filesystem::is_symlink(in_release(std::string(name) + "/link")));
    }
    // A copy: what this release does to it is not seen by the other.
    write_text(in_release("plain/deep/x"), "mine");
    EXPECT_EQ(read_text(last->second + "/plain/deep/x"), first);
}

TEST_F(Caches, BeginEmptyWhereTheLockFileChanged) {
    must_release("echo 1 >package-lock.json; echo 1 >made.lock");
    build();
    const auto notes = next("echo 2 >package-lock.json").notes;
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0], "cache node_modules begins empty: package-lock.json changed");
    EXPECT_FALSE(sys::exists(in_release("node_modules")));
    EXPECT_TRUE(sys::exists(in_release("made/deep/x")) && sys::exists(in_release("plain/deep/x")));
    build();
    next("rm made.lock");
    EXPECT_FALSE(sys::exists(in_release("made")));
    EXPECT_TRUE(sys::exists(in_release("node_modules/deep/x")));
}

TEST_F(Caches, AreNotCarriedThroughALinkThatLeadsOut) {
    must_release("mkdir sub; touch sub/x");
    request.caches = {{"sub/cache", ""}};
    shell(folder.path(), "mkdir -p outside/cache; echo secret >outside/cache/x");
    shell(request.directory, "mv sub old; ln -s " + (folder / "outside") + " sub");
    request.previous.emplace(request.commit, request.directory);
    next("echo 1 >other");
    EXPECT_FALSE(sys::exists(in_release("sub/cache")));
}

TEST_F(Caches, StayInTheSpareWhereTheirLockFileIsTheSame) {
    must_release("echo 1 >package-lock.json; echo 1 >made.lock");
    build();
    const auto first = *request.previous;
    next("echo 2 >made.lock");
    build();
    const auto removed = runner().remove({first}, true, {"node_modules", "plain", "made"});
    ASSERT_TRUE(removed.value.has_value()) << removed.error.error.text();
    const std::string second = read_text(in_release("plain/deep/x"));
    next("echo 3 >other");
    EXPECT_EQ(read_text(in_release("node_modules/deep/x")), first.first.hex() + "\n") << "in place";
    EXPECT_EQ(read_text(in_release("plain/deep/x")), second) << "of the newest release";
    EXPECT_EQ(read_text(in_release("made/deep/x")), second)
        << "the spare's was of another lock file";
}

}  // namespace
}  // namespace lastgood::git
