#include "logs/line_format.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "lastgood/base/limits.h"
#include "lastgood/base/strings.h"
#include "lastgood/logs/reader.h"

namespace lastgood::logs {
namespace {

using config::LogFormat;
using config::LogLevel;

// The end of a line that isn't whole.
constexpr std::string_view kPiece = ",\"partial\":true}";

constexpr std::array kLevels{LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::http,
                             LogLevel::debug};

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : to_utf8(text)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
            out += escaped;
        } else {
            out += c;
        }
    }
    return out + "\"";
}

// Reads the JSON string that begins at `at`, as json_string() writes it; moves `at` behind it.
std::optional<std::string> read_json_string(std::string_view text, std::size_t& at) {
    if (at >= text.size() || text[at] != '"') return std::nullopt;
    std::string out;
    for (++at; at < text.size(); ++at) {
        if (text[at] == '"') {
            ++at;
            return out;
        }
        if (text[at] != '\\') {
            out += text[at];
            continue;
        }
        if (++at >= text.size()) return std::nullopt;
        if (text[at] == 'n') {
            out += '\n';
        } else if (text[at] == 'u') {
            unsigned code = 0;
            if (at + 4 >= text.size()) return std::nullopt;
            const char* digits = text.data() + at + 1;
            if (std::from_chars(digits, digits + 4, code, 16).ptr != digits + 4)
                return std::nullopt;
            out += static_cast<char>(code);  // only bytes below 0x80 are written so
            at += 4;
        } else {
            out += text[at];
        }
    }
    return std::nullopt;
}

std::optional<std::string> json_member(std::string_view line, std::size_t& at,
                                       std::string_view name) {
    const std::string key = "\"" + std::string(name) + "\":";
    if (line.substr(at + 1, key.size()) != key) return std::nullopt;  // after '{' or ','
    at += 1 + key.size();
    return read_json_string(line, at);
}

std::optional<ParsedLine> parse_json(std::string_view line) {
    std::size_t at = 0;
    const auto time = json_member(line, at, "time");
    if (!time) return std::nullopt;
    const bool output = line.substr(at + 1).starts_with("\"slot\"");
    const auto first = json_member(line, at, output ? "slot" : "level");
    if (!first) return std::nullopt;
    const auto second = json_member(line, at, output ? "stream" : "component");
    if (!second) return std::nullopt;
    const auto text = json_member(line, at, "text");
    if (!text) return std::nullopt;
    const auto parsed = parse_rfc3339(*time);
    if (!parsed) return std::nullopt;
    return ParsedLine{*parsed, *first, *second, line.substr(at) != kPiece, *text};
}

}  // namespace

std::string_view level_name(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return "error";
        case LogLevel::warn:
            return "warn";
        case LogLevel::info:
            return "info";
        case LogLevel::http:
            return "http";
        case LogLevel::debug:
            return "debug";
    }
    return "?";
}

std::optional<LogLevel> parse_level(std::string_view name) {
    for (const LogLevel level : kLevels) {
        if (level_name(level) == name) return level;
    }
    return std::nullopt;
}

std::string format_line(const DaemonLine& line, LogFormat format) {
    const std::string time = format_rfc3339(line.time);
    const std::string level(level_name(line.level));
    switch (format) {
        case LogFormat::text:
            return time + " " + level + " " + printable(line.component) + " | " +
                   printable(line.text, limits::kLineBytesMax) + "\n";
        case LogFormat::json:
            return "{\"time\":" + json_string(time) + ",\"level\":" + json_string(level) +
                   ",\"component\":" + json_string(line.component) +
                   ",\"text\":" + json_string(line.text.substr(0, limits::kLineBytesMax)) + "}\n";
    }
    return "";
}

void append_line(const OutputLine& line, LogFormat format, std::string& to) {
    switch (format) {
        case LogFormat::text:
            to.append(line.time).append(" ").append(line.slot).append(" ").append(line.stream);
            to.append(line.whole ? " | " : " > ").append(line.text).append("\n");
            return;
        case LogFormat::json:
            to.append("{\"time\":\"").append(line.time).append("\",\"slot\":\"");
            to.append(line.slot).append("\",\"stream\":\"").append(line.stream);
            to.append("\",\"text\":").append(json_string(line.text));
            to.append(line.whole ? "}" : kPiece).append("\n");
            return;
    }
}

std::optional<ParsedLine> parse_line(std::string_view line) {
    if (line.starts_with('{')) return parse_json(line);
    ParsedLine parsed;
    std::array<std::string_view, 4> words;  // time, level or slot, component or stream, mark
    for (auto& word : words) {
        const auto space = line.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        word = line.substr(0, space);
        line.remove_prefix(space + 1);
    }
    const auto time = parse_rfc3339(words[0]);
    if (!time || (words[3] != "|" && words[3] != ">")) return std::nullopt;
    return ParsedLine{*time, std::string(words[1]), std::string(words[2]), words[3] == "|",
                      std::string(line)};
}

}  // namespace lastgood::logs
