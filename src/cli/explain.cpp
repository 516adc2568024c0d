// `lastgood explain ID` and `lastgood explain APP`.
#include <algorithm>

#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/story.h"
#include "cli/verbs.h"

namespace lastgood::cli {
namespace {

bool is_number(const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The id of the app's newest deployment, or of the one that was rolled back where the newest is
// only the way back from it; empty with an exit code and its reason told.
std::string newest_of(const Context& context, const std::string& app, int& exit_code) {
    const Reply reply = ask(context, "GET", app_path(app, "/history?n=2"));
    if (!reply.ok()) {
        exit_code = fail(reply);
        return {};
    }
    const auto rows = parse_history(reply.body);
    if (rows && !rows->empty()) {
        const bool way_back = rows->size() > 1 && rows->front().trigger == "crash-loop";
        return std::to_string((*rows)[way_back ? 1 : 0].id);
    }
    exit_code =
        rows ? refuse(Error{app + " has no deployment yet", {}}, kUsage) : fail_strange(reply);
    return {};
}

}  // namespace

int explain(const Context& context, const std::string& what) {
    int exit_code = kDone;
    const std::string id = is_number(what) ? what : newest_of(context, what, exit_code);
    if (id.empty()) return exit_code;
    const Reply reply = ask(context, "GET", "/v1/deployments/" + id + "/story");
    if (!reply.ok()) return fail(reply);
    auto story = parse_story(reply.body);
    if (!story) return fail_strange(reply);
    const Reply app = ask(context, "GET", app_path(story->deployment.app));
    if (app.ok()) story->app = parse_app(app.body);
    if (!context.json) {
        print(tell(*story, context.style));
        return kDone;
    }
    const std::string body = reply.body.substr(0, reply.body.rfind('}'));
    print(body + ",\"app\":" + (app.ok() ? app.body : "null") + "}\n");
    return kDone;
}

}  // namespace lastgood::cli
