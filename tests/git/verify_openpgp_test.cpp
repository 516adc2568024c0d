// Commits signed by OpenPGP keys.
#include "servers.h"
#include "signed_fixture.h"

namespace lastgood::git {
namespace {

class VerifyOpenPgp : public SignedFixture {
  protected:
    void SetUp() override {
        if (!installed("gpg") || !installed("gpgv"))
            GTEST_SKIP() << "gpg and gpgv are not installed";
        home = folder / "gnupg";
        keyring = folder / "keyring.gpg";
        std::filesystem::create_directory(home);
        std::filesystem::permissions(home, std::filesystem::perms(0700));
        gpg("--quick-gen-key 'Ann [GNUPG:] GOODSIG <ann@example.org>' ed25519 sign never");
        gpg("--export ann@example.org >keyring.gpg");
        wanted.gpg_keyring = keyring;
    }
    void TearDown() override {
        if (!home.empty()) shell(folder.path(), "GNUPGHOME=" + home + " gpgconf --kill all");
    }

    std::string gpg(const std::string& arguments) {
        return shell(folder.path(),
                     "GNUPGHOME=" + home +
                         " gpg --batch -q --pinentry-mode loopback --passphrase '' " + arguments);
    }
    void make_bob() { gpg("--quick-gen-key 'Bob <bob@example.org>' ed25519 sign never"); }
    std::string fingerprint(const std::string& mail) {
        return gpg("--with-colons --list-keys " + mail +
                   " 2>/dev/null | sed -n 's/^fpr:*\\([^:]*\\):/\\1/p' | head -n 1");
    }
    // `options` are added to git's call of gpg.
    void signed_by(const std::string& mail, const std::string& options = "") {
        write_text(folder / "gpg.sh",
                   "#!/bin/sh\nexec env GNUPGHOME=" + home + " gpg " + options + " \"$@\"\n");
        shell(folder.path(), "chmod +x gpg.sh");
        in_origin("git -c gpg.program=" + folder / "gpg.sh" + " -c user.signingkey=" + mail +
                  " commit -q --allow-empty -S -m signed");
    }

    std::string home;
    std::string keyring;
};

TEST_F(VerifyOpenPgp, AKeyOfTheKeyringMayDeploy) {
    signed_by("ann@example.org");
    expect_good();
}

TEST_F(VerifyOpenPgp, AnotherKeyIsRefusedByItsFingerprint) {
    make_bob();
    signed_by("bob@example.org");
    const std::string text =
        expect_refused(" is signed by OpenPGP key " + fingerprint("bob@example.org") +
                       ", which is not in " + keyring);
    EXPECT_NE(text.find("add the key to " + keyring), std::string::npos) << text;
    gpg("--export >keyring.gpg");
    expect_good();
}

TEST_F(VerifyOpenPgp, ATamperedCommitIsRefused) {
    signed_by("ann@example.org");
    rewrite("sed 's/^signed$/forged/'");
    expect_refused("doesn't fit its content");
}

TEST_F(VerifyOpenPgp, UnsignedAndUnreadableCommitsAreRefused) {
    expect_refused("is not signed");
    signed_by("ann@example.org");
    rewrite("sed '/^ i[A-Za-z0-9]/s/.*/ AAAA/'");
    expect_refused("the OpenPGP signature of commit");
}

TEST_F(VerifyOpenPgp, ASubkeyCountsAsItsKey) {
    gpg("--quick-add-key " + fingerprint("ann@example.org") + " ed25519 sign never");
    const std::string subkey =
        gpg("--with-colons --list-keys ann@example.org | sed -n 's/^fpr:*\\([^:]*\\):/\\1/p' | "
            "tail -n 1");
    signed_by(subkey + "!");
    expect_refused("is signed by OpenPGP key " + subkey);
    gpg("--export ann@example.org >keyring.gpg");
    expect_good();
}

TEST_F(VerifyOpenPgp, AnExpiredKeyIsRefusedThoughItSignedInItsTime) {
    const std::string then = "--faked-system-time 20200201T000000";
    gpg("--faked-system-time 20200101T000000 --quick-gen-key 'Old <old@example.org>' ed25519 sign "
        "1y");
    gpg("--export old@example.org >keyring.gpg");
    signed_by("old@example.org", then);
    expect_refused(fingerprint("old@example.org") + ", which has expired");
}

TEST_F(VerifyOpenPgp, AnExpiredSignatureIsRefused) {
    gpg("--faked-system-time 20200101T000000 --quick-gen-key 'Old <old@example.org>' ed25519 sign "
        "never");
    gpg("--export old@example.org >keyring.gpg");
    signed_by("old@example.org", "--faked-system-time 20200201T000000 --default-sig-expire 1d");
    expect_refused("has expired");
}

TEST_F(VerifyOpenPgp, ARevokedKeyIsRefused) {
    signed_by("ann@example.org");
    const std::string id = fingerprint("ann@example.org");
    gpg("--version >/dev/null; sed 's/^:---/---/' gnupg/openpgp-revocs.d/" + id +
        ".rev >revoked.asc");
    gpg("--import revoked.asc");
    gpg("--export >keyring.gpg");
    expect_refused(id + ", which was revoked");
}

TEST_F(VerifyOpenPgp, SeveralSignaturesOrOneOverTextAreRefused) {
    make_bob();
    gpg("--export >keyring.gpg");
    signed_by("ann@example.org", "--local-user bob@example.org");
    expect_refused("several OpenPGP signatures");
    signed_by("ann@example.org", "--textmode");
    expect_refused("none over a commit's bytes");
}

TEST_F(VerifyOpenPgp, AWholeSignedMessageIsNoSignature) {
    in_origin("git commit -q --allow-empty -m x; git cat-file commit main >../data");
    gpg("-u ann@example.org -a -o data.asc --sign data");
    const std::string insert =
        "awk 'FNR==NR{sub(/PGP MESSAGE/,\"PGP SIGNATURE\"); s=s (FNR>1?\" \":\"gpgsig \") $0 "
        "\"\\n\"; "
        "next} !d&&/^$/{printf \"%s\",s; d=1} {print}' ../data.asc -";
    rewrite(insert);
    expect_refused("the OpenPGP signature of commit");
}

TEST_F(VerifyOpenPgp, TheKindThatIsNotConfiguredIsRefused) {
    commit_by("ann");
    expect_refused("has an ssh signature, but only gpg_keyring is configured");
}

TEST_F(VerifyOpenPgp, WithBothConfiguredEitherIsEnough) {
    make_bob();
    wanted.allowed_signers = allowed;
    wanted.all = true;
    const auto since = id_of("main");
    commit_by("ann");
    signed_by("ann@example.org");
    expect_good(since);
    commit_by("bob");
    expect_refused("is signed by ssh key");
    signed_by("bob@example.org");
    expect_refused("is signed by OpenPGP key");
    in_origin("git reset -q --hard main~2; git commit -q --allow-empty -m x");
    const std::string text = expect_refused("is not signed");
    EXPECT_NE(text.find(allowed + " or " + keyring), std::string::npos) << text;
}

TEST_F(VerifyOpenPgp, AKeyringThatDoesNotServeIsToldAndNoFaultOfTheCommit) {
    signed_by("ann@example.org");
    gpg("--export --armor >armored");
    wanted.gpg_keyring = folder / "armored";
    expect_trouble("is text");
    wanted.gpg_keyring = folder / "missing";
    expect_trouble("could not read " + wanted.gpg_keyring);
    wanted.gpg_keyring = keyring;
    without_programs("gpgv");
}

}  // namespace
}  // namespace lastgood::git
