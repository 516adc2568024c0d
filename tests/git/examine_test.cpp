// What the doctor is told of remotes and mirrors.
#include "git/examine.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "servers.h"
#include "session_fixture.h"

namespace lastgood::git {
namespace {

using config::Transport;
using Findings = std::vector<Finding>;

class Examine : public SessionFixture {
  protected:
    Findings examined() {
        auto result = runner().wait<Findings>(
            [&](auto done) { runner().session->examine(folder / "scratch", done); });
        EXPECT_TRUE(result.value.has_value()) << result.error.error.text();
        return result.value.value_or(Findings{});
    }
    static Finding of(const Findings& all, const std::string& check) {
        const auto found =
            std::find_if(all.begin(), all.end(), [&](auto& one) { return one.check == check; });
        return found == all.end() ? Finding{"nothing", Verdict::warn, "", ""} : *found;
    }
    static void expect_ok(const Findings& all, std::initializer_list<const char*> checks) {
        for (const char* check : checks) {
            const Finding found = of(all, check);
            EXPECT_EQ(found.verdict, Verdict::ok) << check << ": " << found.found;
        }
    }
};

TEST_F(Examine, OfAGoodRemoteFindsAllWell) {
    remote.transport = Transport::git;
    const auto all = examined();
    expect_ok(all, {"transport", "remote", "branch", "exact commits", "mirror"});
    EXPECT_TRUE(of(all, "transport").found.starts_with("git 2.")) << of(all, "transport").found;
    EXPECT_EQ(of(all, "branch").found, "refs/heads/main is at " + id_of("main").short_hex());
    EXPECT_EQ(of(all, "mirror").found, "none yet, the first fetch makes it");
    EXPECT_FALSE(std::filesystem::exists(remote.mirror));
}

TEST_F(Examine, TellsOfAMissingBranchTheCommandThatListsThem) {
    remote.followed.branch = "live";
    const Finding branch = of(examined(), "branch");
    EXPECT_EQ(branch.verdict, Verdict::fail);
    EXPECT_EQ(branch.found, "branch live is not in the repository");
    EXPECT_NE(branch.mend.find("git ls-remote --heads " + remote.url), std::string::npos);
}

TEST_F(Examine, TellsOfAMissingRepository) {
    remote.url = folder / "nowhere";
    const auto all = examined();
    EXPECT_EQ(of(all, "remote").verdict, Verdict::fail);
    EXPECT_EQ(of(all, "branch").check, "nothing");
}

TEST_F(Examine, OfAServerThatHidesCommitsWarnsOnlyWhereTheyAreNotGiven) {
    const int port = free_port();
    const Server server({"git", "-c", "safe.directory=*", "daemon", "--reuseaddr",
                         "--listen=127.0.0.1", "--port=" + std::to_string(port),
                         "--base-path=" + folder.path(), "--export-all", folder.path()},
                        port, folder / "server.log");
    remote.url = "git://127.0.0.1:" + std::to_string(port) + "/origin";
    remote.transport = Transport::git;
    expect_ok(examined(), {"remote", "branch", "exact commits"});
    restart_session();
    remote.transport = Transport::libgit2;
    shell(folder.path(), "rm -rf scratch");
    const auto all = examined();
    EXPECT_EQ(of(all, "transport").verdict, Verdict::warn);
    expect_ok(all, {"remote", "branch"});
    EXPECT_EQ(of(all, "exact commits").verdict, Verdict::warn) << of(all, "exact commits").found;
    restart_session();
    in_origin("git config uploadpack.allowTipSHA1InWant true");
    shell(folder.path(), "rm -rf scratch");
    expect_ok(examined(), {"exact commits"});
}

TEST_F(Examine, ChangesNothingOfTheMirror) {
    must_fetch();
    const std::string state = "find . -type f | sort | xargs sha256sum; git for-each-ref";
    const std::string before = in_mirror(state);
    const auto all = examined();
    expect_ok(all, {"remote", "mirror"});
    EXPECT_TRUE(of(all, "mirror").found.starts_with("whole, "));
    EXPECT_EQ(in_mirror(state), before);
}

TEST_F(Examine, SeesADamagedMirrorAndThoseThatWerePutAside) {
    must_fetch();
    in_mirror("chmod -R u+w objects; find objects -type f -delete");
    shell(folder.path(), "mkdir repo.git.damaged-1700000000");
    const auto all = examined();
    const auto count =
        std::count_if(all.begin(), all.end(), [](auto& one) { return one.check == "mirror"; });
    EXPECT_EQ(count, 2);
    EXPECT_EQ(all.back().verdict, Verdict::fail) << all.back().found;
    EXPECT_NE(all.back().mend.find("mv " + remote.mirror), std::string::npos);
}

TEST_F(Examine, SeesThatGitLfsIsWantedAndIsNotThere) {
    in_origin("echo '*.bin filter=lfs' >.gitattributes; git add .; git commit -qm lfs");
    must_fetch();
    restart_session();
    shell(folder.path(), "mkdir bin; ln -s $(command -v git) bin/git");
    const std::string path = getenv("PATH");
    setenv("PATH", (folder / "bin").c_str(), 1);
    const auto all = examined();
    setenv("PATH", path.c_str(), 1);
    EXPECT_EQ(of(all, "git lfs").verdict, Verdict::fail);
    EXPECT_EQ(of(all, "git lfs").mend, "apt install git-lfs");
}

TEST(Libgit2Limits, AreFewerWithAYoungerOne) {
    EXPECT_EQ(limits_of_libgit2(1, 5),
              "exact commits only from servers that allow them, no deadlines of its own, no RSA "
              "keys with today's OpenSSH, TLS 1.2 only, no shallow fetch");
    EXPECT_EQ(limits_of_libgit2(1, 9),
              "exact commits only from servers that allow them, no deadlines of its own");
}

}  // namespace
}  // namespace lastgood::git
