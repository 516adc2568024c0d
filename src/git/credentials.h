// How a remote is reached, read anew for each fetch. The token stays in memory and the environment
// of git, never on a command line or in a message.
#pragma once

#include <string>

#include "git/remote_url.h"
#include "lastgood/git/session.h"

namespace lastgood::git {

struct Access {
    Remote remote;
    RemoteUrl url;
    std::string username;  // for the token: "git" where none is set
    std::string token;     // empty: none
};

GitResult<Access> read_access(const Remote& remote);

// `text` without the token, in any of the forms it may have taken.
std::string without_token(std::string text, const Access& access);

}  // namespace lastgood::git
