// Each provider's JSON of a message.
#pragma once

#include <string>
#include <vector>

#include "lastgood/notify/message.h"

namespace lastgood::notify {

// `&`, `<` and `>`, by which Slack marks mentions and links.
std::string slack_escaped(const std::string& text);
// A backslash before all that Discord takes for markup.
std::string discord_escaped(const std::string& text);

std::string slack_body(const Message& message);
std::string discord_body(const Message& message);
std::string teams_body(const Message& message);
std::string matrix_body(const Message& message);
std::string ntfy_body(const Message& message, const std::string& topic);
// Of `webhook`, and the stdin of `command`: {"type","timestamp","data"}.
std::string plain_body(const Message& message);
// Headers and text, for sendmail -t. Only `to` and `from` are of the config.
std::string mail_of(const Message& message, const std::vector<std::string>& to,
                    const std::string& from);

}  // namespace lastgood::notify
