// Commits signed by ssh keys, which of them are asked, and signatures that are none.
#include "signed_fixture.h"

namespace lastgood::git {
namespace {

class Verify : public SignedFixture {
  protected:
    Verify() { wanted.allowed_signers = allowed; }
};

TEST_F(Verify, AnAllowedKeyMayDeploy) {
    commit_by("ann");
    expect_good();
    EXPECT_EQ(shell(remote.mirror, "find . -newer HEAD -name '*sig*'"), "") << "nothing is left";
}

TEST_F(Verify, NothingIsAskedWhereNothingIsConfigured) {
    wanted = {};
    expect_good();
}

TEST_F(Verify, AnUnsignedCommitIsRefused) {
    const std::string text = expect_refused(" is not signed");
    EXPECT_NE(text.find("signed by a key of " + allowed), std::string::npos) << text;
}

TEST_F(Verify, AnotherKeyIsRefusedByItsFingerprint) {
    commit_by("bob");
    const std::string fingerprint = shell(folder.path(), "ssh-keygen -lf bob.pub | cut -d' ' -f2");
    const std::string text = expect_refused(" is signed by ssh key " + fingerprint + ", which " +
                                            allowed + " does not allow");
    EXPECT_NE(text.find("add the key to " + allowed), std::string::npos) << text;
    allow("ann@example.org " + key("ann") + "\nbob@example.org " + key("bob"));
    expect_good();
}

TEST_F(Verify, TheKeyCountsAndNotTheNames) {
    commit_by("bob", "-m x --author 'Ann <ann@example.org>'");
    expect_refused("is signed by ssh key");
    commit_by("ann", "-m x --author 'Bob <bob@example.org>'");
    expect_good();
}

TEST_F(Verify, ATamperedCommitIsRefused) {
    commit_by("ann");
    rewrite("sed 's/^signed$/forged/'");
    expect_refused("the signature of commit");
    in_origin("git reset -q --hard main~1");
    commit_by("ann");
    const std::string tree = in_origin("git rev-parse main~3^{tree}");
    rewrite("sed 's/^tree .*/tree " + tree + "/'");
    expect_refused("doesn't fit its content");
}

TEST_F(Verify, WhatTheSignatureDoesNotCoverIsRefused) {
    remote.transport = config::Transport::libgit2;  // git doesn't even fetch such a commit
    commit_by("ann");
    rewrite("{ cat; printf '\\0and more'; }");
    expect_refused("in a way that git doesn't sign");
    in_origin("git reset -q --hard main~1; git config i18n.commitEncoding ISO-8859-1");
    commit_by("ann");
    expect_good();
    rewrite("sed 's/^encoding/gpgsigencoding/'");
    expect_refused("in a way that git doesn't sign");
}

TEST_F(Verify, ASignatureInTheMessageIsNone) {
    commit_by("ann");
    rewrite(
        "awk '/^gpgsig /{s=1} s&&/^( |gpgsig)/{g=g $0 \"\\n\"; next} {s=0; print} "
        "END{printf \"%sx\\n\", g}'");
    ASSERT_NE(in_origin("git log -1 --format=%B").find("gpgsig"), std::string::npos);
    expect_refused("commit");
}

TEST_F(Verify, ASignatureForAnotherPurposeIsRefused) {
    allow("ann@example.org " + key("ann"));
    in_origin("git commit -q --allow-empty -m x; git cat-file commit main >../data");
    shell(folder.path(), "ssh-keygen -q -Y sign -n file -f ann data");
    rewrite(
        "awk 'FNR==NR{s=s (FNR>1?\" \":\"gpgsig \") $0 \"\\n\"; next} "
        "!d&&/^$/{printf \"%s\",s; d=1} {print}' ../data.sig -");
    expect_refused("was not made for git");
}

TEST_F(Verify, AKeyThatIsAllowedForOtherPurposesIsRefused) {
    allow("ann@example.org namespaces=\"file\" " + key("ann"));
    commit_by("ann");
    expect_refused("key is not permitted for use in signature namespace");
}

TEST_F(Verify, AnotherKindOfSignatureIsRefused) {
    commit_by("ann");
    in_origin("git branch signed");
    rewrite("sed 's/SSH SIGNATURE/SIGNED MESSAGE/'");
    expect_refused("X.509");
    in_origin("git reset -q --hard signed");
    rewrite("sed 's/SSH SIGNATURE/SIGNATURE OF MINE/'");
    expect_refused("of an unknown kind");
    in_origin("git reset -q --hard signed");
    rewrite("sed '/^ U1NIU0/s/.*/ AAAA/'");
    expect_refused("can't be read");
    in_origin("git reset -q --hard signed");
    rewrite("sed 's/SSH SIGNATURE/PGP SIGNATURE/'");
    expect_refused("has an OpenPGP signature, but only allowed_signers is configured");
}

TEST_F(Verify, AKeyIsAllowedInItsTimeAsTheCommitTellsIt) {
    const std::string between =
        "ann@example.org valid-after=\"20150101\",valid-before=\"20160101\" ";
    allow(between + key("ann"));
    const auto commit_of = [&](const std::string& date) {
        in_origin("GIT_COMMITTER_DATE='" + date + "' git" + ssh_options("ann") +
                  "commit -q --allow-empty -S -m x");
    };
    commit_of("2015-06-01T12:00:00Z");
    expect_good();
    commit_of("2016-06-01T12:00:00Z");
    expect_refused("key has expired");
    commit_of("2014-06-01T12:00:00Z");
    expect_refused("key is not yet valid");
    commit_of("@0 +0000");
    expect_refused("key is not yet valid");
    commit_of("@999999999999 +0000");
    expect_refused("key has expired");
}

TEST_F(Verify, TimesOfTheFileAreLocal) {
    allow("ann@example.org valid-after=\"20150601100000\" " + key("ann"));
    in_origin("GIT_COMMITTER_DATE=2015-06-01T09:00:00Z git" + ssh_options("ann") +
              "commit -q --allow-empty -S -m x");
    setenv("TZ", "XXX-2", 1);  // two hours east: it is eleven there
    expect_good();
    restart_session();
    setenv("TZ", "XXX2", 1);
    expect_refused("key is not yet valid");
    unsetenv("TZ");
}

TEST_F(Verify, PrincipalsMayLookLikeAnything) {
    commit_by("ann");
    for (const char* principal : {"\"Ann Author\"", "-f", "\"-Y sign,; $(touch x)\"", "*",
                                  "!bob@example.org,*@example.org"}) {
        allow(std::string(principal) + " " + key("ann"));
        expect_good();
    }
}

TEST_F(Verify, TheFileMayHaveOtherLines) {
    commit_by("ann");
    allow("# who may deploy\r\n\r\nnonsense\nbob@example.org " + key("bob") +
          "\r\nann@example.org namespaces=\"file\" " + key("ann") + "\r\nann@example.org " +
          key("ann") + "\r");
    expect_good();
}

TEST_F(Verify, KeysOfAnAuthorityAreAllowed) {
    shell(folder.path(),
          "ssh-keygen -q -t ed25519 -N '' -C '' -f ca\n"
          "ssh-keygen -q -s ca -I bob -n bob@example.org bob.pub");
    allow("*@example.org cert-authority,namespaces=\"git\" " + key("ca"));
    commit_by("bob");
    expect_refused("is signed by ssh key");
    commit_by("bob-cert.pub");
    expect_good();
    allow("*@example.net cert-authority " + key("ca"));
    expect_refused("is signed by ssh key");
}

TEST_F(Verify, OtherAlgorithmsAndOddBytesAreNoTrouble) {
    shell(folder.path(), "ssh-keygen -q -t rsa -b 2048 -N '' -C '' -f rsa");
    allow("rsa " + key("rsa") + "\nann " + key("ann"));
    commit_by("rsa",
              "--cleanup=verbatim -m \"$(printf 'one\\r\\ntwo\\r\\n\\r\\n \\303\\244\\r')\"");
    expect_good();
    commit_by("ann", "--allow-empty-message --no-edit -m ''");
    expect_good();
}

TEST_F(Verify, MergesAreSignedAsOtherCommitsAre) {
    commit_by("ann");
    const auto before = id_of("main");
    in_origin(
        "git checkout -qb side; git commit -q --allow-empty -m side\n"
        "git -c user.signingkey=" +
        folder / "ann" + " -c gpg.format=ssh tag -s -m note v1; git checkout -q main");
    in_origin("git" + ssh_options("ann") + "merge -q -S --no-ff -m merge v1");
    ASSERT_NE(in_origin("git cat-file commit main").find("mergetag"), std::string::npos);
    expect_good(before);
    wanted.all = true;
    const std::string text = expect_refused(" is not signed", "side", before);
    EXPECT_NE(text.find("replace it by one"), std::string::npos) << text;
}

TEST_F(Verify, TheRangeIsTheNewCommitOrAllSinceTheTrustedOne) {
    const auto unsigned_one = id_of("main");
    commit_by("ann");
    const auto signed_one = id_of("main");
    in_origin("git commit -q --allow-empty -m unsigned");
    commit_by("bob");
    const auto by_bob = id_of("main");
    commit_by("ann");
    expect_good(signed_one);
    wanted.all = true;
    expect_good(by_bob);
    expect_refused("is signed by ssh key", "main~1", signed_one);
    expect_refused("is signed by ssh key", "main~1", unsigned_one);
    allow("ann " + key("ann") + "\nbob " + key("bob"));
    expect_refused("is not signed", "main~2", signed_one);
    expect_good();  // nothing is known to be trusted: the new one alone
    expect_good(commit_id(std::string(40, 'a')));
}

TEST_F(Verify, TheNewCommitIsAskedThoughTheTrustedOneReachesIt) {
    wanted.all = true;
    expect_refused("is not signed", "main", id_of("main"));
    commit_by("ann");
    const auto young = id_of("main");
    must_fetch();
    in_origin("git reset -q --hard main~1");
    expect_refused("is not signed", "main", young);
}

TEST_F(Verify, TooManyCommitsAreRefusedAtOnce) {
    commit_by("ann");
    const auto since = id_of("main");
    in_origin(
        "{ i=0; while [ $i -lt 10000 ]; do i=$((i+1)); echo 'commit refs/heads/main'\n"
        "echo 'committer C <c@example.org> 1800000000 +0000'; echo 'data 0'\n"
        "[ $i -gt 1 ] || echo \"from $(git rev-parse main)\"; done; } >../commits\n"
        // Else memory is taken from the kernel for each object anew, ten seconds long.
        "MALLOC_MMAP_THRESHOLD_=99999999 MALLOC_TRIM_THRESHOLD_=99999999 "
        "git fast-import --quiet <../commits");
    wanted.all = true;
    expect_refused("is not signed", "main", since);  // as many as may be
    commit_by("ann");
    must_fetch();
    const auto result = runner().verify({id_of("main"), since, wanted});
    EXPECT_TRUE(result.error.permanent);
    EXPECT_NE(result.error.error.what.find("more than 10000 commits came since"), std::string::npos)
        << result.error.error.text();
}

TEST_F(Verify, AFileThatDoesNotServeIsToldAndNoFaultOfTheCommit) {
    commit_by("ann");
    wanted.allowed_signers = folder / "missing";
    expect_trouble("could not read " + wanted.allowed_signers);
    wanted.allowed_signers = folder.path();
    expect_trouble(" is no file");
    write_text(folder / "empty", "");
    wanted.allowed_signers = folder / "empty";
    expect_trouble(" lists no key");
}

TEST_F(Verify, AMissingProgramIsToldWithItsPackage) {
    commit_by("ann");
    without_programs("ssh-keygen");
}

TEST_F(Verify, ACommitThatIsNotInTheMirrorIsNoRefusal) {
    must_fetch();
    const auto result = runner().verify({commit_id(std::string(40, 'a')), std::nullopt, wanted});
    EXPECT_FALSE(result.value.has_value());
    EXPECT_FALSE(result.error.permanent);
    EXPECT_NE(result.error.error.what.find("commit aaaaaaa"), std::string::npos);
}

}  // namespace
}  // namespace lastgood::git
