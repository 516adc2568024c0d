#include "config/fixture.h"

namespace lastgood::config {
namespace {

constexpr const char* kGood = "0123456789abcdef0123456789abcdef";

Loaded read(const std::string& admin, const World& world = {}) {
    return world.read("admin: { " + admin + " }\napps: { a: { repo: /a, run: a } }\n");
}

std::string only_fault(const Loaded& loaded) {
    EXPECT_EQ(loaded.faults.size(), 1U) << faults_of(loaded);
    return faults_of(loaded);
}

TEST(AdminSection, HasAnAddressAndTokens) {
    World world;
    world.files["/t"] = std::string(kGood) + "\nan older token, still good\n";
    world.variables["LOOK"] = "a token for looking alone";
    const auto loaded =
        read("listen: \"127.0.0.1:8788\", token_file: /t, read_token_env: LOOK", world);
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    const Admin& admin = loaded.config->admin;
    EXPECT_EQ(admin.listen->text(), "127.0.0.1:8788");
    EXPECT_EQ(admin.tokens, (std::vector<std::string>{kGood, "an older token, still good"}));
    EXPECT_EQ(admin.read_tokens, std::vector<std::string>{"a token for looking alone"});
    EXPECT_EQ(admin.place.name, "/t");
    EXPECT_EQ(admin.read_place.name, "LOOK");
}

TEST(AdminSection, IsNotThereByItself) {
    const auto loaded = World{}.read("apps: { a: { repo: /a, run: a } }\n");
    ASSERT_TRUE(loaded.config);
    EXPECT_FALSE(loaded.config->admin.listen);
}

TEST(AdminSection, NeedsATokenAndSaysHowToMakeOne) {
    const auto fault = only_fault(read("listen: \"127.0.0.1:8788\""));
    EXPECT_TRUE(contains(fault, "token_file")) << fault;
    EXPECT_TRUE(contains(fault, "openssl rand -hex 32")) << fault;
}

TEST(AdminSection, NeedsAnAddress) {
    EXPECT_TRUE(contains(only_fault(read("token_file: secret")), "127.0.0.1:8788"));
    EXPECT_TRUE(contains(only_fault(read("token_file: secret, listen: /run/x.sock")),
                         "can't be a unix socket"));
}

TEST(AdminSection, BelievesProxiesOfThisMachineUnlessOthersAreNamed) {
    const std::string rest = "listen: \"127.0.0.1:8788\", token_file: secret";
    EXPECT_EQ(read(rest).config->admin.trusted_proxies, loopback_networks());
    EXPECT_EQ(read(rest + ", trusted_proxies: 10.0.0.7").config->admin.trusted_proxies,
              std::vector<Network>{*Network::parse("10.0.0.7")});
    EXPECT_TRUE(read(rest + ", trusted_proxies: []").config->admin.trusted_proxies.empty());
    EXPECT_TRUE(contains(only_fault(read(rest + ", trusted_proxies: [proxy]")), "proxy"));
}

TEST(AdminSection, TakesNoWeakToken) {
    World world;
    world.files["/weak"] = "fifteen letters";
    EXPECT_TRUE(contains(only_fault(read("listen: \"127.0.0.1:8788\", token_file: /weak", world)),
                         "less than 16"));
    EXPECT_TRUE(contains(only_fault(read("listen: \"127.0.0.1:8788\", token_file: secret, "
                                         "read_token_file: /weak",
                                         world)),
                         "less than 16"));
}

TEST(AdminSection, HoldsATokenInlineOnlyInAFileOfItsOwnerAlone) {
    World world;
    const std::string inline_token = "listen: \"127.0.0.1:8788\", token: " + std::string(kGood);
    EXPECT_TRUE(contains(only_fault(read(inline_token, world)), "or use token_file"));
    world.file_is_private = true;
    EXPECT_TRUE(read(inline_token, world).config);
}

TEST(AdminSection, SharesNoPort) {
    World world;
    const auto loaded = world.read(
        "admin: { listen: \"127.0.0.1:3000\", token_file: secret }\n"
        "apps: { a: { repo: /a, run: a, listen: \"0.0.0.0:3000\", ready: { http: / } } }\n");
    EXPECT_TRUE(contains(only_fault(loaded), "is taken by admin.listen"));
}

}  // namespace
}  // namespace lastgood::config
