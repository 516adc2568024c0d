// Requests to the daemon's control socket, with what their failure means for the exit code.
#pragma once

#include <string>

#include "cli/context.h"
#include "cli/exit_code.h"

namespace lastgood::cli {

struct Reply {
    int exit_code = kDone;
    Error error;  // set unless exit_code is kDone
    std::string body;
    std::string help{};  // the name under which docs/errors.md explains the error; empty: none
    [[nodiscard]] bool ok() const { return exit_code == kDone; }
};

Reply ask(const Context& context, const std::string& method, const std::string& path,
          const std::string& body = {});

// The exit code of an HTTP status; kDone for 2xx.
int exit_code_of_status(int http_status);

// Tells why on stderr and returns the exit code.
int fail(const Reply& reply);
// For an answer that could not be understood.
int fail_strange(const Reply& reply);
Reply not_understood(const Reply& reply);  // the same as an error that is still to be told

// The path of an app's resource: "/v1/apps/APP" and `rest`, with APP made safe for a URL.
std::string app_path(const std::string& app, const std::string& rest = {});
// Percent-encoded, for a path or a query.
std::string url_escape(std::string_view text);

// Who runs this command: the person behind sudo, else the user's name.
std::string own_name();

}  // namespace lastgood::cli
