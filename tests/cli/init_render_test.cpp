// What `init` writes: every kind's config passes the parser, and the examples are what it writes.
//
// LASTGOOD_WRITE_EXAMPLES=1 writes config/examples/ anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/init/detect.h"
#include "cli/init/json.h"
#include "cli/init/render.h"
#include "lastgood/config/load.h"

namespace lastgood::cli::planning {
namespace {

namespace fs = std::filesystem;

const std::string kData = std::string(LASTGOOD_TEST_DATA) + "/init";
const std::string kExamples = std::string(LASTGOOD_TEST_DATA) + "/../../config/examples/";
constexpr std::array kKinds = {"node",  "python", "go",   "rust",    "ruby",  "php",
                               "cmake", "make",   "site", "compose", "script"};

Tree fixture(const std::string& kind) {
    const std::string folder = kData + "/" + kind;
    std::vector<git::CheckoutFile> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        const bool executable =
            (entry.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
        files.push_back({entry.path().lexically_relative(folder).string(), executable});
    }
    return read_tree(folder, files);
}

git::Checkout checkout_of(const std::string& origin) {
    git::Checkout checkout;
    checkout.top = "/home/ann/shop";
    checkout.branch = "main";
    checkout.origin = origin;
    return checkout;
}

Setting setting_of(const std::string& app) {
    return {app, "", "/etc/lastgood/secret", "/var/lib/lastgood", "/run/lastgood"};
}

config::Loaded read(const std::string& yaml) {
    config::Environment environment;
    environment.variable = [](const std::string&) { return std::nullopt; };
    environment.read_secret_file = [](const std::string&) -> Expected<std::string> {
        return std::string("whsec_bm90IGEgc2VjcmV0LCBqdXN0IGEgc3RhbmQtaW4gZm9yIG9uZSE=\n");
    };
    return config::parse("/etc/lastgood/lastgood.yaml", yaml, environment);
}

std::string faults_of(const config::Loaded& loaded) {
    std::string all;
    for (const auto& fault : loaded.faults) all += fault.text() + "\n";
    return all;
}

TEST(InitExamples, AreWhatInitWritesForASmallProjectOfTheirKind) {
    for (const std::string kind : kKinds) {
        const Source source = source_of(checkout_of("https://github.com/acme/" + kind + ".git"));
        const std::string yaml = render(detect(fixture(kind)), source, setting_of(kind)).yaml;
        const std::string path = kExamples + kind + ".yaml";
        if (std::getenv("LASTGOOD_WRITE_EXAMPLES") != nullptr) std::ofstream(path) << yaml;
        std::ostringstream published;
        published << std::ifstream(path).rdbuf();
        EXPECT_EQ(published.str(), yaml) << path << " is old: LASTGOOD_WRITE_EXAMPLES=1 writes it";
    }
}

TEST(InitExamples, AreOfTheirKindAndPassTheParser) {
    for (const std::string kind : kKinds) {
        const Plan plan = detect(fixture(kind));
        const std::string shown(to_string(plan.kind));
        EXPECT_EQ(static_cast<std::size_t>(plan.kind),
                  static_cast<std::size_t>(std::find(kKinds.begin(), kKinds.end(), kind) -
                                           kKinds.begin()))
            << kind << " is taken for " << shown;
        const Source source = source_of(checkout_of("git@github.com:acme/shop.git"));
        for (const std::string listen : {"", "127.0.0.1:4321"}) {
            Setting setting = setting_of("shop");
            setting.listen = listen;
            const auto loaded = read(render(plan, source, setting).yaml);
            ASSERT_TRUE(loaded.config) << kind << "\n" << faults_of(loaded);
            const config::App& app = loaded.config->apps.at(0);
            EXPECT_EQ(app.run.text, plan.run) << kind;
            EXPECT_EQ(app.build.size(), plan.build.size()) << kind;
            EXPECT_EQ(app.cache.size(), plan.cache.size()) << kind;
        }
    }
}

TEST(InitRender, PassesTheParserWhateverThePlanHolds) {
    Plan plan;
    plan.run = "echo \"${HOME}\" 'a: b' # {x}, [y] \\ \t & *z";
    plan.build = {"true", "- x", "a: b", "[ -d x ] || y", "it's", "${A:-b}"};
    plan.cache = {{"a b", "c: d"}, {"[x]", "y"}};
    plan.env = {{"A", "yes"}, {"B", ""}, {"C", "${D}"}};
    plan.before_switch = {"it's", "a\nb"};
    plan.note("run", "words\nmore words");
    git::Checkout checkout = checkout_of("/srv/git/my repo's [old].git");
    checkout.root = "back end";
    checkout.branch = "yes";
    for (const Socket socket : {Socket::own, Socket::preload, Socket::passed}) {
        for (const int port : {0, 3000}) {
            plan.socket = socket;
            plan.port = port;
            const auto rendered = render(plan, source_of(checkout), setting_of("on"));
            const auto loaded = read(rendered.yaml);
            ASSERT_TRUE(loaded.config) << faults_of(loaded) << rendered.yaml;
            const config::App& app = loaded.config->apps.at(0);
            EXPECT_EQ(app.run.text, plan.run);
            ASSERT_EQ(app.build.size(), plan.build.size());
            for (std::size_t i = 0; i < plan.build.size(); ++i) {
                EXPECT_EQ(app.build[i].text, plan.build[i]);
            }
            EXPECT_EQ(app.repo, "/srv/git/my repo's [old].git");
        }
    }
}

TEST(InitRender, AsksForTheAddressThatAForgeSendsTo) {
    Plan plan;
    plan.run = "./x";
    const auto asks = [&](const std::string& origin) {
        const Rendered rendered = render(plan, source_of(checkout_of(origin)), setting_of("a"));
        EXPECT_TRUE(read(rendered.yaml).config) << faults_of(read(rendered.yaml));
        return std::any_of(rendered.look_at.begin(), rendered.look_at.end(),
                           [](const Note& note) { return note.key == "webhook.public_url"; });
    };
    EXPECT_TRUE(asks("https://github.com/acme/shop.git"));
    EXPECT_FALSE(asks("/srv/git/shop.git"));
}

TEST(InitRender, KeepsAProgramOnLoopbackWhereItsFilesHaveIt) {
    Plan plan;
    plan.run = "exec node server.js";
    plan.socket = Socket::preload;
    plan.port = 3100;
    const Source source = source_of(checkout_of("https://github.com/acme/shop.git"));
    const auto listens_on = [&](const std::string& loopback, const std::string& address) {
        plan.loopback = loopback;
        const Rendered rendered = render(plan, source, setting_of("shop"));
        EXPECT_TRUE(read(rendered.yaml).config) << faults_of(read(rendered.yaml));
        return rendered.yaml.find("    listen: " + address + " ") != std::string::npos;
    };
    EXPECT_TRUE(listens_on("", "0.0.0.0:3100"));
    EXPECT_TRUE(listens_on("127.0.0.1", "127.0.0.1:3100"));
    EXPECT_TRUE(listens_on("::1", "'[::1]:3100'"));
}

TEST(InitSource, LeavesCredentialsOut) {
    const auto cleaned = [](const std::string& address) { return without_credentials(address); };
    EXPECT_EQ(cleaned("https://ann:token@github.com/a/b.git"), "https://github.com/a/b.git");
    EXPECT_EQ(cleaned("https://token@github.com/a/b.git"), "https://github.com/a/b.git");
    EXPECT_EQ(cleaned("https://a:p@ss@example.org/a/b"), "https://example.org/a/b");
    EXPECT_EQ(cleaned("ssh://git:pw@example.org:22/a/b"), "ssh://git@example.org:22/a/b");
    EXPECT_EQ(cleaned("git@example.org:a/b.git"), "git@example.org:a/b.git");
    EXPECT_EQ(cleaned("https://example.org/a/b@c"), "https://example.org/a/b@c");
    EXPECT_TRUE(source_of(checkout_of("https://x@github.com/a/b")).had_credentials);
}

TEST(InitSource, KnowsTheForgeByItsHost) {
    const auto provider = [](const std::string& origin) {
        const Source source = source_of(checkout_of(origin));
        return (source.provider_known ? "" : "?") + std::string(core::to_string(source.provider));
    };
    EXPECT_EQ(provider("git@github.com:a/b.git"), "github");
    EXPECT_EQ(provider("https://gitlab.acme.org/a/b.git"), "gitlab");
    EXPECT_EQ(provider("https://codeberg.org/a/b"), "forgejo");
    EXPECT_EQ(provider("ssh://git@gitea.acme.org:2222/a/b"), "gitea");
    EXPECT_EQ(provider("git@bitbucket.org:a/b.git"), "bitbucket");
    EXPECT_EQ(provider("https://git.acme.org/github/b.git"), "?standard");
    EXPECT_EQ(provider("/srv/git/b.git"), "standard");
    EXPECT_EQ(provider(""), "standard");
}

TEST(InitSource, NamesTheAppAfterTheRepositoryOrItsFolder) {
    const auto name = [](const std::string& origin, const std::string& root = ".") {
        git::Checkout checkout = checkout_of(origin);
        checkout.root = root;
        return app_name_of(source_of(checkout));
    };
    EXPECT_EQ(name("https://github.com/acme/My_Shop.git"), "my_shop");
    EXPECT_EQ(name("git@example.org:shop.example.org"), "shop-example-org");
    EXPECT_EQ(name("../up/that one/"), "that-one");
    EXPECT_EQ(name(""), "shop");
    EXPECT_EQ(name("https://github.com/acme/mono.git", "apps/backend"), "backend");
    EXPECT_EQ(name("https://github.com/acme/--.git"), "app");
    EXPECT_EQ(name("https://github.com/acme/" + std::string(99, 'x')), std::string(63, 'x'));
}

TEST(InitSource, OfAFolderInTheRepositoryFollowsItsPathsOnly) {
    git::Checkout checkout = checkout_of("https://github.com/acme/mono.git");
    checkout.root = "backend";
    Plan plan;
    plan.run = "./x";
    const auto loaded = read(render(plan, source_of(checkout), setting_of("a")).yaml);
    ASSERT_TRUE(loaded.config) << faults_of(loaded);
    EXPECT_EQ(loaded.config->apps.at(0).root, "backend");
    EXPECT_EQ(loaded.config->apps.at(0).paths.at(0), "backend/**");
}

TEST(InitJson, IsJsonWhateverTheNamesAre) {
    InitDone done{.config = "\xff",
                  .secret = "s",
                  .app = "a",
                  .kind = "k",
                  .found = "\xfe",
                  .before = {},
                  .look_at = {{"run", "\xc3"}}};
    EXPECT_TRUE(nlohmann::json::accept(init_json(done)));
}

}  // namespace
}  // namespace lastgood::cli::planning
