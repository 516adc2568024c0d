// Reads log files for `lastgood logs`: several sources, with their rotated pieces, as one stream by
// time.
//
// For the command's process: it blocks. Lines of output.log and lastgood.log are taken apart; in an
// app's own files the usual forms of times and levels are understood (logs/foreign_line.h), and a
// line without a time counts to that of the one before it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lastgood/base/error.h"
#include "lastgood/base/sys/spawn.h"
#include "lastgood/base/time.h"
#include "lastgood/config/config.h"

namespace lastgood::logs {

struct LogSource {
    std::string name;  // shown with each line: "backend", "lastgood"
    std::string path;  // the current piece; PATH.1, PATH.2.gz … are found
    bool own = true;   // output.log or lastgood.log; false: the app writes it by itself
    // Of an app's own file: who writes it. It is read with this user's rights where we have more:
    // the app could put a link to anything there. What the user may not read is read where no part
    // of the path is a link: then the operator named it.
    std::optional<sys::Identity> writer{};
};

struct LogQuery {
    std::size_t lines_max = 100;
    std::optional<WallTime> since;
    std::string grep;  // a regular expression (ECMAScript); empty: all
    // Lines of this level and worse. Output of apps counts as info.
    std::optional<config::LogLevel> level;
};

struct LogLine {
    std::string source;
    WallTime time{};
    // Level of the daemon's lines, slot of an app's output; of an app's own file the level where it
    // tells one.
    std::string first;
    std::string second;  // component, stream, or the name of the app's own file
    bool whole = true;   // false: no newline came (yet)
    std::string text;    // bytes as written: to be made printable by whoever shows them
};

class Reader {
  public:
    // Fails on a bad regular expression only; files that aren't there are empty.
    static Expected<std::unique_ptr<Reader>> open(const std::vector<LogSource>& sources,
                                                  const LogQuery& query);
    virtual ~Reader() = default;

    // The last lines that fit the query, oldest first. Call it once, before follow().
    virtual std::vector<LogLine> last() = 0;
    // What comes after last(), as it comes (looks every 200 ms), until `on_line` or `go_on` says
    // no.
    virtual void follow(const std::function<bool(const LogLine&)>& on_line,
                        const std::function<bool()>& go_on) = 0;
};

// "error" … "debug"; nothing for another word.
std::optional<config::LogLevel> parse_level(std::string_view name);

}  // namespace lastgood::logs
