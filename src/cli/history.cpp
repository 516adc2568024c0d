#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/watch.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

std::string render(const std::vector<DeploymentView>& rows, const Style& style) {
    const WallTime now = wall_now();
    Table table({{"ID", true},
                 {"APP"},
                 {"COMMIT"},
                 {"SUBJECT", false, true},
                 {"TRIGGER"},
                 {"OUTCOME"},
                 {"WHEN"},
                 {"PHASES", false, true},
                 {"REASON", false, true}});
    for (const DeploymentView& row : rows) {
        const std::string trigger =
            or_dash(row.trigger) + (row.by.empty() ? "" : " by " + printable(row.by, 64));
        const std::string& word = row.outcome.empty() ? row.phase : row.outcome;
        const std::string phases = phase_times(row);
        table.add({std::to_string(row.id),
                   printable(row.app),
                   short_commit(row.commit),
                   or_dash(row.subject),
                   trigger,
                   {or_dash(word), tone_of(row.outcome)},
                   row.started_at ? age(*row.started_at, now) : "-",
                   or_dash(phases),
                   row.reason.empty() ? "-" : first_line(row.reason)});
    }
    return table.render(style);
}

Reply show(const Context& context, const HistoryArgs& args, std::string& text) {
    const std::string query = "?n=" + std::to_string(args.count);
    Reply reply =
        ask(context, "GET",
            args.app.empty() ? "/v1/history" + query : app_path(args.app, "/history" + query));
    if (!reply.ok()) return reply;
    if (context.json) {
        text = reply.body + "\n";
        return reply;
    }
    const auto rows = parse_history(reply.body);
    if (!rows) return not_understood(reply);
    text = rows->empty() ? "no deployments yet\n" : render(*rows, context.style);
    return reply;
}

}  // namespace

int history(const Context& context, const HistoryArgs& args) {
    const auto view = [&args](const Context& now, std::string& text) {
        return show(now, args, text);
    };
    if (args.watch) return watch(context, view);
    std::string text;
    const Reply reply = view(context, text);
    if (!reply.ok()) return fail(reply);
    print(text);
    return kDone;
}

}  // namespace lastgood::cli
