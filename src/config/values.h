// The kinds of values that have rules of their own, as pure functions of their text. Errors are
// worded to go after "KEY: ".
#pragma once

#include <string>
#include <string_view>

#include "lastgood/base/error.h"
#include "lastgood/config/config.h"

namespace lastgood::config {

// "HOST:PORT" with an IP address (IPv6 in brackets) or localhost, "unix:/PATH" or "/PATH".
Expected<ListenAddress> read_listen(std::string_view text);

// From 1 to 65535.
Expected<std::uint16_t> read_port(std::string_view text);

// True when both can't be listened on at once.
bool overlap(const ListenAddress& a, const ListenAddress& b);

// Dotted quad; localhost becomes 127.0.0.1. Nothing for names.
Expected<std::string> read_ipv4(std::string_view text);

// A path on the app's own `listen`, or a full http:// URL with a literal address.
Expected<Ready> read_ready_http(std::string_view text);

// Is it an address that goes to git as it is? Otherwise it is a path.
Expected<bool> repo_is_address(std::string_view text);

// By git's rules for a branch's name (git check-ref-format --branch).
Expected<std::string> read_branch(std::string_view text);

// By git's rules for a tag's name, with the wildcards of fnmatch(3).
Expected<std::string> read_tag_pattern(std::string_view text);

// A folder inside the release, relative, without "." and "..".
Expected<std::string> read_workdir(std::string_view text);

// An http(s) address without a query; a last slash is left out.
Expected<std::string> read_public_url(std::string_view text);

Expected<std::string> read_env_name(std::string_view text);

// An hour of some days, as "Sun 04:00".
Expected<core::WeekTime> read_week_time(std::string_view text);

// "TERM" or "SIGTERM": the number.
Expected<int> read_signal(std::string_view text);

}  // namespace lastgood::config
