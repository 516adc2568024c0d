// What `lastgood logs` and the control API ask of the log files, and the lines as JSON. One way for
// both: the API has a process of its own read, because that blocks, and a regular expression may
// take for ever.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/logs/reader.h"

namespace lastgood::logs {

constexpr const char* kDaemonSource = "lastgood";

struct LogQuestion {
    std::vector<LogSource> sources;
    LogQuery query;
    // Of the daemon's own log only lines about these; empty: all.
    std::vector<std::string> about;
    bool follow = false;
};

// The output of these apps, the files that they write by themselves (by the app's name), and the
// daemon's own log.
std::vector<LogSource> sources_of(const std::string& state_dir,
                                  const std::vector<std::string>& apps,
                                  const std::map<std::string, std::vector<LogSource>>& app_logs);

// Those that the app writes by itself.
std::vector<LogSource> own_files(const std::string& state_dir, const config::App& app);

// RFC 3339, or how long ago.
std::optional<WallTime> parse_since(std::string_view text, WallTime now);

// The lines that answer it, oldest first, then what comes, until `on_line` says no. Blocks. Fails
// on a bad regular expression.
Expected<void> answer(const LogQuestion& question,
                      const std::function<bool(const LogLine&)>& on_line);

// {"time","source","slot"|"level","stream"|"component"|"file","text"}, without a newline.
std::string line_json(const LogLine& line);

// As text, for another process.
std::string encode(const LogQuestion& question);
Expected<LogQuestion> decode_question(std::string_view text);

}  // namespace lastgood::logs
