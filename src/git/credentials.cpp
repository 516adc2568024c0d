#include "git/credentials.h"

#include "git/libgit2.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::git {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    if (from.empty()) return;
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

}  // namespace

GitResult<Access> read_access(const Remote& remote) {
    Access access;
    access.remote = remote;
    auto url = parse_remote_url(remote.url);
    if (!url) return failed<Access>({url.error(), true});
    access.url = *url;
    access.username = remote.auth.username;
    if (!remote.auth.token_file.empty()) {
        auto token = sys::read_file(remote.auth.token_file, limits::kTokenBytesMax);
        if (!token) {
            return failed<Access>({{"the token can't be read: " + token.error().what,
                                    "check auth.token_file and who may read it"},
                                   false});
        }
        access.token = trim(without_byte_order_mark(*token));
    } else {
        access.token = url->password;
    }
    if (access.username.empty()) access.username = url->user;
    if (access.username.empty()) access.username = "git";
    if (access.token.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
        return failed<Access>(
            {{"the token in " + remote.auth.token_file + " has more than one line",
              "auth.token_file holds the token and nothing else"},
             false});
    }
    return succeeded(std::move(access));
}

std::string without_token(std::string text, const Access& access) {
    replace_all(text, access.remote.url, shown_url(access.remote.url));
    replace_all(text, access.token, "***");
    replace_all(text, base64_encode(access.username + ":" + access.token), "***");
    return text;
}

}  // namespace lastgood::git
