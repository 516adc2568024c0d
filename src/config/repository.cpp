#include "lastgood/config/repository.h"

#include "config/app.h"
#include "config/command.h"
#include "config/source.h"
#include "config/values.h"

namespace lastgood::config {
namespace {

// Keys of an app that only the server may set are told as such, and what it doesn't allow.
YamlNode allowed_part(Reading& reading, YamlNode root, const RepositoryRules& rules) {
    const auto& known = keys_of(SectionKind::repository).known;
    const auto& servers = keys_of(SectionKind::app);
    std::erase_if(root.entries, [&](const YamlEntry& entry) {
        if (contains(known, entry.key)) {
            if (rules.allows(entry.key)) return false;
            reading.fault(entry.mark, entry.key +
                                          ": the server's config doesn't let the repository set it "
                                          "(allow_repo_config); remove it here, or add it there");
            return true;
        }
        if (!contains(servers.known, entry.key) && !contains(servers.later, entry.key))
            return false;
        reading.fault(entry.mark, entry.key + ": belongs into the server's config; here may be " +
                                      join(known, ", "));
        return true;
    });
    return root;
}

void read_settings(const Section& file, const RepositoryRules& rules, RepositorySettings& into) {
    if (file.has("build")) read_commands(file, "build", into.build.emplace());
    if (file.has("run")) read_command(file, "run", into.run.emplace());
    if (file.has("ready")) {
        into.ready = read_ready(file, rules.listens);
        if (into.ready->kind == Ready::Kind::http && !into.ready->host.empty()) {
            file.fault("ready", file.mark_of("ready"),
                       "a full address belongs into the server's config; here may be a path");
        }
    }
    if (file.has("cache")) read_cache(file, rules.root, into.cache.emplace());
    if (file.has("paths")) read_paths(file, into.paths.emplace());
    if (file.has("hooks")) into.hooks = read_hooks(file);
}

}  // namespace

bool RepositoryRules::allows(std::string_view key) const {
    return contains(keys, key);
}

std::string repository_file(const RepositoryRules& rules) {
    return *read_workdir(rules.root + "/lastgood.yaml");
}

LoadedRepository read_repository(std::string_view yaml, const RepositoryRules& rules) {
    const Environment nothing{};
    Reading reading{repository_file(rules), "/", nothing, {}};
    const YamlDocument document = read_yaml(yaml);
    for (const YamlFault& found : document.faults) reading.fault(found.mark, found.message);
    LoadedRepository loaded;
    if (document.root.kind != YamlNode::Kind::null) {
        const YamlNode root = allowed_part(reading, document.root, rules);
        const Section file(reading, SectionKind::repository, "", root);
        if (root.kind == YamlNode::Kind::map) read_settings(file, rules, loaded.settings);
    }
    loaded.faults = std::move(reading.faults);
    return loaded;
}

App with_repository(App app, const RepositorySettings& settings) {
    const RepositoryRules& rules = app.repository;
    const auto take = [&](std::string_view key, const auto& from, auto& into) {
        if (from && rules.allows(key)) into = *from;
    };
    take("build", settings.build, app.build);
    take("run", settings.run, app.run);
    take("ready", settings.ready, app.ready);
    take("cache", settings.cache, app.cache);
    take("paths", settings.paths, app.paths);
    take("hooks", settings.hooks, app.hooks);
    return app;
}

}  // namespace lastgood::config
