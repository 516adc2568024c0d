// Commits that are signed by real keys, made anew for each test.
#pragma once

#include "session_fixture.h"

namespace lastgood::git {

class SignedFixture : public SessionFixture {
  protected:
    SignedFixture() {
        shell(folder.path(),
              "for key in ann bob; do ssh-keygen -q -t ed25519 -N '' -C '' -f $key; done");
        allowed = folder / "allowed_signers";
        allow("ann@example.org namespaces=\"git\" " + key("ann"));
    }

    // The words of a key's public file, as a line of allowed_signers ends.
    std::string key(const std::string& name) {
        return std::string(trim(read_text(folder / name + ".pub")));
    }
    void allow(const std::string& lines) { write_text(allowed, lines + "\n"); }

    [[nodiscard]] std::string ssh_options(const std::string& signer) const {
        return " -c gpg.format=ssh -c user.signingkey=" + folder / signer + " ";
    }
    // An empty commit; `more` are options of git commit.
    void commit_by(const std::string& signer, const std::string& more = "-m signed") {
        in_origin("git" + ssh_options(signer) + "commit -q --allow-empty -S " + more);
    }
    // Replaces the newest commit by what a filter makes of its bytes.
    void rewrite(const std::string& filter) {
        in_origin("git cat-file commit main | " + filter +
                  " >../commit; git update-ref refs/heads/main "
                  "$(git hash-object -t commit --literally -w ../commit)");
    }

    GitResult<bool> verify(const std::optional<CommitId>& since = std::nullopt) {
        must_fetch();
        return runner().verify({id_of("main"), since, wanted});
    }
    void expect_good(const std::optional<CommitId>& since = std::nullopt) {
        const auto result = verify(since);
        EXPECT_TRUE(result.value.value_or(false)) << result.error.error.text();
    }
    // For good, with the commit's name and something to do about it.
    std::string expect_refused(const std::string& telling, const std::string& bad = "main",
                               const std::optional<CommitId>& since = std::nullopt) {
        const auto result = verify(since);
        const Error& error = result.error.error;
        EXPECT_FALSE(result.value.has_value());
        EXPECT_TRUE(result.error.permanent) << error.text();
        EXPECT_NE(error.what.find(telling), std::string::npos) << error.text();
        EXPECT_NE(error.what.find("commit " + id_of(bad).short_hex()), std::string::npos)
            << error.text();
        EXPECT_NE(error.mend, "") << error.text();
        return error.text();
    }
    // The server's fault: the same commit may be good when that is mended.
    void expect_trouble(const std::string& telling) {
        const auto result = verify();
        EXPECT_FALSE(result.value.has_value());
        EXPECT_FALSE(result.error.permanent) << result.error.error.text();
        EXPECT_NE(result.error.error.what.find(telling), std::string::npos)
            << result.error.error.text();
        EXPECT_NE(result.error.error.mend, "") << result.error.error.text();
    }
    void without_programs(const std::string& missing) {
        const std::string path = getenv("PATH");
        must_fetch();
        restart_session();
        setenv("PATH", folder.path().c_str(), 1);
        const auto result = runner().verify({id_from_mirror(), std::nullopt, wanted});
        setenv("PATH", path.c_str(), 1);
        EXPECT_FALSE(result.error.permanent);
        EXPECT_NE(result.error.error.what.find(missing), std::string::npos);
        EXPECT_NE(result.error.error.mend.find("install the package"), std::string::npos);
    }

    std::string allowed;
    config::Verify wanted;

  private:
    // git itself isn't there either.
    CommitId id_from_mirror() {
        return commit_id(
            std::string(trim(read_text(remote.mirror + "/refs/lastgood/upstream/heads/main"))));
    }
};

}  // namespace lastgood::git
