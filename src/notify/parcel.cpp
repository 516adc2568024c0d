// A message made ready for its target.
#include "lastgood/notify/parcel.h"

#include <algorithm>

#include "lastgood/base/strings.h"
#include "lastgood/base/url.h"
#include "lastgood/base/version.h"
#include "lastgood/forge/sign.h"
#include "notify/forms.h"

namespace lastgood::notify {
namespace {

using config::NotifyTarget;
using config::TargetKind;
using core::NewsKind;
using Headers = std::vector<std::pair<std::string, std::string>>;

Headers json_headers(const std::string& token) {
    Headers headers{{"Content-Type", "application/json"}};
    if (!token.empty()) headers.emplace_back("Authorization", "Bearer " + token);
    return headers;
}

std::string escaped(const std::string& part) {
    constexpr std::string_view kSafe =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    std::string out;
    for (const char c : part) {
        out +=
            kSafe.find(c) != std::string_view::npos ? std::string(1, c) : "%" + hex_encode({&c, 1});
    }
    return out;
}

// The same id for each attempt: the server knows by it what it has.
std::string matrix_url(const NotifyTarget& target, const Message& message) {
    return target.url + "/_matrix/client/v3/rooms/" + escaped(target.room) +
           "/send/m.room.message/" + escaped(message.id);
}

// JSON goes to the server's root, and names the topic.
HttpParcel ntfy(const NotifyTarget& target, const Message& message) {
    const std::size_t slash = target.url.rfind('/');
    const std::string topic = target.url.substr(slash + 1);
    return {{"POST", target.url.substr(0, slash + 1), json_headers(target.token),
             ntfy_body(message, topic)},
            target.ca_file};
}

HttpParcel webhook(const NotifyTarget& target, const Message& message, WallTime now) {
    const std::string body = plain_body(message);
    const forge::OutgoingDelivery delivery{core::Provider::standard, target.secret,
                                           forge::EventKind::other, message.id, body};
    Headers headers = forge::signed_headers(delivery, now);
    if (target.secret.empty()) {
        std::erase_if(headers, [](const auto& pair) { return pair.first == "webhook-signature"; });
    }
    return {{"POST", target.url, std::move(headers), body}, target.ca_file};
}

ProgramParcel email(const NotifyTarget& target, const Message& message) {
    ProgramParcel parcel;
    parcel.is_sendmail = true;
    parcel.argv = {target.sendmail, "-t", "-i"};
    if (!target.from.empty()) parcel.argv.insert(parcel.argv.end(), {"-f", target.from});
    parcel.input = mail_of(message, target.to, target.from);
    return parcel;
}

ProgramParcel command(const NotifyTarget& target, const Message& message) {
    ProgramParcel parcel;
    parcel.argv = target.argv;
    const std::string event = message.is_test ? "test" : std::string(core::to_string(message.kind));
    const std::string details = details_of(message);
    parcel.env = {"LASTGOOD_EVENT=" + event,
                  "LASTGOOD_APP=" + message.app,
                  "LASTGOOD_COMMIT=" + message.commit,
                  "LASTGOOD_MESSAGE_ID=" + message.id,
                  "LASTGOOD_TITLE=" + title_of(message),
                  "LASTGOOD_TEXT=" + details};
    parcel.input = plain_body(message) + "\n";
    return parcel;
}

HttpParcel post(const NotifyTarget& target, std::string body) {
    return {{"POST", target.url, json_headers({}), std::move(body)}, target.ca_file};
}

Parcel formed(const NotifyTarget& target, const Message& message, WallTime now) {
    switch (target.kind) {
        case TargetKind::slack:
            return post(target, slack_body(message));
        case TargetKind::discord:
            return post(target, discord_body(message));
        case TargetKind::teams:
            return post(target, teams_body(message));
        case TargetKind::matrix:
            return HttpParcel{{"PUT", matrix_url(target, message), json_headers(target.token),
                               matrix_body(message)},
                              target.ca_file};
        case TargetKind::ntfy:
            return ntfy(target, message);
        case TargetKind::webhook:
            return webhook(target, message, now);
        case TargetKind::email:
            return email(target, message);
        case TargetKind::command:
            break;
    }
    return command(target, message);
}

}  // namespace

Parcel make_parcel(const NotifyTarget& target, const Message& message, WallTime now) {
    return formed(target, message, now);
}

Expected<Parcel> make_parcel(const config::ForgeStatus& status, core::Provider provider,
                             const std::string& repo, const Message& message) {
    auto place = forge::find_place(provider, repo, status.api);
    if (!place) return place.error();
    return Parcel(ForgeParcel{*std::move(place), status, message});
}

// Not of what never got as far as being built: the forge heard nothing of it.
bool is_for_forge(const Message& message) {
    if (message.commit.empty() || message.is_test) return false;
    switch (message.kind) {
        case NewsKind::started:
        case NewsKind::good:
        case NewsKind::failed:
        case NewsKind::rolled_back:
            return true;
        case NewsKind::superseded:
        case NewsKind::cancelled:
            return message.phase != "queued" && message.phase != "fetching";
        case NewsKind::quarantined:
        case NewsKind::crashed:
        case NewsKind::recovered:
        case NewsKind::fetch_failing:
        case NewsKind::edits_rescued:
            break;
    }
    return false;
}

}  // namespace lastgood::notify
