#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/follow.h"
#include "cli/verbs.h"

namespace lastgood::cli {

int rollback(const Context& context, const RollbackArgs& args) {
    CommandWords words;
    words.to = args.to;
    words.by = own_name();
    const Reply reply = ask(context, "POST", app_path(args.app, "/rollback"), command_body(words));
    if (!reply.ok()) return fail(reply);
    return after_command(context, args.app, reply.body, !args.no_wait);
}

}  // namespace lastgood::cli
