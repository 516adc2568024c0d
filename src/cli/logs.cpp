#include <algorithm>

#include "cli/answers.h"
#include "cli/exit_code.h"
#include "cli/log_sources.h"
#include "cli/verbs.h"
#include "lastgood/base/strings.h"
#include "lastgood/logs/reader.h"

namespace lastgood::cli {
namespace {

// The daemon's lines about other apps are left out after reading, so more are read.
constexpr std::size_t kReadAhead = 50;

// RFC 3339, or how long ago.
std::optional<WallTime> parse_since(const std::string& text, WallTime now) {
    if (const auto time = parse_rfc3339(text)) return time;
    if (const auto ago = parse_duration(text)) return now - *ago;
    return std::nullopt;
}

Tone tone_of_line(const logs::LogLine& line) {
    if (line.first == "error" || line.second == "err") return Tone::bad;
    if (line.first == "warn") return Tone::warn;
    return Tone::plain;
}

std::string shown(const logs::LogLine& line, std::size_t name_width, const Context& context) {
    if (context.json) {
        const bool of_daemon = line.source == kDaemonSource;
        const bool output = !of_daemon && (line.second == "out" || line.second == "err");
        return object_json({{"time", format_rfc3339(line.time)},
                            {"source", line.source},
                            {output ? "slot" : "level", line.first},
                            {of_daemon ? "component" : (output ? "stream" : "file"), line.second},
                            {"text", line.text}}) +
               "\n";
    }
    std::string name = line.source + std::string(name_width - line.source.size(), ' ');
    std::string origin = line.first;
    if (!line.second.empty()) origin += (origin.empty() ? "" : " ") + line.second;
    const Style& style = context.style;
    return style.paint(Tone::dim, format_rfc3339(line.time)) + " " +
           style.paint(Tone::strong, name) + " " +
           (origin.empty() ? "" : style.paint(tone_of_line(line), printable(origin, 64)) + " ") +
           (line.whole ? "| " : "> ") + printable(line.text, 16 * 1024) + "\n";
}

Expected<logs::LogQuery> query_of(const LogsArgs& args) {
    logs::LogQuery query;
    query.lines_max = static_cast<std::size_t>(args.count) * (args.apps.empty() ? 1 : kReadAhead);
    query.grep = args.grep;
    if (!args.since.empty()) {
        query.since = parse_since(args.since, wall_now());
        if (!query.since) {
            return Error{"--since " + printable(args.since, 64) + " is no time",
                         "give how long ago, as 10m or 2h, or a time as 2026-05-01T12:00:00Z"};
        }
    }
    if (!args.level.empty()) {
        query.level = logs::parse_level(args.level);
        if (!query.level) {
            return Error{"--level " + printable(args.level, 64) + " is no level",
                         "use error, warn, info, http or debug"};
        }
    }
    return query;
}

std::size_t longest_name(const std::vector<logs::LogSource>& sources) {
    std::size_t longest = 0;
    for (const auto& source : sources) longest = std::max(longest, source.name.size());
    return longest;
}

}  // namespace

int logs(const Context& context, const LogsArgs& args) {
    const auto places = find_places(context);
    if (!places) return refuse(places.error(), kUsage);
    const auto query = query_of(args);
    if (!query) return refuse(query.error(), kUsage);
    const auto sources = log_sources(*places, args.apps);
    if (!sources) return refuse(sources.error(), kUsage);
    const auto reader = logs::Reader::open(*sources, *query);
    if (!reader) return refuse(reader.error(), kUsage);

    const std::size_t name_width = longest_name(*sources);
    const auto wanted = [&args](const logs::LogLine& line) {
        return args.apps.empty() || line.source != kDaemonSource || is_about(line, args.apps);
    };
    std::vector<logs::LogLine> lines = (*reader)->last();
    std::erase_if(lines, [&wanted](const logs::LogLine& line) { return !wanted(line); });
    const std::size_t count = std::min(lines.size(), static_cast<std::size_t>(args.count));
    std::string text;
    for (auto line = lines.end() - static_cast<std::ptrdiff_t>(count); line != lines.end();
         ++line) {
        text += shown(*line, name_width, context);
    }
    print(text);
    if (!args.follow) return kDone;
    // Until Ctrl-C, or until nobody reads.
    (*reader)->follow(
        [&](const logs::LogLine& line) {
            return !wanted(line) || print(shown(line, name_width, context));
        },
        [] { return true; });
    return kDone;
}

}  // namespace lastgood::cli
