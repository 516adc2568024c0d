// The client against three members, of which one dies or hangs, and against one that asks who we
// are.
#include <fstream>

#include "fleet/caller.h"
#include "fleet/etcd_server.h"
#include "fleet/keeper.h"
#include "lastgood/base/strings.h"

namespace lastgood::fleet::test {
namespace {

TEST(EtcdCluster, GoesOnWhenTheLeaderIsKilled) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster(3);
    const auto etcd = cluster.ready_client();
    int leader = -1;
    ASSERT_TRUE(becomes([&] { return (leader = cluster.leader()) >= 0; }));
    put(*etcd, "k", "before");
    cluster.member(static_cast<std::size_t>(leader)).kill();
    const Instant killed = BootClock::now();
    // An id of its own tells whether a write of which nobody knows was done.
    int unknown = 0;
    EXPECT_TRUE(becomes([&] {
        const auto result = etcd->txn({{{"k2", Compare::What::created, Compare::Is::equal, 0, {}}},
                                       {Put{"k2", "mine", 0}},
                                       {RangeAsk{.key = "k2"}}});
        const auto* answer = std::get_if<TxnAnswer>(&result);
        if (answer == nullptr) {
            EXPECT_TRUE(std::get<Failure>(result).passes()) << std::get<Failure>(result).error.what;
            ++unknown;
            return false;
        }
        return answer->succeeded || answer->ranges.at(0).kvs.at(0).value == "mine";
    }));
    std::printf("written again after %lld ms, %d tries\n",
                static_cast<long long>((BootClock::now() - killed).count()), unknown + 1);
    EXPECT_EQ(value_of(*etcd, "k"), "before");
    EXPECT_EQ(value_of(*etcd, "k2"), "mine");
}

TEST(EtcdCluster, TakesNoAnswerOfALeaderThatHangsForOne) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster(3);
    const auto etcd = cluster.ready_client();
    int leader = -1;
    ASSERT_TRUE(becomes([&] { return (leader = cluster.leader()) >= 0; }));
    cluster.member(static_cast<std::size_t>(leader)).stop();
    const Instant stopped = BootClock::now();
    EXPECT_TRUE(becomes([&] {
        return std::holds_alternative<TxnAnswer>(etcd->txn({{}, {Put{"k", "v", 0}}}));
    }));
    const Millis gap = BootClock::now() - stopped;
    std::printf("written again after %lld ms\n", static_cast<long long>(gap.count()));
    EXPECT_LT(gap, 15s);
    cluster.member(static_cast<std::size_t>(leader)).go_on();
}

// A view of the whole, in a loop of its own.
class Viewer {
  public:
    explicit Viewer(EtcdSettings settings)
        : settings_(std::move(settings)),
          caller_(loop_, with_place(), "test-calls"),
          keeper_(loop_, caller_, settings_, "/lastgood/g/", {KeyRange::below("")},
                  Keeper::Kind::alone,
                  {[this] { ++changes; }, [this](const Error& why) { trouble = why.text(); },
                   [this] { ++lists; }}) {}

    // Until then, probing as a keep-alive does.
    template <typename Look>
    bool until(const Look& look, Millis at_most = 30s) {
        const Instant end = BootClock::now() + at_most;
        Instant probed{};
        while (BootClock::now() < end) {
            if (look()) return true;
            if (BootClock::now() - probed > 500ms) {
                keeper_.probe();
                probed = BootClock::now();
            }
            loop_.run_once(50ms);
        }
        return false;
    }
    [[nodiscard]] std::string controller() const {
        const auto& found = keeper_.group().controller();
        return found ? found->value : "";
    }
    [[nodiscard]] const Keeper& keeper() const { return keeper_; }
    [[nodiscard]] std::uint64_t place() const { return settings_.place->at(); }
    int changes = 0;
    int lists = 0;
    std::string trouble;

  private:
    const EtcdSettings& with_place() {
        settings_.place = std::make_shared<EtcdPlace>(settings_.salt);
        return settings_;
    }

    sys::EventLoop loop_;
    EtcdSettings settings_;
    Caller caller_;
    Keeper keeper_;
};

constexpr const char* kKey = "/lastgood/g/election/controller";

TEST(Keeper, SeesEachChangeAndKnowsHowOldItsViewIs) {
    SKIP_WITHOUT_ETCD();
    const Cluster cluster;
    const auto etcd = cluster.ready_client();
    put(*etcd, kKey, "a");
    Viewer viewer({.endpoints = {cluster.client_url()}});
    EXPECT_TRUE(viewer.until([&] { return viewer.controller() == "a"; }));
    put(*etcd, kKey, "b");
    EXPECT_TRUE(viewer.until([&] { return viewer.controller() == "b"; }));
    done(etcd->txn({{}, {Delete{kKey, {}}}}));
    EXPECT_TRUE(viewer.until([&] { return viewer.controller().empty(); }));
    // Keys of others move the revision, and no watch of ours tells of it.
    const Revision revision = put(*etcd, "elsewhere", "x");
    const Instant then = BootClock::now();
    EXPECT_TRUE(viewer.until([&] {
        return viewer.keeper().group().view().revision >= revision &&
               viewer.keeper().current_at() > then;
    }));
    EXPECT_EQ(viewer.lists, 1) << viewer.trouble;
}

