// Go, Rust, CMake and Make: a build gives a program, and the program is run.
#include <algorithm>
#include <array>

#include "cli/init/detect.h"
#include "cli/init/scan.h"
#include "lastgood/base/strings.h"

namespace lastgood::cli::planning {
namespace {

constexpr int kPort = 8080;

std::string last_part(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

bool any_of_sources(const Tree& tree, std::initializer_list<const char*> endings,
                    std::initializer_list<const char*> words) {
    for (const char* ending : endings) {
        for (const char* word : words) {
            if (tree.any_has(ending, word)) return true;
        }
    }
    return false;
}

// How a program that links libc gets its socket, by what its sources say; and its port.
void add_listening(const Tree& tree, std::initializer_list<const char*> endings,
                   std::initializer_list<const char*> listening, Plan& plan) {
    const bool passed = any_of_sources(
        tree, endings, {"LISTEN_FDS", "sd_listen_fds", "ListenFd::from_env", "listenfd::"});
    if (!passed && !any_of_sources(tree, endings, listening)) {
        plan.note("run",
                  "nothing in the sources listens; if it does, add listen, adopt and "
                  "ready.http");
        return;
    }
    plan.socket = passed ? Socket::passed : Socket::preload;
    bool takes_port = passed;
    for (const auto& [path, file] : tree.files) {
        const bool source = std::any_of(endings.begin(), endings.end(),
                                        [&p = path](const char* one) { return p.ends_with(one); });
        if (!source) continue;
        if (plan.port == 0) plan.port = port_in(file.text);
        if (plan.loopback.empty()) plan.loopback = loopback_in(file.text);
        if (plan.ready_path == "/") plan.ready_path = health_path_in(file.text);
        takes_port = takes_port || file.text.find("\"PORT\"") != std::string::npos;
    }
    if (plan.port == 0 && !takes_port) {
        plan.note("listen",
                  "must be the port that the program binds; the sources don't show which, "
                  "nor that it takes $PORT");
    }
    if (plan.port == 0) plan.port = kPort;
}

// The folder of the package that is the program; several: the one named as the module is.
std::string go_package(const Tree& tree, const std::string& name, Plan& plan) {
    std::vector<std::string> folders;
    for (const std::string& path : tree.ending(".go", 2)) {
        const std::string& text = tree.text(path);
        if (path.ends_with("_test.go") || text.find("//go:build ignore") != std::string::npos) {
            continue;
        }
        if (!text.starts_with("package main") && text.find("\npackage main") == std::string::npos) {
            continue;
        }
        const auto slash = path.rfind('/');
        const std::string folder = slash == std::string::npos ? "." : "./" + path.substr(0, slash);
        if (folders.empty() || folders.back() != folder) folders.push_back(folder);
    }
    if (folders.empty()) return {};
    if (std::find(folders.begin(), folders.end(), ".") != folders.end()) return ".";
    const auto meant = std::find_if(folders.begin(), folders.end(), [&](const std::string& one) {
        const std::string last = last_part(one);
        return last == name || last == "server" || last == "api";
    });
    if (folders.size() > 1) {
        plan.note("build", "there are several programs: " + join(folders, ", "));
    }
    return meant == folders.end() ? folders.front() : *meant;
}

std::string go_module(const Tree& tree) {
    for (const std::string& line : split(tree.text("go.mod"), '\n')) {
        const auto words = words_of(line);
        if (words.size() < 2 || words[0] != "module") continue;
        std::string name = last_part(words[1]);
        // example.org/shop/v2 is called shop
        if (name.size() > 1 && name[0] == 'v' &&
            name.find_first_not_of("0123456789", 1) == std::string::npos) {
            name = last_part(words[1].substr(0, words[1].rfind('/')));
        }
        if (is_plain_name(name)) return name;
    }
    return "app";
}

}  // namespace

std::optional<Plan> find_go(const Tree& tree) {
    if (!tree.has("go.mod")) return std::nullopt;
    Plan plan;
    plan.kind = Kind::go;
    plan.found = "go.mod";
    const std::string name = go_module(tree);
    const std::string package = go_package(tree, name, plan);
    if (package.empty()) return plan;
    plan.build = {"go build -o bin/" + name + " " + package};
    plan.run = "exec bin/" + name;
    if (any_of_sources(tree, {".go"}, {"LISTEN_FDS", "activation.Listeners", "activation.Files"})) {
        add_listening(tree, {".go"}, {}, plan);
        plan.socket = Socket::passed;
        return plan;
    }
    if (!any_of_sources(tree, {".go"},
                        {"ListenAndServe", "net.Listen", "gin-gonic", "labstack/echo", "gofiber",
                         "http.Serve("})) {
        plan.note("run", "nothing in the sources listens; if it does, add ready.http");
        return plan;
    }
    add_listening(tree, {".go"}, {"package"}, plan);
    plan.socket = Socket::own;
    plan.run_why =
        "A Go program can't be given its port unasked, so the old release stops before "
        "the new one starts. With descriptor 3 taken (LISTEN_FDS) set `listen` instead, "
        "and no request is lost.";
    return plan;
}

std::optional<Plan> find_rust(const Tree& tree) {
    if (!tree.has("Cargo.toml")) return std::nullopt;
    const std::string& cargo = tree.text("Cargo.toml");
    Plan plan;
    plan.kind = Kind::rust;
    plan.found = "Cargo.toml";
    const bool locked = tree.has("Cargo.lock");
    plan.build = {locked ? "cargo build --release --locked" : "cargo build --release"};
    plan.cache = {{"target", "Cargo.lock"}};
    if (!locked) {
        plan.cache.clear();
        plan.note("build", "no Cargo.lock is committed, so each build may get other versions");
    }
    std::string name = toml_text(cargo, "package", "default-run");
    if (name.empty()) name = toml_text(cargo, "bin", "name");
    if (name.empty() && tree.has("src/main.rs")) name = toml_text(cargo, "package", "name");
    if (name.empty()) {
        // A workspace: the member that is a program.
        for (const std::string& main : tree.ending("/src/main.rs", 4)) {
            const std::string member =
                main.substr(0, main.size() - std::string("src/main.rs").size());
            if (name.empty()) name = toml_text(tree.text(member + "Cargo.toml"), "package", "name");
        }
    }
    if (!is_plain_name(name)) return plan;
    plan.run = "exec target/release/" + name;
    add_listening(tree, {".rs"},
                  {"TcpListener", "axum", "actix_web", "hyper", "rocket", "warp::", "tiny_http",
                   "poem", "salvo"},
                  plan);
    return plan;
}

namespace {

constexpr std::initializer_list<const char*> kSources = {".c", ".cc", ".cpp", ".cxx"};
constexpr std::initializer_list<const char*> kListening = {
    "bind(",    "listen(",    "httplib", "crow.h", "drogon",   "boost/beast", "boost/asio",
    "mongoose", "microhttpd", "evhttp",  "uWS",    "civetweb", "Pistache",    "oatpp"};

struct Executable {
    std::string folder, name;
};

// The first add_executable(NAME …) that is no test's, from the top down.
std::optional<Executable> cmake_executable(const Tree& tree) {
    auto lists = tree.ending("CMakeLists.txt", 3);
    std::stable_sort(lists.begin(), lists.end(), [](const auto& one, const auto& other) {
        return std::count(one.begin(), one.end(), '/') <
               std::count(other.begin(), other.end(), '/');
    });
    constexpr std::string_view kCall = "add_executable(";
    const auto first_word = [](std::string_view text) {
        const auto words = words_of(text.substr(0, text.find(')')));
        return words.empty() ? std::string() : words.front();
    };
    std::string project;
    const std::string& top = tree.text("CMakeLists.txt");
    if (const auto at = top.find("project("); at != std::string::npos) {
        project = first_word(std::string_view(top).substr(at + std::string("project(").size()));
    }
    for (const std::string& path : lists) {
        if (has_word(path, "test") || has_word(path, "tests") || has_word(path, "examples")) {
            continue;
        }
        const std::string& text = tree.text(path);
        for (auto at = text.find(kCall); at != std::string::npos; at = text.find(kCall, at + 1)) {
            std::string name = first_word(std::string_view(text).substr(at + kCall.size()));
            if (name == "${PROJECT_NAME}" || name == "${CMAKE_PROJECT_NAME}") name = project;
            if (!is_plain_name(name) || to_lower(name).find("test") != std::string::npos) continue;
            return Executable{path.substr(0, path.rfind('/') + 1), name};
        }
    }
    return std::nullopt;
}

// The program that the Makefile makes: by a usual variable, an -o, or the first file that `all`
// or the first rule names.
std::string made_program(const std::string& makefile) {
    for (const char* variable : {"TARGET", "PROG", "PROGRAM", "BIN", "EXE", "EXECUTABLE", "NAME"}) {
        const std::string value = make_variable(makefile, variable);
        if (!value.empty() && words_of(value).size() == 1 && value.find('$') == std::string::npos) {
            return value;
        }
    }
    for (const std::string& line : split(makefile, '\n')) {
        if (!line.starts_with("all:")) continue;
        const auto words = words_of(std::string_view(line).substr(4));
        if (!words.empty() && words[0].find('$') == std::string::npos &&
            make_recipe(makefile, words[0]).there) {
            return words[0];
        }
    }
    const auto words = words_of(makefile);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
        if (words[i] == "-o" && words[i + 1].find_first_of("$@*%") == std::string::npos &&
            !words[i + 1].ends_with(".o")) {
            return words[i + 1];
        }
    }
    return {};
}

bool is_plain_path(std::string_view path) {
    const auto parts = split(path, '/');
    return std::all_of(parts.begin(), parts.end(),
                       [](const auto& one) { return is_plain_name(one); });
}

}  // namespace

std::optional<Plan> find_cmake(const Tree& tree) {
    if (!tree.has("CMakeLists.txt")) return std::nullopt;
    Plan plan;
    plan.kind = Kind::cmake;
    plan.found = "CMakeLists.txt";
    plan.build = {"cmake -S . -B build -DCMAKE_BUILD_TYPE=Release",
                  "cmake --build build --parallel \"$(nproc)\""};
    const auto program = cmake_executable(tree);
    if (!program) return plan;
    plan.run = "exec build/" + program->folder + program->name;
    add_listening(tree, kSources, kListening, plan);
    return plan;
}

std::optional<Plan> find_make(const Tree& tree) {
    const std::string file = tree.first_of({"GNUmakefile", "makefile", "Makefile"});
    if (file.empty()) return std::nullopt;
    const std::string& makefile = tree.text(file);
    Plan plan;
    plan.kind = Kind::make;
    plan.found = file;
    plan.build = {"make"};
    const Recipe run = make_recipe(makefile, "run");
    const std::string program = made_program(makefile);
    if (run.lines.size() == 1 && is_plain_command(run.lines[0]) &&
        run.lines[0].find('$') == std::string::npos) {
        plan.run = "exec " + run.lines[0];
        plan.run_why = "What `make run` runs, without make in between.";
    } else if (run.there && !run.lines.empty()) {
        plan.run = "exec make run";
    } else if (is_plain_path(program)) {
        plan.run = "exec ./" + program;
    } else {
        return plan;
    }
    add_listening(tree, {".c", ".cc", ".cpp", ".cxx", ".rs", ".py", ".sh"}, kListening, plan);
    return plan;
}

}  // namespace lastgood::cli::planning
