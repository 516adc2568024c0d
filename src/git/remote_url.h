// A remote's address as the config has it, taken apart: what is refused, and what may be shown.
#pragma once

#include <string>
#include <string_view>

#include "lastgood/base/error.h"

namespace lastgood::git {

struct RemoteUrl {
    enum class Scheme { path, file, git, http, https, ssh };
    Scheme scheme = Scheme::path;
    std::string text;      // for git, without a password: that would show in the list of processes
    std::string user;      // decoded; empty: none
    std::string password;  // decoded; of http(s) only
    std::string host;      // without brackets; empty for path and file
    std::string port;      // digits; empty: the scheme's own
    [[nodiscard]] std::string origin() const;  // "https://host:port/"
    [[nodiscard]] bool is_local() const { return scheme == Scheme::path || scheme == Scheme::file; }
    [[nodiscard]] bool is_http() const { return scheme == Scheme::http || scheme == Scheme::https; }
};

// Absolute paths, file, git, http, https and ssh URLs and the form user@host:path. The error is for
// good: nothing but another config mends it.
Expected<RemoteUrl> parse_remote_url(std::string_view text);

// The address without user and password of http(s), for messages; for malformed ones, too.
std::string shown_url(std::string_view text);

}  // namespace lastgood::git
