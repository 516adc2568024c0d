#include "cli/init/detect.h"

#include <algorithm>
#include <array>

#include "cli/init/scan.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::planning {
namespace {

constexpr int kPort = 8080;

// The lines of the Procfile: name and command.
std::vector<std::pair<std::string, std::string>> procfile(const Tree& tree) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const std::string& line : split(tree.text("Procfile"), '\n')) {
        const auto colon = line.find(':');
        if (colon == std::string::npos || line.starts_with('#')) continue;
        lines.emplace_back(trim(std::string_view(line).substr(0, colon)),
                           trim(std::string_view(line).substr(colon + 1)));
    }
    return lines;
}

std::string procfile_line(const Tree& tree, std::string_view name) {
    for (const auto& [found, command] : procfile(tree)) {
        if (found == name) return command;
    }
    return {};
}

bool has_venv(const Plan& plan) {
    return !plan.cache.empty() && plan.cache.front().first == ".venv";
}

// A Procfile counts on programs of the project being in PATH; here they are called by their place.
std::string called_by_place(const std::string& program, const Tree& tree, const Plan& plan) {
    if (program.find('/') != std::string::npos) return program;
    if (plan.kind == Kind::python && has_venv(plan)) {
        if (program == "python" || program == "python3") return ".venv/bin/python";
        for (const char* module : {"gunicorn", "uvicorn", "hypercorn", "flask", "celery"}) {
            if (program == module) return ".venv/bin/python -m " + program;
        }
        return ".venv/bin/python .venv/bin/" + program;
    }
    const std::string& package = tree.text("package.json");
    if (plan.kind == Kind::node && package.find("\"" + program + "\"") != std::string::npos) {
        return "node_modules/.bin/" + program;
    }
    return program;
}

std::string adapted(const std::string& line, const Tree& tree, const Plan& plan, bool exec) {
    if (!is_plain_command(line)) return line;
    auto words = words_of(line);
    std::string command = exec ? "exec " : "";
    if (words.front().find('=') != std::string::npos) command += "env ";
    for (bool before = true; const std::string& word : words) {
        const bool program = before && word.find('=') == std::string::npos;
        if (program) before = false;
        command += (program ? called_by_place(word, tree, plan) : word) + " ";
    }
    command.pop_back();
    return command;
}

// The line is what the project's own people run; what it needs is built as found.
void apply_procfile(const Tree& tree, Plan& plan) {
    const std::string web = procfile_line(tree, "web");
    if (web.empty()) return;
    const bool same = plan.kind == Kind::node && (web == "npm start" || web == "npm run start");
    if (same && !plan.run.empty()) return;
    plan.found = plan.found.empty() ? "Procfile" : "Procfile, " + plan.found;
    std::erase_if(plan.notes,
                  [](const Note& note) { return note.key == "run" || note.key == "listen"; });
    plan.run = adapted(web, tree, plan, true);
    plan.run_why = "The line `web` of the Procfile.";
    if (plan.port == 0) plan.port = kPort;
    // What the line says counts more than what is in the program.
    const bool on_all = web.find("0.0.0.0") != std::string::npos;
    if (std::string told = loopback_in(web); on_all || !told.empty()) {
        plan.loopback = std::move(told);
    }
    if (plan.socket == Socket::own && plan.kind != Kind::go && plan.kind != Kind::compose) {
        plan.socket = Socket::preload;
    }
    const std::string release = procfile_line(tree, "release");
    if (!release.empty()) plan.before_switch = {adapted(release, tree, plan, false)};
}

Plan nothing_found() {
    Plan plan;
    plan.kind = Kind::script;
    plan.run = "exec ./start.sh";
    plan.note("run",
              "nothing here tells how the project is run: write the command, and `build` "
              "where it needs one");
    return plan;
}

// What stands beside the kind that was chosen, and isn't run.
void note_the_rest(const Tree& tree, Plan& plan) {
    if (plan.kind != Kind::node && plan.kind != Kind::site &&
        has_word(tree.text("package.json"), "build")) {
        plan.note("build",
                  "package.json has a build, too: if its files are served, add the install "
                  "(npm ci) and npm run build");
    }
    const std::string compose =
        tree.first_of({"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"});
    if (plan.kind != Kind::compose && !compose.empty()) {
        plan.note("run", compose +
                             " is not started: what the app needs of it (a database) must "
                             "run already");
    }
    for (const auto& [name, command] : procfile(tree)) {
        if (name.empty() || name == "web" || name == "release") continue;
        plan.note("run", "Procfile also has " + printable(name, 40) + ": " +
                             printable(command, 100) +
                             "; it isn't run by this app, give it an app of its own");
    }
}

// A .env holds what must not be in the repository, so no release has it.
void note_env_file(const Tree& tree, Plan& plan) {
    const std::string put =
        "put its variables into a file that only the daemon can read, and name that by env_file";
    const std::string example =
        tree.first_of({".env.example", ".env.sample", ".env.dist", ".env.template"});
    if (!example.empty()) {
        return plan.note("env_file",
                         "the project reads a .env, as " + example + " shows it: " + put);
    }
    for (const std::string& line : split(tree.text(".gitignore"), '\n')) {
        const auto ignored = trim(line);
        if (ignored != ".env" && ignored != "/.env" && ignored != ".env*" && ignored != "*.env") {
            continue;
        }
        return plan.note("env_file",
                         "git ignores a .env here (.gitignore): if the program reads one, " + put);
    }
}

}  // namespace

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::node:
            return "Node";
        case Kind::python:
            return "Python";
        case Kind::go:
            return "Go";
        case Kind::rust:
            return "Rust";
        case Kind::ruby:
            return "Ruby";
        case Kind::php:
            return "PHP";
        case Kind::cmake:
            return "CMake";
        case Kind::make:
            return "Make";
        case Kind::site:
            return "static site";
        case Kind::compose:
            return "Docker Compose";
        case Kind::script:
            return "plain script";
    }
    return "";
}

Plan detect(const Tree& tree) {
    constexpr std::array kLooks = {
        find_node, find_python, find_ruby,    find_php,        find_go,   find_rust,     find_cmake,
        find_make, find_script, find_compose, find_built_site, find_site, find_node_site};
    std::optional<Plan> chosen;
    std::optional<Plan> unsure;
    // Of these a package.json with a start script is the front end's.
    const bool framework =
        !tree.first_of({"manage.py", "artisan", "config/application.rb"}).empty();
    for (const auto& look : kLooks) {
        if (framework && look == find_node) continue;
        auto plan = look(tree);
        if (!plan) continue;
        if (!plan->run.empty()) {
            chosen = std::move(plan);
            break;
        }
        if (!unsure) unsure = std::move(plan);
    }
    // With a Procfile it is enough to know how to build.
    const bool by_procfile = !procfile_line(tree, "web").empty();
    if (by_procfile && unsure && (!chosen || chosen->kind == Kind::compose)) chosen = unsure;
    if (!chosen && unsure) {
        chosen = std::move(unsure);
        if (!by_procfile) {
            chosen->run = nothing_found().run;
            chosen->notes.insert(chosen->notes.begin(), nothing_found().notes.front());
        }
    }
    Plan plan = chosen ? *std::move(chosen) : nothing_found();
    apply_procfile(tree, plan);
    note_the_rest(tree, plan);
    if (!tree.has(".env")) note_env_file(tree, plan);
    return plan;
}

}  // namespace lastgood::cli::planning
