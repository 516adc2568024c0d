// Node: package.json says it all, mostly.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cli/init/detect.h"
#include "cli/init/scan.h"

namespace lastgood::cli::planning {
namespace {

using Json = nlohmann::json;

constexpr int kPort = 3000;

struct Manager {
    const char* lock;
    const char* install;
    const char* with_dev;  // for a build that runs with NODE_ENV=production
    const char* run;
};
constexpr std::array kManagers = {
    Manager{"pnpm-lock.yaml", "pnpm install --frozen-lockfile", " --prod=false", "pnpm run "},
    Manager{"yarn.lock", "yarn install --frozen-lockfile", " --production=false", "yarn run "},
    Manager{"bun.lockb", "bun install --frozen-lockfile", "", "bun run "},
    Manager{"package-lock.json", "npm ci", " --include=dev", "npm run "},
    Manager{"npm-shrinkwrap.json", "npm ci", " --include=dev", "npm run "},
};
constexpr Manager kNoLock = {"", "npm install", " --include=dev", "npm run "};

class Package {
  public:
    explicit Package(const Tree& tree)
        : tree_(tree), json_(Json::parse(tree.text("package.json"), nullptr, false)) {
        for (const Manager& manager : kManagers) {
            if (has_lock() || !tree.has(manager.lock)) continue;
            manager_ = manager;
        }
    }

    [[nodiscard]] std::string script(const char* name) const { return text_in("scripts", name); }
    [[nodiscard]] bool needs(const char* package) const {
        return !text_in("dependencies", package).empty() ||
               !text_in("devDependencies", package).empty();
    }
    [[nodiscard]] std::string main() const {
        return json_.is_object() && json_.contains("main") && json_["main"].is_string()
                   ? json_["main"].get<std::string>()
                   : "";
    }
    [[nodiscard]] bool has_lock() const { return manager_.lock[0] != '\0'; }
    [[nodiscard]] std::string found() const {
        return has_lock() ? std::string("package.json, ") + manager_.lock : "package.json";
    }
    void add_build(Plan& plan, bool production) const;

  private:
    [[nodiscard]] std::string text_in(const char* section, const char* name) const {
        if (!json_.is_object() || !json_.contains(section)) return {};
        const Json& in = json_[section];
        if (!in.is_object() || !in.contains(name) || !in[name].is_string()) return {};
        return in[name].get<std::string>();
    }
    [[nodiscard]] bool needs_any() const {
        for (const char* section : {"dependencies", "devDependencies", "optionalDependencies"}) {
            if (json_.is_object() && json_.contains(section) && !json_[section].empty())
                return true;
        }
        return false;
    }

