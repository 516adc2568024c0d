#include "cli/init/scan.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "lastgood/base/strings.h"

namespace lastgood::cli::planning {
namespace {

bool is_letter_or_digit(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}
bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_of_word(char c) {
    return is_letter_or_digit(c) || c == '_' || c == '-';
}

// Where a number's line so far says that it is a port.
bool says_port(std::string_view before) {
    if (before.ends_with(':') && before.size() > 1) {
        const char last = before[before.size() - 2];
        if (last == '"' || last == '\'' || last == ']' || last == '*' || is_digit(last)) {
            return true;
        }
    }
    constexpr std::size_t kNear = 40;
    if (before.size() > kNear) before.remove_prefix(before.size() - kNear);
    const std::string lower = to_lower(before);
    return lower.find("port") != std::string::npos || lower.find("listen") != std::string::npos ||
           lower.find("bind") != std::string::npos;
}

bool is_of_others(int port) {
    constexpr std::array kDatabases = {1433, 3306, 5432, 5672, 6379, 9092, 9200, 11211, 27017};
    return std::find(kDatabases.begin(), kDatabases.end(), port) != kDatabases.end();
}

int port_in_line(std::string_view line) {
    for (std::size_t i = 0; i < line.size();) {
        if (!is_digit(line[i])) {
            ++i;
            continue;
        }
        std::size_t end = i;
        int number = 0;
        while (end < line.size() && is_digit(line[end])) {
            if (end - i < 6) number = number * 10 + (line[end] - '0');
            ++end;
        }
        const bool alone = (i == 0 || (!is_of_word(line[i - 1]) && line[i - 1] != '.')) &&
                           (end == line.size() || (!is_of_word(line[end]) && line[end] != '.'));
        if (alone && end - i >= 4 && end - i <= 5 && number >= 1024 && number <= 65535 &&
            !is_of_others(number) && says_port(line.substr(0, i))) {
            return number;
        }
        i = end;
    }
    return 0;
}

// Of the addresses in the text the first: "127.0.0.1", "::1", or "*" for one of all.
std::string address_in(std::string_view text) {
    struct Form {
        const char* text;
        const char* address;
    };
    constexpr std::array kForms = {Form{"127.0.0.1", "127.0.0.1"},
                                   Form{"localhost", "127.0.0.1"},
                                   Form{"127, 0, 0, 1", "127.0.0.1"},
                                   Form{"::1", "::1"},
                                   Form{"INADDR_LOOPBACK", "127.0.0.1"},
                                   Form{"in6addr_loopback", "::1"},
                                   Form{"0.0.0.0", "*"},
                                   Form{"0, 0, 0, 0", "*"},
                                   Form{"::", "*"},
                                   Form{"INADDR_ANY", "*"}};
    std::string found;
    std::size_t first = std::string_view::npos;
    for (const Form& form : kForms) {
        const std::string_view what = form.text;
        for (auto at = text.find(what); at != std::string_view::npos && at < first;
             at = text.find(what, at + 1)) {
            const auto is_of_address = [](char c) { return is_of_word(c) || c == '.'; };
            const auto end = at + what.size();
            // A URL names what is called; in C++ and Rust :: stands between names.
            const std::string_view before = text.substr(0, at);
            if (before.ends_with("//") || (at > 0 && is_of_address(text[at - 1]))) continue;
            if (end < text.size() && is_of_address(text[end])) continue;
            if (what == "::" && (at == 0 || text[at - 1] != '[') && !before.ends_with('"') &&
                !before.ends_with('\'')) {
                continue;
            }
            first = at;
            found = form.address;
        }
    }
    return found;
}

// What stands between the parentheses of a call that begins there.
std::string_view arguments_at(std::string_view text, std::size_t begin) {
    constexpr std::size_t kLong = 400;
    text = text.substr(begin, kLong);
    int depth = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '(') ++depth;
        if (text[i] == ')' && --depth == 0) return text.substr(0, i);
    }
    return text;
}

// Names that are given an address: HOST = "127.0.0.1"; with it.
std::vector<std::pair<std::string, std::string>> named_addresses(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> named;
    for (const std::string& line : split(text, '\n')) {
        const auto equals = line.find('=');
        if (equals == std::string::npos) continue;
        const std::string address = address_in(std::string_view(line).substr(equals + 1));
        std::string_view left = trim(std::string_view(line).substr(0, equals));
        left = trim(left.substr(0, left.find_first_of(":[(")));
        std::size_t begin = left.size();
        while (begin > 0 && (is_of_word(left[begin - 1]) || left[begin - 1] == '.')) --begin;
        left.remove_prefix(begin);
        if (!address.empty() && !left.empty()) named.emplace_back(left, address);
    }
    return named;
}

// The address after an option of a command: --host 127.0.0.1, -b localhost:8000.
std::string option_address(std::string_view text) {
    for (const std::string& line : split(text, '\n')) {
        const auto words = words_of(line);
        for (std::size_t i = 0; i < words.size(); ++i) {
            const auto is_option = [](const std::string& word) {
                return word.size() > 1 && word.starts_with('-');
            };
            if (!is_option(words[i]) && (i == 0 || !is_option(words[i - 1]))) continue;
            if (std::string address = address_in(words[i]); !address.empty()) return address;
        }
    }
    return {};
}

