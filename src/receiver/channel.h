// What the daemon and the receiver say to each other: one JSON object per message of a
// SOCK_SEQPACKET pair, at most kChannelMessageBytesMax.
//
//   receiver → daemon   ready · log · delivery, health, status (each wants a reply)
//   daemon → receiver   settings (first of all, and again when they change) · replies
//
// The daemon trusts nothing that comes up: the receiver is the part that strangers talk to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"
#include "lastgood/base/sys/message_channel.h"
#include "lastgood/receiver/settings.h"

namespace lastgood::receiver {

struct Ready {};
struct LogLine {
    config::LogLevel level = config::LogLevel::info;
    std::string text;
};
struct DeliveryAsk {
    std::uint64_t seq = 0;
    Incoming incoming;
};
struct HealthAsk {
    std::uint64_t seq = 0;
};
struct StatusAsk {
    std::uint64_t seq = 0;
    StatusQuestion question;
};
using ToDaemon = std::variant<Ready, LogLine, DeliveryAsk, HealthAsk, StatusAsk>;

struct Reply {
    std::uint64_t seq = 0;
    Answer answer;
};
struct Replies {
    std::vector<Reply> list;  // at most kJournalBatchMax
};
using ToReceiver = std::variant<HookSettings, Replies>;

// The longest delivery that forge::parse lets through, escaped, fits into a message.
static_assert(limits::kRefsPerDeliveryMax * (2 * limits::kRefBytesMax + 80) +
                  limits::kRepositoryUrlsMax * 2 * limits::kRefBytesMax + 4096 <=
              limits::kChannelMessageBytesMax);

std::string encode(const ToDaemon& message);
std::string encode(const ToReceiver& message);
// An Error means that the other side has a bug or is in a stranger's hand.
Expected<ToDaemon> decode_to_daemon(std::string_view text);
Expected<ToReceiver> decode_to_receiver(std::string_view text);

struct ChannelPair {
    sys::Fd daemon;
    sys::Fd receiver;
};
Expected<ChannelPair> make_channel();

using sys::MessageBuffer;
using sys::Received;
using sys::send_message;
using sys::Sent;

}  // namespace lastgood::receiver
