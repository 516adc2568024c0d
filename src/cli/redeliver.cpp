#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/follow.h"
#include "cli/verbs.h"

namespace lastgood::cli {

int redeliver(const Context& context, const std::string& id) {
    CommandWords words;
    words.id = id;
    words.by = own_name();
    const Reply reply = ask(context, "POST", "/v1/deliveries/redeliver", command_body(words));
    if (!reply.ok()) return fail(reply);
    return after_command(context, id, reply.body, false);
}

}  // namespace lastgood::cli
