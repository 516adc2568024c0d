// pause, resume, start, stop, restart: the same request with another word.
#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

std::string told(const std::string& verb) {
    if (verb == "pause") return "automatic deployments are paused";
    if (verb == "resume") return "automatic deployments are on again";
    if (verb == "start") return "starting";
    if (verb == "stop") return "stopping";
    return "restarting";
}

}  // namespace

int app_command(const Context& context, const std::string& verb, const std::string& app) {
    CommandWords words;
    words.by = own_name();
    const Reply reply = ask(context, "POST", app_path(app, "/" + verb), command_body(words));
    if (!reply.ok()) return fail(reply);
    if (context.json) {
        print(reply.body + "\n");
        return kDone;
    }
    const auto outcome = parse_outcome(reply.body);
    if (!outcome) return fail_strange(reply);
    print(printable(app) + ": " +
          (outcome->reason.empty() ? told(verb) : printable(outcome->reason)) + "\n");
    return kDone;
}

}  // namespace lastgood::cli
