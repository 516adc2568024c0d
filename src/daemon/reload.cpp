#include "daemon/reload.h"

#include <functional>

#include "daemon/run_spec.h"

namespace lastgood::daemon {
namespace {

std::string place_of(const config::App& app) {
    std::string text;
    if (app.ports)
        text = std::to_string(app.ports->front()) + " " + std::to_string(app.ports->back());
    for (const auto& listen : app.listen) text += listen.name + "=" + listen.text() + '\0';
    return text;
}

std::string place_of(const config::Webhook& webhook) {
    if (webhook.from_systemd) return "systemd";
    return webhook.listen ? webhook.listen->text() : std::string();
}

std::string started_with(const config::App& app) {
    std::string text = encode_snapshot(snapshot_of(app));
    const auto add = [&text](const std::string& value) { text += '\0' + value; };
    for (const auto& [name, value] : app.env) add(name + "=" + value);
    const auto number = [&](const std::optional<int>& value) {
        add(value ? std::to_string(*value) : "");
    };
    number(app.limits.nofile);
    number(app.limits.nice);
    number(app.limits.umask);
    add(app.limits.no_new_privileges ? "no_new_privileges" : "");
    for (const auto& path : app.limits.read_only_paths) add(path);
    add(app.account.user);
    add(app.account.group);
    return text;
}

bool told_alike(const config::Log& a, const config::Log& b) {
    return a.level == b.level && a.format == b.format && a.max_size == b.max_size &&
           a.keep == b.keep && a.compress == b.compress && a.journald == b.journald;
}

}  // namespace

AppChange change_of(const config::App& before, const config::App& after) {
    const bool two_slots_alike = place_of(before) == place_of(after);
    if (!two_slots_alike || before.account != after.account) return AppChange::another_place;
    const bool alike = started_with(before) == started_with(after);
    return alike ? AppChange::settings : AppChange::fresh_process;
}

std::string fingerprint(const config::App& app) {
    return std::to_string(std::hash<std::string>{}(started_with(app)));
}

std::vector<std::string> keep_for_restart(const config::Config& before, config::Config& after) {
    std::vector<std::string> kept;
    const auto keep = [&kept](const char* key, const auto& old_value, auto& new_value) {
        if (old_value == new_value) return;
        kept.emplace_back(key);
        new_value = old_value;
    };
    keep("state_dir", before.state_dir, after.state_dir);
    keep("runtime_dir", before.runtime_dir, after.runtime_dir);
    if (place_of(before.webhook) != place_of(after.webhook)) {
        kept.emplace_back("webhook.listen");
        after.webhook.listen = before.webhook.listen;
        after.webhook.from_systemd = before.webhook.from_systemd;
    }
    keep("control", before.control, after.control);
    const auto place = [](const config::Admin& admin) {
        return admin.listen ? admin.listen->text() : std::string();
    };
    if (place(before.admin) != place(after.admin)) {
        kept.emplace_back("admin.listen");
        after.admin = before.admin;
    }
    if (!told_alike(before.log, after.log)) {
        kept.emplace_back("log");
        after.log = before.log;
    }
    return kept;
}

}  // namespace lastgood::daemon
