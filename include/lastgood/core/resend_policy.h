// When a message that could not be delivered is tried again, and when it is given up.
//
//   Pauses    5 s, then twice as long each time up to an hour, ±10 %; longer where the receiver
//   asks
//             for it (Retry-After), up to a day.
//   Given up  at once where the receiver's answer says that it will never take it; else when the
//             message is three days old.
//   Order     one target's messages go one after the other, the oldest first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lastgood/base/time.h"

namespace lastgood::core {

// What one attempt came to.
struct Sent {
    enum class Kind { delivered, again, never };
    Kind kind = Kind::again;
    std::string why;                      // for people; empty where delivered without a word
    std::optional<Millis> asked_pause{};  // by the receiver
};

struct Resend {
    bool give_up = false;
    Millis pause{0};
};

// `tries`: made so far, this one included; `age`: since the message was made.
Resend resend(const Sent& sent, int tries, Millis age, std::uint64_t salt);

}  // namespace lastgood::core
