#include "receiver/channel.h"

#include <gtest/gtest.h>

namespace lastgood::receiver {
namespace {

Incoming some_incoming() {
    Incoming incoming{*AppName::parse("shop"), {}, "192.0.2.1", 3};
    incoming.delivery.id = "id \"quoted\" \xff";
    incoming.delivery.provider = "github";
    incoming.delivery.event = "push";
    incoming.delivery.kind = forge::EventKind::push;
    incoming.delivery.bytes = 1234;
    incoming.delivery.repository_urls = {"https://git.example/acme/shop.git"};
    incoming.delivery.updates = {{"refs/heads/main", CommitId::parse(std::string(40, 'a'))},
                                 {"refs/heads/gone", std::nullopt}};
    return incoming;
}

TEST(Channel, CarriesADeliveryWhole) {
    const auto message = decode_to_daemon(encode(ToDaemon(DeliveryAsk{7, some_incoming()})));
    ASSERT_TRUE(message.ok()) << message.error().text();
    const auto& ask = std::get<DeliveryAsk>(*message);
    EXPECT_EQ(ask.seq, 7U);
    EXPECT_EQ(ask.incoming.app->str(), "shop");
    EXPECT_EQ(ask.incoming.sender, "192.0.2.1");
    EXPECT_EQ(ask.incoming.updates_dropped, 3U);
    EXPECT_EQ(ask.incoming.delivery.id, "id \"quoted\" \xef\xbf\xbd") << "always UTF-8";
    EXPECT_EQ(ask.incoming.delivery.provider, "github");
    EXPECT_EQ(ask.incoming.delivery.event, "push");
    EXPECT_EQ(ask.incoming.delivery.kind, forge::EventKind::push);
    EXPECT_EQ(ask.incoming.delivery.bytes, 1234U);
    ASSERT_EQ(ask.incoming.delivery.updates.size(), 2U);
    EXPECT_EQ(ask.incoming.delivery.updates[0].after->hex(), std::string(40, 'a'));
    EXPECT_FALSE(ask.incoming.delivery.updates[1].after.has_value());
}

TEST(Channel, CarriesADeliveryOfTheHookOfAllApps) {
    Incoming incoming = some_incoming();
    incoming.app.reset();
    const auto message = decode_to_daemon(encode(ToDaemon(DeliveryAsk{7, incoming})));
    ASSERT_TRUE(message.ok()) << message.error().text();
    const auto& ask = std::get<DeliveryAsk>(*message);
    EXPECT_FALSE(ask.incoming.app);
    EXPECT_EQ(ask.incoming.delivery.repository_urls, incoming.delivery.repository_urls);
}

TEST(Channel, CarriesAQuestion) {
    const auto message =
        decode_to_daemon(encode(ToDaemon(StatusAsk{8, {*AppName::parse("shop"), "d-1"}})));
    ASSERT_TRUE(message.ok()) << message.error().text();
    EXPECT_EQ(std::get<StatusAsk>(*message).question.delivery, "d-1");
}

TEST(Channel, CarriesSettingsAndReplies) {
    HookSettings settings;
    settings.apps = {{*AppName::parse("a"), config::Provider::gitlab_token, {"one", "two"}}};
    settings.apps[0].allow_from = {*Network::parse("192.0.2.0/24")};
    settings.shared = {config::Provider::standard, {"three"}};
    settings.door = {{*Network::parse("10.0.0.0/8")}, {*Network::parse("2001:db8::/32")}, 7};
    settings.tls = {"CERT", "KEY"};
    settings.max_body = 99;
    settings.answer_max = Millis(5);
    const auto message = decode_to_receiver(encode(ToReceiver(settings)));
    ASSERT_TRUE(message.ok());
    const auto& read = std::get<HookSettings>(*message);
    ASSERT_EQ(read.apps.size(), 1U);
    EXPECT_EQ(read.apps[0].provider, config::Provider::gitlab_token);
    EXPECT_EQ(read.apps[0].secrets, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(read.apps[0].allow_from, settings.apps[0].allow_from);
    EXPECT_EQ(read.shared.provider, config::Provider::standard);
    EXPECT_EQ(read.shared.secrets, settings.shared.secrets);
    EXPECT_EQ(read.door.trusted_proxies, settings.door.trusted_proxies);
    EXPECT_EQ(read.door.allow_from, settings.door.allow_from);
    EXPECT_EQ(read.door.bad_requests_per_minute, 7);
    EXPECT_EQ(read.tls.certificate_pem + read.tls.key_pem, "CERTKEY");
    EXPECT_EQ(read.max_body, 99U);
    EXPECT_EQ(read.answer_max, Millis(5));
    const auto replies =
        decode_to_receiver(encode(ToReceiver(Replies{{{9, {202, "{}"}}, {10, {200, "x"}}}})));
    ASSERT_TRUE(replies.ok());
    const auto& list = std::get<Replies>(*replies).list;
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].answer.status, 202);
    EXPECT_EQ(list[1].seq, 10U);
    EXPECT_EQ(list[1].answer.body_json, "x");
}

TEST(Channel, RefusesWhatAReceiverOfOursNeverSends) {
    std::string many = encode(ToDaemon(DeliveryAsk{1, some_incoming()}));
    EXPECT_TRUE(decode_to_daemon(many).ok());
    Incoming incoming = some_incoming();
    incoming.delivery.updates.resize(limits::kRefsPerDeliveryMax + 1, {"refs/heads/x", {}});
    EXPECT_FALSE(decode_to_daemon(encode(ToDaemon(DeliveryAsk{1, incoming}))).ok());
    for (const char* text :
         {"", "x", "[]", "{}", "null", R"({"type":"other"})", R"({"type":"health"})",
          R"({"type":"health","seq":"x"})", R"({"type":"log","level":99,"text":"x"})",
          R"({"type":"log","level":-1,"text":"x"})"}) {
        EXPECT_FALSE(decode_to_daemon(text).ok()) << text;
    }
    const auto replaced = [&many](const std::string& from, const std::string& to) {
        std::string text = many;
        text.replace(text.find(from), from.size(), to);
        return text;
    };
    EXPECT_FALSE(decode_to_daemon(replaced("\"shop\"", "\"../shop\"")).ok());
    EXPECT_FALSE(decode_to_daemon(replaced(std::string(40, 'a'), "HEAD")).ok());
    EXPECT_FALSE(decode_to_daemon(replaced("\"kind\":0", "\"kind\":3")).ok());
    EXPECT_FALSE(decode_to_daemon(replaced("\"seq\":1", "\"seq\":\"1\"")).ok());
}

TEST(Channel, MakesLogTextPrintable) {
    const auto message =
        decode_to_daemon(encode(ToDaemon(LogLine{config::LogLevel::warn, "a\x1b[31m\nb"})));
    ASSERT_TRUE(message.ok());
    EXPECT_EQ(std::get<LogLine>(*message).text, "a\\x1b[31m\\nb");
}

TEST(Channel, HoldsTheLargestMessageAndTellsTheEnd) {
    auto pair = make_channel();
    ASSERT_TRUE(pair.ok());
    MessageBuffer buffer;
    EXPECT_EQ(buffer.receive(pair->receiver.get()), Received::nothing);
    const std::string largest(limits::kChannelMessageBytesMax, 'x');
    EXPECT_EQ(send_message(pair->daemon.get(), largest), Sent::ok);
    EXPECT_EQ(buffer.receive(pair->receiver.get()), Received::message);
    EXPECT_EQ(buffer.text(), largest);
    Sent sent = Sent::ok;
    for (int i = 0; i < 10'000 && sent == Sent::ok; ++i)
        sent = send_message(pair->daemon.get(), "x");
    EXPECT_EQ(sent, Sent::full);
    pair->daemon.reset();
    while (buffer.receive(pair->receiver.get()) == Received::message) {
    }
    EXPECT_EQ(buffer.receive(pair->receiver.get()), Received::closed);
    EXPECT_EQ(send_message(pair->receiver.get(), "x"), Sent::gone);
}

}  // namespace
}  // namespace lastgood::receiver
