// The client against one real etcd.
#include "lastgood/fleet/etcd_client.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <atomic>

#include "fleet/etcd_server.h"
#include "fleet/slow_way.h"

namespace lastgood::fleet::test {
namespace {

TEST(EtcdClient, WritesAndReadsAnyBytes) {
    SKIP_WITHOUT_ETCD();
    const Cluster cluster;
    const auto etcd = cluster.ready_client();
    const std::string key = std::string("a\0\xff/", 4) + "\n";
    const std::string value = std::string("\0\x01\xfe", 3) + "\"ü";
    const Revision at = put(*etcd, key, value);
    const auto answer = done(etcd->range({.key = key}));
    ASSERT_EQ(answer.kvs.size(), 1U);
    EXPECT_EQ(answer.kvs[0], (KeyValue{key, value, at, at, 1, 0}));
    EXPECT_EQ(answer.revision, at);
    EXPECT_EQ(done(etcd->range({.key = "nothing"})).kvs.size(), 0U);
}

TEST(EtcdClient, ReadsALongRangePageByPageAtOneRevision) {
    SKIP_WITHOUT_ETCD();
    const Cluster cluster;
    const auto etcd = cluster.ready_client();
    constexpr int kCount = 1234;
    for (int i = 0; i < kCount;) {
        TxnAsk ask;
        for (; ask.then.size() < limits::kEtcdTxnOpsMax && i < kCount; ++i) {
            ask.then.emplace_back(Put{"p/" + std::to_string(10'000 + i), std::to_string(i), 0});
        }
        EXPECT_TRUE(done(etcd->txn(ask)).succeeded);
    }
    put(*etcd, "p0", "after the prefix");
    const auto whole = done(range_whole(*etcd, {.key = "p/", .end = prefix_end("p/")}));
    ASSERT_EQ(whole.kvs.size(), static_cast<std::size_t>(kCount));
    EXPECT_EQ(whole.count, kCount);
    EXPECT_NE(whole.cluster, 0U);
    EXPECT_EQ(whole.cluster, done(etcd->range({.key = "p/"})).cluster);
    for (int i = 0; i < kCount; ++i) {
        EXPECT_EQ(whole.kvs[static_cast<std::size_t>(i)].value, std::to_string(i));
    }
}

TEST(EtcdClient, ComparesBeforeItWrites) {
    SKIP_WITHOUT_ETCD();
    const Cluster cluster;
    const auto etcd = cluster.ready_client();
    using What = Compare::What;
    using Is = Compare::Is;
    const Revision at = put(*etcd, "k", "v");
    const auto holds = [&etcd](Compare compare) {
        return done(etcd->txn({{std::move(compare)}, {}, {}})).succeeded;
    };
    EXPECT_TRUE(holds({"k", What::created, Is::equal, at, {}}));
    EXPECT_FALSE(holds({"k", What::created, Is::equal, at + 1, {}}));
    EXPECT_TRUE(holds({"none", What::created, Is::equal, 0, {}}));
    EXPECT_TRUE(holds({"k", What::modified, Is::greater, at - 1, {}}));
    EXPECT_FALSE(holds({"k", What::modified, Is::less, at, {}}));
    EXPECT_TRUE(holds({"k", What::version, Is::not_equal, 2, {}}));
    EXPECT_TRUE(holds({"k", What::value, Is::equal, 0, "v"}));
    EXPECT_FALSE(holds({"k", What::value, Is::equal, 0, "w"}));
    EXPECT_TRUE(holds({"k", What::lease, Is::equal, 0, {}}));

    const auto other = done(etcd->txn({{{"k", What::value, Is::equal, 0, "w"}},
                                       {Put{"k", "wrong", 0}},
                                       {RangeAsk{.key = "k"}, Delete{"k", {}}}}));
    EXPECT_FALSE(other.succeeded);
    ASSERT_EQ(other.ranges.size(), 1U);
    EXPECT_EQ(other.ranges[0].kvs.at(0).value, "v");
    EXPECT_EQ(value_of(*etcd, "k"), "");
}

TEST(EtcdClient, ALeaseTakesItsKeysWithIt) {
    SKIP_WITHOUT_ETCD();
    const Cluster cluster;
    const auto etcd = cluster.ready_client();
    EXPECT_EQ(done(etcd->grant(77, 60s)).lease, 77);
    // Asked again, as after an answer that was lost.
    EXPECT_EQ(done(etcd->grant(77, 60s)).lease, 77);
    put(*etcd, "h", "there", 77);
    EXPECT_GT(done(etcd->keep_alive(77)).ttl, 50s);
    done(etcd->revoke(77));
    EXPECT_EQ(value_of(*etcd, "h"), "");
    EXPECT_EQ(done(etcd->keep_alive(77)).ttl, 0s);
    done(etcd->revoke(77));  // once more is no failure
    EXPECT_EQ(failed(etcd->txn({{}, {Put{"h", "x", 77}}, {}})), Failure::Kind::no_lease);
}

TEST(EtcdClient, ALeaseThatNobodyKeepsRunsOut) {
    SKIP_WITHOUT_ETCD();
    const Cluster cluster;
    const auto etcd = cluster.ready_client();
    done(etcd->grant(5, 2s));
    put(*etcd, "h", "there", 5);
    EXPECT_TRUE(becomes([&etcd] { return value_of(*etcd, "h").empty(); }));
    EXPECT_EQ(done(etcd->keep_alive(5)).ttl, 0s);
}

TEST(EtcdClient, AWatchTellsOfSeveralRangesFromARevisionOn) {
    SKIP_WITHOUT_ETCD();
    const Cluster cluster;
    const auto etcd = cluster.ready_client();
    put(*etcd, "a/1", "too old");
    const Revision from = put(*etcd, "a/1", "old");
    put(*etcd, "b", "not asked for");
    std::vector<Event> seen;
    std::thread later([&cluster] {
        const auto other = cluster.client();
        put(*other, "c", "new");
        done(other->txn({{}, {Delete{"a/1", {}}}, {}}));
    });
    const auto end =
        etcd->watch({{"a/", prefix_end("a/"), from}, {"c", {}, from}}, [&](WatchNews news) {
            seen.insert(seen.end(), news.events.begin(), news.events.end());
            return seen.size() < 3;
        });
    later.join();
    EXPECT_EQ(end.kind, WatchEnd::Kind::given_up);
    ASSERT_EQ(seen.size(), 3U);
    // The order holds within a range.
    std::stable_sort(seen.begin(), seen.end(),
                     [](const Event& a, const Event& b) { return a.kv.key < b.kv.key; });
    EXPECT_EQ(seen[0].kv.value, "old");
    EXPECT_EQ(seen[0].kv.mod_revision, from);
    EXPECT_TRUE(seen[1].deleted);
    EXPECT_EQ(seen[1].kv.key, "a/1");
    EXPECT_EQ(seen[2].kv.key, "c");
    EXPECT_EQ(seen[2].kv.value, "new");
}

TEST(EtcdClient, AWatchFromWhatIsCompactedSaysSo) {
    SKIP_WITHOUT_ETCD();
    const Cluster cluster;
    const auto etcd = cluster.ready_client();
    const Revision first = put(*etcd, "k", "1");
    const Revision last = put(*etcd, "k", "2");
    const Running compaction(
        {"etcdctl", "--endpoints", cluster.client_url(), "compaction", std::to_string(last)});
    const RangeAsk old{.key = "k", .revision = first};
    EXPECT_TRUE(becomes([&] { return std::holds_alternative<Failure>(etcd->range(old)); }));
    EXPECT_EQ(failed(etcd->range(old)), Failure::Kind::compacted);
    const auto end = etcd->watch({{"k", {}, first}}, [](const WatchNews&) { return true; });
    EXPECT_EQ(end.kind, WatchEnd::Kind::compacted);
    EXPECT_EQ(end.compacted, last);
    // From where it goes on there is no gap.
    bool seen = false;
    const auto again = etcd->watch({{"k", {}, last}}, [&seen](const WatchNews& news) {
        seen = seen || !news.events.empty();
        return !seen;
    });
    EXPECT_EQ(again.kind, WatchEnd::Kind::given_up);
}

TEST(EtcdClient, AWatchEndsWhenAnotherThreadSaysSo) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster;
    const sys::Fd wake(eventfd(0, EFD_CLOEXEC));
    (void)cluster.ready_client();
    cluster.settings().cancel_fd = wake.get();
    const auto etcd = cluster.client();
    std::atomic<bool> begun = false;
    WatchEnd end;
    std::thread watching([&] {
        end = etcd->watch({{"k", {}, 1}}, [&begun](const WatchNews&) {
            begun = true;
            return true;
        });
    });
    const auto other = Cluster::client_of(cluster.settings().endpoints);
    EXPECT_TRUE(becomes([&] {
        put(*other, "k", "v");
        return begun.load();
    }));
    const std::uint64_t one = 1;
    EXPECT_EQ(write(wake.get(), &one, sizeof one), 8);
    watching.join();
    EXPECT_EQ(end.kind, WatchEnd::Kind::broken);
}

TEST(EtcdClient, TellsWhatWasNeverAskedFromWhatMayHaveBeenDone) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster;
    cluster.settings().time_max = 500ms;
    const auto etcd = cluster.ready_client();
    cluster.member(0).stop();
    const TxnAsk ask{{}, {Put{"k", "perhaps", 0}}, {}};
    EXPECT_EQ(failed(etcd->txn(ask)), Failure::Kind::unknown);
    cluster.member(0).go_on();
    // Only etcd knows which it was, and says so when it is asked again.
    EXPECT_TRUE(
        becomes([&] { return std::holds_alternative<RangeAnswer>(etcd->range({.key = "k"})); }));
    cluster.member(0).kill();
    EXPECT_TRUE(becomes([&] { return failed(etcd->txn(ask)) == Failure::Kind::unreachable; }));
    cluster.member(0).start();
    EXPECT_TRUE(becomes([&] { return std::holds_alternative<TxnAnswer>(etcd->txn(ask)); }));
}

TEST(EtcdClient, GivesAHastyQuestionLessTimeOnTheSameConnection) {
    SKIP_WITHOUT_ETCD();
    Cluster cluster;
    ASSERT_TRUE(cluster.ready_client());
    const SlowWay slow(cluster.client_url(), limits::kEtcdHastyTimeMax * 3 / 2);
    EtcdSettings settings = cluster.settings();
    settings.endpoints = {slow.url()};
    settings.time_max = 60s;
    const auto etcd = Cluster::client_of(settings);
    TxnAsk ask{{}, {Put{"k", "v", 0}}, {}};
    RangeAsk range{.key = "k"};
    for (int i = 0; i < 2; ++i) {
        ask.hasty = range.hasty = false;
        EXPECT_TRUE(std::holds_alternative<TxnAnswer>(etcd->txn(ask)));
        ask.hasty = range.hasty = true;
        EXPECT_EQ(failed(etcd->txn(ask)), Failure::Kind::unknown);
        EXPECT_EQ(failed(etcd->range(range)), Failure::Kind::unknown);
    }
}

TEST(EtcdClient, SaysWhatIsNoEtcd) {
    auto listening = http::listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(listening.ok());
    EtcdSettings settings;
    settings.endpoints = {"http://127.0.0.1:" + std::to_string(http::local_port(listening->get()))};
    settings.time_max = 200ms;
    const auto silent = make_etcd(settings);
    ASSERT_TRUE(silent.ok());
    EXPECT_EQ(failed((*silent)->txn({{}, {Put{"k", "v", 0}}, {}})), Failure::Kind::unknown);
    EXPECT_FALSE(make_etcd({.endpoints = {"ftp://x"}}).ok());
    EXPECT_FALSE(make_etcd({.endpoints = {}}).ok());
}

}  // namespace
}  // namespace lastgood::fleet::test
