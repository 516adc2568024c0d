#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/follow.h"
#include "cli/verbs.h"

namespace lastgood::cli {

int deploy(const Context& context, const DeployArgs& args) {
    CommandWords words;
    words.commit = args.commit;
    words.force = args.force;
    words.by = own_name();
    const Reply reply = ask(context, "POST", app_path(args.app, "/deploy"), command_body(words));
    if (!reply.ok()) return fail(reply);
    return after_command(context, args.app, reply.body, !args.no_wait);
}

}  // namespace lastgood::cli
