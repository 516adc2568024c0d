#include "lastgood/notify/message.h"

#include <nlohmann/json.hpp>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"

namespace lastgood::notify {
namespace {

using core::NewsKind;
using nlohmann::json;

std::string short_of(const std::string& commit) {
    return commit.substr(0, 7);
}

// "commit 3f2a1c0", or what to say where none is known.
std::string named(const Message& message) {
    return message.commit.empty() ? "a deployment" : "commit " + short_of(message.commit);
}

bool is_way_back(const Message& message) {
    return message.trigger == "rollback" || message.trigger == "crash-loop";
}

std::string happened(const Message& message) {
    const std::string it = named(message);
    switch (message.kind) {
        case NewsKind::started:
            return it + " is being deployed";
        case NewsKind::good:
            return is_way_back(message) ? "back on " + it + ", which is good"
                                        : it + " is live, and good";
        case NewsKind::failed:
            return it + " failed";
        case NewsKind::rolled_back:
            return it + " was rolled back" +
                   (message.back_to.empty() ? "" : " to " + short_of(message.back_to));
        case NewsKind::superseded:
            return it + " was superseded";
        case NewsKind::cancelled:
            return it + " was not deployed";
        case NewsKind::quarantined:
            return it + " is in quarantine";
        case NewsKind::crashed:
            return it + " crashes, and users may be without service";
        case NewsKind::recovered:
            return "recovered";
        case NewsKind::fetch_failing:
            return "its repository can't be reached";
        case NewsKind::edits_rescued:
            return "someone had edited files of a release";
    }
    return "";
}

std::string next_step(const Message& message) {
    const std::string& app = message.app;
    const std::string commit = short_of(message.commit);
    switch (message.kind) {
        case NewsKind::failed:
            return "Next: push a mended commit; all that is known: lastgood history " + app;
        case NewsKind::rolled_back:
            return "Next: push a mended commit. This one is in quarantine; to try it all the same: "
                   "lastgood deploy " +
                   app + " " + commit + " --force";
        case NewsKind::quarantined:
            return "To free it: lastgood quarantine release " + app + " " + commit;
        case NewsKind::crashed:
            return "Next: lastgood logs " + app + ", and lastgood status " + app;
        case NewsKind::fetch_failing:
            return "Next: lastgood doctor " + app +
                   ". Nothing is deployed meanwhile; what runs, "
                   "runs on";
        case NewsKind::edits_rescued:
            return "Next: bring them into the repository, or leave them";
        case NewsKind::started:
        case NewsKind::good:
        case NewsKind::superseded:
        case NewsKind::cancelled:
        case NewsKind::recovered:
            break;
    }
    return "";
}

std::string who_wanted(const Message& message) {
    std::string text;
    if (!message.subject.empty()) text += "\"" + printable(message.subject, 200) + "\"";
    if (!message.author.empty()) {
        text += (text.empty() ? "by " : " by ") + printable(message.author, 200);
    }
    if (!message.by.empty()) {
        text += (text.empty() ? "asked for by " : ", asked for by ") + printable(message.by, 100);
    }
    return text;
}

}  // namespace

std::string encode_message(const Message& message) {
    const json out = {{"id", message.id},
                      {"kind", core::to_string(message.kind)},
                      {"test", message.is_test},
                      {"at_ms", static_cast<std::int64_t>(message.at.time_since_epoch().count())},
                      {"host", message.host},
                      {"app", message.app},
                      {"deployment", message.deployment},
                      {"commit", message.commit},
                      {"back_to", message.back_to},
                      {"previous", message.previous},
                      {"subject", to_utf8(message.subject)},
                      {"author", to_utf8(message.author)},
                      {"trigger", message.trigger},
                      {"by", to_utf8(message.by)},
                      {"phase", message.phase},
                      {"ref", to_utf8(message.ref)},
                      {"reason", to_utf8(message.reason)}};
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Expected<Message> decode_message(const std::string& text) {
    try {
        const json from = json::parse(text);
        Message message;
        const auto kind = core::parse_news_kind(from.at("kind").get<std::string>());
        if (!kind) return Error{"a message is of an unknown kind", ""};
        message.kind = *kind;
        message.is_test = from.at("test").get<bool>();
        message.at = WallTime(Millis(from.at("at_ms").get<std::int64_t>()));
        message.deployment = from.at("deployment").get<std::int64_t>();
        const auto get = [&from](const char* key, std::string& into) {
            into = from.at(key).get<std::string>();
        };
        get("id", message.id);
        get("host", message.host);
        get("app", message.app);
        get("commit", message.commit);
        get("back_to", message.back_to);
        get("previous", message.previous);
        get("subject", message.subject);
        get("author", message.author);
        get("trigger", message.trigger);
        get("by", message.by);
        get("phase", message.phase);
        get("ref", message.ref);
        get("reason", message.reason);
        return message;
    } catch (const std::exception& failure) {
        return Error{std::string("a message can't be read: ") + failure.what(), ""};
    }
}

std::string title_of(const Message& message) {
    const std::string what =
        message.is_test ? "a test of lastgood's notifications" : happened(message);
    return message.app + (message.host.empty() ? "" : " on " + printable(message.host, 100)) +
           ": " + what;
}

std::string details_of(const Message& message) {
    std::string text;
    for (const std::string& line :
         {who_wanted(message), printable(message.reason, limits::kNoticeReasonBytesMax),
          message.is_test ? std::string() : next_step(message)}) {
        if (!line.empty()) text += (text.empty() ? "" : "\n") + line;
    }
    return text;
}

Mood mood_of(core::NewsKind kind) {
    switch (kind) {
        case NewsKind::good:
        case NewsKind::recovered:
            return Mood::fine;
        case NewsKind::failed:
        case NewsKind::rolled_back:
        case NewsKind::quarantined:
        case NewsKind::crashed:
        case NewsKind::fetch_failing:
            return Mood::bad;
        case NewsKind::started:
        case NewsKind::superseded:
        case NewsKind::cancelled:
        case NewsKind::edits_rescued:
            break;
    }
    return Mood::neutral;
}

Message test_message(const std::string& app, const std::string& host, WallTime now) {
    Message message;
    message.is_test = true;
    message.at = now;
    message.host = host;
    message.app = app;
    message.id = app + ".test." + std::to_string(now.time_since_epoch().count());
    message.reason = "Nothing happened. Whoever reads this will hear of what happens to " + app;
    return message;
}

}  // namespace lastgood::notify
