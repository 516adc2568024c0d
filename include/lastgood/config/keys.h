// Every key that the config may have, by section: the one list that the parser, the editor's schema
// and its test go by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastgood::config {

enum class SectionKind {
    top,
    webhook,
    tls,
    log,
    control,
    admin,
    admin_tls,
    fleet,
    fleet_tls,
    fleet_rollout,
    app,
    auth,
    verify,
    app_webhook,
    ready,
    stop,
    crash_loop,
    restart,
    promote,
    hooks,
    status,
    notify,
    notify_slack,
    notify_discord,
    notify_teams,
    notify_matrix,
    notify_ntfy,
    notify_webhook,
    notify_email,
    repository
};

struct SectionKeys {
    SectionKind kind;
    std::string_view place;  // "apps.APP.ready"; "[]" is an entry of a list; empty for the top
    std::vector<std::string> known;  // in this version
    std::vector<std::string> later;  // of the contract, refused by name until they work
};

const std::vector<SectionKeys>& all_sections();
// Of one section, or of a repository's own file, which is no section of the config.
const SectionKeys& keys_of(SectionKind kind);

}  // namespace lastgood::config
