#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/verbs.h"
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

}  // namespace

int history(const Context& context, const ListArgs& args) {
    const std::string query = "?n=" + std::to_string(args.count);
    const Reply reply =
        ask(context, "GET",
            args.app.empty() ? "/v1/history" + query : app_path(args.app, "/history" + query));
    if (!reply.ok()) return fail(reply);
    if (context.json) {
        print(reply.body + "\n");
        return kDone;
    }
    const auto rows = parse_history(reply.body);
    if (!rows) return fail_strange(reply);
    print(rows->empty() ? "no deployments yet\n" : render(*rows, context.style));
    return kDone;
}

}  // namespace lastgood::cli
