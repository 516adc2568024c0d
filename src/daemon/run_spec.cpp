#include "daemon/run_spec.h"

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "lastgood/config/env_file.h"

namespace lastgood::daemon {

RunSnapshot snapshot_of(const config::App& app) {
    RunSnapshot snapshot{app.run.argv, app.workdir, app.env_file, {}, app.preload};
    for (const auto& [name, value] : app.env) snapshot.env_names.push_back(name);
    return snapshot;
}

std::string encode_snapshot(const RunSnapshot& snapshot) {
    nlohmann::json json = {{"argv", snapshot.argv},
                           {"workdir", snapshot.workdir},
                           {"env_file", snapshot.env_file},
                           {"env", snapshot.env_names}};
    if (snapshot.preload) json["adopt"] = "preload";
    if (!snapshot.previous.empty()) json["previous"] = snapshot.previous;
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Expected<RunSnapshot> decode_snapshot(const std::string& text) {
    try {
        const auto json = nlohmann::json::parse(text);
        RunSnapshot snapshot{json.at("argv").get<std::vector<std::string>>(),
                             json.at("workdir").get<std::string>(),
                             json.at("env_file").get<std::string>(),
                             json.at("env").get<std::vector<std::string>>(),
                             json.value("adopt", "") == "preload",
                             json.value("previous", "")};
        if (snapshot.argv.empty()) return Error{"the recorded command line is empty", {}};
        return snapshot;
    } catch (const std::exception& failure) {
        return Error{std::string("the recorded command line can't be read: ") + failure.what(), {}};
    }
}

std::string previous_of(store::Journal& journal, const AppName& app, const CommitId& commit) {
    auto row = journal.release(app, commit);
    if (!row || !*row || (*row)->run_spec.empty()) return {};
    auto ran = decode_snapshot((*row)->run_spec);
    return ran ? std::move(ran->previous) : std::string();
}

Occasion occasion_of(store::Journal& journal, const AppName& app, const CommitId& commit,
                     std::string previous, std::string release) {
    Occasion occasion{commit.hex(), std::move(previous), std::move(release), ""};
    if (auto row = journal.newest_of(app, commit); row && *row) occasion.trigger = (*row)->trigger;
    return occasion;
}

Expected<std::vector<std::string>> environment(const config::App& app, const RunSnapshot& snapshot,
                                               const Occasion& occasion,
                                               const std::optional<sys::Identity>& as) {
    std::map<std::string, std::string> env;
    for (const char* name : {"PATH", "HOME", "LANG", "TZ"}) {
        if (const char* value = std::getenv(name)) env[name] = value;
    }
    if (!env.contains("PATH")) env["PATH"] = "/usr/local/bin:/usr/bin:/bin";
    if (as) {
        env["HOME"] = as->home;
        env["USER"] = env["LOGNAME"] = as->name;
        env["SHELL"] = as->shell;
    }
    if (!snapshot.env_file.empty()) {
        auto parsed = config::read_env_file(snapshot.env_file);
        if (!parsed) return parsed.error();
        for (auto& [name, value] : *parsed) env[name] = std::move(value);
    }
    for (const auto& name : snapshot.env_names) {
        const auto found = app.env.find(name);
        if (found != app.env.end()) env[name] = found->second;
    }
    env["LASTGOOD_APP"] = app.name.str();
    env["LASTGOOD_BRANCH"] = app.followed.name();
    env["LASTGOOD_COMMIT"] = occasion.commit;
    env["LASTGOOD_PREVIOUS_COMMIT"] = occasion.previous;
    env["LASTGOOD_RELEASE"] = occasion.release;
    env["LASTGOOD_TRIGGER"] = occasion.trigger;
    std::vector<std::string> out;
    out.reserve(env.size());
    for (const auto& [name, value] : env) out.push_back(name + "=" + value);
    return out;
}

}  // namespace lastgood::daemon
