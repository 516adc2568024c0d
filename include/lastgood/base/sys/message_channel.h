// Whole messages between two processes of ours: a SOCK_SEQPACKET pair, without waiting on either
// side. A message has at most kChannelMessageBytesMax.
#pragma once

#include <string_view>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/fd.h"

namespace lastgood::sys {

struct MessageChannel {
    Fd ours;
    Fd theirs;
};
Expected<MessageChannel> make_message_channel();

enum class Sent { ok, full, gone };
// Whole or not at all, without waiting.
Sent send_message(int fd, std::string_view text);

enum class Received { message, nothing, closed, too_large };

// Room for one message, used again and again.
class MessageBuffer {
  public:
    MessageBuffer();
    // Without waiting.
    Received receive(int fd);
    // Of the last message, until the next one.
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

  private:
    std::vector<char> bytes_;
    std::size_t size_ = 0;
};

}  // namespace lastgood::sys
