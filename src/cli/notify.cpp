// notify list and notify test.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "cli/answers.h"
#include "cli/daemon_api.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"
#include "lastgood/config/load.h"
#include "lastgood/forge/status.h"
#include "lastgood/notify/notifier.h"

namespace lastgood::cli {
namespace {

Cell result_of(const TargetView& row, WallTime now) {
    if (row.last_event.empty()) return "-";
    const std::string when = row.last_at ? " " + age(*row.last_at, now) : "";
    if (row.last_delivered) return {row.last_event + " told" + when, Tone::good};
    return {row.last_event + " given up" + when, Tone::bad};
}

std::string trouble_of(const TargetView& row, WallTime now) {
    if (row.waiting > 0 && row.tries > 0) {
        std::string text = std::to_string(row.tries) + " attempts: " + first_line(row.failure);
        if (row.next_try_at && *row.next_try_at > now) {
            text += ", again in " + format_duration(*row.next_try_at - now);
        }
        return text;
    }
    if (!row.last_event.empty() && !row.last_delivered) return first_line(row.last_failure);
    return "-";
}

std::string render(const std::vector<TargetView>& rows, const Style& style) {
    const WallTime now = wall_now();
    Table table({{"APP"},
                 {"TARGET"},
                 {"WAITING", true},
                 {"TOLD", true},
                 {"GIVEN UP", true},
                 {"LAST"},
                 {"TROUBLE", false, true}});
    for (const TargetView& row : rows) {
        const std::string name = row.kind.empty() ? row.target + " (gone)" : row.target;
        table.add({or_dash(row.app), printable(name), std::to_string(row.waiting),
                   std::to_string(row.delivered), std::to_string(row.given_up), result_of(row, now),
                   trouble_of(row, now)});
    }
    return table.render(style);
}

std::string own_host() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// The same one for several apps is tried once.
std::string address_of(const config::NotifyTarget& target) {
    return std::string(config::to_string(target.kind)) + '\0' + target.url + '\0' + target.room +
           '\0' + target.token + '\0' + target.secret + '\0' + join(target.to, ",") + '\0' +
           join(target.argv, " ");
}

TestedTarget tried(const std::string& app, const std::string& target, const std::string& kind,
                   const notify::Parcel& parcel) {
    const core::Sent sent = notify::deliver(parcel);
    return {app, target, kind, sent.kind == core::Sent::Kind::delivered, sent.why};
}

TestedTarget try_forge(const config::App& app) {
    const std::string name(config::kForgeTarget);
    const auto place = forge::find_place(app.webhook.provider, app.repo, app.status->api);
    if (!place) return {app.name.str(), name, name, false, place.error().text()};
    TestedTarget tested =
        tried(app.name.str(), name, name,
              notify::HttpParcel{forge::look_at_repository(*place, app.status->token),
                                 app.status->ca_file});
    if (!tested.told) tested.why += "; " + forge::status_token_hint(*place);
    return tested;
}

void show(const Context& context, const TestedTarget& tested) {
    if (context.json) return;
    std::string line =
        context.style.paint(tested.told ? Tone::good : Tone::bad, tested.told ? "OK  " : "FAIL");
    line += "  " + tested.app + "  " + tested.target;
    if (!tested.told) line += ": " + printable(tested.why, 600);
    print(line + "\n");
}

}  // namespace

int notify_list(const Context& context, const std::string& app) {
    const Reply reply =
        ask(context, "GET", "/v1/notifications" + (app.empty() ? "" : "?app=" + url_escape(app)));
    if (!reply.ok()) return fail(reply);
    if (context.json) {
        print(reply.body + "\n");
        return kDone;
    }
    const auto rows = parse_targets(reply.body);
    if (!rows) return fail_strange(reply);
    print(rows->empty() ? "nobody is told: the config has no `notify` and no `status`\n"
                        : render(*rows, context.style));
    return kDone;
}

int notify_test(const Context& context, const std::string& app) {
    const auto loaded = config::load(config_path(context));
    if (!loaded.config) return refuse(faulty(loaded.faults), kUsage);
    std::vector<TestedTarget> all;
    std::set<std::string> addresses;
    bool known = app.empty();
    std::vector<std::string> names;
    for (const config::App& one : loaded.config->apps) {
        const std::string name = one.name.str();
        names.push_back(name);
        if (!app.empty() && name != app) continue;
        known = true;
        const auto message = notify::test_message(name, own_host(), wall_now());
        for (const auto& target : one.notify) {
            if (!addresses.insert(address_of(target)).second) continue;
            all.push_back(tried(name, target.name, std::string(config::to_string(target.kind)),
                                notify::make_parcel(target, message, wall_now())));
            show(context, all.back());
        }
        if (!one.status) continue;
        all.push_back(try_forge(one));
        show(context, all.back());
    }
    if (!known) {
        return refuse(
            {"there is no app " + printable(app, 100) + " in the config" + did_you_mean(app, names),
             ""},
            kUsage);
    }
    if (context.json) print(tested_json(all) + "\n");
    if (all.empty()) {
        return refuse({"nobody is told: the config has no `notify` and no `status`",
                       "see /usr/share/doc/lastgood/notify.md"},
                      kUsage);
    }
    const bool told = std::all_of(all.begin(), all.end(), [](const auto& row) { return row.told; });
    return told ? kDone : kFailed;
}

}  // namespace lastgood::cli
