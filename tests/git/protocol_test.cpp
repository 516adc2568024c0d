#include "git/protocol.h"

#include <gtest/gtest.h>

namespace lastgood::git {
namespace {

CommitId id(char digit) {
    return *CommitId::parse(std::string(40, digit));
}

TEST(Protocol, CarriesARequestWhole) {
    Request request;
    request.op = Op::fetch;
    request.remote = {"git@host:x",
                      {"ma\"in", "v*"},
                      {"key", "hosts", "ann", "token", "ca", "proxy"},
                      {},
                      "/mirror"};
    request.remote.transport = config::Transport::libgit2;
    request.fetch = {{id('a'), id('b')}, id('c'), {"backend/**"}};
    request.verify = {id('d'), id('c'), {"signers", "ring", true}};
    request.materialise = {id('d'),
                           "/new",
                           std::pair(id('c'), std::string("/old")),
                           true,
                           true,
                           config::Materialise::copy,
                           {{"cache", "lock"}}};
    request.directory = "/release dir";
    request.remove = {{{id('e'), "/one"}}, true, {"cache"}};
    const std::string line = encode(request);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto read = decode_request(line);
    ASSERT_TRUE(read.ok()) << read.error().text();
    EXPECT_EQ(encode(*read), line);
    EXPECT_EQ(read->op, Op::fetch);
    EXPECT_EQ(read->remote.followed.branch, "ma\"in");
    EXPECT_EQ(read->remote.auth.token_file, "token");
    EXPECT_EQ(read->remote.transport, config::Transport::libgit2);
    EXPECT_EQ(read->fetch.candidates, request.fetch.candidates);
    EXPECT_EQ(read->fetch.live, id('c'));
    EXPECT_EQ(read->verify->since, id('c'));
    EXPECT_EQ(read->materialise->previous, request.materialise->previous);
    EXPECT_EQ(read->materialise->caches.at(0).key, "lock");
    EXPECT_EQ(read->remove.releases, request.remove.releases);
}

TEST(Protocol, CarriesFactsWhole) {
    FetchResult result{id('a'),
                       "v1",
                       true,
                       {{id('b'), true, false, true, false, true, {true, false}, false, true}}};
    const auto read = decode_answer<FetchResult>(encode_answer(GitResult<FetchResult>{result, {}}));
    ASSERT_TRUE(read.value.has_value()) << read.error.error.text();
    EXPECT_EQ(read.value->tip, id('a'));
    EXPECT_EQ(read.value->tip_tag, "v1");
    EXPECT_TRUE(read.value->live_known);
    const CommitFacts& facts = read.value->facts.at(0);
    EXPECT_EQ(facts.id, id('b'));
    EXPECT_TRUE(facts.present && facts.on_ref && facts.descends_from_live);
    EXPECT_FALSE(facts.is_commit || facts.ancestor_of_live || facts.paths_changed);
    EXPECT_TRUE(facts.skip_asked);
    EXPECT_EQ(facts.ancestor_of, (std::vector<bool>{true, false}));
}

TEST(Protocol, CarriesFailuresAndBytesThatAreNoText) {
    const GitResult<bool> failure{std::nullopt, {{"what \xff", "mend"}, true}};
    const auto read = decode_answer<Released>(encode_answer(failure));
    EXPECT_FALSE(read.value.has_value());
    EXPECT_EQ(read.error.error.what, "what \xef\xbf\xbd");
    EXPECT_EQ(read.error.error.mend, "mend");
    EXPECT_TRUE(read.error.permanent);
}

TEST(Protocol, NonsenseIsAFailureAndNoCrash) {
    for (const char* line : {"", "{", "[]", "{\"ok\":1}", "{\"ok\":true}", "null",
                             "{\"ok\":true,\"value\":{\"tip\":\"x\",\"facts\":[]}}"}) {
        EXPECT_FALSE(decode_answer<FetchResult>(line).value.has_value()) << line;
        EXPECT_FALSE(decode_request(line).ok()) << line;
    }
}

}  // namespace
}  // namespace lastgood::git
