#include <algorithm>
#include <filesystem>

#include "config/admin.h"
#include "config/app.h"
#include "config/fleet.h"
#include "config/notify.h"
#include "config/promote.h"
#include "config/section.h"
#include "config/source.h"
#include "config/values.h"
#include "config/webhook.h"
#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/config/load.h"

namespace lastgood::config {
namespace {

constexpr std::uint64_t kSmallest = 1024;
constexpr std::uint64_t kLogLargest = 1ULL << 40;
constexpr int kLogFilesMax = 1000;
// The config that the package brings is such a one.
constexpr char kNothingYet[] =
    "no app is configured yet; `lastgood init`, in a checkout of the project, writes the config";

// Who listens where, to find two on one address.
struct Listener {
    std::string who;
    ListenAddress address;
    Mark mark;
};

void check_listeners(Reading& reading, const std::vector<Listener>& listeners) {
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (!overlap(listeners[i].address, listeners[j].address)) continue;
            reading.fault(listeners[i].mark, listeners[i].who + ": " + listeners[i].address.text() +
                                                 " is taken by " + listeners[j].who +
                                                 "; choose another port");
            break;
        }
    }
}

void read_log(const Section& top, Log& into) {
    const auto log = top.section("log", SectionKind::log);
    if (!log) return;
    log->choice<LogLevel>("level", into.level,
                          {{"error", LogLevel::error},
                           {"warn", LogLevel::warn},
                           {"info", LogLevel::info},
                           {"http", LogLevel::http},
                           {"debug", LogLevel::debug}});
    log->choice<LogFormat>("format", into.format,
                           {{"text", LogFormat::text}, {"json", LogFormat::json}});
    log->size("max_size", into.max_size, kSmallest, kLogLargest);
    log->number("keep", into.keep, 0, kLogFilesMax);
    log->flag("compress", into.compress);
    log->flag("journald", into.journald);
}

void read_control(const Section& top, ControlGroups& into) {
    const auto control = top.section("control", SectionKind::control);
    if (!control) return;
    const auto names = [&control](std::string_view key, std::vector<std::string>& groups) {
        for (auto& [name, mark] : read_texts(*control, key)) groups.push_back(std::move(name));
    };
    names("read", into.read);
    names("deploy", into.deploy);
    names("admin", into.admin);
}

std::vector<std::uint16_t> ports_of(const App& app) {
    if (!app.ports) return {};
    return {app.ports->begin(), app.ports->end()};
}

void read_apps(const Section& top, Config& config, const AppDefaults& defaults,
               std::vector<Listener>& listeners) {
    const auto* apps = top.value("apps");
    const bool told = top.has("apps") && apps == nullptr;
    if (told) return;
    if (apps != nullptr && apps->kind != YamlNode::Kind::map && !apps->faulty) {
        top.fault(
            "apps", apps->mark,
            "expected a map of the apps by their names, as NAME: { repo: REPO, run: COMMAND }");
        return;
    }
    if (apps == nullptr || apps->entries.empty()) {
        top.fault("apps", top.mark_of("apps"),
                  "names no app; at least one is needed, with `repo` and `run`");
        return;
    }
    std::map<std::string, Mark> promotions;
    for (const YamlEntry& entry : apps->entries) {
        const auto name = AppName::parse(entry.key);
        if (!name) {
            top.fault("apps", entry.mark,
                      in_quotes(entry.key) +
                          " is no name for an app; use up to 63 of a-z 0-9 _ . -, "
                          "beginning with a letter or digit");
            continue;
        }
        const std::string place = "apps." + name->str();
        if (entry.value.kind == YamlNode::Kind::null) {
            top.reading().fault(entry.mark, place + ": needs `repo` and `run`");
            continue;
        }
        const Section section(top.reading(), SectionKind::app, place, entry.value);
        if (entry.value.kind != YamlNode::Kind::map) continue;
        config.apps.push_back(read_app(section, *name, defaults));
        promotions[name->str()] = section.mark_of("promote");
        for (const std::uint16_t port : ports_of(config.apps.back())) {
            listeners.push_back(
                {place + ".ports", {"0.0.0.0", port}, section.value("ports")->mark});
        }
        for (const auto& listen : config.apps.back().listen) {
            const std::string part = listen.name.empty() ? "" : "." + listen.name;
            listeners.push_back({place + ".listen" + part, listen, section.value("listen")->mark});
        }
    }
    check_promotions(top.reading(), config, promotions);
}

void read_top(Reading& reading, const YamlNode& root, Config& config) {
    const Section top(reading, SectionKind::top, "", root);
    if (root.kind != YamlNode::Kind::map) return;
    top.path("state_dir", config.state_dir);
    top.path("runtime_dir", config.runtime_dir);
    if (config.runtime_dir.size() > limits::kRuntimeDirBytesMax) {
        top.fault("runtime_dir", top.mark_of("runtime_dir"),
                  "is longer than " + std::to_string(limits::kRuntimeDirBytesMax) +
                      " bytes, too long for the sockets in it");
    }
    std::vector<Listener> listeners;
    AppDefaults defaults;
    const Mark mark = read_webhook(top, config.webhook, defaults);
    if (config.webhook.listen)
        listeners.push_back({"webhook.listen", *config.webhook.listen, mark});
    read_log(top, config.log);
    read_control(top, config.control);
    defaults.notify = read_notify(top).value_or(std::vector<NotifyTarget>{});
    read_fleet(top, config.fleet);
    const Mark admin = read_admin(top, config.admin);
    if (config.admin.listen) listeners.push_back({"admin.listen", *config.admin.listen, admin});
    read_apps(top, config, defaults, listeners);
    check_listeners(reading, listeners);
    check_fleet_apps(top, config);
    for (const auto& app : config.apps) {
        if (!app.exit_with_app || config.apps.size() == 1) continue;
        top.fault("apps", top.mark_of("apps"),
                  "exit_with_app of " + app.name.str() + " needs that it is the only app");
    }
}

}  // namespace

std::string Fault::text() const {
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
}

Loaded parse(const std::string& path, std::string_view yaml, const Environment& environment) {
    const auto full = (std::filesystem::path(environment.current_folder) / path).lexically_normal();
    Reading reading{path, full.parent_path().string(), environment, {}};
    YamlDocument document = read_yaml(yaml);
    for (const YamlFault& found : document.faults) {
        reading.fault(found.mark, found.message == kEmptyFile ? kNothingYet : found.message);
    }

    Config config;
    config.path = full.string();
    const bool readable = document.root.kind != YamlNode::Kind::null;
    if (readable) {
        expand_variables(reading, document.root);
        read_top(reading, document.root, config);
    } else if (reading.faults.empty()) {
        reading.fault({}, kNothingYet);
    }
    config.files = std::move(reading.files);
    if (reading.faults.empty()) return {std::move(config), {}};
    std::stable_sort(reading.faults.begin(), reading.faults.end(),
                     [](const Fault& a, const Fault& b) {
                         return std::pair(a.line, a.column) < std::pair(b.line, b.column);
                     });
    return {std::nullopt, std::move(reading.faults)};
}

}  // namespace lastgood::config