std::string listening_address(std::string_view text) {
    constexpr std::array kCalls = {
        "listen(",       "bind(",        "app.run(",      "uvicorn.run(", "run_app(",
        "run_simple(",   "serve(",       "HTTPServer(",   "TCPServer(",   "create_server(",
        "start_server(", "make_server(", "TCPServer.new("};
    const auto named = named_addresses(text);
    for (const std::string_view call : kCalls) {
        for (auto at = text.find(call); at != std::string_view::npos;
             at = text.find(call, at + 1)) {
            const std::string_view arguments = arguments_at(text, at + call.size());
            if (std::string address = address_in(arguments); !address.empty()) return address;
            for (const auto& [name, address] : named) {
                if (has_word(arguments, name)) return address;
            }
        }
    }
    return {};
}

}  // namespace

std::string loopback_in(std::string_view text) {
    std::string address = option_address(text);
    if (address.empty()) address = listening_address(text);
    // In C the address is put into a structure before.
    if (address.empty() && text.find("INADDR_ANY") == std::string_view::npos &&
        text.find("INADDR_LOOPBACK") != std::string_view::npos) {
        address = "127.0.0.1";
    }
    return address == "*" ? "" : address;
}

bool has_word(std::string_view text, std::string_view word) {
    const std::string where = to_lower(text);
    const std::string what = to_lower(word);
    for (auto at = where.find(what); at != std::string::npos; at = where.find(what, at + 1)) {
        const std::size_t end = at + what.size();
        if ((at == 0 || !is_of_word(where[at - 1])) &&
            (end == where.size() || !is_of_word(where[end]))) {
            return true;
        }
    }
    return false;
}

int port_in(std::string_view text) {
    for (const std::string& line : split(text, '\n')) {
        if (const int port = port_in_line(line); port != 0) return port;
    }
    return 0;
}

std::string health_path_in(std::string_view text) {
    for (const char* path : {"/healthz", "/health", "/api/health", "/ping"}) {
        for (const char quote : {'"', '\'', '`'}) {
            if (text.find(quote + std::string(path) + quote) != std::string_view::npos) {
                return path;
            }
        }
    }
    return "/";
}

std::string toml_text(std::string_view toml, std::string_view section, std::string_view key) {
    bool inside = false;
    for (const std::string& raw : split(toml, '\n')) {
        const std::string_view line = trim(raw);
        if (line.starts_with('[')) {
            const auto from = line.find_first_not_of('[');
            const auto to = line.find(']');
            inside = from < to && to != std::string_view::npos &&
                     trim(line.substr(from, to - from)) == section;
            continue;
        }
        const auto equals = line.find('=');
        if (!inside || equals == std::string_view::npos) continue;
        if (trim(line.substr(0, equals)) != key) continue;
        const std::string_view value = trim(line.substr(equals + 1));
        if (value.empty() || (value.front() != '"' && value.front() != '\'')) return {};
        const auto end = value.find(value.front(), 1);
        return end == std::string_view::npos ? "" : std::string(value.substr(1, end - 1));
    }
    return {};
}

Recipe make_recipe(std::string_view makefile, std::string_view target) {
    Recipe recipe;
    bool inside = false;
    for (const std::string& line : split(makefile, '\n')) {
        if (line.starts_with('\t')) {
            std::string_view command = trim(line);
            while (command.starts_with('@') || command.starts_with('-')) command.remove_prefix(1);
            if (inside && !command.empty()) recipe.lines.emplace_back(trim(command));
            continue;
        }
        const auto colon = line.find(':');
        if (colon == std::string::npos || line.starts_with('#')) {
            if (!trim(line).empty()) inside = false;
            continue;
        }
        const auto names = words_of(std::string_view(line).substr(0, colon));
        const bool assigns = colon + 1 < line.size() && line[colon + 1] == '=';
        inside = !assigns && std::find(names.begin(), names.end(), target) != names.end();
        recipe.there = recipe.there || inside;
    }
    return recipe;
}

std::string make_variable(std::string_view makefile, std::string_view name) {
    for (const std::string& line : split(makefile, '\n')) {
        const auto equals = line.find('=');
        if (equals == std::string::npos || line.starts_with('\t')) continue;
        std::string_view left = trim(std::string_view(line).substr(0, equals));
        while (left.ends_with(':') || left.ends_with('?')) left.remove_suffix(1);
        if (trim(left) == name) return std::string(trim(std::string_view(line).substr(equals + 1)));
    }
    return {};
}

bool is_plain_command(std::string_view command) {
    if (trim(command).empty()) return false;
    if (command.find("$(") != std::string_view::npos) return false;
    return command.find_first_of("&|;<>()`\"'\\*?#\n{}") == std::string_view::npos;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : text) {
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

std::string assigned_name(std::string_view text, std::string_view mark) {
    for (const std::string& line : split(text, '\n')) {
        const auto equals = line.find('=');
        if (equals == std::string::npos || line.starts_with(' ')) continue;
        if (!trim(std::string_view(line).substr(equals + 1)).starts_with(mark)) continue;
        const std::string name(trim(std::string_view(line).substr(0, equals)));
        if (is_plain_name(name)) return name;
    }
    return {};
}

bool is_plain_name(std::string_view name) {
    return !name.empty() && !name.starts_with('-') &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_of_word(c) || c == '.' || c == '+'; });
}

}  // namespace lastgood::cli::planning
