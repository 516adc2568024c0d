#include "cli/daemon_api.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/answers.h"
#include "cli/help.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/http/client.h"

namespace lastgood::cli {

int exit_code_of_status(int http_status) {
    if (http_status >= 200 && http_status < 300) return kDone;
    if (http_status == 0) return kNotReached;
    if (http_status == 409 || http_status == 403) return kRefused;
    if (http_status == 400 || http_status == 404) return kUsage;
    return kFailed;
}

Reply ask(const Context& context, const std::string& method, const std::string& path,
          const std::string& body) {
    const auto places = find_places(context);
    if (!places) return {kUsage, places.error(), {}, "LG-config"};
    auto answer = http::request(places->socket(), method, path, body, limits::kCommandAnswerMax);
    if (!answer) return {kNotReached, answer.error(), {}, "LG-no-daemon"};
    Reply reply{exit_code_of_status(answer->status), {}, std::move(answer->body)};
    if (reply.ok()) return reply;
    const std::string told = parse_error(reply.body);
    reply.help = parse_error_help(reply.body);
    reply.error.what = !told.empty() ? told
                       : answer->status == 0
                           ? reply.body
                           : "the daemon answered " + std::to_string(answer->status);
    return reply;
}

int fail(const Reply& reply) {
    complain(reply.error);
    if (!reply.help.empty()) complain("  " + see(reply.help));
    return reply.exit_code;
}

Reply not_understood(const Reply& reply) {
    return {
        kFailed, {"the daemon's answer is not understood: " + printable(reply.body, 200), {}}, {}};
}

int fail_strange(const Reply& reply) {
    return fail(not_understood(reply));
}

std::string url_escape(std::string_view text) {
    constexpr std::string_view kSafe =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    std::string escaped;
    for (const char c : text) {
        if (kSafe.find(c) != std::string_view::npos) {
            escaped += c;
        } else {
            escaped += "%" + hex_encode(std::string_view(&c, 1));
        }
    }
    return escaped;
}

std::string app_path(const std::string& app, const std::string& rest) {
    return "/v1/apps/" + url_escape(app) + rest;
}

std::string own_name() {
    const char* behind_sudo = std::getenv("SUDO_USER");
    if (getuid() == 0 && behind_sudo != nullptr && *behind_sudo != '\0') return behind_sudo;
    const passwd* entry = getpwuid(getuid());
    return entry != nullptr ? entry->pw_name : "uid " + std::to_string(getuid());
}

}  // namespace lastgood::cli
