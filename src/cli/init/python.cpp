// Python: Django, WSGI and ASGI apps, and programs. What it needs goes into a venv inside the
// release, and is called by the venv's python: the scripts in .venv/bin name the folder that they
// were made in, and a carried venv is in another one.
#include <algorithm>
#include <array>

#include "cli/init/detect.h"
#include "cli/init/scan.h"

namespace lastgood::cli::planning {
namespace {

constexpr int kPort = 8000;
constexpr std::initializer_list<const char*> kEntries = {
    "app.py",     "main.py",     "server.py",       "wsgi.py",        "asgi.py",
    "run.py",     "app/main.py", "app/__init__.py", "src/main.py",    "api/main.py",
    "app/app.py", "src/app.py",  "application.py",  "app/__main__.py"};

bool needs(const Tree& tree, std::string_view package) {
    for (const char* file : {"requirements.txt", "requirements/production.txt",
                             "requirements/prod.txt", "pyproject.toml", "Pipfile", "setup.py"}) {
        if (has_word(tree.text(file), package)) return true;
    }
    return false;
}

// How the venv is filled. Nothing: the project needs none.
bool add_build(const Tree& tree, Plan& plan) {
    const std::string& project = tree.text("pyproject.toml");
    const bool is_package = project.find("[project]") != std::string::npos ||
                            project.find("[build-system]") != std::string::npos;
    const auto by = [&plan](std::string file, std::vector<std::string> steps) {
        plan.found = file;
        plan.build = std::move(steps);
        plan.cache = {{".venv", ""}};
    };
    const std::string venv = "python3 -m venv .venv";
    if (tree.has("uv.lock")) {
        by("uv.lock", {"uv sync --frozen --no-dev"});
    } else if (tree.has("poetry.lock")) {
        by("poetry.lock", {"POETRY_VIRTUALENVS_IN_PROJECT=1 poetry install --only main"});
    } else if (tree.has("Pipfile.lock")) {
        by("Pipfile.lock", {"PIPENV_VENV_IN_PROJECT=1 pipenv sync"});
    } else if (tree.has("requirements.txt")) {
        by("requirements.txt", {venv, ".venv/bin/python -m pip install -q -r requirements.txt"});
    } else if (is_package) {
        by("pyproject.toml", {venv, ".venv/bin/python -m pip install -q ."});
        plan.cache = {{".venv", "pyproject.toml"}};
    } else {
        return false;
    }
    plan.build_why = "The venv is carried on as long as " + plan.found + " is the same.";
    return true;
}

std::string module_of(std::string path) {
    path = path.substr(0, path.size() - std::string(".py").size());
    std::replace(path.begin(), path.end(), '/', '.');
    constexpr std::string_view kPackage = ".__init__";
    if (path.ends_with(kPackage)) path.resize(path.size() - kPackage.size());
    return path;
}

struct WebApp {
    std::string file, name;
    bool async = false;
    [[nodiscard]] std::string spec() const { return module_of(file) + ":" + name; }
};

std::optional<WebApp> find_web_app(const Tree& tree) {
    for (const char* file : kEntries) {
        for (const char* mark : {"FastAPI(", "Starlette(", "Quart(", "Litestar(", "Sanic("}) {
            const std::string name = assigned_name(tree.text(file), mark);
            if (!name.empty()) return WebApp{file, name, true};
        }
        for (const char* mark : {"Flask(", "Bottle(", "falcon.App(", "create_app("}) {
            const std::string name = assigned_name(tree.text(file), mark);
            if (!name.empty()) return WebApp{file, name, false};
        }
        if (tree.text(file).find("\ndef application(") != std::string::npos ||
            tree.text(file).starts_with("def application(")) {
            return WebApp{file, "application", false};
        }
        if (tree.text(file).find("\ndef app(environ") != std::string::npos) {
            return WebApp{file, "app", false};
        }
    }
    return std::nullopt;
}

constexpr const char* kBind = "0.0.0.0:\"$PORT\"";

std::string served(const Tree& tree, const std::string& python, const std::string& spec,
                   bool async) {
    if (needs(tree, "uvicorn") || needs(tree, "fastapi[standard]")) {
        if (async) return python + " -m uvicorn --host 0.0.0.0 --port \"$PORT\" " + spec;
    }
    if (needs(tree, "gunicorn")) {
        const std::string worker = async ? " -k uvicorn.workers.UvicornWorker" : "";
        return python + " -m gunicorn --bind " + kBind + worker + " " + spec;
    }
    if (needs(tree, "waitress") && !async) {
        return python + " -m waitress --port=\"$PORT\" " + spec;
    }
    if (needs(tree, "hypercorn")) return python + " -m hypercorn --bind " + kBind + " " + spec;
    return {};
}

void run_django(const Tree& tree, const std::string& python, Plan& plan) {
    const auto settle = [&](const char* ending, bool async) {
        const auto files = tree.ending(ending, 2);
        if (!files.empty() && plan.run.empty()) {
            plan.run = served(tree, python, module_of(files.front()) + ":application", async);
            if (!plan.run.empty()) plan.run = "exec " + plan.run;
        }
    };
    settle("/wsgi.py", false);
    if (plan.run.empty()) settle("/asgi.py", true);
    if (plan.run.empty()) {
        plan.run = "exec " + python + " manage.py runserver --noreload 0.0.0.0:\"$PORT\"";
        plan.note("run",
                  "Django's own server is for writing code: require gunicorn, and run "
                  "python -m gunicorn PROJECT.wsgi");
    }
    if (tree.any_has("settings.py", "STATIC_ROOT")) {
        plan.build.push_back(python + " manage.py collectstatic --noinput");
    }
    plan.before_switch = {python + " manage.py migrate --noinput"};
    plan.note("ready",
              "Django answers 400 to a host that ALLOWED_HOSTS doesn't name: it must have "
              "127.0.0.1, which is asked");
}

// What is started as it is: a file, or a package with a __main__.py.
std::string program(const Tree& tree, std::string& entry) {
    entry = tree.first_of({"app.py", "main.py", "server.py", "run.py", "application.py", "bot.py",
                           "worker.py", "src/main.py", "src/app.py"});
    if (!entry.empty()) return entry;
    for (const std::string& file : tree.ending("/__main__.py", 1)) {
        entry = file;
        return "-m " + file.substr(0, file.find('/'));
    }
    return {};
}

bool listens(const std::string& text) {
    for (const char* word :
         {"http.server", "HTTPServer", "socketserver", "start_server", "create_server", "app.run(",
          "uvicorn.run(", "run_app(", "serve(", ".bind(", "make_server(", ".listen("}) {
        if (text.find(word) != std::string::npos) return true;
    }
    return false;
}

void run_program(const Tree& tree, const std::string& python, Plan& plan) {
    std::string entry;
    const std::string started = program(tree, entry);
    if (started.empty()) return;
    plan.run = "exec " + python + " " + started;
    if (plan.found.empty()) plan.found = entry;
    const std::string& text = tree.text(entry);
    plan.ready_path = health_path_in(text);
    if (!listens(text)) {
        plan.note("run", "nothing in " + entry +
                             " listens; if it does, add listen, adopt and "
                             "ready.http");
        return;
    }
    plan.socket = text.find("LISTEN_FDS") != std::string::npos ? Socket::passed : Socket::preload;
    plan.port = port_in(text);
    plan.loopback = loopback_in(text);
    if (plan.port == 0 && text.find("PORT") == std::string::npos) {
        plan.note("listen", "must be the port that the program binds; " + entry +
                                " doesn't show which, nor that it takes $PORT");
    }
    if (plan.port == 0) plan.port = kPort;
}

}  // namespace

std::optional<Plan> find_python(const Tree& tree) {
    Plan plan;
    plan.kind = Kind::python;
    const std::string python = add_build(tree, plan) ? ".venv/bin/python" : "python3";
    plan.env = {{"PYTHONUNBUFFERED", "1"}};  // else the output comes when a buffer is full
    if (tree.has("manage.py")) {
        plan.found = plan.found.empty() ? "manage.py" : "manage.py, " + plan.found;
        plan.socket = Socket::preload;
        plan.port = kPort;
        run_django(tree, python, plan);
        return plan;
    }
    if (const auto app = find_web_app(tree)) {
        const std::string command = served(tree, python, app->spec(), app->async);
        const bool starts_itself = listens(tree.text(app->file));
        if (!command.empty() || (needs(tree, "flask") && !starts_itself)) {
            plan.found += (plan.found.empty() ? "" : ", ") + app->file;
            plan.run =
                "exec " + (command.empty() ? python + " -m flask --app " + module_of(app->file) +
                                                 " run --host 0.0.0.0 --port \"$PORT\""
                                           : command);
            if (command.empty()) {
                plan.note("run",
                          "Flask's own server is for writing code: require gunicorn, and "
                          "run python -m gunicorn");
            }
            plan.socket = Socket::preload;
            plan.port = kPort;
            plan.ready_path = health_path_in(tree.text(app->file));
            plan.loopback = loopback_in(tree.text(app->file));
            return plan;
        }
    }
    run_program(tree, python, plan);
    if (plan.run.empty() && plan.build.empty()) return std::nullopt;
    return plan;
}

}  // namespace lastgood::cli::planning
