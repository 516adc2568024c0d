// What a relay tells, taken apart: only a forge's headers and the body, byte for byte.
#include <gtest/gtest.h>

#include "cli/relay/courier.h"
#include "cli/relay/members.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

RelayedRequest read(const std::string& data) {
    auto request = read_message(data);
    EXPECT_TRUE(request.ok()) << (request ? "" : request.error().text());
    return request ? *request : RelayedRequest{};
}

TEST(JsonMembers, GiveEachValueAsItStands) {
    const auto members =
        json_members(R"( { "a" : 1.50e+2 , "b\n":"x,}\"", "c":{"d":[1,{"e":"]"}]},"f" : null } )");
    ASSERT_TRUE(members);
    ASSERT_EQ(members->size(), 4U);
    EXPECT_EQ((*members)[0].key, "a");
    EXPECT_EQ((*members)[0].value, "1.50e+2");
    EXPECT_EQ((*members)[1].key, "b\\n");
    EXPECT_EQ((*members)[1].value, R"("x,}\"")");
    EXPECT_EQ((*members)[2].value, R"({"d":[1,{"e":"]"}]})");
    EXPECT_EQ((*members)[3].value, "null");
    EXPECT_TRUE(json_members("{}"));
}

TEST(JsonMembers, RefusesWhatIsNoObject) {
    for (const char* text :
         {"", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":\"",
          "{\"a\":\"\\", "{a:1}", "{\"a\":{1}}}", "{\"a\":1 \"b\":2}x", "\"{}\""}) {
        EXPECT_FALSE(json_members(text)) << text;
    }
    std::string many = "{";
    for (std::size_t i = 0; i <= limits::kRelayMembersMax; ++i) many += "\"k\":1,";
    many.back() = '}';
    EXPECT_FALSE(json_members(many));
}

TEST(RelayMessage, KeepsTheBodysBytes) {
    // What a parser would write otherwise: numbers, escapes, half a pair, the order.
    const std::string body =
        R"({"z":1.0,"a":12345678901234567890123,"e":1e+21,"u":"\ud83d é/\u0001","n":{"b":[ ]}})";
    const auto request = read(
        "{\"x-github-event\":\"push\",\"x-github-delivery\":\"id-1\","
        "\"body\":" +
        body + ",\"query\":{},\"timestamp\":1}");
    EXPECT_EQ(request.body, body);
    EXPECT_FALSE(request.raw);
    EXPECT_EQ(request.name(), "push id-1");
}

TEST(RelayMessage, TakesTheRawBodyWhereThereIsOne) {
    const std::string signed_bytes = "{ \"a\": 1 }\n";
    for (const std::string member : {"rawBody", "bodyB"}) {
        const auto request = read("{\"body\":{\"a\":1},\"" + member + "\":\"" +
                                  base64_encode(signed_bytes) + "\",\"body\":{\"b\":1}}");
        EXPECT_EQ(request.body, signed_bytes) << member;
        EXPECT_TRUE(request.raw);
    }
    EXPECT_EQ(read(R"({"rawBody":"{ \"a\": 1 }\n"})").body, signed_bytes);
    EXPECT_EQ(read(R"({"content-type":"application/x-www-form-urlencoded",)"
                   R"("rawBody":"payload=%7B%7D"})")
                  .body,
              "payload=%7B%7D");
}

TEST(RelayMessage, PassesOnNoHeaderButAForges) {
    const auto request = read(
        R"({"host":"evil","content-length":"5","authorization":"x","x-forwarded-for":"1.2.3.4",)"
        R"("transfer-encoding":"chunked","X-Hub-Signature-256":"sha256=00",)"
        R"("content-type":"application/json","body":{}})");
    ASSERT_EQ(request.headers.size(), 2U);
    EXPECT_EQ(request.header("x-hub-signature-256"), "sha256=00");
    EXPECT_EQ(request.header("content-type"), "application/json");
}

TEST(RelayMessage, RefusesWhatCanBeNoDelivery) {
    const std::string long_value(limits::kRelayHeaderBytesMax + 1, 'x');
    for (const std::string& data : {
             std::string("{}"),
             std::string("[1]"),
             std::string(R"({"x-github-event":"push"})"),
             std::string(R"({"body":""})"),
             std::string(R"({"x-github-event":"a\r\nhost: b","body":{}})"),
             std::string(R"({"x-github-event":["a"],"body":{}})"),
             std::string(R"({"x-github-event":"a","X-GitHub-Event":"b","body":{}})"),
             "{\"x-github-event\":\"" + long_value + "\",\"body\":{}}",
         }) {
        EXPECT_FALSE(read_message(data).ok()) << data.substr(0, 80);
    }
}

TEST(RelayMessage, SaysHowToMendAForm) {
    const auto request = read_message(
        R"({"content-type":"application/x-www-form-urlencoded","body":{"payload":"{}"}})");
    ASSERT_FALSE(request.ok());
    EXPECT_NE(request.error().mend.find("application/json"), std::string::npos);
}

TEST(CourierVerdict, TellsWhatTheReceiverSaid) {
    const auto verdict = [](int status, const std::string& body, bool raw = false) {
        RelayedRequest request;
        request.raw = raw;
        return verdict_of(request, http::RemoteAnswer{status, {}, body});
    };
    EXPECT_EQ(verdict(202, R"({"delivery":"1","status":"accepted"})").text, "202 accepted");
    EXPECT_EQ(verdict(200, R"({"status":"ignored","reason":"ping"})").text, "200 ignored: ping");
    EXPECT_FALSE(verdict(200, "hello").mend.empty());
    EXPECT_NE(verdict(401, "").mend.find("poller"), std::string::npos);
    EXPECT_EQ(verdict(401, "", true).mend.find("raw bytes"), std::string::npos);
    EXPECT_FALSE(verdict(401, "").again);
    for (const int status : {429, 502, 503}) EXPECT_TRUE(verdict(status, "").again) << status;
    for (const int status : {400, 404, 405, 413, 415}) {
        EXPECT_FALSE(verdict(status, "").again) << status;
        EXPECT_FALSE(verdict(status, "").mend.empty()) << status;
    }
}

TEST(RelayPause, DoublesWithinItsBoundsAndIsDrawn) {
    Random random(1);
    for (int failures = 1; failures < 40; ++failures) {
        const Millis pause = relay_pause(failures, random);
        EXPECT_GE(pause, limits::kRelayRetryMin / 2);
        EXPECT_LE(pause, limits::kRelayRetryMax);
    }
    EXPECT_GE(relay_pause(30, random), limits::kRelayRetryMax / 2);
    EXPECT_LE(relay_pause(1, random), limits::kRelayRetryMin);
}

}  // namespace
}  // namespace lastgood::cli
