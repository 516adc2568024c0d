// The words of a message, and each provider's form of them.
#include "notify/forms.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lastgood/base/limits.h"

namespace lastgood::notify {
namespace {

using nlohmann::json;

Message rolled_back() {
    Message message;
    message.id = "backend.7.rolled_back.18c2f";
    message.kind = core::NewsKind::rolled_back;
    message.at = *parse_rfc3339("2026-05-01T12:00:00.000Z");
    message.host = "web1";
    message.app = "backend";
    message.deployment = 7;
    message.commit = std::string(40, 'b');
    message.back_to = std::string(40, 'a');
    message.subject = "Mend <!channel> *it* [x](http://evil) @everyone & `y`";
    message.author = "Ada <ada@example.org>";
    message.by = "ada";
    message.reason = "it crashed 3 times\nin its probation";
    return message;
}

TEST(MessageWords, SayWhatHappenedToWhichCommitAndWhatToDoNext) {
    EXPECT_EQ(title_of(rolled_back()),
              "backend on web1: commit bbbbbbb was rolled back to aaaaaaa");
    const std::string details = details_of(rolled_back());
    EXPECT_NE(details.find("by Ada <ada@example.org>, asked for by ada\n"), std::string::npos);
    EXPECT_NE(details.find("it crashed 3 times\\nin its probation\n"), std::string::npos)
        << "a reason is one line";
    EXPECT_NE(details.find("lastgood deploy backend bbbbbbb --force"), std::string::npos);
}

TEST(MessageWords, AreThereForEachEvent) {
    for (const auto kind : core::kNewsKinds) {
        Message message = rolled_back();
        message.kind = kind;
        EXPECT_GT(title_of(message).size(), std::string("backend on web1: ").size());
        message.commit.clear();
        message.host.clear();
        EXPECT_TRUE(title_of(message).starts_with("backend: ")) << title_of(message);
    }
}

TEST(MessageWords, AreBoundedWhateverTheReasonIs) {
    Message message = rolled_back();
    message.reason = std::string(100'000, 'x');
    message.subject = std::string(100'000, '<');
    EXPECT_LT(details_of(message).size(), 1'500U);
}

TEST(MessageCodec, ReadsBackWhatItWrote) {
    Message message = rolled_back();
    message.subject = "bytes \xff\xfe";
    message.previous = std::string(40, 'c');
    message.phase = "probation";
    message.ref = "main";
    const auto read = decode_message(encode_message(message));
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(encode_message(*read), encode_message(message));
    EXPECT_EQ(read->kind, message.kind);
    EXPECT_EQ(read->at, message.at);
    EXPECT_EQ(read->previous, message.previous);
    EXPECT_FALSE(decode_message("{}"));
    EXPECT_FALSE(decode_message("no JSON"));
}

TEST(Slack, GetsItsThreeCharactersEscapedAndNoMarkup) {
    const json body = json::parse(slack_body(rolled_back()));
    EXPECT_FALSE(body.at("mrkdwn").get<bool>());
    const json& attachment = body.at("attachments").at(0);
    EXPECT_TRUE(attachment.at("mrkdwn_in").empty());
    const auto text = attachment.at("text").get<std::string>();
    EXPECT_NE(text.find("Mend &lt;!channel&gt; *it*"), std::string::npos) << text;
    EXPECT_NE(text.find("@everyone &amp; `y`"), std::string::npos);
    EXPECT_EQ(text.find('<'), std::string::npos);
}

TEST(Discord, PingsNobodyAndShowsMarkupAsText) {
    const json body = json::parse(discord_body(rolled_back()));
    EXPECT_EQ(body.at("allowed_mentions"), json::parse(R"({"parse":[]})"));
    const auto text = body.at("embeds").at(0).at("description").get<std::string>();
    EXPECT_NE(text.find(R"(\*it\* \[x\]\(http\://evil\) \@everyone & \`y\`)"), std::string::npos)
        << text;
}

TEST(Discord, StaysInItsBounds) {
    Message message = rolled_back();
    message.app = std::string(63, '-');
    message.host = std::string(300, '*');
    message.subject = message.author = message.by = std::string(5'000, '*');
    message.reason = std::string(5'000, '*');
    const json embed = json::parse(discord_body(message)).at("embeds").at(0);
    EXPECT_LE(embed.at("title").get<std::string>().size(), 259U);
    EXPECT_LE(embed.at("description").get<std::string>().size(), 4'096U);
}

TEST(Teams, GetsACardWhoseTextIsNoMarkdown) {
    const json body = json::parse(teams_body(rolled_back()));
    const json& attachment = body.at("attachments").at(0);
    EXPECT_EQ(attachment.at("contentType"), "application/vnd.microsoft.card.adaptive");
    for (const json& block : attachment.at("content").at("body")) {
        EXPECT_EQ(block.at("type"), "RichTextBlock");
        for (const json& run : block.at("inlines")) EXPECT_EQ(run.at("type"), "TextRun");
    }
}

TEST(Matrix, GetsPlainTextThatMentionsNobody) {
    const json body = json::parse(matrix_body(rolled_back()));
    EXPECT_EQ(body.at("msgtype"), "m.text");
    EXPECT_TRUE(body.at("m.mentions").empty());
    EXPECT_FALSE(body.contains("formatted_body"));
}

TEST(Ntfy, GetsTopicTitleAndPriority) {
    Message message = rolled_back();
    EXPECT_EQ(json::parse(ntfy_body(message, "alerts")).at("priority"), 4);
    message.kind = core::NewsKind::crashed;
    const json body = json::parse(ntfy_body(message, "alerts"));
    EXPECT_EQ(body.at("priority"), 5);
    EXPECT_EQ(body.at("topic"), "alerts");
    EXPECT_FALSE(body.contains("markdown"));
}

TEST(PlainForm, HasTheFactsAsTheyAre) {
    const json body = json::parse(plain_body(rolled_back()));
    EXPECT_EQ(body.at("type"), "lastgood.rolled_back");
    EXPECT_EQ(body.at("timestamp"), "2026-05-01T12:00:00.000Z");
    EXPECT_EQ(body.at("data").at("subject"), rolled_back().subject);
    EXPECT_EQ(body.at("data").at("deployment"), 7);
    EXPECT_EQ(body.at("data").at("back_to"), rolled_back().back_to);
}

TEST(Mail, IsWholeAndItsHeadersHoldNoForeignLine) {
    Message message = rolled_back();
    message.host = "web1\nBcc: evil@example.org";
    const std::string mail = mail_of(message, {"ops@example.org", "root"}, "lg@example.org");
    const std::string head = mail.substr(0, mail.find("\n\n"));
    EXPECT_EQ(head.find("\nBcc:"), std::string::npos) << head;
    EXPECT_NE(head.find("To: ops@example.org,\n root\n"), std::string::npos);
    EXPECT_NE(head.find("Date: Fri, 1 May 2026 12:00:00 +0000\n"), std::string::npos) << head;
    EXPECT_NE(head.find("Auto-Submitted: auto-generated\n"), std::string::npos);
}

TEST(Mail, EncodesASubjectThatIsNotAsciiInShortWords) {
    Message message = rolled_back();
    message.host = "wéb" + std::string(100, 'x') + "ö";
    const std::string mail = mail_of(message, {"root"}, "");
    const std::string subject =
        mail.substr(mail.find("Subject: "), mail.find("Date: ") - mail.find("Subject: "));
    EXPECT_EQ(mail.find("From: "), std::string::npos);
    std::size_t from = 0;
    int words = 0;
    for (std::size_t end = 0; (end = subject.find('\n', from)) != std::string::npos;
         from = end + 1) {
        EXPECT_LE(end - from, 90U);
        EXPECT_NE(subject.substr(from, end - from).find("=?UTF-8?B?"), std::string::npos);
        ++words;
    }
    EXPECT_GT(words, 2);
}

}  // namespace
}  // namespace lastgood::notify
