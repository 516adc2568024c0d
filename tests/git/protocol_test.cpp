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
    request.remote = {"git@host:x", "ma\"in", {"key", "hosts", "ann", "token"}, {}, "/mirror"};
    request.remote.transport = config::Transport::libgit2;
    request.fetch = {{id('a'), id('b')}, id('c')};
    request.commit = id('d');
    request.directory = "/release dir";
    request.releases = {{id('e'), "/one"}};
    const std::string line = encode(request);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto read = decode_request(line);
    ASSERT_TRUE(read.ok()) << read.error().text();
    EXPECT_EQ(encode(*read), line);
    EXPECT_EQ(read->op, Op::fetch);
    EXPECT_EQ(read->remote.branch, "ma\"in");
    EXPECT_EQ(read->remote.auth.token_file, "token");
    EXPECT_EQ(read->remote.transport, config::Transport::libgit2);
    EXPECT_EQ(read->fetch.candidates, request.fetch.candidates);
    EXPECT_EQ(read->fetch.live, id('c'));
    EXPECT_EQ(read->commit, id('d'));
    EXPECT_EQ(read->releases, request.releases);
}

TEST(Protocol, CarriesFactsWhole) {
    FetchResult result{id('a'), {{id('b'), true, false, true, false, true, {true, false}}}};
    const auto read = decode_answer<FetchResult>(encode_answer(GitResult<FetchResult>{result, {}}));
    ASSERT_TRUE(read.value.has_value()) << read.error.error.text();
    EXPECT_EQ(read.value->tip, id('a'));
    const CommitFacts& facts = read.value->facts.at(0);
    EXPECT_EQ(facts.id, id('b'));
    EXPECT_TRUE(facts.present && facts.on_ref && facts.descends_from_live);
    EXPECT_FALSE(facts.is_commit || facts.ancestor_of_live);
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
