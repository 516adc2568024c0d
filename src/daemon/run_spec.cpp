#include "daemon/run_spec.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::daemon {
namespace {

constexpr std::size_t kEnvFileBytesMax = 1 << 20;

bool is_env_name(std::string_view name) {
    if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
    for (char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(c >= '0' && c <= '9')) return false;
    }
    return true;
}

// Quotes taken off; in double ones \n, \" and \\ are read.
std::string unquote(std::string_view value) {
    if (value.size() < 2 || value.front() != value.back() ||
        (value.front() != '"' && value.front() != '\'')) {
        return std::string(value);
    }
    const bool escapes = value.front() == '"';
    value = value.substr(1, value.size() - 2);
    if (!escapes) return std::string(value);
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\\' || i + 1 == value.size()) {
            out += value[i];
            continue;
        }
        const char next = value[++i];
        if (next == 'n') {
            out += '\n';
        } else if (next == '"' || next == '\\' || next == '$') {
            out += next;
        } else {
            out += '\\';
            out += next;
        }
    }
    return out;
}

}  // namespace

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

Expected<std::map<std::string, std::string>> parse_env_file(const std::string& path,
                                                            const std::string& content) {
    std::map<std::string, std::string> out;
    int number = 0;
    for (const auto& raw : split(content, '\n')) {
        ++number;
        std::string_view line = trim(raw);
        if (line.empty() || line.front() == '#') continue;
        if (line.starts_with("export ")) line = trim(line.substr(7));
        const auto equals = line.find('=');
        const std::string_view name = trim(line.substr(0, equals));
        if (equals == std::string_view::npos || !is_env_name(name)) {
            return Error{path + ":" + std::to_string(number) + ": not a NAME=value line",
                         "mend the line or begin it with #"};
        }
        out[std::string(name)] = unquote(trim(line.substr(equals + 1)));
    }
    return out;
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
        auto content = sys::read_file(snapshot.env_file, kEnvFileBytesMax);
        if (!content) {
            return Error{"env_file: " + content.error().what,
                         "make it readable for the user lastgood runs as, or mend env_file"};
        }
        auto parsed = parse_env_file(snapshot.env_file, *content);
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
