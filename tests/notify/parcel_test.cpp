// Where a message goes, what an answer means, and what a forge is told.
#include "lastgood/notify/parcel.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "notify/forge_talk.h"

namespace lastgood::notify {
namespace {

using config::NotifyTarget;
using config::TargetKind;
using core::NewsKind;
using Kind = core::Sent::Kind;

const WallTime kNow = *parse_rfc3339("2026-05-01T12:00:00.000Z");

Message message_of(NewsKind kind) {
    Message message;
    message.id = "backend.7.good.18c2f";
    message.kind = kind;
    message.at = kNow;
    message.app = "backend";
    message.commit = std::string(40, 'b');
    message.phase = "probation";
    message.ref = "main";
    return message;
}

std::string header(const HttpParcel& parcel, const std::string& name) {
    for (const auto& [key, value] : parcel.request.headers) {
        if (key == name) return value;
    }
    return "";
}

TEST(ParcelOf, AMatrixRoomHasItsIdInTheAddressSoThatItComesOnce) {
    NotifyTarget target{.kind = TargetKind::matrix};
    target.url = "https://m.example.org";
    target.room = "!a:b/c";
    target.token = "t";
    const auto parcel = std::get<HttpParcel>(make_parcel(target, message_of(NewsKind::good), kNow));
    EXPECT_EQ(parcel.request.url,
              "https://m.example.org/_matrix/client/v3/rooms/%21a%3ab%2fc/send/m.room.message/"
              "backend.7.good.18c2f");
    EXPECT_EQ(parcel.request.method, "PUT");
    EXPECT_EQ(header(parcel, "Authorization"), "Bearer t");
}

TEST(ParcelOf, NtfyGoesToTheServersRoot) {
    NotifyTarget target{.kind = TargetKind::ntfy};
    target.url = "https://ntfy.sh/alerts";
    const auto parcel = std::get<HttpParcel>(make_parcel(target, message_of(NewsKind::good), kNow));
    EXPECT_EQ(parcel.request.url, "https://ntfy.sh/");
    EXPECT_EQ(nlohmann::json::parse(parcel.request.body).at("topic"), "alerts");
    EXPECT_EQ(header(parcel, "Authorization"), "");
}

TEST(ParcelOf, AWebhookIsSignedOnlyWithASecret) {
    NotifyTarget target{.kind = TargetKind::webhook};
    target.url = "https://a.example.org/in";
    auto parcel = std::get<HttpParcel>(make_parcel(target, message_of(NewsKind::good), kNow));
    EXPECT_EQ(header(parcel, "webhook-id"), "backend.7.good.18c2f");
    EXPECT_EQ(header(parcel, "webhook-signature"), "");
    target.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    parcel = std::get<HttpParcel>(make_parcel(target, message_of(NewsKind::good), kNow));
    EXPECT_TRUE(header(parcel, "webhook-signature").starts_with("v1,"));
}

TEST(ParcelCodec, ReadsBackEachKind) {
    NotifyTarget target{.kind = TargetKind::command};
    target.argv = {"page", "-x"};
    const Parcel program = make_parcel(target, message_of(NewsKind::good), kNow);
    config::ForgeStatus status;
    status.token = "t0ken";
    const auto forge =
        make_parcel(status, core::Provider::github, "https://github.com/acme/backend.git",
                    message_of(NewsKind::good));
    ASSERT_TRUE(forge);
    target.kind = TargetKind::slack;
    target.url = "https://hooks.example.org/x";
    const Parcel http = make_parcel(target, message_of(NewsKind::good), kNow);
    for (const Parcel& parcel : {program, *forge, http}) {
        const auto read = decode_parcel(encode_parcel(parcel));
        ASSERT_TRUE(read) << read.error().text();
        EXPECT_EQ(encode_parcel(*read), encode_parcel(parcel));
    }
    EXPECT_FALSE(decode_parcel("{}"));
}

forge::ApiAnswer answer(int status, const std::string& name = "", const std::string& value = "",
                        const std::string& body = "") {
    return {status,
            [name, value](std::string_view asked) -> std::string_view {
                return asked == name ? std::string_view(value) : std::string_view();
            },
            body};
}

TEST(Judge, TakesWhatMayMendForAnotherAttemptAndTheRestForNever) {
    EXPECT_EQ(judge_answer(answer(204), kNow).kind, Kind::delivered);
    for (const int status : {408, 425, 429, 500, 502, 503}) {
        EXPECT_EQ(judge_answer(answer(status), kNow).kind, Kind::again) << status;
    }
    for (const int status : {301, 307, 400, 401, 403, 404, 410, 413}) {
        EXPECT_EQ(judge_answer(answer(status), kNow).kind, Kind::never) << status;
    }
}

TEST(Judge, HearsHowLongToWait) {
    const auto pause = [](const std::string& value) {
        return judge_answer(answer(429, "retry-after", value), kNow).asked_pause;
    };
    EXPECT_EQ(pause("120"), Millis(120'000));
    EXPECT_EQ(pause("0.65"), Millis(650));
    EXPECT_EQ(pause("Fri, 01 May 2026 12:01:00 GMT"), Millis(60'000));
    EXPECT_EQ(pause("Fri, 01 May 2026 11:01:00 GMT"), Millis(0));
    EXPECT_FALSE(pause("soon"));
    EXPECT_FALSE(pause("-5"));
    EXPECT_EQ(judge_answer(answer(429, "", "", R"({"retry_after_ms":1500})"), kNow).asked_pause,
              Millis(1'500));
}

TEST(Judge, TakesSendmailsExitCodesForWhatTheyMean) {
    ProgramParcel mail;
    mail.argv = {"sendmail"};
    mail.is_sendmail = true;
    EXPECT_EQ(judge_exit(mail, 0, "").kind, Kind::delivered);
    EXPECT_EQ(judge_exit(mail, 75 << 8, "later").kind, Kind::again);
    EXPECT_EQ(judge_exit(mail, 67 << 8, "nobody").kind, Kind::never);
    EXPECT_EQ(judge_exit(mail, 9, "").kind, Kind::again);
    mail.is_sendmail = false;
    EXPECT_EQ(judge_exit(mail, 67 << 8, "").kind, Kind::again);
    EXPECT_EQ(judge_exit(mail, 1 << 8, "no route").why, "sendmail exited with status 1: no route");
}

TEST(ForForges, OnlyWhatWasBegunIsTold) {
    Message message = message_of(NewsKind::superseded);
    EXPECT_TRUE(is_for_forge(message));
    message.phase = "fetching";
    EXPECT_FALSE(is_for_forge(message)) << "the forge never heard of it";
    message.kind = NewsKind::failed;
    EXPECT_TRUE(is_for_forge(message));
    message.commit.clear();
    EXPECT_FALSE(is_for_forge(message));
    EXPECT_FALSE(is_for_forge(message_of(NewsKind::quarantined)));
}

// Asked in order, each answered by the next of these.
struct FakeForge {
    std::vector<forge::ApiAnswer> answers;
    std::vector<std::string> asked{};
    std::vector<nlohmann::json> bodies{};

    core::Sent tell(const Message& message, core::Provider provider,
                    const std::string& environment = "production") {
        config::ForgeStatus status;
        status.token = "t0ken";
        status.context = "lastgood/backend";
        status.environment = environment;
        const auto parcel =
            make_parcel(status, provider, "https://git.example.org/acme/backend.git", message);
        return tell_forge(
            std::get<ForgeParcel>(*parcel),
            [this](const forge::ApiRequest& request,
                   const std::string&) -> std::variant<forge::ApiAnswer, core::Sent> {
                asked.push_back(request.method + " " +
                                request.url.substr(request.url.find("/api")));
                bodies.push_back(nlohmann::json::parse(request.body, nullptr, false));
                if (answers.empty()) return core::Sent{Kind::again, "no route", {}};
                auto next = answers.front();
                answers.erase(answers.begin());
                return next;
            },
            kNow);
    }
};

TEST(TellForge, FindsTheRecordOfAnEarlierAttempt) {
    FakeForge forge{{answer(201), answer(200, "", "", R"([{"id":41}])"), answer(201)}};
    EXPECT_EQ(forge.tell(message_of(NewsKind::started), core::Provider::github).kind,
              Kind::delivered);
    const std::string repository = "/api/v3/repos/acme/backend";
    EXPECT_EQ(forge.asked[0], "POST " + repository + "/statuses/" + std::string(40, 'b'));
    EXPECT_EQ(forge.asked[2], "POST " + repository + "/deployments/41/statuses");
    EXPECT_EQ(forge.bodies[2].at("state"), "in_progress");
}

TEST(TellForge, StopsAtTheFirstFailureAndTheWholeIsTriedAgain) {
    FakeForge forge{{answer(201), answer(502)}};
    const auto sent = forge.tell(message_of(NewsKind::good), core::Provider::github);
    EXPECT_EQ(sent.kind, Kind::again);
    EXPECT_EQ(forge.asked.size(), 2U);
}

TEST(TellForge, ATextIsOneLineOfAtMost140Characters) {
    Message message = message_of(NewsKind::rolled_back);
    message.reason = "it crashed\n" + std::string(500, 'x');
    FakeForge forge{{answer(201)}};
    EXPECT_EQ(forge.tell(message, core::Provider::gitea).kind, Kind::delivered);
    EXPECT_EQ(forge.bodies[0].at("description"), "Rolled back: it crashed");
    message.reason = std::string(500, 'x');
    FakeForge second{{answer(201)}};
    second.tell(message, core::Provider::gitea);
    const auto text = second.bodies[0].at("description").get<std::string>();
    EXPECT_EQ(text.size(), 139U + std::string("…").size());
}

TEST(TellForge, ATransitionThatGitlabRefusesIsADelivery) {
    FakeForge forge{{answer(400, "", "", R"({"message":"Cannot transition status via :run"})")}};
    EXPECT_EQ(forge.tell(message_of(NewsKind::started), core::Provider::gitlab, "").kind,
              Kind::delivered);
    EXPECT_EQ(forge.bodies[0].at("state"), "running");
}

TEST(TellForge, ARateLimitIsWaitedFor) {
    const std::string reset = std::to_string(kNow.time_since_epoch().count() / 1000 + 90);
    forge::ApiAnswer limited{403,
                             [reset](std::string_view name) -> std::string_view {
                                 if (name == "x-ratelimit-remaining") return "0";
                                 return name == "x-ratelimit-reset" ? std::string_view(reset)
                                                                    : std::string_view();
                             },
                             ""};
    FakeForge forge{{limited}};
    const auto sent = forge.tell(message_of(NewsKind::good), core::Provider::github);
    EXPECT_EQ(sent.kind, Kind::again);
    EXPECT_EQ(sent.asked_pause, Millis(90'000));
}

TEST(TellForge, WhatWasLeftOutIsNoFaultOfTheCommit) {
    for (const auto& [provider, state] : {std::pair{core::Provider::github, "success"},
                                          {core::Provider::gitea, "warning"},
                                          {core::Provider::gitlab, "canceled"}}) {
        FakeForge forge{{answer(201)}};
        forge.tell(message_of(NewsKind::superseded), provider, "");
        EXPECT_EQ(forge.bodies.at(0).at("state"), state);
    }
}

}  // namespace
}  // namespace lastgood::notify
