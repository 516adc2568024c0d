// The lines of our log files, written and read back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lastgood/base/time.h"
#include "lastgood/config/config.h"

namespace lastgood::logs {

struct DaemonLine {
    WallTime time;
    config::LogLevel level;
    std::string_view component;
    std::string_view text;
};

std::string_view level_name(config::LogLevel level);

// With its newline; text from outside is made printable (text) or escaped (JSON).
std::string format_line(const DaemonLine& line, config::LogFormat format);

struct OutputLine {
    std::string_view time;  // RFC 3339
    std::string_view slot;
    std::string_view stream;
    std::string_view text;
    bool whole = true;
};

// Appends it with its newline: the text's bytes as they are, or as a JSON string, in which what is
// no UTF-8 is replaced.
void append_line(const OutputLine& line, config::LogFormat format, std::string& to);

// A line of lastgood.log or output.log, taken apart.
struct ParsedLine {
    WallTime time{};
    std::string first;   // level, or slot
    std::string second;  // component, or stream
    bool whole = true;   // false: the rest follows in the next line
    std::string text;    // raw bytes
};

// Nothing when the line is none of ours.
std::optional<ParsedLine> parse_line(std::string_view line);

}  // namespace lastgood::logs
