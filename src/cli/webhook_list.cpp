// webhook list, webhook remove.
#include "cli/exit_code.h"
#include "cli/forge_session.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/webhook_json.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

std::string render(const std::vector<HookRow>& rows, const Style& style) {
    Table table({{"ID"},
                 {"OURS"},
                 {"URL", false, true},
                 {"EVENTS", false, true},
                 {"ACTIVE"},
                 {"LAST ANSWER", false, true}});
    for (const HookRow& row : rows) {
        table.add({or_dash(row.hook.id),
                   {row.ours ? "yes" : "no", row.ours ? Tone::good : Tone::plain},
                   or_dash(row.hook.url),
                   or_dash(join(row.hook.events, ",")),
                   {row.hook.active ? "yes" : "no", row.hook.active ? Tone::plain : Tone::bad},
                   row.hook.last_response.empty() ? "-" : first_line(row.hook.last_response)});
    }
    return table.render(style);
}

}  // namespace

int webhook_list(const Context& context, const ForgeArgs& args) {
    const auto setup = find_app(context, args.app);
    if (!setup) return refuse(setup.error(), kUsage);
    // Without an address of our own no hook is ours; the list is useful all the same.
    const auto url = hook_url(*setup, args.url);
    if (!url && !args.url.empty()) return refuse(url.error(), kUsage);
    const auto session = ForgeSession::open(*setup, args);
    if (!session) return refuse(session.error(), kUsage);
    const auto hooks = session->hooks();
    if (!hooks) return refuse(hooks.error(), kFailed);
    std::vector<HookRow> rows;
    for (const forge::Hook& hook : *hooks) {
        rows.push_back({hook, url && forge::same_hook_url(hook.url, *url)});
    }
    if (context.json) {
        print(hooks_json(setup->name(), rows) + "\n");
    } else {
        print(rows.empty() ? session->place().page() + " has no hooks\n"
                           : render(rows, context.style));
    }
    return kDone;
}

int webhook_remove(const Context& context, const ForgeArgs& args) {
    const auto setup = find_app(context, args.app);
    if (!setup) return refuse(setup.error(), kUsage);
    const auto url = hook_url(*setup, args.url);
    if (!url) return refuse(url.error(), kUsage);
    const auto session = ForgeSession::open(*setup, args);
    if (!session) return refuse(session.error(), kUsage);
    const auto ours = session->hooks_at(*url);
    if (!ours) return refuse(ours.error(), kFailed);
    std::vector<std::string> removed;
    for (const forge::Hook& hook : *ours) {
        const auto done = session->remove(hook.id);
        if (!done) return refuse(done.error(), kFailed);
        if (*done) removed.push_back(hook.id);
    }
    if (context.json) {
        print(removed_json(setup->name(), *url, removed) + "\n");
    } else if (removed.empty()) {
        print(session->place().page() + " has no hook with the address " + printable(*url) + "\n");
    } else {
        print("removed hook " + printable(join(removed, ", ")) + " of " + session->place().page() +
              "\n");
    }
    return kDone;
}

}  // namespace lastgood::cli
