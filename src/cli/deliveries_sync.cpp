// deliveries sync: has the forge send again what never arrived.
#include "cli/exit_code.h"
#include "cli/forge_session.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/webhook_json.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

struct Lost {
    std::string hook;
    forge::Attempt attempt;
};

Expected<std::vector<Lost>> find_lost(const ForgeSession& session,
                                      const std::vector<forge::Hook>& ours) {
    std::vector<Lost> lost;
    for (const forge::Hook& hook : ours) {
        const auto attempts = session.attempts(hook.id);
        if (!attempts) return attempts.error();
        for (const auto& attempt : forge::undelivered(*attempts, wall_now())) {
            lost.push_back({hook.id, attempt});
        }
    }
    return lost;
}

std::string render(const std::vector<SyncRow>& rows, const Style& style) {
    const WallTime now = wall_now();
    Table table(
        {{"ID"}, {"EVENT"}, {"WHEN"}, {"FAILED WITH", false, true}, {"OUTCOME", false, true}});
    for (const SyncRow& row : rows) {
        const forge::Attempt& attempt = row.attempt;
        std::string failed =
            attempt.status_code == 0 ? "" : std::to_string(attempt.status_code) + " ";
        table.add({or_dash(attempt.guid), or_dash(attempt.event), age(attempt.at, now),
                   or_dash(trim(failed + attempt.status)), printable(row.outcome)});
    }
    return table.render(style);
}

}  // namespace

int deliveries_sync(const Context& context, const SyncArgs& args) {
    const auto setup = find_app(context, args.forge.app);
    if (!setup) return refuse(setup.error(), kUsage);
    if (setup->app.webhook.provider != core::Provider::github) {
        return refuse({"only GitHub can be asked to send deliveries again",
                       "GitLab and Bitbucket: resend in the hook's page; Gitea and Forgejo send "
                       "again there, too; the poller brings the newest commit anyway"},
                      kUsage);
    }
    const auto url = hook_url(*setup, args.forge.url);
    if (!url) return refuse(url.error(), kUsage);
    const auto session = ForgeSession::open(*setup, args.forge);
    if (!session) return refuse(session.error(), kUsage);
    const auto ours = session->hooks_at(*url);
    if (!ours) return refuse(ours.error(), kFailed);
    if (ours->empty()) {
        return refuse({session->place().page() + " has no hook with the address " + *url,
                       "make it with: lastgood webhook register " + setup->name()},
                      kFailed);
    }
    const auto lost = find_lost(*session, *ours);
    if (!lost) return refuse(lost.error(), kFailed);
    std::vector<SyncRow> rows;
    bool failed = false;
    for (const auto& [hook, attempt] : *lost) {
        std::string outcome = args.dry_run ? "would be asked for" : "asked for";
        if (rows.size() >= limits::kForgeRedeliveriesMax) {
            outcome = "left for the next time";
        } else if (!args.dry_run) {
            const auto asked = session->redeliver(hook, attempt.id);
            if (!asked) outcome = asked.error().text();
            failed = failed || !asked;
        }
        rows.push_back({attempt, outcome});
    }
    if (context.json) {
        print(sync_json(setup->name(), rows) + "\n");
    } else {
        print(rows.empty() ? "nothing is missing: every delivery of the last 3 days arrived\n"
                           : render(rows, context.style));
    }
    return failed ? kFailed : kDone;
}

}  // namespace lastgood::cli
