// What the gateway says, word for word as etcd 3.4 said it, and what it must never be believed.
#include "fleet/etcd_json.h"

#include <gtest/gtest.h>

#include "fleet/watch_feed.h"
#include "lastgood/base/limits.h"

namespace lastgood::fleet::test {
namespace {

TEST(EtcdJson, AsksAsTheGatewayWantsIt) {
    EXPECT_EQ(range_json({.key = "a/", .end = "a0", .limit = 500, .keys_only = true}),
              R"({"key":"YS8=","keys_only":true,"limit":"500","range_end":"YTA="})");
    EXPECT_EQ(txn_json({{{"a", Compare::What::created, Compare::Is::equal, 7, {}}},
                        {Put{"a", "v", 5}, Delete{"b", {}}},
                        {RangeAsk{.key = "a"}}}),
              R"({"compare":[{"create_revision":"7","key":"YQ==","result":"EQUAL",)"
              R"("target":"CREATE"}],"failure":[{"request_range":{"key":"YQ=="}}],)"
              R"("success":[{"request_put":{"key":"YQ==","lease":"5","value":"dg=="}},)"
              R"({"request_delete_range":{"key":"Yg=="}}]})");
    EXPECT_EQ(grant_json(5, Millis(1500)), R"({"ID":"5","TTL":"2"})");
    EXPECT_EQ(watch_json({{"a", {}, 9}}),
              R"({"create_request":{"fragment":true,"key":"YQ==","progress_notify":true,)"
              R"("start_revision":"9","watch_id":"1"}})");
}

TEST(EtcdJson, ReadsNumbersThatAreTextsAndWhatIsLeftOut) {
    const auto range = read_range(
        R"({"header":{"cluster_id":"14841639068965178418","revision":"9007199254740993"},)"
        R"("kvs":[{"key":"YQ==","create_revision":"2","mod_revision":"3","version":"1",)"
        R"("lease":"7587848390000000000"}],"count":"1","more":true})");
    ASSERT_TRUE(range.ok());
    EXPECT_EQ(range->revision, 9007199254740993);  // more than a double holds
    EXPECT_EQ(range->cluster, 14841639068965178418U);
    EXPECT_EQ(range->kvs.at(0), (KeyValue{"a", "", 2, 3, 1, 7587848390000000000}));
    EXPECT_TRUE(range->more);
    const auto empty = read_range(R"({"header":{"revision":"4"}})");
    ASSERT_TRUE(empty.ok());
    EXPECT_EQ(empty->count, 0);
    const auto lease = read_keep_alive(R"({"result":{"header":{"revision":"3"},"ID":"78"}})");
    ASSERT_TRUE(lease.ok());
    EXPECT_EQ(lease->ttl, Millis(0));
}

TEST(EtcdJson, TakesNothingThatIsNoAnswer) {
    for (const char* text :
         {"", "null", "[]", "3", "{", R"({"kvs":{}})", R"({"kvs":[3]})", R"({"kvs":[{"key":3}]})",
          R"({"kvs":[{"key":"*"}]})", R"({"count":"x"})", R"({"count":"9223372036854775808"})",
          R"({"header":3})", R"({"more":"yes"})", "\xff\xfe"}) {
        EXPECT_FALSE(read_range(text).ok()) << text;
    }
    EXPECT_FALSE(read_keep_alive(R"({"error":{"message":"x"}})").ok());
    EXPECT_FALSE(read_login(R"({"token":"a b"})").ok());
    EXPECT_FALSE(read_login(R"({"token":"a\r\nX: y"})").ok());
    EXPECT_FALSE(read_login("{}").ok());
}

TEST(EtcdJson, FindsAnErrorInEitherForm) {
    const auto text = read_error(
        R"({"error":"etcdserver: user name is empty","message":"etcdserver: x","code":3})");
    ASSERT_TRUE(text);
    EXPECT_EQ(text->code, 3);
    EXPECT_EQ(text->message, "etcdserver: user name is empty");
    const auto object = read_error(
        R"({"error":{"grpc_code":14,"http_code":503,"message":"no leader","http_status":"x"}})");
    ASSERT_TRUE(object);
    EXPECT_EQ(object->code, 14);
    const auto bare = read_error(R"({"code":9,"message":"etcdserver: lease already exists"})");
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->code, 9);
    EXPECT_EQ(bare->message, "etcdserver: lease already exists");
    EXPECT_FALSE(read_error("{}"));
    EXPECT_FALSE(read_error(R"({"code":9})"));
    EXPECT_FALSE(read_error("no"));
    EXPECT_EQ(read_error(R"({"error":[]})")->code, 2);
}

// Which errors are sure decides whether a write is believed to have failed.
TEST(EtcdJson, TellsWhatIsSureFromWhatMayHaveBeenDone) {
    using Kind = Failure::Kind;
    EXPECT_EQ(sure_kind({14, "etcdserver: request timed out"}), std::nullopt);
    EXPECT_EQ(sure_kind({14, "etcdserver: leader changed"}), std::nullopt);
    EXPECT_EQ(sure_kind({4, "context deadline exceeded"}), std::nullopt);
    EXPECT_EQ(sure_kind({13, "internal"}), std::nullopt);
    EXPECT_EQ(sure_kind({2, "?"}), std::nullopt);
    EXPECT_EQ(sure_kind({16, "etcdserver: invalid auth token"}), Kind::denied);
    EXPECT_EQ(sure_kind({7, "etcdserver: permission denied"}), Kind::denied);
    EXPECT_EQ(sure_kind({3, "etcdserver: revision of auth store is old"}), Kind::denied);
    EXPECT_EQ(sure_kind({3, "etcdserver: key is not provided"}), Kind::refused);
    EXPECT_EQ(sure_kind({5, "etcdserver: requested lease not found"}), Kind::no_lease);
    EXPECT_EQ(sure_kind({11, "etcdserver: mvcc: required revision has been compacted"}),
              Kind::compacted);
    EXPECT_EQ(sure_kind({8, "etcdserver: mvcc: database space exceeded"}), Kind::full);
}

class Feed {
  public:
    explicit Feed(std::vector<WatchAsk> asks) : feed(asks) {}
    bool operator()(std::string_view bytes) {
        return feed.take(bytes, [this](WatchNews one) {
            news.push_back(std::move(one));
            return !stop;
        });
    }
    WatchFeed feed;
    std::vector<WatchNews> news;
    bool stop = false;
};

constexpr const char* kEvent =
    R"({"result":{"header":{"revision":"9"},"watch_id":"2","events":[{"kv":{"key":"YQ==",)"
    R"("mod_revision":"4","value":"dg=="}},{"type":"DELETE","kv":{"key":"Yg==",)"
    R"("mod_revision":"5"}}]}})"
    "\n";

TEST(WatchFeed, PutsMessagesTogetherFromAnyPieces) {
    Feed feed({{"x", {}, 1}, {"a", {}, 1}});
    EXPECT_TRUE(feed("{\"result\":{\"watch_id\":\"1\",\"created\":true}}\n"));
    for (const char byte : std::string_view(kEvent)) EXPECT_TRUE(feed({&byte, 1}));
    ASSERT_EQ(feed.news.size(), 1U);
    EXPECT_EQ(feed.news[0].range, 1U);
    // The store is further than what this message tells.
    EXPECT_EQ(feed.news[0].revision, 5);
    ASSERT_EQ(feed.news[0].events.size(), 2U);
    EXPECT_EQ(feed.news[0].events[0].kv.value, "v");
    EXPECT_TRUE(feed.news[0].events[1].deleted);
}

TEST(WatchFeed, LeavesOutWhatIsOlderThanAskedFor) {
    Feed feed({{"x", {}, 1}, {"a", {}, 5}});
    EXPECT_TRUE(feed(kEvent));
    ASSERT_EQ(feed.news.at(0).events.size(), 1U);
    EXPECT_EQ(feed.news[0].events[0].kv.key, "b");
}

TEST(WatchFeed, TellsThatItLives) {
    Feed feed({{"x", {}, 1}});
    EXPECT_TRUE(feed("{\"result\":{\"header\":{\"revision\":\"7\"},\"watch_id\":\"1\"}}\n"));
    EXPECT_EQ(feed.news.at(0).revision, 7);
    EXPECT_TRUE(feed.news[0].events.empty());
}

TEST(WatchFeed, EndsForEachReason) {
    const auto end_of = [](std::string_view line) {
        Feed feed({{"x", {}, 1}});
        EXPECT_FALSE(feed(line)) << line;
        EXPECT_TRUE(feed.feed.ended());
        return feed.feed.end();
    };
    const auto compacted = end_of("{\"result\":{\"canceled\":true,\"compact_revision\":\"3\"}}\n");
    EXPECT_EQ(compacted.kind, WatchEnd::Kind::compacted);
    EXPECT_EQ(compacted.compacted, 3);
    EXPECT_EQ(end_of("{\"result\":{\"canceled\":true,\"cancel_reason\":\"no\"}}\n").kind,
              WatchEnd::Kind::cancelled);
    EXPECT_EQ(end_of("{\"result\":{\"created\":true,\"canceled\":true,\"cancel_reason\":"
                     "\"etcdserver: permission denied\"}}\n")
                  .kind,
              WatchEnd::Kind::denied);
    EXPECT_EQ(end_of("{\"error\":{\"grpc_code\":16,\"message\":\"invalid auth token\"}}\n").kind,
              WatchEnd::Kind::denied);
    EXPECT_EQ(end_of("{\"error\":{\"grpc_code\":14,\"message\":\"no leader\"}}\n").kind,
              WatchEnd::Kind::broken);
    EXPECT_EQ(end_of("rubbish\n").kind, WatchEnd::Kind::broken);
    EXPECT_EQ(end_of(std::string(limits::kEtcdMessageBytesMax + 1, 'x')).kind,
              WatchEnd::Kind::broken);
    EXPECT_EQ(end_of("{\"result\":{\"header\":{\"revision\":\"7\"},\"watch_id\":\"3\"}}\n").kind,
              WatchEnd::Kind::broken);
    Feed feed({{"x", {}, 1}});
    feed.stop = true;
    EXPECT_FALSE(feed("{\"result\":{\"header\":{\"revision\":\"7\"},\"watch_id\":\"1\"}}\n"));
    EXPECT_EQ(feed.feed.end().kind, WatchEnd::Kind::given_up);
}

TEST(Prefix, EndsBehindAllThatBeginWithIt) {
    EXPECT_EQ(prefix_end("a/"), "a0");
    EXPECT_EQ(prefix_end("a\xff"), "b");
    EXPECT_EQ(prefix_end(""), std::string(1, '\0'));
    EXPECT_EQ(prefix_end("\xff\xff"), std::string(1, '\0'));
}

}  // namespace
}  // namespace lastgood::fleet::test
