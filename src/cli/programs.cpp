#include "cli/programs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "lastgood/base/strings.h"

namespace lastgood::cli {
namespace {

// What a shell does itself: no program has to be there for it.
constexpr std::string_view kShells[] = {
    ".",        "[",     "{",     "!",      ":",    "alias", "break",  "case", "cd",   "command",
    "continue", "do",    "done",  "echo",   "elif", "else",  "esac",   "eval", "exit", "export",
    "false",    "fi",    "for",   "if",     "kill", "local", "printf", "pwd",  "read", "readonly",
    "return",   "set",   "shift", "source", "test", "then",  "time",   "trap", "true", "type",
    "ulimit",   "umask", "unset", "until",  "wait", "while"};

bool is_assignment(std::string_view word) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    return std::all_of(
        word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals),
        [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

// Where the package isn't named as the program.
constexpr std::pair<std::string_view, std::string_view> kPackages[] = {
    {"bundle", "bundler"},
    {"cargo", "cargo"},
    {"cmake", "cmake"},
    {"composer", "composer"},
    {"docker", "docker.io docker-compose"},
    {"g++", "build-essential"},
    {"gcc", "build-essential"},
    {"go", "golang-go"},
    {"make", "make"},
    {"node", "nodejs"},
    {"npm", "npm"},
    {"php", "php-cli"},
    {"pip", "python3-pip"},
    {"pipenv", "pipenv"},
    {"poetry", "python3-poetry"},
    {"python3", "python3 python3-venv"},
    {"rackup", "ruby-rack"},
    {"ruby", "ruby"}};

bool is_shells(std::string_view word) {
    return std::find(std::begin(kShells), std::end(kShells), word) != std::end(kShells);
}

bool is_line(const config::Command& command) {
    return command.argv.size() == 3 && command.argv[0] == "/bin/sh" && command.argv[1] == "-c" &&
           command.argv[2] == command.text;
}

// Where the next command of the line begins; the & of `2>&1` and of `&>log` begins none.
std::size_t find_operator(std::string_view line) {
    std::size_t at = line.find_first_of("&|;\n");
    while (at != std::string_view::npos && line[at] == '&') {
        const bool redirects = (at > 0 && (line[at - 1] == '>' || line[at - 1] == '<')) ||
                               (at + 1 < line.size() && line[at + 1] == '>');
        if (!redirects) break;
        at = line.find_first_of("&|;\n", at + 1);
    }
    return at;
}

// `part` has no operator of a shell but perhaps in quotes, and then it is not looked at.
std::optional<std::string> first_program(std::string_view part) {
    for (const std::string& word : split(std::string(part), ' ')) {
        if (word.empty() || word == "exec" || word == "env") continue;
        // What is quoted may hold blanks: then a word isn't one.
        if (word.find_first_of("$`\"'\\();&|<>*?[]{}~#\t") != std::string::npos) {
            return std::nullopt;
        }
        if (is_assignment(word)) continue;
        if (word.starts_with('-')) return std::nullopt;  // of env
        if (is_shells(word)) return std::nullopt;
        return word;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> program_of(const config::Command& command) {
    if (command.argv.empty()) return std::nullopt;
    if (!is_line(command)) return command.argv.front();
    for (const std::string& line : split(command.text, '\n')) {
        if (!trim(line).empty()) return first_program(line);
    }
    return std::nullopt;
}

std::vector<std::string> named_programs(const config::Command& command) {
    std::vector<std::string> found;
    const auto add = [&found](const std::optional<std::string>& program) {
        if (!program || program->find('/') != std::string::npos) return;
        if (std::find(found.begin(), found.end(), *program) == found.end()) {
            found.push_back(*program);
        }
    };
    if (!is_line(command)) {
        add(program_of(command));
        return found;
    }
    std::string_view rest = command.text;
    // An operator in quotes would be taken for one.
    if (rest.find_first_of("\"'`\\#") != std::string_view::npos) {
        add(program_of(command));
        return found;
    }
    while (!rest.empty()) {
        const std::size_t end = find_operator(rest);
        add(first_program(rest.substr(0, end)));
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    return found;
}

bool is_program(const std::string& path) {
    struct stat about {};
    return stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
           access(path.c_str(), X_OK) == 0;
}

std::string find_program(const std::string& name, std::string_view folders) {
    for (const std::string& folder : split(std::string(folders), ':')) {
        std::string path = folder + "/" + name;
        if (!folder.empty() && is_program(path)) return path;
    }
    return {};
}

std::string own_path() {
    const char* path = std::getenv("PATH");
    return path != nullptr ? path : kServicePath;
}

std::string how_to_install(std::string_view program) {
    for (const auto& [name, package] : kPackages) {
        if (name == program) return "apt install " + std::string(package);
    }
    for (const std::string_view name : {"pnpm", "yarn"}) {
        if (name == program) return "npm install --global " + std::string(name);
    }
    return "install it";
}

}  // namespace lastgood::cli