    const Tree& tree_;
    Json json_;
    Manager manager_ = kNoLock;
};

void Package::add_build(Plan& plan, bool production) const {
    const bool builds = !script("build").empty();
    if (needs_any() || has_lock()) {
        std::string install = manager_.install;
        if (manager_.run == std::string("yarn run ") && tree_.has(".yarnrc.yml")) {
            install = "yarn install --immutable";
        } else if (builds && production) {
            install += manager_.with_dev;
        }
        if (has_lock()) {
            plan.build_why = "node_modules is carried on as long as the lock file is the same.";
            install = "[ -d node_modules ] || " + install;
            plan.cache = {{"node_modules", ""}};
        } else {
            plan.note("build", "no lock file is committed, so each build may get other versions");
        }
        plan.build.push_back(install);
    }
    if (builds) plan.build.push_back(manager_.run + std::string("build"));
}

// Programs that are no package's own.
bool is_of_system(const std::string& program) {
    constexpr std::array kPrograms = {"node", "npm",  "npx",    "yarn",   "pnpm", "bun",
                                      "deno", "sh",   "bash",   "env",    "make", "python3",
                                      "php",  "ruby", "python", "docker", "exec"};
    return program.find('/') != std::string::npos ||
           std::any_of(kPrograms.begin(), kPrograms.end(),
                       [&](const char* one) { return program == one; });
}

// What serves files while they are written, and is not meant for users.
bool is_dev_server(const std::string& start) {
    constexpr std::array kStarts = {"vite",
                                    "react-scripts start",
                                    "astro dev",
                                    "gatsby dev",
                                    "ng serve",
                                    "vue-cli-service serve",
                                    "parcel",
                                    "webpack serve",
                                    "webpack-dev-server",
                                    "eleventy",
                                    "docusaurus start",
                                    "vitepress dev",
                                    "npx vite",
                                    "astro preview",
                                    "npx serve",
                                    "npx eleventy"};
    return std::any_of(kStarts.begin(), kStarts.end(),
                       [&](const char* one) { return start.starts_with(one); });
}

// The program itself, so that signals reach it and not npm. Empty: only npm can do it.
std::string direct_command(const std::string& start) {
    if (!is_plain_command(start)) return {};
    std::vector<std::string> words = words_of(start);
    std::string before;
    while (!words.empty() && (words[0].find('=') != std::string::npos || words[0] == "cross-env")) {
        if (words[0] != "cross-env") before += words[0] + " ";
        words.erase(words.begin());
    }
    if (words.empty() || words[0] == "cd") return {};
    std::string command = before.empty() ? "exec " : "exec env " + before;
    if (!is_of_system(words[0])) command += "node_modules/.bin/";
    for (std::size_t i = 0; i < words.size(); ++i) command += (i == 0 ? "" : " ") + words[i];
    return command;
}

// The file that a command of node runs, for what its text tells.
std::string entry_of(const Tree& tree, const std::string& command) {
    for (std::string word : words_of(command)) {
        if (word.starts_with("./")) word = word.substr(2);
        for (const char* ending : {"", ".js", "/index.js"}) {
            if (!tree.text(word + ending).empty()) return word + ending;
        }
    }
    return tree.first_of({"server.js", "index.js", "app.js", "src/server.js", "src/index.js",
                          "server.mjs", "src/server.ts", "src/index.ts", "src/main.ts"});
}

// Frameworks whose build gives a program, with no start script made for it.
std::string framework_program(const Package& package) {
    if (package.needs("nuxt")) return ".output/server/index.mjs";
    if (package.needs("@sveltejs/adapter-node")) return "build";
    if (package.needs("@astrojs/node")) return "dist/server/entry.mjs";
    return {};
}

std::string find_run(const Tree& tree, const Package& package, Plan& plan) {
    const std::string start = package.script("start");
    if (!start.empty() && !is_dev_server(start)) {
        const std::string direct = direct_command(start);
        const bool alone = package.script("prestart").empty();
        if (!direct.empty() && alone) {
            plan.run_why = "What `npm start` runs, without npm in between.";
            return direct;
        }
        return "exec npm start";
    }
    if (const std::string program = framework_program(package); !program.empty()) {
        return "exec node " + program;
    }
    if (!start.empty()) return {};
    std::string entry = package.main();
    if (entry.starts_with("./")) entry = entry.substr(2);
    // A package with `main` may be a library: then nothing in it listens.
    if (!tree.has(entry) || tree.text(entry).find("listen(") == std::string::npos) {
        entry = tree.first_of({"server.js", "app.js", "index.js", "main.js", "src/server.js"});
        if (tree.text(entry).find("listen(") == std::string::npos) return {};
    }
    return "exec node " + entry;
}

bool listens(const Tree& tree, const Package& package, const std::string& entry) {
    for (const char* server : {"next", "nuxt", "express", "fastify", "koa", "@nestjs/core", "hono",
                               "@hapi/hapi", "@astrojs/node", "@sveltejs/adapter-node",
                               "@remix-run/serve", "polka", "restify", "socket.io", "ws"}) {
        if (package.needs(server)) return true;
    }
    const std::string& text = tree.text(entry);
    return text.find("listen(") != std::string::npos ||
           text.find("createServer(") != std::string::npos ||
           text.find("serve(") != std::string::npos;
}

}  // namespace

std::optional<Plan> find_node(const Tree& tree) {
    const Package package(tree);
    Plan plan;
    plan.kind = Kind::node;
    plan.run = find_run(tree, package, plan);
    if (!tree.has("package.json")) {
        if (plan.run.empty()) return std::nullopt;
        plan.found = plan.run.substr(std::string("exec node ").size());
    } else {
        plan.found = package.found();
    }
    plan.env = {{"NODE_ENV", "production"}};
    package.add_build(plan, true);
    if (plan.run.empty()) return plan;
    const std::string entry = entry_of(tree, plan.run);
    const std::string& text = tree.text(entry);
    if (!listens(tree, package, entry)) {
        plan.note("run", "nothing in it listens; if it does, add listen, adopt and ready.http");
        return plan;
    }
    plan.socket = text.find("LISTEN_FDS") != std::string::npos ? Socket::passed : Socket::preload;
    plan.port = port_in(text);
    plan.loopback = loopback_in(package.script("start") + "\n" + text);
    if (plan.port == 0) plan.port = kPort;
    if (!text.empty() && port_in(text) == 0 && text.find("PORT") == std::string::npos) {
        plan.note("listen", "must be the port that the program binds; " + entry +
                                " doesn't show which, nor that it takes $PORT");
    }
    plan.ready_path = health_path_in(text);
    for (const char* watcher : {"nodemon", "ts-node-dev", "tsx watch"}) {
        if (plan.run.find(watcher) != std::string::npos) {
            plan.note("run", std::string(watcher) + " is for writing code: run the program itself");
        }
    }
    return plan;
}

namespace {

// Where the site's builder writes it to; empty: none that is known.
std::string output_folder(const Package& package) {
    struct Output {
        const char* package;
        const char* folder;
    };
    constexpr std::array kOutputs = {Output{"react-scripts", "build"},
                                     Output{"@docusaurus/core", "build"},
                                     Output{"gatsby", "public"},
                                     Output{"@11ty/eleventy", "_site"},
                                     Output{"vitepress", ".vitepress/dist"},
                                     Output{"hexo", "public"},
                                     Output{"@vue/cli-service", "dist"},
                                     Output{"astro", "dist"},
                                     Output{"parcel", "dist"},
                                     Output{"vite", "dist"}};
    for (const Output& output : kOutputs) {
        if (package.needs(output.package)) return output.folder;
    }
    return {};
}

}  // namespace

std::optional<Plan> find_built_site(const Tree& tree) {
    return output_folder(Package(tree)).empty() ? std::nullopt : find_node_site(tree);
}

std::optional<Plan> find_node_site(const Tree& tree) {
    const Package package(tree);
    if (package.script("build").empty()) return std::nullopt;
    Plan plan;
    plan.kind = Kind::site;
    plan.found = package.found();
    package.add_build(plan, false);
    std::string folder = output_folder(package);
    if (folder.empty()) {
        folder = "dist";
        plan.note("run", "dist must be the folder that the build writes the site to");
    }
    plan.run = "exec python3 -m http.server \"$PORT\" --directory " + folder;
    plan.run_why = "Serves files, and does nothing else. For many users put nginx in its place.";
    plan.socket = Socket::preload;
    plan.port = 8080;
    return plan;
}

}  // namespace lastgood::cli::planning
