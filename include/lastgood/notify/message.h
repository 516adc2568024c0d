// What is told of an app: the facts, and their words for people. Pure.
//
// The facts are kept in the outbox as JSON; each target's form of them (parcel.h) is made anew for
// each attempt, so that it is the config of then that counts, and no secret is stored.
#pragma once

#include <cstdint>
#include <string>

#include "lastgood/base/error.h"
#include "lastgood/base/time.h"
#include "lastgood/core/news_kind.h"

namespace lastgood::notify {

// What is not known is empty, or 0.
struct Message {
    std::string id;
    core::NewsKind kind = core::NewsKind::good;
    bool is_test = false;  // of nothing that happened
    WallTime at{};
    std::string host;  // this machine's name
    std::string app;
    std::int64_t deployment = 0;
    std::string commit;    // full id, as the next two
    std::string back_to;   // rolled_back: what users get instead
    std::string previous;  // good: the good release that it took the place of
    std::string subject;
    std::string author;
    std::string trigger;
    std::string by;     // the person who asked for it
    std::string phase;  // that the deployment had reached
    std::string ref;    // branch; empty where tags are followed
    std::string reason;
};

std::string encode_message(const Message& message);
Expected<Message> decode_message(const std::string& text);

// What happened, as one line of printable text: "backend: 3f2a1c0 is good".
std::string title_of(const Message& message);
// The rest as lines of printable text: the commit's subject and who wanted it, the reason, what to
// do next.
std::string details_of(const Message& message);

// How a target may show it.
enum class Mood { fine, neutral, bad };
Mood mood_of(core::NewsKind kind);

// For `lastgood notify test`.
Message test_message(const std::string& app, const std::string& host, WallTime now);

}  // namespace lastgood::notify
