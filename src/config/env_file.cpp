#include "lastgood/config/env_file.h"

#include <unistd.h>

#include <cerrno>

#include "lastgood/base/strings.h"
#include "lastgood/base/sys/files.h"

namespace lastgood::config {
namespace {

constexpr std::size_t kBytesMax = 1 << 20;

bool is_env_name(std::string_view name) {
    if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
    for (char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(c >= '0' && c <= '9')) return false;
    }
    return true;
}

// Where the quote that begins the value ends; in double ones after a backslash none does.
std::size_t end_of_quote(std::string_view value) {
    for (std::size_t i = 1; i < value.size(); ++i) {
        if (value[i] == value.front()) return i;
        if (value[i] == '\\' && value.front() == '"') ++i;
    }
    return std::string_view::npos;
}

// In double quotes \n, \", \\ and \$ are read.
std::string unescaped(std::string_view value) {
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

std::string_view without_comment(std::string_view value) {
    for (const char* begin : {" #", "\t#"}) value = value.substr(0, value.find(begin));
    return trim(value);
}

Expected<std::string> read_value(std::string_view written) {
    const std::string_view value = trim(written);
    if (!value.starts_with('"') && !value.starts_with('\'')) {
        return std::string(without_comment(written));
    }
    const std::size_t end = end_of_quote(value);
    if (end == std::string_view::npos) {
        return Error{"a quote is not closed",
                     "a value ends on its line; in double quotes \\n stands for a new one"};
    }
    const std::string_view rest = trim(value.substr(end + 1));
    // As a shell would join them, but what is meant isn't sure.
    if (!rest.empty() && rest.front() != '#') return std::string(without_comment(value));
    const std::string_view quoted = value.substr(1, end - 1);
    return value.front() == '"' ? unescaped(quoted) : std::string(quoted);
}

}  // namespace

Expected<Variables> parse_env_file(const std::string& path, const std::string& content) {
    Variables out;
    int number = 0;
    for (const auto& raw : split(without_byte_order_mark(content), '\n')) {
        const std::string place = path + ":" + std::to_string(++number) + ": ";
        std::string_view line = trim(raw);
        if (line.empty() || line.front() == '#') continue;
        if (line.starts_with("export ")) line = trim(line.substr(7));
        const auto equals = line.find('=');
        const std::string_view name = trim(line.substr(0, equals));
        if (equals == std::string_view::npos || !is_env_name(name)) {
            return Error{place + "not a NAME=value line", "mend the line or begin it with #"};
        }
        auto value = read_value(line.substr(equals + 1));
        if (!value) return Error{place + value.error().what, value.error().mend};
        out[std::string(name)] = *std::move(value);
    }
    return out;
}

Expected<Variables> read_env_file(const std::string& path) {
    auto content = sys::read_file(path, kBytesMax);
    if (content) return parse_env_file(path, *content);
    const bool missing = access(path.c_str(), F_OK) != 0 && errno == ENOENT;
    return Error{"env_file: " + content.error().what,
                 missing ? "make it, or mend env_file"
                         : "make it readable for the user lastgood runs as, or mend env_file"};
}

}  // namespace lastgood::config
