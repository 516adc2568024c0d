#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

std::string render(const std::vector<DeliveryView>& rows, const Style& style) {
    const WallTime now = wall_now();
    Table table({{"ID"},
                 {"PROVIDER"},
                 {"EVENT"},
                 {"APP"},
                 {"REF", false, true},
                 {"COMMIT"},
                 {"DECISION"},
                 {"WHEN"},
                 {"REASON", false, true}});
    for (const DeliveryView& row : rows) {
        table.add({or_dash(row.id),
                   or_dash(row.provider),
                   or_dash(row.event),
                   or_dash(row.app),
                   or_dash(row.ref),
                   short_commit(row.commit),
                   {or_dash(row.decision), tone_of(row.decision)},
                   row.received_at ? age(*row.received_at, now) : "-",
                   row.reason.empty() ? "-" : first_line(row.reason)});
    }
    return table.render(style);
}

}  // namespace

int deliveries(const Context& context, const ListArgs& args) {
    std::string path = "/v1/deliveries?n=" + std::to_string(args.count);
    if (!args.app.empty()) path += "&app=" + url_escape(args.app);
    const Reply reply = ask(context, "GET", path);
    if (!reply.ok()) return fail(reply);
    if (context.json) {
        print(reply.body + "\n");
        return kDone;
    }
    const auto rows = parse_deliveries(reply.body);
    if (!rows) return fail_strange(reply);
    print(rows->empty() ? "no deliveries yet\n" : render(*rows, context.style));
    return kDone;
}

}  // namespace lastgood::cli
