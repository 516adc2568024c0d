#include <string>

#include "config/fixture.h"

namespace lastgood::config {
namespace {

constexpr const char* kGood = "0123456789abcdef0123456789abcdef";

// A config with a receiver: `top` inside webhook, `own` inside the app.
Loaded read(const std::string& top, const std::string& own, const World& world = {}) {
    return world.read("webhook: { listen: \"0.0.0.0:8787\"" + top +
                      " }\napps: { a: { repo: /a, run: a" + own + " } }\n");
}

std::vector<std::string> secrets_of(const Loaded& loaded) {
    EXPECT_TRUE(loaded.config) << faults_of(loaded);
    return loaded.config ? loaded.config->apps.at(0).webhook.secrets : std::vector<std::string>{};
}

std::string only_fault(const Loaded& loaded) {
    EXPECT_EQ(loaded.faults.size(), 1U) << faults_of(loaded);
    return faults_of(loaded);
}

TEST(Secrets, WithAReceiverEachAppNeedsOne) {
    EXPECT_TRUE(contains(only_fault(read("", "")), "no secret, no start"));
    EXPECT_TRUE(contains(only_fault(read("", "")), "openssl rand -hex 32"));
    EXPECT_EQ(secrets_of(read(", secret_file: secret", "")), std::vector<std::string>{kGood});
    EXPECT_EQ(secrets_of(read("", ", webhook: { secret_file: secret }")),
              std::vector<std::string>{kGood});
}

TEST(Secrets, AnAppsOwnReplacesTheDefault) {
    World world;
    world.files["/x"] = "another secret, long enough";
    EXPECT_EQ(secrets_of(read(", secret_file: secret", ", webhook: { secret_file: /x }", world)),
              std::vector<std::string>{"another secret, long enough"});
}

TEST(Secrets, TheirPlaceIsKnown) {
    World world;
    world.variables["SECRET"] = kGood;
    const auto place = [&world](const std::string& top, const std::string& own) {
        const auto loaded = read(top, own, world);
        EXPECT_TRUE(loaded.config) << faults_of(loaded);
        return loaded.config ? loaded.config->apps.at(0).webhook.place : SecretPlace{};
    };
    EXPECT_EQ(place(", secret_file: secret", "").kind, SecretPlace::Kind::file);
    EXPECT_EQ(place(", secret_file: secret", "").name, "/etc/lastgood/secret");
    EXPECT_EQ(place(", secret_file: secret", ", webhook: { secret_env: SECRET }").kind,
              SecretPlace::Kind::variable);
    EXPECT_EQ(place("", ", webhook: { secret_env: SECRET }").name, "SECRET");
}

TEST(Secrets, AFileMayHoldSeveral) {
    World world;
    world.files["/etc/lastgood/secret"] =
        "\n  first secret, long enough\r\n\nsecond secret, long enough";
    EXPECT_EQ(
        secrets_of(read(", secret_file: secret", "", world)),
        (std::vector<std::string>{"first secret, long enough", "second secret, long enough"}));
    for (int i = 0; i < 20; ++i) world.files["/etc/lastgood/secret"] += "\nlong enough a secret";
    EXPECT_TRUE(contains(only_fault(read(", secret_file: secret", "", world)), "more than 16"));
}

TEST(Secrets, AnEditorsMarkIsNoPartOfThem) {
    World world;
    world.files["/x"] = "\xEF\xBB\xBF" + std::string(kGood) + "\r\n";
    EXPECT_EQ(secrets_of(read(", secret_file: /x", "", world)), std::vector<std::string>{kGood});
}

TEST(Secrets, AFileHasNoComments) {
    World world;
    world.files["/etc/lastgood/secret"] =
        "# the one of May 2026\n0123456789abcdef0123456789abcdef\n";
    const auto loaded =
        world.read("webhook: { listen: 0.0.0.0:1, secret_file: secret }\n" + one_app(""));
    EXPECT_TRUE(contains(faults_of(loaded), "has a comment, which counts as a secret"))
        << faults_of(loaded);
}

TEST(Secrets, MissingEmptyAndWeakFilesAreFaultsWithTheMend) {
    World world;
    world.files["/empty"] = " \n\n";
    world.files["/weak"] = "fifteen letters";
    world.files["/one-weak"] = std::string(kGood) + "\nshort";
    world.files["/control"] = std::string(kGood) + "\x01";
    const std::vector<std::pair<std::string, std::string>> table = {
        {"/missing", "No such file"},
        {"/empty", "is empty"},
        {"/weak", "less than 16"},
        {"/one-weak", "less than 16"},
        {"/control", "control characters"}};
    for (const auto& [file, part] : table) {
        const auto fault = only_fault(read(", secret_file: " + file, "", world));
        EXPECT_TRUE(contains(fault, part)) << fault;
        EXPECT_TRUE(contains(
            fault, "openssl rand -hex 32 | sudo install -D -m 0600 -o lastgood /dev/stdin " + file))
            << fault;
        EXPECT_FALSE(contains(fault, "fifteen")) << fault;
    }
}

TEST(Secrets, TheEnvironmentMayHoldOne) {
    World world;
    EXPECT_TRUE(contains(only_fault(read(", secret_env: S", "", world)), "S is not set"));
    world.variables["S"] = "short";
    EXPECT_TRUE(contains(only_fault(read(", secret_env: S", "", world)), "less than 16"));
    world.variables["S"] = kGood;
    EXPECT_EQ(secrets_of(read(", secret_env: S", "", world)), std::vector<std::string>{kGood});
}

TEST(Secrets, InlineOnlyInAFileOfItsOwnerAlone) {
    World world;
    const std::string inline_secret = ", secret: " + std::string(kGood);
    const auto fault = only_fault(read(inline_secret, "", world));
    EXPECT_TRUE(contains(fault, "chmod 600 /etc/lastgood/lastgood.yaml")) << fault;
    EXPECT_FALSE(contains(fault, kGood));
    world.file_is_private = true;
    EXPECT_EQ(secrets_of(read(inline_secret, "", world)), std::vector<std::string>{kGood});
}

TEST(Secrets, OnlyOneOfTheThreeKeysMayBeThere) {
    World world;
    world.variables["S"] = kGood;
    EXPECT_TRUE(contains(only_fault(read(", secret_file: secret, secret_env: S", "", world)),
                         "secret_env: secret_file is there already"));
}

TEST(Secrets, GitLabNeedsASigningToken) {
    World world;
    world.files["/token"] = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
    const auto with = [&](const std::string& text) {
        world.files["/t"] = text;
        return only_fault(read("", ", webhook: { provider: gitlab, secret_file: /t }", world));
    };
    EXPECT_EQ(secrets_of(read("", ", webhook: { provider: gitlab, secret_file: /token }", world)),
              std::vector<std::string>{world.files["/token"]});
    EXPECT_TRUE(contains(with(kGood), "signing token"));
    EXPECT_TRUE(contains(with("whsec_not!base64!at!all!"), "signing token"));
    EXPECT_TRUE(contains(with("whsec_dGVzdHRlc3Q="), "less than 16 bytes"));
    EXPECT_TRUE(contains(
        only_fault(read(", secret_file: secret", ", webhook: { provider: gitlab }", world)),
        "signing token"));
    EXPECT_EQ(secrets_of(read(", secret_file: secret", ", webhook: { provider: gitlab-token }")),
              std::vector<std::string>{kGood});
}

TEST(Secrets, StandardNeedsASigningTokenAndSaysHowToMakeOne) {
    World world;
    const auto config = ", webhook: { provider: standard, secret_file: /t }";
    world.files["/t"] = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
    EXPECT_EQ(secrets_of(read("", config, world)), std::vector<std::string>{world.files["/t"]});
    for (const std::string& weak : {std::string(kGood), std::string("whsec_dGVzdHRlc3Q=")}) {
        world.files["/t"] = weak;
        EXPECT_TRUE(contains(only_fault(read("", config, world)),
                             "echo \"whsec_$(openssl rand -base64 32)\""))
            << weak;
    }
}

TEST(Secrets, ForgesThatSignByAPlainSecretTakeAny) {
    for (const std::string name : {"github", "gitea", "forgejo", "gogs", "bitbucket"}) {
        EXPECT_EQ(
            secrets_of(read(", secret_file: secret", ", webhook: { provider: " + name + " }")),
            std::vector<std::string>{kGood})
            << name;
    }
}

TEST(Secrets, AMisspeltProviderIsToldTheNearest) {
    EXPECT_TRUE(contains(fault_with("webhook: { provider: githb }"), "did you mean github?"));
    EXPECT_TRUE(contains(fault_with("webhook: { provider: forgjo }"), "did you mean forgejo?"));
}

}  // namespace
}  // namespace lastgood::config
