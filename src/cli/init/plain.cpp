// Sites of plain files, Docker Compose, and scripts.
#include <array>

#include "cli/init/detect.h"
#include "cli/init/scan.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::planning {
namespace {

constexpr int kPort = 8080;
constexpr std::string_view kComposePlugin = "docker compose ";

// The host's side of the first published port: "8080:80", "127.0.0.1:8080:80", `published: 8080`.
int published_port(const std::string& compose) {
    bool inside = false;
    for (const std::string& raw : split(compose, '\n')) {
        std::string line(trim(raw));
        std::erase_if(line, [](char c) { return c == '"' || c == '\''; });
        if (line.starts_with("published:")) return port_in("port " + line.substr(10));
        if (line == "ports:") {
            inside = true;
            continue;
        }
        if (!line.starts_with('-')) {
            inside = inside && line.empty();
            continue;
        }
        if (!inside) continue;
        const auto parts = split(trim(std::string_view(line).substr(1)), ':');
        if (parts.size() < 2) continue;
        const std::string& host = parts[parts.size() - 2];
        if (!host.empty() && host.find_first_not_of("0123456789") == std::string::npos &&
            host.size() <= 5) {
            const int port = std::stoi(host);
            if (port > 0 && port <= 65535) return port;
        }
    }
    return 0;
}

}  // namespace

std::optional<Plan> find_script(const Tree& tree) {
    const std::string file =
        tree.first_of({"start.sh", "run.sh", "server.sh", "main.sh", "bin/start", "start", "run"});
    if (file.empty()) return std::nullopt;
    Plan plan;
    plan.kind = Kind::script;
    plan.found = file;
    const bool alone = tree.files.at(file).executable;
    plan.run = alone ? "exec ./" + file : "exec sh " + file;
    const std::string& text = tree.text(file);
    plan.port = port_in(text);
    if (plan.port == 0 && text.find("PORT") != std::string::npos) plan.port = kPort;
    if (plan.port == 0) {
        plan.note("run", "nothing in " + file +
                             " shows that it listens; if it does, add listen, "
                             "adopt and ready.http");
        return plan;
    }
    plan.socket = Socket::preload;
    plan.ready_path = health_path_in(text);
    plan.loopback = loopback_in(text);
    if (text.find("exec ") == std::string::npos) {
        plan.note("run", "the last command of " + file +
                             " should be `exec PROGRAM`: else the shell "
                             "gets the signals");
    }
    return plan;
}

std::optional<Plan> find_site(const Tree& tree) {
    std::string folder;
    bool there = false;
    for (const char* candidate : {"", "public/", "site/", "dist/", "docs/", "www/", "html/"}) {
        if (there || !tree.has(candidate + std::string("index.html"))) continue;
        there = true;
        folder = candidate;
    }
    Plan plan;
    plan.kind = Kind::site;
    plan.found = folder + "index.html";
    const std::string hugo = tree.first_of({"hugo.toml", "hugo.yaml", "hugo.json"});
    if (!hugo.empty() || (tree.has("config.toml") && tree.has("archetypes/default.md"))) {
        plan.found = hugo.empty() ? "config.toml" : hugo;
        plan.build = {"hugo --minify"};
        folder = "public/";
    } else if (tree.has("mkdocs.yml")) {
        plan.found = "mkdocs.yml";
        plan.build = {"mkdocs build"};
        folder = "site/";
    } else if (!there) {
        return std::nullopt;
    }
    plan.run = "exec python3 -m http.server \"$PORT\"";
    if (!folder.empty()) plan.run += " --directory " + folder.substr(0, folder.size() - 1);
    plan.run_why = "Serves files, and does nothing else. For many users put nginx in its place.";
    plan.socket = Socket::preload;
    plan.port = kPort;
    return plan;
}

std::optional<Plan> find_compose(const Tree& tree) {
    const std::string file =
        tree.first_of({"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"});
    if (file.empty()) return std::nullopt;
    Plan plan;
    plan.kind = Kind::compose;
    plan.found = file;
    // By name: else each release would be a project of its own, beside the last one's containers.
    const std::string compose = std::string(kComposePlugin) + "-p \"$LASTGOOD_APP\" ";
    plan.build = {compose + "build"};
    plan.run = "exec " + compose + "up --abort-on-container-exit --remove-orphans";
    plan.run_why =
        "In the foreground, so that a container that ends counts as a crash. The daemon's "
        "user must be of the group docker.";
    plan.stop_timeout = "30s";
    plan.ready_within = "2m";
    plan.port = published_port(tree.text(file));
    if (plan.port == 0) {
        plan.note("ready", "no published port is in " + file +
                               "; with one, ask it: { http: "
                               "\"http://127.0.0.1:8080/\", within: 2m }");
    }
    return plan;
}

void call_compose(Plan& plan, Compose there) {
    if (plan.kind != Kind::compose || there == Compose::plugin) return;
    if (there == Compose::none) {
        return plan.note("run",
                         "Docker Compose is not installed: apt install docker.io docker-compose; "
                         "where it is a program of its own then, write docker-compose here");
    }
    const auto adapt = [&](std::string& line) {
        if (const auto at = line.find(kComposePlugin); at != std::string::npos) {
            line.replace(at, kComposePlugin.size(), "docker-compose ");
        }
    };
    for (std::string& step : plan.build) adapt(step);
    adapt(plan.run);
}

}  // namespace lastgood::cli::planning
