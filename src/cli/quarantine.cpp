#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {

int quarantine_list(const Context& context, const std::string& app) {
    const Reply reply = ask(
        context, "GET", app.empty() ? "/v1/quarantine" : "/v1/quarantine?app=" + url_escape(app));
    if (!reply.ok()) return fail(reply);
    if (context.json) {
        print(reply.body + "\n");
        return kDone;
    }
    const auto rows = parse_quarantine(reply.body);
    if (!rows) return fail_strange(reply);
    const WallTime now = wall_now();
    Table table({{"APP"}, {"COMMIT"}, {"SINCE"}, {"REASON", false, true}});
    for (const QuarantineView& row : *rows) {
        table.add({printable(row.app), short_commit(row.commit),
                   row.since ? age(*row.since, now) : "-", first_line(row.reason)});
    }
    print(rows->empty() ? "nothing is in quarantine\n" : table.render(context.style));
    return kDone;
}

int quarantine_release(const Context& context, const ReleaseArgs& args) {
    CommandWords words;
    words.commit = args.commit;
    words.by = own_name();
    const Reply reply =
        ask(context, "POST", app_path(args.app, "/quarantine/release"), command_body(words));
    if (!reply.ok()) return fail(reply);
    if (context.json) {
        print(reply.body + "\n");
    } else {
        print(printable(args.app) + " " + short_commit(args.commit) + " may be deployed again\n");
    }
    return kDone;
}

}  // namespace lastgood::cli
