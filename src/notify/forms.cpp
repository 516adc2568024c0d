// Slack: docs.slack.dev/messaging/formatting-message-text (escaping), reference for attachments.
// Discord: docs.discord.com/developers/resources/webhook and message (embeds, allowed_mentions).
// Teams: learn.microsoft.com, "Create incoming webhooks with Workflows", and Adaptive Cards 1.4:
// a TextRun takes no markdown. Matrix: client-server API 1.11, m.room.message and intentional
// mentions. ntfy: docs.ntfy.sh/publish, publish as JSON.
#include "notify/forms.h"

#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"

namespace lastgood::notify {
namespace {

using core::NewsKind;
using nlohmann::json;

constexpr std::size_t kDiscordTitleMax = 256;  // characters; bytes are never fewer

std::string dumped(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string whole_text(const Message& message) {
    const std::string details = details_of(message);
    return title_of(message) + (details.empty() ? "" : "\n" + details);
}

std::string cut(const std::string& text, std::size_t bytes_max) {
    return printable(text, bytes_max);
}

std::string slack_color(Mood mood) {
    switch (mood) {
        case Mood::fine:
            return "#2da44e";
        case Mood::bad:
            return "#cf222e";
        case Mood::neutral:
            break;
    }
    return "#6e7781";
}

int ntfy_priority(const Message& message) {
    if (message.kind == NewsKind::crashed) return 5;
    return mood_of(message.kind) == Mood::bad ? 4 : 3;
}

}  // namespace

std::string slack_escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else {
            out += c;
        }
    }
    return out;
}

std::string discord_escaped(const std::string& text) {
    constexpr std::string_view kMarkup = "\\*_~`|>#-[]()<:@";
    std::string out;
    for (const char c : text) {
        if (kMarkup.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string slack_body(const Message& message) {
    const std::string title = slack_escaped(title_of(message));
    const std::string color = slack_color(message.is_test ? Mood::neutral : mood_of(message.kind));
    json attachment = {{"color", color},
                       {"text", slack_escaped(details_of(message))},
                       {"fallback", slack_escaped(details_of(message))},
                       {"mrkdwn_in", json::array()}};
    return dumped({{"text", title},
                   {"mrkdwn", false},
                   {"unfurl_links", false},
                   {"unfurl_media", false},
                   {"attachments", json::array({std::move(attachment)})}});
}

std::string discord_body(const Message& message) {
    const Mood mood = message.is_test ? Mood::neutral : mood_of(message.kind);
    const int color = static_cast<int>(std::stoul(slack_color(mood).substr(1), nullptr, 16));
    json embed = {{"title", discord_escaped(cut(title_of(message), kDiscordTitleMax / 2))},
                  {"description", discord_escaped(details_of(message))},
                  {"color", color},
                  {"timestamp", format_rfc3339(message.at)}};
    return dumped({{"embeds", json::array({std::move(embed)})},
                   {"allowed_mentions", {{"parse", json::array()}}}});
}

std::string teams_body(const Message& message) {
    const auto run = [](const std::string& text) {
        return json{{"type", "TextRun"}, {"text", text}};
    };
    json title = run(title_of(message));
    title["weight"] = "bolder";
    const Mood mood = message.is_test ? Mood::neutral : mood_of(message.kind);
    if (mood == Mood::bad) title["color"] = "attention";
    if (mood == Mood::fine) title["color"] = "good";
    json blocks = json::array();
    const auto add = [&blocks](json inlined) {
        blocks.push_back({{"type", "RichTextBlock"}, {"inlines", json::array({inlined})}});
    };
    add(title);
    for (const std::string& line : split(details_of(message), '\n')) {
        if (!line.empty()) add(run(line));
    }
    json card = {{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                 {"type", "AdaptiveCard"},
                 {"version", "1.4"},
                 {"msteams", {{"width", "Full"}}},
                 {"body", std::move(blocks)}};
    json attachment = {{"contentType", "application/vnd.microsoft.card.adaptive"},
                       {"contentUrl", nullptr},
                       {"content", std::move(card)}};
    return dumped({{"type", "message"}, {"attachments", json::array({std::move(attachment)})}});
}

// No formatted_body: it is shown as it is. An empty m.mentions: "@room" in it calls nobody.
std::string matrix_body(const Message& message) {
    return dumped(
        {{"msgtype", "m.text"}, {"body", whole_text(message)}, {"m.mentions", json::object()}});
}

std::string ntfy_body(const Message& message, const std::string& topic) {
    const std::string details = details_of(message);
    return dumped({{"topic", topic},
                   {"title", title_of(message)},
                   {"message", details.empty() ? title_of(message) : details},
                   {"priority", ntfy_priority(message)},
                   {"tags", json::array({std::string(core::to_string(message.kind))})}});
}

std::string plain_body(const Message& message) {
    const std::string kind = message.is_test ? "test" : std::string(core::to_string(message.kind));
    const json data = {
        {"app", message.app},
        {"host", message.host},
        {"deployment", message.deployment == 0 ? json(nullptr) : json(message.deployment)},
        {"commit", message.commit},
        {"back_to", message.back_to},
        {"subject", to_utf8(message.subject)},
        {"author", to_utf8(message.author)},
        {"trigger", message.trigger},
        {"by", to_utf8(message.by)},
        {"reason", to_utf8(message.reason)},
        {"title", title_of(message)},
        {"text", whole_text(message)}};
    return dumped(
        {{"type", "lastgood." + kind}, {"timestamp", format_rfc3339(message.at)}, {"data", data}});
}

}  // namespace lastgood::notify