TEST(Keeper, ListsAnewWhenWhatItShouldGoOnFromIsCompacted) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster;
    const auto etcd = cluster.ready_client();
    put(*etcd, kKey, "a");
    Viewer viewer({.endpoints = {cluster.client_url()}, .time_max = 500ms});
    ASSERT_TRUE(viewer.until([&] { return viewer.controller() == "a"; }));
    cluster.member(0).kill();
    cluster.member(0).start();
    (void)cluster.ready_client();
    // Before its watch is back: it goes on from what is no more.
    Revision last = 0;
    for (int i = 0; i < 5; ++i) last = put(*etcd, kKey, "b" + std::to_string(i));
    const Running compaction(
        {"etcdctl", "--endpoints", cluster.client_url(), "compaction", std::to_string(last)});
    EXPECT_TRUE(becomes([&] {
        return std::holds_alternative<Failure>(etcd->range({.key = kKey, .revision = last - 1}));
    }));
    EXPECT_TRUE(viewer.until([&] { return viewer.controller() == "b4"; }));
    EXPECT_EQ(viewer.lists, 2) << viewer.trouble;
}

// Of all members but the first.
auto client_of_others(Cluster& cluster) {
    EtcdSettings others = cluster.settings();
    others.endpoints.erase(others.endpoints.begin());
    return Cluster::client_of(others);
}

TEST(Keeper, FindsOutThatAWatchIsSilent) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster(3);
    const auto etcd = cluster.ready_client();
    put(*etcd, kKey, "a");
    // By its first endpoint it watches the member that will hang.
    Viewer viewer({.endpoints = cluster.settings().endpoints});
    ASSERT_TRUE(viewer.until([&] { return viewer.controller() == "a"; }));
    cluster.member(0).stop();
    const auto other = client_of_others(cluster);
    EXPECT_TRUE(becomes([&] {
        return std::holds_alternative<TxnAnswer>(other->txn({{}, {Put{kKey, "b", 0}}}));
    }));
    const Instant written = BootClock::now();
    EXPECT_TRUE(viewer.until([&] { return viewer.controller() == "b"; }));
    const Millis gap = BootClock::now() - written;
    std::printf("seen after %lld ms: %s\n", static_cast<long long>(gap.count()),
                viewer.trouble.c_str());
    EXPECT_LT(gap, 15s);
    cluster.member(0).go_on();
}

TEST(Keeper, LeavesAMemberThatHangsBeforeItMissesSomething) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster(3);
    const auto etcd = cluster.ready_client();
    put(*etcd, kKey, "a");
    Viewer viewer({.endpoints = cluster.settings().endpoints});
    ASSERT_TRUE(viewer.until([&] { return viewer.controller() == "a"; }));
    cluster.member(0).stop();
    ASSERT_TRUE(viewer.until([&] { return viewer.place() != 0; }));
    const Instant left = BootClock::now();
    ASSERT_TRUE(viewer.until([&] { return viewer.keeper().current_at() > left; }));
    put(*client_of_others(cluster), kKey, "b");
    const int before = viewer.lists;
    // No probe finds out what it has missed: it missed nothing.
    EXPECT_TRUE(viewer.until([&] { return viewer.controller() == "b"; }));
    EXPECT_EQ(viewer.trouble.find("silent"), std::string::npos) << viewer.trouble;
    EXPECT_EQ(viewer.lists, before);
    cluster.member(0).go_on();
}

// ---- who we are
int etcdctl(const Cluster& cluster, const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {"etcdctl", "--endpoints", cluster.client_url()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    sys::SpawnSpec spec;
    spec.argv = argv;
    spec.env = {"PATH=/usr/bin:/bin", "HOME=/tmp"};
    auto child = sys::spawn(spec);
    if (!child) throw std::runtime_error(child.error().text());
    int status = -1;
    waitpid(child->pid, &status, 0);
    return status;
}

TEST(EtcdUser, MayDoWhatItsRoleSaysAndNothingElse) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster;
    (void)cluster.ready_client();
    for (const std::vector<std::string>& step : std::vector<std::vector<std::string>>{
             {"user", "add", "root:rootpassword"},
             {"user", "grant-role", "root", "root"},
             {"role", "add", "host-a"},
             {"role", "grant-permission", "host-a", "--prefix=true", "read", "/lastgood/g/"},
             {"role", "grant-permission", "host-a", "--prefix=true", "readwrite",
              "/lastgood/g/hosts/a/"},
             {"user", "add", "a:password of a"},
             {"user", "grant-role", "a", "host-a"},
             {"auth", "enable"}}) {
        ASSERT_EQ(etcdctl(cluster, step), 0) << step[0] << " " << step[1];
    }
    const auto nobody = cluster.client();
    EXPECT_EQ(failed(nobody->range({.key = "/lastgood/g/x"})), Failure::Kind::denied);
    EtcdSettings wrong = cluster.settings();
    wrong.user = "a";
    wrong.password = "another";
    EXPECT_EQ(failed(Cluster::client_of(wrong)->range({.key = "/lastgood/g/x"})),
              Failure::Kind::denied);

    EtcdSettings right = cluster.settings();
    right.user = "a";
    right.password = "password of a";
    const auto etcd = Cluster::client_of(right);
    EXPECT_TRUE(done(etcd->range({.key = "/lastgood/g/x"})).kvs.empty());
    done(etcd->grant(5, 60s));
    const Revision at = put(*etcd, "/lastgood/g/hosts/a/apps/web", "v", 5);
    EXPECT_EQ(failed(etcd->txn({{}, {Put{"/lastgood/g/hosts/b/apps/web", "v", 0}}})),
              Failure::Kind::denied);
    EXPECT_EQ(failed(etcd->txn({{}, {Put{"/lastgood/g/apps/web/wish", "v", 0}}})),
              Failure::Kind::denied);
    EXPECT_EQ(failed(etcd->range({.key = "/other"})), Failure::Kind::denied);
    bool seen = false;
    const auto end = etcd->watch({{"/lastgood/g/", prefix_end("/lastgood/g/"), at}},
                                 [&seen](const WatchNews& news) {
                                     seen = seen || !news.events.empty();
                                     return !seen;
                                 });
    EXPECT_TRUE(seen) << end.error.what;
    const auto denied = etcd->watch({{"/other", {}, 1}}, [](const WatchNews&) { return true; });
    EXPECT_EQ(denied.kind, WatchEnd::Kind::denied);

    // The token is forgotten with the member: the client gets another by itself.
    cluster.member(0).kill();
    cluster.member(0).start();
    EXPECT_TRUE(becomes([&] {
        return std::holds_alternative<RangeAnswer>(etcd->range({.key = "/lastgood/g/x"}));
    }));
}

class Authority {
  public:
    explicit Authority(std::string folder) : folder_(std::move(folder)) {
        run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca "
            "-keyout ca.key -out ca.crt");
    }
    void sign(const std::string& name) {
        run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name +
            " -keyout " + name + ".key -out " + name + ".csr");
        std::ofstream(folder_ + "/ext") << "subjectAltName=IP:127.0.0.1\n";
        run("x509 -req -in " + name +
            ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 "
            "-extfile ext -out " +
            name + ".crt");
    }
    [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }

  private:
    void run(const std::string& arguments) {
        sys::SpawnSpec spec;
        spec.argv = {"openssl"};
        for (const auto& word : split(arguments, ' ')) spec.argv.push_back(word);
        spec.env = {"PATH=/usr/bin:/bin", "HOME=/tmp"};
        spec.workdir = folder_;
        auto child = sys::spawn(spec);
        if (!child) throw std::runtime_error(child.error().text());
        int status = -1;
        waitpid(child->pid, &status, 0);
        if (status != 0) throw std::runtime_error("openssl " + arguments);
    }
    std::string folder_;
};

TEST(EtcdTls, ShowsItsCertificateAndChecksTheOtherSides) {
    SKIP_WITHOUT_ETCD();
    const Folder folder;
    Authority authority(folder.path());
    authority.sign("server");
    authority.sign("client");
    Cluster cluster(
        1,
        {"--cert-file", authority.file("server.crt"), "--key-file", authority.file("server.key"),
         "--client-cert-auth", "--trusted-ca-file", authority.file("ca.crt")},
        "https");
    cluster.settings().ca_file = authority.file("ca.crt");
    EtcdSettings without = cluster.settings();
    cluster.settings().cert_file = authority.file("client.crt");
    cluster.settings().key_file = authority.file("client.key");
    const auto etcd = cluster.ready_client();
    put(*etcd, "k", "v");
    EXPECT_EQ(value_of(*etcd, "k"), "v");
    bool seen = false;
    (void)etcd->watch({{"k", {}, 1}}, [&seen](const WatchNews& news) {
        seen = seen || !news.events.empty();
        return !seen;
    });
    EXPECT_TRUE(seen);

    const auto nobody = Cluster::client_of(without);
    EXPECT_TRUE(std::holds_alternative<Failure>(nobody->range({.key = "k"})));
    EtcdSettings strange = cluster.settings();
    strange.ca_file.clear();
    const auto untrusted = Cluster::client_of(strange)->range({.key = "k"});
    EXPECT_EQ(failed(untrusted), Failure::Kind::unreachable);
    EXPECT_NE(std::get<Failure>(untrusted).error.what.find("not trusted"), std::string::npos);
    EtcdSettings keyless = cluster.settings();
    keyless.key_file = "/nowhere";
    EXPECT_NE(std::get<Failure>(Cluster::client_of(keyless)->range({.key = "k"}))
                  .error.what.find("/nowhere"),
              std::string::npos);
}

}  // namespace
}  // namespace lastgood::fleet::test
